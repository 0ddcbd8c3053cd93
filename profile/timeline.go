package profile

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A TimelineQuery says which part of a timeline is asked for. Nil is all events, the
// earliest first. Safe for concurrent reads.
type TimelineQuery struct {
	// Since and Until bound the time: Since <= time < Until. Zero: no bound.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Reverse: the latest first.
	Reverse bool `json:"reverse,omitempty"`
	// Events are the types that are asked for. Nil: all; empty but not nil: none, as where
	// only statements are.
	Events []string `json:"events,omitzero"`
	// Statements: statements of traits too.
	Statements bool `json:"statements,omitempty"`
	// Limit is the most entries. 0: no limit.
	Limit int `json:"limit,omitempty"`
	// After is the Position of the last entry of the page before: what follows it is asked
	// for. Empty: the first page.
	After string `json:"after,omitempty"`
}

// A TimelineEntry is an event of a customer, or a statement of traits. Safe for concurrent
// reads.
type TimelineEntry struct {
	Time     time.Time       `json:"time"`               // when it happened
	Event    string          `json:"event,omitempty"`    // its type; empty: Values are stated traits
	Source   string          `json:"source"`             // who says so
	Channel  string          `json:"channel"`            // of the source
	Atom     customer.AtomID `json:"atom"`               // whose evidence it is; of a slice of a stream, the stream
	Evidence string          `json:"evidence"`           // its id, within the atom
	Learned  time.Time       `json:"learned"`            // when it was added
	Verified bool            `json:"verified,omitempty"` // the source has made sure of it
	// Values are in the order of the schema; an unset one takes back what was stated.
	Values []customer.Field `json:"values,omitempty"`
}

// Position returns where the entry stands in every timeline, for TimelineQuery.After: an
// opaque text of letters, digits, - and _. It holds Evidence.
func (e *TimelineEntry) Position() string {
	at := spot{e.Time.UnixMicro(), e.Atom, e.Evidence}
	return at.String()
}

// Timeline yields what happened to a customer, by time, then atom, then id of the evidence.
// It is of the atoms that are the customer's at the moment, so that after a merge that was
// undone it is what it was before. Left out are: what is later than Moment.At; what was not
// known at Moment.Known, or retracted by then; events older than Schema.Retention at
// Moment.At; and what the schema has no source, event or name for. An error is the last
// element: those of Profile, and an InputError for a query that is not valid.
//
// Limit and After make pages of it. After an entry means right after it, also where others,
// or the entry itself, were added or retracted meanwhile. A page shorter than Limit is the
// last.
//
// Cost: the entries of the customer are read, in pages of some 64, and those pages decoded
// that are of times that are asked for, when the sequence comes to them; those of an atom
// that are older than all that is asked for mostly are not read. What of many pages does not
// fit into 256 KiB is read a second time, so that memory grows with the number of pages, some
// 100 bytes each, and not with their entries, unless evidence came in without any order. Where
// others retract, purge or seal what is in pages meanwhile, those that follow are looked for anew, and
// are as of then. The sequence can be used again.
func (p *Profiles) Timeline(ctx context.Context, id customer.ID, m Moment, q *TimelineQuery) iter.Seq2[*TimelineEntry, error] {
	return func(yield func(*TimelineEntry, error) bool) {
		if err := p.timeline(ctx, id, m, q, func(e *TimelineEntry) bool { return yield(e, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (p *Profiles) timeline(ctx context.Context, id customer.ID, m Moment, q *TimelineQuery, yield func(*TimelineEntry) bool) error {
	at, err := m.bind()
	if err != nil {
		return err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return err
	}
	t, err := f.timeline(q, at)
	if err != nil {
		return err
	}
	present, atoms, err := p.members(ctx, id, at)
	if err != nil {
		return err
	}
	n := 0
	walk := func() error {
		if err := t.begin(ctx, p, f, atoms); err != nil {
			return err
		}
		// Of who was erased in between entries may be missing.
		if _, _, err := p.resolve(ctx, present, at.known); err != nil {
			return err
		}
		for ; t.limit == 0 || n < t.limit; n++ {
			a, e, err := t.next(ctx, p)
			if e == nil || err != nil {
				return err
			}
			if !yield(f.show(a, e)) {
				return nil
			}
		}
		return nil
	}
	err = walk()
	for errors.Is(err, errRewritten) {
		if err = t.again(); err == nil {
			err = walk()
		}
	}
	return err
}

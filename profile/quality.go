package profile

import (
	"context"
	"encoding/json"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// Quality is how good the data of all customers is as of a moment, in numbers for a
// dashboard: per source whether it is complete, valid, fresh and without duplicates, per
// trait whether customers have it and whether channels agree. It holds no values and no
// ids; two of different customers add up field by field, ages apart. Its JSON form has the
// fields below. Safe for concurrent reads.
//
// Evidence counts if its time is not after At, it has not been retracted and, of events, it
// is not older than Schema.Retention. An atom is of each source that it has evidence of.
// What a source states of a trait, for an atom or a customer, is its latest statement by
// event time, unless that takes back the value; values are the same if they are equal as
// they stand. Ages are in whole local days.
type Quality struct {
	At        time.Time       `json:"at"`
	Schema    uint64          `json:"schema"`    // version of the schema
	Customers int64           `json:"customers"` // that have an atom
	Atoms     int64           `json:"atoms"`     // of those, with evidence or without
	Sources   []SourceQuality `json:"sources"`   // in the order of the schema
	Traits    []TraitQuality  `json:"traits"`    // in the order of the schema
	// Rejected says what has been set aside of these atoms, ever: retracted and later
	// evidence too. By source, name and reason, ascending.
	Rejected []Rejection `json:"rejected,omitempty"`
}

// SourceQuality is how good the data of a source is. Safe for concurrent reads.
type SourceQuality struct {
	Source    string           `json:"source"`
	Channel   string           `json:"channel"`          // of the source
	Customers int64            `json:"customers"`        // that have an atom of it
	Atoms     int64            `json:"atoms"`            // that are of it
	Evidence  int64            `json:"evidence"`         // statements and events
	Events    map[string]int64 `json:"events,omitempty"` // those of Evidence that are events, by type
	// Valid is validity: values that were taken, of those and the ones in Rejected. As
	// those it is of all evidence that ever was added of these atoms: also of what was
	// retracted since, lies after At, or is older than Schema.Retention.
	Valid Portion `json:"valid"`
	// Newest is the time of the newest evidence, zero without any; Age is that of each
	// atom's newest.
	Newest time.Time `json:"newest,omitzero"`
	Age    Ages      `json:"age"`
	// Surplus are atoms of a customer that has more than one of the source, but for one
	// each, of Atoms: the source knows the customer under several records.
	Surplus Portion `json:"surplus"`
	// Repeated is evidence that says what other evidence of the source says for the same
	// customer, under another id: of the same type and time, with the same values. But for
	// one each, of Evidence.
	Repeated Portion       `json:"repeated"`
	Traits   []SourceTrait `json:"traits"` // in the order of the schema
}

// SourceTrait is what a source says of a trait. Safe for concurrent reads.
type SourceTrait struct {
	Trait string `json:"trait"`
	// Stated is completeness: atoms of the source for which it states the trait, of all.
	Stated Portion `json:"stated"`
	// Stale are those where that was Trait.Refresh or more days ago, of those stated. Of
	// none without Refresh.
	Stale Portion `json:"stale"`
	// Agreed are customers whose trait has the value that the source states, or of Union
	// has all labels that it states, of those for whom it states one. Of none where the
	// policy ends with Total.
	Agreed Portion `json:"agreed"`
}

// TraitQuality is how good a trait is over all customers. Safe for concurrent reads.
type TraitQuality struct {
	Trait string `json:"trait"`
	// Known is completeness: customers that have a value, of all.
	Known Portion `json:"known"`
	// Stale are customers of whom every source's statement is Trait.Refresh or more days
	// old, of those of whom there is one. Of none without Refresh.
	Stale Portion `json:"stale"`
	// Consistent are customers of whom all channels state the same, of those of whom at
	// least two state the trait. A channel says what the latest statement of its sources
	// says.
	Consistent Portion `json:"consistent"`
}

// Rejection is how many values were set aside for a reason. Safe for concurrent reads.
type Rejection struct {
	// Source and Name, of a trait or field, are as the evidence had them. Both are empty
	// for what an atom had beyond 64 different ones; Name is, for what all atoms had beyond
	// 4,096, and where the reason is Undeclared: names that the schema does not have can be
	// personal data.
	Source string `json:"source,omitempty"`
	Name   string `json:"name,omitempty"`
	Reason Reason `json:"reason"`
	Values int64  `json:"values"`
}

// A Portion is N of Of. Portions of different things add up field by field. In JSON it has
// a third field, share, unless Of is 0. Safe for concurrent reads.
type Portion struct {
	N  int64 `json:"n"`
	Of int64 `json:"of"`
}

// Share returns N / Of, and whether Of is not 0.
func (p Portion) Share() (share float64, ok bool) {
	if p.Of == 0 {
		return 0, false
	}
	return float64(p.N) / float64(p.Of), true
}

// MarshalJSON writes {"n": 930, "of": 1000, "share": 0.93}. It never fails.
func (p Portion) MarshalJSON() ([]byte, error) {
	type plain Portion
	with := struct {
		plain
		Share *float64 `json:"share,omitempty"`
	}{plain: plain(p)}
	if share, ok := p.Share(); ok {
		with.Share = &share
	}
	return json.Marshal(with)
}

// Ages are quantiles, by nearest rank, of a number of ages in days; zeros if there are
// none. Safe for concurrent reads.
type Ages struct {
	Median int `json:"median"` // half are not older
	P90    int `json:"p90"`    // nine of ten are not older
	Oldest int `json:"oldest"` // none is older
}

// Quality measures the data of all customers as of at. It goes through them once; what
// changes meanwhile is counted or not. The result does not depend on Options.Workers.
//
// Errors: an InputError if at is not valid, those of ctx and of the store. Cost: all
// evidence of all customers is read.
func (p *Profiles) Quality(ctx context.Context, at time.Time) (*Quality, error) {
	m, err := Moment{At: at}.bind()
	if err != nil {
		return nil, err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return nil, err
	}
	total := f.newTally()
	err = walkHoldings(ctx, p, m, func(ctx context.Context, page []holding) (*tally, error) {
		var ids []customer.AtomID
		for i := range page {
			ids = append(ids, page[i].atoms...)
		}
		heads, err := p.heads(ctx, ids)
		if err != nil {
			return nil, err
		}
		// Asked what was known at another time than now, load returns all entries.
		atoms, err := p.load(ctx, f, ids, moment{at: m.at, known: never - 1})
		if err != nil {
			return nil, err
		}
		c := f.newCensus(m)
		for i := range page {
			n := len(page[i].atoms)
			c.add(atoms[:n])
			for _, h := range heads[:n] {
				if err := c.addHead(h); err != nil {
					return nil, err
				}
			}
			atoms, heads = atoms[n:], heads[n:]
		}
		return c.tally, nil
	}, func(page *tally) error {
		total.merge(page)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c := f.newCensus(m)
	if err := p.eachStream(ctx, c.addHead); err != nil {
		return nil, err
	}
	total.merge(c.tally)
	return total.quality(f.bound, m), nil
}

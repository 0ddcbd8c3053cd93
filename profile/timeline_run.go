package profile

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/wire"
)

// A merging makes one sequence of runs: it is a heap of them. Not safe for concurrent use.
type merging struct {
	*bound
	m          moment
	from, to   int64 // unix microseconds
	since      int64 // events before are beyond retention
	events     map[uint32]bool
	statements bool
	reverse    bool
	whole      bool // all that is kept is asked for, whatever it is
	limit      int
	after      *spot
	runs       []*run
	logs       []begunLog // that have pages
	kept       int        // bytes of pages in runs
	ahead      int        // pages that are read together
	room       []byte     // for values that are opened
	last       spot       // of what next returned last, if any since it began
	any        bool
	lost       int // how often it began anew without any
}

// A spot is where an entry stands in every timeline.
type spot struct {
	time int64
	atom customer.AtomID
	id   string
}

func (p *spot) compare(q *spot) int {
	return cmp.Or(cmp.Compare(p.time, q.time), compareAtoms(p.atom, q.atom), strings.Compare(p.id, q.id))
}

// timeline makes a query ready.
func (b *bound) timeline(q *TimelineQuery, m moment) (*merging, error) {
	if q == nil {
		q = new(TimelineQuery)
	}
	t := &merging{
		bound: b, m: m, from: math.MinInt64, to: math.MaxInt64, since: b.retained(m),
		events: make(map[uint32]bool), statements: q.Statements, reverse: q.Reverse, limit: q.Limit,
	}
	if !q.Since.IsZero() {
		if !civil.InYears(q.Since) {
			return nil, &InputError{-1, "since", "is not in years 1 to 9999"}
		}
		t.from = q.Since.UnixMicro()
	}
	if !q.Until.IsZero() {
		if !civil.InYears(q.Until) {
			return nil, &InputError{-1, "until", "is not in years 1 to 9999"}
		}
		t.to = q.Until.UnixMicro()
	}
	for _, number := range b.eventNumbers {
		t.events[number] = q.Events == nil
	}
	for _, name := range q.Events {
		number := b.event(name)
		if number == 0 {
			return nil, &InputError{-1, "events", "has a name that is not in the schema"}
		}
		t.events[number] = true
	}
	if q.Limit < 0 {
		return nil, &InputError{-1, "limit", "is negative"}
	}
	if q.After != "" {
		var err error
		if t.after, err = parseSpot(q.After); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (p *spot) String() string {
	w := wire.New("profile/position", 1)
	w.Int(p.time)
	w.Bytes(p.atom[:])
	w.Text(p.id)
	return base64.RawURLEncoding.EncodeToString(w.Data())
}

func parseSpot(s string) (*spot, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	r := wire.Read(data)
	r.Expect("profile/position", 1)
	p := &spot{r.Int(), customer.AtomID(readID(r)), r.Text()}
	if err != nil || r.Close() != nil || p.id == "" {
		return nil, &InputError{-1, "after", "is not the position of an entry"}
	}
	return p, nil
}

// wants tells whether the entry of an atom is asked for.
func (t *merging) wants(a customer.AtomID, e *entry, within *portion) bool {
	if within != nil && !within.has(e) {
		return false
	}
	if !t.whole && (!e.counts(t.m) || e.time < t.from || e.time >= t.to || t.role(e.source).what != aSource) {
		return false
	}
	if !t.whole && (e.event == 0 && !t.states(e) || e.event != 0 && (e.time < t.since || !t.events[e.event])) {
		return false
	}
	if t.after == nil {
		return true
	}
	c := t.after.compare(&spot{e.time, a, e.id})
	return c < 0 && !t.reverse || c > 0 && t.reverse
}

// states tells whether statements are asked for and this one is of a trait that there is.
func (t *merging) states(e *entry) bool {
	return t.statements && slices.ContainsFunc(e.values, func(v numbered) bool { return t.role(v.number).what == aTrait })
}

// choose returns those of the entries of an atom that are wanted, in order, of a stream those
// of a portion. It changes entries.
func (t *merging) choose(a customer.AtomID, entries []entry, within *portion) []entry {
	entries = slices.DeleteFunc(entries, func(e entry) bool { return !t.wants(a, &e, within) })
	slices.SortFunc(entries, func(e, f entry) int {
		c := compareEntries(&e, &f)
		if t.reverse {
			return -c
		}
		return c
	})
	return entries
}

// earliest is a time before which nothing is wanted.
func (t *merging) earliest() int64 {
	at := t.from
	if !t.statements {
		at = max(at, t.since)
	}
	if t.after != nil && !t.reverse {
		at = max(at, t.after.time)
	}
	return at
}

// latest is a time after which nothing is wanted.
func (t *merging) latest() int64 {
	at := min(t.m.at, t.to-1)
	if t.after != nil && t.reverse {
		at = min(at, t.after.time)
	}
	return at
}

// next returns the next entry and its atom; nil at the end. It is the caller's until the
// call after. After errRewritten and again it goes on once the logs were begun anew.
func (t *merging) next(ctx context.Context, p *Profiles) (customer.AtomID, *entry, error) {
	for len(t.runs) > 0 {
		r := t.runs[0]
		if r.closed {
			if err := t.open(ctx, p, r); err != nil {
				return r.atom, nil, err
			}
			t.settle()
			continue
		}
		e := &r.entries[0]
		r.entries = r.entries[1:]
		t.settle()
		t.last, t.any = spot{e.time, r.atom, e.id}, true
		if r.lock != nil {
			var err error
			t.room, err = r.lock.open(e, t.room)
			return r.atom, e, err
		}
		return r.atom, e, nil
	}
	return customer.AtomID{}, nil, nil
}

// settle puts the first run in its place, or away at its end.
func (t *merging) settle() {
	if len(t.runs[0].entries) == 0 {
		heap.Pop(t)
	} else {
		heap.Fix(t, 0)
	}
}

// Len, Less, Swap, Push and Pop are those of heap.Interface.
func (t *merging) Len() int      { return len(t.runs) }
func (t *merging) Swap(i, j int) { t.runs[i], t.runs[j] = t.runs[j], t.runs[i] }
func (t *merging) Push(x any)    { t.runs = append(t.runs, x.(*run)) }

func (t *merging) Pop() any {
	last := t.runs[len(t.runs)-1]
	t.runs = t.runs[:len(t.runs)-1]
	return last
}

// Less puts a run that has not been read before all it can be equal to.
func (t *merging) Less(i, j int) bool {
	r, s := t.runs[i], t.runs[j]
	if t.reverse {
		r, s = s, r
	}
	c := cmp.Or(cmp.Compare(r.time(), s.time()), compareAtoms(r.atom, s.atom))
	switch {
	case c != 0:
		return c < 0
	case t.runs[i].closed || t.runs[j].closed:
		return t.runs[i].closed
	}
	return r.entries[0].id < s.entries[0].id
}

// show makes an entry of an atom readable.
func (b *bound) show(a customer.AtomID, e *entry) *TimelineEntry {
	source := b.role(e.source).index
	out := &TimelineEntry{
		Time: microTime(e.time), Learned: microTime(e.learned), Atom: a, Evidence: e.id, Verified: e.verified,
	}
	out.Source, _ = b.sourceValues[source].Text()
	out.Channel, _ = b.channelValues[source].Text()
	type placed struct {
		at    int32 // in the schema
		field customer.Field
	}
	var values []placed
	for _, v := range e.values {
		switch r := b.role(v.number); {
		case e.event == 0 && r.what == aTrait:
			values = append(values, placed{r.index, customer.Field{Name: b.Traits[r.index].Name, Value: v.value}})
		case e.event != 0 && r.what == aField:
			values = append(values, placed{r.field, customer.Field{Name: b.Events[r.index].Fields[r.field].Name, Value: v.value}})
		}
	}
	slices.SortFunc(values, func(v, w placed) int { return cmp.Compare(v.at, w.at) })
	for _, v := range values {
		out.Values = append(out.Values, v.field)
	}
	if e.event != 0 {
		out.Event = b.Events[b.role(e.event).index].Name
	}
	return out
}

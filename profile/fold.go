package profile

import (
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// A moment is what a profile is as of, in unix microseconds.
type moment struct {
	at    int64 // what was true then
	known int64 // what we knew then; never: all that is known
}

// An atom is what fold is given of one: all entries, or, where that is enough at the moment,
// what follows from those before and the entries since.
type atom struct {
	id      customer.AtomID
	paged   *partial // nil: entries are all there are
	entries []entry  // in any order; those that do not count at the moment too
}

// A folded profile: the values, by index of Schema.Traits and Schema.Computed, and the next
// time at which one can change without new evidence, or never.
type folded struct {
	traits, computed []customer.Value
	next             int64
}

// fold folds the atoms of a customer, ascending by id. It changes the partials.
func (b *bound) fold(atoms []atom, m moment) *folded {
	f := b.folder()
	values := make([]customer.Value, len(b.Traits)+len(b.Computed))
	out := &folded{traits: values[:len(b.Traits):len(b.Traits)], computed: values[len(b.Traits):], next: never}
	for i := range atoms {
		if paged := atoms[i].paged; paged != nil {
			pour(f.states, paged.computed)
		}
		out.next = min(out.next, f.read(atoms, i, m, f.states))
	}
	for t := range f.stated {
		if cs := f.candidates(t); len(cs) > 0 {
			out.traits[t], _, _ = f.resolve(t, cs, atoms)
		}
	}
	at := f.asOf(m)
	for c := range b.Computed {
		r, next := f.ask(c, f.states[c], at)
		out.computed[c] = r.value
		out.next = min(out.next, next)
	}
	out.next = within(out.next)
	f.release()
	return out
}

// pour takes all of the states src into dst, which may keep them.
func pour(dst, src []state) {
	for i, s := range src {
		switch {
		case s == nil:
		case dst[i] == nil:
			dst[i] = s
		default:
			dst[i].merge(s)
		}
	}
}

// lastMicros is the last instant that a profile can be as of.
const lastMicros = civil.EndSecond*1_000_000 - 1

// within is the time micros, or never if no profile is as of it.
func within(micros int64) int64 {
	if micros > lastMicros {
		return never
	}
	return micros
}

// A folder is the room that folding takes, used again. Not safe for concurrent use.
type folder struct {
	*bound
	room   *reader
	stated [][]stated               // by index of Schema.Traits, then by atom, ascending, then by source
	list   []candidate              // of the trait at hand
	states []state                  // of the customer, by index of Schema.Computed
	own    []state                  // of the atom at hand, where that is asked for
	spare  []state                  // fresh ones; nil: to be made
	second []state                  // more of them
	given  []contributed            // in the order of atoms
	count  map[customer.Value]int64 // of Majority
	labels []string                 // of Union
	taken  map[string]bool          // those of them
}

// A contributed number of events that count for a computed trait is of an atom.
type contributed struct {
	computed, atom int // indexes
	events         int64
}

// A stated trait is one that a source states for an atom.
type stated struct {
	standing
	atom int32 // index of the atom
}

// A candidate is a statement that a trait may follow.
type candidate struct {
	statement
	atom   int32 // index of the atom, which orders as its id does
	rank   int32 // place of the source in trust
	weight int64 // by the rule at hand
}

func (b *bound) folder() *folder {
	if f, ok := b.folders.Get().(*folder); ok {
		return f
	}
	return &folder{
		bound: b, room: b.reader(), stated: make([][]stated, len(b.Traits)), states: make([]state, len(b.Computed)),
		own: make([]state, len(b.Computed)), spare: make([]state, len(b.Computed)), second: make([]state, len(b.Computed)),
		count: map[customer.Value]int64{}, taken: map[string]bool{},
	}
}

// release gives the room back, with nothing of the customer in it. That of a very large
// customer is not kept.
func (f *folder) release() {
	for t := range f.stated {
		f.stated[t] = emptied(f.stated[t])
	}
	for c, s := range f.states {
		if s != nil {
			s.reset()
			f.states[c] = nil
			if f.spare[c] == nil {
				f.spare[c] = s
			} else {
				f.second[c] = s
			}
		}
	}
	f.room.occurrence = occurrence{}
	f.list = emptied(f.list[:cap(f.list)])
	f.labels = emptied(f.labels[:cap(f.labels)])
	f.given = emptied(f.given)
	if len(f.taken) > 1024 || len(f.count) > 1024 {
		f.taken, f.count = map[string]bool{}, map[customer.Value]int64{}
	}
	clear(f.taken)
	clear(f.count)
	f.folders.Put(f)
}

// read takes what atom i states into f.stated and its events into the states. It returns
// when the first of its entries that are not yet true will be.
func (f *folder) read(atoms []atom, i int, m moment, states []state) (next int64) {
	if paged := atoms[i].paged; paged != nil {
		for t, of := range paged.traits {
			for s := range of {
				f.stated[t] = append(f.stated[t], stated{of[s], int32(i)})
			}
		}
	}
	source := uint32(0)
	of := func(t int) *standing {
		s := f.stated[t]
		for k := len(s) - 1; k >= 0 && s[k].atom == int32(i); k-- {
			if s[k].latest.source == source {
				return &s[k].standing
			}
		}
		s = append(s, stated{atom: int32(i)})
		f.stated[t] = s
		return &s[len(s)-1].standing
	}
	next = never
	for j := range atoms[i].entries {
		e := &atoms[i].entries[j]
		switch {
		case !e.counts(m):
			if e.time > m.at && e.counts(moment{at: e.time, known: m.known}) {
				next = min(next, e.time)
			}
		case e.event == 0:
			source = e.source
			f.stand(e, of)
		default:
			f.happen(e, states, f.spare, f.room)
		}
	}
	return next
}

// candidates returns those of a trait, until it is called again.
func (f *folder) candidates(t int) []candidate {
	f.list = f.list[:0]
	for i := range f.stated[t] {
		s := &f.stated[t][i]
		if s.latest.value.IsUnset() {
			continue
		}
		says := s.latest
		if s.first.entry != nil {
			says = s.first
		}
		if rank := f.rank(t, says.source); rank >= 0 { // as it is but for a damaged partial
			f.list = append(f.list, candidate{statement: says, atom: s.atom, rank: rank})
		}
	}
	return f.list
}

func (f *folder) asOf(m moment) asOf {
	return asOf{micros: m.at, day: f.room.day(m.at)}
}

// ask returns the result of a computed trait and when it can change; s is nil where there
// are no events.
func (f *folder) ask(c int, s state, at asOf) (r result, next int64) {
	if s == nil {
		if f.spare[c] == nil {
			f.spare[c] = f.computed[c].fresh()
		}
		s = f.spare[c]
	}
	return s.result(at), s.next(at)
}

// microTime is the instant in UTC, zero for never.
func microTime(micros int64) time.Time {
	if micros == never {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

package profile

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A fakeFeed is a customer.Feed in memory, with the truth of who has which atoms beside it.
// Both sides of a change are visible at once. Each change becomes known a second after the one
// before. Safe for concurrent use.
type fakeFeed struct {
	mu     sync.Mutex
	now    time.Time // when the last change became known; the next does a second later
	still  bool      // the next changes are of the same time
	part   int       // most atoms of a change, the rest come in further parts; 0: any number
	shards [customer.Shards][][]customer.Change
	// live has the atoms of the customers that live; into, who has those that were merged.
	live    map[customer.ID]map[customer.AtomID]bool
	into    map[customer.ID]customer.ID
	gone    map[customer.ID]bool               // erased
	slices  map[customer.AtomID]customer.Slice // where the atoms lie that are slices
	learned []fakeMoment                       // ascending
	late    func() time.Duration               // by how much earlier than they became known the next changes happened; nil: not at all
	expire  customer.Cursor                    // entries up to it are no longer kept
}

// A fakeMoment is the truth as known from a time on.
type fakeMoment struct {
	at   time.Time
	live map[customer.ID][]customer.AtomID
	head customer.Cursor
}

func newFakeFeed() *fakeFeed {
	return &fakeFeed{
		now:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		live: map[customer.ID]map[customer.AtomID]bool{}, into: map[customer.ID]customer.ID{},
		gone: map[customer.ID]bool{}, slices: map[customer.AtomID]customer.Slice{},
	}
}

// fakeAtom is an atom with a number.
func fakeAtom(n int) (a customer.AtomID) {
	binary.BigEndian.PutUint64(a[8:], uint64(n))
	a[0] = 'a'
	return a
}

// fakeAtoms are the atoms with the numbers, ascending.
func fakeAtoms(n ...int) []customer.AtomID {
	slices.Sort(n)
	atoms := make([]customer.AtomID, len(n))
	for i, n := range n {
		atoms[i] = fakeAtom(n)
	}
	return atoms
}

// created begins a customer. All verbs return when it became known.
func (f *fakeFeed) created(id customer.ID, atoms ...customer.AtomID) time.Time {
	return f.change(customer.Created, customer.ID{}, id, atoms)
}

func (f *fakeFeed) attached(id customer.ID, atoms ...customer.AtomID) time.Time {
	return f.change(customer.Attached, customer.ID{}, id, atoms)
}

// moved moves atoms; to uuid.Nil they are gone.
func (f *fakeFeed) moved(from, to customer.ID, atoms ...customer.AtomID) time.Time {
	return f.change(customer.Moved, from, to, atoms)
}

// merged ends loser, all of whose atoms the survivor has from then on.
func (f *fakeFeed) merged(loser, survivor customer.ID) time.Time {
	return f.change(customer.Merged, loser, survivor, f.members(loser))
}

// split gives atoms to a customer that begins, or begins again.
func (f *fakeFeed) split(from, to customer.ID, atoms ...customer.AtomID) time.Time {
	return f.change(customer.Split, from, to, atoms)
}

func (f *fakeFeed) erased(id customer.ID) time.Time {
	return f.change(customer.Erased, id, customer.ID{}, f.members(id))
}

func (f *fakeFeed) change(verb customer.Verb, from, to customer.ID, atoms []customer.AtomID) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	atoms = slices.Clone(atoms)
	slices.SortFunc(atoms, compareAtoms)
	if !f.still {
		f.now = f.now.Add(time.Second)
	}
	none := customer.ID{}
	for _, a := range atoms {
		if from != none && !f.live[from][a] {
			panic(fmt.Sprintf("%v: %v is not there", verb, a))
		}
		delete(f.live[from], a)
	}
	switch verb {
	case customer.Merged:
		f.into[from] = to
	case customer.Erased:
		f.gone[from] = true
		for id := range maps.Clone(f.into) { // and with it who had become it
			to := id
			for into, merged := f.into[to]; merged; into, merged = f.into[to] {
				to = into
			}
			f.gone[id] = f.gone[id] || to == from
		}
		maps.DeleteFunc(f.into, func(id, _ customer.ID) bool { return f.gone[id] })
	}
	if verb == customer.Merged || verb == customer.Erased {
		delete(f.live, from)
	}
	if verb == customer.Created || verb == customer.Split {
		delete(f.into, to)
		f.live[to] = map[customer.AtomID]bool{}
	}
	for _, a := range atoms {
		if to != none {
			f.live[to][a] = true
		}
	}
	at := f.now
	if f.late != nil {
		at = at.Add(-f.late())
	}
	for _, id := range []customer.ID{from, to} {
		if id == none {
			continue
		}
		shard := customer.ShardOf(id)
		c := customer.Change{
			Shard: shard, Seq: uint64(len(f.shards[shard]) + 1), Part: 1, Parts: 1, Verb: verb,
			Customer: id, From: from, To: to, Atoms: atoms, At: at,
		}
		entry := []customer.Change{c}
		if f.part > 0 && len(atoms) > f.part {
			entry = nil
			for chunk := range slices.Chunk(atoms, f.part) {
				c.Part, c.Parts, c.Atoms = len(entry)+1, (len(atoms)+f.part-1)/f.part, chunk
				entry = append(entry, c)
			}
		}
		for i := range entry {
			c := &entry[i]
			for _, a := range c.Atoms {
				if s, ok := f.slices[a]; ok && to != none {
					c.Slices = append(c.Slices, s)
				}
			}
			if err := c.Validate(); err != nil {
				panic(err)
			}
		}
		f.shards[shard] = append(f.shards[shard], entry)
	}
	return f.now
}

// clock is when the last change became known, in unix microseconds.
func (f *fakeFeed) clock() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now.UnixMicro()
}

// learn is clock of who follows now: from then on all that happened is known.
func (f *fakeFeed) learn() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.learned = append(f.learned, fakeMoment{f.now, f.truth(), f.head()})
	return f.now.UnixMicro()
}

// truth is who has which atoms.
func (f *fakeFeed) truth() map[customer.ID][]customer.AtomID {
	t := map[customer.ID][]customer.AtomID{}
	for id, atoms := range f.live {
		t[id] = slices.SortedFunc(maps.Keys(atoms), compareAtoms)
	}
	return t
}

// members are the atoms of a customer that lives, ascending.
func (f *fakeFeed) members(id customer.ID) []customer.AtomID {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Keys(f.live[id]), compareAtoms)
}

// present follows mergers; it is uuid.Nil where the customer is erased or was never there.
func (f *fakeFeed) present(id customer.ID) customer.ID {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		next, merged := f.into[id]
		if !merged {
			break
		}
		id = next
	}
	if _, live := f.live[id]; !live {
		return customer.ID{}
	}
	return id
}

// at is what was known at a time.
func (f *fakeFeed) at(t time.Time) (known fakeMoment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.learned {
		if !p.at.After(t) {
			known = p
		}
	}
	return known
}

func (f *fakeFeed) head() (c customer.Cursor) {
	for shard, entries := range f.shards {
		c[shard] = uint64(len(entries))
	}
	return c
}

// Head implements customer.Feed.
func (f *fakeFeed) Head(ctx context.Context) (c customer.Cursor, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head(), ctx.Err()
}

// Changes implements customer.Feed.
func (f *fakeFeed) Changes(ctx context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		f.mu.Lock()
		shards, expire := f.shards, f.expire
		f.mu.Unlock()
		for shard, entries := range shards {
			if after[shard] > uint64(len(entries)) {
				yield(customer.Change{}, customer.ErrCursorUnknown)
				return
			}
			if after[shard] < expire[shard] {
				yield(customer.Change{}, customer.ErrCursorExpired)
				return
			}
		}
		for shard, entries := range shards {
			for _, entry := range entries[after[shard]:] {
				for _, c := range entry {
					if err := ctx.Err(); err != nil {
						yield(customer.Change{}, err)
						return
					}
					c.Atoms = slices.Clone(c.Atoms)
					if !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

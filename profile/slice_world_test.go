package profile

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// A sliceWorld is customers who use devices in turn, with what was said of these.
type sliceWorld struct {
	t       *testing.T
	r       *rand.Rand
	feed    *fakeFeed
	now     time.Time
	streams []customer.AtomID
	ids     []customer.ID
	atoms   int
	said    int
	slices  map[customer.AtomID]customer.Slice
	log     map[customer.AtomID]map[string]*posted // by stream or atom
	erased  map[customer.AtomID]bool               // which have nothing, and never had
	lost    map[customer.AtomID]loss               // those that nobody has any more
}

// A loss is who had a slice when it was given up to nobody, and when that was.
type loss struct {
	id customer.ID
	at time.Time
}

var sliceStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func newSliceWorld(t *testing.T, seed uint64) *sliceWorld {
	w := &sliceWorld{
		t: t, r: rand.New(rand.NewPCG(seed, 5)), feed: newFakeFeed(), now: sliceStart.AddDate(0, 0, 30),
		slices: map[customer.AtomID]customer.Slice{}, log: map[customer.AtomID]map[string]*posted{},
		erased: map[customer.AtomID]bool{}, lost: map[customer.AtomID]loss{},
	}
	w.feed.now = w.now
	for n := range 2 {
		w.streams = append(w.streams, customer.AtomID{0: 's', 15: byte(n)})
	}
	return w
}

// cut makes a new slice of a device, which may begin when another does.
func (w *sliceWorld) cut() customer.AtomID {
	w.atoms++
	a := fakeAtom(w.r.IntN(200)*1000 + w.atoms)
	if w.r.IntN(5) > 0 {
		s := customer.Slice{Atom: a, Stream: w.streams[w.r.IntN(len(w.streams))], Since: w.moment()}
		w.slices[a], w.feed.slices[a] = s, s
	}
	return a
}

// moment is when something happens: few, so that they meet.
func (w *sliceWorld) moment() time.Time {
	return sliceStart.Add(time.Duration(w.r.IntN(30*24)) * time.Hour)
}

func (w *sliceWorld) one() customer.ID {
	live := slices.SortedFunc(maps.Keys(w.feed.live), compareIDs)
	return live[w.r.IntN(len(live))]
}

func (w *sliceWorld) change(erase bool) {
	w.feed.still = false
	if len(w.feed.live) < 3 || w.r.IntN(5) == 0 {
		id := customer.FromInt64(int64(len(w.ids)))
		w.ids = append(w.ids, id)
		w.feed.created(id, w.cut())
		return
	}
	a, b := w.one(), w.one()
	atoms := w.feed.members(a)
	w.r.Shuffle(len(atoms), func(i, j int) { atoms[i], atoms[j] = atoms[j], atoms[i] })
	some := atoms[:w.r.IntN(len(atoms)+1)]
	switch w.r.IntN(8) {
	case 0, 1:
		w.feed.attached(a, w.cut(), w.cut())
	case 2:
		if a != b {
			w.feed.merged(a, b)
		}
	case 3, 4:
		if a != b && len(some) > 0 {
			w.feed.moved(a, b, some...)
		}
	case 5:
		if len(some) > 0 {
			w.lost[some[0]] = loss{a, w.feed.moved(a, customer.ID{}, some[0])}
		}
	case 6:
		again := slices.SortedFunc(maps.Keys(w.feed.into), compareIDs)
		if len(again) > 0 && len(some) > 0 {
			w.feed.split(a, again[w.r.IntN(len(again))], some...)
		}
	case 7:
		if erase {
			w.erase(a)
		}
	}
}

// erase erases a customer; what others take up by it is of the same time.
func (w *sliceWorld) erase(id customer.ID) {
	truth := w.feed.truth()
	for _, a := range truth[id] {
		delete(w.log, a)
		w.erased[a] = true
		s, divided := w.slices[a]
		if !divided {
			continue
		}
		until := w.until(s, truth)
		maps.DeleteFunc(w.log[s.Stream], func(_ string, p *posted) bool {
			return !p.ev.Time.Before(s.Since) && p.ev.Time.Before(until) && (!p.ev.Time.After(w.feed.now.Add(time.Second)) || p.learned <= w.feed.now.Add(time.Second).UnixMicro())
		})
	}
	for a, was := range w.lost {
		if w.feed.present(was.id) != id {
			continue
		}
		delete(w.log, a)
		w.erased[a] = true
		if s, divided := w.slices[a]; divided && !w.begun(s, truth) { // else another has it
			until := w.until(s, truth)
			maps.DeleteFunc(w.log[s.Stream], func(_ string, p *posted) bool {
				return !p.ev.Time.Before(s.Since) && p.ev.Time.Before(until) && (!p.ev.Time.After(was.at) || p.learned <= was.at.UnixMicro())
			})
		}
	}
	w.feed.erased(id)
	if w.r.IntN(2) == 0 { // the slice of another goes on and takes its place
		w.feed.still = true
		b := w.one()
		if atoms := w.feed.members(b); len(atoms) > 0 {
			a := atoms[w.r.IntN(len(atoms))]
			w.lost[a] = loss{b, w.feed.moved(b, customer.ID{}, a)}
		}
		w.feed.still = false
	}
}

// until is where what a slice has ends.
func (w *sliceWorld) until(s customer.Slice, truth map[customer.ID][]customer.AtomID) time.Time {
	until := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, atoms := range truth {
		for _, a := range atoms {
			o, divided := w.slices[a]
			switch {
			case !divided || o.Stream != s.Stream || a == s.Atom || o.Since.Before(s.Since):
			case o.Since.Equal(s.Since) && compareAtoms(a, s.Atom) < 0:
			case o.Since.Before(until):
				until = o.Since
			}
		}
	}
	return until
}

// begun tells whether somebody has a slice of the same stream before one.
func (w *sliceWorld) begun(s customer.Slice, truth map[customer.ID][]customer.AtomID) bool {
	for _, atoms := range truth {
		for _, a := range atoms {
			o, divided := w.slices[a]
			if divided && o.Stream == s.Stream && (o.Since.Before(s.Since) || o.Since.Equal(s.Since) && compareAtoms(a, s.Atom) < 0) {
				return true
			}
		}
	}
	return false
}

// say adds evidence of devices, and some of atoms.
func (w *sliceWorld) say(p *Profiles, n int) {
	for range n {
		w.said++
		w.now = w.now.Add(time.Minute)
		w.feed.now = w.now
		ev := Evidence{Atom: w.streams[w.r.IntN(len(w.streams))], ID: fmt.Sprint(w.said), Source: "shop", Event: "order", Time: w.moment()}
		if w.r.IntN(10) == 0 {
			for a := range w.slices {
				ev.Atom = a
			}
		}
		if w.r.IntN(10) == 0 {
			ev.Time = w.now.AddDate(0, 0, w.r.IntN(3)) // to come
		}
		ev.Values = []customer.Field{{Name: "amount", Value: customer.Int64Value(w.r.Int64N(100))}}
		if _, err := p.Add(w.t.Context(), w.now, ev); err != nil {
			require.ErrorIs(w.t, err, ErrErased)
			continue
		}
		w.post(ev)
	}
}

func (w *sliceWorld) post(ev Evidence) {
	if w.log[ev.Atom] == nil {
		w.log[ev.Atom] = map[string]*posted{}
	}
	w.log[ev.Atom][ev.ID] = &posted{ev: ev, learned: w.now.UnixMicro()}
}

func (w *sliceWorld) retract(p *Profiles) {
	for _, s := range w.streams {
		for _, id := range slices.Sorted(maps.Keys(w.log[s])) {
			if l := w.log[s][id]; l.retracted == 0 && w.r.IntN(30) == 0 {
				w.now = w.now.Add(time.Minute)
				w.feed.now = w.now
				l.retracted = w.now.UnixMicro()
				require.NoError(w.t, p.Retract(w.t.Context(), w.now, s, id))
			}
		}
	}
}

// evidenceOf is what a customer that has these atoms has, as stream or atom and id.
func (w *sliceWorld) evidenceOf(atoms []customer.AtomID, truth map[customer.ID][]customer.AtomID, known int64) []string {
	found := []string{}
	for _, a := range atoms {
		for id, p := range w.log[a] {
			if p.learned <= known && (p.retracted == 0 || p.retracted > known) {
				found = append(found, a.String()+id)
			}
		}
		if s, ok := w.slices[a]; ok && !w.erased[a] {
			until := w.until(s, truth)
			for id, p := range w.log[s.Stream] {
				if p.learned <= known && (p.retracted == 0 || p.retracted > known) && !p.ev.Time.Before(s.Since) && p.ev.Time.Before(until) {
					found = append(found, s.Stream.String()+id)
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// requireEvidence: every customer has what it should, now and then.
func (w *sliceWorld) requireEvidence(p *Profiles) {
	far := time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)
	check := func(m Moment, known int64, truth map[customer.ID][]customer.AtomID) {
		events, err := p.Events(w.t.Context(), m, nil)
		require.NoError(w.t, err)
		happened := map[customer.ID][]int64{}
		for i, id := range events.Customers {
			happened[id] = append(happened[id], events.Times[i])
		}
		for id, atoms := range truth {
			var times []int64
			got := []string{}
			for e, err := range p.Timeline(w.t.Context(), id, m, nil) {
				if errors.Is(err, ErrErased) || errors.Is(err, ErrUnknown) && len(atoms) == 0 {
					continue
				}
				require.NoError(w.t, err)
				got, times = append(got, e.Atom.String()+e.Evidence), append(times, e.Time.Unix())
			}
			require.Equal(w.t, times, happened[id])
			if w.feed.gone[id] {
				require.Empty(w.t, got)
				continue
			}
			slices.Sort(got)
			require.Equal(w.t, w.evidenceOf(atoms, truth, known), got)
			if len(atoms) == 0 {
				continue
			}
			one, err := p.Profile(w.t.Context(), id, m)
			require.NoError(w.t, err)
			n, _ := one.Value("orders").Int64()
			require.EqualValues(w.t, len(got), n)
		}
	}
	check(Moment{At: far}, never, w.feed.truth())
	for range 6 {
		then := w.feed.learned[w.r.IntN(len(w.feed.learned))].at
		check(Moment{At: far, Known: then}, then.UnixMicro(), w.feed.at(then).live)
	}
}

// requireRows: rows are as folded from all that there is.
func (w *sliceWorld) requireRows(p *Profiles, k *keeper) {
	k.follow(p, 0)
	truth := w.feed.truth()
	want := map[customer.ID]map[string]customer.Value{}
	for id, atoms := range truth {
		if len(atoms) == 0 {
			continue
		}
		n, sum := int64(0), int64(0)
		for _, name := range w.evidenceOf(atoms, truth, never) {
			var a customer.AtomID
			require.NoError(w.t, a.UnmarshalText([]byte(name[:36])))
			if ev := w.log[a][name[36:]].ev; !ev.Time.After(w.now) {
				v, _ := ev.Values[0].Value.Int64()
				n, sum = n+1, sum+v
			}
		}
		want[id] = map[string]customer.Value{"orders": customer.Int64Value(n), "spent": customer.Int64Value(sum)}
	}
	for _, row := range k.rows {
		delete(row, "brands")
	}
	require.Equal(w.t, want, k.rows)
	requireNobodyWaits(w.t, p)
}

func (w *sliceWorld) sync(p *Profiles) {
	_, err := p.Sync(w.t.Context(), time.UnixMicro(w.feed.learn()), w.feed)
	require.NoError(w.t, err)
}

func TestSlices(t *testing.T) {
	for seed := range race.Fewer[uint64](8, 2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newSliceWorld(t, seed)
			var s store.Store = new(store.Memory)
			if seed%2 == 0 {
				s = minimal()
			}
			p, k := openLog(t, s), newKeeper(t)
			for range 25 {
				for range w.r.IntN(6) {
					w.change(false)
				}
				if w.r.IntN(2) == 0 {
					w.say(p, w.r.IntN(20)) // before it is known whose it is
				}
				w.sync(p)
				if w.r.IntN(3) == 0 {
					w.change(true)
					w.sync(p)
				}
				w.say(p, w.r.IntN(20))
				w.retract(p)
				w.sync(p)
				w.requireRows(p, k)
			}
			w.requireEvidence(p)
		})
	}
}

// Many processes follow, add and fold at once.
func TestSlicesTogether(t *testing.T) {
	for seed := range uint64(4) {
		w := newSliceWorld(t, 100+seed)
		s := minimal()
		p, k := openLog(t, s), newKeeper(t)
		for range 8 {
			for range 6 {
				w.change(false)
			}
			learned := time.UnixMicro(w.feed.learn())
			var group sync.WaitGroup
			for range 2 {
				other := openLog(t, s)
				group.Go(func() {
					for range 3 {
						if _, err := other.Sync(t.Context(), learned, w.feed); err != nil {
							t.Error(err)
						}
					}
				})
			}
			w.say(p, 30)
			w.retract(p)
			group.Wait()
			w.sync(p)
			w.requireRows(p, k)
		}
		w.requireEvidence(p)
	}
}

// Whatever commit it crashes at, the next who follows does the rest, and nobody sees of who was
// erased anything in between.
func TestSlicesCrash(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 2) {
		w := newSliceWorld(t, 200+seed)
		s := store.Limited(new(store.Memory), store.MinLimits)
		p, k := openLog(t, s), newKeeper(t)
		crashes, erased := 0, 0
		for round := range 12 {
			for range 8 {
				w.change(false)
			}
			w.say(p, 40)
			w.sync(p)
			if round%2 == 1 {
				w.erase(w.one())
				erased++
			}
			for {
				// Many small commits of what is followed, or those in which pages are erased.
				c := crashAfter(narrow{s, []int{24 + w.r.IntN(60), 1000}[w.r.IntN(2)]}, w.r.IntN(2), w.r.IntN(2) == 0)
				q := follower(c)
				q.o.Vault = p.o.Vault
				_, err := q.follow(t.Context(), w.feed.clock(), w.feed)
				if at, e := p.position(t.Context()); e == nil && at.settled() && round%2 == 1 {
					head, err := w.feed.Head(t.Context())
					require.NoError(t, err)
					if at.cursor == head {
						w.requirePresent(p)
					}
				}
				if err == nil {
					break
				}
				if !errors.Is(err, store.ErrTooLarge) {
					require.ErrorIs(t, err, errCrash)
				}
				crashes++
			}
			w.sync(p)
			w.requireRows(p, k)
		}
		w.requireEvidence(p)
		require.Greater(t, crashes, 20)
		for range s.Scan(t.Context(), store.Under(key('x'))) {
			require.Fail(t, "an erasure is not finished")
		}
	}
}

// requirePresent: nobody has what was erased, or is another's.
func (w *sliceWorld) requirePresent(p *Profiles) {
	truth := w.feed.truth()
	for id, atoms := range truth {
		want := map[string]bool{}
		for _, name := range w.evidenceOf(atoms, truth, never) {
			want[name] = true
		}
		for e, err := range p.Timeline(w.t.Context(), id, Moment{At: w.now.AddDate(1, 0, 0)}, nil) {
			if len(atoms) > 0 {
				require.NoError(w.t, err)
				require.True(w.t, want[e.Atom.String()+e.Evidence])
			}
		}
	}
}

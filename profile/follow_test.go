package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

var errCrash = errors.New("crash")

// A crashing store makes some more commits, then none. The one at which it crashes may
// have been made.
type crashing struct {
	store.Store
	left atomic.Int64
	made bool
}

func crashAfter(s store.Store, commits int, made bool) *crashing {
	c := &crashing{Store: s, made: made}
	c.left.Store(int64(commits))
	return c
}

func (c *crashing) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	left := c.left.Add(-1)
	if left >= 0 {
		return c.Store.Commit(ctx, b)
	}
	if left == -1 && c.made {
		if _, err := c.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %w", errCrash, store.ErrUnknownOutcome)
	}
	return 0, errCrash
}

// A counting store counts commits.
type counting struct {
	store.Store
	commits atomic.Int64
}

func (c *counting) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	c.commits.Add(1)
	return c.Store.Commit(ctx, b)
}

func smallest() store.Store { return store.Limited(new(store.Memory), store.MinLimits) }

func follower(s store.Store) *Profiles { return &Profiles{s: s} }

// plant adds evidence to an atom, as if it had been added: it begins with the secret of the
// atom.
func plant(t *testing.T, s store.Store, a customer.AtomID, pages int) {
	t.Helper()
	_, err := store.Update(t.Context(), s, nil, func(ctx context.Context) (*store.Batch, error) {
		e, err := s.Get(ctx, headKey(a))
		if err != nil {
			return nil, err
		}
		h, err := decodeHead(e[0])
		if err != nil || h.erased {
			return nil, err
		}
		b := &store.Batch{}
		h.tail, h.aside, h.pages, h.latest = []byte(secret(a)), []byte(secret(a)), max(h.pages, pages), 1
		b.If(headKey(a), h.version)
		b.Put(headKey(a), h.encode())
		for page := range pages {
			b.Put(pageKey(a, page+1), []byte(secret(a)))
			b.Put(entryKey(a, idHash{byte(page), byte(page >> 8)}), []byte(secret(a)))
		}
		if pages > 0 {
			b.Put(partialKey(a, 0), []byte(secret(a)))
		}
		for _, id := range h.claims {
			r := row{at: 1, due: 2, values: []numbered{{number: 1, value: customer.TextValue(secret(a))}}}
			b.Put(rowKey(id), r.encode())
			b.Put(dueKey(r.due, id), dueMark)
		}
		return b, nil
	})
	require.NoError(t, err)
}

func secret(a customer.AtomID) string { return "secret of " + a.String() }

// secrets are the atoms of whom evidence is in the store, but for rows of customers that
// wait for another.
func secrets(t *testing.T, s store.Store) map[customer.AtomID]bool {
	t.Helper()
	found := map[customer.AtomID]bool{}
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		if name, ok := bytes.CutPrefix(e.Key, key('r')); ok {
			entries, err := s.Get(t.Context(), waitKey(customer.ID(name)), customerKey(customer.ID(name)))
			require.NoError(t, err)
			w, err := readWhereabouts(entries[1].Value)
			require.NoError(t, err)
			require.False(t, w.erased())
			if entries[0].Version != 0 {
				continue
			}
		}
		for value := string(e.Value); ; {
			_, rest, ok := strings.Cut(value, "secret of ")
			if !ok {
				break
			}
			var a customer.AtomID
			require.NoError(t, a.UnmarshalText([]byte(rest[:36])))
			found[a], value = true, rest
		}
	}
	return found
}

// A wild feed changes at random.
type wild struct {
	*fakeFeed
	r     *rand.Rand
	ids   []customer.ID // all that ever were
	atoms int
}

func newWild(seed uint64) *wild {
	w := &wild{fakeFeed: newFakeFeed(), r: rand.New(rand.NewPCG(seed, 1))}
	if own := rand.New(rand.NewPCG(seed, 2)); seed%2 == 1 {
		w.late = func() time.Duration { return time.Duration(own.IntN(400)) * time.Hour }
	}
	return w
}

func (w *wild) fresh(n int) []customer.AtomID {
	atoms := make([]customer.AtomID, n)
	for i := range atoms {
		w.atoms++
		atoms[i] = fakeAtom(w.atoms)
	}
	return atoms
}

func (w *wild) one() (customer.ID, []customer.AtomID) {
	live := slices.SortedFunc(maps.Keys(w.live), compareIDs)
	id := live[w.r.IntN(len(live))]
	return id, w.members(id)
}

func (w *wild) some(atoms []customer.AtomID) []customer.AtomID {
	w.r.Shuffle(len(atoms), func(i, j int) { atoms[i], atoms[j] = atoms[j], atoms[i] })
	return atoms[:w.r.IntN(len(atoms)+1)]
}

func (w *wild) create() {
	id := customer.FromInt64(int64(len(w.ids)))
	w.ids = append(w.ids, id)
	w.created(id, w.fresh(1+w.r.IntN(3))...)
}

func (w *wild) change() {
	w.still = w.r.IntN(4) == 0
	if len(w.live) < 2 {
		w.create()
		return
	}
	from, atoms := w.one()
	to, _ := w.one()
	switch verb := w.r.IntN(20); {
	case verb < 5:
		w.create()
	case verb < 7:
		w.attached(from, w.fresh(1+w.r.IntN(2))...)
	case verb == 7:
		w.moved(from, customer.ID{}, w.some(atoms)...)
	case verb == 8:
		w.erased(from)
	case from == to:
	case verb < 13:
		w.moved(from, to, w.some(atoms)...)
	case verb < 16:
		w.merged(from, to)
	default:
		again := slices.SortedFunc(maps.Keys(w.into), compareIDs)
		if len(again) == 0 {
			return
		}
		w.split(from, again[w.r.IntN(len(again))], w.some(atoms)...)
	}
}

// requireTruth compares what was followed with the truth.
func (w *wild) requireTruth(t *testing.T, p *Profiles) {
	t.Helper()
	truth := w.fakeFeed.truth()
	w.requireThen(t, p, never, truth)
	claims := map[customer.AtomID][]customer.ID{}
	for id, atoms := range truth {
		for _, a := range atoms {
			claims[a] = append(claims[a], id)
		}
	}
	for n := range w.atoms {
		heads, err := p.heads(t.Context(), fakeAtoms(n+1))
		require.NoError(t, err)
		require.Equal(t, claims[fakeAtom(n+1)], heads[0].claims)
	}
	ids := slices.SortedFunc(slices.Values(w.ids), compareIDs)
	all, err := p.atomsOf(t.Context(), ids)
	require.NoError(t, err)
	for i, id := range ids {
		require.Equal(t, truth[id], slices.Clip(all[i][:len(all[i]):len(all[i])]), "%v", id)
	}
}

func (w *wild) requireThen(t *testing.T, p *Profiles, known int64, truth map[customer.ID][]customer.AtomID) {
	t.Helper()
	for _, id := range w.ids {
		present, atoms, err := p.members(t.Context(), id, moment{known: known})
		switch {
		case known == never && len(truth[w.present(id)]) > 0:
			require.NoError(t, err)
			require.Equal(t, w.present(id), present)
			require.Equal(t, truth[present], atoms)
		case known == never:
			require.Error(t, err)
		case errors.Is(err, ErrErased):
		case len(truth[id]) > 0:
			require.NoError(t, err)
			require.Equal(t, id, present)
			require.Equal(t, truth[id], atoms)
		case err == nil: // it had been merged
			require.NotEqual(t, id, present)
			require.Equal(t, truth[present], atoms)
		default:
			require.ErrorIs(t, err, ErrUnknown)
		}
	}
}

func TestFollow(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWild(seed)
			w.part = int(seed % 3)
			s := smallest()
			p := follower(s)
			for range 12 {
				for range w.r.IntN(40) {
					w.change()
				}
				plant(t, s, fakeAtom(1+w.r.IntN(w.atoms+1)), w.r.IntN(3))
				_, err := p.follow(t.Context(), w.learn(), w)
				require.NoError(t, err)
				w.requireTruth(t, p)
			}
			for range 20 {
				then := w.learned[w.r.IntN(len(w.learned))].at.Add(-time.Duration(w.r.IntN(3)) * time.Second)
				w.requireThen(t, p, then.UnixMicro(), w.at(then).live)
			}
			n, err := p.follow(t.Context(), w.clock(), w)
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

func TestFollowCrash(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWild(seed)
			w.part = int(seed % 4)
			s := store.Limited(new(store.Memory), store.MinLimits)
			for range 300 {
				w.change()
			}
			crashes, changes := 0, 0
			for commits := 0; ; commits = w.r.IntN(2) {
				for range 3 {
					plant(t, s, fakeAtom(1+w.r.IntN(w.atoms)), w.r.IntN(3))
				}
				c := crashAfter(narrow{s, 24 + w.r.IntN(60)}, commits, w.r.IntN(2) == 0)
				n, err := follower(c).follow(t.Context(), w.clock(), w)
				changes += n
				if err == nil {
					break
				}
				require.ErrorIs(t, err, errCrash)
				crashes++
			}
			require.Greater(t, crashes, 20)
			w.requireTruth(t, follower(s))
			requireErased(t, w, s)
		})
	}
}

// requireErased checks that nothing is left of whom the feed has erased.
func requireErased(t *testing.T, w *wild, s store.Store) {
	t.Helper()
	left := secrets(t, s)
	for _, shard := range w.shards {
		for _, entry := range shard {
			for _, c := range entry {
				for _, a := range c.Atoms {
					if c.Verb == customer.Erased {
						require.False(t, left[a])
					}
				}
			}
		}
	}
	for range s.Scan(t.Context(), store.Under(key('x'))) {
		require.Fail(t, "an erasure is not finished")
	}
}

// A narrow store takes few operations a commit, so that small histories are cut.
type narrow struct {
	store.Store
	operations int
}

func (n narrow) Limits() store.Limits {
	l := n.Store.Limits()
	l.Operations = n.operations
	return l
}

func (n narrow) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if len(b.Writes)+len(b.Conditions) > n.operations && !deletesOnly(b) {
		return 0, store.ErrTooLarge
	}
	return n.Store.Commit(ctx, b)
}

func deletesOnly(b *store.Batch) bool {
	return !slices.ContainsFunc(b.Writes, func(w store.Write) bool { return !w.Delete })
}

func TestFollowTogether(t *testing.T) {
	for seed := range uint64(4) {
		w := newWild(seed)
		s := smallest()
		for range 200 {
			w.change()
		}
		var group sync.WaitGroup
		var changes atomic.Int64
		for i := range 4 {
			p := &Profiles{s: narrow{s, 40 + 10*i}, o: Options{Backoff: &store.Backoff{Attempts: 1000, Most: time.Millisecond}}}
			group.Go(func() {
				for range 3 {
					n, err := p.follow(t.Context(), w.clock(), w)
					changes.Add(int64(n))
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 50 {
			plant(t, s, fakeAtom(1+w.r.IntN(w.atoms)), 1)
		}
		group.Wait()
		p := follower(s)
		w.requireTruth(t, p)
		requireErased(t, w, s)
		total := 0
		for _, shard := range w.shards {
			total += len(shard)
		}
		require.EqualValues(t, total, changes.Load())
	}
}

func TestFollowSides(t *testing.T) {
	// However a backlog is cut, a commit has both sides of a change where they fit.
	w := newWild(7)
	w.late = nil
	for range 60 {
		w.create()
	}
	s := smallest()
	p := follower(s)
	_, err := p.follow(t.Context(), w.clock(), w)
	require.NoError(t, err)
	for range 300 {
		from, atoms := w.one()
		to, _ := w.one()
		if from != to {
			w.moved(from, to, w.some(atoms)...)
		}
	}
	for commits := 0; ; commits++ {
		err := error(nil)
		c := crashAfter(narrow{s, 64}, 1, false)
		_, err = follower(c).follow(t.Context(), w.clock(), w)
		owners := map[customer.AtomID]int{}
		all, e := p.atomsOf(t.Context(), slices.SortedFunc(slices.Values(w.ids), compareIDs))
		require.NoError(t, e)
		for _, atoms := range all {
			for _, a := range atoms {
				owners[a]++
			}
		}
		require.Len(t, owners, w.atoms)
		for _, n := range owners {
			require.Equal(t, 1, n)
		}
		if err == nil {
			require.Greater(t, commits, 10)
			return
		}
	}
}

func TestFollowOneCommit(t *testing.T) {
	w := newWild(1)
	for range 40 {
		w.create()
	}
	for range 20 {
		w.change()
	}
	c := &counting{Store: smallest()}
	p := follower(c)
	_, err := p.follow(t.Context(), w.clock(), w)
	require.NoError(t, err)
	require.LessOrEqual(t, c.commits.Load(), int64(1+8), "a commit, and those that finish erasures")
	at, err := p.position(t.Context())
	require.NoError(t, err)
	require.True(t, at.settled())
}

func TestFollowMergeOfManyAtoms(t *testing.T) {
	f := newFakeFeed()
	f.part = 300
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	var atoms []customer.AtomID
	for n := range 1500 {
		atoms = append(atoms, fakeAtom(n+1))
	}
	f.created(a, atoms...)
	f.created(b, fakeAtom(5000))
	s := smallest()
	p := follower(s)
	for _, n := range []int{1, 100, 1500} {
		plant(t, s, fakeAtom(n), 0)
	}
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	before := f.now.UnixMicro()
	f.merged(a, b)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	present, have, err := p.members(t.Context(), a, moment{known: never})
	require.NoError(t, err)
	require.Equal(t, b, present)
	require.Equal(t, append(slices.Clone(atoms), fakeAtom(5000)), have)
	_, have, err = p.members(t.Context(), a, moment{known: before})
	require.NoError(t, err)
	require.Equal(t, atoms, have)
	f.split(b, a, atoms...)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	present, have, err = p.members(t.Context(), a, moment{known: never})
	require.NoError(t, err)
	require.Equal(t, a, present)
	require.Equal(t, atoms, have)
	f.erased(a)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	require.Empty(t, secrets(t, s))
	_, _, err = p.members(t.Context(), a, moment{known: before})
	require.ErrorIs(t, err, ErrErased)
}

func TestFollowMarks(t *testing.T) {
	f := newFakeFeed()
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	s := smallest()
	p := follower(s)
	waits := func() (ids []customer.ID) {
		for _, id := range []customer.ID{a, b} {
			e, err := s.Get(t.Context(), waitKey(id))
			require.NoError(t, err)
			if e[0].Version != 0 {
				ids = append(ids, id)
				d := &store.Batch{}
				d.Delete(waitKey(id))
				_, err = s.Commit(t.Context(), d)
				require.NoError(t, err)
			}
		}
		return ids
	}
	for _, step := range []struct {
		name string
		do   func()
		wait []customer.ID
	}{
		{"created", func() { f.created(a, fakeAtoms(1, 2)...) }, []customer.ID{a}},
		{"another", func() { f.created(b, fakeAtoms(3)...) }, []customer.ID{b}},
		{"attached nothing", func() { f.attached(b) }, nil},
		{"moved", func() { f.moved(a, b, fakeAtoms(1)...) }, []customer.ID{a, b}},
		{"merged", func() { f.merged(a, b) }, []customer.ID{a, b}},
		{"split", func() { f.split(b, a, fakeAtoms(1, 2)...) }, []customer.ID{a, b}},
		{"retracted", func() { f.moved(a, customer.ID{}, fakeAtoms(1)...) }, []customer.ID{a}},
		{"erased", func() { f.erased(a) }, []customer.ID{a}},
	} {
		step.do()
		_, err := p.follow(t.Context(), f.clock(), f)
		require.NoError(t, err)
		require.Equal(t, step.wait, waits(), step.name)
	}
}

func TestFollowFaults(t *testing.T) {
	f := newFakeFeed()
	for n := range 20 {
		f.created(customer.FromInt64(int64(n)), fakeAtom(n+1))
	}
	p := follower(smallest())
	_, err := p.follow(t.Context(), f.clock(), f)
	require.NoError(t, err)
	_, err = p.follow(t.Context(), f.clock(), newFakeFeed())
	require.ErrorIs(t, err, customer.ErrCursorUnknown)
	for n := range 20 {
		f.attached(customer.FromInt64(int64(n)), fakeAtom(n+100))
	}
	f.expire, err = f.Head(t.Context())
	require.NoError(t, err)
	_, err = p.follow(t.Context(), f.clock(), f)
	require.ErrorIs(t, err, customer.ErrCursorExpired)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.follow(ctx, f.clock(), f)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = p.members(t.Context(), customer.FromInt64(77), moment{known: never})
	require.ErrorIs(t, err, ErrUnknown)
}

func BenchmarkFollow(b *testing.B) {
	const customers = 100_000
	f := newFakeFeed()
	for n := range customers {
		id := customer.FromInt64(int64(n))
		shard := customer.ShardOf(id)
		f.shards[shard] = append(f.shards[shard], []customer.Change{{
			Shard: shard, Seq: uint64(len(f.shards[shard]) + 1), Part: 1, Parts: 1,
			Verb: customer.Created, Customer: id, To: id, Atoms: fakeAtoms(n + 1), At: f.now,
		}})
	}
	for _, s := range []struct {
		name string
		open func() store.Store
	}{{"memory", func() store.Store { return new(store.Memory) }}, {"least", smallest}} {
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				n, err := follower(s.open()).follow(b.Context(), f.clock(), f)
				require.NoError(b, err)
				require.Equal(b, customers, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/customers, "ns/change")
		})
	}
}

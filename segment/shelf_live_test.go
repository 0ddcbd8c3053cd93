package segment

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// keptTrial is a history of random steps of a Live that is saved, and opened again.
type keptTrial struct {
	*liveTrial
	s     store.Store
	k     *shelf
	keep  int
	saves int
}

func newKeptTrial(t testing.TB, seed uint64, filler, keep int) *keptTrial {
	x := &keptTrial{liveTrial: newLiveTrial(t, seed, filler), s: smallStore(), keep: keep}
	x.twin = newLiveTrial(t, seed, filler).l
	x.k = shelfOf(x.s, 1)
	keptOn(x.l, x.k)
	x.l.keep = keep
	x.save()
	return x
}

// keptOn has a shelf keep l from now on; nobody else knows l.
func keptOn(l *Live, k *shelf) {
	l.shelf, l.paged = k, l.last-uint64(l.told.count)
	v := *l.view.Load()
	v.shelf = k
	l.view.Store(&v)
}

func (x *keptTrial) save() {
	x.saves++
	f := x.l.freeze()
	f.step = uint64(x.saves)
	require.NoError(x.t, x.k.save(x.t.Context(), f))
	x.l.saved(f)
}

func (x *keptTrial) reopen() {
	term := x.k.term + 1
	x.k = shelfOf(x.s, term)
	r, err := x.k.open(x.t.Context())
	require.NoError(x.t, err)
	require.Equal(x.t, uint64(x.saves), r.root.step)
	before := x.l
	x.l = x.k.resume(r, &LiveOptions{Location: x.m.loc, Keep: x.keep, Workers: 2})
	require.Equal(x.t, before.At(), x.l.At())
	require.Equal(x.t, before.Next(), x.l.Next())
	require.Equal(x.t, jsonOf(x.t, before.Definitions()), jsonOf(x.t, x.l.Definitions()))
	for _, v := range before.Definitions() {
		name := v.Definition.Name
		versions, sizes, err := before.History(name)
		require.NoError(x.t, err)
		again, sizesAgain, err := x.l.History(name)
		require.NoError(x.t, err)
		require.Equal(x.t, jsonOf(x.t, versions), jsonOf(x.t, again))
		require.Equal(x.t, sizes, sizesAgain)
	}
	if x.rng.IntN(2) == 0 {
		x.m.same(x.l)
	}
	if x.rng.IntN(2) == 0 { // what is found anew is what was kept up to date
		require.NoError(x.t, x.l.wake(x.t.Context()))
		x.l.schedule(x.l.Snapshot())
		require.Equal(x.t, before.Next(), x.l.nextTime())
	}
}

func jsonOf(t testing.TB, v any) string {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// TestShelfLiveIsSlow compares a Live that is saved now and then, and opened again, with the slow model, which goes on, and with
// a Live that does.
func TestShelfLiveIsSlow(t *testing.T) {
	seeds := 20
	if testing.Short() || race.Enabled {
		seeds = 5
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testShelfLive(t, seed) })
	}
}

func testShelfLive(t *testing.T, seed uint64) {
	filler := 0
	if seed%10 == 9 {
		filler = 65_500
	}
	x := newKeptTrial(t, seed, filler, 1<<20)
	every := 1 + int(seed%12)
	for i := range 200 {
		x.step()
		if x.rng.IntN(every) == 0 {
			x.save()
			if x.rng.IntN(2) == 0 {
				x.reopen()
			}
		}
		if i%50 == 49 {
			x.notices(0)
		}
	}
	x.save()
	x.save()
	x.reopen()
	x.save()
	x.noGarbage()
}

// notices fails unless the notices after a number are those there were.
func (x *keptTrial) notices(after int) {
	i := after
	for n, err := range x.l.Notices(x.t.Context(), uint64(after)) {
		require.NoError(x.t, err)
		require.Equal(x.t, x.all[i], n)
		i++
	}
	require.Len(x.t, x.all, i)
}

// noGarbage fails if the store holds what neither the last root nor the list of what it replaced names.
func (x *keptTrial) noGarbage() {
	named := map[string]bool{}
	for _, b := range x.k.named() {
		for part := range b.parts() {
			named[string(b.key(part))] = true
		}
	}
	n := 0
	for e, err := range x.s.Scan(x.t.Context(), store.Under([]byte(valueKeys))) {
		require.NoError(x.t, err)
		require.True(x.t, named[string(e.Key)], "%x", e.Key)
		n++
	}
	require.Len(x.t, named, n)
}

// named returns what the last root names, and what it replaced.
func (k *shelf) named() []berth { return append(k.saved.named(), k.saved.replaced...) }

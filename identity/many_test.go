package identity

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/synth"
)

// crowdObservations are those of a crowd, person by person.
func crowdObservations(t testing.TB, seed uint64, people int, frequency float64) []Observation {
	o := synth.DefaultCrowd()
	o.Frequency = frequency
	c, err := synth.NewCrowd(seed, people, o)
	require.NoError(t, err)
	var all []Observation
	for r := range c.Records() {
		all = append(all, observationOf(&r))
	}
	return all
}

// mappingText is the whole mapping as text.
func mappingText(t testing.TB, g *Graph) string {
	var text strings.Builder
	for c, err := range g.Customers(t.Context()) {
		require.NoError(t, err)
		text.WriteString(fmt.Sprintf("%s %v %v %v\n", c.ID, c.Former, c.Identifiers, c.Atoms))
	}
	return text.String()
}

// TestObserveManyDoesNotDependOnOrder: the exported mapping is the same byte for byte for
// any order and number of workers, and on a store of the smallest limits; and it is that
// of observing one by one, but for ids.
func TestObserveManyDoesNotDependOnOrder(t *testing.T) {
	all := crowdObservations(t, 3, 120, 0.2)
	open := func(s store.Store) *Graph {
		g, err := Open(t.Context(), s, crowdPolicy(), &Options{Normalizers: crowdNormalizers(t)})
		require.NoError(t, err)
		return g
	}
	first := open(new(store.Memory))
	sum, err := first.ObserveMany(t.Context(), slices.Values(all), nil)
	require.NoError(t, err)
	require.Equal(t, len(all), sum.Observed)
	want := mappingText(t, first)
	require.NotEmpty(t, want)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 4 {
		shuffled := slices.Clone(all)
		random.Shuffle(len(all), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var s store.Store = new(store.Memory)
		if i%2 == 1 {
			s = store.Limited(s, store.MinLimits)
		}
		g := open(s)
		_, err := g.ObserveMany(t.Context(), slices.Values(shuffled), &ManyOptions{Workers: 1 + i})
		require.NoError(t, err)
		require.Equal(t, want, mappingText(t, g))
		again, err := g.ObserveMany(t.Context(), slices.Values(all), nil)
		require.NoError(t, err)
		require.Equal(t, Summary{Known: len(all)}, again)
		require.Equal(t, want, mappingText(t, g))
	}
	one := open(new(store.Memory))
	for _, o := range all {
		_, err := one.Observe(t.Context(), o)
		require.NoError(t, err)
	}
	require.Equal(t, partition(t, first, all), partition(t, one, all))
}

// TestObserveManyOfLargeComponent: where what belongs together takes more than one commit, the
// ids do not depend on the order of the input or the number of workers either, and on a
// store of the smallest limits the mapping is the same but for ids.
func TestObserveManyOfLargeComponent(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	var all []Observation
	for i := range 500 {
		ids := []Identifier{ident("phone", fmt.Sprint(random.IntN(8))), ident("email", fmt.Sprint(random.IntN(150)))}
		if random.IntN(3) == 0 {
			ids = append(ids, ident("account", fmt.Sprint(random.IntN(40))))
		}
		o := seenAt(fmt.Sprint("o", i), random.IntN(600_000), fmt.Sprint("r", random.IntN(400)), ids...)
		if random.IntN(4) == 0 {
			o.Record = ""
			o.Identifiers = append(o.Identifiers, ident("device", fmt.Sprint(random.IntN(9))))
		}
		all = append(all, o)
	}
	free, strict := DefaultPolicy(), DefaultPolicy()
	free.Entities[0].Types[5].FanOut, free.Entities[0].Types[6].FanOut = 0, 0
	strict.Entities[0].Types[5].FanOut, strict.Entities[0].Records = 2, 8
	for _, c := range []struct {
		name   string
		policy *Policy
	}{{"free", free}, {"strict", strict}} {
		t.Run(c.name, func(t *testing.T) {
			var mappings []string
			for _, limits := range []store.Limits{{}, store.MinLimits} {
				var first string
				for workers := 1; workers <= 3; workers++ {
					s := store.Limited(new(store.Memory), limits)
					g, err := Open(t.Context(), s, c.policy, sealedOptions(t, s))
					require.NoError(t, err)
					_, err = g.ObserveMany(t.Context(), slices.Values(all), &ManyOptions{Workers: workers})
					require.NoError(t, err)
					if workers == 1 {
						first = mappingText(t, g)
						export, err := exported(t.Context(), g)
						require.NoError(t, err)
						require.Greater(t, len(export), 20)
						mappings = append(mappings, unnamed(export))
						v, err := takeInventory(t.Context(), g)
						require.NoError(t, err)
						require.True(t, slices.ContainsFunc(v.all, func(c *container) bool { return len(c.ev.seen) > 300 })) // more than one commit takes
					}
					require.Equal(t, first, mappingText(t, g))
					random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				}
			}
			require.Equal(t, mappings[0], mappings[1])
		})
	}
}

// A vague store does not know what became of every second large commit, and has what those held.
type vague struct {
	store.Store
	calls        int
	given, clone []store.Write
}

func (s *vague) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if len(b.Writes) < 100 {
		return s.Store.Commit(ctx, b)
	}
	if s.calls++; s.calls%2 == 0 {
		return s.Store.Commit(ctx, b)
	}
	s.given = append(s.given, b.Writes...)
	for _, w := range b.Writes {
		s.clone = append(s.clone, store.Write{Key: bytes.Clone(w.Key), Value: bytes.Clone(w.Value), Delete: w.Delete})
	}
	return 0, store.ErrUnknownOutcome
}

// TestObserveManyLeavesUnknownCommits: what a commit holds of which the store cannot tell whether
// it happened stays as it is, for it may yet happen.
func TestObserveManyLeavesUnknownCommits(t *testing.T) {
	var all []Observation
	for i := range 1000 {
		all = append(all, seenAt(fmt.Sprint(i), i, fmt.Sprint("r", i/3), ident("phone", fmt.Sprint(i/2))))
	}
	s := &vague{Store: new(store.Memory)}
	g := openGraph(t, store.Limited(s, store.MinLimits), nil)
	_, err := g.ObserveMany(t.Context(), slices.Values(all), &ManyOptions{Workers: 1})
	require.NoError(t, err)
	require.Greater(t, s.calls, 4)
	for i, w := range s.clone {
		require.Equal(t, w.Key, s.given[i].Key)
		require.Equal(t, w.Value, s.given[i].Value)
	}
}

// partition numbers the customers of the records in the order in which they come.
func partition(t testing.TB, g *Graph, all []Observation) []int {
	numbers := map[any]int{}
	var list []int
	for _, o := range all {
		id, _, err := g.Lookup(t.Context(), Record{Source: o.Source, Record: o.Record, Entity: o.Entity})
		require.NoError(t, err)
		if _, ok := numbers[id]; !ok {
			numbers[id] = len(numbers)
		}
		list = append(list, numbers[id])
	}
	return list
}

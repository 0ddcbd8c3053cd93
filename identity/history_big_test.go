package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// mappingOf is the mapping of a new graph after steps, without ids.
func mappingOf(ctx context.Context, p *Policy, steps []step) (string, error) {
	g, err := Open(ctx, new(store.Memory), p, &Options{Backoff: noWait})
	if err != nil {
		return "", err
	}
	for i, s := range steps {
		if _, err := s.take(ctx, g); err != nil && !refuses(err) {
			return "", fmt.Errorf("step %d: %w", i, err)
		}
	}
	all, err := exported(ctx, g)
	return unnamed(all), err
}

// randomObservations are steps of observations alone, each new.
func randomObservations(seed uint64, n int) (*Policy, []step, *world) {
	w := newWorld(rand.New(rand.NewPCG(seed, 6)))
	var steps []step
	for range n {
		steps = append(steps, step{verb: "observe", all: []Observation{w.observation()}})
	}
	return w.policy, steps, w
}

// Any order of the same observations gives the same mapping, as does ObserveMany, which
// also gives the same ids.
func TestAnyOrder(t *testing.T) {
	everySeed(t, 400*time.Millisecond, func(seed uint64) { testAnyOrder(t, seed) })
}

func testAnyOrder(t *testing.T, seed uint64) {
	t.Helper()
	p, steps, w := randomObservations(seed, 3+int(seed%20))
	want, err := mappingOf(t.Context(), p, steps)
	require.NoError(t, err)
	var all []Observation
	for _, s := range steps {
		all = append(all, s.all...)
	}
	w.rng.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	have, err := mappingOf(t.Context(), p, steps)
	require.NoError(t, err)
	require.Equal(t, want, have, "seed %d: shuffled", seed)
	var first []byte
	for workers := 1; workers <= 3; workers++ {
		g, err := Open(t.Context(), new(store.Memory), p, &Options{Backoff: noWait})
		require.NoError(t, err)
		_, err = g.ObserveMany(t.Context(), slices.Values(all), &ManyOptions{Workers: workers})
		require.NoError(t, err)
		export, err := exported(t.Context(), g)
		require.NoError(t, err)
		require.Equal(t, want, unnamed(export), "seed %d: many", seed)
		data, err := json.Marshal(export)
		require.NoError(t, err)
		if workers == 1 {
			first = data
		}
		require.Equal(t, string(first), string(data), "seed %d: many, shuffled", seed)
		w.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
}

// What was observed and retracted leaves no trace in the mapping.
func TestObserveAndRetract(t *testing.T) {
	everySeed(t, 200*time.Millisecond, func(seed uint64) {
		p, steps, w := randomObservations(seed, 3+int(seed%20))
		want, err := mappingOf(t.Context(), p, steps)
		require.NoError(t, err)
		mixed := slices.Clone(steps)
		for range 1 + w.rng.IntN(6) {
			o := w.observation()
			i := w.rng.IntN(len(mixed) + 1)
			mixed = slices.Insert(mixed, i, step{verb: "observe", all: []Observation{o}})
			mixed = slices.Insert(mixed, i+1+w.rng.IntN(len(mixed)-i), step{verb: "retract", id: o.ID, at: w.time()})
		}
		have, err := mappingOf(t.Context(), p, mixed)
		require.NoError(t, err)
		require.Equal(t, want, have, "seed %d", seed)
	})
}

// When everything has been retracted and revoked, only what happened is left: tombstones,
// rulings, the policy, the feed and names that lead on.
func TestNothingIsLeft(t *testing.T) {
	everySeed(t, 200*time.Millisecond, func(seed uint64) {
		h := randomHistory(seed, 5, 25)
		h.steps = slices.DeleteFunc(h.steps, func(s step) bool { return s.verb == "apply" || s.verb == "many" })
		g, err := Open(t.Context(), new(store.Memory), h.policy, h.options())
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(seed, 7))
		last := map[string]step{}
		for _, s := range h.steps {
			_, err := s.take(t.Context(), g)
			require.True(t, err == nil || refuses(err), "%v", err)
			for _, o := range s.all {
				last["o"+o.ID] = step{verb: "retract", id: o.ID, at: noon}
			}
			if s.ruling.ID != "" {
				last["d"+s.ruling.ID] = step{verb: "revoke", id: s.ruling.ID, at: noon}
			}
		}
		var ends []step
		for _, id := range sortedKeys(last) {
			ends = append(ends, last[id])
		}
		rng.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
		for _, s := range ends {
			_, err := s.take(t.Context(), g)
			require.True(t, err == nil || errorOf(err) == ErrUnknown, "%v", err)
		}
		v, err := takeInventory(t.Context(), g)
		require.NoError(t, err)
		require.NoError(t, v.check(h.policy, true))
		require.Empty(t, v.all, "seed %d", seed)
		require.Empty(t, v.values)
		require.Empty(t, v.records)
		require.Empty(t, v.customers)
		require.Empty(t, v.bearers)
		require.Empty(t, v.parts)
		all, err := exported(t.Context(), g)
		require.NoError(t, err)
		require.Empty(t, all)
		require.NoError(t, checkFeed(t.Context(), g, nil))
	})
}

func sortedKeys(m map[string]step) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// takeAll takes steps on a clamped store and enters them, and checks at the steps given.
func takeAll(t *testing.T, p *Policy, steps []step, checkAt ...int) {
	g, err := Open(t.Context(), store.Limited(new(store.Memory), store.MinLimits), p, nil)
	require.NoError(t, err)
	l := newLedger(g, p)
	for i, s := range steps {
		_, err := s.take(t.Context(), g)
		require.NoError(t, err, "step %d: %s", i, s.verb)
		require.NoError(t, l.take(s))
		if slices.Contains(checkAt, i+1) {
			require.NoError(t, l.check(t.Context(), g, true), "after %d steps", i+1)
		}
	}
}

// overAndBack is n records with one phone of which most make it shared: it comes to be
// shared, and ends to be.
func overAndBack(t *testing.T, n, most int, types []Type, ids func(i int) []Identifier) {
	p := &Policy{Entities: []Entity{{Types: types, Records: most}}}
	require.NoError(t, p.Validate())
	var steps []step
	for i := range n {
		steps = append(steps, step{verb: "observe", all: []Observation{seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i), ids(i)...)}})
	}
	for _, i := range rand.New(rand.NewPCG(1, 8)).Perm(n)[:n-most+2] {
		steps = append(steps, step{verb: "retract", id: fmt.Sprint("o", i), at: noon})
	}
	takeAll(t, p, steps, most, most+1, n, len(steps)-3, len(steps)-2, len(steps))
}

func TestManyRecordsOverAndBack(t *testing.T) {
	phone := func(int) []Identifier { return []Identifier{ident("phone", "p")} }
	overAndBack(t, 260, 80, []Type{{Name: "phone", Kind: Shareable}}, phone)
}

// A value that many customers have: its fan-out goes over the limit, and comes back.
func TestFanOutOverAndBack(t *testing.T) {
	types := []Type{{Name: "member", Kind: Unique, Most: 1}, {Name: "phone", Kind: Shareable, FanOut: 70}}
	overAndBack(t, 200, 70, types, func(i int) []Identifier {
		return []Identifier{ident("phone", "p"), ident("member", fmt.Sprint(i))}
	})
}

// A customer of many observations is kept in parts.
func testParts(t *testing.T, n int, checkAt ...int) {
	p := &Policy{Entities: []Entity{{Types: []Type{{Name: "member", Kind: Unique}, {Name: "phone", Kind: Shareable, FanOut: 2}}}}}
	var all []Observation
	for i := range n {
		ids := []Identifier{ident("member", "m"), ident("phone", fmt.Sprint(i))}
		if i%2 == 0 {
			ids = append(ids, ident("phone", "p"))
		}
		all = append(all, seenAt(fmt.Sprint("o", i), i, fmt.Sprint("r", i%7), ids...))
	}
	steps := []step{
		{verb: "many", all: all[:n-2]},
		{verb: "observe", all: all[n-2 : n-1]},
		{verb: "observe", all: all[n-1:]},
		{verb: "retract", id: "o0", at: noon},
		{verb: "split", ruling: Ruling{ID: "d", Actor: "steward", Time: noon}, sides: [][]Record{{{"shop", "r0", ""}}}},
		{verb: "revoke", id: "d", at: noon},
	}
	takeAll(t, p, steps, checkAt...)
}

func TestCustomerInParts(t *testing.T) { testParts(t, 700, 6) }

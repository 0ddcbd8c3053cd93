package main

import (
	"crypto/rand"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

func newTestSecret(t *testing.T) notify.Secret {
	t.Helper()
	secret, err := newSecret(rand.Reader)
	require.NoError(t, err)
	return secret
}

func always() bool { return true }

// pass lets time pass.
func pass(t *testing.T, s *simulation, d time.Duration) {
	t.Helper()
	require.NoError(t, s.advance(t.Context(), s.now().Add(d), always))
}

// noticesOf returns all notices.
func noticesOf(t *testing.T, s *simulation) (all []segment.Notice) {
	t.Helper()
	for n, err := range s.live.Notices(t.Context(), 0) {
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

// The members of segments without memory are at any time those whom their rules select, and who entered less who left.
func TestSimulationIsExact(t *testing.T) {
	s := newServer(t)
	plain := map[string]bool{"active": true, "birthday": true, "silent": true}
	members := map[string]int{}
	for name := range plain {
		n, err := s.sim.live.Len(name)
		require.NoError(t, err)
		require.Positive(t, n, name)
		members[name] = n
	}
	seen := 0
	for _, d := range []time.Duration{time.Second, time.Hour, 7*time.Hour + 1, 24 * time.Hour, 100 * time.Hour, 20 * 24 * time.Hour} {
		pass(t, s.sim, d)
		all := noticesOf(t, s.sim)
		for _, n := range all[seen:] {
			if n.Entered {
				members[n.Segment]++
			} else {
				members[n.Segment]--
			}
		}
		seen = len(all)
		for _, def := range generatedSegments {
			if !plain[def.Name] {
				continue
			}
			want, err := s.index.Snapshot().Count(t.Context(), s.query(question{Rule: rule{def.Rule}}))
			require.NoError(t, err)
			got, err := s.sim.live.Len(def.Name)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s at %s", def.Name, s.sim.now())
			require.Equal(t, want, members[def.Name], "%s at %s", def.Name, s.sim.now())
		}
	}
	require.Greater(t, seen, 500)
}

// What the events of a customer add up to is what the index has: nothing is lost and nothing done twice.
func TestSimulationCarriesOutEvents(t *testing.T) {
	s := newServer(t)
	before := s.index.Snapshot()
	ahead := s.sim.ahead
	require.NotEmpty(t, ahead)
	until := s.sim.start.AddDate(0, 0, 40)
	fen, orders := map[int64]int64{}, map[int64]int64{}
	for _, e := range ahead {
		if time.Unix(e.unix, 0).After(until) {
			break
		}
		fen[e.customer] += e.fen
		if e.fen >= 0 {
			orders[e.customer]++
		}
	}
	pass(t, s.sim, until.Sub(s.sim.start))
	after := s.index.Snapshot()
	value := func(s *segment.Snapshot, id customer.ID, tag string) customer.Value {
		v, err := s.Value(t.Context(), id, tag)
		require.NoError(t, err)
		return v
	}
	for id, err := range before.Customers(t.Context()) {
		require.NoError(t, err)
		number, ok := toNumber(nameOf(id))
		require.True(t, ok)
		was, _ := value(before, id, "orders").Int64()
		is, _ := value(after, id, "orders").Int64()
		require.Equal(t, was+orders[number], is, "orders of %d", number)
		require.Equal(t, fenOf(value(before, id, "spend"))+fen[number], fenOf(value(after, id, "spend")), "spend of %d", number)
		tier, _ := value(after, id, "会员等级").Text()
		require.Equal(t, tiers[tierOf(fenOf(value(after, id, "spend")))], tier)
	}
}

// The same notices come whether time passes in one go or in small parts.
func TestSimulationIsDeterministic(t *testing.T) {
	whole, parts := newServer(t).sim, newServer(t).sim
	pass(t, whole, 12*24*time.Hour)
	for steps, end := 0, parts.start.Add(12*24*time.Hour); parts.now().Before(end); steps++ {
		left := 1 + steps%3
		require.NoError(t, parts.advance(t.Context(), parts.now().Add(min(97*time.Minute, end.Sub(parts.now()))), func() bool { left--; return left >= 0 }))
	}
	require.Equal(t, noticesOf(t, whole), noticesOf(t, parts))
	require.Equal(t, whole.counts, parts.counts)
	require.Equal(t, whole.latest, parts.latest)
	require.Len(t, whole.latest, maxLatest)
}

// Sizes stand at distances that hardly differ, however much time has passed, and are those that notices add up to.
func TestSizes(t *testing.T) {
	s := newServer(t).sim
	members := map[string]int{}
	maps.Copy(members, s.sizes[0].members)
	pass(t, s, 30*24*time.Hour)
	all := noticesOf(t, s)
	require.Greater(t, len(s.sizes), maxSizes/3)
	require.LessOrEqual(t, len(s.sizes), maxSizes)
	for i, z := range s.sizes {
		for len(all) > 0 && !all[0].At.After(z.at) {
			if all[0].Entered {
				members[all[0].Segment]++
			} else {
				members[all[0].Segment]--
			}
			all = all[1:]
		}
		require.Equal(t, members, z.members, "at %s", z.at)
		if i > 0 {
			require.Less(t, z.at.Sub(s.sizes[i-1].at), 24*time.Hour)
		}
	}
}

func TestClockStops(t *testing.T) {
	s := newServer(t).sim
	s.ahead = nil
	pass(t, s, 400*24*time.Hour)
	require.True(t, s.now().Equal(s.until))
	pass(t, s, time.Hour)
	require.True(t, s.now().Equal(s.until))
}

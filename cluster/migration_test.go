package cluster

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

func TestMigrate(t *testing.T) {
	m, err := Migrate(
		[]string{"ann", "bob", "cyd", "dee", "eve", "fay"}, []int32{0, 0, 1, 1, 2, -1},
		[]string{"gus", "eve", "cyd", "bob", "ann", "hal", "fay"}, []int32{1, 0, 1, 1, 0, 1, 0},
	)
	require.NoError(t, err)
	before, after := m.Groups()
	require.Equal(t, []int{3, 2}, []int{before, after})
	require.Equal(t, []string{"ann"}, m.Customers(0, 0))
	require.Equal(t, []string{"bob"}, m.Customers(0, 1))
	require.Empty(t, m.Customers(1, 0))
	require.Equal(t, []string{"cyd"}, m.Customers(1, 1))
	require.Equal(t, []string{"dee"}, m.Customers(1, Absent))
	require.Equal(t, []string{"eve"}, m.Customers(2, 0))
	require.Equal(t, []string{"gus", "hal"}, m.Customers(Absent, 1))
	require.Equal(t, []string{"fay"}, m.Customers(Absent, 0))
	require.Empty(t, m.Customers(Absent, Absent))
	require.Zero(t, m.Count(3, 0))
	require.Zero(t, m.Count(0, 2))
	require.InDelta(t, 0.5, m.Rate(0, 1), 1e-15)
	require.InDelta(t, 0.5, m.Rate(1, Absent), 1e-15)
	require.InDelta(t, 2./3, m.Rate(Absent, 1), 1e-15)
	require.Zero(t, m.Rate(7, 0))
	require.InDelta(t, 2./4, m.Stayed(), 1e-15)
}

func TestMigrateNobody(t *testing.T) {
	m, err := Migrate[int](nil, nil, nil, nil)
	require.NoError(t, err)
	require.Zero(t, m.Count(Absent, Absent))
	require.InDelta(t, 1, m.Stayed(), 0)
	require.Panics(t, func() { _, _ = Migrate([]int{1}, nil, nil, nil) })
}

func TestMigrateLargeGroup(t *testing.T) {
	for _, group := range []int32{MaxK, 1 << 30, 1<<31 - 1} {
		_, err := Migrate([]int{1}, []int32{group}, []int{1}, []int32{0})
		require.ErrorContains(t, err, "want at most 4095")
		_, err = Migrate([]int{1}, []int32{0}, []int{1}, []int32{group})
		require.Error(t, err)
	}
	m, err := Migrate([]int{1}, []int32{MaxK - 1}, []int{1}, []int32{0})
	require.NoError(t, err)
	require.Equal(t, []int{1}, m.Customers(MaxK-1, 0))
}

func TestMigrateDuplicateID(t *testing.T) {
	once, twice := []int{1, 2, 3, 4}, []int{1, 2, 1, 1}
	groups := make([]int32, 4)
	for _, ids := range [][2][]int{{once, twice}, {twice, once}} {
		_, err := Migrate(ids[0], groups, ids[1], groups)
		require.ErrorIs(t, err, table.ErrDuplicateID)
		var fault *table.Fault
		require.ErrorAs(t, err, &fault)
		require.Equal(t, []int{2, 2}, []int{fault.Row, fault.Count})
	}
}

// TestMigrationHasEverybodyOnce counts by hand.
func TestMigrationHasEverybodyOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	const ids, k = 500, 4
	group := func() (list []int, labels []int32, of map[int]int) {
		of = map[int]int{}
		for _, id := range random.Perm(ids)[:300] {
			g := random.IntN(k+1) - 1
			list, labels, of[id] = append(list, id), append(labels, int32(g)), g
		}
		return list, labels, of
	}
	before, was, then := group()
	after, is, now := group()
	m, err := Migrate(before, was, after, is)
	require.NoError(t, err)
	seen := map[int]bool{}
	for from := Absent; from < k; from++ {
		for to := Absent; to < k; to++ {
			for _, id := range m.Customers(from, to) {
				require.False(t, seen[id])
				seen[id] = true
				g, there := then[id]
				require.Equal(t, from, map[bool]int{true: g, false: Absent}[there])
				g, there = now[id]
				require.Equal(t, to, map[bool]int{true: g, false: Absent}[there])
			}
		}
	}
	for _, id := range append(before, after...) {
		require.True(t, seen[id])
	}
}

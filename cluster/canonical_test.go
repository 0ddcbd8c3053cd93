package cluster

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalOrderOfRowsBetweenGroups(t *testing.T) {
	values := []float64{0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 100, 100, 100, 100}
	r := newRows(len(values), 1)
	copy(r.blocks, values)
	// The ones are equally near to 0 and to 2, and go to 0, which comes first.
	s := &solution{k: 3, centers: []float64{0, 2, 100}, cutoff: math.Inf(1), label: []int32{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2}}
	m := &Model{k: 3, d: 1}
	a, err := m.take(t.Context(), s, r, 1)
	require.NoError(t, err)
	// That of 2 is the largest even without them, so that it comes first and gets them.
	// Then that of 0 is the smallest.
	require.Equal(t, []float64{2, 100, 0}, m.centers)
	require.Equal(t, []int32{2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, a.Labels)
	require.Equal(t, 1.0, a.Distances[3])
}

func TestCanonicalOrder(t *testing.T) {
	r := newRows(6, 2)
	r.weight, r.total = []float64{1, 1, 1, 1, 4, 2}, 10
	s := &solution{
		k: 4, cutoff: 7,
		centers: []float64{5, 0, 1, 3, 1, 2, 9, 9}, offset: []float64{50, 13, 12, 99},
		label: []int32{0, 0, 1, 1, 3, 2},
	}
	m := &Model{k: 4, d: 2}
	m.settle(s, r)
	require.Equal(t, []float64{9, 9, 1, 2, 1, 3, 5, 0}, m.centers)
	require.Equal(t, []float64{99, 12, 13, 50}, m.offset)
	require.Equal(t, 7.0, m.cutoff)
	require.Equal(t, []float64{5, 0, 1, 3, 1, 2, 9, 9}, s.centers, "what the method found stays")
}

package parallel_test

import (
	"math"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/parallel"
)

func TestForVisitsEveryIndexOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7, 100} {
		for _, n := range []int{0, 1, 5, 1000} {
			seen := make([]atomic.Int32, n)
			parallel.For(workers, n, func(i int) { seen[i].Add(1) })
			for i := range seen {
				require.EqualValues(t, 1, seen[i].Load(), "workers %d, index %d of %d", workers, i, n)
			}
		}
	}
}

func TestRangesCoverWithoutOverlap(t *testing.T) {
	for _, n := range []int{0, 1, 5, 1000, 1 << 20} {
		for _, parts := range []int{1, 2, 3, 64} {
			lo, hi := make([]int, parts), make([]int, parts)
			parallel.Ranges(3, n, parts, func(p, l, h int) { lo[p], hi[p] = l, h })
			require.Zero(t, lo[0])
			require.Equal(t, n, hi[parts-1])
			for p := 1; p < parts; p++ {
				require.Equal(t, hi[p-1], lo[p])
			}
		}
	}
}

func TestWorkers(t *testing.T) {
	require.Equal(t, 3, parallel.Workers(3))
	require.Equal(t, runtime.GOMAXPROCS(0), parallel.Workers(0))
}

func TestWorkersAreNotMany(t *testing.T) {
	require.Equal(t, 1024, parallel.Workers(math.MaxInt))
}

package boost

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTeamVisitsEveryIndexOnce is of loops that follow at once and of some that helpers sleep before.
func TestTeamVisitsEveryIndexOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, workers := range []int{1, 2, 3, 9} {
		team := newTeam(workers)
		require.Equal(t, workers, team.size())
		for round := range 300 {
			if round%100 == 50 {
				time.Sleep(5 * time.Millisecond)
			}
			seen, busy := make([]atomic.Int32, []int{0, 1, 2, 5, 100}[round%5]), make([]atomic.Bool, workers)
			team.run(len(seen), func(worker, i int) {
				if busy[worker].Swap(true) {
					t.Error("two calls at the same time have the same worker")
				}
				seen[i].Add(1)
				busy[worker].Store(false)
			})
			for i := range seen {
				require.EqualValues(t, 1, seen[i].Load(), "workers %d, index %d of %d", workers, i, len(seen))
			}
		}
		team.dismiss()
	}
}

// TestTeamWakesHelpers: a loop that ends only if all workers take part, after all of them slept.
func TestTeamWakesHelpers(t *testing.T) {
	const workers = 4
	team := newTeam(workers)
	defer team.dismiss()
	for range 3 {
		for team.asleep.Load() < workers-1 {
			time.Sleep(time.Millisecond)
		}
		var here atomic.Int32
		team.run(workers, func(int, int) {
			here.Add(1)
			for here.Load() < workers {
				runtime.Gosched()
			}
		})
	}
}

func TestNilTeam(t *testing.T) {
	var team *team
	sum := 0
	team.ranges(10, 3, func(part, lo, hi int) { sum += (hi - lo) * (part + 1) })
	require.Equal(t, 3+3*2+4*3, sum)
}

package boost

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDefaults: with m of the rarer label 4·√m trees from 40 to 200, √m/8 leaves from 4 to 31, and a
// learning rate of 0.05 below an m of 10,000.
func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		rows, trues, rounds, leaves int
		rate                        float64
	}{
		{200, 20, 40, 4, 0.05},
		{200, 180, 40, 4, 0.05},
		{6_000, 1_500, 154, 4, 0.05},
		{12_000, 6_000, 200, 9, 0.05},
		{19_998, 9_999, 200, 12, 0.05},
		{20_000, 10_000, 200, 12, 0.1},
		{1_000_000, 100, 40, 4, 0.05},
		{1_000_000, 400_000, 200, 31, 0.1},
		{1_000_000, 999_900, 40, 4, 0.05},
	} {
		t.Run(fmt.Sprintf("%d of %d rows", c.trues, c.rows), func(t *testing.T) {
			f := &fitting{objective: Logistic{}, train: &rowsOf{n: c.rows, target: make([]float64, c.rows)}}
			for row := range c.trues {
				f.train.target[row] = 1
			}
			require.NoError(t, f.train.weigh())
			o := (&Options{}).settled(f.rarer(), f.objective)
			require.Equal(t, c.rounds, o.Rounds)
			require.Equal(t, c.leaves, o.MaxLeaves)
			require.Equal(t, c.rate, o.LearningRate)
			require.Equal(t, 1.0, o.L2)
			require.Equal(t, 20.0, o.MinLeaf)
			o = (&Options{Later: &Slice{}}).settled(f.rarer(), f.objective)
			require.Equal(t, 1000, o.Rounds)
			require.Equal(t, int(2/c.rate), o.Patience)
			asked := Options{Rounds: 7, LearningRate: 0.3, MaxLeaves: 5, L2: 2, MinLeaf: 3}
			o = asked.settled(f.rarer(), f.objective)
			require.Equal(t, asked, Options{Rounds: o.Rounds, LearningRate: o.LearningRate, MaxLeaves: o.MaxLeaves, L2: o.L2, MinLeaf: o.MinLeaf})
			f.objective = SquaredError{}
			require.Equal(t, float64(c.rows)/4, f.rarer())
			require.Zero(t, (&Options{}).settled(f.rarer(), f.objective).L2)
		})
	}
}

package boost

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// TestPlantEqualsBruteForce looks at each node of trees that may ask about all columns: its
// question gains as much as the best of all thresholds, over the copies of its rows, and a node
// without one has none.
func TestPlantEqualsBruteForce(t *testing.T) {
	const rows, least = 250, 4
	r := rand.New(rand.NewPCG(9, 9))
	x, target := make([][]float64, 3), make([]float64, rows)
	tab := &table.Table[int]{}
	for i := range x {
		x[i] = make([]float64, rows)
		for row := range x[i] {
			x[i][row] = math.Floor(60 * r.Float64())
		}
		tab.Columns = append(tab.Columns, table.NumberColumn(string(rune('a'+i)), x[i]...))
	}
	for row := range target {
		if x[0][row]+x[1][row] > 40+40*r.Float64() {
			target[row] = 1
		}
	}
	f, _, err := begin(t.Context(), tab, target, SquaredError{}, &Options{MaxLeaves: 4096, MinLeaf: least})
	require.NoError(t, err)
	f.copies = mostCopies
	require.NoError(t, f.prepare())
	f.train.start(0)
	require.NoError(t, f.derive())
	p := f.newPlanter()
	for range 10 {
		p.draw(r)
		nodes, asked := p.plant(r, 3), 0
		in := make([][]int32, len(nodes)) // rows of nodes
		for row, copies := range p.copies {
			if copies > 0 {
				in[0] = append(in[0], int32(row))
			}
		}
		worth := func(rows []int32) float64 {
			g, h := 0.0, 0.0
			for _, row := range rows {
				g += float64(p.copies[row]) * target[row]
				h += float64(p.copies[row])
			}
			return g * g / h
		}
		for at := range nodes {
			n, best := &nodes[at], 0.0
			split := func(column int, upTo float64) (left, right []int32) {
				for _, row := range in[at] {
					if x[column][row] <= upTo {
						left = append(left, row)
					} else {
						right = append(right, row)
					}
				}
				return left, right
			}
			for column := range x {
				for upTo := range 60 {
					if left, right := split(column, float64(upTo)); min(len(left), len(right)) >= least {
						best = max(best, worth(left)+worth(right)-worth(in[at]))
					}
				}
			}
			require.InDelta(t, float64(len(in[at])), n.weight, 1e-9)
			if n.column < 0 {
				require.InDelta(t, 0, best, 1e-9)
				continue
			}
			asked++
			require.InDelta(t, best, n.gain, 1e-9)
			in[n.left], in[n.right] = split(n.column, f.binnings[n.column].upper[n.bin])
		}
		require.Greater(t, asked, 10)
	}
}

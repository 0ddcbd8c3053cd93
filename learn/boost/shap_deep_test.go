package boost

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// shapChain returns a tree of which each question leads to a leaf on one side, over columns in
// turn; the side of the chain has a share of the rows.
func shapChain(r *rand.Rand, columns, depth int, share func(i int) float64) *Model {
	m := &Model{}
	for i := range columns {
		m.columns = append(m.columns, feature.New(fmt.Sprint(i), table.Number, nil))
	}
	tree, cover := []drawing{}, 1.0
	for i := range depth {
		tree = append(tree, drawing{fact: fact{cover: cover}, column: i % columns, upTo: -float64(i), left: 2*i + 1, right: 2*i + 2},
			drawing{fact: fact{cover: cover * (1 - share(i)), value: r.NormFloat64()}, column: -1})
		cover *= share(i)
	}
	m.place(append(tree, drawing{fact: fact{cover: cover, value: r.NormFloat64()}, column: -1}))
	return m
}

// shapSizes returns the contributions of a model in which no path repeats a column, by the
// definition, with the sets of other columns taken together by their size: all terms have one
// sign, so that nothing is lost.
func shapSizes(m *Model, row []float64) []float64 {
	values := make([]float64, len(row))
	type factor struct {
		column int32
		z, o   float64 // what an unknown and a known column give
	}
	var visit func(i int32, path []factor)
	visit = func(i int32, path []factor) {
		n := &m.nodes[i]
		if !m.isLeaf(i) {
			for child := n.child; child < n.child+2; child++ {
				f := factor{column: n.column, z: m.facts[child].cover / (m.facts[n.child].cover + m.facts[n.child+1].cover)}
				if m.step(i, row) == child {
					f.o = 1
				}
				visit(child, append(path[:len(path):len(path)], f))
			}
			return
		}
		for j, own := range path {
			sets := []float64{1} // Σ over sets of a size
			for k, f := range path {
				if k == j {
					continue
				}
				sets = append(sets, 0)
				for size := len(sets) - 1; size >= 0; size-- {
					if sets[size] *= f.z; size > 0 {
						sets[size] += sets[size-1] * f.o
					}
				}
			}
			share := 1 / float64(len(path)) // size!·(d-1-size)!/d!
			for size, sum := range sets {
				values[own.column] += m.facts[i].value * (own.o - own.z) * sum * share
				share *= float64(size+1) / float64(max(1, len(path)-1-size))
			}
		}
	}
	visit(m.roots[0], nil)
	return values
}

// TestDeepTrees: 50 questions one after the other, of which a product of shares is far below the
// smallest number, and the extending and unwinding of paths would lose all digits.
func TestDeepTrees(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, share := range map[string]func(i int) float64{
		"halves":   func(int) float64 { return 0.5 },
		"tiny":     func(int) float64 { return 1e-5 },
		"nearly 1": func(int) float64 { return 1 - 1e-9 },
		"mixed":    func(i int) float64 { return []float64{1e-12, 0.999999, 0.3, 1e-3}[i%4] },
	} {
		for _, columns := range []int{50, 7, 1} {
			t.Run(fmt.Sprint(name, " ", columns), func(t *testing.T) {
				m, sizes := shapChain(r, columns, 50, share), 0.0
				for _, f := range m.facts {
					sizes += math.Abs(f.value)
				}
				for turn := range 6 {
					row := make([]float64, columns)
					for i := range row {
						row[i] = -50 * r.Float64()
						if turn%2 == 0 || r.IntN(20) == 0 {
							row[i] = math.Inf(1 - 2*r.IntN(2)*(turn%3))
						}
					}
					got, base := m.Contributions(nil, row)
					if columns == 50 {
						require.InDeltaSlice(t, shapSizes(m, row), got, 1e-13*sizes)
					}
					square, _ := m.Interactions(nil, row)
					for i, phi := range got {
						base += phi
						sum := 0.0
						for _, v := range square[i*columns : (i+1)*columns] {
							sum += v
							require.LessOrEqual(t, math.Abs(v), 2*sizes)
						}
						require.InDelta(t, phi, sum, 1e-12*sizes)
					}
					require.InDelta(t, m.LogOdds(row), base, 1e-12*sizes)
				}
			})
		}
	}
}

// TestMoreColumnsThanBits of a path, and as many rows as a memo does not hold: both ways through a
// background give the same.
func TestMoreColumnsThanBits(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, columns := range []int{3, 30, 56, 57, 120} {
		m := shapChain(r, columns, 130, func(int) float64 { return 0.5 })
		draw := func(n int) [][]float64 {
			rows := make([][]float64, n)
			for i := range rows {
				for range columns {
					rows[i] = append(rows[i], -400*math.Pow(r.Float64(), 4))
				}
			}
			return rows
		}
		rows, background := draw(40), draw(20)
		values, base, err := Shapley(t.Context(), m, shapTable(m, rows), &ShapleyOptions{Background: shapTable(m, background).Columns})
		require.NoError(t, err)
		b, err := newBackground(m, shapTable(m, background).Columns, nil)
		require.NoError(t, err)
		for i, row := range rows {
			want, sum := make([]float64, columns), base
			b.newPairs(&m.known().trees[0]).add(want, row)
			for k, v := range values[i*columns : (i+1)*columns] {
				require.InDelta(t, want[k], v, 1e-12)
				sum += v
			}
			require.InDelta(t, m.LogOdds(row), sum, 1e-12)
		}
		if columns > maxBits {
			continue
		}
		split := b.newSplit(&m.known().trees[0], 1)
		small := split.newMemo(1) // of two rows a leaf
		for i, row := range rows {
			got := make([]float64, columns)
			small.add(got, row)
			require.Equal(t, values[i*columns:(i+1)*columns], got)
		}
	}
}

// TestEnoughPoints: the integrals of t^a·(1-t)^b, b of them with a binomial coefficient, which are
// 1/(d+1), for the longest paths, and weights of a sum of 1.
func TestEnoughPoints(t *testing.T) {
	for _, d := range []int{1, 7, 8, 9, 43, 44, 45, 50, 64, 100, 1000, 10_000} {
		points := quadrature(enoughPoints(d))
		for _, b := range []int{0, d / 3, d / 2, d - 1} {
			coefficient := 0.0 // its logarithm
			for k := 1; k <= b; k++ {
				coefficient += math.Log(float64(d-1-b+k) / float64(k))
			}
			sum := 0.0
			for _, p := range points {
				sum += p.weight * math.Exp(coefficient+float64(d-1-b)*math.Log(p.at)+float64(b)*math.Log(p.rest))
			}
			require.InDelta(t, 1/float64(d), sum, 1e-13)
		}
	}
}

// TestPairsOfAnyTree: both ways through a background give the same also where a path repeats
// columns and asks about categories.
func TestPairsOfAnyTree(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 30 {
		m := shapModel(r, 1+r.IntN(8), 1, 1+r.IntN(60))
		b := &background{m: m, shares: m.known()}
		for range 5 {
			b.rows, b.weights = append(b.rows, shapRow(r, m)...), append(b.weights, 0.2)
		}
		tree := &b.shares.trees[0]
		memo, pairs := b.newSplit(tree, 1).newMemo(9), b.newPairs(tree)
		for range 9 {
			row := shapRow(r, m)
			want, got := make([]float64, len(row)), make([]float64, len(row))
			memo.add(want, row)
			pairs.add(got, row)
			require.InDeltaSlice(t, want, got, 1e-12)
		}
	}
}

// TestDeepPairs: a row goes to the end of a chain and the background off it at once, so that to
// the leaf of question i come i columns of the row and one of the background. Neither the stack nor
// the time is that of a call for each question, or of i columns for each leaf.
func TestDeepPairs(t *testing.T) {
	const depth = 20_000
	defer debug.SetMaxStack(debug.SetMaxStack(1 << 20))
	m := shapChain(rand.New(rand.NewPCG(6, 6)), depth, depth, func(int) float64 { return 0.5 })
	row, other := make([]float64, depth), make([]float64, depth)
	for i := range row {
		row[i], other[i] = 1, -2*depth
	}
	values, base, err := Shapley(t.Context(), m, shapTable(m, [][]float64{row}), &ShapleyOptions{Background: shapTable(m, [][]float64{other}).Columns})
	require.NoError(t, err)
	leaf := func(i int) float64 { return m.facts[2*i+1].value }
	require.Equal(t, leaf(0), base)
	rest := m.LogOdds(row) / depth
	for i := depth - 1; i >= 0; i-- {
		require.InDelta(t, rest-leaf(i)/float64(i+1), values[i], 1e-12)
		if i > 0 {
			rest += leaf(i) / float64(i) / float64(i+1)
		}
	}
}

// TestHostileTrees: what a file of a few hundred kilobytes may ask for takes no more than
// O(nodes·√columns) of time and O(nodes + columns) of memory.
func TestHostileTrees(t *testing.T) {
	const n = 3000
	var columns, nodes []string
	for i := range n {
		columns = append(columns, fmt.Sprintf(`{"name":"%d","kind":"number"}`, i))
		nodes = append(nodes, fmt.Sprintf(`{"value":0,"cover":%g,"ask":{"column":%d,"up_to":0,"gain":1}},{"value":1,"cover":1e-300}`, 1.0, i))
	}
	text := fmt.Sprintf(`{"version":1,"kind":"boost.Model","logistic":true,"base":0,"columns":[%s],"trees":[[%s,{"value":1e60,"cover":1}]]}`,
		strings.Join(columns, ","), strings.Join(nodes, ","))
	var m Model
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	row := make([]float64, n)
	row[7] = 1
	start := time.Now()
	got, base := m.Contributions(nil, row)
	for _, phi := range got {
		base += phi
	}
	require.InDelta(t, m.LogOdds(row), base, 1e-9*1e60)
	_, _, err := Shapley(t.Context(), &m, shapTable(&m, [][]float64{row}), &ShapleyOptions{Background: shapTable(&m, [][]float64{make([]float64, n)}).Columns})
	require.NoError(t, err)
	require.Less(t, time.Since(start), 20*time.Second)
}

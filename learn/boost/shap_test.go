package boost

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

// shapModel returns a model of random trees over columns of which every third is a category,
// with repeated columns, nodes without cover, missing values to both sides.
func shapModel(r *rand.Rand, columns, trees, leaves int) *Model {
	m := &Model{base: r.NormFloat64()}
	for i := range columns {
		c := feature.New(fmt.Sprint(i), table.Number, nil)
		if i%3 == 2 {
			var levels []string
			for level := range 1 + r.IntN(90) {
				levels = append(levels, fmt.Sprint(level))
			}
			c = feature.New(fmt.Sprint(i), table.Category, levels)
		}
		m.columns = append(m.columns, c)
	}
	for range trees {
		m.place(shapTree(r, m, leaves))
	}
	return m
}

func shapTree(r *rand.Rand, m *Model, leaves int) []drawing {
	tree := []drawing{{fact: fact{cover: 1000, value: r.NormFloat64()}, column: -1}}
	for leaf := []int{0}; len(leaf) < leaves && len(m.columns) > 0; {
		i := r.IntN(len(leaf))
		at := leaf[i]
		left := math.Floor(tree[at].cover * r.Float64())
		d := drawing{fact: fact{cover: tree[at].cover}, column: r.IntN(len(m.columns)), missing: r.IntN(2) == 0, left: len(tree), right: len(tree) + 1}
		if c := m.columns[d.column]; c.Kind == table.Number {
			d.upTo = math.Floor(4 * r.Float64())
			if r.IntN(9) == 0 {
				d.upTo = math.Inf(1)
			}
		} else {
			d.set = make([]uint64, setWords(len(c.Levels)))
			for level := range c.Levels {
				d.set[level/64] |= uint64(r.IntN(2)) << (level % 64)
			}
		}
		tree[at] = d
		tree = append(tree, drawing{fact: fact{cover: left, value: r.NormFloat64()}, column: -1},
			drawing{fact: fact{cover: d.cover - left, value: r.NormFloat64()}, column: -1})
		leaf[i] = len(tree) - 1
		leaf = append(leaf, len(tree)-2)
	}
	return tree
}

func shapRow(r *rand.Rand, m *Model) []float64 {
	row := make([]float64, len(m.columns))
	for i := range row {
		row[i] = math.Floor(5 * r.Float64())
		if c := m.columns[i]; c.Kind == table.Category {
			row[i] = float64(r.IntN(len(c.Levels)+2) - 1)
		}
		if r.IntN(5) == 0 {
			row[i] = math.NaN()
		}
	}
	return row
}

// shapValue is the score where the columns of a set are known.
func shapValue(m *Model, row []float64, known uint) float64 {
	var value func(i int32) float64
	value = func(i int32) float64 {
		n := &m.nodes[i]
		if m.isLeaf(i) {
			return m.facts[i].value
		} else if known>>n.column&1 == 1 {
			return value(m.step(i, row))
		}
		l, r := m.facts[n.child].cover, m.facts[n.child+1].cover
		if l+r == 0 {
			l, r = 1, 1
		}
		return (l*value(n.child) + r*value(n.child+1)) / (l + r)
	}
	sum := m.base
	for _, root := range m.roots {
		sum += value(root)
	}
	return sum
}

// shapley returns the Shapley values and interaction indices of a game by their
// definitions.
func shapley(players int, value func(set uint) float64) (values, interactions []float64) {
	v := make([]float64, 1<<players)
	for set := range v {
		v[set] = value(uint(set))
	}
	factorial := func(n int) float64 { return math.Round(math.Gamma(float64(n + 1))) }
	values, interactions = make([]float64, players), make([]float64, players*players)
	for set := range uint(len(v)) {
		s := bits.OnesCount(set)
		for i := range players {
			if set>>i&1 == 1 {
				continue
			}
			one := set | 1<<i
			values[i] += factorial(s) * factorial(players-s-1) / factorial(players) * (v[one] - v[set])
			for j := range players {
				if two := set | 1<<j; j != i && two != set {
					interactions[i*players+j] += factorial(s) * factorial(players-s-2) / factorial(players-1) / 2 * (v[one|1<<j] - v[one] - v[two] + v[set])
				}
			}
		}
	}
	for i := range players {
		rest := values[i]
		for j := range players {
			rest -= interactions[i*players+j]
		}
		interactions[i*players+i] = rest
	}
	return values, interactions
}

func TestContributionsEqualSubsets(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		columns := r.IntN(9)
		if seed%20 == 0 {
			columns = 12
		}
		m := shapModel(r, columns, r.IntN(4), 1+r.IntN(40))
		for range 4 {
			row := shapRow(r, m)
			want, pairs := shapley(len(row), func(set uint) float64 { return shapValue(m, row, set) })
			got, base := m.Contributions([]float64{7}, row)
			require.InDelta(t, shapValue(m, row, 0), base, 1e-12)
			require.Equal(t, 7.0, got[0])
			require.InDeltaSlice(t, append([]float64{7}, want...), got, 1e-12)
			square, _ := m.Interactions(nil, row)
			require.InDeltaSlice(t, pairs, square, 1e-12)
			for _, phi := range got {
				base += phi
			}
			require.InDelta(t, m.LogOdds(row)+7, base, 1e-12)
		}
	}
}

// TestAxioms: columns that play the same part get the same, one that changes nothing gets
// nothing, and a sum of trees gets the sum.
func TestAxioms(t *testing.T) {
	half := func(value float64) drawing { return drawing{fact: fact{value: value, cover: 25}, column: -1} }
	ask := func(column, left int, cover float64) drawing {
		return drawing{fact: fact{cover: cover}, column: column, left: left, right: left + 1}
	}
	m := &Model{base: 1, columns: feature.Columns{feature.New("a", table.Number, nil), feature.New("b", table.Number, nil), feature.New("dummy", table.Number, nil)}}
	and := []drawing{ask(0, 1, 100), ask(1, 3, 50), ask(1, 5, 50), half(0), half(0), half(0), half(8)}
	m.place(and)
	got, base := m.Contributions(nil, []float64{1, 1, 1})
	require.Equal(t, 3.0, base)
	require.InDeltaSlice(t, []float64{3, 3, 0}, got, 1e-14) // (8-4 + 4-2)/2
	square, _ := m.Interactions(nil, []float64{1, 1, 1})
	require.InDeltaSlice(t, []float64{2, 1, 0, 1, 2, 0, 0, 0, 0}, square, 1e-14) // (8-4-4+2)/2
	m.place([]drawing{ask(2, 1, 50), half(5), half(5)})
	m.place(and)
	got, base = m.Contributions(nil, []float64{1, 1, 1})
	require.Equal(t, 10.0, base)
	require.InDeltaSlice(t, []float64{6, 6, 0}, got, 1e-14)
	none := &Model{base: 2, columns: m.columns}
	got, base = none.Contributions(nil, []float64{1, 1, 1})
	require.Equal(t, 2.0, base)
	require.Equal(t, []float64{0, 0, 0}, got)
}

func TestContributionsOfManyAtOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	m := shapModel(r, 12, 20, 30)
	row := shapRow(r, m)
	want, _ := m.Contributions(nil, row)
	m.place(shapTree(r, m, 1)) // not looked at before
	pairs := make([][]float64, 8)
	parallel.For(8, len(pairs), func(i int) {
		got, _ := m.Contributions(nil, row)
		require.InDeltaSlice(t, want, got, 1e-15)
		pairs[i], _ = m.Interactions(nil, row)
	})
	for _, p := range pairs {
		require.Equal(t, pairs[0], p)
	}
	dst, square := make([]float64, 0, 12), make([]float64, 0, 144)
	if !race.Enabled {
		require.Less(t, testing.AllocsPerRun(100, func() { m.Contributions(dst, row); m.Interactions(square, row) }), 1.0)
	}
}

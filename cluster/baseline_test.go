package cluster

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// baselineRows are n rows with labels, distances and weights.
func baselineRows(n int, seed uint64) (columns []table.Column, labels []int32, distances, weights []float64) {
	random := rand.New(rand.NewPCG(seed, 1))
	number, ties, level := make([]float64, n), make([]float64, n), make([]string, n)
	labels, distances, weights = make([]int32, n), make([]float64, n), make([]float64, n)
	for i := range n {
		number[i], ties[i] = random.NormFloat64(), float64(random.IntN(4))
		if random.IntN(10) == 0 {
			ties[i] = math.NaN()
		}
		level[i] = []string{"", "east", "east", "west", "north"}[random.IntN(5)]
		labels[i], distances[i], weights[i] = random.Int32N(3), random.ExpFloat64(), random.Float64()
		if random.IntN(8) == 0 {
			weights[i] = 0
		}
	}
	columns = []table.Column{
		table.NumberColumn("number", number...), table.NumberColumn("ties", ties...), table.CategoryColumn("level", level...),
	}
	return columns, labels, distances, weights
}

func TestBaselineByHand(t *testing.T) {
	columns := []table.Column{
		table.NumberColumn("spend", 1, 2, math.NaN(), 4),
		table.CategoryColumn("city", "b", "a", "", "b"),
	}
	b := newBaseline(columns, []int32{0, 1, 0, 0}, []float64{1, 2, 3, 4}, nil, nil, 2, 1)
	require.Equal(t, baseline{
		Rows: 4, Size: 4, Sample: 4, Shares: []float64{0.75, 0.25}, Far: []float64{0, 0},
		Distance: bins{
			Kind: "number", Edges: score.Bins{math.Nextafter(1, 0), 1, 2, 3, 4},
			Shares: []float64{0, 0.25, 0.25, 0.25, 0.25, 0, 0},
		},
		Columns: []bins{
			{
				Name: "spend", Kind: "number", Edges: score.Bins{math.Nextafter(1, 0), 1, 2, 4},
				Shares: []float64{0, 0.25, 0.25, 0.25, 0, 0.25},
			},
			{Name: "city", Kind: "category", Shares: []float64{0.75, 0.25}},
		},
	}, b)
}

func TestBaselineDoesNotDependOnTheOrder(t *testing.T) {
	for _, n := range []int{500, baselineSample + 5000} {
		columns, labels, distances, weights := baselineRows(n, 51)
		for _, w := range [][]float64{nil, weights} {
			want := newBaseline(columns, labels, distances, w, nil, 3, 1)
			order := rand.New(rand.NewPCG(52, 1)).Perm(n) // canonical row i is row order[i] of the table
			shuffled := slices.Clone(columns)
			var l2 []int32
			var d2, w2 []float64
			back := make([]int, n)
			for i, row := range order {
				back[row] = i
			}
			for i := range shuffled {
				shuffled[i].Num, shuffled[i].Code = nil, nil
				for _, row := range back {
					if columns[i].Kind == table.Number {
						shuffled[i].Num = append(shuffled[i].Num, columns[i].Num[row])
					} else {
						shuffled[i].Code = append(shuffled[i].Code, columns[i].Code[row])
					}
				}
			}
			for _, row := range back {
				l2, d2 = append(l2, labels[row]), append(d2, distances[row])
				if w != nil {
					w2 = append(w2, w[row])
				}
			}
			require.Equal(t, want, newBaseline(shuffled, l2, d2, w2, order, 3, 2))
		}
	}
}

func TestBaselineWeightIsRepetition(t *testing.T) {
	columns, labels, distances, _ := baselineRows(300, 53)
	random := rand.New(rand.NewPCG(54, 1))
	weights := make([]float64, 300)
	var rows []int
	for i := range weights {
		weights[i] = float64(random.IntN(4))
		for range int(weights[i]) {
			rows = append(rows, i)
		}
	}
	repeated := (&table.Table[int]{Columns: columns}).Take(rows)
	got := newBaseline(columns, labels, distances, weights, nil, 3, 1)
	var l2 []int32
	var d2 []float64
	for _, row := range rows {
		l2, d2 = append(l2, labels[row]), append(d2, distances[row])
	}
	want := newBaseline(repeated.Columns, l2, d2, nil, nil, 3, 1)
	require.Less(t, got.Size, want.Size, "repeated rows tell nothing new")
	got.Rows, got.Size, got.Sample = want.Rows, want.Size, want.Sample
	require.Equal(t, want, got)
}

func TestBaselineSample(t *testing.T) {
	columns, labels, distances, weights := baselineRows(100_000, 55)
	b := newBaseline(columns, labels, distances, nil, nil, 3, 0)
	require.InDelta(t, 100_000, b.Size, 0)
	require.InDelta(t, baselineSample, b.Sample, 0)
	require.Len(t, b.Columns[0].Edges, 9)
	for i, edge := range b.Columns[0].Edges {
		normal := math.Sqrt2 * math.Erfinv(2*float64(i+1)/10-1)
		require.InDelta(t, normal, edge, 0.04, "deciles of the normal distribution")
		require.InDelta(t, 0.1, b.Columns[0].Shares[i], 1e-4)
	}
	require.InDelta(t, -math.Log(0.01), b.Distance.last(), 0.2, "of the exponential distribution")
	far := 0.0
	for g := range b.Shares {
		far += b.Shares[g] * b.Far[g]
	}
	require.InDelta(t, 0.01, far, 0.002)
	require.InDelta(t, 0.4, b.Columns[2].Shares[0], 0.01)
	require.Equal(t, "east", b.Columns[2].Levels[0])

	weighted := newBaseline(columns, labels, distances, weights, nil, 3, 0)
	require.InDelta(t, 100_000*7./8*3/4, weighted.Size, 1000, "uniform weights are worth 3/4")
	require.InDelta(t, baselineSample*3./4, weighted.Sample, 300)
	clear(weights)
	weights[17] = 2
	one := newBaseline(columns, labels, distances, weights, nil, 3, 0)
	require.InDelta(t, 1, one.Size, 1e-12)
	require.NoError(t, one.validate(3))
}

func TestBaselineManyLevels(t *testing.T) {
	var levels []string
	for i := range 80 {
		for range baselineShared + i {
			levels = append(levels, fmt.Sprintf("level %02d", i))
		}
	}
	n := len(levels)
	c := table.CategoryColumn("level", levels...)
	b := newBaseline([]table.Column{c}, make([]int32, n), make([]float64, n), nil, nil, 1, 1)
	require.Len(t, b.Columns[0].Levels, baselineLevels)
	require.Equal(t, "level 79", b.Columns[0].Levels[0])
	require.InDelta(t, (30*29/2+30*baselineShared)/float64(n), b.Columns[0].Shares[baselineLevels], 1e-12)
	require.NoError(t, b.validate(1))
}

// TestBaselineRareLevels has a column that is different in nearly every row.
func TestBaselineRareLevels(t *testing.T) {
	var addresses []string
	for i := range 100 {
		addresses = append(addresses, fmt.Sprintf("customer%d@example.org", i))
	}
	for range baselineShared {
		addresses = append(addresses, "shop@example.org")
	}
	n := len(addresses)
	c := table.CategoryColumn("address", addresses...)
	b := newBaseline([]table.Column{c}, make([]int32, n), make([]float64, n), nil, nil, 1, 1)
	require.Equal(t, []string{"shop@example.org"}, b.Columns[0].Levels)
	require.InDelta(t, 100/float64(n), b.Columns[0].Shares[1], 1e-12)
	require.NoError(t, b.validate(1))
}

func TestBaselineValidate(t *testing.T) {
	columns, labels, distances, _ := baselineRows(500, 56)
	text, err := json.Marshal(newBaseline(columns, labels, distances, nil, nil, 3, 1))
	require.NoError(t, err)
	var read baseline
	require.NoError(t, json.Unmarshal(text, &read))
	require.NoError(t, read.validate(3))
	require.Equal(t, newBaseline(columns, labels, distances, nil, nil, 3, 1), read)
	for name, spoil := range map[string]func(b *baseline){
		"no rows":             func(b *baseline) { b.Rows = 0 },
		"size above rows":     func(b *baseline) { b.Size = 501 },
		"size not a number":   func(b *baseline) { b.Size = math.NaN() },
		"sample":              func(b *baseline) { b.Sample = 0 },
		"a group too few":     func(b *baseline) { b.Shares = b.Shares[1:] },
		"shares not whole":    func(b *baseline) { b.Shares[0] /= 2 },
		"negative share":      func(b *baseline) { b.Shares[0], b.Shares[1] = -0.1, b.Shares[0]+b.Shares[1]+0.1 },
		"far":                 func(b *baseline) { b.Far[1] = 2 },
		"far of other groups": func(b *baseline) { b.Far = append(b.Far, 0) },
		"distance kind":       func(b *baseline) { b.Distance.Kind = "category" },
		"distance edges":      func(b *baseline) { b.Distance = bins{Kind: "number", Shares: []float64{1, 0}} },
		"edges not ascending": func(b *baseline) { b.Columns[0].Edges[3] = b.Columns[0].Edges[2] },
		"edge infinite":       func(b *baseline) { b.Columns[0].Edges[8] = math.Inf(1) },
		"a bin too few":       func(b *baseline) { b.Columns[0].Edges = b.Columns[0].Edges[1:] },
		"levels of a number":  func(b *baseline) { b.Columns[0].Levels = []string{"a"} },
		"edges of a category": func(b *baseline) { b.Columns[2].Edges = score.Bins{1} },
		"a level twice":       func(b *baseline) { b.Columns[2].Levels[1] = b.Columns[2].Levels[0] },
		"kind":                func(b *baseline) { b.Columns[0].Kind = "text" },
		"no name":             func(b *baseline) { b.Columns[0].Name = "" },
		"a name twice":        func(b *baseline) { b.Columns[0].Name = b.Columns[1].Name },
	} {
		t.Run(name, func(t *testing.T) {
			var b baseline
			require.NoError(t, json.Unmarshal(text, &b))
			spoil(&b)
			require.ErrorIs(t, b.validate(3), errBaseline)
		})
	}
}

// TestDriftOfOtherKind has a baseline that says of a column another kind than its feature.
func TestDriftOfOtherKind(t *testing.T) {
	columns, labels, distances, _ := baselineRows(50, 58)
	m := &Model{features: []feature{{Name: "level", Number: &number{}}, {Name: "number", Category: &category{}}, {Name: "ties", Number: &number{}}}}
	m.baseline = newBaseline(columns, labels, distances, nil, nil, 3, 1)
	d := newDrift(m, columns, 50, nil, nil)
	require.Len(t, d.columns, 3)
	for i := range d.columns {
		require.Zero(t, d.shift(&d.columns[i]).PSI)
	}
	columns[0].Name, columns[2].Name = columns[2].Name, columns[0].Name
	require.Len(t, newDrift(m, columns, 50, nil, nil).columns, 1, "kinds that differ are not compared")
}

// TestBaselineOfTinyWeights has weights of which a tenth is 0.
func TestBaselineOfTinyWeights(t *testing.T) {
	columns, labels, distances, weights := baselineRows(20, 59)
	for i := range weights {
		weights[i] = 5e-324
	}
	b := newBaseline(columns, labels, distances, weights, nil, 3, 1)
	require.NoError(t, b.validate(3))
	require.InDelta(t, 20, b.Size, 1e-9)
}

// TestBaselineUsed leaves out a column that the model does not have.
func TestBaselineUsed(t *testing.T) {
	columns, _, _, _ := baselineRows(20, 60)
	m := &Model{features: []feature{{Name: "level"}, {Name: "number"}}}
	used := m.used(columns)
	require.Len(t, used, 2)
	require.Equal(t, "number", used[0].Name)
	require.Equal(t, "level", used[1].Name)
}

func TestSamplingSize(t *testing.T) {
	for _, scale := range []float64{1, 1e-200, 1e90} {
		all, _ := newSampling(4, []float64{scale, 0, 3 * scale, 2 * scale}, nil)
		require.InDelta(t, 36./14, all.size(), 1e-12)
	}
}

func FuzzBaseline(f *testing.F) {
	columns, labels, distances, weights := baselineRows(50, 57)
	text, err := json.Marshal(newBaseline(columns, labels, distances, weights, nil, 3, 1))
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"rows":1,"size":1,"shares":[1,0,0],"far":[0,0,0],"sample":1,"distance":{"kind":"number","edges":[0],"shares":[1,0,0]},"columns":[]}`))
	f.Add([]byte(`{"rows":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var b baseline
		if json.Unmarshal(text, &b) != nil || b.validate(3) != nil {
			return
		}
		// What is accepted can be compared with any rows.
		d := &drift{base: &b}
		d.all, d.sample = newSampling(50, nil, nil)
		for i := range b.Columns {
			c := &columns[0]
			if b.Columns[i].Kind == table.Category.String() {
				c = &columns[2]
			}
			s := d.shift(&driftColumn{base: &b.Columns[i], now: c})
			require.False(t, math.IsNaN(s.PSI) || math.IsNaN(s.P) || s.PSI < 0)
		}
		d.groups(&DriftReport{}, &Assignment{Labels: labels, Distances: distances})
	})
}

func BenchmarkBaseline(b *testing.B) {
	const n, d, k = 1_000_000, 8, 8
	random := rand.New(rand.NewPCG(1, 2))
	columns := make([]table.Column, d)
	for j := range columns {
		columns[j] = table.NumberColumn(string(rune('a'+j)), make([]float64, n)...)
		for i := range n {
			columns[j].Num[i] = random.NormFloat64()
		}
	}
	labels, distances := make([]int32, n), make([]float64, n)
	for i := range n {
		labels[i], distances[i] = random.Int32N(k), random.ExpFloat64()
	}
	order := random.Perm(n)
	for b.Loop() {
		newBaseline(columns, labels, distances, nil, order, k, parallel.Workers(0))
	}
}

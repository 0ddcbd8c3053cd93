package boost_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// seeded is the generator of testdata/auc.py.
func seeded(n int, seed uint64) []float64 {
	u := make([]float64, n)
	for i := range u {
		s := (uint64(i+1) + seed<<32) * 0x9E3779B97F4A7C15
		s = (s ^ s>>30) * 0xBF58476D1CE4E5B9
		s = (s ^ s>>27) * 0x94D049BB133111EB
		u[i] = float64((s^s>>31)>>40) / (1 << 24)
	}
	return u
}

// worlds are the formulas of testdata/auc.py: how many numbers a row is made of, how many columns
// it has, and its log-odds.
var worlds = map[string]struct {
	width, columns int
	seed           uint64
	row            func(u, x []float64) float64
}{
	"uniform": {11, 10, 0, func(u, x []float64) float64 {
		copy(x, u)
		z := 6*(u[0]-0.5)*(u[0]-0.5) + 3*u[1]*u[2] - 2*u[4] + math.Abs(u[5]-u[6]) - 1
		if u[3] > 0.7 {
			z++
		}
		return z
	}},
	"bell": {85, 28, 1000, func(u, x []float64) float64 {
		for i := range x {
			x[i] = single((u[3*i] + u[3*i+1] + u[3*i+2] - 1.5) * 2)
		}
		z := 1.2*math.Sin(2*x[0]) + math.Abs(x[2]) - 1 + 0.5*x[3] + 0.4*max(x[6], x[7])
		if x[4] > 0.5 {
			z += x[5]
		}
		return z
	}},
	// Zeros, long tails, prices, a value that is often the same, missing values, counts.
	"spend": {14, 10, 2000, func(u, x []float64) float64 {
		if x[0] = single(1 / (1.0001 - u[1])); u[0] < 0.4 {
			x[0] = 0
		}
		x[1] = single(1 / (1.00001 - u[2]))
		x[2] = math.Floor(400*u[3]*u[3]) / 4
		if x[3] = math.Floor(1000 * u[5]); u[4] < 0.3 {
			x[3] = 30
		}
		if x[4] = u[7]; u[6] < 0.25 {
			x[4] = math.NaN()
		}
		x[5] = math.Floor(2 / (1.01 - u[8]))
		copy(x[6:], u[9:13])
		z := 1.5/x[1] - x[3]/500 + min(x[5], 20)/10*(u[10]-0.5) - 0.7
		if x[0] > 3 {
			z += 1.5
		} else if x[0] == 0 {
			z--
		}
		if u[9] > 0.5 {
			z += x[2] / 50
		}
		if math.IsNaN(x[4]) {
			return z + 0.8
		}
		return z + 2*(x[4]-0.5)*(x[4]-0.5)
	}},
}

func single(x float64) float64 { return float64(float32(x)) }

// world returns the rows of a formula: the first for a fit, the others for a test.
func world(name string, seed uint64, train, test int) (tables [2]*table.Table[int], labels [2][]bool) {
	w, n := worlds[name], train+test
	u, all, values := seeded(n*w.width, w.seed+seed), make([]bool, n), make([]float64, w.columns)
	x := make([][]float64, w.columns)
	for i := range x {
		x[i] = make([]float64, n)
	}
	for row := range n {
		part := u[row*w.width : (row+1)*w.width]
		z := w.row(part, values)
		all[row] = part[w.width-1] < 1/(1+math.Exp(-z))
		for i, v := range values {
			x[i][row] = v
		}
	}
	return [2]*table.Table[int]{part(x, 0, train), part(x, train, n)}, [2][]bool{all[:train], all[train:]}
}

func part(x [][]float64, lo, hi int) *table.Table[int] {
	t := &table.Table[int]{}
	for i := range x {
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprint(i), x[i][lo:hi]...))
	}
	return t
}

// aucs returns by how much the areas under the ROC curve are above those of peers in
// testdata/auc.json, on the cases with so many rows of the fit of one world, or of all if
// it is "": those of scikit-learn, those of xgboost, and by how much each peer with 255 bins is
// above itself with 249.
func aucs(t *testing.T, train int, only string) (scikitLearn, xgboost, selves []float64) {
	t.Helper()
	data, err := os.ReadFile("testdata/auc.json")
	require.NoError(t, err)
	var frozen struct {
		Cases []struct {
			Name                string
			Seed                uint64
			Train, Test, Rounds int
			ScikitLearn         float64 `json:"sklearn"`
			XGBoost             float64
			ScikitLearn249      float64 `json:"sklearn_249"`
			XGBoost249          float64 `json:"xgboost_249"`
		}
	}
	require.NoError(t, json.Unmarshal(data, &frozen))
	for _, c := range frozen.Cases {
		if c.Train != train || only != "" && c.Name != only {
			continue
		}
		tables, labels := world(c.Name, c.Seed, c.Train, c.Test)
		fit := func(o boost.Options) float64 {
			o.Rounds, o.LearningRate, o.MaxLeaves, o.L2 = c.Rounds, 0.1, 31, 1
			m, err := boost.Fit(t.Context(), tables[0], labels[0], &o)
			require.NoError(t, err)
			return auc(t, m, tables[1], labels[1])
		}
		scikitLearn = append(scikitLearn, fit(boost.Options{})-c.ScikitLearn)
		xgboost = append(xgboost, fit(boost.Options{MinLeaf: 1, MinHessian: 5})-c.XGBoost)
		selves = append(selves, c.ScikitLearn-c.ScikitLearn249, c.XGBoost-c.XGBoost249)
	}
	require.NotEmpty(t, scikitLearn)
	return scikitLearn, xgboost, selves
}

// TestAUCOfContinuousNumbers: each tool has bins of its own, of which the chance in its trees
// comes; with 40,000 rows it is small enough for each area to be within 0.001 of a peer's.
func TestAUCOfContinuousNumbers(t *testing.T) {
	measures(t)
	scikitLearn, xgboost, selves := aucs(t, 40_000, "spend")
	t.Log(scikitLearn, xgboost, selves)
	require.InDelta(t, 0, scikitLearn[0], 0.001)
	require.InDelta(t, 0, xgboost[0], 0.001)
}

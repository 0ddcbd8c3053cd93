package boost_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// peers is what testdata/peers.py wrote with scikit-learn 1.2.1 and xgboost 1.7.4.
type peers struct {
	X     [][]*float64
	Cases []struct {
		Name                string
		Target, Weight, Raw []float64
	}
	ScikitLearn float64 `json:"sklearn_auc"`
	XGBoost     float64 `json:"xgboost_auc"`
}

func readPeers(t *testing.T) (p peers) {
	t.Helper()
	data, err := os.ReadFile("testdata/peers.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &p))
	return p
}

// TestEqualsPeers holds the score of each row of the fit against
// HistGradientBoosting of scikit-learn 1.2.1 and, with monotone constraints, xgboost 1.7.4, whose
// derivatives are of single precision.
func TestEqualsPeers(t *testing.T) {
	p := readPeers(t)
	x := &table.Table[int]{}
	for i, values := range p.X {
		column := table.NumberColumn(fmt.Sprint(i), make([]float64, len(values))...)
		for row, v := range values {
			if column.Num[row] = math.NaN(); v != nil {
				column.Num[row] = *v
			}
		}
		x.Columns = append(x.Columns, column)
	}
	for _, c := range p.Cases {
		t.Run(c.Name, func(t *testing.T) {
			o := &boost.Options{Rounds: 25, LearningRate: 0.1, MaxLeaves: 8, MinLeaf: 20, L2: 1.5, Weights: c.Weight}
			objective := boost.Objective(boost.Logistic{})
			switch c.Name {
			case "squared error":
				objective = boost.SquaredError{}
			case "monotone":
				o.MinLeaf, o.MinHessian = 1, 4
				o.Rising, o.Falling = []string{"1"}, []string{"3"}
			case "weights":
				o.MinLeaf, o.L2 = 1, 3
			}
			m, err := boost.FitTarget(t.Context(), x, c.Target, objective, o)
			require.NoError(t, err)
			scores, err := boost.Scores(t.Context(), m, x, nil)
			require.NoError(t, err)
			require.InDeltaSlice(t, c.Raw, scores, 2e-5)
		})
	}
}

// uniform is the generator of testdata/peers.py.
func uniform(i uint64) float64 {
	s := (i + 1) * 0x9E3779B97F4A7C15
	s = (s ^ s>>30) * 0xBF58476D1CE4E5B9
	s = (s ^ s>>27) * 0x94D049BB133111EB
	return float64((s^s>>31)>>11) / (1 << 53)
}

// generated returns rows lo to hi of the formula of testdata/peers.py.
func generated(lo, hi int, category bool) (*table.Table[int], []bool) {
	n := hi - lo
	columns, levels, labels := make([][]float64, 9), make([]string, n), make([]bool, n)
	for row := lo; row < hi; row++ {
		var u [10]float64
		for i := range u {
			u[i] = uniform(uint64(row*10 + i))
		}
		level := math.Floor(u[8] * 12)
		z := 6*(u[0]-0.5)*(u[0]-0.5) + 2*u[1]*u[2] - 1.5*u[4] + math.Mod(level*7, 12)/6 - 2
		if u[3] > 0.7 {
			z++
		}
		levels[row-lo], labels[row-lo] = fmt.Sprintf("level %02.0f", level), u[9] < 1/(1+math.Exp(-z))
		for i := range 8 {
			u[i] = math.Floor(200 * u[i])
		}
		u[8] = level
		for i := range columns {
			columns[i] = append(columns[i], u[i])
		}
	}
	t := &table.Table[int]{}
	for i, values := range columns {
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprint(i), values...))
	}
	if category {
		t.Columns[8] = table.CategoryColumn("8", levels...)
	}
	return t, labels
}

// measures skips a test of how good fits are where the race detector is on: others look for races.
func measures(t *testing.T) {
	t.Helper()
	if race.Enabled {
		t.Skip("it measures quality, which takes long with the race detector")
	}
}

// TestAUCEqualsPeers compares at equal settings, on rows the fit has not seen.
func TestAUCEqualsPeers(t *testing.T) {
	measures(t)
	p := readPeers(t)
	for _, c := range []struct {
		name     string
		category bool
		options  boost.Options
		want     float64
	}{
		{"scikit-learn", true, boost.Options{L2: 1e-12}, p.ScikitLearn},
		{"xgboost", false, boost.Options{MinHessian: 5, MinLeaf: 1, L2: 1}, p.XGBoost},
	} {
		t.Run(c.name, func(t *testing.T) {
			train, labels := generated(0, 10_000, c.category)
			test, truth := generated(10_000, 30_000, c.category)
			c.options.Rounds, c.options.LearningRate, c.options.MaxLeaves = 20, 0.1, 31
			m, err := boost.Fit(t.Context(), train, labels, &c.options)
			require.NoError(t, err)
			got := auc(t, m, test, truth)
			require.InDelta(t, c.want, got, 0.001)
		})
	}
}

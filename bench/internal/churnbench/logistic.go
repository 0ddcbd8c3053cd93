package churnbench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// regression is a table of standardised columns with labels drawn from a logistic model.
type regression struct {
	n, d   int
	table  *table.Table[int]
	labels []bool
}

// newRegression makes correlated columns, some of them skewed.
func newRegression(n, d int) *regression {
	r := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	g := &regression{n: n, d: d, table: &table.Table[int]{}, labels: make([]bool, n)}
	z, common := make([]float64, n), make([]float64, n)
	for i := range n {
		z[i], common[i] = -1.5, r.NormFloat64()
	}
	for j := range d {
		column := make([]float64, n)
		for i := range column {
			column[i] = r.NormFloat64() + 0.7*common[i]
			if j%5 == 0 {
				column[i] = math.Exp(column[i])
			}
		}
		standardise(column)
		effect := 0.4 * r.NormFloat64()
		for i, x := range column {
			z[i] += effect * x
		}
		g.table.Columns = append(g.table.Columns, table.NumberColumn("x"+strconv.Itoa(j), column...))
	}
	for i := range n {
		g.labels[i] = r.Float64() < 1/(1+math.Exp(-z[i]))
	}
	return g
}

// standardise gives a column mean 0 and standard deviation 1, as well as floats do.
func standardise(x []float64) {
	for range 2 {
		mean, squares := 0.0, 0.0
		for _, v := range x {
			mean += v / float64(len(x))
		}
		for i := range x {
			x[i] -= mean
			squares += x[i] * x[i] / float64(len(x))
		}
		for i := range x {
			x[i] /= math.Sqrt(squares)
		}
	}
}

// rows are the columns row by row.
func (g *regression) rows() []float64 {
	rows := make([]float64, 0, g.n*g.d)
	for i := range g.n {
		for j := range g.d {
			rows = append(rows, g.table.Columns[j].Num[i])
		}
	}
	return rows
}

func (g *regression) ours() *harness.Way[float64] {
	var m *logistic.Model
	return &harness.Way[float64]{
		Label: libraryName,
		Do: func(ctx context.Context) (harness.Cost, error) {
			return harness.Clock(func() (err error) {
				m, err = logistic.Fit(ctx, g.table, g.labels, nil)
				return err
			})
		},
		Result: func() (float64, error) { return m.Report().Objective, nil },
	}
}

func (g *regression) sklearn(p *harness.Python, solver string, tolerance float64) *harness.Way[float64] {
	request := request{D: g.d, Solver: solver, Tolerance: tolerance, Rows: "rows", Labels: "labels"}
	call := func(do string) (got reply, err error) {
		request.Do = do
		err = p.Call(request, &got)
		return got, err
	}
	return &harness.Way[float64]{
		Label: "scikit-learn, " + solver, Child: &p.Child,
		Before: func(ctx context.Context) error {
			if err := p.Open(ctx, nil); err != nil {
				return err
			}
			if err := harness.Column(p.Dir, "rows", g.rows()); err != nil {
				return err
			}
			labels := make([]int32, g.n)
			for i, y := range g.labels {
				if y {
					labels[i] = 1
				}
			}
			if err := harness.Column(p.Dir, "labels", labels); err != nil {
				return err
			}
			_, err := call("prepare")
			return err
		},
		Do: func(context.Context) (harness.Cost, error) {
			got, err := call("run")
			return got.Cost(), err
		},
		Result: func() (float64, error) {
			got, err := call("answer")
			return got.Objective, err
		},
	}
}

func logisticTasks(ctx context.Context, s *harness.Session, p *harness.Python, o Options) error {
	for _, size := range [][2]int{{o.Rows, 50}, {5634, 46}} {
		name := fmt.Sprintf("churn: logistic regression, %d x %d", size[0], size[1])
		if !s.Wants(name) {
			continue
		}
		g := newRegression(size[0], size[1])
		task := &harness.Task[float64]{Name: name, Peers: []harness.Peer[float64]{g.ours()}, Compare: func(want, got float64) error {
			if math.Abs(got-want) > 1e-9*want {
				return fmt.Errorf("objective %.12g, want %.12g", got, want)
			}
			return nil
		}}
		for _, w := range []*harness.Way[float64]{
			g.sklearn(p, "newton-cholesky", 1e-6), g.sklearn(p, "lbfgs", 1e-5), g.sklearn(p, "newton-cg", 1e-6),
		} {
			task.Peers = append(task.Peers, w)
			task.Targets = append(task.Targets, harness.Target{Peer: w.Label, Ratio: 1})
		}
		if err := harness.Measure(ctx, s, task); err != nil {
			return err
		}
	}
	return nil
}

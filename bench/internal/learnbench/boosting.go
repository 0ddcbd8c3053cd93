package learnbench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

const (
	columns = 28
	trees   = 100
	leaves  = 31
	bins    = 255
	held    = 200_000 // rows to compare models on
)

var options = boost.Options{Rounds: trees, LearningRate: 0.1, MaxLeaves: leaves, MinLeaf: 20, L2: 1, Bins: bins}

// crowd is rows to learn from, and others to compare on.
type crowd struct {
	train, test        *table.Table[int]
	labels, testLabels []bool
}

// newCrowd makes columns that share a cause: numbers, skewed ones and counts. The label depends
// on eight of them, with a bend, a product and a step.
func newCrowd(n, test int) *crowd {
	r := rand.New(rand.NewPCG(uint64(n), columns))
	c := &crowd{}
	draw := func(rows int) (*table.Table[int], []bool) {
		t, labels := &table.Table[int]{}, make([]bool, rows)
		for j := range columns {
			t.Columns = append(t.Columns, table.NumberColumn("x"+strconv.Itoa(j), make([]float64, rows)...))
		}
		for i := range rows {
			common := r.NormFloat64()
			var x [8]float64
			for j := range columns {
				v := r.NormFloat64() + 0.5*common
				if j < len(x) {
					x[j] = v
				}
				switch j % 4 {
				case 1:
					v = math.Exp(v)
				case 3:
					v = math.Floor(math.Exp(1 + v))
				}
				t.Columns[j].Num[i] = v
			}
			z := -2.5 + 2*x[0] + 1.25*x[1]*x[2] + x[3]*x[3] - 1.5*math.Abs(x[4]) + 0.75*x[5] + 0.5*x[6]
			if x[7] > 0.7 {
				z += 2.5
			}
			labels[i] = r.Float64() < 1/(1+math.Exp(-z))
		}
		return t, labels
	}
	c.train, c.labels = draw(n)
	c.test, c.testLabels = draw(test)
	return c
}

// rows are the columns of a table row by row.
func rows(t *table.Table[int]) []float64 {
	n := t.Rows()
	rows := make([]float64, n*len(t.Columns))
	for j := range t.Columns {
		for i, x := range t.Columns[j].Num {
			rows[i*len(t.Columns)+j] = x
		}
	}
	return rows
}

// write puts the rows where a child finds them.
func (c *crowd) write(dir string) error {
	if err := harness.Column(dir, "rows", rows(c.train)); err != nil {
		return err
	}
	if err := harness.Column(dir, "labels", codes(c.labels)); err != nil {
		return err
	}
	return harness.Column(dir, "test", rows(c.test))
}

func codes(labels []bool) []int32 {
	codes := make([]int32, len(labels))
	for i, y := range labels {
		if y {
			codes[i] = 1
		}
	}
	return codes
}

// area is that under the ROC curve on the other rows.
func (c *crowd) area(scores []float64) (float64, error) {
	b, err := score.NewBinary(scores, c.testLabels, nil)
	if err != nil {
		return 0, err
	}
	return b.AUC().Value, nil
}

func (c *crowd) ours() *harness.Way[float64] {
	var m *boost.Model
	return &harness.Way[float64]{
		Label: libraryName,
		Do: func(ctx context.Context) (harness.Cost, error) {
			m = nil
			return harness.Clock(func() (err error) {
				m, err = boost.Fit(ctx, c.train, c.labels, &options)
				return err
			})
		},
		Result: func() (float64, error) {
			scores, err := boost.Scores(context.Background(), m, c.test, nil)
			if err != nil {
				return 0, err
			}
			return c.area(scores)
		},
	}
}

func (c *crowd) peer(name string, p *harness.Python) *harness.Way[float64] {
	open := func(ctx context.Context) error {
		if err := p.Open(ctx, nil); err != nil {
			return err
		}
		return c.write(p.Dir)
	}
	return peer(name, &p.Child, request{Task: "fit", D: columns}, open, func(reply) (float64, error) {
		scores, err := harness.ReadColumn[float64](p.Dir, "scores")
		if err != nil {
			return 0, err
		}
		return c.area(scores)
	})
}

func (u *suite) boosting(ctx context.Context) error {
	largest := u.options.Rows
	sizes := []int{1000, 5000, 16_000, 19_999, 100_000, largest}
	for i, n := range sizes {
		sizes[i] = min(n, largest)
	}
	for _, n := range slices.Compact(sizes) {
		name := fmt.Sprintf("learn: boosting, %d x %d", n, columns)
		if !u.session.Wants(name) {
			continue
		}
		c := newCrowd(n, held)
		task := &harness.Task[float64]{
			Name: name, Peers: []harness.Peer[float64]{c.ours(), c.peer(sklearnName, u.sklearn), c.peer(xgboostName, u.xgboost)},
			Targets: []harness.Target{{Peer: sklearnName, Ratio: 1}, {Peer: xgboostName, Ratio: 1 / 1.5}},
			Compare: func(want, got float64) error {
				if math.Abs(got-want) > within(n) {
					return fmt.Errorf("area under the ROC curve %.5f, want %.5f", got, want)
				}
				return nil
			},
		}
		if n < 20_000 {
			task.Targets = []harness.Target{{Peer: sklearnName, Ratio: 2}}
		}
		if err := harness.Measure(ctx, u.session, task); err != nil {
			return err
		}
	}
	return nil
}

// within is by how much areas of models of n rows may differ. Of few rows, the trees of those who draw the
// borders of bins a little otherwise soon are others.
func within(n int) float64 {
	return 0.001 * max(1, math.Sqrt(16_000/float64(n)))
}

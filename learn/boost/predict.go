package boost

import (
	"context"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// Predict returns the probability of each row, 1/(1+exp(-score)) of Scores, for a model of Fit, of
// [Logistic] or of the log-odds of another tool, and the scores themselves for one of another
// objective. Arguments, errors and cost are those of Scores.
func Predict[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *PredictOptions) ([]float64, error) {
	scores, err := Scores(ctx, m, t, opts)
	if err == nil && m.logistic {
		for i, f := range scores {
			scores[i] = sigmoid(f)
		}
	}
	return scores, err
}

// Scores returns the score of each row: the base and what each tree adds, of Fit log-odds.
// Columns and levels are found by name; the table may have other columns, which are ignored. A
// column that is not there, or of another kind, is an error that wraps [ErrColumn], a fault
// of the table a [*table.Fault]. ctx is looked at once a block of rows. Cost:
// O(rows·(columns + trees·depth)), and a pass to validate the table.
func Scores[K comparable](ctx context.Context, m *Model, t *table.Table[K], opts *PredictOptions) ([]float64, error) {
	workers, err := opts.workers()
	if err != nil {
		return nil, err
	}
	columns, err := bind(m, t)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, t.Rows())
	chunks := (len(scores) + chunkRows - 1) / chunkRows
	parallel.States(workers, chunks, func() []float64 { return make([]float64, chunkRows*len(columns)) },
		func(rows []float64, chunk int) {
			if ctx.Err() != nil {
				return
			}
			lo, hi := chunk*chunkRows, min((chunk+1)*chunkRows, len(scores))
			columns.Fill(rows, lo, hi)
			m.scores(scores[lo:hi], rows)
		})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return scores, nil
}

// PredictOptions says how [Predict] and [Scores] work; nil is the zero value. A plain value: safe for
// concurrent reads.
type PredictOptions struct {
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// workers returns the number of goroutines.
func (o *PredictOptions) workers() (int, error) {
	if o == nil {
		return parallel.Workers(0), nil
	}
	if o.Workers < 0 {
		return 0, fmt.Errorf("%w: PredictOptions.Workers is negative", ErrOptions)
	}
	return parallel.Workers(o.Workers), nil
}

// chunkRows is the number of rows that go through one tree after the other.
const chunkRows = 256

// bind finds the columns of a model in a table.
func bind[K comparable](m *Model, t *table.Table[K]) (feature.Rows, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	rows, err := m.columns.Bind(t.Columns)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrColumn, err)
	}
	return rows, nil
}

// scores writes the score of each of the rows, that lie one after the other.
func (m *Model) scores(dst, rows []float64) {
	p := len(m.columns)
	for i := range dst {
		dst[i] = m.base
	}
	for at := 0; at < len(m.roots); at += inStep {
		roots := m.roots[at:min(at+inStep, len(m.roots))]
		for i := range dst {
			dst[i] = m.add(dst[i], roots, rows[i*p:(i+1)*p])
		}
	}
}

// inStep is the number of trees that are walked together: while one waits for its node the
// others go on.
const inStep = 4

// add adds to a sum what up to inStep trees add for a row, one after the other.
func (m *Model) add(sum float64, roots []int32, row []float64) float64 {
	if len(roots) < inStep || len(row) == 0 {
		for _, root := range roots {
			sum += m.facts[m.leaf(root, row)].value
		}
		return sum
	}
	nodes := m.nodes
	a, b, c, d := roots[0], roots[1], roots[2], roots[3]
	for {
		nodeA, nodeB, nodeC, nodeD := &nodes[a], &nodes[b], &nodes[c], &nodes[d]
		nextA, nextB := nodeA.child+nodeA.side(row[nodeA.column]), nodeB.child+nodeB.side(row[nodeB.column])
		nextC, nextD := nodeC.child+nodeC.side(row[nodeC.column]), nodeD.child+nodeD.side(row[nodeD.column])
		if nodeA.set&nodeB.set&nodeC.set&nodeD.set >= 0 { // one is a category
			nextA, nextB, nextC, nextD = m.step(a, row), m.step(b, row), m.step(c, row), m.step(d, row)
		}
		if nextA == a && nextB == b && nextC == c && nextD == d {
			return sum + m.facts[a].value + m.facts[b].value + m.facts[c].value + m.facts[d].value
		}
		a, b, c, d = nextA, nextB, nextC, nextD
	}
}

// leaf returns the leaf of a row in the tree of a root.
func (m *Model) leaf(root int32, row []float64) int32 {
	i := root
	for !m.isLeaf(i) {
		i = m.step(i, row)
	}
	return i
}

// step returns the node to which a row goes from a node; from a leaf itself.
func (m *Model) step(i int32, row []float64) int32 {
	n := &m.nodes[i]
	if x := row[n.column]; n.set >= 0 {
		return n.child + m.levelSide(n, x)
	} else {
		return n.child + n.side(x)
	}
}

// side returns the side of a question about a number to which a value goes: 0 left, 1 right.
func (n *node) side(x float64) int32 {
	var above, unknown int32
	if x > n.upTo {
		above = 1
	}
	if x != x {
		unknown = n.missing
	}
	return above + unknown
}

// zeroThreshold is up to what size a number is zero where zero is missing: LightGBM's.
const zeroThreshold = float64(float32(1e-35))

// levelSide returns the side of a question about a category to which a code goes, or of one
// about a number where zero is missing.
func (m *Model) levelSide(n *node, x float64) int32 {
	if c := &m.columns[n.column]; !(x >= 0 && x < float64(len(c.Levels))) {
		if c.Kind == table.Number && math.Abs(x) > zeroThreshold {
			return n.side(x)
		}
		return n.missing
	}
	code := uint(x)
	return 1 - int32(m.sets[uint(n.set)+code/64]>>(code%64)&1)
}

// LogOdds returns the score of one row, the base and what each tree adds: of Fit log-odds. The
// row has a value for each of Columns: a number, or the Code of a level; NaN is missing, and so
// is a code that is not of a level. It panics if the row has another length. Cost:
// O(trees·depth), no allocation.
func (m *Model) LogOdds(row []float64) float64 {
	m.check(row)
	sum := m.base
	for at := 0; at < len(m.roots); at += inStep {
		sum = m.add(sum, m.roots[at:min(at+inStep, len(m.roots))], row)
	}
	return sum
}

// PredictRow returns the probability of one row, which is as for LogOdds, or its score, as
// Predict does.
func (m *Model) PredictRow(row []float64) float64 {
	if f := m.LogOdds(row); m.logistic {
		return sigmoid(f)
	} else {
		return f
	}
}

func (m *Model) check(row []float64) {
	if len(row) != len(m.columns) {
		panic(fmt.Sprintf("boost: row of %d values for %d columns", len(row), len(m.columns)))
	}
}

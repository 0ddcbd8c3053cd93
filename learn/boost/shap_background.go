package boost

import (
	"context"

	"github.com/clientele-go/clientele/internal/parallel"
)

// background is what stands for unknown columns.
//
// A leaf of value v is reached if each column of its path passes the questions about it, known
// ones with the value of the row, unknown ones with that of the background. Where the a columns
// of A pass with the row only, the b columns of B with the background only, and all others
// with both, the game is v where all of A and none of B are known: the Shapley value of a
// column of A is v·(a-1)!·b!/(a+b)!, that of one of B is -v·a!·(b-1)!/(a+b)!. If a column passes
// with neither, nobody adds anything. A depends on the background alone then, being what does not
// pass with it, and B on the row alone, so that rows that pass alike are one.
type background struct {
	m       *Model
	shares  *shares
	rows    []float64
	weights []float64 // of sum 1
	base    float64
}

func (b *background) row(i int) []float64 {
	p := len(b.m.columns)
	return b.rows[i*p : (i+1)*p]
}

// maxBits is the largest number of columns of a path that are told apart by the bits of a word.
const maxBits = 56

// explain adds the contributions of rows to values.
func (b *background) explain(ctx context.Context, values, rows []float64, workers int) error {
	p := len(b.m.columns)
	if p == 0 || b.shares == nil {
		return ctx.Err()
	}
	n := len(rows) / p
	chunks := (n + chunkRows - 1) / chunkRows
	for i := range b.shares.trees {
		tree := &b.shares.trees[i]
		var split *splitTree
		if tree.most <= maxBits {
			split = b.newSplit(tree, workers)
		}
		parallel.States(workers, chunks, func() explaining {
			if split == nil {
				return b.newPairs(tree)
			}
			return split.newMemo(n)
		}, func(e explaining, chunk int) {
			for row := chunk * chunkRows; row < min((chunk+1)*chunkRows, n) && ctx.Err() == nil; row++ {
				e.add(values[row*p:(row+1)*p], rows[row*p:(row+1)*p])
			}
		})
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// explaining adds the contributions of a row to a tree.
type explaining interface{ add(dst, row []float64) }

// shapleyWeight is (a-1)!·b!/(a+b)!, a > 0: the share of the orders of a+b players in which one of
// a comes last of them, but before the b others.
func shapleyWeight(a, b int) float64 {
	if a <= maxBits && b <= maxBits {
		return shapleyWeights[a][b]
	}
	w := 1 / float64(a)
	for k := 1; k <= b; k++ {
		w *= float64(k) / float64(a+k)
	}
	return w
}

var shapleyWeights = func() (w [maxBits + 1][maxBits + 1]float64) {
	for a := 1; a <= maxBits; a++ {
		w[a][0] = 1 / float64(a)
		for b := 1; b <= maxBits; b++ {
			w[a][b] = w[a][b-1] * float64(b) / float64(a+b)
		}
	}
	return w
}()

// pairs goes through a tree with a row and each row of the background at once.
type pairs struct {
	b          *background
	root       int32
	fails      []uint8 // for each column who does not pass its questions so far: 1 the row, 2 the background
	gain, lack []int32 // A and B
}

func (b *background) newPairs(tree *treeShares) *pairs {
	return &pairs{b: b, root: tree.from, fails: make([]uint8, len(b.m.columns))}
}

func (p *pairs) add(dst, row []float64) {
	for i, weight := range p.b.weights {
		p.visit(dst, row, p.b.row(i), weight, p.root)
	}
}

func (p *pairs) visit(dst, row, other []float64, weight float64, i int32) {
	m := p.b.m
	if m.isLeaf(i) {
		a, b, v := len(p.gain), len(p.lack), weight*m.facts[i].value
		if a > 0 {
			w := v * shapleyWeight(a, b)
			for _, c := range p.gain {
				dst[c] += w
			}
		}
		if b > 0 {
			w := v * shapleyWeight(b, a)
			for _, c := range p.lack {
				dst[c] -= w
			}
		}
		return
	}
	c, first, second := m.nodes[i].column, m.step(i, row), m.step(i, other)
	if first == second {
		p.visit(dst, row, other, weight, first)
		return
	}
	was, gains, lacks := p.fails[c], len(p.gain), len(p.lack)
	if was&1 == 0 { // to where the row goes
		if p.fails[c] = 2; was == 0 {
			p.gain = append(p.gain, c)
		}
		p.visit(dst, row, other, weight, first)
		p.gain = p.gain[:gains]
	}
	if was&2 == 0 {
		if p.fails[c] = 1; was == 0 {
			p.lack = append(p.lack, c)
		}
		p.visit(dst, row, other, weight, second)
		p.lack = p.lack[:lacks]
	}
	p.fails[c] = was
}

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
	for k, most := 1, max(a, b); k <= min(a, b) && w > 0; k++ {
		w *= float64(k) / float64(most+k)
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

// pairs goes through a tree with a row and each row of the background at once: down to the leaves
// that either may reach, and up with what they add.
type pairs struct {
	b     *background
	tree  *treeShares
	nodes []paired
}

type paired struct {
	on         bool    // the row or the background may come here
	fails      uint8   // who does not pass the last question and those above about its column: 1 the row, 2 the background
	only       uint8   // who alone passes them, which those above it about the column did not tell: 1 or 2, 0 none
	a, b       int32   // columns of A and B
	gain, lack float64 // what a column of A, of B gets from the leaves below
}

func (b *background) newPairs(tree *treeShares) *pairs {
	return &pairs{b: b, tree: tree, nodes: make([]paired, tree.to-tree.from)}
}

func (p *pairs) add(dst, row []float64) {
	for i, weight := range p.b.weights {
		p.down(row, p.b.row(i))
		p.up(dst, weight)
	}
}

func (p *pairs) down(row, other []float64) {
	m, from := p.b.m, p.tree.from
	p.nodes[0] = paired{on: true}
	for i := range p.nodes {
		here, at := &p.nodes[i], from+int32(i)
		if m.isLeaf(at) {
			continue
		}
		first, second := &p.nodes[m.step(at, row)-from], &p.nodes[m.step(at, other)-from]
		was := uint8(0)
		if asked := p.b.shares.nodes[at].asked; asked >= 0 {
			was = p.nodes[asked].fails
		}
		if first == second {
			child := m.nodes[at].child - from
			p.nodes[child], p.nodes[child+1] = paired{}, paired{}
			*first = paired{on: here.on, fails: was, a: here.a, b: here.b}
			continue
		}
		*first = paired{on: here.on && was&1 == 0, fails: 2, a: here.a, b: here.b}
		*second = paired{on: here.on && was&2 == 0, fails: 1, a: here.a, b: here.b}
		if was == 0 {
			first.only, second.only = 1, 2
			first.a++
			second.b++
		}
	}
}

func (p *pairs) up(dst []float64, weight float64) {
	m, from := p.b.m, p.tree.from
	for i := len(p.nodes) - 1; i >= 0; i-- {
		here, at := &p.nodes[i], from+int32(i)
		if !here.on {
			continue
		}
		if m.isLeaf(at) {
			v := weight * m.facts[at].value
			if here.a > 0 {
				here.gain = v * shapleyWeight(int(here.a), int(here.b))
			}
			if here.b > 0 {
				here.lack = v * shapleyWeight(int(here.b), int(here.a))
			}
			continue
		}
		child, column := m.nodes[at].child-from, m.nodes[at].column
		for _, below := range p.nodes[child : child+2] {
			here.gain += below.gain
			here.lack += below.lack
			switch below.only {
			case 1:
				dst[column] += below.gain
			case 2:
				dst[column] -= below.lack
			}
		}
	}
}

package boost

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
)

// splitTree is a tree of which each leaf knows which rows of the background pass alike.
type splitTree struct {
	m      *Model
	from   int32
	nodes  []splitNode
	leaves []splitLeaf
}

type splitNode struct {
	bit  uint64 // of the column of the question, on the path
	leaf int32  // index of a leaf; -1: a question
}

type splitLeaf struct {
	value   float64
	all     uint64  // of the columns of the path
	columns []int32 // of each bit
	alike   []alike
}

// alike are rows of the background.
type alike struct {
	passes uint64 // columns of which they pass the questions
	weight float64
}

// passes writes for each leaf the columns of whose questions a row passes all.
func (s *splitTree) passes(dst, masks []uint64, row []float64) {
	masks[0] = ^uint64(0)
	for i := range s.nodes {
		q, mask := &s.nodes[i], masks[i]
		if q.leaf >= 0 {
			dst[q.leaf] = mask & s.leaves[q.leaf].all
			continue
		}
		n := &s.m.nodes[s.from+int32(i)]
		child := n.child - s.from
		side := n.side(row[n.column])
		if n.set >= 0 {
			side = s.m.levelSide(n, row[n.column])
		}
		masks[child+side], masks[child+1-side] = mask, mask&^q.bit
	}
}

func (b *background) newSplit(tree *treeShares, workers int) *splitTree {
	s := &splitTree{m: b.m, from: tree.from, nodes: make([]splitNode, tree.to-tree.from)}
	paths := make([][]int32, len(s.nodes)) // columns in the order of their bits
	for i := range s.nodes {
		n, path := &b.m.nodes[tree.from+int32(i)], paths[i]
		paths[i] = nil
		if child := n.child - tree.from; child != int32(i) {
			bit := slices.Index(path, n.column)
			if bit < 0 {
				bit, path = len(path), append(slices.Clip(path), n.column)
			}
			s.nodes[i] = splitNode{1 << bit, -1}
			paths[child], paths[child+1] = path, path
			continue
		}
		s.nodes[i].leaf = int32(len(s.leaves))
		s.leaves = append(s.leaves, splitLeaf{value: b.m.facts[tree.from+int32(i)].value, all: 1<<len(path) - 1, columns: path})
	}
	leaves := len(s.leaves)
	block := make([]uint64, min(chunkRows, len(b.weights))*leaves)
	for lo := 0; lo < len(b.weights); lo += chunkRows {
		hi := min(lo+chunkRows, len(b.weights))
		parallel.States(workers, hi-lo, func() []uint64 { return make([]uint64, len(s.nodes)) }, func(masks []uint64, i int) {
			s.passes(block[i*leaves:(i+1)*leaves], masks, b.row(lo+i))
		})
		parallel.For(workers, leaves, func(i int) {
			leaf := &s.leaves[i]
			for row := lo; row < hi; row++ {
				passes := block[(row-lo)*leaves+i]
				leaf.alike = append(leaf.alike, alike{passes, b.weights[row]})
			}
			leaf.alike = merge(leaf.alike)
		})
	}
	return s
}

// merge makes rows that pass alike one, in the order of what they pass.
func merge(rows []alike) []alike {
	slices.SortStableFunc(rows, func(a, b alike) int { return cmp.Compare(a.passes, b.passes) })
	n := 0
	for _, r := range rows {
		if n > 0 && rows[n-1].passes == r.passes {
			rows[n-1].weight += r.weight
		} else {
			rows[n] = r
			n++
		}
	}
	return slices.Clip(rows[:n])
}

// add adds to dst what each column of the path adds for a row that passes some of them.
func (l *splitLeaf) add(dst []float64, passes uint64) {
	lacks := l.all &^ passes // B
	b, rest := bits.OnesCount64(lacks), 0.0
	for i := range l.alike {
		g := &l.alike[i]
		if lacks&^g.passes != 0 {
			continue
		}
		gains := l.all &^ g.passes // A
		a := bits.OnesCount64(gains)
		if b > 0 {
			rest += g.weight * shapleyWeight(b, a)
		}
		if a > 0 {
			for w := g.weight * shapleyWeight(a, b); gains != 0; gains &= gains - 1 {
				dst[bits.TrailingZeros64(gains)] += w
			}
		}
	}
	for i := range dst {
		if lacks>>i&1 == 1 {
			dst[i] = -rest
		}
		dst[i] *= l.value
	}
}

// memo keeps what leaves have added for rows that pass alike.
type memo struct {
	tree          *splitTree
	masks, passes []uint64
	leaves        []memoLeaf
}

type memoLeaf struct {
	shift uint      // of the hash of what a row passes
	keys  []uint64  // what rows pass; ^0: nothing is kept
	added []float64 // for each key and column of the path
}

// memoSize is about how many numbers a memo holds.
const memoSize = 1 << 21

func (s *splitTree) newMemo(rows int) *memo {
	m := &memo{tree: s, masks: make([]uint64, len(s.nodes)), passes: make([]uint64, len(s.leaves)), leaves: make([]memoLeaf, len(s.leaves))}
	for i := range m.leaves {
		d := len(s.leaves[i].columns)
		size := min(d, bits.Len(uint(rows)), bits.Len(uint(memoSize/len(s.leaves)/(d+1)))-1)
		size = max(size, 0)
		m.leaves[i] = memoLeaf{uint(64 - size), slices.Repeat([]uint64{^uint64(0)}, 1<<size), make([]float64, d<<size)}
	}
	return m
}

func (m *memo) add(dst, row []float64) {
	m.tree.passes(m.passes, m.masks, row)
	for i, passes := range m.passes {
		leaf, kept := &m.tree.leaves[i], &m.leaves[i]
		d, at := len(leaf.columns), passes
		if at >= uint64(len(kept.keys)) {
			at = passes * 0x9E3779B97F4A7C15 >> kept.shift
		}
		added := kept.added[int(at)*d : (int(at)+1)*d]
		if kept.keys[at] != passes {
			kept.keys[at] = passes
			clear(added)
			leaf.add(added, passes)
		}
		for k, c := range leaf.columns {
			dst[c] += added[k]
		}
	}
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// ErrNoMembership is returned, bare, where memberships are asked of a model that is no
// [Mixture]: its groups have rows or do not have them.
var ErrNoMembership = errors.New("cluster: only a mixture has memberships")

// Memberships returns how much each row of t belongs to each group of a [Mixture]: K
// posterior probabilities a row, which sum to 1, the largest for the label that [Assign]
// gives it. They are a function of m and the row alone.
//
//	π_g N(x; μ_g, Σ_g) / Σ_h π_h N(x; μ_h, Σ_h)
//
// They are what the model believes, which is no more certain than that customers come in
// K normal distributions; rows far from all groups too get a membership near 1.
//
// Errors: [ErrNoMembership]; those of [Assign]. Cost: O(rows * K * d²) for d prepared
// numbers, d instead of d² with [DiagonalCovariance], on all processors.
func Memberships[K comparable](ctx context.Context, m *Model, t *table.Table[K]) ([][]float64, error) {
	if m.mixture == nil {
		return nil, ErrNoMembership
	}
	if t == nil {
		return nil, t.Validate()
	}
	columns, err := m.columnsOf(t.Columns)
	if err != nil {
		return nil, err
	}
	n := t.Rows()
	if !readable(columns, n) {
		if err := t.Validate(); err != nil {
			return nil, err
		}
	}
	sources := make([]source, len(columns))
	for i, c := range columns {
		sources[i] = m.features[i].source(c)
	}
	shares := make([]float64, n*m.k)
	states := parallel.States(parallel.Workers(0), (n+nearest.Block-1)/nearest.Block, m.newScratch, func(s *scratch, b int) {
		if ctx.Err() == nil {
			lo := b * nearest.Block
			hi := min(lo+nearest.Block, n)
			prepareBlock(m.features, sources, s.block, s.codes, lo, hi)
			m.blockMemberships(shares[lo*m.k:hi*m.k], s)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, s := range states {
		if s.bad {
			_, err := Assign(ctx, m, t, nil)
			return nil, err
		}
	}
	memberships := make([][]float64, n)
	for i := range memberships {
		memberships[i] = shares[i*m.k : (i+1)*m.k : (i+1)*m.k]
	}
	return memberships, nil
}

// blockMemberships sets dst to the memberships of the rows of a scratch.
func (m *Model) blockMemberships(dst []float64, s *scratch) {
	if s.mixture == nil {
		s.mixture = newMixtureBlock(m.k, m.d)
	}
	var label [nearest.Block]int32
	var dist [nearest.Block]float64
	n := len(dst) / m.k
	m.mixture.expect(label[:n], dist[:n], s.block, s.mixture)
	m.mixture.shares(n, s.mixture)
	for i, x := range dist[:n] {
		s.bad = s.bad || !(x < math.MaxFloat64)
		for g := range m.k {
			dst[i*m.k+g] = s.mixture.share[g*nearest.Block+i]
		}
	}
}

// MembershipRow sets dst, of K numbers, to what [Memberships] finds for a table of one
// row, which is given as to [Model.AssignRow].
//
// Errors: [ErrNoMembership]; a wrong length of dst; those of AssignRow. Cost: O(K * d²)
// for d prepared numbers, no allocation.
func (m *Model) MembershipRow(dst, num []float64, levels []string) error {
	if m.mixture == nil {
		return ErrNoMembership
	}
	if len(dst) != m.k {
		return fmt.Errorf("cluster: memberships go into %d numbers, not %d", m.k, len(dst))
	}
	if len(num) == m.numbers && len(levels) == len(m.features)-m.numbers {
		s := rowScratches.Get().(*rowScratch)
		defer rowScratches.Put(s)
		s.x = slices.Grow(s.x[:0], m.d)[:m.d]
		s.prepare(m, num, levels)
		if _, dist := m.mixture.memberships(dst, s.x); dist < math.MaxFloat64 {
			return nil
		}
	}
	_, err := m.AssignRow(num, levels)
	return err
}

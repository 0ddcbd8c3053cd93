package segbench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/segment"
)

const (
	compact = 1.0 / 16  // Options.Dense: a set is never larger than a list
	dense   = 1.0 / 256 // bitmaps from 256 of 65,536 on
	wideOr  = 20        // sets of 1 %
	squares = 64        // sets compared each with each
)

// member is a set of customers.
type member struct {
	tag   string
	words []uint64
	runs  *roaring.Bitmap // after RunOptimize
	plain *roaring.Bitmap // without runs
}

func newMember(s *source, tag string, share float64) *member {
	m := &member{tag: tag, words: s.words(share)}
	m.runs, m.plain = bitmapOf(m.words), roaring.FromDense(m.words, true)
	return m
}

func (m *member) rule() segment.Rule { return segment.IsTrue(m.tag) }

// containers are the chunks of the set as the index holds them.
func (m *member) containers(density float64) ([]bitset.Set, error) {
	return bitset.FromRoaring(m.runs, int(density*kernel.Bits))
}

// pool is sets of customers, and two indexes of them as flags: a compact one and a dense one. It is not safe for
// concurrent use.
type pool struct {
	pairs         map[float64][2]*member
	ones          []*member // of 1 %
	mixed         []*member // of 0.1 to 30 %
	compact, dens *segment.Snapshot
}

var shares = []float64{0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 0.5}

func (p *pool) build(ctx context.Context, b *bench) (err error) {
	if p.pairs != nil {
		return nil
	}
	s := newSource(b.shape, b.customers, 2)
	p.pairs = map[float64][2]*member{}
	var all []*member
	fresh := func(share float64) *member {
		m := newMember(s, "set "+strconv.Itoa(len(all)), share)
		all = append(all, m)
		return m
	}
	for _, share := range shares {
		p.pairs[share] = [2]*member{fresh(share), fresh(share)}
	}
	mixed := []float64{0.001, 0.003, 0.01, 0.01, 0.03, 0.03, 0.1, 0.3}
	for i := range squares {
		p.ones = append(p.ones, fresh(0.01))
		p.mixed = append(p.mixed, fresh(mixed[i%len(mixed)]))
	}
	_, ids := idsOf(b.customers)
	before := heap()
	if p.compact, err = flagsOf(ctx, ids, all, compact); err != nil {
		return err
	}
	between := heap()
	if err := b.remember(fmt.Sprintf("index of %d flags and ids, Dense 1/16", len(all)), between-before); err != nil {
		return err
	}
	if p.dens, err = flagsOf(ctx, ids, all, dense); err != nil {
		return err
	}
	if err := b.remember(fmt.Sprintf("index of %d flags and ids, Dense 1/256", len(all)), heap()-between); err != nil {
		return err
	}
	bytes := 0
	for _, m := range all {
		bytes += int(m.runs.GetSizeInBytes())
		if b.shape != clustered {
			m.plain = nil
		}
		m.words = nil
	}
	return b.remember(fmt.Sprintf("roaring, %d bitmaps without ids", len(all)), bytes)
}

// flagsOf loads an index in which every set is a flag, some customers at a time.
func flagsOf(ctx context.Context, ids []customer.ID, sets []*member, density float64) (*segment.Snapshot, error) {
	o := &segment.Options{Dense: density}
	for _, m := range sets {
		o.Tags = append(o.Tags, segment.Tag{Name: m.tag, Kind: segment.Flag})
	}
	ix, err := segment.New(o)
	if err != nil {
		return nil, err
	}
	const step = 16 * kernel.Bits
	for from := 0; from < len(ids); from += step {
		to := min(from+step, len(ids))
		var columns []segment.Column
		for _, m := range sets {
			columns = append(columns, segment.Column{Tag: m.tag, Bools: bools(m.words, from, to)})
		}
		if err := ix.Load(ctx, time.Time{}, ids[from:to], columns); err != nil {
			return nil, err
		}
	}
	return ix.Snapshot(), nil
}

// algebra measures operations on sets: their count, the result as a roaring bitmap, and the result in containers.
func algebra(ctx context.Context, b *bench) error {
	p := &pool{}
	for _, share := range shares {
		for _, density := range []float64{compact, dense} {
			if density == dense && share != 0.01 && share != 0.03 {
				continue // the same as in the compact one
			}
			if err := p.pair(ctx, b, share, density); err != nil {
				return err
			}
		}
	}
	if err := p.wide(ctx, b); err != nil {
		return err
	}
	for _, among := range []string{"1 %", "0.1 to 30 %"} {
		if err := p.overlap(ctx, b, among); err != nil {
			return err
		}
	}
	return nil
}

func (p *pool) snapshot(density float64) *segment.Snapshot {
	if density == dense {
		return p.dens
	}
	return p.compact
}

// operation is And or Or in all the forms there are.
type operation struct {
	name     string
	rule     func(...segment.Rule) segment.Rule
	sets     func(a, b bitset.Set, dense int, scratch *kernel.Words) bitset.Set
	bitmap   func(a, b *roaring.Bitmap) *roaring.Bitmap
	count    func(a, b *roaring.Bitmap) uint64
	targeted bool // beyond being no slower
}

var operations = []operation{
	{"and", segment.And, bitset.And, roaring.And, (*roaring.Bitmap).AndCardinality, true},
	{"or", segment.Or, bitset.Or, roaring.Or, (*roaring.Bitmap).OrCardinality, false},
}

func (p *pool) pair(ctx context.Context, b *bench, share, density float64) error {
	prepare := func(ctx context.Context) error { return p.build(ctx, b) }
	for _, op := range operations {
		goal := [2]float64{1, 1}
		kind := ""
		switch {
		case density == dense:
			kind = ", dense"
			if op.targeted {
				goal = [2]float64{4, 4}
				if share == 0.03 {
					goal = [2]float64{8, 8}
				}
			}
		case share == 0.01 || share == 0.03:
			kind = ", compact"
			if op.targeted {
				goal = [2]float64{3, 3}
			}
		}
		query := func() segment.Query {
			of := p.pairs[share]
			return segment.Query{Rule: op.rule(of[0].rule(), of[1].rule()), Workers: 1}
		}
		name := func(what string) string {
			return fmt.Sprintf("%s of two sets of %g %%%s: %s", op.name, 100*share, kind, what)
		}

		counts := task[uint64]{
			name: name("count"), prepare: prepare, equal: func(want, got uint64) bool { return want == got },
			ours: []way[uint64]{{do: func(ctx context.Context) (uint64, error) {
				n, err := p.snapshot(density).Count(ctx, query())
				return uint64(n), err
			}}},
		}
		bitmaps := task[*roaring.Bitmap]{
			name: name("as roaring bitmap"), prepare: prepare, equal: equalBitmaps,
			ours: []way[*roaring.Bitmap]{{do: func(ctx context.Context) (*roaring.Bitmap, error) {
				set, err := p.snapshot(density).Set(ctx, query())
				return set.Bitmap, err
			}}},
		}
		var left, right, result []bitset.Set
		var scratch kernel.Words
		sets := task[*roaring.Bitmap]{
			name: name("in containers"), equal: equalBitmaps,
			prepare: func(ctx context.Context) (err error) {
				if err := prepare(ctx); err != nil {
					return err
				}
				if left, err = p.pairs[share][0].containers(density); err != nil {
					return err
				}
				right, err = p.pairs[share][1].containers(density)
				return err
			},
			ours: []way[*roaring.Bitmap]{{
				do: func(context.Context) (*roaring.Bitmap, error) {
					n := max(len(left), len(right))
					result = make([]bitset.Set, n)
					for i := range n {
						var l, r bitset.Set
						if i < len(left) {
							l = left[i]
						}
						if i < len(right) {
							r = right[i]
						}
						result[i] = op.sets(l, r, int(density*kernel.Bits), &scratch)
					}
					return nil, nil
				},
				answer: func(context.Context) (*roaring.Bitmap, error) { return bitset.ToRoaring(result), nil },
			}},
		}
		forms := []string{roaringName}
		if b.shape == clustered {
			forms = append(forms, roaringName+" without runs")
		}
		for i, form := range forms {
			operands := func() (x, y *roaring.Bitmap) {
				of := p.pairs[share]
				if i == 1 {
					return of[0].plain, of[1].plain
				}
				return of[0].runs, of[1].runs
			}
			counts.peers = append(counts.peers, way[uint64]{
				name: form, version: roaringVersion, targets: goal,
				do: func(context.Context) (uint64, error) {
					x, y := operands()
					return op.count(x, y), nil
				},
			})
			bitmap := way[*roaring.Bitmap]{
				name: form, version: roaringVersion, targets: goal,
				do: func(context.Context) (*roaring.Bitmap, error) {
					x, y := operands()
					return op.bitmap(x, y), nil
				},
			}
			bitmaps.peers = append(bitmaps.peers, bitmap)
			sets.peers = append(sets.peers, bitmap)
		}
		if err := measure(ctx, b, counts); err != nil {
			return err
		}
		if err := measure(ctx, b, bitmaps); err != nil {
			return err
		}
		if err := measure(ctx, b, sets); err != nil {
			return err
		}
	}
	return nil
}

// wide measures the union of many sets.
func (p *pool) wide(ctx context.Context, b *bench) error {
	prepare := func(ctx context.Context) error { return p.build(ctx, b) }
	for _, density := range []float64{compact, dense} {
		name := fmt.Sprintf("or of %d sets of 1 %%, compact", wideOr)
		if density == dense {
			name = fmt.Sprintf("or of %d sets of 1 %%, dense", wideOr)
		}
		query := func() segment.Query {
			var rules []segment.Rule
			for _, m := range p.ones[:wideOr] {
				rules = append(rules, m.rule())
			}
			return segment.Query{Rule: segment.Or(rules...), Workers: 1}
		}
		union := func() *roaring.Bitmap {
			var of []*roaring.Bitmap
			for _, m := range p.ones[:wideOr] {
				of = append(of, m.runs)
			}
			return roaring.FastOr(of...)
		}
		if err := measure(ctx, b, task[uint64]{
			name: name + ": count", prepare: prepare, equal: func(want, got uint64) bool { return want == got },
			ours: []way[uint64]{{do: func(ctx context.Context) (uint64, error) {
				n, err := p.snapshot(density).Count(ctx, query())
				return uint64(n), err
			}}},
			peers: []way[uint64]{{
				name: roaringName + ", FastOr", version: roaringVersion, targets: [2]float64{1, 1},
				do: func(context.Context) (uint64, error) { return union().GetCardinality(), nil },
			}},
		}); err != nil {
			return err
		}
		if err := measure(ctx, b, task[*roaring.Bitmap]{
			name: name + ": as roaring bitmap", prepare: prepare, equal: equalBitmaps,
			ours: []way[*roaring.Bitmap]{{do: func(ctx context.Context) (*roaring.Bitmap, error) {
				set, err := p.snapshot(density).Set(ctx, query())
				return set.Bitmap, err
			}}},
			peers: []way[*roaring.Bitmap]{{
				name: roaringName + ", FastOr", version: roaringVersion, targets: [2]float64{1, 1},
				do: func(context.Context) (*roaring.Bitmap, error) { return union(), nil },
			}},
		}); err != nil {
			return err
		}
	}
	return nil
}

// overlap measures what each two of many sets share.
func (p *pool) overlap(ctx context.Context, b *bench, among string) error {
	members := func() []*member {
		if among == "1 %" {
			return p.ones
		}
		return p.mixed
	}
	return measure(ctx, b, task[[]uint64]{
		name: fmt.Sprintf("overlap of %d x %d sets of %s, compact", squares, squares, among), equal: equalCounts, runs: 3,
		prepare: func(ctx context.Context) error { return p.build(ctx, b) },
		ours: []way[[]uint64]{{do: func(ctx context.Context) (out []uint64, _ error) {
			var rules []segment.Rule
			for _, m := range members() {
				rules = append(rules, m.rule())
			}
			o, err := p.compact.Overlap(ctx, segment.Query{Workers: 1}, rules...)
			if err != nil {
				return nil, err
			}
			for i := range rules {
				for j := i; j < len(rules); j++ {
					out = append(out, uint64(o.Count(i, j)))
				}
			}
			return out, nil
		}}},
		peers: []way[[]uint64]{{
			name: roaringName + ", pairwise AndCardinality", version: roaringVersion, targets: [2]float64{2.5, 2.5},
			do: func(context.Context) (out []uint64, _ error) {
				sets := members()
				for i, m := range sets {
					out = append(out, m.runs.GetCardinality())
					for _, n := range sets[i+1:] {
						out = append(out, m.runs.AndCardinality(n.runs))
					}
				}
				return out, nil
			},
		}},
	})
}

func equalBitmaps(want, got *roaring.Bitmap) bool { return want.Equals(got) }

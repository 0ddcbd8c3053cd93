package segbench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/segment"
)

const (
	labels     = 1000
	labelShare = 0.01 // in the mean
)

var equalCounts = slices.Equal[[]uint64]

// society is customers with a thousand labels and one segment of them. It is not safe for concurrent use.
type society struct {
	snap    *segment.Snapshot
	segment *roaring.Bitmap
	labels  []*roaring.Bitmap
	place   map[string]int
}

func (s *society) build(ctx context.Context, b *bench) error {
	if s.labels != nil {
		return nil
	}
	src := newSource(b.shape, b.customers, 3)
	harmonic := 0.0
	for i := range labels {
		harmonic += 1 / float64(i+1)
	}
	s.place = map[string]int{}
	names := make([]string, labels)
	bytes := 0
	for i := range labels {
		share := labelShare
		if b.shape == zipf {
			share = min(labelShare*labels/float64(i+1)/harmonic, 0.5)
		}
		names[i] = "label " + strconv.Itoa(i)
		s.place[names[i]] = i
		s.labels = append(s.labels, bitmapOf(src.words(share)))
		bytes += int(s.labels[i].GetSizeInBytes())
	}
	s.segment = bitmapOf(src.words(0.05))
	if err := b.remember(fmt.Sprintf("roaring, %d bitmaps of 1 %% in the mean", labels), bytes); err != nil {
		return err
	}

	before := heap()
	ix, err := segment.New(&segment.Options{Dense: compact, Tags: []segment.Tag{
		{Name: "labels", Kind: segment.Labels}, {Name: "member", Kind: segment.Flag},
	}})
	if err != nil {
		return err
	}
	_, ids := idsOf(b.customers)
	held := heap() - before
	its := make([]roaring.IntPeekable, labels)
	for i, l := range s.labels {
		its[i] = l.Iterator()
	}
	members := s.segment.Iterator()
	for from := 0; from < len(ids); from += kernel.Bits {
		to := min(from+kernel.Bits, len(ids))
		flags := make([]bool, to-from)
		lists := s.lists(its, names, from, to)
		for members.HasNext() && members.PeekNext() < uint32(to) {
			flags[int(members.Next())-from] = true
		}
		if err := ix.Load(ctx, time.Time{}, ids[from:to], []segment.Column{{Tag: "labels", Lists: lists}, {Tag: "member", Bools: flags}}); err != nil {
			return err
		}
	}
	s.snap = ix.Snapshot()
	return b.remember(fmt.Sprintf("index of %d labels, a flag and ids, Dense 1/16", labels), heap()-before-held)
}

// lists returns the labels of the customers from from to to, and moves the iterators on.
func (s *society) lists(its []roaring.IntPeekable, names []string, from, to int) [][]string {
	type pair struct {
		at    int
		label int
	}
	var pairs []pair
	sizes := make([]int, to-from)
	for i, it := range its {
		for it.HasNext() && it.PeekNext() < uint32(to) {
			at := int(it.Next()) - from
			pairs = append(pairs, pair{at, i})
			sizes[at]++
		}
	}
	all, lists := make([]string, len(pairs)), make([][]string, to-from)
	for at, n := range sizes {
		lists[at], all = all[:0:n], all[n:]
	}
	for _, p := range pairs {
		lists[p.at] = append(lists[p.at], names[p.label])
	}
	return lists
}

// portraits measures what a segment has in common.
func portraits(ctx context.Context, b *bench) error {
	s := &society{}
	return measure(ctx, b, task[[]uint64]{
		name:    fmt.Sprintf("portrait of 5 %% over %d labels of 1 %%", labels),
		prepare: func(ctx context.Context) error { return s.build(ctx, b) },
		equal:   equalCounts,
		runs:    3,
		ours: []way[[]uint64]{{do: func(ctx context.Context) ([]uint64, error) {
			q := segment.Query{Rule: segment.IsTrue("member"), Workers: 1}
			traits, err := s.snap.Portrait(ctx, q, &segment.PortraitOptions{Tags: []string{"labels"}, Support: 1, MaxQ: 1})
			out := make([]uint64, 2*labels)
			for _, t := range traits {
				label, _ := t.Value.Text()
				i := s.place[label]
				out[2*i], out[2*i+1] = uint64(t.Selected), uint64(t.Base)
			}
			return out, err
		}}},
		peers: []way[[]uint64]{{
			name: roaringName + ", AndCardinality", version: roaringVersion, targets: [2]float64{4, 4},
			do: func(context.Context) ([]uint64, error) {
				out := make([]uint64, 2*labels)
				for i, l := range s.labels {
					out[2*i], out[2*i+1] = l.AndCardinality(s.segment), l.GetCardinality()
				}
				return out, nil
			},
		}},
	})
}

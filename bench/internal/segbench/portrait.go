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
	traits     = 1000
	traitShare = 0.01 // in the mean
)

var equalCounts = slices.Equal[[]uint64]

// society is customers with a thousand traits and one segment of them. It is not safe for concurrent use.
type society struct {
	segment *roaring.Bitmap
	traits  []*roaring.Bitmap
	names   []string
	place   map[string]int
	snaps   [2]*segment.Snapshot // the traits as labels of one tag, and as tags
}

func (s *society) draw(b *bench) error {
	if s.traits != nil {
		return nil
	}
	src := newSource(b.shape, b.customers, 3)
	harmonic := 0.0
	for i := range traits {
		harmonic += 1 / float64(i+1)
	}
	s.place = map[string]int{}
	bytes := 0
	for i := range traits {
		share := traitShare
		if b.shape == zipf {
			share = min(traitShare*traits/float64(i+1)/harmonic, 0.5)
		}
		s.names = append(s.names, "trait "+strconv.Itoa(i))
		s.place[s.names[i]] = i
		s.traits = append(s.traits, bitmapOf(src.words(share)))
		bytes += int(s.traits[i].GetSizeInBytes())
	}
	s.segment = bitmapOf(src.words(0.05))
	return b.remember(fmt.Sprintf("roaring, %d bitmaps of 1 %% in the mean", traits), bytes)
}

// build makes the index, in which the traits are labels of one tag or tags.
func (s *society) build(ctx context.Context, b *bench, asTags int) error {
	if err := s.draw(b); err != nil || s.snaps[asTags] != nil {
		return err
	}
	before := heap()
	tags := []segment.Tag{{Name: "member", Kind: segment.Flag}}
	held := "labels, a flag"
	if asTags == 1 {
		held = "flags, another"
		for _, name := range s.names {
			tags = append(tags, segment.Tag{Name: name, Kind: segment.Flag})
		}
	} else {
		tags = append(tags, segment.Tag{Name: "traits", Kind: segment.Labels})
	}
	ix, err := segment.New(&segment.Options{Dense: compact, Tags: tags})
	if err != nil {
		return err
	}
	_, ids := idsOf(b.customers)
	ownIDs := heap() - before
	its := make([]roaring.IntPeekable, traits)
	for i, l := range s.traits {
		its[i] = l.Iterator()
	}
	members := []roaring.IntPeekable{s.segment.Iterator()}
	for from := 0; from < len(ids); from += kernel.Bits {
		to := min(from+kernel.Bits, len(ids))
		columns := flags(members, []string{"member"}, from, to)
		if asTags == 1 {
			columns = append(columns, flags(its, s.names, from, to)...)
		} else {
			columns = append(columns, segment.Column{Tag: "traits", Lists: s.lists(its, from, to)})
		}
		if err := ix.Load(ctx, time.Time{}, ids[from:to], columns); err != nil {
			return err
		}
	}
	s.snaps[asTags] = ix.Snapshot()
	return b.remember(fmt.Sprintf("index of %d %s and ids, Dense 1/16", traits, held), heap()-before-ownIDs)
}

// flags returns the customers from from to to of each set as a column, and moves the iterators on.
func flags(its []roaring.IntPeekable, names []string, from, to int) []segment.Column {
	columns := make([]segment.Column, len(its))
	for i, it := range its {
		is := make([]bool, to-from)
		for it.HasNext() && it.PeekNext() < uint32(to) {
			is[int(it.Next())-from] = true
		}
		columns[i] = segment.Column{Tag: names[i], Bools: is}
	}
	return columns
}

// lists returns the traits of the customers from from to to, and moves the iterators on.
func (s *society) lists(its []roaring.IntPeekable, from, to int) [][]string {
	type pair struct {
		at    int
		trait int
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
		lists[p.at] = append(lists[p.at], s.names[p.trait])
	}
	return lists
}

// portraits measures what a segment has in common, where its traits are labels of one tag and where each is a tag.
func portraits(ctx context.Context, b *bench) error {
	s := &society{}
	for asTags, what := range []string{"labels", "tags"} {
		err := measure(ctx, b, task[[]uint64]{
			name:    fmt.Sprintf("portrait of 5 %% over %d %s of 1 %%", traits, what),
			prepare: func(ctx context.Context) error { return s.build(ctx, b, asTags) },
			equal:   equalCounts,
			runs:    3,
			ours:    []way[[]uint64]{{do: func(ctx context.Context) ([]uint64, error) { return s.portrait(ctx, asTags) }}},
			peers: []way[[]uint64]{{
				name: roaringName + ", AndCardinality", version: roaringVersion, targets: [2]float64{4, 4},
				do: func(context.Context) ([]uint64, error) {
					out := make([]uint64, 2*traits)
					for i, l := range s.traits {
						out[2*i], out[2*i+1] = l.AndCardinality(s.segment), l.GetCardinality()
					}
					return out, nil
				},
			}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *society) portrait(ctx context.Context, asTags int) ([]uint64, error) {
	o := &segment.PortraitOptions{Except: []string{"member"}, Support: 1, MaxQ: 1}
	found, err := s.snaps[asTags].Portrait(ctx, segment.Query{Rule: segment.IsTrue("member"), Workers: 1}, o)
	out := make([]uint64, 2*traits)
	for _, t := range found {
		name := t.Tag
		if asTags == 0 {
			name, _ = t.Value.Text()
		}
		i := s.place[name]
		out[2*i], out[2*i+1] = uint64(t.Selected), uint64(t.Base)
	}
	return out, err
}

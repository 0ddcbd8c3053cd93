package segment

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// A fuse ends a context at the look that makes so many at columns, and counts looks at other chunks after that. Not safe for
// concurrent use.
type fuse struct {
	burn  context.CancelFunc
	left  int
	at    int // the chunk of the last look before the end
	after int
}

func (f *fuse) look(chunk int) {
	switch f.left--; {
	case f.left == 0:
		f.at = chunk
		f.burn()
	case f.left < 0 && chunk != f.at:
		f.after++
	}
}

// fusedSet is a column of which a rule is to ask who has one of several values.
type fusedSet struct {
	*fuse
	chunk int
	set   bitset.Set
}

func (c fusedSet) of(uint16) bitset.Set {
	c.look(c.chunk)
	return c.set
}

func (c fusedSet) members() bitset.Set { return c.set }
func (c fusedSet) bytes() int          { return 0 }
func (c fusedSet) together() column    { return c }

// fusedNumbers is a column of numbers of which the values are to be asked for.
type fusedNumbers struct {
	numeric
	*fuse
	chunk int
}

func (c fusedNumbers) together() column { return c }

func (c fusedNumbers) gather(w *kernel.Words, k *keys, f func(at []uint16, keys []uint64)) {
	c.look(c.chunk)
	c.numeric.gather(w, k, f)
}

// TestQueryStops ends the context of each question at every look that it takes at a chunk: no other chunk is looked at
// after that.
func TestQueryStops(t *testing.T) {
	const n = 2*kernel.Bits + 2000
	ids, near, wide := make([]customer.ID, n), make([]int64, n), make([]int64, n)
	city := make([]string, n)
	for i := range ids {
		ids[i], near[i], wide[i], city[i] = customer.FromInt64(int64(i)), int64(i%1000), int64(i)*1_000_003, []string{"广州", "深圳"}[i%2]
	}
	ix, err := New(&Options{Tags: []Tag{
		{Name: "fused", Kind: Enum}, {Name: "near", Kind: Integer}, {Name: "wide", Kind: Integer}, {Name: "city", Kind: Enum},
	}})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{
		{Tag: "fused", Texts: city}, {Tag: "near", Ints: near}, {Tag: "wide", Ints: wide}, {Tag: "city", Texts: city},
	}))
	plain := ix.Snapshot()
	require.Len(t, plain.exists, 3)
	// with returns the snapshot with other columns of a tag.
	with := func(tag int, of func(chunk int) column) *Snapshot {
		s := *plain
		s.data = append([]tagData(nil), s.data...)
		s.data[tag].columns = nil
		for chunk := range s.exists {
			s.data[tag].columns = append(s.data[tag].columns, of(chunk))
		}
		return &s
	}

	one := func(_ any, err error) error { return err }
	fused := In("fused", "广州", "深圳")
	q, few := Query{Rule: fused, Workers: 1}, Query{Rule: And(fused, Eq("near", 7)), Workers: 1}
	everyone := Query{Workers: 1}
	sets := map[string]func(ctx context.Context, s *Snapshot) error{
		"Count":        func(ctx context.Context, s *Snapshot) error { return one(s.Count(ctx, q)) },
		"Count of few": func(ctx context.Context, s *Snapshot) error { return one(s.Count(ctx, few)) },
		"Set":          func(ctx context.Context, s *Snapshot) error { return one(s.Set(ctx, q)) },
		"Set of few":   func(ctx context.Context, s *Snapshot) error { return one(s.Set(ctx, few)) },
		"Members": func(ctx context.Context, s *Snapshot) (err error) {
			for _, err = range s.Members(ctx, few) {
			}
			return err
		},
		"Page": func(ctx context.Context, s *Snapshot) error {
			_, _, err := s.Page(ctx, few, Cursor{}, n)
			return err
		},
		"Explain":   func(ctx context.Context, s *Snapshot) error { return one(s.Explain(ctx, q)) },
		"Sum":       func(ctx context.Context, s *Snapshot) error { return one(s.Sum(ctx, q, "near")) },
		"Stats":     func(ctx context.Context, s *Snapshot) error { return one(s.Stats(ctx, q, "near")) },
		"Quantiles": func(ctx context.Context, s *Snapshot) error { return one(s.Quantiles(ctx, q, "near", 0.5)) },
		"Top":       func(ctx context.Context, s *Snapshot) error { return one(s.Top(ctx, q, "near", 10)) },
		"Histogram": func(ctx context.Context, s *Snapshot) error { return one(s.Histogram(ctx, q, "near", 10)) },
		"GroupBy":   func(ctx context.Context, s *Snapshot) error { return one(s.GroupBy(ctx, q, nil, "city")) },
		"Distinct":  func(ctx context.Context, s *Snapshot) error { return one(s.Distinct(ctx, q, "near")) },
		"Portrait": func(ctx context.Context, s *Snapshot) error {
			return one(s.Portrait(ctx, few, &PortraitOptions{Tags: []string{"near", "city"}}))
		},
		"Overlap":       func(ctx context.Context, s *Snapshot) error { return one(s.Overlap(ctx, q, Eq("near", 7))) },
		"Overlap rules": func(ctx context.Context, s *Snapshot) error { return one(s.Overlap(ctx, everyone, q.Rule)) },
		"Diff":          func(ctx context.Context, s *Snapshot) error { return one(s.Diff(ctx, q, s, everyone)) },
		"Draw":          func(ctx context.Context, s *Snapshot) error { return one(s.Draw(ctx, q, 10, "")) },
		"Lookalike": func(ctx context.Context, s *Snapshot) error {
			return one(s.Lookalike(ctx, few, everyone, 10, &LookalikeOptions{Tags: []string{"near", "city"}}))
		},
	}
	numbers := map[string]func(ctx context.Context, s *Snapshot) error{
		"Stats":     func(ctx context.Context, s *Snapshot) error { return one(s.Stats(ctx, everyone, "near")) },
		"Quantiles": func(ctx context.Context, s *Snapshot) error { return one(s.Quantiles(ctx, everyone, "near", 0.5)) },
		"Top":       func(ctx context.Context, s *Snapshot) error { return one(s.Top(ctx, everyone, "near", 10)) },
		"Histogram": func(ctx context.Context, s *Snapshot) error { return one(s.Histogram(ctx, everyone, "near", 10)) },
		"HistogramAt": func(ctx context.Context, s *Snapshot) error {
			return one(s.HistogramAt(ctx, everyone, "near", 100, 200))
		},
		"Distinct":      func(ctx context.Context, s *Snapshot) error { return one(s.Distinct(ctx, everyone, "near")) },
		"Distinct wide": func(ctx context.Context, s *Snapshot) error { return one(s.Distinct(ctx, everyone, "wide")) },
	}
	stops := func(t *testing.T, planned int, ask func(ctx context.Context, f *fuse) error) {
		looks := 1
		for ; ; looks++ {
			ctx, cancel := context.WithCancel(t.Context())
			f := &fuse{burn: cancel, left: planned + looks}
			err := ask(ctx, f)
			cancel()
			require.Zero(t, f.after, "looks at other chunks after the end at look %d", looks)
			if f.left > 0 {
				require.NoError(t, err)
				break
			} else if err != nil { // there is none if all had been looked at
				require.ErrorIs(t, err, context.Canceled)
			}
		}
		require.Greater(t, looks, 3)
	}
	for name, ask := range sets {
		t.Run(name, func(t *testing.T) {
			stops(t, 6, func(ctx context.Context, f *fuse) error { // the planner takes a look at each chunk for each value
				return ask(ctx, with(0, func(chunk int) column { return fusedSet{f, chunk, plain.exists[chunk]} }))
			})
		})
	}
	for name, ask := range numbers {
		t.Run("numbers of "+name, func(t *testing.T) {
			tag := 1
			if name == "Distinct wide" {
				tag = 2
			}
			stops(t, 0, func(ctx context.Context, f *fuse) error {
				return ask(ctx, with(tag, func(chunk int) column {
					return fusedNumbers{plain.data[tag].column(chunk).(numeric), f, chunk}
				}))
			})
		})
	}
}

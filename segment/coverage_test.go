package segment

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestCoverage(t *testing.T) {
	c := newCrowd()
	list := coverageOf(t, c.Snapshot, time.Unix(1_700_000_000, 0))
	require.Len(t, list, len(crowdTags))
	total := 0
	for i, got := range list {
		tag := crowdTags[i]
		require.Equal(t, tag.Name, got.Tag)
		want := Coverage{Tag: tag.Name, Written: time.Unix(1_700_000_000, 0), Bytes: got.Bytes}
		texts := map[string]bool{}
		for _, v := range c.values[tag.Name] {
			if !v.IsUnset() {
				want.Customers++
			}
			if text, ok := v.Text(); ok {
				texts[text] = true
			}
			for label := range v.Labels() {
				texts[label] = true
			}
		}
		want.Share = float64(want.Customers) / float64(len(c.ids))
		want.Distinct = len(texts)
		if tag.Name == "never" {
			want.Written = time.Time{}
		}
		require.Equal(t, want, got)
		total += got.Bytes
	}
	require.Greater(t, c.Bytes(), total+16*len(c.ids))
	require.Less(t, c.Bytes(), 2*total+64*len(c.ids))
}

func TestStaleness(t *testing.T) {
	ix, err := New(&Options{Tags: []Tag{
		{Name: "daily", Kind: Flag, Refresh: 24 * time.Hour}, {Name: "once", Kind: Flag}, {Name: "unwritten", Kind: Flag, Refresh: time.Hour},
	}})
	require.NoError(t, err)
	require.Zero(t, coverageOf(t, ix.Snapshot(), time.Unix(0, 0))[0].Share)
	at := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	b := &Batch{At: at}
	b.Set(customer.FromInt64(1), "daily", customer.BoolValue(true))
	b.Set(customer.FromInt64(1), "once", customer.BoolValue(true))
	b.Add(customer.FromInt64(2))
	require.NoError(t, ix.Apply(t.Context(), b))
	for _, c := range []struct {
		name string
		at   time.Time
		want [3]bool
	}{
		{"just written", at, [3]bool{false, false, true}},
		{"before it was written", at.Add(-time.Hour), [3]bool{false, false, true}},
		{"at the last moment", at.Add(24 * time.Hour), [3]bool{false, false, true}},
		{"a moment later", at.Add(24*time.Hour + 1), [3]bool{true, false, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := coverageOf(t, ix.Snapshot(), c.at)
			require.Equal(t, c.want, [3]bool{list[0].Stale, list[1].Stale, list[2].Stale})
			require.Equal(t, 0.5, list[0].Share)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	ix, err := New(&Options{Tags: crowdTags})
	require.NoError(t, err)
	s := ix.Snapshot()
	sum, err := s.Sum(t.Context(), Query{}, "spend")
	require.NoError(t, err)
	require.Equal(t, customer.Int64Value(0), sum)
	stats, err := s.Stats(t.Context(), Query{}, "score")
	require.NoError(t, err)
	require.Zero(t, stats)
	median, err := s.Quantiles(t.Context(), Query{}, "last", 0.5)
	require.NoError(t, err)
	require.Equal(t, []customer.Value{{}}, median)
	top, err := s.Top(t.Context(), Query{}, "price", 3)
	require.NoError(t, err)
	require.Empty(t, top)
	bins, err := s.Histogram(t.Context(), Query{}, "spend", 3)
	require.NoError(t, err)
	require.Empty(t, bins)
	for _, tags := range [][]string{nil, {"city"}, {"likes"}, {"city", "vip"}} {
		groups, err := s.GroupBy(t.Context(), Query{}, &GroupOptions{Sum: "spend"}, tags...)
		require.NoError(t, err)
		require.Empty(t, groups)
	}
	n, err := s.Distinct(t.Context(), Query{}, "sku")
	require.NoError(t, err)
	require.Zero(t, n)
}

// Everything that is asked of a tag stops with its context, and refuses tags that are not there or of another kind.
func TestQuestionsOfTags(t *testing.T) {
	c := newCrowd()
	questions := map[string]func(ctx context.Context, q Query, tag string) error{
		"Sum":   func(ctx context.Context, q Query, tag string) error { _, err := c.Sum(ctx, q, tag); return err },
		"Stats": func(ctx context.Context, q Query, tag string) error { _, err := c.Stats(ctx, q, tag); return err },
		"Quantiles": func(ctx context.Context, q Query, tag string) error {
			_, err := c.Quantiles(ctx, q, tag, .5)
			return err
		},
		"Top":    func(ctx context.Context, q Query, tag string) error { _, err := c.Top(ctx, q, tag, 3); return err },
		"Bottom": func(ctx context.Context, q Query, tag string) error { _, err := c.Bottom(ctx, q, tag, 3); return err },
		"Min":    func(ctx context.Context, q Query, tag string) error { _, err := c.Min(ctx, q, tag); return err },
		"Max":    func(ctx context.Context, q Query, tag string) error { _, err := c.Max(ctx, q, tag); return err },
		"Histogram": func(ctx context.Context, q Query, tag string) error {
			_, err := c.Histogram(ctx, q, tag, 3)
			return err
		},
		"HistogramAt": func(ctx context.Context, q Query, tag string) error {
			_, err := c.HistogramAt(ctx, q, tag, 3)
			return err
		},
		"Distinct": func(ctx context.Context, q Query, tag string) error { _, err := c.Distinct(ctx, q, tag); return err },
		"GroupBy": func(ctx context.Context, q Query, tag string) error {
			_, err := c.GroupBy(ctx, q, &GroupOptions{Sum: tag}, "city")
			return err
		},
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ask := range questions {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, ask(t.Context(), Query{}, "spend"))
			for _, tag := range []string{"spend", "score"} {
				if name == "HistogramAt" && tag == "score" {
					continue
				}
				require.ErrorIs(t, ask(ended, Query{}, tag), context.Canceled)
			}
			var tagErr *TagError
			require.ErrorAs(t, ask(t.Context(), Query{}, "spent"), &tagErr)
			require.Equal(t, TagError{"spent", "there is no such tag", "spend"}, *tagErr)
			require.EqualError(t, tagErr, `segment: tag "spent": there is no such tag; did you mean "spend"?`)
			if name != "Distinct" {
				require.ErrorAs(t, ask(t.Context(), Query{}, "likes"), &tagErr)
				require.EqualError(t, tagErr, `segment: tag "likes": this cannot be asked of a tag of kind labels`)
			}
			err := ask(t.Context(), Query{Rule: IsTrue("nothing")}, "spend")
			require.ErrorIs(t, err, ErrRule)
			failing := errors.New("no sets today")
			err = ask(t.Context(), Query{Rule: InSet("a"), Sets: func(context.Context, string) (Set, error) { return Set{}, failing }}, "spend")
			require.ErrorIs(t, err, failing)
		})
	}
}

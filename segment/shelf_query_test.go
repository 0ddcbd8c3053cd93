package segment

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// shelving makes the indexes of tests such that have been saved, and opened without reading more than the catalogue.
var shelving bool

var savedSnapshots sync.Map // stores by *Snapshot

// opened returns a snapshot as it is when it was saved and opened.
func opened(s *Snapshot) *Snapshot {
	kept, ok := savedSnapshots.Load(s)
	if !ok {
		kept = smallStore()
		f := &frozen{snapshot: s, clock: liveStart.UnixNano(), next: never, keep: 1}
		must(shelfOf(kept.(store.Store), 1).save(context.Background(), f))
		savedSnapshots.Store(s, kept)
	}
	x, err := newShelf(kept.(store.Store), 0).open(context.Background())
	must(err)
	return x.index.Snapshot()
}

// TestQuestionsOnAShelf asks what other tests ask of indexes that lie in a store.
func TestQuestionsOnAShelf(t *testing.T) {
	shelving = true
	defer func() { shelving = false }()
	for name, test := range map[string]func(*testing.T){
		"AnalysisStops":              TestAnalysisStops,
		"ApplyModel":                 TestApplyModel,
		"DiffCountsWhatRowsSay":      TestDiffCountsWhatRowsSay,
		"DrawAgreesWithSample":       TestDrawAgreesWithSample,
		"DrawTakesTheSmallestHashes": TestDrawTakesTheSmallestHashes,
		"GroupByLabels":              TestGroupByLabels,
		"Histogram":                  TestHistogram,
		"LookalikeErrors":            TestLookalikeErrors,
		"LookalikeReasonsAddUp":      TestLookalikeReasonsAddUp,
		"OverlapCountsWhatRowsSay":   TestOverlapCountsWhatRowsSay,
		"Page":                       TestPage,
		"PagesBetweenWrites":         TestPagesBetweenWrites,
		"PortraitBands":              TestPortraitBands,
		"PortraitCountsWhatRowsSay":  TestPortraitCountsWhatRowsSay,
		"PortraitOptions":            TestPortraitOptions,
		"Quantiles":                  TestQuantiles,
		"QuantilesRefuse":            TestQuantilesRefuse,
		"QueryCancelled":             TestQueryCancelled,
		"QuestionsOfTags":            TestQuestionsOfTags,
		"SelectIsMatch":              TestSelectIsMatch,
		"SelectIsSlow":               TestSelectIsSlow,
		"SelectManyValues":           TestSelectManyValues,
		"SetsOfOthers":               TestSetsOfOthers,
		"SumAndStats":                TestSumAndStats,
		"TopOfNone":                  TestTopOfNone,
		"ManyWorkers":                TestManyWorkers,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "Histogram" || name == "SelectIsMatch" || name == "ApplyModel" {
				race.Skip(t)
			}
			test(t)
		})
	}
}

// all collects a sequence.
func all[T any](seq iter.Seq2[T, error]) (list []T, err error) {
	for x, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// TestEveryQuestionReadsWhatItNeeds asks each question first of a snapshot of which nothing has been read.
func TestEveryQuestionReadsWhatItNeeds(t *testing.T) {
	mem := newPopulace().s
	ids := customersOf(t, mem)
	who := ids[len(ids)/2]
	q := Query{Rule: And(Ge("spend", 30), Or(Eq("region", "广东"), Has("likes", "like1"), IsTrue("vip")))}
	sample := Query{Rule: Sample(20, "x")}
	set, err := mem.Set(t.Context(), Query{Rule: IsTrue("vip")})
	require.NoError(t, err)
	pair := Query{Rule: GtTag("points", "orders")}
	for name, ask := range map[string]func(ctx context.Context, s *Snapshot) (any, error){
		"count":    func(ctx context.Context, s *Snapshot) (any, error) { return s.Count(ctx, q) },
		"everyone": func(ctx context.Context, s *Snapshot) (any, error) { return s.Count(ctx, Query{}) },
		"sample":   func(ctx context.Context, s *Snapshot) (any, error) { return s.Count(ctx, sample) },
		"pair":     func(ctx context.Context, s *Snapshot) (any, error) { return s.Count(ctx, pair) },
		"set":      func(ctx context.Context, s *Snapshot) (any, error) { set, err := s.Set(ctx, q); return set.Bitmap, err },
		"selects":  func(ctx context.Context, s *Snapshot) (any, error) { return s.Selects(ctx, q, who) },
		"why":      func(ctx context.Context, s *Snapshot) (any, error) { return s.Why(ctx, q, who) },
		"members":  func(ctx context.Context, s *Snapshot) (any, error) { return all(s.Members(ctx, q)) },
		"page": func(ctx context.Context, s *Snapshot) (any, error) {
			p, _, err := s.Page(ctx, q, Cursor{}, 30)
			return p, err
		},
		"ids":       func(ctx context.Context, s *Snapshot) (any, error) { return all(s.IDs(ctx, set)) },
		"contains":  func(ctx context.Context, s *Snapshot) (any, error) { return s.Contains(ctx, set, who) },
		"customers": func(ctx context.Context, s *Snapshot) (any, error) { return all(s.Customers(ctx)) },
		"has":       func(ctx context.Context, s *Snapshot) (any, error) { return s.Has(ctx, who) },
		"row":       func(ctx context.Context, s *Snapshot) (any, error) { return s.Row(ctx, who) },
		"value":     func(ctx context.Context, s *Snapshot) (any, error) { return s.Value(ctx, who, "likes") },
		"set of": func(ctx context.Context, s *Snapshot) (any, error) {
			set, n, err := s.SetOf(ctx, func(yield func(customer.ID) bool) { _ = yield(who) && yield(customer.FromInt64(-1)) })
			return []any{set.Bitmap, n}, err
		},
		"coverage": func(ctx context.Context, s *Snapshot) (any, error) {
			list, err := s.Coverage(ctx, time.Unix(0, 0))
			for i := range list {
				list[i].Bytes = 0
			}
			return list, err
		},
		"explain":      func(ctx context.Context, s *Snapshot) (any, error) { return s.Explain(ctx, q) },
		"sum":          func(ctx context.Context, s *Snapshot) (any, error) { return s.Sum(ctx, q, "orders") },
		"stats":        func(ctx context.Context, s *Snapshot) (any, error) { return s.Stats(ctx, q, "score") },
		"quantiles":    func(ctx context.Context, s *Snapshot) (any, error) { return s.Quantiles(ctx, q, "spend", .5) },
		"histogram":    func(ctx context.Context, s *Snapshot) (any, error) { return s.Histogram(ctx, q, "seen", 5) },
		"histogram at": func(ctx context.Context, s *Snapshot) (any, error) { return s.HistogramAt(ctx, q, "orders", 2, 5) },
		"distinct":     func(ctx context.Context, s *Snapshot) (any, error) { return s.Distinct(ctx, q, "shop") },
		"distinct ints": func(ctx context.Context, s *Snapshot) (any, error) {
			return s.Distinct(ctx, Query{}, "orders")
		},
		"top":    func(ctx context.Context, s *Snapshot) (any, error) { return s.Top(ctx, q, "orders", 7) },
		"bottom": func(ctx context.Context, s *Snapshot) (any, error) { return s.Bottom(ctx, Query{}, "score", 7) },
		"max":    func(ctx context.Context, s *Snapshot) (any, error) { return s.Max(ctx, q, "orders") },
		"group": func(ctx context.Context, s *Snapshot) (any, error) {
			return s.GroupBy(ctx, q, &GroupOptions{Depth: 1, Sum: "orders"}, "region", "city")
		},
		"group labels": func(ctx context.Context, s *Snapshot) (any, error) { return s.GroupBy(ctx, Query{}, nil, "likes") },
		"draw":         func(ctx context.Context, s *Snapshot) (any, error) { return s.Draw(ctx, q, 10, "y") },
		"portrait": func(ctx context.Context, s *Snapshot) (any, error) {
			return s.Portrait(ctx, q, &PortraitOptions{Base: Ge("points", 1)})
		},
		"lookalike": func(ctx context.Context, s *Snapshot) (any, error) {
			return s.Lookalike(ctx, Query{Rule: IsTrue("vip")}, q, 10, &LookalikeOptions{Except: []string{"vip"}, Reasons: 3})
		},
		"overlap": func(ctx context.Context, s *Snapshot) (any, error) {
			o, err := s.Overlap(ctx, q, IsTrue("early"), Eq("city", "city1"))
			return o.String(), err
		},
		"diff": func(ctx context.Context, s *Snapshot) (any, error) {
			d, err := s.Diff(ctx, q, s, Query{Rule: IsTrue("rare")})
			return []any{d.Entered.Bitmap, d.Left.Bitmap, d.Stayed}, err
		},
		"write": func(ctx context.Context, s *Snapshot) (any, error) {
			var b bytes.Buffer
			err := s.Write(ctx, &b)
			return b.Bytes(), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := ask(t.Context(), mem)
			require.NoError(t, err)
			cold := opened(mem)
			got, err := ask(t.Context(), cold)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Greater(t, cold.Bytes(), 0)

			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if !slices.Contains([]string{"diff", "overlap"}, name) {
				_, err = ask(gone, opened(mem))
				require.ErrorIs(t, err, context.Canceled)
			}
		})
	}
}

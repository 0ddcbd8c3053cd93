package segment_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/table"
)

var hostileAt = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

func hostileTags() []segment.Tag {
	return []segment.Tag{
		{Name: "city", Kind: segment.Enum, Hierarchy: true, Label: customer.Text{EN: "city", ZH: "城市"}, Origin: segment.FromFact, Refresh: time.Hour},
		{Name: "vip", Kind: segment.Flag},
		{Name: "tags", Kind: segment.Labels},
		{Name: "orders", Kind: segment.Integer},
		{Name: "score", Kind: segment.Float},
		{Name: "birthday", Kind: segment.Time},
		{Name: "last_order", Kind: segment.Time, Unit: time.Second},
		{Name: "spend", Kind: segment.Decimal, Scale: 2},
	}
}

func hostileIDs() []customer.ID {
	var ids []customer.ID
	for n := range int64(6) {
		ids = append(ids, customer.FromInt64(n+1))
	}
	return ids
}

func hostileLoad() []segment.Column {
	last := func(days int64) int64 { return hostileAt.Unix() - days*86400 }
	return []segment.Column{
		{Tag: "city", Codes: []int32{0, 1, 1, -1, 0, 1}, Levels: []string{"a", "b/c"}},
		{Tag: "vip", Bools: []bool{true, false, false, true, false, false}},
		{Tag: "tags", Lists: [][]string{{"x"}, nil, {"x", "y"}, {}, {"y"}, nil}},
		{Tag: "orders", Ints: []int64{1, 2, 3, 4, 5, 6}},
		{Tag: "last_order", Ints: []int64{last(1), last(20), last(40), last(3), last(90), last(2)}, Set: []bool{true, true, true, true, true, false}},
		{Tag: "score", Floats: []float64{0.5, -1.5, 2, 7, 1e6, 0.25}},
		{Tag: "spend", Ints: []int64{100, 250, 9900, 0, -5, 42}},
	}
}

var hostileID = customer.FromInt64(424242)

// hostileIndex has six customers.
func hostileIndex() *segment.Index {
	ix, err := segment.New(&segment.Options{ID: hostileID, Tags: hostileTags()})
	hostileCheck(err)
	hostileCheck(ix.Load(context.Background(), hostileAt, hostileIDs(), hostileLoad()))
	return ix
}

func hostileCheck(err error) {
	if err != nil {
		panic(err)
	}
}

func hostileCursor() []byte {
	_, c, err := hostileIndex().Snapshot().Page(context.Background(), segment.Query{}, segment.Cursor{}, 2)
	hostileCheck(err)
	text, err := c.MarshalText()
	hostileCheck(err)
	return text
}

// change makes a change of a new index, and returns how many customers there are afterwards. One that fails changes nothing.
func change(do func(*segment.Index) error) (int, error) {
	ix := hostileIndex()
	before := ix.Snapshot()
	if err := do(ix); err != nil {
		if ix.Snapshot().Version() != before.Version() {
			panic("what fails has changed something")
		}
		return 0, err
	}
	var b bytes.Buffer
	hostileCheck(ix.Snapshot().Write(context.Background(), &b))
	read, err := segment.Read(context.Background(), &b, nil)
	hostileCheck(err)
	if read.Snapshot().Len() != ix.Snapshot().Len() {
		panic("another number of customers is read back")
	}
	return ix.Snapshot().Len(), nil
}

// batch applies a batch that is made so.
func batch(fill func(*segment.Batch)) (int, error) {
	return change(func(ix *segment.Index) error {
		var b segment.Batch
		fill(&b)
		return ix.Apply(context.Background(), &b)
	})
}

func collect[V any](list iter.Seq2[V, error]) (all []V, err error) {
	for v, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func TestHostileSnapshot(t *testing.T) {
	ctx := t.Context()
	s := hostileIndex().Snapshot()
	few, _, err := s.SetOf(ctx, slices.Values(hostileIDs()[:2]))
	require.NoError(t, err)
	rule, err := segment.Parse(`city = "a" or last_order within 30 days or set("few") or segment("best")`)
	require.NoError(t, err)
	query := func() segment.Query {
		return segment.Query{
			Rule: rule, AsOf: hostileAt, Location: time.UTC, Workers: 2,
			Sets:     func(context.Context, string) (segment.Set, error) { return few, nil },
			Segments: func(string) (segment.Rule, error) { return segment.Ge("orders", 5), nil },
		}
	}
	id := hostileIDs()[1]
	asked := func(name string) map[string]any {
		return map[string]any{
			name + ".AsOf zero": segment.ErrMoment, name + ".Location nil": segment.ErrMoment, name + ".Sets nil": segment.ErrUnknown, name + ".Segments nil": segment.ErrUnknown, name + ".Workers": hostiletest.OK,
		}
	}
	question := func(call any, names string, rest func() []any, expect ...map[string]any) hostiletest.Target {
		x := hostiletest.Target{
			Call: call, Names: "snapshot ctx query " + names, Expect: hostiletest.With(append([]map[string]any{asked("query")}, expect...)...),
			Args: func() []any { return []any{s, ctx, query()} },
		}
		if rest != nil {
			x.Args = func() []any { return append([]any{s, ctx, query()}, rest()...) }
		}
		return x
	}
	one := func(args ...any) func() []any { return func() []any { return args } }
	tagged := map[string]any{"tag empty": segment.ErrTag, "tag bytes": segment.ErrTag, "tag control": segment.ErrTag, "tag long": segment.ErrTag, "tag turned": segment.ErrTag}
	overlap, err := s.Overlap(ctx, query(), rule, segment.Ge("orders", 3), segment.Eq("city", "nowhere"))
	require.NoError(t, err)
	pair := func(call any, nan string) hostiletest.Target {
		return hostiletest.Target{
			Call: call, Names: "overlap i j", Args: func() []any { return []any{overlap, 1, 2} }, NaN: nan,
			Expect: hostiletest.Indexes(hostiletest.Panic("out of range"), "i", "j"),
		}
	}
	const empty = "of an empty segment it is"
	before := hostileIndex().Snapshot()

	hostiletest.Run(t, hostiletest.Table{
		"Snapshot.Count":   question((*segment.Snapshot).Count, "", nil),
		"Snapshot.Set":     question((*segment.Snapshot).Set, "", nil),
		"Snapshot.Explain": question((*segment.Snapshot).Explain, "", nil),
		"Snapshot.Members": question(func(s *segment.Snapshot, ctx context.Context, q segment.Query) ([]customer.ID, error) {
			return collect((*segment.Snapshot).Members(s, ctx, q))
		}, "", nil),
		"Snapshot.Sum":      question((*segment.Snapshot).Sum, "tag", one("spend"), tagged),
		"Snapshot.Min":      question((*segment.Snapshot).Min, "tag", one("score"), tagged),
		"Snapshot.Max":      question((*segment.Snapshot).Max, "tag", one("last_order"), tagged),
		"Snapshot.Stats":    question((*segment.Snapshot).Stats, "tag", one("score"), tagged),
		"Snapshot.Distinct": question((*segment.Snapshot).Distinct, "tag", one("tags"), tagged),
		"Snapshot.Top":      question((*segment.Snapshot).Top, "tag k", one("score", 3), tagged, map[string]any{"k": hostiletest.OK}),
		"Snapshot.Bottom":   question((*segment.Snapshot).Bottom, "tag k", one("orders", 3), tagged, map[string]any{"k": hostiletest.OK}),
		"Snapshot.Histogram": question((*segment.Snapshot).Histogram, "tag bins", one("orders", 3), tagged, hostiletest.Indexes("segment: ", "bins"),
			map[string]any{"bins zero": "segment: "}),
		"Snapshot.HistogramAt": question((*segment.Snapshot).HistogramAt, "tag edges", func() []any { return []any{"score", []any{0.5, 2.5}} }, tagged,
			map[string]any{"edges turned": "segment: ", "edges twice": "segment: ", "edges[1] NaN": "segment: ", "edges[1] nil": "segment: ", "edges huge": "segment: "}),
		"Snapshot.Quantiles": question((*segment.Snapshot).Quantiles, "tag ps", func() []any { return []any{"score", []float64{0.5, 0.9}} }, tagged,
			map[string]any{"ps NaN": "segment: ", "ps[1] minus": "segment: ", "ps[1] max": "segment: ", "ps turned": hostiletest.OK, "ps huge": hostiletest.OK}),
		"Snapshot.GroupBy": question((*segment.Snapshot).GroupBy, "options tags", func() []any {
			return []any{&segment.GroupOptions{Depth: 1, Sum: "spend"}, []string{"vip", "city"}}
		}, map[string]any{"options nil": hostiletest.OK, "options.Sum bytes": segment.ErrTag, "tags[1] empty": segment.ErrTag, "tags[1] bytes": segment.ErrTag, "tags nil": hostiletest.OK}),
		"Snapshot.Portrait": question((*segment.Snapshot).Portrait, "options", func() []any {
			return []any{&segment.PortraitOptions{Tags: []string{"city", "vip"}, Except: []string{"orders"}, Bands: 3, Support: 1, MaxQ: 1}}
		}, map[string]any{
			"options nil": hostiletest.OK, "options.Bands min": segment.ErrOptions, "options.Bands max": segment.ErrOptions, "options.Support min": segment.ErrOptions, "options.MaxQ NaN": segment.ErrOptions, "options.MaxQ max": segment.ErrOptions,
			"options.Tags[1] bytes": segment.ErrTag, "options.Except[0] bytes": segment.ErrTag,
		}),
		"Snapshot.Lookalike": {
			Call: (*segment.Snapshot).Lookalike, Names: "snapshot ctx seed candidates n options",
			Args: func() []any {
				return []any{s, ctx, query(), query(), 3, &segment.LookalikeOptions{Tags: []string{"city", "vip"}, Bands: 3, Support: 1, MaxQ: 1, Reasons: 2}}
			},
			Expect: hostiletest.With(asked("seed"), map[string]any{
				"n min": nil, "n max": nil, "options nil": hostiletest.OK, "options.Bands max": segment.ErrOptions, "options.MaxQ NaN": segment.ErrOptions, "options.Reasons min": nil, "options.Tags[1] bytes": segment.ErrTag,
				"candidates.AsOf zero": segment.ErrMoment,
			}),
		},
		"Snapshot.Overlap": question(func(s *segment.Snapshot, ctx context.Context, q segment.Query, rules []segment.Rule) (string, error) {
			o, err := (*segment.Snapshot).Overlap(s, ctx, q, rules...)
			if err != nil {
				return "", err
			}
			return o.String(), nil
		}, "rules", func() []any { return []any{[]segment.Rule{rule, segment.Ge("orders", 2)}} }, map[string]any{"rules nil": hostiletest.OK, "rules huge": segment.ErrLimit}),
		"Snapshot.Page":    question((*segment.Snapshot).Page, "after n", one(segment.Cursor{}, 2)),
		"Snapshot.Draw":    question((*segment.Snapshot).Draw, "n salt", one(2, "salt"), map[string]any{"n": hostiletest.OK}),
		"Snapshot.Selects": question((*segment.Snapshot).Selects, "id", one(id), map[string]any{"id zero": hostiletest.OK}),
		"Snapshot.Why":     question((*segment.Snapshot).Why, "id", one(id), map[string]any{"id zero": hostiletest.OK}),
		"Snapshot.Diff": {
			Call: (*segment.Snapshot).Diff, Names: "snapshot ctx query before was",
			Args:   func() []any { return []any{s, ctx, query(), s, query()} },
			Expect: hostiletest.With(asked("query"), map[string]any{"was.AsOf zero": segment.ErrMoment, "was.Sets nil": segment.ErrUnknown}),
			Cases:  []hostiletest.Case{{Name: "another epoch", Args: func() []any { return []any{s, ctx, segment.Query{}, before, segment.Query{}} }, Want: segment.ErrExpiredSet}},
		},
		"Snapshot.Contains": {
			Call: (*segment.Snapshot).Contains, Names: "snapshot ctx set id", Args: func() []any { return []any{s, ctx, few, id} },
			Expect: map[string]any{"set.Index zero": segment.ErrForeignSet, "set.Epoch zero": segment.ErrExpiredSet, "set.Bitmap nil": hostiletest.OK, "id zero": hostiletest.OK},
		},
		"Snapshot.IDs": {
			Call: func(ctx context.Context, set segment.Set) ([]customer.ID, error) {
				return collect((*segment.Snapshot).IDs(s, ctx, set))
			},
			Names: "ctx set", Args: func() []any { return []any{ctx, few} },
			Expect: map[string]any{"set.Index zero": segment.ErrForeignSet, "set.Epoch max": segment.ErrExpiredSet, "set.Bitmap nil": hostiletest.OK},
		},
		"Snapshot.SetOf": {
			Call: func(ctx context.Context, ids []customer.ID) (segment.Set, int, error) {
				return (*segment.Snapshot).SetOf(s, ctx, slices.Values(ids))
			},
			Names: "ctx ids", Args: func() []any { return []any{ctx, hostileIDs()} }, Expect: map[string]any{"ids": hostiletest.OK, "ids[5]": hostiletest.OK},
		},
		"Snapshot.Coverage": {Call: (*segment.Snapshot).Coverage, Names: "snapshot ctx at", Args: func() []any { return []any{s, ctx, hostileAt} }},
		"Snapshot.Customers": {Call: func(ctx context.Context) ([]customer.ID, error) {
			return collect((*segment.Snapshot).Customers(s, ctx))
		}, Names: "ctx", Args: one(ctx)},
		"Snapshot.Has":   {Call: (*segment.Snapshot).Has, Names: "snapshot ctx id", Args: one(s, ctx, id), Expect: map[string]any{"id zero": hostiletest.OK}},
		"Snapshot.Row":   {Call: (*segment.Snapshot).Row, Names: "snapshot ctx id", Args: one(s, ctx, id), Expect: map[string]any{"id zero": hostiletest.OK}},
		"Snapshot.Value": {Call: (*segment.Snapshot).Value, Names: "snapshot ctx id tag", Args: one(s, ctx, id, "city"), Expect: map[string]any{"id zero": hostiletest.OK, "tag": hostiletest.OK}},
		"Snapshot.Write": {
			Call: func(ctx context.Context) (string, error) {
				var b bytes.Buffer
				err := (*segment.Snapshot).Write(s, ctx, &b)
				return b.String(), err
			},
			Names: "ctx", Args: one(ctx),
			Then: func(results []any) {
				_, err := segment.Read(ctx, bytes.NewReader([]byte(results[0].(string))), nil)
				hostileCheck(err)
			},
		},
		"Overlap.Count":   pair((*segment.Overlap).Count, ""),
		"Overlap.Jaccard": pair((*segment.Overlap).Jaccard, empty),
		"Overlap.Lift":    pair((*segment.Overlap).Lift, empty),
		"Overlap.Share":   pair((*segment.Overlap).Share, empty),
		"Overlap.Rule":    {Call: (*segment.Overlap).Rule, Names: "overlap i", Args: one(overlap, 1), Expect: hostiletest.Indexes(hostiletest.Panic("out of range"), "i")},
	})
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	id := hostileIDs()[1]
	tags, err := segment.NewCatalogue(hostileTags()...)
	require.NoError(t, err)
	rule, err := segment.Parse(`(city = "a" or last_order within 30 days or sample(10%, "s")) and not set("few")`)
	require.NoError(t, err)
	matcher, err := segment.NewMatcher(tags, rule, nil)
	require.NoError(t, err)
	var written bytes.Buffer
	require.NoError(t, hostileIndex().Snapshot().Write(ctx, &written))
	subject := func() []any {
		return []any{matcher, segment.Subject{
			ID: id, AsOf: hostileAt, Location: time.UTC, Values: map[string]any{"city": "a", "last_order": hostileAt}, Member: func(string) (bool, error) { return false, nil },
		}}
	}
	matched := map[string]any{"subject.AsOf zero": segment.ErrMoment, "subject.Location nil": segment.ErrMoment, "subject.ID zero": "segment: ", "subject.Values nil": hostiletest.OK}
	rows := func() []customer.Row {
		return []customer.Row{
			{ID: id, Values: []customer.Field{{Name: "city", Value: customer.TextValue("c")}}},
			{ID: customer.FromInt64(99), Values: []customer.Field{{Name: "orders", Value: customer.Int64Value(9)}, {Name: "vip", Value: customer.BoolValue(true)}}},
		}
	}
	of := func(args ...any) func() []any { return func() []any { return args } }
	noTag := map[string]any{"tag empty": "segment: ", "tag bytes": "segment: ", "tag control": "segment: ", "tag long": "segment: ", "id zero": "segment: "}
	declared := map[string]any{
		"tags nil": hostiletest.OK, "tags[7].Name empty": "segment: ", "tags[7].Name bytes": "segment: ", "tags[7].Kind": "segment: ", "tags[7].Scale min": "segment: ", "tags[7].Scale max": "segment: ",
		"tags[7].Unit min": "segment: ", "tags[7].Hierarchy flipped": "segment: ", "tags[7].Path bytes": "segment: ", "tags[7].Label.EN bytes": "segment: ", "tags[7].Refresh min": "segment: ", "tags[7].Origin bytes": "segment: ",
	}

	hostiletest.Run(t, hostiletest.Table{
		"New": {
			Call: func(o *segment.Options) (int, error) {
				ix, err := segment.New(o)
				if err != nil {
					return 0, err
				}
				return ix.Snapshot().Catalogue().Len(), nil
			},
			Names: "options", Args: func() []any {
				return []any{&segment.Options{ID: hostileID, Tags: hostileTags(), Dense: 0.01, Workers: 2}}
			},
			Expect: map[string]any{"options nil": hostiletest.OK, "options.Tags twice": "segment: ", "options.Tags huge": "segment: ", "options.Dense NaN": segment.ErrOptions, "options.Dense max": segment.ErrOptions, "options.Dense tiny": segment.ErrOptions, "options.Dense minus": segment.ErrOptions},
		},
		"NewCatalogue": {
			Call: func(tags []segment.Tag) (int, error) {
				c, err := segment.NewCatalogue(tags...)
				if err != nil {
					return 0, err
				}
				return c.Len(), nil
			},
			Names: "tags", Args: func() []any { return []any{hostileTags()} }, Expect: hostiletest.With(declared, map[string]any{"tags twice": "segment: ", "tags alike": "segment: ", "tags huge": "segment: "}),
		},
		"Catalogue.Tag": {Call: (*segment.Catalogue).Tag, Names: "catalogue name", Args: of(tags, "city")},
		"Tag.Validate": {Call: (*segment.Tag).Validate, Names: "tag", Args: func() []any { return []any{&hostileTags()[7]} }, Expect: map[string]any{
			"tag.Name bytes": "segment: ", "tag.Kind max": "segment: ", "tag.Scale min": "segment: ",
		}, Hold: map[string]string{"tag nil": "it is a value"}},
		"Read": {
			Call: func(ctx context.Context, r io.Reader, o *segment.Options) (int, error) {
				ix, err := segment.Read(ctx, r, o)
				if err != nil {
					return 0, err
				}
				return ix.Snapshot().Count(ctx, segment.Query{Rule: segment.Ge("orders", 3)})
			},
			Names: "ctx r options", Args: func() []any {
				return []any{ctx, hostiletest.Text(written.String()), &segment.Options{ID: hostileID, Workers: 2}}
			},
			Expect: map[string]any{
				"r broken": hostiletest.ErrReader, "r slow": hostiletest.OK, "r empty": segment.ErrCorrupt, "r torn": segment.ErrCorrupt, "r spoilt": segment.ErrCorrupt, "r trailing": hostiletest.OK,
				"r doubled": hostiletest.OK, "r zeros": segment.ErrCorrupt, "r mark": segment.ErrCorrupt, "options nil": hostiletest.OK, "options.ID zero": hostiletest.OK, "options.Dense NaN": segment.ErrOptions,
			},
		},
		"Index.Apply": {
			Call: func(ctx context.Context, at time.Time) (int, error) {
				return change(func(ix *segment.Index) error {
					b := segment.Batch{At: at}
					b.Set(id, "orders", customer.Int64Value(7))
					b.Delete(hostileIDs()[2])
					return (*segment.Index).Apply(ix, ctx, &b)
				})
			},
			Names: "ctx at", Args: of(ctx, hostileAt), Expect: map[string]any{"at zero": hostiletest.OK},
		},
		"Index.ApplyRows": {
			Call: func(ctx context.Context, rows customer.RowBatch) (int, error) {
				return change(func(ix *segment.Index) error { return (*segment.Index).ApplyRows(ix, ctx, rows) })
			},
			Names: "ctx rows", Args: func() []any { return []any{ctx, customer.RowBatch{Upserts: rows(), Deletes: hostileIDs()[3:4]}} },
			Expect: map[string]any{
				"rows.Upserts nil": hostiletest.OK, "rows.Upserts[1].ID zero": "customer: ", "rows.Upserts[1].Values[1].Name empty": "customer: ", "rows.Upserts[1].Values[1].Name bytes": "customer: ", "rows.Deletes nil": hostiletest.OK,
			},
		},
		"Index.Compact": {Call: func(ctx context.Context) (int, error) {
			return change(func(ix *segment.Index) error { return (*segment.Index).Compact(ix, ctx) })
		}, Names: "ctx", Args: of(ctx)},
		"Index.Declare": {
			Call: func(tags []segment.Tag) (int, error) {
				return change(func(ix *segment.Index) error { return (*segment.Index).Declare(ix, tags...) })
			},
			Names: "tags", Args: func() []any {
				return []any{append(hostileTags()[:7], segment.Tag{Name: "more", Kind: segment.Decimal, Scale: 2})}
			},
			Expect: hostiletest.With(declared, map[string]any{"tags twice": hostiletest.OK, "tags huge": hostiletest.OK}),
		},
		"Index.Load": {
			Call: func(ctx context.Context, at time.Time, ids []customer.ID, columns []segment.Column) (int, error) {
				return change(func(ix *segment.Index) error { return (*segment.Index).Load(ix, ctx, at, ids, columns) })
			},
			Names: "ctx at ids columns", Args: func() []any { return []any{ctx, hostileAt, hostileIDs(), hostileLoad()} },
			Expect: map[string]any{
				"ids nil": "segment: ", "ids short": "segment: ", "ids huge": "segment: ", "ids[5] zero": "segment: ", "ids twice": hostiletest.OK, "columns nil": hostiletest.OK, "columns twice": "segment: ",
				"columns[6].Tag bytes": "segment: ", "columns[6].Ints nil": "segment: ", "columns[6].Ints long": "segment: ",
			},
			Cases: []hostiletest.Case{
				{Name: "codes", Args: func() []any {
					return []any{ctx, hostileAt, hostileIDs()[:1], []segment.Column{{Tag: "city", Codes: []int32{7}, Levels: []string{"a"}}}}
				}, Want: "segment: "},
				{Name: "levels", Args: func() []any {
					return []any{ctx, hostileAt, hostileIDs()[:1], []segment.Column{{Tag: "city", Codes: []int32{0}, Levels: []string{"\xff"}}}}
				}, Want: "segment: "},
				{Name: "of another kind", Args: func() []any {
					return []any{ctx, hostileAt, hostileIDs()[:1], []segment.Column{{Tag: "city", Ints: []int64{1}}}}
				}, Want: "segment: "},
			},
		},
		"Index.LoadRows": {
			Call: func(ctx context.Context, at time.Time, rows []customer.Row) (int, error) {
				return change(func(ix *segment.Index) error {
					_, err := (*segment.Index).LoadRows(ix, ctx, at, func(yield func(customer.Row, error) bool) {
						for _, row := range rows {
							if !yield(row, nil) {
								return
							}
						}
					})
					return err
				})
			},
			Names: "ctx at rows", Args: func() []any { return []any{ctx, hostileAt, rows()} },
			Expect: map[string]any{"rows nil": hostiletest.OK, "rows[1].ID zero": "segment: ", "rows[1].Values[1].Name bytes": "segment: "},
		},
		"Batch.Add": {Call: func(id customer.ID) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Add(b, id) })
		}, Names: "id", Args: of(id), Expect: map[string]any{"id zero": "segment: "}},
		"Batch.Delete": {Call: func(id customer.ID) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Delete(b, id) })
		}, Names: "id", Args: of(id)},
		"Batch.AddLabels": {Call: func(id customer.ID, tag string, labels []string) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).AddLabels(b, id, tag, labels...) })
		}, Names: "id tag labels", Args: func() []any { return []any{id, "tags", []string{"new", "x"}} }, Expect: hostiletest.With(noTag, map[string]any{"labels nil": nil, "labels[1] bytes": "segment: ", "labels huge": hostiletest.OK})},
		"Batch.RemoveLabels": {Call: func(id customer.ID, tag string, labels []string) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).RemoveLabels(b, id, tag, labels...) })
		}, Names: "id tag labels", Args: func() []any { return []any{id, "tags", []string{"new", "x"}} }},
		"Batch.Clear": {Call: func(id customer.ID, tag string) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Clear(b, id, tag) })
		}, Names: "id tag", Args: of(id, "city")},
		"Batch.Increment": {Call: func(id customer.ID, tag string, by int64) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Increment(b, id, tag, customer.Int64Value(by)) })
		}, Names: "id tag by", Args: of(id, "orders", int64(2)), Expect: hostiletest.With(noTag, map[string]any{"by max": "segment: ", "by min": hostiletest.OK})},
		"Batch.Row": {Call: func(row customer.Row) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Row(b, row) })
		}, Names: "row", Args: func() []any { return []any{rows()[1]} }, Expect: map[string]any{"row.ID zero": "segment: ", "row.Values nil": hostiletest.OK, "row.Values[1].Name empty": "segment: "}},
		"Batch.Set": {Call: func(id customer.ID, tag string, x float64) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).Set(b, id, tag, customer.Float64Value(x)) })
		}, Names: "id tag x", Args: of(id, "score", 2.5), Expect: hostiletest.With(noTag, map[string]any{"x NaN": "segment: ", "x +Inf": "segment: "})},
		"Batch.SetIfNewer": {Call: func(id customer.ID, tag, text string, at time.Time) (int, error) {
			return batch(func(b *segment.Batch) { (*segment.Batch).SetIfNewer(b, id, tag, customer.TextValue(text), at) })
		}, Names: "id tag text at", Args: of(id, "city", "c/d", hostileAt), Expect: hostiletest.With(noTag, map[string]any{"text bytes": "segment: ", "at zero": "segment: ", "at beyond": "segment: ", "at before": "segment: "})},
		"ColumnsOf": {
			Call: func(values []float64, texts []string) (int, error) {
				return change(func(ix *segment.Index) error {
					columns := segment.ColumnsOf(&table.Table[int]{Columns: []table.Column{table.NumberColumn("score", values...), table.CategoryColumn("city", texts...)}})
					return ix.Load(ctx, hostileAt, hostileIDs(), columns)
				})
			}, Names: "values texts", Args: func() []any { return []any{[]float64{1, 2, 3, 4, 5, 6}, []string{"a", "b", "", "d", "e", "f"}} },
			Expect: hostiletest.With(hostiletest.Lengths("segment: ", "values", "texts"), map[string]any{"values NaN": hostiletest.OK, "values[5] +Inf": "segment: ", "texts[5] bytes": "segment: "}),
		},
		"NewMatcher": {
			Call: func(text string) (bool, error) {
				r, err := segment.Parse(text)
				if err != nil {
					return false, err
				}
				m, err := segment.NewMatcher(tags, r, func(string) (segment.Rule, error) { return segment.IsTrue("vip"), nil })
				if err != nil {
					return false, err
				}
				return m.Match(segment.Subject{Values: map[string]any{"vip": true, "city": "a"}})
			},
			Names: "text", Args: of(`segment("best") and city = "a"`), Expect: map[string]any{"text empty": segment.ErrRule},
			Cases: []hostiletest.Case{{Name: "a tag that there is not", Args: of("nowhere = 1"), Want: segment.ErrRule}, {Name: "of another kind", Args: of(`city > 5`), Want: segment.ErrRule}},
		},
		"Matcher.Match": {Call: (*segment.Matcher).Match, Names: "matcher subject", Args: subject, Expect: matched},
		"Matcher.Why":   {Call: (*segment.Matcher).Why, Names: "matcher subject", Args: subject, Expect: matched},
	})
}

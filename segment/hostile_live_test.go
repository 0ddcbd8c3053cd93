package segment_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

func hostileDefinitions() []segment.Definition {
	return []segment.Definition{
		{Name: "active", Rule: segment.Within("last_order", segment.Days(30))},
		{Name: "best", Label: customer.Text{EN: "best", ZH: "最好"}, Rule: segment.And(segment.Segment("active"), segment.Ge("orders", 1)), Stay: segment.IsSet("city"), Dwell: time.Hour, Holdout: 0.01, Salt: "s", Cap: 2},
	}
}

func hostileLiveOptions() *segment.LiveOptions {
	return &segment.LiveOptions{At: hostileAt, Location: time.UTC, Definitions: hostileDefinitions(), Actor: "li", Workers: 2}
}

func hostileLive() *segment.Live {
	l, err := segment.NewLive(hostileIndex(), hostileLiveOptions())
	hostileCheck(err)
	return l
}

// step takes a step of new live segments. One that fails leaves the clock, the index and the members as they were.
func step(do func(*segment.Live) ([]segment.Notice, error)) ([]segment.Notice, error) {
	l := hostileLive()
	members, err := l.Len("active")
	hostileCheck(err)
	at, version, definitions := l.At(), l.Snapshot().Version(), l.Definitions()
	notices, err := do(l)
	if err == nil {
		return notices, nil
	}
	after, fault := l.Len("active")
	hostileCheck(fault)
	if after != members || !l.At().Equal(at) || l.Snapshot().Version() != version || !reflect.DeepEqual(l.Definitions(), definitions) {
		panic("what fails has changed something")
	}
	return nil, err
}

func TestHostileLive(t *testing.T) {
	ctx := t.Context()
	live := hostileLive()
	later := hostileAt.Add(time.Hour)
	id := hostileIDs()[1]
	of := func(args ...any) func() []any { return func() []any { return args } }
	at := map[string]any{"at zero": "segment: ", "at beyond": "segment: ", "at before": "segment: ", "at first": "segment: ", "at last": "segment: "}
	defined := func(place string) map[string]any {
		list := map[string]any{}
		for _, what := range []string{
			".Name empty", ".Name bytes", ".Name control", ".Name long", ".Label.EN bytes", ".Label.EN long", ".Label.ZH bytes", ".Dwell min", ".Dwell max", ".Holdout NaN", ".Holdout minus", ".Holdout max", ".Salt bytes", ".Cap min", ".Cap minus",
		} {
			list[place+what] = "segment: "
		}
		return list
	}
	noSegment := map[string]any{"name": segment.ErrUnknown}
	kept := func() (*segment.Live, store.Store) {
		s := new(store.Memory)
		l, err := segment.OpenLive(context.Background(), s, &segment.OpenOptions{Live: *hostileLiveOptions(), From: hostileIndex().Snapshot(), Clock: func() time.Time { return hostileAt }})
		hostileCheck(err)
		return l, s
	}
	// reopened makes sure that what a store keeps can be opened after a call, whatever that returned.
	reopened := func(do func(*segment.Live) error) (int, error) {
		l, s := kept()
		err := do(l)
		_ = l.Close(context.Background())
		again, fault := segment.OpenLive(context.Background(), s, &segment.OpenOptions{Live: *hostileLiveOptions(), Clock: func() time.Time { return hostileAt.Add(time.Hour) }})
		hostileCheck(fault)
		n, fault := again.Len("active")
		hostileCheck(fault)
		hostileCheck(again.Close(context.Background()))
		if err != nil {
			return 0, err
		}
		return n, nil
	}

	hostiletest.Run(t, hostiletest.Table{
		"NewLive": {
			Call: func(o *segment.LiveOptions) (int, error) {
				l, err := segment.NewLive(hostileIndex(), o)
				if err != nil {
					return 0, err
				}
				return len(l.Definitions()), nil
			},
			Names: "options", Args: func() []any { return []any{hostileLiveOptions()} },
			Expect: hostiletest.With(defined("options.Definitions[1]"), map[string]any{
				"options nil": segment.ErrOptions, "options.At zero": segment.ErrOptions, "options.At beyond": segment.ErrOptions, "options.Location nil": "segment: ", "options.Definitions nil": hostiletest.OK, "options.Definitions twice": "segment: ",
				"options.Definitions huge": "segment: ", "options.Actor bytes": "segment: ", "options.Keep min": segment.ErrOptions,
			}),
		},
		"OpenLive": {
			Call: func(ctx context.Context, o *segment.OpenOptions) error {
				l, err := segment.OpenLive(ctx, new(store.Memory), o)
				if err != nil {
					return err
				}
				return l.Close(context.Background())
			},
			Names: "ctx options", Args: func() []any {
				return []any{ctx, &segment.OpenOptions{
					Live: *hostileLiveOptions(), Index: segment.Options{ID: hostileID, Tags: hostileTags()}, Clock: func() time.Time { return hostileAt }, Lease: time.Minute, Owner: "host", LogBytes: 1 << 20,
				}}
			},
			Hold:   map[string]string{"options.Live.Definitions": "see NewLive", "options.Index.Tags": "see New"},
			Expect: map[string]any{"options nil": segment.ErrOptions, "options.Clock nil": segment.ErrOptions, "options.Live.At zero": segment.ErrOptions, "options.Lease min": segment.ErrOptions, "options.LogBytes min": segment.ErrOptions, "options.Reader flipped": segment.ErrReader},
		},
		"Definition.Validate": {
			Call: (*segment.Definition).Validate, Names: "definition", Args: func() []any { return []any{&hostileDefinitions()[1]} }, Expect: defined("definition"), Hold: map[string]string{"definition nil": "it is a value"},
		},
		"Live.Advance": {Call: func(ctx context.Context, at time.Time) ([]segment.Notice, error) {
			return step(func(l *segment.Live) ([]segment.Notice, error) { return (*segment.Live).Advance(l, ctx, at) })
		}, Names: "ctx at", Args: of(ctx, hostileAt.AddDate(0, 0, 40)), Expect: at},
		"Live.Apply": {Call: func(ctx context.Context, at time.Time, id customer.ID, tag string, n int64) ([]segment.Notice, error) {
			return step(func(l *segment.Live) ([]segment.Notice, error) {
				var b segment.Batch
				b.Set(id, tag, customer.Int64Value(n))
				return (*segment.Live).Apply(l, ctx, at, &b)
			})
		}, Names: "ctx at id tag n", Args: of(ctx, later, id, "orders", int64(0)), Expect: hostiletest.With(at, map[string]any{"id zero": "segment: ", "tag empty": "segment: ", "tag bytes": "segment: ", "n": hostiletest.OK})},
		"Live.ApplyRows": {Call: func(ctx context.Context, at time.Time, rows customer.RowBatch) ([]segment.Notice, error) {
			return step(func(l *segment.Live) ([]segment.Notice, error) {
				return (*segment.Live).ApplyRows(l, ctx, at, rows)
			})
		}, Names: "ctx at rows", Args: func() []any {
			return []any{ctx, later, customer.RowBatch{
				Upserts: []customer.Row{{ID: id, Values: []customer.Field{{Name: "orders", Value: customer.Int64Value(9)}, {Name: "vip", Value: customer.BoolValue(true)}}}}, Deletes: hostileIDs()[3:4],
			}}
		}, Expect: hostiletest.With(at, map[string]any{"rows.Upserts[0].ID zero": "customer: ", "rows.Upserts[0].Values[1].Name bytes": "customer: ", "rows.Deletes nil": hostiletest.OK})},
		"Live.Declare": {
			Call: func(ctx context.Context, tags []segment.Tag) ([]segment.Notice, error) {
				return step(func(l *segment.Live) ([]segment.Notice, error) { return nil, (*segment.Live).Declare(l, ctx, tags...) })
			}, Names: "ctx tags", Args: func() []any { return []any{ctx, []segment.Tag{{Name: "more", Kind: segment.Decimal, Scale: 2}}} },
			Expect: map[string]any{"tags nil": hostiletest.OK, "tags[0].Name bytes": "segment: ", "tags[0].Kind max": "segment: ", "tags[0].Scale max": "segment: "},
		},
		"Live.Define": {
			Call: func(ctx context.Context, at time.Time, actor string, definitions []segment.Definition) ([]segment.Notice, error) {
				return step(func(l *segment.Live) ([]segment.Notice, error) {
					return (*segment.Live).Define(l, ctx, at, actor, definitions...)
				})
			}, Names: "ctx at actor definitions", Args: func() []any { return []any{ctx, later, "wang", hostileDefinitions()} },
			Expect: hostiletest.With(at, defined("definitions[1]"), map[string]any{"actor bytes": "segment: ", "definitions nil": hostiletest.OK, "definitions twice": "segment: ", "definitions huge": "segment: "}),
		},
		"Live.Drop": {
			Call: func(ctx context.Context, at time.Time, names []string) ([]segment.Notice, error) {
				return step(func(l *segment.Live) ([]segment.Notice, error) { return (*segment.Live).Drop(l, ctx, at, names...) })
			}, Names: "ctx at names", Args: func() []any { return []any{ctx, later, []string{"best"}} },
			Expect: hostiletest.With(at, map[string]any{"names nil": hostiletest.OK, "names[0]": segment.ErrUnknown}),
			Cases:  []hostiletest.Case{{Name: "in use", Args: of(ctx, later, []string{"active"}), Want: segment.ErrInUse}},
		},
		"Live.Rollback": {
			Call: func(ctx context.Context, at time.Time, actor, name string, version int) ([]segment.Notice, error) {
				return step(func(l *segment.Live) ([]segment.Notice, error) {
					return (*segment.Live).Rollback(l, ctx, at, actor, name, version)
				})
			}, Names: "ctx at actor name version", Args: of(ctx, later, "wang", "best", 1),
			Expect: hostiletest.With(at, hostiletest.Indexes(segment.ErrUnknown, "version"), noSegment, map[string]any{"version zero": segment.ErrUnknown, "actor bytes": "segment: "}),
		},
		"Live.Preview": {
			Call: (*segment.Live).Preview, Names: "live ctx definition samples", Args: func() []any { return []any{live, ctx, hostileDefinitions()[1], 3} },
			Expect: hostiletest.With(defined("definition"), map[string]any{"samples": hostiletest.OK}),
		},
		"Live.Set":     {Call: (*segment.Live).Set, Names: "live ctx name", Args: of(live, ctx, "active"), Expect: noSegment},
		"Live.HeldOut": {Call: (*segment.Live).HeldOut, Names: "live ctx name", Args: of(live, ctx, "best"), Expect: noSegment},
		"Live.History": {Call: (*segment.Live).History, Names: "live name", Args: of(live, "best"), Expect: noSegment},
		"Live.Len":     {Call: (*segment.Live).Len, Names: "live name", Args: of(live, "best"), Expect: noSegment},
		"Live.Notices": {
			Call: func(ctx context.Context, after uint64) ([]segment.Notice, error) {
				l := hostileLive()
				_, err := l.Advance(context.Background(), hostileAt.AddDate(0, 0, 40))
				hostileCheck(err)
				return collect((*segment.Live).Notices(l, ctx, after))
			},
			Names: "ctx after", Args: of(ctx, uint64(1)), Expect: map[string]any{"after zero": hostiletest.OK, "after max": segment.ErrExpiredNotices},
		},
		"Live.Checkpoint": {Call: func(ctx context.Context) (int, error) {
			return reopened(func(l *segment.Live) error { return (*segment.Live).Checkpoint(l, ctx) })
		}, Names: "ctx", Args: of(ctx)},
		"Live.Close": {Call: func(ctx context.Context) (int, error) {
			return reopened(func(l *segment.Live) error { return (*segment.Live).Close(l, ctx) })
		}, Names: "ctx", Args: of(ctx)},
		"Live.Backup": {Call: func(ctx context.Context) (int, error) {
			return reopened(func(l *segment.Live) error { return (*segment.Live).Backup(l, ctx, new(store.Memory)) })
		}, Names: "ctx", Args: of(ctx)},
		"Live.Follow": {Call: func(ctx context.Context) (int, error) {
			l, s := kept()
			r, err := segment.OpenLive(context.Background(), s, &segment.OpenOptions{Live: *hostileLiveOptions(), Reader: true})
			hostileCheck(err)
			written, err := l.Advance(context.Background(), hostileAt.AddDate(0, 0, 40))
			hostileCheck(err)
			notices, err := (*segment.Live).Follow(r, ctx)
			rest, fault := r.Follow(context.Background())
			hostileCheck(fault)
			hostileCheck(l.Close(context.Background()))
			if len(notices)+len(rest) != len(written) {
				panic("notices are lost")
			}
			return len(notices), err
		}, Names: "ctx", Args: of(ctx)},
	})
	require.Equal(t, hostileAt, live.At())
}

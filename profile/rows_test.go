package profile

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

func TestRowsCursors(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 1)
	p := w.open(smallest(), nil)
	first := func(ctx context.Context, after customer.Cursor) error {
		for _, err := range p.Rows(ctx, after) {
			return err
		}
		return nil
	}
	var begin customer.Cursor
	require.NoError(t, first(ctx, begin))
	require.NoError(t, p.TrimRows(ctx, begin))
	_, err := p.Sync(ctx, w.now, newManyFeed(500, w.now))
	require.NoError(t, err)
	head, err := p.RowsHead(ctx)
	require.NoError(t, err)
	require.NotZero(t, head[0])
	require.NoError(t, first(ctx, begin))
	beyond := head
	beyond[7]++
	require.ErrorIs(t, first(ctx, beyond), customer.ErrCursorUnknown)
	require.ErrorIs(t, p.TrimRows(ctx, beyond), customer.ErrCursorUnknown)

	half := head
	half[0], half[9] = 1, 0
	require.NoError(t, p.TrimRows(ctx, half))
	require.ErrorIs(t, first(ctx, begin), customer.ErrCursorExpired)
	require.NoError(t, first(ctx, half))
	left := 0
	for e, err := range p.s.Scan(ctx, store.Under(key('q'))) {
		require.NoError(t, err)
		shard := e.Key[len(key('q'))]
		require.True(t, shard == 0 || shard == 9)
		left++
	}
	require.Equal(t, int(head[0]-1+head[9]), left)
	require.NoError(t, p.TrimRows(ctx, begin)) // less than before
	require.NoError(t, p.TrimRows(ctx, head))
	require.NoError(t, first(ctx, head))

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, first(cancelled, head), context.Canceled)

	// What is trimmed while it is read is noticed.
	_, err = p.Sync(ctx, w.now, newManyFeed(3500, w.now))
	require.NoError(t, err)
	var last error
	n := 0
	for _, err := range p.Rows(ctx, head) {
		if n++; n == 1 {
			now, err := p.RowsHead(ctx)
			require.NoError(t, err)
			require.NoError(t, p.TrimRows(ctx, now))
		}
		last = err
	}
	require.ErrorIs(t, last, customer.ErrCursorExpired)
}

// Batches of a long feed are whole commits, each customer once, and reading goes on from any.
func TestRowsBatches(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 2)
	p := w.open(smallest(), nil)
	stampOf := map[customer.ID]map[uint64]bool{}
	for range 4 {
		for range 100 {
			w.found()
		}
		for range 50 {
			w.change()
		}
		require.NoError(t, w.say(p, 100))
		_, err := p.Sync(ctx, w.now, w.feed)
		require.NoError(t, err)
	}
	total := 0
	for e, err := range p.s.Scan(ctx, store.Under(key('q'))) {
		require.NoError(t, err)
		q, err := decodeQueued(e.Value)
		require.NoError(t, err)
		if stampOf[q.id] == nil {
			stampOf[q.id] = map[uint64]bool{}
		}
		require.False(t, stampOf[q.id][q.stamp], "a customer twice in a commit")
		stampOf[q.id][q.stamp] = true
		total++
	}
	require.Greater(t, total, batchRows)

	k, batches := newKeeper(t), 0
	for k.cursor == (customer.Cursor{}) || batches < 100 {
		before := k.cursor
		if k.follow(p, 1+batches%2); k.cursor == before {
			break
		}
		batches++
	}
	require.Greater(t, batches, 1)
	require.Equal(t, w.want(p, w.now), k.rows)
	head, err := p.RowsHead(ctx)
	require.NoError(t, err)
	require.Equal(t, head, k.cursor)
}

// Values that no store takes in one piece are handed on nevertheless.
func TestRowsLarge(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 3)
	p, k := w.open(smallest(), nil), newKeeper(t)
	var atoms []customer.AtomID
	var all []Evidence
	for i := range 60 {
		atoms = append(atoms, fakeAtom(i))
		var labels []string
		for j := range 100 {
			labels = append(labels, fmt.Sprintf("label %d of %d with a long name", j, i))
		}
		all = append(all, Evidence{Atom: atoms[i], ID: "1", Source: "crm", Time: w.now, Values: []customer.Field{{Name: "tags", Value: customer.LabelsValue(labels...)}}})
	}
	id := customer.FromInt64(5)
	w.feed.created(id, atoms...)
	_, err := p.Add(ctx, w.now, all...)
	require.NoError(t, err)
	sync := func(rows int) {
		t.Helper()
		done, err := p.Sync(ctx, w.now, w.feed)
		require.NoError(t, err)
		require.Equal(t, rows, done.Rows)
		k.follow(p, 0)
		require.Equal(t, w.want(p, w.now), k.rows)
	}
	sync(1)
	require.Equal(t, 6000, len(slices.Collect(k.rows[id]["tags"].Labels())))
	fresh := newKeeper(t)
	fresh.begin(p)
	require.Equal(t, k.rows, fresh.rows)
	require.NoError(t, p.Refold(ctx))
	sync(0)
	require.NoError(t, p.Retract(ctx, w.now, atoms[0], "1"))
	sync(1)
	require.Equal(t, 5900, len(slices.Collect(k.rows[id]["tags"].Labels())))
}

// Columns are what rows have, no more than was asked for, in the order and of the kinds of their values.
func TestRowColumns(t *testing.T) {
	ctx := t.Context()
	schema := readsSchema()
	schema.Traits[1].Label = customer.Text{EN: "city", ZH: "城市"}
	schema.Computed[0].Label = customer.Text{EN: "orders so far", ZH: "订单数"}
	schema.Traits[4].Sensitivity, schema.Computed[4].Sensitivity = Sensitive, Personal // of score and channel
	for name, c := range map[string]struct {
		rows []string
		want []string
	}{
		"default": {nil, []string{"city", "vip", "limit", "points", "since", "tags", "orders", "spent_90d", "last_seen", "categories", "median"}},
		"named":   {[]string{"orders", "score", "name"}, []string{"name", "score", "orders"}},
		"none":    {[]string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newReadsWorld(t, new(store.Memory), 3, schema, &Options{Rows: c.rows})
			w.build(30)
			columns, err := w.p.RowColumns(ctx)
			require.NoError(t, err)
			var names []string
			for _, c := range columns {
				names = append(names, c.Name)
				switch c.Name {
				case "city":
					require.Equal(t, customer.Column{Name: "city", Kind: customer.KindText, Label: customer.Text{EN: "city", ZH: "城市"}}, c)
				case "orders":
					require.Equal(t, customer.Column{Name: "orders", Kind: customer.KindInt64, Label: customer.Text{EN: "orders so far", ZH: "订单数"}}, c)
				}
			}
			require.Equal(t, c.want, names)
			_, err = w.p.Sync(ctx, w.feed.now, w.feed)
			require.NoError(t, err)
			set := map[string]bool{}
			for b, err := range w.p.AllRows(ctx) {
				require.NoError(t, err)
				for _, row := range b.Upserts {
					require.Len(t, row.Values, len(columns))
					for i, f := range row.Values {
						require.Equal(t, columns[i].Name, f.Name)
						if !f.Value.IsUnset() {
							require.Equal(t, columns[i].Kind, f.Value.Kind())
							set[f.Name] = true
						}
					}
				}
			}
			require.Len(t, set, len(columns), "each has a value somewhere")
		})
	}
}

// Numbers that an index would refuse with their batch are set aside one by one, by the scale that the schema declares.
func TestScaleInSegments(t *testing.T) {
	ctx := t.Context()
	two := Check{Scale: 2}
	p, err := Open(ctx, new(store.Memory), &Schema{
		Location: "UTC", Sources: []Source{{Name: "crm"}},
		Traits: []Trait{
			{Name: "limit", Kind: customer.KindDecimal, Check: two},
			{Name: "rate", Kind: customer.KindDecimal},
			{Name: "own", Kind: customer.KindDecimal, Check: two, Policy: []Rule{Custom}, Custom: "first"},
		},
		Events: []Event{
			{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindDecimal, Check: two}, {Name: "weight", Kind: customer.KindDecimal}}},
			{Name: "refund", Fields: []Field{{Name: "amount", Kind: customer.KindDecimal, Check: Check{Scale: 3}}, {Name: "weight", Kind: customer.KindDecimal, Check: two}}},
		},
		Computed: []Computed{
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "moved", Of: Sum, Events: []string{"order", "refund"}, Field: "amount"},
			{Name: "heaviest", Of: Max, Events: []string{"refund", "order"}, Field: "weight"},
			{Name: "average", Of: Average, Events: []string{"order"}, Field: "amount"},
		},
	}, &Options{Custom: shopCustom})
	require.NoError(t, err)
	columns, err := p.RowColumns(ctx)
	require.NoError(t, err)
	scales := map[string]int{}
	for _, c := range columns {
		scales[c.Name] = c.Scale
	}
	require.Equal(t, map[string]int{"limit": 2, "rate": 0, "own": 0, "spent": 2, "moved": 3, "heaviest": 0, "average": 0}, scales)

	check, err := bindCheck(&two, customer.KindDecimal)
	require.NoError(t, err)
	tags := segment.TagsOf(columns[:1])
	require.Equal(t, 2, tags[0].Scale)
	for _, v := range []customer.Value{
		customer.DecimalValue(125, 2), customer.DecimalValue(1255, 3), customer.DecimalValue(math.MaxInt64, 2), customer.DecimalValue(math.MaxInt64, 0),
		customer.Int64Value(math.MaxInt64 / 100), customer.Int64Value(math.MaxInt64/100 + 1), customer.Int64Value(-math.MaxInt64/100 - 1),
	} {
		ix, err := segment.New(&segment.Options{Tags: tags})
		require.NoError(t, err)
		refused := ix.ApplyRows(ctx, customer.RowBatch{Upserts: []customer.Row{{ID: customer.FromInt64(1), Values: []customer.Field{{Name: "limit", Value: v}}}}})
		_, reason := check.accept(v)
		require.Equal(t, refused == nil, reason == 0, "%v: %v", v, refused)
	}
}

// An index of segments that follows the rows has what the profiles have.
func TestRowsInSegments(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 4)
	p := w.open(new(store.Memory), &Options{Rows: []string{"name", "city", "tags", "orders", "orders_2d", "spent_5h", "stage"}})
	columns, err := p.RowColumns(ctx)
	require.NoError(t, err)
	ix, err := segment.New(&segment.Options{Tags: segment.TagsOf(columns)})
	require.NoError(t, err)
	var cursor customer.Cursor
	for range 30 {
		for range 6 {
			w.change()
		}
		require.NoError(t, w.say(p, 8))
		w.now = w.now.Add(time.Duration(w.r.IntN(400)) * time.Minute)
		_, err := p.Sync(ctx, w.now, w.feed)
		require.NoError(t, err)
		for b, err := range p.Rows(ctx, cursor) {
			require.NoError(t, err)
			require.NoError(t, ix.ApplyRows(ctx, b))
			cursor = b.Cursor
		}
		want := w.want(p, w.now)
		snapshot := ix.Snapshot()
		ask := func(rule segment.Rule) []customer.ID {
			set, err := snapshot.Set(ctx, segment.Query{Rule: rule})
			require.NoError(t, err)
			var ids []customer.ID
			for id, err := range snapshot.IDs(ctx, set) {
				require.NoError(t, err)
				ids = append(ids, id)
			}
			slices.SortFunc(ids, compareIDs)
			return ids
		}
		having := func(has func(row map[string]customer.Value) bool) []customer.ID {
			var ids []customer.ID
			for _, id := range slices.SortedFunc(maps.Keys(want), compareIDs) {
				if has(want[id]) {
					ids = append(ids, id)
				}
			}
			return ids
		}
		require.Equal(t, having(func(map[string]customer.Value) bool { return true }), ask(segment.Rule{}))
		for i := range 3 {
			city, label := fmt.Sprint("c", i), fmt.Sprint("t", i)
			require.Equal(t, having(func(row map[string]customer.Value) bool { return row["city"] == customer.TextValue(city) }), ask(segment.Eq("city", city)))
			require.Equal(t, having(func(row map[string]customer.Value) bool {
				return slices.Contains(slices.Collect(row["tags"].Labels()), label)
			}), ask(segment.Has("tags", label)))
			require.Equal(t, having(func(row map[string]customer.Value) bool {
				n, ok := row["orders_2d"].Int64()
				return ok && n == int64(i)
			}), ask(segment.Eq("orders_2d", i)))
		}
		for _, stage := range []string{"new", "old", "lost"} {
			require.Equal(t, having(func(row map[string]customer.Value) bool { return row["stage"] == customer.TextValue(stage) }), ask(segment.Eq("stage", stage)))
		}
	}
}

// Names that rows have no more are told to those who may have them, and to nobody else: an
// index that knows only the tags of now can follow.
func TestRowsForgetColumns(t *testing.T) {
	ctx := t.Context()
	w := newSyncWorld(t, 9)
	p := w.open(smallest(), nil)
	id := customer.FromInt64(1)
	w.feed.created(id, fakeAtom(1))
	state := func(n int) {
		_, err := p.Add(ctx, w.now, Evidence{
			Atom: fakeAtom(1), ID: fmt.Sprint(n), Source: "crm", Time: w.now.Add(time.Duration(n) * time.Second),
			Values: []customer.Field{{Name: "city", Value: customer.TextValue(fmt.Sprint("c", n))}},
		})
		require.NoError(t, err)
		w.now = w.now.Add(time.Hour)
		_, err = p.Sync(ctx, w.now, w.feed)
		require.NoError(t, err)
	}
	names := func(after customer.Cursor) (names []string, last customer.Cursor) {
		for b, err := range p.Rows(ctx, after) {
			require.NoError(t, err)
			last = b.Cursor
			for _, r := range b.Upserts {
				for _, f := range r.Values {
					names = append(names, f.Name)
				}
			}
		}
		return names, last
	}
	state(1)
	require.Equal(t, 1, len(w.want(p, w.now)))
	_, old := names(customer.Cursor{})
	schema := syncSchema()
	gone := schema.Computed[0].Name
	schema.Computed = schema.Computed[1:]
	_, err := p.Apply(ctx, w.now, schema)
	require.NoError(t, err)
	state(2)
	told, now := names(old)
	require.Contains(t, told, gone)

	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "city", Kind: segment.Enum},
		{Name: "tags", Kind: segment.Labels},
		{Name: "orders_2d", Kind: segment.Integer},
		{Name: "spent_5h", Kind: segment.Integer},
		{Name: "seen", Kind: segment.Time},
		{Name: "stage", Kind: segment.Enum},
	}})
	require.NoError(t, err)
	for b, err := range p.AllRows(ctx) {
		require.NoError(t, err)
		require.NoError(t, ix.ApplyRows(ctx, b))
	}
	state(3)
	for b, err := range p.Rows(ctx, now) {
		require.NoError(t, err)
		require.NoError(t, ix.ApplyRows(ctx, b))
	}
	told, now = names(now)
	require.NotEmpty(t, told)
	require.NotContains(t, told, gone)

	// It comes back, and is told of when it goes again.
	_, err = p.Apply(ctx, w.now, syncSchema())
	require.NoError(t, err)
	state(4)
	told, now = names(now)
	require.Contains(t, told, gone)
	_, err = p.Apply(ctx, w.now, schema)
	require.NoError(t, err)
	state(5)
	told, _ = names(now)
	require.Contains(t, told, gone)
}

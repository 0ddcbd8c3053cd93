package profile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Ids of evidence of which nothing was kept are remembered, also where no page is.
func TestOutsideWithoutPages(t *testing.T) {
	ctx := t.Context()
	p := busyOpen(t, minimal())
	var all []Evidence
	for i := range mostMarks {
		e := busyOrder(1, fmt.Sprint(i))
		e.Values = nil
		all = append(all, e)
	}
	sum, err := p.Add(ctx, busyNow, all...)
	require.NoError(t, err)
	require.Equal(t, Summary{Rejected: mostMarks, SetAside: mostMarks}, sum)
	heads, err := p.heads(ctx, []customer.AtomID{fakeAtom(1)})
	require.NoError(t, err)
	require.Zero(t, heads[0].pages)
	require.Empty(t, heads[0].marks)
	sum, err = p.Add(ctx, busyNow, all...)
	require.NoError(t, err)
	require.Equal(t, Summary{Known: mostMarks}, sum)
	_, err = p.Add(ctx, busyNow, busyOrder(1, "5"))
	require.NoError(t, err, "nothing was kept of the one before")
	require.NoError(t, p.Retract(ctx, busyNow, fakeAtom(1), "5"))
	_, err = p.Add(ctx, busyNow, all[5])
	require.ErrorIs(t, err, ErrRetracted)
	require.ErrorIs(t, p.Retract(ctx, busyNow, fakeAtom(1), "none"), ErrUnknown)
}

// Evidence is refused under the present schema only, whoever has changed it.
func TestAddUnderStaleSchema(t *testing.T) {
	ctx := t.Context()
	s := minimal()
	a, b := busyOpen(t, s), busyOpen(t, s)
	for i, source := range []string{"shop", "app"} {
		schema, _, err := a.Schema(ctx)
		require.NoError(t, err)
		schema.Sources = append(schema.Sources, Source{Name: source})
		_, err = a.Apply(ctx, busyNow, schema)
		require.NoError(t, err)
		e := busyOrder(i, "x")
		e.Source = source
		if i == 0 {
			_, err = b.Add(ctx, busyNow, e)
			require.NoError(t, err)
			continue
		}
		sum, err := b.AddMany(ctx, busyNow, slices.Values([]Evidence{e}), &ManyOptions{Rejected: func(_ int, err error) { t.Error(err) }})
		require.NoError(t, err)
		require.Equal(t, Summary{Added: 1}, sum)
	}
	e := busyOrder(1, "y")
	e.Source = "nobody"
	_, err := b.Add(ctx, busyNow, e)
	require.ErrorAs(t, err, new(*InputError))
}

// A head that names pages that are not there, two thousand millions of them, costs nothing.
func TestManyPagesGone(t *testing.T) {
	ctx := t.Context()
	p, feed := busyOpen(t, minimal()), newFakeFeed()
	id := customer.FromInt64(1)
	feed.created(id, fakeAtom(1))
	tail := encodeTail([]entry{{id: "x", time: busyNow.UnixMicro(), learned: busyNow.UnixMicro(), source: 1, event: 1}}, nil)
	h := &head{outside: true, pages: mostPages, latest: 1, tail: tail}
	b := new(store.Batch)
	b.Put(headKey(fakeAtom(1)), h.encode())
	_, err := p.s.Commit(ctx, b)
	require.NoError(t, err)
	busySync(t, p, feed, busyNow)
	for _, m := range []Moment{{At: busyNow}, {At: busyNow, Known: busyNow}} {
		_, err := p.Profile(ctx, id, m)
		require.NoError(t, err)
	}
	for _, err := range p.Timeline(ctx, id, Moment{At: busyNow}, nil) {
		require.NoError(t, err)
	}
	h.edit(fakeAtom(1), b)
	x := &sliceEraser{p: p, name: sliceName{stream: fakeAtom(1)}}
	require.NoError(t, x.sievePages(ctx, h, func(*entry) bool { return true }, b))
	require.Equal(t, mostPages, x.pages)
}

// An atom to which is added all the time can be read.
func TestReadWhileWritten(t *testing.T) {
	mem := new(store.Memory)
	s := &distant{Store: mem}
	p, err := openTest(t, s, busySchema(), &Options{Backoff: &store.Backoff{Attempts: 8}})
	require.NoError(t, err)
	feed := newFakeFeed()
	id := customer.FromInt64(1)
	feed.created(id, fakeAtom(1))
	const sealed = 1000
	var all []Evidence
	for i := range sealed {
		all = append(all, busyOrder(1, fmt.Sprint(i)))
	}
	busyAdd(t, p, all...)
	busySync(t, p, feed, busyNow)
	require.NoError(t, p.Retract(t.Context(), busyNow, fakeAtom(1), "5"))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	other := busyOpen(t, mem)
	wg.Go(func() { // some hundred times while the reader waits for one answer
		for i := sealed; ctx.Err() == nil; i++ {
			if _, err := other.Add(ctx, busyNow, busyOrder(1, fmt.Sprint(i))); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			time.Sleep(10 * time.Microsecond)
		}
	})
	s.delay = 5 * time.Millisecond
	before := int64(sealed - 1)
	for range 4 {
		for _, m := range []Moment{{At: busyNow, Known: busyNow}, {At: busyNow}} {
			got, err := p.Profile(ctx, id, m)
			require.NoError(t, err)
			n, _ := got.Value("orders").Int64()
			require.GreaterOrEqual(t, n, before)
			before = n
		}
	}
	cancel()
	wg.Wait()
	require.Greater(t, before, int64(sealed))
}

// Names that the schema does not have go with the evidence that had them.
func TestUndeclaredNamesGo(t *testing.T) {
	ctx := t.Context()
	schema := busySchema()
	schema.Retention = 30
	s := minimal()
	p, err := Open(ctx, s, schema, nil)
	require.NoError(t, err)
	feed := newFakeFeed()
	feed.created(customer.FromInt64(1), fakeAtom(1))
	old := busyOrder(1, "old")
	old.Time = busyNow.AddDate(0, 0, -31)
	wrong := busyOrder(1, "wrong")
	for _, e := range []*Evidence{&old, &wrong} {
		e.Values = append(e.Values, customer.Field{Name: "jane.doe", Value: customer.TextValue("x")})
	}
	busyAdd(t, p, old, wrong)
	busySync(t, p, feed, busyNow)
	aside, err := p.SetAside(ctx, fakeAtom(1))
	require.NoError(t, err)
	require.Len(t, aside, 2)
	require.Equal(t, "jane.doe", aside[0].Name)
	_, err = p.Purge(ctx, busyNow)
	require.NoError(t, err)
	require.NoError(t, p.Retract(ctx, busyNow, fakeAtom(1), "wrong"))
	for e, err := range s.Scan(ctx, store.Under(key('a'))) {
		require.NoError(t, err)
		require.False(t, strings.Contains(string(e.Value), "jane"))
	}
	q, err := p.Quality(ctx, busyNow)
	require.NoError(t, err)
	require.Equal(t, []Rejection{{"crm", "", Undeclared, 2}}, q.Rejected)
}

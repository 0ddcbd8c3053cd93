package profile

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A pagesRead counts the pages that are read from a store.
type pagesRead struct {
	store.Store
	n int
}

func (s *pagesRead) count(k []byte) {
	if len(k) > 3 && k[3] == 'e' {
		s.n++
	}
}

func (s *pagesRead) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	for _, k := range keys {
		s.count(k)
	}
	return s.Store.Get(ctx, keys...)
}

func (s *pagesRead) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for e, err := range s.Store.Scan(ctx, r) {
			s.count(e.Key)
			if !yield(e, err) {
				return
			}
		}
	}
}

// during returns how many pages were read meanwhile.
func (s *pagesRead) during(t *testing.T, do func() error) int {
	t.Helper()
	before := s.n
	require.NoError(t, do())
	return s.n - before
}

// Whatever makes the partial of an atom useless, Sync, which reads all pages then, keeps the
// one that it has made.
func TestSyncKeepsPartials(t *testing.T) {
	ctx, learned := t.Context(), logStart.AddDate(1, 0, 0)
	s := &pagesRead{Store: minimal()}
	p := openLog(t, s)
	_, err := p.Add(ctx, learned, oneAtom(2000)...)
	require.NoError(t, err)
	feed := newFakeFeed()
	id := customer.FromInt64(1)
	feed.created(id, logAtom(1))
	sync := func() error { _, err := p.Sync(ctx, learned, feed); return err }
	read := func() error { _, err := p.Profile(ctx, id, Moment{At: learned}); return err }
	require.Zero(t, s.during(t, sync))
	require.Zero(t, s.during(t, read))
	for name, change := range map[string]func() error{
		"retracted": func() error { return p.Retract(ctx, learned, logAtom(1), oneAtom(1)[0].ID) },
		"schema": func() error {
			schema := logSchema()
			schema.Computed = append(schema.Computed, Computed{Name: "largest", Of: Max, Events: []string{"order"}, Field: "amount"})
			_, err := p.Apply(ctx, learned, schema)
			return err
		},
	} {
		require.NoError(t, change(), name)
		require.NotZero(t, s.during(t, read), name)
		require.NotZero(t, s.during(t, sync), name)
		require.NotZero(t, headOf(t, p, 1).parts, name)
		require.Zero(t, s.during(t, read), name)
		require.Zero(t, s.during(t, sync), name)
	}
	before, err := p.Profile(ctx, id, Moment{At: learned})
	require.NoError(t, err)
	h := headOf(t, p, 1)
	var b store.Batch
	h.edit(logAtom(1), &b)
	b.Put(headKey(logAtom(1)), h.encode())
	_, err = s.Commit(ctx, &b)
	require.NoError(t, err)
	after, err := p.Profile(ctx, id, Moment{At: learned})
	require.NoError(t, err)
	require.Equal(t, before, after, "made anew: the same")
}

// A partial may be half a megabyte long. One that is longer is not kept, and not made anew for
// every page.
func TestLargePartials(t *testing.T) {
	ctx, learned := t.Context(), logStart.AddDate(1, 0, 0)
	schema := logSchema()
	schema.Events[0].Fields = append(schema.Events[0].Fields, Field{Name: "sku", Kind: customer.KindText})
	schema.Computed = append(schema.Computed, Computed{Name: "skus", Of: Top, Events: []string{"order"}, Field: "sku", Limit: 3})
	s := &pagesRead{Store: minimal()}
	p, err := openTest(t, s, schema, nil)
	require.NoError(t, err)
	order := func(n int) Evidence {
		e := anOrder(1, n)
		e.Values = append(e.Values, customer.Field{Name: "sku", Value: customer.TextValue(fmt.Sprint(n, strings.Repeat("x", 200)))})
		return e
	}
	var all []Evidence
	for i := range 2400 {
		all = append(all, order(i))
	}
	_, err = p.AddMany(ctx, learned, slices.Values(all), nil)
	require.NoError(t, err)
	require.Greater(t, headOf(t, p, 1).parts, 6)
	require.Zero(t, s.n)
	for i := range 1600 {
		all[i] = order(2400 + i)
	}
	_, err = p.AddMany(ctx, learned, slices.Values(all[:1600]), nil)
	require.NoError(t, err)
	require.True(t, headOf(t, p, 1).large)
	require.Zero(t, headOf(t, p, 1).parts)
	require.Zero(t, s.n, "pages read for sealing")
	feed := newFakeFeed()
	feed.created(customer.FromInt64(1), logAtom(1))
	_, err = p.Sync(ctx, learned, feed)
	require.NoError(t, err)
	got, err := p.Profile(ctx, customer.FromInt64(1), Moment{At: learned})
	require.NoError(t, err)
	require.Len(t, slices.Collect(got.Value("skus").Labels()), 3)
}

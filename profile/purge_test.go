package profile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// purgeSchema has events that count for 30 days.
func purgeSchema() *Schema {
	return &Schema{
		Location: "America/New_York", Retention: 30,
		Sources: []Source{{Name: "shop"}},
		Traits:  []Trait{{Name: "city", Kind: customer.KindText}},
		Events: []Event{{Name: "order", Fields: []Field{
			{Name: "amount", Kind: customer.KindInt64}, {Name: "note", Kind: customer.KindText},
		}}},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "note", Of: Last, Events: []string{"order"}, Field: "note"},
		},
	}
}

// A purgeWorld has customers with few and with many events, of the 60 days up to now.
type purgeWorld struct {
	p    *Profiles
	feed *fakeFeed
	ids  []customer.ID
	now  time.Time
	all  []Evidence
	old  int // events before the retention
}

func newPurgeWorld(t *testing.T, s store.Store, seed uint64) *purgeWorld {
	p, err := openTest(t, s, purgeSchema(), nil)
	require.NoError(t, err)
	// A day after clocks were set forward: the 30 days are an hour short.
	now := time.Date(2026, 3, 9, 16, 0, 0, 0, time.UTC)
	w := &purgeWorld{p: p, feed: newFakeFeed(), now: now}
	r := rand.New(rand.NewPCG(seed, 1))
	first := time.Date(2026, 2, 8, 5, 0, 0, 0, time.UTC) // midnight in New York
	for n, events := range []int{1, 5, 40, 64, 65, 300, 700} {
		id := customer.FromInt64(int64(n))
		w.ids = append(w.ids, id)
		w.feed.created(id, fakeAtom(n))
		for i := range events {
			at := now.Add(-time.Duration(r.Int64N(int64(60 * 24 * time.Hour)))).Truncate(time.Microsecond)
			switch r.IntN(40) {
			case 0:
				at = first
			case 1:
				at = first.Add(-time.Microsecond)
			}
			e := Evidence{Atom: fakeAtom(n), ID: fmt.Sprint(i), Source: "shop", Time: at}
			age := "new"
			if at.Before(first) {
				age = "old"
			}
			text := customer.TextValue(fmt.Sprintf("%s %d", age, r.IntN(10)))
			if r.IntN(8) == 0 {
				e.Values = []customer.Field{{Name: "city", Value: customer.TextValue(strings.Repeat("c", 1+r.IntN(4)))}}
			} else {
				e.Event = "order"
				e.Values = []customer.Field{{Name: "amount", Value: customer.Int64Value(r.Int64N(100))}, {Name: "note", Value: text}}
				if r.IntN(4) == 0 {
					e.Values = append(e.Values, customer.Field{Name: "unknown", Value: text})
				}
				if age == "old" {
					w.old++
				}
			}
			w.all = append(w.all, e)
		}
	}
	r.Shuffle(len(w.all), func(i, j int) { w.all[i], w.all[j] = w.all[j], w.all[i] })
	for rest := w.all; len(rest) > 0; {
		n := min(1+r.IntN(200), len(rest))
		_, err := p.Add(t.Context(), now, rest[:n]...)
		require.NoError(t, err)
		rest = rest[n:]
	}
	_, err = p.follow(t.Context(), w.feed.clock(), w.feed)
	require.NoError(t, err)
	return w
}

// profiles are those as of the world's time.
func (w *purgeWorld) profiles(t *testing.T) (all []string) {
	t.Helper()
	for _, id := range w.ids {
		f, err := w.p.Profile(t.Context(), id, Moment{At: w.now})
		require.NoError(t, err)
		all = append(all, profileJSON(t, f))
	}
	return all
}

// count counts the values of the store that have a text in them.
func count(t *testing.T, s store.Store, text string) (n int) {
	t.Helper()
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		n += strings.Count(string(e.Value), text)
	}
	return n
}

func TestPurge(t *testing.T) {
	s := smallest()
	w := newPurgeWorld(t, s, 1)
	before, kept := w.profiles(t), count(t, s, "new ")
	require.Equal(t, !sealing, count(t, s, "old ") > 0)
	n, err := w.p.Purge(t.Context(), w.now)
	require.NoError(t, err)
	require.Equal(t, w.old, n)
	require.Equal(t, before, w.profiles(t))
	require.Zero(t, count(t, s, "old "))
	require.GreaterOrEqual(t, count(t, s, "new "), kept)

	n, err = w.p.Purge(t.Context(), w.now)
	require.NoError(t, err)
	require.Zero(t, n)

	// What is kept is known, and what was deleted is stored again, does not count, and goes.
	sum, err := w.p.Add(t.Context(), w.now, w.all...)
	require.NoError(t, err)
	require.Equal(t, w.old, sum.Added)
	require.Equal(t, len(w.all)-w.old, sum.Known)
	require.Equal(t, before, w.profiles(t))
	n, err = w.p.Purge(t.Context(), w.now)
	require.NoError(t, err)
	require.Equal(t, w.old, n)
	require.Zero(t, count(t, s, "old "))
	require.Equal(t, before, w.profiles(t))
}

func TestPurgeCrash(t *testing.T) {
	s := smallest()
	w := newPurgeWorld(t, s, 2)
	before := w.profiles(t)
	for crashes := 0; ; crashes++ {
		p, err := openTest(t, crashAfter(s, 1, false), nil, nil)
		require.NoError(t, err)
		_, err = p.Purge(t.Context(), w.now)
		require.Equal(t, before, w.profiles(t))
		if err == nil {
			require.Greater(t, crashes, 3)
			break
		}
		require.ErrorIs(t, err, errCrash)
	}
	require.Zero(t, count(t, s, "old "))
}

func TestPurgeTogether(t *testing.T) {
	s := smallest()
	w := newPurgeWorld(t, s, 3)
	before := w.profiles(t)
	errs := make(chan error)
	for range 2 {
		go func() {
			p, err := openTest(t, s, nil, nil)
			if err == nil {
				_, err = p.Purge(t.Context(), w.now)
			}
			errs <- err
		}()
	}
	go func() {
		_, err := w.p.Add(t.Context(), w.now, w.all[:100]...)
		errs <- err
	}()
	require.NoError(t, errors.Join(<-errs, <-errs, <-errs))
	require.Equal(t, before, w.profiles(t))
	_, err := w.p.Purge(t.Context(), w.now)
	require.NoError(t, err)
	require.Zero(t, count(t, s, "old "))
}

func TestPurgeNothing(t *testing.T) {
	schema := purgeSchema()
	schema.Retention = 0
	p, err := Open(t.Context(), smallest(), schema, nil)
	require.NoError(t, err)
	n, err := p.Purge(t.Context(), time.Unix(0, 0))
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = p.Purge(t.Context(), time.Time{})
	require.ErrorIs(t, err, ErrInput)
}

// Another process may have introduced the retention.
func TestPurgeStaleSchema(t *testing.T) {
	s := new(store.Memory)
	forever := purgeSchema()
	forever.Retention = 0
	stale, err := Open(t.Context(), s, forever, nil)
	require.NoError(t, err)
	now := time.Date(2026, 3, 9, 16, 0, 0, 0, time.UTC)
	_, err = stale.Add(t.Context(), now, Evidence{Atom: fakeAtom(1), ID: "x", Source: "shop", Event: "order", Time: now.AddDate(-1, 0, 0)})
	require.NoError(t, err)
	other, err := Open(t.Context(), s, nil, nil)
	require.NoError(t, err)
	_, err = other.Apply(t.Context(), now, purgeSchema())
	require.NoError(t, err)
	n, err := stale.Purge(t.Context(), now)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

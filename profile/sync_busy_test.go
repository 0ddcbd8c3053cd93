package profile

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A distant store answers after a while.
type distant struct {
	store.Store
	delay time.Duration
}

func (s *distant) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	time.Sleep(s.delay)
	return s.Store.Get(ctx, keys...)
}

func (s *distant) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	time.Sleep(s.delay)
	return s.Store.Scan(ctx, r)
}

func (s *distant) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	time.Sleep(s.delay)
	return s.Store.Commit(ctx, b)
}

var busyNow = time.Date(2026, 3, 9, 16, 0, 0, 0, time.UTC)

// busySchema has orders, the number of those of two days, and some texts.
func busySchema() *Schema {
	return &Schema{
		Location: "Europe/Berlin",
		Sources:  []Source{{Name: "crm"}},
		Traits:   []Trait{{Name: "city", Kind: customer.KindText}, {Name: "a", Kind: customer.KindText}, {Name: "b", Kind: customer.KindText}, {Name: "c", Kind: customer.KindText}},
		Events:   []Event{{Name: "order", Fields: []Field{{Name: "amount", Kind: customer.KindInt64, Required: true}}}},
		Computed: []Computed{{Name: "orders", Of: Count, Events: []string{"order"}, Window: Window{Days: 2}}},
	}
}

func busyOrder(atom int, id string) Evidence {
	return Evidence{Atom: fakeAtom(atom), ID: id, Source: "crm", Event: "order", Time: busyNow, Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(1)}}}
}

func busyText(id, name, text string, at time.Time) Evidence {
	return Evidence{Atom: fakeAtom(1), ID: id, Source: "crm", Time: at, Values: []customer.Field{{Name: name, Value: customer.TextValue(text)}}}
}

func busyOpen(t *testing.T, s store.Store) *Profiles {
	p, err := openTest(t, s, busySchema(), nil)
	require.NoError(t, err)
	return p
}

func busySync(t *testing.T, p *Profiles, feed customer.Feed, at time.Time) Synced {
	t.Helper()
	done, err := p.Sync(t.Context(), at, feed)
	require.NoError(t, err)
	return done
}

func busyAdd(t *testing.T, p *Profiles, all ...Evidence) {
	t.Helper()
	_, err := p.Add(t.Context(), busyNow, all...)
	require.NoError(t, err)
}

// Customers to whom something is added all the time do not keep the others waiting.
func TestSyncBusy(t *testing.T) {
	for _, all := range []string{"those that wait", "all"} {
		t.Run(all, func(t *testing.T) {
			const customers = 300
			s := &distant{Store: new(store.Memory)}
			p, feed := busyOpen(t, s), newFakeFeed()
			var evidence []Evidence
			for i := range customers {
				var id customer.ID
				binary.BigEndian.PutUint16(id[:], uint16(i+1)*200) // in all shards
				id[6], id[8] = 0x80, 0x80
				feed.created(id, fakeAtom(i))
				evidence = append(evidence, busyOrder(i, "first"))
			}
			busySync(t, p, feed, busyNow)
			busyAdd(t, p, evidence...)
			if all == "all" {
				busySync(t, p, feed, busyNow)
				require.NoError(t, p.Refold(t.Context()))
			}
			s.delay = time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for _, busy := range []int{0, customers / 2, customers - 1} {
				wg.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						if _, err := p.Add(ctx, busyNow, busyOrder(busy, fmt.Sprint(i))); ctx.Err() == nil && err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			done, err := p.Sync(ctx, busyNow, feed)
			cancel()
			wg.Wait()
			require.NoError(t, err)
			require.GreaterOrEqual(t, done.Refolded, customers-3)
			s.delay = 0
			busySync(t, p, feed, busyNow)
			requireNobodyWaits(t, p)
			requireMarks(t, p)
			k := newKeeper(t)
			k.follow(p, 0)
			require.Len(t, k.rows, customers)
			for id, row := range k.rows {
				profile, err := p.Profile(t.Context(), id, Moment{At: busyNow})
				require.NoError(t, err)
				require.Equal(t, profile.Value("orders"), row["orders"])
			}
		})
	}
}

// However many are busy, everybody's turn comes.
func TestSyncAllBusy(t *testing.T) {
	s := &intruded{Store: new(store.Memory)}
	p, feed := busyOpen(t, s), newFakeFeed()
	const customers = 200
	var evidence []Evidence
	for i := range customers {
		feed.created(customer.FromInt64(int64(i)), fakeAtom(i))
		evidence = append(evidence, busyOrder(i, "first"))
	}
	busySync(t, p, feed, busyNow)
	busyAdd(t, p, evidence...)
	other, n := busyOpen(t, s.Store), 0
	var intrude func()
	intrude = func() { // before each commit of rows one of the customers changes, each in turn
		busyAdd(t, other, busyOrder(n%customers, fmt.Sprint(n)))
		if n++; n < 40 {
			s.before = intrude
		}
	}
	s.before = intrude
	done := busySync(t, p, feed, busyNow)
	require.Positive(t, done.Refolded)
	busySync(t, p, feed, busyNow)
	requireNobodyWaits(t, p)
	requireMarks(t, p)
}

// After a Sync at a time that was wrong a refolding brings the rows back.
func TestSyncWrongClock(t *testing.T) {
	p, feed, k := busyOpen(t, smallest()), newFakeFeed(), newKeeper(t)
	id := customer.FromInt64(1)
	feed.created(id, fakeAtom(1))
	busyAdd(t, p, busyOrder(1, "a"))
	busySync(t, p, feed, busyNow.AddDate(50, 0, 0))
	busyAdd(t, p, busyOrder(1, "b"))
	orders := func() int64 {
		k.follow(p, 0)
		n, _ := k.rows[id]["orders"].Int64()
		return n
	}
	busySync(t, p, feed, busyNow)
	require.Zero(t, orders(), "they are two days old in fifty years")
	require.NoError(t, p.Refold(t.Context()))
	done := busySync(t, p, feed, busyNow)
	require.EqualValues(t, 2, orders())
	require.Equal(t, time.Date(2026, 3, 10, 23, 0, 0, 0, time.UTC), done.Next)
	requireMarks(t, p)
	busySync(t, p, feed, done.Next)
	require.Zero(t, orders())
}

// Who waits for the feed to be followed can be due for long.
func TestSyncNextHeld(t *testing.T) {
	s := smallest()
	p, feed := busyOpen(t, s), newFakeFeed()
	feed.created(customer.FromInt64(1), fakeAtom(1))
	busyAdd(t, p, busyOrder(1, "a"))
	done := busySync(t, p, feed, busyNow)
	busyAdd(t, p, busyOrder(1, "b"))
	at, err := p.position(t.Context())
	require.NoError(t, err)
	at.target[3]++ // who followed the feed has stopped between
	b := new(store.Batch)
	b.Put([]byte(followKey), at.data())
	_, err = s.Commit(t.Context(), b)
	require.NoError(t, err)
	for _, late := range []time.Duration{0, time.Hour} {
		next := busySync(t, p, nil, done.Next.Add(late)).Next
		require.True(t, next.IsZero() || next.After(done.Next.Add(late)))
	}
}

// What Rows makes of present evidence for a row that is too large to be kept is taken back
// like what Sync made.
func TestRowsLargeTakenBack(t *testing.T) {
	ctx := t.Context()
	p, feed := busyOpen(t, smallest()), newFakeFeed()
	id := customer.FromInt64(1)
	at := feed.created(id, fakeAtom(1))
	for _, name := range []string{"a", "b", "c"} {
		busyAdd(t, p, busyText(name, name, strings.Repeat("x", 15<<10), at))
	}
	busySync(t, p, feed, busyNow)
	k, early := newKeeper(t), newKeeper(t)
	early.follow(p, 0)
	busyAdd(t, p, busyText("wrong", "city", "wrong", at.Add(time.Hour)))
	for range 2 { // who reads later sees what is
		k = newKeeper(t)
		k.follow(p, 0)
		require.Equal(t, customer.TextValue("wrong"), k.rows[id]["city"])
	}
	require.NoError(t, p.Retract(ctx, busyNow, fakeAtom(1), "wrong"))
	require.Equal(t, 1, busySync(t, p, feed, busyNow).Rows)
	for _, k := range []*keeper{k, early} {
		k.follow(p, 0)
		require.True(t, k.rows[id]["city"].IsUnset())
		require.False(t, k.rows[id]["a"].IsUnset())
	}
	requireNobodyWaits(t, p)
	requireMarks(t, p)
	require.NoError(t, p.Refold(ctx))
	require.Zero(t, busySync(t, p, feed, busyNow).Rows)

	// The customer is gone while its row is being read.
	busyAdd(t, p, busyText("more", "city", "here", at.Add(time.Hour)))
	s := &intruded{Store: p.s, before: func() {
		feed.erased(id)
		busySync(t, busyOpen(t, p.s), feed, busyNow)
	}}
	k = newKeeper(t)
	k.begin(busyOpen(t, s))
	require.Empty(t, k.rows)
}

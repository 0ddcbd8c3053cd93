package rfm_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/rfm"
)

var start = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)

func TestCustomersEqualDefinition(t *testing.T) {
	race.Skip(t)
	eachPolicy(t, func(t *testing.T, o rfm.Options) {
		for seed := range uint64(20) {
			txns := randomTransactions(rand.New(rand.NewPCG(seed, 1)), 40+int(seed)*20, start)
			want, refundOnly, refundOnlyAmount := slowCustomers(txns, &o)

			a, err := rfm.NewAccumulator[int](nil, &o)
			require.NoError(t, err)
			for _, tx := range txns {
				require.NoError(t, a.Add(tx))
			}
			got, report, err := a.Customers(time.Time{})
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for _, c := range got {
				require.Equal(t, want[c.ID], c)
			}
			require.True(t, slices.IsSortedFunc(got, func(a, b rfm.Customer[int]) int { return cmp.Compare(a.ID, b.ID) }))
			require.Equal(t, refundOnly, report.RefundOnly)
			require.Equal(t, refundOnlyAmount, report.RefundOnlyAmount)
			require.EqualValues(t, len(txns), report.Rows)
			require.Equal(t, report.Rows, report.Purchases+report.Refunds+report.RefundsIgnored+report.SetAside())
		}
	})
}

// Every way in, any order and any partition give the same bytes.
func TestEveryWayInAgrees(t *testing.T) {
	eachPolicy(t, func(t *testing.T, o rfm.Options) {
		r, n := rand.New(rand.NewPCG(7, 7)), 1500
		if race.Enabled {
			n = 300
		}
		txns := randomTransactions(r, n, start)
		encode := func(a *rfm.Analysis[int], err error) string {
			require.NoError(t, err)
			data, err := json.Marshal(a)
			require.NoError(t, err)
			return string(data)
		}
		want := encode(rfm.Analyze(t.Context(), slices.Values(txns), &o))
		for round := range 3 {
			r.Shuffle(len(txns), func(i, j int) { txns[i], txns[j] = txns[j], txns[i] })
			o.Workers = round * 3 // none is GOMAXPROCS
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + 2*round))
			require.Equal(t, want, encode(rfm.Analyze(t.Context(), slices.Values(txns), &o)), "shuffled")

			var c rfm.Columns[int]
			for _, tx := range txns {
				unix := tx.Time.Unix()
				if tx.Time.IsZero() {
					unix = math.MinInt64
				}
				c.Customers, c.Times, c.Amounts = append(c.Customers, tx.Customer), append(c.Times, unix), append(c.Amounts, tx.Amount)
				c.Orders, c.Kinds = append(c.Orders, tx.Order), append(c.Kinds, tx.Kind)
			}
			require.Equal(t, want, encode(rfm.AnalyzeColumns(t.Context(), c, &o)), "columns")

			merged, err := rfm.NewAccumulator[int](nil, &o)
			require.NoError(t, err)
			for part := range slices.Chunk(txns, 1+r.IntN(500)) {
				a, err := rfm.NewAccumulator[int](nil, &o)
				require.NoError(t, err)
				for _, tx := range part {
					require.NoError(t, a.Add(tx))
				}
				if r.IntN(2) == 0 { // over the wire
					data, err := json.Marshal(a)
					require.NoError(t, err)
					a, err = rfm.NewAccumulator[int](nil, &o)
					require.NoError(t, err)
					require.NoError(t, json.Unmarshal(data, a))
				}
				require.NoError(t, merged.Merge(a))
			}
			require.Equal(t, want, encode(merged.Analyze(t.Context(), time.Time{})), "merged")
		}
	})
}

func TestManyRowsAcrossChunks(t *testing.T) {
	c := benchColumns(150_000, 10_000) // several chunks
	o := &rfm.Options{AsOf: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC}
	type sums struct {
		revenue int64
		orders  map[int64]bool
		last    int64
	}
	want := map[int64]*sums{}
	for i, id := range c.Customers {
		s := want[id]
		if s == nil {
			s = &sums{orders: map[int64]bool{}}
			want[id] = s
		}
		s.revenue += c.Amounts[i]
		s.orders[c.OrderNumbers[i]] = true
		s.last = max(s.last, c.Times[i])
	}
	a, err := rfm.AnalyzeColumns(t.Context(), c, o)
	require.NoError(t, err)
	require.Len(t, a.Customers, len(want))
	for _, got := range a.Customers {
		w := want[got.ID]
		recency := int(o.AsOf.Unix()/86400 - w.last/86400)
		require.Equal(t, rfm.Values{Recency: recency, Frequency: len(w.orders), Monetary: float64(w.revenue)}, got.Values)
	}
	var calls []int64
	o.Progress = func(done, total int64) {
		require.EqualValues(t, 150_000, total)
		calls = append(calls, done)
	}
	_, err = rfm.AnalyzeColumns(t.Context(), c, o)
	require.NoError(t, err)
	require.True(t, slices.IsSorted(calls))
	require.EqualValues(t, 150_000, calls[len(calls)-1])
}

func TestReportCountsEachFault(t *testing.T) {
	o := &rfm.Options{AsOf: start.AddDate(0, 0, 10), Location: time.UTC, Window: 5, Refunds: rfm.IgnoreRefunds}
	a, err := rfm.NewAccumulator[string](nil, o)
	require.NoError(t, err)
	in := start.AddDate(0, 0, 9)
	for _, tx := range []rfm.Transaction[string]{
		{Customer: "a", Time: in, Amount: 100},
		{Customer: "a", Time: in, Amount: 0},
		{Customer: "a", Time: in, Amount: 50, Kind: rfm.Refund},
		{Customer: "", Time: in, Amount: 100},
		{Customer: "b", Amount: 100},
		{Customer: "b", Time: in, Amount: -1},
		{Customer: "b", Time: start.AddDate(0, 0, 11), Amount: 1},
		{Customer: "b", Time: start.AddDate(0, 0, 11).Add(-time.Second), Amount: 1}, // last second of the as-of day
		{Customer: "b", Time: start.AddDate(0, 0, 6), Amount: 1},                    // first second of the window
		{Customer: "b", Time: start.AddDate(0, 0, 6).Add(-time.Second), Amount: 1},
		{Customer: "b", Time: in, Amount: 1, Kind: 9},
	} {
		require.NoError(t, a.Add(tx))
	}
	require.Equal(t, rfm.Report{
		Rows: 11, Purchases: 4, RefundsIgnored: 1, NoCustomer: 1, NoTime: 1, Future: 1, BeforeWindow: 1, Negative: 1,
		UnknownKind: 1, ZeroAmounts: 1,
	}, a.Report())
}

func TestRefundOnlyCustomersReconcile(t *testing.T) {
	a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 500}))
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 2, Time: start, Amount: 200, Kind: rfm.Refund}))
	customers, report, err := a.Customers(start)
	require.NoError(t, err)
	require.Len(t, customers, 1)
	require.EqualValues(t, 1, report.RefundOnly)
	require.EqualValues(t, -200, report.RefundOnlyAmount)
	require.Equal(t, 2, a.Len())
}

func TestAccumulatorGoesOn(t *testing.T) {
	a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 500}))
	_, _, err = a.Customers(time.Time{})
	require.ErrorContains(t, err, "as-of date is required")
	customers, _, err := a.Customers(start.AddDate(0, 0, 3))
	require.NoError(t, err)
	require.Equal(t, 3, customers[0].Recency)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start.AddDate(0, 0, 4), Amount: 500}))
	_, _, err = a.Customers(start.AddDate(0, 0, 3))
	require.ErrorContains(t, err, "transactions after the as-of day 2024-03-04")
	customers, _, err = a.Customers(start.AddDate(0, 0, 4))
	require.NoError(t, err)
	require.Equal(t, rfm.Values{Recency: 0, Frequency: 2, Monetary: 1000}, customers[0].Values)
}

func TestOverflowIsSticky(t *testing.T) {
	a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	big := rfm.Transaction[int]{Customer: 1, Time: start, Amount: math.MaxInt64}
	require.NoError(t, a.Add(big))
	require.ErrorIs(t, a.Add(big), rfm.ErrOverflow)
	_, _, err = a.Customers(start)
	require.ErrorIs(t, err, rfm.ErrOverflow)

	two := rfm.Columns[int]{Customers: []int{1, 2}, Times: []int64{0, 0}, Amounts: []int64{math.MaxInt64, 1}}
	_, err = rfm.AnalyzeColumns(t.Context(), two, &rfm.Options{AsOf: start, Location: time.UTC})
	require.ErrorIs(t, err, rfm.ErrOverflow, "of all customers together")
}

func TestOverflowDependsOnNoOrder(t *testing.T) {
	const half = math.MaxInt64/2 + 1
	for _, rows := range [][]int64{{half, half, -half}, {half, -half, half}, {-half, half, half}} {
		for workers := range 3 {
			var c rfm.Columns[int]
			for range 10_000 { // so that several goroutines have work
				c.Customers, c.Times, c.Amounts, c.Kinds = append(c.Customers, 2), append(c.Times, 0), append(c.Amounts, 0), append(c.Kinds, rfm.Purchase)
			}
			for i, amount := range rows {
				kind := rfm.Purchase
				if amount < 0 {
					amount, kind = -amount, rfm.Refund
				}
				c.Customers[i*4000], c.Amounts[i*4000], c.Kinds[i*4000] = 1, amount, kind
			}
			a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC, Workers: workers})
			require.NoError(t, err)
			require.ErrorIs(t, a.AddColumns(t.Context(), c), rfm.ErrOverflow)
			_, _, err = a.Customers(start)
			require.ErrorIs(t, err, rfm.ErrOverflow)
			require.ErrorIs(t, a.Add(rfm.Transaction[int]{Customer: 99, Time: start}), rfm.ErrOverflow)
		}
	}
}

func TestMergeOverflow(t *testing.T) {
	var a [2]*rfm.Accumulator[int]
	for i := range a {
		var err error
		a[i], err = rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
		require.NoError(t, err)
		require.NoError(t, a[i].Add(rfm.Transaction[int]{Customer: i, Time: start, Amount: math.MaxInt64/2 + 1}))
	}
	require.ErrorIs(t, a[0].Merge(a[1]), rfm.ErrOverflow)
	require.ErrorIs(t, a[0].Merge(a[1]), rfm.ErrOverflow, "it stays failed")

	// Both sides are beyond the range already, and so is each goroutine's share.
	for i := range a {
		for range 2 {
			_ = a[i].Add(rfm.Transaction[int]{Customer: i, Time: start, Amount: math.MaxInt64})
		}
	}
	require.ErrorIs(t, a[0].Merge(a[1]), rfm.ErrOverflow)
	var c rfm.Columns[int]
	for i := range 1 << 15 {
		c.Customers, c.Times, c.Amounts = append(c.Customers, i), append(c.Times, 0), append(c.Amounts, math.MaxInt64)
	}
	for workers := 1; workers < 5; workers++ {
		b, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC, Workers: workers})
		require.NoError(t, err)
		for range 2 {
			require.ErrorIs(t, b.AddColumns(t.Context(), c), rfm.ErrOverflow, "%d workers", workers)
		}
	}
}

func TestAsOfOfAnAccumulator(t *testing.T) {
	o := &rfm.Options{Location: time.UTC, AsOf: start}
	bound, err := rfm.NewAccumulator[int](nil, o)
	require.NoError(t, err)
	require.NoError(t, bound.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 1}))
	_, _, err = bound.Customers(start.AddDate(0, 0, 1))
	require.ErrorContains(t, err, "bound to the as-of day 2024-03-01")
	_, _, err = bound.Customers(start.Add(20 * time.Hour))
	require.NoError(t, err, "the same day")

	free, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, free.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 5}))
	require.NoError(t, free.Add(rfm.Transaction[int]{Customer: 1, Time: start.AddDate(0, 0, 9), Amount: 5, Kind: rfm.Refund}))
	_, _, err = free.Customers(start)
	require.ErrorContains(t, err, "transactions after the as-of day", "a refund of the future counts as one, too")
}

func TestTimesOfLongAgo(t *testing.T) {
	c := rfm.Columns[int]{Customers: []int{1}, Times: []int64{math.MinInt64 + 1}, Amounts: []int64{1}}
	a, err := rfm.AnalyzeColumns(t.Context(), c, &rfm.Options{AsOf: start, Location: time.UTC})
	require.NoError(t, err)
	require.Greater(t, a.Customers[0].Recency, 700_000)
}

// TestJSONRefusesOtherVersions: those that kept orders as other units.
func TestJSONRefusesOtherVersions(t *testing.T) {
	a, err := rfm.NewAccumulator[string](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	data, err := json.Marshal(a)
	require.NoError(t, err)
	require.Contains(t, string(data), `"version":2`)
	require.NoError(t, a.UnmarshalJSON(data))
	for _, version := range []string{"1", "3"} {
		err := a.UnmarshalJSON(bytes.Replace(data, []byte(`"version":2`), []byte(`"version":`+version), 1))
		require.ErrorContains(t, err, "not an rfm.Accumulator of version 2")
	}
}

func TestJSONRefusesIDsItCannotHold(t *testing.T) {
	for _, compare := range []func(a, b string) int{nil, cmp.Compare[string]} {
		a, err := rfm.NewAccumulator(compare, &rfm.Options{Location: time.UTC})
		require.NoError(t, err)
		require.NoError(t, a.Add(rfm.Transaction[string]{Customer: "a\xff", Time: start}))
		_, err = json.Marshal(a)
		require.ErrorContains(t, err, "not UTF-8")
	}
}

func TestMergeRefusesOtherOptions(t *testing.T) {
	base := rfm.Options{Location: time.UTC}
	for name, other := range map[string]rfm.Options{
		"Location":       {Location: time.FixedZone("x", 60)},
		"AsOf or Window": {Location: time.UTC, AsOf: start},
		"Frequency":      {Location: time.UTC, Frequency: rfm.Days},
		"Refunds":        {Location: time.UTC, Refunds: rfm.NetRefunds},
	} {
		a, err := rfm.NewAccumulator[int](nil, &base)
		require.NoError(t, err)
		b, err := rfm.NewAccumulator[int](nil, &other)
		require.NoError(t, err)
		err = a.Merge(b)
		require.ErrorIs(t, err, rfm.ErrMismatch)
		require.ErrorContains(t, err, name)
	}
}

func TestMergeWithItself(t *testing.T) {
	a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.ErrorIs(t, a.Merge(a), rfm.ErrMismatch)
}

// The caller's options can change without changing what was made of them.
func TestOptionsAreCopied(t *testing.T) {
	table := rfm.Eleven()
	o := &rfm.Options{Table: table, Location: time.UTC, AsOf: start, Classes: &rfm.Classes{Names: map[string]rfm.Text{}}}
	m, err := rfm.Fit(t.Context(), ready([]int{1, 2, 3}), o)
	require.NoError(t, err)
	a, err := rfm.NewAccumulator[int](nil, o)
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start}))
	table.Segments[0].ID = ""
	table.Segments[1].Rules[0].R.Hi = 99
	o.Classes.Names["nonsense"] = rfm.Text{}
	require.Equal(t, "champions", m.Segment(rfm.Scores{R: 5, F: 5, M: 5}).ID)
	_, err = a.Analyze(t.Context(), time.Time{})
	require.NoError(t, err)
}

func TestConcurrentReads(t *testing.T) {
	txns := randomTransactions(rand.New(rand.NewPCG(3, 3)), 500, start)
	a, err := rfm.Analyze(t.Context(), slices.Values(txns), &rfm.Options{AsOf: start.AddDate(0, 0, 90), Location: time.UTC})
	require.NoError(t, err)
	want := a.BySegment().Summary()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, c := range a.Customers {
				_, ok := a.Find(c.ID)
				if !ok || a.Model.Score(c.Values) != c.Scores || a.ByClass().Of(i) > 7 {
					t.Error("a reader was disturbed")
					return
				}
				if i == 20 {
					break
				}
			}
			if !slices.Equal(want, a.BySegment().Summary()) {
				t.Error("summaries differ")
			}
		})
	}
	wg.Wait()
}

func TestCancelledAnalysis(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	txns := randomTransactions(rand.New(rand.NewPCG(3, 3)), 50_000, start)
	o := &rfm.Options{AsOf: start.AddDate(0, 0, 90), Location: time.UTC}
	o.Progress = func(done, total int64) {
		require.EqualValues(t, -1, total)
		cancel()
	}
	_, err := rfm.Analyze(ctx, slices.Values(txns), o)
	require.ErrorIs(t, err, context.Canceled)
	_, err = rfm.Fit(ctx, ready([]int{1, 2}), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestKeysOfEveryKind(t *testing.T) {
	type shop string
	type pair struct{ tenant, id int }
	check(t, []shop{"b", "a", "c"}, nil)
	check(t, []uint16{3, 1, 2}, nil)
	check(t, []float64{3.5, -1, 2}, nil)
	check(t, []uuid.UUID{{9}, {1, 1}, {1, 0, 1}}, nil)
	check(t, []pair{{1, 2}, {1, 1}, {0, 5}}, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id))
	})
	_, err := rfm.NewAccumulator[pair](nil, &rfm.Options{Location: time.UTC})
	require.ErrorContains(t, err, "compare")
	a, err := rfm.NewAccumulator[uuid.UUID](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[uuid.UUID]{Time: start}))
	require.EqualValues(t, 1, a.Report().NoCustomer)
	f, err := rfm.NewAccumulator[float64](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, f.Add(rfm.Transaction[float64]{Customer: math.NaN(), Time: start}))
	require.EqualValues(t, 1, f.Report().NoCustomer)
}

func check[K comparable](t *testing.T, ids []K, compare func(a, b K) int) {
	t.Helper()
	a, err := rfm.NewAccumulator(compare, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	for i, id := range ids {
		require.NoError(t, a.Add(rfm.Transaction[K]{Customer: id, Time: start, Amount: int64(i)}))
	}
	customers, _, err := a.Customers(start)
	require.NoError(t, err)
	require.Len(t, customers, len(ids))
	if compare == nil {
		compare = func(x, y K) int { return bytes.Compare(sortable(x), sortable(y)) }
	}
	require.True(t, slices.IsSortedFunc(customers, func(x, y rfm.Customer[K]) int { return compare(x.ID, y.ID) }))
}

// sortable is a byte string in the natural order of x, for the small values used here.
func sortable(x any) []byte {
	switch x := x.(type) {
	case uint16:
		return []byte{byte(x >> 8), byte(x)}
	case float64:
		return []byte{byte(10 * (x + 5))}
	case uuid.UUID:
		return x[:]
	}
	data, _ := json.Marshal(x)
	return data
}

func TestColumnsOfUnequalLength(t *testing.T) {
	good := rfm.Columns[int]{Customers: []int{1, 2}, Times: []int64{0, 0}, Amounts: []int64{1, 1}}
	a, err := rfm.NewAccumulator[int](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	for name, spoil := range map[string]func(c *rfm.Columns[int]){
		"Times":        func(c *rfm.Columns[int]) { c.Times = c.Times[:1] },
		"Amounts":      func(c *rfm.Columns[int]) { c.Amounts = nil },
		"Orders":       func(c *rfm.Columns[int]) { c.Orders = []string{"x"} },
		"OrderNumbers": func(c *rfm.Columns[int]) { c.OrderNumbers = []int64{1, 2, 3} },
		"Kinds":        func(c *rfm.Columns[int]) { c.Kinds = []rfm.Kind{0} },
		"exclude":      func(c *rfm.Columns[int]) { c.Orders, c.OrderNumbers = []string{"x", "y"}, []int64{1, 2} },
	} {
		c := good
		spoil(&c)
		require.ErrorContains(t, a.AddColumns(t.Context(), c), name)
	}
	require.Zero(t, a.Len())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, a.AddColumns(ctx, good), context.Canceled)
}

func TestRequiredOptions(t *testing.T) {
	none := slices.Values([]rfm.Transaction[int]{})
	_, err := rfm.Analyze(t.Context(), none, nil)
	require.ErrorContains(t, err, "Options.AsOf is required")
	require.ErrorContains(t, err, "Options.Location is required")
	_, err = rfm.Analyze(t.Context(), none, &rfm.Options{AsOf: start, Location: time.UTC})
	require.ErrorIs(t, err, rfm.ErrNoCustomers)
}

func TestJSONRefusesMoneyBeyondTheTurnover(t *testing.T) {
	o := &rfm.Options{Location: time.UTC, Refunds: rfm.NetRefunds}
	a, err := rfm.NewAccumulator[int](nil, o)
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 500, Order: "a"}))
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 200, Order: "a", Kind: rfm.Refund}))
	data, err := json.Marshal(a)
	require.NoError(t, err)
	require.Contains(t, string(data), `"turnover":700`)
	read := func(turnover string) error {
		into, err := rfm.NewAccumulator[int](nil, o)
		require.NoError(t, err)
		return json.Unmarshal([]byte(strings.Replace(string(data), `"turnover":700`, `"turnover":`+turnover, 1)), into)
	}
	require.NoError(t, read("700"))
	require.ErrorContains(t, read("299"), "revenue")
	require.ErrorContains(t, read("9223372036854775808"), "turnover")
}

// TestTextsAreCopied: an accumulator does not hold on to what ids were cut from.
func TestTextsAreCopied(t *testing.T) {
	a, err := rfm.NewAccumulator[string](nil, &rfm.Options{Location: time.UTC})
	require.NoError(t, err)
	page := []byte(strings.Repeat("anna berta ", 1000))
	add := func(id []byte) {
		text := unsafe.String(&id[0], len(id))
		require.NoError(t, a.Add(rfm.Transaction[string]{Customer: text, Time: time.Unix(0, 0), Amount: 1}))
	}
	for range 3 {
		add(page[:4])
		add(page[5:10])
	}
	clear(page)
	customers, _, err := a.Customers(time.Unix(0, 0))
	require.NoError(t, err)
	require.Len(t, customers, 2)
	require.Equal(t, "anna", customers[0].ID)
	require.Equal(t, "berta", customers[1].ID)
	require.Equal(t, 3, customers[1].Values.Frequency)
}

// TestTextsAreNotKeptAlive: what texts of ids and orders were cut from can go while the accumulator is in use.
func TestTextsAreNotKeptAlive(t *testing.T) {
	race.Skip(t)
	a, err := rfm.NewAccumulator[string](nil, &rfm.Options{Location: time.UTC, Workers: 2})
	require.NoError(t, err)
	page := func() (*byte, func(i int) string) {
		b := bytes.Repeat([]byte("0123456789 customers "), 3000)
		return &b[0], func(i int) string { return unsafe.String(&b[i%1000], 11) }
	}
	var gone []weak.Pointer[byte]
	columns := func(rows int) {
		begin, text := page()
		gone = append(gone, weak.Make(begin))
		var c rfm.Columns[string]
		for i := range rows {
			c.Customers, c.Orders = append(c.Customers, text(i)), append(c.Orders, text(i+3))
			c.Times, c.Amounts = append(c.Times, 0), append(c.Amounts, 1)
		}
		require.NoError(t, a.AddColumns(t.Context(), c))
	}
	single := func(amount int64) {
		begin, text := page()
		gone = append(gone, weak.Make(begin))
		require.NoError(t, a.Add(rfm.Transaction[string]{Customer: text(0), Order: text(1), Time: start, Amount: amount}))
	}
	columns(1)
	columns(100_000)
	single(1)
	single(-1)
	runtime.GC()
	for i, p := range gone {
		require.Nil(t, p.Value(), i)
	}
	runtime.KeepAlive(a)
}

// TestAnyUse adds, merges, reads and asks in any order, so that orders wait unsorted while something else is done:
// customers are those of the definition.
func TestAnyUse(t *testing.T) {
	race.Skip(t)
	eachPolicy(t, func(t *testing.T, o rfm.Options) {
		fresh := func() *rfm.Accumulator[int] {
			a, err := rfm.NewAccumulator[int](nil, &o)
			require.NoError(t, err)
			return a
		}
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 5))
			most := []int{2, 30, 3000}[seed]
			var all []rfm.Transaction[int]
			draw := func(n int) []rfm.Transaction[int] {
				txns := randomTransactions(r, n, start)
				for i := range txns {
					tx := &txns[i]
					tx.Customer = r.IntN(most)
					if tx.Order != "" {
						tx.Order = strconv.Itoa(r.IntN(600) + max(0, len(all)-r.IntN(400)))
						if r.IntN(2) == 0 {
							tx.Order += " with a long text"
						}
					}
					if r.IntN(20) == 0 && !tx.Time.IsZero() {
						tx.Time = time.Unix(-r.Int64N(1e8), 0)
					}
				}
				all = append(all, txns...)
				return txns
			}
			add := func(a *rfm.Accumulator[int]) {
				if r.IntN(2) == 0 {
					for _, tx := range draw(4 + r.IntN(100)) {
						require.NoError(t, a.Add(tx))
					}
					return
				}
				var c rfm.Columns[int]
				for _, tx := range draw(4 + r.IntN(1000)) {
					unix := int64(math.MinInt64)
					if !tx.Time.IsZero() {
						unix = tx.Time.Unix()
					}
					c.Customers, c.Times, c.Amounts = append(c.Customers, tx.Customer), append(c.Times, unix), append(c.Amounts, tx.Amount)
					c.Orders, c.Kinds = append(c.Orders, tx.Order), append(c.Kinds, tx.Kind)
				}
				require.NoError(t, a.AddColumns(t.Context(), c))
			}
			over := func(a *rfm.Accumulator[int]) *rfm.Accumulator[int] {
				data, err := json.Marshal(a)
				require.NoError(t, err)
				read := fresh()
				require.NoError(t, json.Unmarshal(data, read))
				again, err := json.Marshal(read)
				require.NoError(t, err)
				require.True(t, bytes.Equal(data, again))
				return read
			}
			a := fresh()
			for range 15 {
				switch r.IntN(5) {
				case 0:
					a = over(a)
				case 1:
					b := fresh()
					add(b)
					if r.IntN(2) == 0 {
						b = over(b)
						add(b)
					}
					require.NoError(t, a.Merge(b))
				case 2:
					got, report, err := a.Customers(time.Time{})
					require.NoError(t, err)
					want, refundOnly, refundOnlyAmount := slowCustomers(all, &o)
					require.Len(t, got, len(want))
					for _, c := range got {
						require.Equal(t, want[c.ID], c)
					}
					require.Equal(t, [3]int64{int64(len(all)), refundOnly, refundOnlyAmount}, [3]int64{report.Rows, report.RefundOnly, report.RefundOnlyAmount})
				default:
					add(a)
				}
			}
		}
	})
}

// TestJSONRefusesOrdersWhereLinesCount: they are nothing that counts there.
func TestJSONRefusesOrdersWhereLinesCount(t *testing.T) {
	o := &rfm.Options{Location: time.UTC, Frequency: rfm.Lines}
	a, err := rfm.NewAccumulator[int](nil, o)
	require.NoError(t, err)
	require.NoError(t, a.Add(rfm.Transaction[int]{Customer: 1, Time: start, Amount: 500, Order: "a"}))
	data, err := json.Marshal(a)
	require.NoError(t, err)
	require.NoError(t, a.UnmarshalJSON(data))
	data = bytes.Replace(data, []byte(`"lines":1}`), []byte(`"lines":1,"seen":[{"unit":"000000000000000000000000"}]}`), 1)
	require.ErrorContains(t, a.UnmarshalJSON(data), "row 0: seen")
}

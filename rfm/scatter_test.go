package rfm_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/rfm"
)

// TestStretches joins rows in every way there is: without kinds, with kinds and one by one come to the same bytes,
// whether all rows are fine, or here and there one is not, and whatever number of rows is left over at the end; also
// around the beginning of 1970, before which times are negative.
func TestStretches(t *testing.T) {
	text := func(i int64) string { return strings.Repeat(strconv.FormatInt(i, 10), int(i)) }
	for _, start := range []time.Time{start, time.Date(1969, 12, 12, 0, 0, 0, 0, time.UTC)} {
		t.Run("int64, "+start.Format("2006"), func(t *testing.T) { testStretches(t, start, func(i int64) int64 { return i }) })
		t.Run("string, "+start.Format("2006"), func(t *testing.T) { testStretches(t, start, text) })
	}
}

func testStretches[K comparable](t *testing.T, start time.Time, id func(int64) K) {
	r := rand.New(rand.NewPCG(6, 1))
	for _, rows := range []int{1, 2, 255, 256, 257, 3000} {
		for _, flawed := range []bool{false, true} {
			c := rfm.Columns[K]{Times: make([]int64, rows), Amounts: make([]int64, rows), Kinds: make([]rfm.Kind, rows), Customers: make([]K, rows)}
			orders := make([]int64, rows)
			customer := int64(0)
			for i := range rows {
				if i == 0 || r.IntN(3) == 0 {
					customer = 1 + r.Int64N(40)
				}
				orders[i] = r.Int64N(2)
				c.Customers[i], c.Times[i], c.Amounts[i] = id(customer), start.Unix()+r.Int64N(40*86400), r.Int64N(20)
				if flawed && r.IntN(60) == 0 {
					switch r.IntN(5) {
					case 0:
						c.Customers[i] = id(0)
					case 1:
						c.Times[i] = civil.NoTime
					case 2:
						c.Times[i] = start.Unix() + r.Int64N(2)*90*86400 - 30*86400
					case 3:
						c.Amounts[i] = -1 - r.Int64N(2)<<62
					case 4:
						c.Amounts[i] = 1<<55 - r.Int64N(2)
					}
				}
			}
			for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders, rfm.Days} {
				o := &rfm.Options{AsOf: start.AddDate(0, 0, 39), Window: 38, Location: time.UTC, Frequency: unit}
				for _, orders := range [][]int64{nil, orders} {
					c.OrderNumbers = orders
					plain := c
					plain.Kinds = nil
					want, report := added(t, c, o)
					got, same := added(t, plain, o)
					require.Equal(t, want, got, "%d rows, %v, orders %v", rows, unit, orders != nil)
					require.Equal(t, report, same)
					if orders == nil {
						single, err := json.Marshal(addSingly(t, c, o))
						require.NoError(t, err)
						require.Equal(t, string(single), want, "%d rows, %v", rows, unit)
					}
					require.EqualValues(t, rows, report.Rows)
					if flawed && rows == 3000 {
						require.False(t, slices.Contains([]int64{report.NoTime, report.Negative, report.Future, report.BeforeWindow, report.ZeroAmounts}, 0))
					}
				}
			}
		}
	}
}

// added returns the accumulator to which the rows of c are added, and its report.
func added[K comparable](t *testing.T, c rfm.Columns[K], o *rfm.Options) (string, rfm.Report) {
	a, err := rfm.NewAccumulator[K](nil, o)
	require.NoError(t, err)
	require.NoError(t, a.AddColumns(t.Context(), c))
	text, err := json.Marshal(a)
	require.NoError(t, err)
	return string(text), a.Report()
}

func addSingly[K comparable](t *testing.T, c rfm.Columns[K], o *rfm.Options) *rfm.Accumulator[K] {
	a, err := rfm.NewAccumulator[K](nil, o)
	require.NoError(t, err)
	for i, id := range c.Customers {
		at := time.Time{}
		if c.Times[i] != civil.NoTime {
			at = time.Unix(c.Times[i], 0)
		}
		require.NoError(t, a.Add(rfm.Transaction[K]{Customer: id, Time: at, Amount: c.Amounts[i]}))
	}
	return a
}

// TestStretchesOfNoCustomer has a row without a customer at every place of a stretch in which no two neighbours go
// together: also a NaN, which is not even itself.
func TestStretchesOfNoCustomer(t *testing.T) {
	const rows = 256
	for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders, rfm.Days} {
		for none := range rows + 1 {
			c := rfm.Columns[float64]{Customers: make([]float64, rows), Times: make([]int64, rows), Amounts: make([]int64, rows), OrderNumbers: make([]int64, rows)}
			for i := range rows {
				c.Customers[i] = float64(i)
			}
			want := rfm.Report{Rows: rows, Purchases: rows, ZeroAmounts: rows}
			if none < rows {
				c.Customers[none] = math.NaN()
				want = rfm.Report{Rows: rows, Purchases: rows - 1, ZeroAmounts: rows - 1, NoCustomer: 1}
			}
			_, report := added(t, c, &rfm.Options{Location: time.UTC, Frequency: unit})
			require.Equal(t, want, report)
		}
	}
}

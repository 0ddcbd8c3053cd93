package rfm_test

import (
	"encoding/json"
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
// whether all rows are fine, or here and there one is not, and whatever number of rows is left over at the end.
func TestStretches(t *testing.T) {
	t.Run("int64", func(t *testing.T) { testStretches(t, func(i int64) int64 { return i }) })
	t.Run("string", func(t *testing.T) {
		testStretches(t, func(i int64) string { return strings.Repeat(strconv.FormatInt(i, 10), int(i)) })
	})
}

func testStretches[K comparable](t *testing.T, id func(int64) K) {
	r := rand.New(rand.NewPCG(6, 1))
	for _, rows := range []int{1, 2, 255, 256, 257, 3000} {
		for _, flawed := range []bool{false, true} {
			c := rfm.Columns[K]{Times: make([]int64, rows), Amounts: make([]int64, rows), Kinds: make([]rfm.Kind, rows), Customers: make([]K, rows)}
			customer := int64(0)
			for i := range rows {
				if i == 0 || r.IntN(3) == 0 {
					customer = 1 + r.Int64N(40)
				}
				c.Customers[i], c.Times[i], c.Amounts[i] = id(customer), start.Unix()+r.Int64N(40*86400), r.Int64N(20)
				if flawed && r.IntN(200) == 0 {
					switch r.IntN(5) {
					case 0:
						c.Customers[i] = id(0)
					case 1:
						c.Times[i] = civil.NoTime
					case 2:
						c.Times[i] = start.Unix() + r.Int64N(4)*30*86400 - 30*86400
					case 3:
						c.Amounts[i] = -1 - r.Int64N(2)<<62
					case 4:
						c.Amounts[i] = 1<<55 - r.Int64N(2)
					}
				}
			}
			for _, unit := range []rfm.FrequencyUnit{rfm.Lines, rfm.Orders, rfm.Days} {
				o := &rfm.Options{AsOf: start.AddDate(0, 0, 39), Window: 38, Location: time.UTC, Frequency: unit}
				var single *rfm.Accumulator[K]
				for _, kinds := range [][]rfm.Kind{c.Kinds, nil} {
					c := c
					c.Kinds = kinds
					a, err := rfm.NewAccumulator[K](nil, o)
					require.NoError(t, err)
					require.NoError(t, a.AddColumns(t.Context(), c))
					if single == nil {
						single = addSingly(t, c, o)
					}
					want, err := json.Marshal(single)
					require.NoError(t, err)
					got, err := json.Marshal(a)
					require.NoError(t, err)
					require.Equal(t, string(want), string(got), "%d rows, %v, kinds %v", rows, unit, kinds != nil)
					require.EqualValues(t, rows, a.Report().Rows)
					if flawed && rows == 3000 {
						rep := a.Report()
						require.False(t, slices.Contains([]int64{rep.NoTime, rep.Negative, rep.Future, rep.BeforeWindow, rep.ZeroAmounts}, 0))
					}
				}
			}
		}
	}
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

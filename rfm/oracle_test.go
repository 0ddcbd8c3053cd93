package rfm_test

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/rfm"
)

// rOrders are the data set rfm_data_orders of the R package rfm 0.3.0
// (rsquaredacademy/rfm, MIT); revenue is in whole units.
func rOrders(t *testing.T) []rfm.Transaction[string] {
	var txns []rfm.Transaction[string]
	for _, row := range readCSV(t, "rfm-r/rfm_data_orders.csv.gz") {
		at, err := time.Parse(time.DateOnly, row[1])
		require.NoError(t, err)
		amount, err := strconv.ParseInt(row[2], 10, 64)
		require.NoError(t, err)
		txns = append(txns, rfm.Transaction[string]{Customer: row[0], Time: at, Amount: amount})
	}
	return txns
}

func rOptions() *rfm.Options {
	return &rfm.Options{
		AsOf: time.Date(2006, 12, 31, 0, 0, 0, 0, time.UTC), Location: time.UTC,
		Frequency: rfm.Lines, Binning: rfm.Binning{Mode: rfm.RQuantile},
	}
}

// The published score and segment of all 995 customers, as printed by
// rfm_table_order and rfm_segment of rfm 0.3.0.
func TestPublishedCustomersOfR(t *testing.T) {
	o := rOptions()
	o.Table = rfm.RTable()
	a, err := rfm.Analyze(t.Context(), slices.Values(rOrders(t)), o)
	require.NoError(t, err)
	require.Len(t, a.Customers, 995)

	describe := func(segment, score string, orders, recency, amount any) string {
		return fmt.Sprint(segment, "|", score, "|", orders, "|", recency, "|", amount)
	}
	var want, got []string
	for _, row := range readCSV(t, "rfm-r/published_orders_rfm_table.csv") {
		want = append(want, describe(row[1], row[2], row[3], row[4], row[5]))
	}
	for _, c := range a.Customers {
		got = append(got, describe(a.Model.Segment(c.Scores).Name.EN, c.Scores.String(), c.Frequency, c.Recency, c.Revenue))
	}
	slices.Sort(want) // rows are matched on their values: names repeat
	slices.Sort(got)
	for i := range want {
		require.Equal(t, want[i], got[i], "row %d in order of values", i)
	}

	// Thresholds and score counts: computed with R's quantile(type = 7) + 1 on the same data.
	r, f, m := a.Model.Thresholds()
	require.InDeltaSlice(t, []float64{115, 181, 297.4, 482}, r[0].Cuts, 1e-9)
	require.InDeltaSlice(t, []float64{4, 5, 6, 8}, f[0].Cuts, 1e-9)
	require.InDeltaSlice(t, []float64{255.8, 382, 506.4, 666}, m[0].Cuts, 1e-9)
	sr, sf, sm := a.Model.Scored()
	require.Equal(t, []int{197, 200, 199, 199, 200}, sr)
	require.Equal(t, []int{268, 187, 176, 244, 120}, sf)
	require.Equal(t, []int{200, 200, 198, 202, 195}, sm)

	// First rows printed in the package's README.
	for name, row := range map[string]string{
		"Abbey O'Reilly": "205 6 472 343", "Add Senger": "140 3 340 412", "Aden Lesch": "194 4 405 323",
		"Aden Murphy": "98 7 596 544", "Admiral Senger": "132 5 448 433",
	} {
		c, ok := a.Find(name)
		require.True(t, ok, name)
		require.Equal(t, row, fmt.Sprint(c.Recency, c.Frequency, c.Revenue, c.Scores))
	}

	counts := map[string]int{}
	for _, s := range a.BySegment().Summary() {
		counts[s.ID] = s.Customers
	}
	require.Equal(t, map[string]int{
		"potential-loyalist": 342, "loyal": 170, "lost": 148, "new": 104, "about-to-sleep": 102, "cant-lose": 47,
		"champions": 35, "at-risk": 28, "need-attention": 10, "promising": 9,
	}, counts)
}

// The eleven published ranges on the same data. Champions are asserted by the
// tests of the R package (158 customers, 1,234 orders, 120,178 revenue); the
// other counts are those of its article "Introduction to RFM".
func TestPublishedElevenSegments(t *testing.T) {
	o := rOptions()
	o.Table = rfm.Published()
	a, err := rfm.Analyze(t.Context(), slices.Values(rOrders(t)), o)
	require.NoError(t, err)
	counts := map[string]int{}
	revenue, orders := int64(0), int64(0)
	for _, s := range a.BySegment().Summary() {
		if s.ID == "champions" {
			require.Equal(t, []int64{158, 1234, 120_178}, []int64{int64(s.Customers), s.Frequency, s.Revenue})
		}
		counts[s.ID] = s.Customers
		revenue, orders = revenue+s.Revenue, orders+s.Frequency
	}
	require.EqualValues(t, 464_158, revenue)
	require.EqualValues(t, 4906, orders)
	require.Equal(t, map[string]int{
		"champions": 158, "loyal": 278, "potential-loyalist": 229, "hibernating": 111, "at-risk": 86,
		"about-to-sleep": 50, "others": 48, "need-attention": 35, "new": 0, "promising": 0, "cant-lose": 0, "lost": 0,
	}, counts)
}

// cdnow are the CDNOW master transactions (Fader and Hardie 2001), in cents.
func cdnow(t *testing.T) (txns []rfm.Transaction[int]) {
	s := bufio.NewScanner(dataset.Open(t, "cdnow/CDNOW_master.txt.gz"))
	for s.Scan() {
		f := strings.Fields(s.Text())
		if len(f) == 0 || f[0] == "customer_id" {
			continue
		}
		id, err := strconv.Atoi(f[0])
		require.NoError(t, err)
		at, err := time.Parse("20060102", f[1])
		require.NoError(t, err)
		whole, cents, _ := strings.Cut(f[3], ".")
		amount, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
		require.NoError(t, err)
		txns = append(txns, rfm.Transaction[int]{Customer: id, Time: at, Amount: amount})
	}
	require.NoError(t, s.Err())
	return txns
}

// Totals of CDNOW as counted over the file; score counts of the binning modes
// computed with SQL NTILE, pandas 1.5.3 qcut and R quantile on the same data.
func TestCDNOW(t *testing.T) {
	txns := cdnow(t)
	o := &rfm.Options{AsOf: time.Date(1998, 6, 30, 0, 0, 0, 0, time.UTC), Location: time.UTC, Frequency: rfm.Lines}
	a, err := rfm.Analyze(t.Context(), slices.Values(txns), o)
	require.NoError(t, err)
	require.EqualValues(t, 69_659, a.Report.Rows)
	require.EqualValues(t, 80, a.Report.ZeroAmounts)
	require.Len(t, a.Customers, 23_570)
	total, once := int64(0), 0
	for _, c := range a.Customers {
		total += c.Revenue
		if c.Frequency == 1 {
			once++
		}
	}
	require.EqualValues(t, 250_031_563, total) // 2,500,315.63
	require.Equal(t, 11_908, once)

	frequencies := func(mode rfm.Mode) (onceScores map[uint8]int, all []int, model *rfm.Model) {
		o.F = rfm.Binning{Mode: mode, Bins: 5}
		a, err := rfm.Analyze(t.Context(), slices.Values(txns), o)
		require.NoError(t, err)
		onceScores = map[uint8]int{}
		for _, c := range a.Customers {
			if c.Frequency == 1 {
				onceScores[c.Scores.F]++
			}
		}
		_, all, _ = a.Model.Scored()
		return onceScores, all, a.Model
	}
	scores, _, _ := frequencies(rfm.NTile)
	require.Equal(t, map[uint8]int{1: 4714, 2: 4714, 3: 2480}, scores)
	scores, all, model := frequencies(rfm.QCut)
	require.Equal(t, map[uint8]int{1: 11_908}, scores)
	_, f, _ := model.Thresholds()
	require.Equal(t, 3, f[0].Bins, "the best customer gets 3, not 5")
	// pandas 1.5.3: pd.qcut(orders, 5, labels=False, duplicates="drop") over the 23,570 customers
	require.Equal(t, []int{15_987, 3_658, 3_925, 0, 0}, all)
	_, all, _ = frequencies(rfm.RQuantile)
	require.Zero(t, all[1], "R never gives a 2")
	require.Positive(t, all[0]*all[2]*all[3]*all[4])
	scores, _, _ = frequencies(rfm.MidRank)
	require.Len(t, scores, 1, "equal customers, equal scores")

	o.Binning, o.F = rfm.Binning{Mode: rfm.RQuantile}, rfm.Binning{}
	a, err = rfm.Analyze(t.Context(), slices.Values(txns), o)
	require.NoError(t, err)
	_, _, m := a.Model.Thresholds()
	require.InDelta(t, 1536+1, m[0].Cuts[0], 1e-9) // 15.36 and R's plus 1, here a cent
}

package report

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAxisIsHonest draws random ranges of all sizes: the axis holds them, its ticks are 1, 2 or 5 times a power of ten
// apart, few, and no two are written alike.
func TestAxisIsHonest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		low := math.Ldexp(rng.NormFloat64(), rng.IntN(90)-45)
		high := low + math.Abs(math.Ldexp(rng.NormFloat64(), rng.IntN(90)-45))
		if rng.IntN(4) == 0 {
			low, high = 0, math.Abs(high)
		}
		if rng.IntN(8) == 0 {
			high = low
		}
		if math.Abs(low) > most || math.Abs(high) > most {
			continue
		}
		n, f := 2+rng.IntN(6), Format(rng.IntN(int(lastFormat)+1))
		whole := rng.IntN(3) == 0
		a := newAxis(low, high, n, f, whole, Language(rng.IntN(2)))
		name := []any{low, high, n, f}
		size := a.high - a.low
		require.LessOrEqual(t, a.low, low+1e-6*size, name)
		require.GreaterOrEqual(t, a.high, high-1e-6*size, name)
		require.Len(t, a.labels, len(a.ticks))
		require.GreaterOrEqual(t, len(a.ticks), 2, name)
		require.LessOrEqual(t, len(a.ticks), n+2, name)
		step := a.ticks[1] - a.ticks[0]
		if math.Abs(a.high) < 1e6*size && math.Abs(a.low) < 1e6*size {
			digits := strconv.FormatFloat(step, 'e', 3, 64)[:5]
			require.Contains(t, []string{"1.000", "2.000", "5.000"}, digits, name)
		}
		for i := 1; i < len(a.ticks); i++ {
			require.InDelta(t, step, a.ticks[i]-a.ticks[i-1], 1e-6*step+1e-9*max(math.Abs(a.low), math.Abs(a.high)), name)
			if whole {
				require.Equal(t, math.Trunc(a.ticks[i]), a.ticks[i], name)
			}
		}
		if low > high-1e-12 && low != 0 {
			continue
		}
		a.from, a.to = 50, 380
		require.InDelta(t, 50, a.at(a.low), 1e-6)
		require.InDelta(t, 380, a.at(a.high), 1e-6)
	}
}

// TestAxisLabelsDiffer compares what ticks are written as, over the sizes that people draw.
func TestAxisLabelsDiffer(t *testing.T) {
	for _, lang := range []Language{English, Chinese} {
		for f := range lastFormat + 1 {
			for e := -4; e <= 14; e++ {
				for _, m := range []float64{1, 1.7, 3, 9} {
					high := m * math.Pow(10, float64(e))
					a := newAxis(0, high, 5, f, false, lang)
					if f == Money && high < 10 {
						continue // parts of a cent
					}
					seen := map[string]bool{}
					for _, label := range a.labels {
						require.False(t, seen[label], "%v %g %v", f, high, a.labels)
						seen[label] = true
					}
				}
			}
		}
	}
}

func TestAxisLabels(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		f         Format
		lang      Language
		want      []string
	}{
		{0, 1, Percent, English, []string{"0%", "20%", "40%", "60%", "80%", "100%"}},
		{0, 0.07, Percent, English, []string{"0%", "2%", "4%", "6%", "8%"}},
		{0, 4800, Number, English, []string{"0", "1,000", "2,000", "3,000", "4,000", "5,000"}},
		{0, 14586, Number, English, []string{"0", "5k", "10k", "15k"}},
		{0, 14586, Number, Chinese, []string{"0", "0.5万", "1万", "1.5万"}},
		{0, 2.4e6, Number, English, []string{"0", "0.5M", "1M", "1.5M", "2M", "2.5M"}},
		{0, 3e8, Number, Chinese, []string{"0", "1亿", "2亿", "3亿"}},
		{0, 4.3, Ratio, English, []string{"0", "1", "2", "3", "4", "5"}},
		{-250, 1250, Money, English, []string{"-5", "0", "5", "10", "15"}},
		{0, 0, Number, English, []string{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}},
	} {
		a := newAxis(test.low, test.high, 5, test.f, false, test.lang)
		if test.want[0] == "0.0" {
			test.want[0] = "0"
		}
		require.Equal(t, test.want, a.labels)
	}
}

// TestLogAxis draws random ranges: ticks are on the axis, ascending, and there is one at least.
func TestLogAxis(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for range 5000 {
		low := math.Ldexp(1+rng.Float64(), rng.IntN(80)-40)
		high := low * (1 + math.Abs(math.Ldexp(rng.Float64(), rng.IntN(40)-6)))
		a := newLogAxis(low, high, Number, English)
		require.NotEmpty(t, a.ticks)
		require.LessOrEqual(t, len(a.ticks), 13)
		for i, v := range a.ticks {
			require.True(t, a.holds(v))
			require.True(t, i == 0 || v > a.ticks[i-1])
		}
	}
}

func TestThin(t *testing.T) {
	for n := range 40 {
		a := &axis{low: 0, high: 1000, from: 40, to: 390}
		for i := range n {
			a.ticks = append(a.ticks, float64(i)*1000/float64(n))
			a.labels = append(a.labels, strconv.Itoa(i*1000))
		}
		a.thin(letter)
		end := math.Inf(-1)
		for i, label := range a.labels {
			if label == "" {
				continue
			}
			half := width(label) * letter / 2
			require.Greater(t, a.at(a.ticks[i])-half, end, "label %d of %d", i, n)
			end = a.at(a.ticks[i]) + half
		}
		require.True(t, n == 0 || a.labels[0] != "")
	}
}

// TestFillCounts gives whole numbers edges that are whole, on a logarithmic axis too.
func TestFillCounts(t *testing.T) {
	for name, c := range map[string]struct {
		values, edges, counts []float64
		bins                  int
	}{
		"few":         {[]float64{1, 1, 2, 3, 4, 7, 8}, []float64{1, 2, 4, 8, 16}, []float64{2, 2, 2, 1}, 0},
		"one value":   {[]float64{5, 5}, []float64{4, 8}, []float64{2}, 0},
		"fewer bins":  {[]float64{1, 3, 4, 15, 16, 63}, []float64{1, 4, 16, 64}, []float64{2, 2, 2}, 3},
		"large":       {[]float64{1e12}, []float64{549755813888, 1099511627776}, []float64{1}, 0},
		"on the edge": {[]float64{2, 64}, []float64{1, 8, 64, 512}, []float64{1, 0, 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := Histogram{Log: true}
			h.Fill(c.values, c.bins)
			require.Equal(t, c.edges, h.Edges)
			require.Equal(t, c.counts, h.Counts)
		})
	}
}

// TestFill counts values into the bins one by one.
func TestFill(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 3000 {
		values := make([]float64, rng.IntN(60))
		whole, scale := rng.IntN(2) == 0, rng.IntN(60)-20
		for i := range values {
			values[i] = math.Ldexp(rng.NormFloat64(), scale)
			if whole {
				values[i] = math.Trunc(math.Abs(values[i]))
			}
			switch rng.IntN(20) {
			case 0:
				values[i] = math.NaN()
			case 1:
				values[i] = math.Inf(1)
			}
		}
		h := Histogram{Log: rng.IntN(2) == 0, X: Measure{Format: []Format{Number, Money}[rng.IntN(2)]}}
		h.Fill(values, rng.IntN(40))
		require.Empty(t, h.check(), values)
		outside := 0
		counts := make([]float64, len(h.Counts))
		for _, v := range values {
			place := -1
			for i := range counts {
				tiny := 1e-8 * max(math.Abs(h.Edges[i]), math.Abs(h.Edges[i+1])) // an edge but for rounding
				if v >= h.Edges[i]-tiny && (v < h.Edges[i+1]-tiny || i == len(counts)-1 && v <= h.Edges[i+1]+tiny) {
					place = i
				}
			}
			if place < 0 {
				outside++
			} else {
				counts[place]++
			}
		}
		require.Equal(t, outside, h.Outside, values)
		require.Equal(t, len(counts), len(h.Counts))
		for i := range counts {
			require.Equal(t, counts[i], h.Counts[i], "%v %v", h.Edges, values)
		}
		if whole && !h.Log && len(counts) > 0 {
			require.GreaterOrEqual(t, h.Edges[1]-h.Edges[0], 1.0)
		}
		if whole && h.Log && len(counts) > 0 {
			require.GreaterOrEqual(t, h.Edges[1]-h.Edges[0], 0.999, "%v", values)
		}
	}
}

func TestNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for _, test := range []struct {
		f    Format
		v    float64
		want string
	}{
		{Number, 0, "0"},
		{Number, math.Copysign(0, -1), "0"},
		{Number, 1234567, "1,234,567"},
		{Number, -999, "-999"},
		{Number, 0.123456, "0.1235"},
		{Number, 1234.56, "1,235"},
		{Number, 99999.9, "100,000"},
		{Number, -2.50, "-2.5"},
		{Number, 1e-9, "1e-09"},
		{Number, 1e300, "1e+300"},
		{Number, nan, "–"},
		{Number, inf, "-∞"},
		{Ratio, 1.305, "1.30"},
		{Ratio, -0.001, "0.00"},
		{Ratio, 12345.6, "12,345.60"},
		{Percent, 0.123, "12.3%"},
		{Percent, 1, "100.0%"},
		{Percent, 0.99999, ">99.9%"},
		{Percent, 0.00001, "<0.1%"},
		{Percent, 12.5, "1,250.0%"},
		{Money, 123456, "1,234.56"},
		{Money, 5, "0.05"},
		{Money, -5, "-0.05"},
		{Money, 0.5, "0.00"},
		{Money, 1.5, "0.02"},
		{Money, 1e17, "1,000,000,000,000,000.00"},
	} {
		require.Equal(t, test.want, test.f.number(test.v), "%v %v", test.f, test.v)
	}
	require.Equal(t, "92,233,720,368,547,758.07", Money.whole(math.MaxInt64))
	require.Equal(t, "-92,233,720,368,547,758.08", Money.whole(math.MinInt64))
	require.Equal(t, "-9,223,372,036,854,775,808", Number.whole(math.MinInt64))
	require.Equal(t, "300.0%", Percent.whole(3))
}

// TestWrap breaks texts: no line is wider than it may be, and nothing but spaces is lost unless an ellipsis says so.
func TestWrap(t *testing.T) {
	require.Equal(t, []string{"Potential", "Loyalist"}, wrap("Potential Loyalist", 8))
	require.Equal(t, []string{"重要价值", "客户"}, wrap("重要价值客户", 4.5))
	require.Equal(t, []string{"a", "b…"}, wrap("a bcdefghijklmnopqrstuvwxyz", 2))
	require.Equal(t, []string{"sup…"}, wrap("supercalifragilistic", 3))
	for w := 1.2; w < 12; w += 0.3 {
		for _, s := range []string{"Tier 1 (0–50% of revenue)", "重要价值客户 (important)", "x", ""} {
			for _, line := range wrap(s, w) {
				require.LessOrEqual(t, width(line), w+0.001, "%q in %g", s, w)
			}
		}
	}
}

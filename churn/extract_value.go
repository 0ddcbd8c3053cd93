package churn

import "math"

// code returns the level of a Category column.
func (x *extractor) code(c *featureColumn) int32 {
	switch c.measure {
	case measureChannelLast:
		return x.channel.code()
	case measureCategoryLast:
		return x.assort.code()
	default:
		return int32(x.month)
	}
}

// value returns the value of a Number column. The formulas are those of [Features].
func (x *extractor) value(c *featureColumn) float64 {
	switch c.measure {
	case measureCount:
		return x.count(c.slot, x.window[c.window].all)
	case measureTrend:
		w := x.window[c.window]
		recent := x.count(c.slot, w.half)
		return math.Log((recent + 0.5) / (x.count(c.slot, w.both) - recent + 0.5))
	case measureSum:
		if c.slot == x.refund {
			return float64(x.refunded[x.window[c.window].all])
		}
		return float64(x.paid[x.window[c.window].all])
	case measureSpendTrend:
		w := x.window[c.window]
		recent := x.count(c.slot, w.half)
		recentMean := ratio(float64(x.paid[w.half]), recent)
		earlierMean := ratio(float64(x.paid[w.both]-x.paid[w.half]), x.count(c.slot, w.both)-recent)
		return logRatio(recentMean, earlierMean)
	case measureRefundShare:
		w := x.window[c.window].all
		return ratio(float64(x.refunded[w]), float64(x.paid[w]))
	case measureChannelShare:
		return x.channel.share(c.slot)
	case measureCategoryShare:
		return x.assort.share(c.slot)
	case measureChannelCount:
		return x.channel.number()
	case measureCategoryCount:
		return x.assort.number()
	case measureDaysSince:
		return daysBefore(x.kinds[c.slot].last)
	case measureDaysSinceFirst:
		return daysBefore(x.kinds[c.slot].first)
	default:
		return x.about[c.measure]
	}
}

// daysBefore is the age of a day less 1, NaN for 0: never.
func daysBefore(age int32) float64 {
	if age == 0 {
		return math.NaN()
	}
	return float64(age - 1)
}

// aboutBuyer has the values of the measures that are about all purchases, one for each measure.
type aboutBuyer [measureOwn]float64

// describe fills in what b and its gaps, ascending, come to.
func (v *aboutBuyer) describe(b *buyer, k kindCount, gaps []int32) {
	for m := range v {
		v[m] = math.NaN()
	}
	if b.count == 0 {
		return
	}
	count, money, days := float64(b.count), float64(b.money), float64(b.days)
	since := float64(k.last - 1)
	silence := since + 0.5 // since noon of the last purchase day
	age, span, repeats := float64(k.first-1), float64(k.first-k.last), days-1
	v[measureDaysSinceLog] = math.Log(silence)
	v[measureDaysSinceFirstLog] = math.Log(age + 0.5)
	v[measureDays] = days
	v[measureDaysLog] = math.Log(days)
	v[measureRate] = ratio(repeats, age)
	v[measureRateLog] = math.Log((repeats + priorPurchases) / (age + priorDays))
	v[measureSpanShare] = ratio(span, age)
	v[measureMean] = money / count
	v[measureMeanLog] = math.Log1p(money / count)
	v[measureMaxShare] = ratio(float64(b.most), money)
	v[measureLastRatioLog] = logRatio(float64(b.latest), money/days)
	v[measureWeekendShare] = float64(b.weekend) / count
	v[measureEveningShare] = float64(b.evening) / count
	v[measureNightShare] = float64(b.night) / count
	surprise := (repeats + priorPurchases) * math.Log1p(silence/(span+priorDays))
	v[measureSurprise] = surprise
	v[measureSurpriseLog] = math.Log(surprise)
	if len(gaps) == 0 {
		return
	}
	mean, median, q80 := float64(b.gapSum)/repeats, gapQuantile(gaps, 0.5), gapQuantile(gaps, 0.8)
	v[measureGapMean] = mean
	v[measureGapMedian] = median
	v[measureGapQ80] = q80
	v[measureGapQ90] = gapQuantile(gaps, 0.9)
	v[measureGapMax] = float64(gaps[len(gaps)-1])
	v[measureGapLast] = float64(b.lastGap)
	v[measureGapSD] = b.gapSD()
	v[measureGapCV] = v[measureGapSD] / mean
	v[measureSilenceMean] = since / mean
	v[measureSilenceMedian] = since / median
	v[measureSilenceQ80] = since / q80
	v[measureSilenceMeanLog] = math.Log(silence / mean)
	v[measureSilenceMedianLog] = math.Log(silence / median)
	v[measureSilenceQ80Log] = math.Log(silence / q80)
}

// gapSD is the sample standard deviation, NaN for a single gap.
func (b *buyer) gapSD() float64 {
	n := int64(b.days - 1)
	if n < 2 {
		return math.NaN()
	}
	squares := float64(float64(n)*float64(b.gapSquares)) - float64(float64(b.gapSum)*float64(b.gapSum))
	return math.Sqrt(max(squares, 0) / float64(n) / float64(n-1))
}

// gapQuantile interpolates linearly between the order statistics at (n-1)·q.
func gapQuantile(ascending []int32, q float64) float64 {
	at := float64(float64(len(ascending)-1) * q)
	i := int(at)
	low := float64(ascending[i])
	if i+1 == len(ascending) {
		return low
	}
	return low + float64((at-float64(i))*(float64(ascending[i+1])-low))
}

// count returns the events of a kind up to an edge.
func (x *extractor) count(slot, edge int) float64 {
	return float64(x.counts[slot*(len(x.edges)+1)+edge])
}

// ratio is a/b, NaN for b = 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return a / b
}

// logRatio is the logarithm of a/b, NaN unless both are positive.
func logRatio(a, b float64) float64 {
	if !(a > 0 && b > 0) {
		return math.NaN()
	}
	return math.Log(a / b)
}

package score

import "math"

// KSDistance is the Kolmogorov-Smirnov distance of two samples of a number that are counted
// in the same bins, ascending: the largest difference, either way, of the shares of their rows at or
// below an upper edge. Where each value has a bin of its own it is that of the samples; otherwise it
// is no more than that, and less by no more than the largest share that one sample has in a bin.
//
// Shares are any numbers in proportion to them, such as counts. A sample with a sum of 0 says
// nothing: the result is 0. It panics if base and now have different lengths, or if a share is
// negative or no number or their sum is not finite. Cost: O(bins).
func KSDistance(base, now []float64) float64 {
	if len(base) != len(now) {
		panic("score: KSDistance needs two shares for each bin")
	}
	sumBase, sumNow := sum(base), sum(now)
	if !finite(base, sumBase) || !finite(now, sumNow) {
		panic("score: KSDistance of a share that is negative, infinite or not a number")
	}
	if !(sumBase > 0 && sumNow > 0) {
		return 0
	}
	distance, below, belowNow := 0.0, 0.0, 0.0
	for i := range base {
		below += base[i]
		belowNow += now[i]
		distance = max(distance, math.Abs(below/sumBase-belowNow/sumNow))
	}
	return min(distance, 1)
}

// KSPValue is the probability that two samples of one distribution, of so many rows, are at least as
// far apart as a [KSDistance]: that of Kolmogorov's distribution at √(base·now/(base+now))·distance
// (Smirnov 1948). Of numbers without ties it is 0.99 to 1.3 times that over all paths (Hodges 1958), for
// samples of 100 rows and more and down to 0.00001, and more than it in smaller ones. With ties or
// bins the truth is less. Where rows have weights w, take (Σw)²/Σw² for their number. A sample
// without rows says nothing: the result is 1. Cost: O(1).
func KSPValue(distance, baseRows, nowRows float64) float64 {
	if !(distance > 0 && baseRows > 0 && nowRows > 0) {
		return 1
	}
	return kolmogorov(math.Sqrt(baseRows/(baseRows+nowRows)*nowRows) * distance)
}

// kolmogorov is the probability that the largest distance of a Brownian bridge from 0 is above x.
func kolmogorov(x float64) float64 {
	switch {
	case x < 0.2:
		return 1 // to the last bit but a few
	case x < 1:
		// The other series of the same theta function.
		e := math.Exp(-math.Pi * math.Pi / (8 * x * x))
		return 1 - math.Sqrt(2*math.Pi)/x*e*(1+math.Pow(e, 8)+math.Pow(e, 24))
	}
	p, sign := 0.0, 1.0
	for k := 1.0; k <= 6; k++ {
		p += sign * math.Exp(-2*k*k*x*x)
		sign = -sign
	}
	return 2 * p
}

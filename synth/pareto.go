package synth

import "math"

// ParetoNBD is the model of how often customers come and how long they stay
// (Schmittlein, Morrison and Colombo 1987, doi:10.1287/mnsc.33.1.1; formulas in
// Fader and Hardie, "A note on deriving the Pareto/NBD model", 2005):
//
//   - while a customer stays, repeat purchases are a Poisson process of rate
//     λ;
//   - the life time of a customer is exponential with rate μ;
//   - λ is gamma distributed over customers, shape R and rate Alpha;
//   - μ is gamma distributed over customers, shape S and rate Beta,
//     independent of λ.
//
// Time is in weeks of the shop's clock, see [Shop.Clock]; the life starts with
// the first purchase, which is not counted. A history is x repeat purchases,
// the last of them tx weeks after the first (0 if x is 0), seen until t weeks
// after the first. Histories that cannot be (negative, NaN, tx > t) and
// parameters out of range give NaN. The likelihood sums a series in
// |Alpha-Beta|/max(Alpha, Beta): below a microsecond where the two are alike,
// some ten milliseconds at the worst ratio allowed. Safe for concurrent use.
type ParetoNBD struct {
	// R is the shape of λ: small means unequal customers. All four are in
	// [0.05, 10000].
	R float64
	// Alpha is in weeks: the mean of λ is R/Alpha.
	Alpha float64
	// S is the shape of μ.
	S float64
	// Beta is in weeks: the mean of μ is S/Beta.
	Beta float64
}

// DefaultPurchasing returns the parameters of a nil [Options].Purchasing. R and
// Alpha are the maximum likelihood estimates on the 4,339 buyers of UCI Online
// Retail (Chen, Sain and Guo 2012), purchase days, weeks, first day in the file
// taken as birth; the year of that file shows no dropout, so S and Beta are the
// published ones of CDNOW (.606 and 11.669, Fader, Hardie and Lee 2005,
// doi:10.1287/mksc.1040.0098).
func DefaultPurchasing() *ParetoNBD {
	return &ParetoNBD{R: 0.827, Alpha: 9.919, S: 0.606, Beta: 11.669}
}

// Mean returns the expected number of repeat purchases in the first t weeks,
//
//	E[X(t)] = R Beta / (Alpha (S-1)) * (1 - (Beta/(Beta+t))^(S-1)),
//
// and its limit R Beta / Alpha * ln((Beta+t)/Beta) where S is 1.
func (p ParetoNBD) Mean(t float64) float64 {
	a, l := p.S-1, math.Log1p(t/p.Beta)
	if math.Abs(a*l) < 1e-9 {
		return p.R * p.Beta / p.Alpha * l
	}
	return p.R * p.Beta / p.Alpha * -math.Expm1(-a*l) / a
}

// Survival returns the share of customers who stay longer than t weeks,
// (Beta/(Beta+t))^S.
func (p ParetoNBD) Survival(t float64) float64 {
	return math.Exp(-p.S * math.Log1p(t/p.Beta))
}

// LogLikelihood returns the logarithm of the likelihood of a history,
//
//	L = Γ(R+x)/Γ(R) Alpha^R Beta^S [ (Alpha+t)^-(R+x) (Beta+t)^-S
//	    + S ∫ (Alpha+y)^-(R+x) (Beta+y)^-(S+1) dy ],  y from tx to t,
//
// in a form that neither overflows nor cancels.
func (p ParetoNBD) LogLikelihood(x int, tx, t float64) float64 {
	stay, left := p.branches(x, tx, t)
	rx, _ := math.Lgamma(p.R + float64(x))
	r, _ := math.Lgamma(p.R)
	return rx - r + p.R*math.Log(p.Alpha) + p.S*math.Log(p.Beta) + logAdd(stay, left)
}

// Alive returns the probability that a customer of this history has not left at
// t. With the true parameters it is the exact posterior: no score made from
// purchases alone does better on average.
func (p ParetoNBD) Alive(x int, tx, t float64) float64 {
	stay, left := p.branches(x, tx, t)
	return 1 / (1 + math.Exp(left-stay))
}

// Silent returns the probability that a customer of this history makes no
// purchase in the h weeks after t, gone or not: the likelihood of the same
// history seen until t+h over that until t.
func (p ParetoNBD) Silent(x int, tx, t, h float64) float64 {
	return math.Exp(p.LogLikelihood(x, tx, t+h) - p.LogLikelihood(x, tx, t))
}

// valid reports whether every parameter is in its range.
func (p ParetoNBD) valid() bool {
	in := func(v float64) bool { return v >= 0.05 && v <= 1e4 }
	return in(p.R) && in(p.S) && in(p.Alpha) && in(p.Beta)
}

// branches returns the logarithms of the two parts of the likelihood that
// depend on t, without their common factor: the customer stays beyond t, or
// left between tx and t.
func (p ParetoNBD) branches(x int, tx, t float64) (stay, left float64) {
	if x < 0 || !(tx >= 0 && tx <= t) || math.IsInf(t, 0) || !p.valid() {
		return math.NaN(), math.NaN()
	}
	k := p.R + float64(x)
	n := k + p.S
	stay = -k*math.Log(p.Alpha+t) - p.S*math.Log(p.Beta+t)
	// Euler's form of 2F1(n, b; n+1; z) with b = S+1 or k: its series has no
	// growing terms.
	big, b := p.Alpha, p.S+1
	if p.Alpha < p.Beta {
		big, b = p.Beta, k
	}
	term := func(u float64) float64 {
		z := math.Abs(p.Alpha-p.Beta) / (big + u)
		return (1-b)*math.Log1p(-z) + math.Log(series(n+1-b, n+1, z)) - n*math.Log(big+u)
	}
	early, late := term(tx), term(t)
	return stay, math.Log(p.S/n) + early + math.Log(-math.Expm1(min(0, late-early)))
}

// series returns 2F1(1, b; c; z) for b <= c and 0 <= z < 1.
func series(b, c, z float64) float64 {
	sum, term := 1.0, 1.0
	for k := 0.0; term > 1e-17*sum; k++ {
		term *= (b + k) / (c + k) * z
		sum += term
	}
	return sum
}

func logAdd(a, b float64) float64 {
	hi, lo := max(a, b), min(a, b)
	return hi + math.Log1p(math.Exp(lo-hi))
}

// GammaGamma is the model of what orders are worth (Fader, Hardie and Lee 2005,
// doi:10.1509/jmkr.2005.42.4.415): the amounts of a customer's orders are gamma
// distributed with shape P and rate ν, and ν is gamma distributed over
// customers with shape Q and rate V. Amounts do not depend on how often a
// customer comes. Amounts are in major units of the currency. Safe for
// concurrent use.
type GammaGamma struct {
	// P > 0 is the shape of the amounts of one customer: large means alike.
	P float64
	// Q > 1 is the shape of ν: small means unequal customers.
	Q float64
	// V > 0 is in major units of the currency.
	V float64
}

// DefaultSpend returns the parameters of a nil [Options].Spend: those published
// for CDNOW, 6.25, 3.74 and 15.44 (Fader, Hardie and Lee 2005), a mean of
// 35.22.
func DefaultSpend() *GammaGamma { return &GammaGamma{P: 6.25, Q: 3.74, V: 15.44} }

// Mean returns the expected amount of an order, P V / (Q-1).
func (g GammaGamma) Mean() float64 { return g.P * g.V / (g.Q - 1) }

// MeanGiven returns the expected amount of an order of a customer whose n
// orders had this mean: P (V + n mean) / (P n + Q - 1).
func (g GammaGamma) MeanGiven(n int, mean float64) float64 {
	return g.P * (g.V + float64(n)*mean) / (g.P*float64(n) + g.Q - 1)
}

package score

import "math"

func (b *Binary) budget(a *alerts) Budget {
	rows, positives := b.Rows(), b.Positives()
	base, hit := positives/rows, a.trues/rows
	precision, recall := min(a.trues/a.rows, 1), min(a.trues/positives, 1)
	accuracy := min(max(1-base-a.share+2*hit, 0), 1)
	// What each row adds to the three shares, linearised, times a sum of weights.
	variance := b.squares(func(i int) (x [3]float64) {
		in, y := b.alerted(a, i), b.truth(i)
		over := in - a.share
		x[0] = in * (y - precision)
		x[1] = y*(in-recall) - a.border*over
		x[2] = 2*(in*y-hit-a.border*over) - (y - base)
		if a.fixed {
			x[2] -= over
		}
		return x
	})
	draws := b.draws(a)
	result := Budget{
		Rows: a.rows, Precision: undefined, Recall: undefined, Lift: undefined, Nobody: b.nobody(),
		Accuracy: b.share(accuracy, variance[2]/(rows*rows), draws[2]),
	}
	if a.rows > 0 {
		result.Precision = b.share(precision, variance[0]/(a.rows*a.rows), draws[0])
	}
	if positives > 0 {
		result.Recall = b.share(recall, variance[1]/(positives*positives), draws[1])
	}
	if a.fixed {
		if a.rows > 0 && positives > 0 {
			result.Lift = b.liftAtThreshold(a, result.Precision)
		}
		return result
	}
	if a.rows > 0 {
		result.Precision = b.withBorder(a, result.Precision)
	}
	if positives > 0 {
		if a.share == 0 || a.share == 1 {
			result.Recall = Estimate{a.share, a.share, a.share}
		}
		if r := result.Recall; a.rows > 0 {
			result.Lift = Estimate{r.Value / a.share, r.Low / a.share, r.High / a.share}
		}
	}
	return result
}

// withBorder widens the interval of a precision by what comes from the score at the border
// being an estimate. That is independent of the rest, and added in squares (Zou and Donner
// 2008).
func (b *Binary) withBorder(a *alerts, p Estimate) Estimate {
	over := b.squares(func(i int) [3]float64 { return [3]float64{b.alerted(a, i) - a.share} })
	extra := b.z * math.Abs(p.Value-a.border) * (math.Sqrt(over[0]) / a.rows)
	p.Low = max(p.Value-math.Hypot(p.Value-p.Low, extra), 0)
	p.High = min(p.Value+math.Hypot(p.High-p.Value, extra), 1)
	return p
}

// liftAtThreshold takes the interval on the logarithm; without hits that of the precision.
func (b *Binary) liftAtThreshold(a *alerts, precision Estimate) Estimate {
	base, hit := b.Positives()/b.Rows(), a.trues/b.Rows()
	if hit == 0 {
		return Estimate{0, 0, precision.High / base}
	}
	square := b.squares(func(i int) [3]float64 {
		in, y := b.alerted(a, i), b.truth(i)
		return [3]float64{in*y/hit - in/a.share - y/base + 1}
	})
	lift, factor := precision.Value/base, math.Exp(b.z*math.Sqrt(square[0])/b.Rows())
	return Estimate{lift, lift / factor, lift * factor}
}

// share is Wilson's interval of a share with a variance. Where that says nothing, at shares 0
// and 1, it is that of the given number of draws.
func (b *Binary) share(p, variance, draws float64) Estimate {
	if p > 0 && p < 1 && variance > 0 {
		return wilson(p, p*(1-p)/variance, b.z)
	}
	return wilson(p, draws, b.z)
}

// draws are the numbers of independent draws among the alerted, among those that came true,
// and in all: (Σw)²/Σw² with the weights summed over each group.
func (b *Binary) draws(a *alerts) (n [3]float64) {
	squares := b.squares(func(i int) [3]float64 { return [3]float64{b.alerted(a, i), b.truth(i), 1} })
	for k, total := range [3]float64{a.rows, b.Positives(), b.Rows()} {
		if squares[k] > 0 {
			n[k] = total * total / squares[k]
		}
	}
	return n
}

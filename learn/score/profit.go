package score

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ProfitOptions are what a campaign to keep customers costs and gains. Rows that come true
// are customers who leave. All amounts are in one unit, which is that of the profit.
// A plain value: safe for concurrent reads.
type ProfitOptions struct {
	Alpha, Beta float64 // of the beta distribution of the share of leavers who stay for the offer; from 1e-9 to 1e9
	Value       float64 // of a customer who stays, above Offer, up to 1e150
	Offer       float64 // cost of an offer that is taken, by leavers who stay for it and by all others; 0: free
	Contact     float64 // cost of contacting a customer; 0: free
}

// Validate returns nil, or every fault of the options, each wrapping [ErrOptions]; nil options are valid.
func (o *ProfitOptions) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(good bool, text string) {
		if !good {
			faults = append(faults, fmt.Errorf("%w: %s", ErrOptions, text))
		}
	}
	finite := func(x float64) bool { return x <= math.MaxFloat64 }
	shape := func(x float64) bool { return x >= 1e-9 && x <= 1e9 }
	fault(shape(o.Alpha) && shape(o.Beta), "Alpha or Beta is not from 1e-9 to 1e9")
	fault(o.Offer >= 0 && o.Contact >= 0 && finite(o.Contact), "Offer or Contact is below 0")
	fault(o.Value > o.Offer && finite(o.Value), "Value is not above Offer")
	fault(!finite(o.Value) || o.Value <= 1e150, "Value is above 1e150")
	return errors.Join(faults...)
}

// Profit is what the best number of contacts gains. A plain value: safe for concurrent reads.
type Profit struct {
	PerRow float64 // profit for each row there is, contacted or not
	Target float64 // share of all rows, those with the highest scores, that are contacted
}

// shares returns Offer and Contact as shares of Value.
func (o *ProfitOptions) shares() (offer, contact float64) {
	return o.Offer / o.Value, o.Contact / o.Value
}

func (b *Binary) profitOptions(opts *ProfitOptions) (*ProfitOptions, error) {
	if opts == nil {
		opts = &ProfitOptions{Alpha: 6, Beta: 14, Value: 200, Offer: 10, Contact: 1}
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if b.oneClass() {
		return nil, fmt.Errorf("%w: profit", ErrOneClass)
	}
	return opts, nil
}

// MaximumProfit is the largest profit of contacting the rows with the highest scores where
// the share of leavers who stay for the offer is its mean g = Alpha/(Alpha+Beta). The
// profit of contacting shares F0 of the leavers and F1 of the others is, for each row,
//
//	Value·[(g·(1-δ) - φ)·π0·F0 - (δ+φ)·π1·F1]
//
// with their shares π0 and π1 of the rows, δ = Offer/Value and φ = Contact/Value (Verbraken,
// Verbeke and Baesens 2013). Nil options are those of that paper: beta(6, 14), value 200,
// offer 10, contact 1. Of several best targets it is the smallest. With one class the error
// wraps ErrOneClass. Cost: O(distinct scores).
func (b *Binary) MaximumProfit(opts *ProfitOptions) (Profit, error) {
	o, err := b.profitOptions(opts)
	if err != nil {
		return Profit{}, err
	}
	return o.best(b.trues, b.falses), nil
}

// best takes the weights before each block and in total.
func (o *ProfitOptions) best(trues, falses []float64) (best Profit) {
	offer, contact := o.shares()
	accept, rows := o.Alpha/(o.Alpha+o.Beta), total(trues, falses)
	for _, i := range hull(trues, falses) {
		p := o.Value * ((accept*(1-offer)-contact)*trues[i] - (offer+contact)*falses[i]) / rows
		if p > best.PerRow {
			best = Profit{p, (trues[i] + falses[i]) / rows}
		}
	}
	return best
}

// ExpectedMaximumProfit is the mean of [Binary.MaximumProfit] over the beta distribution of
// the share of leavers who stay for the offer: EMPC (Verbraken, Verbeke and Baesens 2013).
// Target is the mean of the best one, which changes with that share. It is exact: each corner
// of the convex hull of the ROC curve is best for one range of shares, over which the
// integral is one of incomplete beta functions. Cost: O(distinct scores).
func (b *Binary) ExpectedMaximumProfit(opts *ProfitOptions) (Profit, error) {
	o, err := b.profitOptions(opts)
	if err != nil {
		return Profit{}, err
	}
	return o.expected(b.trues, b.falses), nil
}

// expected takes the weights before each block and in total.
func (o *ProfitOptions) expected(trues, falses []float64) Profit {
	rows := total(trues, falses)
	offer, contact := o.shares()
	mean := o.Alpha / (o.Alpha + o.Beta)
	corners := hull(trues, falses)
	result, lower := Profit{}, [2]float64{}
	for k, i := range corners {
		upper := [2]float64{1, 1}
		if k+1 < len(corners) {
			next := corners[k+1]
			// The share of acceptance from which the next corner is better.
			from := contact / (1 - offer)
			gain := trues[next] - trues[i]
			from += (offer + contact) * (falses[next] - falses[i]) / (gain * (1 - offer))
			if from < 1 { // false also of NaN
				upper = [2]float64{mathext.RegIncBeta(o.Alpha+1, o.Beta, from), mathext.RegIncBeta(o.Alpha, o.Beta, from)}
			}
		}
		share, weight := mean*(upper[0]-lower[0]), upper[1]-lower[1]
		t, f := trues[i]/rows, falses[i]/rows
		result.PerRow += o.Value * ((1-offer)*t*share - (contact*t+(offer+contact)*f)*weight)
		result.Target += (t + f) * weight
		lower = upper
	}
	return result
}

// total is the sum of the weights.
func total(trues, falses []float64) float64 { return trues[len(trues)-1] + falses[len(falses)-1] }

// MaximumProfitInterval is PerRow of [Binary.MaximumProfit] with its interval, the value ± z
// standard deviations of the bootstrap over groups, see [Binary.AveragePrecision]. A largest
// profit is too high by chance, which is why the lower bound is less by the bias that the
// replicates show; it is not below 0, what contacting nobody earns. Where fewer than two
// replicates have both classes the bounds are 0 and +Inf. Options and errors are those of
// MaximumProfit. Cost: O(n·Replicates).
func (b *Binary) MaximumProfitInterval(opts *ProfitOptions) (Estimate, error) {
	return b.profitInterval(opts, (*ProfitOptions).best)
}

// ExpectedMaximumProfitInterval is as [Binary.MaximumProfitInterval], of PerRow of
// [Binary.ExpectedMaximumProfit].
func (b *Binary) ExpectedMaximumProfitInterval(opts *ProfitOptions) (Estimate, error) {
	return b.profitInterval(opts, (*ProfitOptions).expected)
}

func (b *Binary) profitInterval(opts *ProfitOptions, measure func(o *ProfitOptions, trues, falses []float64) Profit) (Estimate, error) {
	o, err := b.profitOptions(opts)
	if err != nil {
		return undefined, err
	}
	value := measure(o, b.trues, b.falses).PerRow
	replicates := b.bootstrap(func(trues, falses []float64) [2]float64 {
		return [2]float64{measure(o, trues, falses).PerRow}
	})
	mean, sd, count := moments(replicates, 0, func(x float64) float64 { return x })
	if count < 2 {
		return Estimate{value, 0, math.Inf(1)}, nil
	}
	return Estimate{value, max(value-max(mean-value, 0)-b.z*sd, 0), value + b.z*sd}, nil
}

package score

import "math"

// AveragePrecision is Σ (R_i - R_{i-1})·P_i over the distinct scores, descending, with
// recall R and precision P of alerting all rows with at least that score: the area under
// the steps of the precision-recall curve. With random scores it is about the share of
// rows that came true.
//
// The interval is that of the bootstrap: Replicates times, every group of rows is counted
// Poisson(1) times, which stands for drawing groups with replacement, and the measure
// taken anew; replicates that miss a class are left out. The bounds are value ± z standard
// deviations of the replicates, less the bias that they show, all on the log-odds, widened
// to have the value within. Where all rows that came true are above all others they are
// Wilson's, of a share of the groups that came true. NaN with one class. Cost:
// O(n·Replicates), once for this and KS.
func (b *Binary) AveragePrecision() Estimate {
	e, _ := b.ranking()
	return e
}

// KS is the Kolmogorov-Smirnov distance between the scores of what came true and those of
// what did not: the largest difference of recall and the share of false alarms, whichever
// is greater, over all scores; and the score where that is, of several the highest: all
// rows with at least that score are alerted.
//
// The bounds are value ± z standard errors of that difference at that score, on the
// log-odds. A maximum over scores is too high by chance, which is why the lower bound is
// less by that bias: 1/(2^⅔-1) of the one that replicates of the bootstrap show, see
// [Binary.AveragePrecision], because it falls with the rows to the power of -⅔ and replicates
// have twice the noise. Distances of 0 and 1 have Wilson's interval of a share of the groups
// of the smaller class. NaN with one class. Cost: O(n·Replicates), once for this and
// AveragePrecision.
func (b *Binary) KS() (ks Estimate, at float64) {
	_, ks = b.ranking()
	if math.IsNaN(ks.Value) {
		return ks, math.NaN()
	}
	_, place := largestGap(b.trues, b.falses)
	return ks, b.score[place-1]
}

// rankingIntervals are those of the measures that look at the order alone.
func (b *Binary) rankingIntervals() (precision, ks Estimate) {
	if b.oneClass() {
		return undefined, undefined
	}
	replicates := b.bootstrap(func(trues, falses []float64) [2]float64 {
		gap, _ := largestGap(trues, falses)
		return [2]float64{averagePrecision(trues, falses), gap}
	})
	c := b.components(0) // for the numbers of groups
	return b.precisionInterval(replicates, c.groupsTrue), b.gapInterval(replicates, min(c.groupsTrue, c.groupsFalse))
}

func (b *Binary) precisionInterval(replicates [][2]float64, n int) Estimate {
	value, onScale := averagePrecision(b.trues, b.falses), innerLogit(n)
	mean, sd, count := moments(replicates, 0, onScale)
	switch {
	case count < 2:
		return Estimate{value, 0, 1}
	case b.divided() == 1 || sd == 0:
		return wilson(value, float64(n), b.z)
	}
	return onLogit(value, 2*onScale(value)-mean, b.z*sd)
}

func (b *Binary) gapInterval(replicates [][2]float64, n int) Estimate {
	value, place := largestGap(b.trues, b.falses)
	onScale := innerLogit(n)
	mean, _, count := moments(replicates, 1, onScale)
	switch {
	case count < 2:
		return Estimate{value, 0, 1}
	case value == 0 || value == 1:
		return wilson(value, float64(n), b.z)
	}
	rows := int(b.start[place])
	recall, falseAlarms := b.trues[place]/b.Positives(), b.falses[place]/b.negatives()
	squares := b.squares(func(i int) [3]float64 {
		in := 0.0
		if i < rows {
			in = 1
		}
		if b.label[i] {
			return [3]float64{(in - recall) / b.Positives()}
		}
		return [3]float64{(falseAlarms - in) / b.negatives()}
	})
	half := b.z * math.Sqrt(squares[0]) / (value * (1 - value))
	bias := max(mean-onScale(value), 0) / (math.Cbrt(4) - 1)
	e := onLogit(value, logit(value), half)
	e.Low = min(sigmoid(logit(value)-half-bias), e.Low)
	return e
}

// averagePrecision takes the weights before each block and in total.
func averagePrecision(trues, falses []float64) float64 {
	first, sum := firstBlock(trues), 0.0
	if lastBlock(trues) < firstBlock(falses) {
		return 1 // not by the sum, which rounds
	}
	for i := first; i < len(trues); i++ {
		sum += (trues[i] - trues[i-1]) * (trues[i] / (trues[i] + falses[i]))
	}
	return min(sum/trues[len(trues)-1], 1)
}

// largestGap returns the Kolmogorov-Smirnov distance and the number of blocks above it.
func largestGap(trues, falses []float64) (gap float64, place int) {
	last := len(trues) - 1
	positives, negatives := trues[last], falses[last]
	place = 1
	for i := 1; i <= last; i++ {
		if trues[i] == positives && falses[i] == 0 || trues[i] == 0 && falses[i] == negatives {
			return 1, i // not by the division, which rounds
		}
		if d := math.Abs(trues[i]*negatives - falses[i]*positives); d > gap {
			gap, place = d, i
		}
	}
	return min(gap/positives/negatives, 1), place
}

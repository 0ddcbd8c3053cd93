package churn

import (
	"math"
	"math/rand/v2"

	"github.com/clientele-go/clientele/learn/score"
)

// pastDistances are those of single cut-offs of a column from the training rows, less what chance
// makes of them. Cut-offs have customers in common, so that it makes less of them than of independent rows.
type pastDistances struct {
	t         *watchTally
	rows      *watchedRows
	steps     []float64 // training rows in the bins of the steps
	number    bool
	share     []float64 // of the training rows in each class
	free      float64
	surplus   float64      // of all training rows
	bridge    float64      // mean square of KS by chance, times rows
	squares   pastDistance // sums of squares
	distances float64      // their number
}

func newPastDistances(t *watchTally, rows *watchedRows, steps []float64, number bool) *pastDistances {
	d := &pastDistances{t: t, rows: rows, steps: steps, number: number, free: -1}
	for _, n := range t.total {
		d.share = append(d.share, n/float64(len(t.at)))
		if n > 0 {
			d.free++
		}
	}
	for row := range t.at {
		d.surplus += d.surplusOf(row)
	}
	if number {
		d.bridge = meanBridge(steps)
	}
	return d
}

// meanBridge returns the mean square of the largest distance of a Brownian bridge from 0 where bins
// end: π²/12 of many bins, and less of few, of which it takes the mean of as many bridges as come within some
// percent of it.
func meanBridge(bins []float64) float64 {
	const bridges = 256
	total := sumOf(bins)
	if total == 0 {
		return 0
	}
	random := rand.New(rand.NewPCG(1, 0x627269646765))
	path, sum := make([]float64, len(bins)), 0.0
	for range bridges {
		end := 0.0
		for i, n := range bins {
			if n > 0 {
				end += math.Sqrt(n/total) * random.NormFloat64()
			}
			path[i] = end
		}
		below, largest := 0.0, 0.0
		for i, n := range bins {
			below += n / total
			largest = max(largest, math.Abs(path[i]-below*end))
		}
		sum += largest * largest
	}
	return sum / bridges
}

func (d *pastDistances) surplusOf(row int) float64 {
	if d.t.surplus == nil {
		return 1/d.share[d.t.at[row]] - 1
	}
	return d.t.surplus[row]
}

// training adds each cut-off of the training rows beside the others. The difference of the shares q of n
// rows and p of the other m has the variance of a sum over customers. With the shares P of all,
// e = 1{class} - P of a row of the cut-off and r the sum of that over all rows of its customer,
// the part of a customer is
//
//	e/n - (r-e)/m, or -r/m of who is not there
//
// and over all customers and classes the sum of its squares over P comes to the sums of 1/P - 1 and of the surplus.
func (d *pastDistances) training() {
	own, surplus := make([]float64, len(d.rows.cutoffs)), make([]float64, len(d.rows.cutoffs))
	for row, k := range d.rows.cutoff {
		own[k] += 1/d.share[d.t.at[row]] - 1
		surplus[k] += d.surplusOf(row)
	}
	all := float64(len(d.t.at))
	for k, size := range d.rows.sizes {
		n, m := float64(size), all-float64(size)
		if min(n, m) < pastRows {
			continue
		}
		scale := 1/n + 1/m
		classes, steps := d.t.of(k)
		rest, restSteps := without(d.t.total, classes), without(d.steps, steps)
		d.add(rest, classes, restSteps, steps, scale*scale*own[k]-2*scale/m*surplus[k]+d.surplus/m/m)
	}
}

// later adds the cut-offs of later rows beside all training rows.
func (d *pastDistances) later(t *watchTally, rows *watchedRows) {
	own, surplus := make([]float64, len(rows.cutoffs)), make([]float64, len(rows.cutoffs))
	for row, k := range rows.cutoff {
		share := d.share[t.at[row]]
		if share == 0 {
			share = 0.5 / float64(len(d.t.at)) // as in a PSI
		}
		own[k] += 1/share - 1
		if g := rows.inTraining[row]; g >= 0 {
			members := d.rows.customers.order[d.rows.customers.start[g]:d.rows.customers.start[g+1]]
			surplus[k] -= float64(len(members))
			for _, member := range members {
				if d.t.at[member] == t.at[row] {
					surplus[k] += 1 / share
				}
			}
		}
	}
	m := float64(len(d.t.at))
	for k, size := range rows.sizes {
		n := float64(size)
		if min(n, m) < pastRows {
			continue
		}
		classes, steps := t.of(k)
		d.add(d.t.total, classes, d.steps, steps, own[k]/n/n-2/n/m*surplus[k]+d.surplus/m/m)
	}
}

// add adds the distances of two samples, of which chance makes noise of the first on average.
func (d *pastDistances) add(base, now, baseSteps, nowSteps []float64, noise float64) {
	d.distances++
	n, m, square, unseen := sumOf(base), sumOf(now), 0.0, 0.0
	last := len(base) - 1
	for i := range base {
		if base[i]+now[i] > 0 {
			p, q := base[i]/n, now[i]/m
			square += (q - p) * (q - p) * (n + m) / (base[i] + now[i])
		}
		if base[i] == 0 && i != last {
			unseen += now[i] / m
		}
	}
	d.squares.PSI += square - noise
	each := noise / max(d.free, 1) // of a share, over its variance in a row
	missing, pooled := now[last]/m-base[last]/n, (now[last]+base[last])/(n+m)
	d.squares.Missing += missing*missing - pooled*(1-pooled)*each
	if !d.number {
		d.squares.Unseen += unseen * unseen
	} else if known := min(sumOf(baseSteps)/n, sumOf(nowSteps)/m); known > 0 {
		far := score.KSDistance(baseSteps, nowSteps)
		d.squares.KS += far*far - d.bridge*each/known
	}
}

// mean returns the root mean squares.
func (d *pastDistances) mean() pastDistance {
	root := func(sum float64) float64 { return fourDigits(math.Sqrt(max(sum/max(d.distances, 1), 0))) }
	s := &d.squares
	return pastDistance{root(s.PSI), min(root(s.KS), 1), min(root(s.Missing), 1), min(root(s.Unseen), 1)}
}

func without(all, part []float64) []float64 {
	rest := make([]float64, len(all))
	for i := range all {
		rest[i] = all[i] - part[i]
	}
	return rest
}

func sumOf(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum
}

package survival

import (
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"

	"gonum.org/v1/gonum/mathext"
)

// Rank is the outcome of a log-rank test. A plain value: safe for concurrent reads.
type Rank struct {
	Groups   []string  // ascending
	Rows     []int     // of each group, that have a weight
	Observed []float64 // events of each group
	// Expected is how many there would be if all groups had the same hazard: Σ n_g·d/n over
	// the times of events and the strata.
	Expected []float64
	ChiSquare
}

// ChiSquare is a statistic that has a χ² distribution if nothing is there. A plain value: safe for
// concurrent reads.
type ChiSquare struct {
	Statistic float64
	DF        int     // degrees of freedom
	P         float64 // probability of a larger statistic by chance alone
}

// newChiSquare sets P; with no degrees of freedom it is NaN.
func newChiSquare(statistic float64, df int) ChiSquare {
	c := ChiSquare{Statistic: statistic, DF: df, P: math.NaN()}
	if df > 0 && statistic >= 0 {
		c.P = mathext.GammaIncRegComp(float64(df)/2, statistic/2)
	}
	return c
}

// LogRank tests whether groups have the same hazard (Mantel 1966; Peto and Peto 1972,
// doi:10.2307/2344317), within the strata of the data if it has any. groups names that of each
// row. Weights are counts: a row of weight 2 counts as two rows, and a
// weight that is not whole is a [*RowError] of [ErrFraction], since the variance has no meaning for it; for
// sampling weights fit a Cox model with Options.Cluster. The degrees of freedom are one less than the
// groups that have something expected; a group without takes no part.
//
// Faults are those of [Data.Validate], [ErrLength] and [ErrNoEvents].
//
// Cost: O(rows + times of events·groups²); memory: 8 bytes for each group and time of events.
func LogRank(d *Data, groups []string) (*Rank, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if len(groups) != len(d.Exit) {
		return nil, fmt.Errorf("%w: %d exits, %d groups", ErrLength, len(d.Exit), len(groups))
	}
	for row, w := range d.Weights {
		if w != math.Trunc(w) {
			return nil, &RowError{row, ErrFraction}
		}
	}
	l := newTimeline(d, nil)
	r := &Rank{}
	code := map[string]int{}
	for _, row := range l.rows {
		code[groups[row]] = 0
	}
	for name := range code {
		r.Groups = append(r.Groups, name)
	}
	slices.Sort(r.Groups)
	for i, name := range r.Groups {
		code[name] = i
	}
	g := len(r.Groups)
	r.Rows, r.Observed, r.Expected = make([]int, g), make([]float64, g), make([]float64, g)
	of := make([][]float64, g) // weight at risk of each group in each slot
	deaths := make([]float64, len(l.time))
	fresh := l.fresh()
	for i := range of {
		of[i] = make([]float64, len(l.time))
	}
	for i, row := range l.rows {
		k, w := code[groups[row]], d.weight(int(row))
		r.Rows[k]++
		if l.never(i) {
			continue
		}
		of[k][l.at[i]] += w
		if l.from != nil && !fresh[l.from[i]] {
			of[k][l.from[i]] -= w
		}
		if d.Event[row] {
			r.Observed[k] += w
			deaths[l.at[i]] += w
		}
	}
	for i := range of {
		l.suffix(of[i], fresh)
	}
	variance := make([]float64, g*g)
	for q, dead := range deaths {
		n := 0.0
		for k := range of {
			n += of[k][q]
		}
		if dead == 0 {
			continue
		}
		for k := range of {
			share := of[k][q] / n
			r.Expected[k] += dead * share
			if n <= 1 {
				continue
			}
			factor := dead * max(0, n-dead) / (n - 1) * share
			for j := range of[:k+1] {
				v := -factor * of[j][q] / n
				if j == k {
					v += factor
				}
				variance[k*g+j] += v
			}
		}
	}
	return r, r.test(variance)
}

// test sets the statistic from the variance of observed less expected, of which the lower
// triangle is given.
func (r *Rank) test(variance []float64) error {
	var kept []int
	for k, e := range r.Expected {
		if e > 0 {
			kept = append(kept, k)
		}
	}
	if len(kept) == 0 {
		return ErrNoEvents
	}
	kept = kept[1:] // what the first is beside its expectation, the others determine
	v := cholesky.Part(variance, len(r.Groups), kept)
	scale := make([]float64, len(kept))
	for i := range kept {
		scale[i] = v[i*(len(kept)+1)]
	}
	rank := len(kept)
	cholesky.Factor(v, len(kept), scale, 1e-9, func(int) { rank-- })
	u := make([]float64, len(kept))
	for i, k := range kept {
		u[i] = r.Observed[k] - r.Expected[k]
	}
	cholesky.Forward(v, len(kept), u)
	r.ChiSquare = newChiSquare(cholesky.Dot(u, u), rank)
	return nil
}

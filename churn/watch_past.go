package churn

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"github.com/clientele-go/clientele/learn/score"
)

const (
	pastRows  = 30 // a cut-off with fewer tells nothing of ordinary variation
	pastLeast = 4  // independent cut-offs, with fewer of which it is not known
	// Of fewer, what is ordinary by the convention of credit scorers: a PSI of 0.1, the distance of two
	// normal distributions with that index, and a twentieth of the rows.
	conventionPSI   = 0.316
	conventionKS    = 0.125
	conventionShare = 0.05
	pastDrawn       = 4 // cut-offs as which the medians of all columns count
)

// pastCutoffs are those that tell how far one is from the others where nothing is wrong.
type pastCutoffs struct {
	Cutoffs int `json:"cutoffs"`
	// Independent are those a horizon apart, less one for what those of training have in common.
	Independent int `json:"independent"`
	// Rate is the root mean square of what came true of single cut-offs less the mean probability, beyond chance.
	Rate float64 `json:"rate,omitempty"`
}

func (p *pastCutoffs) valid() bool {
	return p.Independent >= 0 && p.Independent <= p.Cutoffs && p.Cutoffs <= math.MaxInt32 && p.Rate >= 0 && p.Rate <= 1
}

// pastSlices returns the rows of train, then of calibrate where it is not nil.
func pastSlices[K comparable](ctx context.Context, m *Model, train, calibrate *Dataset[K], workers int) (samples []*watchedRows, err error) {
	for _, d := range []*Dataset[K]{train, calibrate} {
		if d == nil {
			continue
		}
		w, err := watchRows(ctx, m, d, workers)
		if err != nil {
			return nil, err
		}
		samples = append(samples, w)
	}
	if calibrate != nil {
		samples[1].inTraining = groupsIn(train, calibrate)
	}
	return samples, nil
}

// groupsIn returns for each row of later the number of its customer among those of train, in the order in which they
// come, or -1.
func groupsIn[K comparable](train, later *Dataset[K]) []int32 {
	number := make(map[K]int32)
	for row := range train.Table.IDs {
		if id := train.Table.IDs[row].Customer; number[id] == 0 {
			number[id] = int32(len(number) + 1)
		}
	}
	groups := make([]int32, later.Rows())
	for row := range groups {
		groups[row] = number[later.Table.IDs[row].Customer] - 1
	}
	return groups
}

func pastOf(m *Model, samples []*watchedRows) (p pastCutoffs) {
	for i, s := range samples {
		apart, rows, last := 0, len(s.cutoff), Day(0)
		for k, day := range s.cutoffs {
			if s.sizes[k] < pastRows || i == 0 && rows-s.sizes[k] < pastRows || len(samples[0].cutoff) < pastRows {
				continue
			}
			p.Cutoffs++
			if apart == 0 || day >= last+Day(m.plan.Horizon) {
				apart++
				last = day
			}
		}
		if i == 0 {
			apart = max(apart-1, 0)
		}
		p.Independent += apart
	}
	return p
}

// pastRate returns what pastCutoffs.Rate is, of samples with labels.
func pastRate(samples []*watchedRows, labels ...[]bool) float64 {
	squares, cutoffs := 0.0, 0.0
	for i, s := range samples {
		residual, variance := make([]float64, len(s.cutoffs)), make([]float64, len(s.cutoffs))
		for row, k := range s.cutoff {
			p := s.probabilities[row]
			variance[k] += p * (1 - p)
			if residual[k] -= p; labels[i][row] {
				residual[k]++
			}
		}
		for k, size := range s.sizes {
			if size >= pastRows {
				squares += (residual[k]*residual[k] - variance[k]) / float64(size) / float64(size)
				cutoffs++
			}
		}
	}
	return fourDigits(math.Sqrt(max(squares/max(cutoffs, 1), 0)))
}

// beyond returns the probability, at most, that one more cut-off is at least so far from the past
// ones where nothing is wrong. chance is that of a distance by chance alone, ordinary the root mean square of
// the distance of cut-offs without it. Both are distances, so that what is far must be far by one
// of two parts that add up to it, whatever they have to do with each other; the division that makes
// this least likely is the best bound. What is ordinary in one direction, as a season is, has Student's
// distribution.
func (p *pastCutoffs) beyond(far, ordinary, convention float64, chance func(far float64) float64) float64 {
	if p.Independent < pastLeast {
		return chance(max(far-max(convention, 3*ordinary), 0))
	}
	if ordinary == 0 {
		return chance(far)
	}
	const parts = 64
	least := 1.0
	for i := range parts + 1 {
		part := far * float64(i) / parts
		least = min(least, chance(far-part)+studentBeyond(part/ordinary, float64(p.Independent)))
	}
	return least
}

// studentBeyond is the probability that Student's t is at least so far from 0.
func studentBeyond(t, free float64) float64 {
	return mathext.RegIncBeta(free/2, 0.5, free/(free+t*t))
}

// pastDistance is the root mean square of the distances of single cut-offs of a column from the others,
// beyond chance: of the root of the PSI, of KS, of the share of missing, and of the share of levels that the
// others do not have.
type pastDistance struct {
	PSI     float64 `json:"psi,omitempty"`
	KS      float64 `json:"ks,omitempty"`
	Missing float64 `json:"missing,omitempty"`
	Unseen  float64 `json:"unseen,omitempty"`
}

func (p *pastDistance) valid() bool {
	share := func(x float64) bool { return x >= 0 && x <= 1 }
	return p.PSI >= 0 && p.PSI <= 1e9 && share(p.KS) && share(p.Missing) && share(p.Unseen)
}

// drawn returns the distances, those below the medians of all columns drawn towards them, as if those were of
// some cut-offs more: what few cut-offs with few rows say of one column can be far too little by chance.
func (p *pastDistance) drawn(medians *pastDistance, cutoffs int) pastDistance {
	to := func(own, median float64) float64 {
		n := float64(cutoffs)
		return max(own, math.Sqrt((n*own*own+pastDrawn*median*median)/(n+pastDrawn)))
	}
	return pastDistance{to(p.PSI, medians.PSI), to(p.KS, medians.KS), to(p.Missing, medians.Missing), p.Unseen}
}

// medians returns those of the distances of the columns.
func (b *baseline) medians() pastDistance {
	of := func(columns []columnBaseline, which func(p *pastDistance) float64) float64 {
		var values []float64
		for i := range columns {
			if c := &columns[i]; len(c.Shares) > 1 {
				values = append(values, which(&c.Past))
			}
		}
		if len(values) == 0 {
			return 0
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	var numbers []columnBaseline
	for i := range b.Columns {
		if b.Columns[i].Steps != nil {
			numbers = append(numbers, b.Columns[i])
		}
	}
	return pastDistance{
		PSI: of(b.Columns, func(p *pastDistance) float64 { return p.PSI }), KS: of(numbers, func(p *pastDistance) float64 { return p.KS }),
		Missing: of(b.Columns, func(p *pastDistance) float64 { return p.Missing }),
	}
}

// nulls are probabilities of a difference where nothing has changed. tests is the number of tests, of which
// chance is the least probability by chance alone, and ordinary that with what is ordinary.
type nulls struct {
	psi, ks          float64 // by chance alone
	tests            float64
	chance, ordinary float64
}

func (p *pastCutoffs) nulls(d *difference, past *pastDistance) nulls {
	n := nulls{psi: 1, ks: 1, chance: 1, ordinary: 1}
	test := func(far, ordinary, convention float64, chance func(far float64) float64) float64 {
		alone := chance(far)
		n.tests++
		n.chance, n.ordinary = min(n.chance, alone), min(n.ordinary, p.beyond(far, ordinary, convention, chance))
		return alone
	}
	n.psi = test(math.Sqrt(d.square), past.PSI, conventionPSI, func(far float64) float64 {
		if far == 0 || d.free < 1 {
			return 1
		}
		return mathext.GammaIncRegComp(d.free/2, far*far/d.scale/2)
	})
	if d.number {
		n.ks = test(d.ks, past.KS, conventionKS, func(far float64) float64 { return score.KSPValue(far, d.known[0], d.known[1]) })
	}
	share := func(shares [2]float64, ordinary float64) {
		up := 1.0
		if shares[1] < shares[0] {
			up = -1
		}
		test(math.Abs(shares[1]-shares[0]), ordinary, conventionShare, func(far float64) float64 {
			return shareBeyond(shares[0], shares[0]+up*far, d.worth)
		})
	}
	share(d.missing, past.Missing)
	if !d.number {
		share(d.unseen, past.Unseen)
	}
	return n
}

// shareBeyond bounds the probability that the shares p and q of two samples are so far from each other by chance: twice
// exp(-G/2), where G is the statistic of the likelihood ratio (Hoeffding 1963), which holds for any number of rows.
func shareBeyond(p, q float64, worth [2]float64) float64 {
	q = min(max(q, 0), 1)
	pooled := (p*worth[0] + q*worth[1]) / (worth[0] + worth[1])
	half := worth[0]*(timesLog(p, pooled)+timesLog(1-p, 1-pooled)) + worth[1]*(timesLog(q, pooled)+timesLog(1-q, 1-pooled))
	return min(2*math.Exp(-max(half, 0)), 1)
}

package survival

import (
	"math"
	"slices"
	"sort"
)

// Baseline is the cumulative hazard in a stratum of a row whose numbers are all at Term.Mean and
// whose categories are at their first level. A plain value: safe for concurrent reads.
type Baseline struct {
	Stratum string
	Times   []float64 // of events, ascending
	// Hazard is the cumulative hazard from each of Times on: Σ of the events over exp(η) of the
	// rows at risk, by Efron's weights of tied events or Breslow's as Options.Ties.
	Hazard []float64
	End    float64 // the largest exit of the stratum; nothing is known beyond
	// LogRisk is 0, unless the rows of the stratum are so far from Term.Mean that the hazard there is no number:
	// Hazard is then that of a row in their midst, with this Cox.LogRisk.
	LogRisk float64
}

// Baselines returns the baseline of each stratum, ascending by name. The slices belong to the caller.
func (m *Cox) Baselines() []Baseline {
	all := slices.Clone(m.baselines)
	for i := range all {
		all[i].Times, all[i].Hazard = slices.Clone(all[i].Times), slices.Clone(all[i].Hazard)
	}
	return all
}

// Forecast is the survival of one row from now on as far as a model knows it: a curve that falls
// in steps. It holds no more than a reference to its model. Safe for concurrent use.
type Forecast struct {
	times, hazard []float64
	factor        float64
	end           float64
}

// Forecast returns the forecast of a row, which has a value for each of Columns: a number, or
// the Code of a level. A stratum that the model does not have is [ErrStratum]; a value that is
// missing, or a code of no level, makes the whole forecast NaN. It panics if the row has
// another length. Cost: O(columns).
func (m *Cox) Forecast(row []float64, stratum string) (Forecast, error) {
	return m.forecast(m.LogRisk(row), stratum)
}

// forecast returns the forecast of a log-risk.
func (m *Cox) forecast(risk float64, stratum string) (Forecast, error) {
	at, ok := slices.BinarySearchFunc(m.baselines, stratum, func(b Baseline, name string) int {
		switch {
		case b.Stratum < name:
			return -1
		case b.Stratum > name:
			return 1
		}
		return 0
	})
	if !ok {
		return Forecast{}, ErrStratum
	}
	b := &m.baselines[at]
	return Forecast{b.Times, b.Hazard, math.Exp(risk - b.LogRisk), b.End}, nil
}

// End returns how far the forecast goes.
func (f Forecast) End() float64 { return f.end }

// cumulative returns the cumulative hazard at a time and the number of steps up to it.
func (f Forecast) cumulative(t float64) (hazard float64, steps int) {
	steps = sort.Search(len(f.times), func(i int) bool { return f.times[i] > t })
	switch {
	case !(t <= f.end) || math.IsNaN(f.factor):
		return math.NaN(), steps
	case steps == 0:
		return 0, 0
	}
	return f.hazard[steps-1] * f.factor, steps
}

// Survival returns the probability that the row lasts beyond a time, exp(-cumulative hazard).
// Before 0 it is 1, beyond End and for a NaN it is NaN. Cost: O(log steps), no allocation.
func (f Forecast) Survival(t float64) float64 {
	hazard, _ := f.cumulative(t)
	return math.Exp(-hazard)
}

// Within returns the probability that a row which has lasted to an age ends within a span after it:
// 1 - S(age+span)/S(age), "leaves within 30 days". NaN if age or span is negative, or their sum is
// beyond End. Cost: O(log steps), no allocation.
func (f Forecast) Within(age, span float64) float64 {
	if !(age >= 0 && span >= 0) {
		return math.NaN()
	}
	before, _ := f.cumulative(age)
	after, _ := f.cumulative(age + span)
	if math.IsInf(before, 1) {
		return math.NaN()
	}
	return -math.Expm1(before - after)
}

// Remaining returns the mean time that a row which has lasted to an age lasts on, of which no more than
// a horizon is counted: the area below S(age+t)/S(age) for t from 0 to horizon (the
// restricted mean). NaN if age or horizon is negative, or their sum is beyond End. Cost:
// O(steps in between), no allocation.
func (f Forecast) Remaining(age, horizon float64) float64 {
	before, step := f.cumulative(age)
	to := age + horizon
	if !(age >= 0 && horizon >= 0 && to <= f.end) || math.IsNaN(before) || math.IsInf(before, 1) {
		return math.NaN()
	}
	mean, survival, t := 0.0, 1.0, age
	for ; step < len(f.times) && f.times[step] < to; step++ {
		mean += survival * (f.times[step] - t)
		t = f.times[step]
		survival = math.Exp(before - f.hazard[step]*f.factor)
	}
	return mean + survival*(to-t)
}

// Median returns the age by which a row which has lasted to an age ends with probability 1/2: the
// first time with S(time)/S(age) at most 1/2. NaN if the forecast does not go that far. Cost:
// O(log steps), no allocation.
func (f Forecast) Median(age float64) float64 {
	before, step := f.cumulative(age)
	if !(age >= 0) || math.IsNaN(before) || math.IsInf(before, 1) {
		return math.NaN()
	}
	rest := f.times[step:]
	at := sort.Search(len(rest), func(i int) bool { return f.hazard[step+i]*f.factor-before >= math.Ln2 })
	if at == len(rest) {
		return math.NaN()
	}
	return rest[at]
}

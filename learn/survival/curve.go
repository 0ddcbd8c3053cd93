package survival

import (
	"math"
	"sort"
)

// Curve is how rows of a stratum survive: the estimates of Kaplan and Meier (1958,
// doi:10.1080/01621459.1958.10501452) and of Nelson and Aalen. A plain value: safe for
// concurrent reads.
type Curve struct {
	Stratum string
	Rows    int     // that have a weight
	Weight  float64 // sum of their weights
	Events  float64 // sum of the weights of those that ended
	End     float64 // the largest exit; nothing is known beyond
	Level   float64 // of the intervals
	Steps   []Step  // one for each time of events, ascending
}

// Step is a curve from one time of events up to the next. A plain value: safe for concurrent reads.
type Step struct {
	Time   float64
	AtRisk float64 // n: weight of the rows with Entry < Time <= Exit
	Events float64 // d: weight of those that ended at Time
	// Survival is Π (1 - d/n) over the steps so far.
	Survival float64
	// StdErr is that of Survival by Greenwood's formula: Survival·√Σ d/(n·(n-d)). It is NaN
	// once Survival is 0.
	StdErr float64
	// Low and High are the log-log interval of Survival: S^exp(±z·e), where
	// e = √Σ d/(n·(n-d)) / |log S|. NaN once Survival is 0.
	Low, High float64
	// Hazard is the cumulative hazard of Nelson and Aalen, Σ d/n, and HazardStdErr its
	// standard error, √Σ d/n².
	Hazard, HazardStdErr float64
}

// KaplanMeier returns the curve of each stratum, ascending by name, with intervals of the
// level, such as 0.95. Weights are counts: a row of weight 2 counts as two rows, and
// standard errors and intervals mean nothing for others, such as sampling weights. With entries the first steps
// may rest on few rows: look at AtRisk; a Survival of 0 stays 0 however many rows enter
// afterwards. Faults are those of [Data.Validate] and [ErrLevel]. A curve without events
// has no steps.
//
// Censoring is taken to have nothing to do with how long a row would have lasted.
//
// Cost: O(rows), and a logarithmic search a row if there are entries.
func KaplanMeier(d *Data, level float64) ([]Curve, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if !(level > 0 && level < 1) {
		return nil, ErrLevel
	}
	l := newTimeline(d, nil)
	risk, events := l.counts(d)
	curves := make([]Curve, len(l.strata))
	for s := range curves {
		c := &curves[s]
		c.Stratum, c.Level, c.End = l.strata[s], level, l.ends[s]
		for _, row := range l.rows[l.begin[s]:l.begin[s+1]] {
			c.Rows++
			c.Weight += d.weight(int(row))
			if d.Event[row] {
				c.Events += d.weight(int(row))
			}
		}
		c.fill(l.time[l.base[s]+1:l.base[s+1]], risk[l.base[s]+1:], events[l.base[s]+1:])
	}
	return curves, nil
}

// fill makes the steps.
func (c *Curve) fill(times, risk, events []float64) {
	z := normalQuantile(c.Level)
	survival, greenwood, hazard, variance := 1.0, 0.0, 0.0, 0.0
	c.Steps = make([]Step, len(times))
	for i, t := range times {
		n, d := risk[i], events[i]
		n = max(n, d) // equal but for rounding where all end
		if n-d <= 1e-12*n {
			d = n
		}
		survival *= (n - d) / n
		greenwood += d / (n * (n - d))
		hazard += d / n
		variance += d / (n * n)
		s := Step{
			Time: t, AtRisk: n, Events: d, Survival: survival, StdErr: math.NaN(), Low: math.NaN(), High: math.NaN(),
			Hazard: hazard, HazardStdErr: math.Sqrt(variance),
		}
		if survival > 0 {
			s.StdErr = survival * math.Sqrt(greenwood)
			log := math.Log(survival)
			e := math.Exp(z * math.Sqrt(greenwood) / -log)
			s.Low, s.High = math.Exp(log*e), math.Exp(log/e)
		}
		c.Steps[i] = s
	}
}

// At returns the curve at a time: the last step that is not after it, or before all of them one
// with Survival, Low and High 1. Beyond End all but Time is NaN. Cost: O(log steps).
func (c *Curve) At(t float64) Step {
	i := sort.Search(len(c.Steps), func(i int) bool { return c.Steps[i].Time > t })
	switch nan := math.NaN(); {
	case !(t <= c.End):
		return Step{t, nan, nan, nan, nan, nan, nan, nan, nan}
	case i == 0:
		return Step{Time: t, Survival: 1, Low: 1, High: 1}
	}
	return c.Steps[i-1]
}

// Quantile returns the time by which a share p of (0, 1) has ended, 0.5: the median, and
// its interval, where the bounds of the curve cross 1-p. It is the first time at which
// Survival is at most 1-p; where Survival is 1-p up to rounding until the next step, the
// middle between the two, or after the last step that between it and End, as in R. A time that the curve does not reach is NaN. Cost: O(steps).
func (c *Curve) Quantile(p float64) (time, low, high float64) {
	return c.reach(1-p, func(s *Step) float64 { return s.Survival }),
		c.reach(1-p, func(s *Step) float64 { return s.Low }),
		c.reach(1-p, func(s *Step) float64 { return s.High })
}

// reach returns when a bound of the curve comes down to the level s.
func (c *Curve) reach(s float64, bound func(*Step) float64) float64 {
	const slack = 1.5e-8 // as in R
	if !(s > 0 && s < 1) {
		return math.NaN()
	}
	for i := range c.Steps {
		b := bound(&c.Steps[i])
		switch {
		case math.IsNaN(b) || b > s+slack:
		case b >= s-slack && i+1 < len(c.Steps):
			return (c.Steps[i].Time + c.Steps[i+1].Time) / 2
		case b >= s-slack:
			return (c.Steps[i].Time + c.End) / 2
		default:
			return c.Steps[i].Time
		}
	}
	return math.NaN()
}

// Mean returns the mean time that is lived up to a horizon, the area below Survival from
// 0 to it (the restricted mean), and its standard error, which is
// √Σ A²·d/(n·(n-d)) with A the area from a step to the horizon. Both are NaN if the horizon
// is negative or beyond End. Cost: O(steps).
func (c *Curve) Mean(horizon float64) (mean, stdErr float64) {
	if !(horizon >= 0 && horizon <= c.End) {
		return math.NaN(), math.NaN()
	}
	variance, right := 0.0, horizon
	for i := len(c.Steps) - 1; i >= 0; i-- {
		s := &c.Steps[i]
		if s.Time >= horizon {
			continue
		}
		mean += s.Survival * (right - s.Time)
		right = s.Time
		if s.AtRisk > s.Events {
			variance += mean * mean * s.Events / (s.AtRisk * (s.AtRisk - s.Events))
		}
	}
	return mean + right, math.Sqrt(variance)
}

// Package survival answers how long something lasts, when some of it still lasts: curves of
// survival, tests whether groups differ, proportional hazards, and hazards by period over
// any classifier.
//
//	d := &survival.Data{Exit: days, Event: left} // who has not left is known to have lasted so long
//	curves, err := survival.KaplanMeier(d, 0.95)
//	...
//	median, low, high := curves[0].Quantile(0.5)
//
//	m, err := survival.FitCox(ctx, t, d, nil)
//	...
//	ratio, low, high := m.Terms()[0].HazardRatio(0.95)
//	f, err := m.Forecast([]float64{3, m.Code(1, "card")}, "")
//	p := f.Within(60, 30) // of who has been here for 60 days: the probability to leave within 30
//
// The package example has it whole; docs/theory/survival.md has the formulas and where they mislead.
//
// Times are numbers in one unit of the caller's choice, such as days since the first
// purchase. Two times are tied if they are equal as float64; nothing is rounded.
package survival

import (
	"errors"
	"fmt"
	"math"
)

// Data says how long each row was watched and how that ended. A row is at risk at the
// times t with Entry < t <= Exit. A plain value: safe for concurrent reads.
type Data struct {
	// Exit is when the row was seen last, at least 0.
	Exit []float64
	// Event tells that it ended at Exit. Otherwise the row is censored: it is known to have
	// lasted to Exit.
	Event []bool
	// Entry is when the row came under watch, at least 0 and before Exit: what ended
	// earlier would not have been seen (left truncation). Rows that belong to one customer
	// whose features change follow each other, the Exit of one being the Entry of the next.
	// Ids of a table are unique: such rows need ids of their own, or none, and Options.Cluster tells the
	// customer. Nil: from the start, and an Exit of 0 is allowed.
	Entry []float64
	// Weights has one weight a row, at least 0; rows of weight 0 are left out. Nil: 1 each.
	Weights []float64
	// Strata names the stratum of each row. Nil: one stratum with the name "".
	Strata []string
}

// Errors that a caller can act on.
var (
	// ErrLength is wrapped where slices that describe the same rows differ in length.
	ErrLength = errors.New("survival: lengths differ")
	// ErrNoRows is returned, bare, where no row has a weight above 0.
	ErrNoRows = errors.New("survival: no row has any weight")
	// ErrNoEvents is returned, bare, where something is to be learnt from events and there
	// is none.
	ErrNoEvents = errors.New("survival: no events")
	// ErrDuration is wrapped by the [RowError] of an exit or entry that is negative, not finite or
	// beyond 1e100.
	ErrDuration = errors.New("survival: duration is negative, not finite or beyond 1e100")
	// ErrOrder is wrapped by the [RowError] of an entry that is not before the exit.
	ErrOrder = errors.New("survival: entry is not before exit")
	// ErrWeight is wrapped by the [RowError] of a weight that is negative or not finite, and
	// wrapped where weights sum to something outside [1e-100, 1e100].
	ErrWeight = errors.New("survival: weight is out of range")
	// ErrFraction is wrapped by the [RowError] of a weight that is no whole number, where it has to be a count.
	ErrFraction = errors.New("survival: weight is not a whole number")
	// ErrRisk is wrapped by the [RowError] of a risk that is no number.
	ErrRisk = errors.New("survival: risk is not a number")
	// ErrLevel is returned, bare, for a confidence level that is not in (0, 1).
	ErrLevel = errors.New("survival: level is not in (0, 1)")
	// ErrMissing is wrapped by the [table.Fault] of a column with missing values.
	ErrMissing = errors.New("survival: value is missing")
	// ErrTooLarge is wrapped by the [table.Fault] of numbers beyond ±1e100.
	ErrTooLarge = errors.New("survival: number is too large")
	// ErrTooMany is wrapped by the error of more than MaxTerms coefficients.
	ErrTooMany = errors.New("survival: too many coefficients")
	// ErrColumn is wrapped by the error of a column of the model that a table does not
	// have, or has as another kind, and of a level that the model does not know.
	ErrColumn = errors.New("survival: no such column or level")
	// ErrStratum is returned, bare, for a stratum without a baseline in the model.
	ErrStratum = errors.New("survival: no such stratum")
	// ErrPeriods is wrapped where ends of periods do not ascend from above 0.
	ErrPeriods = errors.New("survival: periods do not ascend")
)

// RowError is what is wrong with a row. It never holds the value. Safe for concurrent reads.
type RowError struct {
	Row int   // from 0, as given
	Err error // ErrDuration, ErrOrder, ErrWeight, ErrFraction or ErrRisk
}

// Error returns the sentence.
func (e *RowError) Error() string { return fmt.Sprintf("%v: row %d", e.Err, e.Row) }

// Unwrap returns Err.
func (e *RowError) Unwrap() error { return e.Err }

// largest bounds numbers, so that squares of all rows can be added up.
const largest = 1e100

// Validate returns nil, or the faults of the data joined: lengths that differ, and of each
// kind of fault the first row that has it. Cost: O(rows).
func (d *Data) Validate() error {
	n := len(d.Exit)
	lengths := func(name string, got int, absent bool) error {
		if got == n || absent {
			return nil
		}
		return fmt.Errorf("%w: %d exits, %d %s", ErrLength, n, got, name)
	}
	if err := errors.Join(
		lengths("events", len(d.Event), false), lengths("entries", len(d.Entry), d.Entry == nil),
		lengths("weights", len(d.Weights), d.Weights == nil), lengths("strata", len(d.Strata), d.Strata == nil),
	); err != nil {
		return err
	}
	duration, order, weight := -1, -1, -1
	sum := 0.0
	for i, exit := range d.Exit {
		entry := -1.0
		if d.Entry != nil {
			entry = d.Entry[i]
			if (!(entry >= 0) || entry > largest) && duration < 0 {
				duration = i
			}
		}
		if (!(exit >= 0) || exit > largest) && duration < 0 {
			duration = i
		}
		if entry >= exit && order < 0 {
			order = i
		}
		w := d.weight(i)
		if (!(w >= 0) || math.IsInf(w, 0)) && weight < 0 {
			weight = i
		}
		sum += w
	}
	var faults []error
	for _, f := range []RowError{{duration, ErrDuration}, {order, ErrOrder}, {weight, ErrWeight}} {
		if f.Row >= 0 {
			faults = append(faults, &f)
		}
	}
	switch {
	case faults != nil:
		return errors.Join(faults...)
	case sum == 0:
		return ErrNoRows
	case sum > largest || sum < 1/largest:
		return fmt.Errorf("%w: the sum is outside [1e-100, 1e100]", ErrWeight)
	}
	return nil
}

func (d *Data) weight(row int) float64 {
	if d.Weights == nil {
		return 1
	}
	return d.Weights[row]
}

// normalQuantile is z with P(|Z| <= z) = level.
func normalQuantile(level float64) float64 { return math.Sqrt2 * math.Erfinv(level) }

// sum adds numbers with Neumaier's compensation (1974, doi:10.1002/zamm.19740540106).
type sum struct{ s, c float64 }

func (a *sum) add(x float64) {
	t := a.s + x
	if math.Abs(a.s) >= math.Abs(x) {
		a.c += (a.s - t) + x
	} else {
		a.c += (x - t) + a.s
	}
	a.s = t
}

func (a *sum) total() float64 { return a.s + a.c }

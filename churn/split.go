package churn

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// SplitOptions say how rows are divided. A plain value: safe for concurrent reads.
type SplitOptions struct {
	// Test is the first cut-off of the test slice, Calibrate that of the slice before it on
	// which probabilities are calibrated; of a day without a cut-off, the next one. Rows
	// whose horizon reaches into the next slice are left out and counted: a row of an
	// earlier slice is there only if
	//
	//	cut-off + gap + horizon + Delay <= first cut-off of the next slice
	//
	// so that its label is known on the day on which the next slice begins to look ahead.
	//
	// Test 0: the last fifth of the cut-offs, at least one. Calibrate 0: as many cut-offs
	// (where only Test is given, a fifth of all as well), the last ones before Test that are not
	// left out. As 0 is the default, 1970-01-01 cannot be named.
	Calibrate, Test Day
	// Delay is the days after a horizon until its events have arrived, 0 to 1,000,000. Labels count
	// all events of the horizon, those as well that arrive after its end: with a Delay that is too
	// short slices know labels earlier than anybody did.
	Delay int
	// Customers is the share of customers, 0 to 1 exclusive, whose rows are in the test alone,
	// and who are the only ones there: then no customer is on both sides. Chosen by a hash of
	// their place in the order of the customers of the data set. 0: customers may be on both
	// sides, at different times.
	Customers float64
	// Seed of the choice. 0: DefaultSeed.
	Seed uint64
}

// DefaultSeed is the seed of splits, folds of customers and fits where none is given.
const DefaultSeed uint64 = 1

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *SplitOptions) Validate() error {
	if o == nil {
		return nil
	}
	return errors.Join(
		faultUnless(o.Calibrate == 0 || o.Test == 0 || o.Calibrate < o.Test, "SplitOptions.Calibrate must be before Test"),
		faultUnless(o.Customers >= 0 && o.Customers < 1, "SplitOptions.Customers must be at least 0 and below 1"),
		faultUnless(o.Delay >= 0 && o.Delay <= maxLength, "SplitOptions.Delay must be 0 to 1,000,000"))
}

// Split is rows divided by time, and by customer if asked for. A plain value: safe for
// concurrent reads.
//
//	rows = Train + Calibrate + Test + Overlap + Held
//
// where a fold is without the rows that are later than its test.
type Split[K comparable] struct {
	// Train is what a model is fitted on, Calibrate what its probabilities are fitted on, later,
	// and Test what it is judged on, later still. Of SplitAsOf there is no Test: it is nil.
	Train, Calibrate, Test *Dataset[K]
	// Overlap is the number of rows left out because their horizon reaches into the next
	// slice, Held those left out because of the customer.
	Overlap, Held int
}

// Split divides the rows. Nil options are the defaults. Faults of the options wrap
// [ErrOptions]; a slice without rows, and a data set without labels, is an error that wraps
// [ErrNoRows], a slice whose labels are all the same one that wraps [ErrOneClass]. Labels count as
// known Delay days after the end of their horizon. The slices
// are copies. Cost: O(rows · columns).
func (d *Dataset[K]) Split(opts *SplitOptions) (*Split[K], error) {
	var o SplitOptions
	if opts != nil {
		o = *opts
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if d.Labels == nil {
		return nil, errNoLabels()
	}
	s, err := d.slices(&o)
	if err != nil {
		return nil, err
	}
	return d.split(s, &o)
}

// SplitAsOf divides the rows whose labels are known on a day for learning from them on that
// day: the last fifth of their cut-offs, at least one, is for calibration, and those whose
// labels were known when it began are for training. Test is nil; all other rows are counted
// in Overlap. Errors and cost are those of [Dataset.Split]; no rows at all wrap [ErrNoRows].
//
// A label counts as known at the end of its horizon, with all its events. Where these take
// some days to arrive, what was known on a day is SplitAsOf of so many days before.
func (d *Dataset[K]) SplitAsOf(day Day) (*Split[K], error) {
	if d.Labels == nil {
		return nil, errNoLabels()
	}
	cutoffs := d.cutoffs()
	if len(cutoffs) == 0 {
		return nil, fmt.Errorf("%w: the data set has none", ErrNoRows)
	}
	known := d.knownBy(cutoffs, day)
	first := d.calibrateBefore(cutoffs, day, max(1, known/5))
	var train, calibrate []int
	for row, s := range d.Table.IDs {
		switch {
		case d.known(s.Cutoff) <= first:
			train = append(train, row)
		case s.Cutoff >= first && d.known(s.Cutoff) <= day:
			calibrate = append(calibrate, row)
		}
	}
	if err := d.checkSlice("training", train); err != nil {
		return nil, err
	}
	if err := d.checkSlice("calibration", calibrate); err != nil {
		return nil, err
	}
	return &Split[K]{Train: d.Take(train), Calibrate: d.Take(calibrate), Overlap: d.Rows() - len(train) - len(calibrate)}, nil
}

// Folds divides the rows n times, each time with a later test, as if the model had been
// fitted anew at the time. The tests are n runs of equally many cut-offs that follow each
// other and end with the last one; before each comes calibration on as many, and all that
// is earlier is for training, less what is left out as in [Dataset.Split]. The runs are as long
// as they can be with no less for the first training than for its test. Labels count as known at
// the end of their horizon, as with a Delay of 0: where events arrive later, [Dataset.Split] with
// its Delay at each Test says what was known.
//
// Splits are made when they are asked for, the earliest test first; an error, as of Split, is the
// last. The sequence can be used several times. Folds panics if n < 1.
func (d *Dataset[K]) Folds(n int) iter.Seq2[*Split[K], error] {
	if n < 1 {
		panic("churn: Folds needs at least one fold")
	}
	return func(yield func(*Split[K], error) bool) {
		if d.Labels == nil {
			yield(nil, errNoLabels())
			return
		}
		cutoffs := d.cutoffs()
		size := len(cutoffs) / n
		for size > 0 && d.trainings(cutoffs, cutoffs[len(cutoffs)-n*size], size) < size {
			size--
		}
		if size == 0 {
			yield(nil, fmt.Errorf("%w: %d cut-offs are too few for %d folds", ErrNoRows, len(cutoffs), n))
			return
		}
		for fold := range n {
			at := len(cutoffs) - (n-fold)*size
			s, err := d.split(timeSlices{
				calibrate: d.calibrateBefore(cutoffs, cutoffs[at], size), test: cutoffs[at], end: cutoffs[at+size-1] + 1,
			}, &SplitOptions{})
			if err != nil {
				err = fmt.Errorf("churn: fold %d of %d: %w", fold+1, n, err)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// trainings is the number of cut-offs that are left for training before a test.
func (d *Dataset[K]) trainings(cutoffs []Day, test Day, size int) int {
	if d.knownBy(cutoffs, test) < size {
		return 0
	}
	return d.knownBy(cutoffs, d.calibrateBefore(cutoffs, test, size))
}

// CustomerFolds gives each row the number of one of n folds, from 0 on, the same for all rows
// of a customer: for cross-validation in which no customer is on both sides. The choice is
// by a hash of the customer's place in the order; seed 0 is DefaultSeed. It panics if n < 1.
func (d *Dataset[K]) CustomerFolds(n int, seed uint64) []int32 {
	if n < 1 {
		panic("churn: CustomerFolds needs at least one fold")
	}
	folds := make([]int32, d.Rows())
	for row, c := range d.ranks() {
		folds[row] = int32(hashUnit(seed, c) * float64(n))
	}
	return folds
}

func errNoLabels() error { return fmt.Errorf("%w: the data set has no labels", ErrNoRows) }

// timeSlices are the first cut-offs of the slices and the day after the last of the test.
type timeSlices struct{ calibrate, test, end Day }

// slices finds the time slices that options ask for.
func (d *Dataset[K]) slices(o *SplitOptions) (timeSlices, error) {
	cutoffs := d.cutoffs()
	if len(cutoffs) < 3 {
		return timeSlices{}, fmt.Errorf("%w: a split needs three cut-offs, there are %d", ErrNoRows, len(cutoffs))
	}
	size := max(1, len(cutoffs)/5)
	s := timeSlices{calibrate: o.Calibrate, test: o.Test, end: cutoffs[len(cutoffs)-1] + 1}
	if s.test == 0 {
		s.test = cutoffs[len(cutoffs)-size]
	}
	// The bounds are those of the cut-offs there are: what counts is where a slice really begins.
	next := func(day Day) Day {
		i, _ := slices.BinarySearch(cutoffs, day)
		if i == len(cutoffs) {
			return s.end
		}
		return cutoffs[i]
	}
	s.test = next(s.test)
	if s.calibrate == 0 {
		s.calibrate = d.calibrateBefore(cutoffs, s.test-Day(o.Delay), size)
	}
	s.calibrate = min(next(s.calibrate), s.test)
	return s, nil
}

// calibrateBefore is the first of the last size cut-offs whose labels are known by test.
func (d *Dataset[K]) calibrateBefore(cutoffs []Day, test Day, size int) Day {
	return cutoffs[max(0, d.knownBy(cutoffs, test)-size)]
}

// knownBy is the number of cut-offs whose labels are known by a day.
func (d *Dataset[K]) knownBy(cutoffs []Day, day Day) int {
	n, _ := slices.BinarySearchFunc(cutoffs, day+1, func(c, day Day) int { return cmp.Compare(d.known(c), day) })
	return n
}

// known is the first day on which the label of a cut-off is known.
func (d *Dataset[K]) known(cutoff Day) Day {
	return cutoff + Day(d.plan.gap()+d.plan.Horizon)
}

// cutoffs returns those that rows have, ascending.
func (d *Dataset[K]) cutoffs() []Day {
	seen := make(map[Day]bool)
	for _, s := range d.Table.IDs {
		seen[s.Cutoff] = true
	}
	days := make([]Day, 0, len(seen))
	for day := range seen {
		days = append(days, day)
	}
	slices.Sort(days)
	return days
}

// ranks yields each row with its customer's place among those of the data set.
func (d *Dataset[K]) ranks() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		rank := uint64(0)
		for row, s := range d.Table.IDs {
			if row > 0 && s.Customer != d.Table.IDs[row-1].Customer {
				rank++
			}
			if !yield(row, rank) {
				return
			}
		}
	}
}

func (d *Dataset[K]) split(s timeSlices, o *SplitOptions) (*Split[K], error) {
	var train, calibrate, test []int
	out := new(Split[K])
	known := func(cutoff Day) Day { return d.known(cutoff) + Day(o.Delay) }
	for row, rank := range d.ranks() {
		cutoff := d.Table.IDs[row].Cutoff
		if cutoff >= s.end {
			continue
		}
		late := cutoff >= s.test
		if o.Customers > 0 && late != (hashUnit(o.Seed, rank) < o.Customers) {
			out.Held++
			continue
		}
		switch {
		case late:
			test = append(test, row)
		case cutoff >= s.calibrate && known(cutoff) <= s.test:
			calibrate = append(calibrate, row)
		case cutoff < s.calibrate && known(cutoff) <= s.calibrate:
			train = append(train, row)
		default:
			out.Overlap++
		}
	}
	var errs []error
	for _, part := range []struct {
		name string
		rows []int
		to   **Dataset[K]
	}{{"training", train, &out.Train}, {"calibration", calibrate, &out.Calibrate}, {"test", test, &out.Test}} {
		if err := d.checkSlice(part.name, part.rows); err != nil {
			errs = append(errs, err)
			continue
		}
		*part.to = d.Take(part.rows)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Dataset[K]) checkSlice(name string, rows []int) error {
	if len(rows) == 0 {
		return fmt.Errorf("%w: the %s slice is empty", ErrNoRows, name)
	}
	for _, row := range rows {
		if d.Labels[row] != d.Labels[rows[0]] {
			return nil
		}
	}
	return fmt.Errorf("%w: those of the %s slice", ErrOneClass, name)
}

// hashUnit maps a number to [0, 1): the output function of SplitMix64 (Steele, Lea and
// Flood 2014, doi:10.1145/2660193.2660195) at the number'th step from a seed, 0 being DefaultSeed.
func hashUnit(seed, number uint64) float64 {
	x := cmp.Or(seed, DefaultSeed)*0xd1342543de82ef95 + (number+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}

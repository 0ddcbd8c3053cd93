package churn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// AlertOptions say whom it pays to call. A plain value: safe for concurrent reads, if the
// function is.
type AlertOptions[K comparable] struct {
	// Economics is the money of the campaign. The zero value costs nothing: the list is then
	// by the money that is expected to be lost.
	Economics Economics
	// Values has for each row what the customer's staying is worth, in minor units; negative
	// for a customer who costs more than he brings. Nil: the purchase money of the last year, less
	// what was given back of it, or of the longest window of up to 365 days that the rows have
	// a column for, which [AlertList.ValueColumn] names; missing is 0, and so is less than
	// nothing. That is not profit: with it, an Economics with a
	// contact or an offer must state its Margin.
	Values []int64
	// Capacity is the most alerts. 0: no limit.
	Capacity int
	// Budget is the most that the list is expected to cost, in minor units: see
	// [Economics.Cost]. The list ends before the first customer who would exceed it. 0: no limit.
	Budget int64
	// Unprofitable keeps customers whose alert is expected to earn nothing or to lose money.
	Unprofitable bool
	// Days is how long an alert stands, up to a million. 0: the gap and the horizon of the plan.
	Days int
	// Previous are earlier alerts, in any order. A customer with one that stands is not
	// alerted again. It no longer stands when it has expired, and ends early when the
	// customer buys: when the silence of the row is shorter than the alert is old. Rows
	// without a column purchase_days_since do not tell that.
	Previous []Alert[K]
	// Exclude, where not nil, tells of customers who must not be alerted: no consent, in a
	// test group, dealt with elsewhere.
	Exclude func(customer K) bool
}

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *AlertOptions[K]) Validate() error {
	if o == nil {
		return nil
	}
	faults := []error{o.Economics.Validate()}
	for _, f := range []struct {
		bad  bool
		name string
	}{{o.Capacity < 0, "Capacity"}, {o.Budget < 0, "Budget"}, {o.Days < 0, "Days"}} {
		if f.bad {
			faults = append(faults, fmt.Errorf("%w: AlertOptions.%s is negative", ErrOptions, f.name))
		}
	}
	if o.Days > maxLength {
		faults = append(faults, fmt.Errorf("%w: AlertOptions.Days is over a million", ErrOptions))
	}
	if o.Values == nil {
		faults = append(faults, o.Economics.statesMargin())
	}
	return errors.Join(faults...)
}

// Alert is a customer to call. A plain value: safe for concurrent reads.
type Alert[K comparable] struct {
	Customer    K       `json:"customer"`
	Cutoff      Day     `json:"cutoff"`      // of the row: the day of the alert
	Expires     Day     `json:"expires"`     // first day on which it no longer stands
	Probability float64 `json:"probability"` // that the label comes true
	Value       float64 `json:"value"`       // of the customer's staying, minor units, before the margin
	Profit      float64 `json:"profit"`      // expected, minor units: see Economics.Profit
	BreakEven   float64 `json:"break_even"`  // acceptance at which Profit is 0: see Economics.BreakEven
	Row         int     `json:"row"`         // of the data set
}

// AlertList is whom to call, and what became of everybody else. A plain value: safe for
// concurrent reads.
//
//	Rows = len(Alerts) + Standing + Excluded + Unprofitable + OverCapacity + OverBudget
type AlertList[K comparable] struct {
	Cutoff Day `json:"cutoff"` // of all rows: the day of the list
	// ValueColumn is the name of the column that values are from, empty where they are
	// AlertOptions.Values.
	ValueColumn string `json:"value_column,omitempty"`
	// Alerts are by expected profit, highest first; equal ones by probability, then in the
	// order of customers.
	Alerts []Alert[K] `json:"alerts"`

	Rows         int `json:"rows"`          // of the data set
	Standing     int `json:"standing"`      // not alerted again
	Bought       int `json:"bought"`        // not expired, but ended by a purchase: may be on the list again
	Excluded     int `json:"excluded"`      // by Exclude
	Unprofitable int `json:"unprofitable"`  // expected to earn nothing
	OverCapacity int `json:"over_capacity"` // profitable, but behind the last that Capacity has room for
	OverBudget   int `json:"over_budget"`   // profitable, but behind the last that Budget pays for

	// Leavers is how many of Alerts are expected to leave, AtStake the value that goes with
	// them in minor units if nobody calls.
	Leavers float64 `json:"leavers"`
	AtStake float64 `json:"at_stake"`
	// Cost is what the list is expected to cost, in minor units.
	Cost float64 `json:"cost"`
	// Profit is what it is expected to earn, in minor units, with the bounds within which it
	// comes out 95 times in 100 if probabilities and acceptance are right and customers
	// decide each for themselves: normal, so rough below some 30 alerts.
	Profit score.Estimate `json:"profit"`
	// Scenarios tell what becomes of it where acceptance and costs are not what was thought.
	Scenarios []Scenario `json:"scenarios"`
}

// Alerts makes the list of customers to call: those of the rows of d, which must have one
// cut-off, whose alert is expected to earn most. probabilities has that of each row that the
// customer leaves; nil: those of m, which may be nil where they are given.
//
// A probability outside 0 to 1, rows of several cut-offs, Values of another length and a data
// set that Values are needed for are errors that wrap [ErrOptions]; no rows wrap [ErrNoRows]. Rows
// with another label than m, or of a plan with another window, gap or horizon, wrap [ErrSchema].
// Cost: O(n) where profits differ, O(n log n) where many are equal, and the prediction.
func Alerts[K comparable](ctx context.Context, m *Model, d *Dataset[K], probabilities []float64, opts *AlertOptions[K]) (*AlertList[K], error) {
	if opts == nil {
		opts = &AlertOptions[K]{}
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if d == nil || d.Table == nil || len(d.Table.IDs) == 0 {
		return nil, fmt.Errorf("%w: nobody to alert", ErrNoRows)
	}
	if m != nil {
		if err := sameQuestion(m, d); err != nil {
			return nil, err
		}
	}
	if probabilities == nil {
		if m == nil {
			return nil, fmt.Errorf("%w: alerts need a model or probabilities", ErrOptions)
		}
		var err error
		if probabilities, err = Predict(ctx, m, d); err != nil {
			return nil, err
		}
	}
	values, column, err := alertValues(d, opts.Values)
	if err != nil {
		return nil, err
	}
	list, pool, err := makeAlerts(d, probabilities, values, opts)
	if err != nil {
		return nil, err
	}
	list.ValueColumn, list.Scenarios = column, scenarios(list, pool.candidates, opts)
	return list, ctx.Err()
}

// alertPool is the rows that a list is chosen from, highest profit first, and those with an
// alert that stands.
type alertPool struct {
	candidates []alertCandidate
	standing   []int
}

// makeAlerts is Alerts without scenarios.
func makeAlerts[K comparable](d *Dataset[K], probabilities, values []float64, opts *AlertOptions[K]) (*AlertList[K], *alertPool, error) {
	cutoff, err := alertCutoff(d, probabilities)
	if err != nil {
		return nil, nil, err
	}
	m := opts.Economics.money()
	list := &AlertList[K]{Cutoff: cutoff, Rows: d.Rows()}
	pool := list.pool(d, opts)
	candidates := pool.candidates
	for i := range candidates {
		c := &candidates[i]
		c.p, c.value = probabilities[c.row], values[c.row]
		c.profit = m.profit(c.p, c.value)
	}
	chosen, unprofitable, overCapacity := choose(candidates, m, opts)
	list.Unprofitable, list.OverCapacity = unprofitable, overCapacity
	list.OverBudget = len(candidates) - unprofitable - overCapacity - len(chosen)

	days := opts.Days
	if days == 0 {
		days = d.plan.gap() + d.plan.Horizon
	}
	list.Alerts = make([]Alert[K], len(chosen))
	variance := 0.0
	for i, c := range chosen {
		list.Alerts[i] = Alert[K]{
			Customer: d.Table.IDs[c.row].Customer, Cutoff: cutoff, Expires: cutoff + Day(days),
			Probability: c.p, Value: c.value, Profit: c.profit,
			BreakEven: opts.Economics.BreakEven(c.p, c.value), Row: c.row,
		}
		list.Leavers += c.p
		list.AtStake += c.p * c.value
		list.Cost += m.cost(c.p)
		list.Profit.Value += c.profit
		variance += m.variance(c.p, c.value)
	}
	half := normal95 * math.Sqrt(variance)
	list.Profit.Low, list.Profit.High = list.Profit.Value-half, list.Profit.Value+half
	return list, pool, nil
}

// choose sorts candidates, highest profit first, and returns those that are to be alerted,
// and how many are not because they earn nothing or are beyond the capacity.
func choose[K comparable](candidates []alertCandidate, m money, opts *AlertOptions[K]) (chosen []alertCandidate, unprofitable, overCapacity int) {
	sortCandidates(candidates)
	chosen = candidates
	if !opts.Unprofitable {
		n, _ := slices.BinarySearchFunc(chosen, 0, func(c alertCandidate, zero float64) int {
			if c.profit > zero {
				return -1
			}
			return 1
		})
		unprofitable = len(chosen) - n
		chosen = chosen[:n]
	}
	if opts.Capacity > 0 && len(chosen) > opts.Capacity {
		overCapacity = len(chosen) - opts.Capacity
		chosen = chosen[:opts.Capacity]
	}
	if opts.Budget > 0 {
		cost := 0.0
		for i, c := range chosen {
			if cost += m.cost(c.p); cost > float64(opts.Budget) {
				return chosen[:i], unprofitable, overCapacity
			}
		}
	}
	return chosen, unprofitable, overCapacity
}

// normal95 is the quantile of the standard normal distribution that bounds 95 %.
const normal95 = 1.959963984540054

// alertCandidate is a row that may be alerted.
type alertCandidate struct {
	row              int
	p, value, profit float64
}

// compareCandidates puts the highest profit first, then the highest probability, then the
// first row.
func compareCandidates(a, b alertCandidate) int {
	return cmp.Or(cmp.Compare(b.profit, a.profit), cmp.Compare(b.p, a.p), cmp.Compare(a.row, b.row))
}

// sortCandidates sorts by compareCandidates.
func sortCandidates(candidates []alertCandidate) {
	losses := make([]float64, len(candidates))
	for i, c := range candidates {
		losses[i] = -c.profit
	}
	given := slices.Clone(candidates)
	for i, at := range radix.Order(losses) {
		candidates[i] = given[at]
	}
	for lo := 0; lo < len(candidates); {
		hi := lo + 1
		for hi < len(candidates) && candidates[hi].profit == candidates[lo].profit {
			hi++
		}
		slices.SortFunc(candidates[lo:hi], compareCandidates)
		lo = hi
	}
}

// pool returns the rows of customers that are neither excluded nor have an alert that
// stands, and counts the others.
func (l *AlertList[K]) pool(d *Dataset[K], opts *AlertOptions[K]) *alertPool {
	expires := make(map[K]Alert[K], len(opts.Previous)) // of each customer the alert that ends last
	for _, a := range opts.Previous {
		if before, ok := expires[a.Customer]; a.Cutoff <= l.Cutoff && (!ok || lasts(a, before)) {
			expires[a.Customer] = a
		}
	}
	var silence []float64
	if c, ok := d.Table.Column(silenceColumn); ok && c.Kind == table.Number {
		silence = c.Num
	}
	pool := &alertPool{candidates: make([]alertCandidate, 0, d.Rows())}
	for row, id := range d.Table.IDs {
		if a, ok := expires[id.Customer]; ok && l.Cutoff < a.Expires {
			if silence == nil || !(silence[row] < float64(l.Cutoff)-float64(a.Cutoff)) {
				l.Standing++
				pool.standing = append(pool.standing, row)
				continue
			}
			l.Bought++
		}
		if opts.Exclude != nil && opts.Exclude(id.Customer) {
			l.Excluded++
			continue
		}
		pool.candidates = append(pool.candidates, alertCandidate{row: row})
	}
	return pool
}

// lasts reports whether alert a counts rather than b, of the same customer: the later one, of
// two of the same day the one that expires later.
func lasts[K comparable](a, b Alert[K]) bool {
	return cmp.Or(cmp.Compare(a.Cutoff, b.Cutoff), cmp.Compare(a.Expires, b.Expires)) > 0
}

// alertCutoff returns the one cut-off of the rows, of which there are some.
func alertCutoff[K comparable](d *Dataset[K], probabilities []float64) (Day, error) {
	if len(probabilities) != d.Rows() {
		return 0, fmt.Errorf("%w: %d probabilities for %d rows", ErrOptions, len(probabilities), d.Rows())
	}
	cutoff := d.Table.IDs[0].Cutoff
	for row, p := range probabilities {
		if !(p >= 0 && p <= 1) {
			return 0, fmt.Errorf("%w: probability of row %d is outside 0 to 1", ErrOptions, row)
		}
		if d.Table.IDs[row].Cutoff != cutoff {
			return 0, fmt.Errorf("%w: alerts are of one cut-off, row %d has another than row 0", ErrOptions, row)
		}
	}
	return cutoff, nil
}

// alertValues returns the value at stake of each row, and the column that it is from unless it
// is given.
func alertValues[K comparable](d *Dataset[K], given []int64) (values []float64, name string, err error) {
	values = make([]float64, d.Rows())
	if given != nil {
		if len(given) != len(values) {
			return nil, "", fmt.Errorf("%w: AlertOptions.Values has %d values for %d rows", ErrOptions, len(given), len(values))
		}
		for i, v := range given {
			values[i] = float64(v)
		}
		return values, "", nil
	}
	best := -1
	for i, c := range d.Columns {
		if c.Kind == Purchase && c.Measure == measureSum.String() && c.Days > 0 && c.Days <= 365 && (best < 0 || c.Days > d.Columns[best].Days) {
			best = i
		}
	}
	if best < 0 {
		return nil, "", fmt.Errorf("%w: no column sums purchases: AlertOptions.Values is needed", ErrOptions)
	}
	column, ok := d.Table.Column(d.Columns[best].Name)
	if !ok || column.Kind != table.Number {
		return nil, "", fmt.Errorf("%w: column %q is no column of numbers", ErrSchema, d.Columns[best].Name)
	}
	for i, v := range column.Num {
		if !math.IsNaN(v) {
			values[i] = v
		}
	}
	for i, c := range d.Columns {
		if c.Kind != Refund || c.Measure != measureSum.String() || c.Days != d.Columns[best].Days {
			continue
		}
		if back, ok := d.Table.Column(d.Columns[i].Name); ok && back.Kind == table.Number {
			for row, v := range back.Num {
				if !math.IsNaN(v) {
					values[row] = max(0, values[row]-v)
				}
			}
		}
	}
	return values, column.Name, nil
}

package churn

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// ReasonOptions say which reasons are wanted. A plain value: safe for concurrent reads.
type ReasonOptions struct {
	Raising  int // most reasons that make the label likelier; 0: 3, negative: none
	Lowering int // most reasons that make it less likely; 0: none
	// Money writes an amount of minor units; nil: in hundreds with two decimals, as 1,234.50.
	Money func(minor float64) string
}

// Reason is a business feature's part in a score, in words. A plain value: safe for
// concurrent reads.
type Reason struct {
	Group   Group   `json:"group"`   // what it is about
	Effect  float64 `json:"effect"`  // sum over the columns of the group, in the unit of [Contribution]
	Raises  bool    `json:"raises"`  // it makes the label likelier
	Column  string  `json:"column"`  // the column of the group with the largest effect in that direction that may be a reason
	Value   float64 `json:"value"`   // of that column: number, or code of a level; NaN is missing
	Typical float64 `json:"typical"` // median of that column among the training rows; NaN: not known, or a category
	Text    Text    `json:"text"`    // "no purchase for 45 days; usually every 12 days"
}

// leastReason is the part of the sizes of all effects below which one is no reason.
const leastReason = 0.01

// Reasons returns the business features with the largest effects on a row: first those that
// raise the score, then those that lower it, each by size, ties by the name of the group.
// Effects of a group are summed before they are compared, since columns of a group stand in
// for each other and one may take back what another gives. The month of the cut-off is no reason: it
// is the same for everybody on a list. The sentence is about the column of the group with the largest
// effect in the direction of the group, with the row's own value and the median of the training
// rows; a silence is set beside the customer's own rhythm where the row has it, because it says
// more of who buys every week than of who buys once a year.
// Where, what or when a customer buys is a reason only where it is not as usual: a share of 0 that is also the median
// sets nobody apart, and another column of the group speaks, or none. So it is with a silence that is shorter than usual
// where the score is raised, or longer where it is lowered: its sentence would say the opposite.
// Of a customer who is less likely than most in everything there is no reason that raises the score; such a customer
// can be on a list of alerts, for the money.
// Nil options: the three that raise the score most. A group with less than a hundredth of the sizes of the
// effects of all groups is no reason, nor is one whose sentence has been said; how long the silence is, is said once.
func (m *Model) Reasons(row []float64, opts *ReasonOptions) []Reason {
	o := ReasonOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Raising == 0 {
		o.Raising = 3
	}
	if o.Money == nil {
		o.Money = writeHundredths
	}
	m.mustFit(row)
	effects, _ := m.main.contributions(nil, row)
	sums := make(map[Group]float64)
	for i, e := range effects {
		if m.measureOf(i) != measureMonth {
			sums[m.schema.Columns[i].Group] += e
		}
	}
	all := 0.0
	for _, group := range slices.Sorted(maps.Keys(sums)) { // in an order, since it is rounded
		all += math.Abs(sums[group])
	}
	var reasons []Reason
	for group, sum := range sums {
		if sum != 0 && math.Abs(sum) >= leastReason*all {
			reasons = append(reasons, Reason{Group: group, Effect: sum, Raises: sum > 0})
		}
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)), cmp.Compare(a.Group, b.Group))
	})
	left, said := map[bool]int{true: o.Raising, false: o.Lowering}, map[Text]bool{}
	reasons = slices.DeleteFunc(reasons, func(r Reason) bool { return left[r.Raises] <= 0 })
	kept := reasons[:0]
	for _, r := range reasons {
		if left[r.Raises] <= 0 {
			continue
		}
		column := m.speaker(&r, row, effects)
		if column < 0 {
			continue
		}
		r.Column, r.Value, r.Typical = m.columns[column].Name, m.value(row, column), m.baseline.Columns[column].median()
		r.Text = m.sentence(row, column, o.Money)
		what := r.Text
		if m.silent(row, column) {
			what = Text{} // in whatever words
		}
		if !said[what] {
			left[r.Raises]--
			said[what] = true
			kept = append(kept, r)
		}
	}
	reasons = kept
	slices.SortStableFunc(reasons, func(a, b Reason) int { return direction(a.Raises) - direction(b.Raises) })
	return reasons
}

func direction(raises bool) int {
	if raises {
		return 0
	}
	return 1
}

// speaker returns the column that speaks for the group of a reason; -1 where none does.
func (m *Model) speaker(r *Reason, row, effects []float64) int {
	best := -1
	for i, e := range effects {
		speaks := m.schema.Columns[i].Group == r.Group && m.measureOf(i) != measureMonth && e > 0 == r.Raises && e != 0
		if speaks && (best < 0 || math.Abs(e) > math.Abs(effects[best])) && !m.usual(row, i) && !m.contrary(row, i, r.Raises) {
			best = i
		}
	}
	return best
}

package churn

import (
	"cmp"
	"math"
	"slices"
)

// Contribution is what a column adds to a customer's score. A plain value: safe for
// concurrent reads.
type Contribution struct {
	Column int     // index into Columns
	Value  float64 // of the row: number, or code of a level; NaN is missing
	Effect float64 // added to the log-odds (Logistic, Boosted) or to the share of the leaf (Tree)
}

// Explain returns what each column adds to the score of a row, largest size first, ties in
// the order of the columns, and the base, which is the same for all rows:
//
//	base + Σ effects = raw score
//
// up to 1e-9. The raw score is the log-odds before calibration for [Logistic], and the effects
// are those beside the mean of the training rows. For [Tree] it is the share of positives in
// the leaf, and an effect is the sum of what the questions about the column changed in that
// share on the way. For [Boosted] it is the log-odds before calibration, the base their mean over
// the training rows, and effects are Shapley values: what columns do together is shared among
// them alike, see [boost.Model.Contributions]. Rows are those of PredictRow. Calibration is a rising function of the raw
// score and the same for all rows: it changes no order and no sign.
// Effects are of the model: they say why it gives the score, not what a customer does.
func (m *Model) Explain(row []float64) (effects []Contribution, base float64) {
	m.mustFit(row)
	sizes, base := m.main.contributions(nil, row)
	effects = make([]Contribution, len(sizes))
	for i, e := range sizes {
		effects[i] = Contribution{Column: i, Value: m.value(row, i), Effect: e}
	}
	slices.SortStableFunc(effects, func(a, b Contribution) int {
		return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect))
	})
	return effects, base
}

// value returns that of a column in a row; a code of no level is missing.
func (m *Model) value(row []float64, column int) float64 {
	if c := &m.columns[column]; c.Levels != nil && !(row[column] >= 0 && row[column] < float64(len(c.Levels))) {
		return math.NaN()
	}
	return row[column]
}

// contributions appends to dst what each column adds to the raw score.
func (l *learner) contributions(dst, row []float64) (effects []float64, base float64) {
	switch {
	case l.logistic != nil:
		return l.logistic.Contributions(dst, row)
	case l.boost != nil:
		return l.boost.Contributions(dst, row)
	}
	return l.tree.Contributions(dst, row, 1)
}

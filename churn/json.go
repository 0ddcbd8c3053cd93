package churn

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/learn/tree"
)

// The JSON of a model says what it is and in which version of the form.
const (
	modelKind    = "churn.Model"
	modelVersion = 1
)

type modelJSON struct {
	Kind      string        `json:"kind"`
	Version   int           `json:"version"`
	Label     string        `json:"label"`
	Plan      planJSON      `json:"plan"`
	Schema    schema        `json:"schema"`
	Columns   []modelColumn `json:"columns"`
	Method    Method        `json:"method"`
	Training  training      `json:"training"`
	Main      learnerJSON   `json:"main"`
	Reference learnerJSON   `json:"reference"`
	Baseline  baseline      `json:"baseline"`
}

type planJSON struct {
	Window  int `json:"window"`
	Gap     int `json:"gap"`
	Horizon int `json:"horizon"`
	Step    int `json:"step"`
	First   Day `json:"first,omitzero"`
	Last    Day `json:"last,omitzero"`
}

type learnerJSON struct {
	Logistic    *logistic.Model    `json:"logistic,omitempty"`
	Tree        *tree.Tree         `json:"tree,omitempty"`
	Boost       *boost.Model       `json:"boost,omitempty"`
	Calibration *score.Calibration `json:"calibration,omitempty"`
}

// MarshalJSON writes the model with the version of its form: learners, calibration, the
// features with their windows and categories, plan, training window and baselines. Equal
// models give equal bytes, and a model that was read predicts the same bits.
func (m *Model) MarshalJSON() ([]byte, error) {
	of := func(l *learner) learnerJSON { return learnerJSON{l.logistic, l.tree, l.boost, l.calibration} }
	return json.Marshal(modelJSON{
		modelKind, modelVersion, m.label, planJSON(m.plan), m.schema, m.columns, m.method, m.training,
		of(&m.main), of(&m.reference), m.baseline,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Model that nobody uses yet. Anything
// that is not a model of a known version, or not consistent in itself, is an error, and m
// is unchanged.
func (m *Model) UnmarshalJSON(data []byte) error {
	var j modelJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("churn: model: %w", err)
	}
	if j.Kind != modelKind || j.Version != modelVersion {
		return fmt.Errorf("churn: not a %s of version %d", modelKind, modelVersion)
	}
	of := func(l *learnerJSON) learner { return learner{l.Logistic, l.Tree, l.Boost, l.Calibration} }
	read := Model{
		label: j.Label, plan: Plan(j.Plan), schema: j.Schema, columns: j.Columns, method: j.Method, training: j.Training,
		main: of(&j.Main), reference: of(&j.Reference), baseline: j.Baseline,
	}
	if err := read.validate(); err != nil {
		return fmt.Errorf("churn: model: %w", err)
	}
	*m = read
	return nil
}

func (m *Model) validate() error {
	if err := m.plan.Validate(); err != nil {
		return err
	}
	if err := m.validateColumns(); err != nil {
		return err
	}
	if err := m.training.validate(); err != nil {
		return err
	}
	switch {
	case (m.method == Tree) != (m.main.tree != nil) || (m.method == Boosted) != (m.main.boost != nil) ||
		m.reference.tree != nil || m.reference.boost != nil || m.method != Boosted && m.training.RoundsRows != 0:
		return errors.New("learners that are not of the method")
	case (m.main.calibration != nil) != (m.training.CalibrationRows > 0) ||
		(m.reference.calibration != nil) != (m.training.CalibrationRows > 0):
		return errors.New("a calibration without rows, or rows without one")
	}
	for _, l := range []*learner{&m.main, &m.reference} {
		if err := l.validate(m.columns); err != nil {
			return err
		}
	}
	return m.baseline.validate(m.columns)
}

// validateColumns checks that columns, their descriptions and the features agree.
func (m *Model) validateColumns() error {
	if err := m.schema.validate(); err != nil {
		return err
	}
	if len(m.schema.Columns) != len(m.columns) {
		return errors.New("columns without description")
	}
	builtin := m.schema.columns()
	for i := range m.columns {
		c := &m.columns[i]
		if c.Name != m.schema.Columns[i].Name || (c.Levels != nil) != (i < len(builtin) && builtin[i].levels != nil) {
			return fmt.Errorf("column %d is not the one that is described", i)
		}
		levels := make(map[string]bool, len(c.Levels))
		for _, level := range c.Levels {
			if levels[level] {
				return fmt.Errorf("column %d has a level twice", i)
			}
			levels[level] = true
		}
	}
	return nil
}

func (t *training) validate() error {
	slice := func(first, last Day, rows, positive int) bool {
		return first <= last && positive > 0 && positive < rows
	}
	if !slice(t.First, t.Last, t.Rows, t.Positive) {
		return errors.New("rows of the fit that cannot be")
	}
	without := training{First: t.First, Last: t.Last, Rows: t.Rows, Positive: t.Positive}
	without.RoundsFirst, without.RoundsLast, without.RoundsRows = t.RoundsFirst, t.RoundsLast, t.RoundsRows
	if *t != without && (!slice(t.CalibrationFirst, t.CalibrationLast, t.CalibrationRows, t.CalibrationPositive) || t.CalibrationFirst <= t.Last) {
		return errors.New("rows of the calibration that cannot be")
	}
	if (t.RoundsFirst != 0 || t.RoundsLast != 0 || t.RoundsRows != 0) &&
		(t.RoundsFirst < t.First || t.RoundsFirst > t.RoundsLast || t.RoundsLast > t.Last || t.RoundsRows < 1 || t.RoundsRows >= t.Rows) {
		return errors.New("rows that the number of trees was chosen by that cannot be")
	}
	return nil
}

// validate checks that a learner has the columns and levels of the model, with the same
// codes.
func (l *learner) validate(columns []modelColumn) error {
	var names []string
	var code func(i int, level string) float64
	learners := 0
	if l.logistic != nil {
		learners++
		names, code = l.logistic.Columns(), l.logistic.Code
	}
	if l.tree != nil {
		if l.tree.Classes() != 2 {
			return errors.New("tree of other than two classes")
		}
		learners++
		names, code = l.tree.Columns(), l.tree.Code
	}
	if l.boost != nil {
		learners++
		names, code = l.boost.Columns(), l.boost.Code
	}
	if learners != 1 {
		return errors.New("not one learner")
	}
	if len(names) != len(columns) {
		return errors.New("learner of other columns")
	}
	for i := range columns {
		if names[i] != columns[i].Name {
			return errors.New("learner of other columns")
		}
		for want, level := range columns[i].Levels {
			if code(i, level) != float64(want) {
				return errors.New("learner of other levels")
			}
		}
	}
	return nil
}

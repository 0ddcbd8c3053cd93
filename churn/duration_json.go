package churn

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/learn/survival"
)

// The JSON of a time model says what it is and in which version of the form.
const (
	timeKind    = "churn.TimeModel"
	timeVersion = 1
)

type timeJSON struct {
	Kind    string        `json:"kind"`
	Version int           `json:"version"`
	Label   string        `json:"label"`
	Plan    planJSON      `json:"plan"`
	Schema  schema        `json:"schema"`
	Inputs  []timeInput   `json:"inputs"`
	Cox     *survival.Cox `json:"cox"`
}

// MarshalJSON writes the model with the version of its form. Equal models give equal bytes, and a model
// that was read forecasts the same bits.
func (m *TimeModel) MarshalJSON() ([]byte, error) {
	return json.Marshal(timeJSON{timeKind, timeVersion, m.label, planJSON(m.plan), m.schema, m.inputs, m.cox})
}

// UnmarshalJSON reads what MarshalJSON wrote, into a TimeModel that nobody uses yet. Anything
// that is not a model of a known version, or not consistent in itself, is an error, and m is unchanged.
func (m *TimeModel) UnmarshalJSON(data []byte) error {
	var j timeJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("churn: time model: %w", err)
	}
	if j.Kind != timeKind || j.Version != timeVersion {
		return fmt.Errorf("churn: not a %s of version %d", timeKind, timeVersion)
	}
	read := TimeModel{j.Label, Plan(j.Plan), j.Schema, j.Inputs, j.Cox}
	if err := read.validate(); err != nil {
		return fmt.Errorf("churn: time model: %w", err)
	}
	*m = read
	return nil
}

func (m *TimeModel) validate() error {
	if err := m.plan.Validate(); err != nil {
		return err
	}
	if err := m.schema.validate(); err != nil {
		return err
	}
	if m.plan.Gap != NoGap || m.schema.Window != m.plan.Window {
		return errors.New("plan that is not of the features, or has a gap")
	}
	builtin := m.schema.columns()
	var names []string
	for i, in := range m.inputs {
		at := slices.IndexFunc(m.schema.Columns, func(c Info) bool { return c.Name == in.Name })
		if at < 0 || at < len(builtin) && builtin[at].levels != nil {
			return fmt.Errorf("input %d is no number column", i)
		}
		if math.Abs(in.Fill) > largestFill {
			return fmt.Errorf("input %d is filled with what is too large", i)
		}
		names = append(names, in.Name)
		if in.Mark {
			names = append(names, in.Name+markSuffix)
		}
	}
	if m.cox == nil {
		return errors.New("no Cox model")
	}
	if !slices.Equal(m.cox.Columns(), names) {
		return errors.New("Cox model of other columns")
	}
	terms := m.cox.Terms()
	if len(terms) != len(names) || slices.ContainsFunc(terms, func(t survival.Term) bool { return t.Level != "" }) {
		return errors.New("Cox model of levels")
	}
	b := m.cox.Baselines()
	if len(b) != 1 || b[0].Stratum != "" || b[0].End > float64(m.plan.Horizon) {
		return errors.New("Cox model of strata, or beyond the horizon")
	}
	return nil
}

// largestFill is the largest number that the Cox model takes.
const largestFill = 1e100

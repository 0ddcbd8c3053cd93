package cluster

import (
	"fmt"
	"strings"
)

// Rule is conditions that together hold of most rows of a group and of few others. A
// plain value: safe for concurrent reads.
type Rule struct {
	// Conditions are about one column each, the column that separates best first.
	Conditions []Condition `json:"conditions"`
	// Precision is the share of the group in the weight of the rows that the conditions,
	// as they are written, hold of.
	Precision float64 `json:"precision"`
	// Coverage is the share of the weight of the group that they hold of (recall).
	Coverage float64 `json:"coverage"`
}

// Condition is what a rule asks of a column: that the value is at least AtLeast, if that
// is not nil, and less than Below, if that is not nil; of a category, that the level is one
// of Levels, or with Except none of them. Without bounds and levels it asks that a value is
// missing, if Missing, or known. A plain value: safe for concurrent reads.
type Condition struct {
	Column  string   `json:"column"`
	AtLeast *float64 `json:"at_least,omitempty"` // nil: no bound
	Below   *float64 `json:"below,omitempty"`    // nil: no bound
	Levels  []string `json:"levels,omitempty"`
	Except  bool     `json:"except,omitempty"`
	// Missing: the condition holds of a missing value as well.
	Missing bool `json:"missing,omitempty"`
}

// String returns the conditions, "recency < 30 and (age >= 18 or missing)", with
// thresholds written like 12,500.
func (r *Rule) String() string {
	if len(r.Conditions) == 1 {
		text, _ := r.Conditions[0].text()
		return text
	}
	texts := make([]string, len(r.Conditions))
	for i, c := range r.Conditions {
		texts[i] = c.String()
	}
	return strings.Join(texts, " and ")
}

// shownLevels is how many levels of a set of more than 5 are written.
const shownLevels = 3

// String returns the condition as text that may stand between others: "30 <= recency <
// 90", "(channel in {app, web} or missing)", and of more than 5 levels "city in {Bath,
// Bonn, Brno and 97 more}".
func (c Condition) String() string {
	text, several := c.text()
	if several {
		return "(" + text + ")"
	}
	return text
}

// text is the condition where it stands alone, and whether it is two, joined by "or".
func (c Condition) text() (text string, several bool) {
	switch {
	case c.AtLeast != nil && c.Below != nil:
		text = formatNumber(*c.AtLeast) + " <= " + c.Column + " < " + formatNumber(*c.Below)
	case c.AtLeast != nil:
		text = c.Column + " >= " + formatNumber(*c.AtLeast)
	case c.Below != nil:
		text = c.Column + " < " + formatNumber(*c.Below)
	case c.Levels != nil:
		set := strings.Join(c.Levels, ", ")
		if n := len(c.Levels); n > 5 {
			set = fmt.Sprintf("%s and %d more", strings.Join(c.Levels[:shownLevels], ", "), n-shownLevels)
		}
		text = c.Column + map[bool]string{false: " = ", true: " != "}[c.Except] + set
		if len(c.Levels) > 1 {
			text = c.Column + map[bool]string{false: " in {", true: " not in {"}[c.Except] + set + "}"
		}
	case c.Missing:
		return c.Column + " is missing", false
	default:
		return c.Column + " is known", false
	}
	if c.Missing {
		return text + " or missing", true
	}
	return text, false
}

package harness

import (
	"fmt"
	"time"
)

// Bounds say what a measured number has to be. The zero value asks for nothing. It is a plain value: safe for concurrent
// reads.
type Bounds struct {
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
}

// AtLeast asks for x or more.
func AtLeast(x float64) Bounds { return Bounds{AtLeast: &x} }

// AtMost asks for x or less.
func AtMost(x float64) Bounds { return Bounds{AtMost: &x} }

// Verdict says in a table what is asked for, and whether x is that: "at most 25: met". It is empty if nothing is.
func (b Bounds) Verdict(x float64) string {
	goal, met := "", true
	if b.AtLeast != nil {
		goal, met = fmt.Sprintf("at least %v", *b.AtLeast), x >= *b.AtLeast
	}
	if b.AtMost != nil {
		if goal != "" {
			goal += ", "
		}
		goal, met = goal+fmt.Sprintf("at most %v", *b.AtMost), met && x <= *b.AtMost
	}
	switch {
	case goal == "":
		return ""
	case met:
		return goal + ": met"
	}
	return goal + ": missed"
}

// A Figure is a measured number that no peer has. It is a plain value: safe for concurrent reads.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Bounds
}

// Figures is one run of a job that measures some, one JSON line. It is a plain value: safe for concurrent reads.
type Figures struct {
	Time    time.Time `json:"time"`
	Job     string    `json:"job"`
	Run     int       `json:"run"` // from 1
	Figures []Figure  `json:"figures"`
	Machine
}

// Figures writes a line of figures.
func (s *Session) Figures(job string, figures ...Figure) error {
	return s.Line(Figures{Time: time.Now().UTC().Truncate(time.Second), Job: job, Run: 1, Figures: figures, Machine: s.Machine})
}

package rfm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// modelVersion is the version of the model's JSON.
const modelVersion = 1

type modelJSON struct {
	Version   int                 `json:"version"`
	Kind      string              `json:"kind"`
	Counting  counting            `json:"counting"`
	Nested    bool                `json:"nested,omitempty"`
	Bins      [dimensions]int     `json:"bins"`
	Recency   []Thresholds        `json:"recency"`
	Frequency []Thresholds        `json:"frequency"`
	Monetary  []Thresholds        `json:"monetary"`
	Weights   [dimensions]float64 `json:"weights"`
	Table     *SegmentTable       `json:"table"`
	Classes   fittedClasses       `json:"classes"`
	ScoredR   []int               `json:"scored_recency"`
	ScoredF   []int               `json:"scored_frequency"`
	ScoredM   []int               `json:"scored_monetary"`
}

// MarshalJSON writes the model with its schema version; equal models give
// equal bytes.
func (m *Model) MarshalJSON() ([]byte, error) {
	return json.Marshal(modelJSON{
		modelVersion, "rfm.Model", m.counting, m.nested, m.bins,
		m.thresholds[recency], m.thresholds[frequency], m.thresholds[monetary], m.weights, m.table, m.classes,
		m.scored[recency], m.scored[frequency], m.scored[monetary],
	})
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Model that nobody uses
// yet. Anything that is not a model of a known version, or not consistent in
// itself, is an error, and m is unchanged.
func (m *Model) UnmarshalJSON(data []byte) error {
	var j modelJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("rfm: model: %w", err)
	}
	if j.Kind != "rfm.Model" || j.Version != modelVersion {
		return fmt.Errorf("rfm: not an rfm.Model of version %d", modelVersion)
	}
	read := Model{
		counting: j.Counting, nested: j.Nested, bins: j.Bins, weights: j.Weights, table: j.Table, classes: j.Classes,
		thresholds: [dimensions][]Thresholds{j.Recency, j.Frequency, j.Monetary},
		scored:     [dimensions][]int{j.ScoredR, j.ScoredF, j.ScoredM},
	}
	if err := read.validate(); err != nil {
		return err
	}
	read.index()
	*m = read
	return nil
}

func (m *Model) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("rfm: model: "+format, args...))
		}
	}
	groups := 1
	sum := 0.0
	for d := range dimensions {
		name, n := dimensionNames[d], m.bins[d]
		if n < 2 || n > MaxBins {
			return errors.Join(append(faults, fmt.Errorf("rfm: model: %s has %d bins, want 2 to %d", name, n, MaxBins))...)
		}
		fault(len(m.thresholds[d]) != groups, "%s has %d sets of thresholds, want %d", name, len(m.thresholds[d]), groups)
		for _, t := range m.thresholds[d] {
			fault(t.Bins < 1 || t.Bins > n || len(t.Cuts) >= t.Bins, "%s has %d cuts for %d bins", name, len(t.Cuts), t.Bins)
			fault(!slices.IsSorted(t.Cuts), "cuts of %s do not ascend", name)
			fault(t.Reversed != (d == recency), "%s runs the wrong way", name)
		}
		fault(len(m.scored[d]) != n, "%s counts %d scores, want %d", name, len(m.scored[d]), n)
		fault(slices.ContainsFunc(m.scored[d], func(c int) bool { return c < 0 }), "%s has a negative count", name)
		fault(!(m.weights[d] >= 0), "the weight of %s is negative", name)
		sum += m.weights[d]
		if m.nested {
			groups *= n
		}
	}
	fault(math.Abs(sum-1) > 1e-9, "weights do not add up to 1")
	if m.table != nil {
		if err := m.table.check(); err != nil {
			faults = append(faults, err)
		}
		fault(m.bins != [dimensions]int{m.table.bins(), m.table.bins(), m.table.bins()}, "the table is made for other bins")
	}
	for _, g := range m.classes.Groups {
		fault(g.ID == "", "a class has no id")
	}
	return errors.Join(faults...)
}

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The JSON of a model says what it is and in which version of the form.
const (
	modelKind    = "cluster.Model"
	modelVersion = 1
)

type modelJSON struct {
	Kind      string      `json:"kind"`
	Version   int         `json:"version"`
	Method    Method      `json:"method"`
	K         int         `json:"k"`
	Features  []feature   `json:"features"`
	Centers   [][]float64 `json:"centers"` // prepared numbers; of Ward those of the leaves
	Offset    []float64   `json:"offset,omitempty"`
	Modes     [][]int32   `json:"modes,omitempty"`
	Gamma     float64     `json:"gamma,omitempty"`
	Trim      float64     `json:"trim,omitempty"`   // 0: not known
	Cutoff    *float64    `json:"cutoff,omitempty"` // nil: +Inf
	Hierarchy *hierarchy  `json:"hierarchy,omitempty"`
	Mixture   *mixture    `json:"mixture,omitempty"`
	Baseline  baseline    `json:"baseline"`
	Report    Report      `json:"report"`
}

// MarshalJSON writes the model with the version of its form. Equal models give equal
// bytes, and every number is read back as the same bits.
func (m *Model) MarshalJSON() ([]byte, error) {
	j := modelJSON{
		Kind: modelKind, Version: modelVersion, Method: m.method, K: m.k, Features: m.features,
		Centers: make([][]float64, 0, m.k), Offset: m.offset, Modes: m.modes, Gamma: m.gamma,
		Trim: m.trim, Hierarchy: m.tree, Mixture: m.mixture, Baseline: m.baseline, Report: m.report,
	}
	n := m.k
	if m.tree != nil {
		n = len(m.leaf)
	}
	for c := range n {
		j.Centers = append(j.Centers, m.centers[c*m.d:(c+1)*m.d])
	}
	if !math.IsInf(m.cutoff, 1) {
		j.Cutoff = &m.cutoff
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Model that nobody uses yet. Anything
// that is not a model of a known version, or not consistent in itself, is an error, and m
// is unchanged.
func (m *Model) UnmarshalJSON(data []byte) error {
	var j modelJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("cluster: model: %w", err)
	}
	if j.Kind != modelKind || j.Version != modelVersion {
		return fmt.Errorf("cluster: not a %s of version %d", modelKind, modelVersion)
	}
	read, err := j.model()
	if err != nil {
		return fmt.Errorf("cluster: model: %w", err)
	}
	*m = *read
	return nil
}

// model is the model that was written, if it is one.
func (j *modelJSON) model() (*Model, error) {
	if int(j.Method) >= len(methodNames) || j.K < 1 || j.K > MaxK {
		return nil, errors.New("method or K out of range")
	}
	names := make(map[string]bool)
	for i := range j.Features {
		f := &j.Features[i]
		if names[f.Name] {
			return nil, fmt.Errorf("two features %q", f.Name)
		}
		names[f.Name] = true
		if err := f.validate(j.Method); err != nil {
			return nil, fmt.Errorf("feature %q: %w", f.Name, err)
		}
	}
	m := &Model{
		method: j.Method, k: j.K, features: j.Features, offset: j.Offset, modes: j.Modes, gamma: j.Gamma,
		cutoff: math.Inf(1), trim: j.Trim, tree: j.Hierarchy, mixture: j.Mixture, baseline: j.Baseline, report: j.Report,
	}
	if m.d, m.codes = place(m.features, m.method); m.d+m.codes == 0 {
		return nil, errors.New("no feature takes part")
	}
	if err := m.validateCount(len(j.Centers)); err != nil {
		return nil, err
	}
	m.centers = []float64{} // its size is known once each has been checked
	for _, center := range j.Centers {
		if len(center) != m.d || slices.ContainsFunc(center, beyond(2*largest)) { // a mean is rounded
			return nil, errors.New("a centre does not fit the features")
		}
		m.centers = append(m.centers, center...)
	}
	if j.Cutoff != nil {
		m.cutoff = *j.Cutoff
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	m.means = m.centers
	if m.tree != nil {
		m.group(m.k)
	}
	m.complete()
	return m, m.checkCosts()
}

// validateCount checks what belongs to the method, and the number of centres.
func (m *Model) validateCount(centers int) error {
	switch {
	case (m.tree != nil) != (m.method == Ward):
		return errors.New("a hierarchy goes with ward")
	case (m.mixture != nil) != (m.method == Mixture):
		return errors.New("a mixture goes with its method")
	case m.tree == nil && centers != m.k:
		return fmt.Errorf("%d centres for %d groups", centers, m.k)
	case m.tree != nil && centers < m.k:
		return fmt.Errorf("%d leaves for %d groups", centers, m.k)
	}
	return nil
}

// validate checks what goes with the centres.
func (m *Model) validate() error {
	if err := m.baseline.validate(m.k); err != nil {
		return err
	}
	switch {
	case m.offset != nil && (m.method != KMeans || len(m.offset) != m.k || slices.ContainsFunc(m.offset, beyond(math.MaxFloat64))):
		return errors.New("offsets that do not fit")
	case !(m.cutoff >= 0) || m.method != Trimmed && !math.IsInf(m.cutoff, 1):
		return errors.New("a cutoff that does not fit")
	case !(m.trim >= 0 && m.trim <= 0.5) || m.method != Trimmed && m.trim != 0:
		return errors.New("a trim that does not fit")
	case !(m.gamma >= 0 && m.gamma <= math.MaxFloat64) || m.method != Prototypes && m.gamma != 0:
		return errors.New("a gamma that does not fit")
	}
	if err := m.validateModes(); err != nil {
		return err
	}
	if m.tree != nil {
		return m.tree.validate(m.centers, m.d)
	}
	if m.mixture != nil {
		if err := m.mixture.validate(m.k, m.d); err != nil {
			return err
		}
		m.mixture.means = m.centers
	}
	return nil
}

func (m *Model) validateModes() error {
	if m.method != Prototypes {
		if m.modes != nil {
			return errors.New("modes go with prototypes")
		}
		return nil
	}
	if len(m.modes) != m.k {
		return fmt.Errorf("modes of %d groups, want %d", len(m.modes), m.k)
	}
	for _, modes := range m.modes {
		if len(modes) != m.codes {
			return errors.New("modes do not fit the features")
		}
		for i := range m.features {
			if f := &m.features[i]; f.native >= 0 && !f.Category.has(modes[f.native]) {
				return fmt.Errorf("a mode that is no level of feature %q", f.Name)
			}
		}
	}
	return nil
}

// has tells that level is one of the category.
func (c *category) has(level int32) bool {
	return level >= 0 && int(level) < len(c.Levels)
}

// beyond tells that a number is missing or not in [-limit, limit].
func beyond(limit float64) func(float64) bool {
	return func(x float64) bool { return !(math.Abs(x) <= limit) }
}

// validate checks a feature that was read, and completes its category.
func (f *feature) validate(method Method) error {
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, errors.New(text))
		}
	}
	f.Prepare.check(func(bad bool, text string) { fault(bad, "preparation."+text) })
	fault(f.Name == "", "no name")
	fault(f.Prepare.Ignore, "is ignored")
	fault(!(f.Prepare.Weight > 0), "no weight")
	fault((f.Number != nil) == (f.Category != nil), "is not either a number or a category")
	fault(f.Flag != nil && (f.Prepare.Missing != ImputeFlag || f.Flag.wrong()), "a flag that does not fit")
	impute := f.Prepare.Missing != Refuse
	if n := f.Number; n != nil {
		fault(n.wrong() && !(f.Constant && n.Factor == 0), "an invalid mean or factor")
		fault(!(n.Lambda >= 1-lambdaReach && n.Lambda <= 1+lambdaReach), "an invalid lambda")
		fault((n.Limits != nil) != (f.Prepare.Winsorize > 0), "limits go with winsorize")
		if l := n.Limits; l != nil {
			fault(beyond(largest)(l[0]) || beyond(largest)(l[1]) || l[0] > l[1], "invalid limits")
		}
		fault((n.Fill != nil) != impute || n.Fill != nil && beyond(largest)(*n.Fill), "an invalid value for missing ones")
	}
	if c := f.Category; c != nil {
		fault(len(c.Levels) == 0 || c.Levels[0] == "", "no level, or an empty one")
		fault(len(c.Levels) > largestCoding && method != Prototypes, "too many levels")
		for i := 1; i < len(c.Levels); i++ {
			if c.Levels[i-1] >= c.Levels[i] {
				fault(true, "levels do not ascend")
				break
			}
		}
		fault((c.Fill != nil) != impute || c.Fill != nil && !c.has(*c.Fill), "an invalid level for missing ones")
		c.indexLevels()
	}
	return errors.Join(faults...)
}

// wrong tells that a cannot be that of values that vary.
func (a affine) wrong() bool {
	return beyond(math.MaxFloat64)(a.Center) || !(a.Factor > 0 && a.Factor <= math.MaxFloat64)
}

package score

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/enum"
)

// CalibrationMethod is how scores become probabilities. Safe for concurrent use.
type CalibrationMethod uint8

// The methods.
const (
	Platt    CalibrationMethod = iota // logistic in the score: two numbers
	Isotonic                          // any rising line: takes a thousand rows or more
)

var calibrationNames = []string{"platt", "isotonic"}

// String returns "platt", "isotonic" or "unknown(n)".
func (m CalibrationMethod) String() string { return enum.Name(calibrationNames, m) }

// MarshalText returns the name; an unknown method is an error.
func (m CalibrationMethod) MarshalText() ([]byte, error) {
	return enum.Marshal("score", "calibration method", calibrationNames, m)
}

// UnmarshalText reads a name.
func (m *CalibrationMethod) UnmarshalText(text []byte) error {
	return enum.Unmarshal("score", "calibration method", calibrationNames, text, m)
}

// Calibration turns log-odds, or any other score that rises with how likely something is,
// into probabilities that came true as often as they say on the rows of a fit. It never
// falls, and its probabilities are never 0 or 1. There is none but from Calibrate and
// UnmarshalJSON. Safe for concurrent use.
type Calibration struct {
	method           CalibrationMethod
	intercept, slope float64   // of Platt
	x, p             []float64 // of Isotonic: corners: x ascends, p does not descend
}

// Calibrate fits a calibration to log-odds and what came true, which must be other rows than
// those of the model's fit; weights nil: 1 each. A weight of 2 is a row twice.
//
// [Platt] is the logistic regression on the score of Platt (1999), with his targets
// (N₊+1)/(N₊+2) and 1/(N₋+2) in place of 1 and 0, by Newton's method with backtracking (Lin,
// Lin and Weng 2007). Where the slope would be negative it is 0, and all probabilities are
// equal.
//
// [Isotonic] averages rows of equal scores, pools what falls into blocks (Ayer and others
// 1955), and draws straight lines between the blocks, each at its mean score and its share
// that came true (centered isotonic regression, Oron and Flournoy 2017), so that scores keep
// their order between the first block and the last; before and beyond these it is constant.
// Shares are kept from 1/(N₋+2) to (N₊+1)/(N₊+2), which are Platt's targets.
//
// A score that is no finite number, a weight that is negative or no finite number, are a
// [RowError]; slices of different lengths, no row with weight and labels that are all the
// same are errors that wrap ErrLength, ErrNoRows and ErrOneClass. No result depends on the
// order of the rows. Cost: O(n log n).
func Calibrate(method CalibrationMethod, logOdds []float64, labels []bool, weights []float64) (*Calibration, error) {
	if _, err := method.MarshalText(); err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(logOdds, func(x float64) bool { return math.IsInf(x, 0) }); at >= 0 {
		return nil, &RowError{at, ErrScore}
	}
	b, err := NewBinary(logOdds, labels, &BinaryOptions{Weights: weights})
	if err != nil {
		return nil, err
	}
	if b.oneClass() {
		return nil, fmt.Errorf("%w: calibration", ErrOneClass)
	}
	if method == Isotonic {
		return b.isotonic(), nil
	}
	return b.platt()
}

// Method returns how it was fitted.
func (c *Calibration) Method() CalibrationMethod { return c.method }

// Probability returns the probability that stands for log-odds, which may be infinite. NaN
// has NaN. No allocation. Cost: O(1), or O(log blocks) of Isotonic.
func (c *Calibration) Probability(logOdds float64) float64 {
	if math.IsNaN(logOdds) {
		return logOdds
	}
	if c.method == Isotonic {
		return c.between(logOdds)
	}
	z := c.intercept
	if c.slope > 0 {
		z += c.slope * logOdds
	}
	return min(max(sigmoid(z), math.SmallestNonzeroFloat64), 1-0x1p-53)
}

// between is on the straight lines between corners.
func (c *Calibration) between(x float64) float64 {
	at := sort.SearchFloat64s(c.x, x)
	switch {
	case at == 0:
		return c.p[0]
	case at == len(c.x):
		return c.p[at-1]
	}
	from, to := c.x[at-1], c.x[at]
	width := to - from
	part := (x - from) / width
	if math.IsInf(width, 1) {
		part = (x/2 - from/2) / (to/2 - from/2)
	}
	return min(c.p[at-1]+part*(c.p[at]-c.p[at-1]), c.p[at])
}

package score

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// The JSON of a calibration says what it is and in which version of the form.
const (
	calibrationKind    = "score.Calibration"
	calibrationVersion = 1
)

type calibrationJSON struct {
	Kind      string             `json:"kind"`
	Version   int                `json:"version"`
	Method    *CalibrationMethod `json:"method"`
	Intercept *float64           `json:"intercept,omitempty"`
	Slope     *float64           `json:"slope,omitempty"`
	Points    [][]float64        `json:"points,omitempty"` // score, probability
}

// MarshalJSON writes the calibration with the version of its form. Equal calibrations give
// equal bytes, and every number is read back as the same bits.
func (c *Calibration) MarshalJSON() ([]byte, error) {
	j := calibrationJSON{Kind: calibrationKind, Version: calibrationVersion, Method: &c.method}
	if c.method == Platt {
		j.Intercept, j.Slope = &c.intercept, &c.slope
	}
	for i, x := range c.x {
		j.Points = append(j.Points, []float64{x, c.p[i]})
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Calibration that nobody uses yet.
// Anything that is not a rising calibration of a known version is an error, and c is
// unchanged.
func (c *Calibration) UnmarshalJSON(data []byte) error {
	var j calibrationJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("score: calibration: %w", err)
	}
	if j.Kind != calibrationKind || j.Version != calibrationVersion {
		return fmt.Errorf("score: not a %s of version %d", calibrationKind, calibrationVersion)
	}
	read, err := j.calibration()
	if err != nil {
		return fmt.Errorf("score: calibration: %w", err)
	}
	*c = *read
	return nil
}

// calibration is the one that was written, if it is one.
func (j *calibrationJSON) calibration() (*Calibration, error) {
	if j.Method == nil {
		return nil, errors.New("no method")
	}
	line := j.Intercept != nil && j.Slope != nil
	if line != (*j.Method == Platt) || !line && (j.Intercept != nil || j.Slope != nil) || line != (len(j.Points) == 0) {
		return nil, errors.New("what is there does not fit the method")
	}
	if line {
		if !(*j.Slope >= 0 && *j.Slope <= math.MaxFloat64) || !(math.Abs(*j.Intercept) <= math.MaxFloat64) {
			return nil, errors.New("a slope below 0, or not finite")
		}
		return &Calibration{method: Platt, intercept: *j.Intercept, slope: *j.Slope}, nil
	}
	c := &Calibration{method: Isotonic}
	for i, point := range j.Points {
		if len(point) != 2 {
			return nil, errors.New("a point is not of a score and a probability")
		}
		x, p := point[0], point[1]
		if !(math.Abs(x) <= math.MaxFloat64) || !(p > 0 && p < 1) {
			return nil, errors.New("a point that is not finite, or no probability")
		}
		if i > 0 && (x <= c.x[i-1] || p < c.p[i-1]) {
			return nil, errors.New("points do not rise")
		}
		c.x, c.p = append(c.x, x), append(c.p, p)
	}
	return c, nil
}

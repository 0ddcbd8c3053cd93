package score

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Estimate is a value with the bounds of its confidence interval, which lies between them.
// All are NaN where a measure is not defined. In JSON a number that is not finite is the
// text "NaN", "+Inf" or "-Inf". A plain value: safe for concurrent reads.
type Estimate struct {
	Value float64 // on the rows at hand
	Low   float64 // lower bound
	High  float64 // upper bound
}

type estimateJSON struct {
	Value number `json:"value"`
	Low   number `json:"low"`
	High  number `json:"high"`
}

// MarshalJSON writes an object of value, low and high.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{number(e.Value), number(e.Low), number(e.High)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Estimate) UnmarshalJSON(data []byte) error {
	var j estimateJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("score: estimate: %w", err)
	}
	*e = Estimate{float64(j.Value), float64(j.Low), float64(j.High)}
	return nil
}

// number is a float that JSON can hold.
type number float64

func (x number) MarshalJSON() ([]byte, error) {
	if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return json.Marshal(float64(x))
}

func (x *number) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"NaN"`:
		*x = number(math.NaN())
	case `"+Inf"`:
		*x = number(math.Inf(1))
	case `"-Inf"`:
		*x = number(math.Inf(-1))
	default:
		return json.Unmarshal(data, (*float64)(x))
	}
	return nil
}

var undefined = Estimate{math.NaN(), math.NaN(), math.NaN()}

// wald is value ± half, within [lowest, highest].
func wald(value, half, lowest, highest float64) Estimate {
	return Estimate{value, max(value-half, lowest), min(value+half, highest)}
}

// wilson is the score interval of a share that was seen in n draws (Wilson 1927).
func wilson(share, n, z float64) Estimate {
	if math.IsNaN(share) {
		return undefined
	}
	if !(n > 0) {
		return Estimate{share, 0, 1}
	}
	z2 := z * z / n
	center := (share + z2/2) / (1 + z2)
	half := math.Sqrt(max(share*(1-share), 0)*z2+z2*z2/4) / (1 + z2)
	return Estimate{share, max(min(center-half, share), 0), min(max(center+half, share), 1)}
}

func logit(p float64) float64 { return math.Log(p) - math.Log1p(-p) }

// sigmoid is 1/(1+exp(-x)).
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// onLogit is the interval from center - half to center + half on the log-odds, widened to have
// the value within.
func onLogit(value, center, half float64) Estimate {
	return Estimate{value, min(sigmoid(center-half), value), max(sigmoid(center+half), value)}
}

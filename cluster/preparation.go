package cluster

import (
	"github.com/clientele-go/clientele/internal/enum"
)

// Preparation says how a column becomes the numbers that distances are made of. A number
// goes through Winsorize, Power, Scale and Weight in this order; the limits, means and
// the like are learned from the values of the fit that are there, by the weights of their
// rows, and kept in the model. A quantile is the one that interpolates between order
// statistics (type 7 of Hyndman and Fan), where a row of weight 2 counts as two and
// weights are divided by the smallest if that is below 1, or by 2⁻⁵³ of their sum if that
// is more.
//
// For a category only Ignore, Missing and Weight matter. It becomes an indicator for each
// level that rows of the fit had, Weight/√2 or 0, so that two levels are Weight² apart in
// squared distance; a level that the model has not seen has all of them 0, which is
// Weight²/2 from the others. [Prototypes] takes levels as they are, and one that it has
// not seen differs from all.
//
// A plain value: safe for concurrent reads.
type Preparation struct {
	// Ignore leaves the column out of distances, and of the model: neither its name nor
	// its values are kept there. It may still be described.
	Ignore bool `json:"ignore,omitempty"`
	// Missing is what happens to a missing value: Refuse (default), Impute or ImputeFlag.
	Missing Missing `json:"missing,omitempty"`
	// Winsorize limits values to the quantiles Winsorize and 1-Winsorize, in [0, 0.5). 0:
	// no limits.
	Winsorize float64 `json:"winsorize,omitempty"`
	// Power is Identity (default), Log1p or YeoJohnson.
	Power Power `json:"power,omitempty"`
	// Scale is ZScore (default), Robust or Unscaled. A column that is constant becomes 0
	// for every row, whatever the scale, and is named in the report.
	Scale Scale `json:"scale,omitempty"`
	// Weight multiplies the prepared values, so that squared distances in this column
	// count Weight² times. 0: 1. Negative or non-finite weights are an error, and so are
	// those that make numbers beyond ±1e100.
	Weight float64 `json:"weight,omitempty"`
}

// check calls fault with whether there is one and what it says.
func (p *Preparation) check(fault func(bad bool, text string)) {
	fault(int(p.Missing) >= len(missingNames), "Missing is unknown")
	fault(int(p.Power) >= len(powerNames), "Power is unknown")
	fault(int(p.Scale) >= len(scaleNames), "Scale is unknown")
	fault(!(p.Winsorize >= 0 && p.Winsorize < 0.5), "Winsorize is not in [0, 0.5)")
	fault(!(p.Weight >= 0 && p.Weight <= largest), "Weight is negative, not a number or too large")
}

// Missing is what happens to a missing value. A plain value: safe for concurrent reads.
type Missing uint8

// The policies for missing values.
const (
	Refuse     Missing = iota // an error that names column and row
	Impute                    // the weighted median of the column, or its most frequent level
	ImputeFlag                // as Impute, with one feature more, which is 1 where the value was missing and 0 elsewhere, by Scale and Weight, of a category like its indicators; none if no value was missing in the fit
)

// Power is a transformation against skew. A plain value: safe for concurrent reads.
type Power uint8

// The powers.
const (
	Identity   Power = iota // no transformation
	Log1p                   // sign(x)·ln(1+|x|): ln(1+x) for amounts, and refunds mirror it
	YeoJohnson              // of Yeo and Johnson 2000, with the λ between -4 and 6 of the largest likelihood that keeps the values apart
)

// Scale makes columns comparable. A plain value: safe for concurrent reads.
type Scale uint8

// The scales. All use the weights of the rows.
const (
	ZScore   Scale = iota // (x - mean) / standard deviation, dividing by n
	Robust                // (x - median) / interquartile range, where that is 0 as ZScore
	Unscaled              // x
)

var (
	missingNames = []string{"refuse", "impute", "impute_flag"}
	powerNames   = []string{"identity", "log1p", "yeo_johnson"}
	scaleNames   = []string{"zscore", "robust", "unscaled"}
)

// String is the policy's name in lower case.
func (m Missing) String() string { return enum.Name(missingNames, m) }

// MarshalText writes the policy's name.
func (m Missing) MarshalText() ([]byte, error) {
	return enum.Marshal("cluster", "missing policy", missingNames, m)
}

// UnmarshalText reads the policy's name.
func (m *Missing) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "missing policy", missingNames, text, m)
}

// String is the power's name in lower case.
func (p Power) String() string { return enum.Name(powerNames, p) }

// MarshalText writes the power's name.
func (p Power) MarshalText() ([]byte, error) { return enum.Marshal("cluster", "power", powerNames, p) }

// UnmarshalText reads the power's name.
func (p *Power) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "power", powerNames, text, p)
}

// String is the scale's name in lower case.
func (s Scale) String() string { return enum.Name(scaleNames, s) }

// MarshalText writes the scale's name.
func (s Scale) MarshalText() ([]byte, error) { return enum.Marshal("cluster", "scale", scaleNames, s) }

// UnmarshalText reads the scale's name.
func (s *Scale) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "scale", scaleNames, text, s)
}

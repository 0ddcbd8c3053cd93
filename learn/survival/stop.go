package survival

import "github.com/clientele-go/clientele/internal/enum"

// Stop is why a fit ended. Safe for concurrent use.
type Stop uint8

// The reasons.
const (
	StopConverged  Stop = iota // the gap is within Options.Tolerance
	StopIterations             // Options.MaxIterations steps were made
	// StopPrecision is a fit that got no further by rounding: no step raises the likelihood, or log-risks of a stratum came to
	// lie so far apart, some 350, that the information lost its inverse; there are then no standard errors.
	StopPrecision
)

var stopNames = []string{"converged", "iterations", "precision"}

// String returns the name in lower case: "converged".
func (s Stop) String() string { return enum.Name(stopNames, s) }

// MarshalText writes the name.
func (s Stop) MarshalText() ([]byte, error) { return enum.Marshal("survival", "stop", stopNames, s) }

// UnmarshalText reads the name.
func (s *Stop) UnmarshalText(text []byte) error {
	return enum.Unmarshal("survival", "stop", stopNames, text, s)
}

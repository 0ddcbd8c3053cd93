package boost

import (
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
)

// Stop is why a fit ended. Safe for concurrent use.
type Stop uint8

// The reasons.
const (
	StopRounds   Stop = iota // Rounds trees were grown
	StopPatience             // the loss over Later did not fall for Patience rounds
	StopNothing              // no question gained anything any more
)

var stopNames = []string{"rounds", "patience", "nothing"}

// String returns the name in lower case: "rounds".
func (s Stop) String() string { return enum.Name(stopNames, s) }

// MarshalText writes the name.
func (s Stop) MarshalText() ([]byte, error) { return enum.Marshal("boost", "stop", stopNames, s) }

// UnmarshalText reads the name.
func (s *Stop) UnmarshalText(text []byte) error {
	return enum.Unmarshal("boost", "stop", stopNames, text, s)
}

// Loss has mean losses, of Fit the log loss. A plain value: safe for concurrent reads.
type Loss struct {
	Training float64 // over the rows of the fit
	Later    float64 // over Options.Later; NaN without
}

// Report tells how a fit went. It is not part of the JSON of a model. A plain value: safe for
// concurrent reads.
type Report struct {
	Stop         Stop    // why it ended
	Start        Loss    // before the first tree
	Rounds       []Loss  // after each tree that was grown
	Best         int     // trees that the model keeps; 0: with Later, none helped
	LearningRate float64 // as chosen, if Options had none
	MaxLeaves    int     // as chosen, if Options had none

	// OutOfBag has for each row of the fit the mean share of the trees that it was not drawn for,
	// NaN without any; of [FitForest], which fills only Best beside it.
	OutOfBag []float64
}

// Report tells how the fit went; the zero Report of a model read from JSON. The slices
// belong to the caller.
func (m *Model) Report() Report {
	r := m.report
	r.Rounds, r.OutOfBag = slices.Clone(r.Rounds), slices.Clone(r.OutOfBag)
	return r
}

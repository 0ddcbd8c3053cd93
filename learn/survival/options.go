package survival

import (
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// MaxTerms is the largest number of coefficients.
const MaxTerms = 1024

// Ties is what is done about events at the same time. Safe for concurrent use.
type Ties uint8

// The ways.
const (
	Efron   Ties = iota // (1977): close to the exact likelihood, also with many ties
	Breslow             // (1974): coefficients shrink towards 0 where there are many ties
)

var tiesNames = []string{"efron", "breslow"}

// String returns the name in lower case: "efron".
func (t Ties) String() string { return enum.Name(tiesNames, t) }

// MarshalText writes the name.
func (t Ties) MarshalText() ([]byte, error) { return enum.Marshal("survival", "ties", tiesNames, t) }

// UnmarshalText reads the name.
func (t *Ties) UnmarshalText(text []byte) error {
	return enum.Unmarshal("survival", "ties", tiesNames, text, t)
}

// Options say how a Cox model is fitted. The zero value is Efron's ties and standard errors
// from the model. A plain value: safe for concurrent reads.
type Options struct {
	// Ties is what is done about events at the same time. 0: Efron.
	Ties Ties
	// Cluster has a number for each row; rows of the same number, those of one customer, may
	// depend on each other: standard errors are then robust (Lin and Wei 1989,
	// doi:10.1080/01621459.1989.10478874). Nil: standard errors from the model.
	Cluster []int
	// MaxIterations bounds the steps of Newton's method. 0: 50, and a fit that needs more is a
	// [*NotConvergedError]. A number of the caller is no error to reach: look at Report.Stop.
	MaxIterations int
	// Tolerance is by how much the log-likelihood may be below its largest value at the end,
	// half the squared Newton decrement, for weights of mean about 1; one more step is then made. 0: 1e-10.
	Tolerance float64
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions]; lengths are
// checked by FitCox. Nil options are valid.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, text string) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: Options.%s", ErrOptions, text))
		}
	}
	fault(o.Ties > Breslow, "Ties is unknown")
	fault(o.MaxIterations < 0, "MaxIterations is negative")
	fault(!(o.Tolerance >= 0) || o.Tolerance >= 1, "Tolerance is not in [0, 1)")
	fault(o.Workers < 0, "Workers is negative")
	return errors.Join(faults...)
}

// settled returns the options with defaults in place of zeros.
func (o *Options) settled() Options {
	var s Options
	if o != nil {
		s = *o
	}
	if s.MaxIterations == 0 {
		s.MaxIterations = 50
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-10
	}
	return s
}

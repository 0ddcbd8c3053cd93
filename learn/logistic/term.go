package logistic

import (
	"math"

	"github.com/clientele-go/clientele/internal/enum"
)

// Part is what a term is of its column. Safe for concurrent use.
type Part uint8

// The parts.
const (
	Intercept Part = iota // the same for every row
	Line                  // a number, standardised
	Hinge                 // max(0, number - knot), standardised
	Level                 // 1 for rows of one level, 0 for others
	Missing               // 1 for rows without a value, 0 for others
)

var partNames = []string{"intercept", "line", "hinge", "level", "missing"}

// String returns the name in lower case: "line".
func (p Part) String() string { return enum.Name(partNames, p) }

// MarshalText writes the name.
func (p Part) MarshalText() ([]byte, error) { return enum.Marshal("logistic", "part", partNames, p) }

// UnmarshalText reads the name.
func (p *Part) UnmarshalText(text []byte) error {
	return enum.Unmarshal("logistic", "part", partNames, text, p)
}

// Term is a prepared column and its coefficient. What is unknown is NaN. A plain value:
// safe for concurrent reads.
//
// The prepared column is x = (raw - Mean)/Scale of a Line or Hinge, with 0 for a missing
// value, and x = raw, 0 or 1, otherwise.
type Term struct {
	Column string  // name of the column of the table; "" for the Intercept
	Part   Part    // what it is of the column
	Level  string  // of a Level
	Knot   float64 // of a Hinge; 0 elsewhere
	// Low and High are what raw values of a Line or Hinge are first kept within: infinite
	// without [Options.Winsorize], 0 elsewhere.
	Low, High float64
	// Mean is the weighted mean of raw among the rows of the fit: those that have a value for a
	// Line or Hinge, all for a Level or Missing, where it is a share.
	Mean float64
	// Scale is the population standard deviation of raw about that; 1 for a Level or Missing.
	Scale float64

	// Coefficient is what one unit of x adds to the log-odds: one standard deviation of a
	// number. That of the Intercept holds where every x is 0.
	Coefficient float64
	// StdErr is the standard error of Coefficient: the root of the diagonal of the inverse
	// Hessian of the objective. Without penalty that is the inverse of Fisher's
	// information, as in any textbook. With L2 it is the spread of the coefficient given the
	// data if the penalty is taken for a normal prior of variance 1/L2 (Laplace's
	// approximation); the coefficient is shrunk, so intervals of it do not cover the
	// unpenalised one as often as they say. With L1 it is NaN: the minimum is at a kink, and
	// no such formula holds after a choice of columns by the same data. With Balanced it is
	// NaN as well: the weights of the objective are then not numbers of rows. And it is NaN,
	// never 0, where the coefficients before it determine this one up to rounding; theirs are
	// then those with this one held fixed.
	StdErr float64
	// Original and OriginalStdErr are for one unit of raw in place of x; that of the Intercept
	// holds where every raw is 0.
	Original       float64
	OriginalStdErr float64
	Z              float64 // Coefficient / StdErr
	P              float64 // two-sided probability of a larger |Z| if the coefficient were 0
	// VIF is the generalised variance inflation factor of the whole column (Fox and
	// Monette 1992, doi:10.1080/01621459.1992.10475190), from Fisher's information
	// without penalty; of a column that is one line, 1/(1-R²). It is the same for all terms of a
	// column. NaN for the Intercept, and for columns with a term that those before it
	// determine.
	VIF float64
	// Aliased tells that the terms before it, or for a constant one the Intercept,
	// determine the term, so that it was left out: the coefficient is 0. A penalised fit
	// leaves out only what is constant.
	Aliased bool
}

// test sets Z and P.
func (t *Term) test() {
	t.Z = t.Coefficient / t.StdErr
	t.P = math.Erfc(math.Abs(t.Z) / math.Sqrt2)
}

// OddsRatio returns by what one unit of the raw column multiplies the odds, exp(Original),
// with Wald's interval of the given level, such as 0.95; NaN where the standard error is.
// A level outside (0, 1) gives NaN.
func (t Term) OddsRatio(level float64) (ratio, low, high float64) {
	half := math.NaN()
	if level > 0 && level < 1 {
		half = math.Sqrt2 * math.Erfinv(level) * t.OriginalStdErr
	}
	return math.Exp(t.Original), math.Exp(t.Original - half), math.Exp(t.Original + half)
}

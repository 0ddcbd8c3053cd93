package tree

import (
	"math"

	"github.com/clientele-go/clientele/internal/enum"
)

// Criterion is a measure of how mixed the classes of some rows are, which questions lower.
// Safe for concurrent use.
type Criterion uint8

// The criteria; p are the shares of the classes.
const (
	// Gini is Σ p(1-p), 0 to 1: the chance that two rows are of different classes.
	Gini Criterion = iota
	// Entropy is -Σ p log₂ p, in bits.
	Entropy
)

var criterionNames = []string{"gini", "entropy"}

// String returns "gini" or "entropy".
func (c Criterion) String() string { return enum.Name(criterionNames, c) }

// MarshalText returns the text of String.
func (c Criterion) MarshalText() ([]byte, error) {
	return enum.Marshal("tree", "criterion", criterionNames, c)
}

// UnmarshalText reads what MarshalText wrote.
func (c *Criterion) UnmarshalText(text []byte) error {
	return enum.Unmarshal("tree", "criterion", criterionNames, text, c)
}

// measure is a criterion with the weight of each class.
type measure struct {
	criterion Criterion
	factor    []float64 // nil: 1 each
}

func (m *measure) factorOf(class int) float64 {
	if m.factor == nil {
		return 1
	}
	return m.factor[class]
}

// tally is the weight of each class among some rows. weights and plain are those of the
// rows, the others those times the weight of the class.
type tally struct {
	weights      []float64
	plain        float64
	sum, squares float64
}

func (m *measure) tally(weights []float64) tally {
	t := tally{weights: weights}
	for class, w := range weights {
		s := float64(w * m.factorOf(class))
		t.plain += w
		t.sum += s
		t.squares += float64(s * s)
	}
	return t
}

// add adds a weight, which may be negative, to a class.
func (m *measure) add(t *tally, class int32, w float64) {
	f := m.factorOf(int(class))
	s := float64(w * f)
	t.squares += float64(s * float64(float64(2*float64(t.weights[class]*f))+s))
	t.weights[class] += w
	t.plain += w
	t.sum += s
}

// without is the tally of all rows but those of part, whose weights are put into rest.
func (m *measure) without(all *tally, part, rest []float64) tally {
	for c, w := range all.weights {
		rest[c] = w - part[c]
	}
	return m.tally(rest)
}

// purity of some rows grows as their impurity falls: for Gini it is weight·(1-impurity),
// the sum of squares over the weight, for Entropy -weight·impurity. That of a question is
// the sum of those of its sides.
func (m *measure) purity(t *tally) float64 {
	if m.criterion == Gini {
		return t.squares / t.sum
	}
	purity := 0.0
	for class, w := range t.weights {
		purity += sharesLog(float64(w*m.factorOf(class)), t.sum)
	}
	return purity
}

// impurity is weight·impurity.
func (m *measure) impurity(t *tally) float64 {
	if m.criterion == Gini {
		return max(0, t.sum-m.purity(t))
	}
	return max(0, -m.purity(t))
}

// purity2 is the purity of two classes with these weights, their factors applied.
func (m *measure) purity2(a, b float64) float64 {
	if m.criterion == Gini {
		return (float64(a*a) + float64(b*b)) / (a + b)
	}
	return sharesLog(a, a+b) + sharesLog(b, a+b)
}

// sharesLog is s·log₂(s/sum), 0 for 0.
func sharesLog(s, sum float64) float64 {
	if !(s > 0) {
		return 0
	}
	return float64(s * float64(math.Log(s/sum)*(1/math.Ln2)))
}

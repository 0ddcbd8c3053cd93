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
	factor    []float64 // 1 of classes beyond
}

func (m *measure) factorOf(class int) float64 {
	if class < len(m.factor) {
		return m.factor[class]
	}
	return 1
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

// count adds a row, or with -1 takes one away, where rows and classes weigh 1 each: the sums
// are whole numbers, which come out the same in any order.
func (t *tally) count(class int32, w float64) {
	t.squares += float64(w * (float64(2*t.weights[class]) + w))
	t.weights[class] += w
	t.plain += w
	t.sum += w
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
	if m.criterion == Gini && t.sum >= lightest {
		return t.squares / t.sum
	}
	purity := 0.0
	for class, w := range t.weights {
		if s := float64(w * m.factorOf(class)); m.criterion == Gini {
			purity += float64(s * (s / t.sum))
		} else {
			purity += sharesLog(s, t.sum)
		}
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
	sum := a + b
	switch {
	case m.criterion == Entropy:
		return sharesLog(a, sum) + sharesLog(b, sum)
	case sum < lightest:
		return float64(a*(a/sum)) + float64(b*(b/sum))
	}
	return (float64(a*a) + float64(b*b)) / sum
}

// sharesLog is s·log₂(s/sum), 0 for 0 and for shares below every number.
func sharesLog(s, sum float64) float64 {
	share := s / sum
	if !(share > 0) {
		return 0
	}
	return float64(s * float64(math.Log(share)*(1/math.Ln2)))
}

// lightest is the least sum of which squares are not lost to underflow.
const lightest = 1e-140

// unusable reports whether a sum of weights is too large to be squared, or so small that its
// parts have too few digits.
func unusable(sum float64) bool { return !(sum >= 1e-280 && sum <= math.Sqrt(math.MaxFloat64)/2) }

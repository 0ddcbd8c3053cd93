package logistic

import (
	"math"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/table"
)

// span is the range that the values of a number column are kept within.
type span struct{ low, high float64 }

// winsorize returns the columns with numbers kept within their spans.
func winsorize(columns []table.Column, o *Options) ([]table.Column, []span) {
	kept, spans := make([]table.Column, len(columns)), make([]span, len(columns))
	parallel.For(parallel.Workers(o.Workers), len(columns), func(i int) {
		kept[i], spans[i] = columns[i], span{math.Inf(-1), math.Inf(1)}
		if columns[i].Kind != table.Number || o.Winsorize == 0 {
			return
		}
		s := spanOf(columns[i].Num, o.Weights, o.Winsorize)
		if s.low == s.high {
			return
		}
		spans[i] = s
		kept[i].Num = make([]float64, len(columns[i].Num))
		for row, x := range columns[i].Num {
			kept[i].Num[row] = s.keep(x)
		}
	})
	return kept, spans
}

// keep returns the nearest value of the span; NaN stays.
func (s span) keep(x float64) float64 {
	switch {
	case x < s.low:
		return s.low
	case x > s.high:
		return s.high
	}
	return x
}

// spanOf returns the smallest values up to which there is at least the share q, and 1-q, of
// the weight of the values that are there.
func spanOf(values, weights []float64, q float64) span {
	weightOf := func(i int32) float64 {
		switch {
		case math.IsNaN(values[i]):
			return 0
		case weights == nil:
			return 1
		}
		return weights[i]
	}
	total := 0.0
	for i := range values {
		total += weightOf(int32(i))
	}
	s, sum := span{}, 0.0
	lower := true
	for _, i := range radix.Order(values) {
		w := weightOf(i)
		if w == 0 {
			continue
		}
		sum += w
		if lower && sum >= q*total {
			s.low, lower = values[i], false
		}
		if s.high = values[i]; sum >= (1-q)*total {
			break
		}
	}
	return s
}

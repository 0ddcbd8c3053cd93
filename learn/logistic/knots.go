package logistic

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/radix"
)

// knotsOf returns up to count different quantiles, at shares 1/(count+1), 2/(count+1) and
// so on of the weight, of the values that are above lo and below hi: the smallest value
// up to which there is at least that share.
func knotsOf(values, weights []float64, count int, lo, hi float64) []float64 {
	weightOf := func(i int32) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	order := radix.Order(values)
	order = slices.DeleteFunc(order, func(i int32) bool {
		x := values[i]
		return math.IsNaN(x) || x <= lo || x >= hi || weightOf(i) == 0
	})
	total := 0.0
	for _, i := range order {
		total += weightOf(i)
	}
	var knots []float64
	sum, k := 0.0, 1
	for _, i := range order {
		sum += weightOf(i)
		for ; k <= count && sum*float64(count+1) >= total*float64(k); k++ {
			if x := values[i]; len(knots) == 0 || x > knots[len(knots)-1] {
				knots = append(knots, x)
			}
		}
	}
	return knots
}

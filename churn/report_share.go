package churn

import (
	"math"

	"github.com/clientele-go/clientele/learn/score"
)

// clusteredShare is the share of rows that have a property, where the rows of a customer are
// not independent of each other.
type clusteredShare struct {
	has, rows []int32 // of each customer
}

// newClusteredShare returns a share of no rows, for customers numbered from 0 to n-1.
func newClusteredShare(n int) *clusteredShare {
	return &clusteredShare{make([]int32, n), make([]int32, n)}
}

func (s *clusteredShare) add(customer int32, has bool) {
	s.rows[customer]++
	if has {
		s.has[customer]++
	}
}

// estimate returns the share with an interval of 95 %: Wilson's of as many independent rows as
// have the variance of the ratio of two sums over G customers,
//
//	G/(G-1) · Σ(has - share·rows)² / (Σrows)²
//
// and of as many as there are customers where that is 0. NaN without rows. Sums are of
// integers, so that no order matters.
func (s *clusteredShare) estimate() score.Estimate {
	var customers, has, rows, hh, hr, rr int64
	for i, n := range s.rows {
		if n == 0 {
			continue
		}
		h, r := int64(s.has[i]), int64(n)
		customers, has, rows = customers+1, has+h, rows+r
		hh, hr, rr = hh+h*h, hr+h*r, rr+r*r
	}
	if rows == 0 {
		return noEstimate
	}
	share, worth := float64(has)/float64(rows), float64(customers)
	if customers > 1 {
		squares := float64(hh) - 2*share*float64(hr) + share*share*float64(rr)
		variance := squares * worth / (worth - 1) / (float64(rows) * float64(rows))
		// Rounding leaves less than 1e-12 of a sum that is 0.
		if squares > 1e-12*float64(rr) {
			worth = share * (1 - share) / variance
		}
	}
	z2 := normal95 * normal95 / worth
	center := (share + z2/2) / (1 + z2)
	half := math.Sqrt(share*(1-share)*z2+z2*z2/4) / (1 + z2)
	return score.Estimate{Value: share, Low: max(min(center-half, share), 0), High: min(max(center+half, share), 1)}
}

// liftOf is a precision over the share of rows that came true, NaN where none did.
func liftOf(precision score.Estimate, base float64) score.Estimate {
	if base == 0 {
		return noEstimate
	}
	return score.Estimate{Value: precision.Value / base, Low: precision.Low / base, High: precision.High / base}
}

package cluster

import (
	"context"
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// solution is what a method finds on prepared rows. Labels are in any order of the
// groups; Fit puts them into the canonical one.
type solution struct {
	k       int
	centers []float64  // row-major, d numbers each: a centre a group, or with leaf several
	leaf    []int32    // the group of each centre; nil: centre c is that of group c
	offset  []float64  // added to the distances to each centre before they are compared; nil: none
	modes   [][]int32  // Prototypes: the code of each category column for each group
	gamma   float64    // Prototypes
	cutoff  float64    // Trimmed: rows farther from their centre, squared, are outliers; +Inf elsewhere
	mixture *mixture   // Mixture; its means are centers
	tree    *hierarchy // Ward
	micro   []int32    // Ward: the leaf of each row

	label []int32   // the group of each row
	dist  []float64 // the squared distance of each row to its centre, without offset; see Assignment
	report
}

// report is the part of Report that methods fill.
type report struct {
	Iterations int
	Inertia    float64   // weighted sum of dist; Ward: about the means of the groups
	History    []float64 // inertia after each iteration over all rows (Mixture: mean log-likelihood)
	Stop       Stop
	Sample     int       // rows on which starts were tried; 0: none were
	Starts     []float64 // inertia of each start on the sample
	Repaired   int       // how often a group had lost all rows and got others
	Likelihood float64   // Mixture: log-likelihood of all rows
	BIC        float64   // Mixture; see Report
}

// ended tells whether iterations that move centres end after one, and notes why: no label changed, the centres, by the sum
// of their squared distances, hardly moved, or there were MaxIterations.
func (r *report) ended(unchanged bool, moved, variance float64, o *Options) bool {
	switch {
	case unchanged:
		r.Stop = StopUnchanged
	case moved <= o.Tolerance*variance:
		r.Stop = StopTolerance
	case r.Iterations >= o.MaxIterations:
		r.Stop = StopCap
	default:
		return false
	}
	return true
}

// solve runs the method of o on the rows. o has been validated against r; every default
// has been put in (see Options.withDefaults), and Centers are in prepared numbers. It is
// called by Fit and by everything that fits on parts of the rows.
func solve(ctx context.Context, r *rows, o *Options) (*solution, error) {
	switch o.Method {
	case KMeans:
		return solveKMeans(ctx, r, o)
	case Prototypes:
		return solvePrototypes(ctx, r, o)
	case Trimmed:
		return solveTrimmed(ctx, r, o)
	case Ward:
		return solveWard(ctx, r, o)
	case Mixture:
		return solveMixture(ctx, r, o)
	}
	return nil, fmt.Errorf("cluster: unknown method %d", o.Method)
}

// Stop is why a fit ended. A plain value: safe for concurrent reads.
type Stop uint8

// The reasons. All but Cap mean that the fit converged.
const (
	StopUnchanged Stop = iota // no label changed
	StopTolerance             // what changed was within Options.Tolerance
	StopCap                   // Options.MaxIterations were done
	StopComplete              // the method has no iterations: everything was joined
)

var stopNames = []string{"unchanged", "tolerance", "cap", "complete"}

// String is the reason's name in lower case.
func (s Stop) String() string { return enum.Name(stopNames, s) }

// MarshalText writes the reason's name.
func (s Stop) MarshalText() ([]byte, error) { return enum.Marshal("cluster", "reason", stopNames, s) }

// UnmarshalText reads the reason's name.
func (s *Stop) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "reason", stopNames, text, s)
}

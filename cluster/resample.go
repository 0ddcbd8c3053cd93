package cluster

import (
	"context"
	"errors"
)

// partition is what a method finds for one k; label is nil where fewer rows differ than
// there are to be groups.
type partition struct {
	label   []int32
	inertia float64
}

// solveEach runs the method of o for each of ks, ascending, on the rows. A Ward hierarchy
// is made once.
func solveEach(ctx context.Context, r *rows, o *Options, ks []int) ([]partition, error) {
	parts := make([]partition, len(ks))
	one := *o
	for i, k := range ks {
		one.K = k
		s, err := solve(ctx, r, &one)
		if _, few := errors.AsType[*TooFewDistinctError](err); few {
			break // and the larger ones as well
		} else if err != nil {
			return nil, err
		}
		if s.tree == nil {
			parts[i] = partition{s.label, s.Inertia}
			continue
		}
		for i, k := range ks {
			if k > len(s.tree.Dendrogram.Weights) {
				break
			}
			group := s.tree.Dendrogram.Groups(k)
			parts[i] = partition{make([]int32, r.n), s.tree.Dendrogram.inertia(k)}
			for row, leaf := range s.micro {
				parts[i].label[row] = group[leaf]
			}
		}
		break
	}
	return parts, nil
}

// firstError is the first of errs that is not nil.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

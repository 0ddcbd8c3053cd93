package cluster

import (
	"context"
	"slices"
)

// carried is where the groups of a model are, in the prepared numbers and codes of the same
// columns with another preparation.
type carried struct {
	centers [][]float64
	modes   [][]int32
}

// carried returns the centres and modes of m as prepared by features, which are those of
// the columns of m in its order, with d numbers and as many codes. A mode that is no level
// there is the number of levels.
func (m *Model) carried(features []feature, d, codes int) *carried {
	c := &carried{}
	for g := range m.k {
		center, mode := make([]float64, d), make([]int32, codes)
		for i := range features {
			from, to := &m.features[i], &features[i]
			var modeNow int32
			if from.native >= 0 {
				modeNow = m.modes[g][from.native]
			}
			from.carry(to, m.means[g*m.d:][:m.d], center)
			if to.native >= 0 {
				mode[to.native] = to.level(from.Category.Levels[modeNow])
			}
		}
		c.centers, c.modes = append(c.centers, center), append(c.modes, mode)
	}
	return c
}

// carry puts the numbers of the feature in a centre, as to prepares them, into another
// centre.
func (f *feature) carry(to *feature, center, dst []float64) {
	if f.Number == to.Number && f.Category == to.Category {
		copy(dst[to.at:to.at+to.width], center[f.at:f.at+f.width])
		return
	}
	switch {
	case to.Constant, to.native >= 0:
	case f.Number != nil:
		y := 0.0
		if !f.Constant {
			y = center[f.at]
		}
		dst[to.at] = to.value(f.original(y))
	default:
		for l, level := range f.Category.Levels {
			share := 1.0
			if !f.Constant {
				share = center[f.at+l] / f.one()
			}
			if at, ok := to.Category.index[level]; ok {
				dst[to.at+int(at)] = share * to.one()
			}
		}
	}
	if to.Flag != nil {
		share := 0.0
		if f.Flag != nil {
			share = f.Flag.inverse(center[f.at+f.width-1])
		}
		dst[to.at+to.width-1] = to.Flag.of(share)
	}
}

// solve goes on from where the groups are, which the rows have labels of.
func (c *carried) solve(ctx context.Context, r *rows, o *Options, labels []int32) (*solution, error) {
	switch o.Method {
	case Prototypes:
		from := &prototypes{modes: c.modes, penalty: make([]float64, len(r.costs))}
		for _, mode := range from.modes {
			for i, level := range mode {
				if int(level) >= r.levels[i] {
					mode[i] = 0 // any other: no row has it, and the first pass replaces it
				}
			}
		}
		for _, center := range c.centers {
			from.centers = append(from.centers, center...)
		}
		for i, cost := range r.costs {
			from.penalty[i] = o.Gamma * cost
		}
		s, err := iteratePrototypes(ctx, r, from, o, counted(o.Progress))
		if err != nil {
			return nil, err
		}
		s.gamma = o.Gamma
		return s, nil
	case Mixture:
		_, variance, err := columnMoments(ctx, r, o.Workers)
		if err != nil {
			return nil, err
		}
		return newExpectation(ctx, r, o, slices.Concat(c.centers...), variance, ridgeOf(variance)).solve(labels)
	}
	o.Centers = c.centers
	return solve(ctx, r, o)
}

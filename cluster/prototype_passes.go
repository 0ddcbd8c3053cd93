package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
)

// prototypePasses is Lloyd's iteration with prototypes in place of centres.
type prototypePasses struct {
	ctx    context.Context
	r      *rows
	o      *Options
	k      int
	origin []float64 // mean of all rows, from which sums start: a large offset costs no digits
	at     *prototypes
	label  []int32
	dist   []float64
}

// iteratePrototypes goes on from prototypes, which it takes over, until no label changes,
// or no mode and the centres hardly. A group that has lost all rows of weight gets the
// farthest row of the group with the largest sum of distances.
func iteratePrototypes(ctx context.Context, r *rows, from *prototypes, o *Options, pass func()) (*solution, error) {
	origin, variances, err := columnMoments(ctx, r, o.Workers)
	if err != nil {
		return nil, err
	}
	near := -1.0 // without numbers no label changes once no mode does
	if r.d > 0 {
		near = o.Tolerance * sumOf(variances) / float64(r.d)
	}
	p := &prototypePasses{
		ctx: ctx, r: r, o: o, k: len(from.modes), origin: origin, at: from,
		label: slices.Repeat([]int32{-1}, r.n), dist: make([]float64, r.n),
	}
	s := &solution{k: p.k, cutoff: math.Inf(1), centers: from.centers, modes: from.modes, label: p.label, dist: p.dist}
	for last := false; ; {
		changed, inertia, weight, err := p.assign()
		if err != nil {
			return nil, err
		}
		s.Inertia = inertia
		if s.Iterations > 0 {
			s.History = append(s.History, inertia)
		}
		repaired := 0
		if s.Iterations < o.MaxIterations && slices.Contains(weight, 0) {
			if repaired, err = p.repair(); err != nil {
				return nil, err
			}
			s.Repaired += repaired
		}
		if last && repaired == 0 {
			return s, nil
		}
		s.Iterations++
		pass()
		if changed+repaired == 0 {
			s.Stop = StopUnchanged
			return s, nil
		}
		moved, modes, err := p.update()
		if err != nil {
			return nil, err
		}
		last = true
		switch {
		case moved <= near && !modes:
			s.Stop = StopTolerance
		case s.Iterations >= o.MaxIterations:
			s.Stop = StopCap
		default:
			last = false
		}
	}
}

// assign gives every row the label of its nearest group. It returns how many labels
// changed, the weighted sum of the distances and the weight of each group.
func (p *prototypePasses) assign() (changed int, inertia float64, weight []float64, err error) {
	type state struct {
		changed int
		inertia float64
		weight  []float64
		label   [nearest.Block]int32
		codes   [][]int32
	}
	weight = make([]float64, p.k)
	err = sumChunks(p.ctx, p.r, p.o.Workers,
		func() *state { return &state{weight: make([]float64, p.k), codes: make([][]int32, len(p.r.codes))} },
		func(s *state, lo, hi int) {
			s.changed, s.inertia = 0, 0
			clear(s.weight)
			for b := lo; b < hi; b++ {
				first, n := b*nearest.Block, p.r.inBlock(b)
				dist, label := p.dist[first:first+n], p.label[first:first+n]
				p.at.nearest(s.label[:n], dist, p.r.block(b), p.r.codesIn(s.codes, b))
				for i, g := range s.label[:n] {
					if label[i] != g {
						label[i] = g
						s.changed++
					}
					w := p.r.weightOf(first + i)
					s.weight[g] += w
					s.inertia = math.FMA(w, dist[i], s.inertia)
				}
			}
		},
		func(s *state) {
			changed += s.changed
			inertia += s.inertia
			for g, w := range s.weight {
				weight[g] += w
			}
		})
	return changed, inertia, weight, err
}

// repair gives each group without rows of weight the farthest row of the group with the
// largest sum of distances, the lowest such group and row, and returns the number of
// rows moved.
func (p *prototypePasses) repair() (moved int, err error) {
	count, sum := make([]int, p.k), make([]float64, p.k)
	for i, g := range p.label {
		if w := p.r.weightOf(i); w > 0 {
			count[g]++
			sum[g] = math.FMA(w, p.dist[i], sum[g])
		}
	}
	for empty := range p.k {
		if count[empty] > 0 {
			continue
		}
		donor, far := -1, -1
		for g := range p.k {
			if count[g] > 1 && (donor < 0 || sum[g] > sum[donor]) {
				donor = g
			}
		}
		for i, g := range p.label {
			if int(g) == donor && p.r.weightOf(i) > 0 && (far < 0 || p.dist[i] > p.dist[far]) {
				far = i
			}
		}
		if far < 0 || p.dist[far] == 0 {
			if _, err = drawPrototypes(p.ctx, p.r, p.k, p.at.penalty, newRandom(0, 0)); err == nil {
				err = &TooFewDistinctError{Distinct: p.k - 1, K: p.k}
			}
			return moved, err
		}
		sum[donor] -= float64(p.r.weightOf(far) * p.dist[far])
		count[donor]--
		count[empty]++
		p.label[far], p.dist[far] = int32(empty), 0
		moved++
	}
	return moved, nil
}

// update makes the prototypes those of the labels: the means, and of each category column
// the most frequent level, of equally frequent ones that with the lowest code. A group
// without weight keeps its own. It returns how far the centres moved, squared and summed,
// and whether a mode changed.
func (p *prototypePasses) update() (moved float64, modes bool, err error) {
	total := p.newSums()
	err = sumChunks(p.ctx, p.r, p.o.Workers, p.newSums,
		func(s *prototypeSums, lo, hi int) {
			s.reset()
			for b := lo; b < hi; b++ {
				p.gather(s, b)
			}
		}, total.join)
	if err != nil {
		return 0, false, err
	}
	for g, w := range total.weight {
		if w == 0 {
			continue
		}
		for j, origin := range p.origin {
			at := &p.at.centers[g*p.r.d+j]
			next := origin + total.sum[j*p.k+g]/w
			moved = math.FMA(next-*at, next-*at, moved)
			*at = next
		}
		for c, count := range total.count {
			of := count[g*p.r.levels[c]:][:p.r.levels[c]]
			if mode := int32(slices.Index(of, slices.Max(of))); mode != p.at.modes[g][c] {
				p.at.modes[g][c], modes = mode, true
			}
		}
	}
	return moved, modes, nil
}

// prototypeSums are what rows add up to in each group.
type prototypeSums struct {
	weight []float64
	sum    []float64   // of the numbers minus the origin: k for each feature
	count  [][]float64 // of each category column: the weight of each level, group by group
}

func (p *prototypePasses) newSums() *prototypeSums {
	s := &prototypeSums{weight: make([]float64, p.k), sum: make([]float64, p.k*p.r.d)}
	for _, levels := range p.r.levels {
		s.count = append(s.count, make([]float64, p.k*levels))
	}
	return s
}

func (s *prototypeSums) reset() {
	clear(s.weight)
	clear(s.sum)
	for _, count := range s.count {
		clear(count)
	}
}

func (s *prototypeSums) join(o *prototypeSums) {
	add(s.weight, o.weight)
	add(s.sum, o.sum)
	for c, count := range o.count {
		add(s.count[c], count)
	}
}

// gather adds the rows of block b.
func (p *prototypePasses) gather(s *prototypeSums, b int) {
	first, n := b*nearest.Block, p.r.inBlock(b)
	label, block := p.label[first:first+n], p.r.block(b)
	for i, g := range label {
		s.weight[g] += p.r.weightOf(first + i)
	}
	for j, origin := range p.origin {
		sum := s.sum[j*p.k:][:p.k]
		for i, x := range block[j*nearest.Block:][:n] {
			sum[label[i]] = math.FMA(p.r.weightOf(first+i), x-origin, sum[label[i]])
		}
	}
	for c, codes := range p.r.codes {
		count, levels := s.count[c], p.r.levels[c]
		for i, code := range codes[first : first+n] {
			count[int(label[i])*levels+int(code)] += p.r.weightOf(first + i)
		}
	}
}

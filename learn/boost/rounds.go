package boost

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// rounds grows the trees.
func (f *fitting) rounds() error {
	best := math.Inf(1)
	losses, err := f.losses()
	if err != nil {
		return err
	}
	f.report.Start = losses
	if f.later != nil {
		best = losses.Later
	}
	f.report.Stop = StopRounds
	for round := range f.o.Rounds {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(f.o.Seed, streamRounds+uint64(round)))
		rows := f.draw(r)
		if err := f.derive(); err != nil {
			return err
		}
		nodes := f.grower.grow(rows)
		if len(nodes) == 1 && f.o.RowShare == 1 && f.o.ColumnShare == 1 {
			f.report.Stop = StopNothing
			break
		}
		if err := f.score(nodes, len(rows)); err != nil {
			return err
		}
		f.add(nodes)
		if losses, err = f.losses(); err != nil {
			return err
		}
		f.report.Rounds = append(f.report.Rounds, losses)
		if f.o.Progress != nil {
			f.o.Progress(int64(round+1), int64(f.o.Rounds))
		}
		if f.later == nil {
			f.report.Best = round + 1
			continue
		}
		if losses.Later < best {
			best, f.report.Best = losses.Later, round+1
		} else if round+1-f.report.Best >= f.o.Patience {
			f.report.Stop = StopPatience
			break
		}
	}
	f.model.cut(f.report.Best)
	f.report.LearningRate, f.report.MaxLeaves = f.o.LearningRate, f.o.MaxLeaves
	f.model.report = f.report
	return nil
}

// draw chooses the rows and columns of a tree. Rows that it does not choose are at the end of
// the buffer.
func (f *fitting) draw(r *rand.Rand) []int32 {
	g := &f.grower
	rows := g.ready[:f.train.n]
	if f.o.RowShare == 1 {
		for i := range rows {
			rows[i] = int32(i)
		}
	} else {
		want := max(1, int(math.Round(f.o.RowShare*float64(len(rows)))))
		in, out := 0, len(rows)
		for i := range len(rows) { // selection sampling
			if r.IntN(len(rows)-i) < want-in {
				rows[in] = int32(i)
				in++
			} else {
				out--
				rows[out] = int32(i)
			}
		}
		rows = rows[:in]
	}
	clear(g.used)
	left := len(g.chosen)
	want := int(math.Ceil(f.o.ColumnShare * float64(left) * (1 - 1e-12)))
	for i := range g.chosen {
		g.chosen[i] = want == left || r.IntN(left) < want
		left--
		if g.chosen[i] {
			want--
			g.used[i/lanes] = true
		}
	}
	return rows
}

// derive computes gradients and hessians of all rows, and their integers.
func (f *fitting) derive() error {
	n := f.train.n
	blocks := (n + blockRows - 1) / blockRows
	type bounds struct{ g, h, low float64 }
	found := make([]bounds, blocks)
	f.grower.ranges(n, blocks, func(block, lo, hi int) {
		gradient, hessian := f.gradient[lo:hi], f.hessian[lo:hi]
		if !f.derived {
			f.objective.Gradients(gradient, hessian, f.train.raw[lo:hi], f.train.target[lo:hi])
		}
		b := bounds{}
		for i, g := range gradient {
			b.g, b.h, b.low = max(b.g, math.Abs(g)), max(b.h, hessian[i]), min(b.low, hessian[i])
		}
		found[block] = b
	})
	all := bounds{}
	for _, b := range found {
		all = bounds{max(all.g, b.g), max(all.h, b.h), min(all.low, b.low)}
	}
	if !(all.g <= largest && all.h <= largest && all.low >= 0) {
		return fmt.Errorf("%w: a derivative", ErrObjective)
	}
	g, h := all.g*f.train.total*f.copies, all.h*f.train.total*f.copies
	if math.IsInf(g*g*h, 1) { // what gains are compared by
		return fmt.Errorf("%w: sums of derivatives", ErrObjective)
	}
	s := &f.grower.scale
	s.fix(g, h)
	byG, byH := 1/s.g, 1/s.h
	f.grower.ranges(n, blocks, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			if f.units == nil {
				f.grower.pairs[i] = cell{
					G:  int64(math.RoundToEven(f.gradient[i] * byG)),
					HW: fairly(f.hessian[i]*byH, i)<<s.shift + 1,
				}
				continue
			}
			w := f.train.weight[i]
			f.grower.pairs[i] = cell{
				G:  int64(math.RoundToEven(f.gradient[i] * w * byG)),
				HW: fairly(f.hessian[i]*w*byH, i)<<s.shift + f.units[i],
			}
		}
	})
	return nil
}

// score adds the values of a new tree, with the learning rate, to all scores.
func (f *fitting) score(nodes []grown, drawn int) error {
	g := &f.grower
	for i := range nodes {
		n := &nodes[i]
		n.value *= f.o.LearningRate
		if !(math.Abs(n.value) <= largest) || n.column >= 0 && math.IsInf(n.gain, 0) {
			return fmt.Errorf("%w: a leaf", ErrObjective)
		}
	}
	g.run(len(nodes), func(_, i int) {
		if n := &nodes[i]; n.column < 0 {
			for _, row := range g.ready[n.lo:n.hi] {
				f.train.raw[row] += n.value
			}
		}
	})
	rest := g.ready[drawn:f.train.n]
	g.ranges(len(rest), (len(rest)+blockRows-1)/blockRows, func(_, lo, hi int) {
		for _, row := range rest[lo:hi] {
			f.train.raw[row] += nodes[g.walk(nodes, f.train.matrix, row)].value
		}
	})
	if f.later == nil {
		return nil
	}
	g.ranges(f.later.n, (f.later.n+blockRows-1)/blockRows, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			f.later.raw[row] += nodes[g.walk(nodes, f.later.matrix, int32(row))].value
		}
	})
	return nil
}

// losses returns the mean losses over the rows of the fit and the later ones. Of Logistic the former
// comes with the derivatives.
func (f *fitting) losses() (Loss, error) {
	train, later := f.train, f.later
	f.derived = f.isLogistic()
	loss := Loss{Later: math.NaN(), Training: meanLoss(f.grower.team, train, func(weight []float64, lo, hi int) float64 {
		if f.derived {
			return logistic(f.gradient[lo:hi], f.hessian[lo:hi], train.raw[lo:hi], train.target[lo:hi], weight)
		}
		return f.objective.Loss(train.raw[lo:hi], train.target[lo:hi], weight)
	})}
	if later != nil {
		loss.Later = meanLoss(f.grower.team, later, func(weight []float64, lo, hi int) float64 {
			return f.objective.Loss(later.raw[lo:hi], later.target[lo:hi], weight)
		})
	}
	infinite := func(x float64) bool { return !(math.Abs(x) <= math.MaxFloat64) }
	if infinite(loss.Training) || later != nil && infinite(loss.Later) {
		return loss, fmt.Errorf("%w: a loss", ErrObjective)
	}
	return loss, nil
}

// meanLoss returns the mean over rows of a loss that is told their weights, nil being 1 each.
func meanLoss(t *team, r *rowsOf, loss func(weight []float64, lo, hi int) float64) float64 {
	blocks := (r.n + blockRows - 1) / blockRows
	sums := make([]float64, blocks)
	t.run(blocks, func(_, block int) {
		lo, hi := block*blockRows, min((block+1)*blockRows, r.n)
		var weight []float64
		if r.weight != nil {
			weight = r.weight[lo:hi]
		}
		sums[block] = loss(weight, lo, hi)
	})
	sum := 0.0
	for _, s := range sums {
		sum += s
	}
	return sum / r.total
}

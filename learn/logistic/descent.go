package logistic

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/cholesky"
)

// maxSweeps bounds the sweeps of one step; another step goes on where it ended.
const maxSweeps = 200

// descent looks for the minimum over x of g·d + d·H·d/2 + L1·Σ|x|, d = x - b.
type descent struct {
	*quadratic
	at *point
	x  []float64
	u  []float64 // gradient + H·d
}

// descend is step with an absolute penalty, by coordinate descent (Friedman, Hastie and
// Tibshirani 2010, doi:10.18637/jss.v033.i01): sweeps over the coefficients that are not 0
// until these stand still, then over all, until that changes nothing. Once it is known
// which are 0, and the signs of the others, the minimum is the solution of a linear system,
// which ends it where the conditions of Karush, Kuhn and Tucker hold.
func (m *quadratic) descend(at *point) (target []float64, decrease float64) {
	d := &descent{quadratic: m, at: at, x: slices.Clone(at.b), u: slices.Clone(at.gradient)}
	for sweeps := 0; sweeps < maxSweeps && m.ctx.Err() == nil; {
		change := d.sweep(false)
		sweeps++
		if d.polish() || change == 0 {
			break
		}
		for bound := 1e-4 * change; sweeps < maxSweeps && m.ctx.Err() == nil && d.sweep(true) > bound; {
			sweeps++
		}
	}
	return d.x, d.decrease()
}

// sweep minimises over one coefficient after the other, only over those that are not 0 if
// active is true, and returns the largest decrease to first order that one has brought.
func (d *descent) sweep(active bool) float64 {
	most := 0.0
	for j, x := range d.x {
		if active && x == 0 && j > 0 {
			continue
		}
		curve := d.full[j*(d.p+1)]
		if curve <= 0 {
			continue
		}
		next := x - d.u[j]/curve
		if j > 0 {
			next = soft(next, d.l1/curve)
		}
		if next == x {
			continue
		}
		d.x[j] = next
		for i, h := range d.full[j*d.p:][:d.p] {
			d.u[i] += float64(h * (next - x))
		}
		most = max(most, curve*(next-x)*(next-x))
	}
	return most
}

// soft moves x towards 0 by at most t.
func soft(x, t float64) float64 {
	return math.Copysign(max(0, math.Abs(x)-t), x)
}

// maxDrops bounds the coefficients that one polish makes 0.
const maxDrops = 20

// polish goes to the minimum over the coefficients that are not 0, as long as they keep
// their signs: one that would change it becomes 0 and leaves them, as in the feature-sign
// search (Lee, Battle, Raina and Ng 2007). It reports whether that is the minimum over all.
func (d *descent) polish() bool {
	p := &descent{quadratic: d.quadratic, at: d.at, x: slices.Clone(d.x), u: slices.Clone(d.u)}
	settled := false
	for range maxDrops {
		var sound bool
		if settled, sound = p.solve(); !sound {
			return false
		}
		if settled {
			break
		}
	}
	if !(p.decrease() >= d.decrease()) {
		return false // the system is all but singular
	}
	d.x, d.u = p.x, p.u
	for j := 1; j < d.p && settled; j++ {
		settled = d.x[j] != 0 || math.Abs(d.u[j]) <= d.l1*(1+1e-12)
	}
	return settled
}

// solve moves to the minimum over the coefficients that are not 0, or up to where the first
// of them becomes 0. It is not sound if the system is singular.
func (d *descent) solve() (settled, sound bool) {
	var on []int
	for j, x := range d.x {
		if j == 0 || x != 0 {
			on = append(on, j)
		}
	}
	k := len(on)
	a, move := make([]float64, k*k), make([]float64, k)
	for r, j := range on {
		for c, i := range on[:r+1] {
			a[r*k+c] = d.full[j*d.p+i]
		}
		move[r] = -d.u[j]
		if j > 0 {
			move[r] -= math.Copysign(d.l1, d.x[j])
		}
	}
	sound = true
	cholesky.Factor(a, k, nil, 1e-12, func(int) { sound = false })
	if !sound {
		return false, false
	}
	cholesky.Forward(a, k, move)
	cholesky.Backward(a, k, move)
	part, zero := 1.0, -1
	for r, j := range on {
		if x := d.x[j]; j > 0 && (x+move[r])*x <= 0 && -x/move[r] <= part {
			part, zero = -x/move[r], j
		}
	}
	for r, j := range on {
		step := part * move[r]
		if j == zero {
			step = -d.x[j]
		}
		d.x[j] += step
		for i, h := range d.full[j*d.p:][:d.p] {
			d.u[i] += float64(h * step)
		}
	}
	return zero < 0, true
}

// decrease is how far the model at x is below that at the point.
func (d *descent) decrease() float64 {
	sum := 0.0
	for j, x := range d.x {
		step := x - d.at.b[j]
		sum -= float64((d.at.gradient[j] + d.u[j]) / 2 * step)
		if j > 0 {
			sum -= float64(d.l1 * (math.Abs(x) - math.Abs(d.at.b[j])))
		}
	}
	return max(0, sum)
}

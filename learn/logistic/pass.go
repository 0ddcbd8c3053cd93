package logistic

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
)

// objective is what is minimised.
type objective struct {
	ctx     context.Context
	rows    *rows
	l1, l2  float64
	factor  [2]float64 // of the weights of rows whose label is false and true
	workers int
	// z has the log-odds of each row as of the last pass, and last the coefficients; nil: not
	// kept.
	z, last []float64
	// spare are the scratches of the last pass.
	spare []*scratch
	// kept has the dense variables of all blocks after the first pass, if these are few.
	kept [][]float64
}

// keptSize is the number of floats of the dense variables of all rows up to which they are
// kept.
const keptSize = 1 << 20

// point is the objective at some coefficients.
type point struct {
	b        []float64
	loss     float64   // without penalty
	total    float64   // with penalty
	gradient []float64 // without the absolute penalty
	// hessian has the lower triangle of the Hessian, without the squared penalty, row by
	// row; nil: not asked for.
	hessian []float64
	// from are the coefficients of the last pass, where its log-odds are kept; nil: all 0.
	from []float64
	// Of the change in log-odds since the last pass, where they are kept, positive if it
	// goes towards the label: the least, the greatest, and for how many rows it is above
	// apparent.
	least, greatest float64
	moved           int
}

// partSize is the number of floats of the sums of all parts, if there are more than four.
const partSize = 1 << 22

// parts returns into how many parts the blocks are cut, each with sums of its own.
func (o *objective) parts() int {
	p := o.rows.p
	return max(1, min((o.rows.blocks()+3)/4, max(4, min(64, partSize/(p*p)))))
}

// at returns the objective at b, and its Hessian if that is asked for. It returns the
// error of ctx.
func (o *objective) at(b []float64, hessian bool) (*point, error) {
	parts := make([]point, o.parts())
	if blocks := o.rows.blocks(); o.kept == nil && blocks*gram.Block*o.rows.d <= keptSize {
		o.kept = make([][]float64, blocks)
	}
	next := 0
	take := func() *scratch {
		if next++; next <= len(o.spare) {
			return o.spare[next-1]
		}
		return o.fresh()
	}
	o.spare = parallel.States(o.workers, len(parts), take, func(s *scratch, i int) {
		part := &parts[i]
		part.b, part.gradient = b, make([]float64, o.rows.p)
		part.least, part.greatest = math.Inf(1), math.Inf(-1)
		if hessian {
			part.hessian = make([]float64, o.rows.p*o.rows.p)
		}
		blocks := o.rows.blocks()
		for block := blocks * i / len(parts); block < blocks*(i+1)/len(parts) && o.ctx.Err() == nil; block++ {
			o.add(part, s, block)
		}
	})
	if err := o.ctx.Err(); err != nil {
		return nil, err
	}
	sum := &parts[0]
	for i := range parts[1:] {
		part := &parts[1+i]
		sum.loss += part.loss
		addTo(sum.gradient, part.gradient)
		addTo(sum.hessian, part.hessian)
		sum.least, sum.greatest = min(sum.least, part.least), max(sum.greatest, part.greatest)
		sum.moved += part.moved
	}
	if o.z != nil {
		sum.from, o.last = o.last, b
	}
	sum.total = sum.loss
	for j, x := range b[1:] {
		sum.total += float64(o.l2/2*x*x) + float64(o.l1*math.Abs(x))
		sum.gradient[1+j] += float64(o.l2 * x)
	}
	return sum, nil
}

func addTo(to, from []float64) {
	for i, x := range from {
		to[i] += x
	}
}

// scratch is what a goroutine needs for a block.
type scratch struct {
	x, wx    []float64 // the dense variables, and times curvature
	z, slope [gram.Block]float64
	curve    [gram.Block]float64
	variable [][]int32 // of each category with many levels; -1: none
}

func (o *objective) fresh() *scratch {
	size := o.rows.d * gram.Block
	s := &scratch{x: make([]float64, size), wx: make([]float64, size), variable: make([][]int32, len(o.rows.many))}
	for c := range s.variable {
		s.variable[c] = make([]int32, gram.Block)
	}
	return s
}

// add adds a block of rows to the sums.
func (o *objective) add(sum *point, s *scratch, block int) {
	r := o.rows
	first := block * gram.Block
	n := min(gram.Block, r.n-first)
	x := o.dense(s, block, n)
	gram.Combine(&s.z, x, sum.b[:r.d])
	for c := range r.many {
		s.variable[c] = s.variable[c][:n]
		r.many[c].variables(s.variable[c], first)
		for i, v := range s.variable[c] {
			if v >= 0 {
				s.z[i] += sum.b[v]
			}
		}
	}
	o.slopes(sum, s, first, n)
	gram.Dots(sum.gradient[:r.d], x, &s.slope)
	for c := range r.many {
		for i, v := range s.variable[c] {
			if v >= 0 {
				sum.gradient[v] += s.slope[i]
			}
		}
	}
	if sum.hessian != nil {
		gram.Scale(s.wx, x, &s.curve, r.d)
		gram.Add(sum.hessian, r.p, s.wx, x, r.d)
		s.addCoded(sum.hessian, r)
	}
}

// dense returns the dense variables of the n rows of a block.
func (o *objective) dense(s *scratch, block, n int) []float64 {
	if o.kept == nil {
		o.rows.fill(s.x, block*gram.Block, n)
		return s.x
	}
	if o.kept[block] == nil {
		x := make([]float64, o.rows.d*gram.Block)
		o.rows.fill(x, block*gram.Block, n)
		o.kept[block] = x
	}
	return o.kept[block]
}

// slopes adds the loss of the rows and sets their first and second derivatives by the
// log-odds. With m the log-odds of the label, these are log(1+exp(-m)) =
// max(-m, 0) + log1p(exp(-|m|)), q = 1/(1+exp(m)) towards the label, and q·(1-q). The
// logarithms of rows of one weight are that of a product.
func (o *objective) slopes(sum *point, s *scratch, first, n int) {
	r := o.rows
	clear(s.slope[n:])
	clear(s.curve[n:])
	loss, product := 0.0, [2]float64{1, 1}
	for i := range n {
		label, w, sign, m := 0, o.factor[0], -1.0, -s.z[i]
		if r.label[first+i] {
			label, w, sign, m = 1, o.factor[1], 1, s.z[i]
		}
		if r.weight != nil {
			w *= r.weight[first+i]
		}
		e := math.Exp(-math.Abs(m))
		high := 1 / (1 + e)
		low := e * high
		l, q := 0.0, low
		if r.weight == nil && e > 1e-3 {
			product[label] *= 1 + e // of at most 256 factors of at most 2
		} else {
			l = math.Log1p(e)
		}
		if m < 0 {
			l, q = l-m, high
		}
		loss += float64(w * l)
		s.slope[i] = -sign * w * q
		s.curve[i] = w * low * high
		if o.z != nil && w > 0 {
			t := sign * (s.z[i] - o.z[first+i])
			sum.least, sum.greatest = min(sum.least, t), max(sum.greatest, t)
			if t > apparent {
				sum.moved++
			}
		}
	}
	sum.loss += loss + float64(o.factor[0]*math.Log(product[0])) + float64(o.factor[1]*math.Log(product[1]))
	if o.z != nil {
		copy(o.z[first:], s.z[:n])
	}
}

// addCoded adds what the categories with many levels give to the Hessian: with the dense
// variables, with themselves and with each other.
func (s *scratch) addCoded(h []float64, r *rows) {
	for c, variable := range s.variable {
		for j := range r.d {
			x := s.wx[j*gram.Block:]
			for i, v := range variable {
				if v >= 0 {
					h[int(v)*r.p+j] += x[i]
				}
			}
		}
		for i, v := range variable {
			if v >= 0 {
				h[int(v)*(r.p+1)] += s.curve[i]
			}
		}
		for _, other := range s.variable[:c] {
			for i, v := range variable {
				if u := other[i]; u >= 0 && v >= 0 {
					h[int(v)*r.p+int(u)] += s.curve[i]
				}
			}
		}
	}
}

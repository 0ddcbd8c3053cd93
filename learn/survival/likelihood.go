package survival

import (
	"math"

	"github.com/clientele-go/clientele/internal/gram"
	"github.com/clientele-go/clientele/internal/parallel"
)

// likelihood is the partial log-likelihood at some coefficients, with the sums it is made of. Those
// are over the rows at risk in a slot, of r = w·exp(η-c), where c is the largest η of the stratum:
//
//	S0 = Σ r,  S1 = Σ r·x,  and D0, D1 the same over the events of the slot.
//
// An event time of n events of mean weight w̄ is n draws, of which draw l has the denominator
// S0 - f·D0 with f = l/n (Efron) or f = 0 (Breslow).
//
// Of a matrix that is to be added up over the slots, Σ r·x·xᵀ over the rows at risk, the sums are
// exchanged: each row adds r·x·xᵀ times the hazard of all slots in which it is at risk.
type likelihood struct {
	rows  *rows
	b     []float64
	value float64

	eta, risk  []float64 // of each row; risk is r
	s0, d0     []float64 // of each slot, as are the following
	e1, f1     []float64 // w̄·Σ 1/den, w̄·Σ f/den
	e2, f2, g2 []float64 // w̄·Σ 1/den², w̄·Σ f/den², w̄·Σ f²/den²
	s1, d1     []float64 // feature by feature; d1 only if r.tied
	top        []float64 // c of each stratum
	spread     float64   // the largest difference of η between rows of a stratum
	firstsOf   bool      // s1 and d1 belong to b
	plain      *moments  // at b, with a g of 1, if they are known
}

func newLikelihood(r *rows) *likelihood {
	slots := len(r.time)
	of := func() []float64 { return make([]float64, slots) }
	l := &likelihood{rows: r, eta: make([]float64, r.n), risk: make([]float64, r.n), s0: of(), e1: of(), e2: of()}
	l.d0, l.f1, l.f2, l.g2 = of(), of(), of(), of()
	l.s1 = make([]float64, r.p*slots)
	if r.tied {
		l.d1 = make([]float64, r.p*slots)
	}
	return l
}

// move takes the log-likelihood to other coefficients.
func (l *likelihood) move(b []float64) {
	r := l.rows
	l.b, l.firstsOf, l.plain = b, false, nil
	r.linear(l.eta, b)
	var low []float64
	low, l.top = r.bounds(l.eta)
	l.spread = 0
	for s, top := range l.top {
		l.spread = max(l.spread, top-low[s])
	}
	r.chunks(func(_, lo, hi int) {
		s := 0
		for i := lo * gram.Block; i < min(r.n, hi*gram.Block); i++ {
			for int(r.begin[s+1]) <= i {
				s++
			}
			if l.risk[i] = 0; !r.never(i) {
				l.risk[i] = r.weight[i] * math.Exp(l.eta[i]-l.top[s])
			}
		}
	})
	r.total(l.s0, l.d0, make([]float64, r.room()), func(block int, _ *[gram.Block]float64) []float64 {
		return l.risk[block*gram.Block : min(r.n, (block+1)*gram.Block)]
	})
	var value sum
	s := 0
	for _, i := range r.ended {
		for r.begin[s+1] <= i {
			s++
		}
		value.add(r.weight[i] * (l.eta[i] - l.top[s]))
	}
	for q, n := range r.deaths {
		e1, f1, e2, f2, g2, logs := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
		mean := r.dead[q] / float64(n)
		switch {
		case n == 0:
		case n == 1 || r.ties == Breslow:
			h := 1 / l.s0[q]
			e1, e2 = r.dead[q]*h, r.dead[q]*h*h
			logs = r.dead[q] * math.Log(l.s0[q])
		default:
			for k := range n {
				f := float64(k) / float64(n)
				den := l.s0[q] - float64(f*l.d0[q])
				h := 1 / den
				e1 += h
				f1 += float64(f * h)
				e2 += float64(h * h)
				f2 += float64(f * h * h)
				g2 += float64(f * f * h * h)
				logs += math.Log(den)
			}
			e1, f1, e2, f2, g2, logs = mean*e1, mean*f1, mean*e2, mean*f2, mean*g2, mean*logs
		}
		l.e1[q], l.f1[q], l.e2[q], l.f2[q], l.g2[q] = e1, f1, e2, f2, g2
		value.add(-logs)
	}
	l.value = value.total()
}

// firsts sets S1 and D1.
func (l *likelihood) firsts() {
	if l.firstsOf {
		return
	}
	r, slots := l.rows, len(l.s0)
	scratch := func() []float64 { return make([]float64, r.room()) }
	parallel.States(r.workers, r.p, scratch, func(all []float64, j int) {
		var deaths []float64
		if l.d1 != nil {
			deaths = l.d1[j*slots:][:slots]
		}
		r.total(l.s1[j*slots:][:slots], deaths, all, func(block int, scratch *[gram.Block]float64) []float64 {
			risk := l.risk[block*gram.Block : min(r.n, (block+1)*gram.Block)]
			x := r.feature(block, j)[:len(risk)]
			for i, v := range risk {
				scratch[i] = float64(v * x[i])
			}
			return scratch[:]
		})
	})
	l.firstsOf = true
}

// running is a sum over the slots of each stratum, from the first to each of them, and if there are entries
// over those in which each row is at risk. less is what is to be added for the events of a slot, which are at risk in its
// later draws in part only.
type running struct{ slot, row, less []float64 }

// run returns the sums of what each slot adds, and how much less of it its events have.
func (r *rows) run(of func(q int) (adds, less float64)) *running {
	slots := len(r.time)
	s := &running{slot: make([]float64, slots), less: make([]float64, slots)}
	adds := make([]float64, slots)
	var total sum
	for q, t := range r.time {
		if t < 0 {
			total = sum{}
			continue
		}
		more, less := of(q)
		total.add(more)
		adds[q], s.slot[q], s.less[q] = more, total.total(), -less
	}
	if r.from == nil {
		return s
	}
	s.row = make([]float64, r.n)
	part := make([]float64, slots)
	for level, rows := range r.spans {
		if len(rows) == 0 {
			continue
		}
		halves(slots, level, func(lo, mid, hi int) {
			total := 0.0
			for q := mid - 1; q >= lo; q-- {
				total += adds[q]
				part[q] = total
			}
			total = 0
			for q := mid; q < hi; q++ {
				total += adds[q]
				part[q] = total
			}
		})
		for _, i := range rows {
			if s.row[i] = part[r.at[i]]; level > 0 {
				s.row[i] += part[r.from[i]+1]
			}
		}
	}
	return s
}

// over returns the sum over the slots in which row i is at risk.
func (r *rows) over(s *running, i int) float64 {
	at := r.at[i]
	x := s.slot[at]
	if s.row != nil {
		x = s.row[i]
	}
	if r.event[i] {
		x += s.less[at]
	}
	return x
}

// hazard returns the running sum of g·hazard. A nil g is 1.
func (l *likelihood) hazard(g []float64) *running {
	return l.rows.run(func(q int) (adds, less float64) {
		if g != nil {
			return float64(g[q] * l.e1[q]), float64(g[q] * l.f1[q])
		}
		return l.e1[q], l.f1[q]
	})
}

// moments are sums over the events, each times the g of its slot: gradient that of the event's x less the mean of those
// at risk, information that of their covariance (lower triangle), scale the diagonal of
// the latter if the means were 0.
type moments struct{ gradient, information, scale []float64 }

// moments returns them; a nil g is 1 for every slot. They must not be changed.
func (l *likelihood) moments(g []float64) *moments {
	if g == nil && l.plain != nil {
		return l.plain
	}
	l.firsts()
	r := l.rows
	p := r.p
	hazard := l.hazard(g)
	gradients, squares := make([][]float64, mostParts), make([][]float64, mostParts)
	parts := r.chunks(func(part, lo, hi int) {
		gradient, square, scaled := make([]float64, p), make([]float64, p*p), make([]float64, p*gram.Block)
		var left, weight [gram.Block]float64
		for k := lo; k < hi; k++ {
			block := r.block[k*p*gram.Block:][:p*gram.Block]
			first := k * gram.Block
			clear(left[:])
			clear(weight[:])
			for i := range min(r.n-first, gram.Block) {
				row := first + i
				weight[i] = l.risk[row] * r.over(hazard, row)
				left[i] = -weight[i]
				if r.event[row] {
					w := r.weight[row]
					if g != nil {
						w *= g[r.at[row]]
					}
					left[i] += w
				}
			}
			gram.Dots(gradient, block, &left)
			gram.Scale(scaled, block, &weight, p)
			gram.Add(square, p, scaled, block, p)
		}
		gradients[part], squares[part] = gradient, square
	})
	m := &moments{gradient: make([]float64, p), information: make([]float64, p*p), scale: make([]float64, p)}
	for part := range parts {
		addTo(m.gradient, gradients[part])
		addTo(m.information, squares[part])
	}
	for j := range p {
		m.scale[j] = m.information[j*(p+1)]
	}
	for j, x := range l.means(g) {
		m.information[j] -= x
	}
	if g == nil {
		l.plain = m
	}
	return m
}

func addTo(dst, x []float64) {
	for i, v := range x {
		dst[i] += v
	}
}

// means returns Σ g·w̄·m·mᵀ over the draws of all slots, where m = (S1 - f·D1)/(S0 - f·D0). The draws of a
// slot add [S1 D1]·A·[S1 D1]ᵀ with a 2 by 2 matrix A, which takes two columns: those of its
// factor.
func (l *likelihood) means(g []float64) []float64 {
	r := l.rows
	p, slots := r.p, len(l.s0)
	blocks := (slots + gram.Block - 1) / gram.Block
	parts := r.parts(blocks)
	squares := make([][]float64, parts)
	parallel.Ranges(r.workers, blocks, parts, func(part, lo, hi int) {
		square := make([]float64, p*p)
		column, scaled := make([]float64, p*gram.Block), make([]float64, p*gram.Block)
		var weight, a, b, c [gram.Block]float64
		for k := lo; k < hi; k++ {
			first := k * gram.Block
			n := min(slots-first, gram.Block)
			clear(weight[:])
			tied := false
			for i := range n {
				q := first + i
				if weight[i] = 1; g != nil {
					weight[i] = g[q]
				}
				a[i], b[i], c[i] = math.Sqrt(l.e2[q]), 0, 0
				if a[i] > 0 && l.f2[q] > 0 {
					tied = true
					b[i] = -l.f2[q] / a[i]
					c[i] = math.Sqrt(max(0, l.g2[q]-float64(b[i]*b[i])))
				}
			}
			add := func() {
				gram.Scale(scaled, column, &weight, p)
				gram.Add(square, p, scaled, column, p)
			}
			clear(column)
			for j := range p {
				to, s1 := column[j*gram.Block:][:n], l.s1[j*slots+first:][:n]
				for i := range to {
					to[i] = float64(a[i] * s1[i])
				}
				if tied {
					for i, d1 := range l.d1[j*slots+first:][:n] {
						to[i] += float64(b[i] * d1)
					}
				}
			}
			add()
			if !tied {
				continue
			}
			for j := range p {
				to, d1 := column[j*gram.Block:][:n], l.d1[j*slots+first:][:n]
				for i := range to {
					to[i] = float64(c[i] * d1[i])
				}
			}
			add()
		}
		squares[part] = square
	})
	total := make([]float64, p*p)
	for _, square := range squares {
		addTo(total, square)
	}
	return total
}

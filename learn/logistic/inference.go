package logistic

import (
	"math"

	"github.com/clientele-go/clientele/internal/cholesky"
	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// finish writes what was found into the terms and the report.
func (f *fitting) finish(o *objective, s *solution, terms []Term) {
	r, rep := o.rows, &f.report
	rep.Iterations, rep.Stop, rep.Objective, rep.Gap = s.iterations, s.stop, s.total, s.gap
	rep.Deviance, rep.AIC = 2*s.loss, math.NaN()
	if f.o.Unpenalized && !f.o.Balanced {
		rep.AIC = rep.Deviance + float64(2*r.p)
	}
	for i := range terms {
		t := &terms[i]
		t.StdErr, t.OriginalStdErr, t.Z, t.P, t.VIF = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	// The intercept of the original scale is b[0] + Σ original·b.
	original := make([]float64, r.p)
	original[0] = 1
	for v, at := range r.term {
		t := &terms[at]
		t.Coefficient = s.b[v]
		t.Original = s.b[v] / t.Scale
		if t.Part == Line || t.Part == Hinge {
			original[v] = -t.Mean / t.Scale
		}
	}
	intercept := &terms[0]
	intercept.Original = cholesky.Dot(original, s.b)
	if o.l1 == 0 && !f.o.Balanced {
		f.errors(o, s, terms, original)
	}
	inflate(s.hessian, r, terms)
	intercept.Coefficient += rep.Shift
	intercept.Original += rep.Shift
	for i := range terms {
		terms[i].test()
	}
}

// errors sets the standard errors.
func (f *fitting) errors(o *objective, s *solution, terms []Term, original []float64) {
	p := o.rows.p
	l := o.newQuadratic(s.point).factor
	determined := true
	for v, variance := range inverseDiagonal(l, p) {
		if math.IsInf(l[v*(p+1)], 1) {
			determined = false
			continue
		}
		t := &terms[o.rows.term[v]]
		t.StdErr = math.Sqrt(variance)
		t.OriginalStdErr = t.StdErr / t.Scale
	}
	terms[0].OriginalStdErr = math.NaN()
	if determined {
		cholesky.Forward(l, p, original)
		terms[0].OriginalStdErr = math.Sqrt(cholesky.Dot(original, original))
	}
}

// inverseDiagonal returns the diagonal of the inverse of L·Lᵀ.
func inverseDiagonal(l []float64, p int) []float64 {
	diagonal := make([]float64, p)
	inverse := inverseFactor(l, p)
	for i := range p {
		for j, x := range inverse[i*p:][:i+1] {
			diagonal[j] += float64(x * x)
		}
	}
	return diagonal
}

// inverseFactor returns the inverse of L, lower triangular as well.
func inverseFactor(l []float64, p int) []float64 {
	inverse := make([]float64, p*p)
	for i := range p {
		row := inverse[i*p:][:i+1]
		for k, x := range l[i*p:][:i] {
			if x == 0 {
				continue
			}
			for j, y := range inverse[k*p:][:k+1] {
				row[j] -= float64(x * y)
			}
		}
		for j := range i {
			row[j] /= l[i*p+i]
		}
		row[i] = 1 / l[i*p+i]
	}
	return inverse
}

// inflate sets the variance inflation factors, from Fisher's information.
func inflate(information []float64, r *rows, terms []Term) {
	var kept []int // variables
	loose := map[string]bool{}
	for _, v := range r.inOrder() {
		t := &terms[r.term[v]]
		if t.Part == Level && !loose[t.Column] && r.all(t.Column, terms) {
			loose[t.Column] = true // the other levels determine it
			continue
		}
		kept = append(kept, v)
	}
	tied := map[string]bool{}
	for again := true; again; {
		again = false
		l := cholesky.Part(information, r.p, kept)
		var next []int
		drop := make([]bool, len(kept))
		cholesky.Factor(l, len(kept), nil, determined, func(j int) {
			drop[j], again = true, true
			tied[terms[r.term[kept[j]]].Column] = true
		})
		if !again {
			setInflation(information, r, terms, kept, inverseFactor(l, len(kept)), tied)
			return
		}
		for j, v := range kept {
			if !drop[j] {
				next = append(next, v)
			}
		}
		kept = next
	}
}

// all reports whether a category has a term for every value, so that one of them is
// determined by the others.
func (r *rows) all(column string, terms []Term) bool {
	sum := 0.0
	for i := range terms {
		if t := &terms[i]; t.Column == column && (t.Part == Level || t.Part == Missing) {
			sum += t.Mean
		}
	}
	return math.Abs(sum-1) < 1e-9
}

// setInflation sets the factors of the columns of the variables kept, of whose information
// the inverse of Cholesky's factor is given, but of those tied.
func setInflation(information []float64, r *rows, terms []Term, kept []int, inverse []float64, tied map[string]bool) {
	n := len(kept)
	for lo := 1; lo < n; {
		column := terms[r.term[kept[lo]]].Column
		hi := lo + 1
		for hi < n && terms[r.term[kept[hi]]].Column == column {
			hi++
		}
		k := hi - lo
		covariance := make([]float64, k*k) // of the coefficients
		partial := make([]float64, k*k)    // information given the intercept
		for i := range k {
			for j := range i + 1 {
				for q := lo + i; q < n; q++ {
					covariance[i*k+j] += inverse[q*n+lo+i] * inverse[q*n+lo+j]
				}
				u, v := kept[lo+i], kept[lo+j]
				partial[i*k+j] = information[max(u, v)*r.p+min(u, v)] - information[u*r.p]*information[v*r.p]/information[0]
			}
		}
		factor := math.Exp(logDeterminant(covariance, k) + logDeterminant(partial, k))
		if math.IsInf(factor, 1) {
			factor = math.NaN()
		}
		for i := range terms {
			if t := &terms[i]; t.Column == column && i > 0 && !tied[column] && !t.Aliased {
				t.VIF = factor
			}
		}
		lo = hi
	}
}

// logDeterminant is the logarithm of the determinant of a symmetric matrix of which a has
// the lower triangle, +Inf if that is not positive definite; a changes.
func logDeterminant(a []float64, k int) float64 {
	cholesky.Factor(a, k, nil, 0, nil)
	sum := 0.0
	for i := range k {
		sum += 2 * math.Log(a[i*(k+1)])
	}
	return sum
}

// newModel is the model of columns and terms.
func newModel(columns []table.Column, all []prepared, terms []Term, report Report) *Model {
	m := &Model{terms: terms, report: report, base: terms[0].Coefficient}
	at := 1
	for i := range columns {
		n := len(all[i].terms)
		m.add(feature.New(columns[i].Name, columns[i].Kind, all[i].levels), terms[at:][:n])
		at += n
	}
	return m
}

// add adds a column with its terms.
func (m *Model) add(of feature.Column, terms []Term) {
	c := column{Column: of, effect: make([]float64, len(of.Levels))}
	if c.Kind == table.Number {
		c.span = span{terms[0].Low, terms[0].High}
	}
	known := false
	for i := range terms {
		t := &terms[i]
		switch t.Part {
		case Level:
			c.effect[c.Code(t.Level)] = t.Coefficient
			c.typical += float64(t.Coefficient * t.Mean)
		case Missing:
			c.missing, known = t.Coefficient, true
			c.typical += float64(t.Coefficient * t.Mean)
		default:
			if t.Coefficient != 0 {
				c.bends = append(c.bends, newBend(t, t.Original))
			}
		}
	}
	if !known {
		c.missing = c.typical
	}
	m.base += c.typical
	m.columns = append(m.columns, c)
}

package logistic

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// modelVersion is the version of a model's JSON.
const modelVersion = 1

type modelJSON struct {
	Version int          `json:"version"`
	Kind    string       `json:"kind"`
	Columns []columnJSON `json:"columns"`
	Terms   []termJSON   `json:"terms"` // the intercept, then those of each column in order
	Report  reportJSON   `json:"report"`
}

type columnJSON struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Levels []string `json:"levels,omitempty"`
	// Low and High are both there where values are kept within them.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

// termJSON is a Term; what is NaN is left out.
type termJSON struct {
	Column      int      `json:"column"` // -1: the intercept
	Part        *Part    `json:"part"`
	Level       string   `json:"level,omitempty"`
	Knot        float64  `json:"knot,omitempty"`
	Mean        float64  `json:"mean"`
	Scale       float64  `json:"scale"`
	Coefficient float64  `json:"coefficient"`
	StdErr      *float64 `json:"std_err,omitempty"`
	// Original of the intercept; of other terms it is Coefficient/Scale.
	Original       *float64 `json:"original,omitempty"`
	OriginalStdErr *float64 `json:"original_std_err,omitempty"` // of the intercept
	VIF            *float64 `json:"vif,omitempty"`
	Aliased        bool     `json:"aliased,omitempty"`
}

type reportJSON struct {
	Rows         int      `json:"rows"`
	Weight       float64  `json:"weight"`
	Positive     float64  `json:"positive"`
	Iterations   int      `json:"iterations"`
	Stop         *Stop    `json:"stop"`
	Objective    float64  `json:"objective"`
	Gap          float64  `json:"gap"`
	Deviance     float64  `json:"deviance"`
	NullDeviance float64  `json:"null_deviance"`
	AIC          *float64 `json:"aic,omitempty"`
	Shift        float64  `json:"shift,omitempty"`
	Constant     []string `json:"constant,omitempty"`
}

// number is nil for NaN.
func number(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// orNaN is NaN for nil.
func orNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// MarshalJSON writes the model with its schema version; equal models give equal bytes.
func (m *Model) MarshalJSON() ([]byte, error) {
	j := modelJSON{Version: modelVersion, Kind: "logistic.Model", Terms: []termJSON{}}
	index := map[string]int{}
	for i := range m.columns {
		c := &m.columns[i]
		index[c.Name] = i
		to := columnJSON{Name: c.Name, Kind: c.Kind.String(), Levels: c.Levels}
		if c.Kind == table.Number && !math.IsInf(c.span.low, -1) {
			to.Low, to.High = &c.span.low, &c.span.high
		}
		j.Columns = append(j.Columns, to)
	}
	for i := range m.terms {
		t := &m.terms[i]
		to := termJSON{
			Column: -1, Part: &t.Part, Level: t.Level, Knot: t.Knot, Mean: t.Mean, Scale: t.Scale,
			Coefficient: t.Coefficient, StdErr: number(t.StdErr), VIF: number(t.VIF), Aliased: t.Aliased,
		}
		if t.Part == Intercept {
			to.Original, to.OriginalStdErr = number(t.Original), number(t.OriginalStdErr)
		} else {
			to.Column = index[t.Column]
		}
		j.Terms = append(j.Terms, to)
	}
	r := &m.report
	j.Report = reportJSON{
		r.Rows, r.Weight, r.Positive, r.Iterations, &r.Stop, r.Objective, r.Gap, r.Deviance, r.NullDeviance,
		number(r.AIC), r.Shift, r.Constant,
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Model that nobody uses yet. Anything
// that is not a model of a known version, or not consistent in itself, is an error, and m
// is unchanged.
func (m *Model) UnmarshalJSON(data []byte) error {
	var j modelJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("logistic: %w", err)
	}
	if j.Kind != "logistic.Model" || j.Version != modelVersion {
		return fmt.Errorf("logistic: not a logistic.Model of version %d", modelVersion)
	}
	if len(j.Terms) == 0 || j.Terms[0].Column != -1 {
		return errors.New("logistic: the first term is not the intercept")
	}
	if len(j.Terms) > MaxTerms {
		return fmt.Errorf("logistic: %d terms, want at most %d", len(j.Terms), MaxTerms)
	}
	var read Model
	for i := range j.Terms {
		t, err := j.Terms[i].term(j.Columns)
		if err != nil {
			return fmt.Errorf("logistic: term %d: %w", i, err)
		}
		read.terms = append(read.terms, t)
	}
	if err := j.Report.check(j.Columns); err != nil {
		return err
	}
	r := j.Report
	read.report = Report{
		r.Rows, r.Weight, r.Positive, r.Iterations, *r.Stop, r.Objective, r.Gap, r.Deviance, r.NullDeviance,
		orNaN(r.AIC), r.Shift, r.Constant,
	}
	read.base = read.terms[0].Coefficient
	var columns feature.Reader
	at := 1
	for i, c := range j.Columns {
		from := at
		for at < len(j.Terms) && j.Terms[at].Column == i {
			at++
		}
		column, err := columns.Read(c.Name, c.Kind, c.Levels)
		if err != nil {
			return fmt.Errorf("logistic: column %d %w", i, err)
		}
		if err := c.check(column.Kind, j.Terms[from:at]); err != nil {
			return fmt.Errorf("logistic: column %d: %w", i, err)
		}
		read.add(column, read.terms[from:at])
	}
	if at != len(j.Terms) {
		return errors.New("logistic: terms are not in the order of their columns")
	}
	*m = read
	return nil
}

// term checks a term by itself.
func (j *termJSON) term(columns []columnJSON) (Term, error) {
	if j.Part == nil {
		return Term{}, errors.New("no part")
	}
	part := *j.Part
	t := Term{
		Part: part, Level: j.Level, Knot: j.Knot, Mean: j.Mean, Scale: j.Scale, Coefficient: j.Coefficient,
		StdErr: orNaN(j.StdErr), Original: j.Coefficient / j.Scale, VIF: orNaN(j.VIF), Aliased: j.Aliased,
	}
	switch {
	case (part == Intercept) != (j.Column == -1), j.Column < -1 || j.Column >= len(columns):
		return t, errors.New("no such column")
	case (j.Original != nil || j.OriginalStdErr != nil) && part != Intercept, j.Original == nil && part == Intercept:
		return t, errors.New("original scale of the intercept alone")
	case j.Level != "" && part != Level, j.Knot != 0 && part != Hinge:
		return t, errors.New("level or knot of another part")
	case !(j.Scale > 0) || j.Scale != 1 && part != Line && part != Hinge:
		return t, errors.New("wrong scale")
	case (part == Level || part == Missing) && !(j.Mean >= 0 && j.Mean <= 1):
		return t, errors.New("wrong mean")
	case j.Aliased && (j.Coefficient != 0 || part == Intercept):
		return t, errors.New("aliased with a coefficient")
	case t.StdErr < 0 || orNaN(j.OriginalStdErr) < 0:
		return t, errors.New("negative standard error")
	case math.Abs(t.Coefficient) > largest || math.Abs(t.Knot) > largest || math.Abs(t.Mean) > largest || math.IsInf(t.Original, 0),
		!(math.Abs(t.Original)*max(math.Abs(t.Knot), math.Abs(t.Mean)) <= largest*largest):
		return t, errors.New("coefficient, knot or mean is too large")
	}
	t.OriginalStdErr = t.StdErr / t.Scale
	if part == Intercept {
		t.Original, t.OriginalStdErr = *j.Original, orNaN(j.OriginalStdErr)
	} else {
		t.Column = columns[j.Column].Name
	}
	if part == Line || part == Hinge {
		t.Low, t.High = math.Inf(-1), math.Inf(1)
		if c := columns[j.Column]; c.Low != nil && c.High != nil {
			t.Low, t.High = *c.Low, *c.High
		}
	}
	t.test()
	return t, nil
}

// check checks a column with its terms: a number has a line, then hinges with ascending
// knots; a category has levels in order, of which the first may have no term; either may
// have a mark of missing values at the end.
func (j *columnJSON) check(kind table.Kind, terms []termJSON) error {
	if (j.Low == nil) != (j.High == nil) || j.Low != nil && (kind != table.Number || !(-largest <= *j.Low && *j.Low < *j.High && *j.High <= largest)) {
		return errors.New("wrong bounds")
	}
	if n := len(terms); n > 0 && *terms[n-1].Part == Missing {
		terms = terms[:n-1]
	}
	if kind == table.Number {
		if len(terms) == 0 || *terms[0].Part != Line {
			return errors.New("a number without a line")
		}
		for i, t := range terms[1:] {
			if *t.Part != Hinge || i > 0 && t.Knot <= terms[i].Knot {
				return errors.New("hinges do not ascend")
			}
		}
		return nil
	}
	skip := len(j.Levels) - len(terms)
	if skip != 0 && (skip != 1 || len(j.Levels) == 0) {
		return errors.New("levels without terms")
	}
	for i, t := range terms {
		if *t.Part != Level || t.Level != j.Levels[skip+i] {
			return errors.New("terms of other levels")
		}
	}
	return nil
}

// check checks a report by itself.
func (j *reportJSON) check(columns []columnJSON) error {
	switch {
	case j.Stop == nil, j.Rows < 2 || j.Iterations < 1,
		!(j.Positive > 0 && j.Positive < j.Weight),
		j.Objective < 0 || j.Gap < 0 || j.Deviance < 0 || j.NullDeviance < 0:
		return errors.New("logistic: wrong report")
	}
	at := 0
	for _, c := range columns {
		if at < len(j.Constant) && c.Name == j.Constant[at] {
			at++
		}
	}
	if at < len(j.Constant) {
		return errors.New("logistic: constant columns are not of the model")
	}
	return nil
}

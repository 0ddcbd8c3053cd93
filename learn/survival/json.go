package survival

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// coxVersion is the version of a model's JSON.
const coxVersion = 1

type coxJSON struct {
	Version    int            `json:"version"`
	Kind       string         `json:"kind"`
	Ties       Ties           `json:"ties"`
	Columns    []columnJSON   `json:"columns"`
	Terms      []termJSON     `json:"terms"`      // those of each column in order
	Covariance []float64      `json:"covariance"` // lower triangle, row by row
	Baselines  []baselineJSON `json:"baselines"`
	Report     reportJSON     `json:"report"`
}

type columnJSON struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Levels []string `json:"levels,omitempty"`
}

// termJSON is what a Term has beside what its column and the covariance say.
type termJSON struct {
	Mean        float64 `json:"mean,omitempty"`
	Scale       float64 `json:"scale"`
	Coefficient float64 `json:"coefficient"`
	ModelStdErr float64 `json:"model_std_err,omitempty"` // of robust models
	Aliased     bool    `json:"aliased,omitempty"`
}

type baselineJSON struct {
	Stratum string    `json:"stratum"`
	Times   []float64 `json:"times"`
	Hazard  []float64 `json:"hazard"`
	End     float64   `json:"end"`
	LogRisk float64   `json:"log_risk,omitempty"`
}

type reportJSON struct {
	Rows              int      `json:"rows"`
	Weight            float64  `json:"weight"`
	Events            int      `json:"events"`
	Clusters          int      `json:"clusters,omitempty"`
	Iterations        int      `json:"iterations"`
	Stop              Stop     `json:"stop,omitzero"`
	Gap               float64  `json:"gap"`
	LogLikelihood     float64  `json:"log_likelihood"`
	NullLogLikelihood float64  `json:"null_log_likelihood"`
	LikelihoodRatio   float64  `json:"likelihood_ratio"`
	Wald              *float64 `json:"wald,omitempty"` // nil: NaN
	Score             float64  `json:"score"`
}

// MarshalJSON writes the model with its schema version; equal models give equal bytes. A model without
// standard errors (see Term.StdErr) is an error.
func (m *Cox) MarshalJSON() ([]byte, error) {
	j := coxJSON{
		Version: coxVersion, Kind: "survival.Cox", Ties: m.ties,
		Columns: []columnJSON{}, Terms: []termJSON{}, Covariance: []float64{},
	}
	for i := range m.columns {
		c := &m.columns[i]
		j.Columns = append(j.Columns, columnJSON{c.Name, c.Kind.String(), c.Levels})
	}
	p := len(m.terms)
	for i := range m.terms {
		t := &m.terms[i]
		to := termJSON{Mean: t.Mean, Scale: t.Scale, Coefficient: t.Coefficient, Aliased: t.Aliased}
		if !t.Aliased {
			if math.IsNaN(t.StdErr) {
				return nil, errors.New("survival: the fit of the model failed: it has no standard errors")
			}
			if m.report.Clusters > 0 {
				to.ModelStdErr = t.ModelStdErr
			}
		}
		j.Terms = append(j.Terms, to)
		j.Covariance = append(j.Covariance, m.covariance[i*p:][:i+1]...)
	}
	for _, b := range m.baselines {
		j.Baselines = append(j.Baselines, baselineJSON(b))
	}
	r := &m.report
	j.Report = reportJSON{
		r.Rows, r.Weight, r.Events, r.Clusters, r.Iterations, r.Stop, r.Gap, r.LogLikelihood, r.NullLogLikelihood,
		r.LikelihoodRatio.Statistic, nil, r.Score.Statistic,
	}
	if w := r.Wald.Statistic; !math.IsNaN(w) {
		j.Report.Wald = &w
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote, into a Cox that nobody uses yet. Anything
// that is not a model of a known version, or not consistent in itself, is an error, and m
// is unchanged.
func (m *Cox) UnmarshalJSON(data []byte) error {
	var j coxJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("survival: %w", err)
	}
	if j.Kind != "survival.Cox" || j.Version != coxVersion {
		return fmt.Errorf("survival: not a survival.Cox of version %d", coxVersion)
	}
	read := Cox{ties: j.Ties}
	if err := read.readTerms(&j); err != nil {
		return err
	}
	if err := read.readCovariance(j.Covariance, j.Report.Clusters > 0); err != nil {
		return err
	}
	if err := read.readBaselines(j.Baselines); err != nil {
		return err
	}
	if err := read.readReport(&j.Report); err != nil {
		return err
	}
	*m = read
	return nil
}

func (m *Cox) readTerms(j *coxJSON) error {
	if len(j.Terms) > MaxTerms {
		return fmt.Errorf("survival: %d terms, want at most %d", len(j.Terms), MaxTerms)
	}
	var r feature.Reader
	for i, from := range j.Columns {
		read, err := r.Read(from.Name, from.Kind, from.Levels)
		if err != nil {
			return fmt.Errorf("survival: column %d %w", i, err)
		}
		c := column{read, len(m.terms)}
		if c.term+c.terms() > len(j.Terms) {
			return fmt.Errorf("survival: column %d has too few terms", i)
		}
		for k := range c.terms() {
			t, err := j.Terms[c.term+k].term(&c, k)
			if err != nil {
				return fmt.Errorf("survival: term %d: %w", c.term+k, err)
			}
			m.terms = append(m.terms, t)
		}
		m.columns = append(m.columns, c)
	}
	if len(m.terms) != len(j.Terms) {
		return errors.New("survival: terms without columns")
	}
	return nil
}

// term checks a term by itself.
func (j *termJSON) term(c *column, k int) (Term, error) {
	t := Term{
		Column: c.Name, Mean: j.Mean, Scale: j.Scale, Coefficient: j.Coefficient, Aliased: j.Aliased,
		ModelStdErr: j.ModelStdErr,
	}
	switch {
	case c.Kind == table.Category && (j.Mean != 0 || j.Scale != 1):
		return t, errors.New("mean or scale of a level")
	case !(j.Scale > 0):
		return t, errors.New("wrong scale")
	case j.ModelStdErr < 0:
		return t, errors.New("negative standard error")
	case j.Aliased && (j.Coefficient != 0 || j.ModelStdErr != 0):
		return t, errors.New("aliased with a coefficient")
	case max(math.Abs(j.Mean), j.Scale, math.Abs(j.Coefficient), math.Abs(j.Mean*j.Coefficient)) > largest*largest:
		return t, errors.New("coefficient or mean is too large")
	}
	if c.Kind == table.Category {
		t.Level = c.Levels[k+1]
	}
	return t, nil
}

// readCovariance reads the lower triangle, whose diagonal has the standard errors.
func (m *Cox) readCovariance(triangle []float64, robust bool) error {
	p := len(m.terms)
	if len(triangle) != p*(p+1)/2 {
		return errors.New("survival: covariance of another size")
	}
	m.covariance = make([]float64, p*p)
	for i := range p {
		for j := range i + 1 {
			x := triangle[0]
			triangle = triangle[1:]
			if x != 0 && (m.terms[i].Aliased || m.terms[j].Aliased) {
				return errors.New("survival: covariance of an aliased term")
			}
			if i == j && x < 0 {
				return errors.New("survival: negative variance")
			}
			m.covariance[i*p+j], m.covariance[j*p+i] = x, x
		}
		t := &m.terms[i]
		t.StdErr = math.Sqrt(m.covariance[i*(p+1)])
		switch {
		case t.Aliased:
			t.StdErr, t.ModelStdErr = math.NaN(), math.NaN()
		case !robust:
			t.ModelStdErr = t.StdErr
		}
		t.test()
	}
	return nil
}

func (m *Cox) readBaselines(baselines []baselineJSON) error {
	if len(baselines) == 0 {
		return errors.New("survival: no baseline")
	}
	for i, b := range baselines {
		switch {
		case i > 0 && b.Stratum <= baselines[i-1].Stratum:
			return errors.New("survival: strata do not ascend")
		case len(b.Times) != len(b.Hazard):
			return fmt.Errorf("survival: baseline %d: lengths differ", i)
		case !(b.End >= 0) || len(b.Times) > 0 && (b.Times[0] < 0 || b.Times[len(b.Times)-1] > b.End || b.Hazard[0] < 0):
			return fmt.Errorf("survival: baseline %d: wrong times or hazard", i)
		case !slices.IsSorted(b.Hazard):
			return fmt.Errorf("survival: baseline %d: hazard falls", i)
		}
		for k := 1; k < len(b.Times); k++ {
			if b.Times[k] <= b.Times[k-1] {
				return fmt.Errorf("survival: baseline %d: times do not ascend", i)
			}
		}
		m.baselines = append(m.baselines, Baseline(b))
	}
	return nil
}

func (m *Cox) readReport(j *reportJSON) error {
	wald := math.NaN()
	if j.Wald != nil {
		wald = *j.Wald
	}
	switch {
	case j.Rows < 1 || j.Events < 1 || j.Events > j.Rows, j.Iterations < 0 || j.Clusters < 0 || j.Clusters > j.Rows,
		!(j.Weight > 0) || j.Gap < 0, j.LikelihoodRatio < 0 || wald < 0 || j.Score < 0:
		return errors.New("survival: wrong report")
	}
	df := 0
	for i := range m.terms {
		if !m.terms[i].Aliased {
			df++
		}
	}
	m.report = Report{
		Rows: j.Rows, Weight: j.Weight, Events: j.Events, Clusters: j.Clusters, Iterations: j.Iterations, Stop: j.Stop, Gap: j.Gap,
		LogLikelihood: j.LogLikelihood, NullLogLikelihood: j.NullLogLikelihood,
		LikelihoodRatio: newChiSquare(j.LikelihoodRatio, df), Wald: newChiSquare(wald, df), Score: newChiSquare(j.Score, df),
	}
	return nil
}

package cluster

import (
	"errors"
	"slices"

	"github.com/clientele-go/clientele/table"
)

// Model is a fitted clustering: how a row is prepared, where the groups lie, and what the
// rows of the fit looked like. Which group a row belongs to is a function of the model
// and the row alone.
//
// With bounds on shares the model holds a price for each group, which is added to
// squared distances before they are compared: the cheapest division within the bounds
// is one by such prices. Rows assigned later pay the same prices, and shares among them
// are what they are.
//
// The zero Model is for reading into: its other methods have nothing to tell, and what
// assigns rows returns an error. Safe for concurrent use.
type Model struct {
	method   Method
	features []feature // the columns that were not ignored, in the order of the table
	numbers  int       // Number columns among them
	k        int       // groups
	d, codes int       // prepared numbers and codes a row

	centers []float64 // as in solution, in canonical order
	means   []float64 // of the groups, d numbers each; shared with centers where leaf is nil
	leaf    []int32
	offset  []float64
	modes   [][]int32
	gamma   float64
	cutoff  float64
	trim    float64 // Trimmed: Options.Trim of the fit; 0: not known
	mixture *mixture

	prototypes *prototypes // of centers, modes and gamma
	tree       *hierarchy

	baseline baseline
	report   Report
}

// errZeroModel is returned where a zero Model should assign rows.
var errZeroModel = errors.New("cluster: the model is a zero one, neither fitted nor read")

// Feature is a column that a model needs. Safe for concurrent reads.
type Feature struct {
	Name string     // of the column
	Kind table.Kind // of the column
	// Levels has the levels of a Category column that rows of the fit had, ascending. Nil
	// for a Number column.
	Levels []string
}

// K is the number of groups.
func (m *Model) K() int { return m.k }

// Method is how the groups were found.
func (m *Model) Method() Method { return m.method }

// Report is how the fit went. It shares nothing with the model.
func (m *Model) Report() Report {
	r := m.report
	r.History, r.Starts = slices.Clone(r.History), slices.Clone(r.Starts)
	r.Constant, r.Imputed = slices.Clone(r.Constant), slices.Clone(r.Imputed)
	return r
}

// Features are the columns that the model needs, in the order that [Model.AssignRow]
// wants: those of the table of the fit that were not ignored.
func (m *Model) Features() []Feature {
	features := make([]Feature, len(m.features))
	for i := range m.features {
		f := &m.features[i]
		features[i] = Feature{Name: f.Name, Kind: f.kind()}
		if f.Category != nil {
			features[i].Levels = slices.Clone(f.Category.Levels)
		}
	}
	return features
}

// Centers are the centres of the groups: a number for each Number column of [Model.Features],
// in the units of the table. A centre is a mean of prepared values, taken back through the
// preparation: of a column with a Power that is not the mean of its values, of one with
// Winsorize that of the limited ones. They may serve as Options.Centers.
func (m *Model) Centers() [][]float64 {
	centers := make([][]float64, m.k)
	for g := range centers {
		mean := m.means[g*m.d:][:m.d]
		for i := range m.features {
			switch f := &m.features[i]; {
			case f.Number == nil:
			case f.Constant:
				centers[g] = append(centers[g], f.original(0))
			default:
				centers[g] = append(centers[g], f.original(mean[f.at]))
			}
		}
	}
	return centers
}

// complete sets what follows from the rest of the model.
func (m *Model) complete() {
	m.numbers = 0
	for i := range m.features {
		if m.features[i].Number != nil {
			m.numbers++
		}
	}
	if m.method != Prototypes {
		return
	}
	m.prototypes = &prototypes{centers: m.centers, modes: m.modes}
	for i := range m.features {
		if f := &m.features[i]; f.native >= 0 {
			m.prototypes.penalty = append(m.prototypes.penalty, m.gamma*(f.Prepare.Weight*f.Prepare.Weight))
		}
	}
}

// Report is how a fit went. A plain value: safe for concurrent reads.
type Report struct {
	Rows       int       `json:"rows"`                 // of the fit
	Weight     float64   `json:"weight"`               // sum of the weights
	Iterations int       `json:"iterations"`           // passes over all rows
	Stop       Stop      `json:"stopped"`              // why it ended
	Inertia    float64   `json:"inertia"`              // weighted sum of the squared distances of rows to their centres; outliers left out (Prototypes: with the costs of categories; Ward: to the means of their groups)
	History    []float64 `json:"history,omitempty"`    // Inertia after each pass; Mixture: the mean log-likelihood
	Sample     int       `json:"sample,omitempty"`     // rows on which starts were tried
	Starts     []float64 `json:"starts,omitempty"`     // Inertia that each start came to on the sample
	Repaired   int       `json:"repaired,omitempty"`   // how often a group without rows got the farthest ones
	Constant   []string  `json:"constant,omitempty"`   // columns with one value, which take no part
	Imputed    []Imputed `json:"imputed,omitempty"`    // columns with missing values
	Gamma      float64   `json:"gamma,omitempty"`      // Prototypes: what a differing category cost
	Outliers   int       `json:"outliers,omitempty"`   // Trimmed: rows left out
	Likelihood float64   `json:"likelihood,omitempty"` // Mixture: log-likelihood of all rows
	BIC        float64   `json:"bic,omitempty"`        // Mixture: -2·Likelihood + parameters·ln(Weight); smaller is better
}

// Imputed counts the missing values of a column. A plain value: safe for concurrent reads.
type Imputed struct {
	Column string `json:"column"` // its name
	Rows   int    `json:"rows"`   // without a value
}

// Assignment is the groups of rows, in the order of the table. A plain value: safe for
// concurrent reads.
type Assignment struct {
	// Labels has the group of each row, 0 to K-1. Outliers too have their nearest. They
	// are int32, half the memory of int, which [Assigned] has for its one.
	Labels []int32
	// Distances has the squared distance of each row to the centre of its group in
	// prepared numbers, with Gamma times the cost of differing categories (Prototypes);
	// Ward: to the nearest micro-cluster; Mixture: the squared Mahalanobis distance.
	Distances []float64
	// Outliers tells the rows beyond the cutoff of a Trimmed model. Nil: the model has none.
	Outliers []bool
}

// Result is a model with the groups of the rows it was fitted on, which are those that
// [Assign] gives them. A plain value: safe for concurrent reads.
type Result struct {
	Model *Model
	Assignment
}

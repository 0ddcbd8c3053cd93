// Package churnbench compares package churn and the learners below it with their peers:
// features of raw events with pandas, logistic regression with scikit-learn.
package churnbench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const (
	libraryName = "clientele"
	pandasName  = "pandas"
)

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Events, Customers int    // of the features
	Rows              int    // of the large regression
	Python            string // interpreter that has the peers; "": look for one
}

//go:embed churn.py
var program string

// request is one line to churn.py, reply one line from it.
type request struct {
	Do string `json:"do"`

	Cutoff   int      `json:"cutoff,omitempty"`
	Channels []string `json:"channels,omitempty"`
	Columns  []string `json:"columns,omitempty"`
	Head     int      `json:"head,omitempty"`

	Rows      string  `json:"rows,omitempty"`
	Labels    string  `json:"labels,omitempty"`
	D         int     `json:"d,omitempty"`
	Solver    string  `json:"solver,omitempty"`
	Tolerance float64 `json:"tolerance,omitempty"`
}

type reply struct {
	harness.Reply

	Objective  float64
	Iterations int
}

func newPython(peer, packages, interpreter string) *harness.Python {
	return &harness.Python{Program: program, Args: []string{peer}, Needs: peer, Packages: packages, Interpreter: interpreter}
}

// Run measures all tasks and writes their table.
func Run(ctx context.Context, s *harness.Session, table io.Writer, o Options) (err error) {
	pandas, sklearn := newPython("pandas", "python3-pandas", o.Python), newPython("sklearn", "python3-sklearn", o.Python)
	defer func() { err = errors.Join(err, pandas.Close(), sklearn.Close()) }()
	if err := featureTask(ctx, s, pandas, o); err != nil {
		return err
	}
	if err := logisticTasks(ctx, s, sklearn, o); err != nil {
		return err
	}
	s.Report(table)
	return nil
}

// About is the introduction of the table: what is timed, and how.
func About(o Options) string {
	return fmt.Sprintf(`Features: %d events (purchases, refunds, contacts with the service) of %d customers over two years, in columns in memory and
in order of time, become a row a customer with %d columns at one cut-off. clientele's time includes sorting the events into a log
and making all of its columns, more than those; pandas has integer keys and makes those alone. All values of 50,000 customers are compared, of the
others the sums.

Logistic regression: standardised columns, an L2 penalty of 1, as many threads as cores. The objective of every run is compared with
ours to 1e-9 of it; tolerances of scikit-learn's solvers are the largest powers of ten with which it is.
`, o.Events, o.Customers, len(compared))
}

// Package learnbench compares the learners of trees and of time to leave with their peers:
// gradient boosting with scikit-learn and XGBoost, survival with R.
package learnbench

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
	sklearnName = "scikit-learn"
	xgboostName = "XGBoost"
)

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Rows   int    // of the largest fits
	Python string // interpreter that has the peers; "": look for one
}

//go:embed learn.py
var program string

//go:embed survival.R
var survivalProgram string

// request is one line to a peer, reply one line from it.
type request struct {
	Do   string `json:"do"`
	Task string `json:"task"`
	Form string `json:"form,omitempty"`
	D    int    `json:"d,omitempty"` // columns
}

type reply struct {
	harness.Reply

	Objective float64
}

func newPython(peer, packages, interpreter string) *harness.Python {
	return &harness.Python{
		Program: program, Args: []string{peer}, Needs: "sklearn, " + peer, Packages: packages, Interpreter: interpreter,
	}
}

func newR() *harness.R {
	return &harness.R{Program: survivalProgram, Needs: "survival", Packages: "r-base-core r-cran-survival"}
}

// suite is what the tasks share.
type suite struct {
	session          *harness.Session
	table            io.Writer
	options          Options
	sklearn, xgboost *harness.Python
	r                *harness.R
}

// Run measures all tasks and writes their table.
func Run(ctx context.Context, s *harness.Session, table io.Writer, o Options) (err error) {
	u := &suite{
		session: s, table: table, options: o,
		sklearn: newPython("sklearn", "python3-sklearn", o.Python),
		xgboost: newPython("xgboost", "python3-xgboost python3-sklearn", o.Python),
		r:       newR(),
	}
	defer func() { err = errors.Join(err, u.sklearn.Close(), u.xgboost.Close(), u.r.Close()) }()
	for _, tasks := range []func(context.Context) error{u.boosting, u.row, u.contributions, u.survival, u.telco} {
		if err := tasks(ctx); err != nil {
			return err
		}
	}
	s.Report(table)
	return nil
}

// peer makes a way to do a task of a child.
func peer[A any](name string, c *harness.Child, r request, open func(ctx context.Context) error, result func(reply) (A, error)) *harness.Way[A] {
	call := func(do string) (got reply, err error) {
		r.Do = do
		err = c.Call(r, &got)
		return got, err
	}
	return &harness.Way[A]{
		Label: name, Child: c,
		Before: func(ctx context.Context) error {
			if err := open(ctx); err != nil {
				return err
			}
			_, err := call("prepare")
			return err
		},
		Do: func(context.Context) (harness.Cost, error) {
			got, err := call("run")
			return got.Cost(), err
		},
		Result: func() (answer A, err error) {
			got, err := call("answer")
			if err != nil {
				return answer, err
			}
			return result(got)
		},
	}
}

// About is the introduction of the table: what is timed, and how.
func About() string {
	return fmt.Sprintf(`Boosting: rows of %d numbers in memory, in float64, become a model of %d trees of %d leaves: learning rate 0.1, %d bins, an L2
penalty of 1, the leaf that gains most divided next, at least 20 rows a leaf (of XGBoost, which knows no rows: a hessian of 5, 20 times
at most 1/4), as many threads as cores. Bins are part of the time. The area under the ROC curve on %d other rows has to be within
0.001 of ours, of fewer than 16,000 rows that times √(16,000/rows). Our target is at most XGBoost's time by 1.5, which is its 0.667.

One row: rows one by one through %d trees, and TreeSHAP, what each column adds to the score of each row: both on the very trees that XGBoost
has fitted, which clientele reads. Scores and contributions differ by at most 1e-4, since XGBoost's are of single precision.
scikit-learn has trees of its own there, of the same size and nearly as they are.

Survival: rows of 10 numbers, times in whole days, half of them events. R is given its data in memory; coxph is what people call,
coxph.fit what it calls after it has read its formula. R has one thread and clientele as many as cores: beside coxph.fit it takes as much
CPU, and is ahead by its second thread alone. Coefficients and standard errors are those of ours to 1e-6, concordance and curves with
their standard errors and intervals to 1e-9.

Telco: the logistic regression of %d customers, numbers to be standardised and codes of categories to be spread over columns; the objective is
ours to 1e-7 of it, as near as lbfgs comes. clientele also puts the customers in the order of their ids, which are texts.
`, columns, trees, leaves, bins, held, trees, telcoRows)
}

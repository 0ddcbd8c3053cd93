package learnbench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/learn/survival"
	"github.com/clientele-go/clientele/table"
)

// covariates is the number of columns of the Cox regression.
const covariates = 10

// lives is rows with the days that they lasted, about half of them to an event.
type lives struct {
	n     int
	table *table.Table[int]
	data  survival.Data
}

// fill draws the rows: three of the columns count, and half of the rows are censored.
func (l *lives) fill() {
	n := l.n
	r := rand.New(rand.NewPCG(uint64(n), covariates))
	l.table = &table.Table[int]{}
	logRisk := make([]float64, n)
	for j := range covariates {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
			logRisk[i] += x[i] * max(0, 0.3-0.1*float64(j))
		}
		l.table.Columns = append(l.table.Columns, table.NumberColumn("x"+strconv.Itoa(j), x...))
	}
	for i := range n {
		end, stop := r.ExpFloat64()*300/math.Exp(logRisk[i]), r.Float64()*600
		l.data.Exit, l.data.Event = append(l.data.Exit, math.Ceil(min(end, stop))), append(l.data.Event, end <= stop)
	}
}

// write puts the rows where R finds them.
func (l *lives) write(dir string) error {
	event, columns := make([]float64, len(l.data.Event)), [][]float64{}
	for i, code := range codes(l.data.Event) {
		event[i] = float64(code)
	}
	for _, c := range l.table.Columns {
		columns = append(columns, c.Num)
	}
	if err := harness.Column(dir, "exit", l.data.Exit); err != nil {
		return err
	}
	if err := harness.Column(dir, "event", event); err != nil {
		return err
	}
	return harness.Column(dir, "columns", columns...)
}

// lasting is a job about lives: how we do it, what it gives, and what does it in R.
type lasting struct {
	name      string
	run       func(ctx context.Context) error
	values    func() []float64
	tolerance float64
	peers     []string // calls in R
	target    bool     // to be quicker than those
}

func (l *lives) jobs() []lasting {
	var cox *survival.Cox
	var agreement survival.Agreement
	var curves []survival.Curve
	return []lasting{
		{
			fmt.Sprintf("learn: Cox regression, %d x %d, ties by Efron", l.n, covariates),
			func(ctx context.Context) (err error) {
				cox, err = survival.FitCox(ctx, l.table, &l.data, nil)
				return err
			},
			func() (values []float64) {
				terms := cox.Terms()
				for _, t := range terms {
					values = append(values, t.Coefficient)
				}
				for _, t := range terms {
					values = append(values, t.StdErr)
				}
				return values
			},
			1e-6,
			[]string{"coxph", "coxph.fit"},
			true,
		},
		{
			fmt.Sprintf("learn: concordance of %d rows", l.n),
			func(context.Context) (err error) {
				agreement, err = survival.Concordance(&l.data, l.table.Columns[0].Num)
				return err
			},
			func() []float64 { return []float64{agreement.C, agreement.StdErr} },
			1e-9,
			[]string{"concordance"},
			false,
		},
		{
			fmt.Sprintf("learn: Kaplan-Meier curve of %d rows", l.n),
			func(context.Context) (err error) {
				curves, err = survival.KaplanMeier(&l.data, 0.95)
				return err
			},
			func() []float64 {
				var curve, low, high []float64
				for _, s := range curves[0].Steps {
					curve, low, high = append(curve, s.Survival), append(low, s.Low), append(high, s.High)
				}
				return append(append(curve, low...), high...)
			},
			1e-9,
			[]string{"survfit"},
			false,
		},
	}
}

func (u *suite) survival(ctx context.Context) error {
	l := &lives{n: u.options.Rows}
	written := false
	open := func(ctx context.Context) error {
		if err := u.r.Open(ctx); err != nil || written {
			return err
		}
		written = true
		return l.write(u.r.Dir)
	}
	for _, job := range l.jobs() {
		if !u.session.Wants(job.name) {
			continue
		}
		if l.table == nil {
			l.fill()
		}
		ours := &harness.Way[[]float64]{
			Label: libraryName,
			Do: func(ctx context.Context) (harness.Cost, error) {
				return harness.Clock(func() error { return job.run(ctx) })
			},
			Result: func() ([]float64, error) { return job.values(), nil },
		}
		task := &harness.Task[[]float64]{Name: job.name, Peers: []harness.Peer[[]float64]{ours}, Compare: job.compare}
		for _, name := range job.peers {
			w := peer("survival, "+name, &u.r.Child, request{Task: name}, open, func(reply) ([]float64, error) {
				return harness.ReadColumn[float64](u.r.Dir, "values")
			})
			task.Peers = append(task.Peers, w)
			if job.target {
				task.Targets = append(task.Targets, harness.Target{Peer: w.Label, Ratio: 1})
			}
		}
		if err := harness.Measure(ctx, u.session, task); err != nil {
			return err
		}
	}
	return nil
}

// compare wants the same values, missing ones in the same places.
func (j *lasting) compare(want, got []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("got %d values, want %d", len(got), len(want))
	}
	for i, x := range want {
		if math.IsNaN(x) != math.IsNaN(got[i]) || math.Abs(x-got[i]) > j.tolerance {
			return fmt.Errorf("value %d is %.12g, want %.12g", i, got[i], x)
		}
	}
	return nil
}

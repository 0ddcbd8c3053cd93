package learnbench

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/learn/logistic"
	"github.com/clientele-go/clientele/table"
)

// telcoRows is four fifths of the customers of the Telco data.
const telcoRows = 5634

// telcoData is the data set.
const telcoData = "churn-telco/Telco-Customer-Churn.csv.gz"

// readTelco returns the customers whose index is no multiple of five, and who of them left. A
// blank number is 0.
func readTelco() (t *table.Table[string], left []bool, err error) {
	path, ok := dataset.Find(telcoData)
	if !ok {
		return nil, nil, fs.ErrNotExist
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, err
	}
	records, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, nil, err
	}
	t = &table.Table[string]{Compare: cmp.Compare[string]}
	for c, name := range records[0] {
		var texts []string
		for i, record := range records[1:] {
			if i%5 != 0 {
				texts = append(texts, record[c])
			}
		}
		switch name {
		case "customerID":
			t.IDs = texts
		case "Churn":
			for _, text := range texts {
				left = append(left, text == "Yes")
			}
		case "tenure", "MonthlyCharges", "TotalCharges":
			values := make([]float64, len(texts))
			for i, text := range texts {
				if text = strings.TrimSpace(text); text == "" {
					continue
				}
				if values[i], err = strconv.ParseFloat(text, 64); err != nil {
					return nil, nil, err
				}
			}
			t.Columns = append(t.Columns, table.NumberColumn(name, values...))
		default:
			t.Columns = append(t.Columns, table.CategoryColumn(name, texts...))
		}
	}
	if len(left) != telcoRows {
		return nil, nil, fmt.Errorf("%s has %d rows, want %d", telcoData, len(left), telcoRows)
	}
	return t, left, nil
}

// telco has the time of one fit, of as many as 50 ms have room for.
func (u *suite) telco(ctx context.Context) error {
	name := fmt.Sprintf("learn: logistic regression, Telco, %d customers", telcoRows)
	if !u.session.Wants(name) {
		return nil
	}
	t, left, err := readTelco()
	if errors.Is(err, fs.ErrNotExist) {
		u.session.LeaveOut(name, "no file "+telcoData+" in ../../shared/data or the folder that CLIENTELE_DATA names")
		return nil
	} else if err != nil {
		return err
	}
	var m *logistic.Model
	ours := &harness.Way[float64]{
		Label: libraryName,
		Do: func(ctx context.Context) (harness.Cost, error) {
			return harness.Repeat(50*time.Millisecond, func() (err error) {
				m, err = logistic.Fit(ctx, t, left, nil)
				return err
			})
		},
		Result: func() (float64, error) { return m.Report().Objective, nil },
	}
	p := u.sklearn
	open := func(ctx context.Context) error {
		if err := p.Open(ctx, nil); err != nil {
			return err
		}
		var numbers, categories [][]float64
		for _, c := range t.Columns {
			if c.Num != nil {
				numbers = append(numbers, c.Num)
				continue
			}
			codes := make([]float64, len(c.Code))
			for i, code := range c.Code {
				codes[i] = float64(code)
			}
			categories = append(categories, codes)
		}
		if err := harness.Column(p.Dir, "columns", append(numbers, categories...)...); err != nil {
			return err
		}
		return harness.Column(p.Dir, "labels", codes(left))
	}
	task := &harness.Task[float64]{
		Name: name, Peers: []harness.Peer[float64]{ours},
		Compare: func(want, got float64) error {
			if math.Abs(got-want) > 1e-7*want {
				return fmt.Errorf("objective %.12g, want %.12g", got, want)
			}
			return nil
		},
	}
	for _, solver := range []string{"newton-cholesky", "lbfgs"} {
		w := peer("scikit-learn, "+solver, &p.Child, request{Task: "telco", Form: solver}, open, func(r reply) (float64, error) {
			return r.Objective, nil
		})
		task.Peers = append(task.Peers, w)
		task.Targets = append(task.Targets, harness.Target{Peer: w.Label, Ratio: 1})
	}
	return harness.Measure(ctx, u.session, task)
}

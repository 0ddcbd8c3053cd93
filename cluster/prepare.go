package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// largest bounds numbers, before and after preparation, so that the squares of all rows
// can be added up.
const largest = 1e100

// largestCost bounds what a differing category costs beside squared distances.
const largestCost = largest * largest

// largestCoding is the number of levels that are coded one-hot at most.
const largestCoding = 1000

var (
	errManyLevels = fmt.Errorf("cluster: more than %d levels, too many for indicators: ignore the column, or use Prototypes", largestCoding)
	errPrepared   = fmt.Errorf("%w once prepared, by Power, Scale or Weight", ErrTooLarge)
	errCostly     = fmt.Errorf("%w: Gamma times the square of Weight", ErrTooLarge)
	errCollapsed  = errors.New("cluster: the prepared numbers are all equal: Weight is too small, or they are too large for Power")
)

// learner learns the preparation of columns.
type learner struct {
	options  *Options
	original []table.Column // as the caller gave them, for the rows of faults
	weights  []float64      // of the rows in canonical order; nil: 1 each
	features []feature
	sources  []source
	imputed  []Imputed
	constant []string
	faults   []error
}

// learn prepares every column that is not ignored. The columns are in canonical order.
func (l *learner) learn(ctx context.Context, columns []table.Column) error {
	for i := range columns {
		p := l.options.preparation(columns[i].Name)
		if p.Ignore {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f := feature{Name: columns[i].Name, Prepare: p}
		var powered []float64
		if columns[i].Kind == table.Number {
			f.Number = &number{}
			powered = l.number(&f, i, columns[i].Num)
		} else {
			f.Category = &category{}
			l.category(&f, i, &columns[i])
		}
		s := f.source(&columns[i])
		s.powered = powered
		l.features, l.sources = append(l.features, f), append(l.sources, s)
		if f.Constant {
			l.constant = append(l.constant, f.Name)
		}
	}
	if len(l.faults) > 0 {
		return errors.Join(l.faults...)
	}
	if d, codes := place(l.features, l.options.Method); d+codes == 0 {
		return ErrNoColumns
	}
	return nil
}

// fault is an error of column i and, if bad is not nil, of its rows for which that is
// true.
func (l *learner) fault(i int, err error, bad func(row int) bool) {
	f := &table.Fault{Column: l.original[i].Name, Index: i, Row: -1, Err: err}
	for row := range l.original[i].Len() {
		if bad != nil && bad(row) {
			count(f, row)
		}
	}
	l.faults = append(l.faults, f)
}

// count adds a row to a fault; rows come in ascending order.
func count(f *table.Fault, row int) {
	if f.Count == 0 {
		f.Row = row
	}
	f.Count++
}

// number learns a Number column. It returns the values after the power, if it needed them.
func (l *learner) number(f *feature, i int, values []float64) (powered []float64) {
	workers, learned := l.options.Workers, f.Number
	m := momentsOf(workers, values, l.weights)
	switch {
	case m.lo > m.hi || m.gaps > 0 && f.Prepare.Missing == Refuse:
		l.fault(i, ErrMissing, l.original[i].Missing)
		return nil
	case m.least < -largest || m.most > largest:
		l.fault(i, ErrTooLarge, func(row int) bool { return math.Abs(l.original[i].Num[row]) > largest })
		return nil
	}
	var sorted ranked
	impute := f.Prepare.Missing != Refuse
	if f.Prepare.Winsorize > 0 || f.Prepare.Scale == Robust || impute {
		sorted = rank(workers, values, l.weights)
	}
	if impute {
		fill := sorted.median()
		learned.Fill = &fill
	}
	if m.gaps > 0 {
		l.imputed = append(l.imputed, Imputed{Column: f.Name, Rows: m.gaps})
		l.flag(f, i, values)
	}
	if p := f.Prepare.Winsorize; p > 0 {
		learned.Limits = &[2]float64{sorted.quantile(p), sorted.quantile(1 - p)}
	}
	if f.Prepare.Power == YeoJohnson {
		learned.Lambda = 1
		learned.Lambda = yeoJohnsonLambda(workers, l.powered(f, values), l.weights)
	}
	if learned.Limits != nil || f.Prepare.Power != Identity {
		powered = l.powered(f, values)
		m = momentsOf(workers, powered, l.weights)
	}
	deviation := math.Sqrt(m.variance())
	learned.affine = affine{m.mean, 0}
	switch {
	case m.lo == m.hi || deviation == 0:
		f.Constant = true
		return nil
	case f.Prepare.Scale == Unscaled:
		learned.affine = affine{0, f.Prepare.Weight}
	default:
		learned.Factor = f.Prepare.Weight / deviation
		if f.Prepare.Scale == Robust {
			sorted = sorted.through(f.power)
			if spread := sorted.quantile(0.75) - sorted.quantile(0.25); spread > 0 {
				learned.affine = affine{sorted.median(), f.Prepare.Weight / spread}
			}
		}
	}
	switch low, high := learned.of(m.least), learned.of(m.most); {
	case learned.Factor == 0 || low == high:
		l.fault(i, errCollapsed, nil)
	case !(low >= -largest && high <= largest):
		l.fault(i, errPrepared, func(row int) bool { return !(math.Abs(f.value(l.original[i].Num[row])) <= largest) })
	}
	return powered
}

// powered are the values after Winsorize and Power.
func (l *learner) powered(f *feature, values []float64) []float64 {
	powered := make([]float64, len(values))
	l.each(len(values), func(row int) { powered[row] = f.power(values[row]) })
	return powered
}

// flag learns the feature that tells missing values.
func (l *learner) flag(f *feature, i int, values []float64) {
	if f.Prepare.Missing != ImputeFlag {
		return
	}
	flags := make([]float64, len(values))
	for row, x := range values {
		if math.IsNaN(x) {
			flags[row] = 1
		}
	}
	m := momentsOf(l.options.Workers, flags, l.weights)
	switch {
	case m.lo == m.hi:
	case f.Prepare.Scale == Unscaled:
		f.Flag = &affine{0, f.Prepare.Weight}
	default:
		f.Flag = &affine{m.mean, f.Prepare.Weight / math.Sqrt(m.variance())}
		if beyond(largest)(f.flag(true)) || beyond(largest)(f.flag(false)) {
			l.fault(i, errPrepared, l.original[i].Missing)
		}
	}
}

// each calls g for each of n rows on several goroutines.
func (l *learner) each(n int, g func(row int)) {
	workers := parallel.Workers(l.options.Workers)
	parallel.Ranges(workers, n, workers, func(_, lo, hi int) {
		for row := lo; row < hi; row++ {
			g(row)
		}
	})
}

func (l *learner) category(f *feature, i int, column *table.Column) {
	learned := f.Category
	weight := make([]float64, len(column.Levels))
	rows := make([]int, len(column.Levels))
	gaps := 0
	for row, code := range column.Code {
		if code < 0 {
			gaps++
			continue
		}
		rows[code]++
		if l.weights == nil {
			weight[code]++
		} else {
			weight[code] += l.weights[row]
		}
	}
	if gaps == len(column.Code) || gaps > 0 && f.Prepare.Missing == Refuse {
		l.fault(i, ErrMissing, l.original[i].Missing)
		return
	}
	order := make([]int, len(column.Levels))
	for code := range order {
		order[code] = code
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(column.Levels[a], column.Levels[b]) })
	heaviest, fill := -1.0, int32(0)
	for _, code := range order {
		if rows[code] == 0 {
			continue
		}
		if weight[code] > heaviest {
			heaviest, fill = weight[code], int32(len(learned.Levels))
		}
		learned.Levels = append(learned.Levels, column.Levels[code])
	}
	learned.indexLevels()
	f.Constant = len(learned.Levels) == 1
	if l.options.Method != Prototypes && len(learned.Levels) > largestCoding {
		l.fault(i, errManyLevels, nil)
	}
	if l.options.Gamma*(f.Prepare.Weight*f.Prepare.Weight) > largestCost {
		l.fault(i, errCostly, nil)
	}
	if f.Prepare.Missing != Refuse {
		learned.Fill = &fill
	}
	if gaps > 0 {
		l.imputed = append(l.imputed, Imputed{Column: f.Name, Rows: gaps})
		if f.Prepare.Missing == ImputeFlag {
			f.Flag = &affine{0, f.one()}
		}
	}
}

// fill prepares n rows of the sources.
func (l *learner) fill(ctx context.Context, n int) (*rows, error) {
	d, codes := place(l.features, l.options.Method)
	r := newRows(n, d)
	if r.weight = l.weights; r.weight != nil {
		r.total = 0
		for _, w := range r.weight {
			r.total += w
		}
	}
	for i := range l.features {
		if f := &l.features[i]; f.native >= 0 {
			r.levels = append(r.levels, len(f.Category.Levels))
			r.costs = append(r.costs, f.Prepare.Weight*f.Prepare.Weight)
			r.codes = append(r.codes, make([]int32, n))
		}
	}
	parallel.For(parallel.Workers(l.options.Workers), (n+chunkRows-1)/chunkRows, func(chunk int) {
		if ctx.Err() != nil {
			return
		}
		part := make([][]int32, codes)
		for lo := chunk * chunkRows; lo < min((chunk+1)*chunkRows, n); lo += nearest.Block {
			hi := min(lo+nearest.Block, n)
			for c := range part {
				part[c] = r.codes[c][lo:hi]
			}
			prepareBlock(l.features, l.sources, r.block(lo/nearest.Block), part, lo, hi)
		}
	})
	return r, ctx.Err()
}

// prepareCenters are starting points, which are valid, in prepared numbers.
func (l *learner) prepareCenters(centers [][]float64, d int) ([][]float64, error) {
	if centers == nil {
		return nil, nil
	}
	prepared := make([][]float64, len(centers))
	for i, center := range centers {
		prepared[i] = make([]float64, 0, d)
		for j := range l.features {
			f := &l.features[j]
			if !f.Constant {
				prepared[i] = append(prepared[i], f.value(center[j]))
			}
			if f.Flag != nil {
				prepared[i] = append(prepared[i], f.flag(false))
			}
		}
		for _, x := range prepared[i] {
			if !(math.Abs(x) <= largest) {
				return nil, fmt.Errorf("cluster: Options.Centers[%d]: %w", i, ErrTooLarge)
			}
		}
	}
	return prepared, nil
}

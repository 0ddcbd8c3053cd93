package rfm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/parallel"
)

// An Analysis is the customers of one as-of date with their scores, and the
// model that gave them. It is immutable: safe for concurrent reads.
type Analysis[K comparable] struct {
	Model     *Model
	Customers []Customer[K] // sorted by id
	Report    Report        // what became of the transactions; zero for a ready table
	compare   func(a, b K) int
}

// Analyze reads transactions in any order and scores their customers. AsOf and
// Location of opts are required. Ids of a kind without a natural order
// (structs) are an error: use [NewAccumulator] with a compare function for
// them. Faults of single transactions are counted in the report; errors are a
// joined error for options, ErrNoCustomers, ErrOverflow and that of the context.
//
// Cost: O(transactions) and O(n log n) in the n customers, on several
// goroutines. The result depends neither on the order of the transactions nor
// on the number of goroutines.
func Analyze[K comparable](ctx context.Context, transactions iter.Seq[Transaction[K]], opts *Options) (*Analysis[K], error) {
	a, err := newBounded[K](opts)
	if err != nil {
		return nil, err
	}
	var c Columns[K]
	flush := func() error {
		if err := a.AddColumns(ctx, c); err != nil {
			return err
		}
		c.Customers, c.Times, c.Amounts = c.Customers[:0], c.Times[:0], c.Amounts[:0]
		c.Orders, c.Kinds = c.Orders[:0], c.Kinds[:0]
		if a.options.Progress != nil {
			a.options.Progress(a.report.Rows, -1)
		}
		return nil
	}
	for t := range transactions {
		c.Customers = append(c.Customers, t.Customer)
		c.Times = append(c.Times, civil.Unix(t.Time))
		c.Amounts = append(c.Amounts, t.Amount)
		c.Orders = append(c.Orders, t.Order)
		c.Kinds = append(c.Kinds, t.Kind)
		if c.Len() == 1<<16 {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	c = Columns[K]{}
	return a.Analyze(ctx, time.Time{})
}

// AnalyzeColumns is [Analyze] over columns, the fastest way from transactions
// in memory to scores.
func AnalyzeColumns[K comparable](ctx context.Context, c Columns[K], opts *Options) (*Analysis[K], error) {
	a, err := newBounded[K](opts)
	if err != nil {
		return nil, err
	}
	if err := a.addColumns(ctx, c, a.options.Progress); err != nil {
		return nil, err
	}
	return a.Analyze(ctx, time.Time{})
}

// newBounded is an accumulator for one as-of date.
func newBounded[K comparable](opts *Options) (*Accumulator[K], error) {
	a, err := NewAccumulator[K](nil, opts)
	if opts.orDefault().AsOf.IsZero() {
		err = errors.Join(fmt.Errorf("%w: Options.AsOf is required", ErrOptions), err)
	}
	return a, err
}

// Analyze scores the customers as of the local day of asOf, the zero time
// being Options.AsOf. The accumulator can go on, as after [Accumulator.Customers].
func (a *Accumulator[K]) Analyze(ctx context.Context, asOf time.Time) (*Analysis[K], error) {
	a.scatters = nil
	customers, report, err := a.Customers(asOf)
	if err != nil {
		return nil, err
	}
	o := a.options
	if !asOf.IsZero() {
		o.AsOf = asOf
	}
	return analyze(ctx, customers, report, a.order.compare, &o)
}

// AnalyzeCustomers scores a ready customer table, given in any order and left
// as it is; its Values and Revenue are used. compare is as in [NewAccumulator].
// AsOf and Location of opts are not needed. Errors are those of [Fit]; an id
// given twice is a [*CustomerError] too.
func AnalyzeCustomers[K comparable](ctx context.Context, customers []Customer[K], compare func(a, b K) int, opts *Options) (*Analysis[K], error) {
	rows, order, err := arrange(customers, compare, opts.orDefault().Workers)
	if err != nil {
		return nil, err
	}
	if err := checkTotal(rows); err != nil {
		return nil, err
	}
	return analyze(ctx, rows, Report{}, order.compare, opts)
}

// Apply scores a customer table with a model learnt elsewhere, such as last
// month's, so that scores of two dates can be compared: what moves then is the
// customers, not the thresholds. The table is left as it is; compare and errors
// are as in [AnalyzeCustomers]; it is an error if there are none. A customer whom an [NTile] model would cut from
// its equals is scored by value.
func Apply[K comparable](m *Model, customers []Customer[K], compare func(a, b K) int) (*Analysis[K], error) {
	rows, order, err := arrange(customers, compare, 0)
	if err != nil {
		return nil, err
	}
	if err := checkTotal(rows); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNoCustomers
	}
	for i := range rows {
		rows[i].Scores = m.Score(rows[i].Values)
	}
	return &Analysis[K]{Model: m, Customers: rows, compare: order.compare}, nil
}

// arrange checks a ready table and returns a copy sorted by id.
func arrange[K comparable](customers []Customer[K], compare func(a, b K) int, workers int) ([]Customer[K], order[K], error) {
	ids, err := newOrder(compare)
	if err != nil {
		return nil, ids, err
	}
	fault := func(row int, field, fault string) ([]Customer[K], order[K], error) {
		return nil, ids, &CustomerError{Row: row, Field: field, Reason: fault}
	}
	for i := range customers {
		c := &customers[i]
		if field := c.fault(); field != "" {
			return fault(i, field, outOfRange)
		}
		if ids.missing(c.ID) {
			return fault(i, "id", "missing")
		}
	}
	rows := slices.Clone(customers)
	parallel.SortFunc(parallel.Workers(workers), rows, byID(ids.compare))
	for i := 1; i < len(rows); i++ {
		if rows[i].ID == rows[i-1].ID {
			return fault(lastIndex(customers, rows[i].ID), "id", "given twice")
		}
	}
	return rows, ids, nil
}

func byID[K comparable](compare func(a, b K) int) func(x, y Customer[K]) int {
	return func(x, y Customer[K]) int { return compare(x.ID, y.ID) }
}

func lastIndex[K comparable](customers []Customer[K], id K) int {
	for i, c := range slices.Backward(customers) {
		if c.ID == id {
			return i
		}
	}
	return -1
}

// checkTotal makes sure that the revenue of all customers can be added up.
func checkTotal[K comparable](rows []Customer[K]) error {
	var total uint64
	for i := range rows {
		size := uint64(max(rows[i].Revenue, -rows[i].Revenue))
		var carry uint64
		if total, carry = bits.Add64(total, size, 0); carry != 0 || total > 1<<63-1 {
			return fmt.Errorf("%w: the revenue of all customers together", ErrOverflow)
		}
	}
	return nil
}

// analyze scores rows, sorted by id, whose revenue can be added up, in place.
func analyze[K comparable](ctx context.Context, rows []Customer[K], report Report, compare func(a, b K) int, opts *Options) (*Analysis[K], error) {
	model, err := fit(ctx, rows, opts)
	if err != nil {
		return nil, err
	}
	return &Analysis[K]{Model: model, Customers: rows, Report: report, compare: compare}, nil
}

// Find returns the customer with the given id, not to be written to. Cost:
// O(log n), or O(n) in an analysis that was read back from JSON.
func (a *Analysis[K]) Find(id K) (customer *Customer[K], ok bool) {
	if a.compare == nil {
		i := lastIndex(a.Customers, id)
		if i < 0 {
			return nil, false
		}
		return &a.Customers[i], true
	}
	i, ok := slices.BinarySearchFunc(a.Customers, id, func(c Customer[K], id K) int { return a.compare(c.ID, id) })
	if !ok {
		return nil, false
	}
	return &a.Customers[i], true
}

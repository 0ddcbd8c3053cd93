// Package rfmbench compares package rfm with its peers: invoice lines in
// columns in memory become a scored customer table in memory, each customer
// with whole days since the last line as of a date in UTC, with the number of
// lines or of distinct orders, the sum of money, and a score 1 to 5 of each.
package rfmbench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/rfm"
)

const bins = rfm.DefaultBins

// A job is what is to be done with the lines of a shop. It is a plain value:
// safe for concurrent reads.
type job struct {
	frequency  rfm.FrequencyUnit // Lines or Orders
	textIDs    bool              // customers are strings, else int64
	textOrders bool              // orders are strings, else int64
	ntile      bool              // scores are NTILE(5), else by mid-rank
}

func (j job) String() string {
	parts := []string{j.frequency.String(), "int64 ids"}
	if j.textIDs {
		parts[1] = "string ids"
	}
	if j.textOrders {
		parts = append(parts, "string orders")
	}
	if j.ntile {
		parts = append(parts, "ntile")
	}
	return strings.Join(parts, ", ")
}

// jobs are done on a shop with as many customers as asked for; the first few
// also on one with a tenth of them.
var jobs = []job{
	{frequency: rfm.Lines},
	{frequency: rfm.Lines, textIDs: true},
	{frequency: rfm.Orders},
	{frequency: rfm.Orders, textIDs: true},
	{frequency: rfm.Orders, textIDs: true, textOrders: true},
	{frequency: rfm.Lines, ntile: true},
	{frequency: rfm.Orders, ntile: true},
}

const jobsOfFewCustomers = 4

// Options say how large a comparison is. It is a plain value: safe for concurrent reads.
type Options struct {
	Lines     int    // invoice lines
	Customers int    // at most Lines
	Python    string // interpreter that has pandas; "": look for one
}

// Run measures all jobs.
func Run(ctx context.Context, s *harness.Session, o Options) error {
	if err := run(ctx, s, o, o.Customers, jobs); err != nil {
		return err
	}
	return run(ctx, s, o, o.Customers/10, jobs[:jobsOfFewCustomers])
}

func run(ctx context.Context, s *harness.Session, o Options, customers int, jobs []job) (err error) {
	name := func(j job) string { return fmt.Sprintf("rfm: %v, %s customers", j, short(customers)) }
	wanted := false
	for _, j := range jobs {
		wanted = wanted || s.Wants(name(j))
	}
	if !wanted {
		return nil
	}
	shop, err := newShop(o.Lines, customers)
	if err != nil {
		return err
	}
	duck := &duckDB{shop: shop}
	defer func() { err = errors.Join(err, duck.close()) }()
	python := newPython(shop, o.Python)
	defer func() { err = errors.Join(err, python.Close()) }()
	for _, j := range jobs {
		task := harness.Task[*answer]{
			Name:    name(j),
			Targets: []harness.Target{{Peer: duckDBName, Ratio: 1.5}, {Peer: pandasName, Ratio: 4}},
			Compare: compareRows,
		}
		if j.ntile {
			task.Compare = compareGroups
		}
		if j.textIDs {
			task.Peers = append(task.Peers, &library[string]{job: j, shop: shop, ids: shop.customerText, number: numberOf})
		} else {
			task.Peers = append(task.Peers, &library[int64]{job: j, shop: shop, ids: shop.customerNumbers, number: itself})
		}
		task.Peers = append(task.Peers, &duckDBPeer{job: j, duckDB: duck})
		if !j.textIDs {
			task.Peers = append(task.Peers, &duckDBPeer{job: j, duckDB: duck, narrow: true})
		}
		task.Peers = append(task.Peers, &pandasPeer{job: j, python: python})
		if j.textIDs {
			task.Peers = append(task.Peers, &pandasPeer{job: j, python: python, coded: true})
		}
		switch {
		case j.ntile:
		case j.textOrders:
			task.Peers = append(task.Peers, &goMap[string, string]{job: j, shop: shop, ids: shop.customerText, orders: shop.orderText, number: numberOf})
		case j.textIDs:
			task.Peers = append(task.Peers, &goMap[string, int64]{job: j, shop: shop, ids: shop.customerText, orders: shop.orderNumbers, number: numberOf})
		default:
			task.Peers = append(task.Peers, &goMap[int64, int64]{job: j, shop: shop, ids: shop.customerNumbers, orders: shop.orderNumbers, number: itself})
		}
		if err := harness.Measure(ctx, s, &task); err != nil {
			return err
		}
	}
	return nil
}

func itself(id int64) (int64, error) { return id, nil }

// numberOf is the number of a customer such as C00000042.
func numberOf(id string) (int64, error) { return strconv.ParseInt(strings.TrimPrefix(id, "C"), 10, 64) }

// short writes 1000000 as 1M.
func short(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// About is the introduction of the table: what is timed, and how.
func About(o Options) string {
	return fmt.Sprintf(`%s invoice lines in columns in memory, ordered by time, become a scored customer table in memory: for each
customer the whole days since the last line as of a date in UTC, the number of lines or of distinct orders, the sum of
money, and a score 1 to 5 of each. The score is by mid-rank, 1 + floor(5 (below + equal/2) / customers), or in the
tasks "ntile" SQL's NTILE(5), where ties may fall on either side. The answer of every run is compared before its
time counts.

clientele also sorts the table by id and fits a model; no peer does. DuckDB has its own table in memory, as many
threads as cores, and creates the result as a table; "32-bit columns" narrows all four columns before the clock
starts. pandas uses one thread; equal strings share an object, "coded ids" are categories made before the clock
starts. "Go map" is plain Go on one goroutine.
`, short(o.Lines))
}

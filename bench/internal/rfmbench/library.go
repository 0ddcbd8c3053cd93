package rfmbench

import (
	"context"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/rfm"
)

// library is package rfm as a peer.
type library[K comparable] struct {
	job    job
	shop   *shop
	ids    func() []K
	number func(K) (int64, error)

	columns rfm.Columns[K]
	result  *rfm.Analysis[K]
}

func (p *library[K]) Name() string    { return "clientele" }
func (p *library[K]) Version() string { return "" }

func (p *library[K]) Prepare(context.Context) error {
	p.columns = columnsOf(p.job, p.shop, p.ids())
	return nil
}

func columnsOf[K comparable](j job, s *shop, ids []K) rfm.Columns[K] {
	c := rfm.Columns[K]{Customers: ids, Times: s.unix, Amounts: s.amount}
	if j.textOrders {
		c.Orders = s.orderText()
	} else {
		c.OrderNumbers = s.order
	}
	return c
}

func (j job) options() *rfm.Options {
	o := &rfm.Options{AsOf: asOf, Location: time.UTC, Frequency: j.frequency}
	if j.ntile {
		o.Binning.Mode = rfm.NTile
	}
	return o
}

func (p *library[K]) Run(ctx context.Context) (harness.Cost, error) {
	return harness.Clock(func() (err error) {
		p.result, err = rfm.AnalyzeColumns(ctx, p.columns, p.job.options())
		return err
	})
}

func (p *library[K]) Answer(context.Context) (*answer, error) {
	a := newAnswer(p.shop.customers)
	for i := range p.result.Customers {
		c := &p.result.Customers[i]
		n, err := p.number(c.ID)
		if err != nil {
			return nil, err
		}
		if err := a.set(n, int64(c.Recency), int64(c.Frequency), c.Revenue, [3]int64{int64(c.Scores.R), int64(c.Scores.F), int64(c.Scores.M)}); err != nil {
			return nil, err
		}
	}
	p.result = nil
	return a, nil
}

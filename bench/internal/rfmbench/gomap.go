package rfmbench

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/rfm"
)

// goMap is the plain Go of an afternoon: one goroutine and a map.
type goMap[K, O comparable] struct {
	job    job
	shop   *shop
	ids    func() []K
	orders func() []O
	number func(K) (int64, error)

	table []scored[K]
}

type sums struct{ last, frequency, money int64 }

type scored[K comparable] struct {
	id     K
	values [3]int64 // recency, frequency, monetary
	scores [3]int64
}

func (p *goMap[K, O]) Name() string    { return "Go map" }
func (p *goMap[K, O]) Version() string { return "" }

func (p *goMap[K, O]) Prepare(context.Context) error { return nil }

func (p *goMap[K, O]) Run(context.Context) (harness.Cost, error) {
	ids, orders := p.ids(), p.orders()
	return harness.Clock(func() error {
		p.table = p.score(p.sum(ids, orders))
		return nil
	})
}

func (p *goMap[K, O]) sum(ids []K, orders []O) map[K]*sums {
	type placed struct {
		id    K
		order O
	}
	byID := map[K]*sums{}
	seen := map[placed]struct{}{}
	for i, id := range ids {
		s := byID[id]
		if s == nil {
			s = new(sums)
			byID[id] = s
		}
		s.last = max(s.last, p.shop.unix[i])
		s.money += p.shop.amount[i]
		if p.job.frequency == rfm.Orders {
			key := placed{id, orders[i]}
			if _, ok := seen[key]; ok {
				continue
			}
			seen[key] = struct{}{}
		}
		s.frequency++
	}
	return byID
}

func (p *goMap[K, O]) score(byID map[K]*sums) []scored[K] {
	table := make([]scored[K], 0, len(byID))
	for id, s := range byID {
		table = append(table, scored[K]{id: id, values: [3]int64{asOfDay - s.last/86400, s.frequency, s.money}})
	}
	for d := range 3 {
		sign := int64(1)
		if d == 0 {
			sign = -1 // fewer days are better
		}
		values := make([]int64, len(table))
		for i := range table {
			values[i] = sign * table[i].values[d]
		}
		slices.Sort(values)
		// cuts[k] is the least value of score k+2.
		var cuts []int64
		n := len(values)
		for lo := 0; lo < n; {
			hi := lo + 1
			for hi < n && values[hi] == values[lo] {
				hi++
			}
			for len(cuts) < bins*(lo+hi)/(2*n) {
				cuts = append(cuts, values[lo])
			}
			lo = hi
		}
		for i := range table {
			t := &table[i]
			t.scores[d] = 1
			for _, c := range cuts {
				if sign*t.values[d] >= c {
					t.scores[d]++
				}
			}
		}
	}
	return table
}

func (p *goMap[K, O]) Answer(context.Context) (*answer, error) {
	a := newAnswer(p.shop.customers)
	for i := range p.table {
		t := &p.table[i]
		n, err := p.number(t.id)
		if err != nil {
			return nil, err
		}
		if err := a.set(n, t.values[0], t.values[1], t.values[2], t.scores); err != nil {
			return nil, err
		}
	}
	p.table = nil
	return a, nil
}

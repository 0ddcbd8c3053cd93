package profile

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// benched are aggregations of most kinds of state.
func benched(days int) []*aggregation {
	var list []*aggregation
	for _, c := range []struct {
		of   Aggregate
		kind customer.Kind
	}{
		{Count, customer.KindUnset},
		{Sum, customer.KindDecimal},
		{Average, customer.KindInt64},
		{First, customer.KindTime},
		{Last, customer.KindText},
		{Max, customer.KindDecimal},
		{Distinct, customer.KindText},
		{Top, customer.KindText},
		{Quantile, customer.KindInt64},
		{Share, customer.KindBool},
	} {
		list = append(list, &aggregation{
			Computed: &Computed{Of: c.of, Quantile: 0.5, Window: Window{Days: days}}, kind: c.kind, loc: time.UTC,
		})
	}
	return list
}

// benchedOccurrences are n of an aggregation, some hours apart.
func benchedOccurrences(a *aggregation, n int, hours int64) []occurrence {
	r := rand.New(rand.NewPCG(18, 19))
	all := make([]occurrence, n)
	for i := range all {
		all[i] = on(a.loc, int64(i)*hours*3600e6)
		all[i].id = "evidence"
		all[i].value = valuesOfKind[a.kind](r)
	}
	return all
}

// BenchmarkState measures adding an occurrence, taking in a state of 10, and asking that.
func BenchmarkState(b *testing.B) {
	for _, days := range []int{0, 90} {
		for _, a := range benched(days) {
			name := fmt.Sprintf("%s in %d days", a.name(), days)
			all := benchedOccurrences(a, 1000, 5)
			b.Run("add/"+name, func(b *testing.B) {
				b.ReportAllocs()
				s, i := a.fresh(), 0
				for b.Loop() {
					if i == len(all) {
						s, i = a.fresh(), 0
					}
					s.add(&all[i])
					i++
				}
			})
			few := a.fresh()
			for i := range all[:10] {
				few.add(&all[i])
			}
			b.Run("merge/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					a.fresh().merge(few)
				}
			})
			at := askedAt(a.loc, all[10].time)
			b.Run("result/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					few.result(at)
				}
			})
		}
	}
}

// BenchmarkStates measures what a customer costs: 20 computed traits, half of them in a
// window, of 10 events, asked once.
func BenchmarkStates(b *testing.B) {
	list := append(benched(0), benched(60)...)
	var all [][]occurrence
	for _, a := range list {
		all = append(all, benchedOccurrences(a, 10, 50))
	}
	at := askedAt(time.UTC, all[0][9].time)
	b.ReportAllocs()
	for b.Loop() {
		for i, a := range list {
			s := a.fresh()
			for j := range all[i] {
				s.add(&all[i][j])
			}
			s.result(at)
			s.next(at)
		}
	}
}

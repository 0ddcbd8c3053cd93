package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// manyOccurrences are n in a window of 8,000 hours, ascending, some at the same time.
func manyOccurrences(a *aggregation, n int) []occurrence {
	all := make([]occurrence, n)
	for i := range all {
		all[i] = on(a.loc, 1e15+int64(i/3)*(8000*3600e6/int64(n)))
		all[i].id = strconv.Itoa(i)
		all[i].value = customer.TextValue(fmt.Sprintf("%07d", i-i%2))
		all[i].by, all[i].ends = customer.Int64Value(int64(i/2)), i%2 == 1
	}
	return all
}

// manyOrders are ways in which occurrences may come.
var manyOrders = map[string]func(all []occurrence){
	"descending": slices.Reverse[[]occurrence],
	"shuffled": func(all []occurrence) {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	},
	"from the middle": func(all []occurrence) {
		was, n := slices.Clone(all), len(all)/2
		for i := range n {
			all[2*i], all[2*i+1] = was[n-1-i], was[n+i]
		}
	},
}

func manyStates() map[string]*aggregation {
	hours := Window{Hours: 8000}
	return map[string]*aggregation{
		"count":    {Computed: &Computed{Of: Count, Window: hours}},
		"first":    {Computed: &Computed{Of: First, Window: hours}, kind: customer.KindText},
		"retained": {Computed: &Computed{Of: Count, Window: hours}, retention: 300},
		"days":     {Computed: &Computed{Of: Top, Window: Window{Days: 300}}, kind: customer.KindText},
		"top":      {Computed: &Computed{Of: Top}, kind: customer.KindText},
		"affinity": {Computed: &Computed{Of: Affinity}, kind: customer.KindText},
		"pair":     {Computed: &Computed{Of: Average, Pair: &Pair{}, Window: hours}},
	}
}

// However many occurrences come, and in whatever order, the state is the same, also where
// they come by way of others that were not asked.
func TestStateOfManyInAnyOrder(t *testing.T) {
	for name, a := range manyStates() {
		a.loc = time.UTC
		all := manyOccurrences(a, 1000)
		want := a.fresh()
		for i := range all {
			want.add(&all[i])
		}
		for order, change := range manyOrders {
			t.Run(name+" "+order, func(t *testing.T) {
				some := slices.Clone(all)
				change(some)
				whole, parts := a.fresh(), [3]state{a.fresh(), a.fresh(), a.fresh()}
				for i := range some {
					whole.add(&some[i])
					parts[min(i/10, 2)].add(&some[i])
				}
				parts[0].merge(parts[2])
				parts[0].merge(parts[1])
				at := askedAt(a.loc, all[999].time)
				require.Equal(t, want.result(at), whole.result(at))
				require.Equal(t, want.next(at), parts[0].next(at))
				require.Equal(t, stateBytes(want), stateBytes(whole))
				require.Equal(t, stateBytes(want), stateBytes(parts[0]))
			})
		}
	}
}

// No order makes adding the square of the number. The bound is far above what it takes, and
// far below what that would.
func TestStateOfManyQuickly(t *testing.T) {
	race.Skip(t)
	for name, a := range manyStates() {
		a.loc = time.UTC
		all := manyOccurrences(a, 50_000)
		t.Run(name+" descending", func(t *testing.T) {
			begin := time.Now()
			s := a.fresh()
			for i := range all {
				s.add(&all[len(all)-1-i])
			}
			s.result(askedAt(a.loc, all[len(all)-1].time))
			require.Less(t, time.Since(begin), time.Minute)
		})
		t.Run(name+" merged", func(t *testing.T) {
			begin := time.Now()
			s := a.fresh()
			for i := len(all); i > 0; i -= 10 {
				part := a.fresh()
				for j := i - 10; j < i; j++ {
					part.add(&all[j])
				}
				s.merge(part)
			}
			require.Less(t, time.Since(begin), time.Minute)
		})
	}
}

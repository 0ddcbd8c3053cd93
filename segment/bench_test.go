package segment

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/simd"
)

const million = 1_000_000

// benchRows makes n customers with the tags of a shop, uniformly at random.
func benchRows(n int) ([]customer.ID, []Column) {
	rng := rand.New(rand.NewPCG(1, 1))
	ids := make([]customer.ID, n)
	flag := func(share float64) []bool {
		col := make([]bool, n)
		for i := range col {
			col[i] = rng.Float64() < share
		}
		return col
	}
	levels := make([]string, 50)
	for i := range levels {
		levels[i] = fmt.Sprintf("country %d", i)
	}
	country, spend, last := make([]int32, n), make([]int64, n), make([]int64, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
		country[i], spend[i] = rng.Int32N(50), rng.Int64N(1<<20)
		last[i] = 1_735_689_600 + rng.Int64N(365)*86400
	}
	return ids, []Column{
		{Tag: "vip", Bools: flag(.1)},
		{Tag: "blocked", Bools: flag(.01)},
		{Tag: "optin", Bools: flag(.5)},
		{Tag: "country", Codes: country, Levels: levels},
		{Tag: "spend", Ints: spend},
		{Tag: "last", Ints: last},
	}
}

var benchTags = []Tag{
	{Name: "vip", Kind: Flag},
	{Name: "blocked", Kind: Flag},
	{Name: "optin", Kind: Flag},
	{Name: "country", Kind: Enum},
	{Name: "spend", Kind: Integer},
	{Name: "last", Kind: Time},
}

// benchIndex is an index of 10 million customers.
var benchIndex = sync.OnceValue(func() *Index {
	ix, err := New(&Options{Tags: benchTags})
	if err != nil {
		panic(err)
	}
	ids, columns := benchRows(10 * million)
	if err := ix.Load(context.Background(), time.Time{}, ids, columns); err != nil {
		panic(err)
	}
	return ix
})

func BenchmarkLoad(b *testing.B) {
	ids, columns := benchRows(million)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				ix, err := New(&Options{Tags: benchTags, Workers: workers})
				require.NoError(b, err)
				require.NoError(b, ix.Load(b.Context(), time.Time{}, ids, columns))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/row")
		})
	}
}

func BenchmarkApply(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	ix := benchIndex()
	for _, size := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(2, 2))
			for b.Loop() {
				var batch Batch
				for range size {
					batch.Set(customer.FromInt64(rng.Int64N(10*million)), "spend", customer.Int64Value(rng.Int64N(1<<20)))
				}
				require.NoError(b, ix.Apply(b.Context(), &batch))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/write")
		})
	}
}

func BenchmarkCount(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	s := benchIndex().Snapshot()
	start := time.Unix(1_735_689_600, 0)
	for name, r := range map[string]Rule{
		"two flags":   And(IsTrue("vip"), IsTrue("optin")),
		"three":       And(IsTrue("vip"), IsTrue("optin"), IsTrue("blocked")),
		"between":     Between("spend", 100_000, 700_000),
		"five":        And(IsTrue("optin"), Not(IsTrue("blocked")), In("country", "country 1", "country 7", "country 9"), Gt("spend", 300_000), IsSet("last")),
		"or of mixed": Or(IsTrue("vip"), And(IsTrue("optin"), Eq("country", "country 7")), Lt("last", start.AddDate(0, 0, 30))),
	} {
		for _, on := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/assembly=%t", name, on), func(b *testing.B) {
				defer simd.SetAssembly(simd.SetAssembly(on))
				for b.Loop() {
					_, err := s.Count(b.Context(), Query{Rule: r, Workers: 1})
					require.NoError(b, err)
				}
			})
		}
	}
	runtime.KeepAlive(s)
}

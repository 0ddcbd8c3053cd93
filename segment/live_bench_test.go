//go:build unix

package segment

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// The bench of live segments: 100 tags of all kinds, 1,000 rules of two to four conditions, a fifth of them on time.
var (
	liveBenchTags = func() (tags []Tag) {
		for i := range 100 {
			kind := []Kind{Flag, Flag, Flag, Enum, Enum, Enum, Integer, Integer, Integer, Time}[i%10]
			switch i {
			case 17, 37:
				kind = Float
			case 55, 75, 95:
				kind = Labels
			}
			tags = append(tags, Tag{Name: fmt.Sprintf("tag%d", i), Kind: kind})
		}
		return tags
	}()
	liveBenchAt = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
)

func liveBenchValue(rng *rand.Rand, t Tag) customer.Value {
	switch t.Kind {
	case Flag:
		return customer.BoolValue(rng.IntN(4) == 0)
	case Enum:
		return customer.TextValue(fmt.Sprintf("value %d", rng.IntN(40)))
	case Labels:
		return customer.LabelsValue(fmt.Sprintf("l%d", rng.IntN(20)), fmt.Sprintf("l%d", rng.IntN(20)))
	case Integer:
		return customer.Int64Value(rng.Int64N(10_000))
	case Float:
		return customer.Float64Value(rng.Float64())
	}
	return customer.TimeValue(liveBenchAt.Add(-time.Duration(rng.Int64N(400*86400)) * time.Second))
}

func liveBenchRule(rng *rand.Rand) Rule {
	condition := func() Rule {
		t := pick(rng, liveBenchTags...)
		switch t.Kind {
		case Flag:
			return IsTrue(t.Name)
		case Enum:
			return In(t.Name, fmt.Sprintf("value %d", rng.IntN(40)), fmt.Sprintf("value %d", rng.IntN(40)))
		case Labels:
			return Has(t.Name, fmt.Sprintf("l%d", rng.IntN(20)))
		case Integer:
			return Ge(t.Name, rng.IntN(10_000))
		case Float:
			return Lt(t.Name, rng.Float64())
		}
		return Within(t.Name, pick(rng, Days(7), Days(30), Days(90), Hours(24), Hours(720)))
	}
	parts := make([]Rule, 2+rng.IntN(3))
	for i := range parts {
		parts[i] = condition()
	}
	switch rng.IntN(4) {
	case 0:
		return Or(parts...)
	case 1:
		return And(parts[0], Not(Or(parts[1:]...)))
	}
	return And(parts...)
}

func liveBenchDefinitions() []Definition {
	rng := rand.New(rand.NewPCG(9, 9))
	defs := make([]Definition, 1000)
	for i := range defs {
		defs[i] = Definition{Name: fmt.Sprintf("segment %d", i), Rule: liveBenchRule(rng)}
	}
	return defs
}

var liveBenchIndex = sync.OnceValue(func() *Index {
	const n = million
	ix, err := New(&Options{Tags: liveBenchTags, Workers: 1})
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(10, 10))
	ids := make([]customer.ID, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	for _, t := range liveBenchTags {
		c := Column{Tag: t.Name}
		switch t.Kind {
		case Flag:
			c.Bools = make([]bool, n)
			for i := range n {
				c.Bools[i] = rng.IntN(4) == 0
			}
		case Enum:
			for v := range 40 {
				c.Levels = append(c.Levels, fmt.Sprintf("value %d", v))
			}
			c.Codes = make([]int32, n)
			for i := range n {
				c.Codes[i] = rng.Int32N(40)
			}
		case Labels:
			c.Lists = make([][]string, n)
			for i := range n {
				c.Lists[i] = []string{fmt.Sprintf("l%d", rng.IntN(20))}
			}
		case Float:
			c.Floats = make([]float64, n)
			for i := range n {
				c.Floats[i] = rng.Float64()
			}
		case Integer:
			c.Ints = make([]int64, n)
			for i := range n {
				c.Ints[i] = rng.Int64N(10_000)
			}
		case Time:
			c.Ints = make([]int64, n)
			for i := range n {
				c.Ints[i] = liveBenchAt.Unix() - rng.Int64N(400*86400)
			}
		}
		if err := ix.Load(context.Background(), time.Time{}, ids, []Column{c}); err != nil {
			panic(err)
		}
	}
	return ix
})

var liveBench = sync.OnceValue(func() *Live {
	l, err := NewLive(liveBenchIndex(), &LiveOptions{At: liveBenchAt, Location: time.UTC, Definitions: liveBenchDefinitions(), Workers: 1})
	if err != nil {
		panic(err)
	}
	return l
})

// cpuTime returns the processor time of the program so far, which a busy machine does not change.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// liveBenchWrite writes as a shop does: half of the writes count something up, a quarter says when something was last
// done, the others give a flag, an enum, labels or a float another value. If random, all values are drawn anew, so that a
// number meets all rules on its way.
func liveBenchWrite(rng *rand.Rand, b *Batch, at time.Time, random bool) {
	want := [...]Kind{Integer, Integer, Time, 0}[rng.IntN(4)]
	t := pick(rng, liveBenchTags...)
	for !random && t.Kind != want && (want != 0 || t.Kind == Integer || t.Kind == Time) {
		t = pick(rng, liveBenchTags...)
	}
	id := customer.FromInt64(rng.Int64N(million))
	switch {
	case random || want == 0:
		b.Set(id, t.Name, liveBenchValue(rng, t))
	case want == Time:
		b.Set(id, t.Name, customer.TimeValue(at))
	default:
		b.Increment(id, t.Name, customer.Int64Value(1+rng.Int64N(50)))
	}
}

// BenchmarkLiveApply writes to a million customers, with 1,000 rules over 100 tags. Beside the live segments it shows the
// index alone.
func BenchmarkLiveApply(b *testing.B) {
	if testing.Short() {
		b.Skip("a million customers")
	}
	l := liveBench()
	for _, size := range []int{1, 1000, 10_000, 100_000, 300_000} {
		for _, name := range []string{"usual/index", "usual/live", "random/index", "random/live"} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				rng := rand.New(rand.NewPCG(3, 3))
				var batch Batch
				notices, cpu := 0, time.Duration(0)
				for b.Loop() {
					b.StopTimer()
					batch.Reset()
					for range size {
						liveBenchWrite(rng, &batch, l.At(), strings.HasPrefix(name, "random"))
					}
					b.StartTimer()
					start := cpuTime()
					if strings.HasSuffix(name, "live") {
						told, err := l.Apply(b.Context(), l.At(), &batch)
						require.NoError(b, err)
						notices += len(told)
						cpu += cpuTime() - start
						continue
					}
					l.ix.mu.Lock()
					e, err := l.ix.carryOut(b.Context(), &batch, 0)
					require.NoError(b, err)
					e.complete(time.Time{})
					e.rollback()
					l.ix.mu.Unlock()
					cpu += cpuTime() - start
				}
				b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N*size), "cpu-ns/write")
				b.ReportMetric(float64(notices)/float64(b.N*size), "notices/write")
			})
		}
	}
}

// BenchmarkLiveAdvance moves the clock: to just before something happens, and over it.
func BenchmarkLiveAdvance(b *testing.B) {
	if testing.Short() {
		b.Skip("a million customers")
	}
	l := liveBench()
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			told, err := l.Advance(b.Context(), l.Next().Add(-1))
			require.NoError(b, err)
			require.Empty(b, told)
		}
	})
	b.Run("next", func(b *testing.B) {
		notices := 0
		for b.Loop() {
			told, err := l.Advance(b.Context(), l.Next())
			require.NoError(b, err)
			notices += len(told)
		}
		b.ReportMetric(float64(notices)/float64(b.N), "notices/op")
	})
	b.Run("day", func(b *testing.B) {
		notices, start := 0, cpuTime()
		for b.Loop() {
			told, err := l.Advance(b.Context(), l.At().Add(24*time.Hour))
			require.NoError(b, err)
			notices += len(told)
		}
		b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		b.ReportMetric(float64(notices)/float64(b.N), "notices/op")
	})
}

// BenchmarkLiveDefine evaluates 1,000 definitions over a million customers.
func BenchmarkLiveDefine(b *testing.B) {
	if testing.Short() {
		b.Skip("a million customers")
	}
	ix, defs := liveBenchIndex(), liveBenchDefinitions()
	start := cpuTime()
	defer func() { b.ReportMetric(float64((cpuTime()-start).Nanoseconds())/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		_, err := NewLive(ix, &LiveOptions{At: liveBenchAt, Location: time.UTC, Definitions: defs, Workers: 1})
		require.NoError(b, err)
	}
}

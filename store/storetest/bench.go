package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clientele-go/clientele/store"
)

const (
	benchKeys  = 20_000
	benchBatch = 1000
	benchValue = 200 // bytes
)

// Bench measures the store that open opens, one sub-benchmark each, on 20,000
// entries with values of 200 bytes:
//
//	get                one key
//	get-100            100 keys in one call
//	scan               all entries in one scan
//	commit             one put
//	commit-1000        1,000 puts in one batch, keys ascending
//	commit-condition   get of a key, and put under the condition of its version
//	commit-32-writers  one put by each of 32 goroutines, without keys in common
//	commit-contended   8 goroutines add to 4 counters: get, put under the condition, again on a conflict
//
// They report gets/s, entries/s, puts/s, commits/s and, of keys and values, MB/s (a million
// bytes), beside the time of one call; the last two also the conflicts that a commit met.
// Each opens a store of its own in an empty directory.
// Figures of a durable store mean something only on the disk that it will run on.
func Bench(b *testing.B, open Open) {
	bench := func(name string, filled bool, f func(b *testing.B, s store.Store)) {
		b.Run(name, func(b *testing.B) {
			s, err := open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatalf("open: %v", err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					b.Errorf("Close: %v", err)
				}
			}()
			for at := 0; filled && at < benchKeys; at += benchBatch {
				benchCommit(b, s, benchPuts(at))
			}
			f(b, s)
		})
	}
	bench("get", true, func(b *testing.B, s store.Store) { benchGet(b, s, 1) })
	bench("get-100", true, func(b *testing.B, s store.Store) { benchGet(b, s, 100) })
	bench("scan", true, benchScan)
	bench("commit", true, func(b *testing.B, s store.Store) {
		random := rand.New(rand.NewPCG(DefaultSeed, 1))
		for b.Loop() {
			var batch store.Batch
			batch.Put(benchKey(random.IntN(benchKeys)), benchTexts()[random.IntN(100)])
			benchCommit(b, s, &batch)
		}
		perSecond(b, 1, "commits/s")
	})
	bench("commit-1000", false, func(b *testing.B, s store.Store) {
		at := 0
		for b.Loop() {
			benchCommit(b, s, benchPuts(at))
			at += benchBatch
		}
		perSecond(b, 1, "commits/s")
		perSecond(b, benchBatch, "puts/s")
		perSecond(b, benchBatch*float64(len(benchKey(0))+benchValue)/1e6, "MB/s")
	})
	bench("commit-condition", true, benchCondition)
	bench("commit-32-writers", false, benchWriters)
	bench("commit-contended", false, benchContended)
}

func benchKey(i int) []byte { return fmt.Appendf(nil, "bench/%010d", i) }

// benchText is a value that a compressor finds neither trivial nor random.
func benchText(i int) []byte {
	random := rand.New(rand.NewPCG(DefaultSeed, uint64(i)))
	v := make([]byte, benchValue)
	for j := range v {
		v[j] = "0123456789abcdef"[random.IntN(16)]
	}
	return v
}

func benchPuts(at int) *store.Batch {
	var batch store.Batch
	for i := range benchBatch {
		batch.Put(benchKey(at+i), benchTexts()[i%100])
	}
	return &batch
}

var benchTexts = sync.OnceValue(func() (texts [][]byte) {
	for i := range 100 {
		texts = append(texts, benchText(i))
	}
	return texts
})

func benchCommit(b *testing.B, s store.Store, batch *store.Batch) {
	if _, err := s.Commit(b.Context(), batch); err != nil {
		b.Fatalf("Commit: %v", err)
	}
}

func perSecond(b *testing.B, each float64, unit string) {
	b.ReportMetric(each*float64(b.N)/b.Elapsed().Seconds(), unit)
}

func benchGet(b *testing.B, s store.Store, n int) {
	random := rand.New(rand.NewPCG(DefaultSeed, 2))
	keys := make([][]byte, n)
	for b.Loop() {
		for i := range keys {
			keys[i] = benchKey(random.IntN(benchKeys))
		}
		entries, err := s.Get(b.Context(), keys...)
		if err != nil || len(entries) != n || entries[n-1].Version == 0 {
			b.Fatalf("Get returned %d entries, error %v", len(entries), err)
		}
	}
	perSecond(b, float64(n), "gets/s")
}

func benchScan(b *testing.B, s store.Store) {
	size := 0
	for b.Loop() {
		n := 0
		size = 0
		for e, err := range s.Scan(b.Context(), store.Range{}) {
			if err != nil {
				b.Fatalf("Scan: %v", err)
			}
			n++
			size += len(e.Key) + len(e.Value)
		}
		if n != benchKeys {
			b.Fatalf("Scan yields %d entries", n)
		}
	}
	perSecond(b, benchKeys, "entries/s")
	perSecond(b, float64(size)/1e6, "MB/s")
}

func benchCondition(b *testing.B, s store.Store) {
	random := rand.New(rand.NewPCG(DefaultSeed, 3))
	for b.Loop() {
		key := benchKey(random.IntN(benchKeys))
		entries, err := s.Get(b.Context(), key)
		if err != nil {
			b.Fatalf("Get: %v", err)
		}
		var batch store.Batch
		batch.Put(key, benchTexts()[random.IntN(100)])
		batch.If(key, entries[0].Version)
		benchCommit(b, s, &batch)
	}
	perSecond(b, 1, "commits/s")
}

func benchWriters(b *testing.B, s store.Store) {
	benchTexts()
	benchUpdates(b, s, 32, func(_ context.Context, writer int, i int64) (*store.Batch, error) {
		var batch store.Batch
		batch.Put(fmt.Appendf(nil, "writer%02d/%010d", writer, i), benchTexts()[i%100])
		return &batch, nil
	})
}

func benchContended(b *testing.B, s store.Store) {
	benchUpdates(b, s, 8, func(ctx context.Context, _ int, i int64) (*store.Batch, error) {
		key := benchKey(int(i % 4))
		entries, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		count, _ := strconv.Atoi(string(entries[0].Value))
		var batch store.Batch
		batch.If(key, entries[0].Version)
		batch.Put(key, strconv.AppendInt(nil, int64(count+1), 10))
		return &batch, nil
	})
}

// benchUpdates has the writers make b.N commits, each by store.Update.
func benchUpdates(b *testing.B, s store.Store, writers int, build func(ctx context.Context, writer int, i int64) (*store.Batch, error)) {
	var next, tries atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				_, err := store.Update(b.Context(), s, patient, func(ctx context.Context) (*store.Batch, error) {
					tries.Add(1)
					return build(ctx, w, i)
				})
				if err != nil {
					b.Errorf("Commit: %v", err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	perSecond(b, 1, "commits/s")
	b.ReportMetric(float64(tries.Load()-int64(b.N))/float64(b.N), "conflicts/op")
}

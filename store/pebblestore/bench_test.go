package pebblestore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
)

// The benchmarks do the same work twice, with a store and with Pebble alone under the same
// options: keys of 16 bytes in random order, values of 200 that can't be compressed.
const benchEntries = 200_000

// An engine is what the benchmarks compare. Its pairs are numbered.
type engine struct {
	commit func(b *testing.B, from, to int)
	get    func(b *testing.B, i int)
	scan   func(b *testing.B, keep bool) (entries int) // keep: entries that outlive the next one
	db     *pebble.DB
}

func benchKey(i int) []byte { return fmt.Appendf(nil, "%016x", uint64(i+1)*0x9e3779b97f4a7c15) }

var benchValues = sync.OnceValue(func() []byte {
	values := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{1}).Read(values)
	return values
})

func benchValue(i int) []byte {
	at := i * 200 % (1<<20 - 200)
	return benchValues()[at : at+200]
}

func viaStore(b *testing.B) engine {
	s, err := Open(b.TempDir(), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return engine{
		db: s.db,
		commit: func(b *testing.B, from, to int) {
			var batch store.Batch
			for i := from; i < to; i++ {
				batch.Put(benchKey(i), benchValue(i))
			}
			_, err := s.Commit(b.Context(), &batch)
			require.NoError(b, err)
		},
		get: func(b *testing.B, i int) {
			entries, err := s.Get(b.Context(), benchKey(i))
			require.NoError(b, err)
			require.Len(b, entries[0].Value, 200)
		},
		scan: func(b *testing.B, _ bool) (n int) {
			for e, err := range s.Scan(b.Context(), store.Range{}) {
				if err != nil {
					b.Fatal(err)
				}
				kept = e
				n++
			}
			return n
		},
	}
}

func bare(b *testing.B) engine {
	db, err := pebble.Open(b.TempDir(), (&Store{}).pebbleOptions(vfs.Default, Options{}))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return engine{
		db: db,
		commit: func(b *testing.B, from, to int) {
			batch := db.NewBatch()
			for i := from; i < to; i++ {
				require.NoError(b, batch.Set(benchKey(i), benchValue(i), nil))
			}
			require.NoError(b, batch.Commit(pebble.Sync))
			require.NoError(b, batch.Close())
		},
		get: func(b *testing.B, i int) {
			value, closer, err := db.Get(benchKey(i))
			require.NoError(b, err)
			require.Len(b, value, 200)
			require.NoError(b, closer.Close())
		},
		scan: func(b *testing.B, keep bool) (n int) {
			it, err := db.NewIter(nil)
			require.NoError(b, err)
			for ok := it.First(); ok; ok = it.Next() {
				value, err := it.ValueAndErr()
				if err != nil {
					b.Fatal(err)
				}
				if keep {
					kept = store.Entry{Key: bytes.Clone(it.Key()), Value: bytes.Clone(value)}
				}
				n++
			}
			require.NoError(b, it.Close())
			return n
		},
	}
}

func bothEngines(b *testing.B, f func(b *testing.B, e engine)) {
	b.Run("store", func(b *testing.B) { f(b, viaStore(b)) })
	b.Run("bare", func(b *testing.B) { f(b, bare(b)) })
}

// fill loads what get and scan read, and has it compacted.
func (e engine) fill(b *testing.B) {
	for i := 0; i < benchEntries; i += 1000 {
		e.commit(b, i, i+1000)
	}
	require.NoError(b, e.db.Compact(b.Context(), []byte{0}, []byte{0xff}, false))
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 1000} {
		for _, writers := range []int{1, 4, 32} {
			b.Run(fmt.Sprintf("puts=%d/writers=%d", size, writers), func(b *testing.B) {
				bothEngines(b, func(b *testing.B, e engine) {
					var next atomic.Int64
					var all sync.WaitGroup
					b.ResetTimer()
					for range writers {
						all.Go(func() {
							for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
								e.commit(b, n*size, n*size+size)
							}
						})
					}
					all.Wait()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
					b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "puts/s")
				})
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	bothEngines(b, func(b *testing.B, e engine) {
		e.fill(b)
		i := 0
		for b.Loop() {
			e.get(b, i)
			i = (i + 7919) % benchEntries
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gets/s")
	})
}

// BenchmarkScan lets Pebble alone keep its entries as a store does, and also only pass
// over them.
func BenchmarkScan(b *testing.B) {
	scan := func(b *testing.B, e engine, keep bool) {
		e.fill(b)
		b.SetBytes(benchEntries * 216)
		for b.Loop() {
			require.Equal(b, benchEntries, e.scan(b, keep))
		}
	}
	bothEngines(b, func(b *testing.B, e engine) { scan(b, e, true) })
	b.Run("bare-passing", func(b *testing.B) { scan(b, bare(b), false) })
}

var kept store.Entry

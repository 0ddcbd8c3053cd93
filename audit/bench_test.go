package audit_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/store"
)

// timed is a store that counts the time spent in it. A scan reads all before it yields.
// Not safe for concurrent use.
type timed struct {
	store.Store
	spent time.Duration
}

func (s *timed) since(begin time.Time) { s.spent += time.Since(begin) }

func (s *timed) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	defer s.since(time.Now())
	return s.Store.Get(ctx, keys...)
}

func (s *timed) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	defer s.since(time.Now())
	return s.Store.Commit(ctx, b)
}

func (s *timed) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		begin := time.Now()
		var entries []store.Entry
		for e, err := range s.Store.Scan(ctx, r) {
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			entries = append(entries, e)
		}
		s.since(begin)
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// BenchmarkQueue is what a deed pays for its entry, but for the write.
func BenchmarkQueue(b *testing.B) {
	l, e := open(b, new(store.Memory)), entry(1)
	batch := new(store.Batch)
	b.ReportAllocs()
	for b.Loop() {
		batch.Writes = batch.Writes[:0]
		if err := l.Queue(batch, e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend commits entries and seals them, a thousand at a time, in memory: own is
// the time without that of the store.
func BenchmarkAppend(b *testing.B) {
	s := &timed{Store: new(store.Memory)}
	l := open(b, s)
	entries := make([]*audit.Entry, 1000)
	for i := range entries {
		entries[i] = entry(i)
	}
	n, appended, sealed := 0, time.Duration(0), time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		s.spent = 0
		begin := time.Now()
		require.NoError(b, l.Append(b.Context(), entries...))
		appended += time.Since(begin) - s.spent
		s.spent = 0
		begin = time.Now()
		_, _, err := l.Seal(b.Context(), start)
		sealed += time.Since(begin) - s.spent
		require.NoError(b, err)
		n += len(entries)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
	b.ReportMetric(float64(appended.Nanoseconds())/float64(n), "own-append-ns/entry")
	b.ReportMetric(float64(sealed.Nanoseconds())/float64(n), "own-seal-ns/entry")
}

// BenchmarkAppendOne commits one entry, as a read does.
func BenchmarkAppendOne(b *testing.B) {
	l, e := open(b, new(store.Memory)), entry(1)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, l.Append(b.Context(), e))
	}
}

func BenchmarkVerify(b *testing.B) {
	l := open(b, new(store.Memory))
	const n = 200_000
	entries := make([]*audit.Entry, n)
	for i := range entries {
		entries[i] = entry(i)
	}
	require.NoError(b, l.Append(b.Context(), entries...))
	_, _, err := l.Seal(b.Context(), start)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		v, err := l.Verify(b.Context(), nil)
		require.NoError(b, err)
		require.NoError(b, v.Err())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
}

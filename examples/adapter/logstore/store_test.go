package logstore

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

func open(ctx context.Context, dir string) (store.Store, error) { return Open(ctx, dir) }

func TestStore(t *testing.T) { storetest.Run(t, open) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }

// BenchmarkFile is the least that a durable commit takes on this disk: the bytes of 1
// and of 1,000 puts of storetest.Bench, written at the end of a file and synced.
func BenchmarkFile(b *testing.B) {
	for _, puts := range []int{1, 1000} {
		b.Run(strconv.Itoa(puts), func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "file"))
			require.NoError(b, err)
			defer file.Close()
			record := bytes.Repeat([]byte("x"), headSize+8+puts*(6+16+200))
			for b.Loop() {
				_, err := file.Write(record)
				require.NoError(b, err)
				require.NoError(b, file.Sync())
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// logOf commits the values under one key, one after the other, and returns the
// log after each of them, the first without any.
func logOf(t testing.TB, values ...string) (logs [][]byte) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	require.NoError(t, err)
	for i := range len(values) + 1 {
		log, err := os.ReadFile(filepath.Join(dir, "store.log"))
		require.NoError(t, err)
		logs = append(logs, log)
		if i < len(values) {
			commit(t, s, "key", values[i])
		}
	}
	require.NoError(t, s.Close())
	return logs
}

func commit(t testing.TB, s *Store, key, value string) store.Version {
	var b store.Batch
	b.Put([]byte(key), []byte(value))
	v, err := s.Commit(t.Context(), &b)
	require.NoError(t, err)
	return v
}

// openLog opens a store whose log is given.
func openLog(t testing.TB, log []byte) (*Store, error) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "store.log"), log, 0o644))
	s, err := Open(t.Context(), dir)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func TestTornEnd(t *testing.T) {
	logs := logOf(t, "one", "two", "three")
	for n := range len(logs[3]) {
		s, err := openLog(t, logs[3][:n])
		require.NoError(t, err, "cut at %d", n)
		want := 0 // whole records
		for want < 2 && n >= len(logs[want+1]) {
			want++
		}
		require.EqualValues(t, want, s.last, "cut at %d", n)
		size, err := s.file.Stat()
		require.NoError(t, err)
		require.EqualValues(t, len(logs[want]), size.Size())
		require.EqualValues(t, want+1, commit(t, s, "key", "four"))
	}
}

func TestTornEndOfGarbage(t *testing.T) {
	logs := logOf(t, "one", "two")
	for name, end := range map[string][]byte{
		"zeros":                     make([]byte, 4096),
		"ones":                      bytes.Repeat([]byte{0xff}, 100),
		"a head without body":       logs[2][len(logs[1]) : len(logs[1])+headSize],
		"a record from elsewhere":   logs[1][len(logs[0]):],
		"a body of another content": append(bytes.Clone(logs[2][len(logs[1]):len(logs[2])-1]), '!'),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := openLog(t, append(bytes.Clone(logs[1]), end...))
			require.NoError(t, err)
			require.EqualValues(t, 1, s.last)
			require.EqualValues(t, len(logs[1]), s.end)
		})
	}
}

func TestDamage(t *testing.T) {
	logs := logOf(t, "one", strings.Repeat("two", 100), "three")
	for i := range len(logs[2]) { // any byte before the last record
		log := bytes.Clone(logs[3])
		log[i] ^= 1
		_, err := openLog(t, log)
		require.ErrorIs(t, err, store.ErrCorrupt, "byte %d", i)
		require.NotContains(t, err.Error(), "two")
	}
	log, err := openLog(t, []byte("something else altogether, longer than the first line\n"))
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.Nil(t, log)
}

// A value may well be a log: what it holds are no records where it is.
func TestLogInsideAValue(t *testing.T) {
	inner := logOf(t, "one", "two")[2]
	log := logOf(t, "one", string(inner))[2]
	s, err := openLog(t, log[:len(log)-1])
	require.NoError(t, err)
	require.EqualValues(t, 1, s.last)
}

// Two processes, or two in one, never write one file.
func TestOnlyOneHasItOpen(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	require.NoError(t, err)
	_, err = Open(t.Context(), dir)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.EqualValues(t, 1, commit(t, s, "key", "one"))
	require.NoError(t, s.Close())
	s, err = Open(t.Context(), dir)
	require.NoError(t, err)
	require.EqualValues(t, 2, commit(t, s, "key", "two"))
	require.NoError(t, s.Close())
}

func TestFailedWrite(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	commit(t, s, "key", "one")
	require.NoError(t, s.file.Close()) // every write fails from here on
	var b store.Batch
	b.Put([]byte("key"), []byte("two"))
	_, err = s.Commit(t.Context(), &b)
	require.ErrorIs(t, err, store.ErrUnavailable)
	entries, err := s.Get(t.Context(), []byte("key"))
	require.NoError(t, err)
	require.Equal(t, "one", string(entries[0].Value))
}

func FuzzOpen(f *testing.F) {
	for _, log := range logOf(f, "one", "two", "") {
		f.Add(log)
		f.Add(log[:len(log)-1])
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		s, err := openLog(t, log)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		before := s.last
		require.Equal(t, before+1, commit(t, s, "key", "value"))
	})
}

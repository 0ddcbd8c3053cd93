package pebblestore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clientele-go/clientele/store"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// A disk that fails where fails says so, once it has been told to.
type disk struct {
	broken atomic.Bool
	fails  func(errorfs.Op) bool
}

func (d *disk) String() string { return "disk" }

func (d *disk) MaybeError(op errorfs.Op) error {
	if d.broken.Load() && d.fails(op) {
		return errorfs.ErrInjected
	}
	return nil
}

func isLog(op errorfs.Op) bool { return isLogName(op.Path) }

func TestDiskFails(t *testing.T) {
	for name, fails := range map[string]func(errorfs.Op) bool{
		"sync of the log": func(op errorfs.Op) bool {
			return isLog(op) && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData)
		},
		"write to the log": func(op errorfs.Op) bool { return isLog(op) && op.Kind == errorfs.OpFileWrite },
		"a new log": func(op errorfs.Op) bool {
			return isLog(op) && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpReuseForWrite)
		},
		"the list of files": func(op errorfs.Op) bool {
			return strings.Contains(op.Path, "MANIFEST") && op.Kind == errorfs.OpFileWrite
		},
		"everything but read": func(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite },
	} {
		t.Run(name, func(t *testing.T) {
			memory := vfs.NewCrashableMem()
			d := &disk{fails: fails}
			s, err := open(errorfs.Wrap(memory, d), "data", Options{MemTableBytes: 1 << 20})
			require.NoError(t, err)
			acknowledged := store.Version(0)
			for n := range 1000 {
				if n == 3 {
					d.broken.Store(true)
				}
				var b store.Batch
				b.Put([]byte("key"), make([]byte, 20<<10))
				v, err := s.Commit(t.Context(), &b)
				if err != nil {
					require.GreaterOrEqual(t, n, 3)
					// What was not begun is unavailable, of what was nobody knows.
					require.True(t, errors.Is(err, store.ErrUnavailable) != errors.Is(err, store.ErrUnknownOutcome), err)
					require.ErrorContains(t, err, "injected")
					break
				}
				acknowledged = v
				require.Less(t, n, 999, "the failure was never noticed")
			}
			_, err = s.Get(t.Context(), []byte("key"))
			require.ErrorIs(t, err, store.ErrUnavailable)
			_, err = s.Commit(t.Context(), &store.Batch{})
			require.ErrorIs(t, err, store.ErrUnavailable)
			for _, err := range s.Scan(t.Context(), store.Range{}) {
				require.ErrorIs(t, err, store.ErrUnavailable)
			}
			require.ErrorContains(t, s.Close(), "the disk has failed")
			require.NoError(t, s.Close())

			s, err = open(memory.CrashClone(vfs.CrashCloneCfg{}), "data", Options{})
			require.NoError(t, err)
			entries, err := s.Get(t.Context(), []byte("key"))
			require.NoError(t, err)
			require.GreaterOrEqual(t, entries[0].Version, acknowledged)
			require.NoError(t, s.Close())
		})
	}
}

// A damaged table is an error of those who read it, and of nobody else.
func TestDamagedTable(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, nil)
	require.NoError(t, err)
	random := rand.NewChaCha8([32]byte{1})
	for i := range 100 {
		value := make([]byte, 1000) // not to be compressed
		random.Read(value)
		var b store.Batch
		b.Put(fmt.Appendf(nil, "secret-%03d", i), value)
		_, err := s.Commit(t.Context(), &b)
		require.NoError(t, err)
	}
	require.NoError(t, s.db.Flush())
	require.NoError(t, s.Close())

	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	require.NotEmpty(t, tables)
	for _, table := range tables {
		data, err := os.ReadFile(table)
		require.NoError(t, err)
		for i := len(data) / 3; i < len(data)/2; i++ {
			data[i] ^= 0xff
		}
		require.NoError(t, os.WriteFile(table, data, 0o644))
	}
	s, err = Open(dir, nil)
	require.NoError(t, err)
	_, err = s.Get(t.Context(), []byte("secret-045"))
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.NotContains(t, err.Error(), "secret")
	for _, err = range s.Scan(t.Context(), store.Range{}) {
	}
	require.ErrorIs(t, err, store.ErrCorrupt)
	var b store.Batch
	b.Put([]byte("new"), nil)
	_, err = s.Commit(t.Context(), &b)
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

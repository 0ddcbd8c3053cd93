package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlite"
	"github.com/clientele-go/clientele/store/storetest"
)

func open(ctx context.Context, dir string) (store.Store, error) {
	return sqlite.Open(ctx, filepath.Join(dir, "customers.db"))
}

func TestStore(t *testing.T) { storetest.Run(t, open) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }

// Any path is a file of that name, whatever SQLite or a URI would make of it.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{":memory:", "a?mode=memory", "b#c", "d%41", "e f", "file:g", "ü.db", "h&_pragma=synchronous(OFF)"} {
		s, err := sqlite.Open(t.Context(), name)
		require.NoError(t, err, name)
		require.True(t, s.Durable(), name)
		require.NoError(t, s.Close())
		require.FileExists(t, filepath.Join(dir, name))
	}
}

func TestOpenFails(t *testing.T) {
	ctx := t.Context()
	for _, path := range []string{"", "a\x00b"} {
		_, err := sqlite.Open(ctx, path)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	_, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "no", "folder"))
	require.ErrorIs(t, err, store.ErrUnavailable)

	path := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(path, []byte("this is no database, but a text that is long enough to be read as one"), 0o600))
	_, err = sqlite.Open(ctx, path)
	require.ErrorIs(t, err, store.ErrCorrupt)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "this is no database")
}

// A file of a newer version of the library is refused, and left as it is.
func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "customers.db")
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE clientele_meta SET number = 2 WHERE name = 'schema_version'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = sqlite.Open(t.Context(), path)
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.ErrorContains(t, err, "newer")
}

// Several stores on one file, which lock each other out by means of the file alone as
// processes do, count without losing anything.
func TestSeveralOnOneFile(t *testing.T) {
	const stores, each = 4, 25
	path := filepath.Join(t.TempDir(), "customers.db")
	counter := []byte("counter")
	var group sync.WaitGroup
	for range stores {
		group.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for range each {
				_, err := store.Update(t.Context(), s, &store.Backoff{Attempts: 10_000}, func(ctx context.Context) (*store.Batch, error) {
					found, err := s.Get(ctx, counter)
					if err != nil {
						return nil, err
					}
					n, _ := strconv.Atoi(string(found[0].Value))
					b := &store.Batch{}
					b.Put(counter, fmt.Append(nil, n+1))
					b.If(counter, found[0].Version)
					return b, nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	defer s.Close()
	found, err := s.Get(t.Context(), counter)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(stores*each), string(found[0].Value))
}

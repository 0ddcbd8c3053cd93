package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/storetest"
)

var dialects = []Dialect{SQLite, PostgreSQL, MySQL}

func onEach(t *testing.T, f func(t *testing.T, d Dialect)) {
	for _, d := range dialects {
		t.Run(d.String(), func(t *testing.T) { f(t, d) })
	}
}

// forgetful hides that the store takes servers to be durable, which the fake one is not.
type forgetful struct {
	store.Store
	store.RangeDeleter
}

func TestStore(t *testing.T) {
	onEach(t, func(t *testing.T, d Dialect) {
		var servers sync.Map
		storetest.Run(t, func(ctx context.Context, dir string) (store.Store, error) {
			server, _ := servers.LoadOrStore(dir, newFakeServer())
			s, err := Open(ctx, sql.OpenDB(server.(*fakeServer)), d, &Options{CloseDB: true})
			if err != nil {
				return nil, err
			}
			return forgetful{s, s}, nil
		})
	})
}

// opened is a store on a new server.
func opened(t *testing.T, d Dialect) (*Store, *fakeServer) {
	t.Helper()
	server := newFakeServer()
	s, err := Open(t.Context(), sql.OpenDB(server), d, &Options{CloseDB: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, server
}

func TestOpenInvalid(t *testing.T) {
	ctx := t.Context()
	db := sql.OpenDB(newFakeServer())
	defer db.Close()
	_, err := Open(ctx, nil, SQLite, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	for _, d := range []Dialect{0, -1, MySQL + 1} {
		_, err := Open(ctx, db, d, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
	}
	for _, prefix := range []string{"1a", "A", "a b", "a;", `a"`, "a`", "ä", "_a", "a.b", "a\x00", strings.Repeat("a", 41)} {
		_, err := Open(ctx, db, SQLite, &Options{Prefix: prefix})
		require.ErrorIs(t, err, store.ErrInvalid, "prefix %q", prefix)
	}
	for _, prefix := range []string{"a", "t_1", strings.Repeat("a", 40)} {
		require.NoError(t, (&Options{Prefix: prefix}).Validate())
	}
	require.NoError(t, (*Options)(nil).Validate())
}

func TestCloseLeavesDB(t *testing.T) {
	db := sql.OpenDB(newFakeServer())
	defer db.Close()
	s, err := Open(t.Context(), db, SQLite, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, db.Ping())
}

func TestDurable(t *testing.T) {
	for d, want := range map[Dialect]bool{SQLite: false, PostgreSQL: true, MySQL: true} {
		s, _ := opened(t, d) // the fake SQLite has no file
		require.Equal(t, want, s.Durable(), d)
	}
}

// Loops with a single connection can read and commit.
func TestOneConnection(t *testing.T) {
	onEach(t, func(t *testing.T, d Dialect) {
		s, _ := opened(t, d)
		s.db.SetMaxOpenConns(1)
		ctx := t.Context()
		batch := &store.Batch{}
		for i := range 3 * firstPage {
			batch.Put(fmt.Appendf(nil, "%04d", i), nil)
		}
		_, err := s.Commit(ctx, batch)
		require.NoError(t, err)
		n := 0
		for e, err := range s.Scan(ctx, store.Range{}) {
			require.NoError(t, err)
			touch := &store.Batch{}
			touch.Put(e.Key, []byte("seen"))
			touch.If(e.Key, e.Version)
			_, err = s.Commit(ctx, touch)
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 3*firstPage, n)
	})
}

package sqlstore

import (
	"database/sql"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func TestSchemaVersions(t *testing.T) {
	onEach(t, func(t *testing.T, d Dialect) {
		for stored, want := range map[int64]error{schemaVersion: nil, schemaVersion + 1: store.ErrCorrupt, 0: store.ErrCorrupt} {
			server := newFakeServer()
			server.meta[schemaRow] = stored
			server.meta[versionsRow] = 1
			db := sql.OpenDB(server)
			s, err := Open(t.Context(), db, d, nil)
			if want == nil {
				require.NoError(t, err)
				require.NoError(t, s.Close())
			} else {
				require.ErrorIs(t, err, want)
			}
			require.NoError(t, db.Close())
		}
	})
}

// A process that was killed, or is not done, between the statements that make the
// tables leaves some of what Open looks for.
func TestSchemaHalfMade(t *testing.T) {
	onEach(t, func(t *testing.T, d Dialect) {
		server := newFakeServer()
		server.meta[versionsRow] = 7
		db := sql.OpenDB(server)
		defer db.Close()
		s, err := Open(t.Context(), db, d, nil)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.EqualValues(t, schemaVersion, server.meta[schemaRow])
		require.EqualValues(t, 7, server.meta[versionsRow])
	})
}

func TestDurableAsTheServerIsSet(t *testing.T) {
	for _, d := range []Dialect{PostgreSQL, MySQL} {
		for _, lazy := range []bool{false, true} {
			server := newFakeServer()
			server.lazy = lazy
			s, err := Open(t.Context(), sql.OpenDB(server), d, &Options{CloseDB: true})
			require.NoError(t, err)
			require.Equal(t, !lazy, s.Durable())
			require.NoError(t, s.Close())
		}
	}
}

func TestNextVersionDamaged(t *testing.T) {
	for _, next := range []int64{-versionBlock, -1 << 62, 1 << 62} {
		s, server := opened(t, SQLite)
		server.meta[versionsRow] = next
		b := &store.Batch{}
		b.Put([]byte("a"), nil)
		_, err := s.Commit(t.Context(), b)
		require.ErrorIs(t, err, store.ErrCorrupt)
	}
}

// Versions of several stores and goroutines on one database differ, also where blocks end.
func TestVersionsDiffer(t *testing.T) {
	server := newFakeServer()
	seen := map[int64]bool{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for range 3 {
		s, err := Open(t.Context(), sql.OpenDB(server), PostgreSQL, &Options{CloseDB: true})
		require.NoError(t, err)
		defer s.Close()
		for range 4 {
			group.Go(func() {
				for i := range 200 {
					v, err := s.takeVersion(t.Context())
					if err != nil || v < 1 {
						t.Errorf("version %d, %v", v, err)
						return
					}
					mu.Lock()
					if seen[v] {
						t.Errorf("version %d twice", v)
					}
					seen[v] = true
					mu.Unlock()
					if i%50 == 0 { // as if the block were at its end
						s.versions.taking <- struct{}{}
						s.versions.next = s.versions.end
						<-s.versions.taking
					}
				}
			})
		}
	}
	group.Wait()
	require.Len(t, seen, 3*4*200)
}

func TestDialectText(t *testing.T) {
	for dialect, name := range map[Dialect]string{SQLite: "SQLite", PostgreSQL: "PostgreSQL", MySQL: "MySQL"} {
		require.Equal(t, name, dialect.String())
		text, err := dialect.MarshalText()
		require.NoError(t, err)
		var back Dialect
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, dialect, back)
	}
	for _, dialect := range []Dialect{-1, 0, 4} {
		_, err := dialect.MarshalText()
		require.Error(t, err)
	}
	back := MySQL
	require.Error(t, back.UnmarshalText(nil))
	require.Equal(t, MySQL, back)
}

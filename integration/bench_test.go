package integration

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlite"
	"github.com/clientele-go/clientele/store/storetest"
)

// A contest is a store and, beside it on the same engine, a table of the same form that
// is used as one would without the store, through database/sql with the same settings.
type contest struct {
	store store.Store
	bare  *sql.DB

	// What the engine itself is asked to do, with $1 or ? for parameters.
	upsert, update, one, all string
	// batch upserts many rows by the fastest way of the driver.
	batch func(ctx context.Context, db *sql.DB, rows []record) error
}

type record struct {
	key, value []byte
	version    int64
}

// records are n new ones: keys of 16 bytes in random order, values of 200 bytes.
func records(random *rand.Rand, n int) []record {
	list := make([]record, n)
	for i := range list {
		b := make([]byte, 216)
		for j := 0; j < len(b); j += 8 {
			binary.LittleEndian.PutUint64(b[j:], random.Uint64())
		}
		list[i] = record{key: b[:16:16], value: b[16:], version: int64(i + 1)}
	}
	return list
}

func batchOf(rows []record) *store.Batch {
	b := &store.Batch{}
	for _, r := range rows {
		b.Put(r.key, r.value)
	}
	return b
}

var contests = []struct {
	name string
	make func(b *testing.B) contest
}{
	{"SQLite", func(b *testing.B) contest {
		s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "store.db"))
		require.NoError(b, err)
		db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "bare.db")+
			"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
		require.NoError(b, err)
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(8)
		_, err = db.ExecContext(b.Context(), "CREATE TABLE bare (k BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, value BLOB NOT NULL)")
		require.NoError(b, err)
		c := contest{
			store: s, bare: db,
			upsert: "INSERT INTO bare VALUES (?, ?, ?) ON CONFLICT (k) DO UPDATE SET version = excluded.version, value = excluded.value",
			update: "UPDATE bare SET version = ?, value = ? WHERE k = ? AND version = ?",
			one:    "SELECT version, value FROM bare WHERE k = ?",
			all:    "SELECT k, version, value FROM bare ORDER BY k",
		}
		c.batch = func(ctx context.Context, db *sql.DB, rows []record) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			stmt, err := tx.PrepareContext(ctx, c.upsert)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if _, err := stmt.ExecContext(ctx, r.key, r.version, r.value); err != nil {
					return err
				}
			}
			return tx.Commit()
		}
		return c
	}},
	{"PostgreSQL", func(b *testing.B) contest {
		c := onServer(b, postgres, "CREATE TABLE %s (k BYTEA PRIMARY KEY, version BIGINT NOT NULL, value BYTEA NOT NULL)")
		c.upsert = fmt.Sprintf("INSERT INTO %s VALUES ($1, $2, $3) ON CONFLICT (k) DO UPDATE SET version = excluded.version, value = excluded.value", c.all)
		c.update = fmt.Sprintf("UPDATE %s SET version = $1, value = $2 WHERE k = $3 AND version = $4", c.all)
		c.one = fmt.Sprintf("SELECT version, value FROM %s WHERE k = $1", c.all)
		unnest := fmt.Sprintf("INSERT INTO %s SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])"+
			" ON CONFLICT (k) DO UPDATE SET version = excluded.version, value = excluded.value", c.all)
		c.all = fmt.Sprintf("SELECT k, version, value FROM %s ORDER BY k", c.all)
		c.batch = func(ctx context.Context, db *sql.DB, rows []record) error {
			keys, versions, values := make([][]byte, len(rows)), make([]int64, len(rows)), make([][]byte, len(rows))
			for i, r := range rows {
				keys[i], versions[i], values[i] = r.key, r.version, r.value
			}
			_, err := db.ExecContext(ctx, unnest, keys, versions, values)
			return err
		}
		return c
	}},
	{"MariaDB", func(b *testing.B) contest {
		c := onServer(b, mariadb, "CREATE TABLE %s (k VARBINARY(1024) PRIMARY KEY, version BIGINT NOT NULL, value LONGBLOB NOT NULL)")
		table := c.all
		const tail = " ON DUPLICATE KEY UPDATE version = VALUES(version), value = VALUES(value)"
		c.upsert = "INSERT INTO " + table + " VALUES (?, ?, ?)" + tail
		c.update = "UPDATE " + table + " SET version = ?, value = ? WHERE k = ? AND version = ?"
		c.one = "SELECT version, value FROM " + table + " WHERE k = ?"
		c.all = "SELECT k, version, value FROM " + table + " ORDER BY k"
		c.batch = func(ctx context.Context, db *sql.DB, rows []record) error {
			args := make([]any, 0, 3*len(rows))
			for _, r := range rows {
				args = append(args, r.key, r.version, r.value)
			}
			_, err := db.ExecContext(ctx, "INSERT INTO "+table+" VALUES (?, ?, ?)"+strings.Repeat(", (?, ?, ?)", len(rows)-1)+tail, args...)
			return err
		}
		return c
	}},
}

// onServer makes a table on the shared server, whose name is left in all.
func onServer(b *testing.B, e *engine, create string) contest {
	addr := e.address(b)
	dir := b.TempDir()
	s, err := e.open(b.Context(), addr, dir, 40)
	require.NoError(b, err)
	db, err := e.database(addr, 40)
	require.NoError(b, err)
	table := prefix(dir) + "_bare"
	_, err = db.ExecContext(b.Context(), fmt.Sprintf(create, table))
	require.NoError(b, err)
	return contest{store: s, bare: db, all: table}
}

// BenchmarkAgainstBare runs the same work by the store and by the bare engine, in turn. The metrics are
// operations a second of both, and the share of the bare engine's that the store reaches.
func BenchmarkAgainstBare(b *testing.B) {
	for _, engine := range contests {
		b.Run(engine.name, func(b *testing.B) {
			c := engine.make(b)
			defer c.bare.Close()
			defer c.store.Close()
			ctx := b.Context()
			random := rand.New(rand.NewPCG(1, 2))

			b.Run("batch1000", func(b *testing.B) {
				rows := func() []record { return records(random, 1000) }
				compare(b, 1000,
					rows, func(rows []record) error { _, err := c.store.Commit(ctx, batchOf(rows)); return err },
					func(rows []record) error { return c.batch(ctx, c.bare, rows) })
			})
			b.Run("batch1000sorted", func(b *testing.B) {
				rows := func() []record {
					rows := records(random, 1000)
					slices.SortFunc(rows, func(a, b record) int { return slices.Compare(a.key, b.key) })
					return rows
				}
				compare(b, 1000,
					rows, func(rows []record) error { _, err := c.store.Commit(ctx, batchOf(rows)); return err },
					func(rows []record) error { return c.batch(ctx, c.bare, rows) })
			})
			var known []record
			for range 50 {
				rows := records(random, 1000)
				_, err := c.store.Commit(ctx, batchOf(rows))
				require.NoError(b, err)
				require.NoError(b, c.batch(ctx, c.bare, rows))
				known = append(known, rows...)
			}
			sameRows(b, c)
			nothing := func() []record { return nil }
			b.Run("scan", func(b *testing.B) {
				n := 0
				for _, err := range c.store.Scan(ctx, store.Range{}) {
					require.NoError(b, err)
					n++
				}
				compare(b, n, nothing,
					func([]record) error {
						m := 0
						for _, err := range c.store.Scan(ctx, store.Range{}) {
							if err != nil {
								return err
							}
							m++
						}
						if m != n {
							return fmt.Errorf("%d of %d entries", m, n)
						}
						return nil
					},
					func([]record) error {
						rows, err := c.bare.QueryContext(ctx, c.all)
						if err != nil {
							return err
						}
						defer rows.Close()
						m := 0
						for rows.Next() {
							var r record
							if err := rows.Scan(&r.key, &r.version, &r.value); err != nil {
								return err
							}
							m++
						}
						if m != n {
							return fmt.Errorf("%d of %d rows", m, n)
						}
						return rows.Err()
					})
			})
			b.Run("get", func(b *testing.B) {
				compare(b, 1, func() []record { i := random.IntN(len(known)); return known[i : i+1] },
					func(r []record) error {
						entries, err := c.store.Get(ctx, r[0].key)
						if err == nil && !bytes.Equal(entries[0].Value, r[0].value) {
							err = errors.New("another value")
						}
						return err
					},
					func(r []record) error {
						var version int64
						var value []byte
						err := c.bare.QueryRowContext(ctx, c.one, r[0].key).Scan(&version, &value)
						if err == nil && !bytes.Equal(value, r[0].value) {
							err = errors.New("another value")
						}
						return err
					})
			})
			b.Run("single", func(b *testing.B) {
				compare(b, 1, func() []record { return records(random, 1) },
					func(r []record) error { _, err := c.store.Commit(ctx, batchOf(r)); return err },
					func(r []record) error {
						_, err := c.bare.ExecContext(ctx, c.upsert, r[0].key, r[0].version, r[0].value)
						return err
					})
			})
			b.Run("writers32", func(b *testing.B) { writers(b, c) })
		})
	}
}

// sameRows fails unless both hold the same keys and values, in the same order.
func sameRows(b *testing.B, c contest) {
	rows, err := c.bare.QueryContext(b.Context(), c.all)
	require.NoError(b, err)
	defer rows.Close()
	n := 0
	for e, err := range c.store.Scan(b.Context(), store.Range{}) {
		require.NoError(b, err)
		var r record
		require.True(b, rows.Next(), "the bare engine has %d rows, the store more", n)
		require.NoError(b, rows.Scan(&r.key, &r.version, &r.value))
		if !bytes.Equal(e.Key, r.key) || !bytes.Equal(e.Value, r.value) {
			b.Fatalf("entry %d differs", n)
		}
		n++
	}
	require.False(b, rows.Next(), "the store has %d entries, the bare engine more", n)
	require.NoError(b, rows.Err())
	require.Positive(b, n)
}

// writers have 32 goroutines replace a row of their own over and over, under the
// condition that it has the version it was given last.
func writers(b *testing.B, c contest) {
	const goroutines, each = 32, 20
	ctx := b.Context()
	mine := records(rand.New(rand.NewPCG(3, 4)), goroutines)
	versions, bare := make([]store.Version, goroutines), make([]int64, goroutines)
	for i, r := range mine {
		var err error
		versions[i], err = c.store.Commit(ctx, batchOf(mine[i:i+1]))
		require.NoError(b, err)
		bare[i] = r.version
		require.NoError(b, c.batch(ctx, c.bare, mine[i:i+1]))
	}
	together := func(f func(i int) error) func([]record) error {
		return func([]record) error {
			var group sync.WaitGroup
			errs := make(chan error, goroutines)
			for i := range goroutines {
				group.Go(func() {
					for range each {
						if err := f(i); err != nil {
							errs <- err
							return
						}
					}
				})
			}
			group.Wait()
			close(errs)
			return <-errs
		}
	}
	compare(b, goroutines*each, func() []record { return nil },
		together(func(i int) (err error) {
			batch := batchOf(mine[i : i+1])
			batch.If(mine[i].key, versions[i])
			versions[i], err = c.store.Commit(ctx, batch)
			return err
		}),
		together(func(i int) error {
			result, err := c.bare.ExecContext(ctx, c.update, bare[i]+1, mine[i].value, mine[i].key, bare[i])
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n != 1 {
				return fmt.Errorf("%d rows, %w", n, err)
			}
			bare[i]++
			return nil
		}))
}

// compare runs both in turn and reports operations a second and their ratio.
func compare(b *testing.B, operations int, input func() []record, ours, bare func([]record) error) {
	var times [2]time.Duration
	n := 0
	for b.Loop() {
		rows := input()
		other := slices.Clone(rows)
		for i, f := range []func([]record) error{ours, bare} {
			if n%2 == 1 { // whoever comes second may find things warm
				i, f = 1-i, []func([]record) error{bare, ours}[i]
			}
			begin := time.Now()
			if err := f([][]record{rows, other}[i]); err != nil {
				b.Fatal(err)
			}
			times[i] += time.Since(begin)
		}
		n++
	}
	total := float64(operations * n)
	b.ReportMetric(total/times[0].Seconds(), "store/s")
	b.ReportMetric(total/times[1].Seconds(), "bare/s")
	b.ReportMetric(times[1].Seconds()/times[0].Seconds(), "share")
}

// BenchmarkStores are the figures of the suite, for all adapters over database/sql.
func BenchmarkStores(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		storetest.Bench(b, func(ctx context.Context, dir string) (store.Store, error) {
			return sqlite.Open(ctx, filepath.Join(dir, "store.db"))
		})
	})
	for _, e := range engines {
		b.Run(e.dialect.String(), func(b *testing.B) {
			addr := e.address(b)
			storetest.Bench(b, func(ctx context.Context, dir string) (store.Store, error) { return e.open(ctx, addr, dir, 40) })
		})
	}
}

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/clientele-go/clientele/store"
)

// limits leave room for prefixes.
var limits = store.Limits{KeyBytes: 1024, ValueBytes: 1 << 20, Operations: 10_000, BatchBytes: 8 << 20}

// Options are settings of a store. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Prefix is what the names of the tables begin with, so that several stores can
	// share a database: 1 to 40 of the characters a-z, 0-9 and _, the first a letter.
	// Empty: "clientele".
	Prefix string
	// CloseDB makes Close close the *sql.DB as well. False: it stays open, and is the
	// caller's to close after the store.
	CloseDB bool
}

// prefixes are names that need no quotes in any dialect.
var prefixes = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Validate returns an error wrapping store.ErrInvalid if Prefix is not allowed.
func (o *Options) Validate() error {
	if o != nil && o.Prefix != "" && !prefixes.MatchString(o.Prefix) {
		return fmt.Errorf("sqlstore: options: %w: prefix is not 1 to 40 of a-z, 0-9 and _ beginning with a letter", store.ErrInvalid)
	}
	return nil
}

// Store is a [store.Store] in an SQL database. It is a [store.RangeDeleter] and a
// [store.Durable] as well. A commit costs one to eight round trips,
// on MySQL more where it is beyond 512 keys, a get one or, of
// many keys, a few. Safe for concurrent use, also beside other stores on the same tables.
type Store struct {
	*grammar
	db      *sql.DB
	closeDB bool
	durable bool

	versions versions
	writing  chan struct{} // holds a token while the one writer is at work

	mu       sync.Mutex
	closed   bool
	calls    sync.WaitGroup
	prepared map[string]*sql.Stmt
}

var (
	_ store.Store        = (*Store)(nil)
	_ store.RangeDeleter = (*Store)(nil)
	_ store.Durable      = (*Store)(nil)
)

// Open returns the store in db, which speaks the given dialect, and creates its tables
// if they are not there. The store does not change the settings of db, and others may
// use it too; who closes it is told by opts. Several stores, also of several
// processes, may be open on the same tables.
//
// Tables written by a newer version of the library are store.ErrCorrupt. An error of
// the database is wrapped as it is, here where no data is in it.
func Open(ctx context.Context, db *sql.DB, dialect Dialect, opts *Options) (*Store, error) {
	if db == nil || dialect < SQLite || dialect > MySQL {
		return nil, fmt.Errorf("sqlstore: open: %w: no database or unknown dialect", store.ErrInvalid)
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if o.Prefix == "" {
		o.Prefix = "clientele"
	}
	s := &Store{
		grammar:  newGrammar(dialect, o.Prefix),
		db:       db,
		closeDB:  o.CloseDB,
		durable:  true,
		versions: versions{taking: make(chan struct{}, 1)},
		writing:  make(chan struct{}, 1),
		prepared: map[string]*sql.Stmt{},
	}
	if err := s.ready(ctx); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	if err := s.askDurable(ctx, dialect); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", s.opening(err))
	}
	return s, nil
}

// askDurable asks the database whether a commit is synced before it is acknowledged.
func (s *Store) askDurable(ctx context.Context, dialect Dialect) error {
	if dialect != SQLite {
		ask := "SELECT count(*) = 0 FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off'"
		if dialect == MySQL {
			ask = "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit = 1"
		}
		if err := s.db.QueryRowContext(ctx, ask).Scan(&s.durable); err != nil {
			s.durable = true // a server that speaks the dialect and has no such setting
		}
		return ctx.Err()
	}
	var (
		file, journal string
		synchronous   int
	)
	err := errors.Join(
		s.db.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file),
		s.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal),
		s.db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous),
	)
	s.durable = file != "" && journal != "off" && journal != "memory" && synchronous >= 2
	return err
}

// Limits implements [store.Store].
func (s *Store) Limits() store.Limits { return limits }

// Durable implements [store.Durable], going by the settings when the store was opened:
// for PostgreSQL neither fsync nor synchronous_commit is off, for MySQL and MariaDB
// innodb_flush_log_at_trx_commit is 1, SQLite keeps a file with PRAGMA synchronous FULL
// or EXTRA. A server that has no such setting is taken to be durable.
func (s *Store) Durable() bool { return s.durable }

// enter begins a call, which leave ends.
func (s *Store) enter(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	err := ctx.Err()
	if err == nil {
		s.calls.Add(1)
	}
	return err
}

func (s *Store) leave() { s.calls.Done() }

// Close implements [store.Store]. It waits for calls under way.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	if again {
		return nil
	}
	for _, stmt := range s.prepared {
		stmt.Close() // of connections that may be gone already
	}
	if s.closeDB {
		if err := s.db.Close(); err != nil {
			return fmt.Errorf("sqlstore: close: %w", err)
		}
	}
	return nil
}

// prepare returns text prepared once for all connections, on which it saves parsing
// and, on servers, a round trip.
func (s *Store) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	stmt := s.prepared[text]
	s.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.prepared[text]; other != nil {
		stmt.Close()
		return other, nil
	}
	s.prepared[text] = stmt
	return stmt, nil
}

// query runs a query that reads outside of transactions.
func (s *Store) query(ctx context.Context, q statement) (*sql.Rows, error) {
	if s.packed { // its driver keeps prepared statements where that is possible
		return s.db.QueryContext(ctx, q.text, q.args...)
	}
	stmt, err := s.prepare(ctx, q.text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, q.args...)
}

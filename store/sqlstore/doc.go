// Package sqlstore answers where the data lives when a team already runs an SQL
// database: in two tables of it.
//
//	db, err := sql.Open("pgx", "postgres://...") // a driver that you import
//	...
//	s, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, &sqlstore.Options{Prefix: "crm"}) // crm_entries and crm_meta
//	...
//	defer s.Close()
//
// The package example goes on with it.
//
// [Open] makes a store.Store of any *sql.DB whose driver speaks one of three
// dialects: [SQLite], [PostgreSQL] and [MySQL], which is that of MariaDB too. The
// package imports no driver. It passes the suite of store/storetest on SQLite 3,
// PostgreSQL 15 and MariaDB 10.11, with the drivers modernc.org/sqlite, pgx and
// go-sql-driver/mysql. MySQL 8, TiDB, CockroachDB and Yugabyte are served by dialect,
// untested; DeleteRange, which needs LOCK TABLE or locks on the gaps between keys, may
// fail on them or not be atomic.
//
// # Tables
//
// With the default prefix they are clientele_entries, with the columns key, version
// and value, and clientele_meta, with the version of this schema and the next free
// version of entries. Open creates them where they are missing, which is all that
// needs the right to create tables. Nobody else may write to them.
//
// # How it keeps the contract
//
// A commit is one transaction or, where a single statement does it, that statement.
// The rows of keys that are written are locked in the order of keys, so that commits
// do not wait for each other in a circle; a key that must be absent is locked by a row
// that the same transaction removes again. Keys that must only keep their version are
// locked last, with shared locks, which do not hinder each other. So conditions are
// serialisable under READ COMMITTED. Where the database ends a transaction in favour
// of another one, or a lock can't be had, the error is store.ErrConflict. SQLite has
// one writer at a time.
//
// Versions come from a counter in the meta table, of which each open store takes a
// block of 1<<20 when it needs one: no row is hot, and no version is used twice, also
// by another process or after a crash.
//
// A get is one statement, or one transaction on a snapshot. A scan reads pages by
// key; while the body of the loop runs it holds no connection. Reads must reach the
// primary: a replica that lags breaks the contract.
//
// # Settings of the database
//
//   - Keep idle connections: sql.DB keeps two, and each writer beyond that pays for a
//     new one. SetMaxIdleConns as high as SetMaxOpenConns.
//   - SQLite: WAL mode, synchronous FULL and a busy timeout, for every connection of
//     the pool; store/sqlite does that. A database in memory needs SetMaxOpenConns(1).
//   - MySQL and MariaDB: interpolateParams=true in the data source name of
//     go-sql-driver/mysql saves a round trip for each statement. The default isolation
//     may be READ COMMITTED or higher; the binary log, if any, must not be of the
//     format STATEMENT; max_allowed_packet must be 4 MiB or more.
//   - PostgreSQL: deleting a range locks the table against other writers meanwhile.
package sqlstore

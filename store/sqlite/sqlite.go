// Package sqlite answers where the data lives when there is no database yet: in one
// file, without a server and without C.
//
//	s, err := sqlite.Open(ctx, "customers.db")
//	...
//	defer s.Close()
//
//	var b store.Batch
//	b.Put([]byte("customer/1"), []byte("Ada"))
//	_, err = s.Commit(ctx, &b)
//
// The package example has it whole.
//
// [Open] opens a file of SQLite, through the pure Go driver modernc.org/sqlite, as a
// store.Store; everything else is in store/sqlstore, whose tables people can read with
// any SQLite tool. A commit that returned is synced to the disk. Several processes of
// one machine may have the file open; network file systems are no place for it.
// Beside the file there are two more while it is open, named as it is with -wal
// and -shm added.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlstore"
)

// connections is how many calls may read at a time; only one writes.
const connections = 8

// pragmas are set on each connection. FULL syncs the log at each commit.
const pragmas = "_pragma=busy_timeout(250)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"

// Open returns the store in the file path, which is created if it is not there, but not
// its folder. Close closes the file as well. A file that is no database, or was written
// by a newer version of the library, is store.ErrCorrupt; an empty path is
// store.ErrInvalid.
//
// It is as sqlstore.Open with the dialect SQLite, the default prefix, a write-ahead log
// and synchronous FULL.
func Open(ctx context.Context, path string) (*sqlstore.Store, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("sqlite: open: %w: path empty or with a byte 0", store.ErrInvalid)
	}
	name, err := source(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s, err := sqlstore.Open(ctx, db, sqlstore.SQLite, &sqlstore.Options{CloseDB: true})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	return s, nil
}

// source is path as a URI, in which no name of a file means anything else.
func source(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive of Windows
		path = "/" + path
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: pragmas}
	return uri.String(), nil
}

package sqlstore

import (
	"bytes"
	"context"
	"database/sql"

	"github.com/clientele-go/clientele/store"
)

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	if err := store.CheckKeys(keys, limits); err != nil || len(keys) == 0 {
		return []store.Entry{}, err
	}
	entries := make([]store.Entry, len(keys))
	if len(keys) == 1 {
		entries[0].Key = bytes.Clone(keys[0])
		err := s.asOfNow(ctx, "get", "SELECT "+s.columns+" FROM "+s.entries, keys, func(rows *sql.Rows) error {
			return scanEntry(rows, &entries[0])
		})
		if err != nil {
			return nil, err
		}
		return entries, nil
	}
	found := make(map[string]store.Entry, len(keys))
	err := s.asOfNow(ctx, "get", "SELECT "+s.columns+" FROM "+s.entries, keys, func(rows *sql.Rows) error {
		var e store.Entry
		err := scanEntry(rows, &e)
		found[string(e.Key)] = e
		return err
	})
	if err != nil {
		return nil, err
	}
	seen := make(map[string]struct{}, len(keys))
	for i, key := range keys {
		e, ok := found[string(key)]
		if _, again := seen[string(key)]; again || !ok { // each entry has memory of its own
			e.Key, e.Value = bytes.Clone(key), bytes.Clone(e.Value)
		}
		seen[string(key)] = struct{}{}
		entries[i] = e
	}
	return entries, nil
}

// stored returns the versions of keys as of one moment, without those not there.
func (s *Store) stored(ctx context.Context, op string, keys [][]byte) (map[string]int64, error) {
	found := make(map[string]int64, len(keys))
	err := s.asOfNow(ctx, op, "SELECT "+s.key+", version FROM "+s.entries, keys, scanVersion(found))
	return found, err
}

// asOfNow runs a query about keys, as of one moment, and calls f for each row.
func (s *Store) asOfNow(ctx context.Context, op, head string, keys [][]byte, f func(*sql.Rows) error) error {
	list := s.matching(head, keys, "")
	if len(list) == 1 {
		err := s.patiently(ctx, func() error {
			rows, err := s.query(ctx, list[0])
			return each(rows, err, f)
		})
		if err != nil {
			return s.failed(ctx, op, err)
		}
		return nil
	}
	return s.look(ctx, op, s.snapshot, func(conn *sql.Conn) error { return s.within(ctx, conn, op, list, f) })
}

// within runs queries in a transaction and calls f for each row.
func (s *Store) within(ctx context.Context, conn *sql.Conn, op string, list []statement, f func(*sql.Rows) error) error {
	for _, q := range list {
		rows, err := conn.QueryContext(ctx, q.text, q.args...)
		if err := each(rows, err, f); err != nil {
			return s.failed(ctx, op, err)
		}
	}
	return nil
}

// each calls f for each row, and closes rows.
func each(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// scanEntry reads key, version and value into memory of the entry's own.
func scanEntry(rows *sql.Rows, e *store.Entry) error {
	var (
		key, value sql.RawBytes
		version    int64
	)
	if err := rows.Scan(&key, &version, &value); err != nil {
		return err
	}
	b := make([]byte, len(key)+len(value))
	copy(b[copy(b, key):], value)
	n := len(key)
	*e = store.Entry{Key: b[:n:n], Value: b[n:], Version: store.Version(version)}
	return nil
}

func scanVersion(into map[string]int64) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var (
			key     sql.RawBytes
			version int64
		)
		err := rows.Scan(&key, &version)
		into[string(key)] = version
		return err
	}
}

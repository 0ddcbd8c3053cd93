package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A fakeServer is a database in memory that knows the statements of this package, in
// all dialects, and runs one transaction at a time. It is a driver.Connector. What it
// can't show is how real ones lock; the module integration is for that.
type fakeServer struct {
	lazy bool          // does not sync commits
	busy chan struct{} // holds a token while a transaction or statement runs
	rows map[string]row
	meta map[string]int64

	mu    sync.Mutex
	fault func(text string) (err error, after bool) // what a statement fails with, before or after it has effect
	texts []string
}

func newFakeServer() *fakeServer {
	return &fakeServer{busy: make(chan struct{}, 1), rows: map[string]row{}, meta: map[string]int64{}}
}

func (s *fakeServer) failing(fault func(string) (error, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

func (s *fakeServer) said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := s.texts
	s.texts = nil
	return texts
}

func (s *fakeServer) note(text string) (error, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, text)
	if s.fault == nil {
		return nil, false
	}
	return s.fault(text)
}

func (s *fakeServer) lock(ctx context.Context) error {
	select {
	case s.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *fakeServer) unlock() { <-s.busy }

func (s *fakeServer) Connect(context.Context) (driver.Conn, error) {
	return &fakeConn{fakeServer: s}, nil
}
func (s *fakeServer) Driver() driver.Driver { return nil }

type fakeConn struct {
	*fakeServer
	before     map[string]row // of the open transaction
	beforeMeta map[string]int64
}

func (c *fakeConn) Prepare(text string) (driver.Stmt, error) { return &fakeStmt{c, text}, nil }
func (c *fakeConn) Begin() (driver.Tx, error)                { return nil, errors.ErrUnsupported }
func (c *fakeConn) Close() error {
	if c.before != nil {
		c.rows, c.meta = c.before, c.beforeMeta
		c.before, c.beforeMeta = nil, nil
		c.unlock()
	}
	return nil
}

type fakeStmt struct {
	*fakeConn
	text string
}

func (s *fakeStmt) Close() error                               { return nil }
func (s *fakeStmt) NumInput() int                              { return -1 }
func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.ErrUnsupported }
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.ErrUnsupported }

func (s *fakeStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	n, _, err := s.run(ctx, args)
	return driver.RowsAffected(n), err
}

func (s *fakeStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	_, rows, err := s.run(ctx, args)
	return rows, err
}

func (s *fakeStmt) run(ctx context.Context, named []driver.NamedValue) (int64, *fakeRows, error) {
	fault, after := s.note(s.text)
	if fault != nil && !after {
		return 0, nil, fault
	}
	if s.before == nil {
		if err := s.lock(ctx); err != nil {
			return 0, nil, err
		}
	}
	defer func() {
		if s.before == nil {
			s.unlock()
		}
	}()
	n, rows, err := s.do(named)
	if fault != nil {
		err = fault
	}
	return n, rows, err
}

func (s *fakeStmt) do(named []driver.NamedValue) (int64, *fakeRows, error) {
	text := strings.ReplaceAll(s.text, "`", "")
	has := func(part string) bool { return strings.Contains(text, part) }
	begins := func(part string) bool { return strings.HasPrefix(text, part) }
	switch {
	case begins("BEGIN"), begins("START TRANSACTION"):
		s.before, s.beforeMeta = maps.Clone(s.rows), maps.Clone(s.meta)
		return 0, nil, nil
	case text == "COMMIT", text == "ROLLBACK":
		if s.before == nil {
			return 0, nil, errors.New("no transaction")
		}
		if text == "ROLLBACK" {
			s.rows, s.meta = s.before, s.beforeMeta
		}
		s.before, s.beforeMeta = nil, nil
		return 0, nil, nil
	case begins("SET "), begins("LOCK TABLE"), begins("CREATE TABLE"):
		return 0, nil, nil
	case has("pg_settings"), has("innodb_flush_log"):
		return 0, &fakeRows{rows: [][]driver.Value{{!s.lazy}}}, nil
	case has("pragma_database_list"):
		return 0, &fakeRows{rows: [][]driver.Value{{""}}}, nil
	case begins("PRAGMA journal_mode"):
		return 0, &fakeRows{rows: [][]driver.Value{{"memory"}}}, nil
	case begins("PRAGMA synchronous"):
		return 0, &fakeRows{rows: [][]driver.Value{{int64(2)}}}, nil
	case has("_meta"):
		return s.doMeta(text)
	}
	args := make([]any, len(named))
	for i := range named {
		args[i] = named[i].Value
	}
	return s.doEntries(text, args)
}

func (s *fakeStmt) doMeta(text string) (int64, *fakeRows, error) {
	quoted := strings.Split(text, "'")
	name := quoted[1]
	_, there := s.meta[name]
	var n int64
	switch {
	case strings.HasPrefix(text, "INSERT"):
		fmt.Sscanf(quoted[2], ", %d)", &n)
		if !there {
			s.meta[name] = n
		}
	case strings.HasPrefix(text, "UPDATE"):
		fmt.Sscanf(text[strings.Index(text, "+"):], "+ %d", &n)
		s.meta[name] += n
	case !there && len(s.meta) == 0:
		return 0, nil, &stateError{"42P01"}
	case !there:
		return 0, &fakeRows{}, nil
	}
	return 1, &fakeRows{rows: [][]driver.Value{{s.meta[name]}}}, nil
}

func (s *fakeStmt) doEntries(text string, args []any) (n int64, rows *fakeRows, err error) {
	switch {
	case strings.HasPrefix(text, "INSERT"):
		for _, r := range inserted(text, args) {
			_, there := s.rows[string(r.key)]
			if there && !strings.Contains(text, "excluded.value") && !strings.Contains(text, "VALUES(value)") {
				continue // locked or left
			}
			s.rows[string(r.key)] = r
			n++
		}
		return n, nil, nil
	case strings.HasPrefix(text, "UPDATE"):
		key := string(args[2].([]byte))
		if r, ok := s.rows[key]; ok && r.version == args[3].(int64) {
			s.rows[key] = row{key: []byte(key), value: bytes.Clone(args[1].([]byte)), version: args[0].(int64)}
			n++
		}
		return n, nil, nil
	}
	chosen := s.chosen(text, args)
	if strings.HasPrefix(text, "DELETE") {
		for _, r := range chosen {
			delete(s.rows, string(r.key))
		}
		return int64(len(chosen)), nil, nil
	}
	rows = &fakeRows{}
	for _, r := range chosen {
		values := []driver.Value{r.key, r.version, r.value}
		if !strings.Contains(text, ", value") {
			values = values[:2]
		}
		rows.rows = append(rows.rows, values)
	}
	return 0, rows, nil
}

// inserted are the rows of an INSERT.
func inserted(text string, args []any) (rows []row) {
	if strings.Contains(text, "unnest") {
		at, keys, values, versions := unpacked(args[1]), unpacked(args[2]), unpacked(args[3]), unpacked(args[4])
		for i := range at {
			b := args[0].([]byte)[at[i]-1:]
			rows = append(rows, row{key: bytes.Clone(b[:keys[i]]), value: bytes.Clone(b[keys[i] : keys[i]+values[i]]), version: versions[i]})
		}
		return rows
	}
	if n := strings.Count(text, "(?, ?, ?)"); 3*n != len(args) {
		panic("parameters do not fit")
	}
	for i := 0; i < len(args); i += 3 {
		rows = append(rows, row{key: bytes.Clone(args[i].([]byte)), version: args[i+1].(int64), value: bytes.Clone(args[i+2].([]byte))})
	}
	return rows
}

// chosen are the rows that the WHERE of a statement is about.
func (s *fakeStmt) chosen(text string, args []any) (rows []row) {
	where := text[strings.Index(text, " WHERE ")+7:]
	if strings.HasPrefix(where, "key >= ") {
		from, to := args[0].([]byte), []byte(nil)
		if strings.Contains(where, "key < ") {
			to = args[1].([]byte)
		}
		for key, r := range s.rows {
			if k := []byte(key); bytes.Compare(k, from) >= 0 && (to == nil || bytes.Compare(k, to) < 0) {
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(a, b row) int { return bytes.Compare(a.key, b.key) })
		if strings.Contains(where, " DESC") {
			slices.Reverse(rows)
		}
		if strings.Contains(where, " LIMIT ") {
			rows = rows[:min(len(rows), int(args[len(args)-1].(int64)))]
		}
		return rows
	}
	var keys [][]byte
	switch {
	case strings.Contains(where, "unnest"):
		at, sizes := unpacked(args[1]), unpacked(args[2])
		for i := range at {
			keys = append(keys, args[0].([]byte)[at[i]-1:][:sizes[i]])
		}
	case strings.Contains(where, "AND version"):
		if r, ok := s.rows[string(args[0].([]byte))]; ok && r.version == args[1].(int64) {
			keys = append(keys, r.key)
		}
	default:
		for _, arg := range args {
			keys = append(keys, arg.([]byte))
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, key := range slices.CompactFunc(keys, bytes.Equal) {
		if r, ok := s.rows[string(key)]; ok {
			rows = append(rows, r)
		}
	}
	return rows
}

// unpacked are the numbers of an array written as text.
func unpacked(arg any) (list []int64) {
	for part := range strings.SplitSeq(strings.Trim(arg.(string), "{}"), ",") {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			panic(err)
		}
		list = append(list, n)
	}
	return list
}

type fakeRows struct{ rows [][]driver.Value }

func (r *fakeRows) Columns() []string { return make([]string, cmp.Or(r.width(), 3)) }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) width() int {
	if len(r.rows) == 0 {
		return 0
	}
	return len(r.rows[0])
}

func (r *fakeRows) Next(values []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(values, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

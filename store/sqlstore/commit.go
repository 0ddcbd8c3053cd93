package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/store"
)

// An op is what a batch does about one key.
type op struct {
	key, value []byte
	write      action
	condition  int   // its index in the batch, or -1
	want       int64 // the version the condition asks for
}

type action int

const (
	nothing action = iota
	put
	remove
)

// exclusive tells whether the key must be locked against all others. The other ones,
// which are there and only have to stay as they are, are locked against writers.
func (o *op) exclusive() bool { return o.write != nothing || o.want == 0 }

// operations is b in the order of keys, which all commits keep to.
func operations(b *store.Batch) []op {
	ops := make([]op, 0, len(b.Writes)+len(b.Conditions))
	for i := range b.Writes {
		w := &b.Writes[i]
		o := op{key: w.Key, value: w.Value, write: put, condition: -1}
		if w.Delete {
			o.value, o.write = nil, remove
		}
		ops = append(ops, o)
	}
	for i := range b.Conditions {
		c := &b.Conditions[i]
		ops = append(ops, op{key: c.Key, condition: i, want: int64(c.Version)})
	}
	slices.SortFunc(ops, func(a, b op) int {
		return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.condition, b.condition))
	})
	// A write is followed by the condition on its key.
	merged := ops[:0]
	for _, o := range ops {
		if n := len(merged); n > 0 && bytes.Equal(merged[n-1].key, o.key) {
			merged[n-1].condition, merged[n-1].want = o.condition, o.want
			continue
		}
		merged = append(merged, o)
	}
	return merged
}

const commitOp = "commit"

// Commit implements [store.Store].
func (s *Store) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.leave()
	if err := b.Check(limits); err != nil {
		return 0, err
	}
	version, err := s.takeVersion(ctx)
	if err != nil {
		return 0, err
	}
	ops := operations(b)
	switch {
	case !slices.ContainsFunc(ops, func(o op) bool { return o.write == put || o.write == remove && (o.condition < 0 || o.want != 0) }):
		err = s.check(ctx, ops)
	case s.oneWriter:
		err = s.write(ctx, commitOp, s.begin, func(conn *sql.Conn) error { return s.alone(ctx, conn, ops, version) })
	default:
		if only, n := s.single(ops, version); only != nil {
			err = s.atOnce(ctx, *only, ops, n)
			break
		}
		err = s.write(ctx, commitOp, s.begin, func(conn *sql.Conn) error { return s.together(ctx, conn, ops, version) })
	}
	if err != nil {
		return 0, err
	}
	return store.Version(version), nil
}

// write is transact, with one writer at a time where that is all the database allows.
func (s *Store) write(ctx context.Context, op string, begin []string, f func(*sql.Conn) error) error {
	if s.oneWriter {
		select {
		case s.writing <- struct{}{}:
			defer func() { <-s.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.transact(ctx, op, begin, f)
}

// check is a commit that writes nothing: its conditions hold at the moment they are read.
func (s *Store) check(ctx context.Context, ops []op) error {
	if len(ops) == 0 {
		return nil
	}
	found, err := s.stored(ctx, commitOp, keys(ops, func(*op) bool { return true }))
	if err != nil {
		return err
	}
	return verify(ops, found)
}

// verify compares conditions with the versions that are there.
func verify(ops []op, found map[string]int64) error {
	for i := range ops {
		if o := &ops[i]; o.condition >= 0 && found[string(o.key)] != o.want {
			return conflict(o)
		}
	}
	return nil
}

func conflict(o *op) error {
	return fmt.Errorf("sqlstore: commit: %w (condition %d)", store.ErrConflict, o.condition)
}

// alone is the body of a commit beside which no other one runs.
func (s *Store) alone(ctx context.Context, conn *sql.Conn, ops []op, version int64) error {
	conditions := keys(ops, func(o *op) bool { return o.condition >= 0 })
	found := make(map[string]int64, len(conditions))
	list := s.about("SELECT "+s.key+", version FROM "+s.entries, conditions, "")
	if err := s.within(ctx, conn, commitOp, list, scanVersion(found)); err != nil {
		return err
	}
	if err := verify(ops, found); err != nil {
		return err
	}
	if err := s.insertEach(ctx, conn, rows(ops, version, func(o *op) bool { return o.write == put })); err != nil {
		return s.failed(ctx, commitOp, err)
	}
	return s.delete(ctx, conn, keys(ops, func(o *op) bool { return o.write == remove }))
}

// insertEach replaces rows one by one, by a statement that is prepared once.
func (s *Store) insertEach(ctx context.Context, conn *sql.Conn, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	q := s.inserting(rows[:1], s.upsert)[0]
	if len(rows) == 1 {
		return exec(ctx, conn, q.text, q.args...)
	}
	stmt, err := conn.PrepareContext(ctx, q.text)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range rows {
		if _, err := stmt.ExecContext(ctx, rows[i].key, rows[i].version, rows[i].bytes()); err != nil {
			return err
		}
	}
	return nil
}

// single is the one statement that does the whole commit, if there is one, and how
// many rows it changes if the conditions hold; -1 is any number.
func (s *Store) single(ops []op, version int64) (*statement, int64) {
	if !slices.ContainsFunc(ops, func(o op) bool { return o.write != put || o.condition >= 0 }) {
		if list := s.inserting(rows(ops, version, all), s.upsert); len(list) == 1 {
			return &list[0], -1
		}
	}
	if len(ops) > 1 {
		return nil, 0
	}
	o, p := &ops[0], s.parameter
	switch {
	case o.write == remove && o.condition < 0:
		return &s.matching("DELETE FROM "+s.entries, [][]byte{o.key}, "")[0], -1
	case o.write == remove:
		return &statement{"DELETE FROM " + s.entries + " WHERE " + s.key + " = " + p(1) + " AND version = " + p(2), []any{o.key, o.want}}, 1
	case o.want == 0:
		q := s.inserting(rows(ops, version, all), s.absent)[0]
		q.text = "INSERT" + s.ignore + q.text[len("INSERT"):]
		return &q, 1
	}
	r := row{value: o.value}
	return &statement{
		"UPDATE " + s.entries + " SET version = " + p(1) + ", value = " + p(2) + " WHERE " + s.key + " = " + p(3) + " AND version = " + p(4),
		[]any{version, r.bytes(), o.key, o.want},
	}, 1
}

// atOnce commits by one statement. want is as of single.
func (s *Store) atOnce(ctx context.Context, q statement, ops []op, want int64) error {
	conn, err := s.db.Conn(ctx) // a pool would try a second time
	if err != nil {
		return s.failed(ctx, commitOp, err)
	}
	defer conn.Close()
	n, err := affected(ctx, conn, q.text, q.args...)
	switch {
	case err != nil:
		return s.unsettled(ctx, commitOp, err)
	case want >= 0 && n != want:
		return conflict(&ops[0])
	}
	return nil
}

// together is the body of a commit beside others: it locks all keys, looks whether
// the conditions hold, and writes.
func (s *Store) together(ctx context.Context, conn *sql.Conn, ops []op, version int64) error {
	if !slices.ContainsFunc(ops, func(o op) bool { return o.condition >= 0 }) {
		if _, err := s.insert(ctx, conn, rows(ops, version, all), s.upsert); err != nil {
			return err
		}
		return s.delete(ctx, conn, keys(ops, func(o *op) bool { return o.write == remove }))
	}

	// What is not there is inserted and so locked: with its value where it is put, else
	// to be deleted again. Where a version is replaced no value is needed for that.
	locked := rows(ops, version, (*op).exclusive)
	for i, j := 0, 0; i < len(ops); i++ {
		if o := &ops[i]; o.exclusive() {
			if o.want != 0 {
				locked[j].value, locked[j].version = nil, 0
			}
			j++
		}
	}
	n, err := s.insert(ctx, conn, locked, s.lock)
	if err != nil {
		return err
	}
	found := make(map[string]int64, len(ops))
	fresh := func(o *op) bool { return o.write == put && found[string(o.key)] == version }
	if shared := keys(ops, func(o *op) bool { return !o.exclusive() }); len(shared) > 0 {
		list := s.about("SELECT "+s.key+", version FROM "+s.entries, shared, s.share)
		if err := s.within(ctx, conn, commitOp, list, scanVersion(found)); err != nil {
			return err
		}
	}
	if s.counts && n == int64(len(locked)) {
		for _, r := range locked {
			found[string(r.key)] = r.version
		}
	} else {
		list := s.about("SELECT "+s.key+", version FROM "+s.entries, keys(ops, (*op).exclusive), "")
		if err := s.within(ctx, conn, commitOp, list, scanVersion(found)); err != nil {
			return err
		}
	}
	for i := range ops {
		o := &ops[i]
		there := found[string(o.key)]
		if there == version {
			there = 0
		}
		if o.condition >= 0 && there != o.want {
			return conflict(o)
		}
	}
	if _, err := s.insert(ctx, conn, rows(ops, version, func(o *op) bool { return o.write == put && !fresh(o) }), s.upsert); err != nil {
		return err
	}
	return s.delete(ctx, conn, keys(ops, func(o *op) bool { return o.exclusive() && o.write != put }))
}

// insert inserts rows and returns how many rows were affected.
func (s *Store) insert(ctx context.Context, conn *sql.Conn, rows []row, tail string) (n int64, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	for _, q := range s.inserting(rows, tail) {
		m, err := affected(ctx, conn, q.text, q.args...)
		if err != nil {
			return 0, s.failed(ctx, commitOp, err)
		}
		n += m
	}
	return n, nil
}

// delete removes keys, which are locked.
func (s *Store) delete(ctx context.Context, conn *sql.Conn, keys [][]byte) error {
	for _, q := range s.about("DELETE FROM "+s.entries, keys, "") {
		if err := exec(ctx, conn, q.text, q.args...); err != nil {
			return s.failed(ctx, commitOp, err)
		}
	}
	return nil
}

// about is matching, with no statements about no keys.
func (s *Store) about(head string, keys [][]byte, tail string) []statement {
	if len(keys) == 0 {
		return nil
	}
	return s.matching(head, keys, tail)
}

func all(*op) bool { return true }

// keys are those of the operations chosen.
func keys(ops []op, chosen func(*op) bool) (list [][]byte) {
	for i := range ops {
		if chosen(&ops[i]) {
			list = append(list, ops[i].key)
		}
	}
	return list
}

// rows are what the operations chosen leave, or, of those that put nothing, what holds
// their place: version 0 without a value.
func rows(ops []op, version int64, chosen func(*op) bool) (list []row) {
	for i := range ops {
		o := &ops[i]
		if !chosen(o) {
			continue
		}
		r := row{key: o.key}
		if o.write == put {
			r.value, r.version = o.value, version
		}
		list = append(list, r)
	}
	return list
}

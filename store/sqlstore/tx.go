package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"
)

// How long SQLite is asked again while another process writes, and how long a
// rollback may take before the connection is given up instead.
const (
	busyFor     = 10 * time.Second
	rollbackFor = 5 * time.Second
)

// look runs f between the statements of begin and ROLLBACK: it reads as of one moment.
func (s *Store) look(ctx context.Context, op string, begin []string, f func(*sql.Conn) error) error {
	return s.between(ctx, op, begin, f, func(conn *sql.Conn) error {
		s.rollback(ctx, conn)
		return nil
	})
}

// transact runs f between the statements of begin and COMMIT.
func (s *Store) transact(ctx context.Context, op string, begin []string, f func(*sql.Conn) error) error {
	return s.between(ctx, op, begin, f, func(conn *sql.Conn) error {
		last := ctx
		if s.oneWriter { // a commit to a file ends soon, and so its outcome is known
			last = context.WithoutCancel(ctx)
		}
		if err := exec(last, conn, "COMMIT"); err != nil {
			s.rollback(ctx, conn)
			return s.unsettled(ctx, op, err)
		}
		return nil
	})
}

// between runs f between the statements of begin and end, on one connection. If f fails
// nothing is written, and its error, which is not of a driver any more, is returned.
func (s *Store) between(ctx context.Context, op string, begin []string, f, end func(*sql.Conn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.failed(ctx, op, err)
	}
	defer conn.Close()
	for _, text := range begin {
		if err := s.patiently(ctx, func() error { return exec(ctx, conn, text) }); err != nil {
			s.rollback(ctx, conn)
			return s.failed(ctx, op, err)
		}
	}
	if err := f(conn); err != nil {
		s.rollback(ctx, conn)
		return err
	}
	if ctx.Err() != nil {
		s.rollback(ctx, conn)
		return s.failed(ctx, op, ctx.Err())
	}
	return end(conn)
}

// rollback ends a transaction, if need be together with its connection.
func (s *Store) rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackFor)
	defer cancel()
	err := exec(ctx, conn, "ROLLBACK")
	if err == nil {
		return
	}
	// SQLite may have rolled back by itself, and says then that there is no transaction.
	if code, ok := number(err, "Code"); s.oneWriter && ok && code == 1 {
		return
	}
	discard(conn)
}

// discard makes the pool forget a connection.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// patiently calls try again while SQLite is busy with another process.
func (s *Store) patiently(ctx context.Context, try func() error) error {
	err := try()
	if !s.busy(err) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, busyFor)
	defer cancel()
	for wait := time.Millisecond; s.busy(err); wait = min(2*wait, 32*time.Millisecond) {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
			err = try()
		}
	}
	return err
}

func exec(ctx context.Context, conn *sql.Conn, text string, args ...any) error {
	_, err := conn.ExecContext(ctx, text, args...)
	return err
}

// affected executes a statement and returns how many rows it has changed.
func affected(ctx context.Context, conn *sql.Conn, text string, args ...any) (int64, error) {
	result, err := conn.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

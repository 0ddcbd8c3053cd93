package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/clientele-go/clientele/store"
)

// A cause is what an error of a driver says, without the text of the database, which
// may hold keys and values.
type cause struct {
	sentinel error  // of package store, or nil
	refused  bool   // the database has answered that nothing is written
	text     string // without keys and values
}

// failed is the error of an operation that has written nothing, whatever went wrong.
func (g *grammar) failed(ctx context.Context, op string, err error) error {
	if ctxErr := ended(ctx, err); ctxErr != nil {
		return fmt.Errorf("sqlstore: %s: %w", op, ctxErr)
	}
	c := g.classify(err)
	if c.sentinel == nil {
		return fmt.Errorf("sqlstore: %s: %s", op, c.text)
	}
	return fmt.Errorf("sqlstore: %s: %w (%s)", op, c.sentinel, c.text)
}

// unsettled is the error of a statement that may have committed.
func (g *grammar) unsettled(ctx context.Context, op string, err error) error {
	c := g.classify(err)
	if c.refused {
		return g.failed(ctx, op, err)
	}
	if ctxErr := ended(ctx, err); ctxErr != nil {
		return fmt.Errorf("sqlstore: %s: %w: %w", op, store.ErrUnknownOutcome, ctxErr)
	}
	return fmt.Errorf("sqlstore: %s: %w (%s)", op, store.ErrUnknownOutcome, c.text)
}

// ended is the error of a context that has ended. A connection that was given its
// deadline may run out of time a moment before the context says so.
func ended(ctx context.Context, err error) error {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if _, limited := ctx.Deadline(); ok && limited && timeout.Timeout() && ctx.Err() == nil {
		timer := time.NewTimer(20 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	return ctx.Err()
}

// classify finds out what an error of a driver means. Drivers are known by what their
// errors look like: a method SQLState() string, a field Number, a method or field Code.
func (g *grammar) classify(err error) cause {
	if errors.Is(err, driver.ErrBadConn) { // should mean that nothing was sent, but drivers say so of lost answers too
		return cause{store.ErrUnavailable, false, "connection lost"}
	}
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return byState(s.SQLState())
	}
	if g.oneWriter {
		if n, ok := number(err, "Code"); ok {
			return byCode(n)
		}
	} else if n, ok := number(err, "Number"); ok {
		return byNumber(n)
	}
	c := cause{text: fmt.Sprintf("%T", err)}
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		c.text = no.Error()
	}
	// What a driver of a server says without an answer of the server is about the connection.
	if !g.oneWriter || errors.Is(err, sql.ErrConnDone) {
		c.sentinel = store.ErrUnavailable
	}
	return c
}

// byState judges by SQLSTATE, as PostgreSQL lists them in its appendix A.
func byState(state string) cause {
	if len(state) != 5 || strings.ContainsFunc(state, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return cause{sentinel: store.ErrUnavailable, text: "SQLSTATE malformed"}
	}
	c := cause{refused: true, text: "SQLSTATE " + state}
	switch state {
	case "40003": // statement completion unknown
		c.refused, c.sentinel = false, store.ErrUnavailable
	case "55P03", "23505": // lock not available, unique violation
		c.sentinel = store.ErrConflict
	case "57014", "25006": // query cancelled by a timeout; read-only, as after a failover
		c.sentinel = store.ErrUnavailable
	case "XX001", "XX002":
		c.sentinel = store.ErrCorrupt
	default:
		switch state[:2] {
		case "40": // transaction rollback
			c.sentinel = store.ErrConflict
		case "53": // insufficient resources
			c.sentinel = store.ErrUnavailable
		case "08", "57", "58", "XX": // connection, operator intervention, system and internal errors
			c.refused, c.sentinel = false, store.ErrUnavailable
		case "28": // authorization, of a new connection
			c.sentinel = store.ErrUnavailable
		}
	}
	return c
}

// byNumber judges by the error numbers of MySQL and MariaDB.
func byNumber(n int64) cause {
	c := cause{refused: true, text: fmt.Sprintf("error %d", n)}
	switch n {
	case 1205, 1213, 1020, 3572: // lock wait timeout, deadlock, record has changed, lock not available
		c.sentinel = store.ErrConflict
	case 1040, 1203, 1226, 1021, 1114, 1290, 1792, 1836, 3024, 1969: // full, read-only, or over a time limit
		c.sentinel = store.ErrUnavailable
	case 1053, 1077, 1079, 1152, 1154, 1158, 1159, 1160, 1161, 1180, 1184, 1317, 1927, 3169, 4031:
		// Shutdown, killed, network, error during commit: it may have happened.
		c.refused, c.sentinel = false, store.ErrUnavailable
	}
	return c
}

// byCode judges by the result codes of SQLite, whose lowest byte is the primary one.
func byCode(n int64) cause {
	c := cause{refused: true, text: fmt.Sprintf("result code %d", n)}
	switch n & 0xff {
	case 5, 6, 13, 14: // busy, locked, full, cannot open
		c.sentinel = store.ErrUnavailable
	case 11, 26: // corrupt, not a database
		c.sentinel = store.ErrCorrupt
	case 10: // input or output
		c.refused, c.sentinel = false, store.ErrUnavailable
	}
	return c
}

// busy tells whether SQLite has refused because of another process.
func (g *grammar) busy(err error) bool {
	if err == nil || !g.oneWriter {
		return false
	}
	code, ok := number(err, "Code")
	return ok && (code&0xff == 5 || code&0xff == 6)
}

// number is the integer field called name of err or of an error it wraps, or what a
// method Code() int returns if that is the name.
func number(err error, name string) (int64, bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		if c, ok := err.(interface{ Code() int }); ok && name == "Code" {
			return int64(c.Code()), true
		}
		if v := reflect.Indirect(reflect.ValueOf(err)); v.Kind() == reflect.Struct {
			if n, ok := integer(v.FieldByName(name)); ok {
				return n, true
			}
		}
	}
	return 0, false
}

func integer(v reflect.Value) (int64, bool) {
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), true
	}
	return 0, false
}

package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// Errors of the forms that drivers have, with data in their text.
type (
	stateError  struct{ state string }
	numberError struct {
		Number  uint16
		Message string
	}
	codeError  int
	fieldError struct{ Code, ExtendedCode int }
)

func (e *stateError) Error() string    { return "Key (key)=(secret) already exists" }
func (e *stateError) SQLState() string { return e.state }
func (e *numberError) Error() string   { return "Duplicate entry 'secret'" }
func (e codeError) Error() string      { return "constraint failed: secret" }
func (e codeError) Code() int          { return int(e) }
func (e fieldError) Error() string     { return "secret" }

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect Dialect
		err     error
		want    error // nil: no sentinel
		refused bool
	}{
		{"serialization failure", PostgreSQL, &stateError{"40001"}, store.ErrConflict, true},
		{"deadlock", PostgreSQL, fmt.Errorf("wrapped: %w", &stateError{"40P01"}), store.ErrConflict, true},
		{"completion unknown", PostgreSQL, &stateError{"40003"}, store.ErrUnavailable, false},
		{"lock not available", PostgreSQL, &stateError{"55P03"}, store.ErrConflict, true},
		{"statement timeout", PostgreSQL, &stateError{"57014"}, store.ErrUnavailable, true},
		{"shutdown", PostgreSQL, &stateError{"57P01"}, store.ErrUnavailable, false},
		{"too many connections", PostgreSQL, &stateError{"53300"}, store.ErrUnavailable, true},
		{"read-only after failover", PostgreSQL, &stateError{"25006"}, store.ErrUnavailable, true},
		{"no such table", PostgreSQL, &stateError{"42P01"}, nil, true},
		{"data corrupted", PostgreSQL, &stateError{"XX001"}, store.ErrCorrupt, true},
		{"a state that is none", PostgreSQL, &stateError{"secret"}, store.ErrUnavailable, false},
		{"deadlock", MySQL, &numberError{Number: 1213}, store.ErrConflict, true},
		{"lock wait timeout", MySQL, &numberError{Number: 1205}, store.ErrConflict, true},
		{"shutdown", MySQL, &numberError{Number: 1053}, store.ErrUnavailable, false},
		{"error during commit", MySQL, &numberError{Number: 1180}, store.ErrUnavailable, false},
		{"read-only", MySQL, &numberError{Number: 1290}, store.ErrUnavailable, true},
		{"no such table", MySQL, &numberError{Number: 1146}, nil, true},
		{"busy", SQLite, codeError(5), store.ErrUnavailable, true},
		{"busy snapshot", SQLite, codeError(517), store.ErrUnavailable, true},
		{"disk full", SQLite, fieldError{Code: 13}, store.ErrUnavailable, true},
		{"sync failed", SQLite, codeError(1034), store.ErrUnavailable, false},
		{"corrupt", SQLite, codeError(11), store.ErrCorrupt, true},
		{"not a database", SQLite, codeError(26), store.ErrCorrupt, true},
		{"constraint", SQLite, codeError(19), nil, true},
		{"bad connection", MySQL, driver.ErrBadConn, store.ErrUnavailable, false},
		{"end of file", PostgreSQL, io.ErrUnexpectedEOF, store.ErrUnavailable, false},
		{"refused", PostgreSQL, fmt.Errorf("dial: %w", syscall.ECONNREFUSED), store.ErrUnavailable, false},
		{"text only", SQLite, errors.New("secret"), nil, false},
		{"text only", MySQL, errors.New("secret"), store.ErrUnavailable, false},
	} {
		t.Run(c.dialect.String()+"/"+c.name, func(t *testing.T) {
			g := newGrammar(c.dialect, "t")
			got := g.classify(c.err)
			require.Equal(t, c.want, got.sentinel)
			require.Equal(t, c.refused, got.refused)
			for _, err := range []error{g.failed(t.Context(), "commit", c.err), g.unsettled(t.Context(), "commit", c.err)} {
				require.NotContains(t, err.Error(), "secret")
				require.True(t, strings.HasPrefix(err.Error(), "sqlstore: commit: "), err)
			}
			require.Equal(t, !c.refused, errors.Is(g.unsettled(t.Context(), "commit", c.err), store.ErrUnknownOutcome))
		})
	}
}

// A fault at each statement of a commit in turn, before and after it has effect: the
// error is right about what is stored.
func TestFaults(t *testing.T) {
	lost := map[Dialect]error{SQLite: codeError(1034), PostgreSQL: driver.ErrBadConn, MySQL: io.ErrUnexpectedEOF}
	full := map[Dialect]error{SQLite: codeError(13), PostgreSQL: &stateError{"53100"}, MySQL: &numberError{Number: 1114}}
	batches := map[string]func(v store.Version) *store.Batch{
		"put": func(store.Version) *store.Batch {
			b := &store.Batch{}
			b.Put([]byte("a"), []byte("new"))
			return b
		},
		"replace": func(v store.Version) *store.Batch {
			b := &store.Batch{}
			b.Put([]byte("a"), []byte("new"))
			b.If([]byte("a"), v)
			return b
		},
		"several": func(v store.Version) *store.Batch {
			b := &store.Batch{}
			b.Put([]byte("a"), []byte("new"))
			b.Put([]byte("b"), []byte("new"))
			b.Delete([]byte("c"))
			b.If([]byte("a"), v)
			b.If([]byte("d"), 0)
			return b
		},
	}
	onEach(t, func(t *testing.T, d Dialect) {
		for name, build := range batches {
			t.Run(name, func(t *testing.T) {
				for _, fault := range []error{lost[d], full[d]} {
					for _, after := range []bool{false, true} {
						for at := 0; ; at++ {
							s, server := opened(t, d)
							first := &store.Batch{}
							first.Put([]byte("a"), []byte("old"))
							v, err := s.Commit(t.Context(), first)
							require.NoError(t, err)
							left := at
							server.failing(func(text string) (error, bool) {
								if left--; left == -1 && text != "ROLLBACK" {
									return fault, after
								}
								return nil, false
							})
							_, err = s.Commit(t.Context(), build(v))
							server.failing(nil)
							if left >= 0 { // fewer statements than that
								require.NoError(t, err)
								break
							}
							found, getErr := s.Get(t.Context(), []byte("a"), []byte("b"))
							require.NoError(t, getErr)
							there := string(found[0].Value) == "new"
							if name == "several" {
								require.Equal(t, there, found[1].Version != 0)
							}
							// A server that refuses does not commit all the same, as the fake one does then.
							if err != nil && !errors.Is(err, store.ErrUnknownOutcome) && (fault == lost[d] || !after) {
								require.False(t, there, "statement %d, after %v: %v, but it is there", at, after, err)
							}
							if err == nil {
								require.True(t, there)
							}
						}
					}
				}
			})
		}
	})
}

// A context that ends during COMMIT leaves the outcome unknown, unless the database
// is SQLite, which is waited for.
func TestContextEndsInCommit(t *testing.T) {
	onEach(t, func(t *testing.T, d Dialect) {
		s, server := opened(t, d)
		_, err := s.takeVersion(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server.failing(func(text string) (error, bool) {
			if text != "COMMIT" {
				return nil, false
			}
			cancel()
			if d == SQLite {
				return nil, false
			}
			return context.Canceled, true
		})
		b := &store.Batch{}
		b.Put([]byte("a"), nil)
		b.Put([]byte("b"), nil)
		b.If([]byte("a"), 0)
		_, err = s.Commit(ctx, b)
		if d == SQLite {
			require.NoError(t, err)
			require.Error(t, ctx.Err())
			return
		}
		require.ErrorIs(t, err, store.ErrUnknownOutcome)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// Where the answer is lost to a store that takes versions nothing is unknown about
// the commit it takes them for.
func TestVersionsLost(t *testing.T) {
	s, server := opened(t, PostgreSQL)
	server.failing(func(text string) (error, bool) {
		if text == "COMMIT" {
			return driver.ErrBadConn, true
		}
		return nil, false
	})
	b := &store.Batch{}
	b.Put([]byte("a"), nil)
	_, err := s.Commit(t.Context(), b)
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.NotErrorIs(t, err, store.ErrUnknownOutcome)
	server.failing(nil)
	v, err := s.Commit(t.Context(), b)
	require.NoError(t, err)
	require.Greater(t, uint64(v), uint64(versionBlock), "a block that may have been taken is not used")
}

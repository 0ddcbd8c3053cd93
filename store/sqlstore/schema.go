package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/store"
)

// schemaVersion is what the tables are made by.
const schemaVersion = 1

// Names of rows of the meta table.
const (
	schemaRow   = "schema_version"
	versionsRow = "next_version"
)

// ready checks the tables, and creates them if need be. Several stores may try at the
// same time; some databases then refuse one of them, which looks again.
func (s *Store) ready(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		found, err := s.readSchema(ctx)
		switch {
		case err == nil && found > schemaVersion:
			return fmt.Errorf("%w: tables of schema version %d, newer than the %d known here", store.ErrCorrupt, found, schemaVersion)
		case err == nil && found < 1:
			return fmt.Errorf("%w: tables of schema version %d", store.ErrCorrupt, found)
		case err == nil:
			return nil
		case !errors.Is(err, sql.ErrNoRows) && s.classify(err).sentinel != nil: // something other than that the table or the row is not there
			return s.opening(err)
		}
		err = s.patiently(ctx, func() error { return s.create(ctx) })
		if err != nil && (attempt == 9 || ctx.Err() != nil) {
			return s.opening(err)
		}
		if attempt == 10 {
			return errors.New("tables cannot be read")
		}
		time.Sleep(time.Duration(attempt) * 5 * time.Millisecond)
	}
}

// opening is an error of the driver before there is any data in it.
func (s *Store) opening(err error) error {
	if sentinel := s.classify(err).sentinel; sentinel != nil {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
}

func (s *Store) readSchema(ctx context.Context) (version int64, err error) {
	err = s.patiently(ctx, func() error {
		return s.db.QueryRowContext(ctx, "SELECT number FROM "+s.meta+" WHERE name = '"+schemaRow+"'").Scan(&version)
	})
	return version, err
}

// create makes the tables; the row read by readSchema comes last.
func (s *Store) create(ctx context.Context) error {
	statements := append(s.schema[:len(s.schema):len(s.schema)],
		fmt.Sprintf(s.addMeta, versionsRow, 1), fmt.Sprintf(s.addMeta, schemaRow, schemaVersion))
	for _, text := range statements {
		if _, err := s.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// versionBlock is how many versions a store takes at a time.
const versionBlock = 1 << 20

// versions gives out numbers that no other open store gives out.
type versions struct {
	taking    chan struct{} // holds a token while it is used
	next, end int64
}

// takeVersion returns a version that was never used.
func (s *Store) takeVersion(ctx context.Context) (int64, error) {
	select {
	case s.versions.taking <- struct{}{}:
		defer func() { <-s.versions.taking }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if s.versions.next == s.versions.end {
		end, err := s.reserve(ctx)
		if errors.Is(err, store.ErrUnknownOutcome) { // a block may be lost, a commit is not
			err = s.failed(ctx, "reserve versions", sql.ErrConnDone)
		}
		if err != nil {
			return 0, err
		}
		s.versions.next, s.versions.end = end-versionBlock, end
	}
	s.versions.next++
	return s.versions.next - 1, nil
}

// reserve takes a block of versions and returns where it ends.
func (s *Store) reserve(ctx context.Context) (end int64, err error) {
	const op = "reserve versions"
	row := " WHERE name = '" + versionsRow + "'"
	err = s.write(ctx, op, s.begin, func(conn *sql.Conn) error {
		if err := exec(ctx, conn, fmt.Sprintf("UPDATE %s SET number = number + %d%s", s.meta, versionBlock, row)); err != nil {
			return s.failed(ctx, op, err)
		}
		if err := conn.QueryRowContext(ctx, "SELECT number FROM "+s.meta+row).Scan(&end); err != nil {
			return s.failed(ctx, op, err)
		}
		if end <= versionBlock || end > 1<<62 {
			return fmt.Errorf("sqlstore: %s: %w: next version out of range", op, store.ErrCorrupt)
		}
		return nil
	})
	return end, err
}

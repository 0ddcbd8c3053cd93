package segbench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/clientele-go/clientele/segment"
)

var duckDBVersion = duckDBName

// duckDB is one database in memory with one connection and one thread. It is not safe for concurrent use.
type duckDB struct {
	db         *sql.DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func openDuckDB(ctx context.Context) (*duckDB, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	d := &duckDB{db: sql.OpenDB(connector), statements: map[string]*sql.Stmt{}}
	d.db.SetMaxOpenConns(1)
	if d.conn, err = d.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := d.exec(ctx, `SET threads = 1`); err != nil {
		return nil, err
	}
	return d, d.conn.QueryRowContext(ctx, `SELECT 'DuckDB ' || version()`).Scan(&duckDBVersion)
}

func (d *duckDB) close() error {
	if d == nil {
		return nil
	}
	return errors.Join(d.conn.Close(), d.db.Close())
}

func (d *duckDB) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := d.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w\nin: %s", err, s)
		}
	}
	return nil
}

// prepared returns the statement of a query, prepared when it is first asked for.
func (d *duckDB) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := d.statements[query]; s != nil {
		return s, nil
	}
	s, err := d.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%w\nin: %s", err, query)
	}
	d.statements[query] = s
	return s, nil
}

// bytes is the memory that DuckDB says it holds.
func (d *duckDB) bytes(ctx context.Context) (n int, err error) {
	err = d.conn.QueryRowContext(ctx, `SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()`).Scan(&n)
	return n, err
}

// scan returns the rows of a query, one after the other.
func scan(rows *sql.Rows, err error) (out []int64, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]int64, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, values...)
	}
	return out, rows.Err()
}

func (c *crowd) schema() string {
	columns := []string{"id BIGINT"}
	for i := range c.fields {
		columns = append(columns, c.fields[i].tag.Name+" "+c.fields[i].table)
	}
	return strings.Join(columns, ", ")
}

// publish makes the slices the table function that the statement of createTable reads.
func (c *crowd) publish(d *duckDB) error {
	return duckdb.RegisterTableUDF(d.conn, "crowd", duckdb.ChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ChunkTableSource, error) { return &chunks{crowd: c}, nil },
	})
}

func (c *crowd) createTable() string {
	columns := []string{"id"}
	for i := range c.fields {
		columns = append(columns, c.fields[i].sql+" AS "+c.fields[i].tag.Name)
	}
	return "CREATE TABLE customers AS SELECT " + strings.Join(columns, ", ") + " FROM crowd()"
}

// chunks hands the slices to DuckDB, a chunk of each column at a time.
type chunks struct {
	crowd *crowd
	from  int
}

func (s *chunks) ColumnInfos() []duckdb.ColumnInfo {
	infos := []duckdb.ColumnInfo{{Name: "id", T: typeOf("BIGINT")}}
	for i := range s.crowd.fields {
		infos = append(infos, duckdb.ColumnInfo{Name: s.crowd.fields[i].tag.Name, T: typeOf(s.crowd.fields[i].sqlType)})
	}
	return infos
}

func typeOf(name string) duckdb.TypeInfo {
	t, err := duckdb.NewTypeInfo(map[string]duckdb.Type{
		"BOOLEAN": duckdb.TYPE_BOOLEAN, "UTINYINT": duckdb.TYPE_UTINYINT, "USMALLINT": duckdb.TYPE_USMALLINT, "SMALLINT": duckdb.TYPE_SMALLINT,
		"INTEGER": duckdb.TYPE_INTEGER, "BIGINT": duckdb.TYPE_BIGINT, "DOUBLE": duckdb.TYPE_DOUBLE,
	}[name])
	if err != nil {
		panic(err)
	}
	return t
}

func (s *chunks) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.crowd.n), Exact: true}
}

func (s *chunks) Init() {}

func (s *chunks) FillChunk(chunk duckdb.DataChunk) error {
	from, to := s.from, min(s.from+duckdb.GetDataChunkCapacity(), s.crowd.n)
	s.from = to
	if err := fill(chunk, 0, s.crowd.numbers[from:to], nil); err != nil {
		return err
	}
	for i := range s.crowd.fields {
		f := &s.crowd.fields[i]
		var set []bool
		if f.set != nil {
			set = f.set[from:to]
		}
		var err error
		switch {
		case f.bools != nil:
			err = fill(chunk, i+1, f.bools[from:to], set)
		case f.codes != nil:
			err = fill(chunk, i+1, f.codes[from:to], set)
		case f.floats != nil:
			err = fill(chunk, i+1, f.floats[from:to], set)
		default:
			err = fill(chunk, i+1, f.ints[from:to], set)
		}
		if err != nil {
			return err
		}
	}
	return chunk.SetSize(to - from)
}

func fill[T any](chunk duckdb.DataChunk, column int, values []T, set []bool) error {
	for row, v := range values {
		if set != nil && !set[row] {
			if err := chunk.SetValue(column, row, nil); err != nil {
				return err
			}
			continue
		}
		if err := duckdb.SetChunkValue(chunk, column, row, v); err != nil {
			return err
		}
	}
	return nil
}

// appendRows writes the slices to the table customers through an Appender.
func (c *crowd) appendRows(d *duckDB) error {
	return d.conn.Raw(func(conn any) error {
		a, err := duckdb.NewAppenderFromConn(conn.(driver.Conn), "", "customers")
		if err != nil {
			return err
		}
		row := make([]driver.Value, 1+len(c.fields))
		for i := range c.n {
			row[0] = c.numbers[i]
			for k := range c.fields {
				row[k+1] = c.fields[k].value(i)
			}
			if err := a.AppendRow(row...); err != nil {
				return errors.Join(err, a.Close())
			}
		}
		return a.Close()
	})
}

func (f *field) value(i int) driver.Value {
	switch {
	case f.set != nil && !f.set[i]:
		return nil
	case f.bools != nil:
		return f.bools[i]
	case f.codes != nil:
		return f.codes[i]
	case f.floats != nil:
		return f.floats[i]
	case f.tag.Kind == segment.Time:
		return time.Unix(f.ints[i], 0).UTC()
	}
	return f.ints[i]
}

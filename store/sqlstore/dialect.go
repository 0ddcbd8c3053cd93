package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Dialect is the SQL that a database speaks. Safe for concurrent use.
type Dialect int

// The dialects.
const (
	SQLite     Dialect = iota + 1 // SQLite
	PostgreSQL                    // PostgreSQL and what speaks like it
	MySQL                         // MySQL and MariaDB, with InnoDB tables
)

var dialectNames = [...]string{SQLite: "SQLite", PostgreSQL: "PostgreSQL", MySQL: "MySQL"}

// String returns the name of the dialect.
func (d Dialect) String() string {
	if d <= 0 || int(d) >= len(dialectNames) {
		return "Dialect(" + strconv.Itoa(int(d)) + ")"
	}
	return dialectNames[d]
}

// MarshalText returns the text of String, or an error if d is not valid.
func (d Dialect) MarshalText() ([]byte, error) {
	if d <= 0 || int(d) >= len(dialectNames) {
		return nil, errors.New("sqlstore: unknown dialect")
	}
	return []byte(dialectNames[d]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Dialect) UnmarshalText(text []byte) error {
	i := slices.Index(dialectNames[:], string(text))
	if i <= 0 {
		return fmt.Errorf("sqlstore: unknown dialect: %s", enum.NotOne(dialectNames[:]))
	}
	*d = Dialect(i)
	return nil
}

// A grammar is a dialect with the names of the tables put in.
type grammar struct {
	entries, meta string
	columns       string // of an entry
	key           string
	schema        []string // creates what is not there
	addMeta       string   // adds a row to meta unless it is there

	begin    []string // begins a transaction of a commit
	snapshot []string // begins one that reads as of one moment
	clearing []string // begins one that may delete a range

	// What follows the rows of an INSERT.
	upsert string // replaces what is there
	lock   string // locks what is there and leaves it as it is
	absent string // leaves what is there as it is
	ignore string // follows INSERT together with absent

	share string // follows a SELECT: locks against writers

	oneWriter bool // transactions that write run one after the other
	packed    bool // rows are passed as one parameter and not one by one
	counts    bool // rows affected by an insert with lock are those inserted
}

func newGrammar(d Dialect, prefix string) *grammar {
	g := &grammar{entries: prefix + "_entries", meta: prefix + "_meta", key: "key"}
	blob, name := "BYTEA", "TEXT"
	rows, options := "PRIMARY KEY", ""
	g.addMeta = "INSERT INTO " + g.meta + " (name, number) VALUES ('%s', %d) ON CONFLICT (name) DO NOTHING"
	g.upsert = " ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value"
	g.absent = " ON CONFLICT (key) DO NOTHING"
	switch d {
	case SQLite:
		blob = "BLOB"
		rows = "UNIQUE" // beside the row number: faster for keys in random order
		g.begin = []string{"BEGIN IMMEDIATE"}
		g.snapshot = []string{"BEGIN"}
		g.clearing = g.begin
		g.oneWriter = true
	case PostgreSQL:
		g.begin = []string{"BEGIN ISOLATION LEVEL READ COMMITTED"}
		g.clearing = []string{g.begin[0], "LOCK TABLE " + g.entries + " IN SHARE ROW EXCLUSIVE MODE"}
		g.lock = " ON CONFLICT (key) DO UPDATE SET version = excluded.version WHERE false"
		g.share = " FOR SHARE NOWAIT"
		g.packed = true
		g.counts = true
	case MySQL:
		blob, name = "LONGBLOB", "VARCHAR(64)"
		options = " ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
		g.key = "`key`"
		g.begin = []string{"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "START TRANSACTION"}
		g.snapshot = []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"}
		// REPEATABLE READ locks the gaps between the keys too.
		g.clearing = []string{g.snapshot[0], "START TRANSACTION"}
		g.addMeta = "INSERT IGNORE INTO " + g.meta + " (name, number) VALUES ('%s', %d)"
		g.upsert = " ON DUPLICATE KEY UPDATE version = VALUES(version), value = VALUES(value)"
		g.lock = " ON DUPLICATE KEY UPDATE version = " + g.entries + ".version"
		g.absent, g.ignore = "", " IGNORE"
		g.share = " LOCK IN SHARE MODE"
	}
	g.columns = g.key + ", version, value"
	keyType := blob
	if d == MySQL {
		keyType = fmt.Sprintf("VARBINARY(%d)", limits.KeyBytes)
	}
	g.schema = []string{
		"CREATE TABLE IF NOT EXISTS " + g.entries + " (" + g.key + " " + keyType + " NOT NULL " + rows +
			", version BIGINT NOT NULL, value " + blob + " NOT NULL)" + options,
		"CREATE TABLE IF NOT EXISTS " + g.meta + " (name " + name + " NOT NULL PRIMARY KEY, number BIGINT NOT NULL)" + options,
	}
	return g
}

// parameter is the placeholder of the i-th argument, from 1.
func (g *grammar) parameter(i int) string {
	if g.packed {
		return "$" + strconv.Itoa(i)
	}
	return "?"
}

// A statement is SQL with its arguments.
type statement struct {
	text string
	args []any
}

// Bounds of what is put into one statement where parameters are passed one by one.
const (
	chunkRows  = 512
	chunkBytes = 1 << 20
)

// chunk returns how many of n rows, of the given sizes, go into one statement, at
// least one.
func chunk(n int, size func(int) int) int {
	bytes := 0
	for i := range min(n, chunkRows) {
		if bytes += size(i); bytes > chunkBytes && i > 0 {
			return i
		}
	}
	return min(n, chunkRows)
}

// matching returns statements that begin with head, end with tail and are about
// keys: one if parameters are packed.
func (g *grammar) matching(head string, keys [][]byte, tail string) []statement {
	head += " WHERE " + g.key
	if len(keys) == 1 {
		return []statement{{head + " = " + g.parameter(1) + tail, []any{keys[0]}}}
	}
	if g.packed {
		var p packer
		for _, key := range keys {
			p.add(key)
		}
		return []statement{{head + " = ANY (ARRAY(SELECT substring($1::bytea FROM o FOR k)" +
			" FROM unnest($2::text::int[], $3::text::int[]) AS t (o, k)))" + tail, p.args(2)}}
	}
	var list []statement
	for len(keys) > 0 {
		n := chunk(len(keys), func(i int) int { return len(keys[i]) })
		// Repeating the last key makes few different texts, which are prepared once.
		size := 1
		for size < n {
			size *= 2
		}
		args := make([]any, size)
		for i := range args {
			args[i] = keys[min(i, n-1)]
		}
		list = append(list, statement{head + " IN (?" + strings.Repeat(", ?", size-1) + ")" + tail, args})
		keys = keys[n:]
	}
	return list
}

// inserting returns statements that insert rows: one if parameters are packed.
func (g *grammar) inserting(rows []row, tail string) []statement {
	head := "INSERT INTO " + g.entries + " (" + g.columns + ") "
	if g.packed {
		var p packer
		for i := range rows {
			p.add(rows[i].key, rows[i].value)
			p.number(rows[i].version)
		}
		return []statement{{head + "SELECT substring($1::bytea FROM o FOR k), n, substring($1::bytea FROM o + k FOR v)" +
			" FROM unnest($2::text::int[], $3::text::int[], $4::text::int[], $5::text::bigint[]) AS t (o, k, v, n)" + tail, p.args(4)}}
	}
	var list []statement
	for len(rows) > 0 {
		n := chunk(len(rows), func(i int) int { return len(rows[i].key) + len(rows[i].value) })
		args := make([]any, 0, 3*n)
		for _, r := range rows[:n] {
			args = append(args, r.key, r.version, r.bytes())
		}
		list = append(list, statement{head + "VALUES (?, ?, ?)" + strings.Repeat(", (?, ?, ?)", n-1) + tail, args})
		rows = rows[n:]
	}
	return list
}

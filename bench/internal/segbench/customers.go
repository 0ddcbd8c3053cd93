package segbench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// field is a column of the table of customers.
type field struct {
	tag     segment.Tag
	sqlType string // of the values as they are given to DuckDB
	sql     string // makes the column of the table out of them
	table   string // its type
	bools   []bool
	codes   []int32
	levels  []string
	ints    []int64
	floats  []float64
	set     []bool // nil: all have a value
}

const daySeconds = 86400

// firstDay is the first day of times, which go over 512 days.
var firstDay = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// fieldsOf draws twenty columns.
func fieldsOf(s *source) []field {
	flag := func(name string, share float64) field {
		return field{tag: segment.Tag{Name: name, Kind: segment.Flag}, sqlType: "BOOLEAN", bools: s.flags(share)}
	}
	enum := func(name string, n int) field {
		f := field{tag: segment.Tag{Name: name, Kind: segment.Enum}, sqlType: "UTINYINT", codes: s.codes(n)}
		if n > 256 {
			f.sqlType = "USMALLINT"
		}
		for i := range n {
			f.levels = append(f.levels, fmt.Sprintf("%s %d", name, i))
		}
		return f
	}
	number := func(name string, width int) field {
		f := field{tag: segment.Tag{Name: name, Kind: segment.Integer}, sqlType: "INTEGER", ints: s.numbers(width)}
		switch {
		case width <= 8:
			f.sqlType = "UTINYINT"
		case width <= 15:
			f.sqlType = "SMALLINT"
		}
		return f
	}
	instant := func(name string, scale int64) field {
		f := field{tag: segment.Tag{Name: name, Kind: segment.Time}, sqlType: "BIGINT", ints: s.numbers(9)}
		for i := range f.ints {
			f.ints[i] = firstDay.Unix() + f.ints[i]*daySeconds
			if scale == 1 {
				f.ints[i] += s.rng.Int64N(daySeconds)
			}
		}
		f.table, f.sql = "TIMESTAMP", fmt.Sprintf("make_timestamp(%s * 1000000)", name)
		if scale == daySeconds {
			f.table, f.sql = "DATE", fmt.Sprintf("DATE '1970-01-01' + (%s // 86400)::INTEGER", name)
		}
		return f
	}
	last := instant("last", daySeconds)
	last.set = s.flags(0.8)
	score := field{tag: segment.Tag{Name: "score", Kind: segment.Float}, sqlType: "DOUBLE"}
	for _, n := range s.numbers(20) {
		score.floats = append(score.floats, float64(n)/1024)
	}
	fields := []field{
		flag("vip", 0.1), flag("optin", 0.5), flag("blocked", 0.01), flag("member", 0.05), flag("active", 0.3),
		enum("country", 50), enum("gender", 3), enum("channel", 8), enum("tier", 5), enum("city", 300),
		number("spend", 20), number("orders", 8), number("visits", 12), number("points", 24), number("basket", 14), number("age", 7),
		last, instant("birthday", daySeconds), instant("joined", 1), score,
	}
	for i := range fields {
		f := &fields[i]
		if f.table == "" {
			f.table, f.sql = f.sqlType, f.tag.Name
		}
	}
	return fields
}

// crowd is customers with twenty tags, in slices. It is not safe for concurrent use.
type crowd struct {
	n       int
	numbers []int64 // ids: of DuckDB
	ids     []customer.ID
	fields  []field
}

func newCrowd(s shape, n int) *crowd {
	c := &crowd{n: n, fields: fieldsOf(newSource(s, n, 1))}
	c.numbers, c.ids = idsOf(n)
	return c
}

func idsOf(n int) (numbers []int64, ids []customer.ID) {
	for i := range n {
		// Ids look alike nowhere but in order of arrival.
		numbers = append(numbers, int64(uint64(i)*0x9e3779b97f4a7c15>>1))
		ids = append(ids, customer.FromInt64(numbers[i]))
	}
	return numbers, ids
}

func (c *crowd) field(name string) *field {
	for i := range c.fields {
		if c.fields[i].tag.Name == name {
			return &c.fields[i]
		}
	}
	panic("no field " + name)
}

// index loads a fresh index with all columns.
func (c *crowd) index(ctx context.Context, o segment.Options) (*segment.Index, error) {
	var columns []segment.Column
	for i := range c.fields {
		f := &c.fields[i]
		o.Tags = append(o.Tags, f.tag)
		columns = append(columns, segment.Column{
			Tag: f.tag.Name, Bools: f.bools, Codes: f.codes, Levels: f.levels, Ints: f.ints, Floats: f.floats, Set: f.set,
		})
	}
	ix, err := segment.New(&o)
	if err != nil {
		return nil, err
	}
	return ix, ix.Load(ctx, time.Time{}, c.ids, columns)
}

// heap is the memory that is in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

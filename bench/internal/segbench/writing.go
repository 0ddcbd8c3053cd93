package segbench

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// loaded says what a table that was loaded holds: customers, and if they are the same for all the number of one flag and
// a sum.
type loaded struct{ rows, vip, spend int64 }

// loading measures how long a table of customers takes to load. It is done for one shape.
func loading(ctx context.Context, b *bench) (err error) {
	if b.shape != uniform {
		return nil
	}
	var (
		crowd *crowd
		ix    *segment.Index
		duck  *duckDB
	)
	defer func() { err = errors.Join(err, duck.close()) }()
	statements := func(list ...string) func(context.Context) error {
		return func(ctx context.Context) error { return duck.exec(ctx, list...) }
	}
	const drop = `DROP TABLE IF EXISTS customers`
	ours := func(q segment.Query) way[loaded] {
		return way[loaded]{
			ready: func(context.Context) error {
				ix = nil
				runtime.GC()
				return nil
			},
			do: func(ctx context.Context) (_ loaded, err error) {
				ix, err = crowd.index(ctx, segment.Options{Workers: 1})
				return loaded{}, err
			},
			answer: func(ctx context.Context) (l loaded, _ error) {
				s := ix.Snapshot()
				l.rows = int64(s.Len())
				n, err := s.Count(ctx, q)
				if err != nil {
					return l, err
				}
				l.vip = int64(n)
				sum, err := s.Sum(ctx, segment.Query{}, "spend")
				l.spend, _ = sum.Int64()
				ix = nil
				return l, err
			},
		}
	}
	theirs := func(name string, ready func(context.Context) error, do func(context.Context) error, same bool) way[loaded] {
		return way[loaded]{
			name: duckDBName + ", " + name, targets: [2]float64{1, 1}, ready: ready,
			do: func(ctx context.Context) (loaded, error) { return loaded{}, do(ctx) },
			answer: func(ctx context.Context) (l loaded, _ error) {
				v, err := scan(duck.conn.QueryContext(ctx, `SELECT count(*), count(*) FILTER (vip), sum(spend)::BIGINT FROM customers`))
				if err != nil {
					return l, err
				}
				l.rows = v[0]
				if same {
					l.vip, l.spend = v[1], v[2]
				}
				return l, duck.exec(ctx, drop)
			},
		}
	}
	return measure(ctx, b, task[loaded]{
		name: "load of id and twenty columns",
		per:  1,
		runs: 1, // it takes long and varies little
		prepare: func(ctx context.Context) (err error) {
			if crowd != nil {
				return nil
			}
			crowd = newCrowd(b.shape, b.customers)
			if duck, err = openDuckDB(ctx); err != nil {
				return err
			}
			return crowd.publish(duck)
		},
		ours: []way[loaded]{ours(segment.Query{Rule: segment.IsTrue("vip")})},
		peers: []way[loaded]{
			theirs("Appender", func(ctx context.Context) error {
				return duck.exec(ctx, drop, `CREATE TABLE customers (`+crowd.schema()+`)`)
			}, func(context.Context) error { return crowd.appendRows(duck) }, true),
			theirs("table function over the slices", statements(drop),
				func(ctx context.Context) error { return duck.exec(ctx, crowd.createTable()) }, true),
			theirs("from generated data", statements(drop),
				func(ctx context.Context) error { return duck.exec(ctx, crowd.generated()) }, false),
		},
		equal: func(want, got loaded) bool {
			if got.vip == 0 {
				want.vip, want.spend = 0, 0
			}
			return want == got
		},
	})
}

// generated is a statement that makes a table of the same columns out of hashes of the row's number.
func (c *crowd) generated() string {
	var s strings.Builder
	s.WriteString(`CREATE TABLE customers AS SELECT i AS id`)
	for k := range c.fields {
		f := &c.fields[k]
		h := fmt.Sprintf("hash(i + %d)", k*c.n)
		value := ""
		switch {
		case f.bools != nil:
			value = fmt.Sprintf("%s %% 100 < 10", h)
		case f.codes != nil:
			value = fmt.Sprintf("(%s %% %d)::%s", h, len(f.levels), f.table)
		case f.floats != nil:
			value = fmt.Sprintf("(%s %% 1048576) / 1024", h)
		case f.table == "DATE":
			value = fmt.Sprintf("DATE '2024-01-01' + (%s %% 512)::INTEGER", h)
		case f.table == "TIMESTAMP":
			value = fmt.Sprintf("make_timestamp(%d + (%s %% 44236800)::BIGINT * 1000000)", firstDay.UnixMicro(), h)
		default:
			value = fmt.Sprintf("(%s %% 100)::%s", h, f.table)
		}
		s.WriteString(", " + value + " AS " + f.tag.Name)
	}
	return s.String() + fmt.Sprintf(" FROM range(%d) AS r(i)", c.n)
}

const (
	largeBatch = 100_000
	smallRuns  = 100 // batches of one in a run
)

// purse is one number of each customer that is written to. It is not safe for concurrent use.
type purse struct {
	indexes [2]*segment.Index
	duck    *duckDB
	ids     []customer.ID
	numbers []int64
	model   []int64       // the numbers as they should be
	total   int64         // their sum
	totals  map[int]int64 // the sum after a run
}

func (p *purse) build(ctx context.Context, b *bench) (err error) {
	if p.ids != nil {
		return nil
	}
	p.numbers, p.ids = idsOf(b.customers)
	spend := newSource(b.shape, b.customers, 4).numbers(20)
	p.model, p.totals = slices.Clone(spend), map[int]int64{}
	for _, v := range spend {
		p.total += v
	}
	for i := range p.indexes {
		if p.indexes[i], err = segment.New(&segment.Options{Tags: []segment.Tag{{Name: "spend", Kind: segment.Integer}}, Workers: 1}); err != nil {
			return err
		}
		if err := p.indexes[i].Load(ctx, time.Time{}, p.ids, []segment.Column{{Tag: "spend", Ints: spend}}); err != nil {
			return err
		}
	}
	if p.duck, err = openDuckDB(ctx); err != nil {
		return err
	}
	c := &crowd{n: b.customers, numbers: p.numbers, fields: []field{
		{tag: segment.Tag{Name: "spend", Kind: segment.Integer}, sqlType: "INTEGER", table: "INTEGER", sql: "spend", ints: spend},
	}}
	if err := c.publish(p.duck); err != nil {
		return err
	}
	return p.duck.exec(ctx, c.createTable(), `CREATE UNIQUE INDEX by_id ON customers (id)`, `CREATE TEMP TABLE staged (id BIGINT, spend INTEGER)`)
}

// writes are n customers and their new numbers, the same for every way in the same run.
func (p *purse) writes(run, n int) (places []int, values []int64) {
	rng := rand.New(rand.NewPCG(uint64(run), 5))
	seen := map[int]bool{}
	for len(places) < n {
		if at := rng.IntN(len(p.ids)); !seen[at] {
			seen[at] = true
			places, values = append(places, at), append(values, rng.Int64N(1<<20))
		}
	}
	if _, ok := p.totals[run]; !ok {
		for k, at := range places {
			p.total += values[k] - p.model[at]
			p.model[at] = values[k]
		}
		p.totals[run] = p.total
	}
	return places, values
}

// updates measures writes of one number each to customers at random, in large batches and one by one.
func updates(ctx context.Context, b *bench) (err error) {
	if b.shape != uniform {
		return nil
	}
	p := &purse{}
	defer func() { err = errors.Join(err, p.duck.close()) }()
	ours := func(ctx context.Context, ix *segment.Index) (int64, error) {
		v, err := ix.Snapshot().Sum(ctx, segment.Query{}, "spend")
		n, _ := v.Int64()
		return n, err
	}
	theirs := func(ctx context.Context) (int64, error) {
		v, err := scan(p.duck.conn.QueryContext(ctx, `SELECT sum(spend)::BIGINT FROM customers`))
		if err != nil {
			return 0, err
		}
		return v[0], nil
	}
	for _, size := range []int{largeBatch, 1} {
		n := largeBatch
		name := fmt.Sprintf("random writes in batches of %d, a write", size)
		if size == 1 {
			n = smallRuns
			name = "random writes one by one, a write"
		}
		n = min(n, b.customers/2)
		// with hands each run of a way the writes of the run. The answer is how far the sum is from what it should be.
		with := func(sum func(context.Context) (int64, error), do func(ctx context.Context, places []int, values []int64) error) way[int64] {
			run := size
			var places []int
			var values []int64
			return way[int64]{
				ready: func(context.Context) error {
					run++
					places, values = p.writes(run, n)
					return nil
				},
				do: func(ctx context.Context) (int64, error) { return 0, do(ctx, places, values) },
				answer: func(ctx context.Context) (int64, error) {
					got, err := sum(ctx)
					return got - p.totals[run], err
				},
			}
		}
		t := task[int64]{
			name: name, per: n,
			prepare: func(ctx context.Context) error { return p.build(ctx, b) },
			equal:   func(_, got int64) bool { return got == 0 },
		}
		for i := range p.indexes {
			t.ours = append(t.ours, with(func(ctx context.Context) (int64, error) { return ours(ctx, p.indexes[i]) }, func(ctx context.Context, places []int, values []int64) error {
				var batch segment.Batch
				for k, at := range places {
					batch.Set(p.ids[at], "spend", customer.Int64Value(values[k]))
					if batch.Len() == size || k == len(places)-1 {
						if err := p.indexes[i].Apply(ctx, &batch); err != nil {
							return err
						}
						batch.Reset()
					}
				}
				return nil
			}))
		}
		w := with(theirs, func(ctx context.Context, places []int, values []int64) error {
			if size == 1 {
				stmt, err := p.duck.prepared(ctx, `UPDATE customers SET spend = ? WHERE id = ?`)
				if err != nil {
					return err
				}
				for k, at := range places {
					if _, err := stmt.ExecContext(ctx, values[k], p.numbers[at]); err != nil {
						return err
					}
				}
				return nil
			}
			if err := p.duck.exec(ctx, `DELETE FROM staged`); err != nil {
				return err
			}
			if err := p.stage(places, values); err != nil {
				return err
			}
			return p.duck.exec(ctx, `UPDATE customers SET spend = staged.spend FROM staged WHERE customers.id = staged.id`)
		})
		w.name = duckDBName
		t.peers = []way[int64]{w}
		if err := measure(ctx, b, t); err != nil {
			return err
		}
	}
	return nil
}

// stage appends writes to a table of DuckDB.
func (p *purse) stage(places []int, values []int64) error {
	return p.duck.conn.Raw(func(conn any) error {
		a, err := duckdb.NewAppender(conn.(driver.Conn), "temp", "main", "staged")
		if err != nil {
			return err
		}
		for k, at := range places {
			if err := a.AppendRow(p.numbers[at], values[k]); err != nil {
				return errors.Join(err, a.Close())
			}
		}
		return a.Close()
	})
}

const lookups = 1_000_000

// dictionary measures the dictionary of ids beside a Go map.
func dictionary(ctx context.Context, b *bench) error {
	if b.shape != uniform {
		return nil
	}
	var (
		snap *segment.Snapshot
		mine map[[16]byte]uint32
		asks []customer.ID
	)
	found := func(has func(customer.ID) bool) func(context.Context) (int, error) {
		return func(context.Context) (n int, _ error) {
			for _, id := range asks {
				if has(id) {
					n++
				}
			}
			return n, nil
		}
	}
	return measure(ctx, b, task[int]{
		name: "lookup of a random id", per: lookups,
		equal: func(want, got int) bool { return want == got },
		prepare: func(ctx context.Context) error {
			if snap != nil {
				return nil
			}
			rng := rand.New(rand.NewPCG(6, 6))
			random := func() (id uuid.UUID) {
				a, b := rng.Uint64(), rng.Uint64()
				for i := range 8 {
					id[i], id[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
				}
				id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4
				return id
			}
			ids := make([]customer.ID, b.customers)
			for i := range ids {
				ids[i] = random()
			}
			before := heap()
			ix, err := segment.New(nil)
			if err != nil {
				return err
			}
			if err := ix.Load(ctx, time.Time{}, ids, nil); err != nil {
				return err
			}
			snap = ix.Snapshot()
			between := heap()
			if err := b.remember("index of ids alone", between-before); err != nil {
				return err
			}
			mine = map[[16]byte]uint32{}
			for i, id := range ids {
				mine[id] = uint32(i)
			}
			if err := b.remember("map[[16]byte]uint32, ids to positions only", heap()-between); err != nil {
				return err
			}
			asks = make([]customer.ID, lookups)
			for i := range asks {
				if asks[i] = ids[rng.IntN(len(ids))]; i%10 == 0 {
					asks[i] = random()
				}
			}
			return nil
		},
		ours: []way[int]{{do: found(func(id customer.ID) bool { has, _ := snap.Has(context.Background(), id); return has })}},
		peers: []way[int]{{
			name: "Go map",
			do:   found(func(id customer.ID) bool { _, ok := mine[id]; return ok }),
		}},
	})
}

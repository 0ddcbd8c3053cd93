package churn

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// A builder makes a log of columns. Rows are spread over shards by a hash of the
// customer, so that all that happens to a shard stays in a processor's cache. Only the
// order of rows while they are moved depends on the hash and the number of workers; what
// comes out does not.
type builder[K comparable] struct {
	c        *table.Events[K]
	o        *LogOptions[K]
	workers  int
	log      *Log[K]
	from     int64 // unix second of the first instant that is observed; math.MinInt64: of the first event
	to       int64 // unix second of the first instant that is not
	hash     func(K) uint64
	bits     int      // shards are 1 << bits
	shardOf  []uint16 // of each row; setAside: it is not kept
	rows     []uint32 // kept rows by shard, ascending in each
	local    []uint32 // of each of rows, the number of the customer in the shard
	bounds   []int    // of each shard the first of its rows; one more at the end
	groups   [][]group[K]
	arrives  bool    // an event arrives later than it happens
	kind     []int32 // of 1 + index into the names, the place among those of the log
	channel  []int32
	category []int32
}

// A group is a customer's rows.
type group[K comparable] struct {
	customer K
	rows     int // number of them
	at       int // index of the first event in the log
}

const (
	maxEvents = math.MaxUint32
	maxDays   = 1 << 20 // of a log
	blockRows = 1 << 20 // rows between two looks at the context
	chunkRows = 1 << 14 // rows a goroutine takes at a time
	shardRows = 1 << 16 // rows a shard is meant for
	maxBits   = 10
	setAside  = math.MaxUint16
)

// A tally is what one goroutine found out about the rows it read.
type tally struct {
	report                      LogReport
	first                       int64  // earliest unix second of a kept event
	total                       uint64 // amounts; 1 << 63 stands for all sums that an int64 does not hold
	arrives                     bool
	kinds, channels, categories []bool // 1 + index: used by a kept event
	faults                      [len(indexColumns)]int
}

// indexColumns are the columns that hold indexes.
var indexColumns = [...]string{"Kinds", "Channels", "Categories"}

func (b *builder[K]) newTally() *tally {
	t := &tally{
		first:      math.MaxInt64,
		kinds:      make([]bool, 1+len(b.c.KindNames)),
		channels:   make([]bool, 1+len(b.c.ChannelNames)),
		categories: make([]bool, 1+len(b.c.CategoryNames)),
	}
	for i := range t.faults {
		t.faults[i] = math.MaxInt
	}
	return t
}

func (t *tally) add(o *tally) {
	t.report.Kept += o.report.Kept
	t.report.NoCustomer += o.report.NoCustomer
	t.report.NoTime += o.report.NoTime
	t.report.Early += o.report.Early
	t.report.Late += o.report.Late
	t.report.Negative += o.report.Negative
	t.first = min(t.first, o.first)
	t.total += min(o.total, 1<<63-t.total)
	t.arrives = t.arrives || o.arrives
	for i, f := range o.faults {
		t.faults[i] = min(t.faults[i], f)
	}
	for _, names := range [][2][]bool{{t.kinds, o.kinds}, {t.channels, o.channels}, {t.categories, o.categories}} {
		for i, used := range names[1] {
			names[0][i] = names[0][i] || used
		}
	}
}

// read looks at every row once: it decides which are kept, and in which shard.
func (b *builder[K]) read(ctx context.Context) (*tally, error) {
	n := len(b.c.Customers)
	b.bits = min(bits.Len(uint(n/shardRows)), maxBits)
	b.shardOf = make([]uint16, n)
	sum := b.newTally()
	for lo := 0; lo < n; lo += blockRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := min(blockRows, n-lo)
		chunks := (rows + chunkRows - 1) / chunkRows
		for _, t := range parallel.States(b.workers, chunks, b.newTally, func(t *tally, i int) {
			b.readRows(t, lo+i*chunkRows, lo+min((i+1)*chunkRows, rows))
		}) {
			sum.add(t)
		}
		if b.o.Progress != nil {
			b.o.Progress(int64(lo+rows), int64(n))
		}
	}
	sum.report.Events = int64(n)
	for i, row := range sum.faults {
		if row != math.MaxInt {
			return nil, fmt.Errorf("%w: row %d: column %s holds an index out of range", ErrEvents, row, indexColumns[i])
		}
	}
	if sum.total > math.MaxInt64 {
		return nil, fmt.Errorf("%w: the amounts together leave the range of int64", ErrEvents)
	}
	return sum, ctx.Err()
}

func (b *builder[K]) readRows(t *tally, lo, hi int) {
	c := b.c
	var zero K
	absent := zeroIsNobody[K]()
	for i := lo; i < hi; i++ {
		b.shardOf[i] = setAside
		k, ch, ca := indexAt(c.Kinds, i), indexAt(c.Channels, i), indexAt(c.Categories, i)
		if k >= len(t.kinds) {
			t.faults[0] = min(t.faults[0], i)
			continue
		}
		if ch >= len(t.channels) {
			t.faults[1] = min(t.faults[1], i)
			continue
		}
		if ca >= len(t.categories) {
			t.faults[2] = min(t.faults[2], i)
			continue
		}
		id, at, amount := c.Customers[i], c.Times[i], int64(0)
		if c.Amounts != nil {
			amount = c.Amounts[i]
		}
		switch {
		case absent && id == zero || id != id: //nolint:staticcheck // a NaN
			t.report.NoCustomer++
		case at == civil.NoTime:
			t.report.NoTime++
		case at < b.from:
			t.report.Early++
		case at >= b.to:
			t.report.Late++
		case amount < 0:
			t.report.Negative++
		default:
			t.report.Kept++
			t.first = min(t.first, at)
			t.total += min(uint64(amount), 1<<63-t.total)
			t.arrives = t.arrives || c.Arrived != nil && c.Arrived[i] > at
			t.kinds[k], t.channels[ch], t.categories[ca] = true, true, true
			b.shardOf[i] = uint16(b.hash(id) >> (64 - b.bits))
		}
	}
}

// indexAt returns 1 + the index of a row, beyond all names where it is out of range.
func indexAt(column []int32, row int) int {
	if column == nil {
		return 0
	}
	if column[row] < -1 {
		return math.MaxInt
	}
	return int(column[row]) + 1
}

// scatter brings the kept rows together by shard.
func (b *builder[K]) scatter(kept int64) {
	n, shards := len(b.shardOf), 1<<b.bits
	parts := min(b.workers, n/chunkRows+1)
	counts := make([][]int, parts)
	parallel.Ranges(b.workers, n, parts, func(p, lo, hi int) {
		count := make([]int, shards)
		for _, s := range b.shardOf[lo:hi] {
			if s != setAside {
				count[s]++
			}
		}
		counts[p] = count
	})
	b.bounds = make([]int, shards+1)
	at := 0
	for s := range shards {
		b.bounds[s] = at
		for _, count := range counts {
			at, count[s] = at+count[s], at
		}
	}
	b.bounds[shards] = at
	b.rows = make([]uint32, kept)
	parallel.Ranges(b.workers, n, parts, func(p, lo, hi int) {
		next := counts[p]
		for i := lo; i < hi; i++ {
			if s := b.shardOf[i]; s != setAside {
				b.rows[next[s]] = uint32(i)
				next[s]++
			}
		}
	})
	b.shardOf = nil
}

// number numbers the customers of each shard in the order in which they come.
func (b *builder[K]) number(ctx context.Context) error {
	b.local = make([]uint32, len(b.rows))
	b.groups = make([][]group[K], len(b.bounds)-1)
	fresh := func() *numbering[K] { return &numbering[K]{hash: b.hash} }
	parallel.States(b.workers, len(b.groups), fresh, func(n *numbering[K], s int) {
		if ctx.Err() != nil {
			return
		}
		n.reset()
		lo, hi := b.bounds[s], b.bounds[s+1]
		local := b.local[lo:hi]
		n.customers = gather(n.customers, b.c.Customers, b.rows[lo:hi])
		for i, customer := range n.customers {
			id := n.number(customer)
			n.groups[id].rows++
			local[i] = uint32(id)
		}
		b.groups[s] = slices.Clone(n.groups)
	})
	return ctx.Err()
}

// gather returns in dst the values of some rows of a column. Values that lie far apart are
// slow to come; such a short loop has many of them on their way at the same time.
func gather[T any](dst, column []T, rows []uint32) []T {
	dst = slices.Grow(dst[:0], len(rows))[:len(rows)]
	for i, row := range rows {
		dst[i] = column[row]
	}
	return dst
}

// arrange sorts the customers and gives each the place of its events.
func (b *builder[K]) arrange() error {
	n := 0
	for _, groups := range b.groups {
		n += len(groups)
	}
	type place struct {
		customer K
		group    *group[K]
	}
	sorted := make([]place, 0, n)
	for _, groups := range b.groups {
		for i := range groups {
			sorted = append(sorted, place{groups[i].customer, &groups[i]})
		}
	}
	parallel.SortFunc(b.workers, sorted, func(x, y place) int { return b.o.Compare(x.customer, y.customer) })
	l := b.log
	l.customers, l.first = make([]K, n), make([]int, n+1)
	for i, p := range sorted {
		if i > 0 && b.o.Compare(sorted[i-1].customer, p.customer) >= 0 {
			return fmt.Errorf("%w: LogOptions.Compare does not order the customers: it finds two that differ equal, or contradicts itself", ErrOptions)
		}
		l.customers[i], p.group.at = p.customer, l.first[i]
		l.first[i+1] = l.first[i] + p.group.rows
	}
	return nil
}

// usedNames returns those that are used, ascending and each once, and of 1 + each index the
// place in them; empty is what an empty text and the index -1 stand for, -1 where that is empty.
func usedNames(names []string, used []bool, empty string) (all []string, code []int32) {
	name := func(i int) string {
		if i == 0 || names[i-1] == "" {
			return empty
		}
		return names[i-1]
	}
	for i, u := range used {
		if u && name(i) != "" {
			all = append(all, name(i))
		}
	}
	slices.Sort(all)
	all = slices.Clip(slices.Compact(all))
	for i := range all {
		all[i] = strings.Clone(all[i]) // not to keep alive what it may be a part of
	}
	code = make([]int32, len(used))
	for i, u := range used {
		code[i] = -1
		if u && name(i) != "" {
			at, _ := slices.BinarySearch(all, name(i))
			code[i] = int32(at)
		}
	}
	return all, code
}

package churn

import (
	"cmp"
	"context"
	"slices"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/parallel"
)

// A filler sorts the events of one shard after another and writes them to the log.
type filler struct {
	calendar civil.Calendar
	delayed  int64

	// Columns of the shard's rows; the texts are numbers that sort like them.
	unix, amount, arrived   []int64 // amount nil: all 0; arrived nil: all at unix
	kind, channel, category []int32

	order []uint32 // the rows by customer
	next  []int    // of each customer, the place in order after the last row
	keys  []uint64 // scratch
}

// fill writes the events of all customers.
func (b *builder[K]) fill(ctx context.Context) error {
	e, n := &b.log.events, len(b.rows)
	e.unix, e.day, e.amount, e.kind = make([]int64, n), make([]civil.Day, n), make([]int64, n), make([]uint8, n)
	e.channel, e.category = make([]int32, n), make([]int32, n)
	if b.arrives {
		e.arrived = make([]int64, n)
	}
	fresh := func() *filler { return &filler{calendar: civil.NewCalendar(b.o.Location)} }
	for _, f := range parallel.States(b.workers, len(b.groups), fresh, func(f *filler, s int) {
		if ctx.Err() != nil {
			return
		}
		b.load(f, s)
		for i, g := range b.groups[s] {
			rows := f.order[f.next[i]-g.rows : f.next[i]]
			f.sort(rows)
			b.write(f, g.at, rows)
		}
	}) {
		b.log.report.Delayed += f.delayed
	}
	return ctx.Err()
}

// load reads the rows of a shard.
func (b *builder[K]) load(f *filler, s int) {
	c, lo, hi := b.c, b.bounds[s], b.bounds[s+1]
	rows := b.rows[lo:hi]
	f.unix = gather(f.unix, c.Times, rows)
	if c.Amounts != nil {
		f.amount = gather(f.amount, c.Amounts, rows)
	}
	if b.arrives {
		f.arrived = gather(f.arrived, c.Arrived, rows)
		for i, unix := range f.unix {
			f.arrived[i] = max(f.arrived[i], unix)
		}
	}
	f.kind = gatherCodes(f.kind, c.Kinds, b.kind, rows)
	f.channel = gatherCodes(f.channel, c.Channels, b.channel, rows)
	f.category = gatherCodes(f.category, c.Categories, b.category, rows)

	f.next = f.next[:0]
	at := 0
	for _, g := range b.groups[s] {
		f.next = append(f.next, at)
		at += g.rows
	}
	f.order = slices.Grow(f.order[:0], len(rows))[:len(rows)]
	for i, customer := range b.local[lo:hi] {
		f.order[f.next[customer]] = uint32(i)
		f.next[customer]++
	}
}

// gatherCodes is gather of a column of indexes, which become their codes in the log.
func gatherCodes(dst, column, code []int32, rows []uint32) []int32 {
	if column == nil {
		dst = slices.Grow(dst[:0], len(rows))[:len(rows)]
		for i := range dst {
			dst[i] = code[0]
		}
		return dst
	}
	dst = gather(dst, column, rows)
	for i, index := range dst {
		dst[i] = code[index+1]
	}
	return dst
}

// compare orders two rows of a customer: those that it finds equal are.
func (f *filler) compare(x, y uint32) int {
	if c := cmp.Compare(f.unix[x], f.unix[y]); c != 0 {
		return c
	}
	c := cmp.Or(cmp.Compare(f.kind[x], f.kind[y]), cmp.Compare(f.channel[x], f.channel[y]), cmp.Compare(f.category[x], f.category[y]))
	if c == 0 && f.amount != nil {
		c = cmp.Compare(f.amount[x], f.amount[y])
	}
	if c == 0 && f.arrived != nil {
		c = cmp.Compare(f.arrived[x], f.arrived[y])
	}
	return c
}

// sort sorts the rows of a customer: by time as integers, which is fast, and then those of the same second.
func (f *filler) sort(rows []uint32) {
	if slices.IsSortedFunc(rows, f.compare) {
		return
	}
	const rowBits = 27 // the other 37 hold the seconds of maxDays
	if len(f.unix) > 1<<rowBits {
		slices.SortFunc(rows, f.compare)
		return
	}
	first := f.unix[rows[0]]
	for _, row := range rows {
		first = min(first, f.unix[row])
	}
	f.keys = f.keys[:0]
	for _, row := range rows {
		f.keys = append(f.keys, uint64(f.unix[row]-first)<<rowBits|uint64(row))
	}
	slices.Sort(f.keys)
	for i, key := range f.keys {
		rows[i] = uint32(key & (1<<rowBits - 1))
	}
	for lo, hi := 0, 0; lo < len(rows); lo = hi {
		for second := f.keys[lo] >> rowBits; hi < len(rows) && f.keys[hi]>>rowBits == second; {
			hi++
		}
		if hi-lo > 1 {
			slices.SortFunc(rows[lo:hi], f.compare)
		}
	}
}

// write writes the rows of a customer to the log.
func (b *builder[K]) write(f *filler, at int, rows []uint32) {
	l, e := b.log, &b.log.events
	for _, row := range rows {
		unix := f.unix[row]
		day := f.calendar.Day(unix)
		e.unix[at], e.day[at], e.kind[at] = unix, day, uint8(f.kind[row])
		e.channel[at], e.category[at] = f.channel[row], f.category[row]
		if f.amount != nil {
			e.amount[at] = f.amount[row]
		}
		if f.arrived != nil {
			e.arrived[at] = f.arrived[row]
			if f.arrived[row] >= l.start(Day(day)+1) {
				f.delayed++
			}
		}
		at++
	}
}

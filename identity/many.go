package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

// ManyOptions are options of ObserveMany. Nil is the defaults. Safe for concurrent
// reads.
type ManyOptions struct {
	// Workers is the most goroutines. 0: GOMAXPROCS. The result does not depend on it.
	Workers int
	// Progress, if not nil, is told how many observations are done, of how many; by
	// one goroutine at a time.
	Progress func(done, total int64)
	// Rejected, if not nil, is told of each observation that is not taken: its place
	// in the input, and the error that Observe would return. Nil: such an observation
	// ends the work with its error. By one goroutine at a time, in no particular order.
	Rejected func(row int, err error)
}

// A Summary is what became of many observations. Safe for concurrent reads.
type Summary struct {
	Observed int // added
	Known    int // observed before, or twice in the input
	Rejected int // not taken
	Created  int // customers that began
	Merged   int // customers that became part of others
}

// ObserveMany adds observations, as Observe does, much faster. It sorts them by time and
// id: the customers and their ids do not depend on the order of the input. Those that
// have identifiers in common are looked at together, so customers begin as what they are
// in the end: there are fewer changes in the feed than one by one. Where these take more
// than one commit, customers may begin under other ids on a store into whose commits fewer
// operations fit; who is one customer is the same on every store.
//
// Others may observe meanwhile. After an error, and after the process was killed, some
// customers have been stored, whole; observing the same again does the rest.
//
// Errors: those of Observe, and of the sequence's observations InputErrors with the row.
// Memory: the observations, and some 350 bytes for each of three identifiers.
func (g *Graph) ObserveMany(ctx context.Context, observations iter.Seq[Observation], o *ManyOptions) (Summary, error) {
	m := &many{g: g}
	if o != nil {
		m.o = *o
	}
	if err := m.collect(ctx, observations); err != nil {
		return Summary{}, err
	}
	if err := m.prepare(ctx); err != nil {
		return m.sum, err
	}
	if err := m.order(); err != nil {
		return m.sum, err
	}
	m.fresh = true
	for _, err := range m.g.s.Scan(ctx, store.Range{From: key("c"), To: key("d"), Limit: 1}) {
		if err != nil {
			return m.sum, err
		}
		m.fresh = false
	}
	components, err := m.components(ctx)
	if err != nil {
		return m.sum, err
	}
	err = m.add(ctx, components)
	if err != nil || m.sum.Rejected > 0 { // then there may be too few to share a value
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		for _, h := range m.made {
			err = errors.Join(err, m.g.reviewValue(ctx, h))
		}
	}
	return m.sum, err
}

// many is one call of ObserveMany.
type many struct {
	g    *Graph
	o    ManyOptions
	rows []Observation
	all  []*prepared // by row; nil where it is not to be added
	todo []int32     // rows to be added, in the order of evidence
	sum  Summary
	done int64

	// fresh: the store had no evidence when this began.
	fresh bool

	numbers []int32 // of the values and the record of each row: numbers[at[row]:at[row+1]]
	at      []int32
	names   int
	loose   []bool // by number: values that join nothing
	over    []bool // by number: values that the input alone makes shared
	anyOver bool
	made    []blind // those values, as far as they have been made shared
}

// collect takes the observations from the sequence, first into pieces that need not be
// moved as they become more.
func (m *many) collect(ctx context.Context, observations iter.Seq[Observation]) error {
	const least, most = 1 << 6, 1 << 12
	var full [][]Observation
	rows := make([]Observation, 0, least)
	for o := range observations {
		if len(rows) == cap(rows) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			full = append(full, rows)
			rows = make([]Observation, 0, min(2*cap(rows), most))
		}
		rows = append(rows, o)
	}
	m.rows = slices.Concat(append(full, rows)...)
	return ctx.Err()
}

// prepare validates and hashes.
func (m *many) prepare(ctx context.Context) error {
	m.all = make([]*prepared, len(m.rows))
	errs := make([]error, len(m.rows))
	const block = 4096
	parallel.For(parallel.Workers(m.o.Workers), (len(m.rows)+block-1)/block, func(b int) {
		if ctx.Err() != nil {
			return
		}
		first, end := b*block, min(len(m.rows), (b+1)*block)
		identifiers := 0
		for i := first; i < end; i++ {
			identifiers += len(m.rows[i].Identifiers)
		}
		block, room := make([]prepared, end-first), make([]hashed, identifiers)
		for i := first; i < end; i++ {
			n := len(m.rows[i].Identifiers)
			m.all[i] = &block[i-first]
			errs[i] = m.all[i].set(m.g, i, &m.rows[i], room[:0:n])
			room = room[n:]
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i, err := range errs {
		if err != nil {
			if err := m.reject(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// reject sets a row aside, or ends the work with its error.
func (m *many) reject(row int, err error) error {
	if m.o.Rejected == nil {
		if _, ok := errors.AsType[*InputError](err); !ok {
			err = fmt.Errorf("identity: observation %d: %w", row, err)
		}
		return err
	}
	m.all[row] = nil
	m.sum.Rejected++
	m.o.Rejected(row, err)
	return nil
}

// order sorts the rows, numbers what they have, and leaves out those whose id is there twice: the first counts.
func (m *many) order() error {
	for i, p := range m.all {
		if p != nil {
			m.todo = append(m.todo, int32(i))
		}
	}
	parallel.SortFunc(parallel.Workers(m.o.Workers), m.todo, func(a, b int32) int {
		x, y := m.all[a], m.all[b]
		return cmp.Or(cmp.Compare(x.at, y.at), compareBlinds(x.id, y.id), compareBlinds(x.content, y.content), cmp.Compare(a, b))
	})
	earliest := make([]int32, len(m.todo)) // the first row with the id of each
	parallel.For(parallel.Workers(m.o.Workers), 2, func(job int) {
		if job == 0 {
			m.number()
			return
		}
		ids, first := newNumbering(len(m.todo)), make([]int32, 0, len(m.todo))
		for i, row := range m.todo {
			n, twice := ids.number(m.all[row].id)
			if !twice {
				first = append(first, row)
			}
			earliest[i] = first[n]
		}
	})
	n := 0
	for i, row := range m.todo {
		switch {
		case earliest[i] == row:
			m.todo[n] = row
			n++
		case m.all[earliest[i]].content != m.all[row].content:
			if err := m.reject(int(row), ErrReused); err != nil {
				return err
			}
		default:
			m.all[row] = nil
			m.sum.Known++
		}
	}
	m.todo = m.todo[:n]
	return nil
}

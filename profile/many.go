package profile

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"sync"
	"time"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/wire"
)

// ManyOptions are options of AddMany. Nil is the defaults. Safe for concurrent reads.
type ManyOptions struct {
	// Workers is the most goroutines. 0: Options.Workers. The result does not depend on it.
	Workers int
	// Progress, if not nil, is told how much evidence is done; total is -1. By one
	// goroutine at a time.
	Progress func(done, total int64)
	// Rejected, if not nil, is told of each piece of evidence that is refused: its place in
	// the input, from 0, and the error that Add would return. By one goroutine at a time,
	// in no particular order. Nil: it ends the work with its error.
	Rejected func(row int, err error)
}

// chunkRows is how much evidence AddMany adds together, while it reads as much. What is in the store in the end
// depends on it, profiles do not.
const chunkRows = 1 << 16

// AddMany adds evidence as Add does, much of it in one commit and on several goroutines:
// that of one atom in the order of the input. Where the schema takes only part of evidence
// the rest is set aside, as in Add; that is not an error.
//
// The evidence, with its values, must not be changed before AddMany returns. Others may add
// meanwhile. After an error, and after the process was killed, part of the evidence has been
// added, of which Summary tells what is certain; adding the same again does the rest.
//
// The sequence is gone through once, by the goroutine that calls, while others add what it
// yielded before.
//
// Errors: those of Add; with ManyOptions.Rejected only those of the store and of ctx.
// Memory: 131,072 pieces of evidence at a time.
func (p *Profiles) AddMany(ctx context.Context, learned time.Time, evidence iter.Seq[Evidence], o *ManyOptions) (Summary, error) {
	return p.addMany(ctx, learned, evidence, o, chunkRows)
}

// addMany is AddMany that adds so much together.
func (p *Profiles) addMany(ctx context.Context, learned time.Time, evidence iter.Seq[Evidence], o *ManyOptions, chunk int) (Summary, error) {
	m := many{adding: adding{p: p}}
	if o != nil {
		m.o = *o
	}
	if m.o.Workers <= 0 {
		m.o.Workers = p.o.Workers
	}
	var err error
	if m.learned, err = learnedAt(learned); err != nil {
		return Summary{}, err
	}
	defer m.wait() // where evidence panics
	const glance = 256
	var rows, spare []Evidence
	for e := range evidence {
		rows = append(rows, e)
		if len(rows)%glance == 0 && m.failed() {
			break
		}
		if len(rows) == chunk {
			if err := m.wait(); err != nil {
				return m.sum, err
			}
			m.begin(ctx, rows)
			rows, spare = spare[:0], rows
		}
	}
	if err := m.wait(); err != nil {
		return m.sum, err
	}
	err = m.chunk(ctx, rows)
	return m.sum, err
}

// many is one call of AddMany.
type many struct {
	adding
	o    ManyOptions
	rows int           // of the chunks before
	busy chan chunkEnd // nil: no chunk is being added while the next is read
	// given is the room for the evidence of a chunk, used again.
	given []given

	mu   sync.Mutex
	sum  Summary
	done int64
	// The error of the lowest row, or where there is none of the store.
	err error
	row int
}

// A chunkEnd is how the adding of a chunk ended.
type chunkEnd struct {
	err      error
	panicked any
}

// begin begins to add some of the evidence.
func (m *many) begin(ctx context.Context, rows []Evidence) {
	busy := make(chan chunkEnd, 1)
	m.busy = busy
	go func() {
		var end chunkEnd
		defer func() {
			end.panicked = recover()
			busy <- end
		}()
		end.err = m.chunk(ctx, rows)
	}()
}

// wait waits for what begin began, and panics where that did.
func (m *many) wait() error {
	if m.busy == nil {
		return nil
	}
	end := <-m.busy
	m.busy = nil
	if end.panicked != nil {
		panic(end.panicked)
	}
	return end.err
}

// chunk adds some of the evidence.
func (m *many) chunk(ctx context.Context, rows []Evidence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := m.p.current(ctx)
	if err != nil {
		return err
	}
	order := byAtom(parallel.Workers(m.o.Workers), rows)
	if cap(m.given) < len(rows) {
		m.given = make([]given, len(rows))
	}
	m.given = m.given[:len(rows)]
	const block = 1024
	blocks := make([]struct{ valid, bad pack }, (len(rows)+block-1)/block)
	parallel.For(parallel.Workers(m.o.Workers), len(blocks), func(b int) {
		of := &blocks[b]
		of.valid = make(pack, 0, block)
		w := wire.New("", 1)
		for i := b * block; i < min(len(rows), (b+1)*block); i++ {
			g, row := &m.given[i], order[i].row
			*g = given{Evidence: &rows[row], row: m.rows + row}
			if g.err = g.check(w); g.err != nil {
				g.verdict = refused
				of.bad = append(of.bad, g)
			} else {
				of.valid = append(of.valid, g)
			}
		}
		_ = m.bind(f, of.valid) // what is refused is found again
	})
	m.rows += len(rows)
	var valid, bad pack
	for _, of := range blocks {
		valid, bad = append(valid, of.valid...), append(bad, of.bad...)
	}
	if m.book(bad, nil); m.err != nil {
		return m.err
	}
	todo := m.jobs(valid, f.bound, m.p.s.Limits())
	parallel.For(parallel.Workers(m.o.Workers), len(todo), func(i int) {
		for _, some := range todo[i] {
			if m.failed() {
				return
			}
			m.book(some, m.pack(ctx, some))
		}
	})
	return m.err
}

// An atomRow is a row of the evidence with its atom, as two numbers that are ordered as it is.
type atomRow struct {
	high, low uint64
	row       int
}

// byAtom returns where rows are, by atom, those of one atom in their order. What is given then
// lies in the order in which it is added, so that each piece of evidence is looked up once.
func byAtom(workers int, rows []Evidence) []atomRow {
	order := make([]atomRow, len(rows))
	for i := range rows {
		a := &rows[i].Atom
		order[i] = atomRow{binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), i}
	}
	parallel.SortFunc(workers, order, func(a, b atomRow) int {
		switch {
		case a.high != b.high:
			return cmp.Compare(a.high, b.high)
		case a.low != b.low:
			return cmp.Compare(a.low, b.low)
		}
		return a.row - b.row
	})
	return order
}

func (m *many) failed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err != nil
}

// book notes what became of evidence, of all of it or, after an error, of none.
func (m *many) book(all pack, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.fail(-1, err)
		return
	}
	for _, g := range all {
		if g.verdict == refused && m.o.Rejected == nil {
			m.fail(g.row, g.err)
		} else if g.verdict == refused {
			m.o.Rejected(g.row, g.err)
		}
	}
	m.sum.count(all)
	m.done += int64(len(all))
	if m.o.Progress != nil && len(all) > 0 {
		m.o.Progress(m.done, -1)
	}
}

// fail notes an error of a row, the lowest of which counts, or with row -1 another one.
func (m *many) fail(row int, err error) {
	if m.err == nil || row >= 0 && (m.row < 0 || row < m.row) {
		m.err, m.row = err, row
	}
}

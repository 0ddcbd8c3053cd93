package segment

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/parallel"
)

// A loan is something that lies on a shelf until it is read for the first time. All snapshots that share it see it then.
type loan interface {
	state() *loanState
	berths() []berth          // where it lies
	take(data [][]byte) error // data of the berths, which is not kept; an error says what is wrong with it
	name() string             // of what it is, for errors
}

// loanState says whether a loan has been read. Safe for concurrent use.
type loanState struct {
	mu   sync.Mutex // held by who reads it
	read atomic.Bool
}

func (l *loanState) state() *loanState { return l }

// fetchBytes is how much is read from a store at a time, if it is more than one loan.
const fetchBytes = 1 << 20

// fetch reads loans, each once whoever else fetches it, several at a time. An error is the first in the order of the
// loans, and leaves those that it is not about as they are or read. All calls must list loans that any other call lists in
// the same order.
func (k *shelf) fetch(ctx context.Context, loans ...loan) error {
	loans = slices.DeleteFunc(loans, func(l loan) bool { return l.state().read.Load() })
	if len(loans) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var groups [][]loan
	size, keys := 0, 0
	for i, l := range loans {
		n, m := 0, 0
		for _, b := range l.berths() {
			n, m = n+int(b.bytes), m+b.parts()
		}
		if size += n; i == 0 || size > fetchBytes || keys+m > k.limits.Operations {
			groups, size, keys = append(groups, nil), n, 0
		}
		keys += m
		groups[len(groups)-1] = append(groups[len(groups)-1], l)
	}
	errs := make([]error, len(groups))
	parallel.For(k.workers, len(groups), func(i int) { errs[i] = k.fetchGroup(ctx, groups[i]) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rooms is memory for what is read at a time.
var rooms = sync.Pool{New: func() any {
	room := make([]byte, fetchBytes+partBytes)
	return &room
}}

func (k *shelf) fetchGroup(ctx context.Context, loans []loan) error {
	var missing []loan
	var berths []berth
	for _, l := range loans {
		st := l.state()
		st.mu.Lock()
		defer st.mu.Unlock()
		if !st.read.Load() {
			missing, berths = append(missing, l), append(berths, l.berths()...)
		}
	}
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room) // whoever takes data keeps none of it
	data, err := k.read(ctx, berths, *room)
	if err != nil {
		return err
	}
	for _, l := range missing {
		n := len(l.berths())
		for i, b := range l.berths() {
			if err := b.check(data[i]); err != nil {
				return k.missed(ctx, l.name(), err)
			}
		}
		if err := l.take(data[:n:n]); err != nil {
			return corrupt("%s: %w", l.name(), err)
		}
		l.state().read.Store(true)
		data = data[n:]
	}
	return nil
}

// shelved is a column that lies on a shelf until somebody needs it.
type shelved struct {
	loanState
	of    *shelvedTag
	chunk int32
	times bool // of SetIfNewer
	n     uint32
	at    berth
	col   column // once it is read
}

// shelvedTag is what the columns of a tag have in common.
type shelvedTag struct {
	shelf *shelf
	dense int
	tag   int
	t     *Tag
	last  int          // number of its texts
	exist []bitset.Set // who exists, by chunk
}

// asRead returns the column, which has been read; enums may be as they lie on the shelf.
func (s *shelved) asRead() column {
	if !s.read.Load() {
		panic("segment: a chunk that was not read is looked at: " + s.name())
	}
	return s.col
}

// column returns the column, which has been read.
func (s *shelved) column() column {
	col := s.asRead()
	if e, ok := col.(*enumSlices); ok {
		return e.column()
	}
	return col
}

func (s *shelved) members() bitset.Set { return s.asRead().members() }

// bytes returns the memory that is held: little, until it is read.
func (s *shelved) bytes() int {
	const own = 96
	if !s.read.Load() {
		return own
	}
	return own + s.col.bytes()
}

func (s *shelved) together() column { return s.column().together() }

// taken returns a column without late values. It has been read if it is one of a shelf.
func taken(col column) column {
	if col == nil {
		return nil
	}
	return col.together()
}

// lent is taken with late values.
func lent(col column) column {
	if s, ok := col.(*shelved); ok {
		return s.column()
	}
	return col
}

// asRead is lent for who can do with enums as they lie on a shelf.
func asRead(col column) column {
	if s, ok := col.(*shelved); ok {
		return s.asRead()
	}
	return col
}

// all yields the columns that there are, with their chunks.
func (d *tagData) all() iter.Seq2[int, column] {
	return func(yield func(int, column) bool) {
		for c, col := range d.columns {
			if col != nil && !yield(c, taken(col)) {
				return
			}
		}
	}
}

// time returns the times of a chunk, as latest does; nil if there are none.
func (d *tagData) time(c int) column {
	if c < len(d.times) {
		return lent(d.times[c])
	}
	return nil
}

// loans adds what lies on the shelf of a chunk.
func (d *tagData) loans(list []loan, c int) []loan {
	for _, columns := range [...][]column{d.columns, d.times} {
		if c < len(columns) {
			if s, ok := columns[c].(*shelved); ok && !s.read.Load() {
				list = append(list, s)
			}
		}
	}
	return list
}

// need reads all that tags hold, as far as that has not been done: nothing else may be looked at.
func (s *Snapshot) need(ctx context.Context, tags ...int) error {
	if s.shelf == nil {
		return nil
	}
	if !slices.IsSorted(tags) {
		tags = slices.Sorted(slices.Values(tags))
	}
	var list []loan
	for i, tag := range tags {
		if i > 0 && tag == tags[i-1] {
			continue
		}
		d := &s.data[tag]
		if d.terms != nil && !d.terms.read.Load() {
			list = append(list, d.terms)
		}
		for c := range s.exists {
			list = d.loans(list, c)
		}
	}
	return s.shelf.fetch(ctx, list...)
}

// needAll reads everything.
func (s *Snapshot) needAll(ctx context.Context) error {
	if s.shelf == nil {
		return nil
	}
	if err := s.need(ctx, allOf(len(s.data))...); err != nil {
		return err
	}
	return s.needLookup(ctx)
}

func allOf(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// needCells reads some chunks of some tags and, with texts, the texts of these.
func (s *Snapshot) needCells(ctx context.Context, cells []cell, texts bool) error {
	if s.shelf == nil {
		return nil
	}
	cells = slices.SortedFunc(slices.Values(cells), cell.compare)
	var list []loan
	for i, at := range cells {
		d := &s.data[at.tag]
		if texts && d.terms != nil && (i == 0 || cells[i-1].tag != at.tag) && !d.terms.read.Load() {
			list = append(list, d.terms)
		}
		if i == 0 || cells[i-1] != at {
			list = d.loans(list, at.chunk)
		}
	}
	return s.shelf.fetch(ctx, list...)
}

// needTexts reads the texts of tags.
func (s *Snapshot) needTexts(ctx context.Context, tags []int) error {
	cells := make([]cell, len(tags))
	for i, tag := range tags {
		cells[i] = cell{tag, len(s.exists)}
	}
	return s.needCells(ctx, cells, true)
}

// needIDs reads the ids of chunks; without any, those of all.
func (s *Snapshot) needIDs(ctx context.Context, chunks ...int) error {
	if s.ids.kept == nil {
		return nil
	}
	if len(chunks) == 0 {
		chunks = allOf(len(s.exists))
	}
	return s.ids.kept.need(ctx, chunks)
}

// needIDsOf reads the ids of positions.
func (s *Snapshot) needIDsOf(ctx context.Context, positions iter.Seq[uint32]) error {
	if s.ids.kept == nil {
		return nil
	}
	var chunks []int
	for p := range positions {
		chunks = append(chunks, int(p>>chunkBits))
	}
	slices.Sort(chunks)
	if chunks = slices.Compact(chunks); len(chunks) == 0 {
		return nil
	}
	return s.needIDs(ctx, chunks...)
}

// needLookup reads all ids and finds where each is.
func (s *Snapshot) needLookup(ctx context.Context) error {
	if s.ids.kept == nil {
		return nil
	}
	return s.ids.kept.index(ctx)
}

package identity

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/seal"
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
// in the end: there are fewer changes in the feed than one by one.
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

// collect takes the observations from the sequence.
func (m *many) collect(ctx context.Context, observations iter.Seq[Observation]) error {
	for o := range observations {
		if len(m.rows)%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		m.rows = append(m.rows, o)
	}
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
		for i := b * block; i < min(len(m.rows), (b+1)*block); i++ {
			m.all[i], errs[i] = m.g.prepare(i, &m.rows[i])
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

// order sorts the rows, and leaves out those whose id is there twice: the first counts.
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
	n := 0
	first := make(map[blind]int32, len(m.todo))
	for _, row := range m.todo {
		p := m.all[row]
		if before, twice := first[p.id]; twice {
			if m.all[before].content != p.content {
				if err := m.reject(int(row), ErrReused); err != nil {
					return err
				}
				continue
			}
			m.all[row] = nil
			m.sum.Known++
			continue
		}
		first[p.id] = row
		m.todo[n] = row
		n++
	}
	m.todo = m.todo[:n]
	return nil
}

// components puts the rows together that are to be looked at together: those that have a
// record or a value in common that is not shared for certain.
func (m *many) components(ctx context.Context) ([][]int32, error) {
	m.number()
	if err := m.findShared(ctx); err != nil {
		return nil, err
	}
	parent := make([]int32, len(m.todo))
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	owner := make([]int32, m.names) // a row that has the record or value, as an index into todo; 0: none yet
	for i, row := range m.todo {
		parent[i] = int32(i)
		for _, n := range m.named(row) {
			switch j := owner[n] - 1; {
			case m.over[n] || m.loose[n]:
			case j < 0:
				owner[n] = int32(i) + 1
			default:
				a, b := find(j), find(int32(i))
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	// Rows by component, components by their first row.
	number := make([]int32, len(m.todo))
	var sizes []int32
	for i := range m.todo {
		if root := find(int32(i)); root == int32(i) {
			number[i] = int32(len(sizes))
			sizes = append(sizes, 1)
		} else {
			number[i] = number[root]
			sizes[number[i]]++
		}
	}
	components := make([][]int32, len(sizes))
	rows := make([]int32, len(m.todo))
	for c, n := range sizes {
		components[c], rows = rows[:0:n], rows[n:]
	}
	for i, row := range m.todo {
		components[number[i]] = append(components[number[i]], row)
	}
	return components, nil
}

// number gives each record and value a number.
func (m *many) number() {
	numbers := make(map[blind]int32, len(m.todo))
	number := func(h blind) {
		n, ok := numbers[h]
		if !ok {
			n = int32(len(numbers))
			numbers[h] = n
		}
		m.numbers = append(m.numbers, n)
	}
	m.at = make([]int32, len(m.rows)+1)
	for row, p := range m.all {
		m.at[row] = int32(len(m.numbers))
		if p == nil {
			continue
		}
		for i := range p.ids {
			number(p.ids[i].blind)
		}
		if p.record != (blind{}) {
			number(p.record)
		}
	}
	m.at[len(m.rows)] = int32(len(m.numbers))
	m.names = len(numbers)
	m.over, m.loose = make([]bool, m.names), make([]bool, m.names)
	for row, p := range m.all {
		if p != nil {
			for i, d := range p.ids {
				m.loose[m.numbers[m.at[row]+int32(i)]] = d.loose
			}
		}
	}
}

// named are the numbers of a row's values, in order, and of its record.
func (m *many) named(row int32) []int32 { return m.numbers[m.at[row]:m.at[row+1]] }

// findShared finds the values that the input alone makes shared, so that what has only
// them in common need not be looked at together, and makes them shared in the store.
func (m *many) findShared(ctx context.Context) error {
	policy := m.g.rules.Load().policy
	counts := make([]int32, m.names+1)
	each := func(f func(n, row int32)) {
		for _, row := range m.todo {
			for _, n := range m.named(row)[:len(m.all[row].ids)] {
				f(n, row)
			}
		}
	}
	each(func(n, _ int32) { counts[n+1]++ })
	for n := range m.names {
		counts[n+1] += counts[n]
	}
	rows := make([]int32, counts[m.names])
	fill := slices.Clone(counts)
	each(func(n, row int32) {
		rows[fill[n]] = row
		fill[n]++
	})
	const block = 1 << 14
	parallel.For(parallel.Workers(m.o.Workers), (m.names+block-1)/block, func(b int) {
		for n := int32(b * block); n < int32(min(m.names, (b+1)*block)) && ctx.Err() == nil; n++ {
			m.over[n] = m.overShared(policy, n, rows[counts[n]:counts[n+1]])
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for n, over := range m.over {
		if !over {
			continue
		}
		m.anyOver = true
		row := rows[counts[n]]
		i := slices.Index(m.named(row), int32(n))
		h := m.all[row].ids[i].blind
		m.made = append(m.made, h)
		if err := m.g.makeShared(ctx, m.all[row].o.Entity, h); err != nil {
			return err
		}
	}
	return nil
}

// overShared reports whether the rows that have a value suffice to make it shared.
func (m *many) overShared(policy *Policy, n int32, rows []int32) bool {
	if len(rows) < 2 {
		return false
	}
	p := m.all[rows[0]]
	i := slices.Index(m.named(rows[0]), n)
	e := policy.entity(p.o.Entity)
	t := &e.Types[e.index(p.ids[i].typ)]
	if t.Kind == Descriptor || len(rows) <= e.records() && (t.FanOut == 0 || len(rows) <= t.FanOut) {
		return false
	}
	if len(rows) <= e.records() && !m.moreThan(t.FanOut, n, rows) {
		return false
	}
	return e.overShared(t, p.ids[i].blind, m.bearers(rows))
}

// moreThan reports whether rows have more than so many values beside one.
func (m *many) moreThan(most int, n int32, rows []int32) bool {
	others := make([]int32, 0, 16)
	for _, row := range rows {
		for _, o := range m.named(row)[:len(m.all[row].ids)] {
			if o != n && !slices.Contains(others, o) {
				if others = append(others, o); len(others) > most {
					return true
				}
			}
		}
	}
	return false
}

// bearers yields what rows show of the pieces they belong to, records first seen once.
func (m *many) bearers(rows []int32) func(yield func(bearer) bool) {
	return func(yield func(bearer) bool) {
		seen := map[blind]bool{}
		for _, row := range rows {
			p := m.all[row]
			b := bearer{record: p.record != (blind{}) && !seen[p.record]}
			seen[p.record] = true
			for _, d := range p.ids {
				b.values = append(b.values, borne{d.kindKey, d.blind, d.proof})
			}
			if !yield(b) {
				return
			}
		}
	}
}

// makeShared makes a value shared, whatever it is seen with so far: more is to come.
func (g *Graph) makeShared(ctx context.Context, entity string, h blind) error {
	return g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		entries, err := g.s.Get(ctx, []byte(epochKey), valueKey(h))
		if err != nil {
			return nil, err
		}
		r, err := g.current(ctx, entries[0])
		if err != nil {
			return nil, err
		}
		to, err := readPointer(entries[1])
		if err != nil || to.state == shared {
			return nil, err
		}
		all, _, err := g.containers(ctx, append(slices.Clone(more), to.to))
		if err != nil {
			return nil, err
		}
		e, err := g.newEdit(r, entity, 0, all, idOf(0, h))
		if err != nil {
			return nil, err
		}
		e.refs.add(h, versioned{to, entries[1].Version})
		seen := e.ev.byPiece()
		i := int32(slices.IndexFunc(e.ev.values, func(v value) bool { return v.blind == h }))
		if i < 0 {
			e.batch = store.Batch{}
			e.required = nil
			e.require([]byte(epochKey), r.version)
			e.require(valueKey(h), entries[1].Version)
			e.putRef(h, pointer{state: shared, to: newGeneration(), erased: to.erased})
			return e, nil
		}
		var pieces []int32
		for p, list := range seen {
			if slices.ContainsFunc(list, func(o int32) bool {
				return slices.ContainsFunc(e.ev.seen[o].marks, func(k mark) bool { return k.value == i })
			}) {
				pieces = append(pieces, int32(p))
			}
		}
		e.at = e.main.last()
		if err := e.beginShared(ctx, i, pieces, seen); err != nil {
			return nil, err
		}
		return e, e.finish(ctx)
	})
}

// add adds the components, several in a commit.
func (m *many) add(ctx context.Context, components [][]int32) error {
	limits := m.g.s.Limits()
	most := limits.Operations - 200
	each := 4
	if m.g.o.Vault != nil {
		each += 2
	}
	var packs [][][]int32
	for first := 0; first < len(components); {
		n, size := 0, 0
		for first+n < len(components) && size < most {
			if large := len(m.portions(components[first+n])) > 1; large && n > 0 {
				break
			} else if large {
				size = most // it goes alone
			}
			size += 10
			for _, row := range components[first+n] {
				size += each + 2*len(m.all[row].ids)
			}
			n++
		}
		packs = append(packs, components[first:first+n])
		first += n
	}
	var (
		mu     sync.Mutex
		failed error
		at     int // the pack that failed
	)
	parallel.For(parallel.Workers(m.o.Workers), len(packs), func(i int) {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			return
		}
		p, err := m.pack(ctx, packs[i])
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			err = m.book(p)
		}
		if err != nil && (failed == nil || i < at) {
			failed, at = err, i
		}
	})
	return failed
}

// book adds what became of a pack.
func (m *many) book(p packed) error {
	m.sum.Observed += p.Observed
	m.sum.Known += p.Known
	m.sum.Created += p.Created
	m.sum.Merged += p.Merged
	m.done += int64(p.Observed + p.Known + len(p.rejected))
	for _, r := range p.rejected {
		if err := m.reject(r.row, r.err); err != nil {
			return err
		}
	}
	if m.o.Progress != nil {
		m.o.Progress(m.done, int64(len(m.rows)))
	}
	return nil
}

// packed is what became of a pack of components.
type packed struct {
	Summary
	rejected []rejection
}

// add adds what became of others.
func (p *packed) add(q packed) {
	p.Observed += q.Observed
	p.Known += q.Known
	p.Created += q.Created
	p.Merged += q.Merged
	p.rejected = append(p.rejected, q.rejected...)
}

type rejection struct {
	row int
	err error
}

// pack adds components in one commit, or one by one where somebody else changes the same
// meanwhile, they do not fit, or one id is used twice.
func (m *many) pack(ctx context.Context, components [][]int32) (packed, error) {
	p, err := m.together(ctx, components, m.fresh)
	if m.fresh && (errors.Is(err, store.ErrConflict) || errors.Is(err, seal.ErrDestroyed)) { // all have been erased
		p, err = m.together(ctx, components, false)
	}
	if err == nil || ctx.Err() != nil {
		return p, err
	}
	if _, more := errors.AsType[*moreError](err); !more && !errors.Is(err, errOverlap) && !errors.Is(err, store.ErrConflict) &&
		!errors.Is(err, store.ErrTooLarge) && !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknownOutcome) {
		return p, err
	}
	p = packed{}
	if n := len(components) / 2; n > 0 && errors.Is(err, store.ErrTooLarge) {
		for _, half := range [][][]int32{components[:n], components[n:]} {
			q, err := m.pack(ctx, half)
			p.add(q)
			if err != nil {
				return p, err
			}
		}
		return p, nil
	}
	for _, rows := range components {
		for _, part := range m.portions(rows) {
			if err := m.portion(ctx, part, &p); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// portions divides the rows of a component into what fits into a commit of the smallest
// store, so that customers do not depend on the store.
func (m *many) portions(rows []int32) [][]int32 {
	const most = 400 // operations, about
	var parts [][]int32
	first, size := 0, 0
	for i, row := range rows {
		n := 4 + 2*len(m.all[row].ids)
		if size+n > most && i > first {
			parts = append(parts, rows[first:i])
			first, size = i, 0
		}
		size += n
	}
	return append(parts, rows[first:])
}

// portion adds rows of one component in one commit, or in several where they have more
// to do with others than fits.
func (m *many) portion(ctx context.Context, rows []int32, p *packed) error {
	all := m.preparedOf(rows)
	var e *edit
	var results []outcome
	err := m.g.run(ctx, func(ctx context.Context, more []customer.ID) (*edit, error) {
		var err error
		e, results, err = m.g.observing(ctx, all, more, observed{})
		return e, err
	})
	if errors.Is(err, store.ErrTooLarge) && len(rows) > 1 {
		half := len(rows) / 2
		if err := m.portion(ctx, rows[:half], p); err != nil {
			return err
		}
		return m.portion(ctx, rows[half:], p)
	}
	if err == nil {
		p.count(rows, e, results)
	}
	return err
}

// anyShared reports whether rows have a value that is shared.
func (m *many) anyShared(rows []int32) bool {
	return m.anyOver && slices.ContainsFunc(rows, func(row int32) bool {
		return slices.ContainsFunc(m.named(row), func(n int32) bool { return m.over[n] })
	})
}

func (m *many) preparedOf(rows []int32) []*prepared {
	all := make([]*prepared, len(rows))
	for i, row := range rows {
		all[i] = m.all[row]
	}
	return all
}

// count adds what an edit did. e is nil where nothing was added.
func (p *packed) count(rows []int32, e *edit, results []outcome) {
	for i, r := range results {
		switch {
		case r.err != nil:
			p.rejected = append(p.rejected, rejection{int(rows[i]), r.err})
		case r.Known:
			p.Known++
		default:
			p.Observed++
		}
	}
	if e == nil {
		return
	}
	for _, c := range e.changes {
		switch c.Verb {
		case customer.Created, customer.Split:
			p.Created++
		case customer.Merged:
			p.Merged++
		}
	}
}

var errOverlap = errors.New("identity: components have a container in common")

// together adds components in one commit. fresh as in observing.
func (m *many) together(ctx context.Context, components [][]int32, fresh bool) (packed, error) {
	var p packed
	var whole edit
	held := map[customer.ID]bool{}
	for _, rows := range components {
		if len(m.portions(rows)) > 1 {
			return p, errOverlap
		}
		e, results, err := m.g.observing(ctx, m.preparedOf(rows), nil, observed{fresh: fresh && !m.anyShared(rows)})
		if err != nil {
			return p, err
		}
		p.count(rows, e, results)
		if e == nil {
			continue
		}
		if e.unfinish || len(e.after) > 0 {
			return p, errOverlap
		}
		for id := range e.loaded {
			if held[id] {
				return p, errOverlap
			}
			held[id] = true
		}
		whole.batch.Writes = append(whole.batch.Writes, e.batch.Writes...)
		whole.batch.Conditions = append(whole.batch.Conditions, e.batch.Conditions...)
		whole.changes = append(whole.changes, e.changes...)
		whole.ahead = append(whole.ahead, e.ahead...)
	}
	if len(whole.batch.Writes) == 0 {
		return p, nil
	}
	// The policy, and shared values with their guards, are of several.
	slices.SortFunc(whole.batch.Writes, func(a, b store.Write) int { return bytes.Compare(a.Key, b.Key) })
	whole.batch.Writes = slices.CompactFunc(whole.batch.Writes, func(a, b store.Write) bool {
		return !a.Delete && !b.Delete && bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
	})
	slices.SortFunc(whole.batch.Conditions, func(a, b store.Condition) int { return bytes.Compare(a.Key, b.Key) })
	whole.batch.Conditions = slices.CompactFunc(whole.batch.Conditions, func(a, b store.Condition) bool {
		return bytes.Equal(a.Key, b.Key) && a.Version == b.Version
	})
	_, err := m.g.feed.commit(ctx, &whole.batch, whole.changes)
	if err != nil && !errors.Is(err, store.ErrUnknownOutcome) {
		m.g.feed.clean(ctx, whole.ahead)
	}
	return p, err
}

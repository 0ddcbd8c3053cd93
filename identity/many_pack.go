package identity

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

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
	parallel.States(parallel.Workers(m.o.Workers), len(packs), func() *desk { return new(desk) }, func(d *desk, i int) {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			return
		}
		p, err := m.pack(ctx, d, packs[i])
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
func (m *many) pack(ctx context.Context, d *desk, components [][]int32) (packed, error) {
	p, err := m.together(ctx, d, components, m.fresh)
	if m.fresh && (errors.Is(err, store.ErrConflict) || errors.Is(err, seal.ErrDestroyed)) { // all have been erased
		p, err = m.together(ctx, d, components, false)
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
			q, err := m.pack(ctx, d, half)
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

// together adds components in one commit, which is worked out on a desk. fresh as in observing.
func (m *many) together(ctx context.Context, d *desk, components [][]int32, fresh bool) (p packed, err error) {
	defer func() {
		if err != nil && !errors.Is(err, errOverlap) {
			*d = desk{} // a call of the store that has failed may not be done with it
		}
	}()
	var changes []customer.Change
	var ahead [][]byte
	held := make(map[customer.ID]bool, len(components))
	d.edit.reset()
	whole := d.edit.batch
	for _, rows := range components {
		if len(m.portions(rows)) > 1 {
			return p, errOverlap
		}
		d.edit.follow(&whole)
		e, results, err := m.g.observing(ctx, m.preparedOf(rows), nil, observed{fresh: fresh && !m.anyShared(rows), desk: d})
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
		if held[e.main.id] {
			return p, errOverlap
		}
		for id := range e.led {
			if held[id] {
				return p, errOverlap
			}
			held[id] = true
		}
		held[e.main.id] = true
		whole.Writes, whole.Conditions = joined(whole.Writes, e.batch.Writes), joined(whole.Conditions, e.batch.Conditions)
		changes, ahead = append(changes, e.changes...), append(ahead, e.ahead...)
	}
	d.edit.batch = whole // to be used again
	if len(whole.Writes) == 0 {
		return p, nil
	}
	// The policy, and shared values with their guards, are of several.
	ordered(&whole)
	whole.Writes = slices.CompactFunc(whole.Writes, func(a, b store.Write) bool {
		return !a.Delete && !b.Delete && bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value)
	})
	whole.Conditions = slices.CompactFunc(whole.Conditions, func(a, b store.Condition) bool {
		return bytes.Equal(a.Key, b.Key) && a.Version == b.Version
	})
	_, err = m.g.feed.commit(ctx, &whole, changes)
	if err != nil && !errors.Is(err, store.ErrUnknownOutcome) {
		m.g.feed.clean(ctx, ahead)
	}
	return p, err
}

// follow readies an edit whose keys, values and batch come behind those of others, of which
// whole is the batch.
func (e *edit) follow(whole *store.Batch) {
	arena := e.arena
	e.reset()
	e.arena = arena
	e.batch = store.Batch{Writes: whole.Writes[len(whole.Writes):], Conditions: whole.Conditions[len(whole.Conditions):]}
}

// joined is append, of more that may be behind all already.
func joined[T any](all, more []T) []T {
	n := len(all)
	if len(more) > 0 && n+len(more) <= cap(all) && &all[:n+1][n] == &more[0] {
		return all[:n+len(more)]
	}
	return append(all, more...)
}

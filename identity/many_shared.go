package identity

import (
	"context"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/store"
)

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

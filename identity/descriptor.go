package identity

import (
	"cmp"
	"slices"
)

// A tally counts the pieces of a group that a descriptor's value is on.
type tally struct {
	rank, pieces int32
	since        int32 // the first observation
}

// isDescriptor reports whether a value describes rather than joins.
func (m *mapper) isDescriptor(rank int32) bool { return m.typeOf(rank).Kind == Descriptor }

// combine gives a group what limits another.
func (m *mapper) combine(a, b int32) {
	m.merged = appendUnion(m.merged[:0], m.limits[a], m.limits[b])
	if m.tally(a, b) {
		m.lead(a, m.merged)
		return
	}
	m.limit(a, m.limits[b])
}

// limit makes what is merged the limits of a group. Others are taken if they are the same.
func (m *mapper) limit(root int32, others []int32) {
	switch {
	case slices.Equal(m.merged, m.limits[root]):
	case slices.Equal(m.merged, others):
		m.limits[root] = others
	default:
		m.limits[root] = slices.Clone(m.merged)
	}
}

// tally adds the descriptors of b to those of a, and reports whether they both have
// some, so that others may lead.
func (m *mapper) tally(a, b int32) bool {
	x, y := m.tallies[a], m.tallies[b]
	if len(y) == 0 {
		return false
	}
	if len(x) == 0 {
		m.tallies[a] = y
		return false
	}
	m.best = m.best[:0]
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0].rank < y[0].rank:
			m.best, x = append(m.best, x[0]), x[1:]
		case x[0].rank > y[0].rank:
			m.best, y = append(m.best, y[0]), y[1:]
		default:
			m.best = append(m.best, tally{x[0].rank, x[0].pieces + y[0].pieces, min(x[0].since, y[0].since)})
			x, y = x[1:], y[1:]
		}
	}
	m.best = append(append(m.best, x...), y...)
	m.tallies[a] = append(m.tallies[a][:0], m.best...)
	return true
}

// lead makes some limits those of a group, but of descriptors only the leading values (3.).
func (m *mapper) lead(root int32, limits []int32) {
	leading := m.leading[:0]
	for tallies := m.tallies[root]; len(tallies) > 0; {
		kind, n := m.kindOf(tallies[0].rank), 1
		for n < len(tallies) && m.kindOf(tallies[n].rank) == kind {
			n++
		}
		best, most := tallies[:n], m.e.Types[m.level[kind]].Most
		if n > most {
			best = append(m.best[:0], best...)
			m.best = best
			slices.SortFunc(best, func(x, y tally) int {
				return cmp.Or(cmp.Compare(y.pieces, x.pieces), cmp.Compare(x.since, y.since), m.compareValues(x.rank, y.rank))
			})
			best = best[:most]
		}
		for _, t := range best {
			leading = append(leading, t.rank)
		}
		tallies = tallies[n:]
	}
	slices.Sort(leading)
	m.leading = leading
	m.undescribed = slices.DeleteFunc(append(m.undescribed[:0], limits...), m.isDescriptor)
	m.merged = appendUnion(m.merged[:0], m.undescribed, leading)
	m.limit(root, nil)
}

// appendUnion merges two ascending lists.
func appendUnion(to, a, b []int32) []int32 {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			to, a = append(to, a[0]), a[1:]
		case a[0] > b[0]:
			to, b = append(to, b[0]), b[1:]
		default:
			to, a, b = append(to, a[0]), a[1:], b[1:]
		}
	}
	return append(append(to, a...), b...)
}

// joinNamesakes joins groups with a descriptor's leading value in common, as far as they
// conflict with no other that has it (7.2), and returns the groups that result, in order.
func (m *mapper) joinNamesakes(roots, via []int32, value, level int32) ([]int32, []int32) {
	var names []int32
	m.fresh()
	for i, root := range roots {
		for _, r := range m.limits[root] {
			if m.levelOf(r) < level && m.isDescriptor(r) && m.firstAt(r, int32(i)) == int32(i) {
				names = append(names, r)
			}
		}
	}
	slices.SortFunc(names, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.levelOf(a), m.levelOf(b)), cmp.Compare(m.scopeOf(a), m.scopeOf(b)), m.compareValues(a, b))
	})
	for _, name := range names {
		agreed := m.agreed(roots, name, level)
		if len(agreed) < 2 {
			continue
		}
		first := agreed[0]
		for _, i := range agreed[1:] {
			a, b := m.find(roots[first]), roots[i]
			if _, _, ok := m.conflict(a, b, level); !ok {
				m.unite(a, b, join{a: via[first], b: via[i], value: value})
				roots[i] = -1
			}
		}
		roots[first] = m.find(roots[first])
		n := 0
		for i, root := range roots {
			if root >= 0 {
				roots[n], via[n] = root, via[i]
				n++
			}
		}
		roots, via = roots[:n], via[:n]
	}
	return roots, via
}

// agreed returns which groups have a name and conflict with no other that has it.
func (m *mapper) agreed(roots []int32, name, level int32) []int {
	var same []int // indices into roots
	var those []int32
	for i, root := range roots {
		if slices.Contains(m.limits[root], name) {
			same, those = append(same, i), append(those, root)
		}
	}
	if len(same) < 2 {
		return nil
	}
	class, of := m.classes(those, level)
	clashing := make([]bool, len(of)) // by class
	for c := range of {
		for d := range c {
			if _, _, ok := m.conflict(those[of[c]], those[of[d]], level); ok {
				clashing[c], clashing[d] = true, true
			}
		}
	}
	n := 0
	for i, c := range class {
		if !clashing[c] {
			same[n] = same[i]
			n++
		}
	}
	return same[:n]
}

// scopeOf is the scope of a value.
func (m *mapper) scopeOf(rank int32) string { return m.ev.kinds[m.kindOf(rank)].scope }

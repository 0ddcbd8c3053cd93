package identity

import "slices"

// joinAll joins the groups seen in a tenure as far as they can be one customer (7.).
func (m *mapper) joinAll(rank int32, tenure []sighting, level int32) {
	value := m.values[rank]
	roots, via := m.roots[:0], m.via[:0] // groups in order of first sighting, and the piece seen
	m.fresh()
	for i, s := range tenure {
		if root := m.find(s.piece); m.firstAt(m.rootKey(root), int32(i)) == int32(i) {
			roots, via = append(roots, root), append(via, s.piece)
		}
	}
	m.roots, m.via = roots, via
	if len(roots) < 2 {
		return
	}
	if m.fit(roots, level) {
		for i := 1; i < len(roots); i++ {
			m.unite(m.find(roots[0]), roots[i], join{a: via[0], b: via[i], value: value})
		}
		return
	}
	roots, via = m.joinNamesakes(roots, via, value, level)
	m.joinSome(roots, via, value, level)
}

// joinSome joins groups of which some conflict (7.3).
func (m *mapper) joinSome(roots, via []int32, value, level int32) {
	class, of := m.classes(roots, level) // class[i]: number of the class of group i; of[c]: its first group
	n := len(of)
	conflicts := make([]bits, n)
	for i := range n {
		conflicts[i] = newBits(n)
		for j := range i {
			if _, _, c := m.conflict(roots[of[i]], roots[of[j]], level); c {
				conflicts[i].set(j)
				conflicts[j].set(i)
			}
		}
	}
	ambiguous := make([]bool, n)
	for i := range n {
		for j := range n {
			// j and another that conflicts with it, and neither with i?
			ambiguous[i] = ambiguous[i] || !conflicts[i].has(j) && conflicts[j].more(conflicts[i])
		}
	}
	// The sets, each named by its first class.
	set := make([]int, n)
	for i := range n {
		set[i] = i
		for j := range i {
			if !ambiguous[i] && !ambiguous[j] && !conflicts[i].has(j) {
				set[i] = j
				break
			}
		}
	}
	head := make([]int, n) // by set: its first group, as an index into roots
	for c := range n {
		head[c] = -1
	}
	for i, c := range class {
		first := head[set[c]]
		switch {
		case ambiguous[c]:
			other := 0
			for other = range class {
				if other != i && !conflicts[c].has(class[other]) {
					break
				}
			}
			m.refuse(refusal{reason: Ambiguous, value: value, a: via[i], b: via[other], kind: -1})
		case first < 0:
			for s, h := range head {
				if h >= 0 && !ambiguous[s] {
					if kind, sep, ok := m.conflict(m.find(roots[h]), m.find(roots[i]), level); ok {
						m.refuse(conflictOf(value, via[h], via[i], kind, sep))
					}
				}
			}
			head[set[c]] = i
		default:
			a, b := m.find(roots[first]), m.find(roots[i])
			if a == b {
				continue
			}
			if kind, sep, ok := m.conflict(a, b, level); ok {
				r := conflictOf(value, via[first], via[i], kind, sep)
				if r.reason == Conflict {
					r.reason = TooMany
				}
				m.refuse(r)
			} else {
				m.unite(a, b, join{a: via[first], b: via[i], value: value})
			}
		}
	}
}

// bits are a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// more reports whether b has something that c has not.
func (b bits) more(c bits) bool {
	for i := range b {
		if b[i]&^c[i] != 0 {
			return true
		}
	}
	return false
}

// classes numbers the groups by what limits them: those of one class conflict with the
// same others and not with each other.
func (m *mapper) classes(roots []int32, level int32) (class, of []int) {
	class = make([]int, len(roots))
	for i, root := range roots {
		class[i] = len(of)
		if !m.windowed(root, level) {
			for c, j := range of {
				if m.alike(root, roots[j], level) {
					class[i] = c
					break
				}
			}
		}
		if class[i] == len(of) {
			of = append(of, i)
		}
	}
	return class, of
}

// windowed reports whether a limit on a stretch of time concerns a group: then equal
// values do not make groups alike.
func (m *mapper) windowed(root, level int32) bool {
	return slices.ContainsFunc(m.limits[root], func(r int32) bool {
		return m.levelOf(r) <= level && m.typeOf(r).Window > 0
	})
}

// alike reports whether two groups have the same limits.
func (m *mapper) alike(a, b, level int32) bool {
	if len(m.parts[a]) > 0 || len(m.parts[b]) > 0 {
		return false
	}
	x, y := m.limits[a], m.limits[b]
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] && m.levelOf(x[0]) <= level {
		x, y = x[1:], y[1:]
	}
	return (len(x) == 0 || m.levelOf(x[0]) > level) && (len(y) == 0 || m.levelOf(y[0]) > level)
}

package identity

import "slices"

// separations returns the rulings that part two groups and are not void.
func (m *mapper) separations(a, b int32) []ruling {
	var found []ruling
	for _, x := range m.parts[a] {
		for _, y := range m.parts[b] {
			if x.id == y.id && x.side != y.side && !m.void[x.id] {
				found = append(found, x)
			}
		}
	}
	return found
}

// conflict reports whether two groups can not be one customer at a level (3.), and the
// kind of which they would have too many; -1 means a ruling.
func (m *mapper) conflict(a, b, level int32) (kind int32, separation blind, conflict bool) {
	if len(m.parts[a]) > 0 && len(m.parts[b]) > 0 {
		if s := m.separations(a, b); len(s) > 0 {
			return -1, s[0].id, true
		}
	}
	x, y := m.limits[a], m.limits[b]
	for len(x) > 0 && len(y) > 0 {
		kind := m.kindOf(x[0])
		if other := m.kindOf(y[0]); other != kind {
			if m.levelAndKindLess(kind, other) {
				x = m.after(x, kind)
			} else {
				y = m.after(y, other)
			}
			continue
		}
		if m.level[kind] > level {
			break
		}
		restX, restY := m.after(x, kind), m.after(y, kind)
		inX, inY := x[:len(x)-len(restX)], y[:len(y)-len(restY)]
		x, y = restX, restY
		t := &m.e.Types[m.level[kind]]
		both := len(inX) + len(inY) - common(inX, inY)
		if both <= max(t.Most, len(inX), len(inY)) && t.Window == 0 || both <= t.Most {
			continue
		}
		if t.Window == 0 || m.within(kind, a, b) > max(t.Most, m.within(kind, a), m.within(kind, b)) {
			return kind, blind{}, true
		}
	}
	return 0, blind{}, false
}

// levelAndKindLess is the order of ranks for kinds.
func (m *mapper) levelAndKindLess(a, b int32) bool {
	return m.level[a] < m.level[b] || m.level[a] == m.level[b] && a < b
}

// after returns what follows the values of a kind at the beginning of ranks.
func (m *mapper) after(ranks []int32, kind int32) []int32 {
	for len(ranks) > 0 && m.kindOf(ranks[0]) == kind {
		ranks = ranks[1:]
	}
	return ranks
}

// common counts what two ascending lists have in common.
func common(a, b []int32) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n++
			a, b = a[1:], b[1:]
		}
	}
	return n
}

// fit reports whether several groups can be one customer together (7.1).
func (m *mapper) fit(roots []int32, level int32) bool {
	parted := 0
	for _, a := range roots {
		if len(m.parts[a]) > 0 {
			parted++
		}
	}
	if parted > 1 {
		for i, a := range roots {
			for _, b := range roots[:i] {
				if len(m.separations(a, b)) > 0 {
					return false
				}
			}
		}
	}
	// Values of all groups for each kind, and the most that one group has.
	total, most, touched := m.total, m.most, m.touched[:0]
	m.fresh()
	for i, a := range roots {
		ranks := m.limits[a]
		for len(ranks) > 0 {
			kind := m.kindOf(ranks[0])
			if m.level[kind] > level {
				break
			}
			rest := m.after(ranks, kind)
			here := ranks[:len(ranks)-len(rest)]
			if most[kind] == 0 {
				touched = append(touched, kind)
			}
			most[kind] = max(most[kind], int32(len(here)))
			for _, r := range here {
				if m.firstAt(r, int32(i)) == int32(i) {
					total[kind]++
				}
			}
			ranks = rest
		}
	}
	m.touched = touched
	fits := true
	for _, kind := range touched {
		fits = fits && m.fitKind(kind, int(total[kind]), int(most[kind]), roots)
		total[kind], most[kind] = 0, 0
	}
	return fits
}

// fitKind is fit for a kind of which the groups together have n values, one alone at most
// so many.
func (m *mapper) fitKind(kind int32, n, most int, roots []int32) bool {
	t := &m.e.Types[m.level[kind]]
	if n <= t.Most || t.Window == 0 && n <= most {
		return true
	}
	if t.Window == 0 {
		return false
	}
	largest := t.Most
	for _, a := range roots {
		largest = max(largest, m.within(kind, a))
	}
	return m.within(kind, roots...) <= largest
}

// within returns the most values of a kind that groups together have in any stretch of
// time not longer than the type's window.
func (m *mapper) within(kind int32, roots ...int32) int {
	type sight struct {
		at   int64
		rank int32
	}
	var seen []sight
	for _, a := range roots {
		for _, r := range m.limits[a] {
			if m.kindOf(r) != kind {
				continue
			}
			for _, s := range m.sightings[m.from[r]:m.from[r+1]] {
				if m.find(s.piece) == a {
					seen = append(seen, sight{m.ev.seen[s.observation].at, r})
				}
			}
		}
	}
	slices.SortFunc(seen, func(a, b sight) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	window := m.e.Types[m.level[kind]].Window.Microseconds()
	count, distinct, best, first := map[int32]int{}, 0, 0, 0
	for _, s := range seen {
		for ; s.at-seen[first].at > window; first++ {
			if count[seen[first].rank]--; count[seen[first].rank] == 0 {
				distinct--
			}
		}
		if count[s.rank]++; count[s.rank] == 1 {
			distinct++
		}
		best = max(best, distinct)
	}
	return best
}

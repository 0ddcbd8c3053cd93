package identity

import (
	"cmp"
	"slices"
)

// A sighting of a value that counts.
type sighting struct {
	observation, piece int32
	proof              Proof
}

// A presence is a value on a piece.
type presence struct {
	rank  int32
	proof Proof
	first int32 // the first observation with that proof
	since int32 // the first observation that counts
}

// rank orders the values that may count.
func (m *mapper) rank() {
	ev := m.ev
	m.level, m.kinds = room(m.level, len(ev.kinds)), m.kinds[:0]
	for k := range ev.kinds {
		m.level[k] = int32(m.e.index(ev.kinds[k].typ))
		if m.level[k] >= 0 {
			m.kinds = append(m.kinds, int32(k))
		}
	}
	slices.SortFunc(m.kinds, func(a, b int32) int { return cmp.Or(cmp.Compare(m.level[a], m.level[b]), cmp.Compare(a, b)) })

	m.ranks = room(m.ranks, len(ev.values))
	at := cleared(&m.cursor, len(ev.kinds))
	for v := range ev.values {
		m.ranks[v] = -1
		if k := ev.values[v].kind; m.level[k] >= 0 && !ev.values[v].shared {
			at[k]++
		}
	}
	total := int32(0)
	for _, k := range m.kinds {
		at[k], total = total, total+at[k]
	}
	m.values, m.kindBy = room(m.values, int(total)), room(m.kindBy, int(total))
	for v := range ev.values {
		if k := ev.values[v].kind; m.level[k] >= 0 && !ev.values[v].shared {
			m.values[at[k]], m.kindBy[at[k]], m.ranks[v] = int32(v), k, at[k]
			at[k]++
		}
	}
}

// sight lists the sightings of each value that count.
func (m *mapper) sight() {
	ev := m.ev
	from := cleared(&m.from, len(m.values)+1)
	m.out.group = room(m.out.group, len(ev.pieces))
	for p := range m.out.group {
		m.out.group[p] = -1
	}
	on := cleared(&m.starts, len(ev.pieces)+1)
	for o := range ev.seen {
		p := ev.seen[o].piece
		m.out.group[p] = 0
		for _, k := range ev.seen[o].marks {
			switch r := m.ranks[k.value]; {
			case r < 0:
				if v := &ev.values[k.value]; v.shared && m.level[v.kind] >= 0 {
					m.refuse(refusal{reason: Shared, value: k.value, a: p, b: -1, kind: -1})
				}
			case k.proof < m.typeOf(r).Proof:
				m.refuse(refusal{reason: Unproven, value: k.value, a: p, b: -1, kind: -1})
			default:
				from[r+1]++
				on[p+1]++
			}
		}
	}
	for r := range m.values {
		from[r+1] += from[r]
	}
	for p := range ev.pieces {
		on[p+1] += on[p]
	}
	m.sightings = room(m.sightings, int(from[len(m.values)]))
	at := append(m.cursor[:0], from...)
	for o := range ev.seen {
		for _, k := range ev.seen[o].marks {
			if r := m.ranks[k.value]; r >= 0 && k.proof >= m.typeOf(r).Proof {
				m.sightings[at[r]] = sighting{int32(o), ev.seen[o].piece, k.proof}
				at[r]++
			}
		}
	}
	m.cursor = at
}

// place finds the values on each piece (2.), and the limits of each (3.).
func (m *mapper) place() {
	n := len(m.ev.pieces)
	m.on = room(m.on, len(m.sightings))
	m.ends = append(m.ends[:0], m.starts[:n]...)
	for r := range m.values {
		for _, s := range m.sightings[m.from[r]:m.from[r+1]] {
			if here := m.here(s.piece); len(here) == 0 || here[len(here)-1].rank != int32(r) {
				m.on[m.ends[s.piece]] = presence{int32(r), s.proof, s.observation, s.observation}
				m.ends[s.piece]++
			} else if was := &here[len(here)-1]; s.proof > was.proof {
				was.proof, was.first = s.proof, s.observation
			}
		}
	}

	m.limits, m.tallies, m.parts = room(m.limits, n), room(m.tallies, n), room(m.parts, n)
	limits, tallies := room(m.limiting, len(m.on))[:0], room(m.tallying, len(m.on))[:0] // never moved
	contradicting := false
	for p := range n {
		here := m.here(int32(p))
		startL, startT, lead := len(limits), len(tallies), false
		for i, j := 0, 0; i < len(here); i = j {
			kind := m.kindOf(here[i].rank)
			for j = i + 1; j < len(here) && m.kindOf(here[j].rank) == kind; {
				j++
			}
			t := &m.e.Types[m.level[kind]]
			if t.Most == 0 {
				continue
			}
			if t.Kind == Unique && j-i > t.Most {
				m.contradiction(int32(p), here[i:j], t.Most)
				here = slices.Delete(here, i+t.Most, j)
				m.ends[p] -= int32(j - i - t.Most)
				j, contradicting = i+t.Most, true
			}
			for _, h := range here[i:j] {
				limits = append(limits, h.rank)
				if t.Kind == Descriptor {
					tallies = append(tallies, tally{h.rank, 1, h.since})
				}
			}
			lead = lead || t.Kind == Descriptor && j-i > t.Most
		}
		m.limits[p] = limits[startL:len(limits):len(limits)]
		m.tallies[p] = tallies[startT:len(tallies):len(tallies)]
		m.parts[p] = m.ev.pieces[p].parts
		if lead {
			m.lead(int32(p), m.limits[p])
		}
	}
	m.limiting, m.tallying = limits, tallies
	if contradicting {
		m.forget()
	}
}

// here returns the values on a piece, ascending by rank.
func (m *mapper) here(piece int32) []presence { return m.on[m.starts[piece]:m.ends[piece]] }

// has reports whether a value is on a piece.
func (m *mapper) has(piece, rank int32) bool {
	_, ok := slices.BinarySearchFunc(m.here(piece), rank, func(h presence, r int32) int { return cmp.Compare(h.rank, r) })
	return ok
}

// contradiction puts the values of a kind that a piece keeps first, and refuses the others (2.).
func (m *mapper) contradiction(piece int32, here []presence, most int) {
	slices.SortFunc(here, func(a, b presence) int {
		return cmp.Or(cmp.Compare(b.proof, a.proof), cmp.Compare(a.first, b.first), m.compareValues(a.rank, b.rank))
	})
	for _, h := range here[most:] {
		m.refuse(refusal{reason: TooMany, value: m.values[h.rank], a: piece, b: -1, kind: m.kindOf(h.rank)})
	}
	slices.SortFunc(here[:most], func(a, b presence) int { return cmp.Compare(a.rank, b.rank) })
}

// forget drops the sightings of values that are no longer on their pieces (2.).
func (m *mapper) forget() {
	kept := m.sightings[:0]
	start := int32(0)
	for r := range m.values {
		for _, s := range m.sightings[start:m.from[r+1]] {
			if m.has(s.piece, int32(r)) {
				kept = append(kept, s)
			}
		}
		start, m.from[r+1] = m.from[r+1], int32(len(kept))
	}
	m.sightings = kept
}

// compareValues orders values by their hash.
func (m *mapper) compareValues(a, b int32) int {
	return compareBlinds(m.ev.values[m.values[a]].blind, m.ev.values[m.values[b]].blind)
}

// room returns s with a length of n, with anything in it.
func room[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// cleared makes n zeros of s.
func cleared(s *[]int32, n int) []int32 {
	*s = room(*s, n)
	clear(*s)
	return *s
}

package identity

import (
	"cmp"
	"slices"
	"sync"
)

// group returns who is one customer by the evidence, but for what is shared, which is
// marked on the values. docs/theory/identity.md states the rules; the numbers in comments are
// of its sections. ev is not changed.
//
// Cost: O(n log n) in the marks, but for groups that conflict: quadratic in the number of
// different ones that share a value, with a small cubic part.
func (e *Entity) group(ev *evidence) *grouping { return e.groupInto(ev, new(grouping)) }

// groupInto is group in the memory of another.
func (e *Entity) groupInto(ev *evidence, out *grouping) *grouping {
	m := mappers.Get().(*mapper)
	*out = grouping{group: out.group[:0], joins: out.joins[:0], refused: out.refused[:0]}
	m.e, m.ev, m.out = e, ev, out
	m.group()
	if len(m.sightings) <= maxKept {
		clear(m.parts)
		m.e, m.ev, m.out, m.void = nil, nil, nil, nil
		mappers.Put(m)
	}
	return out
}

// mappers are there to be used again, but for those that have grown above maxKept sightings.
var mappers = sync.Pool{New: func() any { return new(mapper) }}

const maxKept = 1 << 16

// group evaluates the rules.
func (m *mapper) group() *grouping {
	m.rank()
	m.sight()
	m.place()
	m.begin()
	m.link()
	for level := range m.e.Types {
		if m.e.Types[level].Kind != Descriptor {
			m.join(int32(level))
		}
	}
	m.number()
	return m.out
}

// A mapper evaluates the rules once. Values are named by their rank: ascending by
// level, kind and place.
type mapper struct {
	e   *Entity
	ev  *evidence
	out *grouping

	level  []int32 // of each kind: index of its type in e.Types, -1 if it is not there
	kinds  []int32 // those with a type, ascending by level
	values []int32 // by rank: the value
	kindBy []int32 // by rank: the kind
	ranks  []int32 // by value: the rank, -1 if it is not looked at

	// The sightings of each value, by rank, in order: sightings[from[r]:from[r+1]].
	from      []int32
	sightings []sighting

	// The values on each piece, by rank, ascending: on[starts[p]:ends[p]].
	starts, ends []int32
	on           []presence

	parent  []int32   // union-find over pieces; the root of a group is its first piece
	limits  [][]int32 // by root: ranks of the values that limit, ascending
	tallies [][]tally // by root: the descriptors of a group, by rank
	parts   [][]ruling
	void    map[blind]bool // rulings that a later link has overtaken

	// Scratch, and what limits and tallies begin in.
	stamp, stampedAt                       []int32 // by key: see firstAt
	stamped                                int32
	cursor, todo                           []int32
	limiting, merged, leading, undescribed []int32
	tallying, best                         []tally
	roots, via                             []int32
	total, most, touched                   []int32 // by kind
	segmentEnds, reach                     []int32

	// If set, looked is called when a value has joined what it joins in a tenure or
	// slice, with the sightings there, and linked when a link has joined pieces.
	looked func(rank int32, tenure []sighting)
	linked func(link ruling, pieces []int32)
}

func (m *mapper) typeOf(rank int32) *Type {
	return &m.e.Types[m.level[m.kindBy[rank]]]
}

func (m *mapper) kindOf(rank int32) int32 { return m.kindBy[rank] }

func (m *mapper) levelOf(rank int32) int32 { return m.level[m.kindOf(rank)] }

// begin makes each piece a group, and readies the scratch.
func (m *mapper) begin() {
	pieces := len(m.ev.pieces)
	m.parent = room(m.parent, pieces)
	for p := range m.parent {
		m.parent[p] = int32(p)
	}
	m.stamped = 0
	cleared(&m.stamp, 2*len(m.values)+pieces)
	m.stampedAt = room(m.stampedAt, len(m.stamp))
	cleared(&m.total, len(m.level))
	cleared(&m.most, len(m.level))
}

// fresh begins a new use of firstAt.
func (m *mapper) fresh() { m.stamped++ }

// firstAt returns at if a key is seen for the first time since fresh, and otherwise what
// it was then. Keys are ranks, and what the functions below return.
func (m *mapper) firstAt(key, at int32) int32 {
	if m.stamp[key] != m.stamped {
		m.stamp[key], m.stampedAt[key] = m.stamped, at
	}
	return m.stampedAt[key]
}

func (m *mapper) leadingKey(rank int32) int32 { return int32(len(m.values)) + rank }

func (m *mapper) rootKey(root int32) int32 { return 2*int32(len(m.values)) + root }

// link joins what stewards have linked (4.).
func (m *mapper) link() {
	type end struct {
		ruling
		piece int32
	}
	var ends []end
	for p := range m.ev.pieces {
		for _, l := range m.ev.pieces[p].links {
			if m.out.group[p] >= 0 {
				ends = append(ends, end{l, int32(p)})
			}
		}
	}
	slices.SortStableFunc(ends, func(a, b end) int { return compareRulings(a.ruling, b.ruling) })
	for len(ends) > 0 {
		n := 1
		for n < len(ends) && ends[n].id == ends[0].id {
			n++
		}
		pieces := make([]int32, n)
		for i := range pieces {
			pieces[i] = ends[i].piece
		}
		m.linkAll(ends[0].ruling, pieces)
		ends = ends[n:]
	}
}

// linkAll joins the pieces of one link, or none.
func (m *mapper) linkAll(link ruling, pieces []int32) {
	var between []ruling
	for i, a := range pieces {
		for _, b := range pieces[:i] {
			for _, s := range m.separations(m.find(a), m.find(b)) {
				if compareRulings(s, link) > 0 {
					m.refuse(refusal{reason: Separated, value: -1, a: b, b: a, kind: -1, ruling: s.id})
					return
				}
				between = append(between, s)
			}
		}
	}
	for _, s := range between {
		if m.void == nil {
			m.void = map[blind]bool{}
		}
		m.void[s.id] = true
	}
	for _, p := range pieces[1:] {
		if a, b := m.find(pieces[0]), m.find(p); a != b {
			m.unite(a, b, join{a: pieces[0], b: p, value: -1, link: link.id})
		}
	}
	if m.linked != nil {
		m.linked(link, pieces)
	}
}

// compareRulings orders by time and id.
func compareRulings(a, b ruling) int {
	return cmp.Or(cmp.Compare(a.at, b.at), compareBlinds(a.id, b.id))
}

// join joins through the values of a type (5.).
func (m *mapper) join(level int32) {
	todo := m.todo[:0]
	for r := range int32(len(m.values)) {
		if m.from[r+1]-m.from[r] > 1 && m.levelOf(r) == level {
			todo = append(todo, r)
		}
	}
	m.todo = todo
	slices.SortFunc(todo, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.sightings[m.from[a]].observation, m.sightings[m.from[b]].observation), m.compareValues(a, b))
	})
	for _, r := range todo {
		m.joinValue(r, level)
	}
}

// joinStretch joins through a value in a stretch of time (5.3).
func (m *mapper) joinStretch(rank int32, stretch []sighting, level int32) {
	if m.e.Types[level].Kind == Ephemeral {
		m.sweep(rank, stretch, level)
		return
	}
	start := int32(0)
	for _, end := range m.tenures(rank, stretch) {
		if start > 0 {
			a, b := stretch[start-1].piece, stretch[start].piece
			if m.find(a) != m.find(b) {
				m.refuse(refusal{reason: Passed, value: m.values[rank], a: a, b: b, kind: -1})
			}
		}
		m.joinAll(rank, stretch[start:end], level)
		if m.looked != nil {
			m.looked(rank, stretch[start:end])
		}
		start = end
	}
}

// sweep joins an ephemeral value's sightings slice by slice.
func (m *mapper) sweep(rank int32, stretch []sighting, level int32) {
	last, begin := stretch[0].piece, 0
	for i, s := range stretch[1:] {
		a, b := m.find(last), m.find(s.piece)
		if a != b {
			if kind, sep, ok := m.conflict(a, b, level); ok {
				m.refuse(conflictOf(m.values[rank], last, s.piece, kind, sep))
				if m.looked != nil {
					m.looked(rank, stretch[begin:i+1])
				}
				begin = i + 1
			} else {
				m.unite(a, b, join{a: last, b: s.piece, value: m.values[rank]})
			}
		}
		last = s.piece
	}
	if m.looked != nil {
		m.looked(rank, stretch[begin:])
	}
}

// find returns the root of a piece's group.
func (m *mapper) find(p int32) int32 {
	for m.parent[p] != p {
		m.parent[p] = m.parent[m.parent[p]]
		p = m.parent[p]
	}
	return p
}

// unite makes two groups one.
func (m *mapper) unite(a, b int32, why join) {
	if a > b {
		a, b = b, a
	}
	m.parent[b] = a
	m.combine(a, b)
	if len(m.parts[b]) > 0 {
		m.parts[a] = append(slices.Clip(m.parts[a]), m.parts[b]...)
	}
	if cap(m.out.joins) == 0 {
		m.out.joins = make([]join, 0, len(m.parent)-1)
	}
	m.out.joins = append(m.out.joins, why)
}

// number numbers the groups by their first piece.
func (m *mapper) number() {
	for p := range m.out.group {
		switch root := m.find(int32(p)); {
		case m.out.group[p] < 0:
		case root == int32(p):
			m.out.group[p] = int32(m.out.groups)
			m.out.groups++
		default:
			m.out.group[p] = m.out.group[root]
		}
	}
}

// refuse notes a refusal.
func (m *mapper) refuse(r refusal) { m.out.refused = append(m.out.refused, r) }

// conflictOf is the refusal that a conflict is.
func conflictOf(value, a, b, kind int32, separation blind) refusal {
	if kind < 0 {
		return refusal{reason: Separated, value: value, a: a, b: b, kind: -1, ruling: separation}
	}
	return refusal{reason: Conflict, value: value, a: a, b: b, kind: kind}
}

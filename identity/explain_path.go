package identity

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// A trace is the mapping of evidence, together with how it came about.
type trace struct {
	mapper
	bonds []bond
	looks []look
	first []int32 // by piece: its first observation, -1 if it has none
}

// A bond is what made pieces one customer, or would have, had they not been one already:
// a value that they have in one tenure or slice, or a link.
type bond struct {
	value int32 // -1: a link
	link  ruling
	level int32 // -1: a link
	on    []holding
}

// A holding is a piece of a bond, and where it is seen that it is: the best proof, then
// the first.
type holding struct {
	piece, observation int32
	proof              Proof
}

// A look is a tenure or slice of a value.
type look struct {
	value  int32
	tenure []sighting
}

// trace maps evidence.
func (e *Entity) trace(ev *evidence) *trace {
	t := &trace{mapper: mapper{e: e, ev: ev, out: &grouping{}}, first: make([]int32, len(ev.pieces))}
	for p := range t.first {
		t.first[p] = -1
	}
	for o, seen := range slices.Backward(ev.seen) {
		t.first[seen.piece] = int32(o)
	}
	t.linked = func(link ruling, pieces []int32) {
		b := bond{value: -1, link: link, level: -1}
		for _, p := range pieces {
			b.on = append(b.on, holding{p, t.first[p], Verified})
		}
		slices.SortFunc(b.on, func(x, y holding) int { return cmp.Compare(x.observation, y.observation) })
		t.bonds = append(t.bonds, b)
	}
	t.looked = t.look
	t.group()
	return t
}

// trace maps evidence by the policy for its entity.
func (r *rules) trace(ev *evidence) (*trace, error) {
	e := r.policy.entity(ev.entity)
	if e == nil {
		return nil, fmt.Errorf("%w: there is no entity %q", ErrPolicy, ev.entity)
	}
	return e.trace(ev), nil
}

// look notes what a value has come to bind.
func (t *trace) look(rank int32, tenure []sighting) {
	value := t.values[rank]
	t.looks = append(t.looks, look{value, tenure})
	begin := len(t.bonds)
	at := map[int32]int{}    // by root: index into bonds
	place := map[int32]int{} // by piece: index into on
	for _, s := range tenure {
		root, proof := t.find(s.piece), t.proofOf(s.observation, value)
		i, ok := at[root]
		if !ok {
			i = len(t.bonds)
			at[root] = i
			t.bonds = append(t.bonds, bond{value: value, level: t.levelOf(rank)})
		}
		b := &t.bonds[i]
		if j, ok := place[s.piece]; !ok {
			place[s.piece] = len(b.on)
			b.on = append(b.on, holding{s.piece, s.observation, proof})
		} else if proof > b.on[j].proof {
			b.on[j] = holding{s.piece, s.observation, proof}
		}
	}
	t.bonds = append(t.bonds[:begin], slices.DeleteFunc(t.bonds[begin:], func(b bond) bool { return len(b.on) < 2 })...)
}

// proofOf is the proof of a value in an observation that has it.
func (t *trace) proofOf(observation, value int32) Proof {
	marks := t.ev.seen[observation].marks
	i, _ := slices.BinarySearchFunc(marks, value, func(k mark, v int32) int { return cmp.Compare(k.value, v) })
	return marks[i].proof
}

// weakness orders holdings of bonds, the strongest first: links, then types, then proof.
func (b *bond) weakness(h *holding) int {
	return int(b.level+1)*(int(Verified)+1) + int(Verified-h.proof)
}

// A hop goes from one piece to another through a bond.
type hop struct {
	bond     *bond
	from, to *holding
}

// weakness is that of the weaker end.
func (h hop) weakness() int { return max(h.bond.weakness(h.from), h.bond.weakness(h.to)) }

// A place is a holding of a bond, by their indices.
type place struct{ bond, on int32 }

// path returns the way from one of the pieces from to one of the pieces to whose weakest
// hop is the strongest, of those one with the fewest hops, and the piece that it begins
// with. ok is false if there is none.
func (t *trace) path(from, to []int32) (begin int32, hops []hop, ok bool) {
	places := make([][]place, len(t.ev.pieces)) // by piece
	for i := range t.bonds {
		for j, h := range t.bonds[i].on {
			places[h.piece] = append(places[h.piece], place{int32(i), int32(j)})
		}
	}
	worst := sort.Search((len(t.e.Types)+1)*(int(Verified)+1), func(limit int) bool {
		_, _, ok := t.search(places, from, to, limit)
		return ok
	})
	return t.search(places, from, to, worst)
}

// search looks for the shortest way through what is no weaker than a limit.
func (t *trace) search(places [][]place, from, to []int32, limit int) (begin int32, hops []hop, ok bool) {
	reached := make([]hop, len(t.ev.pieces)) // by piece: how
	known, end := make([]bool, len(t.ev.pieces)), make([]bool, len(t.ev.pieces))
	used := make([]bool, len(t.bonds))
	todo := slices.Clone(from)
	slices.SortFunc(todo, func(a, b int32) int { return cmp.Compare(t.first[a], t.first[b]) })
	for _, p := range todo {
		known[p] = true
	}
	for _, p := range to {
		end[p] = true
	}
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		if end[p] {
			for reached[p].bond != nil {
				hops = append(hops, reached[p])
				p = reached[p].from.piece
			}
			slices.Reverse(hops)
			return p, hops, true
		}
		for _, at := range places[p] {
			b := &t.bonds[at.bond]
			here := &b.on[at.on]
			if used[at.bond] || b.weakness(here) > limit {
				continue
			}
			used[at.bond] = true
			for j := range b.on {
				if q := &b.on[j]; !known[q.piece] && b.weakness(q) <= limit {
					known[q.piece], reached[q.piece] = true, hop{b, here, q}
					todo = append(todo, q.piece)
				}
			}
		}
	}
	return 0, nil, false
}

// A hurdle is something that keeps two groups apart. a is of the one, b of the other.
type hurdle struct {
	refusal
	sightA, sightB holding
}

// A side is one of two groups: where each value is seen there, and whether it counts.
type side struct {
	group  int32
	sights []holding // by value; piece -1 where it is not
	counts []bool    // by value
}

func (t *trace) side(group int32) side {
	s := side{group, make([]holding, len(t.ev.values)), make([]bool, len(t.ev.values))}
	for v := range s.sights {
		s.sights[v].piece = -1
	}
	for o := range t.ev.seen {
		p := t.ev.seen[o].piece
		if t.out.group[p] != group {
			continue
		}
		for _, k := range t.ev.seen[o].marks {
			if h := &s.sights[k.value]; h.piece < 0 || k.proof > h.proof {
				*h = holding{p, int32(o), k.proof}
			}
			if r := t.ranks[k.value]; r >= 0 && k.proof >= t.typeOf(r).Proof && t.has(p, r) {
				s.counts[k.value] = true
			}
		}
	}
	return s
}

// sight is where a value is seen on a piece, or the first observation of the piece for
// the value -1.
func (t *trace) sight(piece, value int32) holding {
	h := holding{piece: piece, observation: t.first[piece], proof: Verified}
	if value < 0 {
		return h
	}
	found := false
	for o := range t.ev.seen {
		if t.ev.seen[o].piece != piece {
			continue
		}
		for _, k := range t.ev.seen[o].marks {
			if k.value == value && (!found || k.proof > h.proof) {
				h.observation, h.proof, found = int32(o), k.proof, true
			}
		}
	}
	return h
}

// hurdles returns all that keeps two groups apart, each once: what is about the
// strongest type first.
func (t *trace) hurdles(groupA, groupB int32) []hurdle {
	a, b := t.side(groupA), t.side(groupB)
	first := func(group int32) int32 { return int32(slices.Index(t.out.group, group)) }
	parted := t.separations(t.find(first(groupA)), t.find(first(groupB)))
	slices.SortFunc(parted, compareRulings)
	parted = slices.CompactFunc(parted, func(x, y ruling) bool { return x.id == y.id })
	var list []hurdle
	told := map[int32]bool{}
	add := func(r refusal) {
		if r.reason == Separated {
			r.ruling = parted[0].id // whichever the mapping met with
		}
		told[r.value] = true
		list = append(list, hurdle{refusal: r})
	}
	var links []hurdle // not made for a ruling that a later link has overruled
	for _, r := range t.out.refused {
		if r.value < 0 && t.void[r.ruling] {
			switch of, other := t.out.group[r.a], t.out.group[r.b]; {
			case of == groupA && other == groupB:
				links = append(links, hurdle{refusal: r})
			case of == groupB && other == groupA:
				r.a, r.b = r.b, r.a
				links = append(links, hurdle{refusal: r})
			}
		}
		if r.value < 0 || t.e.Types[t.level[t.ev.values[r.value].kind]].Kind == Descriptor {
			continue // rulings: see below
		}
		of := t.out.group[r.a]
		switch {
		case r.b >= 0:
			if other := t.out.group[r.b]; of == groupA && other == groupB {
				add(r)
			} else if of == groupB && other == groupA {
				r.a, r.b = r.b, r.a
				add(r)
			}
		case of != groupA && of != groupB || a.sights[r.value].piece < 0 || b.sights[r.value].piece < 0:
		case r.reason != Passed && a.counts[r.value] && b.counts[r.value]:
			// Other sightings of it count.
		case of == groupA:
			r.b = b.sights[r.value].piece
			add(r)
		default:
			r.a, r.b = a.sights[r.value].piece, r.a
			add(r)
		}
	}
	for v := range t.ev.values {
		if a.counts[v] && b.counts[v] && !told[int32(v)] && t.typeOf(t.ranks[v]).Kind != Descriptor {
			add(t.unsaid(int32(v), &a, &b))
		}
	}
	for i, s := range parted {
		if i == 0 && slices.ContainsFunc(list, func(h hurdle) bool { return h.reason == Separated }) {
			continue
		}
		p, q := t.parted(s.id, groupA, groupB)
		list = append(list, hurdle{refusal: refusal{reason: Separated, value: -1, a: p, b: q, kind: -1, ruling: s.id}})
	}
	list = append(list, links...)
	slices.SortFunc(list, func(x, y hurdle) int {
		return cmp.Or(t.compareHurdles(x, y), cmp.Compare(t.first[x.a], t.first[y.a]), cmp.Compare(t.first[x.b], t.first[y.b]))
	})
	list = slices.CompactFunc(list, func(x, y hurdle) bool {
		x.a, x.b = y.a, y.b
		return x.refusal == y.refusal
	})
	for i := range list {
		h := &list[i]
		h.sightA, h.sightB = t.sight(h.a, h.value), t.sight(h.b, h.value)
	}
	return list
}

// sharedWith returns the shared values that a group has in common with one of another
// container, which can have no others.
func (t *trace) sharedWith(other *trace, groupA, groupB int32) []hurdle {
	a, b := t.side(groupA), other.side(groupB)
	at := map[blind]holding{}
	for v, h := range b.sights {
		if h.piece >= 0 {
			at[other.ev.values[v].blind] = h
		}
	}
	var list []hurdle
	for v, h := range a.sights {
		if there, ok := at[t.ev.values[v].blind]; ok && h.piece >= 0 && t.ev.values[v].shared && t.level[t.ev.values[v].kind] >= 0 {
			list = append(list, hurdle{refusal{reason: Shared, value: int32(v), a: h.piece, kind: -1}, h, there})
		}
	}
	slices.SortFunc(list, t.compareHurdles)
	return list
}

// unsaid is why two groups are not joined by a value that counts on both and by which
// neither was held against the other: only the first of those that are alike are.
func (t *trace) unsaid(value int32, a, b *side) refusal {
	p, q := a.sights[value].piece, b.sights[value].piece
	r := refusal{reason: Passed, value: value, a: p, b: q, kind: -1}
	of := func(group int32) func(s sighting) bool {
		return func(s sighting) bool { return t.out.group[s.piece] == group }
	}
	if !slices.ContainsFunc(t.looks, func(l look) bool {
		return l.value == value && slices.ContainsFunc(l.tenure, of(a.group)) && slices.ContainsFunc(l.tenure, of(b.group))
	}) {
		r.ruling = t.cutBetween(value, a.group, b.group)
		return r
	}
	if kind, sep, ok := t.conflict(t.find(p), t.find(q), t.levelOf(t.ranks[value])); ok {
		return conflictOf(value, p, q, kind, sep)
	}
	r.reason = Ambiguous
	for _, x := range t.out.refused {
		if g := t.out.group[x.a]; x.value == value && x.reason == TooMany && x.b >= 0 && (g == a.group || g == b.group || t.out.group[x.b] == a.group || t.out.group[x.b] == b.group) {
			r.reason, r.kind = TooMany, x.kind
		}
	}
	return r
}

// cutBetween is the ruling that a value passed to somebody else in between: after it was
// first seen with one of two groups, and before it was with the other. Zero if there is
// none.
func (t *trace) cutBetween(value, groupA, groupB int32) blind {
	rank := t.ranks[value]
	all := t.sightings[t.from[rank]:t.from[rank+1]]
	var first [2]int64
	for i, group := range []int32{groupA, groupB} {
		s := slices.IndexFunc(all, func(s sighting) bool { return t.out.group[s.piece] == group })
		if s < 0 {
			return blind{}
		}
		first[i] = t.at(all[s])
	}
	var between []cut
	for _, c := range t.ev.values[value].cuts {
		if min(first[0], first[1]) < c.at && c.at <= max(first[0], first[1]) {
			between = append(between, c)
		}
	}
	if len(between) == 0 {
		return blind{}
	}
	return slices.MinFunc(between, compareCuts).ruling
}

// parted returns the first pieces of two groups that a ruling names.
func (t *trace) parted(id blind, groupA, groupB int32) (a, b int32) {
	first := func(group int32) int32 {
		best := int32(-1)
		for p := range t.ev.pieces {
			if t.out.group[p] == group && slices.ContainsFunc(t.ev.pieces[p].parts, func(x ruling) bool { return x.id == id }) && (best < 0 || t.first[p] < t.first[best]) {
				best = int32(p)
			}
		}
		return best
	}
	return first(groupA), first(groupB)
}

// compareHurdles orders by the strength of the type, then by all that tells them apart.
func (t *trace) compareHurdles(x, y hurdle) int {
	kind := func(i int32) (int32, string) {
		if i < 0 {
			return -1, ""
		}
		return t.level[i], t.ev.kinds[i].scope
	}
	value := func(h *hurdle) (int32, string, blind) {
		if h.value < 0 {
			return -1, "", blind{}
		}
		v := t.ev.values[h.value]
		level, scope := kind(v.kind)
		return level, scope, v.blind
	}
	levelX, scopeX, blindX := value(&x)
	levelY, scopeY, blindY := value(&y)
	limitX, inX := kind(x.kind)
	limitY, inY := kind(y.kind)
	return cmp.Or(
		cmp.Compare(levelX, levelY), cmp.Compare(scopeX, scopeY), compareBlinds(blindX, blindY), cmp.Compare(x.reason, y.reason),
		cmp.Compare(limitX, limitY), cmp.Compare(inX, inY), compareBlinds(x.ruling, y.ruling))
}

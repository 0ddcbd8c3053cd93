package identity

import (
	"cmp"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// reference is docs/theory/identity.md rule by rule, on maps and scans of everything, with
// nothing kept from one step to the next but the groups and the rulings that are void.
// It is what group is compared with, so it shares no code with it.
type reference struct {
	e         *Entity
	ev        *evidence
	sightings []referenceSighting // that count, after rules 1 and 2, in the order of evidence
	group     []int               // of each piece: the number of one of its pieces; -1 without observations
	void      map[blind]bool      // rulings that a later link has overruled
}

// A referenceSighting is one identifier of an observation.
type referenceSighting struct {
	at    int64
	id    blind // of the observation
	piece int32
	value int32
	kind  int // of the value
	level int // of its type
	proof Proof
}

// referenceGroup returns what group says in grouping.group.
func referenceGroup(e *Entity, ev *evidence) []int32 {
	r := &reference{e: e, ev: ev, void: map[blind]bool{}}
	for p := range ev.pieces {
		r.group = append(r.group, -1)
		for _, o := range ev.seen {
			if int(o.piece) == p {
				r.group[p] = p
			}
		}
	}
	r.sightings = slices.DeleteFunc(countingSightings(e, ev), func(s referenceSighting) bool { return ev.values[s.value].shared }) // rule 1
	r.contradictions()
	r.links()
	for level, t := range e.Types {
		if t.Kind == Descriptor {
			continue
		}
		for _, v := range r.valuesOf(level) {
			r.value(level, v)
		}
	}
	return canonicalGroups(r.group)
}

// canonicalGroups numbers groups by the first piece of each.
func canonicalGroups[T int | int32](group []T) []int32 {
	number := map[T]int32{}
	out := make([]int32, 0, len(group))
	for _, g := range group {
		if g < 0 {
			out = append(out, -1)
			continue
		}
		if _, ok := number[g]; !ok {
			number[g] = int32(len(number))
		}
		out = append(out, number[g])
	}
	return out
}

// countingSightings returns the sightings that count, in the order of evidence.
func countingSightings(e *Entity, ev *evidence) []referenceSighting {
	var all []referenceSighting
	for _, o := range ev.seen {
		for _, m := range o.marks {
			kind := int(ev.values[m.value].kind)
			level := e.index(ev.kinds[kind].typ)
			if level >= 0 && m.proof >= e.Types[level].Proof {
				all = append(all, referenceSighting{o.at, o.id, o.piece, m.value, kind, level, m.proof})
			}
		}
	}
	slices.SortStableFunc(all, compareReferenceSightings)
	return all
}

// compareReferenceSightings is the order of evidence.
func compareReferenceSightings(a, b referenceSighting) int {
	return cmp.Or(cmp.Compare(a.at, b.at), compareBlinds(a.id, b.id))
}

// referenceShared returns which values are shared by rule 1.
func referenceShared(e *Entity, ev *evidence) []bool {
	all := countingSightings(e, ev)
	shared := make([]bool, len(ev.values))
	for v := range ev.values {
		level := e.index(ev.kinds[ev.values[v].kind].typ)
		if level < 0 || e.Types[level].Kind == Descriptor {
			continue
		}
		on, records := map[int32]bool{}, map[int32]bool{}
		for _, s := range all {
			if int(s.value) != v {
				continue
			}
			on[s.piece] = true
			if ev.pieces[s.piece].atom != (customer.AtomID{}) {
				records[s.piece] = true
			}
		}
		fanOut := 0
		for k, kind := range ev.kinds {
			i := e.index(kind.typ)
			if i < 0 || e.Types[i].Kind == Ephemeral || e.Types[i].Most == 0 {
				continue
			}
			others := map[int32]bool{}
			for _, s := range all {
				if on[s.piece] && int(s.value) != v && s.kind == k {
					others[s.value] = true
				}
			}
			customers := len(others) / e.Types[i].Most
			if len(others)%e.Types[i].Most > 0 {
				customers++
			}
			fanOut = max(fanOut, customers)
		}
		limit := e.Types[level].FanOut
		shared[v] = len(records) > e.records() || limit > 0 && fanOut > limit
	}
	return shared
}

// contradictions is rule 2.
func (r *reference) contradictions() {
	type onPiece struct{ piece, value int32 }
	refused := map[onPiece]bool{}
	for p := range r.ev.pieces {
		for k := range r.ev.kinds {
			best := map[int32]referenceSighting{} // of each value
			for _, s := range r.sightings {
				if int(s.piece) != p || s.kind != k {
					continue
				}
				if b, ok := best[s.value]; !ok || s.proof > b.proof { // the first with the best proof stays
					best[s.value] = s
				}
			}
			values := make([]int32, 0, len(best))
			for v := range best {
				values = append(values, v)
			}
			slices.SortFunc(values, func(v, w int32) int {
				a, b := best[v], best[w]
				return cmp.Or(-cmp.Compare(a.proof, b.proof), compareReferenceSightings(a, b),
					compareBlinds(r.ev.values[v].blind, r.ev.values[w].blind))
			})
			for i, v := range values {
				if t := r.e.Types[best[v].level]; t.Kind == Unique && t.Most > 0 && i >= t.Most {
					refused[onPiece{int32(p), v}] = true
				}
			}
		}
	}
	r.sightings = slices.DeleteFunc(r.sightings, func(s referenceSighting) bool { return refused[onPiece{s.piece, s.value}] })
}

// join makes two groups one.
func (r *reference) join(a, b int) {
	for p, g := range r.group {
		if g == b {
			r.group[p] = a
		}
	}
}

// leading returns the leading values of a group, of a kind that is a descriptor's: rule 3.
func (r *reference) leading(kind, group int) []int32 {
	type count struct {
		value  int32
		first  referenceSighting
		pieces map[int32]bool
	}
	var counts []count
	for _, s := range r.sightings {
		if s.kind != kind || r.group[s.piece] != group {
			continue
		}
		i := slices.IndexFunc(counts, func(c count) bool { return c.value == s.value })
		if i < 0 {
			i = len(counts)
			counts = append(counts, count{s.value, s, map[int32]bool{}})
		}
		counts[i].pieces[s.piece] = true
	}
	slices.SortFunc(counts, func(a, b count) int {
		return cmp.Or(-cmp.Compare(len(a.pieces), len(b.pieces)), compareReferenceSightings(a.first, b.first),
			compareBlinds(r.ev.values[a.value].blind, r.ev.values[b.value].blind))
	})
	var values []int32
	for _, c := range counts[:min(len(counts), r.e.Types[r.levelOf(kind)].Most)] {
		values = append(values, c.value)
	}
	return values
}

// levelOf returns the level of a kind, -1 if its type is not in the policy.
func (r *reference) levelOf(kind int) int { return r.e.index(r.ev.kinds[kind].typ) }

// descriptor reports whether a kind is a descriptor's.
func (r *reference) descriptor(kind int) bool {
	level := r.levelOf(kind)
	return level >= 0 && r.e.Types[level].Kind == Descriptor
}

// size is |.| of rule 3: of the values of a kind that some groups have.
func (r *reference) size(kind int, groups ...int) int {
	var in []referenceSighting
	for _, g := range groups {
		values := r.leading(kind, g)
		for _, s := range r.sightings {
			if s.kind == kind && r.group[s.piece] == g && (!r.descriptor(kind) || slices.Contains(values, s.value)) {
				in = append(in, s)
			}
		}
	}
	window := r.e.Types[r.levelOf(kind)].Window
	largest := 0
	for _, from := range in {
		values := map[int32]bool{}
		for _, s := range in {
			if window == 0 || s.at >= from.at && !moreThan(window, from.at, s.at) {
				values[s.value] = true
			}
		}
		largest = max(largest, len(values))
	}
	return largest
}

// moreThan reports whether b is more than d after a. Both are whole microseconds,
// so what d has beyond those makes no difference.
func moreThan(d time.Duration, a, b int64) bool { return b-a > d.Microseconds() }

// fits reports whether groups may be one at a level: by the limits, and by the rulings.
func (r *reference) fits(level int, groups ...int) bool {
	for k := range r.ev.kinds {
		i := r.levelOf(k)
		if i < 0 || i > level || r.e.Types[i].Most == 0 {
			continue
		}
		largest := 0
		for _, g := range groups {
			largest = max(largest, r.size(k, g))
		}
		if union := r.size(k, groups...); union > r.e.Types[i].Most && union > largest {
			return false
		}
	}
	return len(r.parting(groups...)) == 0
}

// parting returns the rulings that part two of some groups.
func (r *reference) parting(groups ...int) []ruling {
	var rulings []ruling
	for p, g := range r.group {
		for q, h := range r.group {
			if g == h || !slices.Contains(groups, g) || !slices.Contains(groups, h) {
				continue
			}
			for _, a := range r.ev.pieces[p].parts {
				for _, b := range r.ev.pieces[q].parts {
					if a.id == b.id && a.side != b.side && !r.void[a.id] {
						rulings = append(rulings, a)
					}
				}
			}
		}
	}
	return rulings
}

// links is rule 4. Pieces without observations are not there.
func (r *reference) links() {
	pieces := map[blind][]int{}
	var links []ruling
	for p := range r.ev.pieces {
		for _, l := range r.ev.pieces[p].links {
			if r.group[p] < 0 {
				continue
			}
			if len(pieces[l.id]) == 0 {
				links = append(links, l)
			}
			pieces[l.id] = append(pieces[l.id], p)
		}
	}
	compareRulings := func(a, b ruling) int { return cmp.Or(cmp.Compare(a.at, b.at), compareBlinds(a.id, b.id)) }
	slices.SortFunc(links, compareRulings)
	for _, l := range links {
		var groups []int
		for _, p := range pieces[l.id] {
			groups = append(groups, r.group[p])
		}
		parting := r.parting(groups...)
		if slices.ContainsFunc(parting, func(s ruling) bool { return compareRulings(s, l) > 0 }) {
			continue
		}
		for _, s := range parting {
			r.void[s.id] = true
		}
		for _, g := range groups {
			r.join(groups[0], g)
		}
	}
}

// valuesOf returns the values of a type in the order of rule 5.
func (r *reference) valuesOf(level int) []int32 {
	first := map[int32]referenceSighting{}
	var values []int32
	for _, s := range r.sightings {
		if s.level != level {
			continue
		}
		if _, ok := first[s.value]; !ok {
			first[s.value] = s
			values = append(values, s.value)
		}
	}
	slices.SortFunc(values, func(v, w int32) int {
		return cmp.Or(compareReferenceSightings(first[v], first[w]), compareBlinds(r.ev.values[v].blind, r.ev.values[w].blind))
	})
	return values
}

// value is rule 5 for one value.
func (r *reference) value(level int, v int32) {
	t := r.e.Types[level]
	var all []referenceSighting
	for _, s := range r.sightings {
		if s.value == v {
			all = append(all, s)
		}
	}
	// Cuts. era is how many cuts lie before a sighting.
	era := func(s referenceSighting) int {
		n := 0
		for _, c := range r.ev.values[v].cuts {
			if s.at >= c.at {
				n++
			}
		}
		return n
	}
	first := map[int]int{} // of each group, the era it is first seen in
	for _, s := range all {
		if _, ok := first[r.group[s.piece]]; !ok {
			first[r.group[s.piece]] = era(s)
		}
	}
	all = slices.DeleteFunc(all, func(s referenceSighting) bool { return t.Kind != Ephemeral && era(s) > first[r.group[s.piece]] })
	stretches := divideSightings(all, func(a, b referenceSighting) bool {
		return era(a) != era(b) || t.Lifetime > 0 && moreThan(t.Lifetime, a.at, b.at)
	})
	for _, stretch := range stretches {
		if t.Kind == Ephemeral {
			r.slices(level, stretch)
			continue
		}
		for _, tenure := range r.tenures(t, stretch) {
			r.joining(level, tenure)
		}
	}
}

// divideSightings cuts sightings between those neighbours that are to be apart.
func divideSightings(all []referenceSighting, between func(a, b referenceSighting) bool) [][]referenceSighting {
	var parts [][]referenceSighting
	for i, s := range all {
		if i == 0 || between(all[i-1], s) {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], s)
	}
	return parts
}

// slices is rule 5.3 for ephemeral types.
func (r *reference) slices(level int, stretch []referenceSighting) {
	slice := stretch[0].piece
	for _, s := range stretch {
		a, b := r.group[slice], r.group[s.piece]
		switch {
		case a == b:
		case r.fits(level, a, b):
			r.join(a, b)
		default:
			slice = s.piece
		}
	}
}

// tenures is rule 6.
func (r *reference) tenures(t Type, stretch []referenceSighting) [][]referenceSighting {
	if t.Silence == 0 {
		return [][]referenceSighting{stretch}
	}
	segments := divideSightings(stretch, func(a, b referenceSighting) bool { return moreThan(t.Silence, a.at, b.at) })
	for i := 0; i < len(segments); i++ {
		for j := len(segments) - 1; j > i; j-- {
			if r.same(segments[i], segments[j]) {
				segments = slices.Replace(segments, i, j+1, slices.Concat(segments[i:j+1]...))
				i = -1 // from the start again
				break
			}
		}
	}
	distinguished := 0
	for _, seg := range segments {
		for _, level := range r.others(seg) {
			if r.e.Types[level].Kind != Ephemeral {
				distinguished++
				break
			}
		}
	}
	if distinguished <= 1 {
		return [][]referenceSighting{stretch}
	}
	return segments
}

// others returns the values on the pieces of sightings of a value, other than that one,
// each with the level of its type.
func (r *reference) others(seg []referenceSighting) map[int32]int {
	values := map[int32]int{}
	for _, s := range seg {
		for _, o := range r.sightings {
			if o.piece == s.piece && o.value != s.value {
				values[o.value] = o.level
			}
		}
	}
	return values
}

// same reports whether two segments have a group, another value, or a leading value of
// groups seen in them in common.
func (r *reference) same(a, b []referenceSighting) bool {
	for _, s := range a {
		for _, o := range b {
			if r.group[s.piece] == r.group[o.piece] {
				return true
			}
		}
	}
	ours, theirs := r.others(a), r.others(b)
	for v := range ours {
		if _, ok := theirs[v]; ok {
			return true
		}
	}
	for k := range r.ev.kinds {
		if !r.descriptor(k) {
			continue
		}
		for _, s := range a {
			for _, o := range b {
				theirs := r.leading(k, r.group[o.piece])
				if slices.ContainsFunc(r.leading(k, r.group[s.piece]), func(v int32) bool { return slices.Contains(theirs, v) }) {
					return true
				}
			}
		}
	}
	return false
}

// joining is rule 7.
func (r *reference) joining(level int, tenure []referenceSighting) {
	var groups []int
	for _, s := range tenure {
		if g := r.group[s.piece]; !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if r.fits(level, groups...) {
		for _, g := range groups {
			r.join(groups[0], g)
		}
		return
	}
	conflict := func(a, b int) bool { return a != b && !r.fits(level, a, b) }
	for _, v := range r.descriptors(level, groups) {
		var namesakes, harmless []int
		for _, g := range groups {
			if slices.Contains(r.leading(int(r.ev.values[v].kind), g), v) {
				namesakes = append(namesakes, g)
			}
		}
		for _, g := range namesakes {
			if !slices.ContainsFunc(namesakes, func(o int) bool { return conflict(g, o) }) {
				harmless = append(harmless, g)
			}
		}
		for i, g := range harmless {
			if i > 0 && !conflict(harmless[0], g) {
				r.join(harmless[0], g)
				groups = slices.DeleteFunc(groups, func(o int) bool { return o == g })
			}
		}
	}
	ambiguous := func(g int) bool {
		for _, a := range groups {
			for _, b := range groups {
				if conflict(a, b) && !conflict(g, a) && !conflict(g, b) {
					return true
				}
			}
		}
		return false
	}
	var sets [][]int
	for _, g := range groups {
		if ambiguous(g) {
			continue
		}
		i := slices.IndexFunc(sets, func(set []int) bool { return !conflict(g, set[0]) })
		if i < 0 {
			sets = append(sets, []int{g})
		} else {
			sets[i] = append(sets[i], g)
		}
	}
	for _, set := range sets {
		for _, g := range set[1:] {
			if !conflict(set[0], g) {
				r.join(set[0], g)
			}
		}
	}
}

// descriptors returns the leading values of groups by descriptors above a level, in the
// order of rule 7.2.
func (r *reference) descriptors(level int, groups []int) []int32 {
	var values []int32
	for v, val := range r.ev.values {
		k := int(val.kind)
		if r.descriptor(k) && r.levelOf(k) < level && slices.ContainsFunc(groups, func(g int) bool { return slices.Contains(r.leading(k, g), int32(v)) }) {
			values = append(values, int32(v))
		}
	}
	slices.SortFunc(values, func(v, w int32) int {
		a, b := r.ev.values[v], r.ev.values[w]
		return cmp.Or(cmp.Compare(r.levelOf(int(a.kind)), r.levelOf(int(b.kind))),
			cmp.Compare(r.ev.kinds[a.kind].scope, r.ev.kinds[b.kind].scope), compareBlinds(a.blind, b.blind))
	})
	return values
}

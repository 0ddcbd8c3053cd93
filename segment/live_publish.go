package segment

import (
	"slices"
	"strings"
	"time"
)

// reason finds why the customers entered and left.
func (st *turn) reason(g *liveSegment) {
	touched := g.touched
	for i := range g.flips {
		f := &g.flips[i]
		for len(touched) > 0 && touched[0].position() < f.position {
			touched = touched[1:]
		}
		switch {
		case !st.exists(f.position):
			if f.reason = ByDeletion; st.merged[st.s.ids.id(f.position)] {
				f.reason = ByMerge
			}
			continue
		case g.redefine:
			f.reason = ByDefinition
			continue
		}
		first := f.reason // ByPlace or none
		consider := func(c Cause) {
			if first == 0 || c < first {
				first = c
			}
		}
		if len(touched) > 0 && touched[0].position() == f.position && touched[0]&hasWritten != 0 || st.wrote(g, f.position) {
			consider(ByTag)
		}
		for _, used := range g.uses {
			n, found := slices.BinarySearchFunc(used.flips, f.position, func(f flip, at uint32) int {
				return int(int64(f.position) - int64(at))
			})
			if found {
				consider(used.flips[n].reason)
			}
		}
		if first == 0 {
			first = ByTime
		}
		f.reason = first
	}
}

// wrote tells whether the step changed a value that the rules of the segment name, or made the customer.
func (st *turn) wrote(g *liveSegment, at uint32) bool {
	if st.e == nil {
		return false
	}
	if at >= st.e.count {
		return true
	}
	chunk := int(at >> chunkBits)
	for _, tag := range g.tags {
		if group := st.e.groups[cell{tag, chunk}]; group != nil {
			if _, found := slices.BinarySearch(group.changed, uint16(at)); found {
				return true
			}
		}
	}
	return false
}

// publish numbers the notices and shows the readers what there is now.
func (st *turn) publish() []Notice {
	l := st.l
	v := *l.view.Load()
	all, flips := l.byName, 0
	if len(st.dropped) > 0 {
		all = slices.Concat(all, st.dropped)
		slices.SortStableFunc(all, byName)
	}
	for _, g := range all {
		flips += len(g.flips)
	}
	if !st.quiet {
		st.told = make([]Notice, 0, flips)
	}
	for _, g := range all {
		if len(g.flips) > 0 && !st.quiet {
			st.notices(g)
		}
		if len(g.flips) > 0 || g.redefine {
			g.measure(st.at)
		}
		g.rest(l, st.s)
	}
	l.schedule(st.s)
	if st.views != nil {
		for _, g := range l.byName {
			if st.views[g.place] == nil {
				st.views[g.place] = &segmentView{members: g.members, held: g.held, count: g.count}
			}
		}
		v.segments = st.views
	}
	if st.places != nil {
		v.places = st.places
	}
	v.snapshot, v.at = st.s, st.at
	v.next = l.nextTime()
	if len(st.told) > 0 {
		least := max(l.keep, len(st.told))
		if l.shelf != nil { // and all that the shelf does not have yet
			least = max(least, int(l.last-l.paged))
		}
		l.told.add(st.told, least)
		v.told, v.last = l.told, l.last
		v.told.blocks = slices.Clone(l.told.blocks)
	}
	l.view.Store(&v)
	return st.told
}

// notices makes the notices of a segment, in the order of ids.
func (st *turn) notices(g *liveSegment) {
	l := st.l
	first := len(st.told)
	for _, f := range g.flips {
		st.told = append(st.told, Notice{
			At: st.at, Customer: st.s.ids.id(f.position), Segment: g.def.Name, Version: g.version, Entered: f.entered, Cause: f.reason,
		})
	}
	list := st.told[first:]
	slices.SortFunc(list, func(a, b Notice) int { return compareIDs(a.Customer, b.Customer) })
	// Who was deleted, made anew and is a member again has neither left nor entered.
	kept := list[:0]
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && list[i].Customer == list[i+1].Customer {
			i++
			continue
		}
		l.last++
		list[i].Number = l.last
		kept = append(kept, list[i])
	}
	st.told = st.told[:first+len(kept)]
}

// measure notes the number of members.
func (g *liveSegment) measure(at time.Time) {
	s := Size{at, g.version, g.count}
	if n := len(g.sizes.kept); n > 0 {
		last := &g.sizes.kept[n-1]
		switch {
		case last.Members == s.Members && last.Version == s.Version:
			return
		case last.At.Equal(at) && last.Version == s.Version:
			*last = s
			return
		}
	}
	g.sizes.add(s)
}

// byName compares segments.
func byName(a, b *liveSegment) int { return strings.Compare(a.def.Name, b.def.Name) }

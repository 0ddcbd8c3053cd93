package segment

import "math/bits"

// A section is that part of the touched of a segment which lies in one chunk.
type section struct {
	g        *liveSegment
	from, to int32
	next     int32 // another one of the chunk; -1: there is none
}

// manyTouched is the number of touched of a segment in a chunk from which on poll pays.
const manyTouched = 8

// poll asks for all who are touched, if they are many, but for the segments whose rules name others. It goes from chunk to
// chunk, so that what one segment looks at is still near when the others look at it.
func (st *turn) poll() {
	touched := 0
	for _, g := range st.l.order {
		touched += len(g.touched)
	}
	if st.polled = touched >= manyTouched*len(st.l.order)*len(st.s.exists); !st.polled {
		return
	}
	first := make([]int32, len(st.s.exists))
	for c := range first {
		first[c] = -1
	}
	var all []section
	for _, g := range st.l.order {
		if g.redefine || g.everyone || len(g.touched) == 0 || len(g.uses) > 0 {
			continue
		}
		g.gather()
		for i := 0; i < len(g.touched); {
			from, c := i, g.touched[i].chunk()
			for i < len(g.touched) && g.touched[i].chunk() == c {
				i++
			}
			all = append(all, section{g, int32(from), int32(i), first[c]})
			first[c] = int32(len(all) - 1)
		}
	}
	for _, i := range first {
		for ; i >= 0; i = all[i].next {
			g := all[i].g
			g.ask(st, g.touched[all[i].from:all[i].to], oneByOne{st, g})
		}
	}
}

// ask adds to touches, ascending, what Rule says of each customer and, if that takes no record, what his state was.
func (g *liveSegment) ask(st *turn, touched []touch, j judge) {
	var places [64]uint16
	for len(touched) > 0 {
		q := squad{chunk: touched[0].chunk(), places: places[:0]}
		var rule, state uint64 // whom to ask for
		for i, t := range touched[:min(len(touched), len(places))] {
			if t.chunk() != q.chunk {
				break
			}
			q.places = append(q.places, uint16(t.position()))
			if t&(selected|unselected) == 0 {
				rule |= 1 << i
			}
			if t&(wasOut|wasMember) == 0 {
				state |= 1 << i
			}
		}
		if rule != 0 {
			yes := j.rule(&q, rule)
			mark(touched, yes, selected)
			mark(touched, rule&^yes, unselected)
		}
		if state != 0 && !g.def.timed() {
			in := inside(g.members, &q, state)
			mark(touched, in, wasMember)
			mark(touched, state&^in&^inside(g.held, &q, state&^in), wasOut)
		}
		touched = touched[len(q.places):]
	}
}

// mark adds to the touches of a squad what is known of some.
func mark(touched []touch, of uint64, known touch) {
	for ; of != 0; of &= of - 1 {
		touched[bits.TrailingZeros64(of)] |= known
	}
}

package segment

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// queued is a customer in a queue.
type queued struct {
	at       int64 // the place: an instant in nanoseconds since 1970
	id       customer.ID
	position uint32
}

func (q queued) compare(other queued) int {
	if c := cmp.Compare(q.at, other.at); c != 0 {
		return c
	}
	if c := compareIDs(q.id, other.id); c != 0 {
		return c
	}
	return cmp.Compare(q.position, other.position)
}

// queue is a heap by place, then by id. Not safe for concurrent use.
type queue []queued

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// seat gives free places to those who wait, and takes away those beyond the cap.
func (g *liveSegment) seat(st *turn, m *moves, fresh []uint32, j judge) {
	for _, at := range fresh {
		heap.Push(&g.line, queued{at: st.now, id: st.s.ids.id(at), position: at})
	}
	n := g.count - len(m.leave)
	var entered []uint32
	for ; n < g.def.Cap && len(g.line) > 0; n++ {
		q := heap.Pop(&g.line).(queued)
		if r := g.record(q.position); r.state != stateWaiting || r.since != q.at {
			n--
			continue
		}
		g.keep(q.position, record{state: stateMember, since: st.now})
		g.waiting--
		entered = append(entered, q.position)
		if _, isFresh := slices.BinarySearch(fresh, q.position); !isFresh {
			m.line = append(m.line, q.position)
		}
	}
	slices.Sort(entered)
	slices.Sort(m.line)
	m.enter = entered
	if len(g.line) > 2*g.waiting+64 {
		g.line = slices.DeleteFunc(g.line, func(q queued) bool {
			r := g.record(q.position)
			return r.state != stateWaiting || r.since != q.at
		})
		heap.Init(&g.line)
	}
	if surplus := n - g.def.Cap; surplus > 0 {
		g.shed(st, m, surplus, j)
	}
}

// shed takes from the members who came last what is beyond the cap; those for whom Rule holds wait from now on.
func (g *liveSegment) shed(st *turn, m *moves, surplus int, j judge) {
	var all []queued
	for c, records := range g.records {
		for p, r := range records.all() {
			if r.state == stateMember {
				at := uint32(c)<<chunkBits | uint32(p)
				all = append(all, queued{at: r.since, id: st.s.ids.id(at), position: at})
			}
		}
	}
	slices.SortFunc(all, func(a, b queued) int { return b.compare(a) })
	for _, q := range all[:surplus] {
		r := record{since: st.now}
		if j.rule(&squad{int(q.position >> chunkBits), []uint16{uint16(q.position)}}, 1) != 0 {
			r.state = stateWaiting
			g.waiting++
			heap.Push(&g.line, queued{at: st.now, id: q.id, position: q.position})
		}
		g.keep(q.position, r)
		m.leave = append(m.leave, q.position)
	}
	slices.Sort(m.leave)
}

// expire touches those whose Dwell has ended.
func (g *liveSegment) expire(now int64) {
	for len(g.due) > 0 && g.due[0].at <= now {
		if q := heap.Pop(&g.due).(queued); g.dwells(q) {
			r := g.record(q.position)
			r.pending = false
			g.keep(q.position, r)
			g.touch(q.position, 0)
		}
	}
}

// dwells tells whether the customer has been a member since the entry in due was made.
func (g *liveSegment) dwells(q queued) bool {
	r := g.record(q.position)
	return r.pending && r.since+int64(g.def.Dwell) == q.at
}

// nextDue returns when the first Dwell ends; never if there is none.
func (g *liveSegment) nextDue() int64 {
	for ; len(g.due) > 0; heap.Pop(&g.due) {
		if g.dwells(g.due[0]) {
			return g.due[0].at
		}
	}
	return never
}

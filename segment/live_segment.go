package segment

import (
	"container/heap"
	"iter"
	"maps"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// A state is what a live segment takes a customer for.
type state uint8

const (
	stateOut     state = iota // none of these
	stateMember               // is a member
	stateHeld                 // would be one but for the holdout
	stateWaiting              // Rule holds, but there is no place
)

// liveSegment is a live segment as its writer sees it. The sets are replaced, never changed, as readers have them.
// Not safe for concurrent use.
type liveSegment struct {
	def      Definition
	version  int
	history  []Version
	sizes    sizeLog
	share    int     // of the holdout, in 1/10,000
	sampler  sampler // of the holdout
	bounds   [2]*bound
	rule     *term
	stay     *term // nil: none
	uses     []*liveSegment
	usedBy   []*liveSegment
	tags     []int // that its rules name
	blank    bool  // a customer without values may be selected
	place    int   // in views
	redefine bool  // defined in this step

	kept          *shelvedSegment // while the Live sleeps: where the sets are
	members, held []bitset.Set    // by chunk
	count         int             // of members

	// Where the definition is timed: who is not out, and since when.
	records []*roster // by chunk; nil: nobody
	line    queue     // who waits, and who waited
	waiting int       // how many wait
	due     queue     // whose Dwell alone keeps them, and until when; also some of whom that holds no more: see dwells

	selected []bitset.Set // in this step: whom Rule selects, if choose has found it
	touched  []touch      // in this step: who has to be looked at
	everyone bool         // in this step: so many that all are looked at instead
	room     int          // how many touched may be before that
	flips    []flip       // in this step, ascending by position
}

// record is what a timed segment knows of a customer.
type record struct {
	state   state
	pending bool  // in due
	since   int64 // entered or began to wait, in nanoseconds since 1970
}

// roster is what a timed segment knows of the customers of a chunk.
type roster struct {
	of   map[uint16]record
	lent bool // it is being saved, or has been: it is not changed any more
}

// all yields the customers and their records, in no order. They may be changed meanwhile.
func (r *roster) all() iter.Seq2[uint16, record] {
	if r == nil {
		return maps.All(map[uint16]record(nil))
	}
	return maps.All(r.of)
}

// flip is the change of one membership.
type flip struct {
	position uint32
	entered  bool
	reason   Cause
}

// moves are what changes of the sets of a segment in a step: positions, ascending, no set twice the same.
type moves struct {
	enter, leave, hold, release []uint32
	line                        []uint32 // who of enter had waited before the step
}

// roomKept is the longest list of what happens in a step whose memory is kept for the next step.
const roomKept = 1 << 14

// A touch is a position whose customer has to be looked at in a step, and below it what is known of him without a look.
type touch uint64

const (
	selected   touch = 1 << iota // Rule holds now
	unselected                   // Rule does not hold now
	wasOut                       // his state was stateOut
	wasMember                    // it was stateMember
	hasWritten                   // the step changed a value that the rules name
	touchBits  = 8
)

func (t touch) position() uint32 { return uint32(t >> touchBits) }

func (t touch) chunk() int { return int(t >> (touchBits + chunkBits)) }

// touch notes that the customer at a position has to be looked at in this step.
func (g *liveSegment) touch(at uint32, known touch) {
	if g.everyone {
		return
	}
	if len(g.touched) >= g.room {
		g.everyone, g.touched = true, nil
		return
	}
	g.touched = append(g.touched, touch(at)<<touchBits|known)
}

// gather sorts touched, and makes one of all touches of a customer.
func (g *liveSegment) gather() {
	slices.Sort(g.touched)
	n := 0
	for _, t := range g.touched {
		if n > 0 && g.touched[n-1].position() == t.position() {
			g.touched[n-1] |= t
			continue
		}
		g.touched[n] = t
		n++
	}
	g.touched = g.touched[:n]
}

// rest forgets what happened in the step before and says how many customers the next one looks at one by one: as many as
// cost about what it costs to look at all, which is little where the rule alone decides.
func (g *liveSegment) rest(l *Live, s *Snapshot) {
	g.redefine, g.everyone, g.selected = false, false, nil
	g.touched, g.flips = emptied(g.touched), emptied(g.flips)
	g.room = 64 + 64*len(s.exists)
	if !g.def.plain() {
		g.room = max(g.room, s.alive/8)
	}
	if l.few > 0 {
		g.room = l.few
	}
}

// emptied returns list without what is in it, and without its memory if that is much.
func emptied[T any](list []T) []T {
	if cap(list) > roomKept {
		return nil
	}
	return list[:0]
}

// contains tells whether the position is in a set by chunks.
func contains(sets []bitset.Set, at uint32) bool {
	c := int(at >> chunkBits)
	return c < len(sets) && sets[c].Contains(uint16(at))
}

// state returns the state of a position before the step.
func (g *liveSegment) state(at uint32) state {
	if g.def.timed() {
		return g.record(at).state
	}
	switch {
	case contains(g.members, at):
		return stateMember
	case g.held != nil && contains(g.held, at):
		return stateHeld
	}
	return stateOut
}

func (g *liveSegment) record(at uint32) record {
	if c := int(at >> chunkBits); c < len(g.records) {
		if r := g.records[c]; r != nil {
			return r.of[uint16(at)]
		}
	}
	return record{}
}

func (g *liveSegment) keep(at uint32, r record) {
	c := int(at >> chunkBits)
	for len(g.records) <= c {
		g.records = append(g.records, nil)
	}
	list, p, gone := g.records[c], uint16(at), r.state == stateOut && !r.pending
	switch {
	case list == nil && gone:
		return
	case list == nil:
		list = &roster{of: map[uint16]record{}}
	case list.lent:
		list = &roster{of: maps.Clone(list.of)}
	}
	g.records[c] = list
	if gone {
		delete(list.of, p)
	} else {
		list.of[p] = r
	}
}

// holdsOut tells whether the definition holds the customer out.
func (g *liveSegment) holdsOut(s *Snapshot, at uint32) bool {
	return g.share > 0 && g.sampler.bucket(s.ids.id(at)) < g.share
}

// A judge tells what the rules of a segment say of customers who exist.
type judge interface {
	rule(q *squad, of uint64) uint64 // whom Rule selects
	stay(at uint32) bool             // asked of those inside whom Rule does not select
}

// verdict returns the state that follows on was. rule is what Rule says of the customer; keeps whether Rule or Stay
// holds; out whether he is held out; since is when an inside customer entered. Who takes a place is waiting for now.
func (g *liveSegment) verdict(was state, rule, keeps, out bool, since, now int64) (is state, dwells bool) {
	inside := was.inside()
	if keeps = keeps && inside; inside && !keeps && uint64(now-since) < uint64(g.def.Dwell) {
		keeps, dwells = true, true
	}
	switch {
	case out:
		if keeps || rule {
			return stateHeld, dwells
		}
	case was == stateMember && keeps:
		return stateMember, dwells
	case rule:
		return stateWaiting, false
	}
	return stateOut, false
}

// inside tells whether Stay and Dwell keep somebody.
func (s state) inside() bool { return s == stateMember || s == stateHeld }

// settle works out the states of who is touched, ascending and each once, after ask.
func (g *liveSegment) settle(st *turn, touched []touch, j judge) {
	var m moves
	var fresh []uint32 // who joins the line
	timed := g.def.timed()
	for _, t := range touched {
		at := t.position()
		was, is, dwells := stateOut, stateOut, false
		switch {
		case t&wasOut != 0:
		case t&wasMember != 0:
			was = stateMember
		default:
			was = g.state(at)
		}
		var r record
		if timed {
			r = g.record(at)
		}
		rule := t&selected != 0
		if was == stateOut && !rule {
			continue
		}
		if st.exists(at) {
			keeps := rule || was.inside() && g.bounds[1] != nil && j.stay(at)
			is, dwells = g.verdict(was, rule, keeps, g.holdsOut(st.s, at), r.since, st.now)
			if is == stateWaiting && g.def.Cap == 0 {
				is = stateMember
			}
		}
		if was != is {
			m.note(was, is, at)
			if is == stateWaiting {
				g.waiting++
				fresh = append(fresh, at)
			} else if was == stateWaiting {
				g.waiting--
			}
		}
		if !timed || was == is && !dwells {
			continue
		}
		if was != is && (was != stateMember || is != stateHeld) {
			r.since, r.pending = st.now, false
		}
		r.state = is
		if dwells && !r.pending {
			if end := r.since + int64(g.def.Dwell); end > r.since { // else no clock gets there
				r.pending = true
				heap.Push(&g.due, queued{at: end, position: at})
			}
		}
		g.keep(at, r)
	}
	if g.def.Cap > 0 {
		g.seat(st, &m, fresh, j)
	}
	g.carryOut(st, &m)
}

// note notes a change of state for the sets.
func (m *moves) note(was, is state, at uint32) {
	switch was {
	case stateMember:
		m.leave = append(m.leave, at)
	case stateHeld:
		m.release = append(m.release, at)
	}
	switch is {
	case stateMember:
		m.enter = append(m.enter, at)
	case stateHeld:
		m.hold = append(m.hold, at)
	}
}

// carryOut makes the new sets and notes the flips.
func (g *liveSegment) carryOut(st *turn, m *moves) {
	if len(m.hold) > 0 || len(m.release) > 0 {
		g.held = edited(g.held, m.hold, m.release, st)
		st.changed(g)
	}
	if len(m.enter) == 0 && len(m.leave) == 0 {
		return
	}
	before := g.members
	g.members = edited(before, m.enter, m.leave, st)
	g.count += len(m.enter) - len(m.leave)
	st.changed(g)
	i, j := 0, 0
	for i < len(m.enter) || j < len(m.leave) {
		if j == len(m.leave) || i < len(m.enter) && m.enter[i] < m.leave[j] {
			f := flip{position: m.enter[i], entered: true}
			if _, waited := slices.BinarySearch(m.line, f.position); waited {
				f.reason = ByPlace
			}
			g.flips = append(g.flips, f)
			i++
		} else {
			g.flips = append(g.flips, flip{position: m.leave[j]})
			j++
		}
	}
}

// edited returns sets with the positions of add and without those of remove, both ascending and apart.
func edited(sets []bitset.Set, add, remove []uint32, st *turn) []bitset.Set {
	out := make([]bitset.Set, max(len(sets), len(st.s.exists)))
	copy(out, sets)
	for len(add) > 0 || len(remove) > 0 {
		c := len(out)
		if len(add) > 0 {
			c = int(add[0] >> chunkBits)
		}
		if len(remove) > 0 {
			c = min(c, int(remove[0]>>chunkBits))
		}
		a, r := ofChunk(&add, c, &st.adds), ofChunk(&remove, c, &st.removes)
		out[c] = out[c].Edit(a, r, st.s.dense, &st.blank)
	}
	return out
}

// ofChunk takes the positions of a chunk from the head of list.
func ofChunk(list *[]uint32, c int, room *[]uint16) []uint16 {
	*room = (*room)[:0]
	n := 0
	for ; n < len(*list) && int((*list)[n]>>chunkBits) == c; n++ {
		*room = append(*room, uint16((*list)[n]))
	}
	*list = (*list)[n:]
	return *room
}

// words writes a set of a chunk to w.
func words(w *kernel.Words, sets []bitset.Set, c int) {
	*w = kernel.Words{}
	if c < len(sets) {
		sets[c].Or(w)
	}
}

package synth

import (
	"iter"
	"math"
)

// Events returns all events of customers and guests in the order of time; at
// the same second by order number, then purchase, refund, contact. It may be
// ranged over any number of times; each time takes memory for the customers who
// are there at once, about 250 bytes each, and a time that grows with the
// number of events alone.
func (s *Shop) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		q := newQueue(s)
		for e, ok := q.next(); ok; e, ok = q.next() {
			if !yield(e) {
				return
			}
		}
	}
}

// queue merges walkers in the order of time. It is a calendar queue (Brown
// 1988, doi:10.1145/63039.63045): time is cut into buckets, a walker waits in
// the bucket of its next event, and only the walkers of the present bucket are
// in a heap.
type queue struct {
	shop      *Shop
	walkers   []walker
	free      []int32
	buckets   []int32 // first walker of each, -1 for none
	present   int
	origin    int64
	width     int64
	heap      []waiting
	customers arrivals
	guests    arrivals
}

// arrivals are walkers yet to come, in time order.
type arrivals struct {
	next, last int64
	unix       int64 // of the next
}

// waiting is a walker in the heap with its next event.
type waiting struct {
	item
	walker int32
}

func newQueue(s *Shop) *queue {
	origin := min(s.clock.origin, s.start)
	// About 256 events a bucket.
	n := min(max(int64(s.opts.Customers)+s.guests, 1<<12)/64, 1<<16)
	q := &queue{
		shop:    s,
		buckets: make([]int32, n),
		present: -1,
		origin:  origin,
		width:   (s.end-origin)/n + 1,
	}
	for i := range q.buckets {
		q.buckets[i] = -1
	}
	c := int64(s.opts.Customers)
	q.customers = arrivals{next: -1, last: c}
	q.guests = arrivals{next: c - 1, last: c + s.guests}
	q.customers.advance(s)
	q.guests.advance(s)
	return q
}

func (a *arrivals) advance(s *Shop) {
	a.next++
	a.unix = math.MaxInt64
	if a.next < a.last {
		a.unix = s.clock.unix(s.born(a.next))
	}
}

// next returns the next event that is observed.
func (q *queue) next() (Event, bool) {
	for {
		for len(q.heap) == 0 {
			if q.present++; q.present >= len(q.buckets) {
				return Event{}, false
			}
			q.open()
		}
		top := q.heap[0]
		w := &q.walkers[top.walker]
		e := w.event(q.shop, top.item)
		w.take(q.shop)
		q.reschedule(top.walker)
		if top.unix >= q.shop.start {
			return e, true
		}
	}
}

// limit returns the end of the present bucket.
func (q *queue) limit() int64 { return q.origin + int64(q.present+1)*q.width }

// open puts the walkers of the present bucket into the heap.
func (q *queue) open() {
	for i := q.buckets[q.present]; i >= 0; {
		next := q.walkers[i].link
		q.push(i)
		i = next
	}
	for _, a := range [...]*arrivals{&q.customers, &q.guests} {
		for ; a.unix < q.limit(); a.advance(q.shop) {
			q.push(q.start(a.next))
		}
	}
}

// start returns a fresh walker.
func (q *queue) start(number int64) int32 {
	var i int32
	if n := len(q.free); n > 0 {
		i = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		i = int32(len(q.walkers))
		q.walkers = append(q.walkers, walker{})
	}
	q.walkers[i].begin(q.shop, number)
	return i
}

// push puts a walker with an event in the present bucket into the heap.
func (q *queue) push(i int32) {
	it, ok := q.walkers[i].peek(q.shop)
	if !ok {
		q.free = append(q.free, i)
		return
	}
	q.heap = append(q.heap, waiting{it, i})
	k := len(q.heap) - 1
	for k > 0 {
		up := (k - 1) / 2
		if !q.heap[k].before(q.heap[up].item) {
			break
		}
		q.heap[k], q.heap[up] = q.heap[up], q.heap[k]
		k = up
	}
}

// reschedule moves the walker on top of the heap to its next event.
func (q *queue) reschedule(i int32) {
	w := &q.walkers[i]
	it, ok := w.peek(q.shop)
	if ok && it.unix < q.limit() {
		q.heap[0].item = it
	} else {
		last := len(q.heap) - 1
		q.heap[0] = q.heap[last]
		q.heap = q.heap[:last]
		if ok {
			b := (it.unix - q.origin) / q.width
			w.link, q.buckets[b] = q.buckets[b], i
		} else {
			q.free = append(q.free, i)
		}
	}
	q.sink()
}

// sink restores the heap below its top.
func (q *queue) sink() {
	for k := 0; ; {
		child := 2*k + 1
		if child >= len(q.heap) {
			return
		}
		if right := child + 1; right < len(q.heap) && q.heap[right].before(q.heap[child].item) {
			child = right
		}
		if !q.heap[child].before(q.heap[k].item) {
			return
		}
		q.heap[k], q.heap[child] = q.heap[child], q.heap[k]
		k = child
	}
}

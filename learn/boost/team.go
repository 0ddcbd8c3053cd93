package boost

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// team runs loops on the goroutine of a fit and on helpers. A loop of a fit on few rows takes some
// tens of microseconds, as long as it takes to wake a goroutine for it: so helpers look out for the
// next loop for about as long before they sleep. Its methods are for the goroutine of the fit. A nil
// team has no helpers.
type team struct {
	helpers int
	loop    atomic.Pointer[loop]
	asleep  atomic.Int64
	wake    chan struct{}
	ended   sync.WaitGroup
}

// loop is a loop that runs. Its last turn sends to ended.
type loop struct {
	f          func(worker, i int)
	n          int64
	next, done atomic.Int64
	ended      chan struct{}
}

// patience is how often a goroutine looks for what it waits for before it sleeps: every time
// patiently it lets others run.
const (
	patience  = 256
	patiently = 64
)

// newTeam returns a team of workers, at least 1. It has to be dismissed.
func newTeam(workers int) *team {
	t := &team{helpers: workers - 1, wake: make(chan struct{}, workers-1)}
	for worker := range t.helpers {
		t.ended.Go(func() { t.help(worker + 1) })
	}
	return t
}

// size is the number of workers that f of run may be told.
func (t *team) size() int {
	if t == nil {
		return 1
	}
	return t.helpers + 1
}

// run calls f(worker, i) once for every i in [0, n) and returns when all calls have. Calls at the
// same time have different workers, from 0 to size.
func (t *team) run(n int, f func(worker, i int)) {
	if t.size() == 1 || n <= 1 {
		for i := range n {
			f(0, i)
		}
		return
	}
	l := &loop{f: f, n: int64(n), ended: make(chan struct{}, 1)}
	t.begin(l, n-1)
	l.work(0)
	if !await(func() bool { return l.done.Load() == l.n }) {
		<-l.ended
	}
}

// ranges cuts [0, n) into parts of nearly equal length, which depend on n and parts alone.
func (t *team) ranges(n, parts int, f func(part, lo, hi int)) {
	t.run(parts, func(_, p int) {
		f(p, int(int64(n)*int64(p)/int64(parts)), int(int64(n)*int64(p+1)/int64(parts)))
	})
}

// begin shows the helpers a loop and wakes those of a number of them that sleep.
func (t *team) begin(l *loop, helpers int) {
	t.loop.Store(l)
	asleep := int(t.asleep.Load())
	for range min(asleep, helpers-(t.helpers-asleep)) {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// dismiss ends the helpers.
func (t *team) dismiss() {
	t.begin(&loop{}, t.helpers)
	t.ended.Wait()
}

// help does its part of one loop after the other, until there is one without turns.
func (t *team) help(worker int) {
	var last *loop
	for last == nil || last.n > 0 {
		if isNew := func() bool { return t.loop.Load() != last }; !await(isNew) {
			t.asleep.Add(1)
			if !isNew() { // or it came before begin could see who sleeps
				<-t.wake
			}
			t.asleep.Add(-1)
			continue
		}
		last = t.loop.Load()
		last.work(worker)
	}
}

func (l *loop) work(worker int) {
	for i := l.next.Add(1) - 1; i < l.n; i = l.next.Add(1) - 1 {
		l.f(worker, int(i))
		if l.done.Add(1) == l.n {
			l.ended <- struct{}{}
		}
	}
}

// await reports whether it saw what it waits for.
func await(seen func() bool) bool {
	for range patience {
		for range patiently {
			if seen() {
				return true
			}
		}
		runtime.Gosched()
	}
	return false
}

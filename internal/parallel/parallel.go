// Package parallel runs loops on several goroutines.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// most is the number of goroutines beyond which more of them only take memory and time.
const most = 1 << 10

// Workers returns n, at most 1,024, or GOMAXPROCS where n is zero or negative.
func Workers(n int) int {
	if n > 0 {
		return min(n, most)
	}
	return runtime.GOMAXPROCS(0)
}

// For calls f(i) once for every i in [0, n) on at most workers goroutines
// and returns when all calls have. Calls start in increasing order of i.
func For(workers, n int, f func(i int)) {
	if workers = min(workers, n); workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work() // the caller is one of them, and need not be woken
	wg.Wait()
}

// States calls f(state, i) once for every i in [0, n) on at most workers
// goroutines, each with a state of its own that fresh makes, and returns the
// states when all calls have. Calls start in increasing order of i.
func States[T any](workers, n int, fresh func() T, f func(state T, i int)) []T {
	states := make([]T, max(1, min(workers, n)))
	for i := range states {
		states[i] = fresh()
	}
	var next atomic.Int64
	For(len(states), len(states), func(worker int) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(states[worker], i)
		}
	})
	return states
}

// Ranges cuts [0, n) into parts of nearly equal length and calls f(part, lo, hi)
// once for each. The parts depend on n and parts alone.
func Ranges(workers, n, parts int, f func(part, lo, hi int)) {
	For(workers, parts, func(p int) {
		f(p, int(int64(n)*int64(p)/int64(parts)), int(int64(n)*int64(p+1)/int64(parts)))
	})
}

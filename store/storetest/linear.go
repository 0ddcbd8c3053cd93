package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/clientele-go/clientele/store"
)

// A linear is the versions of the few keys of a concurrent history; 0 is absent.
// Values need no place in it: each put has its own, and is looked up by version.
type linear [3]store.Version

var linearKeys = [...]string{"a", "b", "c"}

// A linearCall is one call of a concurrent history. Conflicts have no place in it:
// a database may give way whatever the conditions, so that they tell nothing.
type linearCall struct {
	get       bool
	seen      linear        // what Get returned
	condition [3]int64      // version asked for, -1: none
	write     [3]byte       // 'p' put, 'd' delete, 0 none
	version   store.Version // what Commit returned
}

func (c linearCall) String() string {
	var b strings.Builder
	if c.get {
		return fmt.Sprintf("Get saw versions a=%d b=%d c=%d", c.seen[0], c.seen[1], c.seen[2])
	}
	for i, v := range c.condition {
		if v >= 0 {
			fmt.Fprintf(&b, " if %s=%d", linearKeys[i], v)
		}
	}
	for i, w := range c.write {
		if w != 0 {
			fmt.Fprintf(&b, " %s %s", map[byte]string{'p': "put", 'd': "delete"}[w], linearKeys[i])
		}
	}
	return fmt.Sprintf("Commit%s made version %d", b.String(), c.version)
}

// step is the state after the call, and whether the call can have happened in state s.
func (c linearCall) step(s linear) (bool, linear) {
	if c.get {
		return s == c.seen, s
	}
	for i, v := range c.condition {
		if v >= 0 && s[i] != store.Version(v) {
			return false, s
		}
	}
	for i, w := range c.write {
		switch w {
		case 'p':
			s[i] = c.version
		case 'd':
			s[i] = 0
		}
	}
	return true, s
}

func concurrentLinearizable(x *attempt) {
	model := porcupine.Model{
		Init:  func() any { return linear{} },
		Step:  func(state, input, _ any) (bool, any) { return input.(linearCall).step(state.(linear)) },
		Equal: func(a, b any) bool { return a == b },
	}
	for round := range 12 {
		history := x.linearHistory(x.new(), uint64(round))
		x.doing("looking for an order of a history")
		if porcupine.CheckOperationsTimeout(model, history, 5*time.Second) == porcupine.Illegal {
			x.failf("no order of these calls explains what they returned (goroutine, from, to: call):\n%s", showHistory(shrinkHistory(model, history)))
		}
	}
}

// shrinkHistory leaves out calls that only read as long as the rest is still impossible.
func shrinkHistory(model porcupine.Model, history []porcupine.Operation) []porcupine.Operation {
	for i := len(history) - 1; i >= 0; i-- {
		if call := history[i].Input.(linearCall); !call.get {
			continue
		}
		without := append(history[:i:i], history[i+1:]...)
		if porcupine.CheckOperationsTimeout(model, without, time.Second) == porcupine.Illegal {
			history = without
		}
	}
	return history
}

func showHistory(history []porcupine.Operation) string {
	var b strings.Builder
	for _, op := range history {
		fmt.Fprintf(&b, "%d %4d %4d: %v\n", op.ClientId, op.Call, op.Return, op.Input)
	}
	return b.String()
}

// linearHistory lets some goroutines call s at random and returns what they saw.
func (x *attempt) linearHistory(s store.Store, round uint64) []porcupine.Operation {
	const writers, calls = 4, 20
	var clock atomic.Int64
	var mu sync.Mutex
	var history []porcupine.Operation
	values := map[[2]string]store.Version{} // by key and value
	var reads []store.Entry
	x.parallel(writers, func(g int) {
		random := x.random(100 + round*writers + uint64(g))
		var known linear
		for i := range calls {
			var call linearCall
			var err error
			begin := int64(0)
			if i%3 == 0 || random.IntN(4) == 0 {
				call.get = true
				begin = clock.Add(1)
				entries := x.get(s, linearKeys[:]...)
				for j, e := range entries {
					call.seen[j] = e.Version
				}
				known = call.seen
				mu.Lock()
				reads = append(reads, entries...)
				mu.Unlock()
			} else {
				var b store.Batch
				value := fmt.Sprintf("%d/%d", g, i)
				call.condition = [3]int64{-1, -1, -1}
				for j, k := range linearKeys {
					if random.IntN(2) == 0 {
						call.condition[j] = int64(known[j])
						b.If([]byte(k), known[j])
					}
					switch random.IntN(5) {
					case 0, 1:
						call.write[j] = 'p'
						b.Put([]byte(k), []byte(value))
					case 2:
						call.write[j] = 'd'
						b.Delete([]byte(k))
					}
				}
				begin = clock.Add(1)
				x.doing("in Commit of a concurrent history")
				call.version, err = s.Commit(x.ctx, &b)
				if errors.Is(err, store.ErrConflict) {
					continue
				}
				if err != nil {
					x.failf("Commit: %v", err)
				}
				mu.Lock()
				for j, k := range linearKeys {
					if call.write[j] == 'p' {
						values[[2]string{k, value}] = call.version
					}
				}
				mu.Unlock()
			}
			end := clock.Add(1)
			mu.Lock()
			history = append(history, porcupine.Operation{ClientId: g, Input: call, Call: begin, Return: end})
			mu.Unlock()
			if i%4 == 0 {
				runtime.Gosched()
			}
		}
	})
	for _, e := range reads {
		if e.Version != 0 && values[[2]string{string(e.Key), string(e.Value)}] != e.Version {
			x.failf("Get shows value %q of key %q with version %d; its commit returned %d", e.Value, e.Key, e.Version, values[[2]string{string(e.Key), string(e.Value)}])
		}
	}
	return history
}

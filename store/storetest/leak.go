package storetest

import (
	"context"
	"time"

	"github.com/clientele-go/clientele/store"
)

var leakRules = []Rule{
	{
		Name:  "leak/close",
		Does:  "After Close no goroutine of the store is left.",
		Why:   "Tests and servers open stores over and over; what stays behind holds memory, files and connections.",
		check: leakClose,
	},
	{
		Name:  "leak/break",
		Does:  "Scans left early leave no goroutine behind.",
		Why:   "A store that scans in a goroutine must end it, or each lookup costs one for ever.",
		check: leakBreak,
	},
	{
		Name:  "leak/context",
		Does:  "Calls whose context ends leave no goroutine behind.",
		Why:   "Every request that runs out of time would cost one for ever.",
		check: leakContext,
	},
}

// use calls everything once.
func (x *attempt) use(s store.Store) {
	x.put(s, "a", "1", "b", "1", "c", "1")
	x.delete(s, "b")
	x.get(s, "a", "b")
	x.scan(s, store.Range{})
	for range s.Scan(x.ctx, store.Range{}) {
		break
	}
	ctx, cancel := context.WithCancel(x.ctx)
	for range s.Scan(ctx, store.Range{}) {
		cancel()
	}
	cancel()
}

func leakClose(x *attempt) {
	s := x.new() // what the process needs once stays
	x.use(s)
	x.close(s)
	time.Sleep(50 * time.Millisecond)
	_, before := x.stacks()
	for range 5 {
		s := x.new()
		x.use(s)
		x.close(s)
	}
	x.doing("waiting for goroutines to end after Close")
	if n, where := x.goroutines(before + 2); n > before+2 {
		x.failf("after 5 stores were opened and closed %d goroutines more are left:\n%s", n-before, where)
	}
}

// steady calls f over and over and fails if goroutines grow in number.
func (x *attempt) steady(what string, f func()) {
	for range 20 {
		f() // what the store needs once stays
	}
	x.doing("counting goroutines")
	time.Sleep(50 * time.Millisecond)
	_, before := x.stacks()
	for range 60 {
		f()
	}
	x.doing("waiting for goroutines to end: %s", what)
	if n, where := x.goroutines(before + 10); n > before+10 {
		x.failf("after 60 %s there are %d goroutines, before them %d:\n%s", what, n, before, where)
	}
}

func leakBreak(x *attempt) {
	s, _ := x.stay(100)
	reverse := false
	x.steady("scans left early", func() {
		reverse = !reverse
		for _, err := range s.Scan(x.ctx, store.Range{Reverse: reverse}) {
			if err != nil {
				x.failf("Scan: %v", err)
			}
			break
		}
	})
}

func leakContext(x *attempt) {
	s, _ := x.stay(100)
	x.steady("calls whose context ended", func() {
		ctx, cancel := context.WithCancel(x.ctx)
		for range s.Scan(ctx, store.Range{}) {
			cancel()
		}
		cancel()
		_, _ = s.Get(ctx, []byte("a"))
		_, _ = s.Commit(ctx, puts("a", "1"))
	})
}

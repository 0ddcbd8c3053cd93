package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

var closeRules = []Rule{
	{
		Name:  "close/after",
		Does:  "After Close, Get, Scan and Commit return ErrClosed, whatever is asked.",
		Why:   "A store closed too early must say so; an empty answer is taken for no customers.",
		check: closeAfter,
	},
	{
		Name:  "close/made-before",
		Does:  "A sequence made before Close and iterated after it yields ErrClosed.",
		Why:   "As an empty range it would be taken for the whole answer.",
		check: closeMadeBefore,
	},
	{
		Name:  "close/again",
		Does:  "Closing again does nothing and returns nil, also at the same time.",
		Why:   "Deferred closes and those on shutdown meet.",
		check: closeAgain,
	},
	{
		Name:  "close/during-scan",
		Does:  "A scan under way while the store is closed comes to its end or to ErrClosed, and Close returns.",
		Why:   "A scan cut short without an error is taken for complete; a shutdown that hangs is killed.",
		check: closeDuringScan,
	},
	{
		Name:  "close/during-calls",
		Does:  "Calls under way while the store is closed succeed or return ErrClosed; Close returns, and afterwards nothing succeeds.",
		Why:   "Requests are under way whenever a server stops.",
		check: closeDuringCalls,
	},
	{
		Name:  "close/open-again",
		Does:  "After Close the directory can be opened at once.",
		Why:   "Locks and connections that outlive Close make restarts fail.",
		check: closeOpenAgain,
	},
}

func closeAfter(x *attempt) {
	s := x.new()
	x.put(s, "a", "1")
	x.close(s)
	for range 2 {
		for _, keys := range [][][]byte{{[]byte("a")}, {[]byte("b")}, {[]byte("a"), []byte("b")}} {
			_, err := s.Get(x.ctx, keys...)
			x.refused(err, store.ErrClosed, "Get after Close")
		}
		for _, r := range []store.Range{{}, {Reverse: true}, {From: []byte("x")}, {Limit: 1}} {
			entries, err := collect(s.Scan(x.ctx, r))
			x.refused(err, store.ErrClosed, "Scan after Close")
			if len(entries) > 0 {
				x.failf("Scan after Close yields %d entries", len(entries))
			}
		}
		var only, remove store.Batch
		remove.Delete([]byte("a"))
		for _, b := range []*store.Batch{puts("a", "1"), &remove, when(&only, "a", 0)} {
			_, err := s.Commit(x.ctx, b)
			x.refused(err, store.ErrClosed, "Commit after Close")
		}
	}
}

func closeMadeBefore(x *attempt) {
	s := x.letters()
	fresh, used := s.Scan(x.ctx, store.Range{}), s.Scan(x.ctx, store.Range{})
	for range used {
		break
	}
	x.close(s)
	for _, seq := range []func(func(store.Entry, error) bool){fresh, used} {
		entries, err := collect(seq)
		x.refused(err, store.ErrClosed, "a sequence iterated after Close")
		if len(entries) > 0 {
			x.failf("a sequence iterated after Close yields %d entries", len(entries))
		}
	}
}

func closeAgain(x *attempt) {
	s := x.new()
	x.put(s, "a", "1")
	x.close(s)
	x.close(s)
	s = x.new()
	x.put(s, "a", "1")
	x.parallel(4, func(int) { x.close(s) })
	x.close(s)
	x.close(x.new()) // never used
}

func closeDuringScan(x *attempt) {
	for _, reverse := range []bool{false, true} {
		s, keys := x.stay(3000)
		closed := make(chan error, 1)
		seen, last := 0, error(nil)
		for _, err := range s.Scan(x.ctx, store.Range{Reverse: reverse}) {
			if err != nil {
				last = err
				break
			}
			if seen++; seen == 10 {
				go func() { closed <- s.Close() }()
			}
			if seen%100 == 0 {
				for range 100 {
					pause()
				}
			}
		}
		switch {
		case last != nil:
			x.refused(last, store.ErrClosed, "Scan while the store is closed")
		case seen != len(keys):
			x.failf("a scan while the store is closed ended without an error after %d of %d entries", seen, len(keys))
		}
		x.doing("waiting for Close, which began during a scan that has ended")
		if err := <-closed; err != nil {
			x.failf("Close during a scan: %v", err)
		}
	}
}

func closeDuringCalls(x *attempt) {
	for round := range 5 {
		s, _ := x.stay(50)
		var calls atomic.Int64
		var over atomic.Bool
		x.parallel(7, func(i int) {
			if i == 0 {
				for calls.Load() < int64(30*(round+1)) && !over.Load() {
					pause()
				}
				x.close(s)
				over.Store(true)
				return
			}
			for n := 0; ; n++ {
				closed := over.Load()
				var entries []store.Entry
				var err error
				switch i % 3 {
				case 0:
					entries, err = s.Get(x.ctx, []byte("k000000"), []byte("x"))
					if err == nil && entries[0].Version == 0 {
						over.Store(true)
						x.failf("Get says while the store is closed that a key is not there")
					}
				case 1:
					_, err = s.Commit(x.ctx, puts(fmt.Sprintf("w%d", i), fmt.Sprint(n)))
				default:
					entries, err = collect(s.Scan(x.ctx, store.Range{}))
					if err == nil && len(entries) < 50 {
						over.Store(true)
						x.failf("Scan ends while the store is closed after %d of 50 entries, without an error", len(entries))
					}
				}
				calls.Add(1)
				switch {
				case errors.Is(err, store.ErrClosed):
					return
				case err != nil && !errors.Is(err, store.ErrConflict):
					over.Store(true)
					x.failf("a call while the store is closed: %v", err)
				case closed:
					x.failf("a call succeeded after Close had returned")
				}
			}
		})
	}
}

func closeOpenAgain(x *attempt) {
	dir := x.dir()
	for i := range 5 {
		s := x.openDir(dir)
		x.put(s, "a", fmt.Sprint(i))
		for range s.Scan(x.ctx, store.Range{}) {
			break
		}
		x.close(s)
	}
}

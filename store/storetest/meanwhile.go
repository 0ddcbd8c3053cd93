package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

var meanwhileRules = []Rule{
	{
		Name:  "meanwhile/commit-in-loop",
		Does:  "The loop of a scan may commit: it does not wait for the scan, succeeds, and Get sees it at once.",
		Why:   "Every migration reads a range and writes what it finds; a scan that holds a lock would wait for itself.",
		check: meanwhileCommit,
	},
	{
		Name:  "meanwhile/others-commit",
		Does:  "While a scan is held open another goroutine commits without waiting for it.",
		Why:   "A slow reader, an export to a slow disk say, must not stop all writers.",
		check: meanwhileOthers,
	},
	{
		Name:  "meanwhile/rewritten-in-loop",
		Does:  "Entries rewritten in the loop, those passed and those ahead, are each seen exactly once.",
		Why:   "A key rewritten is there all the time; one seen twice is counted twice.",
		check: meanwhileRewritten,
	},
	{
		Name:  "meanwhile/inserted-in-loop",
		Does:  "Keys inserted before and behind the place of the scan do not make it lose or repeat one that was there, in both directions.",
		Why:   "Pages by number instead of key shift with every insert.",
		check: meanwhileInserted,
	},
	{
		Name:  "meanwhile/deleted-in-loop",
		Does:  "Keys deleted in the loop, the one at hand and others, do not make the scan lose or repeat one that stays, in both directions.",
		Why:   "Erasing what a scan yields is the loop of every cleanup.",
		check: meanwhileDeleted,
	},
	{
		Name:  "meanwhile/large",
		Does:  "A scan of thousands of entries sees each that stays exactly once while the loop inserts and deletes around it.",
		Why:   "Small scans fit in one page; mistakes show where the next page begins.",
		check: meanwhileLarge,
	},
	{
		Name:  "meanwhile/writers",
		Does:  "Scans beside busy writers see each key that is there all the time exactly once, in order, with a value that it had during the scan.",
		Why:   "Segments are computed while customers keep coming.",
		check: meanwhileWriters,
	},
	{
		Name:  "meanwhile/limit",
		Does:  "A limit counts what is yielded, whatever is deleted meanwhile.",
		Why:   "A page of a list would come out short though there is more.",
		check: meanwhileLimit,
	},
}

func meanwhileCommit(x *attempt) {
	s := x.letters()
	for _, reverse := range []bool{false, true} {
		n := 0
		for e, err := range s.Scan(x.ctx, store.Range{Reverse: reverse, To: []byte("m")}) {
			if err != nil {
				x.failf("Scan: %v", err)
			}
			x.doing("committing in the loop of a scan, where a store that locks for a scan waits for itself")
			key := fmt.Sprintf("n%d", n)
			b := puts(key, "1")
			b.If(e.Key, e.Version)
			v, err := s.Commit(x.ctx, b)
			if err != nil {
				x.failf("Commit in the loop of a scan: %v", err)
			}
			if got := x.has(s, key, "1"); got != v {
				x.failf("in the loop Get shows version %d, Commit returned %d", got, v)
			}
			n++
			x.doing("going on with a scan after a commit in its loop")
		}
		if n != 4 {
			x.failf("a scan whose loop commits yields %d entries, want 4", n)
		}
	}
	x.scans(s, store.Range{From: []byte("m")}, []string{"n0", "n1", "n2", "n3"})
}

func meanwhileOthers(x *attempt) {
	s := x.letters()
	n := 0
	for _, err := range s.Scan(x.ctx, store.Range{To: []byte("z")}) {
		if err != nil {
			x.failf("Scan: %v", err)
		}
		if n++; n > 1 {
			continue
		}
		x.doing("committing while another goroutine holds a scan open")
		x.parallel(4, func(i int) {
			for j := range 10 {
				x.put(s, fmt.Sprintf("z%d", i), fmt.Sprint(j))
			}
		})
	}
	if n != 4 {
		x.failf("a scan held open while others commit yields %d entries, want 4", n)
	}
	for i := range 4 {
		x.has(s, fmt.Sprintf("z%d", i), "9")
	}
}

// stay opens a store with n keys that a rule leaves alone, k000000 and on in
// steps of ten.
func (x *attempt) stay(n int) (store.Store, []string) {
	s := x.new()
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("k%06d", 10*i))
	}
	x.fill(s, keys)
	return s, keys
}

// seenOnce scans, calls f in the loop for each of stay, and fails unless these come once
// each and in order.
func (x *attempt) seenOnce(s store.Store, r store.Range, stay []string, f func(i int, e store.Entry)) {
	want := stay
	if r.Reverse {
		want = reversed(stay)
	}
	known := make(map[string]bool, len(stay))
	for _, k := range stay {
		known[k] = true
	}
	i := 0
	for e, err := range s.Scan(x.ctx, r) {
		if err != nil {
			x.failf("Scan beside writes: %v", err)
		}
		if !known[string(e.Key)] {
			continue
		}
		if i == len(want) {
			x.failf("a scan beside writes yields key %s again after the last", show(e.Key))
		}
		if string(e.Key) != want[i] {
			x.failf("a scan beside writes yields key %s, want %s: a key that is there all the time was lost or repeated", show(e.Key), show(want[i]))
		}
		x.doing("in the loop of a scan, at key %d of %d", i, len(want))
		f(i, e)
		i++
	}
	if i < len(want) {
		x.failf("a scan beside writes ended after %d of %d keys that are there all the time", i, len(want))
	}
}

func meanwhileRewritten(x *attempt) {
	s, keys := x.stay(30)
	for round, reverse := range []bool{false, true} {
		x.seenOnce(s, store.Range{Reverse: reverse}, keys, func(i int, _ store.Entry) {
			x.put(s, keys[i], fmt.Sprint(round), keys[(i+1)%30], "next", keys[(i+29)%30], "last", keys[29-i]+"x", "")
		})
	}
}

func meanwhileInserted(x *attempt) {
	s, keys := x.stay(40)
	for round, reverse := range []bool{false, true} {
		x.seenOnce(s, store.Range{Reverse: reverse}, keys, func(i int, e store.Entry) {
			x.put(s, fmt.Sprintf("%s/before%d", keys[0], 10*round+i), "1", string(e.Key)+"\x00", "1", fmt.Sprintf("%s/%d", e.Key[:6], round), "1", fmt.Sprintf("j%d%d", round, i), "1", fmt.Sprintf("l%d%d", round, i), "1")
		})
	}
}

func meanwhileDeleted(x *attempt) {
	for _, reverse := range []bool{false, true} {
		s, keys := x.stay(40)
		var stay []string
		for i, k := range keys {
			x.put(s, k+"/1", "", k+"/2", "")
			if i%4 == 0 {
				stay = append(stay, k)
			}
		}
		n := 0
		x.seenOnce(s, store.Range{Reverse: reverse}, stay, func(i int, _ store.Entry) {
			at := 4 * i
			if reverse {
				at = 4 * (len(stay) - 1 - i)
			}
			for j := max(0, at-2); j <= min(len(keys)-1, at+2); j++ { // what is ahead and what is behind
				x.delete(s, keys[j]+"/1", keys[j]+"/2")
				if j%4 != 0 {
					x.delete(s, keys[j])
				}
			}
			n++
		})
		if n != len(stay) {
			x.failf("a scan yields %d of %d keys", n, len(stay))
		}
		x.doing("deleting each entry in the loop that yields it")
		for e, err := range s.Scan(x.ctx, store.Range{Reverse: reverse}) {
			if err != nil {
				x.failf("Scan: %v", err)
			}
			x.delete(s, string(e.Key))
		}
		x.scans(s, store.Range{}, nil)
	}
}

func meanwhileLarge(x *attempt) {
	s, keys := x.stay(3000)
	for _, reverse := range []bool{false, true} {
		x.seenOnce(s, store.Range{Reverse: reverse}, keys, func(i int, e store.Entry) {
			if i%100 == 50 {
				var b store.Batch
				for j := range 60 { // on both sides of the place where the scan is
					b.Put(fmt.Appendf(nil, "%s/%02d", e.Key, j), nil)
					b.Put(fmt.Appendf(nil, "j/%04d/%02d", i, j), nil)
					b.Put(fmt.Appendf(nil, "l/%04d/%02d", i, j), nil)
				}
				x.commit(s, &b)
				for j := range b.Writes {
					b.Writes[j].Delete = j%5 != 0
				}
				x.commit(s, &b)
			}
		})
	}
}

func meanwhileWriters(x *attempt) {
	s, keys := x.stay(600)
	var begun, acked atomic.Int64 // puts of keys[300], numbered
	x.put(s, keys[300], "0")
	var stop atomic.Bool
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop.Store(true)
	write := func(f func(i int) error) {
		wait.Go(func() {
			defer x.recover()
			for i := 1; !stop.Load(); i++ {
				if err := f(i); err != nil && !errors.Is(err, store.ErrConflict) {
					x.settle(Broken, fmt.Sprintf("Commit beside a scan: %v", err))
					return
				}
			}
		})
	}
	write(func(i int) error { // one key counts up
		begun.Store(int64(i))
		for {
			_, err := s.Commit(x.ctx, puts(keys[300], fmt.Sprint(i)))
			if err == nil {
				acked.Store(int64(i))
			}
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	})
	write(func(i int) error { // others come and go around the rest
		if i*7%600 == 300 {
			return nil
		}
		b := puts(keys[i*7%600], "rewritten", keys[i*11%600]+"/new", "1")
		b.Delete([]byte(keys[(i*11+300)%600] + "/new"))
		_, err := s.Commit(x.ctx, b)
		return err
	})
	for round, low := 0, int64(0); round < 12; round++ {
		for acked.Load() == low && !x.settled() { // there is to be something new
			pause()
		}
		low = acked.Load()
		seen := ""
		x.seenOnce(s, store.Range{Reverse: round%2 == 1}, keys, func(_ int, e store.Entry) {
			if string(e.Key) == keys[300] {
				seen = string(e.Value)
			}
		})
		var n int64
		if _, err := fmt.Sscan(seen, &n); err != nil || n < low || n > begun.Load() {
			x.failf("a scan yields value %q; %d was acknowledged before it began, and %d is the newest", seen, low, begun.Load())
		}
		if x.settled() {
			return
		}
	}
}

func meanwhileLimit(x *attempt) {
	s, keys := x.stay(50)
	n := 0
	for e, err := range s.Scan(x.ctx, store.Range{Limit: 20}) {
		if err != nil {
			x.failf("Scan: %v", err)
		}
		if i, found := slices.BinarySearch(keys, string(e.Key)); found && n%2 == 0 { // this one and the next
			x.delete(s, keys[i], keys[i+1])
		}
		n++
	}
	if n != 20 {
		x.failf("a scan with limit 20 yields %d entries where the loop deletes, of %d", n, len(keys))
	}
}

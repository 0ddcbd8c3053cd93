package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/store"
)

var concurrentRules = []Rule{
	{
		Name:  "concurrent/counter",
		Does:  "Many goroutines that read a number, add one and commit under its version lose no addition.",
		Why:   "It is the shape of all changes; a lost one is a lost order.",
		check: concurrentCounter,
	},
	{
		Name:  "concurrent/transfer",
		Does:  "Amounts moved between keys by conditional commits keep their sum, in every Get and in the end.",
		Why:   "Merging moves points from one customer to another; they must neither vanish nor double.",
		check: concurrentTransfer,
	},
	{
		Name:  "concurrent/one-moment",
		Does:  "A Get of several keys that are always written together never sees a mix of two commits.",
		Why:   "A customer and its index are read in one call and must belong together.",
		check: concurrentOneMoment,
	},
	{
		Name:  "concurrent/no-dirty-read",
		Does:  "Nobody sees a write of a commit that is refused, by Get or Scan.",
		Why:   "Decisions would rest on what never happened.",
		check: concurrentDirty,
	},
	{
		Name:  "concurrent/acknowledged",
		Does:  "What a commit has acknowledged every other goroutine sees at once, by Get and Scan, and no reader goes back in time.",
		Why:   "A request that follows another must see what that did, wherever it is served.",
		check: concurrentAcknowledged,
	},
	{
		Name:  "concurrent/apart",
		Does:  "Writers without keys in common all succeed in the end, and every write of theirs is there.",
		Why:   "Imports run in parallel over customers that have nothing to do with each other.",
		check: concurrentApart,
	},
	{
		Name:  "concurrent/all-calls",
		Does:  "Sixteen goroutines that read, scan, commit and leave scans early get no error but conflicts.",
		Why:   "Stores are shared by all requests of a server.",
		check: concurrentAll,
	},
	{
		Name:  "concurrent/versions",
		Does:  "Two commits to the same key at once never get the same version.",
		Why:   "The condition of one would hold for what the other wrote.",
		check: concurrentVersions,
	},
	{
		Name:  "concurrent/linearizable",
		Does:  "Histories of Get and conditional Commit by several goroutines can be explained by an order in which each call takes effect at one moment while it runs.",
		Why:   "That is what lets a program think of one call after the other; it is checked with porcupine.",
		check: concurrentLinearizable,
	},
}

// patient retries for as long as the rule runs.
var patient = &store.Backoff{Attempts: 1 << 20, Most: 8 * time.Millisecond}

func (x *attempt) update(s store.Store, build func() *store.Batch) {
	x.doing("changing keys under conditions, again and again where there is a conflict")
	_, err := store.Update(x.ctx, s, patient, func(context.Context) (*store.Batch, error) { return build(), nil })
	if err != nil {
		x.failf("Commit: %v", err)
	}
}

func (x *attempt) number(e store.Entry) int {
	n, err := strconv.Atoi(string(e.Value))
	if err != nil {
		x.failf("key %q has value %q, not a number that was put", e.Key, e.Value)
	}
	return n
}

func concurrentCounter(x *attempt) {
	s := x.new()
	x.put(s, "n", "0")
	const writers, each = 6, 15
	x.parallel(writers, func(int) {
		for range each {
			x.update(s, func() *store.Batch {
				e := x.one(s, "n")
				return when(puts("n", strconv.Itoa(x.number(e)+1)), "n", e.Version)
			})
		}
	})
	if n := x.number(x.one(s, "n")); n != writers*each {
		x.failf("%d additions of 1 are acknowledged, the sum is %d", writers*each, n)
	}
}

func concurrentTransfer(x *attempt) {
	s := x.new()
	accounts := []string{"a", "b", "c"}
	x.put(s, "a", "100", "b", "100", "c", "100")
	sum := func(when string) {
		n := 0
		for _, e := range x.get(s, accounts...) {
			n += x.number(e)
		}
		if n != 300 {
			x.failf("the sum is %d %s, always 300 in truth", n, when)
		}
	}
	x.parallel(5, func(i int) {
		random := x.random(uint64(10 + i))
		for range 30 {
			from, by := random.IntN(3), 1+random.IntN(2)
			to := (from + by) % 3
			if i == 0 { // one reads only
				sum("in a Get meanwhile")
				pause()
				continue
			}
			x.update(s, func() *store.Batch {
				e := x.get(s, accounts[from], accounts[to])
				b := puts(accounts[from], strconv.Itoa(x.number(e[0])-by), accounts[to], strconv.Itoa(x.number(e[1])+by))
				return when(when(b, accounts[from], e[0].Version), accounts[to], e[1].Version)
			})
		}
	})
	sum("in the end")
}

// beside calls write over and over while read runs n times or more in each of
// two goroutines, until there were n/2 writes as well.
func (x *attempt) beside(n int, write func(i int), read func(i int)) {
	var readers, writes atomic.Int64
	x.parallel(3, func(g int) {
		if g == 0 {
			for i := 0; readers.Load() < 2 && !x.settled(); i++ {
				write(i)
				writes.Add(1)
			}
			return
		}
		defer readers.Add(1)
		for i := 0; (i < n || writes.Load() < int64(n/2)) && !x.settled(); i++ {
			read(i)
			if i%3 == 0 {
				pause()
			}
		}
	})
}

func concurrentOneMoment(x *attempt) {
	s := x.new()
	keys := []string{"a", "m", "z"}
	write := func(i int) {
		n := strconv.Itoa(i)
		b := puts("a", n, "m", n, "z", n)
		if i%5 == 4 { // sometimes none of them is there
			b = &store.Batch{}
			for _, k := range keys {
				b.Delete([]byte(k))
			}
		}
		x.commit(s, b)
	}
	write(0)
	x.beside(300, write, func(i int) {
		asked := []string{"a", "m", "z", "m", "a"}
		if i%2 == 1 {
			asked = []string{"z", "absent", "a", "m"}
		}
		entries := x.get(s, asked...)
		first := entries[0]
		for _, e := range entries {
			if string(e.Key) != "absent" && (e.Version != first.Version || string(e.Value) != string(first.Value)) {
				x.failf("one Get shows %q of commit %q and %q of commit %q", first.Key, first.Value, e.Key, e.Value)
			}
		}
	})
}

func concurrentDirty(x *attempt) {
	s := x.new()
	x.put(s, "a", "clean", "b", "clean", "guard", "1")
	clean := func(e store.Entry) {
		if string(e.Value) == "dirty" || string(e.Key) == "new" && e.Version != 0 {
			x.failf("a reader sees key %q with value %q, written by commits that were all refused", e.Key, e.Value)
		}
	}
	x.beside(150, func(int) {
		b := puts("a", "dirty", "new", "dirty")
		b.Delete([]byte("b"))
		x.conflict(s, when(b, "guard", 0), "commit while a key is absent, which is there")
	}, func(i int) {
		for _, e := range x.get(s, "a", "new", "b") {
			clean(e)
			if string(e.Key) == "b" && e.Version == 0 {
				x.failf("a reader misses a key whose deletes were all refused")
			}
		}
		for _, e := range x.scan(s, store.Range{}) {
			clean(e)
		}
	})
}

func concurrentAcknowledged(x *attempt) {
	s := x.new()
	x.put(s, "n", "0", "k000000", "")
	var mu sync.Mutex
	acknowledged := 0 // commits that were acknowledged, or that a reader has seen
	know := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		acknowledged = max(acknowledged, n)
		return acknowledged
	}
	x.beside(150, func(i int) {
		x.put(s, "n", strconv.Itoa(i+1), fmt.Sprintf("k%06d", i+1), "")
		know(i + 1)
	}, func(i int) {
		least := know(0)
		seen := x.number(x.one(s, "n"))
		if seen < least {
			x.failf("Get shows commit %d after commit %d was acknowledged or seen by another", seen, least)
		}
		least = know(seen)
		newest := x.scan(s, store.Range{From: []byte("k"), To: []byte("l"), Limit: 1, Reverse: true})
		if len(newest) != 1 || string(newest[0].Key) < fmt.Sprintf("k%06d", least) {
			x.failf("Scan does not show commit %d, which was acknowledged or seen before", least)
		}
		if n := x.number(x.scan(s, store.Range{From: []byte("n")})[0]); n < least {
			x.failf("Scan shows commit %d after %d was acknowledged or seen", n, least)
		}
	})
}

func concurrentApart(x *attempt) {
	s := x.new()
	const writers, each = 8, 15
	x.parallel(writers, func(i int) {
		for j := range each {
			x.update(s, func() *store.Batch {
				key := fmt.Sprintf("w%d/%02d", i, j)
				return when(puts(key, key, fmt.Sprintf("w%d", i), strconv.Itoa(j)), key, 0)
			})
		}
	})
	for i := range writers {
		x.has(s, fmt.Sprintf("w%d", i), strconv.Itoa(each-1))
		if n := len(x.scan(s, store.Under(fmt.Appendf(nil, "w%d/", i)))); n != each {
			x.failf("of %d keys that a writer put %d are there", each, n)
		}
	}
}

func concurrentAll(x *attempt) {
	s, keys := x.stay(100)
	x.parallel(16, func(i int) {
		random := x.random(uint64(30 + i))
		for range 40 {
			a, b := keys[random.IntN(100)], keys[random.IntN(100)]
			switch random.IntN(5) {
			case 0:
				x.get(s, a, b, a)
			case 1:
				x.scan(s, store.Range{From: []byte(a), Limit: 1 + random.IntN(20), Reverse: random.IntN(2) == 0})
			case 2:
				for _, err := range s.Scan(x.ctx, store.Range{To: []byte(a)}) {
					if err != nil {
						x.failf("Scan: %v", err)
					}
					if random.IntN(5) == 0 {
						break
					}
				}
			case 3:
				e := x.one(s, a)
				if _, err := s.Commit(x.ctx, when(puts(a, "changed", a+"/x", ""), a, e.Version)); err != nil && !errors.Is(err, store.ErrConflict) {
					x.failf("Commit: %v", err)
				}
			default:
				var remove store.Batch
				remove.Delete([]byte(a + "/x"))
				if _, err := s.Commit(x.ctx, &remove); err != nil && !errors.Is(err, store.ErrConflict) {
					x.failf("Commit: %v", err)
				}
			}
		}
	})
	for i, e := range x.get(s, keys...) {
		if e.Version == 0 {
			x.failf("key %q is gone, though nobody deleted it", keys[i])
		}
	}
}

func concurrentVersions(x *attempt) {
	s := x.new()
	var mu sync.Mutex
	seen := map[store.Version]bool{}
	x.parallel(8, func(i int) {
		for j := range 25 {
			v := x.put(s, "a", fmt.Sprint(i, j))
			mu.Lock()
			again := seen[v]
			seen[v] = true
			mu.Unlock()
			if again {
				x.failf("two commits of the same key returned version %d", v)
			}
			if j%5 == 0 {
				x.delete(s, "a")
			}
		}
	})
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/clientele-go/clientele/store"
)

var rangeRules = []Rule{
	{
		Name:  "range/bounds",
		Does:  "DeleteRange removes the keys from From, included, to To, excluded, and no others; empty bounds are none, and a range that ends before it begins is empty.",
		Why:   "All that a customer has is erased by range; its neighbours are other people.",
		check: rangeBounds,
	},
	{
		Name:  "range/invalid",
		Does:  "DeleteRange with a limit or reversed is ErrInvalid and removes nothing.",
		Why:   "Databases delete without order; a limit would hit anybody.",
		check: rangeInvalid,
	},
	{
		Name:  "range/conditions",
		Does:  "After DeleteRange a condition on a version from before fails, one that the key is absent holds, and a key put again has a new version.",
		Why:   "A range delete that leaves versions behind brings erased customers back.",
		check: rangeConditions,
	},
	{
		Name:  "range/large",
		Does:  "DeleteRange removes more keys than a batch holds, at once.",
		Why:   "It is there for what is too much for a batch.",
		check: rangeLarge,
	},
	{
		Name:  "range/one-moment",
		Does:  "No Get and no Commit sees a part of a DeleteRange.",
		Why:   "Half a customer is a wrong customer.",
		check: rangeOneMoment,
	},
	{
		Name:  "range/conflicts-with-nothing",
		Does:  "DeleteRange beside commits to keys outside of its range does not make them fail in the end, nor lose any of them.",
		Why:   "Erasing one tenant must not stop the others.",
		check: rangeApart,
	},
	{
		Name:  "range/context",
		Does:  "DeleteRange under a context that has ended is its error and removes nothing; after Close it is ErrClosed.",
		Why:   "As for Commit.",
		check: rangeContext,
	},
	{
		Name:  "range/in-loop",
		Does:  "DeleteRange is allowed in the loop of a scan.",
		Why:   "As for Commit; cleanups skip through keys and erase ranges.",
		check: rangeInLoop,
	},
	{
		Name:  "range/reopen",
		Does:  "What DeleteRange removed from a durable store stays removed when it is opened again, and what it left is there.",
		Why:   "Erased data that comes back breaks the law.",
		check: rangeReopen,
	},
}

// deleter opens a store that deletes ranges, or skips the rule.
func (x *attempt) deleter() (store.Store, store.RangeDeleter) {
	s := x.new()
	return s, x.asDeleter(s)
}

func (x *attempt) asDeleter(s store.Store) store.RangeDeleter {
	deleter, ok := store.As[store.RangeDeleter](s)
	if !ok {
		x.skipf("the store deletes no ranges: store.As[store.RangeDeleter] does not find the ability")
	}
	return deleter
}

func (x *attempt) deleteRange(d store.RangeDeleter, from, to string) {
	x.doing("in DeleteRange")
	if err := d.DeleteRange(x.ctx, store.Range{From: []byte(from), To: []byte(to)}); err != nil {
		x.failf("DeleteRange of [%s, %s): %v", show(from), show(to), err)
	}
}

func rangeBounds(x *attempt) {
	s, deleter := x.deleter()
	keys := []string{"\x00", "a", "a\x00", "a\xff", "b", "c", "c\x00", "\xff", "\xff\xff"}
	bounds := append([]string{"", "a\x00\x00", "bb", "\xff\xff\xff", strings.Repeat("b", 2*s.Limits().KeyBytes)}, keys...)
	x.fill(s, keys)
	for i, from := range bounds {
		for j, to := range bounds {
			if (i+j)%2 == 1 && i > 2 && j > 2 { // half of the pairs do
				continue
			}
			x.deleteRange(deleter, from, to)
			var left, gone []string
			for _, k := range keys {
				if k >= from && (to == "" || k < to) {
					gone = append(gone, k)
				} else {
					left = append(left, k)
				}
			}
			if got := keysOf(x.scan(s, store.Range{})); !slices.Equal(got, left) {
				x.failf("DeleteRange of [%s, %s) leaves %q, want %q", show(from), show(to), got, left)
			}
			x.lacks(s, gone...)
			for _, k := range left {
				x.has(s, k, "v"+k)
			}
			if len(gone) > 0 {
				x.fill(s, gone)
			}
		}
	}
}

func rangeInvalid(x *attempt) {
	s, deleter := x.deleter()
	x.put(s, "a", "1", "b", "1")
	for _, r := range []store.Range{{Limit: 1}, {Limit: -1}, {Reverse: true}, {From: []byte("a"), To: []byte("b"), Limit: 5, Reverse: true}} {
		x.refused(deleter.DeleteRange(x.ctx, r), store.ErrInvalid, "DeleteRange of %s", showRange(r))
		x.scans(s, store.Range{}, []string{"a", "b"})
	}
}

func rangeConditions(x *attempt) {
	s, deleter := x.deleter()
	v := x.put(s, "a", "1", "b", "1", "c", "1")
	x.deleteRange(deleter, "a", "c")
	x.conflict(s, when(puts("a", "2"), "a", v), "put under a version from before a DeleteRange")
	x.commit(s, when(when(puts("d", "1"), "b", 0), "c", v))
	if again := x.commit(s, when(puts("a", "1"), "a", 0)); again == v {
		x.failf("a key put after a DeleteRange has version %d again", v)
	}
	l := lives{}
	for i := range 5 {
		l.put(x, s, "a", "1", "after %d DeleteRanges", i)
		v := x.one(s, "a").Version
		x.deleteRange(deleter, "", "")
		x.conflict(s, when(puts("a", "2"), "a", v), "put under a version from before a DeleteRange")
	}
}

func rangeLarge(x *attempt) {
	s, deleter := x.deleter()
	n := min(s.Limits().Operations+500, 12_000)
	keys := numbered(n)
	x.fill(s, keys)
	x.put(s, "a", "1", "z", "1")
	x.deleteRange(deleter, "k", "l")
	x.scans(s, store.Range{}, []string{"a", "z"})
	x.deleteRange(deleter, "k", "l")
}

func rangeOneMoment(x *attempt) {
	s, deleter := x.deleter()
	var keys []string
	var all store.Batch
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("k%02d", i))
		all.Put([]byte(keys[i]), []byte("1"))
	}
	x.commit(s, &all)
	x.beside(150, func(i int) {
		if i%2 == 0 {
			x.deleteRange(deleter, "k", "l")
		} else {
			x.commit(s, &all)
		}
	}, func(i int) {
		entries := x.get(s, keys...)
		for _, e := range entries {
			if e.Version != entries[0].Version {
				x.failf("a Get beside DeleteRange shows key %q with version %d, and %q with %d", entries[0].Key, entries[0].Version, e.Key, e.Version)
			}
		}
		var mixed store.Batch // the first key there, the last one not
		if v := entries[0].Version; v != 0 {
			mixed.If([]byte(keys[0]), v)
			mixed.If([]byte(keys[19]), 0)
			x.conflict(s, &mixed, "conditions that hold only where a part of a range is deleted")
		}
	})
}

func rangeApart(x *attempt) {
	s, deleter := x.deleter()
	var done atomic.Bool
	var written [2]int
	x.parallel(3, func(g int) {
		if g == 2 {
			defer done.Store(true)
			for range 15 {
				x.doing("in DeleteRange beside commits")
				for err := error(store.ErrConflict); err != nil; {
					if err = deleter.DeleteRange(x.ctx, store.Under([]byte("k"))); err != nil && !errors.Is(err, store.ErrConflict) {
						x.failf("DeleteRange: %v", err)
					}
				}
				pause()
			}
			return
		}
		for i := 0; i < 20 || !done.Load() && i < 400; i++ {
			key := fmt.Sprintf("%03d", i)
			x.update(s, func() *store.Batch {
				if g == 0 {
					return when(puts("z"+key, "1"), "z"+key, 0)
				}
				return puts("k"+key, "1", "a"+key, "1")
			})
			written[g]++
			pause()
		}
	})
	for g, prefix := range []string{"z", "a"} {
		if n := len(x.scan(s, store.Under([]byte(prefix)))); n != written[g] {
			x.failf("of %d keys put outside of a range that was deleted meanwhile %d are there", written[g], n)
		}
	}
	x.deleteRange(deleter, "k", "l")
	x.scans(s, store.Under([]byte("k")), nil)
}

func rangeContext(x *attempt) {
	s, deleter := x.deleter()
	x.put(s, "a", "1")
	for name, ctx := range x.ended() {
		x.refused(deleter.DeleteRange(ctx, store.Range{}), ctx.Err(), "DeleteRange under a context %s", name)
		x.has(s, "a", "1")
	}
	ctx, cancel := context.WithCancel(x.ctx)
	if err := deleter.DeleteRange(ctx, store.Range{From: []byte("x")}); err != nil {
		x.failf("DeleteRange of an empty range: %v", err)
	}
	cancel()
	x.has(s, "a", "1")
	x.close(s)
	x.refused(deleter.DeleteRange(x.ctx, store.Range{}), store.ErrClosed, "DeleteRange after Close")
}

func rangeInLoop(x *attempt) {
	s, deleter := x.deleter()
	var keys []string
	for i := range 30 {
		keys = append(keys, fmt.Sprintf("k%02d", i), fmt.Sprintf("k%02d/x", i))
	}
	x.fill(s, keys)
	n := 0
	for e, err := range s.Scan(x.ctx, store.Range{}) {
		if err != nil {
			x.failf("Scan: %v", err)
		}
		x.doing("in DeleteRange in the loop of a scan, where a store that locks for a scan waits for itself")
		if !strings.HasSuffix(string(e.Key), "/x") {
			x.deleteRange(deleter, string(e.Key)+"/", string(e.Key)+"0")
			n++
		}
	}
	if n != 30 {
		x.failf("a scan whose loop deletes other keys yields %d of 30 that stay", n)
	}
	if n := len(x.scan(s, store.Range{})); n != 30 {
		x.failf("30 of 60 keys were deleted by range, %d are there", n)
	}
}

func rangeReopen(x *attempt) {
	s, dir := x.durable()
	deleter := x.asDeleter(s)
	v := x.put(s, "a", "1", "b", "1", "c", "1", "d", "1")
	x.deleteRange(deleter, "b", "d")
	x.close(s)
	s = x.openDir(dir)
	x.scans(s, store.Range{}, []string{"a", "d"})
	x.conflict(s, when(puts("b", "2"), "b", v), "put under a version from before a DeleteRange and a reopening")
	if again := x.put(s, "b", "1"); again == v {
		x.failf("a key put after a DeleteRange and a reopening has version %d again", v)
	}
}

package storetest

import (
	"fmt"

	"github.com/clientele-go/clientele/store"
)

var reopenRules = []Rule{
	{
		Name:  "reopen/data",
		Does:  "A durable store that is closed and opened again has the same keys, values and versions.",
		Why:   "It is what a store is for; versions in hands of others, queues say, must still hold.",
		check: reopenData,
	},
	{
		Name:  "reopen/deleted",
		Does:  "What was deleted stays deleted after a reopening, and what was refused stays out.",
		Why:   "Erased customers must not come back with a restart.",
		check: reopenDeleted,
	},
	{
		Name:  "reopen/versions",
		Does:  "After a reopening no key gets a version it ever had, be it there, deleted before the close, or the newest of all.",
		Why:   "A counter that begins anew lets a condition from before the restart hold for other data.",
		check: reopenVersions,
	},
	{
		Name:  "reopen/conditions",
		Does:  "Conditions on versions read before a reopening hold or fail as without it.",
		Why:   "Work that was read before a restart is committed after it.",
		check: reopenConditions,
	},
	{
		Name:  "reopen/often",
		Does:  "A durable store opened many times, with or without writing, loses nothing, also large batches and values.",
		Why:   "Recovery that copies or cuts files goes wrong on the second time, or on what does not fit a buffer.",
		check: reopenOften,
	},
	{
		Name:  "reopen/durable",
		Does:  "A store says always the same on whether it is durable.",
		Why:   "Programs decide by it once what they must keep elsewhere.",
		check: reopenDurable,
	},
}

func (x *attempt) same(before, after []store.Entry) {
	if len(before) != len(after) {
		x.failf("after a reopening there are %d keys, before it %d", len(after), len(before))
	}
	for i, e := range after {
		b := before[i]
		if string(e.Key) != string(b.Key) || string(e.Value) != string(b.Value) || e.Version != b.Version {
			x.failf("after a reopening key %s has value %s and version %d, before it %s, %s and %d", show(e.Key), show(e.Value), e.Version, show(b.Key), show(b.Value), b.Version)
		}
	}
}

func reopenData(x *attempt) {
	s, dir := x.durable()
	x.fill(s, orderedKeys)
	x.put(s, "a", "", "empty", "", "large", string(make([]byte, 60_000)))
	x.put(s, "a", "changed")
	before := x.scan(s, store.Range{})
	x.close(s)
	s = x.openDir(dir)
	x.same(before, x.scan(s, store.Range{}))
	x.same(before, x.get(s, keysOf(before)...))
}

func reopenDeleted(x *attempt) {
	s, dir := x.durable()
	x.put(s, "a", "1", "b", "1", "c", "1")
	x.delete(s, "b")
	x.conflict(s, when(puts("d", "1", "a", "2"), "c", 0), "put if absent of a key that is there")
	x.close(s)
	s = x.openDir(dir)
	x.scans(s, store.Range{}, []string{"a", "c"})
	x.has(s, "a", "1")
	x.delete(s, "a", "c")
	x.close(s)
	s = x.openDir(dir)
	x.scans(s, store.Range{}, nil)
}

func reopenVersions(x *attempt) {
	s, dir := x.durable()
	l := lives{}
	for round := range 5 {
		for i := range 4 {
			for _, key := range []string{"stays", "goes", "last"}[:3-i%2] {
				l.put(x, s, key, "1", "after %d reopenings", round)
			}
			x.delete(s, "goes")
		}
		if round%2 == 1 {
			x.delete(s, "last", "stays")
		}
		x.close(s)
		s = x.openDir(dir)
	}
}

func reopenConditions(x *attempt) {
	s, dir := x.durable()
	old := x.put(s, "a", "1", "gone", "1")
	v := x.put(s, "a", "2")
	x.delete(s, "gone")
	x.close(s)
	s = x.openDir(dir)
	x.conflict(s, when(puts("b", "1"), "a", old), "put under a stale version from before a reopening")
	x.conflict(s, when(puts("b", "1"), "gone", old), "put under the version of a key deleted before a reopening")
	x.conflict(s, when(puts("b", "1"), "a", 0), "put if absent of a key that is there since before a reopening")
	x.commit(s, when(when(puts("a", "3"), "a", v), "gone", 0))
	x.put(s, "gone", "1")
	x.conflict(s, when(puts("b", "1"), "gone", old), "put under a version from before a delete and a reopening")
	x.has(s, "a", "3")
}

func reopenOften(x *attempt) {
	s, dir := x.durable()
	for round := range 8 {
		if round%3 != 2 {
			var b store.Batch
			for i := range 300 {
				b.Put(fmt.Appendf(nil, "k%d/%03d", round%4, i), make([]byte, 100+i))
			}
			x.commit(s, &b)
			x.put(s, "large", string(make([]byte, 1000*round)), fmt.Sprintf("small%d", round), "")
			x.delete(s, fmt.Sprintf("small%d", round-1))
		}
		before := x.scan(s, store.Range{})
		x.close(s)
		s = x.openDir(dir)
		x.same(before, x.scan(s, store.Range{}))
	}
}

func reopenDurable(x *attempt) {
	s := x.new()
	first := isDurable(s)
	x.put(s, "a", "1")
	if isDurable(s) != first {
		x.failf("the store says durable: %v, and another answer after a commit", first)
	}
	if isDurable(x.new()) != first {
		x.failf("one store says durable: %v, another one opened the same way says otherwise", first)
	}
	if !first {
		x.skipf("the store is not durable, always")
	}
}

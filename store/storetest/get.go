package storetest

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/store"
)

var getRules = []Rule{
	{
		Name:  "get/absent",
		Does:  "A key that is not there has version 0 and a nil value, and is no error; so is a deleted one.",
		Why:   "New customers are the usual case; version 0 read is the condition of the commit that makes them.",
		check: getAbsent,
	},
	{
		Name:  "get/order",
		Does:  "Entries come in the order of the keys given, whatever their order is and whether they are there.",
		Why:   "Callers match answers to questions by position.",
		check: getOrder,
	},
	{
		Name:  "get/repeated",
		Does:  "A key given twice is answered twice.",
		Why:   "Two identifiers may lead to one customer, and each expects its answer.",
		check: getRepeated,
	},
	{
		Name:  "get/none",
		Does:  "Get of no keys returns no entries and no error.",
		Why:   "Batches that turn out empty are not worth an exception in every caller.",
		check: getNone,
	},
	{
		Name:  "get/many",
		Does:  "As many keys as MinLimits.Operations are answered in one call, absent ones among them.",
		Why:   "Segments and profiles are read in batches of that size.",
		check: getMany,
	},
	{
		Name:  "get/neighbours",
		Does:  "A key is found by all of its bytes: its prefixes and extensions are other keys.",
		Why:   "A lookup by prefix gives one customer the data of another.",
		check: getNeighbours,
	},
}

func getAbsent(x *attempt) {
	s := x.new()
	absent := func(keys ...string) {
		for _, e := range x.get(s, keys...) {
			if e.Version != 0 || e.Value != nil {
				x.failf("key %q, which is not there, has version %d and value %#v, want 0 and nil", e.Key, e.Version, e.Value)
			}
		}
	}
	absent("a", "b")
	x.put(s, "b", "1")
	absent("a", "c")
	x.delete(s, "b")
	absent("a", "b", "c")
}

func getOrder(x *attempt) {
	s := x.new()
	keys := []string{"m", "a", "z", "c", "y", "b", "x", "n"}
	x.put(s, "a", "va", "c", "vc", "x", "vx", "z", "vz")
	for range len(keys) {
		keys = append(keys[1:], keys[0])
		for i, e := range x.get(s, keys...) {
			there := slices.Contains([]string{"a", "c", "x", "z"}, keys[i])
			if there != (e.Version != 0) || there && string(e.Value) != "v"+keys[i] {
				x.failf("entry %d of %q has value %q and version %d", i, keys, e.Value, e.Version)
			}
		}
	}
}

func getRepeated(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1")
	for i, e := range x.get(s, "a", "b", "a", "b", "a", "a") {
		if want := string(e.Key) == "a"; want && (e.Version != v || string(e.Value) != "1") || !want && e.Version != 0 {
			x.failf("entry %d, of key %q, has value %q and version %d", i, e.Key, e.Value, e.Version)
		}
	}
}

func getNone(x *attempt) {
	s := x.new()
	x.get(s)
	x.put(s, "a", "1")
	x.get(s)
}

func getMany(x *attempt) {
	s := x.new()
	var keys, there []string
	for i := range store.MinLimits.Operations {
		key := fmt.Sprintf("%04d", i*7%store.MinLimits.Operations)
		keys = append(keys, key)
		if i%3 != 0 {
			there = append(there, key)
		}
	}
	x.fill(s, there)
	slices.Sort(there)
	for _, e := range x.get(s, keys...) {
		_, want := slices.BinarySearch(there, string(e.Key))
		if want != (e.Version != 0) || want && string(e.Value) != "v"+string(e.Key) {
			x.failf("key %s has value %q and version %d", e.Key, e.Value, e.Version)
		}
	}
}

func getNeighbours(x *attempt) {
	s := x.new()
	x.fill(s, []string{"ab", "abcd", "abce", "b"})
	x.lacks(s, "a", "aa", "ab\x00", "abc", "abc\xff", "abcd\x00", "abd", "ac", "b\x00", "\x00", "\xff")
	for _, k := range []string{"ab", "abcd", "abce", "b"} {
		x.has(s, k, "v"+k)
	}
}

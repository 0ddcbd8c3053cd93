package storetest

import (
	"fmt"

	"github.com/clientele-go/clientele/store"
)

var commitRules = []Rule{
	{
		Name:  "commit/all",
		Does:  "All puts and deletes of a batch are made.",
		Why:   "A merge of two customers moves keys of one to the other in one batch.",
		check: commitAll,
	},
	{
		Name:  "commit/order",
		Does:  "The order of writes and conditions within a batch means nothing.",
		Why:   "Batches are gathered in the order of the work, not of the keys.",
		check: commitOrder,
	},
	{
		Name:  "commit/twice",
		Does:  "A key written twice in a batch, or with two conditions, is ErrInvalid, and nothing is written.",
		Why:   "Which of the two holds would depend on the database.",
		check: commitTwice,
	},
	{
		Name:  "commit/delete-absent",
		Does:  "Deleting a key that is not there is no error and changes nothing.",
		Why:   "Erasing a customer is repeated until it is known to be done.",
		check: commitDeleteAbsent,
	},
	{
		Name:  "commit/delete-value",
		Does:  "The value of a delete is ignored.",
		Why:   "A delete must never leave what it was to remove.",
		check: commitDeleteValue,
	},
	{
		Name:  "commit/empty",
		Does:  "A batch without writes and conditions succeeds and changes nothing.",
		Why:   "Work that turns out to be done already needs no exception.",
		check: commitEmpty,
	},
	{
		Name:  "commit/invalid-leaves-nothing",
		Does:  "A batch with one invalid write leaves nothing, wherever in the batch it is.",
		Why:   "Half a merge is two broken customers.",
		check: commitInvalid,
	},
	{
		Name:  "commit/many",
		Does:  "A batch of MinLimits.Operations puts, then one of as many deletes, is made as a whole.",
		Why:   "Imports write batches of that size.",
		check: commitMany,
	},
	{
		Name:  "commit/again",
		Does:  "A batch can be committed again, and means the same.",
		Why:   "After an error that says nothing was written the same batch is tried again.",
		check: commitAgain,
	},
	{
		Name:  "commit/apart",
		Does:  "Stores in two directories share nothing.",
		Why:   "Tenants are kept in stores of their own.",
		check: commitApart,
	},
}

func commitAll(x *attempt) {
	s := x.new()
	x.put(s, "a", "1", "b", "2", "c", "3", "d", "4")
	b := puts("a", "new", "e", "5")
	b.Delete([]byte("b"))
	b.Delete([]byte("d"))
	v := x.commit(s, b)
	if x.has(s, "a", "new") != v || x.has(s, "e", "5") != v {
		x.failf("a key put has another version than the commit returned")
	}
	x.has(s, "c", "3")
	x.lacks(s, "b", "d")
	x.scans(s, store.Range{}, []string{"a", "c", "e"})
}

func commitOrder(x *attempt) {
	s := x.new()
	v := x.put(s, "m", "1", "n", "2", "o", "3")
	b := puts("z", "z", "n", "n", "a", "a")
	b.Delete([]byte("o"))
	b.Put([]byte("\x00"), []byte("0"))
	b.Delete([]byte("b"))
	b.If([]byte("o"), v)
	b.If([]byte("a"), 0)
	b.If([]byte("n"), v)
	x.commit(s, b)
	x.scans(s, store.Range{}, []string{"\x00", "a", "m", "n", "z"})
	x.has(s, "n", "n")
	x.has(s, "m", "1")
}

func commitTwice(x *attempt) {
	s := x.new()
	x.put(s, "a", "1")
	put, del := func(k string) store.Write { return store.Write{Key: []byte(k), Value: []byte("2")} }, func(k string) store.Write { return store.Write{Key: []byte(k), Delete: true} }
	absent := store.Condition{Key: []byte("q")}
	for name, b := range map[string]*store.Batch{
		"two puts":                 {Writes: []store.Write{put("a"), put("a")}},
		"two puts apart":           {Writes: []store.Write{put("a"), put("c"), put("b"), put("a")}},
		"a put and a delete":       {Writes: []store.Write{put("b"), put("a"), del("a")}},
		"a delete and a put":       {Writes: []store.Write{del("a"), put("a"), put("b")}},
		"two deletes":              {Writes: []store.Write{del("a"), put("b"), del("a")}},
		"a key with 2 conditions":  {Writes: []store.Write{put("b")}, Conditions: []store.Condition{absent, absent}},
		"conditions without write": {Conditions: []store.Condition{absent, {Key: []byte("r")}, absent}},
	} {
		_, err := s.Commit(x.ctx, b)
		x.refused(err, store.ErrInvalid, "Commit of %s", name)
		x.has(s, "a", "1")
		x.scans(s, store.Range{}, []string{"a"})
	}
}

func commitDeleteAbsent(x *attempt) {
	s := x.new()
	x.delete(s, "a")
	x.put(s, "b", "1")
	x.delete(s, "a", "c")
	x.scans(s, store.Range{}, []string{"b"})
	x.delete(s, "b")
	x.delete(s, "b")
	x.scans(s, store.Range{}, nil)
}

func commitDeleteValue(x *attempt) {
	s := x.new()
	x.put(s, "a", "1")
	x.commit(s, &store.Batch{Writes: []store.Write{
		{Key: []byte("a"), Value: []byte("x"), Delete: true}, {Key: []byte("b"), Value: []byte("y"), Delete: true}, {Key: []byte("c"), Value: []byte{}, Delete: true},
	}})
	x.lacks(s, "a", "b", "c")
	x.scans(s, store.Range{}, nil)
}

func commitEmpty(x *attempt) {
	s := x.new()
	x.commit(s, &store.Batch{})
	v := x.put(s, "a", "1")
	x.commit(s, &store.Batch{Writes: []store.Write{}, Conditions: []store.Condition{}})
	if got := x.has(s, "a", "1"); got != v {
		x.failf("an empty batch changed a version from %d to %d", v, got)
	}
}

func commitInvalid(x *attempt) {
	s := x.new()
	x.put(s, "keep", "1")
	for at := range 5 {
		b := puts("a", "1", "b", "1", "c", "1", "keep", "2")
		w := store.Write{}
		b.Writes = append(b.Writes[:at:at], append([]store.Write{w}, b.Writes[at:]...)...)
		_, err := s.Commit(x.ctx, b)
		x.refused(err, store.ErrInvalid, "Commit with an empty key as write %d", at)
		x.scans(s, store.Range{}, []string{"keep"})
		x.has(s, "keep", "1")
	}
}

func commitMany(x *attempt) {
	s := x.new()
	var puts, deletes store.Batch
	var keys []string
	for i := range store.MinLimits.Operations {
		key := fmt.Sprintf("%04d", i)
		keys = append(keys, key)
		puts.Put([]byte(key), []byte("v"+key))
		deletes.Delete([]byte(key))
	}
	v := x.commit(s, &puts)
	for _, e := range x.get(s, keys...) {
		if e.Version != v || string(e.Value) != "v"+string(e.Key) {
			x.failf("key %s has value %q and version %d, want version %d", e.Key, e.Value, e.Version, v)
		}
	}
	x.scans(s, store.Range{}, keys)
	x.commit(s, &deletes)
	x.scans(s, store.Range{}, nil)
}

func commitAgain(x *attempt) {
	s := x.new()
	b := puts("a", "1", "b", "2")
	b.Delete([]byte("c"))
	first := x.commit(s, b)
	x.put(s, "a", "x", "c", "y")
	second := x.commit(s, b)
	if first == second {
		x.failf("two commits returned the same version %d", first)
	}
	x.has(s, "a", "1")
	x.has(s, "b", "2")
	x.lacks(s, "c")
}

func commitApart(x *attempt) {
	a, b := x.new(), x.new()
	x.put(a, "a", "1", "both", "1")
	x.put(b, "b", "2", "both", "2")
	x.scans(a, store.Range{}, []string{"a", "both"})
	x.scans(b, store.Range{}, []string{"b", "both"})
	x.has(a, "both", "1")
	x.has(b, "both", "2")
	x.delete(a, "both")
	x.has(b, "both", "2")
	x.close(a)
	x.has(b, "b", "2")
}

package storetest

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/clientele-go/clientele/store"
)

var sliceRules = []Rule{
	{
		Name:  "slice/given-to-commit",
		Does:  "Keys and values of a commit may be overwritten by the caller afterwards: what is stored stays.",
		Why:   "Buffers are reused; a store that keeps them changes under its own feet.",
		check: sliceCommit,
	},
	{
		Name:  "slice/given-to-get",
		Does:  "Keys of a Get may be overwritten afterwards: the entries stay, those of absent keys too.",
		Why:   "As for commits.",
		check: sliceGet,
	},
	{
		Name:  "slice/batch",
		Does:  "Commit changes nothing of the batch: neither the order of writes and conditions nor any of their bytes, whether it succeeds or not.",
		Why:   "The same batch is tried again after a conflict, and shared with whoever observes the commit.",
		check: sliceBatch,
	},
	{
		Name:  "slice/spare-capacity",
		Does:  "Nothing is written behind the end of a slice that is passed in.",
		Why:   "Keys are often parts of one buffer; an append to one overwrites the next.",
		check: sliceSpare,
	},
	{
		Name:  "slice/returned-by-get",
		Does:  "The caller may write to entries of a Get: neither the store nor another entry, of the same key even, changes.",
		Why:   "Values are decrypted and decoded in place.",
		check: sliceReturned,
	},
	{
		Name:  "slice/returned-by-scan",
		Does:  "The caller may keep entries of a scan after the loop and write to them.",
		Why:   "Reused buffers give a list of customers that are all the last one.",
		check: sliceScan,
	},
	{
		Name:  "slice/appended",
		Does:  "Appending to a returned key or value changes neither its neighbour nor the store.",
		Why:   "The key after a key is made by appending a zero.",
		check: sliceAppended,
	},
}

func scribble(b []byte) {
	for i := range b {
		b[i] ^= 0xa5
	}
}

func sliceCommit(x *attempt) {
	s := x.new()
	var all []store.Write
	for i := range 20 {
		var b store.Batch
		b.Put(fmt.Appendf(nil, "k%02d", i), bytes.Repeat(fmt.Appendf(nil, "v%02d", i), 1+i*i))
		b.Put(fmt.Appendf(nil, "l%02d", i), fmt.Appendf(nil, "w%02d", i))
		b.If(fmt.Appendf(nil, "k%02d", i), 0)
		x.commit(s, &b)
		for _, w := range b.Writes {
			scribble(w.Key)
			scribble(w.Value)
		}
		scribble(b.Conditions[0].Key)
		all = append(all, b.Writes...)
		b.Writes[0] = store.Write{Key: []byte("x")}
	}
	for _, w := range all {
		scribble(w.Value)
	}
	for i := range 20 {
		x.has(s, fmt.Sprintf("k%02d", i), string(bytes.Repeat(fmt.Appendf(nil, "v%02d", i), 1+i*i)))
		x.has(s, fmt.Sprintf("l%02d", i), fmt.Sprintf("w%02d", i))
	}
	if n := len(x.scan(s, store.Range{})); n != 40 {
		x.failf("after the slices of 40 puts were overwritten there are %d keys", n)
	}
}

func sliceGet(x *attempt) {
	s := x.new()
	x.put(s, "there", "1")
	keys := [][]byte{[]byte("there"), []byte("absent")}
	entries, err := s.Get(x.ctx, keys...)
	if err != nil {
		x.failf("Get: %v", err)
	}
	for i, k := range keys {
		if want := []string{"there", "absent"}[i]; string(k) != want {
			x.failf("Get changed its key %q to %q", want, k)
		}
		scribble(k)
	}
	keys[0], keys[1] = nil, nil
	if string(entries[0].Key) != "there" || string(entries[1].Key) != "absent" || string(entries[0].Value) != "1" {
		x.failf("after the keys passed to Get were overwritten its entries are %q, %q", entries[0].Key, entries[1].Key)
	}
	x.has(s, "there", "1")
	x.lacks(s, "absent")
}

func sliceBatch(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1", "c", "1")
	build := func(good bool) *store.Batch {
		b := puts("z", "z", "m", "", "a", "a", "\x00", "0")
		b.Delete([]byte("q"))
		b.Put([]byte("c"), nil)
		b.Delete([]byte("b"))
		b.Writes[6].Value = []byte("ignored")
		b.If([]byte("y"), 0)
		b.If([]byte("c"), v)
		b.If([]byte("a"), v)
		if !good {
			b.If([]byte("\x00\x00"), v)
		}
		return b
	}
	for _, good := range []bool{false, true} {
		b := build(good)
		if good {
			x.commit(s, b)
		} else {
			x.conflict(s, b, "commit whose last condition does not hold")
		}
		if !reflect.DeepEqual(b, build(good)) {
			x.failf("Commit changed its batch from %v to %v", *build(good), *b)
		}
	}
	x.scans(s, store.Range{}, []string{"\x00", "a", "c", "m", "z"})
}

// roomy is a copy of s with capacity behind it that begins with a mark.
func roomy(s string) []byte {
	const mark = "spare capacity"
	return append([]byte(s), mark...)[:len(s)]
}

func sliceSpare(x *attempt) {
	s := x.new()
	var given [][]byte
	room := func(s string) []byte {
		b := roomy(s)
		given = append(given, b)
		return b
	}
	check := func(call string) {
		for _, b := range given {
			if full := b[:len(b)+len("spare capacity")]; string(full[len(b):]) != "spare capacity" {
				x.failf("%s wrote behind the end of the slice %q", call, b)
			}
		}
	}
	var b store.Batch
	b.Put(room("a"), room("value"))
	b.Put(room("b"), room(""))
	b.Delete(room("c"))
	b.If(room("a"), 0)
	x.commit(s, &b)
	check("Commit")
	x.conflict(s, &b, "put if absent of a key that is there")
	check("Commit")
	if _, err := s.Get(x.ctx, room("a"), room("q"), room("a")); err != nil {
		x.failf("Get: %v", err)
	}
	check("Get")
	for _, reverse := range []bool{false, true} {
		for range 2 {
			if _, err := collect(s.Scan(x.ctx, store.Range{From: room("a"), To: room("b\xff"), Reverse: reverse})); err != nil {
				x.failf("Scan: %v", err)
			}
			check("Scan")
		}
	}
	if deleter, ok := store.As[store.RangeDeleter](s); ok {
		if err := deleter.DeleteRange(x.ctx, store.Range{From: room("a"), To: room("z")}); err != nil {
			x.failf("DeleteRange: %v", err)
		}
		check("DeleteRange")
	}
}

func sliceReturned(x *attempt) {
	s := x.new()
	x.put(s, "a", "value of a", "b", "value of b")
	for range 3 {
		entries := x.get(s, "a", "absent", "b", "a")
		scribble(entries[0].Key)
		scribble(entries[0].Value)
		scribble(entries[1].Key)
		if string(entries[3].Key) != "a" || string(entries[3].Value) != "value of a" || string(entries[2].Value) != "value of b" {
			x.failf("writing to one entry of Get changed another")
		}
		scribble(entries[2].Value)
		scribble(entries[3].Value)
		x.has(s, "a", "value of a")
		x.has(s, "b", "value of b")
	}
	x.scans(s, store.Range{}, []string{"a", "b"})
}

func sliceScan(x *attempt) {
	s, keys := x.stay(200)
	for _, reverse := range []bool{false, true} {
		entries := x.scan(s, store.Range{Reverse: reverse})
		if reverse {
			keys = reversed(keys)
		}
		for i, e := range entries {
			if string(e.Key) != keys[i] || string(e.Value) != "v"+keys[i] {
				x.failf("entry %d kept after the loop is %q: %q, want %q", i, e.Key, e.Value, keys[i])
			}
		}
		n := 0
		for e, err := range s.Scan(x.ctx, store.Range{Reverse: reverse}) {
			if err != nil {
				x.failf("Scan: %v", err)
			}
			if n < len(keys) && string(e.Key) != keys[n] {
				x.failf("writing to entries in the loop, key %d is %q, want %q", n, e.Key, keys[n])
			}
			scribble(e.Key)
			scribble(e.Value)
			n++
		}
		x.scans(s, store.Range{Reverse: reverse}, keys)
		x.has(s, keys[0], "v"+keys[0])
	}
}

func sliceAppended(x *attempt) {
	s := x.new()
	x.put(s, "a", "value of a", "b", "value of b", "c", "")
	for _, entries := range [][]store.Entry{x.get(s, "a", "b", "c", "d"), x.scan(s, store.Range{})} {
		for _, e := range entries {
			for _, more := range []string{"x", "xxx", "xxxxxxxxxxxxxxxx"} {
				_ = append(e.Key, more...)
				_ = append(e.Value, more...)
			}
		}
		for i, want := range []string{"value of a", "value of b", ""} {
			if string(entries[i].Value) != want || string(entries[i].Key) != string(rune('a'+i)) {
				x.failf("appending to keys and values changed entry %d to %q: %q", i, entries[i].Key, entries[i].Value)
			}
		}
	}
	x.has(s, "a", "value of a")
	x.has(s, "b", "value of b")
	x.has(s, "c", "")
}

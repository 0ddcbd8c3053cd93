package storetest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/store"
)

var limitRules = []Rule{
	{
		Name:  "limit/minimum",
		Does:  "Limits are at least MinLimits.",
		Why:   "The library sizes its keys, values and batches by MinLimits and never asks again.",
		check: limitMinimum,
	},
	{
		Name:  "limit/constant",
		Does:  "Limits are always the same, also after a Close.",
		Why:   "They are read once, and batches planned by them.",
		check: limitConstant,
	},
	{
		Name:  "limit/key",
		Does:  "A key as long as the limit works everywhere; one byte more is ErrTooLarge in Get, puts, deletes and conditions.",
		Why:   "A key cut by the database meets another one.",
		check: limitKey,
	},
	{
		Name:  "limit/value",
		Does:  "A value as long as the limit comes back whole; one byte more is ErrTooLarge and nothing is written.",
		Why:   "A value cut by the database is corrupt.",
		check: limitValue,
	},
	{
		Name:  "limit/operations",
		Does:  "A batch of exactly the limit of writes and conditions together is made; one more is ErrTooLarge and nothing is written.",
		Why:   "Imports fill batches to the limit; a limit that does not hold stops them halfway.",
		check: limitOperations,
	},
	{
		Name:  "limit/batch",
		Does:  "A batch of exactly the limit of bytes is made; one more is ErrTooLarge and nothing is written.",
		Why:   "As for operations; servers have limits on messages that show only here.",
		check: limitBatch,
	},
	{
		Name:  "limit/get",
		Does:  "Get of as many keys as the limit of operations works; one more is ErrTooLarge.",
		Why:   "Databases have limits on parameters, which must be those of the store.",
		check: limitGet,
	},
}

func limitMinimum(x *attempt) {
	l, least := x.new().Limits(), store.MinLimits
	if l.KeyBytes < least.KeyBytes || l.ValueBytes < least.ValueBytes || l.Operations < least.Operations || l.BatchBytes < least.BatchBytes {
		x.failf("limits are %+v, the least is %+v", l, least)
	}
}

func limitConstant(x *attempt) {
	s := x.new()
	l := s.Limits()
	check := func(when string) {
		if now := s.Limits(); now != l {
			x.failf("limits were %+v and are %+v %s", l, now, when)
		}
	}
	check("when asked again")
	x.put(s, "a", "1")
	check("after a commit")
	if other := x.new().Limits(); other != l {
		x.failf("limits of two stores opened the same way are %+v and %+v", l, other)
	}
	x.close(s)
	check("after Close")
}

// reach skips the rule if a limit is beyond what a test can do.
func (x *attempt) reach(limit, most int, of string) int {
	if limit > most {
		x.skipf("the limit of %d %s is more than the %d that are tried", limit, of, most)
	}
	return limit
}

func limitKey(x *attempt) {
	s := x.new()
	n := x.reach(s.Limits().KeyBytes, 1<<20, "bytes of a key")
	for _, fill := range []string{"k", "\x00", "\xff"} {
		longest := strings.Repeat(fill, n)
		v := x.commit(s, when(puts(longest, "1"), longest, 0))
		x.has(s, longest, "1")
		x.scans(s, store.Range{From: []byte(longest)}, []string{longest})
		x.lacks(s, longest[1:])
		tooLong := []byte(longest + fill)
		_, err := s.Get(x.ctx, tooLong)
		x.refused(err, store.ErrTooLarge, "Get of a key of %d bytes", n+1)
		for name, b := range map[string]*store.Batch{
			"put":       {Writes: []store.Write{{Key: []byte("new")}, {Key: tooLong}}},
			"delete":    {Writes: []store.Write{{Key: []byte("new")}, {Key: tooLong, Delete: true}}},
			"condition": {Writes: []store.Write{{Key: []byte("new")}}, Conditions: []store.Condition{{Key: tooLong}}},
		} {
			_, err := s.Commit(x.ctx, b)
			x.refused(err, store.ErrTooLarge, "%s of a key of %d bytes", name, n+1)
		}
		x.lacks(s, "new")
		var b store.Batch
		b.Delete([]byte(longest))
		x.commit(s, when(&b, longest, v))
		x.lacks(s, longest)
	}
}

func limitValue(x *attempt) {
	s := x.new()
	l := s.Limits()
	n := x.reach(l.ValueBytes, 64<<20, "bytes of a value")
	if most := l.BatchBytes - 3; n > most {
		x.skipf("no batch of %d bytes holds a value of %d", l.BatchBytes, n)
	}
	largest := bytes.Repeat([]byte("\x00\xffv"), n/3+1)[:n]
	x.put(s, "key", string(largest))
	x.has(s, "key", string(largest))
	if e := x.scan(s, store.Range{})[0]; !bytes.Equal(e.Value, largest) {
		x.failf("Scan yields a value of %d bytes that is not the one of %d put", len(e.Value), n)
	}
	_, err := s.Commit(x.ctx, puts("a", "1", "key", string(largest)+"x"))
	x.refused(err, store.ErrTooLarge, "Commit of a value of %d bytes", n+1)
	x.lacks(s, "a")
	x.has(s, "key", string(largest))
}

func limitOperations(x *attempt) {
	s := x.new()
	n := x.reach(s.Limits().Operations, 200_000, "operations")
	if 2*8*n > s.Limits().BatchBytes {
		x.skipf("no batch of %d bytes holds %d operations", s.Limits().BatchBytes, n)
	}
	batch := func(writes, conditions int) *store.Batch {
		var b store.Batch
		for i := range writes {
			b.Put(fmt.Appendf(nil, "%07d", i), []byte("1"))
		}
		for i := range conditions {
			b.If(fmt.Appendf(nil, "x%06d", i), 0)
		}
		return &b
	}
	for _, b := range []*store.Batch{batch(n+1, 0), batch(n, 1), batch(1, n), batch(0, n+1)} {
		_, err := s.Commit(x.ctx, b)
		x.refused(err, store.ErrTooLarge, "Commit of %d writes and %d conditions", len(b.Writes), len(b.Conditions))
		x.scans(s, store.Range{Limit: 1}, nil)
	}
	x.commit(s, batch(n/2, n-n/2))
	if got := len(x.scan(s, store.Range{})); got != n/2 {
		x.failf("after a batch of %d puts there are %d keys", n/2, got)
	}
	x.commit(s, batch(0, n))
	x.commit(s, batch(n, 0))
	if got := len(x.scan(s, store.Range{})); got != n {
		x.failf("after a batch of %d puts there are %d keys", n, got)
	}
}

func limitBatch(x *attempt) {
	s := x.new()
	l := s.Limits()
	n := x.reach(l.BatchBytes, 64<<20, "bytes of a batch")
	// A condition and a delete of 100 bytes each count as well.
	batch := func(size int) *store.Batch {
		var b store.Batch
		cond := bytes.Repeat([]byte("c"), 100)
		b.If(cond, 0)
		b.Delete(cond)
		size -= 200
		for i := 0; size > 0; i++ {
			key := fmt.Appendf(nil, "%06d", i)
			value := min(l.ValueBytes, size-len(key))
			if rest := size - len(key) - value; rest > 0 && rest <= 6 {
				value -= 6 // leave room for another key
			}
			b.Put(key, bytes.Repeat([]byte("v"), value))
			size -= len(key) + value
		}
		return &b
	}
	good, bad := batch(n), batch(n+1)
	if len(bad.Writes) > l.Operations-1 {
		x.skipf("no batch of %d operations has %d bytes", l.Operations, n)
	}
	_, err := s.Commit(x.ctx, bad)
	x.refused(err, store.ErrTooLarge, "Commit of a batch of %d bytes", n+1)
	x.scans(s, store.Range{}, nil)
	x.commit(s, good)
	entries := x.scan(s, store.Range{})
	if len(entries) != len(good.Writes)-1 {
		x.failf("after a batch of %d puts there are %d keys", len(good.Writes)-1, len(entries))
	}
	for i, e := range entries {
		if !bytes.Equal(e.Value, good.Writes[i+1].Value) {
			x.failf("Scan yields a value of %d bytes under %q, want %d", len(e.Value), e.Key, len(good.Writes[i+1].Value))
		}
	}
}

func limitGet(x *attempt) {
	s := x.new()
	n := x.reach(s.Limits().Operations, 200_000, "operations")
	x.put(s, fmt.Sprintf("%06d", n-1), "last")
	keys := make([][]byte, n+1)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "%06d", i)
	}
	_, err := s.Get(x.ctx, keys...)
	x.refused(err, store.ErrTooLarge, "Get of %d keys", n+1)
	entries, err := s.Get(x.ctx, keys[:n]...)
	if err != nil {
		x.failf("Get of %d keys: %v", n, err)
	}
	if len(entries) != n || string(entries[n-1].Value) != "last" {
		x.failf("Get of %d keys returned %d entries, or the last is wrong", n, len(entries))
	}
	for i := range keys {
		keys[i] = keys[0]
	}
	_, err = s.Get(x.ctx, keys...)
	x.refused(err, store.ErrTooLarge, "Get of the same key %d times", n+1)
}

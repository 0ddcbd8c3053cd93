package storetest

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/store"
)

var errorRules = []Rule{
	{
		Name:  "error/no-data",
		Does:  "The text of an error holds no key and no value, neither plain nor in hex, base64 or decimal.",
		Why:   "Errors are logged, and keys and values are personal data.",
		check: errorNoData,
	},
	{
		Name:  "error/distinct",
		Does:  "ErrInvalid, ErrTooLarge, ErrConflict and ErrClosed are told apart, and none of them is an error of the context.",
		Why:   "What is tried again depends on it: an invalid call taken for a conflict is repeated for ever.",
		check: errorDistinct,
	},
	{
		Name:  "error/goes-on",
		Does:  "After refused calls the store works as before.",
		Why:   "A transaction left open by an error blocks everybody else.",
		check: errorGoesOn,
	},
}

// marker is looked for in errors. Its length is a multiple of 3, so that it is
// the same in base64 wherever it is repeated.
const marker = "zQ7xMarkerKx"

// faults calls s wrongly in every way, with keys and values full of markers, and
// returns the errors with the sentinel that each should be.
func (x *attempt) faults(s store.Store) map[string]struct{ err, is error } {
	faults := map[string]struct{ err, is error }{}
	key, l := []byte(marker), s.Limits()
	commit := func(name string, is error, b *store.Batch) {
		_, err := s.Commit(x.ctx, b)
		faults[name] = struct{ err, is error }{err, is}
	}
	long := func(n int) []byte { return []byte(strings.Repeat(marker, n/len(marker)+1)) }
	stale := x.put(s, marker, marker)
	x.put(s, marker, marker+marker)
	commit("put if absent", store.ErrConflict, when(puts(marker, marker), marker, 0))
	commit("put under a stale version", store.ErrConflict, when(puts("a", marker, marker, marker), marker, stale))
	commit("condition only", store.ErrConflict, when(&store.Batch{}, marker+"?", stale))
	commit("key put twice", store.ErrInvalid, puts(marker, marker, marker, marker))
	commit("empty key", store.ErrInvalid, puts(marker, marker, "", marker))
	commit("key with two conditions", store.ErrInvalid, when(when(puts(marker, marker), marker, 0), marker, 0))
	if l.KeyBytes <= 1<<20 {
		commit("long key", store.ErrTooLarge, &store.Batch{Writes: []store.Write{{Key: long(l.KeyBytes), Value: key}}})
		_, err := s.Get(x.ctx, key, long(l.KeyBytes))
		faults["get of a long key"] = struct{ err, is error }{err, store.ErrTooLarge}
	}
	if l.ValueBytes <= 1<<24 {
		commit("large value", store.ErrTooLarge, &store.Batch{Writes: []store.Write{{Key: key, Value: long(l.ValueBytes)}}})
	}
	_, err := s.Get(x.ctx, key, nil)
	faults["get of an empty key"] = struct{ err, is error }{err, store.ErrInvalid}
	_, err = collect(s.Scan(x.ctx, store.Range{From: key, To: append(key, 0), Limit: -1}))
	faults["negative limit"] = struct{ err, is error }{err, store.ErrInvalid}
	for name, ctx := range x.ended() {
		_, err := s.Get(ctx, key)
		faults["get, "+name] = struct{ err, is error }{err, ctx.Err()}
		_, err = s.Commit(ctx, puts(marker, marker))
		faults["commit, "+name] = struct{ err, is error }{err, ctx.Err()}
		_, err = collect(s.Scan(ctx, store.Range{From: key}))
		faults["scan, "+name] = struct{ err, is error }{err, ctx.Err()}
	}
	if deleter, ok := store.As[store.RangeDeleter](s); ok {
		faults["delete range"] = struct{ err, is error }{deleter.DeleteRange(x.ctx, store.Range{From: key, Limit: 1}), store.ErrInvalid}
	}
	x.close(s)
	_, err = s.Get(x.ctx, key)
	faults["get after close"] = struct{ err, is error }{err, store.ErrClosed}
	commit("commit after close", store.ErrClosed, puts(marker, marker))
	_, err = collect(s.Scan(x.ctx, store.Range{From: key, To: []byte(marker + "~")}))
	faults["scan after close"] = struct{ err, is error }{err, store.ErrClosed}
	return faults
}

func errorNoData(x *attempt) {
	decimal := strings.Trim(fmt.Sprint([]byte(marker)), "[]")
	forms := []string{
		marker, hex.EncodeToString([]byte(marker)), base64.StdEncoding.EncodeToString([]byte(marker)),
		decimal, strings.ReplaceAll(decimal, " ", ", "), strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintf("%# x", marker), " ", ", "), ", "),
		fmt.Sprintf("% x", marker),
	}
	for name, f := range x.faults(x.new()) {
		if f.err == nil {
			continue // another rule tells
		}
		for _, text := range []string{f.err.Error(), fmt.Sprintf("%+v", f.err)} {
			for _, form := range forms {
				if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
					x.failf("%s: the error holds the key or value, as %q", name, form)
				}
			}
		}
	}
}

func errorDistinct(x *attempt) {
	for name, f := range x.faults(x.new()) {
		x.refused(f.err, f.is, "%s", name)
		for _, other := range []error{store.ErrConflict, store.ErrInvalid, store.ErrTooLarge, store.ErrClosed, store.ErrUnknownOutcome, store.ErrUnavailable, store.ErrCorrupt} {
			if other != f.is && errors.Is(f.err, other) {
				x.failf("%s: error %v is %v as well", name, f.err, other)
			}
		}
		for _, ended := range []error{x.ended()["cancelled"].Err(), x.ended()["after its deadline"].Err()} {
			if ended != f.is && errors.Is(f.err, ended) {
				x.failf("%s: error %v is %v as well", name, f.err, ended)
			}
		}
	}
}

func errorGoesOn(x *attempt) {
	s := x.new()
	for i := range 30 {
		x.doing("calling wrongly, time after time")
		x.conflict(s, when(puts("a", "x"), "absent", 1), "put under a version of a key that is not there")
		_, err := s.Commit(x.ctx, puts("a", "x", "", "x"))
		x.refused(err, store.ErrInvalid, "Commit of an empty key")
		_, err = s.Get(x.ctx, nil)
		x.refused(err, store.ErrInvalid, "Get of an empty key")
		_, err = collect(s.Scan(x.ctx, store.Range{Limit: -1}))
		x.refused(err, store.ErrInvalid, "Scan with a negative limit")
		x.doing("writing after refused calls")
		x.put(s, fmt.Sprintf("k%02d", i), "1")
	}
	if n := len(x.scan(s, store.Range{})); n != 30 {
		x.failf("between refused calls 30 keys were put, %d are there", n)
	}
}

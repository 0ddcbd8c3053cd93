package storetest

import (
	"fmt"
	"math"

	"github.com/clientele-go/clientele/store"
)

var versionRules = []Rule{
	{
		Name:  "version/range",
		Does:  "Versions are between 1 and 1<<63-1.",
		Why:   "0 means absent, and databases have no unsigned integers to keep larger ones in.",
		check: versionRange,
	},
	{
		Name:  "version/returned",
		Does:  "Commit returns the version that Get and Scan then show of every key it put.",
		Why:   "A writer goes on under that version without reading again.",
		check: versionReturned,
	},
	{
		Name:  "version/changed",
		Does:  "Every put changes the version, also one of the same value.",
		Why:   "Who read before the put must not take what it read for the state after it.",
		check: versionChanged,
	},
	{
		Name:  "version/untouched",
		Does:  "A key keeps its version until it is written, whatever happens to others.",
		Why:   "Commits under conditions would fail though nothing that matters to them has changed.",
		check: versionUntouched,
	},
	{
		Name:  "version/delete",
		Does:  "A key that is deleted and put again gets a version it never had, alone in the store or not.",
		Why:   "A condition from before the delete would hold by accident.",
		check: versionDelete,
	},
	{
		Name:  "version/never-again",
		Does:  "Over hundreds of puts, deletes and refused commits no key ever gets a version twice.",
		Why:   "Versions made of counters per key, of hashes or of the clock repeat sooner or later.",
		check: versionNeverAgain,
	},
}

func versionRange(x *attempt) {
	s := x.new()
	for i := range 50 {
		v := x.put(s, fmt.Sprint("key", i%5), "1")
		if v < 1 || v > math.MaxInt64 {
			x.failf("Commit returned version %d", uint64(v))
		}
	}
	for _, e := range x.scan(s, store.Range{}) {
		if e.Version < 1 || e.Version > math.MaxInt64 {
			x.failf("key %q has version %d", e.Key, uint64(e.Version))
		}
	}
}

func versionReturned(x *attempt) {
	s := x.new()
	for round := range 4 {
		b := puts("a", "1", "c", fmt.Sprint(round), "d", "")
		b.Delete([]byte("b"))
		v := x.commit(s, b)
		for _, e := range append(x.get(s, "d", "a", "c"), x.scan(s, store.Range{})...) {
			if e.Version != v {
				x.failf("key %q has version %d, the commit that put it returned %d", e.Key, e.Version, v)
			}
		}
	}
}

// A lives is the versions that keys have had.
type lives map[string]map[store.Version]bool

// fresh fails if the version is 0 or one that the key has had.
func (l lives) fresh(x *attempt, key string, v store.Version, format string, args ...any) {
	if l[key] == nil {
		l[key] = map[store.Version]bool{0: true}
	}
	if l[key][v] {
		x.failf("%s: key %q has version %d, which it had before", fmt.Sprintf(format, args...), key, v)
	}
	l[key][v] = true
}

// put puts key and fails unless Commit returns and Get shows a version it never had.
func (l lives) put(x *attempt, s store.Store, key, value, format string, args ...any) {
	v := x.put(s, key, value)
	if shown := x.has(s, key, value); shown != v {
		x.failf("Commit returned version %d, Get shows %d", v, shown)
	}
	l.fresh(x, key, v, format, args...)
}

func versionChanged(x *attempt) {
	s := x.new()
	l := lives{}
	for i := range 20 {
		l.put(x, s, "a", "same", "after put %d of the same value", i)
	}
}

func versionUntouched(x *attempt) {
	s := x.new()
	v := x.put(s, "m", "1")
	x.put(s, "l", "1", "n", "1")
	x.delete(s, "l", "absent")
	x.conflict(s, when(puts("m", "2"), "n", 0), "put if another key is absent, which is there")
	for i := range 50 {
		x.put(s, fmt.Sprint("other", i), "1")
	}
	if got := x.has(s, "m", "1"); got != v {
		x.failf("the version of a key that was not written changed from %d to %d", v, got)
	}
}

func versionDelete(x *attempt) {
	for _, alone := range []bool{true, false} {
		s := x.new()
		if !alone {
			x.put(s, "\x00before", "1", "z after", "1")
		}
		l := lives{}
		for i := range 10 {
			l.put(x, s, "a", "same", "put again after %d deletes", i)
			x.delete(s, "a")
			if i%3 == 0 {
				x.delete(s, "a")
			}
		}
	}
}

func versionNeverAgain(x *attempt) {
	s := x.new()
	random := x.random(4)
	l := lives{}
	for i := range 500 {
		key := fmt.Sprint("key", random.IntN(4))
		switch random.IntN(5) {
		case 0:
			x.delete(s, key)
		case 1:
			if e := x.one(s, key); e.Version != 0 {
				x.conflict(s, when(puts(key, "x"), key, 0), "put if absent of a key that is there")
			}
		default:
			l.put(x, s, key, fmt.Sprint(random.IntN(2)), "after %d calls", i)
		}
	}
}

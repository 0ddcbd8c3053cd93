package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/store"
)

var scanRules = []Rule{
	{
		Name:  "scan/empty",
		Does:  "A scan of an empty store, or of a part that has no keys, yields nothing and no error.",
		Why:   "New tenants have no data yet.",
		check: scanEmpty,
	},
	{
		Name:  "scan/from",
		Does:  "From is included.",
		Why:   "A scan continued at the next key would lose it.",
		check: scanFrom,
	},
	{
		Name:  "scan/to",
		Does:  "To is excluded.",
		Why:   "Ranges side by side would count an entry twice.",
		check: scanTo,
	},
	{
		Name:  "scan/open",
		Does:  "An empty bound, nil or not, is no bound.",
		Why:   "The zero Range is everything; a dump must not be empty.",
		check: scanOpen,
	},
	{
		Name:  "scan/between",
		Does:  "Bounds need not be keys that are there; they are compared as bytes.",
		Why:   "Ranges are made from prefixes and times, not from keys read before.",
		check: scanBetween,
	},
	{
		Name:  "scan/long-bounds",
		Does:  "Bounds may be longer than the longest key.",
		Why:   "The range after a key ends in one more byte, also where the key is as long as it may be.",
		check: scanLongBounds,
	},
	{
		Name:  "scan/backwards-bounds",
		Does:  "A range that ends before it begins, or where it begins, is empty.",
		Why:   "Ranges are computed; an error or, worse, all keys would surprise on the edge.",
		check: scanBackwards,
	},
	{
		Name:  "scan/under",
		Does:  "The range of store.Under yields the keys with that prefix, also where it ends in 0xff.",
		Why:   "All keys of a customer are read and erased by prefix.",
		check: scanUnder,
	},
	{
		Name:  "scan/reverse",
		Does:  "Reverse yields the same entries in descending order: From stays included and To excluded.",
		Why:   "The newest event is the first of a reverse scan.",
		check: scanReverse,
	},
	{
		Name:  "scan/limit",
		Does:  "At most Limit entries are yielded, the first ones; 0 is no limit.",
		Why:   "Pages of a list are read with it; one entry too few or too many is skipped or shown twice.",
		check: scanLimit,
	},
	{
		Name:  "scan/limit-reverse",
		Does:  "With Reverse the limit counts from the end.",
		Why:   "The last five orders of a customer are asked for that way.",
		check: scanLimitReverse,
	},
	{
		Name:  "scan/negative-limit",
		Does:  "A negative limit is ErrInvalid, as the only element.",
		Why:   "A limit that was reckoned wrong must not silently become everything or nothing.",
		check: scanNegativeLimit,
	},
	{
		Name:  "scan/all-bounds",
		Does:  "All pairs of bounds around keys with 0x00 and 0xff, both directions and all limits, agree with a sorted list.",
		Why:   "Mistakes at one bound hide in combinations.",
		check: scanAllBounds,
	},
	{
		Name:  "scan/break",
		Does:  "Leaving the loop early ends the scan, and the store goes on working, hundreds of times.",
		Why:   "Who looks for one entry leaves; connections and locks it kept would run out.",
		check: scanBreak,
	},
	{
		Name:  "scan/again",
		Does:  "A sequence used again scans anew: it sees what was committed since, also after it was left early.",
		Why:   "A retry iterates over the same sequence.",
		check: scanAgain,
	},
	{
		Name:  "scan/lazy",
		Does:  "A sequence shows the store as it is when it is iterated, not when it was made.",
		Why:   "Sequences are made ahead and handed on; old data in them would be taken for new.",
		check: scanLazy,
	},
	{
		Name:  "scan/pages",
		Does:  "Thousands of entries are yielded once each, in order, in both directions and with limits around round numbers.",
		Why:   "Adapters read in pages; an entry at the edge of a page is easily lost or doubled.",
		check: scanPages,
	},
	{
		Name:  "scan/large-values",
		Does:  "A scan of values that together are larger than a batch yields all of them whole.",
		Why:   "Profiles are large, and pages may be cut by bytes as well.",
		check: scanLargeValues,
	},
	{
		Name:  "scan/nested",
		Does:  "A scan, a Get and another use of the same sequence are allowed in the loop of a scan.",
		Why:   "For every customer of a range its own keys are read; a single connection would wait for itself.",
		check: scanNested,
	},
	{
		Name:  "scan/entries",
		Does:  "Entries of a scan have the values and versions that Get shows.",
		Why:   "What a scan found is changed under the condition of its version.",
		check: scanEntries,
	},
}

func scanEmpty(x *attempt) {
	s := x.new()
	for _, reverse := range []bool{false, true} {
		x.scans(s, store.Range{Reverse: reverse}, nil)
		x.scans(s, store.Range{From: []byte("a"), To: []byte("b"), Limit: 5, Reverse: reverse}, nil)
	}
	x.put(s, "c", "1")
	x.scans(s, store.Range{To: []byte("b")}, nil)
	x.scans(s, store.Range{From: []byte("d")}, nil)
	x.delete(s, "c")
	x.scans(s, store.Range{}, nil)
}

// letters opens a store with the keys b, d, f and h.
func (x *attempt) letters() store.Store {
	s := x.new()
	x.fill(s, []string{"b", "d", "f", "h"})
	return s
}

func scanFrom(x *attempt) {
	s := x.letters()
	x.scans(s, store.Range{From: []byte("d")}, []string{"d", "f", "h"})
	x.scans(s, store.Range{From: []byte("h")}, []string{"h"})
	x.scans(s, store.Range{From: []byte("d\x00")}, []string{"f", "h"})
	x.scans(s, store.Range{From: []byte("d"), Reverse: true}, []string{"h", "f", "d"})
	x.scans(s, store.Range{From: []byte("d\x00"), Reverse: true}, []string{"h", "f"})
}

func scanTo(x *attempt) {
	s := x.letters()
	x.scans(s, store.Range{To: []byte("f")}, []string{"b", "d"})
	x.scans(s, store.Range{To: []byte("b")}, nil)
	x.scans(s, store.Range{To: []byte("f\x00")}, []string{"b", "d", "f"})
	x.scans(s, store.Range{To: []byte("f"), Reverse: true}, []string{"d", "b"})
	x.scans(s, store.Range{To: []byte("f\x00"), Reverse: true}, []string{"f", "d", "b"})
}

func scanOpen(x *attempt) {
	s := x.new()
	keys := []string{"\x00", "a", "\xff", "\xff\xff\xff"}
	x.fill(s, keys)
	for _, from := range [][]byte{nil, {}} {
		for _, to := range [][]byte{nil, {}} {
			x.scans(s, store.Range{From: from, To: to}, keys)
			x.scans(s, store.Range{From: from, To: to, Reverse: true}, reversed(keys))
		}
		x.scans(s, store.Range{From: []byte("a"), To: from}, keys[1:])
		x.scans(s, store.Range{From: from, To: []byte("\xff")}, keys[:2])
	}
}

func scanBetween(x *attempt) {
	s := x.letters()
	x.scans(s, store.Range{From: []byte("c"), To: []byte("g")}, []string{"d", "f"})
	x.scans(s, store.Range{From: []byte("\x00"), To: []byte("\xff")}, []string{"b", "d", "f", "h"})
	x.scans(s, store.Range{From: []byte("ccc"), To: []byte("dd")}, []string{"d"})
	x.scans(s, store.Range{From: []byte("dd"), To: []byte("ddd")}, nil)
	x.scans(s, store.Range{From: []byte("c"), To: []byte("g"), Reverse: true}, []string{"f", "d"})
	x.scans(s, store.Range{From: []byte("z"), Reverse: true}, nil)
}

func scanLongBounds(x *attempt) {
	s := x.new()
	n := s.Limits().KeyBytes
	longest := strings.Repeat("m", n)
	keys := []string{"a", longest, longest[:n-1] + "n", "z"}
	x.fill(s, keys)
	x.scans(s, store.Range{From: []byte(longest + "\x00")}, keys[2:])
	x.scans(s, store.Range{To: []byte(longest + "\x00")}, keys[:2])
	x.scans(s, store.Range{From: []byte(longest), To: []byte(longest + "\x00")}, keys[1:2])
	x.scans(s, store.Range{From: []byte(longest + longest), To: []byte(longest[:n-1] + "n" + longest)}, keys[2:3])
	x.scans(s, store.Range{From: []byte(strings.Repeat("a", 2*n)), To: []byte(strings.Repeat("\xff", 2*n)), Reverse: true}, reversed(keys[1:]))
}

func scanBackwards(x *attempt) {
	s := x.letters()
	for _, bounds := range [][2]string{{"f", "d"}, {"d", "d"}, {"c", "c"}, {"g", "c"}, {"z", "a"}, {"\xff", "\x00"}, {"d\x00", "d"}} {
		for _, reverse := range []bool{false, true} {
			for _, limit := range []int{0, 1, 10} {
				x.scans(s, store.Range{From: []byte(bounds[0]), To: []byte(bounds[1]), Reverse: reverse, Limit: limit}, nil)
			}
		}
	}
}

func scanUnder(x *attempt) {
	s := x.new()
	x.fill(s, orderedKeys)
	for _, prefix := range []string{"", "\x00", "a", "a\x00", "a\xff", "a\xff\xff", "\xfe", "\xff", "\xff\xff", "\xff\xff\xff\xff", "\xfe\xff", "b", "q"} {
		var want []string
		for _, k := range orderedKeys {
			if strings.HasPrefix(k, prefix) {
				want = append(want, k)
			}
		}
		r := store.Under([]byte(prefix))
		x.scans(s, r, want)
		r.Reverse = true
		x.scans(s, r, reversed(want))
	}
}

func scanReverse(x *attempt) {
	s := x.letters()
	x.scans(s, store.Range{Reverse: true}, []string{"h", "f", "d", "b"})
	x.scans(s, store.Range{From: []byte("d"), To: []byte("h"), Reverse: true}, []string{"f", "d"})
	x.scans(s, store.Range{From: []byte("b"), To: []byte("b\x00"), Reverse: true}, []string{"b"})
	x.scans(s, store.Range{From: []byte("d"), To: []byte("f"), Reverse: true}, []string{"d"})
}

func scanLimit(x *attempt) {
	s := x.letters()
	all := []string{"b", "d", "f", "h"}
	for limit := range 6 {
		want := all
		if limit > 0 {
			want = all[:min(limit, 4)]
		}
		x.scans(s, store.Range{Limit: limit}, want)
	}
	x.scans(s, store.Range{Limit: 1 << 30}, all)
	x.scans(s, store.Range{Limit: int(^uint(0) >> 1)}, all)
	x.scans(s, store.Range{From: []byte("c"), To: []byte("h"), Limit: 1}, []string{"d"})
	x.scans(s, store.Range{From: []byte("c"), To: []byte("h"), Limit: 2}, []string{"d", "f"})
	x.scans(s, store.Range{From: []byte("c"), To: []byte("h"), Limit: 3}, []string{"d", "f"})
}

func scanLimitReverse(x *attempt) {
	s := x.letters()
	all := []string{"h", "f", "d", "b"}
	for limit := 1; limit < 6; limit++ {
		x.scans(s, store.Range{Limit: limit, Reverse: true}, all[:min(limit, 4)])
	}
	x.scans(s, store.Range{From: []byte("b"), To: []byte("h"), Limit: 1, Reverse: true}, []string{"f"})
	x.scans(s, store.Range{From: []byte("b"), To: []byte("h"), Limit: 2, Reverse: true}, []string{"f", "d"})
}

func scanNegativeLimit(x *attempt) {
	s := x.letters()
	for _, r := range []store.Range{{Limit: -1}, {Limit: -1 << 31, Reverse: true}, {From: []byte("x"), To: []byte("a"), Limit: -2}} {
		entries, err := collect(s.Scan(x.ctx, r))
		x.refused(err, store.ErrInvalid, "Scan with limit %d", r.Limit)
		if len(entries) > 0 {
			x.failf("Scan with limit %d yields %d entries before its error", r.Limit, len(entries))
		}
	}
}

func scanAllBounds(x *attempt) {
	s := x.new()
	alphabet := []string{"\x00", "\x00\x00", "\x00\xff", "a", "a\x00", "a\xff", "b", "\xff", "\xff\x00", "\xff\xff"}
	var keys []string
	for i, k := range alphabet {
		if i%3 != 2 {
			keys = append(keys, k)
		}
	}
	x.fill(s, keys)
	bounds := append([]string{"", "a\x00\x00", "a\xff\xff", "\xff\xff\xff"}, alphabet...)
	for _, from := range bounds {
		for _, to := range bounds {
			var want []string
			for _, k := range keys {
				if k >= from && (to == "" || k < to) {
					want = append(want, k)
				}
			}
			x.scans(s, store.Range{From: []byte(from), To: []byte(to)}, want)
			back := reversed(want)
			x.scans(s, store.Range{From: []byte(from), To: []byte(to), Reverse: true}, back)
			limit := 1 + (len(from)+len(to))%3
			x.scans(s, store.Range{From: []byte(from), To: []byte(to), Limit: limit}, want[:min(limit, len(want))])
			x.scans(s, store.Range{From: []byte(from), To: []byte(to), Limit: limit, Reverse: true}, back[:min(limit, len(back))])
		}
	}
}

func scanBreak(x *attempt) {
	s := x.new()
	var keys []string
	for i := range 50 {
		keys = append(keys, fmt.Sprintf("k%02d", i))
	}
	x.fill(s, keys)
	for i := range 300 {
		x.doing("scanning again after %d loops that were left early", i)
		n := 0
		for e, err := range s.Scan(x.ctx, store.Range{Reverse: i%2 == 1}) {
			if err != nil {
				x.failf("Scan after %d loops that were left early: %v", i, err)
			}
			want := keys[n]
			if i%2 == 1 {
				want = keys[len(keys)-1-n]
			}
			if string(e.Key) != want {
				x.failf("Scan yields %q as key %d, want %q", e.Key, n, want)
			}
			if n++; n > i%3 {
				break
			}
		}
	}
	x.doing("writing after 300 loops that were left early")
	x.put(s, "k99", "1")
	x.scans(s, store.Range{}, append(keys, "k99"))
}

func scanAgain(x *attempt) {
	s := x.letters()
	seq := s.Scan(x.ctx, store.Range{From: []byte("c")})
	expect := func(want ...string) {
		entries, err := collect(seq)
		if err != nil {
			x.failf("Scan used again: %v", err)
		}
		if got := keysOf(entries); !slices.Equal(got, want) {
			x.failf("a sequence used again yields %q, want %q", got, want)
		}
	}
	expect("d", "f", "h")
	expect("d", "f", "h")
	x.put(s, "e", "1")
	x.delete(s, "h")
	expect("d", "e", "f")
	for range seq {
		break
	}
	expect("d", "e", "f")
}

func scanLazy(x *attempt) {
	s := x.letters()
	seq := s.Scan(x.ctx, store.Range{})
	x.put(s, "a", "new", "d", "new")
	x.delete(s, "h")
	entries, err := collect(seq)
	if err != nil {
		x.failf("Scan: %v", err)
	}
	if got := keysOf(entries); !slices.Equal(got, []string{"a", "b", "d", "f"}) {
		x.failf("a scan iterated after a commit yields %q", got)
	}
	if string(entries[2].Value) != "new" {
		x.failf("a scan iterated after a commit yields the value before it")
	}
}

func scanPages(x *attempt) {
	s := x.new()
	const n = 5000
	keys := numbered(n)
	x.fill(s, keys)
	back := reversed(keys)
	x.scans(s, store.Range{}, keys)
	x.scans(s, store.Range{Reverse: true}, back)
	for _, limit := range []int{99, 100, 101, 255, 256, 257, 499, 500, 501, 999, 1000, 1001, 1024, 1025, 2000, 2001, 4096, n - 1, n, n + 1} {
		x.scans(s, store.Range{Limit: limit}, keys[:min(limit, n)])
		x.scans(s, store.Range{Limit: limit, Reverse: true}, back[:min(limit, n)])
	}
	x.scans(s, store.Range{From: []byte(keys[7]), To: []byte(keys[n-3])}, keys[7:n-3])
	x.scans(s, store.Range{From: []byte(keys[7]), To: []byte(keys[n-3]), Reverse: true}, back[3:n-7])
}

func scanLargeValues(x *attempt) {
	s := x.new()
	size := min(s.Limits().ValueBytes, 256<<10)
	n := min(s.Limits().BatchBytes, 8<<20)/size + 3
	for i := range n {
		key := fmt.Sprintf("k%04d", i)
		x.put(s, key, key+strings.Repeat(string(rune('a'+i%26)), size-len(key)))
	}
	for _, reverse := range []bool{false, true} {
		entries := x.scan(s, store.Range{Reverse: reverse})
		if len(entries) != n {
			x.failf("Scan yields %d entries, want %d", len(entries), n)
		}
		for _, e := range entries {
			if len(e.Value) != size || !bytes.HasPrefix(e.Value, e.Key) || e.Value[size-1] != e.Value[len(e.Key)] {
				x.failf("Scan yields a value of %d bytes under %q, not the one of %d that was put", len(e.Value), e.Key, size)
			}
		}
	}
}

func scanNested(x *attempt) {
	s := x.letters()
	seq := s.Scan(x.ctx, store.Range{})
	n := 0
	for a, err := range seq {
		if err != nil {
			x.failf("Scan: %v", err)
		}
		x.doing("reading in the loop of a scan")
		x.has(s, string(a.Key), "v"+string(a.Key))
		x.doing("scanning in the loop of a scan")
		for b, err := range seq {
			if err != nil {
				x.failf("Scan in the loop of a scan: %v", err)
			}
			for _, err := range s.Scan(x.ctx, store.Range{From: b.Key, Reverse: true}) {
				if err != nil {
					x.failf("Scan in the loop of a scan: %v", err)
				}
				n++
			}
		}
	}
	if want := 4 * (4 + 3 + 2 + 1); n != want {
		x.failf("three scans within each other yield %d entries, want %d", n, want)
	}
}

func scanEntries(x *attempt) {
	s := x.letters()
	x.put(s, "d", "changed")
	x.put(s, "f", "", "g", "new")
	for _, e := range x.scan(s, store.Range{}) {
		if got := x.one(s, string(e.Key)); got.Version != e.Version || string(got.Value) != string(e.Value) {
			x.failf("key %q has value %q and version %d by Scan, %q and %d by Get", e.Key, e.Value, e.Version, got.Value, got.Version)
		}
	}
}

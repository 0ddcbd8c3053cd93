package storetest

import (
	"slices"
	"strings"

	"github.com/clientele-go/clientele/store"
)

var keyRules = []Rule{
	{
		Name:  "key/order",
		Does:  "Keys are ordered by their bytes, also with 0x00 and 0xff in them; a key comes before those that it begins.",
		Why:   "Numbers and ids are encoded so that the order of bytes is theirs; in another order a range holds the wrong customers.",
		check: keyOrder,
	},
	{
		Name:  "key/bytes",
		Does:  "Each of the 256 bytes is a key of its own.",
		Why:   "Binary ids contain every byte; two of them taken for one mix two customers.",
		check: keyBytes,
	},
	{
		Name:  "key/alike",
		Does:  "Keys that people read as the same are different: case, accents, trailing spaces and zeros, composed and decomposed letters, invalid UTF-8.",
		Why:   "A database that compares text by a collation would give one customer the data of another.",
		check: keyAlike,
	},
	{
		Name:  "key/random",
		Does:  "Some hundred random keys come back, each with its value, in order and against it.",
		Why:   "Encodings of keys go wrong on combinations that nobody listed.",
		check: keyRandom,
	},
	{
		Name:  "key/empty",
		Does:  "An empty or nil key is ErrInvalid in Get, puts, deletes and conditions, and nothing is written.",
		Why:   "Databases differ in what an empty key is; a program that makes one by mistake must hear of it on all of them.",
		check: keyEmpty,
	},
	{
		Name:  "key/of-entry",
		Does:  "Entries of Get and Scan bear the key as it was written.",
		Why:   "Ids are read back from keys.",
		check: keyOfEntry,
	},
}

// orderedKeys are keys in ascending order that have been taken for others or put
// in another order.
var orderedKeys = []string{
	"\x00", "\x00\x00", "\x00\x00\x01", "\x00\x01", "\x00\xff", "\x01", "\x01\x00", "\t", "\n", " ", "  ", "!", "%", "'", "''", "*", "/", "0", "00", "10", "2",
	"A", "B", "\\", "\\\\", "_", "a", "a\x00", "a\x00\x00", "a\x00b", "a\x01", "a ", "a%", "a'", "aa", "a\xff", "a\xff\x00", "a\xff\xff", "b",
	"e", "e\u0301", "ss", "z", "\x7f", "\x80", "\xc3", "\xc3\x28", "\u00df", "\u00e4", "\u00e9", "\u0131", "\u212a", "\U0001f600", "\xfe", "\xfe\xff", "\xff", "\xff\x00", "\xff\xfe", "\xff\xff", "\xff\xff\xff",
}

func keyOrder(x *attempt) {
	s := x.new()
	x.fill(s, orderedKeys)
	x.scans(s, store.Range{}, orderedKeys)
	x.scans(s, store.Range{Reverse: true}, reversed(orderedKeys))
}

// fill puts keys in random order, one batch after the other; a value is its key
// with a letter in front.
func (x *attempt) fill(s store.Store, keys []string) {
	shuffled := slices.Clone(keys)
	x.random(1).Shuffle(len(keys), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	most := min(s.Limits().Operations, 1000)
	for part := range slices.Chunk(shuffled, max(1, min(most, len(keys)/3))) {
		var b store.Batch
		for _, k := range part {
			b.Put([]byte(k), []byte("v"+k))
		}
		x.commit(s, &b)
	}
}

func reversed(keys []string) []string {
	r := slices.Clone(keys)
	slices.Reverse(r)
	return r
}

func keyBytes(x *attempt) {
	s := x.new()
	var keys []string
	for i := range 256 {
		keys = append(keys, string([]byte{byte(i)}))
	}
	x.fill(s, keys)
	for i, e := range x.get(s, keys...) {
		if e.Version == 0 || string(e.Value) != "v"+keys[i] {
			x.failf("key %q has value %q", keys[i], e.Value)
		}
	}
	x.scans(s, store.Range{}, keys)
}

func keyAlike(x *attempt) {
	s := x.new()
	alike := []string{
		"key", "Key", "KEY", "key ", " key", "key\x00", "key\t", "k\u00e9y", "ke\u0301y", "k\u00cbY", "\u212aey", "key\u200b", "ke\xffy", "ke\xfey", "ke\ufffdy",
		"stra\u00dfe", "strasse", "1", "01", "1.0", "+1", "1e0", "NULL", "null", "\\x6b6579", "0x6b6579", "6b6579", "a2V5",
	}
	for i, k := range alike {
		x.lacks(s, k)
		x.put(s, k, "v"+k)
		if i%2 == 1 {
			x.has(s, alike[i-1], "v"+alike[i-1])
		}
	}
	for _, k := range alike {
		x.has(s, k, "v"+k)
	}
	x.delete(s, alike[0])
	x.lacks(s, alike[0])
	for _, k := range alike[1:] {
		x.has(s, k, "v"+k)
	}
}

func keyRandom(x *attempt) {
	s := x.new()
	random := x.random(2)
	bytes := []byte{0, 1, 2, 'a', 0x7f, 0x80, 0xfe, 0xff}
	set := map[string]bool{}
	for len(set) < 400 {
		k := make([]byte, 1+random.IntN([]int{4, 40}[random.IntN(2)]))
		for i := range k {
			k[i] = bytes[random.IntN(len(bytes))]
		}
		set[string(k)] = true
	}
	var keys []string
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	x.fill(s, keys)
	x.scans(s, store.Range{}, keys)
	x.scans(s, store.Range{Reverse: true}, reversed(keys))
	for i, e := range x.get(s, keys...) {
		if string(e.Value) != "v"+keys[i] {
			x.failf("key %s has value %s", show(keys[i]), show(e.Value))
		}
	}
	for range 200 {
		from, to := keys[random.IntN(len(keys))], keys[random.IntN(len(keys))]
		if from > to {
			from, to = to, from
		}
		i, _ := slices.BinarySearch(keys, from)
		j, _ := slices.BinarySearch(keys, to)
		x.scans(s, store.Range{From: []byte(from), To: []byte(to)}, keys[i:j])
	}
}

func keyEmpty(x *attempt) {
	s := x.new()
	x.put(s, "other", "1")
	for _, empty := range [][]byte{nil, {}} {
		_, err := s.Get(x.ctx, empty)
		x.refused(err, store.ErrInvalid, "Get of an empty key")
		_, err = s.Get(x.ctx, []byte("other"), empty)
		x.refused(err, store.ErrInvalid, "Get of a key and an empty one")
		for name, b := range map[string]*store.Batch{
			"put":       {Writes: []store.Write{{Key: []byte("good")}, {Key: empty}}},
			"delete":    {Writes: []store.Write{{Key: []byte("good")}, {Key: empty, Delete: true}}},
			"condition": {Writes: []store.Write{{Key: []byte("good")}}, Conditions: []store.Condition{{Key: empty}}},
		} {
			_, err := s.Commit(x.ctx, b)
			x.refused(err, store.ErrInvalid, "%s of an empty key", name)
		}
	}
	x.scans(s, store.Range{}, []string{"other"})
}

func keyOfEntry(x *attempt) {
	s := x.new()
	long := strings.Repeat("\xff\x00k", s.Limits().KeyBytes/3)
	x.fill(s, []string{"short", long})
	for _, e := range append(x.get(s, "short", long), x.scan(s, store.Range{})...) {
		if string(e.Value) != "v"+string(e.Key) {
			x.failf("entry with key %s has value %s, which was put under another", show(e.Key), show(e.Value))
		}
	}
}

package storetest

import (
	"strings"

	"github.com/clientele-go/clientele/store"
)

var valueRules = []Rule{
	{
		Name:  "value/empty",
		Does:  "A nil and an empty value are the same: the key is there, its value has no bytes.",
		Why:   "Marks and indexes are keys without a value; taken for absent, an index loses its customers.",
		check: valueEmpty,
	},
	{
		Name:  "value/bytes",
		Does:  "Values come back byte for byte: zeros and spaces at the end, invalid UTF-8, every byte.",
		Why:   "Values are binary; one changed byte makes them corrupt.",
		check: valueBytes,
	},
	{
		Name:  "value/sizes",
		Does:  "Values of all sizes up to the limit, around powers of two above all, come back whole from Get and Scan.",
		Why:   "Profiles grow; a value cut at the length of a column is lost without an error.",
		check: valueSizes,
	},
	{
		Name:  "value/replaced",
		Does:  "A put replaces the whole value, be the new one shorter, longer or empty.",
		Why:   "What a customer asked to forget must not stay behind a shorter value.",
		check: valueReplaced,
	},
}

func valueEmpty(x *attempt) {
	s := x.new()
	var b store.Batch
	b.Put([]byte("a"), nil)
	b.Put([]byte("b"), []byte{})
	b.Put([]byte("c"), []byte("x"))
	v := x.commit(s, &b)
	for _, key := range []string{"a", "b"} {
		if got := x.has(s, key, ""); got != v {
			x.failf("key %q has version %d, its commit returned %d", key, got, v)
		}
		x.conflict(s, when(puts("d", "1"), key, 0), "commit on condition that a key with an empty value is absent")
	}
	x.scans(s, store.Range{}, []string{"a", "b", "c"})
	for _, e := range x.scan(s, store.Range{To: []byte("c")}) {
		if len(e.Value) != 0 {
			x.failf("Scan yields value %s under %q, want none", show(e.Value), e.Key)
		}
	}
}

func valueBytes(x *attempt) {
	s := x.new()
	var all strings.Builder
	for i := range 256 {
		all.WriteByte(byte(i))
	}
	values := map[string]string{
		"every byte": all.String(), "zero": "\x00", "zeros at the end": "a\x00\x00", "spaces": " a  ", "line ends": "a\r\nb\n", "invalid UTF-8": "\xff\xfe\xc3(",
		"decomposed": "e\u0301", "backslash": `\x00\\`, "quotes": `'"''`, "percent": "%s%%_", "null": "NULL", "number": "1e400", "json": `{"a" : 1.0}`,
	}
	for k, v := range values {
		x.put(s, k, v)
	}
	for k, v := range values {
		x.has(s, k, v)
	}
	for _, e := range x.scan(s, store.Range{}) {
		if string(e.Value) != values[string(e.Key)] {
			x.failf("Scan yields value %q of %s, want %q", e.Value, e.Key, values[string(e.Key)])
		}
	}
}

func valueSizes(x *attempt) {
	s := x.new()
	most := min(s.Limits().ValueBytes, s.Limits().BatchBytes-8)
	want := map[string]string{}
	random := x.random(3)
	for _, size := range []int{0, 1, 2, 63, 64, 127, 128, 254, 255, 256, 257, 999, 4095, 4096, 4097, 8191, 8192, 16383, 16384, 32767, 32768, 65535, 65536, 1 << 17, 1 << 20} {
		if size > most {
			break
		}
		v := make([]byte, size)
		for i := range v {
			v[i] = byte(random.Uint32())
		}
		key := string([]byte{'v', byte(len(want))})
		want[key] = string(v)
		x.put(s, key, string(v))
	}
	for key, value := range want {
		x.has(s, key, value)
	}
	entries := x.scan(s, store.Range{})
	if len(entries) != len(want) {
		x.failf("Scan yields %d entries, want %d", len(entries), len(want))
	}
	for _, e := range entries {
		if string(e.Value) != want[string(e.Key)] {
			x.failf("Scan yields %d bytes under %q, not the %d that were put", len(e.Value), e.Key, len(want[string(e.Key)]))
		}
	}
}

func valueReplaced(x *attempt) {
	s := x.new()
	for _, value := range []string{"first", "longer than the first", "short", "", "again", strings.Repeat("x", 5000), "y"} {
		x.put(s, "key", value)
		x.has(s, "key", value)
		if all := x.scan(s, store.Range{}); len(all) != 1 || string(all[0].Value) != value {
			x.failf("Scan after putting %s yields %d entries, or another value", show(value), len(all))
		}
	}
}

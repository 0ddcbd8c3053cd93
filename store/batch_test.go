package store_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func TestBatchCheck(t *testing.T) {
	l := store.Limits{KeyBytes: 4, ValueBytes: 8, Operations: 3, BatchBytes: 16}
	for name, c := range map[string]struct {
		fill func(*store.Batch)
		want error
		text string
	}{
		"empty":           {func(*store.Batch) {}, nil, ""},
		"longest key":     {func(b *store.Batch) { b.Put([]byte("1234"), nil) }, nil, ""},
		"key too long":    {func(b *store.Batch) { b.Delete([]byte("12345")) }, store.ErrTooLarge, "write 0: key of 5 bytes, at most 4"},
		"condition's key": {func(b *store.Batch) { b.If([]byte("12345"), 0) }, store.ErrTooLarge, "condition 0: key of 5 bytes"},
		"empty key":       {func(b *store.Batch) { b.Put(nil, nil) }, store.ErrInvalid, "write 0: empty key"},
		"empty condition": {func(b *store.Batch) { b.If(nil, 0) }, store.ErrInvalid, "condition 0: empty key"},
		"longest value":   {func(b *store.Batch) { b.Put([]byte("a"), make([]byte, 8)) }, nil, ""},
		"value too long":  {func(b *store.Batch) { b.Put([]byte("a"), make([]byte, 9)) }, store.ErrTooLarge, "write 0: value of 9 bytes, at most 8"},
		"value of deleted": {func(b *store.Batch) {
			b.Writes = []store.Write{{Key: []byte("a"), Value: make([]byte, 99), Delete: true}}
		}, nil, ""},
		"all operations": {func(b *store.Batch) {
			b.Put([]byte("a"), nil)
			b.Delete([]byte("b"))
			b.If([]byte("a"), 0)
		}, nil, ""},
		"too many operations": {func(b *store.Batch) {
			b.Put([]byte("a"), nil)
			b.Delete([]byte("b"))
			b.If([]byte("a"), 0)
			b.If([]byte("b"), 0)
		}, store.ErrTooLarge, "batch of 4 operations, at most 3"},
		"all bytes": {func(b *store.Batch) {
			b.Put([]byte("1234"), make([]byte, 8))
			b.If([]byte("1234"), 0)
		}, nil, ""},
		"too many bytes": {func(b *store.Batch) {
			b.Put([]byte("1234"), make([]byte, 8))
			b.Put([]byte("1"), make([]byte, 4))
		}, store.ErrTooLarge, "batch of 17 bytes, at most 16"},
		"written twice": {func(b *store.Batch) {
			b.Put([]byte("b"), nil)
			b.Put([]byte("a"), nil)
			b.Delete([]byte("b"))
		}, store.ErrInvalid, "write 2: its key is written twice"},
		"two conditions": {func(b *store.Batch) {
			b.If([]byte("a"), 0)
			b.If([]byte("a"), 1)
		}, store.ErrInvalid, "condition 1: its key has two conditions"},
	} {
		t.Run(name, func(t *testing.T) {
			var b store.Batch
			c.fill(&b)
			err := b.Check(l)
			require.ErrorIs(t, err, c.want)
			if c.want != nil {
				require.ErrorContains(t, err, c.text)
			}
		})
	}
}

func TestUnder(t *testing.T) {
	for prefix, to := range map[string]string{
		"":              "",
		"a":             "b",
		"a\xff":         "b",
		"a\x00":         "a\x01",
		"\xff\xff":      "",
		"a\xfe\xff\xff": "a\xff",
	} {
		r := store.Under([]byte(prefix))
		require.Equal(t, prefix, string(r.From))
		require.Equal(t, to, string(r.To), "after %q", prefix)
		for _, key := range []string{"", "\x00", "a", "a\x00", "a\x00z", "a\xfe\xff\xff", "a\xff", "a\xff\xff", "b", "\xfe", "\xff", "\xff\xff", "\xff\xff\x00"} {
			in := key >= string(r.From) && (len(r.To) == 0 || key < string(r.To))
			require.Equal(t, bytes.HasPrefix([]byte(key), []byte(prefix)), in, "%q under %q", key, prefix)
		}
	}
}

package sqlstore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// The operations of random batches are those of a slow search, in the order of keys.
func TestOperations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := &store.Batch{}
		var all [][]byte
		for _, i := range random.Perm(20)[:random.IntN(20)] {
			key := fmt.Appendf(nil, "k%02d", i)
			all = append(all, key)
			if random.IntN(3) > 0 {
				b.Conditions = append(b.Conditions, store.Condition{Key: key, Version: store.Version(random.IntN(3))})
				if random.IntN(2) == 0 {
					continue
				}
			}
			if random.IntN(3) == 0 {
				b.Delete(key)
			} else {
				b.Put(key, key[1:])
			}
		}
		random.Shuffle(len(b.Writes), func(i, j int) { b.Writes[i], b.Writes[j] = b.Writes[j], b.Writes[i] })
		slices.SortFunc(all, bytes.Compare)
		got := operations(b)
		require.Len(t, got, len(all))
		for i, key := range all {
			want := op{key: key, condition: -1}
			if w := slices.IndexFunc(b.Writes, func(w store.Write) bool { return bytes.Equal(w.Key, key) }); w >= 0 {
				want.write, want.value = put, b.Writes[w].Value
				if b.Writes[w].Delete {
					want.write = remove
				}
			}
			if c := slices.IndexFunc(b.Conditions, func(c store.Condition) bool { return bytes.Equal(c.Key, key) }); c >= 0 {
				want.condition, want.want = c, int64(b.Conditions[c].Version)
			}
			require.Equal(t, want, got[i])
		}
	}
}

// What a commit sends to a server: one statement where that is enough, and locks in the
// order of keys, before all else, where it is not.
func TestStatements(t *testing.T) {
	const lock, share = "WHERE false", "FOR SHARE NOWAIT"
	s, server := opened(t, PostgreSQL)
	a, b, c := []byte("a"), []byte("b"), []byte("c")
	first := &store.Batch{}
	first.Put(a, nil)
	v, err := s.Commit(t.Context(), first)
	require.NoError(t, err)
	for _, test := range []struct {
		name  string
		build func(*store.Batch)
		want  []string // parts of the statements
	}{
		{"nothing", func(*store.Batch) {}, nil},
		{"a put", func(x *store.Batch) { x.Put(b, nil) }, []string{"excluded.value"}},
		{"puts", func(x *store.Batch) { x.Put(c, nil); x.Put(b, nil) }, []string{"excluded.value"}},
		{"conditions", func(x *store.Batch) { x.If([]byte("x"), 0); x.If(a, v) }, []string{"SELECT key, version"}},
		{"deleting what is absent", func(x *store.Batch) { x.Delete([]byte("x")); x.If([]byte("x"), 0) }, []string{"SELECT key, version"}},
		{"a delete", func(x *store.Batch) { x.Delete(c) }, []string{"DELETE"}},
		{"a new key", func(x *store.Batch) { x.Put(c, nil); x.If(c, 0) }, []string{"DO NOTHING"}},
		{"new keys", func(x *store.Batch) {
			x.Put([]byte("d"), nil)
			x.If([]byte("d"), 0)
			x.Put([]byte("e"), nil)
			x.If([]byte("e"), 0)
		}, []string{"BEGIN", lock, "COMMIT"}},
		{"a put and a key that must be absent", func(x *store.Batch) { x.Put([]byte("f"), nil); x.If([]byte("x"), 0) }, []string{"BEGIN", lock, "DELETE", "COMMIT"}},
		{"a put and a key that must stay", func(x *store.Batch) { x.Put([]byte("g"), nil); x.If(a, v) }, []string{"BEGIN", lock, share, "COMMIT"}},
		{"puts and deletes", func(x *store.Batch) { x.Put(c, nil); x.Delete(b) }, []string{"BEGIN", "excluded.value", "DELETE", "COMMIT"}},
		{"a put beside a new version", func(x *store.Batch) { x.Put(a, nil); x.If(a, v); x.Put(c, nil) }, []string{"BEGIN", lock, "SELECT key, version", "excluded.value", "COMMIT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.said()
			batch := &store.Batch{}
			test.build(batch)
			_, err := s.Commit(t.Context(), batch)
			require.NoError(t, err)
			said := server.said()
			require.Len(t, said, len(test.want), strings.Join(said, "\n"))
			for i, part := range test.want {
				require.Contains(t, said[i], part)
			}
		})
	}
}

func TestPacker(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var p packer
	var want []row
	for range 100 {
		r := row{key: make([]byte, 1+random.IntN(9)), value: make([]byte, random.IntN(9)), version: random.Int64()}
		for i := range r.key {
			r.key[i] = byte(random.Uint32())
		}
		want = append(want, r)
		p.add(r.key, r.value)
		p.number(r.version)
	}
	require.Equal(t, want, inserted("unnest", p.args(4)))
}

func TestChunk(t *testing.T) {
	size := func(n int) func(int) int { return func(int) int { return n } }
	require.Equal(t, 3, chunk(3, size(1)))
	require.Equal(t, chunkRows, chunk(10_000, size(1)))
	require.Equal(t, 1, chunk(5, size(2*chunkBytes)))
	require.Equal(t, 4, chunk(9, size(chunkBytes/4)))
}

// A scan that runs into large values does not hold a page of them in memory.
func TestScanCut(t *testing.T) {
	s, server := opened(t, PostgreSQL)
	for i := range 40 {
		key := fmt.Sprintf("k%03d", i)
		server.rows[key] = row{key: []byte(key), value: make([]byte, 1<<20), version: 1}
	}
	for _, reverse := range []bool{false, true} {
		server.said()
		n := 0
		for e, err := range s.Scan(t.Context(), store.Range{Reverse: reverse}) {
			require.NoError(t, err)
			i := n
			if reverse {
				i = 39 - n
			}
			require.Equal(t, fmt.Sprintf("k%03d", i), string(e.Key))
			n++
		}
		require.Equal(t, 40, n)
		require.Greater(t, len(server.said()), 4)
	}
}

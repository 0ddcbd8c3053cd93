package identity

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

var update = flag.Bool("update", false, "write the golden files of the present formats")

// feedFormats are an entry of each form, with its place, as golden files have them.
func feedFormats() (head feedHead, entries map[feedPlace]feedEntry, atoms []customer.AtomID) {
	a, b := feedInShard(3, 0), feedInShard(3, 1)
	entries = map[feedPlace]feedEntry{}
	add := func(seq uint64, whose customer.ID, c customer.Change, e feedEntry) {
		c.Customer, c.Shard, c.Seq, c.Part, c.Parts = whose, 3, seq, 1, 1
		e.change = c
		entries[feedPlace{3, seq}] = e
	}
	add(1, a, feedChange(customer.Created, uuid.Nil, a, feedAtoms(1, 2)), feedEntry{})
	add(2, a, feedChange(customer.Erased, a, uuid.Nil, nil), feedEntry{})
	add(3, b, feedChange(customer.Split, b, a, feedAtoms(1, 1)), feedEntry{twin: 4})
	sliced := feedChange(customer.Attached, uuid.Nil, a, feedAtoms(1, 2))
	sliced.Slices = feedSlices(sliced.Atoms[1:])
	add(4, a, sliced, feedEntry{})
	add(1<<40, b, feedChange(customer.Merged, a, b, nil), feedEntry{twin: 1<<40 - 1, parts: 300, token: feedToken{15: 1}})
	return feedHead{last: 1 << 40, trimmed: 2}, entries, feedAtoms(9, 3)
}

// feedSlices are atoms as slices of a stream.
func feedSlices(atoms []customer.AtomID) (lie []customer.Slice) {
	for i, a := range atoms {
		lie = append(lie, customer.Slice{Atom: a, Stream: customer.AtomID{15: 9}, Since: feedTime.Add(time.Duration(i) * time.Second)})
	}
	return lie
}

// TestFeedReleasedFormats: what was stored once can be read for ever. Each file has a
// key and its value, in hexadecimal, on a line.
func TestFeedReleasedFormats(t *testing.T) {
	head, entries, atoms := feedFormats()
	pairs := map[string][][2][]byte{
		"head":  {{feedHeadKey(3), head.encode()}},
		"atoms": {{feedAtomsKey(feedToken{15: 1}, 300), encodeFeedAtoms(atoms, nil)}},
	}
	for _, seq := range []uint64{1, 2, 3, 4, 1 << 40} {
		e := entries[feedPlace{3, seq}]
		name := "entry"
		if len(e.change.Slices) > 0 {
			name = "sliced"
		}
		pairs[name] = append(pairs[name], [2][]byte{feedEntryKey(3, seq), e.encode()})
	}
	for name, want := range pairs {
		path := filepath.Join("testdata", "feed_"+name+"_v1.golden")
		if name == "sliced" {
			path = filepath.Join("testdata", "feed_entry_v2.golden")
		}
		if *update {
			var lines strings.Builder
			for _, p := range want {
				lines.WriteString(hex.EncodeToString(p[0]) + " " + hex.EncodeToString(p[1]) + "\n")
			}
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o644))
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var got [][2][]byte
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			require.Len(t, fields, 2)
			key, err := hex.DecodeString(fields[0])
			require.NoError(t, err)
			value, err := hex.DecodeString(fields[1])
			require.NoError(t, err)
			got = append(got, [2][]byte{key, value})
			switch name {
			case "head":
				h, err := decodeFeedHead(value)
				require.NoError(t, err)
				require.Equal(t, head, h)
			case "atoms":
				a, lie, err := decodeFeedAtoms(value, customer.AtomID{})
				require.NoError(t, err)
				require.Empty(t, lie)
				require.Equal(t, atoms, a)
			case "entry", "sliced":
				place, ok := readFeedPlace(key)
				require.True(t, ok)
				e, err := decodeFeedEntry(place, value)
				require.NoError(t, err)
				require.Equal(t, entries[place], e)
			}
		}
		require.Equal(t, want, got)
	}
}

func FuzzFeedEntry(f *testing.F) {
	_, entries, _ := feedFormats()
	for place, e := range entries {
		f.Add(byte(place.shard), place.seq, e.encode())
	}
	f.Fuzz(func(t *testing.T, shard byte, seq uint64, data []byte) {
		e, err := decodeFeedEntry(feedPlace{int(shard), seq}, data)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.Zero(t, e)
			return
		}
		require.NoError(t, e.change.Validate())
		require.Equal(t, data, e.encode())
	})
}

func FuzzFeedHead(f *testing.F) {
	head, _, _ := feedFormats()
	f.Add(head.encode())
	f.Add((&feedHead{}).encode())
	f.Add((&feedHead{last: 1, trimmed: 2}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := decodeFeedHead(data)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.Zero(t, h)
			return
		}
		require.True(t, h.last > 0 && h.trimmed <= h.last)
		require.Equal(t, data, h.encode())
	})
}

func FuzzFeedAtoms(f *testing.F) {
	_, _, atoms := feedFormats()
	f.Add(encodeFeedAtoms(atoms, nil))
	f.Add(encodeFeedAtoms(atoms, feedSlices(atoms[:1])))
	f.Add(encodeFeedAtoms(nil, nil))
	f.Add(encodeFeedAtoms([]customer.AtomID{{1}, {1}}, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		atoms, lie, err := decodeFeedAtoms(data, customer.AtomID{})
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			require.Nil(t, atoms)
			return
		}
		require.NoError(t, customer.Change{
			Shard: customer.ShardOf(feedID(1)), Seq: 1, Part: 1, Parts: 1, Verb: customer.Created,
			Customer: feedID(1), To: feedID(1), Atoms: atoms, At: feedTime,
		}.Validate())
		require.Equal(t, data, encodeFeedAtoms(atoms, lie))
	})
}

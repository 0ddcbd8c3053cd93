package identity

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// An aFormat is a key and a value, and what reading the value and writing it again gives.
type aFormat struct {
	key, value []byte
	again      func(data []byte) ([]byte, error)
}

func againErasing(data []byte) ([]byte, error) {
	j, err := readErasing(data)
	return j.data(), err
}

func againErasePart(data []byte) ([]byte, error) {
	writes, err := readErasePart(data)
	return erasePartData(writes), err
}

func againRelation(data []byte) ([]byte, error) {
	r, err := readRelation(store.Entry{Value: data, Version: 1})
	return r.data(), err
}

func againEdge(data []byte) ([]byte, error) {
	x, err := readEdge(data)
	return x.data(), err
}

func erasedFormats() map[string]aFormat {
	name, at := blind{1, 2, 3}, int64(1_772_712_000_000_000)
	return map[string]aFormat{
		"erasing": {[]byte(erasingKey), erasing{name, 3}.data(), againErasing},
		"erase": {erasePartKey(name, 2), erasePartData([]store.Write{
			{Key: valueKey(name), Value: pointer{erased: &at}.data()},
			{Key: recordKey(customer.AtomID{4}), Value: pointer{erased: &at}.data()},
			{Key: observationKey(name), Value: seen{state: seenErased}.data()},
			{Key: edgeKey(customer.AtomID{4}, name), Delete: true},
		}), againErasePart},
		"relation": {relationKey(name), relation{seenLive, blind{9}, [2]customer.AtomID{{4}, {5}}}.data(), againRelation},
		"edge": {edgeKey(customer.AtomID{4}, name), edge{
			record: customer.AtomID{5}, atom: customer.AtomID{6}, kind: "household", outgoing: true, start: &at, sealed: []byte{0, 'x'},
		}.data(), againEdge},
	}
}

// TestEraseReleasedFormats: what was stored once can be read for ever. Each file has a key
// and its value, in hexadecimal.
func TestEraseReleasedFormats(t *testing.T) {
	for name, f := range erasedFormats() {
		path := filepath.Join("testdata", name+"_v1.golden")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(hex.EncodeToString(f.key)+" "+hex.EncodeToString(f.value)+"\n"), 0o644))
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		fields := strings.Fields(string(data))
		require.Len(t, fields, 2)
		require.Equal(t, hex.EncodeToString(f.key), fields[0], name)
		value, err := hex.DecodeString(fields[1])
		require.NoError(t, err)
		again, err := f.again(value)
		require.NoError(t, err)
		require.Equal(t, f.value, again, name)
		require.Equal(t, value, again, name)
	}
}

func fuzzFormat(f *testing.F, name string) {
	format := formats()[name]
	f.Add(format.value)
	f.Add(format.value[:len(format.value)-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := format.again(data)
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		second, err := format.again(first)
		require.NoError(t, err)
		require.Equal(t, first, second)
	})
}

func FuzzErasing(f *testing.F)   { fuzzFormat(f, "erasing") }
func FuzzErasePart(f *testing.F) { fuzzFormat(f, "erase") }
func FuzzRelation(f *testing.F)  { fuzzFormat(f, "relation") }
func FuzzEdge(f *testing.F)      { fuzzFormat(f, "edge") }

// TestErasePartsFit: parts are as many as a commit takes, and no longer than a value may be.
func TestErasePartsFit(t *testing.T) {
	var writes []store.Write
	for i := range 5000 {
		w := store.Write{Key: valueKey(blind{byte(i), byte(i >> 8)}), Value: pointer{}.data()}
		if i > 2000 {
			w.Value = ruled{revoked: true, content: blind{byte(i), byte(i >> 8)}}.data()
		}
		if i > 4000 {
			w = store.Write{Key: w.Key, Delete: true}
		}
		writes = append(writes, w)
	}
	var all []store.Write
	for part := range eraseParts(writes) {
		data := erasePartData(part)
		require.LessOrEqual(t, len(data), store.MinLimits.ValueBytes)
		require.LessOrEqual(t, len(part)+2, store.MinLimits.Operations)
		read, err := readErasePart(data)
		require.NoError(t, err)
		all = append(all, read...)
	}
	require.Equal(t, writes, all)
	for range eraseParts(writes) {
		break
	}
}

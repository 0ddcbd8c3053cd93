package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// written returns the bytes of a small index of every kind of column, with deleted customers and texts nobody has, and
// the model of it.
func written(t testing.TB) ([]byte, *model, *Snapshot) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	ix, err := New(&Options{ID: uuid.UUID{15: 1}, Tags: modelTags})
	require.NoError(t, err)
	m := newModel(modelTags)
	for range 8 {
		b := randomBatch(rng, modelTags, 40, 200)
		require.NoError(t, ix.Apply(t.Context(), b))
		m.apply(b)
	}
	var buf bytes.Buffer
	require.NoError(t, ix.Snapshot().Write(t.Context(), &buf))
	return buf.Bytes(), m, ix.Snapshot()
}

func TestFileRoundTrip(t *testing.T) {
	data, m, s := written(t)
	ix, err := Read(t.Context(), bytes.NewReader(data), nil)
	require.NoError(t, err)
	got := ix.Snapshot()
	m.same(t, got)
	require.Equal(t, s.Version(), got.Version())
	require.Equal(t, s.Catalogue().All(), got.Catalogue().All())
	var again bytes.Buffer
	require.NoError(t, got.Write(t.Context(), &again))
	require.Equal(t, data, again.Bytes())
	rng := rand.New(rand.NewPCG(8, 8)) // it goes on as the original would
	for range 10 {
		b := randomBatch(rng, modelTags, 60, 200)
		require.NoError(t, ix.Apply(t.Context(), b))
		m.apply(b)
		m.same(t, ix.Snapshot())
	}
}

func TestFileSets(t *testing.T) {
	data, _, s := written(t)
	set, err := s.Set(t.Context(), Query{Rule: IsSet("city")})
	require.NoError(t, err)
	ix, err := Read(t.Context(), bytes.NewReader(data), &Options{ID: s.index})
	require.NoError(t, err)
	n := 0
	for id, err := range ix.Snapshot().IDs(t.Context(), set) {
		require.NoError(t, err)
		require.True(t, ix.Snapshot().Has(id))
		n++
	}
	require.Equal(t, set.Len(), n)
	_, err = Read(t.Context(), bytes.NewReader(data), &Options{ID: uuid.UUID{1}})
	require.ErrorIs(t, err, ErrForeignSet)
}

func TestFileTruncated(t *testing.T) {
	data, _, _ := written(t)
	for n := range len(data) {
		if n > 300 && n < len(data)-300 && n%17 != 0 {
			continue
		}
		_, err := Read(t.Context(), bytes.NewReader(data[:n]), nil)
		require.ErrorIs(t, err, ErrCorrupt, n)
	}
}

func TestFileAltered(t *testing.T) {
	data, _, _ := written(t)
	for n := range data {
		if n > 300 && n%13 != 0 {
			continue
		}
		bad := bytes.Clone(data)
		bad[n] ^= 1 << (n % 8)
		_, err := Read(t.Context(), bytes.NewReader(bad), nil)
		require.ErrorIs(t, err, ErrCorrupt, n)
	}
}

func TestFileFailing(t *testing.T) {
	data, _, s := written(t)
	broken := errors.New("broken pipe")
	_, err := Read(t.Context(), io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(broken)), nil)
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, s.Write(t.Context(), failing{broken}), broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Write(ctx, io.Discard), context.Canceled)
	_, err = Read(ctx, bytes.NewReader(data), nil)
	require.ErrorIs(t, err, context.Canceled)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// FuzzRead alters the values of a snapshot and makes their lengths and checksums right again.
func FuzzRead(f *testing.F) {
	data, _, _ := written(f)
	var values []byte // the values, each after its length
	for at := 0; at < len(data); {
		n := int(binary.LittleEndian.Uint32(data[at:]))
		values = append(values, data[at:at+4]...)
		values = append(values, data[at+8:at+8+n]...)
		at += 8 + n
	}
	f.Add(values)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, values []byte) {
		var file []byte
		for len(values) > 4 {
			n := min(int(binary.LittleEndian.Uint32(values)), len(values)-4)
			v := values[4 : 4+n]
			file = binary.LittleEndian.AppendUint32(file, uint32(n))
			file = binary.LittleEndian.AppendUint32(file, crc32.Checksum(v, castagnoli))
			file = append(file, v...)
			values = values[4+n:]
		}
		ix, err := Read(t.Context(), bytes.NewReader(file), nil)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		s := ix.Snapshot()
		n := 0
		for id := range s.Customers() {
			require.True(t, s.Has(id))
			s.Row(id)
			n++
		}
		require.Equal(t, s.Len(), n)
		var again bytes.Buffer // what was accepted is written and read again
		require.NoError(t, s.Write(t.Context(), &again))
		_, err = Read(t.Context(), &again, nil)
		require.NoError(t, err)
	})
}

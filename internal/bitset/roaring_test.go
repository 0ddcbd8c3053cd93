package bitset

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/stretchr/testify/require"
)

// reference is the bitmap of the chunks, made value by value.
func reference(chunks []Set) *roaring.Bitmap {
	var values []uint32
	for i, s := range chunks {
		for p := range s.All() {
			values = append(values, uint32(i)<<16|uint32(p))
		}
	}
	b := roaring.BitmapOf(values...)
	b.RunOptimize()
	return b
}

// someChunks are rows of chunks of all shapes, with gaps and without, with runs
// and without, more and fewer than the four containers from which on there are offsets.
func someChunks(dense int) map[string][]Set {
	rows := map[string][]Set{"none": nil, "empty": {{}, {}}}
	var all, arrays, withRuns []Set
	for _, sample := range samples() {
		s := OfSorted(sample.sorted, dense)
		rows[sample.name] = []Set{s}
		all = append(all, s)
		if h := shapeOf(s); h.kind == runsKind {
			withRuns = append(withRuns, s)
		} else {
			arrays = append(arrays, s)
		}
	}
	rows["all"] = all
	rows["no runs"] = arrays
	rows["runs"] = withRuns
	rows["three with runs"] = withRuns[:3]
	rows["four with runs"] = withRuns[:4]
	rows["two, far apart"] = append(append([]Set{all[5]}, make([]Set, 1000)...), all[20])
	rows["the last chunk"] = append(make([]Set, 65535), all[20])
	return rows
}

func TestRoaringBytes(t *testing.T) {
	for _, dense := range denses {
		for name, chunks := range someChunks(dense) {
			t.Run(name, func(t *testing.T) {
				want := reference(chunks)
				data, err := want.ToBytes()
				require.NoError(t, err)
				as, err := ToRoaring(chunks).ToBytes()
				require.NoError(t, err)
				require.Equal(t, as, appendRoaring(nil, chunks), "bytes, as Roaring writes what it has read")
				require.Equal(t, append([]byte("head"), as...), appendRoaring([]byte("head"), chunks), "appended")
				compact := ToRoaring(chunks)
				compact.RunOptimize()
				as, err = compact.ToBytes()
				require.NoError(t, err)
				require.Equal(t, data, as, "bytes after runOptimize")

				got, n, err := ReadRoaring(append(data, "tail"...), dense)
				require.NoError(t, err)
				require.Equal(t, len(data), n)
				requireChunks(t, chunks, got)

				require.True(t, ToRoaring(chunks).Equals(want))
				require.NoError(t, ToRoaring(chunks).Validate())
				back, err := FromRoaring(want, dense)
				require.NoError(t, err)
				requireChunks(t, chunks, back)
			})
		}
	}
}

// requireChunks checks that got are want without empty chunks at the end.
func requireChunks(t *testing.T, want, got []Set) {
	t.Helper()
	for len(want) > 0 && want[len(want)-1].IsEmpty() {
		want = want[:len(want)-1]
	}
	require.Len(t, got, len(want))
	for i := range want {
		if !want[i].Equal(got[i]) || want[i].kind != got[i].kind {
			require.Fail(t, "chunk differs", "chunk %d", i)
		}
	}
}

// Bitmaps that are not optimised for runs, lazily built or marked for copy on
// write are read as well.
func TestFromRoaringAsItComes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	b := roaring.New()
	for range 100_000 {
		b.Add(r.Uint32N(1 << 21))
	}
	b.AddRange(1<<22, 1<<22+200_000)
	b.AddRange(1<<25, 1<<25+70_000)
	b.Flip(1<<25+5, 1<<25+50)
	runs := b.Clone()
	runs.RunOptimize()
	buffer, err := b.ToBytes()
	require.NoError(t, err)
	mapped := roaring.New()
	_, err = mapped.FromBuffer(buffer)
	require.NoError(t, err)
	shared := b.Clone()
	shared.SetCopyOnWrite(true)
	other := shared.Clone()
	for name, b := range map[string]*roaring.Bitmap{"plain": b, "runs": runs, "mapped": mapped, "shared": shared, "other": other} {
		chunks := chunksOf(t, b, maxDense)
		require.True(t, ToRoaring(chunks).Equals(b), name)
		require.Equal(t, int(b.GetCardinality()), length(chunks), name)
	}
}

// The race detector would see FromRoaring write to a bitmap that others read.
func TestFromRoaringOnlyReads(t *testing.T) {
	b := roaring.BitmapOf(1, 2, 3, 70_000, 1<<31)
	b.AddRange(200_000, 300_000)
	b.SetCopyOnWrite(true)
	clone := b.Clone()
	var wg sync.WaitGroup
	for _, b := range []*roaring.Bitmap{b, b, clone, clone} {
		wg.Go(func() {
			chunks, err := FromRoaring(b, 100)
			if err != nil || length(chunks) != 100_005 {
				t.Error(length(chunks), err)
			}
		})
	}
	wg.Wait()
}

// What ToRoaring returns may be changed in every way.
func TestToRoaringSharesNothing(t *testing.T) {
	for name, chunks := range someChunks(256) {
		want := reference(chunks)
		b := ToRoaring(chunks)
		require.False(t, b.GetCopyOnWrite(), name)
		clone := b.Clone()
		b.Flip(0, 1<<22)
		b.Add(77)
		b.AddRange(1000, 2000)
		b.RemoveRange(500, 200_000)
		require.True(t, clone.Equals(want), name)
		require.True(t, ToRoaring(chunks).Equals(want), name)
		b.Clear()
		b.Or(clone)
		require.True(t, b.Equals(want), name)
	}
}

// What is made of several bitmaps that ToRoaring returns may be changed too, and changes none of them.
func TestToRoaringIsNotChangedByOthers(t *testing.T) {
	other := append(make([]Set, 20), Full(77))
	unions := map[string]func(a, b, c *roaring.Bitmap) *roaring.Bitmap{
		"Or":     func(a, b, c *roaring.Bitmap) *roaring.Bitmap { u := roaring.Or(a, b); u.Or(c); return u },
		"FastOr": func(a, b, c *roaring.Bitmap) *roaring.Bitmap { return roaring.FastOr(a, b, c) },
		"ParOr":  func(a, b, c *roaring.Bitmap) *roaring.Bitmap { return roaring.ParOr(2, a, b, c) },
	}
	changes := []func(u *roaring.Bitmap, p uint32){
		func(u *roaring.Bitmap, p uint32) { u.Remove(p) },
		func(u *roaring.Bitmap, p uint32) { u.Flip(uint64(p), uint64(p)+70_000) },
		func(u *roaring.Bitmap, p uint32) { u.RemoveRange(uint64(p), uint64(p)+30) },
	}
	for name, chunks := range someChunks(256) {
		few := make([]Set, len(chunks)) // one of each
		for i, s := range chunks {
			if !s.IsEmpty() {
				few[i] = OfSorted([]uint16{s.Select(0)}, 256)
			}
		}
		a, b, c := ToRoaring(chunks), ToRoaring(other), ToRoaring(few)
		want := a.Clone()
		for how, union := range unions {
			for _, change := range changes {
				u := union(a, b, c)
				if !u.IsEmpty() {
					change(u, u.Minimum())
				}
				require.True(t, a.Equals(want), "%s %s", name, how)
				require.EqualValues(t, 77, b.GetCardinality(), "%s %s", name, how)
			}
		}
	}
}

// A bitmap keeps the memory that it is given, and others do not.
func TestGiven(t *testing.T) {
	data := appendRoaring(nil, []Set{{}, OfSorted([]uint16{1, 3, 5, 9}, 256)})
	b := roaring.New()
	n, err := b.ReadFrom(&given{data: data})
	require.NoError(t, err)
	require.EqualValues(t, len(data), n)
	require.Equal(t, []uint32{1<<16 + 1, 1<<16 + 3, 1<<16 + 5, 1<<16 + 9}, b.ToArray())
	b.Remove(1<<16 + 1)
	require.Equal(t, le16(3, 5, 9), data[len(data)-8:len(data)-2])
	for cut := range data {
		_, err := roaring.New().ReadFrom(&given{data: data[:cut]})
		require.Error(t, err)
	}
	g := &given{data: data}
	all, err := io.ReadAll(g)
	require.NoError(t, err)
	require.Equal(t, data, all)
	require.EqualValues(t, len(data), g.GetReadBytes())
}

// Machines that keep numbers the other way round write and read the same bytes.
func TestOrder(t *testing.T) {
	defer func(was bool) { inOrder = was }(inOrder)
	chunks := someChunks(256)["all"]
	data := appendRoaring(nil, chunks)
	inOrder = !inOrder
	if inOrder {
		t.Skip("this machine is one of them")
	}
	require.Equal(t, data, appendRoaring(nil, chunks))
	got, _, err := ReadRoaring(data, 256)
	require.NoError(t, err)
	requireChunks(t, chunks, got)
}

func TestRoaringTooMany(t *testing.T) {
	require.Panics(t, func() { appendRoaring(nil, make([]Set, 65537)) })
	require.Empty(t, ToRoaring(make([]Set, 65536)).ToArray())
}

func le16(values ...uint16) []byte {
	data, _ := binary.Append(nil, binary.LittleEndian, values)
	return data
}

func TestReadRoaringRefuses(t *testing.T) {
	const cookie, runs = cookieWithoutRuns, cookieWithRuns
	whole := appendRoaring(nil, someChunks(4096)["all"])
	bitmap := appendRoaring(nil, []Set{OfSorted(new(members).add(0, 65536, 2).sorted(), 4096)})
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"nothing":            {nil, "byte 0: cut short"},
		"other cookie":       {le16(cookie+2, 0, 0, 0), "byte 0: no cookie of a Roaring bitmap"},
		"high bits":          {le16(cookie, 1, 0, 0), "byte 0: no cookie of a Roaring bitmap"},
		"no number":          {le16(cookie, 0, 1), "byte 4: cut short"},
		"too many":           {le16(cookie, 0, 1, 1), "byte 8: more than 65,536 containers"},
		"huge":               {le16(cookie, 0, 0xffff, 0xffff), "byte 8: more than 65,536 containers"},
		"many, no data":      {le16(cookie, 0, 0, 1), "byte 8: cut short"},
		"no offsets":         {le16(cookie, 0, 1, 0, 0, 0), "byte 12: cut short"},
		"offset":             {le16(cookie, 0, 1, 0, 0, 0, 18, 0, 7), "byte 16: container 0: offset 18"},
		"array cut":          {le16(cookie, 0, 1, 0, 0, 1, 16, 0, 7), "byte 16: container 0: cut short"},
		"array equal":        {le16(cookie, 0, 1, 0, 0, 1, 16, 0, 7, 7), "byte 16: container 0: positions of an array that do not ascend"},
		"array descends":     {le16(cookie, 0, 1, 0, 0, 1, 16, 0, 7, 6), "byte 16: container 0: positions of an array that do not ascend"},
		"keys equal":         {le16(cookie, 0, 2, 0, 3, 0, 3, 0, 24, 0, 26, 0, 7, 7), "byte 26: container 1: keys do not ascend"},
		"keys descend":       {le16(cookie, 0, 2, 0, 3, 0, 2, 0, 24, 0, 26, 0, 7, 7), "byte 24: container 0: keys do not ascend"},
		"bitmap miscounted":  {slices.Replace(slices.Clone(bitmap), 10, 12, le16(32768)...), "container 0: 32768 members, said to be 32769"},
		"runs, flags":        {le16(runs, 0), "byte 4: cut short"},
		"runs, stray flag":   {append(append(le16(runs, 0), 3), le16(0, 3, 1, 5, 3)...), "byte 5: flags beyond the last container"},
		"runs, number":       {append(append(le16(runs, 0), 1), le16(0, 3)...), "byte 9: container 0: cut short"},
		"no runs":            {append(append(le16(runs, 0), 1), le16(0, 3, 0)...), "byte 11: container 0: 0 members, said to be 4"},
		"runs cut":           {append(append(le16(runs, 0), 1), le16(0, 3, 1, 5)...), "byte 11: container 0: cut short"},
		"runs miscounted":    {append(append(le16(runs, 0), 1), le16(0, 3, 1, 5, 2)...), "byte 15: container 0: 3 members, said to be 4"},
		"run beyond the end": {append(append(le16(runs, 0), 1), le16(0, 3, 1, 65533, 3)...), "byte 9: container 0: runs that overlap, touch or do not ascend"},
		"runs touch":         {append(append(le16(runs, 0), 1), le16(0, 3, 2, 5, 1, 7, 1)...), "byte 9: container 0: runs that overlap"},
		"runs overlap":       {append(append(le16(runs, 0), 1), le16(0, 3, 2, 5, 1, 6, 1)...), "byte 9: container 0: runs that overlap"},
		"runs descend":       {append(append(le16(runs, 0), 1), le16(0, 3, 2, 9, 1, 5, 1)...), "byte 9: container 0: runs that overlap"},
	} {
		t.Run(name, func(t *testing.T) {
			chunks, n, err := ReadRoaring(c.data, 4096)
			require.ErrorIs(t, err, ErrFormat)
			require.ErrorContains(t, err, c.text)
			require.Nil(t, chunks)
			require.Zero(t, n)
		})
	}
	t.Run("every beginning", func(t *testing.T) {
		for n := 0; n < len(whole); n += 1 + n/50 {
			_, _, err := ReadRoaring(whole[:n], 4096)
			require.ErrorIs(t, err, ErrFormat)
		}
	})
	t.Run("bitmap that is not valid", func(t *testing.T) {
		b := roaring.New()
		_, err := b.ReadFrom(bytes.NewReader(le16(cookie, 0, 1, 0, 0, 1, 16, 0, 7, 6)))
		require.NoError(t, err)
		_, err = FromRoaring(b, 4096)
		require.ErrorIs(t, err, ErrFormat)
	})
}

func FuzzReadRoaring(f *testing.F) {
	for _, chunks := range someChunks(4096) {
		if data := appendRoaring(nil, chunks); len(data) < 10_000 && len(chunks) < 10_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chunks, n, err := ReadRoaring(data, 1000)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		b := roaring.New()
		m, err := b.ReadFrom(bytes.NewReader(data))
		require.NoError(t, err)
		require.EqualValues(t, n, m)
		require.NoError(t, b.Validate())
		require.True(t, ToRoaring(chunks).Equals(b))
		require.Equal(t, int(b.GetCardinality()), length(chunks))
		again, _, err := ReadRoaring(appendRoaring(nil, chunks), 1000)
		require.NoError(t, err)
		requireChunks(t, chunks, again)
	})
}

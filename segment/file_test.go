package segment

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
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
	return fileOf(t, ix.Snapshot()), m, ix.Snapshot()
}

// fileOf returns what Write writes.
func fileOf(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	var buf bytes.Buffer
	require.NoError(t, s.Write(t.Context(), &buf))
	return buf.Bytes()
}

// frames returns the values of a file.
func frames(data []byte) (values [][]byte) {
	for len(data) > 0 {
		n := 8 + int(binary.LittleEndian.Uint32(data))
		values = append(values, data[8:n])
		data = data[n:]
	}
	return values
}

// framed returns the file of values.
func framed(values [][]byte) (data []byte) {
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(v)))
		data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(v, castagnoli))
		data = append(data, v...)
	}
	return data
}

// kindsOf returns the kinds of the values of a file, and how many there are of each.
func kindsOf(data []byte) map[string]int {
	kinds := map[string]int{}
	for _, v := range frames(data) {
		kinds[wire.Read(v).Kind()]++
	}
	return kinds
}

// reread returns the index of a file.
func reread(t testing.TB, data []byte) *Index {
	t.Helper()
	ix, err := Read(t.Context(), bytes.NewReader(data), nil)
	require.NoError(t, err)
	return ix
}

// indexOf returns an index after a batch.
func indexOf(t testing.TB, o *Options, write func(b *Batch)) *Index {
	t.Helper()
	ix, err := New(o)
	require.NoError(t, err)
	var b Batch
	write(&b)
	require.NoError(t, ix.Apply(t.Context(), &b))
	return ix
}

func TestFileRoundTrip(t *testing.T) {
	data, m, s := written(t)
	ix, err := Read(t.Context(), bytes.NewReader(data), nil)
	require.NoError(t, err)
	got := ix.Snapshot()
	m.same(t, got)
	require.Equal(t, s.Version(), got.Version())
	require.Equal(t, s.Catalogue().All(), got.Catalogue().All())
	again := fileOf(t, s)
	require.Equal(t, data, again)
	again = fileOf(t, got) // but for the epoch the same
	require.NotEqual(t, s.epoch, got.epoch)
	require.Equal(t, frames(data)[1:], frames(again)[1:])
	head := *got
	head.epoch = s.epoch
	require.Equal(t, data, fileOf(t, &head))
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
		require.True(t, hasIn(t, ix.Snapshot(), id))
		n++
	}
	require.Equal(t, set.Len(), n)
	_, err = Read(t.Context(), bytes.NewReader(data), &Options{ID: uuid.UUID{1}})
	require.ErrorIs(t, err, ErrForeignSet)
}

func TestFileTruncated(t *testing.T) {
	data, _, _ := written(t)
	ends, step := 300, 17
	if race.Enabled {
		ends, step = 30, 510
	}
	for n := range len(data) {
		if n > ends && n < len(data)-ends && n%step != 0 {
			continue
		}
		_, err := Read(t.Context(), bytes.NewReader(data[:n]), nil)
		require.ErrorIs(t, err, ErrCorrupt, n)
	}
}

func TestFileAltered(t *testing.T) {
	data, _, _ := written(t)
	start, step := 300, 13
	if race.Enabled {
		start, step = 30, 130
	}
	for n := range data {
		if n > start && n%step != 0 {
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

// TestFileEpoch has what was made before an index was written and read, and after.
func TestFileEpoch(t *testing.T) {
	ctx := t.Context()
	id := func(n int) customer.ID { return customer.FromInt64(int64(n)) }
	o := &Options{ID: uuid.UUID{15: 9}, Tags: []Tag{{Name: "n", Kind: Integer}}}
	fill := func(from, to int) func(b *Batch) {
		return func(b *Batch) {
			for n := from; n < to; n++ {
				b.Set(id(n), "n", customer.Int64Value(int64(n)))
			}
		}
	}
	ix := indexOf(t, o, fill(0, 10))
	everyone := func(ix *Index) Set {
		set, err := ix.Snapshot().Set(ctx, Query{})
		require.NoError(t, err)
		return set
	}
	page := func(ix *Index, after Cursor, n int) (int, Cursor, error) {
		ids, next, err := ix.Snapshot().Page(ctx, Query{}, after, n)
		return len(ids), next, err
	}
	accepts := func(ix *Index, set Set, want error) {
		t.Helper()
		_, err := ix.Snapshot().Contains(t.Context(), set, id(1))
		require.ErrorIs(t, err, want)
		_, err = ix.Snapshot().Count(ctx, Query{Rule: InSet("s"), Sets: func(context.Context, string) (Set, error) { return set, nil }})
		require.ErrorIs(t, err, want)
		for _, err := range ix.Snapshot().IDs(ctx, set) {
			require.ErrorIs(t, err, want)
		}
	}
	early := everyone(ix)
	_, before, err := page(ix, Cursor{}, 4)
	require.NoError(t, err)
	_, last, err := page(ix, Cursor{}, 10)
	require.NoError(t, err)
	data := fileOf(t, ix.Snapshot())

	var b Batch
	fill(10, 12)(&b)
	require.NoError(t, ix.Apply(ctx, &b))
	late := everyone(ix)
	_, beyond, err := page(ix, Cursor{}, 11)
	require.NoError(t, err)

	again := reread(t, data)
	b.Reset()
	fill(20, 25)(&b)
	require.NoError(t, again.Apply(ctx, &b)) // takes positions that the first gave to others
	accepts(again, early, nil)
	accepts(again, Set{Index: early.Index, Epoch: early.Epoch}, nil)
	accepts(again, late, ErrExpiredSet)
	accepts(again, Set{Index: early.Index}, ErrExpiredSet)
	n, next, err := page(again, before, 100)
	require.NoError(t, err)
	require.Equal(t, 11, n)
	require.Equal(t, again.Snapshot().epoch, next.epoch)
	n, _, err = page(again, Cursor{last.index, last.epoch, last.next, false}, 100)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	_, next, err = page(again, before, 0)
	require.NoError(t, err)
	require.Equal(t, again.Snapshot().epoch, next.epoch)
	_, _, err = page(again, beyond, 100)
	require.ErrorIs(t, err, ErrExpiredSet)

	fresh := everyone(again)
	require.NotEqual(t, early.Epoch, fresh.Epoch)
	accepts(again, fresh, nil)
	accepts(ix, fresh, ErrExpiredSet) // the two have parted
	third := reread(t, fileOf(t, again.Snapshot()))
	accepts(third, fresh, nil)
	accepts(third, early, ErrExpiredSet) // two generations ago
	require.NoError(t, again.Compact(ctx))
	accepts(again, early, ErrExpiredSet)
	accepts(again, fresh, ErrExpiredSet)
	_, _, err = page(again, before, 1)
	require.ErrorIs(t, err, ErrExpiredSet)

	anew := indexOf(t, o, fill(100, 120)) // the same id, other customers
	accepts(anew, early, ErrExpiredSet)
	accepts(anew, Set{Index: early.Index}, ErrExpiredSet)
	_, _, err = page(anew, before, 1)
	require.ErrorIs(t, err, ErrExpiredSet)
}

// TestFileLargest has columns of the most that a chunk can hold.
func TestFileLargest(t *testing.T) {
	tags := []Tag{{Name: "likes", Kind: Labels}, {Name: "name", Kind: Enum}}
	ids := make([]customer.ID, kernel.Bits)
	texts := make([]string, len(ids))
	for i := range ids {
		ids[i], texts[i] = customer.FromInt64(int64(i)), strconv.Itoa(i%maxEnum)
	}
	ix, err := New(&Options{Tags: tags})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{{Tag: "name", Texts: texts}}))
	s := *ix.Snapshot() // with 300 labels that half of the customers have, more than fit a value
	s.data = slices.Clone(s.data)
	rng := rand.New(rand.NewPCG(3, 3))
	col := &labelsColumn{set: bitset.Full(kernel.Bits)}
	for i := range 300 {
		var w kernel.Words
		for k := range w {
			w[k] = rng.Uint64()
		}
		col.codes = append(col.codes, s.data[0].terms.add(strconv.Itoa(i)))
		col.sets = append(col.sets, bitset.Of(&w, s.dense))
	}
	s.data[0].columns, s.data[0].last = []column{col}, 300

	data := fileOf(t, &s)
	for _, v := range frames(data) {
		require.Less(t, len(v), valueSize+1<<15)
	}
	require.Equal(t, 4, kindsOf(data)[kindColumn]) // 3 of labels, 1 of texts
	got := reread(t, data).Snapshot()
	require.Equal(t, ids, customersOf(t, got))
	for p := 0; p < len(ids); p += 997 {
		require.Equal(t, rowOf(t, &s, ids[p]), rowOf(t, got, ids[p]))
	}
	require.Equal(t, frames(data)[1:], frames(fileOf(t, got))[1:])
}

// TestFileLimit: what Read would refuse as too long is not written.
func TestFileLimit(t *testing.T) {
	v := wire.New(kindTag, fileFormat)
	v.Bytes(make([]byte, maxFrame))
	var buf bytes.Buffer
	f := &fileWriter{ctx: t.Context(), w: bufio.NewWriter(&buf)}
	f.write(v)
	require.ErrorIs(t, f.err, ErrLimit)
	require.NoError(t, f.w.Flush())
	require.Zero(t, buf.Len())
}

func TestFileLongText(t *testing.T) {
	most := strings.Repeat("x", maxText)
	ix := indexOf(t, &Options{Tags: []Tag{{Name: "e", Kind: Enum}, {Name: "l", Kind: Labels}}}, func(b *Batch) {
		b.Set(customer.FromInt64(1), "e", customer.TextValue(most))
		b.AddLabels(customer.FromInt64(1), "l", most, most[1:])
	})
	again := reread(t, fileOf(t, ix.Snapshot()))
	require.Equal(t, rowOf(t, ix.Snapshot(), customer.FromInt64(1)), rowOf(t, again.Snapshot(), customer.FromInt64(1)))
	for _, tag := range []string{"e", "l"} {
		var b Batch
		if b.Set(customer.FromInt64(2), tag, customer.TextValue(most+"x")); tag == "l" {
			b.Reset()
			b.AddLabels(customer.FromInt64(2), tag, most+"x")
		}
		err, ok := errors.AsType[*WriteError](ix.Apply(t.Context(), &b))
		require.True(t, ok)
		require.Equal(t, "text is longer than 1 MiB", err.Reason)
	}
}

// TestFileForgets: nothing is written of texts that nobody has.
func TestFileForgets(t *testing.T) {
	a, b := customer.FromInt64(1), customer.FromInt64(2)
	tags := []Tag{{Name: "mail", Kind: Enum}, {Name: "l", Kind: Labels}}
	ix := indexOf(t, &Options{Tags: tags}, func(w *Batch) {
		w.Set(a, "mail", customer.TextValue("secret@example.com"))
		w.Set(b, "mail", customer.TextValue("open@example.com"))
		w.AddLabels(a, "l", "secret", "a")
		w.AddLabels(b, "l", "b", "a")
	})
	past := ix.Snapshot()
	var w Batch
	w.Delete(a)
	require.NoError(t, ix.Apply(t.Context(), &w))
	data := fileOf(t, ix.Snapshot())
	require.NotContains(t, string(data), "secret")
	again := reread(t, data)
	require.Equal(t, rowOf(t, ix.Snapshot(), b), rowOf(t, again.Snapshot(), b))
	require.Equal(t, []string{"open@example.com"}, again.Snapshot().data[0].texts())
	require.Equal(t, []string{"a", "b"}, again.Snapshot().data[1].texts())
	require.Contains(t, string(fileOf(t, past)), "secret")
}

// TestFileCancelled: a Write that is cancelled takes nothing more into its hands.
func TestFileCancelled(t *testing.T) {
	_, _, s := written(t)
	for n := range 40 {
		ctx := newCountdown(t, n)
		require.ErrorIs(t, s.Write(ctx, io.Discard), context.Canceled)
		require.Equal(t, int64(-1), ctx.n.Load()) // it has not asked again
	}
	f := &fileWriter{ctx: newCountdown(t, 0), w: bufio.NewWriter(io.Discard)}
	f.tag(&tagData{columns: []column{untouchable{}}}, 0)
	require.ErrorIs(t, f.err, context.Canceled)
}

// countdown is a context that is cancelled when it has been asked n times.
type countdown struct {
	context.Context
	n atomic.Int64
}

func newCountdown(t *testing.T, n int) *countdown {
	c := &countdown{Context: t.Context()}
	c.n.Store(int64(n))
	return c
}

func (c *countdown) Err() error {
	if c.n.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// untouchable is a column that must not be written.
type untouchable struct{}

func (untouchable) members() bitset.Set { panic("written") }
func (untouchable) bytes() int          { return 0 }
func (u untouchable) together() column  { return u }

// TestReadRefuses has files whose form is right and that no Write has made.
func TestReadRefuses(t *testing.T) {
	alive, gone := customer.FromInt64(1), customer.FromInt64(2)
	tags := []Tag{{Name: "enum", Kind: Enum}, {Name: "path", Kind: Enum, Hierarchy: true}, {Name: "labels", Kind: Labels}, {Name: "n", Kind: Integer}}
	ix := indexOf(t, &Options{Tags: tags}, func(b *Batch) {
		b.Add(alive)
		b.Add(gone)
		b.Delete(gone)
	})
	values := frames(fileOf(t, ix.Snapshot()))
	values = values[:len(values)-1]
	texts := func(tag int, texts ...string) *wire.Writer {
		v := wire.New(kindTerms, fileFormat)
		v.Uint(uint64(tag))
		v.List(len(texts))
		for _, text := range texts {
			v.Text(text)
		}
		return v
	}
	many := make([]string, maxEnum+1)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	cell := func(kind string, tag int, members ...uint16) *wire.Writer {
		v := wire.New(kind, fileFormat)
		v.Uint(uint64(tag))
		v.Uint(0)
		v.Bytes(bitset.AppendSet(nil, bitset.OfSorted(members, 10)))
		return v
	}
	number := func(kind string, members ...uint16) *wire.Writer {
		v := cell(kind, 3, members...)
		v.Int(5)
		v.Uint(0)
		v.Uint(0)
		v.Bytes(nil)
		return v
	}
	labels := func(codes ...uint64) *wire.Writer {
		v := cell(kindColumn, 2, 0)
		v.List(len(codes))
		for _, code := range codes {
			v.Uint(code)
		}
		v.List(len(codes))
		for range codes {
			v.Bytes(bitset.AppendSet(nil, bitset.OfSorted([]uint16{0}, 10)))
		}
		return v
	}
	epoch := wire.New(kindHead, fileFormat)
	index := ix.Snapshot().index
	epoch.Bytes(index[:])
	for _, n := range []uint64{0, 1, 2, 4} {
		epoch.Uint(n)
	}
	later := wire.New(kindTerms, fileFormat+1)
	later.Uint(0)
	later.List(1)
	later.Text("a")
	for name, c := range map[string]struct {
		values []*wire.Writer
		want   string // "" is that it is read
	}{
		"good":                   {[]*wire.Writer{texts(0, "", "a//b"), texts(1, "a/b"), texts(2, "x"), labels(1), number(kindColumn, 0), number(kindTimes, 0)}, ""},
		"label empty":            {[]*wire.Writer{texts(2, "")}, "texts"},
		"path with an empty end": {[]*wire.Writer{texts(1, "a/")}, "texts"},
		"path with a hole":       {[]*wire.Writer{texts(1, "a//b")}, "texts"},
		"not UTF-8":              {[]*wire.Writer{texts(0, "\xff")}, "form"},
		"text too long":          {[]*wire.Writer{texts(0, strings.Repeat("x", maxText+1))}, "texts"},
		"label too long":         {[]*wire.Writer{texts(2, strings.Repeat("x", maxText+1))}, "texts"},
		"text twice":             {[]*wire.Writer{texts(0, "a", "a")}, "texts"},
		"too many texts":         {[]*wire.Writer{texts(0, many...)}, "texts"},
		"many labels":            {[]*wire.Writer{texts(2, many...)}, ""},
		"texts of a number":      {[]*wire.Writer{texts(3, "a")}, "texts"},
		"value of nobody":        {[]*wire.Writer{number(kindColumn, 1)}, "not within"},
		"time of nobody":         {[]*wire.Writer{number(kindTimes, 1)}, "not within"},
		"number twice":           {[]*wire.Writer{number(kindColumn, 0), number(kindColumn, 0)}, "order"},
		"time before number":     {[]*wire.Writer{number(kindTimes, 0), number(kindColumn, 0)}, "order"},
		"tags in wrong order":    {[]*wire.Writer{texts(1, "a"), texts(0, "a")}, "order"},
		"labels in parts":        {[]*wire.Writer{texts(2, "a", "b"), labels(1), labels(2)}, ""},
		"parts overlap":          {[]*wire.Writer{texts(2, "a", "b"), labels(1, 2), labels(2)}, "labels"},
		"part that is empty":     {[]*wire.Writer{texts(2, "a", "b"), labels(1), labels()}, "labels"},
		"texts after columns":    {[]*wire.Writer{texts(2, "a"), labels(1), texts(2, "b")}, "order"},
		"epoch 0":                {[]*wire.Writer{epoch}, "head"},
		"later version":          {[]*wire.Writer{later}, "form"},
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Clone(values)
			for _, v := range c.values {
				if v == epoch {
					all[0] = v.Data()
				} else {
					all = append(all, v.Data())
				}
			}
			end := wire.New(kindEnd, fileFormat)
			end.Uint(uint64(len(all)))
			ix, err := Read(t.Context(), bytes.NewReader(framed(append(all, end.Data()))), nil)
			if c.want == "" {
				require.NoError(t, err)
				require.NoError(t, ix.Compact(t.Context()))
				return
			}
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestReadMemory has files that become large in memory, and the bound that Read states.
func TestReadMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("what reading takes is measured without the race detector")
	}
	n := kernel.Bits
	ids := make([]customer.ID, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
	}
	set := make([]bool, n) // a run of members: few bytes
	ints, texts, lists := make([]int64, n), make([]string, n), make([][]string, n)
	for i := range n {
		set[i] = i < sparseInts
		ints[i] = int64(i % 2)
		texts[i] = strconv.FormatInt(int64(i%20_000), 36)
		lists[i] = []string{texts[i]}
	}
	for name, c := range map[string]struct {
		kind Kind
		col  Column
	}{
		"one text each":   {Enum, Column{Texts: texts}},
		"one label each":  {Labels, Column{Lists: lists}},
		"numbers of 1bit": {Integer, Column{Ints: ints, Set: set}},
	} {
		t.Run(name, func(t *testing.T) {
			ix, err := New(&Options{Tags: []Tag{{Name: "a", Kind: c.kind}}})
			require.NoError(t, err)
			c.col.Tag = "a"
			require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{c.col}))
			bounded(t, fileOf(t, ix.Snapshot()))
		})
	}
	t.Run("a customer with many tags", func(t *testing.T) {
		var tags []Tag
		for i := range 300 {
			tags = append(tags, Tag{Name: strconv.Itoa(i), Kind: Enum})
		}
		bounded(t, fileOf(t, indexOf(t, &Options{Tags: tags}, func(b *Batch) {
			for _, tag := range tags {
				b.Set(customer.FromInt64(1), tag.Name, customer.TextValue("x"))
			}
		}).Snapshot()))
	})
	t.Run("a customer with many labels", func(t *testing.T) {
		ix := indexOf(t, &Options{Tags: []Tag{{Name: "a", Kind: Labels}}}, func(b *Batch) {
			b.AddLabels(customer.FromInt64(1), "a", texts[:20_000]...)
		})
		bounded(t, fileOf(t, ix.Snapshot()))
	})
}

// bounded fails if the index of a file takes more memory than Read says.
func bounded(t *testing.T, data []byte) {
	t.Helper()
	s := reread(t, data).Snapshot()
	most := 32*len(data) + len(frames(data))*192<<10 + 16*len(s.data)*len(s.exists)
	require.LessOrEqual(t, s.Bytes(), most)
}

// FuzzRead alters the values of a snapshot and makes their lengths and checksums right again.
func FuzzRead(f *testing.F) {
	rng := rand.New(rand.NewPCG(7, 7))
	ix := indexOf(f, &Options{ID: uuid.UUID{15: 1}, Tags: modelTags[:8], Workers: 1}, func(b *Batch) {
		*b = *randomBatch(rng, modelTags[:8], 5, 40)
	})
	var values []byte // the values, each after its length
	for _, v := range frames(fileOf(f, ix.Snapshot())) {
		values = binary.LittleEndian.AppendUint32(values, uint32(len(v)))
		values = append(values, v...)
	}
	f.Add(values)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, values []byte) {
		var all [][]byte
		for len(values) > 4 {
			n := min(int(binary.LittleEndian.Uint32(values)), len(values)-4)
			all = append(all, values[4:4+n])
			values = values[4+n:]
		}
		ix, err := Read(t.Context(), bytes.NewReader(framed(all)), &Options{Workers: 1})
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		s := ix.Snapshot()
		rows := rowsOf(t, s)
		held := map[string]int{}
		for _, row := range rows {
			for _, field := range row.Values {
				held[field.Name]++
			}
		}
		for _, tag := range s.Catalogue().All() {
			n, err := s.Count(t.Context(), Query{Rule: IsSet(tag.Name), Workers: 1})
			require.NoError(t, err)
			require.Equal(t, held[tag.Name], n)
		}
		require.Equal(t, rows, rowsOf(t, reread(t, fileOf(t, s)).Snapshot())) // what was accepted is written and read again
		require.NoError(t, ix.Compact(t.Context()))
		require.Equal(t, rows, rowsOf(t, ix.Snapshot()))
	})
}

// rowsOf returns all customers and what they have.
func rowsOf(t *testing.T, s *Snapshot) (rows []customer.Row) {
	for _, id := range customersOf(t, s) {
		require.True(t, hasIn(t, s, id))
		rows = append(rows, customer.Row{ID: id, Values: rowOf(t, s, id)})
	}
	require.Len(t, rows, s.Len())
	return rows
}

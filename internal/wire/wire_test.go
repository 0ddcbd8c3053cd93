package wire_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/wire"
)

// begin is the head of a value of kind "k" and version 1.
const begin = "616b01"

// TestEncoding has the encodings of RFC 8949, appendix A.
func TestEncoding(t *testing.T) {
	for name, c := range map[string]struct {
		write func(*wire.Writer)
		want  string
		item  any
	}{
		"0":             {func(w *wire.Writer) { w.Uint(0) }, "00", uint64(0)},
		"23":            {func(w *wire.Writer) { w.Uint(23) }, "17", uint64(23)},
		"24":            {func(w *wire.Writer) { w.Uint(24) }, "1818", uint64(24)},
		"100":           {func(w *wire.Writer) { w.Int(100) }, "1864", uint64(100)},
		"1000":          {func(w *wire.Writer) { w.Uint(1000) }, "1903e8", uint64(1000)},
		"1000000":       {func(w *wire.Writer) { w.Uint(1e6) }, "1a000f4240", uint64(1e6)},
		"1000000000000": {func(w *wire.Writer) { w.Uint(1e12) }, "1b000000e8d4a51000", uint64(1e12)},
		"2^64-1":        {func(w *wire.Writer) { w.Uint(math.MaxUint64) }, "1bffffffffffffffff", uint64(math.MaxUint64)},
		"-1":            {func(w *wire.Writer) { w.Int(-1) }, "20", int64(-1)},
		"-1000":         {func(w *wire.Writer) { w.Int(-1000) }, "3903e7", int64(-1000)},
		"-2^63":         {func(w *wire.Writer) { w.Int(math.MinInt64) }, "3b7fffffffffffffff", int64(math.MinInt64)},
		"1.1":           {func(w *wire.Writer) { w.Float(1.1) }, "fb3ff199999999999a", 1.1},
		"-4.1":          {func(w *wire.Writer) { w.Float(-4.1) }, "fbc010666666666666", -4.1},
		"infinity":      {func(w *wire.Writer) { w.Float(math.Inf(1)) }, "fb7ff0000000000000", math.Inf(1)},
		"false":         {func(w *wire.Writer) { w.Bool(false) }, "f4", false},
		"true":          {func(w *wire.Writer) { w.Bool(true) }, "f5", true},
		"null":          {func(w *wire.Writer) { w.Null() }, "f6", nil},
		"no bytes":      {func(w *wire.Writer) { w.Bytes(nil) }, "40", []byte{}},
		"bytes":         {func(w *wire.Writer) { w.Bytes([]byte{1, 2, 3, 4}) }, "4401020304", []byte{1, 2, 3, 4}},
		"no text":       {func(w *wire.Writer) { w.Text("") }, "60", ""},
		"IETF":          {func(w *wire.Writer) { w.Text("IETF") }, "6449455446", "IETF"},
		"水":             {func(w *wire.Writer) { w.Text("水") }, "63e6b0b4", "水"},
		"no list":       {func(w *wire.Writer) { w.List(0) }, "80", []any{}},
		"[1, [2, 3], [4, 5]]": {func(w *wire.Writer) {
			w.List(3)
			w.Uint(1)
			w.List(2)
			w.Uint(2)
			w.Uint(3)
			w.List(2)
			w.Uint(4)
			w.Uint(5)
		}, "8301820203820405", []any{uint64(1), []any{uint64(2), uint64(3)}, []any{uint64(4), uint64(5)}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := wire.New("k", 1)
			c.write(w)
			require.Equal(t, begin+c.want, hex.EncodeToString(w.Data()))
			r := wire.Read(w.Data())
			r.Expect("k", 1)
			require.True(t, r.More())
			require.Equal(t, c.item, r.Item())
			require.NoError(t, r.Close())
		})
	}
}

func TestTypedReads(t *testing.T) {
	at := time.Date(1969, 3, 5, 12, 0, 0, 789, time.FixedZone("", 8*3600))
	w := wire.New("order", 2)
	w.Uint(math.MaxUint64)
	w.Int(math.MinInt64)
	w.Int(math.MaxInt64)
	w.Float(math.NaN())
	w.Bool(true)
	w.Null()
	w.Bytes([]byte{0, 0xff})
	w.Text("中文")
	w.Time(at)

	r := wire.Read(w.Data())
	r.Expect("order", 3)
	require.Equal(t, "order", r.Kind())
	require.EqualValues(t, 2, r.Version())
	require.Equal(t, uint64(math.MaxUint64), r.Uint())
	require.Equal(t, int64(math.MinInt64), r.Int())
	require.Equal(t, int64(math.MaxInt64), r.Int())
	require.True(t, math.IsNaN(r.Float()))
	require.True(t, r.Bool())
	require.True(t, r.Null())
	require.False(t, r.Null())
	require.Equal(t, []byte{0, 0xff}, r.Bytes())
	require.Equal(t, "中文", r.Text())
	require.Equal(t, at.UTC(), r.Time())
	require.False(t, r.More())
	require.NoError(t, r.Close())
	require.Zero(t, r.Uint(), "nothing is left")
	require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
}

func TestSharedTexts(t *testing.T) {
	w := wire.New("order", 1)
	for _, text := range []string{"", "a", "中文", "b"} {
		w.Text(text)
		w.Uint(1 << 40)
	}
	data := w.Data()
	r := wire.Read(data)
	r.Share()
	var texts []string
	for r.More() {
		texts = append(texts, r.Text())
		r.Uint()
	}
	require.NoError(t, r.Close())
	require.Equal(t, "order", r.Kind())
	clear(data)
	require.Equal(t, []string{"", "a", "中文", "b"}, texts)

	r = wire.Read([]byte{0x61, 'k', 1, 0x62, 'a'})
	r.Share()
	require.Empty(t, r.Text())
	require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
}

func TestTextLike(t *testing.T) {
	w := wire.New("order", 1)
	for range 3 {
		w.Text("中文")
	}
	r := wire.Read(w.Data())
	like := "中文"
	require.Equal(t, "中文", r.TextLike(""))
	require.Equal(t, "中文", r.TextLike("中国"))
	require.Same(t, unsafe.StringData(like), unsafe.StringData(r.TextLike(like)))
	require.NoError(t, r.Close())
	require.Empty(t, r.TextLike(like), "nothing is left")
	require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
}

func TestFaults(t *testing.T) {
	item := func(r *wire.Reader) { r.Item() }
	for name, c := range map[string]struct {
		data string
		read func(*wire.Reader)
		want string
	}{
		"empty":                {"", item, "byte 0: cut short"},
		"head cut":             {"61", item, "byte 1: cut short"},
		"no version":           {"616b", item, "byte 2: cut short"},
		"another kind":         {begin, func(r *wire.Reader) { r.Expect("order", 1) }, "not of kind order"},
		"newer":                {"616b02", func(r *wire.Reader) { r.Expect("k", 1) }, "k of version 2, known up to 1"},
		"version zero":         {"616b00", func(r *wire.Reader) { r.Expect("k", 1) }, "k of version 0"},
		"left over":            {begin + "00", func(*wire.Reader) {}, "items left over"},
		"longer than need be":  {begin + "1817", item, "longer than need be"},
		"long head of zero":    {begin + "1b0000000000000000", item, "longer than need be"},
		"indefinite length":    {begin + "5f", item, "unknown length"},
		"map":                  {begin + "a0", item, "unknown item"},
		"tag":                  {begin + "c1", item, "unknown item"},
		"half float":           {begin + "f93c00", item, "unknown item"},
		"unusual NaN":          {begin + "fb7ff8000000000001", item, "unusual NaN"},
		"float cut":            {begin + "fb7ff8", item, "cut short"},
		"not UTF-8":            {begin + "61ff", item, "byte 3: not UTF-8"},
		"huge text":            {begin + "7bffffffffffffffff", item, "cut short"},
		"huge list":            {begin + "9affffffff", item, "cut short"},
		"too deep":             {begin + string(bytes.Repeat([]byte("81"), 17)) + "00", item, "nest too deep"},
		"beyond 64 bits":       {begin + "3bffffffffffffffff", item, "out of the range"},
		"uint beyond int":      {begin + "1bffffffffffffffff", func(r *wire.Reader) { r.Int() }, "out of the range"},
		"int for uint":         {begin + "20", func(r *wire.Reader) { r.Uint() }, "not an unsigned integer"},
		"text for bytes":       {begin + "60", func(r *wire.Reader) { r.Bytes() }, "not a byte string"},
		"uint for float":       {begin + "00", func(r *wire.Reader) { r.Float() }, "not a float"},
		"uint for truth":       {begin + "00", func(r *wire.Reader) { r.Bool() }, "not a truth value"},
		"time of one item":     {begin + "8100", func(r *wire.Reader) { r.Time() }, "not a time"},
		"time of 1e9 nanos":    {begin + "82001a3b9aca00", func(r *wire.Reader) { r.Time() }, "not a time"},
		"uint for the kind":    {"0001", item, "byte 0: not a text"},
		"text for the version": {"616b60", item, "byte 2: not an unsigned integer"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := hex.DecodeString(c.data)
			require.NoError(t, err)
			r := wire.Read(data)
			c.read(r)
			err = r.Close()
			require.ErrorIs(t, err, wire.ErrCorrupt)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// FuzzRead: whatever is read without a fault is written again as the same bytes.
func FuzzRead(f *testing.F) {
	w := wire.New("order", 1)
	w.Uint(1 << 40)
	w.Int(-300)
	w.List(3)
	w.Float(0.5)
	w.Text("é")
	w.Bytes(make([]byte, 300))
	w.Null()
	w.Bool(true)
	f.Add(w.Data())
	f.Add([]byte("\x61k\x01\x9a\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.Read(data)
		w := wire.New(r.Kind(), r.Version())
		for r.More() {
			write(w, r.Item())
		}
		if err := r.Close(); err != nil {
			require.ErrorIs(t, err, wire.ErrCorrupt)
			return
		}
		require.Equal(t, data, w.Data())
	})
}

func TestOnto(t *testing.T) {
	whole := wire.New("k", 1)
	whole.Text("a")
	whole.Int(-5)
	begun := wire.New("k", 1)
	begun.Text("a")
	w := wire.Onto(begun.Data())
	w.Int(-5)
	require.Equal(t, whole.Data(), w.Data())
	w = wire.Append([]byte{1, 2}, "k", 1)
	w.Text("a")
	w.Int(-5)
	require.Equal(t, append([]byte{1, 2}, whole.Data()...), w.Data())
	w.Reset()
	require.Empty(t, w.Data())
}

func write(w *wire.Writer, item any) {
	switch v := item.(type) {
	case uint64:
		w.Uint(v)
	case int64:
		w.Int(v)
	case float64:
		w.Float(v)
	case bool:
		w.Bool(v)
	case nil:
		w.Null()
	case []byte:
		w.Bytes(v)
	case string:
		w.Text(v)
	case []any:
		w.List(len(v))
		for _, item := range v {
			write(w, item)
		}
	}
}

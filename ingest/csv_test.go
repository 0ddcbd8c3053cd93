package ingest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

type rawRecord struct {
	line   int64
	fields []string
	bad    fault
}

// readRaw takes CSV apart by the reader's own means, without a schema.
func readRaw(t testing.TB, r io.Reader, maxRecord int) []rawRecord {
	in := &rows{lines: newLineReader(r, maxRecord), csv: &csvSplitter{comma: ','}}
	var all []rawRecord
	for {
		bad, _, err := in.next()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		if bad == 0 && in.fields == nil {
			continue
		}
		rec := rawRecord{line: in.lines.line, bad: bad}
		for _, f := range in.fields {
			if bad == 0 {
				rec.fields = append(rec.fields, string(f))
			}
		}
		all = append(all, rec)
	}
}

func TestCSVRecovery(t *testing.T) {
	ok := func(line int64, fields ...string) rawRecord { return rawRecord{line: line, fields: fields} }
	bad := func(line int64, f fault) rawRecord { return rawRecord{line: line, bad: f} }
	for _, c := range []struct {
		name string
		text string
		want []rawRecord
	}{
		{"plain", "a,b\nc,d\n", []rawRecord{ok(1, "a", "b"), ok(2, "c", "d")}},
		{"no last line end", "a\nb", []rawRecord{ok(1, "a"), ok(2, "b")}},
		{"carriage returns", "a,b\r\nc,d\r\n", []rawRecord{ok(1, "a", "b"), ok(2, "c", "d")}},
		{"blank lines", "\n\na\n\r\nb\n", []rawRecord{ok(3, "a"), ok(5, "b")}},
		{"quoted", `"a,b","say ""x""",""` + "\n", []rawRecord{ok(1, "a,b", `say "x"`, "")}},
		{"lines in quotes", "\"a\r\nb\",c\nd\n", []rawRecord{ok(1, "a\nb", "c"), ok(3, "d")}},
		{"bare quote", "a,5\" x\nb,c\n", []rawRecord{bad(1, faultBareQuote), ok(2, "b", "c")}},
		{"text behind a quote", "\"a\"b\nc\n", []rawRecord{bad(1, faultBareQuote), ok(2, "c")}},
		{"quote never closed", "a,\"b\nc\nd\n", []rawRecord{bad(1, faultOpenQuote), ok(2, "c"), ok(3, "d")}},
		{"quote never closed on the last line", "a\n\"b", []rawRecord{ok(1, "a"), bad(2, faultOpenQuote)}},
		{"two bad lines", "x\"\ny\"\nz\n", []rawRecord{bad(1, faultBareQuote), bad(2, faultBareQuote), ok(3, "z")}},
		{"line too long", "a\n" + strings.Repeat("x", 41) + "\nb\n", []rawRecord{ok(1, "a"), bad(2, faultLong), ok(3, "b")}},
		{"line just fits", strings.Repeat("x", 40) + "\r\nb\n", []rawRecord{ok(1, strings.Repeat("x", 40)), ok(2, "b")}},
		{"last line too long", "a\n" + strings.Repeat("x", 41), []rawRecord{ok(1, "a"), bad(2, faultLong)}},
		{"quoted record too long", "\"" + strings.Repeat("x\n", 25) + "\"\ny\n", nil},
		{"not UTF-8", "a\n\xff\nb\n", []rawRecord{ok(1, "a"), bad(2, faultUTF8), ok(3, "b")}},
		{"not UTF-8 in a long line", strings.Repeat("x", 30) + "\x80" + "\nb\n", []rawRecord{bad(1, faultUTF8), ok(2, "b")}},
		{"NUL", "a\n\x00\nb\n", []rawRecord{ok(1, "a"), bad(2, faultNUL), ok(3, "b")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readRaw(t, strings.NewReader(c.text), 40)
			if c.name == "quoted record too long" {
				// Each of its lines is given up or read by itself; none is lost.
				require.Len(t, got, 27)
				require.Equal(t, bad(1, faultOpenQuote), got[0])
				require.Equal(t, ok(27, "y"), got[26])
				return
			}
			require.Equal(t, c.want, got)
			require.Equal(t, c.want, readRaw(t, iotest.OneByteReader(strings.NewReader(c.text)), 40), "byte by byte")
			require.Equal(t, c.want, readRaw(t, iotest.DataErrReader(strings.NewReader(c.text)), 40))
		})
	}
}

func TestLineReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	l := newLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 100)
	raw, _, err := l.next(true)
	require.NoError(t, err)
	require.Equal(t, "a", string(raw))
	_, _, err = l.next(true)
	require.ErrorIs(t, err, broken, "half a line is no record")

	_, _, err = newLineReader(stuck{}, 100).next(true)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// endless gives a block over and over, n bytes in all.
type endless struct {
	block []byte
	n     int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), e.n)], e.block)
	e.n -= int64(n)
	return n, nil
}

func TestHugeRecordsStaySmallInMemory(t *testing.T) {
	const gigabyte = 1 << 30
	for _, start := range []string{"a\n", "a\n\"x"} {
		l := newLineReader(io.MultiReader(strings.NewReader(start), &endless{bytes.Repeat([]byte("é"), readSize/2), gigabyte}, strings.NewReader("\nb\n")), defaultMaxRecord)
		faults := 0
		for {
			_, bad, err := l.next(true)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			if bad != 0 {
				faults++
			}
		}
		require.Equal(t, 1, faults)
		require.LessOrEqual(t, len(l.buf), 4*defaultMaxRecord)
		require.EqualValues(t, 4, l.line)
	}
}

func TestIsPlain(t *testing.T) {
	for n := range 20 {
		for i := range n {
			for c := range 256 {
				text := bytes.Repeat([]byte{'a'}, n)
				text[i] = byte(c)
				require.Equal(t, c > 0 && c < 0x80, isPlain(text), "%d of %d: %#x", i, n, c)
			}
		}
	}
}

// A quote that is never closed must not make reading slow: every line is looked at
// twice at most, which the bytes handed to the splitter bound.
func TestOpenQuotesAreLinear(t *testing.T) {
	line := "a,\"\"\"\"\n" // even: within quotes it does not end them
	text := strings.Repeat("a,\"b\n"+strings.Repeat(line, 50), 200)
	got := readRaw(t, strings.NewReader(text), defaultMaxRecord)
	require.Len(t, got, 200*51)
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "\"a\nb\",\"c\"\"d\"\r\n", "a\"b\n", "\"", "\n\n", "a,\"b", "\r", "a\r\r\n", "\"a\"\r\n", ",\n\"\",", "\xff\n", "\xef\xbb\xbfa",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := readRaw(t, bytes.NewReader(data), defaultMaxRecord)
		require.Equal(t, got, readRaw(t, iotest.OneByteReader(bytes.NewReader(data)), defaultMaxRecord))
		last := int64(0)
		faulty := false
		for _, r := range got {
			require.Greater(t, r.line, last, "lines go up")
			last = r.line
			faulty = faulty || r.bad != 0
		}
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord = -1
		var want []rawRecord
		for {
			fields, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				require.True(t, faulty, "encoding/csv: %v", err)
				return
			}
			line := 0
			if len(fields) > 0 {
				line, _ = r.FieldPos(0)
			}
			want = append(want, rawRecord{line: int64(line), fields: fields})
		}
		if bytes.IndexByte(data, 0) >= 0 || !bytes.Equal(bytes.ToValidUTF8(data, nil), data) {
			return // encoding/csv does not mind
		}
		require.Equal(t, want, got)
	})
}

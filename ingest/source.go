package ingest

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Source is something to read: a name for reports and errors, and a way to open it.
// It holds CSV or JSON lines (told apart by the first character, which in JSON lines
// is a brace), plain or compressed by gzip (told by its first bytes). Make one with
// [File] or [Stream], or fill in both fields for another storage. A Source is safe for
// concurrent use if Open is.
type Source struct {
	Name string
	// Open starts reading from the beginning. It is called once a pass, and what it
	// returns is closed before the read ends.
	Open func() (io.ReadCloser, error)

	once bool
	size func() int64
}

// File is the file at path, which is also its name.
func File(path string) Source {
	return Source{
		Name: path,
		Open: func() (io.ReadCloser, error) {
			f, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			if info, err := f.Stat(); err == nil && info.IsDir() {
				_ = f.Close()
				return nil, errors.New("is a directory")
			}
			return f, nil
		},
		size: func() int64 {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return info.Size()
			}
			return -1
		},
	}
}

// Stream is a reader that can be read once, under a name for reports and errors. The
// caller closes it.
func Stream(name string, r io.Reader) Source {
	return Source{
		Name: name,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil },
		once: true,
	}
}

// magics are the first bytes of what people hand in for a CSV file.
var magics = []struct{ bytes, name string }{
	{"PK\x03\x04", "a zip archive or a spreadsheet (.xlsx)"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)"},
	{"\x28\xb5\x2f\xfd", "compressed by zstd"},
	{"BZh", "compressed by bzip2"},
	{"\xfd7zXZ", "compressed by xz"},
	{"PAR1", "a Parquet file"},
	{"%PDF-", "a PDF document"},
	{"\xff\xfe", "UTF-16 text"},
	{"\xfe\xff", "UTF-16 text"},
}

// counter counts the bytes of a source as stored, and stops at a cancelled context.
type counter struct {
	ctx      context.Context
	r        io.Reader
	n        int64
	progress func(n int64)
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.progress != nil {
		c.progress(int64(n))
	}
	return n, err
}

// open prepares a source for reading by lines: decompressed, limited, decoded, without
// a byte order mark.
func (s *Source) open(ctx context.Context, o *Options, progress func(n int64)) (*lineReader, io.Closer, error) {
	rc, err := s.Open()
	if err != nil {
		return nil, nil, sourceError(s.Name, 0, "cannot be opened", err)
	}
	fail := func(err error) (*lineReader, io.Closer, error) {
		_ = rc.Close()
		return nil, nil, sourceError(s.Name, 0, "cannot be read", err)
	}
	stored := &counter{ctx: ctx, r: rc, progress: progress}
	in := bufio.NewReaderSize(stored, 64<<10)
	head, err := in.Peek(6)
	if err != nil && err != io.EOF {
		return fail(err)
	}
	if len(head) == 0 {
		return fail(&Error{Reason: "is empty", Err: ErrEmpty})
	}
	limited := &limiter{r: in, stored: stored, maxBytes: o.MaxBytes}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(in)
		if err != nil {
			return fail(gzipError(err))
		}
		zr.Multistream(false)
		limited.r, limited.maxRatio = &members{zr: zr, in: in}, int64(o.MaxRatio)
	} else if o.Decode == nil {
		for _, m := range magics {
			if bytes.HasPrefix(head, []byte(m.bytes)) {
				return fail(&Error{Reason: "is " + m.name + ", not CSV or JSON lines in UTF-8", Err: ErrMalformed})
			}
		}
	}
	var text io.Reader = limited
	if o.Decode != nil {
		text = o.Decode(limited)
	}
	lines := newLineReader(text, o.MaxRecord)
	lines.skipMark()
	return lines, rc, nil
}

// members reads the members of a gzip file one after another and refuses anything else
// behind them.
type members struct {
	zr *gzip.Reader
	in *bufio.Reader
}

func (m *members) Read(p []byte) (int, error) {
	n, err := m.zr.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		return n, gzipError(err)
	}
	head, err := m.in.Peek(2)
	if len(head) == 0 {
		return n, err // the end, or an error of the source
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return n, &Error{Reason: "has something else after the gzip data", Err: ErrCorrupt}
	}
	if err := m.zr.Reset(m.in); err != nil {
		return n, gzipError(err)
	}
	m.zr.Multistream(false)
	return n, nil
}

func gzipError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Reason: "gzip data is truncated", Err: ErrTruncated}
	}
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, &corrupt) {
		return &Error{Reason: "gzip data is damaged", Err: ErrCorrupt}
	}
	return err
}

// limiter bounds what comes out of a source, in bytes and as a ratio.
type limiter struct {
	r        io.Reader
	stored   *counter
	n        int64
	maxBytes int64
	maxRatio int64 // 0: not compressed
}

func (l *limiter) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.n += int64(n)
	if l.n > l.maxBytes {
		return 0, &Error{Reason: fmt.Sprintf("holds more than MaxBytes, %d bytes", l.maxBytes), Err: ErrTooLarge}
	}
	if l.maxRatio > 0 && l.n > ratioFloor && l.n/l.maxRatio > l.stored.n {
		return 0, &Error{Reason: fmt.Sprintf("decompresses to more than MaxRatio, %d times its size", l.maxRatio), Err: ErrTooLarge}
	}
	return n, err
}

package notify

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/internal/cell"
	"github.com/clientele-go/clientele/segment"
)

// JSONLines returns a sink that writes each notice to w as a line of JSON, in the form of segment.Notice, with one call of
// Write a delivery. Delivered is what Write has taken: where it must last, w has to be one that returns when it does.
//
// A call that fails can leave a line that is cut off. The next delivery ends that line and begins another, and has all notices
// of the failed one again. After a crash that is for the caller to do: before w is opened for appending, cut off what
// follows the last \n. Errors are those of w, bare, and of a notice that is not valid, before anything is written.
func JSONLines(w io.Writer) Sink {
	l := &lines{w: w}
	l.encode = func(b *bytes.Buffer, notices []segment.Notice) error {
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		for i := range notices {
			if err := e.Encode(&notices[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return l
}

// CSV returns a sink that writes each notice to w as a line of CSV (RFC 4180, UTF-8, lines end in \n): number, at in RFC 3339
// and UTC, customer, segment, version, entered as true or false, and cause. With header, the first delivery begins with a
// line of those names. A segment whose name a spreadsheet could take for a formula, which is one that begins with =, +, -, @
// or their full-width forms, a tab or an end of line, gets a ' before it, as does one that begins with '. Otherwise it is as
// JSONLines.
func CSV(w io.Writer, header bool) Sink {
	l := &lines{w: w}
	l.encode = func(b *bytes.Buffer, notices []segment.Notice) error {
		c := csv.NewWriter(b)
		if header && !l.begun {
			b.WriteString(csvHeader + "\n")
		}
		for i := range notices {
			n := &notices[i]
			cause, err := n.Cause.MarshalText()
			if err != nil {
				return err
			}
			if err := c.Write([]string{
				strconv.FormatUint(n.Number, 10), n.At.UTC().Format(time.RFC3339Nano), n.Customer.String(), cell.Harmless(n.Segment),
				strconv.Itoa(n.Version), strconv.FormatBool(n.Entered), string(cause),
			}); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	return l
}

const csvHeader = "number,at,customer,segment,version,entered,cause"

// lines is a sink of lines. Not safe for concurrent use.
type lines struct {
	w      io.Writer
	encode func(*bytes.Buffer, []segment.Notice) error
	begun  bool // the header has been written, if there is one
	torn   bool // what was written last does not end a line
}

func (l *lines) Deliver(ctx context.Context, notices []segment.Notice) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var b bytes.Buffer
	if l.torn {
		b.WriteByte('\n')
	}
	if err := l.encode(&b, notices); err != nil {
		return err
	}
	n, err := l.w.Write(b.Bytes())
	n = max(0, min(n, b.Len()))
	if err == nil && n < b.Len() {
		err = io.ErrShortWrite
	}
	if n > 0 {
		written := b.Bytes()[:n]
		l.torn = written[n-1] != '\n'
		l.begun = l.begun || bytes.Contains(written, []byte(csvHeader))
	}
	return err
}

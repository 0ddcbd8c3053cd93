package synth

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	header       = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
	firstInvoice = 500001
)

// CSV returns the invoice lines as a file with the header and the shapes of UCI
// Online Retail (Chen, Sain and Guo 2012): invoices are numbered in the order
// of time, those of refunds begin with C and have negative quantities; times
// are local, in whole minutes, as 2006-01-02 15:04:00; prices have two
// decimals; guests have a blank CustomerID. As tills do, the file repeats a
// share of lines exactly ([Rates].Duplicate); [Shop.Lines] does not. Unlike
// some copies of the original, ids are plain integers. Fields are quoted as RFC
// 4180 asks, lines end in a line feed.
//
// The reader makes what is read and holds no goroutine and no file: it may be
// dropped at any point. Its only error is io.EOF. The reader is not safe for
// concurrent use.
func (s *Shop) CSV() io.Reader {
	return &till{queue: newQueue(s), invoice: firstInvoice, text: []byte(header)}
}

// WriteCSV writes all of [Shop.CSV] and returns the number of lines without the
// header. It stops with the context's error, looked at every 64 KiB.
func (s *Shop) WriteCSV(ctx context.Context, w io.Writer) (lines int64, err error) {
	t := s.CSV().(*till)
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return lines, fmt.Errorf("synth: write CSV: %w", err)
		}
		done := t.lines
		for more && len(t.text) < 64<<10 {
			more = t.print()
		}
		if _, err := w.Write(t.text); err != nil {
			return lines, fmt.Errorf("synth: write CSV: %w", err)
		}
		t.text = t.text[:0]
		lines += t.lines - done
	}
	return lines, nil
}

// till prints invoices.
type till struct {
	queue   *queue
	invoice int64
	lines   int64
	text    []byte // printed
	read    int    // of text
	basket  []Line
	when    []byte // time of the present invoice
}

// Read implements io.Reader.
func (t *till) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for t.read == len(t.text) {
		t.text, t.read = t.text[:0], 0
		for len(t.text) < 32<<10 && t.print() {
		}
		if len(t.text) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, t.text[t.read:])
	t.read += n
	return n, nil
}

// print appends the next invoice to the text; false if there is none.
func (t *till) print() bool {
	s := t.queue.shop
	for {
		e, ok := t.queue.next()
		if !ok {
			return false
		}
		if e.Kind == Contact {
			continue
		}
		r := newStream(s.seed, forTill, e.Order<<1|int64(e.Kind))
		t.basket = s.Basket(t.basket[:0], e)
		t.when = e.Time.AppendFormat(t.when[:0], "2006-01-02 15:04:00")
		for _, l := range t.basket {
			from := len(t.text)
			t.line(l)
			t.lines++
			if r.uniform() < s.opts.Rates.Duplicate {
				t.text = append(t.text, t.text[from:]...)
				t.lines++
			}
		}
		t.invoice++
		return true
	}
}

// line appends a line of the present invoice.
func (t *till) line(l Line) {
	b := t.text
	if l.Kind == Refund {
		b = append(b, 'C')
	}
	b = strconv.AppendInt(b, t.invoice, 10)
	b = append(b, ',')
	b = append(b, l.Code...)
	b = append(b, ',')
	b = appendField(b, l.Description)
	b = append(b, ',')
	b = strconv.AppendInt(b, l.Quantity, 10)
	b = append(b, ',')
	b = append(b, t.when...)
	b = append(b, ',')
	b = strconv.AppendInt(b, l.Price/100, 10)
	b = append(b, '.', byte('0'+l.Price/10%10), byte('0'+l.Price%10), ',')
	if l.Customer != 0 {
		b = strconv.AppendInt(b, l.Customer, 10)
	}
	b = append(b, ',')
	b = appendField(b, l.Country)
	t.text = append(b, '\n')
}

// appendField appends a field, quoted where it must be.
func appendField(b []byte, field string) []byte {
	if !strings.ContainsAny(field, "\",\r\n") && !strings.HasPrefix(field, " ") {
		return append(b, field...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(field, `"`, `""`)...)
	return append(b, '"')
}

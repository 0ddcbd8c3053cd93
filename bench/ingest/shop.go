package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/synth"
)

// A file is invoice lines as CSV, and what is to be found in them.
type file struct {
	text []byte
	want counts
}

// counts are what every way to read a file has to find.
type counts struct {
	Lines  int   `json:"lines"`
	Guests int   `json:"guests"` // lines without a customer
	Pieces int64 `json:"pieces"`
}

// check says in what the counts differ.
func (f *file) check(got counts) error {
	if got != f.want {
		return fmt.Errorf("found %+v, want %+v", got, f.want)
	}
	return nil
}

// linesEach is how many lines a customer has, somewhat less than the least of the generated shops.
const linesEach = 30

// made is the file, made once.
func (o *options) made() (*file, error) {
	if o.file != nil {
		return o.file, nil
	}
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: max(100, o.lines/linesEach)})
	if err != nil {
		return nil, err
	}
	f := &file{}
	if f.text, err = io.ReadAll(shop.CSV()); err != nil {
		return nil, err
	}
	if f.want, err = split(f.text); err != nil {
		return nil, err
	}
	if f.want.Lines < o.lines {
		return nil, fmt.Errorf("the shop has %d lines only", f.want.Lines)
	}
	o.file = f
	return f, nil
}

// split reads a file by the standard library.
func split(text []byte) (c counts, err error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		return c, err
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			return c, nil
		} else if err != nil {
			return c, err
		}
		pieces, err := strconv.ParseInt(record[3], 10, 64)
		if err != nil {
			return c, err
		}
		c.Lines, c.Pieces = c.Lines+1, c.Pieces+pieces
		if record[6] == "" {
			c.Guests++
		}
	}
}

func zipped(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// jsonLines writes the lines as objects, numbers as such.
func jsonLines(text []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, row := range rows[1:] {
		b.WriteByte('{')
		for i, name := range rows[0] {
			if i > 0 {
				b.WriteByte(',')
			}
			value := []byte(row[i])
			if number := name == "Quantity" || name == "UnitPrice" || name == "CustomerID"; number && len(value) == 0 {
				value = []byte("null")
			} else if !number {
				if value, err = json.Marshal(row[i]); err != nil {
					return nil, err
				}
			}
			fmt.Fprintf(&b, "%q:%s", name, value)
		}
		b.WriteString("}\n")
	}
	return b.Bytes(), nil
}

// onOneCore measures f, which returns how much it has done.
func onOneCore(name, unit string, f func() (int, error)) (harness.Figure, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	done := 0
	cost, err := harness.Clock(func() (err error) {
		done, err = f()
		return err
	})
	return harness.Figure{Name: name, Value: float64(done) / cost.CPU.Seconds(), Unit: unit}, err
}

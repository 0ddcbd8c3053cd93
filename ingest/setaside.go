package ingest

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// asideWriter writes records set aside. A nil one writes nothing.
type asideWriter struct {
	w       *csv.Writer
	started bool
	columns []string // original columns of the first source
	fits    bool     // the source at hand has the same
	row     []string
}

func newAsideWriter(w io.Writer) *asideWriter { return &asideWriter{w: csv.NewWriter(w)} }

// begin notes the columns of a source, nil for JSON lines.
func (a *asideWriter) begin(columns []string) {
	if a == nil {
		return
	}
	if !a.started {
		a.started, a.columns = true, columns
		head := slices.Concat([]string{"source", "line", "reason", "field"}, columns, []string{"raw"})
		_ = a.w.Write(head) // an error stays with the writer
	}
	a.fits = columns != nil && slices.Equal(a.columns, columns)
}

func (a *asideWriter) write(in *rows, reason, field string) error {
	if a == nil {
		return nil
	}
	a.row = append(a.row[:0], in.name, strconv.FormatInt(in.lines.line, 10), reason, field)
	if a.fits && in.fields != nil {
		for _, f := range in.fields {
			a.row = append(a.row, string(f))
		}
		a.row = append(a.row, "")
	} else {
		for range a.columns {
			a.row = append(a.row, "")
		}
		a.row = append(a.row, string(in.raw))
	}
	if err := a.w.Write(a.row); err != nil {
		return fmt.Errorf("ingest: records set aside cannot be written: %w", err)
	}
	return nil
}

func (a *asideWriter) flush() error {
	a.w.Flush()
	return a.w.Error()
}

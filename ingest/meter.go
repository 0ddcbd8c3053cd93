package ingest

import (
	"fmt"
	"io"
	"os"
)

// Meter returns a function for [Options.Progress] that shows on a terminal how much has been read: one
// line, written over and over and wiped out at the end of all, or where a read ends early by a call with
// 0 and 0. Nil, which shows nothing, where w is no terminal. The function is not safe for concurrent use.
func Meter(w io.Writer) func(done, total int64) {
	if f, ok := w.(*os.File); ok && f != nil {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return meter(w)
		}
	}
	return nil
}

func meter(w io.Writer) func(done, total int64) {
	return func(done, total int64) {
		switch {
		case done == total:
			fmt.Fprint(w, "\r\x1b[K")
		case total < 0: // there is none to see
			fmt.Fprintf(w, "\rread %d MiB", done>>20)
		default:
			fmt.Fprintf(w, "\rread %d of %d MiB", done>>20, total>>20)
		}
	}
}

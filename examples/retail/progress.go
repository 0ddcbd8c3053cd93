package main

import (
	"fmt"
	"io"
	"os"
)

// progress returns what shows on a terminal how much has been read, nil where w is none.
func progress(w io.Writer) func(done, total int64) {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return meter(w)
		}
	}
	return nil
}

// meter writes one line over and over, and wipes it out when all is done. Without a total there is none to see: -1.
func meter(w io.Writer) func(done, total int64) {
	return func(done, total int64) {
		switch {
		case done == total:
			fmt.Fprint(w, "\r\x1b[K")
		case total < 0:
			fmt.Fprintf(w, "\rread %d MiB", done>>20)
		default:
			fmt.Fprintf(w, "\rread %d of %d MiB", done>>20, total>>20)
		}
	}
}

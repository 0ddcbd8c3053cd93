package ingest

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	defaultMaxRecord   = 1 << 20
	defaultMaxBytes    = 64 << 30
	defaultMaxRatio    = 250
	defaultMaxKeyBytes = 1 << 30
)

// ratioFloor is the decompressed size below which the ratio is not judged.
const ratioFloor = 16 << 20

// Options adjust a [Reader]. Nil and the zero value are the defaults. Options are safe
// for concurrent reads; their functions and the writer are called by the goroutine
// that reads.
type Options struct {
	// Comma separates the fields of CSV. 0 means ','.
	Comma byte
	// Columns, if given, are the names of the columns: the sources are CSV without a header.
	Columns []string
	// SetAside, if given, receives every record set aside, as CSV: source, line, reason,
	// field, the original columns of the first source, and raw, which holds the record
	// as it was where it cannot be laid out in these columns (bad quotes, a wrong number
	// of fields, another header, JSON). A record longer than MaxRecord is listed without
	// its text. This is the one place where ingest writes values of the input.
	SetAside io.Writer
	// FailMalformed ends the read at the first record that cannot be split or decoded.
	// False sets such records aside like others.
	FailMalformed bool
	// Decode, if given, wraps every source after decompression, for example to turn
	// GB18030 into UTF-8.
	Decode func(io.Reader) io.Reader
	// MaxRecord is the most bytes a record may have; a longer one is set aside, and
	// memory stays within a few times this. 0 means 1 MiB.
	MaxRecord int
	// MaxBytes is the most bytes a source may hold once decompressed. 0 means 64 GiB.
	MaxBytes int64
	// MaxRatio is the most that compressed input may grow, judged once 16 MiB have come
	// out. 0 means 250; the most that gzip can reach is about 1030.
	MaxRatio int
	// MaxKeyBytes bounds the memory of all keys of Schema.Unique together: beside its
	// own bytes a key takes 12 to 35 more. 0 means 1 GiB.
	MaxKeyBytes int64
	// Progress, if given, is called about once a mebibyte and at the end of each source
	// with the bytes read so far, as stored, in all passes, and how many there will be,
	// or -1 where the size of a source is unknown. See Meter.
	Progress func(done, total int64)
}

func (o *Options) withDefaults() (Options, error) {
	var p Options
	if o != nil {
		p = *o
	}
	var errs []error
	if p.Comma == 0 {
		p.Comma = ','
	}
	if p.Comma == '"' || p.Comma == '\n' || p.Comma == '\r' || p.Comma >= utf8.RuneSelf {
		errs = append(errs, fmt.Errorf("%w: Comma cannot be %q", ErrOptions, rune(p.Comma)))
	}
	if p.MaxRecord < 0 || p.MaxBytes < 0 || p.MaxRatio < 0 || p.MaxKeyBytes < 0 {
		errs = append(errs, fmt.Errorf("%w: a limit is negative", ErrOptions))
	}
	p.MaxRecord = orDefault(p.MaxRecord, defaultMaxRecord)
	p.MaxBytes = orDefault(p.MaxBytes, defaultMaxBytes)
	p.MaxRatio = orDefault(p.MaxRatio, defaultMaxRatio)
	p.MaxKeyBytes = orDefault(p.MaxKeyBytes, defaultMaxKeyBytes)
	return p, errors.Join(errs...)
}

func orDefault[V int | int64](v, def V) V {
	if v == 0 {
		return def
	}
	return v
}

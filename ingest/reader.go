package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Reader reads the records of one or several sources, one after another, as one. It
// opens nothing until Records or ReadAll runs and closes everything before that ends.
// A Reader is not safe for concurrent use.
type Reader[T any] struct {
	plan    *plan[T]
	opts    Options
	sources []Source
	used    bool

	keyBudget   int64
	done, total int64 // stored bytes, for Progress
	reported    int64
	key         []byte

	opened                      []string
	read, kept, repaired, aside int64
	malformed, blank, judged    int64
	faults                      [faultCount]int64
	firstFaults                 [faultCount]place
	setAside                    *asideWriter
}

// NewReader returns a reader of the sources by the schema. The error lists everything
// that is wrong with schema, options and sources, each wrapping [ErrOptions]; the
// sources themselves are not touched. A schema with a Tukey rule needs sources that can be opened twice.
func NewReader[T any](schema *Schema[T], opts *Options, sources ...Source) (*Reader[T], error) {
	p, err := compile(schema)
	o, optErr := opts.withDefaults()
	errs := []error{err, optErr}
	if len(sources) == 0 {
		errs = append(errs, fmt.Errorf("%w: no source", ErrOptions))
	}
	for i, s := range sources {
		if s.Open == nil || s.Name == "" {
			errs = append(errs, fmt.Errorf("%w: source %d needs Name and Open", ErrOptions, i))
		}
		if s.once && p != nil && p.learns {
			errs = append(errs, fmt.Errorf("%w: source %q can be read once, and the schema's outlier rules need two passes", ErrOptions, s.Name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r := &Reader[T]{plan: p, opts: o, sources: slices.Clone(sources), keyBudget: o.MaxKeyBytes}
	if o.SetAside != nil {
		r.setAside = newAsideWriter(o.SetAside)
	}
	return r, nil
}

// ReadAll returns all records that Records would yield. With an error it returns those
// before it.
func (r *Reader[T]) ReadAll(ctx context.Context) ([]T, error) {
	var all []T
	for rec, err := range r.Records(ctx) {
		if err != nil {
			return all, err
		}
		all = append(all, rec)
	}
	return all, nil
}

// Records yields the records that pass, in the order of the sources and of their lines.
// An error that ends the read is the last element: a source that cannot be read, a
// header that does not match, a limit, a cancelled context, a rule declared to end the
// read, or no record at all ([ErrEmpty]). Faults of single records are no errors; they
// are counted in [Reader.Report] and written to Options.SetAside. The sequence can be
// used once; after that it yields [ErrUsed]. Records belong to the caller.
func (r *Reader[T]) Records(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if r.used {
			yield(zero, ErrUsed)
			return
		}
		r.used = true
		stopped := false
		err := r.run(ctx, func(rec *T) bool {
			stopped = !yield(*rec, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(zero, err)
		}
	}
}

// run makes all passes over all sources.
func (r *Reader[T]) run(ctx context.Context, deliver func(*T) bool) error {
	r.total = r.storedSize()
	var err error
	if r.plan.learns {
		for i := range r.sources {
			if _, err = r.readSource(ctx, &r.sources[i], nil); err != nil {
				break
			}
		}
		for _, f := range r.plan.fields {
			f.forget()
		}
		if err != nil {
			return err
		}
	}
	for i := range r.sources {
		var more bool
		if more, err = r.readSource(ctx, &r.sources[i], deliver); err != nil || !more {
			break
		}
		if i == len(r.sources)-1 && r.read == 0 {
			err = &Error{Source: r.sources[i].Name, Reason: "holds no records after the header", Err: ErrEmpty}
		}
	}
	if r.setAside != nil {
		if flushErr := r.setAside.flush(); err == nil && flushErr != nil {
			err = fmt.Errorf("ingest: records set aside cannot be written: %w", flushErr)
		}
	}
	return err
}

func (r *Reader[T]) storedSize() int64 {
	total := int64(0)
	for i := range r.sources {
		size := int64(-1)
		if r.sources[i].size != nil {
			size = r.sources[i].size()
		}
		if size < 0 {
			return -1
		}
		total += size
	}
	if r.plan.learns {
		total *= 2
	}
	return total
}

func (r *Reader[T]) progress(n int64) {
	r.done += n
	if r.opts.Progress != nil && r.done-r.reported >= 1<<20 {
		r.reported = r.done
		r.opts.Progress(r.done, r.total)
	}
}

// readSource passes every record of a source to deliver, or, where deliver is nil, only
// lets the rules learn. It reports whether to go on.
func (r *Reader[T]) readSource(ctx context.Context, src *Source, deliver func(*T) bool) (more bool, err error) {
	lines, closer, err := src.open(ctx, &r.opts, r.progress)
	if err != nil {
		return false, err
	}
	defer func() { _ = closer.Close() }()
	in := &rows{name: src.Name, lines: lines}
	if err := r.begin(in); err != nil {
		return false, err
	}
	if deliver != nil {
		r.opened = append(r.opened, src.Name)
	}
	rec := new(T)
	for {
		if err := ctx.Err(); err != nil {
			return false, sourceError(in.name, lines.line, "stopped", err)
		}
		bad, at, err := in.next()
		switch {
		case err == io.EOF:
			if r.opts.Progress != nil {
				r.reported = r.done
				r.opts.Progress(r.done, r.total)
			}
			return true, nil
		case err != nil:
			return false, sourceError(in.name, lines.line, "cannot be read", err)
		case bad == 0 && in.fields == nil && in.cells == nil:
			if deliver != nil {
				r.blank++
			}
			continue
		}
		if bad == 0 && in.json != nil {
			bad, at = r.absent(in.cells)
		}
		if deliver == nil {
			if bad == 0 {
				r.judgeFields(rec, in)
			}
			continue
		}
		if bad != 0 {
			if err := r.putFaultAside(in, bad, at); err != nil {
				return false, err
			}
			continue
		}
		broken, repairedBy, err := r.judge(rec, in)
		if err != nil {
			return false, &Error{Source: in.name, Line: lines.line, Reason: err.Error(), Err: ErrTooLarge}
		}
		r.read++
		switch {
		case broken != nil:
			if err := r.putAside(in, broken); err != nil {
				return false, err
			}
			continue
		case repairedBy != nil:
			repairedBy.repaired++
			r.repaired++
		default:
			r.kept++
		}
		for _, f := range r.plan.times {
			f.seen(rec)
		}
		if !deliver(rec) {
			return false, nil
		}
	}
}

// judgeFields reads all fields into rec. It returns the rule to set the record aside
// for and the first that repaired it, nil for none. Fields are judged even behind a
// failure, so that counts per rule are of all records; a fatal rule among them wins.
func (r *Reader[T]) judgeFields(rec *T, in *rows) (broken, repairedBy *rule) {
	var zero T
	*rec = zero
	for i, f := range r.plan.fields {
		var text []byte
		format := &f.format
		if in.json == nil {
			if c := in.index[i]; c >= 0 {
				text = in.fields[c]
			}
		} else {
			c := &in.cells[i]
			if text = c.text; c.number {
				format = &f.plain
			}
		}
		k := f.judge(rec, text, format)
		if k != nil && (broken == nil || k.fatal && !broken.fatal) {
			broken = k
		}
		if repairedBy == nil {
			repairedBy = f.repaired
		}
	}
	return broken, repairedBy
}

// judge applies all rules to the record at hand.
func (r *Reader[T]) judge(rec *T, in *rows) (broken, repairedBy *rule, err error) {
	r.judged++
	if broken, repairedBy = r.judgeFields(rec, in); broken != nil {
		return broken, nil, nil
	}
	for _, c := range r.plan.checks {
		c.judged++
		if !c.fails(rec) {
			continue
		}
		c.failed++
		if c.repair == nil {
			return &c.rule, nil, nil
		}
		c.repair(rec)
		if c.fails(rec) {
			return &c.rule, nil, nil
		}
		if repairedBy == nil {
			repairedBy = &c.rule
		}
	}
	for _, u := range r.plan.unique {
		u.judged++
		r.key = r.key[:0]
		for _, i := range u.fields {
			r.key = r.plan.fields[i].appendKey(r.key, rec)
		}
		fresh, err := u.keys.add(r.key, &r.keyBudget)
		if err != nil {
			return nil, nil, fmt.Errorf("keys of %q need more than MaxKeyBytes, %d bytes", u.reason, r.opts.MaxKeyBytes)
		}
		if !fresh {
			u.failed++
			return &u.rule, nil, nil
		}
	}
	return nil, repairedBy, nil
}

// putAside counts and writes a record that a rule has failed.
func (r *Reader[T]) putAside(in *rows, broken *rule) error {
	if broken.aside++; broken.aside == 1 {
		broken.first = place{in.name, in.lines.line}
	}
	r.aside++
	if err := r.setAside.write(in, broken.reason, broken.field); err != nil {
		return err
	}
	if broken.fatal {
		return &Error{Source: in.name, Line: in.lines.line, Field: broken.field, Reason: broken.reason, Err: ErrRejected}
	}
	return nil
}

// putFaultAside does the same for one that cannot be split or decoded.
func (r *Reader[T]) putFaultAside(in *rows, bad fault, at int) error {
	field := ""
	if at >= 0 {
		field = r.plan.fields[at].name
	}
	r.read++
	r.aside++
	r.malformed++
	if r.faults[bad]++; r.faults[bad] == 1 {
		r.firstFaults[bad] = place{in.name, in.lines.line}
	}
	in.fields = nil
	if err := r.setAside.write(in, faultReasons[bad], field); err != nil {
		return err
	}
	if r.opts.FailMalformed {
		return &Error{Source: in.name, Line: in.lines.line, Field: field, Reason: faultReasons[bad], Err: ErrMalformed}
	}
	return nil
}

package ingest

import (
	"errors"
	"fmt"
)

// Schema declares how the records of a source become values of T: which column goes
// into which field, how its text is read, and by which rules it is judged. It is plain
// data; nothing is learnt from names or tags of T. A Schema is safe for concurrent
// reads and may serve any number of readers.
//
// A record is judged by its fields in declared order, then by Checks, then by Unique.
// The first rule that fails and does not repair is the record's one reason.
type Schema[T any] struct {
	// Format says how the source writes things; a field may have its own.
	Format Format
	// Fields are the columns to read. At least one.
	Fields []Field[T]
	// Checks judge a record whose fields have all passed.
	Checks []Check[T]
	// Unique are keys that no two delivered records may share. They see only records
	// that passed everything else; the first of several is kept.
	Unique []Unique
}

// Field is one value of a record. A Field is safe for concurrent reads.
type Field[T any] struct {
	// Name is the field's name in reports and errors. Mandatory and unique.
	Name string
	// Columns are the names the column may have. A header or a JSON key matches one
	// of them regardless of case, outer white space and full-width forms. Nil means
	// Name. More than one match in a header is an error.
	Columns []string
	// Into says where the value goes and how its text is read. Mandatory.
	Into Target[T]
	// Format replaces the format of the schema for this field. Nil means no change.
	Format *Format
	// Optional allows a source without the column, or a JSON object without the key;
	// the value is then missing. Without it the first is an error, the second a fault
	// of the record.
	Optional bool
	// Rules judge the value. Those on text (Required, Trim, Matches, OneOf) run before
	// the text is converted, those on the value (Range, Tukey, LogTukey) after it, each
	// group in declared order. A missing value is only judged by Required and
	// otherwise leaves the zero value.
	Rules []Rule
}

// Check is a rule on a whole record. A Check is safe for concurrent reads if its
// functions are.
type Check[T any] struct {
	// Reason names the rule in reports. Mandatory.
	Reason string
	// Fails reports whether the record breaks the rule. Mandatory. It must not keep
	// the pointer.
	Fails func(*T) bool
	// Repair, if given, mends a record that fails. If it then fails still, it is set aside.
	Repair func(*T)
	// Fatal ends the read at a record that fails, instead of setting it aside.
	Fatal bool
}

// Unique is a key that identifies a record. Keys are compared exactly and kept in
// memory, at most Options.MaxKeyBytes of them together. A Unique is safe for
// concurrent reads.
type Unique struct {
	// Fields are names of fields whose values form the key. Nil means all fields.
	// A missing value equals only a missing value.
	Fields []string
	// Reason names the rule in reports. Empty means "duplicate".
	Reason string
	// Fatal ends the read at a second record with the same key, instead of setting it aside.
	Fatal bool
}

// Validate reports everything that makes the schema unusable, each wrapping [ErrOptions], or nil.
func (s *Schema[T]) Validate() error {
	_, err := compile(s)
	return err
}

// plan is a compiled schema, with the state and the counts of one reader.
type plan[T any] struct {
	fields []*field[T]
	times  []*field[T] // those that are times
	checks []*check[T]
	unique []*unique
	rules  []*rule // all of them, in declared order
	learns bool    // some rule needs a first pass
}

type check[T any] struct {
	rule
	fails  func(*T) bool
	repair func(*T)
}

type unique struct {
	rule
	fields []int
	keys   keySet
}

func compile[T any](s *Schema[T]) (*plan[T], error) {
	if s == nil {
		return nil, fmt.Errorf("%w: no schema", ErrOptions)
	}
	var errs []error
	p := &plan[T]{}
	if err := s.Format.validate(); err != nil {
		errs = append(errs, fmt.Errorf("%w: format: %w", ErrOptions, err))
	}
	if len(s.Fields) == 0 {
		errs = append(errs, fmt.Errorf("%w: a schema needs at least one field", ErrOptions))
	}
	names := make(map[string]int)
	for i := range s.Fields {
		f, err := compileField(&s.Fields[i], &s.Format)
		if err != nil {
			for _, err := range flatten(err) {
				errs = append(errs, fmt.Errorf("%w: field %q: %w", ErrOptions, s.Fields[i].Name, err))
			}
			continue
		}
		if _, twice := names[f.name]; twice {
			errs = append(errs, fmt.Errorf("%w: field %q is declared twice", ErrOptions, f.name))
		}
		names[f.name] = len(p.fields)
		p.fields = append(p.fields, f)
		p.rules = append(p.rules, f.rules()...)
		p.learns = p.learns || f.learns()
		if f.into.kind == kindTime {
			p.times = append(p.times, f)
		}
	}
	for i, c := range s.Checks {
		if c.Reason == "" || c.Fails == nil {
			errs = append(errs, fmt.Errorf("%w: check %d needs Reason and Fails", ErrOptions, i))
			continue
		}
		r := &check[T]{rule: rule{reason: c.Reason, fatal: c.Fatal}, fails: c.Fails, repair: c.Repair}
		p.checks = append(p.checks, r)
		p.rules = append(p.rules, &r.rule)
	}
	for _, u := range s.Unique {
		r := &unique{rule: rule{reason: u.Reason, fatal: u.Fatal}}
		if r.reason == "" {
			r.reason = "duplicate"
		}
		for _, name := range u.Fields {
			i, ok := names[name]
			if !ok {
				errs = append(errs, fmt.Errorf("%w: unique %q names field %q, which is not declared", ErrOptions, r.reason, name))
			}
			r.fields = append(r.fields, i)
		}
		if u.Fields == nil {
			for i := range p.fields {
				r.fields = append(r.fields, i)
			}
		}
		p.unique = append(p.unique, r)
		p.rules = append(p.rules, &r.rule)
	}
	return p, errors.Join(errs...)
}

// flatten takes joined errors apart, so that each can have its own line and prefix.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

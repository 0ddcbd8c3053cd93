package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// field is a compiled Field with its state and counts. It is not safe for concurrent use.
type field[T any] struct {
	name     string
	names    []string // of columns, as declared
	columns  []string // the same, folded
	into     Target[T]
	format   Format
	plain    Format // for numbers of JSON
	optional bool
	requires bool // has Required

	onText  []*rule
	valid   *rule
	onValue []*valueRule[T]

	strings interner
	times   *times
	wide    []byte // scratch: narrowed text
	digits  []byte // scratch: number with usual marks

	// Of the record at hand.
	serial   int64
	missing  bool
	kept     []byte // the text the value was made of
	repaired *rule  // the first rule that repaired it

	latest time.Time // of the record delivered last

	counts FieldCount
}

// valueRule is a rule on a value; its bounds are values in records of their own.
type valueRule[T any] struct {
	*rule
	lo, hi *T // nil: no bound
}

func compileField[T any](f *Field[T], general *Format) (*field[T], error) {
	format := general
	var errs []error
	if f.Format != nil {
		format = f.Format
		errs = append(errs, format.validate())
	}
	c := &field[T]{name: f.Name, into: f.Into, format: format.withDefaults(), optional: f.Optional}
	c.plain = c.format
	c.plain.Point, c.plain.Group = '.', 0
	c.counts = FieldCount{Name: f.Name, Time: f.Into.kind == kindTime}
	if c.names = f.Columns; len(c.names) == 0 {
		c.names = []string{f.Name}
	}
	for _, name := range c.names {
		c.columns = append(c.columns, foldName(name))
	}
	slices.Sort(c.columns)
	c.columns = slices.Compact(c.columns)
	if err := errors.Join(append(errs, f.Into.validate(&c.format))...); err != nil {
		return nil, err
	}
	if f.Name == "" {
		errs = append(errs, errors.New("no Name is set"))
	}
	if f.Into.kind == kindTime {
		c.times = newTimes(&c.format)
	}
	for _, r := range f.Rules {
		k := compileRule(r, f.Name, f.Into.kind)
		c.requires = c.requires || r.test == testRequired
		errs = append(errs, k.validate(f.Into.ordered(), f.Into.numeric(), f.Into.kind == kindText))
		switch {
		case r.test == testValid && c.valid != nil:
			errs = append(errs, errors.New("Valid is declared twice"))
		case r.test == testValid:
			c.valid = k
		case r.test < testValid:
			c.onText = append(c.onText, k)
		default:
			c.onValue = append(c.onValue, &valueRule[T]{rule: k})
		}
	}
	if c.valid == nil {
		c.valid = compileRule(Valid(), f.Name, f.Into.kind)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, r := range c.onValue {
		errs = append(errs, c.bounds(r))
	}
	for _, r := range c.rules() {
		if r.act == fill && !c.accepts(r.text) {
			errs = append(errs, fmt.Errorf("the filling of rule %q does not pass the rules itself", r.reason))
		}
	}
	return c, errors.Join(errs...)
}

// bounds reads the bounds of a Range as the field reads its values.
func (f *field[T]) bounds(r *valueRule[T]) error {
	read := func(text string) (*T, error) {
		if text == "" {
			return nil, nil
		}
		rec := new(T)
		if err := f.set(rec, narrow([]byte(text), &f.wide), &f.format); err != nil {
			return nil, fmt.Errorf("bound %q is %s", text, kindFaults[f.into.kind])
		}
		return rec, nil
	}
	var err1, err2 error
	r.lo, err1 = read(r.Rule.lo)
	r.hi, err2 = read(r.Rule.hi)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if r.lo != nil && r.hi != nil && f.into.compare(r.lo, r.hi) > 0 {
		return fmt.Errorf("Range(%q, %q) is empty", r.Rule.lo, r.Rule.hi)
	}
	return nil
}

// accepts tries the text of OrFill on the rules, leaving no trace.
func (f *field[T]) accepts(text string) bool {
	trial := *f
	trial.onText, trial.onValue = nil, nil
	for _, r := range f.onText {
		trial.onText = append(trial.onText, &rule{Rule: r.Rule})
	}
	for _, r := range f.onValue {
		trial.onValue = append(trial.onValue, &valueRule[T]{rule: &rule{Rule: r.Rule}, lo: r.lo, hi: r.hi})
	}
	trial.valid = &rule{Rule: f.valid.Rule}
	return trial.judge(new(T), []byte(text), &f.format) == nil && trial.repaired == nil
}

func (f *field[T]) rules() []*rule {
	all := append(slices.Clone(f.onText), f.valid)
	for _, r := range f.onValue {
		all = append(all, r.rule)
	}
	return all
}

func (f *field[T]) learns() bool {
	return slices.ContainsFunc(f.onValue, func(r *valueRule[T]) bool { return r.histogram != nil })
}

// judge converts text into the field of rec and applies the rules. It returns the rule
// that the record is to be set aside for, or nil.
func (f *field[T]) judge(rec *T, text []byte, format *Format) *rule {
	f.serial++
	f.repaired, f.missing = nil, f.isMissing(text)
	if f.missing {
		f.counts.Missing++
	} else {
		f.counts.Present++
	}
	missing := f.missing
	text, broken := f.try(rec, text, format)
	if broken != nil && (broken.act == fill || broken.act == mend) {
		broken = f.replace(rec, text, broken)
	}
	if !missing && (broken != nil || f.repaired != nil) {
		f.counts.Invalid++
	}
	return broken
}

// replace puts another text in place of one that broke a rule, and tries that.
func (f *field[T]) replace(rec *T, text []byte, broken *rule) *rule {
	f.repair(broken)
	replacement := broken.text
	if broken.act == mend {
		replacement = broken.fix(string(text))
	}
	text = []byte(replacement)
	if f.missing = f.isMissing(text); f.missing {
		f.into.copy(rec, new(T)) // of the kinds that a rule can refuse once set
	}
	_, broken = f.try(rec, text, &f.format)
	return broken
}

// try applies every rule once. It returns the text so far and the rule that failed
// without being able to repair in place.
func (f *field[T]) try(rec *T, text []byte, format *Format) ([]byte, *rule) {
	if f.into.kind != kindText {
		if text = trimSpace(text); f.into.kind != kindCustom {
			text = trimSpace(narrow(text, &f.wide))
		}
	}
	for _, r := range f.onText {
		if r.passesText(text, f.missing) {
			continue
		}
		f.count(r)
		if r.act != trim {
			return text, r
		}
		f.repair(r)
		text = trimSpace(text)
	}
	if f.missing {
		return text, nil
	}
	f.kept = text
	if err := f.set(rec, text, format); err != nil {
		f.count(f.valid)
		return text, f.valid
	}
	for _, r := range f.onValue {
		if f.passesValue(rec, r) {
			continue
		}
		f.count(r.rule)
		if r.act != limit || !f.cap(rec, r) {
			return text, r.rule
		}
		f.repair(r.rule)
	}
	return text, nil
}

// count counts a failure, once a record.
func (f *field[T]) count(r *rule) {
	if r.serial != f.serial {
		r.serial = f.serial
		r.failed++
	}
}

func (f *field[T]) repair(r *rule) {
	if f.repaired == nil {
		f.repaired = r
	}
}

func (f *field[T]) passesValue(rec *T, r *valueRule[T]) bool {
	if r.test == testRange {
		return (r.lo == nil || f.into.compare(rec, r.lo) >= 0) && (r.hi == nil || f.into.compare(rec, r.hi) <= 0)
	}
	x := f.into.number(rec)
	if r.test == testLogTukey && x <= 0 {
		return true
	}
	if r.histogram != nil {
		r.histogram.add(x)
		return true
	}
	return !r.fenced || x >= r.low && x <= r.high
}

// cap sets the value to the bound it passed. It reports false where the field cannot
// hold the fence.
func (f *field[T]) cap(rec *T, r *valueRule[T]) bool {
	switch {
	case r.test == testRange && r.lo != nil && f.into.compare(rec, r.lo) < 0:
		f.into.copy(rec, r.lo)
	case r.test == testRange:
		f.into.copy(rec, r.hi)
	case f.into.number(rec) < r.low:
		return f.into.setNumber(rec, r.low, math.Ceil) == nil
	default:
		return f.into.setNumber(rec, r.high, math.Floor) == nil
	}
	return true
}

func (f *field[T]) isMissing(text []byte) bool {
	text = trimSpace(text)
	if len(text) == 0 {
		return true
	}
	for _, m := range f.format.Missing {
		if strings.EqualFold(m, string(text)) {
			return true
		}
	}
	return false
}

// seen notes the time of a delivered record.
func (f *field[T]) seen(rec *T) {
	if f.missing {
		return
	}
	at := *f.into.time(rec)
	if at == f.latest { // an order has many lines
		return
	}
	f.latest = at
	if f.counts.Oldest.IsZero() || at.Before(f.counts.Oldest) {
		f.counts.Oldest = at
	}
	if f.counts.Newest.IsZero() || at.After(f.counts.Newest) {
		f.counts.Newest = at
	}
}

// forget clears what a first pass has counted and turns its histograms into fences.
func (f *field[T]) forget() {
	f.counts = FieldCount{Name: f.name, Time: f.counts.Time}
	for _, r := range f.rules() {
		r.failed = 0
		if r.histogram != nil {
			r.low, r.high, r.fenced = r.histogram.fences(r.k, r.test == testLogTukey)
			r.histogram = nil
		}
	}
}

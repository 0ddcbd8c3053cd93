package ingest

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
)

// Rule is one test of a field and what to do with a value that fails it: by default
// the record is set aside. Make one with [Required], [Trim], [Matches], [OneOf],
// [Valid], [Range], [Tukey] or [LogTukey]; the methods return a changed copy. A Rule
// is safe for concurrent use.
type Rule struct {
	test   test
	reason string
	act    action
	text   string
	fix    func(string) string
	re     *regexp.Regexp
	words  []string
	lo, hi string
	k      float64
}

type test uint8

const (
	testNone test = iota
	testRequired
	testTrim
	testMatches
	testOneOf
	testValid
	testRange
	testTukey
	testLogTukey
)

type action uint8

const (
	setAside action = iota
	fail
	fill
	mend
	limit
	trim
)

var testReasons = [...]string{
	testRequired: "missing",
	testTrim:     "white space around it",
	testMatches:  "does not match the pattern",
	testOneOf:    "not an allowed value",
	testRange:    "out of range",
	testTukey:    "outlier",
	testLogTukey: "outlier",
}

// Required fails for a value that is missing: empty, only white space, or one of
// Format.Missing.
func Required() Rule { return Rule{test: testRequired} }

// Trim takes white space off a text that has it at an end; the record then counts as
// repaired. Other kinds of field ignore such white space and do not need it.
func Trim() Rule { return Rule{test: testTrim, act: trim} }

// Matches fails for a text in which the expression matches nothing; anchor it with ^
// and $ to match the whole text.
func Matches(re *regexp.Regexp) Rule { return Rule{test: testMatches, re: re} }

// OneOf fails for a text that is none of those given.
func OneOf(texts ...string) Rule { return Rule{test: testOneOf, words: slices.Clone(texts)} }

// Valid fails for a text that cannot be converted. Every field has this rule;
// declare it to give it a reason or to do something else than set aside.
func Valid() Rule { return Rule{test: testValid} }

// Range fails for a value below least or above most, which are written as the source
// would write them; an empty one is no bound. It judges numbers and times.
func Range(least, most string) Rule { return Rule{test: testRange, lo: least, hi: most} }

// Tukey fails for a number below Q1 − k·(Q3 − Q1) or above Q3 + k·(Q3 − Q1), where Q1
// and Q3 are the quartiles of the values that pass the rules before this one, in all
// records. k = 1.5 is the usual fence, 3 the far one (Tukey, Exploratory Data Analysis,
// 1977, chapter 2). They are learnt in a first pass over all sources, which must be
// able to open twice, from a histogram with a relative error of 1/128 (none for whole
// numbers up to 256), in constant memory and whatever the order; the fences are rounded
// to six digits and stated in [RuleCount]. Where the quartiles coincide there is no fence.
func Tukey(k float64) Rule { return Rule{test: testTukey, k: k} }

// LogTukey is [Tukey] on the logarithms of values above zero, for amounts and
// quantities, whose upper tail is long by nature. Other values are not judged.
func LogTukey(k float64) Rule { return Rule{test: testLogTukey, k: k} }

// Because gives the rule its reason in reports and errors.
func (r Rule) Because(reason string) Rule { r.reason = reason; return r }

// OrFail ends the read at the first record that fails the rule.
func (r Rule) OrFail() Rule { r.act = fail; return r }

// OrFill puts text in place of the value. The field is then judged again from its
// first rule; failing once more, the record is set aside.
func (r Rule) OrFill(text string) Rule { r.act, r.text = fill, text; return r }

// OrFix puts what fix makes of the text in place of it. The field is then judged again
// from its first rule; failing once more, the record is set aside.
func (r Rule) OrFix(fix func(text string) string) Rule { r.act, r.fix = mend, fix; return r }

// OrCap puts the nearest bound in place of the value. Only for Range, Tukey, LogTukey.
func (r Rule) OrCap() Rule { r.act = limit; return r }

// rule is a compiled Rule with its counts; checks and keys have one too.
type rule struct {
	Rule
	field  string
	reason string
	fatal  bool

	judged, failed, aside, repaired int64
	serial                          int64 // of the record that failed last
	first                           place // of the first record set aside

	histogram *histogram // while learning
	low, high float64    // learnt fences
	fenced    bool
}

// place is where a record begins.
type place struct {
	source string
	line   int64
}

func compileRule(r Rule, field string, k kind) *rule {
	c := &rule{Rule: r, field: field, reason: r.reason, fatal: r.act == fail}
	if c.reason == "" && r.test == testValid {
		c.reason = kindFaults[k]
	} else if c.reason == "" {
		c.reason = testReasons[r.test]
	}
	if r.test == testTukey || r.test == testLogTukey {
		c.histogram = new(histogram)
	}
	return c
}

func (r *rule) validate(ordered, numeric, text bool) error {
	var errs []error
	switch r.test {
	case testNone:
		errs = append(errs, errors.New("a rule is empty"))
	case testTrim:
		if !text {
			errs = append(errs, errors.New("Trim is for text"))
		}
		if r.act != trim {
			errs = append(errs, errors.New("Trim repairs; it takes no other action"))
		}
	case testMatches:
		if r.re == nil {
			errs = append(errs, errors.New("Matches needs an expression"))
		}
	case testOneOf:
		if len(r.words) == 0 {
			errs = append(errs, errors.New("OneOf needs texts"))
		}
	case testRange:
		if !ordered {
			errs = append(errs, errors.New("Range is for numbers and times"))
		}
		if r.lo == "" && r.hi == "" {
			errs = append(errs, errors.New("Range needs a bound"))
		}
	case testTukey, testLogTukey:
		if !numeric {
			errs = append(errs, errors.New("Tukey and LogTukey are for numbers"))
		}
		if !(r.k > 0) || math.IsInf(r.k, 0) {
			errs = append(errs, fmt.Errorf("Tukey cannot use k = %v", r.k))
		}
	}
	if r.act == limit && r.test < testRange {
		errs = append(errs, errors.New("OrCap is for Range, Tukey and LogTukey"))
	}
	if r.act == mend && r.fix == nil {
		errs = append(errs, errors.New("OrFix needs a function"))
	}
	return errors.Join(errs...)
}

// passesText judges a text; missing ones are only for Required.
func (r *rule) passesText(text []byte, missing bool) bool {
	switch {
	case r.test == testRequired:
		return !missing
	case missing:
		return true
	case r.test == testTrim:
		return len(trimSpace(text)) == len(text)
	case r.test == testMatches:
		return r.re.Match(text)
	default:
		return slices.Contains(r.words, string(text))
	}
}

package segment

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// Rule says which customers are meant. It is built by the functions of this package, by Parse from text, or from JSON,
// and is the same value whichever way: it prints as text that Parse reads back.
//
// A rule has two values: a condition on a tag that is unset is false, also !=, and Not is the complement among the
// customers there are. The zero Rule is And(): everyone. It is immutable. Safe for concurrent use.
type Rule struct{ n *node }

// op is what a node does.
type op uint8

const (
	opAll         op = iota // all of kids; none of them: everyone
	opAny                   // any of kids; none of them: nobody
	opNot                   // not the one kid
	opAtLeast               // at least k of kids
	opCompare               // tag cmp values[0]
	opCompareTags           // tag cmp other
	opIn                    // tag is one of values
	opBetween               // values[0] <= tag <= values[1]
	opHasAny                // tag has any of the labels values
	opHasAll                // tag has all of the labels values
	opSet                   // tag is set
	opUnset                 // tag is unset
	opWithin                // tag lies in the window up to the moment
	opOlder                 // tag lies before that window
	opUpcoming              // tag lies in the window from the moment
	opAnniversary           // an anniversary of tag lies in the k days from today
	opSample                // the share k of 10,000 of the customers, by salt name
	opInSet                 // in the set called name
	opSegment               // in the segment called name
)

// comparison is how two values are compared.
type comparison uint8

const (
	eq comparison = iota
	ne
	lt
	le
	gt
	ge
)

var cmpText = [...]string{"=", "!=", "<", "<=", ">", ">="}

// node is a rule, or a part of one. Nodes are never changed once made.
type node struct {
	op     op
	cmp    comparison
	kids   []*node
	tag    string
	other  string // opCompareTags: the second tag
	name   string // opInSet, opSegment: the name; opSample: the salt
	values []literal
	k      int    // opAtLeast: how many; opAnniversary: days; opSample: share in 1/10,000
	window Window // opWithin, opOlder, opUpcoming
	line   int    // where it stands in the text, from 1; 0 if it was not text
	column int
	// otherAt is where other stands in the text, line and column being where tag stands: of a > b, which is b < a, the
	// later of the two. Zero if it was not text.
	otherAt struct{ line, column int }
	fault   string // why a value given in Go cannot be used
}

// literal is a value in a rule: a customer.Value of kind bool, int64, decimal, float64, time or text, or a day of the
// calendar, which has no instant before a location is known.
type literal struct {
	value customer.Value
	day   civil.Day
	isDay bool
}

// Window is a stretch of time next to the moment of the question. Days are whole local days, today included, and end at
// local midnight; hours are exact elapsed time. Safe for concurrent use.
type Window struct {
	n     int
	hours bool
}

// Days returns the window of n local days, of which today is one; n is 1 to 1,000,000.
func Days(n int) Window { return Window{n: n} }

// Hours returns the window of n times 60 minutes; n is 1 to 10,000,000.
func Hours(n int) Window { return Window{n: n, hours: true} }

func (w Window) fault() string {
	if w.n < 1 || !w.hours && w.n > 1_000_000 || w.n > 10_000_000 {
		return "window must be 1 to 1,000,000 days or 1 to 10,000,000 hours"
	}
	return ""
}

// everyone is the rule of the zero Rule.
var everyone = &node{op: opAll}

func (r Rule) node() *node {
	if r.n == nil {
		return everyone
	}
	return r.n
}

func join(o op, k int, rules []Rule) Rule {
	if len(rules) == 1 && (o == opAll || o == opAny) {
		return rules[0]
	}
	kids := make([]*node, len(rules))
	for i, r := range rules {
		kids[i] = r.node()
	}
	return Rule{&node{op: o, k: k, kids: kids}}
}

// And selects the customers that all rules select; And() selects everyone, And(r) is r.
func And(rules ...Rule) Rule { return join(opAll, 0, rules) }

// Or selects the customers that any of the rules selects; Or() selects nobody, Or(r) is r.
func Or(rules ...Rule) Rule { return join(opAny, 0, rules) }

// Not selects the customers that r does not select.
func Not(r Rule) Rule { return join(opNot, 0, []Rule{r}) }

// AtLeast selects the customers that at least k of the rules select; with k below 1 everyone.
func AtLeast(k int, rules ...Rule) Rule { return join(opAtLeast, max(k, 0), rules) }

// IsTrue selects the customers whose flag is set and true: Eq(tag, true).
func IsTrue(tag string) Rule { return Eq(tag, true) }

// Eq selects the customers whose tag has the value, one of: bool for a Flag; string for an Enum; any integer or float
// type, or a customer.Value of such a kind, for a number; time.Time for a Time. On a Time, a text such as 2026-03-05
// is that whole day in the location of the question. For Enums with Hierarchy the values below it count as well. A
// float is taken for the shortest decimal that stands for it: 0.1 is a tenth.
func Eq(tag string, value any) Rule { return compare(tag, eq, value) }

// Ne selects the customers whose tag is set and does not have the value. Values as for Eq.
func Ne(tag string, value any) Rule { return compare(tag, ne, value) }

// Lt selects the customers whose number or time is less than the value. Values as for Eq.
func Lt(tag string, value any) Rule { return compare(tag, lt, value) }

// Le selects the customers whose number or time is at most the value. Values as for Eq.
func Le(tag string, value any) Rule { return compare(tag, le, value) }

// Gt selects the customers whose number or time is more than the value. Values as for Eq.
func Gt(tag string, value any) Rule { return compare(tag, gt, value) }

// Ge selects the customers whose number or time is at least the value. Values as for Eq.
func Ge(tag string, value any) Rule { return compare(tag, ge, value) }

func compare(tag string, c comparison, value any) Rule {
	return leaf(&node{op: opCompare, cmp: c, tag: tag}, value)
}

// leaf completes a node with values given in Go.
func leaf(n *node, values ...any) Rule {
	for _, v := range values {
		l, fault := literalOf(v)
		if fault != "" && n.fault == "" {
			n.fault = fault
		}
		n.values = append(n.values, l)
	}
	return Rule{n}
}

// EqTag selects the customers both of whose tags are set and equal. Numbers compare as numbers, of any two kinds.
func EqTag(tag, other string) Rule { return compareTags(tag, eq, other) }

// NeTag selects the customers both of whose tags are set and differ.
func NeTag(tag, other string) Rule { return compareTags(tag, ne, other) }

// LtTag selects the customers both of whose tags are set, the first less than the other. Numbers and times have an order.
func LtTag(tag, other string) Rule { return compareTags(tag, lt, other) }

// LeTag selects the customers both of whose tags are set, the first at most the other.
func LeTag(tag, other string) Rule { return compareTags(tag, le, other) }

// GtTag selects the customers both of whose tags are set, the first more than the other: LtTag(other, tag).
func GtTag(tag, other string) Rule { return LtTag(other, tag) }

// GeTag selects the customers both of whose tags are set, the first at least the other: LeTag(other, tag).
func GeTag(tag, other string) Rule { return LeTag(other, tag) }

func compareTags(tag string, c comparison, other string) Rule {
	return Rule{&node{op: opCompareTags, cmp: c, tag: tag, other: other}}
}

// In selects the customers whose tag has one of the values, as Eq does with each. Without values it selects nobody.
func In(tag string, values ...any) Rule { return leaf(&node{op: opIn, tag: tag}, values...) }

// NotIn selects the customers whose tag is set and has none of the values: And(IsSet(tag), Not(In(tag, values...))).
func NotIn(tag string, values ...any) Rule { return requireSet(In(tag, values...), true) }

// Between selects the customers whose number or time is at least lo and at most hi. Values as for Eq.
func Between(tag string, lo, hi any) Rule {
	return leaf(&node{op: opBetween, tag: tag}, lo, hi)
}

// NotBetween selects the customers whose number or time is less than lo or more than hi: And(IsSet(tag),
// Not(Between(tag, lo, hi))).
func NotBetween(tag string, lo, hi any) Rule { return requireSet(Between(tag, lo, hi), true) }

// Has selects the customers who have at least one of the labels. Without labels it selects nobody.
func Has(tag string, labels ...string) Rule { return has(opHasAny, tag, labels) }

// HasAll selects the customers who have all the labels. Without labels it selects those whose tag is set.
func HasAll(tag string, labels ...string) Rule { return has(opHasAll, tag, labels) }

func has(o op, tag string, labels []string) Rule {
	values := make([]any, len(labels))
	for i, l := range labels {
		values[i] = l
	}
	return leaf(&node{op: o, tag: tag}, values...)
}

// IsSet selects the customers whose tag has a value.
func IsSet(tag string) Rule { return Rule{&node{op: opSet, tag: tag}} }

// Unset selects the customers whose tag has no value.
func Unset(tag string) Rule { return Rule{&node{op: opUnset, tag: tag}} }

// Within selects the customers whose time lies in the window up to the moment of the question: of n days, those whose
// local day is today or one of the n-1 before; of n hours, those whose age is at least 0 and below n hours.
func Within(tag string, w Window) Rule {
	return Rule{&node{op: opWithin, tag: tag, window: w, fault: w.fault()}}
}

// OlderThan selects the customers whose time lies before the window that Within looks at.
func OlderThan(tag string, w Window) Rule {
	return Rule{&node{op: opOlder, tag: tag, window: w, fault: w.fault()}}
}

// WithinNext selects the customers whose time lies in the window from the moment of the question: of n days, those whose
// local day is today or one of the n-1 after; of n hours, those at most, but not exactly, n hours ahead and not past.
func WithinNext(tag string, w Window) Rule {
	return Rule{&node{op: opUpcoming, tag: tag, window: w, fault: w.fault()}}
}

// Anniversary selects the customers who have an anniversary of the local day of tag today or on one of the days-1 days
// after; days is 1 to 366. The day itself is no anniversary. A 29 February has its anniversary on 28 February in years
// that have no 29th.
func Anniversary(tag string, days int) Rule {
	n := &node{op: opAnniversary, tag: tag, k: days}
	if days < 1 || days > 366 {
		n.fault = "days of an anniversary must be 1 to 366"
	}
	return Rule{n}
}

// Sample selects a share of all customers, percent of 100 in steps of a hundredth, by a hash of customer id and salt:
// the same customers on every machine, and a larger share of the same salt holds the smaller one. Samples of different
// salts are independent.
func Sample(percent float64, salt string) Rule {
	n := &node{op: opSample, name: salt}
	share := math.Round(percent * 100)
	if !(share >= 0 && share <= 10_000) || math.Abs(share-percent*100) > 1e-6 {
		n.fault = faultPercent
	} else {
		n.k = int(share)
	}
	return Rule{n}
}

const faultPercent = "percent of a sample must be 0 to 100 in steps of 0.01"

// InSet selects the customers of the set of this name, which Query.Sets finds.
func InSet(name string) Rule { return Rule{&node{op: opInSet, name: name}} }

// Segment selects the customers that the rule of this name selects, which Query.Segments finds. In a Definition it selects
// the members of the live segment of this name.
func Segment(name string) Rule { return Rule{&node{op: opSegment, name: name}} }

// literalOf turns a value given in Go into a literal.
func literalOf(v any) (l literal, fault string) {
	switch v := v.(type) {
	case bool:
		return literal{value: customer.BoolValue(v)}, ""
	case string:
		return literal{value: customer.TextValue(v)}, ""
	case int:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case int8:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case int16:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case int32:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case int64:
		return literal{value: customer.Int64Value(v)}, ""
	case uint8:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case uint16:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case uint32:
		return literal{value: customer.Int64Value(int64(v))}, ""
	case uint:
		return literalOf(uint64(v))
	case uint64:
		if v > math.MaxInt64 {
			return l, "whole number does not fit in 64 bits with a sign"
		}
		return literal{value: customer.Int64Value(int64(v))}, ""
	case float32:
		return literalOf(shortest(float64(v)))
	case float64:
		return floatLiteral(strconv.FormatFloat(v, 'f', -1, 64), v)
	case time.Time:
		return checked(customer.TimeValue(v))
	case customer.Value:
		switch v.Kind() {
		case customer.KindUnset, customer.KindLabels:
			return l, "value is of kind " + v.Kind().String()
		case customer.KindFloat64:
			f, _ := v.Float64()
			return literalOf(f)
		case customer.KindDecimal:
			if c, scale, ok := v.Decimal(); ok && scale == 0 {
				return literal{value: customer.Int64Value(c)}, ""
			}
		}
		return checked(v)
	case time.Duration:
		return l, "value is a time.Duration, which is no number without a unit"
	}
	switch v := reflect.ValueOf(v); v.Kind() {
	case reflect.Bool:
		return literalOf(v.Bool())
	case reflect.String:
		return literalOf(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return literalOf(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return literalOf(v.Uint())
	case reflect.Float32:
		return literalOf(shortest(v.Float()))
	case reflect.Float64:
		return literalOf(v.Float())
	}
	return l, fmt.Sprintf("value of type %T cannot be used", v)
}

func checked(v customer.Value) (literal, string) {
	if err := v.Validate(); err != nil {
		return literal{}, "value is not valid"
	}
	return literal{value: v}, ""
}

// floatLiteral is the literal of a float whose shortest decimal form is text: the decimal if it is short enough to be
// exact, else the float.
func floatLiteral(text string, f float64) (literal, string) {
	if v, ok := parseDecimal(text); ok {
		return literal{value: v}, ""
	}
	return checked(customer.Float64Value(f))
}

// parseDecimal reads digits with at most one point and a sign: an int64 or, with a fraction, a decimal.
func parseDecimal(text string) (customer.Value, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	c, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || len(fraction) > 18 {
		return customer.Value{}, false
	}
	if fraction == "" {
		return customer.Int64Value(c), true
	}
	return customer.DecimalValue(c, len(fraction)), true
}

// holds tells whether two values stand in relation c, of which order says how the first lies to the second: -1, 0 or 1.
func (c comparison) holds(order int) bool {
	switch c {
	case eq:
		return order == 0
	case ne:
		return order != 0
	case lt:
		return order < 0
	case le:
		return order <= 0
	case gt:
		return order > 0
	default:
		return order >= 0
	}
}

// Tags returns the names of the tags the rule names, each once, ascending; not those that segments it names look at.
func (r Rule) Tags() []string {
	var names []string
	seen := map[*node]bool{}  // parts can be shared
	left := []*node{r.node()} // a rule made in Go can be deeper than a stack
	for len(left) > 0 {
		n := left[len(left)-1]
		left = left[:len(left)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		for _, name := range []string{n.tag, n.other} {
			if name != "" {
				names = append(names, name)
			}
		}
		left = append(left, n.kids...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

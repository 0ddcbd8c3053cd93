package hostiletest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clientele-go/clientele/internal/race"
)

// A Table has the name of each function, as "Fit", or method, as "Model.Predict", and how it is tried. Not safe for
// concurrent use.
type Table map[string]Target

// Exceptions has the names of functions and methods that take something and are not tried, with the reason. Safe for
// concurrent reads.
type Exceptions map[string]string

// A Target is a function, a valid call of it, and what it answers to calls that are not valid. Not safe for concurrent use.
type Target struct {
	// Call is the function: Fit[string], or (*Model).Predict with the receiver as its first argument.
	Call any
	// Names of the arguments, separated by spaces.
	Names string
	// Args makes the arguments of a valid call, fresh and the same each time. What they share between calls, such as a
	// model, must be of a type without exported fields, or be named by Hold.
	Args func() []any
	// Hold has arguments, parts of them, and single things that could be wrong with them, that are left as they are, with
	// the reason: "options.Rounds max": "work that is asked for".
	Hold map[string]string
	// Writes has the names of arguments that the call changes, separated by spaces.
	Writes string
	// NaN is why results may hold NaN; empty if they may not.
	NaN string
	// Alone is why callers at the same time are not tried with the same arguments; empty if they are.
	Alone string
	// Expect has outcomes by what is wrong: "options nil", "rows[2].Amount NaN", or "rows[2].Amount" for all that is tried
	// there. An outcome is an error that is wrapped, a text that the error contains, OK for no error, or a Panic.
	Expect map[string]any
	// Every is for calls that take long: of what can be wrong, beside what Expect speaks of, each that many is tried. 0: all.
	Every int
	// Cases are calls of their own.
	Cases []Case
	// Then, where not nil, gets the results of each call without an error, to use them.
	Then func(results []any)
}

// A Case is one call with arguments of its own. Not safe for concurrent use.
type Case struct {
	Name string       // what is wrong
	Args func() []any // all arguments
	Want any          // the outcome, as in Expect; nil for what holds of every call
}

// A Panic is the outcome of a call that panics with a text that contains it, as is documented. Safe for concurrent use.
type Panic string

type okay struct{}

// OK is the outcome of a call that returns no error.
var OK any = okay{}

// With is the expectations of all lists, of those with the same name the last.
func With(lists ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, list := range lists {
		maps.Copy(all, list)
	}
	return all
}

// Lengths are the expectation of another length of each of the arguments, which have to be as long as each other.
func Lengths(want any, names ...string) map[string]any {
	list := map[string]any{}
	for _, name := range names {
		for _, what := range []string{"nil", "empty", "one", "short", "long", "huge"} {
			list[name+" "+what] = want
		}
	}
	return list
}

// Indexes are the expectation of a number that is none of a place: below 0, and far above.
func Indexes(want any, names ...string) map[string]any {
	list := map[string]any{}
	for _, name := range names {
		for _, what := range []string{"min", "minus", "max"} {
			list[name+" "+what] = want
		}
	}
	return list
}

// Run tries every function of the table. Functions run as subtests of their name, in the order of names.
func Run(t *testing.T, table Table) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		t.Run(name, func(t *testing.T) {
			target := table[name]
			faults, calls := target.try()
			for _, fault := range faults {
				t.Error(fault)
			}
			t.Logf("%d calls", calls)
		})
	}
}

// try lists what is wrong with a function, and counts the calls made.
func (x *Target) try() (faults []string, calls int) {
	c := &check{target: x, call: reflect.ValueOf(x.Call), names: strings.Fields(x.Names), used: map[string]bool{}}
	if c.call.Kind() != reflect.Func || c.call.Type().NumIn() != len(c.names) {
		return []string{fmt.Sprintf("Call is a %T, and there are names of %d arguments", x.Call, len(c.names))}, 0
	}
	c.calm()
	if len(c.list) > 0 {
		return c.list, c.calls // nothing else would mean anything
	}
	c.contexts()
	c.together()
	c.mutations()
	for _, one := range x.Cases {
		c.try(one.Name, c.values(one.Args()), c.values(one.Args()), one.Want)
	}
	for _, known := range []map[string]bool{unused(x.Expect, c.used), unused(x.Hold, c.used)} {
		for name := range known {
			if race.Enabled {
				break
			}
			c.fault(name, "is in Expect or Hold, and nothing of that name was tried")
		}
	}
	return c.list, c.calls
}

// patience is how long a call may take before the test gives up, as it would at the end of its time, and names it.
const patience = time.Minute

func unused[V any](m map[string]V, used map[string]bool) map[string]bool {
	left := map[string]bool{}
	for name := range m {
		if !used[name] {
			left[name] = true
		}
	}
	return left
}

// A check collects the faults of one function.
type check struct {
	target *Target
	call   reflect.Value
	names  []string
	used   map[string]bool // of Expect and Hold
	calmed []reflect.Value // results of the valid call
	calls  int
	list   []string
}

func (c *check) fault(name, format string, args ...any) {
	if len(c.list) < 40 {
		c.list = append(c.list, name+": "+fmt.Sprintf(format, args...))
	}
}

// values are arguments in places of their own, of the types of the parameters.
func (c *check) values(args []any) []reflect.Value {
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		in[i] = reflect.New(c.call.Type().In(i)).Elem()
		if arg != nil {
			in[i].Set(reflect.ValueOf(arg))
		}
	}
	return in
}

func (c *check) fresh() []reflect.Value { return c.values(c.target.Args()) }

// do calls the function and tells of a panic.
func (c *check) do(in []reflect.Value) (out []reflect.Value, panicked any) {
	defer func() { panicked = recover() }()
	in = slices.Clone(in)
	for i := range in {
		if text, ok := in[i].Interface().(Text); ok {
			var r io.Reader = strings.NewReader(string(text))
			in[i] = reflect.ValueOf(&r).Elem()
		}
	}
	if c.call.Type().IsVariadic() {
		return c.call.CallSlice(in), nil
	}
	return c.call.Call(in), nil
}

// failed is the error among the results, nil if there is none.
func failed(out []reflect.Value) error {
	if len(out) == 0 {
		return nil
	}
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// calm makes the valid call, twice.
func (c *check) calm() {
	c.try("the valid call", c.fresh(), c.fresh(), OK)
	if len(c.list) > 0 {
		return
	}
	c.calmed, _ = c.do(c.fresh())
	if again, _ := c.do(c.fresh()); !sameAll(c.calmed, again) {
		c.fault("the valid call", "does not have the same results when it is made again")
	}
}

// mutations makes a call for each thing that can be wrong.
func (c *check) mutations() {
	every := max(1, c.target.Every) * race.Fewer(1, 20)
	for i := 0; ; i++ {
		left := i%every != 0
		if left && (len(c.target.Expect) == 0 || race.Enabled) {
			continue // with the race detector few are enough: nothing but callers at the same time runs at the same time
		}
		in := c.fresh()
		name := c.mutate(in, i)
		if name == "" {
			return
		}
		var want any
		place, _, _ := strings.Cut(name, " ")
		for _, key := range []string{place, name} { // the more precise is the last
			if w, ok := c.target.Expect[key]; ok {
				want, c.used[key], left = w, true, false
			}
		}
		if left {
			continue
		}
		before := c.fresh()
		c.mutate(before, i)
		c.try(name, in, before, want)
	}
}

// try makes a call and holds it against what is wanted, and its arguments against what they were before.
func (c *check) try(name string, in, before []reflect.Value, want any) {
	c.calls++
	watchdog := time.AfterFunc(patience, func() { panic("hostiletest: " + name + ": the call does not return") })
	out, panicked := c.do(in)
	watchdog.Stop()
	text, panics := want.(Panic)
	switch {
	case panicked != nil && panics:
		if s := fmt.Sprint(panicked); !strings.Contains(s, string(text)) {
			c.fault(name, "panics with %q, want %q", s, string(text))
		}
		return
	case panicked != nil:
		c.fault(name, "panics: %v", panicked)
		return
	case panics:
		c.fault(name, "does not panic")
		return
	}
	for i := range in {
		if !c.writes(i) && !same(in[i], before[i]) {
			c.fault(name, "changed %s", c.names[i])
		}
	}
	err := failed(out)
	c.judge(name, err, want)
	if err != nil {
		return
	}
	if c.target.NaN == "" {
		if path := findNaN(out); path != "" {
			c.fault(name, "%s is NaN", path)
		}
	}
	if c.target.Then != nil {
		c.use(name, out)
	}
}

func (c *check) use(name string, out []reflect.Value) {
	defer func() {
		if p := recover(); p != nil {
			c.fault(name, "its results panic when they are used: %v", p)
		}
	}()
	results := make([]any, len(out))
	for i := range out {
		results[i] = out[i].Interface()
	}
	c.target.Then(results)
}

// writes tells whether a call may change an argument: a context and a reader it uses up.
func (c *check) writes(i int) bool {
	t := c.call.Type().In(i)
	return t == reflect.TypeFor[context.Context]() || t == reflect.TypeFor[io.Reader]() ||
		slices.Contains(strings.Fields(c.target.Writes), c.names[i])
}

// judge holds an error against what is wanted.
func (c *check) judge(name string, err error, want any) {
	if complaint := unkind(err); complaint != "" {
		c.fault(name, "%s", complaint)
	}
	switch want := want.(type) {
	case okay:
		if err != nil {
			c.fault(name, "unexpected error: %v", err)
		}
	case string:
		if err == nil || !strings.Contains(err.Error(), want) {
			c.fault(name, "error is %v, want %q", err, want)
		}
	case error:
		if err == nil || !isError(err, want) {
			c.fault(name, "error is %v, want one that is %q", err, want)
		}
	}
}

// context is the index of the argument that is a context, -1 if there is none.
func (c *check) context() int {
	for i := range c.names {
		if c.call.Type().In(i) == reflect.TypeFor[context.Context]() {
			return i
		}
	}
	return -1
}

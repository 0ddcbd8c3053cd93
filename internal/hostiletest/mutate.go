package hostiletest

import (
	"context"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// many is how long a slice becomes that is made huge.
const many = 1 << 13

// A mutator walks arguments, counts what can be wrong with them, and makes one of it so.
type mutator struct {
	left int // how many to pass by before the one that is made
	name string
	hold func(place string) bool
}

// mutate makes thing i wrong and returns its name, "" if there are not so many.
func (c *check) mutate(in []reflect.Value, i int) string {
	m := &mutator{left: i, hold: func(place string) bool {
		_, held := c.target.Hold[place]
		if held {
			c.used[place] = true
		}
		return held
	}}
	for i := range in {
		m.walk(in[i], c.names[i])
	}
	return m.name
}

// here tells whether the next thing is the one to make wrong.
func (m *mutator) here(place, what string) bool {
	if m.hold(place + " " + what) {
		return false
	}
	m.left--
	if m.left != -1 {
		return false
	}
	m.name = place + " " + what
	return true
}

// to makes v another value, which is nothing wrong if it has it.
func (m *mutator) to(v reflect.Value, place, what string, value any) {
	w := reflect.ValueOf(value).Convert(v.Type())
	if !same(v, w) && m.here(place, what) {
		v.Set(w)
	}
}

// Hostile are the texts that are put in place of a text, by what is wrong with them. Safe for concurrent reads.
var Hostile = map[string]string{
	"empty":   "",
	"blank":   " \t\u00a0\u3000",
	"bytes":   "\xff\xfe\x80",
	"control": "a\x00b\r\n\x1b[31m\u2028",
	"turned":  "\u202eabc\u200b\ufeff",
	"formula": "=HYPERLINK(\"x\")",
	"number":  "NaN",
	"long":    strings.Repeat("客", 1<<15),
}

var hostileNames = []string{"empty", "blank", "bytes", "control", "turned", "formula", "number", "long"}

// Times are the times that are put in place of a time. Safe for concurrent reads.
var Times = map[string]time.Time{
	"zero":   {},
	"first":  time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
	"before": time.Date(-290_000_000, 1, 1, 0, 0, 0, 0, time.UTC),
	"last":   time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	"beyond": time.Unix(1<<62, 0),
	"zone":   time.Date(2024, 2, 29, 23, 59, 59, 0, time.FixedZone("far", 23*3600+59*60+59)),
}

var timeNames = []string{"zero", "first", "before", "last", "beyond", "zone"}

type named[V any] struct {
	name  string
	value V
}

var floats = []named[float64]{
	{"NaN", math.NaN()},
	{"+Inf", math.Inf(1)},
	{"-Inf", math.Inf(-1)},
	{"-0", math.Copysign(0, -1)},
	{"minus", -1},
	{"zero", 0},
	{"one", 1},
	{"max", math.MaxFloat64},
	{"tiny", math.SmallestNonzeroFloat64},
}

func (m *mutator) walk(v reflect.Value, place string) {
	if m.hold(place) {
		return
	}
	switch t := v.Type(); {
	case t == reflect.TypeFor[time.Time]():
		for _, name := range timeNames {
			m.to(v, place, name, Times[name])
		}
		return
	case t == reflect.TypeFor[context.Context]():
		return
	case t == reflect.TypeFor[io.Reader]():
		m.reader(v, place)
		return
	case t.Kind() == reflect.Slice && t.Elem() == reflect.TypeFor[byte]():
		m.document(v, place)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		m.to(v, place, "flipped", !v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		least, most := int64(-1)<<(v.Type().Bits()-1), int64(1)<<(v.Type().Bits()-1)-1
		for _, n := range []named[int64]{{"min", least}, {"minus", -1}, {"zero", 0}, {"one", 1}, {"max", most}} {
			m.to(v, place, n.name, n.value)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		for _, n := range []named[uint64]{{"zero", 0}, {"one", 1}, {"max", math.MaxUint64 >> (64 - v.Type().Bits())}} {
			m.to(v, place, n.name, n.value)
		}
	case reflect.Float32, reflect.Float64:
		for _, f := range floats {
			m.to(v, place, f.name, f.value)
		}
	case reflect.String:
		for _, name := range hostileNames {
			m.to(v, place, name, Hostile[name])
		}
	case reflect.Slice:
		m.slice(v, place)
	case reflect.Map:
		m.mapping(v, place)
	case reflect.Array:
		if v.Len() > 0 && v.Type().Elem().Kind() != reflect.Uint8 {
			m.walk(v.Index(v.Len()-1), place+"["+strconv.Itoa(v.Len()-1)+"]")
		} else if v.Len() > 0 {
			m.to(v, place, "zero", reflect.Zero(v.Type()).Interface())
		}
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.IsExported() && len(f.Index) == 1 {
				m.walk(v.FieldByIndex(f.Index), place+"."+f.Name)
			}
		}
	case reflect.Pointer:
		m.pointer(v, place)
	case reflect.Func:
		m.nothing(v, place)
	case reflect.Interface:
		m.iface(v, place)
	}
}

func (m *mutator) nothing(v reflect.Value, place string) {
	if !v.IsNil() && m.here(place, "nil") {
		v.SetZero()
	}
}

// pointer makes a pointer nil, unless it is an argument of a type without exported fields: a model or a store that is not
// there is no data.
func (m *mutator) pointer(v reflect.Value, place string) {
	if v.IsNil() {
		return
	}
	open := v.Type().Elem().Kind() != reflect.Struct || hasExported(v.Type().Elem())
	if open || strings.ContainsAny(place, ".[") {
		m.nothing(v, place)
	}
	if open && !v.IsNil() {
		m.walk(v.Elem(), place)
	}
}

func hasExported(t reflect.Type) bool {
	for field := range t.Fields() {
		if field.IsExported() {
			return true
		}
	}
	return false
}

// iface makes a field nil, and walks what an interface holds, if that can be copied.
func (m *mutator) iface(v reflect.Value, place string) {
	if v.IsNil() {
		return
	}
	if strings.ContainsAny(place, ".[") {
		m.nothing(v, place)
	}
	if v.IsNil() {
		return
	}
	held := reflect.New(v.Elem().Type()).Elem()
	held.Set(v.Elem())
	if k := held.Kind(); k == reflect.Pointer && held.Type().Elem().Kind() == reflect.Struct && !hasExported(held.Type().Elem()) {
		return
	}
	m.walk(held, place)
	v.Set(held)
}

func (m *mutator) mapping(v reflect.Value, place string) {
	m.nothing(v, place)
	if v.IsNil() {
		return
	}
	if v.Len() > 0 && m.here(place, "empty") {
		v.Set(reflect.MakeMap(v.Type()))
		return
	}
	keys := v.MapKeys()
	if len(keys) == 0 || keys[0].Kind() != reflect.String {
		return
	}
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	last := keys[len(keys)-1]
	for _, name := range hostileNames {
		if m.here(place, "key "+name) {
			v.SetMapIndex(reflect.ValueOf(Hostile[name]).Convert(last.Type()), v.MapIndex(last))
		}
	}
	value := reflect.New(v.Type().Elem()).Elem()
	value.Set(v.MapIndex(last))
	m.walk(value, place+"["+last.String()+"]")
	v.SetMapIndex(last, value)
}

func (m *mutator) slice(v reflect.Value, place string) {
	m.nothing(v, place)
	n := v.Len()
	if v.IsNil() || n == 0 {
		return
	}
	index := func(rows ...int) {
		w := reflect.MakeSlice(v.Type(), len(rows), len(rows))
		for i, row := range rows {
			w.Index(i).Set(v.Index(row))
		}
		v.Set(w)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	switch {
	case m.here(place, "empty"):
		index()
	case n > 1 && m.here(place, "one"):
		index(0)
	case n > 1 && m.here(place, "short"):
		index(all[:n-1]...)
	case m.here(place, "long"):
		index(append(all, n-1)...)
	case n > 1 && m.here(place, "twice"): // the last is the first again
		index(append(all[:n-1], 0)...)
	case n > 1 && m.here(place, "turned"):
		slices.Reverse(all)
		index(all...)
	case n > 1 && m.here(place, "alike"):
		index(make([]int, n)...)
	case m.here(place, "huge"):
		for len(all) < many {
			all = append(all, len(all)%n)
		}
		index(all...)
	}
	if m.left < 0 {
		return
	}
	if k := v.Type().Elem().Kind(); k == reflect.Float64 && m.here(place, "NaN") {
		for i := range n {
			v.Index(i).SetFloat(math.NaN())
		}
	}
	m.walk(v.Index(n-1), place+"["+strconv.Itoa(n-1)+"]")
}

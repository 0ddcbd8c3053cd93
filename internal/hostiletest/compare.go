package hostiletest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// same tells whether two values are the same, bit by bit: a NaN is the same as itself, -0 is not 0, nil is not empty.
// Functions and channels are the same if both are nil or neither is.
func same(a, b reflect.Value) bool {
	return compare(a, b, map[[2]uintptr]bool{})
}

func sameAll(a, b []reflect.Value) bool {
	for i := range a {
		if !same(a[i], b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func compare(a, b reflect.Value, seen map[[2]uintptr]bool) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			return true
		}
		fallthrough
	case reflect.Array:
		for i := range a.Len() {
			if !compare(a.Index(i), b.Index(i), seen) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if v := b.MapIndex(it.Key()); !v.IsValid() || !compare(it.Value(), v, seen) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !compare(a.Field(i), b.Field(i), seen) {
				return false
			}
		}
		return true
	case reflect.Interface:
		return compare(a.Elem(), b.Elem(), seen)
	case reflect.Pointer:
		pair := [2]uintptr{a.Pointer(), b.Pointer()}
		if pair[0] == pair[1] || seen[pair] {
			return true
		}
		seen[pair] = true
		return compare(a.Elem(), b.Elem(), seen)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return a.IsZero() == b.IsZero()
	}
	return a.Equal(b)
}

// findNaN is the place of the first NaN in what a user sees of results, "" if there is none.
func findNaN(out []reflect.Value) string {
	for i, v := range out {
		if path := nanIn(v, fmt.Sprintf("result %d", i), map[uintptr]bool{}); path != "" {
			return path
		}
	}
	return ""
}

func nanIn(v reflect.Value, path string, seen map[uintptr]bool) string {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) {
			return path
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if p := nanIn(v.Index(i), fmt.Sprintf("%s[%d]", path, i), seen); p != "" {
				return p
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if p := nanIn(it.Value(), fmt.Sprintf("%s[%v]", path, it.Key()), seen); p != "" {
				return p
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				if p := nanIn(v.Field(i), path+"."+f.Name, seen); p != "" {
					return p
				}
			}
		}
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return ""
		}
		seen[v.Pointer()] = true
		return nanIn(v.Elem(), path, seen)
	case reflect.Interface:
		if !v.IsNil() {
			return nanIn(v.Elem(), path, seen)
		}
	}
	return ""
}

var prefix = regexp.MustCompile(`^[a-z]+(/[a-z]+)*: `)

// unkind says what is wrong with the text of an error, "" if nothing is.
func unkind(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	text := err.Error()
	control := func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028')
	}
	switch {
	case !utf8.ValidString(text):
		return fmt.Sprintf("an error that is not UTF-8: %.200q", text)
	case strings.ContainsFunc(text, control):
		return fmt.Sprintf("an error with control characters: %.200q", text)
	case !prefix.MatchString(text):
		return fmt.Sprintf("an error that does not begin with the name of a package: %.200q", text)
	}
	return ""
}

func isError(err, target error) bool { return errors.Is(err, target) }

// Package enum gives the values of an enumeration their names in texts.
package enum

import (
	"fmt"
	"slices"
	"strings"
)

// Name returns the name of e, of which names has one for each value from 0 on, or
// "unknown(n)".
func Name[E ~uint8](names []string, e E) string {
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("unknown(%d)", e)
}

// Marshal returns the name of e as text, or an error that names the package it is in and
// what is enumerated: "rfm: unknown mode 9".
func Marshal[E ~uint8](in, what string, names []string, e E) ([]byte, error) {
	if int(e) >= len(names) {
		return nil, fmt.Errorf("%s: unknown %s %d", in, what, e)
	}
	return []byte(names[e]), nil
}

// Unmarshal sets e to the value whose name is text, or returns an error without the text that lists the names:
// "rfm: unknown mode: not one of quantile, fixed".
func Unmarshal[E ~uint8](in, what string, names []string, text []byte, e *E) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("%s: unknown %s: %s", in, what, NotOne(names))
	}
	*e = E(i)
	return nil
}

// NotOne lists the names in an error: "not one of quantile, fixed". Empty ones, which name no value or the absence of one, are left out.
func NotOne(names []string) string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
	return "not one of " + strings.Join(names, ", ")
}

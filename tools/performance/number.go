package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// digits writes a number with three digits, or all those before the point.
func digits(x float64) string {
	if x == 0 {
		return "0"
	}
	places := max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	return strconv.FormatFloat(x, 'f', places, 64)
}

// grouped writes a number as digits does, with commas between thousands.
func grouped(x float64) string {
	text := digits(x)
	if math.Abs(x) < 1000 {
		return text
	}
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// plain writes a number that somebody chose: as grouped does, without zeros at its end.
func plain(x float64) string {
	text := grouped(x)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// duration writes seconds with three digits.
func duration(seconds float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if seconds >= 0.9995*u.of {
			return fmt.Sprintf("%s %s", digits(seconds/u.of), u.name)
		}
	}
	return fmt.Sprintf("%s ns", digits(seconds/1e-9))
}

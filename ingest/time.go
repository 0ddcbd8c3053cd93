package ingest

import (
	"bytes"
	"errors"
	"strings"
	"time"
)

var errTime = errors.New("ingest: not a time in a declared layout")

// times reads the times of one field. It is not safe for concurrent use.
type times struct {
	layouts  []layout
	location *time.Location
	last     []byte // the text read last: lines of one order share their time
	lastTime time.Time
}

func newTimes(f *Format) *times {
	t := &times{location: f.Location}
	for _, text := range f.Layouts {
		var l layout
		switch text {
		case UnixSeconds, UnixMillis:
			l.text = text
		default:
			l.text = string(appendNarrow(nil, []byte(text)))
			l.ops = compileLayout(l.text)
		}
		t.layouts = append(t.layouts, l)
	}
	return t
}

func (t *times) parse(text []byte) (time.Time, error) {
	if len(t.last) > 0 && bytes.Equal(text, t.last) {
		return t.lastTime, nil
	}
	for i := range t.layouts {
		at, err := t.layouts[i].parse(text, t.location)
		if err == nil {
			t.last, t.lastTime = append(t.last[:0], text...), at
			return at, nil
		}
	}
	return time.Time{}, errTime
}

// layout is one declared layout. Layouts of digits alone have ops, a faster reading
// of the plain case; whatever ops do not fit is left to time.ParseInLocation.
type layout struct {
	text string
	ops  []byte // an op below, or a byte that must be there
}

const (
	opYear   = iota + 1 // 2006
	opMonth             // 1
	opMonth2            // 01
	opDay               // 2
	opDay2              // 02
	opHour              // 15
	opMinute            // 4
	opMinute2
	opSecond // 5
	opSecond2
	opZulu // Z07:00, taken only where the text says Z
	opEnd
)

var layoutElements = []struct {
	text string
	op   byte
}{
	{"2006", opYear},
	{"15", opHour},
	{"01", opMonth2},
	{"02", opDay2},
	{"04", opMinute2},
	{"05", opSecond2},
	{"1", opMonth},
	{"2", opDay},
	{"4", opMinute},
	{"5", opSecond},
	{"Z07:00", opZulu},
}

// compileLayout returns nil for a layout with anything but numbers and marks.
func compileLayout(text string) []byte {
	var ops []byte
next:
	for text != "" {
		if strings.HasPrefix(text, "002") || strings.HasPrefix(text, "Z07:00:") {
			return nil
		}
		for _, e := range layoutElements {
			if strings.HasPrefix(text, e.text) {
				ops = append(ops, e.op)
				text = text[len(e.text):]
				continue next
			}
		}
		c := text[0]
		if c < 0x80 && strings.IndexByte(" -/.:,T", c) < 0 {
			return nil
		}
		ops = append(ops, c)
		text = text[1:]
	}
	return ops
}

func (l *layout) parse(text []byte, loc *time.Location) (time.Time, error) {
	if l.text == UnixSeconds || l.text == UnixMillis {
		return l.parseUnix(text, loc)
	}
	if l.ops != nil {
		if at, ok := l.parseNumeric(text, loc); ok {
			return at, nil
		}
	}
	return time.ParseInLocation(l.text, string(text), loc)
}

func (l *layout) parseUnix(text []byte, loc *time.Location) (time.Time, error) {
	d, err := parseDecimal(text)
	if err != nil || d.scale != 0 {
		return time.Time{}, errTime
	}
	at := time.UnixMilli(d.coef)
	if l.text == UnixSeconds {
		at = time.Unix(d.coef, 0)
	}
	if at = at.In(loc); at.Year() < 0 || at.Year() > 9999 {
		return time.Time{}, errTime // a count of another unit
	}
	return at, nil
}

// parseNumeric reports false for any text it does not fully understand.
func (l *layout) parseNumeric(text []byte, loc *time.Location) (time.Time, bool) {
	year, month, day, hour, minute, second := 0, 1, 1, 0, 0, 0
	for _, op := range l.ops {
		if op >= opEnd {
			if len(text) == 0 || text[0] != op {
				return time.Time{}, false
			}
			text = text[1:]
			continue
		}
		if op == opZulu {
			if len(text) == 0 || text[0] != 'Z' {
				return time.Time{}, false
			}
			text, loc = text[1:], time.UTC
			continue
		}
		width := 2
		if op == opYear {
			width = 4
		}
		n, v := 0, 0
		for n < width && n < len(text) && text[n]-'0' <= 9 {
			v = v*10 + int(text[n]-'0')
			n++
		}
		if n == 0 || n < width && op != opMonth && op != opDay && op != opHour && op != opMinute && op != opSecond {
			return time.Time{}, false
		}
		text = text[n:]
		switch op {
		case opYear:
			year = v
		case opMonth, opMonth2:
			month = v
			if v < 1 || v > 12 {
				return time.Time{}, false
			}
		case opDay, opDay2:
			day = v
		case opHour:
			hour = v
			if v > 23 {
				return time.Time{}, false
			}
		case opMinute, opMinute2:
			minute = v
			if v > 59 {
				return time.Time{}, false
			}
		case opSecond, opSecond2:
			second = v
			if v > 59 || len(text) > 0 && (text[0] == '.' || text[0] == ',') {
				return time.Time{}, false // a fraction, perhaps
			}
		}
	}
	if len(text) > 0 || day < 1 || day > 28 && day > daysIn(year, month) {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, loc), true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

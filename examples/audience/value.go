package main

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/segment"
)

// parseID reads a whole number, a UUID, or another id of up to 15 bytes.
func parseID(text string) (customer.ID, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return customer.FromInt64(n), nil
	}
	if len(text) == 36 {
		var id customer.ID
		err := id.UnmarshalText([]byte(text))
		return id, err
	}
	return customer.FromString(text)
}

// jsonID reads an id from JSON: a whole number, or text.
func jsonID(raw json.RawMessage) (customer.ID, error) {
	var (
		text string
		n    int64
	)
	if json.Unmarshal(raw, &text) == nil {
		return parseID(text)
	}
	err := json.Unmarshal(raw, &n)
	return customer.FromInt64(n), err
}

// printID is the reverse of parseID.
func printID(id customer.ID) string {
	if n, ok := customer.ToInt64(id); ok {
		return strconv.FormatInt(n, 10)
	}
	if s, ok := customer.ToString(id); ok && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return id.String()
}

var layouts = []string{time.RFC3339, time.DateTime, time.DateOnly, "2006/01/02"}

// parseValue reads a value of the tag from text.
func parseValue(tag *segment.Tag, text string, loc *time.Location) (customer.Value, error) {
	bad := errors.New("not a value of a tag of kind " + tag.Kind.String())
	switch tag.Kind {
	case segment.Flag:
		switch strings.ToLower(text) {
		case "true", "yes", "y", "是":
			return customer.BoolValue(true), nil
		case "false", "no", "n", "否":
			return customer.BoolValue(false), nil
		}
	case segment.Integer:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return customer.Int64Value(n), nil
		}
	case segment.Decimal:
		if d, err := ingest.ParseDecimal(text); err == nil && d.Scale() <= tag.Scale {
			return customer.DecimalValue(d.Coefficient(), d.Scale()), nil
		}
	case segment.Float:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			v := customer.Float64Value(f)
			return v, v.Validate()
		}
	case segment.Time:
		for _, layout := range layouts {
			if t, err := time.ParseInLocation(layout, text, loc); err == nil {
				v := customer.TimeValue(t)
				return v, v.Validate()
			}
		}
	case segment.Enum:
		if text != "" {
			return customer.TextValue(text), nil
		}
	case segment.Labels:
		labels := strings.FieldsFunc(text, func(r rune) bool { return r == '|' })
		for i := range labels {
			labels[i] = strings.TrimSpace(labels[i])
		}
		v := customer.LabelsValue(labels...)
		return v, v.Validate()
	}
	return customer.Value{}, bad
}

// printValue writes a value for people: of a time only the local day.
func printValue(v customer.Value, loc *time.Location) string {
	switch v.Kind() {
	case customer.KindBool:
		b, _ := v.Bool()
		return strconv.FormatBool(b)
	case customer.KindInt64:
		n, _ := v.Int64()
		return strconv.FormatInt(n, 10)
	case customer.KindDecimal:
		n, scale, _ := v.Decimal()
		d, err := ingest.NewDecimal(n, scale)
		if err != nil {
			return strconv.FormatInt(n, 10) // the least int64 is whole
		}
		return d.String()
	case customer.KindFloat64:
		f, _ := v.Float64()
		return strconv.FormatFloat(f, 'g', 4, 64)
	case customer.KindTime:
		t, _ := v.Time()
		return t.In(loc).Format(time.DateOnly)
	case customer.KindText:
		s, _ := v.Text()
		return s
	case customer.KindLabels:
		return strings.Join(slices.Collect(v.Labels()), "|")
	}
	return ""
}

// jsonValue reads a value of the tag from JSON: null takes the value away, labels are an array, and other values are as
// in a file, in quotes or, for flags and numbers, without.
func jsonValue(tag *segment.Tag, raw json.RawMessage, loc *time.Location) (customer.Value, error) {
	var (
		text   string
		labels []string
	)
	switch {
	case len(raw) == 0:
		return customer.Value{}, errors.New("no value is given")
	case string(raw) == "null":
		return customer.Value{}, nil
	case tag.Kind == segment.Labels && json.Unmarshal(raw, &labels) == nil:
		v := customer.LabelsValue(labels...)
		return v, v.Validate()
	case json.Unmarshal(raw, &text) == nil:
		return parseValue(tag, text, loc)
	case tag.Kind == segment.Flag, tag.Kind == segment.Integer, tag.Kind == segment.Decimal, tag.Kind == segment.Float:
		return parseValue(tag, string(raw), loc)
	}
	return customer.Value{}, errors.New("not a value of a tag of kind " + tag.Kind.String())
}

package segment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonText
	jsonArray
	jsonObject
)

// jsonValue is a value of JSON, with the numbers as they are written and the members of objects in their order.
type jsonValue struct {
	kind  jsonKind
	truth bool
	text  string   // of a number or a text
	names []string // of the members of an object
	items []jsonValue
}

// member returns the value of a member, or nil.
func (v *jsonValue) member(name string) *jsonValue {
	for i := range v.names {
		if v.names[i] == name {
			return &v.items[i]
		}
	}
	return nil
}

// maxJSONValues is more than the commas, lists and objects of the largest rule, of which a part has at most 4 and a value
// of a condition at most 2, and MaxRuleBytes has no room for that many of 2.
const maxJSONValues = MaxRuleValues + 10*MaxRuleNodes

// readJSON reads a document of at most MaxRuleBytes that is not deeper and has no more values than a rule in JSON can
// have, and whose objects have no name twice.
func readJSON(data []byte) (*jsonValue, *RuleError) {
	if len(data) > MaxRuleBytes {
		return nil, &RuleError{Reason: "JSON " + limitBytes, Err: ErrLimit}
	}
	if !utf8.Valid(data) { // encoding/json would replace what is not UTF-8
		return nil, &RuleError{Reason: "JSON is not UTF-8"}
	}
	if err := surveyJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v := &jsonValue{}
	if err := v.read(d, 0); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, malformed(d)
	}
	return v, nil
}

// surveyJSON refuses, before anything is kept of a document, more values than a rule has, and escapes that are half of a
// surrogate pair without the other half, which encoding/json would replace.
func surveyJSON(data []byte) *RuleError {
	values, text := 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			text = !text
		case c == '\\':
			if r := escaped(data[i:]); utf16.IsSurrogate(r) {
				if utf16.DecodeRune(r, escaped(data[i+6:])) == utf8.RuneError {
					return &RuleError{Reason: fmt.Sprintf("JSON has half of a surrogate pair at byte %d", i)}
				}
				i += 10
			}
			i++
		case !text && (c == ',' || c == '[' || c == '{'): // no more values than these are there
			if values++; values > maxJSONValues {
				return &RuleError{Reason: limitJSON, Err: ErrLimit}
			}
		}
	}
	return nil
}

// escaped returns the unit of UTF-16 that data begins with as \uXXXX, or -1.
func escaped(data []byte) rune {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

func malformed(d *json.Decoder) *RuleError {
	return &RuleError{Reason: fmt.Sprintf("JSON is not well formed after byte %d", d.InputOffset())}
}

func (v *jsonValue) read(d *json.Decoder, depth int) *RuleError {
	if depth > 2*MaxRuleDepth+2 { // each part of a rule is an object in a list, values are an object in a list
		return &RuleError{Reason: limitDepth, Err: ErrLimit}
	}
	token, err := d.Token()
	if err != nil {
		return malformed(d)
	}
	switch t := token.(type) {
	case bool:
		v.kind, v.truth = jsonBool, t
	case json.Number:
		v.kind, v.text = jsonNumber, t.String()
	case string:
		v.kind, v.text = jsonText, t
	case json.Delim:
		v.kind = jsonArray
		if t == '{' {
			v.kind = jsonObject
		}
		return v.members(d, depth)
	}
	return nil
}

// members reads what an array or an object holds, and its end.
func (v *jsonValue) members(d *json.Decoder, depth int) *RuleError {
	var seen map[string]bool
	for d.More() {
		if v.kind == jsonObject {
			token, err := d.Token()
			name, ok := token.(string)
			switch {
			case err != nil || !ok:
				return malformed(d)
			case seen[name]:
				return &RuleError{Reason: "an object of the JSON has a field twice"}
			}
			if seen == nil {
				seen = map[string]bool{}
			}
			seen[name] = true
			v.names = append(v.names, name)
		}
		v.items = append(v.items, jsonValue{})
		if err := v.items[len(v.items)-1].read(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return malformed(d)
	}
	return nil
}

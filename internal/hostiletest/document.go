package hostiletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing/iotest"
)

// A Text is a document that a call reads through an io.Reader: put it among the arguments in place of the reader. Safe
// for concurrent reads.
type Text string

// Read makes Text an io.Reader; Run replaces it by one that reads. It always returns an error.
func (Text) Read([]byte) (int, error) { return 0, errors.New("hostiletest: a Text is read by Run") }

// ErrReader is the error of a reader that breaks off.
var ErrReader = errors.New("hostiletest: the reader broke off")

// reader tries a source that is empty, torn, slow, spoilt or fails.
func (m *mutator) reader(v reflect.Value, place string) {
	text, ok := v.Interface().(Text)
	if !ok {
		return
	}
	set := func(r io.Reader) { v.Set(reflect.ValueOf(&r).Elem()) }
	switch {
	case m.here(place, "broken"):
		set(io.MultiReader(strings.NewReader(string(text[:len(text)/2])), iotest.ErrReader(ErrReader)))
		return
	case m.here(place, "slow"):
		set(iotest.OneByteReader(strings.NewReader(string(text))))
		return
	}
	data := reflect.New(reflect.TypeFor[[]byte]()).Elem()
	data.SetBytes([]byte(text))
	m.document(data, place)
	if m.left < 0 && bytes.Equal(data.Bytes(), []byte(text)) {
		return
	}
	v.Set(reflect.ValueOf(Text(data.Bytes())))
}

// document tries bytes that are missing, torn, spoilt, and, of a JSON document, every value replaced or left out.
func (m *mutator) document(v reflect.Value, place string) {
	m.nothing(v, place)
	if v.IsNil() {
		return
	}
	data := v.Bytes()
	set := func(b []byte) { v.Set(reflect.ValueOf(b).Convert(v.Type())) }
	n := len(data)
	for _, b := range []named[string]{
		{"empty", ""},
		{"null", "null"},
		{"array", "[]"},
		{"object", "{}"},
		{"deep", strings.Repeat("[", 1<<14)},
		{"deep objects", strings.Repeat(`{"a":`, 1<<14)},
		{"mark", "\ufeff" + string(data)},
		{"zeros", strings.Repeat("\x00", 64)},
		{"bytes", Hostile["bytes"]},
		{"doubled", string(data) + string(data)},
		{"trailing", string(data) + " x"},
	} {
		if m.here(place, b.name) {
			set([]byte(b.value))
			return
		}
	}
	for _, cut := range []int{1, n / 3, n / 2, n - 1} {
		if cut > 0 && cut < n && m.here(place, "torn") {
			set(slices.Clone(data[:cut]))
			return
		}
	}
	for i := range 8 {
		if n > 0 && m.here(place, "spoilt") {
			b := slices.Clone(data)
			b[(2*i+1)*n/16] ^= 1 << i
			set(b)
			return
		}
	}
	m.json(v, place, data, set)
}

func (m *mutator) json(v reflect.Value, place string, data []byte, set func([]byte)) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var root any
	if decoder.Decode(&root) != nil {
		return
	}
	before := m.left
	root = m.node(root, place)
	if before >= 0 && m.left < 0 {
		b, err := json.Marshal(root)
		if err != nil {
			panic(err) // what was decoded is encoded
		}
		set(b)
	}
}

// numbers are put in place of each value of a document.
var numbers = map[string]any{
	"null": nil, "negative": json.Number("-1"), "zero": json.Number("0"), "large": json.Number("9007199254740993"),
	"overflow": json.Number("1e308"), "fraction": json.Number("0.5"), "text": "NaN", "array": []any{}, "object": map[string]any{},
}

var numberNames = slices.Sorted(maps.Keys(numbers))

// node replaces one value in or below a node and returns the node. Of an array the last element is looked into.
func (m *mutator) node(node any, place string) any {
	for _, name := range numberNames {
		if m.here(place, name) {
			return numbers[name]
		}
	}
	switch node := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if m.here(place+"."+key, "missing") {
				delete(node, key)
				return node
			}
			node[key] = m.node(node[key], place+"."+key)
		}
		if m.here(place, "more") {
			node["hostile"] = json.Number("1")
		}
	case []any:
		if len(node) == 0 {
			return node
		}
		last := node[len(node)-1]
		switch {
		case m.here(place, "short"):
			return node[:len(node)-1]
		case m.here(place, "long"):
			return append(node, last)
		case m.here(place, "huge"):
			for len(node) < many/8 {
				node = append(node, last)
			}
			return node
		case m.here(place, "turned"):
			slices.Reverse(node)
			return node
		}
		node[len(node)-1] = m.node(last, place+"[]")
	}
	return node
}

// Name is the target of a method UnmarshalText of an enumerated value, such as (*Kind).UnmarshalText, that accepts the
// text. A text that is no name is an error.
func Name(call any, text string) Target {
	receiver := reflect.TypeOf(call).In(0).Elem()
	x := Target{
		Call: call, Names: "value text", Writes: "value",
		Args:   func() []any { return []any{reflect.New(receiver).Interface(), []byte(text)} },
		Hold:   map[string]string{"value": "it is written"},
		Expect: map[string]any{},
	}
	for _, what := range []string{"nil", "empty", "null", "array", "zeros", "bytes", "doubled", "torn", "spoilt"} {
		x.Expect["text "+what] = ": "
	}
	return x
}

package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func splitJSON(line string) ([]cell, fault, int) {
	j := newJSONSplitter(2)
	j.keys["a"], j.keys["b"], j.keys["bee"] = []int{0}, []int{1}, []int{1}
	return j.split([]byte(line))
}

func TestJSONCells(t *testing.T) {
	for _, c := range []struct {
		name, line, a, b string
	}{
		{"texts", `{"a":"x","b":"y"}`, "x", "y"},
		{"numbers as written", `{"a":-1.50e2,"b":0}`, "-1.50e2", "0"},
		{"words", ` { "a" : true , "b" : false } `, "true", "false"},
		{"null is missing", `{"a":null,"b":"x"}`, "", "x"},
		{"keys in any case", `{"A":"x"," Bee ":"y"}`, "x", "y"},
		{"other keys of any kind", `{"a":"x","c":{"d":[1,{"e":null}],"f":{}},"g":[],"b":"y"}`, "x", "y"},
		{"escapes", `{"a":"\"\\\/\b\f\n\r\t","b":"\u4e2d\ud83d\ude00z"}`, "\"\\/\b\f\n\r\t", "中😀z"},
		{"escaped key", `{"\u0061":"x","b":"y"}`, "x", "y"},
		{"empty", `{}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cells, bad, _ := splitJSON(c.line)
			require.Zero(t, bad)
			require.Equal(t, c.a, string(cells[0].text))
			require.Equal(t, c.b, string(cells[1].text))
		})
	}
}

func TestJSONFaults(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for _, c := range []struct {
		name, line string
		bad        fault
		field      int
	}{
		{"array", `[1]`, faultJSON, -1},
		{"cut off", `{"a":"x`, faultJSON, -1},
		{"no value", `{"a":}`, faultJSON, -1},
		{"trailing comma", `{"a":1,}`, faultJSON, -1},
		{"two objects", `{"a":1}{"a":2}`, faultJSON, -1},
		{"single quotes", `{'a':1}`, faultJSON, -1},
		{"leading zero", `{"a":01}`, faultJSON, -1},
		{"no digits behind the point", `{"a":1.}`, faultJSON, -1},
		{"NaN", `{"a":NaN}`, faultJSON, -1},
		{"tab in text", "{\"a\":\"\t\"}", faultJSON, -1},
		{"half a pair", `{"a":"\ud83d"}`, faultJSON, -1},
		{"bad escape", `{"a":"\x"}`, faultJSON, -1},
		{"escaped NUL", `{"a":"\u0000"}`, faultJSON, -1},
		{"deep", `{"c":` + deep + `}`, faultJSON, -1},
		{"nested where a value belongs", `{"b":[1]}`, faultNested, 1},
		{"same key twice", `{"a":1,"a":2}`, faultRepeated, 0},
		{"two names of one field", `{"b":1,"bee":2}`, faultRepeated, 1},
		{"repeated, then cut off", `{"a":1,"a":2`, faultJSON, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, bad, field := splitJSON(c.line)
			require.Equal(t, faultReasons[c.bad], faultReasons[bad])
			require.Equal(t, c.field, field)
		})
	}
}

// Whatever is accepted, encoding/json reads the same way.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":"x","b":1}`, `{"a":{"b":[1,2]},"b":null}`, `{"b":"\u00e9\ud83d\ude00"}`, `{"a":-0.0e+5}`, `{"a":1,"a":2}`, `{"bee":true}`, `{`, `{"":""}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if !utf8.ValidString(line) {
			return // refused before
		}
		cells, bad, _ := splitJSON(line)
		var want map[string]json.RawMessage
		err := json.Unmarshal([]byte(line), &want)
		if bad == faultJSON {
			odd := strings.Contains(line, `\u`) || strings.Count(line, "[")+strings.Count(line, "{") > maxJSONDepth
			require.True(t, err != nil || want == nil || odd, "valid for encoding/json")
			return
		}
		require.NoError(t, err)
		if bad != 0 {
			return
		}
		for key, raw := range want {
			at := -1
			switch foldName(key) {
			case "a":
				at = 0
			case "b", "bee":
				at = 1
			default:
				continue
			}
			c := cells[at]
			require.True(t, c.there)
			switch {
			case raw[0] == '"':
				var text string
				require.NoError(t, json.Unmarshal(raw, &text))
				require.Equal(t, text, string(c.text))
			case bytes.Equal(raw, []byte("null")):
				require.Empty(t, c.text)
			default:
				require.Equal(t, string(raw), string(c.text))
			}
			require.Equal(t, raw[0] == '-' || raw[0]-'0' <= 9, c.number)
		}
	})
}

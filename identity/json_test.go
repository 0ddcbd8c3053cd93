package identity

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity/normalize"
)

// filled sets every field of a struct, in lists too, to something that is not its zero.
func filled(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = noon
		return
	case *customer.ID:
		*x = customer.FromInt64(7)
		return
	case *Reason:
		*x = Shared
		return
	case *normalize.Reason:
		*x = normalize.Masked
		return
	case *[]customer.Change: // has a form and tests of its own
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			filled(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0))
		filled(v.Index(1))
	case reflect.Array:
		filled(v.Index(3))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	default:
		v.SetInt(2)
	}
}

// What a service shows or takes has names in lower case and comes back as it was, full or empty.
func TestResultsAsJSON(t *testing.T) {
	for _, empty := range []any{
		Resolution{}, Customer{}, Binding{}, Explanation{}, Diff{}, Relation{}, Related{}, Ruling{}, Observation{}, Record{},
	} {
		typ := reflect.TypeOf(empty)
		t.Run(typ.Name(), func(t *testing.T) {
			full := reflect.New(typ)
			filled(full.Elem())
			for _, want := range []any{empty, full.Elem().Interface()} {
				data, err := json.Marshal(want)
				require.NoError(t, err)
				back := reflect.New(typ)
				d := json.NewDecoder(strings.NewReader(string(data)))
				d.DisallowUnknownFields()
				require.NoError(t, d.Decode(back.Interface()))
				require.Equal(t, want, back.Elem().Interface(), string(data))
				var names func(v any)
				names = func(v any) {
					switch v := v.(type) {
					case map[string]any:
						for name, value := range v {
							require.Regexp(t, "^[a-z_]+$", name)
							names(value)
						}
					case []any:
						for _, value := range v {
							names(value)
						}
					}
				}
				var tree any
				require.NoError(t, json.Unmarshal(data, &tree))
				names(tree)
			}
		})
	}
	data, err := json.Marshal(Step{Type: "phone", Proof: Attested, At: noon})
	require.NoError(t, err)
	require.Contains(t, string(data), `{"type":"phone","proof":"attested","at":"2026-03-05T12:00:00Z","from":{`)
}

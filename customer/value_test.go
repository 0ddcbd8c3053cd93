package customer_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestValueJSON(t *testing.T) {
	long := strings.Repeat("标", 1000)
	for name, c := range map[string]struct {
		value customer.Value
		kind  customer.Kind
		json  string
	}{
		"unset":            {customer.Value{}, customer.KindUnset, `null`},
		"true":             {customer.BoolValue(true), customer.KindBool, `true`},
		"false":            {customer.BoolValue(false), customer.KindBool, `false`},
		"whole number":     {customer.Int64Value(42), customer.KindInt64, `42`},
		"least number":     {customer.Int64Value(math.MinInt64), customer.KindInt64, `-9223372036854775808`},
		"float":            {customer.Float64Value(0.5), customer.KindFloat64, `{"float64":0.5}`},
		"whole float":      {customer.Float64Value(3), customer.KindFloat64, `{"float64":3}`},
		"negative zero":    {customer.Float64Value(math.Copysign(0, -1)), customer.KindFloat64, `{"float64":0}`},
		"decimal":          {customer.DecimalValue(1250, 2), customer.KindDecimal, `{"decimal":"12.5"}`},
		"whole decimal":    {customer.DecimalValue(-300, 2), customer.KindDecimal, `{"decimal":"-3"}`},
		"small decimal":    {customer.DecimalValue(-1, 3), customer.KindDecimal, `{"decimal":"-0.001"}`},
		"zero decimal":     {customer.DecimalValue(0, 18), customer.KindDecimal, `{"decimal":"0"}`},
		"least decimal":    {customer.DecimalValue(math.MinInt64, 18), customer.KindDecimal, `{"decimal":"-9.223372036854775808"}`},
		"time":             {customer.TimeValue(noon.Add(5)), customer.KindTime, `{"time":"2026-03-05T12:00:00.000000005Z"}`},
		"time before 1970": {customer.TimeValue(time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)), customer.KindTime, `{"time":"0001-01-01T00:00:00.000000001Z"}`},
		"last year":        {customer.TimeValue(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)), customer.KindTime, `{"time":"9999-12-31T00:00:00Z"}`},
		"text":             {customer.TextValue("广州"), customer.KindText, `"广州"`},
		"empty text":       {customer.TextValue(""), customer.KindText, `""`},
		"labels":           {customer.LabelsValue("b", "a", "b"), customer.KindLabels, `["a","b"]`},
		"no labels":        {customer.LabelsValue(), customer.KindLabels, `[]`},
		"long label":       {customer.LabelsValue(long, "a"), customer.KindLabels, `["a","` + long + `"]`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.kind, c.value.Kind())
			require.NoError(t, c.value.Validate())
			data, err := json.Marshal(c.value)
			require.NoError(t, err)
			require.Equal(t, c.json, string(data))
			back := customer.TextValue("before")
			require.NoError(t, json.Unmarshal(data, &back))
			require.True(t, c.value == back)
		})
	}
}

func TestValueEquality(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for name, c := range map[string]struct {
		a, b  customer.Value
		equal bool
	}{
		"same instant, two zones": {customer.TimeValue(noon), customer.TimeValue(noon.In(berlin)), true},
		"a nanosecond apart":      {customer.TimeValue(noon), customer.TimeValue(noon.Add(1)), false},
		"same decimal":            {customer.DecimalValue(15, 1), customer.DecimalValue(1500, 3), true},
		"decimal and float":       {customer.DecimalValue(15, 1), customer.Float64Value(1.5), false},
		"number and bool":         {customer.Int64Value(1), customer.BoolValue(true), false},
		"labels in any order":     {customer.LabelsValue("x", "y"), customer.LabelsValue("y", "x", "x"), true},
		"labels that join alike":  {customer.LabelsValue("ab", "c"), customer.LabelsValue("a", "bc"), false},
		"text and label":          {customer.TextValue("a"), customer.LabelsValue("a"), false},
		"empty text and unset":    {customer.TextValue(""), customer.Value{}, false},
		"no labels and unset":     {customer.LabelsValue(), customer.Value{}, false},
		"zeros":                   {customer.Float64Value(0), customer.Float64Value(math.Copysign(0, -1)), true},
		"two NaN": {
			customer.Float64Value(math.NaN()),
			customer.Float64Value(math.Float64frombits(0xfff8000000000001)), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.equal, c.a == c.b)
		})
	}
}

func TestValueAccessors(t *testing.T) {
	values := []customer.Value{
		{},
		customer.BoolValue(true), customer.Int64Value(-5), customer.Float64Value(2.5),
		customer.DecimalValue(-250, 2), customer.TimeValue(noon), customer.TextValue("t"),
		customer.LabelsValue("l", "k"),
	}
	for i, v := range values {
		require.Equal(t, customer.Kind(i), v.Kind())
		require.Equal(t, i == 0, v.IsUnset())
		b, ok := v.Bool()
		require.Equal(t, i == 1, ok)
		require.Equal(t, ok, b)
		n, ok := v.Int64()
		require.Equal(t, i == 2, ok)
		require.Equal(t, ok, n == -5)
		f, ok := v.Float64()
		require.Equal(t, i == 3, ok)
		require.Equal(t, ok, f == 2.5)
		coefficient, scale, ok := v.Decimal()
		require.Equal(t, i == 4, ok)
		require.Equal(t, ok, coefficient == -25 && scale == 1)
		at, ok := v.Time()
		require.Equal(t, i == 5, ok)
		require.Equal(t, ok, at == noon)
		s, ok := v.Text()
		require.Equal(t, i == 6, ok)
		require.Equal(t, ok, s == "t")
		labels := slices.Collect(v.Labels())
		if i == 7 {
			require.Equal(t, []string{"k", "l"}, labels)
		} else {
			require.Empty(t, labels)
		}
	}
	for label := range values[7].Labels() {
		require.Equal(t, "k", label)
		break
	}
	require.Equal(t, uintptr(32), unsafe.Sizeof(customer.Value{}))
}

func TestLabelsDoesNotChangeItsArgument(t *testing.T) {
	labels := []string{"c", "a", "b", "a"}
	customer.LabelsValue(labels...)
	require.Equal(t, []string{"c", "a", "b", "a"}, labels)
}

func TestValueHidesPersonalData(t *testing.T) {
	secret := "13912345678"
	for _, v := range []customer.Value{customer.TextValue(secret), customer.LabelsValue(secret)} {
		field := customer.Field{Name: "phone", Value: v}
		for _, verb := range []string{"%v", "%+v", "%s"} {
			require.NotContains(t, fmt.Sprintf(verb, customer.Row{ID: anna, Values: []customer.Field{field}}), secret)
		}
	}
	v := customer.TextValue(secret + "\xff")
	require.NotContains(t, v.Validate().Error(), secret)
}

func TestInvalidValues(t *testing.T) {
	for name, v := range map[string]customer.Value{
		"NaN":               customer.Float64Value(math.NaN()),
		"infinity":          customer.Float64Value(math.Inf(1)),
		"negative scale":    customer.DecimalValue(1, -1),
		"scale 19":          customer.DecimalValue(0, 19),
		"year 0":            customer.TimeValue(time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)),
		"year 10000":        customer.TimeValue(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)),
		"no time":           customer.TimeValue(time.Time{}),
		"text not UTF-8":    customer.TextValue("a\xff"),
		"empty label":       customer.LabelsValue("a", ""),
		"label not UTF-8":   customer.LabelsValue("\xff"),
		"millions of years": customer.TimeValue(time.Unix(math.MaxInt64, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, v.Validate(), "customer: ")
			_, err := json.Marshal(v)
			require.Error(t, err)
		})
	}
}

func TestInvalidValueJSON(t *testing.T) {
	for _, text := range []string{
		``, `x`, `1.5`, `1e3`, `9223372036854775808`, `["a",1]`, `["a",null]`, `[["a"]]`, `{}`, `{"float64":null}`,
		`{"float64":"1"}`, `{"float64":1,"decimal":"1"}`, `{"Float64":1}`, `{"int64":1}`, `{"float64":1e999}`,
		`{"decimal":""}`, `{"decimal":"-"}`, `{"decimal":"1."}`, `{"decimal":".5"}`, `{"decimal":"+1"}`,
		`{"decimal":"1e3"}`, `{"decimal":"1_0"}`, `{"decimal":"9223372036854775808"}`,
		`{"decimal":"0.0000000000000000001"}`, `{"decimal":"１"}`,
		`{"time":"2026-03-05"}`, `{"time":"0001-01-01T00:00:00Z"}`, `{"time":"0001-01-01T00:00:00+01:00"}`,
		"\"a\xff\"", `[""]`, `true false`,
	} {
		v := customer.Int64Value(1)
		require.Error(t, v.UnmarshalJSON([]byte(text)), text)
		require.Equal(t, customer.Int64Value(1), v)
	}
}

func TestKindString(t *testing.T) {
	require.Equal(t, "labels", customer.KindLabels.String())
	require.Equal(t, "invalid", customer.Kind(8).String())
}

func FuzzValueJSON(f *testing.F) {
	for _, text := range []string{
		`null`, `true`, `42`, `"a"`, `["b","a"]`, `{"float64":1.5}`, `{"decimal":"-0.50"}`,
		`{"time":"2026-03-05T12:00:00+08:00"}`, `"\ud800"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v customer.Value
		if v.UnmarshalJSON(data) != nil {
			require.True(t, v == customer.Value{})
			return
		}
		first, err := json.Marshal(v)
		require.NoError(t, err)
		var back customer.Value
		require.NoError(t, json.Unmarshal(first, &back))
		require.True(t, v == back)
	})
}

func FuzzDecimal(f *testing.F) {
	f.Add(int64(-1250), 2)
	f.Add(int64(math.MinInt64), 18)
	f.Fuzz(func(t *testing.T, coefficient int64, scale int) {
		v := customer.DecimalValue(coefficient, scale)
		data, err := json.Marshal(v)
		if scale < 0 || scale > 18 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		var back customer.Value
		require.NoError(t, json.Unmarshal(data, &back))
		require.True(t, v == back)
		reduced, least, _ := v.Decimal()
		for ; least < scale; least++ {
			reduced *= 10
		}
		require.Equal(t, coefficient, reduced)
	})
}

package segment

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

func TestStore(t *testing.T) {
	at := func(text string) customer.Value {
		v, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return customer.TimeValue(v)
	}
	integer, cents, score := Tag{Kind: Integer}, Tag{Kind: Decimal, Scale: 2}, Tag{Kind: Float}
	city, place := Tag{Kind: Enum}, Tag{Kind: Enum, Hierarchy: true}
	seconds, nanos, days := Tag{Kind: Time}, Tag{Kind: Time, Unit: 1}, Tag{Kind: Time, Unit: 24 * time.Hour}
	for name, c := range map[string]struct {
		tag   Tag
		value customer.Value
		want  stored
		fault string
	}{
		"unset":              {tag: integer},
		"flag":               {tag: Tag{Kind: Flag}, value: customer.BoolValue(true), want: stored{b: true}},
		"flag false":         {tag: Tag{Kind: Flag}, value: customer.BoolValue(false)},
		"flag of 1":          {tag: Tag{Kind: Flag}, value: customer.Int64Value(1), fault: "value of kind int64 for a tag of kind flag"},
		"integer least":      {tag: integer, value: customer.Int64Value(math.MinInt64), want: stored{n: math.MinInt64}},
		"integer of decimal": {tag: integer, value: customer.DecimalValue(15, 1), fault: "value of kind decimal for a tag of kind integer"},
		"integer of float":   {tag: integer, value: customer.Float64Value(1), fault: "value of kind float64 for a tag of kind integer"},
		"decimal":            {tag: cents, value: customer.DecimalValue(15, 1), want: stored{n: 150}},
		"decimal zeros":      {tag: cents, value: customer.DecimalValue(15000, 4), want: stored{n: 150}},
		"decimal of int":     {tag: cents, value: customer.Int64Value(-7), want: stored{n: -700}},
		"decimal digits":     {tag: cents, value: customer.DecimalValue(1005, 3), fault: "more digits after the point"},
		"decimal too large":  {tag: cents, value: customer.Int64Value(math.MaxInt64 / 99), fault: "too large"},
		"decimal largest":    {tag: cents, value: customer.DecimalValue(math.MaxInt64, 2), want: stored{n: math.MaxInt64}},
		"decimal least":      {tag: cents, value: customer.DecimalValue(math.MinInt64, 2), want: stored{n: math.MinInt64}},
		"decimal scale":      {tag: cents, value: customer.DecimalValue(1, 19), fault: "scale"},
		"decimal of float":   {tag: cents, value: customer.Float64Value(1.5), fault: "value of kind float64 for a tag of kind decimal"},
		"float":              {tag: score, value: customer.Float64Value(-0.5), want: stored{f: -0.5}},
		"float of int":       {tag: score, value: customer.Int64Value(1 << 53), want: stored{f: 1 << 53}},
		"float of long int":  {tag: score, value: customer.Int64Value(1<<53 + 1), fault: "not a float64"},
		"float of most":      {tag: score, value: customer.Int64Value(math.MaxInt64), fault: "not a float64"},
		"float of least":     {tag: score, value: customer.Int64Value(math.MinInt64), want: stored{f: -1 << 63}},
		"float NaN":          {tag: score, value: customer.Float64Value(math.NaN()), fault: "not finite"},
		"float infinite":     {tag: score, value: customer.Float64Value(math.Inf(-1)), fault: "not finite"},
		"float of decimal":   {tag: score, value: customer.DecimalValue(1, 1), fault: "value of kind decimal for a tag of kind float"},
		"enum":               {tag: city, value: customer.TextValue("广州"), want: stored{text: "广州"}},
		"enum empty":         {tag: city, value: customer.TextValue("")},
		"enum slash":         {tag: city, value: customer.TextValue("/"), want: stored{text: "/"}},
		"enum not UTF-8":     {tag: city, value: customer.TextValue("\xff"), fault: "not UTF-8"},
		"path":               {tag: place, value: customer.TextValue("广东/广州"), want: stored{text: "广东/广州"}},
		"path empty":         {tag: place, value: customer.TextValue(""), fault: "empty element"},
		"path begins":        {tag: place, value: customer.TextValue("/a"), fault: "empty element"},
		"path ends":          {tag: place, value: customer.TextValue("a/"), fault: "empty element"},
		"path middle":        {tag: place, value: customer.TextValue("a//b"), fault: "empty element"},
		"labels":             {tag: Tag{Kind: Labels}, value: customer.LabelsValue("b", "a"), want: stored{labels: customer.LabelsValue("a", "b")}},
		"labels empty":       {tag: Tag{Kind: Labels}, value: customer.LabelsValue(), want: stored{labels: customer.LabelsValue()}},
		"labels empty label": {tag: Tag{Kind: Labels}, value: customer.LabelsValue(""), fault: "label is empty"},
		"labels of text":     {tag: Tag{Kind: Labels}, value: customer.TextValue("a"), fault: "value of kind text for a tag of kind labels"},
		"time":               {tag: seconds, value: at("1970-01-01T00:00:01.999999999Z"), want: stored{n: 1}},
		"time before 1970":   {tag: seconds, value: at("1969-12-31T23:59:59.5Z"), want: stored{n: -1}},
		"time least":         {tag: seconds, value: at("0001-01-01T00:00:01Z"), want: stored{n: civil.FirstSecond + 1}},
		"time zero":          {tag: seconds, value: customer.TimeValue(time.Time{}), fault: "years 1 to 9999"},
		"time to zero":       {tag: seconds, value: at("0001-01-01T00:00:00.5Z"), fault: "rounded down"},
		"time last":          {tag: seconds, value: at("9999-12-31T23:59:59.9Z"), want: stored{n: civil.EndSecond - 1}},
		"time after":         {tag: seconds, value: customer.TimeValue(time.Unix(civil.EndSecond, 0)), fault: "years 1 to 9999"},
		"time to the ns":     {tag: nanos, value: at("1970-01-01T00:00:01.000000001Z"), want: stored{n: 1e9 + 1}},
		"time ns too far":    {tag: nanos, value: at("2262-04-11T23:47:16.854775808Z"), fault: "2^63 units"},
		"time ns furthest":   {tag: nanos, value: at("2262-04-11T23:47:16.854775807Z"), want: stored{n: math.MaxInt64}},
		"time ns first":      {tag: nanos, value: at("1677-09-21T00:12:43.145224192Z"), want: stored{n: math.MinInt64}},
		"time ns too early":  {tag: nanos, value: at("1677-09-21T00:12:43.145224191Z"), fault: "2^63 units"},
		"time day":           {tag: days, value: at("1969-12-31T23:59:59Z"), want: stored{n: -1}},
		"time as number":     {tag: seconds, value: customer.Int64Value(1), fault: "value of kind int64 for a tag of kind time"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.tag.store(c.value)
			if c.fault != "" {
				require.ErrorContains(t, err, c.fault)
				return
			}
			require.NoError(t, err)
			c.want.set = name != "unset"
			require.Equal(t, c.want, got)
			back := c.tag.valueOf(got)
			again, err := c.tag.store(back)
			require.NoError(t, err)
			require.Equal(t, got, again, "what is kept is kept the same")
		})
	}
}

func TestStoreAllocatesNothing(t *testing.T) {
	tag, v := Tag{Kind: Time, Unit: time.Millisecond}, customer.TimeValue(time.Unix(1e9, 5))
	require.Zero(t, testing.AllocsPerRun(100, func() { tag.store(v) }))
}

// FuzzFloorUnits compares with whole numbers without end.
func FuzzFloorUnits(f *testing.F) {
	f.Add(int64(0), int64(0), int64(1))
	f.Add(int64(-1), int64(999_999_999), int64(1))
	f.Add(int64(-9223372037), int64(145224192), int64(1))
	f.Add(int64(-36893488148), int64(1), int64(2))
	f.Add(int64(-18446744074), int64(290448383), int64(2)) // one nanosecond before -2^63 units
	f.Add(int64(-18446744074), int64(290448384), int64(2))
	f.Add(int64(civil.EndSecond), int64(0), int64(math.MaxInt64))
	f.Add(int64(civil.FirstSecond), int64(0), int64(14))
	f.Fuzz(func(t *testing.T, sec, nsec, unit int64) {
		if unit <= 0 || sec < -1<<40 || sec > 1<<40 {
			t.Skip()
		}
		at := time.Unix(sec, nsec%1e9)
		n, exact, ok := floorUnits(at, time.Duration(unit))
		q, r := new(big.Int).DivMod(nanos(at), big.NewInt(unit), new(big.Int))
		require.Equal(t, q.IsInt64(), ok)
		if !ok {
			require.Equal(t, saturated(int64(q.Sign())), n)
			return
		}
		require.Equal(t, q.Int64(), n)
		require.Equal(t, r.Sign() == 0, exact)
		if exact {
			require.True(t, unitTime(n, time.Duration(unit)).Equal(at))
		}
	})
}

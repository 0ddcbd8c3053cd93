package cell_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/cell"
)

func TestOf(t *testing.T) {
	for name, c := range map[string]struct {
		value customer.Value
		want  string
	}{
		"unset":              {customer.Value{}, ""},
		"bool":               {customer.BoolValue(true), "true"},
		"negative":           {customer.Int64Value(-5), "-5"},
		"least":              {customer.Int64Value(math.MinInt64), "-9223372036854775808"},
		"float":              {customer.Float64Value(0.1), "0.1"},
		"decimal":            {customer.DecimalValue(-150, 2), "-1.5"},
		"small decimal":      {customer.DecimalValue(-5, 3), "-0.005"},
		"smallest decimal":   {customer.DecimalValue(1, 18), "0.000000000000000001"},
		"least decimal":      {customer.DecimalValue(math.MinInt64, 18), "-9.223372036854775808"},
		"whole decimal":      {customer.DecimalValue(1200, 0), "1200"},
		"time":               {customer.TimeValue(time.Date(2026, 3, 5, 12, 0, 0, 0, time.FixedZone("", 3600))), "2026-03-05T11:00:00Z"},
		"time with fraction": {customer.TimeValue(time.Unix(0, 1)), "1970-01-01T00:00:00.000000001Z"},
		"text":               {customer.TextValue("广州"), "广州"},
		"formula":            {customer.TextValue("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0"},
		"plus":               {customer.TextValue("+86"), "'+86"},
		"minus":              {customer.TextValue("-1"), "'-1"},
		"at":                 {customer.TextValue("@SUM(A1)"), "'@SUM(A1)"},
		"tab":                {customer.TextValue("\t=1"), "'\t=1"},
		"return":             {customer.TextValue("\r=1"), "'\r=1"},
		"full-width":         {customer.TextValue("＝1"), "'＝1"},
		"quote":              {customer.TextValue("'=1"), "''=1"},
		"later equals":       {customer.TextValue("a=b"), "a=b"},
		"labels":             {customer.LabelsValue("b", "a|c", `d\`), `a\|c|b|d\\`},
		"formula of labels":  {customer.LabelsValue("=1", "z"), "'=1|z"},
		"no labels":          {customer.LabelsValue(), ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, cell.Of(c.value)) })
	}
}

func TestHarmless(t *testing.T) {
	for _, c := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠"} {
		require.Equal(t, "'"+c+"a", cell.Harmless(c+"a"))
	}
	for _, s := range []string{"", "a=", " =", "沉睡客"} {
		require.Equal(t, s, cell.Harmless(s))
	}
}

package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

// zoned returns three chunks in which an int, a time in hours and a float are 0 to 999, 1,000 to 1,999 and 2,000 to 2,999.
func zoned(t *testing.T) *Index {
	t.Helper()
	const n = 2*kernel.Bits + 10_000
	ids, ints, floats := make([]customer.ID, n), make([]int64, n), make([]float64, n)
	rare, half, all := make([]bool, n), make([]bool, n), make([]bool, n)
	for i := range n {
		ids[i] = customer.FromInt64(int64(i))
		ints[i] = int64(i>>chunkBits*1000 + i%1000)
		floats[i] = float64(ints[i])
		rare[i], half[i], all[i] = i%100 == 0, i%2 == 0, true
	}
	ix, err := New(&Options{Tags: []Tag{
		{Name: "int", Kind: Integer},
		{Name: "other", Kind: Integer},
		{Name: "float", Kind: Float},
		{Name: "time", Kind: Time, Unit: time.Hour},
		{Name: "rare", Kind: Flag},
		{Name: "half", Kind: Flag},
		{Name: "all", Kind: Flag},
	}})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{
		{Tag: "int", Ints: ints},
		{Tag: "other", Ints: ints},
		{Tag: "float", Floats: floats},
		{Tag: "time", Ints: ints},
		{Tag: "rare", Bools: rare},
		{Tag: "half", Bools: half},
		{Tag: "all", Bools: all},
	}))
	return ix
}

// TestExplainDecided: a chunk is not looked into if its least and largest value say that all or none of it are selected.
func TestExplainDecided(t *testing.T) {
	ix := zoned(t)
	numbers := map[string]func(n int) any{
		"int":   func(n int) any { return n },
		"float": func(n int) any { return float64(n) },
		"time":  func(n int) any { return time.Unix(int64(n)*3600, 0) },
	}
	decided := func(t *testing.T, r Rule) int {
		t.Helper()
		plan, err := ix.Snapshot().Explain(t.Context(), Query{Rule: r})
		require.NoError(t, err)
		require.Equal(t, 3, plan.Chunks)
		require.Empty(t, plan.Parts)
		return plan.Decided
	}
	for tag, at := range numbers {
		for _, c := range []struct {
			rule Rule
			want int
		}{
			{Ge(tag, at(1000)), 3},
			{Ge(tag, at(1001)), 2},
			{Gt(tag, at(999)), 3},
			{Lt(tag, at(2000)), 3},
			{Le(tag, at(2000)), 2},
			{Le(tag, at(1999)), 3},
			{Eq(tag, at(2999)), 2},
			{Eq(tag, at(3000)), 3},
			{Lt(tag, at(0)), 3},
			{Between(tag, at(999), at(2000)), 1},
			{Between(tag, at(1000), at(1999)), 3},
			{IsSet(tag), 3},
		} {
			t.Run(c.rule.String(), func(t *testing.T) { require.Equal(t, c.want, decided(t, c.rule)) })
		}
	}
	var b Batch // a late value of the last chunk, beside its column
	last := customer.FromInt64(2*kernel.Bits + 5)
	b.Set(last, "int", customer.Int64Value(-5))
	b.Set(last, "float", customer.Float64Value(-5))
	b.Set(last, "time", customer.TimeValue(time.Unix(-5*3600, 0)))
	require.NoError(t, ix.Apply(t.Context(), &b))
	for tag, at := range numbers {
		require.Equal(t, 2, decided(t, Ge(tag, at(1000))), tag)
		require.Equal(t, 3, decided(t, Gt(tag, at(2999))), tag)
	}
}

// TestExplainOrder: the cheaper a condition and the fewer it leaves, the earlier it is looked at.
func TestExplainOrder(t *testing.T) {
	s := zoned(t).Snapshot()
	for rule, want := range map[string][]string{
		`half and rare`:              {"set rare", "set half"},
		`int >= 1500 and half`:       {"set half", "bits int >= 1500"},
		`all and int = 5`:            {"bits int = 5", "set all"}, // of which all are left
		`float >= 1500 and int >= 7`: {"floats float >= 1500", "bits int >= 7"},
		`float >= 1500 and int >= 1500`: {
			"bits int >= 1500", "floats float >= 1500",
		},
		`int < other and sample(10%, "x") and float < 1500 and int < 1500 and half and rare`: {
			"set rare", "set half", "bits int < 1500", "floats float < 1500", `each sample(10%, "x")`, "each int < other",
		},
		`int < other or sample(10%, "x") or float < 1500 or int < 1500 or half`: {
			"set half", "bits int < 1500", "floats float < 1500", `each sample(10%, "x")`, "each int < other",
		},
	} {
		t.Run(rule, func(t *testing.T) {
			r, err := Parse(rule)
			require.NoError(t, err)
			plan, err := s.Explain(t.Context(), Query{Rule: r})
			require.NoError(t, err)
			var steps []string
			for _, part := range plan.Parts {
				steps = append(steps, part.Step+" "+part.Rule)
			}
			require.Equal(t, want, steps, "%s", plan)
		})
	}
}

package segment

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
)

// TestLoadIsApply gives the same rows to Load, to a Batch and to LoadRows, over several chunks and on top of what is there.
func TestLoadIsApply(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	const known = kernel.Bits + 5000
	n := 6000
	if race.Enabled {
		n = 2000
	}
	tags := modelTags
	var indexes []*Index
	for i := range 3 {
		ix, err := New(&Options{Tags: tags, Workers: 1 + i})
		require.NoError(t, err)
		indexes = append(indexes, ix)
		var b Batch // customers without values, so that the rows are spread over two chunks
		for i := range int64(known - 2000) {
			b.Add(customer.FromInt64(i))
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
	}
	for round := range 2 {
		ids := make([]customer.ID, n)
		batch := Batch{At: time.Unix(1000, 0)}
		var rows []customer.Row
		columns := make([]Column, len(tags))
		for i := range columns {
			columns[i].Tag = tags[i].Name
			columns[i].Set = make([]bool, n)
		}
		for row := range ids {
			ids[row] = customer.FromInt64(rng.Int64N(known))
			if round == 0 {
				ids[row] = customer.FromInt64(int64(known - n + row))
			}
			r := customer.Row{ID: ids[row]}
			for i, tag := range tags {
				v := anyValue(rng, tag)
				s, err := tag.store(v)
				require.NoError(t, err)
				c := &columns[i]
				c.Set[row] = rng.IntN(5) > 0
				if round == 1 {
					c.Set[row] = rng.IntN(50) == 0
				}
				if c.Set[row] {
					batch.Set(ids[row], tag.Name, v)
					r.Values = append(r.Values, customer.Field{Name: tag.Name, Value: v})
				}
				switch tag.Kind {
				case Flag:
					c.Bools = append(c.Bools, s.b)
				case Enum:
					if tag.Hierarchy {
						c.Texts = append(c.Texts, s.text)
						break
					}
					at := int32(-1)
					for k, level := range c.Levels {
						if level == s.text {
							at = int32(k)
						}
					}
					if at < 0 {
						at = int32(len(c.Levels))
						c.Levels = append(c.Levels, s.text)
					}
					c.Codes = append(c.Codes, at)
				case Labels:
					list := []string{}
					for l := range s.labels.Labels() {
						list = append(list, l)
					}
					c.Lists = append(c.Lists, list)
				case Float:
					c.Floats = append(c.Floats, s.f)
				default:
					c.Ints = append(c.Ints, s.n)
				}
			}
			batch.Add(ids[row])
			rows = append(rows, r)
		}
		require.NoError(t, indexes[0].Load(t.Context(), time.Unix(1000, 0), ids, columns))
		require.NoError(t, indexes[1].Apply(t.Context(), &batch))
		done, err := indexes[2].LoadRows(t.Context(), time.Unix(1000, 0), seq(rows, nil))
		require.NoError(t, err)
		require.Equal(t, n, done)
		want := indexes[1].Snapshot()
		for _, ix := range []*Index{indexes[0], indexes[2]} {
			got := ix.Snapshot()
			require.Equal(t, want.Len(), got.Len())
			for _, id := range customersOf(t, want) {
				a, b := rowOf(t, want, id), rowOf(t, got, id)
				if len(a)+len(b) == 0 {
					continue
				}
				if fmt.Sprint(a) != fmt.Sprint(b) || len(a) != len(b) {
					require.Equal(t, a, b)
				}
				for _, f := range a {
					if valueIn(t, got, id, f.Name) != f.Value {
						require.Equal(t, f.Value, valueIn(t, got, id, f.Name), f.Name)
					}
				}
			}
		}
		var deleted Batch // holes for the next round
		for range 500 {
			deleted.Delete(customer.FromInt64(rng.Int64N(known)))
		}
		for _, ix := range indexes {
			require.NoError(t, ix.Apply(t.Context(), &deleted))
		}
	}
}

func seq(rows []customer.Row, end error) iter.Seq2[customer.Row, error] {
	return func(yield func(customer.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if end != nil {
			yield(customer.Row{}, end)
		}
	}
}

func TestLoadRowsEnds(t *testing.T) {
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	broken := errors.New("broken")
	rows := []customer.Row{{ID: customer.FromInt64(1), Values: []customer.Field{{Name: "vip", Value: customer.BoolValue(true)}}}}
	done, err := ix.LoadRows(t.Context(), time.Time{}, seq(rows, broken))
	require.ErrorIs(t, err, broken)
	require.Equal(t, 1, done)
	require.Equal(t, 1, ix.Snapshot().Len())

	rows = append(rows, customer.Row{ID: customer.FromInt64(2), Values: []customer.Field{
		{Name: "vip", Value: customer.BoolValue(true)}, {Name: "vip", Value: customer.TextValue("yes")},
	}})
	_, err = ix.LoadRows(t.Context(), time.Time{}, seq(rows, nil))
	require.EqualError(t, err, `segment: row 1: tag "vip": value of kind text for a tag of kind flag`)
}

func TestInfer(t *testing.T) {
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	id := customer.FromInt64(1)
	values := map[string]customer.Value{
		"f": customer.BoolValue(true), "e": customer.TextValue("x"), "l": customer.LabelsValue("a"),
		"i": customer.Int64Value(1), "d": customer.DecimalValue(125, 2), "x": customer.Float64Value(.5),
		"t": customer.TimeValue(time.Unix(5, 0)),
	}
	var b Batch
	for name, v := range values {
		b.Set(id, name, v)
	}
	b.Clear(id, "never")
	require.NoError(t, ix.Apply(t.Context(), &b))
	s := ix.Snapshot()
	for name, v := range values {
		require.Equal(t, v, valueIn(t, s, id, name), name)
	}
	d, ok := s.Catalogue().Tag("d")
	require.True(t, ok)
	require.Equal(t, Tag{Name: "d", Kind: Decimal, Scale: 2}, d)
	_, ok = s.Catalogue().Tag("never")
	require.False(t, ok)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, []customer.ID{id}, []Column{{Tag: "more", Floats: []float64{math.NaN()}}}))
	require.True(t, valueIn(t, ix.Snapshot(), id, "more").IsUnset())
}

func TestWriteFaults(t *testing.T) {
	id := customer.FromInt64(1)
	for name, c := range map[string]struct {
		write func(b *Batch)
		want  string
	}{
		"no id":           {func(b *Batch) { b.Set(customer.ID{}, "vip", customer.BoolValue(true)) }, `segment: row 1: id names no customer`},
		"unknown tag":     {func(b *Batch) { b.Set(id, "vap", customer.BoolValue(true)) }, `segment: row 1: tag "vap": unknown tag`},
		"kind":            {func(b *Batch) { b.Set(id, "vip", customer.TextValue("yes")) }, `segment: row 1: tag "vip": value of kind text for a tag of kind flag`},
		"scale":           {func(b *Batch) { b.Set(id, "spend", customer.DecimalValue(1005, 3)) }, `segment: row 1: tag "spend": number has more digits after the point than the tag`},
		"not a number":    {func(b *Batch) { b.Set(id, "score", customer.Float64Value(math.NaN())) }, `segment: row 1: tag "score": number is not finite`},
		"labels":          {func(b *Batch) { b.AddLabels(id, "city", "x") }, `segment: row 1: tag "city": tag has no labels but is of kind enum`},
		"increment":       {func(b *Batch) { b.Increment(id, "last", customer.Int64Value(1)) }, `segment: row 1: tag "last": tag of kind time cannot be incremented`},
		"increment unset": {func(b *Batch) { b.Increment(id, "orders", customer.Value{}) }, `segment: row 1: tag "orders": value is unset`},
		"time of value":   {func(b *Batch) { b.SetIfNewer(id, "vip", customer.BoolValue(true), time.Time{}) }, `segment: row 1: tag "vip": time of the value is not in years 1678 to 2261`},
		"overflow": {func(b *Batch) {
			b.Set(id, "orders", customer.Int64Value(math.MaxInt64))
			b.Increment(id, "orders", customer.Int64Value(1))
		}, `segment: row 2: tag "orders": number becomes too large`},
		"underflow": {func(b *Batch) {
			b.Set(id, "orders", customer.Int64Value(math.MinInt64))
			b.Increment(id, "orders", customer.Int64Value(math.MinInt64))
		}, `segment: row 2: tag "orders": number becomes too large`},
		"path": {func(b *Batch) { b.Set(id, "region", customer.TextValue("a//b")) }, `segment: row 1: tag "region": path has an empty element`},
	} {
		t.Run(name, func(t *testing.T) {
			ix, err := New(&Options{Tags: modelTags})
			require.NoError(t, err)
			var b Batch
			b.Set(customer.FromInt64(2), "city", customer.TextValue("Lyon"))
			c.write(&b)
			err = ix.Apply(t.Context(), &b)
			require.EqualError(t, err, c.want)
			require.Zero(t, ix.Snapshot().Len())
			require.Zero(t, ix.Snapshot().Version())
			var w *WriteError
			require.ErrorAs(t, err, &w)
		})
	}
	ix, err := New(&Options{Tags: modelTags})
	require.NoError(t, err)
	var b Batch
	for range 30 {
		b.Set(id, "vap", customer.BoolValue(true))
	}
	err = ix.Apply(t.Context(), &b)
	require.Equal(t, maxFaults, strings.Count(err.Error(), "unknown tag"))
	require.Contains(t, err.Error(), "and 10 faults more")
}

func TestLoadFaults(t *testing.T) {
	ids := []customer.ID{customer.FromInt64(1), customer.FromInt64(2)}
	for name, c := range map[string]struct {
		column Column
		want   string
	}{
		"nothing":  {Column{Tag: "vip"}, `tag "vip": column must have exactly one slice of values`},
		"two":      {Column{Tag: "vip", Bools: []bool{true, true}, Ints: []int64{1, 1}}, `tag "vip": column must have exactly one slice of values`},
		"short":    {Column{Tag: "vip", Bools: []bool{true}}, `tag "vip": column has 1 values for 2 ids`},
		"set":      {Column{Tag: "vip", Bools: []bool{true, true}, Set: []bool{true}}, `tag "vip": Set has 1 elements for 2 ids`},
		"unknown":  {Column{Tag: "vap", Bools: []bool{true, true}}, `tag "vap": unknown tag`},
		"kind":     {Column{Tag: "vip", Ints: []int64{1, 1}}, `tag "vip": column of another kind: the tag is of kind flag`},
		"code":     {Column{Tag: "city", Codes: []int32{0, 1}, Levels: []string{"x"}}, `row 1: tag "city": code is no place in Levels`},
		"infinite": {Column{Tag: "score", Floats: []float64{0, math.Inf(1)}}, `row 1: tag "score": number is not finite`},
		"time":     {Column{Tag: "last", Ints: []int64{0, math.MaxInt64}}, `row 1: tag "last": time is not in years 1 to 9999`},
		"label":    {Column{Tag: "likes", Lists: [][]string{nil, {""}}}, `row 1: tag "likes": label is empty or not UTF-8`},
		"text":     {Column{Tag: "city", Texts: []string{"x", "\xff"}}, `row 1: tag "city": text is not UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			ix, err := New(&Options{Tags: modelTags})
			require.NoError(t, err)
			err = ix.Load(t.Context(), time.Time{}, ids, []Column{c.column})
			require.EqualError(t, err, "segment: "+c.want)
			require.Zero(t, ix.Snapshot().Len())
		})
	}
}

func TestOptions(t *testing.T) {
	for _, dense := range []float64{-1, math.NaN(), 1e-9, .2, 1} {
		_, err := New(&Options{Dense: dense})
		require.EqualError(t, err, "segment: invalid options: Dense must be 0 or 1/65,536 to 1/16")
	}
	a, err := New(nil)
	require.NoError(t, err)
	b, err := New(nil)
	require.NoError(t, err)
	require.NotEqual(t, a.Snapshot().index, b.Snapshot().index)
	require.NoError(t, a.Declare(Tag{Name: "x", Kind: Flag}, Tag{Name: "y", Kind: Enum}))
	require.NoError(t, a.Declare(Tag{Name: "x", Kind: Flag}))
	require.Error(t, a.Declare(Tag{Name: "x", Kind: Enum}))
	require.Equal(t, 2, a.Snapshot().Catalogue().Len())
}

package customer_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestCursorText(t *testing.T) {
	var full customer.Cursor
	for i := range full {
		full[i] = math.MaxUint64
	}
	for name, c := range map[string]struct {
		cursor customer.Cursor
		text   string
	}{
		"beginning":   {customer.Cursor{}, ""},
		"first shard": {customer.Cursor{12}, "12"},
		"gaps":        {customer.Cursor{0, 3, 0, 5}, "0,3,0,5"},
		"last shard":  {customer.Cursor{63: 1}, strings.Repeat("0,", 63) + "1"},
		"largest":     {full, strings.TrimSuffix(strings.Repeat("18446744073709551615,", 64), ",")},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(c.cursor)
			require.NoError(t, err)
			require.Equal(t, `"`+c.text+`"`, string(data))
			var back customer.Cursor
			require.NoError(t, json.Unmarshal(data, &back))
			require.Equal(t, c.cursor, back)
		})
	}
	cursor := customer.Cursor{1, 2}
	for _, text := range []string{
		",", "1,", ",1", "0", "1,0", "01", "+1", "-1", " 1", "1;2", "１", "18446744073709551616",
		strings.Repeat("1,", 64) + "1",
	} {
		require.Error(t, cursor.UnmarshalText([]byte(text)), text)
		require.Equal(t, customer.Cursor{1, 2}, cursor)
	}
}

func TestCursorAdvance(t *testing.T) {
	change := merged()
	var cursor customer.Cursor
	cursor[change.Shard] = change.Seq - 1
	before := cursor

	change.Part, change.Parts = 1, 2
	require.NoError(t, cursor.Advance(change))
	require.Equal(t, before, cursor, "an entry of which a part is missing is not passed")
	change.Part = 2
	require.NoError(t, cursor.Advance(change))
	before[change.Shard] = change.Seq
	require.Equal(t, before, cursor)

	require.ErrorIs(t, cursor.Advance(change), customer.ErrGap, "the same again")
	change.Seq += 2
	require.ErrorIs(t, cursor.Advance(change), customer.ErrGap, "one left out")
	change.Seq = 0
	require.ErrorIs(t, cursor.Advance(change), customer.ErrGap)
	for _, change.Shard = range []int{-1, customer.Shards} {
		require.ErrorIs(t, cursor.Advance(change), customer.ErrGap)
	}
	require.Equal(t, before, cursor)
}

func TestCursorCoversIsAPartialOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() (c customer.Cursor) {
		for i := range 3 { // few and small, so that all relations occur
			c[i*31] = rng.Uint64N(3)
		}
		return c
	}
	incomparable := 0
	for range 5000 {
		a, b, c := random(), random(), random()
		require.True(t, a.Covers(a))
		require.True(t, a.Covers(customer.Cursor{}))
		require.Equal(t, a == b, a.Covers(b) && b.Covers(a))
		if a.Covers(b) && b.Covers(c) {
			require.True(t, a.Covers(c))
		}
		if !a.Covers(b) && !b.Covers(a) {
			incomparable++
		}
	}
	require.Positive(t, incomparable)
}

func FuzzCursorText(f *testing.F) {
	f.Add("")
	f.Add("1,0,3")
	f.Add("0,00,1")
	f.Fuzz(func(t *testing.T, text string) {
		var cursor customer.Cursor
		if cursor.UnmarshalText([]byte(text)) != nil {
			require.Equal(t, customer.Cursor{}, cursor)
			return
		}
		back, err := cursor.MarshalText()
		require.NoError(t, err)
		require.Equal(t, text, string(back), "there is one spelling")
	})
}

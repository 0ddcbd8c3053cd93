package segment

import (
	"errors"
	"math"
	"runtime/debug"
	"testing"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/stretchr/testify/require"
)

// TestTagTellsAllFaults has a tag with nothing right but its name.
func TestTagTellsAllFaults(t *testing.T) {
	bad := "\xff"
	tag := Tag{Name: "x", Scale: 19, Unit: -1, Hierarchy: true, Path: bad, Label: customer.Text{EN: bad, ZH: bad}, Origin: "guess", Owner: bad, Refresh: -time.Second}
	for range 20 {
		require.EqualError(t, tag.Validate(), `segment: tag "x": kind is none of the kinds
segment: tag "x": scale must be 0 to 18 for a decimal and 0 elsewhere
segment: tag "x": unit must be positive for a time and 0 elsewhere
segment: tag "x": hierarchy is for enums
segment: tag "x": path must be UTF-8, at most 64 KiB
segment: tag "x": label must be UTF-8, at most 64 KiB
segment: tag "x": origin is none of fact, rule, model and manual
segment: tag "x": owner must be UTF-8, at most 64 KiB
segment: tag "x": refresh must not be negative`)
	}
	require.EqualError(t, (&Tag{Name: "a`b", Kind: Flag}).Validate(),
		"segment: tag: name must be 1 to 128 bytes of UTF-8 without control characters and backquotes")
	require.NoError(t, (&Tag{Name: "x", Kind: Decimal, Scale: 18}).Validate())
}

func TestUnknownKindListsThem(t *testing.T) {
	for _, text := range []string{"", "text"} {
		kind := Enum
		require.EqualError(t, kind.UnmarshalText([]byte(text)), "segment: unknown kind of tag: not one of flag, enum, labels, integer, decimal, float, time")
		require.Equal(t, Enum, kind)
	}
}

func TestTagErrorsAreErrTag(t *testing.T) {
	s := newPopulace().s
	_, err := s.Quantiles(t.Context(), Query{}, "no such", .5)
	require.ErrorIs(t, err, ErrTag)
	_, err = s.HistogramAt(t.Context(), Query{}, "vip", 1)
	require.ErrorIs(t, err, ErrTag)
	require.False(t, errors.Is(err, ErrRule))
}

type (
	cents   int64
	size    uint64
	ratio32 float32
	town    string
	yes     bool
)

// TestRulesTakeOwnTypes has values of types that a program makes itself.
func TestRulesTakeOwnTypes(t *testing.T) {
	for want, r := range map[string]Rule{
		"n = 3":             Eq("n", cents(3)),
		"n in (1, 2)":       In("n", size(1), cents(2)),
		"n = 0.1":           Eq("n", ratio32(.1)),
		`city = "广州"`:       Eq("city", town("广州")),
		"vip = false":       Eq("vip", yes(false)),
		"n between 3 and 4": Between("n", cents(3), size(4)),
	} {
		require.Equal(t, want, r.String())
	}
	for _, v := range []any{time.Second, size(math.MaxUint64), ratio32(math.Inf(1)), nil, struct{}{}, []int{1}, new(cents)} {
		_, err := NewMatcher(nil, Eq("n", v), nil)
		require.ErrorIs(t, err, ErrRule, "%T", v)
		require.Regexp(t, "value|number", err)
	}
}

// TestTagsOfDeepRule asks for the tags of a rule far deeper than any that can be used.
func TestTagsOfDeepRule(t *testing.T) {
	r := IsTrue("b")
	defer debug.SetMaxStack(debug.SetMaxStack(8 << 20))
	for range 300_000 {
		r = Not(r)
	}
	require.Equal(t, []string{"a", "b", "c"}, And(EqTag("c", "a"), r).Tags())
}

package ingest

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersInTheirFormats(t *testing.T) {
	german := Format{Point: ',', Group: '.'}
	english := Format{Group: ','}
	swiss := Format{Group: '\''}
	french := Format{Point: ',', Group: ' '}
	plain := Format{}
	for _, c := range []struct {
		name   string
		format Format
		text   string
		want   string // empty: not a number
	}{
		{"plain", plain, "1234.56", "1234.56"},
		{"plain has no groups", plain, "1,234.56", ""},
		{"german", german, "1.234,56", "1234.56"},
		{"german without groups", german, "1234,56", "1234.56"},
		{"german negative", german, "-1.234.567,8", "-1234567.8"},
		{"german group of two", german, "1.23", ""},
		{"german in english", english, "1.234,56", ""},
		{"english", english, "1,234,567.89", "1234567.89"},
		{"english first group too long", english, "1234,567", ""},
		{"english last group too short", english, "1,23", ""},
		{"english group after the point", english, "1.234,567", ""},
		{"english mark at the start", english, ",234", ""},
		{"english doubled mark", english, "1,,234", ""},
		{"english mark at the end", english, "1,234,", ""},
		{"english exponent", english, "1,234e2", "123400"},
		{"swiss", swiss, "1'234.5", "1234.5"},
		{"swiss typographic", swiss, "1’234.5", "1234.5"},
		{"french fixed space", french, "1\u00a0234,5", "1234.5"},
		{"french narrow space", french, "1\u202f234,5", "1234.5"},
		{"full width", plain, "－１２．５０", "-12.5"},
		{"full width groups", english, "１，２３４．５", "1234.5"},
		{"minus sign", plain, "−5", "-5"},
		{"two points", german, "1,2,3", ""},
		{"sign within", english, "1-2", ""},
		{"words", english, "twelve", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.format.withDefaults()
			var wide, digits []byte
			d, err := f.parseNumber(narrow([]byte(c.text), &wide), &digits)
			if c.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, d.String())
		})
	}
}

// A number written with any pair of marks reads back as itself.
func TestMarksRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var scratch []byte
	for _, f := range []Format{{Point: ',', Group: '.'}, {Point: '.', Group: ','}, {Point: ',', Group: ' '}} {
		for range 2000 {
			d := shortest(rng.Int64()>>rng.IntN(63), rng.IntN(6))
			whole, frac, has := strings.Cut(d.String(), ".")
			for i := len(whole) - 3; i > 0; i -= 3 {
				whole = whole[:i] + string(f.Group) + whole[i:]
			}
			if has {
				whole += string(f.Point) + frac
			}
			got, err := f.parseNumber([]byte(whole), &scratch)
			require.NoError(t, err, whole)
			require.Equal(t, d, got)
		}
	}
}

func TestFormatValidate(t *testing.T) {
	require.NoError(t, (&Format{}).validate())
	require.NoError(t, (&Format{Point: ',', Group: '.'}).validate())
	for _, f := range []Format{{Group: '.'}, {Point: ',', Group: ','}, {Point: '5'}, {Group: 'e'}, {Point: 0xE9}, {Group: '-'}} {
		require.Error(t, f.validate())
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("1.234,56", byte(','), byte('.'))
	f.Add("１，２３４．５", byte('.'), byte(','))
	f.Add("1e5", byte('.'), byte(0))
	f.Fuzz(func(t *testing.T, text string, point, group byte) {
		format := Format{Point: point, Group: group}
		if format.validate() != nil {
			return
		}
		format = format.withDefaults()
		var wide, digits []byte
		ascii := narrow([]byte(text), &wide)
		d, err := format.parseNumber(ascii, &digits)
		if err != nil {
			return
		}
		// The value is what strconv reads once the marks are the usual ones.
		usual := strings.ReplaceAll(string(ascii), string(rune(group)), "")
		usual = strings.ReplaceAll(usual, string(rune(format.Point)), ".")
		want, err := strconv.ParseFloat(usual, 64)
		require.NoError(t, err, usual)
		require.Equal(t, want+0, d.Float64())
	})
}

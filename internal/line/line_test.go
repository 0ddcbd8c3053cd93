package line_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/line"
)

// Lines are what the obvious definition says, as texts and as bytes.
func TestValid(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	parts := []string{"a", "~", " ", "", "\x00", "\n", "\x1f", "\x7f", "\u0080", "\u0085", "\u009f", "\u00a0", "客", "👩‍👧", "\xff", "\xe5\xae", "\u2028"}
	for range 20_000 {
		var b strings.Builder
		for range rnd.IntN(5) {
			b.WriteString(parts[rnd.IntN(len(parts))])
		}
		s, most := b.String(), rnd.IntN(12)
		want := len(s) <= most && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
		require.Equal(t, want, line.Valid(s, most), "%q", s)
		require.Equal(t, want, line.Valid([]byte(s), most), "%q", s)
	}
}

// What is printed is on one line and can be told from any other text.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":              "",
		"广州 a":          "广州 a",
		"two\nlines":    `"two\nlines"`,
		"a\tb":          `"a\tb"`,
		"\x1b[2J":       `"\x1b[2J"`,
		"\u202eevil":    `"\u202eevil"`,
		"\xff":          `"\xff"`,
		`"two\nlines"`:  `"\"two\\nlines\""`,
		`say "two" now`: `say "two" now`,
	} {
		require.Equal(t, want, line.Printable(text))
	}
}

package report

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowWrap breaks as wrap does, and measures every beginning anew.
func slowWrap(s string, w float64) []string {
	if width(s) <= w {
		return []string{s}
	}
	at := 0
	for i, r := range s {
		if i > 0 && breaks(r) && width(s[:i]) <= w {
			at = i
		}
	}
	if at == 0 {
		return []string{fit(s, w)}
	}
	return []string{s[:at], fit(strings.TrimLeft(s[at:], " "), w)}
}

func TestWrapIsThatOfEveryBeginning(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := []rune("ab mW%i. 客户（群），e\u0301")
	for range 5000 {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		w := rng.Float64() * 15
		require.Equal(t, slowWrap(b.String(), w), wrap(b.String(), w), "%q in %g", b.String(), w)
	}
}

func TestWrapKeepsClosingMarks(t *testing.T) {
	require.Equal(t, []string{"第一层（前八", "成）"}, wrap("第一层（前八成）", 7.2), "no bracket on a line of its own")
	require.Equal(t, []string{"新客", "户，谢"}, wrap("新客户，谢", 3))
	require.Equal(t, []string{"新客户，", "再见"}, wrap("新客户，再见", 4))
}

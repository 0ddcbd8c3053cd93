package report

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/line"
)

// slowWrap breaks as wrap does, and measures every beginning anew.
func slowWrap(s string, w float64) []string {
	if width(s) <= w {
		return []string{s}
	}
	at := 0
	for i, r := range s {
		if i > 0 && (r == ' ' || line.Wide(r)) && width(s[:i]) <= w {
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
	letters := []rune("ab mW%i. 客户群e\u0301")
	for range 5000 {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		w := rng.Float64() * 15
		require.Equal(t, slowWrap(b.String(), w), wrap(b.String(), w), "%q in %g", b.String(), w)
	}
}

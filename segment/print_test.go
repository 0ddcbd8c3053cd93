package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every rule prints to text that reads back to the rule, and to no other text.
func TestRandomRulesPrintAndParse(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tags := randomTags()
	seen := map[op]int{}
	for range 5_000 {
		r := randomRule(rng, tags, 1+rng.IntN(6))
		text := r.String()
		back, err := Parse(text)
		require.NoError(t, err, text)
		require.True(t, r.node().equal(back.node()), "%s\n%s", text, back)
		require.Equal(t, text, back.String())
		visit(r.node(), func(n *node) { seen[n.op]++ })
	}
	for o := opAll; o <= opSegment; o++ {
		require.NotZero(t, seen[o], "op %d never occurs", o)
	}
}

func visit(n *node, f func(n *node)) {
	f(n)
	for _, k := range n.kids {
		visit(k, f)
	}
}

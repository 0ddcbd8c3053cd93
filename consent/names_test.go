package consent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every value has a name of its own in both languages.
func TestNames(t *testing.T) {
	list := func(names, namesZH []string, chinese func(i int) string) {
		require.Len(t, namesZH, len(names))
		seen := map[string]bool{}
		for i := range names {
			require.Equal(t, namesZH[i], chinese(i))
			require.Regexp(t, `^\p{Han}+$`, chinese(i))
			seen[chinese(i)] = true
		}
		require.Len(t, seen, len(names))
		require.Contains(t, chinese(len(names)), "unknown")
	}
	list(reasonNames, reasonNamesZH, func(i int) string { return Reason(i).Chinese() })
	list(basisNames, basisNamesZH, func(i int) string { return Basis(i).Chinese() })
	list(choiceNames, choiceNamesZH, func(i int) string { return Choice(i).Chinese() })
	require.Equal(t, "正当利益", LegitimateInterest.Chinese())
	require.Equal(t, "已撤回", Withdrawn.Chinese())
}

package audit

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
	list(faultNames, faultNamesZH, func(i int) string { return FaultKind(i).Chinese() })
	list(outcomeNames, outcomeNamesZH, func(i int) string { return Outcome(i).Chinese() })
	require.Equal(t, "索引被改动", IndexAltered.Chinese())
	require.Equal(t, "失败", Failed.Chinese())
}

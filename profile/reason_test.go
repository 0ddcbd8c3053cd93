package profile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every reason has a name of its own in both languages, and what is none has those of none.
func TestReasonNames(t *testing.T) {
	require.Len(t, reasonsZH, len(reasons))
	english, chinese := map[string]bool{}, map[string]bool{}
	for r := Undeclared; r <= Incomplete; r++ {
		english[r.String()], chinese[r.Chinese()] = true, true
		require.Regexp(t, `^\p{Han}+$`, r.Chinese())
		text, err := r.MarshalText()
		require.NoError(t, err)
		var back Reason
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, r, back)
	}
	require.Len(t, english, len(reasons)-1)
	require.Len(t, chinese, len(reasons)-1)
	for _, r := range []Reason{0, Incomplete + 1, 255} {
		require.Equal(t, "invalid", r.String())
		require.Equal(t, "无效", r.Chinese())
	}
	require.NotContains(t, chinese, "无效")
}

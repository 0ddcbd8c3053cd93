package profile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/enum/enumtest"
)

// Every reason has a name of its own in both languages, and what is none has those of none.
func TestReasonNames(t *testing.T) {
	enumtest.Names(t, Reason(1), reasons[:], reasonsZH[:])
	for _, r := range []Reason{0, Incomplete + 1, 255} {
		require.Equal(t, "invalid", r.String())
		require.Equal(t, "无效", r.Chinese())
	}
}

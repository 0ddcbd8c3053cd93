package identity

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/enum/enumtest"
)

// Every reason has a name of its own in both languages, and what is none has those of none.
func TestReasonNames(t *testing.T) {
	enumtest.Names(t, Reason(1), reasonNames[:], reasonNamesZH[:])
	for _, r := range []Reason{0, Refused + 1, 255} {
		require.Equal(t, "invalid", r.String())
		require.Equal(t, "无效", r.Chinese())
	}
}

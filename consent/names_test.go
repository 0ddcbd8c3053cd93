package consent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/enum/enumtest"
)

// Every value has a name of its own in both languages.
func TestNames(t *testing.T) {
	enumtest.Names[Reason](t, 0, reasonNames, reasonNamesZH)
	enumtest.Names[Basis](t, 0, basisNames, basisNamesZH)
	enumtest.Names[Choice](t, 0, choiceNames, choiceNamesZH)
	require.Equal(t, "正当利益", LegitimateInterest.Chinese())
	require.Equal(t, "已撤回", Withdrawn.Chinese())
}

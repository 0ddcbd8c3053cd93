package audit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/enum/enumtest"
)

// Every value has a name of its own in both languages.
func TestNames(t *testing.T) {
	enumtest.Names[FaultKind](t, 0, faultNames, faultNamesZH)
	enumtest.Names[Outcome](t, 0, outcomeNames, outcomeNamesZH)
	require.Equal(t, "索引被改动", IndexAltered.Chinese())
	require.Equal(t, "失败", Failed.Chinese())
}

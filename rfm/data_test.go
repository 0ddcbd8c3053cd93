package rfm_test

import (
	"encoding/csv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/dataset"
)

func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(dataset.Open(t, name)).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

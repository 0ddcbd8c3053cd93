package feature_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

func TestReader(t *testing.T) {
	var r feature.Reader
	for _, want := range shop() {
		got, err := r.Read(want.Name, want.Kind.String(), want.Levels)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for fault, c := range map[string]struct {
		name, kind string
		levels     []string
	}{
		"is of an unknown kind":   {"x", "text", nil},
		"is a number with levels": {"x", table.Number.String(), []string{}},
		"has a level twice":       {"x", table.Category.String(), []string{"a", "b", "a"}},
		"has the name of another": {"city", table.Number.String(), nil},
	} {
		_, err := r.Read(c.name, c.kind, c.levels)
		require.EqualError(t, err, fault)
	}
	_, err := r.Read("x", table.Category.String(), nil)
	require.NoError(t, err)
}

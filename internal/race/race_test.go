package race_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

func TestFewer(t *testing.T) {
	want := 9
	if race.Enabled {
		want = 2
	}
	require.Equal(t, want, race.Fewer(9, 2))
}

func TestSkip(t *testing.T) {
	skipped := true
	t.Run("skipped", func(t *testing.T) {
		race.Skip(t)
		skipped = false
	})
	require.Equal(t, race.Enabled, skipped)
}

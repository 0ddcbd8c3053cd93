package line_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/line"
)

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "café": 4, "cafe\u0301": 4, "客户": 4, "Ａ１": 4, "「名」、": 8, "고객": 4, "ﾊ": 1, "a\u200db": 2, "🙂": 2, "…—": 2,
	} {
		require.Equal(t, want, line.Width(text), "%q", text)
	}
}

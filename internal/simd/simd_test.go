package simd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

func TestSetAssembly(t *testing.T) {
	start := simd.SetAssembly(false)
	require.Equal(t, simd.Best != simd.Go, start)
	require.Equal(t, simd.Go, simd.InUse)
	require.False(t, simd.SetAssembly(true))
	require.Equal(t, simd.Best, simd.InUse)
	require.Equal(t, simd.Best != simd.Go, simd.SetAssembly(true))
}

func TestEach(t *testing.T) {
	var seen []simd.Form
	simd.Each(t, func(*testing.T) { seen = append(seen, simd.InUse) })
	require.Equal(t, simd.All(), seen)
	require.Equal(t, simd.Best, simd.InUse)
}

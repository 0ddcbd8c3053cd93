package rfmbench

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// What was freed before the measurement does not hide what is taken in it.
func TestPeak(t *testing.T) {
	touch := func(mib int) (b []byte) {
		b = make([]byte, mib<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		return b
	}
	runtime.KeepAlive(touch(256))
	debug.FreeOSMemory()
	base, ok := beginPeak()
	if !ok {
		t.Skip("the system cannot reset the peak of the resident set")
	}
	runtime.KeepAlive(touch(96))
	require.InDelta(t, 96, float64(resident("VmHWM")-base)/(1<<20), 16)
}

//go:build long

package profile_test

import (
	"testing"
	"time"
)

// TestWorldsLong plays longer histories for as long as the test binary may run.
func TestWorldsLong(t *testing.T) {
	end, ok := t.Deadline()
	if !ok {
		end = time.Now().Add(time.Hour)
	}
	end = end.Add(-30 * time.Second)
	worlds := 0
	for seed := uint64(time.Now().UnixNano()); time.Now().Before(end); seed++ {
		tryWorld(t, seed, 30+int(seed%7)*40)
		worlds++
	}
	t.Logf("%d worlds", worlds)
}

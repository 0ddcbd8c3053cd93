//go:build long

package integration

import (
	"fmt"
	"testing"
)

// TestProfileProcessesLong is TestProfileProcesses again and again, with more kills.
func TestProfileProcessesLong(t *testing.T) {
	for i := range 10 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { profileProcesses(t, 12) })
	}
}

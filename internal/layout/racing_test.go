package layout

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
)

// TestMain leaves all out with the race detector: sources are read here, by nothing that runs at the same time, and much
// is compiled for it.
func TestMain(m *testing.M) {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		fmt.Println("left out with the race detector: nothing runs at the same time")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

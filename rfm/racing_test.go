package rfm

import (
	"runtime/debug"
	"slices"
	"testing"
)

// RaceDetector tells whether it is on: everything is many times slower then.
func RaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// AloneOnly skips a test in which nothing runs at the same time, if the race detector is on.
func AloneOnly(t *testing.T) {
	t.Helper()
	if RaceDetector() {
		t.Skip("nothing in it runs at the same time")
	}
}

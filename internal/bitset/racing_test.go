package bitset

import (
	"runtime/debug"
	"slices"
	"testing"
)

// raceDetector tells whether it is on: everything is many times slower then.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// aloneOnly skips a test in which nothing runs at the same time, if the race detector is on.
func aloneOnly(t *testing.T) {
	t.Helper()
	if raceDetector() {
		t.Skip("nothing in it runs at the same time")
	}
}

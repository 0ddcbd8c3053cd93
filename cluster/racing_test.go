package cluster

import (
	"runtime/debug"
	"slices"
)

// RaceDetector tells whether it is on: everything is many times slower then.
func RaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

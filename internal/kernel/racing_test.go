package kernel

import (
	"runtime/debug"
	"slices"
)

// raceDetector tells whether it is on: everything is many times slower then.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

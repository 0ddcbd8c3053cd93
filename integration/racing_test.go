package integration

import (
	"runtime/debug"
	"slices"
)

// unlessRacing is n, or with the race detector, which makes everything many times slower, the few.
func unlessRacing(n, few int) int {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return few
	}
	return n
}

//go:build race

package boost

// shapRace: pools forget on purpose.
const shapRace = true

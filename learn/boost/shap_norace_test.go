//go:build !race

package boost

const shapRace = false

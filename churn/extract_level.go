package churn

import (
	"math"
	"slices"
)

// levelCount counts the channels or the categories of purchases. The last of its slots is
// for those without a column of their own.
type levelCount struct {
	slots []int32 // by code of the log; nil: nothing is asked for
	other int

	counts   []int32 // by slot, in the largest window
	known    int     // sum of counts
	distinct int
	seen     []uint32 // by code: the history in which it was counted last
	history  uint32
	last     int32 // code of the last purchase
}

func newLevelCount(names, levels []string) levelCount {
	if len(names) == 0 {
		return levelCount{}
	}
	c := levelCount{
		slots: make([]int32, len(levels)), other: len(names),
		counts: make([]int32, len(names)+1), seen: make([]uint32, len(levels)),
	}
	for code, level := range levels {
		if c.slots[code] = int32(slices.Index(names, level)); c.slots[code] < 0 {
			c.slots[code] = int32(c.other)
		}
	}
	return c
}

func (c *levelCount) reset() {
	clear(c.counts)
	c.known, c.distinct, c.last = 0, 0, -1
	if c.history++; c.history == 0 {
		clear(c.seen)
		c.history = 1
	}
}

// add counts a purchase.
func (c *levelCount) add(code int32) {
	if c.slots == nil || code < 0 {
		return
	}
	c.counts[c.slots[code]]++
	c.known++
	if c.seen[code] != c.history {
		c.seen[code] = c.history
		c.distinct++
	}
}

func (c *levelCount) share(slot int) float64 {
	return ratio(float64(c.counts[slot]), float64(c.known))
}

func (c *levelCount) number() float64 {
	if c.known == 0 {
		return math.NaN()
	}
	return float64(c.distinct)
}

// code returns the slot of the last one, -1 if it is not known.
func (c *levelCount) code() int32 {
	if c.slots == nil || c.last < 0 {
		return -1
	}
	return c.slots[c.last]
}

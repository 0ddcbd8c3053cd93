package tree

import "slices"

// levelSet is a set of the levels of a category. It lists its levels or the others,
// whichever are fewer, so that a question about many levels needs little memory.
type levelSet struct {
	of     int     // number of levels in all
	listed []int32 // ascending
	others bool    // those that are listed are not in the set
}

// newLevelSet is the set of some of n levels, which ascend.
func newLevelSet(levels []int32, n int) levelSet {
	if 2*len(levels) <= n {
		return levelSet{of: n, listed: slices.Clip(append([]int32(nil), levels...))}
	}
	return levelSet{of: n, listed: restOf(levels, n, n), others: true}
}

// has reports whether a level is in the set. Cost: O(log levels).
func (s *levelSet) has(level int32) bool {
	_, listed := slices.BinarySearch(s.listed, level)
	return listed != s.others
}

// count returns the number of levels that are in the set, or are not.
func (s *levelSet) count(in bool) int {
	if in != s.others {
		return len(s.listed)
	}
	return s.of - len(s.listed)
}

// levels returns at most some levels that are in the set, or are not, ascending. They must
// not be changed.
func (s *levelSet) levels(in bool, most int) []int32 {
	if in != s.others {
		return s.listed[:min(most, len(s.listed))]
	}
	return restOf(s.listed, s.of, most)
}

// restOf returns the first of n levels that are not among some, which ascend.
func restOf(levels []int32, n, most int) []int32 {
	rest := make([]int32, 0, min(n-len(levels), most))
	for level := int32(0); len(rest) < cap(rest); level++ {
		if len(levels) > 0 && levels[0] == level {
			levels = levels[1:]
		} else {
			rest = append(rest, level)
		}
	}
	return rest
}

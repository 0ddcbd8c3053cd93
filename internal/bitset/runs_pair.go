package bitset

import "github.com/clientele-go/clientele/internal/kernel"

// arrayRunsShare is the number of the positions in runs with the given bounds.
func arrayRunsShare(positions, bounds []uint16) int {
	n := 0
	for first, last := range runsOf(bounds) {
		positions = positions[search(positions, uint16(first)):]
		i := upTo(positions, uint16(last))
		n += i
		positions = positions[i:]
	}
	return n
}

// filterRuns writes to dst those of the positions in runs with the given bounds,
// or those that are not, and returns how many.
func filterRuns(dst, positions, bounds []uint16, in bool) int {
	n := 0
	for first, last := range runsOf(bounds) {
		i := search(positions, uint16(first))
		if !in {
			n += copy(dst[n:], positions[:i])
		}
		positions = positions[i:]
		i = upTo(positions, uint16(last))
		if in {
			n += copy(dst[n:], positions[:i])
		}
		positions = positions[i:]
	}
	if !in {
		n += copy(dst[n:], positions)
	}
	return n
}

// runsShare is the number of positions in runs of both a and b. Which of two runs
// ends first is hard to foretell, so nothing branches on it.
func runsShare(a, b []uint16) int {
	n, i, j := 0, 0, 0
	for i+1 < len(a) && j+1 < len(b) {
		p, q := int(a[i+1]), int(b[j+1])
		n += max(0, min(p, q)+1-int(max(a[i], b[j])))
		first := (p - q) >> 63 & 2
		i, j = i+first, j+2-first
	}
	return n
}

// runs combines runs with the given bounds: it walks over the edges of both and
// notes where the result begins and ends to hold.
func (o op) runs(a, b []uint16, dense int) Set {
	var buf [4 * maxRuns]uint16
	bounds := buf[:0]
	n, i, j := 0, 0, 0
	inside := false
	for i < len(a) || j < len(b) {
		e, f := edge(a, i), edge(b, j)
		at := min(e, f)
		if e == at {
			i++
		}
		if f == at {
			j++
		}
		if o.holds(i, j) == inside {
			continue
		}
		if inside {
			n += at
			at--
		} else {
			n -= at
		}
		bounds = append(bounds, uint16(at))
		inside = !inside
	}
	return ofBounds(bounds, n, dense)
}

// edge is where the i-th edge of runs is: the first position in one, or the first
// after it.
func edge(bounds []uint16, i int) int {
	if i == len(bounds) {
		return 2 * kernel.Bits
	}
	return int(bounds[i]) + i&1
}

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
		first := (p - q) >> 31 & 2
		i, j = i+first, j+2-first
	}
	return n
}

// runs combines runs with the given bounds.
func (o op) runs(a, b []uint16, dense int) Set {
	var buf [4 * maxRuns]uint16
	var bounds []uint16
	var n int
	switch o {
	case and:
		bounds, n = sharedRuns(&buf, a, b)
	case or:
		bounds, n = joinedRuns(&buf, a, b)
	default:
		bounds, n = o.edges(buf[:0], a, b)
	}
	return ofBounds(bounds, n, dense)
}

// sharedRuns writes to dst the bounds of the runs of positions in both a and b, and
// returns them and how many positions there are. As in runsShare nothing branches
// on bounds: what is no run is written over.
func sharedRuns(dst *[4 * maxRuns]uint16, a, b []uint16) (bounds []uint16, n int) {
	i, j, k := 0, 0, 0
	for i+1 < len(a) && j+1 < len(b) {
		p, q := int(a[i+1]), int(b[j+1])
		lo, hi := int(max(a[i], b[j])), min(p, q)
		dst[k], dst[k+1] = uint16(lo), uint16(hi)
		n += max(0, hi+1-lo)
		k += ^((hi - lo) >> 31) & 2
		first := (p - q) >> 31 & 2
		i, j = i+first, j+2-first
	}
	return dst[:k], n
}

// joinedRuns is sharedRuns for the positions in a or b: the run that begins first
// is next, and begins a run of its own unless it touches those before.
func joinedRuns(dst *[4 * maxRuns]uint16, a, b []uint16) (bounds []uint16, n int) {
	i, j, k := 0, 0, -2
	lo, hi := 0, -2
	for i < len(a) || j < len(b) {
		p, q := edge(a, i), edge(b, j)
		first := min(p, q)
		var last int
		if p <= q {
			last = int(a[i+1])
			i += 2
		} else {
			last = int(b[j+1])
			j += 2
		}
		apart := (hi + 1 - first) >> 31 // -1 for true
		lo += (first - lo) & apart
		k += 2 & apart
		n += max(0, last-max(hi, first-1))
		hi = max(hi, last)
		dst[k], dst[k+1] = uint16(lo), uint16(hi)
	}
	return dst[:k+2], n
}

// edges appends the bounds of the result to bounds, and returns them and how many
// positions there are: it walks over the edges of both and notes where the result
// begins and ends to hold.
func (o op) edges(bounds, a, b []uint16) ([]uint16, int) {
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
	return bounds, n
}

// edge is where the i-th edge of runs is: the first position in one, or the first
// after it.
func edge(bounds []uint16, i int) int {
	if i == len(bounds) {
		return 2 * kernel.Bits
	}
	return int(bounds[i]) + i&1
}

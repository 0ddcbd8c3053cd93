package bitset

import (
	"sync"

	"github.com/clientele-go/clientele/internal/kernel"
)

// A listBuffer has room for the members of two arrays.
type listBuffer [2 * maxDense]uint16

var listBuffers = sync.Pool{New: func() any { return new(listBuffer) }}

// How many times longer a list must be for searching in it to be faster than
// probing all of it, and than merging all of it.
const (
	searchNotProbe = 64
	searchNotMerge = 16
)

// arrays combines two arrays, neither of them empty; dense is clamped.
func (o op) arrays(a, b Set, dense int, scratch *kernel.Words) Set {
	if o == or && a.Len()+b.Len() >= dense {
		if n := o.size(a, b, overlap(a, b, scratch)); n >= dense {
			w := new(kernel.Words)
			a.Or(w)
			o.apply(w, b)
			return ofWords(w, n, dense, true)
		}
	}
	var few [64]uint16
	buf := few[:]
	if a.Len()+b.Len() > len(few) {
		many := listBuffers.Get().(*listBuffer)
		defer listBuffers.Put(many)
		buf = many[:]
	}
	x, y := a.list(), b.list()
	if len(x) > len(y) && o != andNot {
		x, y = y, x
	}
	n := 0
	switch {
	case o == or && len(x)*searchNotMerge < len(y):
		n = o.splice(buf, y, x)
	case o == or:
		n = merge(buf, x, y)
	case len(x)*searchNotProbe < len(y):
		n = pick(buf, x, y, o == and)
	case o == and:
		kernel.Scatter(scratch, x)
		n = kernel.Probe(buf, y, scratch)
		wipe(scratch, x)
	case len(y)*searchNotProbe < len(x):
		n = o.splice(buf, x, y)
	default:
		kernel.Scatter(scratch, y)
		n = kernel.ProbeNot(buf, x, scratch)
		wipe(scratch, y)
	}
	return OfSorted(buf[:n], dense)
}

// arraysShare is the number of positions in both x and y.
func arraysShare(x, y []uint16, scratch *kernel.Words) int {
	if len(x) > len(y) {
		x, y = y, x
	}
	n := 0
	if len(x)*searchNotProbe < len(y) {
		for _, p := range x {
			y = y[search(y, p):]
			if len(y) > 0 && y[0] == p {
				n++
			}
		}
		return n
	}
	if n, ok := kernel.Share(x, y); ok {
		return n
	}
	if len(x)+len(y) < 16 {
		for i, j := 0, 0; i < len(x) && j < len(y); {
			switch p, q := x[i], y[j]; {
			case p < q:
				i++
			case q < p:
				j++
			default:
				n++
				i++
				j++
			}
		}
		return n
	}
	kernel.Scatter(scratch, x)
	n = kernel.ProbeCount(y, scratch)
	wipe(scratch, x)
	return n
}

// wipe clears w, which holds only the positions.
func wipe(w *kernel.Words, positions []uint16) {
	if len(positions) > kernel.Size/8 {
		*w = kernel.Words{}
		return
	}
	for _, p := range positions {
		w[p>>6] = 0
	}
}

// search is the number of positions in list, which ascends, below p.
func search(list []uint16, p uint16) int {
	if len(list) == 0 {
		return 0
	}
	at := 0
	for n := len(list); n > 1; {
		half := n / 2
		if list[at+half-1] < p {
			at += half
		}
		n -= half
	}
	if list[at] < p {
		at++
	}
	return at
}

// upTo is the number of positions in list, which ascends, up to and including p.
func upTo(list []uint16, p uint16) int {
	i := search(list, p)
	if i < len(list) && list[i] == p {
		i++
	}
	return i
}

// pick writes to dst those of the few positions that are among the many, or those
// that are not, and returns how many.
func pick(dst, few, many []uint16, among bool) int {
	n := 0
	for _, p := range few {
		many = many[search(many, p):]
		if found := len(many) > 0 && many[0] == p; found == among {
			dst[n] = p
			n++
		}
	}
	return n
}

// splice combines many positions with few others and returns how many it has
// written to dst. The operation is one that keeps what is only in many.
func (o op) splice(dst, many, few []uint16) int {
	n := 0
	for _, p := range few {
		i := search(many, p)
		n += copy(dst[n:], many[:i])
		many = many[i:]
		found := 0
		if len(many) > 0 && many[0] == p {
			found = 1
			many = many[1:]
		}
		if o.holds(found, 1) {
			dst[n] = p
			n++
		}
	}
	return n + copy(dst[n:], many)
}

// merge writes the positions that are in x or y to dst, which has room for all of
// both, and returns how many. It works without branches on values, which are hard to
// foretell, and from both ends at a time, since each step has to wait for the one
// before; only a few positions are taken the plain way.
func merge(dst, x, y []uint16) int {
	dst = dst[:len(x)+len(y)]
	// What is left is x[i:I], y[j:J]; what is written is dst[:k], dst[K:].
	i, I, j, J, k, K := 0, len(x), 0, len(y), 0, len(dst)
	for len(dst) >= 40 && I-i >= 2 && J-j >= 2 {
		p, q := int(x[i]), int(y[j])
		less, more := (p-q)>>31, (q-p)>>31 // 0, or -1 for true
		dst[k] = uint16(q + (p-q)&less)
		i += 1 + more
		j += 1 + less
		k++

		p, q = int(x[I-1]), int(y[J-1])
		less, more = (p-q)>>31, (q-p)>>31
		dst[K-1] = uint16(p - (p-q)&less)
		I -= 1 + less
		J -= 1 + more
		K--
	}
	for i < I && j < J {
		p, q := x[i], y[j]
		dst[k] = min(p, q)
		if p <= q {
			i++
		}
		if q <= p {
			j++
		}
		k++
	}
	k += copy(dst[k:], x[i:I])
	k += copy(dst[k:], y[j:J])
	return k + copy(dst[k:], dst[K:])
}

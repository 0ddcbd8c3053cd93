package bitset

import (
	"encoding/binary"
	"fmt"

	"github.com/clientele-go/clientele/internal/kernel"
)

// A reader takes sets and numbers from data. After the first fault it yields
// zero values.
type reader struct {
	data      []byte
	at        int
	container int // named in faults; -1 for none
	dense     int
	err       error
}

func (r *reader) fail(format string, args ...any) {
	if r.err != nil {
		return
	}
	if r.container >= 0 {
		format = fmt.Sprintf("container %d: %s", r.container, format)
	}
	r.err = malformed(r.at, format, args...)
}

// take returns the next n bytes.
func (r *reader) take(n int) []byte {
	if r.err == nil && n > len(r.data)-r.at {
		r.fail("cut short")
	}
	if r.err != nil {
		return nil
	}
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// positions reads an array of n positions.
func (r *reader) positions(n int) Set {
	start := r.at
	data := r.take(2 * n)
	list := make([]uint16, len(data)/2)
	get(list, data)
	sorted := true
	for i := 1; i < len(list); i++ {
		sorted = sorted && list[i-1] < list[i]
	}
	if !sorted {
		r.at = start
		r.fail("positions of an array that do not ascend")
		return Set{}
	}
	return OwnSorted(list, r.dense)
}

// bitmap reads the words of a bitmap.
func (r *reader) bitmap() Set {
	data := r.take(bitmapBytes)
	if data == nil {
		return Set{}
	}
	w := new(kernel.Words)
	get(w[:], data)
	return ofWords(w, kernel.Count(w), r.dense, true)
}

// runs reads runs, preceded by their number.
func (r *reader) runs() Set {
	start := r.at
	bounds := make([]uint16, 0, 2*maxRuns)
	count := int(r.uint16())
	data := r.take(4 * count)
	n, after := 0, -1 // the first position a run may have, less one
	for ; len(data) > 0; data = data[4:] {
		first := int(binary.LittleEndian.Uint16(data))
		length := int(binary.LittleEndian.Uint16(data[2:])) + 1
		if first <= after || first+length > kernel.Bits {
			r.at = start
			r.fail("runs that overlap, touch or do not ascend")
			return Set{}
		}
		after = first + length
		n += length
		bounds = append(bounds, uint16(first), uint16(after-1))
	}
	return ofBounds(bounds, n, r.dense)
}

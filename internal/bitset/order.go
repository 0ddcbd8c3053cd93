package bitset

import (
	"encoding/binary"
	"unsafe"
)

// inOrder tells whether numbers in memory are little-endian, as they are written:
// then they are copied as they are.
var inOrder = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// raw is the memory of numbers.
func raw[T uint16 | uint64](numbers []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), len(numbers)*int(unsafe.Sizeof(T(0))))
}

// put writes numbers to dst and returns what is left of it.
func put[T uint16 | uint64](dst []byte, numbers []T) []byte {
	if inOrder {
		return dst[copy(dst, raw(numbers)):]
	}
	n, _ := binary.Encode(dst, binary.LittleEndian, numbers)
	return dst[n:]
}

// get reads as many numbers from data as there are.
func get[T uint16 | uint64](numbers []T, data []byte) {
	if inOrder {
		copy(raw(numbers), data)
		return
	}
	_, _ = binary.Decode(data, binary.LittleEndian, numbers)
}

package rfm

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"reflect"
	"unsafe"
)

// An order compares ids and knows which are none. Natural ids also have an
// integer or a text by which they can be sorted faster than by comparing.
type order[K comparable] struct {
	compare func(a, b K) int
	hash    func(*K) uint64 // never zero
	absent  bool            // whether the zero id is no customer
	integer func(*K) uint64 // in the order of the ids; nil for other kinds
	text    func(*K) string // likewise; shares memory with the id
	texts   bool            // whether ids are text, whatever their order
}

func newOrder[K comparable](compare func(a, b K) int) (order[K], error) {
	t := reflect.TypeFor[K]()
	o := order[K]{compare: compare}
	if compare == nil {
		o = natural[K](t)
	}
	if o.compare == nil {
		return o, fmt.Errorf("%w: ids of type %v have no natural order: a compare function is required", ErrOptions, t)
	}
	if o.hash = natural[K](t).hash; o.hash == nil {
		o.hash = func(id *K) uint64 { return maphash.Comparable(seed, *id) | 1 }
	}
	if t.Kind() == reflect.String {
		o.hash = func(id *K) uint64 { return maphash.String(seed, *(*string)(unsafe.Pointer(id))) | 1 }
		o.texts = true
	}
	o.absent = t.Kind() == reflect.String || t.Kind() == reflect.Array
	return o, nil
}

// written is the text of an id, which shares memory with it, where ids are text.
func (o *order[K]) written(id *K) string { return *(*string)(unsafe.Pointer(id)) }

// missing tells whether id is no customer.
func (o *order[K]) missing(id K) bool {
	var zero K
	return o.absent && id == zero || id != id //nolint:staticcheck // a NaN
}

// natural is the order of K where its kind has one.
func natural[K comparable](t reflect.Type) order[K] {
	switch t.Kind() {
	case reflect.Int:
		return signed[K, int]()
	case reflect.Int8:
		return signed[K, int8]()
	case reflect.Int16:
		return signed[K, int16]()
	case reflect.Int32:
		return signed[K, int32]()
	case reflect.Int64:
		return signed[K, int64]()
	case reflect.Uint:
		return unsigned[K, uint]()
	case reflect.Uint8:
		return unsigned[K, uint8]()
	case reflect.Uint16:
		return unsigned[K, uint16]()
	case reflect.Uint32:
		return unsigned[K, uint32]()
	case reflect.Uint64:
		return unsigned[K, uint64]()
	case reflect.Uintptr:
		return unsigned[K, uintptr]()
	case reflect.Float32:
		return order[K]{compare: as[K, float32]}
	case reflect.Float64:
		return order[K]{compare: as[K, float64]}
	case reflect.String:
		return order[K]{compare: as[K, string], text: func(id *K) string { return *(*string)(unsafe.Pointer(id)) }}
	case reflect.Array:
		if n := t.Len(); t.Elem().Kind() == reflect.Uint8 && n > 0 {
			return order[K]{
				compare: func(a, b K) int {
					return bytes.Compare(unsafe.Slice((*byte)(unsafe.Pointer(&a)), n), unsafe.Slice((*byte)(unsafe.Pointer(&b)), n))
				},
				text: func(id *K) string { return unsafe.String((*byte)(unsafe.Pointer(id)), n) },
			}
		}
	}
	return order[K]{}
}

// as compares two ids whose underlying type is T.
func as[K comparable, T cmp.Ordered](a, b K) int {
	return cmp.Compare(*(*T)(unsafe.Pointer(&a)), *(*T)(unsafe.Pointer(&b)))
}

func signed[K comparable, T ~int | ~int8 | ~int16 | ~int32 | ~int64]() order[K] {
	return order[K]{
		compare: as[K, T],
		integer: func(id *K) uint64 { return uint64(*(*T)(unsafe.Pointer(id))) ^ 1<<63 },
		hash:    func(id *K) uint64 { return hashInteger(uint64(*(*T)(unsafe.Pointer(id)))) },
	}
}

func unsigned[K comparable, T ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr]() order[K] {
	return order[K]{
		compare: as[K, T],
		integer: func(id *K) uint64 { return uint64(*(*T)(unsafe.Pointer(id))) },
		hash:    func(id *K) uint64 { return hashInteger(uint64(*(*T)(unsafe.Pointer(id)))) },
	}
}

func hashInteger(x uint64) uint64 { return mix(x^hashKey) | 1 }

// mix is the finalizer of MurmurHash3 (Appleby 2011), a bijection of 64 bits.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

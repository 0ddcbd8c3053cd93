package rfm

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"unsafe"
)

// An order compares ids and knows which are none.
type order[K comparable] struct {
	compare func(a, b K) int
	absent  bool // whether the zero id is no customer
}

func newOrder[K comparable](compare func(a, b K) int) (order[K], error) {
	kind := reflect.TypeFor[K]().Kind()
	if compare == nil {
		compare = natural[K]()
	}
	if compare == nil {
		return order[K]{}, fmt.Errorf("rfm: ids of type %v have no natural order: a compare function is required", reflect.TypeFor[K]())
	}
	return order[K]{compare: compare, absent: kind == reflect.String || kind == reflect.Array}, nil
}

// missing tells whether id is no customer.
func (o *order[K]) missing(id K) bool {
	var zero K
	return o.absent && id == zero || id != id //nolint:staticcheck // a NaN
}

// natural is the order of K where its kind has one, else nil.
func natural[K comparable]() func(a, b K) int {
	t := reflect.TypeFor[K]()
	switch t.Kind() {
	case reflect.Int:
		return as[K, int]
	case reflect.Int8:
		return as[K, int8]
	case reflect.Int16:
		return as[K, int16]
	case reflect.Int32:
		return as[K, int32]
	case reflect.Int64:
		return as[K, int64]
	case reflect.Uint:
		return as[K, uint]
	case reflect.Uint8:
		return as[K, uint8]
	case reflect.Uint16:
		return as[K, uint16]
	case reflect.Uint32:
		return as[K, uint32]
	case reflect.Uint64:
		return as[K, uint64]
	case reflect.Uintptr:
		return as[K, uintptr]
	case reflect.Float32:
		return as[K, float32]
	case reflect.Float64:
		return as[K, float64]
	case reflect.String:
		return as[K, string]
	case reflect.Array:
		if n := t.Len(); t.Elem().Kind() == reflect.Uint8 && n > 0 {
			return func(a, b K) int {
				return bytes.Compare(unsafe.Slice((*byte)(unsafe.Pointer(&a)), n), unsafe.Slice((*byte)(unsafe.Pointer(&b)), n))
			}
		}
	}
	return nil
}

// as compares two ids whose underlying type is T.
func as[K comparable, T cmp.Ordered](a, b K) int {
	return cmp.Compare(*(*T)(unsafe.Pointer(&a)), *(*T)(unsafe.Pointer(&b)))
}

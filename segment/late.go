package segment

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/clientele-go/clientele/internal/kernel"
)

// maxLate is the number of values of a chunk that lie beside its column before it is built anew: few enough to be copied by
// each write and looked at by each question, and many enough that to build costs little a value.
const maxLate = 512

// late are values that were written since a column was built. They lie beside it, so that a write copies them and not the
// column: what the column holds at their places does not count. Safe for concurrent use; nil is none.
type late[T int64 | float64 | uint16] struct {
	places   []uint16 // ascending
	values   []T      // of places; anything where nothing is set
	min, max T        // no value of column and late is beyond
	fewer    bool     // at some place nothing is set
	dense    int      // as for bitset.Of
	plain    atomic.Pointer[column]
}

// find returns the value written to p since the column was built.
func (l *late[T]) find(p uint16) (v T, ok bool) {
	if l == nil {
		return v, false
	}
	if i, found := slices.BinarySearch(l.places, p); found {
		return l.values[i], true
	}
	return v, false
}

// together returns the column without anything beside it, which build builds for whoever is the first to ask.
func (l *late[T]) together(build func() column) column {
	if col := l.plain.Load(); col != nil {
		return *col
	}
	col := build()
	l.plain.CompareAndSwap(nil, &col)
	return *l.plain.Load()
}

// built returns what together has built, nil if nobody has asked.
func (l *late[T]) built() column {
	if l != nil {
		if col := l.plain.Load(); col != nil {
			return *col
		}
	}
	return nil
}

func (l *late[T]) bytes() int {
	if l == nil {
		return 0
	}
	var value T
	n := 96 + 2*len(l.places) + int(unsafe.Sizeof(value))*len(l.values)
	if col := l.built(); col != nil {
		n += col.bytes()
	}
	return n
}

// changes are what a batch writes to a chunk. Not safe for concurrent use.
type changes[T int64 | float64 | uint16] struct {
	places      []uint16 // ascending
	values      []T
	set         []bool
	add, remove []uint16     // places that had no value, and that have none any more
	blank       kernel.Words // all zero, whenever nobody works on it
}

var (
	intChanges   = sync.Pool{New: func() any { return new(changes[int64]) }}
	floatChanges = sync.Pool{New: func() any { return new(changes[float64]) }}
	enumChanges  = sync.Pool{New: func() any { return new(changes[uint16]) }}
)

func (c *changes[T]) reset() {
	c.places, c.values, c.set = c.places[:0], c.values[:0], c.set[:0]
	c.add, c.remove = c.add[:0], c.remove[:0]
}

// put notes the value at p, or that there is none.
func (c *changes[T]) put(p uint16, v T, set bool) {
	i, found := slices.BinarySearch(c.places, p)
	if found {
		c.values[i], c.set[i] = v, set
		return
	}
	c.places, c.values, c.set = slices.Insert(c.places, i, p), slices.Insert(c.values, i, v), slices.Insert(c.set, i, set)
}

// find returns what has been put at p; done tells whether anything has.
func (c *changes[T]) find(p uint16) (v T, set, done bool) {
	if i, found := slices.BinarySearch(c.places, p); found {
		return c.values[i], c.set[i], true
	}
	return v, false, false
}

// beside returns l with the changes, nil if that is too much. lo and hi bound what the column holds itself.
func (c *changes[T]) beside(l *late[T], lo, hi T, dense int) *late[T] {
	if l == nil {
		l = &late[T]{min: lo, max: hi}
	}
	n := len(l.places) + len(c.places)
	next := &late[T]{
		places: make([]uint16, 0, n), values: make([]T, 0, n), min: l.min, max: l.max, fewer: l.fewer || slices.Contains(c.set, false), dense: dense,
	}
	i := 0
	for k, p := range c.places {
		for ; i < len(l.places) && l.places[i] < p; i++ {
			next.places, next.values = append(next.places, l.places[i]), append(next.values, l.values[i])
		}
		if i < len(l.places) && l.places[i] == p {
			i++
		}
		next.places, next.values = append(next.places, p), append(next.values, c.values[k])
		if c.set[k] {
			next.min, next.max = min(next.min, c.values[k]), max(next.max, c.values[k])
		}
	}
	next.places, next.values = append(next.places, l.places[i:]...), append(next.values, l.values[i:]...)
	if len(next.places) > maxLate {
		return nil
	}
	return next
}

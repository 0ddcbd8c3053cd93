package identity

import (
	"sync"

	"github.com/clientele-go/clientele/customer"
)

// A desk is the memory in which observations are worked out, to be used again when that
// is done: stores keep nothing of what they are given, and what is returned has memory of
// its own. Its zero value is ready.
type desk struct {
	o       Observation
	p       prepared
	keys    [][]byte
	lookup  lookup
	edit    edit
	reading reading
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// The most memory that is used again: of keys and values, and of observations that were read.
const (
	maxArena = 1 << 14
	maxSeen  = 1 << 9
)

// putBack gives back a desk to which nothing refers any more, unless it is large.
func (d *desk) putBack() {
	if !d.large() {
		d.empty()
		desks.Put(d)
	}
}

// large reports whether a desk has more memory than one to be used again.
func (d *desk) large() bool { return cap(d.edit.arena) > maxArena || cap(d.reading.ev.seen) > maxSeen }

// empty readies a desk for the next use.
func (d *desk) empty() {
	clear(d.edit.arena)
	d.o, d.p = Observation{}, prepared{ids: d.p.ids[:0]}
	d.edit.reset()
}

// A reading is the memory in which containers are read.
type reading struct {
	ids   []customer.ID
	keys  [][]byte
	arena arena
	all   []*container
	first container // the first one that is read, and its evidence
	ev    evidence
}

// An arena holds keys and values, one behind the other.
type arena []byte

// put returns what data has more than the arena, of which it is the next state.
func (a *arena) put(data []byte) []byte {
	first := len(*a)
	*a = data
	return data[first:len(data):len(data)]
}

// key is as the function, in the arena.
func (a *arena) key(family string, name ...[]byte) []byte {
	return a.put(appendKey(*a, family, name...))
}

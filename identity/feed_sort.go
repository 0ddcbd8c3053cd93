package identity

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/clientele-go/clientele/store"
)

// ordered is b with its keys in ascending order, in which stores are quickest.
func ordered(b *store.Batch) *store.Batch {
	sortByKey(b.Writes, func(w store.Write) []byte { return w.Key })
	sortByKey(b.Conditions, func(c store.Condition) []byte { return c.Key })
	return b
}

// sortByKey sorts by key. Where there are many it merges two parts that are in order, or else
// compares the first 16 bytes of keys as numbers, which lie together, and moves each element once.
func sortByKey[T any](all []T, key func(T) []byte) {
	n := inOrder(all, key)
	switch {
	case n == len(all):
		return
	case len(all) < 64:
		slices.SortFunc(all, func(a, b T) int { return bytes.Compare(key(a), key(b)) })
		return
	case inOrder(all[n:], key) == len(all)-n:
		mergeByKey(all, n, key)
		return
	}
	places := make([]keyPlace, len(all))
	for i := range all {
		var first [16]byte
		copy(first[:], key(all[i]))
		places[i] = keyPlace{binary.BigEndian.Uint64(first[:8]), binary.BigEndian.Uint64(first[8:]), i}
	}
	sortPlaces(places, make([]keyPlace, len(all)), 0, func(a, b keyPlace) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		if a.second != b.second {
			return cmp.Compare(a.second, b.second)
		}
		return bytes.Compare(key(all[a.at]), key(all[b.at]))
	})
	const done = -1
	for i := range places {
		for at, first := i, all[i]; places[at].at != done; {
			from := places[at].at
			places[at].at = done
			if from == i {
				all[at] = first
			} else {
				all[at] = all[from]
			}
			at = from
		}
	}
}

// A keyPlace is the first 16 bytes of a key, and which it is.
type keyPlace struct {
	first, second uint64
	at            int
}

// sortPlaces sorts places of the same first n bytes: by the next byte where they are many, and
// few by comparing them.
func sortPlaces(all, room []keyPlace, n int, compare func(a, b keyPlace) int) {
	if len(all) < 32 || n == 16 {
		slices.SortFunc(all, compare)
		return
	}
	next := func(p *keyPlace) byte {
		if n < 8 {
			return byte(p.first >> (56 - 8*n))
		}
		return byte(p.second >> (120 - 8*n))
	}
	var ends [256]int
	for i := range all {
		ends[next(&all[i])]++
	}
	if ends[next(&all[0])] == len(all) {
		sortPlaces(all, room, n+1, compare)
		return
	}
	sum := 0
	for b, count := range ends {
		ends[b] = sum
		sum += count
	}
	for i := range all {
		end := &ends[next(&all[i])]
		room[*end] = all[i]
		*end++
	}
	copy(all, room)
	first := 0
	for _, end := range ends {
		if first < end {
			sortPlaces(all[first:end], room[first:end], n+1, compare)
		}
		first = end
	}
}

// inOrder is how many are in order, from the first on.
func inOrder[T any](all []T, key func(T) []byte) int {
	for i := 1; i < len(all); i++ {
		if bytes.Compare(key(all[i-1]), key(all[i])) > 0 {
			return i
		}
	}
	return len(all)
}

// mergeByKey sorts what is two parts in order, the first n and the others.
func mergeByKey[T any](all []T, n int, key func(T) []byte) {
	first := slices.Clone(all[:n])
	for i, at := 0, 0; i < len(first); at++ {
		if n < len(all) && bytes.Compare(key(all[n]), key(first[i])) < 0 {
			all[at] = all[n]
			n++
		} else {
			all[at] = first[i]
			i++
		}
	}
}

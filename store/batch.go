package store

import (
	"bytes"
	"fmt"
)

// A Batch is writes and the conditions under which they are made. A key may be
// written once and have one condition; the order within a batch means nothing.
// The zero value is an empty batch. Not safe for concurrent use.
type Batch struct {
	Writes     []Write
	Conditions []Condition
}

// A Write puts or deletes one key. Not safe for concurrent use.
type Write struct {
	Key    []byte
	Value  []byte // of a put; ignored with Delete
	Delete bool   // deleting a key that is not there is no error
}

// A Condition asks that a key has a version, or, with version 0, is not there.
// Not safe for concurrent use.
type Condition struct {
	Key     []byte
	Version Version
}

// Put adds a write of value under key. Neither is copied.
func (b *Batch) Put(key, value []byte) {
	b.Writes = append(b.Writes, Write{Key: key, Value: value})
}

// Delete adds the removal of key, which is not copied.
func (b *Batch) Delete(key []byte) {
	b.Writes = append(b.Writes, Write{Key: key, Delete: true})
}

// If adds the condition that key, which is not copied, has the given version; 0
// is that it is not there. The Version of an Entry read before is what is usually
// given.
func (b *Batch) If(key []byte, version Version) {
	b.Conditions = append(b.Conditions, Condition{Key: key, Version: version})
}

// Check returns an error where b breaks the contract or is beyond l: an empty or
// repeated key is [ErrInvalid], too long a key or value, too many operations or
// bytes are [ErrTooLarge]. Adapters call it first in Commit. Cost: O(n) in the n
// operations, and O(n) memory unless keys come in ascending order.
func (b *Batch) Check(l Limits) error {
	if n := len(b.Writes) + len(b.Conditions); n > l.Operations {
		return fmt.Errorf("%w: batch of %d operations, at most %d", ErrTooLarge, n, l.Operations)
	}
	for i := range b.Writes {
		w := &b.Writes[i]
		if err := checkKey("write", i, w.Key, l); err != nil {
			return err
		}
		if !w.Delete && len(w.Value) > l.ValueBytes {
			return fmt.Errorf("%w: write %d: value of %d bytes, at most %d", ErrTooLarge, i, len(w.Value), l.ValueBytes)
		}
	}
	for i := range b.Conditions {
		if err := checkKey("condition", i, b.Conditions[i].Key, l); err != nil {
			return err
		}
	}
	if size := b.bytes(); size > l.BatchBytes {
		return fmt.Errorf("%w: batch of %d bytes, at most %d", ErrTooLarge, size, l.BatchBytes)
	}
	if i := repeated(len(b.Writes), func(i int) []byte { return b.Writes[i].Key }); i >= 0 {
		return fmt.Errorf("%w: write %d: its key is written twice", ErrInvalid, i)
	}
	if i := repeated(len(b.Conditions), func(i int) []byte { return b.Conditions[i].Key }); i >= 0 {
		return fmt.Errorf("%w: condition %d: its key has two conditions", ErrInvalid, i)
	}
	return nil
}

// bytes is what [Limits].BatchBytes counts.
func (b *Batch) bytes() int {
	size := 0
	for i := range b.Writes {
		size += len(b.Writes[i].Key)
		if w := &b.Writes[i]; !w.Delete {
			size += len(w.Value)
		}
	}
	for i := range b.Conditions {
		size += len(b.Conditions[i].Key)
	}
	return size
}

// CheckKeys is Check for the keys of a Get, which may repeat.
func CheckKeys(keys [][]byte, l Limits) error {
	if len(keys) > l.Operations {
		return fmt.Errorf("%w: get of %d keys, at most %d", ErrTooLarge, len(keys), l.Operations)
	}
	for i, key := range keys {
		if err := checkKey("get", i, key, l); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(of string, i int, key []byte, l Limits) error {
	switch {
	case len(key) == 0:
		return fmt.Errorf("%w: %s %d: empty key", ErrInvalid, of, i)
	case len(key) > l.KeyBytes:
		return fmt.Errorf("%w: %s %d: key of %d bytes, at most %d", ErrTooLarge, of, i, len(key), l.KeyBytes)
	}
	return nil
}

// repeated is the index of a key that came before, or -1.
func repeated(n int, key func(int) []byte) int {
	ascending := true
	for i := 1; i < n && ascending; i++ {
		ascending = bytes.Compare(key(i-1), key(i)) < 0
	}
	if ascending {
		return -1
	}
	seen := make(map[string]struct{}, n)
	for i := range n {
		if _, ok := seen[string(key(i))]; ok {
			return i
		}
		seen[string(key(i))] = struct{}{}
	}
	return -1
}

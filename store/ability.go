package store

import (
	"context"
	"reflect"
)

// As finds an ability that not every store has, an interface such as
// [RangeDeleter] or [Durable], in s or in what it wraps.
//
// A store that implements T has the ability. A wrapper that only looks on has a
// method Unwrap() Store, and what it wraps is asked. A wrapper that changes what
// an ability means has a method As(target any) bool, which sets *target, a *T, if
// the ability is there; its answer is final, as it is of a store with neither.
func As[T any](s Store) (T, bool) {
	var ability T
	ok := as(s, &ability)
	return ability, ok
}

func as(s Store, target any) bool {
	ability := reflect.ValueOf(target).Elem()
	for s != nil {
		if v := reflect.ValueOf(s); v.Type().AssignableTo(ability.Type()) {
			ability.Set(v)
			return true
		}
		switch w := s.(type) {
		case interface{ As(target any) bool }:
			return w.As(target)
		case interface{ Unwrap() Store }:
			s = w.Unwrap()
		default:
			return false
		}
	}
	return false
}

// A RangeDeleter removes a range of keys in one step. Safe for concurrent use.
type RangeDeleter interface {
	// DeleteRange removes all keys of r, whose Limit and Reverse must be zero
	// (ErrInvalid), at one moment: no Get and no Commit sees a part of it. Its
	// errors are those of Commit.
	DeleteRange(ctx context.Context, r Range) error
}

// A Durable store keeps what was acknowledged when the process ends without
// closing it. Safe for concurrent use.
type Durable interface {
	// Durable tells whether the store, as it was opened, keeps that promise.
	Durable() bool
}

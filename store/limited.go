package store

import (
	"context"
)

// Limited returns s with lower limits, such as [MinLimits]: code that passes its
// tests on it runs on every store. Limits above those of s are cut to them, and
// fields of zero mean those of s. It has all abilities of s. Close closes s.
func Limited(s Store, l Limits) Store {
	own := s.Limits()
	cut := func(want, have int) int {
		if want <= 0 {
			return have
		}
		return min(want, have)
	}
	return limited{Store: s, limits: Limits{
		KeyBytes:   cut(l.KeyBytes, own.KeyBytes),
		ValueBytes: cut(l.ValueBytes, own.ValueBytes),
		Operations: cut(l.Operations, own.Operations),
		BatchBytes: cut(l.BatchBytes, own.BatchBytes),
	}}
}

type limited struct {
	Store
	limits Limits
}

func (l limited) Get(ctx context.Context, keys ...[]byte) ([]Entry, error) {
	if err := CheckKeys(keys, l.limits); err != nil {
		return nil, l.sooner(ctx, err)
	}
	return l.Store.Get(ctx, keys...)
}

func (l limited) Commit(ctx context.Context, b *Batch) (Version, error) {
	if err := b.Check(l.limits); err != nil {
		return 0, l.sooner(ctx, err)
	}
	return l.Store.Commit(ctx, b)
}

// sooner is what the store says to any call, such as that it is closed, else err.
func (l limited) sooner(ctx context.Context, err error) error {
	if _, first := l.Store.Get(ctx); first != nil {
		return first
	}
	return err
}

func (l limited) Limits() Limits { return l.limits }

// Unwrap implements what [As] asks for.
func (l limited) Unwrap() Store { return l.Store }

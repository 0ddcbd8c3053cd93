package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
)

// Prefixed returns the part of s whose keys begin with prefix, as a store of its
// own whose keys are without it: for several libraries, or several tenants, in one
// database. prefix is copied. Prefixes of which one begins with another overlap;
// ending each with a byte that no other holds keeps them apart.
//
// The limits are those of s less the room for the prefix; where that is below
// [MinLimits] the error is ErrInvalid. Of the abilities of s it has RangeDeleter
// and Durable. Close closes this part only; s stays open.
func Prefixed(s Store, prefix []byte) (Store, error) {
	l := s.Limits()
	l.KeyBytes -= len(prefix)
	l.BatchBytes -= len(prefix) * l.Operations
	if l.KeyBytes < MinLimits.KeyBytes || l.BatchBytes < MinLimits.BatchBytes {
		return nil, fmt.Errorf("%w: prefix of %d bytes leaves less than the least limits", ErrInvalid, len(prefix))
	}
	return &prefixed{store: s, prefix: bytes.Clone(prefix), limits: l}, nil
}

type prefixed struct {
	store  Store
	prefix []byte
	limits Limits

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
}

// enter begins a call, which p.calls.Done ends if the error is nil.
func (p *prefixed) enter(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.calls.Add(1)
	return nil
}

// check is what a scan, for which Close does not wait, asks before each entry.
func (p *prefixed) check(ctx context.Context) error {
	err := p.enter(ctx)
	if err == nil {
		p.calls.Done()
	}
	return err
}

// inner is a key as the store below has it.
func (p *prefixed) inner(key []byte) []byte {
	return append(p.prefix[:len(p.prefix):len(p.prefix)], key...)
}

func (p *prefixed) outer(e Entry) Entry {
	e.Key = e.Key[len(p.prefix):]
	return e
}

func (p *prefixed) innerRange(r Range) Range {
	whole := Under(p.prefix)
	r.From = p.inner(r.From)
	if len(r.To) > 0 {
		r.To = p.inner(r.To)
	} else {
		r.To = whole.To
	}
	return r
}

func (p *prefixed) Get(ctx context.Context, keys ...[]byte) ([]Entry, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.calls.Done()
	if err := CheckKeys(keys, p.limits); err != nil {
		return nil, err
	}
	inner := make([][]byte, len(keys))
	for i, key := range keys {
		inner[i] = p.inner(key)
	}
	entries, err := p.store.Get(ctx, inner...)
	for i := range entries {
		entries[i] = p.outer(entries[i])
	}
	return entries, err
}

func (p *prefixed) Scan(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := p.check(ctx); err != nil {
			yield(Entry{}, err)
			return
		}
		for e, err := range p.store.Scan(ctx, p.innerRange(r)) {
			if err == nil {
				err = p.check(ctx)
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(p.outer(e), nil) {
				return
			}
		}
	}
}

func (p *prefixed) Commit(ctx context.Context, b *Batch) (Version, error) {
	if err := p.enter(ctx); err != nil {
		return 0, err
	}
	defer p.calls.Done()
	if err := b.Check(p.limits); err != nil {
		return 0, err
	}
	inner := Batch{Writes: make([]Write, len(b.Writes)), Conditions: make([]Condition, len(b.Conditions))}
	for i, w := range b.Writes {
		w.Key = p.inner(w.Key)
		inner.Writes[i] = w
	}
	for i, c := range b.Conditions {
		c.Key = p.inner(c.Key)
		inner.Conditions[i] = c
	}
	return p.store.Commit(ctx, &inner)
}

func (p *prefixed) Limits() Limits { return p.limits }

func (p *prefixed) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.calls.Wait()
	return nil
}

// As implements what [As] asks for.
func (p *prefixed) As(target any) bool {
	switch target := target.(type) {
	case *RangeDeleter:
		d, ok := As[RangeDeleter](p.store)
		if ok {
			*target = prefixedDeleter{p, d}
		}
		return ok
	case *Durable:
		return as(p.store, target)
	}
	return false
}

type prefixedDeleter struct {
	*prefixed
	inner RangeDeleter
}

func (d prefixedDeleter) DeleteRange(ctx context.Context, r Range) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.calls.Done()
	return d.inner.DeleteRange(ctx, d.innerRange(r))
}

package store

import (
	"context"
	"errors"
	"fmt"
)

// ReadOnly returns s without the right to write: a Commit of a batch with writes
// is errors.ErrUnsupported, one of conditions only is allowed. Of the abilities of
// s it has Durable. Close closes s.
func ReadOnly(s Store) Store { return readOnly{s} }

type readOnly struct{ Store }

func (r readOnly) Commit(ctx context.Context, b *Batch) (Version, error) {
	if len(b.Writes) > 0 {
		if _, err := r.Get(ctx); err != nil { // closed, or the context has ended
			return 0, err
		}
		return 0, fmt.Errorf("store: read only: %w", errors.ErrUnsupported)
	}
	return r.Store.Commit(ctx, b)
}

// As implements what [As] asks for.
func (r readOnly) As(target any) bool {
	_, ok := target.(*Durable)
	return ok && as(r.Store, target)
}

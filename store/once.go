package store

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/internal/wire"
)

// Once is [Update] for work that must happen exactly once, also where it is asked
// for several times or the answer to a commit is lost. token is a key that stands
// for the work: it is put by the same commit under the condition that it is not
// there. Where it is there already nothing is done, and build not called.
//
// It returns the version of the commit that did the work, whether of this call or
// another, and whether it was done before this call. After a commit of its own
// whose outcome was unknown that may have been this call's or a concurrent one's,
// and before is false. A batch that puts token itself keeps its own value, and no
// condition on token may be in it; otherwise the value is a mark of 6 bytes. The
// token adds one or two operations and its bytes to the batch, which must leave
// room for them. It stays until somebody deletes it, after which the work could
// happen again.
//
// On [ErrUnknownOutcome] it looks whether the token is there and, where it is not,
// tries again: the condition holds for one of the two commits only. If the context
// ends before that is settled the error is ErrUnknownOutcome and ctx.Err() both;
// calling again with the same token settles it. Nil batches, other errors and
// backoff are as in Update. Safe for concurrent use; cost: one get more than Update.
func Once(ctx context.Context, s Store, token []byte, backoff *Backoff, build func(ctx context.Context) (*Batch, error)) (version Version, before bool, err error) {
	unsettled := false // an earlier attempt may yet happen
	err = retry(ctx, backoff, func() error {
		version, before = 0, false
		entries, err := s.Get(ctx, token)
		if err != nil {
			return err
		}
		if version = entries[0].Version; version != 0 {
			before = !unsettled
			return nil
		}
		batch, err := build(ctx)
		if err == nil && batch == nil && unsettled {
			err = ErrUnknownOutcome // nothing more to do, but the former commit may yet happen
		}
		if err != nil || batch == nil {
			return err
		}
		version, err = s.Commit(ctx, withToken(batch, token))
		if errors.Is(err, ErrUnknownOutcome) {
			unsettled = true
			if ctx.Err() == nil {
				return ErrUnavailable
			}
		}
		return err
	})
	if err != nil {
		if unsettled && !errors.Is(err, ErrUnknownOutcome) {
			err = errors.Join(ErrUnknownOutcome, err)
		}
		return 0, false, err
	}
	return version, before, nil
}

// withToken is b with the token; b itself is left as it is.
func withToken(b *Batch, token []byte) *Batch {
	c := Batch{Writes: slices.Clip(b.Writes), Conditions: slices.Clip(b.Conditions)}
	c.If(token, 0)
	if !slices.ContainsFunc(b.Writes, func(w Write) bool { return bytes.Equal(w.Key, token) && !w.Delete }) {
		c.Put(token, wire.New("once", 1).Data())
	}
	return &c
}

package customer

import (
	"context"
	"errors"
	"iter"
)

// Errors that the implementations of Feed return, bare or wrapped.
var (
	// ErrCursorExpired says that the feed no longer keeps the entries after the
	// cursor. A follower reads the state it needs anew: it notes Head, scans the state
	// of the feed's owner, then follows from the noted cursor.
	ErrCursorExpired = errors.New("customer: cursor has expired")
	// ErrCursorUnknown says that the cursor lies after the end of the feed: it is the
	// cursor of another feed, or the feed was restored from an older backup. A follower
	// starts anew as after ErrCursorExpired.
	ErrCursorUnknown = errors.New("customer: cursor is not of this feed")
)

// Feed is the sequence of all changes, in Shards shards. Package identity implements
// it; a team that has its own ids can. Implementations are safe for concurrent use.
//
// What a feed promises:
//
//   - Every change that was once yielded passes Validate and is yielded again, equal,
//     to whoever asks with the same cursor, until it expires.
//   - The entries of a shard are numbered from 1 without gaps and yielded in that
//     order, the parts of an entry next to each other from the first to the last. So the
//     changes of a customer come in the order in which they happened. Between shards
//     there is no order.
//   - The two entries of a Moved, Merged or Split become visible at once: a cursor that
//     Head returns, and the end of what Changes yields, has both before it or neither.
//
// A follower starts from the zero Cursor, calls Cursor.Advance for each change, and
// stores the cursor in the same commit as what it derived. It gets a change again only
// if that commit failed.
type Feed interface {
	// Changes yields the changes after the cursor that are visible when it begins, then
	// ends; a follower that is up to date asks again later. The sequence is used once. An
	// error is its last element: ErrCursorExpired, ErrCursorUnknown, the error of ctx or
	// one of the storage. Changes and their slices belong to the caller.
	Changes(ctx context.Context, after Cursor) iter.Seq2[Change, error]

	// Head returns the cursor after all changes that are visible now. What the owner of
	// the feed answers after Head returns is at least as new as that.
	Head(ctx context.Context) (Cursor, error)
}

package store

import (
	"context"
	"iter"
)

// A Call is what an [Observer] learns of a call that begins. It holds no keys and
// no values. Safe for concurrent reads.
type Call struct {
	Method string // "Get", "Scan", "Commit", "DeleteRange" or "Close"
	Keys   int    // of a Get its keys; of a Commit its writes and conditions
	Bytes  int    // of a Commit, as Limits.BatchBytes counts
}

// An Outcome is what an Observer learns of a call that has ended. Safe for
// concurrent reads.
type Outcome struct {
	Entries int   // of a Get those that are there; of a Scan those yielded
	Bytes   int   // of the keys and values of Entries
	Err     error // what the call returned; of a Scan the last element's error
}

// An Observer is told of every call, before it begins, and returns a function to
// be told how it ended, or nil. A Scan begins with its loop and ends with it. It
// measures time, if it wants to, with the caller's clock. An Observer must be safe
// for concurrent use.
type Observer func(ctx context.Context, c Call) (ended func(Outcome))

// Observed returns s with an observer of its calls, for metrics and traces. It has
// all abilities of s; of those, DeleteRange is observed. Close closes s.
func Observed(s Store, o Observer) Store { return observed{s, o} }

type observed struct {
	Store
	observer Observer
}

func (o observed) begin(ctx context.Context, c Call) func(Outcome) {
	if ended := o.observer(ctx, c); ended != nil {
		return ended
	}
	return func(Outcome) {}
}

func (o *Outcome) add(e Entry) {
	if e.Version != 0 {
		o.Entries++
		o.Bytes += len(e.Key) + len(e.Value)
	}
}

func (o observed) Get(ctx context.Context, keys ...[]byte) ([]Entry, error) {
	ended := o.begin(ctx, Call{Method: "Get", Keys: len(keys)})
	entries, err := o.Store.Get(ctx, keys...)
	out := Outcome{Err: err}
	for _, e := range entries {
		out.add(e)
	}
	ended(out)
	return entries, err
}

func (o observed) Scan(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		ended := o.begin(ctx, Call{Method: "Scan"})
		var out Outcome
		defer func() { ended(out) }()
		for e, err := range o.Store.Scan(ctx, r) {
			out.add(e)
			out.Err = err
			if !yield(e, err) {
				return
			}
		}
	}
}

func (o observed) Commit(ctx context.Context, b *Batch) (Version, error) {
	ended := o.begin(ctx, Call{Method: "Commit", Keys: len(b.Writes) + len(b.Conditions), Bytes: b.bytes()})
	version, err := o.Store.Commit(ctx, b)
	ended(Outcome{Err: err})
	return version, err
}

func (o observed) Close() error {
	ended := o.begin(context.Background(), Call{Method: "Close"})
	err := o.Store.Close()
	ended(Outcome{Err: err})
	return err
}

// As implements what [As] asks for.
func (o observed) As(target any) bool {
	if target, ok := target.(*RangeDeleter); ok {
		d, ok := As[RangeDeleter](o.Store)
		if ok {
			*target = observedDeleter{o, d}
		}
		return ok
	}
	return as(o.Store, target)
}

type observedDeleter struct {
	observed
	inner RangeDeleter
}

func (d observedDeleter) DeleteRange(ctx context.Context, r Range) error {
	ended := d.begin(ctx, Call{Method: "DeleteRange"})
	err := d.inner.DeleteRange(ctx, r)
	ended(Outcome{Err: err})
	return err
}

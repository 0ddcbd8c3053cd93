package notify

import (
	"context"
	"iter"

	"github.com/clientele-go/clientele/segment"
)

// Source has notices. Those that it yields pass as segment.Notice describes them. Implementations are safe for concurrent
// use.
type Source interface {
	// Notices yields the notices whose numbers are greater than after, ascending and without gaps, then ends; who is up to
	// date asks again later. The same number is always the same notice. An error is the last element: that of ctx, of
	// the storage, or one that says that the source no longer keeps what comes after that number, or that it does not have
	// as many notices, as the number is that of another source or of one that was since restored from a backup.
	Notices(ctx context.Context, after uint64) iter.Seq2[segment.Notice, error]
}

// Sink takes notices. Run makes one call at a time. Not safe for concurrent use.
type Sink interface {
	// Deliver takes notices, at least one, ascending by number; the slice is the caller's. Nil says that the receiver has all
	// of them. After an error it may have any of them, and gets all of them again.
	Deliver(ctx context.Context, notices []segment.Notice) error
}

// SinkFunc is a function as a Sink. Not safe for concurrent use.
type SinkFunc func(ctx context.Context, notices []segment.Notice) error

// Deliver calls f.
func (f SinkFunc) Deliver(ctx context.Context, notices []segment.Notice) error {
	return f(ctx, notices)
}

// Filter returns a sink that hands the notices of the segments named to sink and leaves out all others; of a batch in which
// there are none sink hears nothing. If the names change while a batch is on its way, what comes again of that batch may be
// more or less than came first.
func Filter(sink Sink, segments ...string) Sink {
	wanted := make(map[string]bool, len(segments))
	for _, name := range segments {
		wanted[name] = true
	}
	return SinkFunc(func(ctx context.Context, notices []segment.Notice) error {
		var some []segment.Notice
		for _, n := range notices {
			if wanted[n.Segment] {
				some = append(some, n)
			}
		}
		if len(some) == 0 {
			return nil
		}
		return sink.Deliver(ctx, some)
	})
}

package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/clientele-go/clientele/segment"
)

// Options of Run and Fan. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Batch is the most notices in a delivery, from 1 to MostBatch. 0: DefaultBatch. A batch that has gone out before keeps
	// its size.
	Batch int
}

// MostBatch is the most notices in a delivery.
const MostBatch = 10_000

// DefaultBatch is the most notices in a delivery where Options do not say: as JSON less than 20 kB, which the Standard
// Webhooks specification recommends, if names of segments are short.
const DefaultBatch = 100

func (o *Options) batch() (int, error) {
	switch {
	case o == nil || o.Batch == 0:
		return DefaultBatch, nil
	case o.Batch < 0 || o.Batch > MostBatch:
		return 0, fmt.Errorf("%w: Batch is not from 1 to %d", ErrOptions, MostBatch)
	}
	return o.Batch, nil
}

// Run delivers the notices after the cursor to sink, in order and batch by batch, until src has no more, and returns how
// many it delivered. The next batch goes out when sink has taken the one before.
//
// The cursor is saved before each batch and at the end. Wherever Run fails, or the process ends, calling it again goes on
// with the batch that may have arrived or not, which has the same notices as before, and skips none. One Run at a time may
// use a cursor.
//
// Errors are those of src, sink and cursor and of ctx, wrapped, and ErrGap and ErrOptions. The number returned counts
// batches that sink took, also where an error follows. Cost: a read of the cursor, and of each batch a read of src, a
// save and the delivery.
func Run(ctx context.Context, src Source, sink Sink, cursor Cursor, o *Options) (int, error) {
	most, err := o.batch()
	if err != nil {
		return 0, err
	}
	place, err := cursor.Load(ctx)
	if err != nil {
		return 0, fmt.Errorf("notify: reading the cursor: %w", err)
	}
	if place.Until < place.After {
		return 0, fmt.Errorf("%w: a batch that ends before it begins", ErrGap)
	}
	delivered := 0
	for {
		again := place.Until - place.After // a batch that went out before
		n := most
		if again > 0 {
			n = int(min(again, MostBatch+1))
		}
		notices, err := read(ctx, src, place.After, n)
		if err != nil {
			return delivered, err
		}
		if again > 0 && uint64(len(notices)) != again {
			return delivered, fmt.Errorf("%w: %d notices after %d, where %d went out before", ErrGap, len(notices), place.After, again)
		}
		if again == 0 {
			if len(notices) > 0 {
				place.Until += uint64(len(notices))
			}
			if len(notices) > 0 || delivered > 0 {
				if err := cursor.Save(ctx, place); err != nil {
					return delivered, fmt.Errorf("notify: saving the cursor: %w", err)
				}
			}
		}
		if len(notices) == 0 {
			return delivered, nil
		}
		if err := sink.Deliver(ctx, notices); err != nil {
			return delivered, fmt.Errorf("notify: delivering notices %d to %d: %w", place.After+1, place.Until, err)
		}
		delivered += len(notices)
		place.After = place.Until
	}
}

// read returns the next notices of src, n at most.
func read(ctx context.Context, src Source, after uint64, n int) ([]segment.Notice, error) {
	var notices []segment.Notice
	for notice, err := range src.Notices(ctx, after) {
		if err != nil {
			return nil, fmt.Errorf("notify: reading notices after %d: %w", after, err)
		}
		after++
		if notice.Number != after {
			return nil, fmt.Errorf("%w: notice %d where %d comes next", ErrGap, notice.Number, after)
		}
		notices = append(notices, notice)
		if len(notices) == n {
			break
		}
	}
	return notices, ctx.Err()
}

// Route is one of several ways of notices. Safe for concurrent reads.
type Route struct {
	Name   string // names the route in errors; each once
	Sink   Sink   // where notices go
	Cursor Cursor // how far Sink is; no other route has it
}

// Fan is Run for several routes at the same time, each in a goroutine of its own and from its own cursor: one that is slow or
// fails does not hold up another. It returns when all have ended: nil, or the errors of those that failed, in the order of
// routes, each with the name of its route, joined by errors.Join. Names that are empty or repeat are ErrOptions.
func Fan(ctx context.Context, src Source, o *Options, routes ...Route) error {
	if err := checkRoutes(routes); err != nil {
		return err
	}
	errs := make([]error, len(routes))
	var wait sync.WaitGroup
	for i, r := range routes {
		wait.Go(func() {
			if _, err := Run(ctx, src, r.Sink, r.Cursor, o); err != nil {
				errs[i] = fmt.Errorf("notify: route %q: %w", r.Name, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func checkRoutes(routes []Route) error {
	var faults []error
	seen := map[string]bool{}
	for i, r := range routes {
		if r.Name == "" || seen[r.Name] {
			faults = append(faults, fmt.Errorf("%w: Name of route %d is empty or has another one", ErrOptions, i))
		}
		seen[r.Name] = true
		if r.Sink == nil || r.Cursor == nil {
			faults = append(faults, fmt.Errorf("%w: route %d has no Sink or no Cursor", ErrOptions, i))
		}
	}
	return errors.Join(faults...)
}

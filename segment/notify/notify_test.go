package notify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

var start = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// notice returns the notice of a number.
func notice(n uint64) segment.Notice {
	return segment.Notice{
		Number: n, At: start.Add(time.Duration(n) * time.Minute), Customer: customer.FromInt64(int64(n%7) + 1),
		Segment: []string{"dormant", "vip", "=risk"}[n%3], Version: int(n%2) + 1, Entered: n%5 != 0, Cause: segment.Cause(n%6) + 1,
	}
}

func notices(first, last uint64) []segment.Notice {
	var list []segment.Notice
	for n := first; n <= last; n++ {
		list = append(list, notice(n))
	}
	return list
}

// A source has notices up to a number. Safe for concurrent use.
type source struct {
	mu     sync.Mutex
	last   uint64
	fail   error                               // what comes in place of the second notice
	change func(segment.Notice) segment.Notice // nil: as they are
}

func (s *source) Notices(ctx context.Context, after uint64) iter.Seq2[segment.Notice, error] {
	return func(yield func(segment.Notice, error) bool) {
		s.mu.Lock()
		last := s.last
		s.mu.Unlock()
		if after > last {
			yield(segment.Notice{}, errOther)
			return
		}
		for n := after + 1; n <= last; n++ {
			if s.fail != nil && n == after+2 {
				yield(segment.Notice{}, s.fail)
				return
			}
			notice := notice(n)
			if s.change != nil {
				notice = s.change(notice)
			}
			if !yield(notice, ctx.Err()) || ctx.Err() != nil {
				return
			}
		}
	}
}

// A receiver keeps the batches it gets. Not safe for concurrent use.
type receiver struct {
	batches [][]segment.Notice
	fault   func() (before, after error) // of the next delivery
}

func (r *receiver) Deliver(_ context.Context, notices []segment.Notice) error {
	var before, after error
	if r.fault != nil {
		before, after = r.fault()
	}
	if before != nil {
		return before
	}
	r.batches = append(r.batches, append([]segment.Notice(nil), notices...))
	return after
}

// numbers returns the first and last number of each batch.
func (r *receiver) numbers() []string {
	var list []string
	for _, b := range r.batches {
		list = append(list, fmt.Sprint(b[0].Number, "-", b[len(b)-1].Number))
	}
	return list
}

// requireComplete requires that the batches have all notices up to last without gaps, in order, and that a batch comes
// again only as it was and before a later one.
func (r *receiver) requireComplete(t *testing.T, last uint64) {
	t.Helper()
	next := uint64(1)
	for i, b := range r.batches {
		if i > 0 && b[0].Number < next {
			require.Equal(t, r.batches[i-1], b)
			continue
		}
		for j := range b {
			require.Equal(t, notice(next), b[j])
			next++
		}
	}
	require.Equal(t, last+1, next)
}

var errTest, errOther = errors.New("failed"), errors.New("not of this source")

func TestFilter(t *testing.T) {
	ctx := t.Context()
	r := &receiver{}
	sink := Filter(r, "vip", "=risk")
	require.NoError(t, sink.Deliver(ctx, notices(1, 6)))
	require.NoError(t, sink.Deliver(ctx, notices(3, 3)), "nothing of it is passed on")
	require.Equal(t, [][]segment.Notice{{notice(1), notice(2), notice(4), notice(5)}}, r.batches)
	r.fault = func() (error, error) { return errTest, nil }
	require.ErrorIs(t, sink.Deliver(ctx, notices(1, 6)), errTest)
	require.NoError(t, Filter(r).Deliver(ctx, notices(1, 6)), "no names, no notices")
}

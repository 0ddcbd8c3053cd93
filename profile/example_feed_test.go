package profile_test

import (
	"context"
	"iter"

	"github.com/clientele-go/clientele/customer"
)

// A feed is a customer.Feed of changes that are known from the start.
type feed []customer.Change

func (f feed) Changes(_ context.Context, after customer.Cursor) iter.Seq2[customer.Change, error] {
	return func(yield func(customer.Change, error) bool) {
		for _, c := range f {
			if c.Seq > after[c.Shard] && !yield(c, nil) {
				return
			}
		}
	}
}

func (f feed) Head(context.Context) (head customer.Cursor, err error) {
	for _, c := range f {
		head[c.Shard] = max(head[c.Shard], c.Seq)
	}
	return head, nil
}

package segment

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// Notices yields the notices with numbers above after, which is 0 for all, as far as there are any when it begins. An
// error is the last element: that of ctx, or one that wraps ErrExpiredNotices: some of them are not kept any more, or after
// is a number that has not been given. The sequence can be used many times. So a Live is a source of package notify.
func (l *Live) Notices(ctx context.Context, after uint64) iter.Seq2[Notice, error] {
	return func(yield func(Notice, error) bool) {
		v := l.view.Load()
		first := v.last - uint64(v.told.count) // the number before those kept
		switch {
		case after > v.last:
			yield(Notice{}, fmt.Errorf("%w: the last number is %d, and notices after %d are asked for", ErrExpiredNotices, v.last, after))
			return
		case after < first && v.shelf != nil:
			for n, err := range v.shelf.notices(ctx, after, first) {
				if err == nil {
					err = ctx.Err()
				}
				if !yield(n, err) || err != nil {
					return
				}
			}
			after = first
		case after < first:
			yield(Notice{}, fmt.Errorf("%w: those up to %d are gone, and notices after %d are asked for", ErrExpiredNotices, first, after))
			return
		}
		for n := range v.told.from(int(after - first)) {
			if err := ctx.Err(); err != nil {
				yield(Notice{}, err)
				return
			}
			if !yield(n, nil) {
				return
			}
		}
	}
}

// noticeBlock is how many notices lie together at most.
const noticeBlock = 2048

// noticeLog holds notices in blocks, of which only the last grows. Not safe for concurrent use, but a copy with blocks of
// its own is not changed any more.
type noticeLog struct {
	blocks [][]Notice
	size   int // of a full block
	count  int // of notices
}

// add adds notices and forgets the oldest blocks as far as least notices stay.
func (n *noticeLog) add(told []Notice, least int) {
	n.count += len(told)
	for len(told) > 0 {
		last := len(n.blocks) - 1
		if last < 0 || len(n.blocks[last]) == n.size {
			n.blocks = append(n.blocks, make([]Notice, 0, n.size))
			last++
		}
		k := min(len(told), n.size-len(n.blocks[last]))
		n.blocks[last] = append(n.blocks[last], told[:k]...)
		told = told[k:]
	}
	gone := 0
	for n.count-n.size >= least {
		n.count -= n.size
		gone++
	}
	n.blocks = slices.Delete(n.blocks, 0, gone)
}

// from yields the notices but for the first of a number.
func (n *noticeLog) from(skip int) iter.Seq[Notice] {
	return func(yield func(Notice) bool) {
		for _, b := range n.blocks[min(skip/n.size, len(n.blocks)):] {
			for _, notice := range b[skip%n.size:] {
				if !yield(notice) {
					return
				}
			}
			skip = 0
		}
	}
}

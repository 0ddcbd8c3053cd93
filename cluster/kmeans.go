package cluster

import (
	"context"
	"fmt"
	"sync"
)

// TooFewDistinctError is returned for rows of which fewer differ than there are groups to
// be. Rows of weight 0 do not count, and rows whose squared distance is 0 in floating
// point count as equal. Safe for concurrent reads.
type TooFewDistinctError struct {
	Distinct int // different rows
	K        int // groups asked for
}

// Error returns the sentence.
func (e *TooFewDistinctError) Error() string {
	return fmt.Sprintf("cluster: %d groups of %d different rows", e.K, e.Distinct)
}

func solveKMeans(ctx context.Context, r *rows, o *Options) (*solution, error) {
	done := counted(o.Progress)
	s, err := fromStarts(ctx, r, o, 0, done, lloyd)
	if err != nil || o.MinShare == 0 && o.MaxShare == 0 {
		return s, err
	}
	return withinShares(ctx, r, s, o, done)
}

// counted returns what calls progress with the number of times it has been called itself,
// of an unknown total.
func counted(progress func(done, total int64)) func() { return countedOf(progress, -1) }

// countedOf is counted with a total.
func countedOf(progress func(done, total int64), total int) func() {
	if progress == nil {
		return func() {}
	}
	var mu sync.Mutex
	done := int64(0)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(done, int64(total))
	}
}

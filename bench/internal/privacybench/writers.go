package privacybench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/store/pebblestore"
)

// writers appends entries to a log on disk, one at a time, by one writer and by many, while it is sealed.
func (u *suite) writers(ctx context.Context) error {
	const name, many = "privacy: audit writers", 16
	if !u.session.Wants(name) {
		return nil
	}
	each := u.options.each()
	var rates []float64
	for _, writers := range []int{1, many} {
		var most float64
		for range u.session.Runs {
			took, err := written(ctx, writers, each)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			most = max(most, float64(writers*each)/took.Seconds())
		}
		rates = append(rates, most)
	}
	fmt.Fprintf(u.table, "Audit entries appended while one sealer seals: %.0f a second with 1 writer, %.0f with %d, %.3g times as many.\n\n",
		rates[0], rates[1], many, rates[1]/rates[0])
	return u.session.Figures(name,
		harness.Figure{Name: "entries appended, 1 writer", Value: rates[0], Unit: "a second"},
		harness.Figure{Name: fmt.Sprintf("entries appended, %d writers", many), Value: rates[1], Unit: "a second"},
		harness.Figure{Name: fmt.Sprintf("rate of %d writers against 1", many), Value: rates[1] / rates[0], Unit: "ratio"})
}

// written says how long writers take to append some entries each to a new log while one sealer seals without
// a pause. All of them are in the log then.
func written(ctx context.Context, writers, each int) (took time.Duration, err error) {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := open(s)
	if err != nil {
		return 0, err
	}
	all := entries(0, writers*each)
	failed := make([]error, writers+1) // the last is of the sealer
	var sealer, wait sync.WaitGroup
	done := make(chan struct{})
	sealer.Go(func() {
		for failed[writers] == nil {
			select {
			case <-done:
				return
			default:
				_, _, failed[writers] = l.Seal(ctx, begin)
			}
		}
	})
	start := time.Now()
	for w := range writers {
		wait.Go(func() {
			for _, e := range all[w*each : (w+1)*each] {
				if failed[w] = l.Append(ctx, e); failed[w] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	took = time.Since(start)
	close(done)
	sealer.Wait()
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	if _, _, err := l.Seal(ctx, begin); err != nil {
		return 0, err
	}
	return took, verified(ctx, l, len(all))
}

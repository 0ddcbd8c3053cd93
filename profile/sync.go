package profile

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// Synced says what Sync has done. Safe for concurrent reads.
type Synced struct {
	Changes  int // that were taken from the feed
	Refolded int // customers folded anew
	Rows     int // rows handed on: new ones, those that changed, and those of customers that are gone
	// Next is when a row can change without new evidence and changes of the feed: when
	// to call Sync again at the latest. It is after the time of the call. Zero: never.
	Next time.Time
}

// Sync brings the rows up to date as of a time, in years 1 to 9999: it follows the feed to
// its head, then folds anew all customers whose evidence or atoms have changed, those whose
// rows change because time has passed, and, after a change of the schema, all. Rows
// that differ from those before are handed on: see Rows.
//
// Nil as feed follows none. What is taken from the feed is known from the time of the call on,
// or from the latest time of the calls before it: see Moment.Known. So the time is the present,
// or, where the past is played again step by step, that of the step; after a call with one to
// come nothing of the feed is known before that. Two calls at once, in whatever processes, do the same as one
// after the other. A row is never as of an earlier time than it was: of a call with an
// earlier one the row's own counts. Only where all customers are folded anew it is the
// time of the call: Refold is the way back from one that was wrong. What has been done
// remains if Sync fails or is interrupted, and the next call does the rest; so it does of
// customers to whom others add so quickly that none of their rows is the present one.
//
// Errors are those of the feed, wrapped: whose feed was trimmed before all of it was followed
// gets customer.ErrCursorExpired from every call, and has to begin anew with an empty store and
// all evidence; and those of the store. Cost: that of the changes, and of the customers to be
// folded anew: 13 to 16 µs on two cores for one of ten events under five computed traits.
func (p *Profiles) Sync(ctx context.Context, at time.Time, feed customer.Feed) (Synced, error) {
	m, err := Moment{At: at}.bind()
	if err != nil {
		return Synced{}, err
	}
	y := &syncing{p: p, feed: feed, at: m.at}
	for _, step := range []func(context.Context) error{y.follow, y.waiting, y.refold, y.due} {
		if err := step(ctx); err != nil {
			return y.done, err
		}
	}
	next, err := p.nextDue(ctx, y.at)
	y.done.Next = microTime(next)
	return y.done, err
}

// A syncing is a call of Sync. Not safe for concurrent use.
type syncing struct {
	p     *Profiles
	feed  customer.Feed
	at    int64
	heads *[customer.Shards]rowsHead // of the rows' feed; nil: to be read
	mu    sync.Mutex                 // of what follows, while a page is prepared
	known *inForce                   // the schema whose columns are in the store as such
	done  Synced
}

func (y *syncing) follow(ctx context.Context) error {
	if y.feed == nil {
		return nil
	}
	n, err := y.p.follow(ctx, y.at, y.feed)
	y.done.Changes += n
	return err
}

// pageSize is how many customers one commit takes: for each two conditions, its row, two
// marks of when it is due, its mark of waiting and an entry; for all the heads of the
// shards, the schema, and the positions in the feed and of the refolding.
func (y *syncing) pageSize() int {
	const each, all = 7, 2*customer.Shards + 1 + 1 + 2
	return min(batchRows, (y.p.s.Limits().Operations-all)/each)
}

// waiting folds the customers that wait.
func (y *syncing) waiting(ctx context.Context) error {
	return y.each(ctx, y.pages(ctx, store.Under(key('w')), nil))
}

// pages yields the customers at the ends of the keys in a range, which stand still: of those
// that come meanwhile some are missed.
func (y *syncing) pages(ctx context.Context, r store.Range, refold *refolding) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		r.Limit = y.pageSize()
		for more := true; more; {
			pg := &page{refold: refold, jobs: make([]job, 0, r.Limit)}
			for e, err := range y.p.s.Scan(ctx, r) {
				var j job
				if err == nil {
					j, err = readJob(e.Key)
				}
				if err != nil {
					yield(nil, err)
					return
				}
				pg.jobs = append(pg.jobs, j)
				r.From = append(e.Key, 0)
			}
			more = len(pg.jobs) == r.Limit
			pg.order()
			if len(pg.jobs) > 0 && !yield(pg, nil) {
				return
			}
		}
	}
}

// each does the jobs of pages. While one is committed the next is prepared.
func (y *syncing) each(ctx context.Context, pages iter.Seq2[*page, error]) error {
	type made struct {
		pg  *page
		err error
	}
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan made)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(ready)
		for pg, err := range pages {
			if err == nil {
				err = y.prepare(ctx, pg)
			}
			select {
			case ready <- made{pg, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	defer wg.Wait()
	defer cancel()
	for m := range ready {
		if m.err != nil {
			return m.err
		}
		if err := y.commit(ctx, m.pg); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// commit commits the page, which is prepared, and prepares it again where others have
// changed something meanwhile: after some attempts fewer customers at a time.
func (y *syncing) commit(ctx context.Context, pg *page) error {
	for ready := true; len(pg.jobs) > 0; {
		var c *commit
		version, err := store.Update(ctx, y.p.s, y.p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			if !ready {
				pg.lost++
				y.heads = nil
				if pg.refold != nil {
					if err := pg.refold.check(ctx, y.p.s); err != nil {
						return nil, err
					}
				}
				if _, err := y.p.reread(ctx); err != nil {
					return nil, err
				}
				if err := y.prepare(ctx, pg); err != nil {
					return nil, err
				}
			}
			ready = false
			if y.heads == nil {
				var err error
				if y.heads, err = y.p.rowsHeads(ctx); err != nil {
					return nil, err
				}
			}
			if c = y.batch(pg); c.empty {
				return nil, nil
			}
			return &c.batch, nil
		})
		if err != nil {
			y.heads = nil
			return err
		}
		if !c.empty {
			for shard := range c.heads {
				if c.heads[shard].last != y.heads[shard].last {
					c.heads[shard].version = version
				}
			}
			y.heads = &c.heads
			if pg.refold != nil {
				pg.refold.version = version
			}
		}
		y.done.Refolded += c.folded
		y.done.Rows += c.rows
		if c.folded > 0 {
			y.p.progress(int64(y.done.Refolded))
		}
		pg.jobs, pg.lost, ready = pg.jobs[c.jobs:], 0, true
	}
	return nil
}

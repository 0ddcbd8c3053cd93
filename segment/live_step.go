package segment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// Apply carries out a batch as Index.Apply does, with the clock at at, and returns the notices of what follows. All is
// carried out or nothing: after an error, also one of ctx, neither the index nor a segment nor the clock has changed. Cost:
// that of Index.Apply; for each value that changes two searches among what rules compare its tag with; and each rule
// that has a condition whose answer changes, once for the customer. An update of a large batch costs a fraction of one of a small batch.
func (l *Live) Apply(ctx context.Context, at time.Time, b *Batch) ([]Notice, error) {
	return l.apply(ctx, &input{what: stepBatch, at: at, batch: b}, 0)
}

// ApplyRows is Apply for rows, as Profiles and other feeds hand them on: Deletes go, Upserts are set. A merge is such a
// batch, so its notices come together, and none of them between the two; who is the loser of one of Merges leaves ByMerge.
func (l *Live) ApplyRows(ctx context.Context, at time.Time, rows customer.RowBatch) ([]Notice, error) {
	b, err := batchOf(rows)
	if err != nil {
		return nil, err
	}
	in := &input{what: stepBatch, at: at, batch: b}
	for _, m := range rows.Merges {
		in.merged = append(in.merged, m.Loser)
	}
	return l.apply(ctx, in, -len(rows.Deletes))
}

func (l *Live) apply(ctx context.Context, in *input, first int) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.carry(ctx, in, first)
}

// carry is apply for who holds l.mu and may take a step.
func (l *Live) carry(ctx context.Context, in *input, first int) ([]Notice, error) {
	l.ix.mu.Lock()
	defer l.ix.mu.Unlock()
	if err := l.ready(ctx, in.at); err != nil {
		return nil, err
	}
	if err := l.wake(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	e, err := l.ix.carryOut(ctx, in.batch, first)
	if err != nil {
		return nil, l.deposed(ctx, err)
	}
	if err := l.accept(ctx, in); err != nil {
		e.rollback()
		return nil, err
	}
	st := l.begin(e.complete(in.batch.At), in.at)
	st.e = e
	if len(in.merged) > 0 {
		st.merged = map[customer.ID]bool{}
	}
	for _, id := range in.merged {
		st.merged[id] = true
	}
	st.pass()
	st.writes()
	l.ix.current.Store(st.s)
	return st.finish(), nil
}

// Advance sets the clock and returns the notices of what follows: of windows that move on and of Dwell that ends. Cost: no
// more than an allocation before Next; else, for each end of windows that a value has met, a look at the chunks where that
// is so, and each rule once for each customer whose value it is.
func (l *Live) Advance(ctx context.Context, at time.Time) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return nil, err
	}
	return l.advance(ctx, at)
}

// advance is Advance for who holds l.mu and may take a step.
func (l *Live) advance(ctx context.Context, at time.Time) ([]Notice, error) {
	if err := l.ready(ctx, at); err != nil {
		return nil, err
	}
	v := *l.view.Load()
	if at.UnixNano() < l.next {
		if err := l.lasts(ctx); err != nil {
			return nil, err
		}
		l.now = at.UnixNano()
		v.at = clockTime(at)
		l.view.Store(&v)
		return nil, nil
	}
	if err := l.wake(ctx); err != nil {
		return nil, l.deposed(ctx, err)
	}
	if err := l.accept(ctx, &input{what: stepClock, at: at}); err != nil {
		return nil, err
	}
	st := l.begin(v.snapshot, at)
	st.pass()
	return st.finish(), nil
}

// clockTime returns the time without location and without the reading of another clock.
func clockTime(t time.Time) time.Time { return time.Unix(0, t.UnixNano()).UTC() }

// ready returns nil if a step can be done at at. Tags that have been declared meanwhile are taken in.
func (l *Live) ready(ctx context.Context, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !validClock(at) {
		return fmt.Errorf("%w: the clock must be in years 1678 to 2261", ErrMoment)
	}
	if at.UnixNano() < l.now {
		return fmt.Errorf("%w: from %s to %s", ErrClock, l.view.Load().at.Format(time.RFC3339Nano), clockTime(at).Format(time.RFC3339Nano))
	}
	v := l.view.Load()
	now := l.ix.Snapshot()
	if now == v.snapshot {
		return nil
	}
	if !v.snapshot.sameData(now) {
		return ErrWriter
	}
	next := *v
	next.snapshot = now
	l.view.Store(&next)
	return nil
}

// sameData tells whether t holds for the same customers the same values as s, which it came after.
func (s *Snapshot) sameData(t *Snapshot) bool {
	if s.epoch != t.epoch || s.ids.len() != t.ids.len() || !slices.Equal(s.exists, t.exists) {
		return false
	}
	for i := range t.data {
		if i >= len(s.data) {
			if len(t.data[i].columns) > 0 {
				return false
			}
		} else if !slices.Equal(s.data[i].columns, t.data[i].columns) {
			return false
		}
	}
	return true
}

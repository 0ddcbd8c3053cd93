package main

import (
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

// maxLatest is how many notices the page can look back on.
const maxLatest = 50

// maxSpeed is the greatest speed of the clock: a week passes in a second.
const maxSpeed = 7 * 24 * time.Hour

// simulation moves live segments through time: what customers do, every few minutes, and whatever happens because time
// passes, is a step at its own moment. Safe for concurrent use.
type simulation struct {
	live  *segment.Live
	loc   *time.Location
	until time.Time     // where the clock stops; zero: nowhere
	about string        // what the page says of the customers
	wake  chan struct{} // has an element when there may be notices to deliver

	mu     sync.Mutex // held while a step is taken
	ahead  []event    // what customers will do, in the order of time
	speed  time.Duration
	latest []segment.Notice // ascending, at most maxLatest
	book   book
}

// moves counts notices. Safe for concurrent reads.
type moves struct{ Entered, Left int }

// newSimulation returns a simulation that goes on where live and the book are, with speed 0.
func newSimulation(ctx context.Context, live *segment.Live, b book, loc *time.Location) (*simulation, error) {
	s := &simulation{live: live, loc: loc, wake: make(chan struct{}, 1), book: b, about: "Customers change by POST /update."}
	if b.Customers > 0 {
		shop, err := newShop(b.Customers, loc)
		if err != nil {
			return nil, err
		}
		s.ahead, s.until = shop.ahead(s.now()), shop.until
		s.about = "Generated customers, who go on buying until " + s.until.Format(time.DateOnly) + "; nobody new arrives."
	}
	s.wake <- struct{}{} // some may be left over from before
	for n, err := range live.Notices(ctx, b.Counted-min(b.Counted, maxLatest)) {
		if err != nil {
			return nil, err
		}
		s.note([]segment.Notice{n})
	}
	return s, nil
}

// now returns the clock.
func (s *simulation) now() time.Time { return s.live.At().In(s.loc) }

// start sets the speed; if it is less than 0, to an hour a second for generated customers, and else to that of real time.
func (s *simulation) start(speed time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case speed >= 0:
		s.speed = speed
	case s.book.Customers > 0:
		s.speed = time.Hour
	default:
		s.speed = time.Second
	}
}

// step takes a step at the moment that the clock shows.
func (s *simulation) step(take func(at time.Time) ([]segment.Notice, error)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	notices, err := take(s.live.At())
	s.note(notices)
	return len(notices), err
}

// note keeps what the page shows of notices, of which those before may be counted already. It is called with mu held.
func (s *simulation) note(notices []segment.Notice) {
	if len(notices) == 0 {
		return
	}
	for _, n := range notices {
		s.book.count(n)
	}
	s.latest = append(s.latest, notices...)
	s.latest = slices.Delete(s.latest, 0, max(0, len(s.latest)-maxLatest))
	select {
	case s.wake <- struct{}{}:
	default: // told already
	}
}

// advance moves the clock to to, or to where it stops. It takes steps as long as more says so, and can end with the clock
// at an earlier moment.
func (s *simulation) advance(ctx context.Context, to time.Time, more func() bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.until.IsZero() && to.After(s.until) {
		to = s.until
	}
	for s.live.At().Before(to) && more() {
		at := to
		if next := s.live.Next(); !next.IsZero() && next.Before(at) {
			at = next
		}
		var notices []segment.Notice
		var err error
		if told := s.told(at); len(told) > 0 {
			if notices, err = s.apply(ctx, told); err == nil {
				s.ahead = s.ahead[len(told):]
			}
		} else {
			notices, err = s.live.Advance(ctx, at)
		}
		if err != nil {
			return err
		}
		s.note(notices)
	}
	return nil
}

// told returns the events that come next, if the live segments are told of them by at: all of the same moment, so that
// the clock alone says which of them are done.
func (s *simulation) told(at time.Time) []event {
	n := 0
	for n < len(s.ahead) && s.ahead[n].told() == s.ahead[0].told() && s.ahead[n].told() <= at.Unix() {
		n++
	}
	return s.ahead[:n]
}

// apply tells the live segments of events of one moment. The probability of still buying stays what it was: a model finds
// it, every week.
func (s *simulation) apply(ctx context.Context, events []event) ([]segment.Notice, error) {
	b := &segment.Batch{At: time.Unix(events[0].told(), 0)}
	spend := map[int64]int64{}
	for _, e := range events {
		id := customer.FromInt64(e.customer)
		if e.fen >= 0 {
			b.Increment(id, "orders", customer.Int64Value(1))
			b.Set(id, "last_order", customer.TimeValue(time.Unix(e.unix, 0)))
		}
		if _, known := spend[e.customer]; !known {
			before, err := s.live.Snapshot().Value(ctx, id, "spend")
			if err != nil {
				return nil, err
			}
			spend[e.customer] = fenOf(before)
		}
		spend[e.customer] += e.fen
		tier := tierOf(spend[e.customer])
		b.Set(id, "spend", customer.DecimalValue(spend[e.customer], 2))
		b.Set(id, "vip", customer.BoolValue(tier >= 2))
		b.Set(id, "会员等级", customer.TextValue(tiers[tier]))
	}
	return s.live.Apply(ctx, b.At, b)
}

// fenOf returns an amount in yuan in fen.
func fenOf(v customer.Value) int64 {
	n, scale, _ := v.Decimal()
	for ; scale < 2; scale++ {
		n *= 10
	}
	return n
}

// run lets the clock go, at its speed or as fast as steps can be taken, until ctx ends.
func (s *simulation) run(ctx context.Context) error {
	const beat = 100 * time.Millisecond
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s.mu.Lock()
		speed := s.speed
		s.mu.Unlock()
		began := time.Now()
		to := s.live.At().Add(time.Duration(speed.Seconds() * float64(beat)))
		err := s.advance(ctx, to, func() bool { return time.Since(began) < beat/2 }) // others take steps as well
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// deliver hands notices to sink as they come, until ctx ends, and keeps how far it is. What fails is tried again with the
// notices that come next.
func (s *simulation) deliver(ctx context.Context, kept store.Store, sink notify.Sink) error {
	cursor, err := notify.StoreCursor(kept, cursorKey)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		_, err := notify.Run(ctx, s.live, sink, cursor, nil)
		if err = errors.Join(err, s.keep(ctx, kept)); err != nil && ctx.Err() == nil {
			log.Printf("audience: %v", err)
		}
	}
}

// keep writes the book.
func (s *simulation) keep(ctx context.Context, kept store.Store) error {
	s.mu.Lock()
	b := s.book
	b.Counts = maps.Clone(b.Counts)
	s.mu.Unlock()
	return b.write(ctx, kept)
}

// webhook returns a sink that posts to a receiver of this process, whose address is url.
func webhook(url string, secret notify.Secret, source string) (notify.Sink, error) {
	return notify.Webhook(url, &notify.WebhookOptions{Secrets: []notify.Secret{secret}, Source: source, Now: time.Now})
}

// newSecret returns a secret that random says.
func newSecret(random io.Reader) (notify.Secret, error) {
	var key [notify.MinSecret]byte
	_, err := io.ReadFull(random, key[:])
	secret, bad := notify.NewSecret(key[:])
	return secret, errors.Join(err, bad)
}

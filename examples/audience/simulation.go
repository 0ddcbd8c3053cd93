package main

import (
	"context"
	"errors"
	"io"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

// maxLatest is how many notices the page can look back on.
const maxLatest = 50

// maxSpeed is the greatest speed of the clock: a week passes in a second.
const maxSpeed = 7 * 24 * time.Hour

// simulation moves live segments through time: whatever a customer does, and whatever happens because time passes, is a
// step at its own moment. Safe for concurrent use.
type simulation struct {
	live  *segment.Live
	loc   *time.Location
	start time.Time     // what the clock began with
	until time.Time     // where the clock stops; zero: nowhere
	about string        // what the page says of the customers
	wake  chan struct{} // has an element when there are notices to deliver

	mu     sync.Mutex // held while a step is taken
	ahead  []event    // what customers will do, in the order of time
	speed  time.Duration
	latest []segment.Notice // ascending, at most maxLatest
	counts map[segment.Cause]moves
	sizes  []sizes       // ascending by time, at most maxSizes
	every  time.Duration // between two of sizes
}

// sizes are the members of all segments at a moment. Safe for concurrent reads.
type sizes struct {
	at      time.Time
	members map[string]int
}

// maxSizes is how many sizes are kept at most.
const maxSizes = 256

// moves counts notices. Safe for concurrent reads.
type moves struct{ Entered, Left int }

// newSimulation returns a simulation whose clock stands at at, with speed 0.
func newSimulation(ix *segment.Index, at time.Time, loc *time.Location, definitions ...segment.Definition) (*simulation, error) {
	live, err := segment.NewLive(ix, &segment.LiveOptions{At: at, Location: loc, Definitions: definitions, Author: "audience"})
	if err != nil {
		return nil, err
	}
	s := &simulation{
		live: live, loc: loc, start: at, wake: make(chan struct{}, 1), counts: map[segment.Cause]moves{}, every: 10 * time.Minute,
	}
	s.measure()
	return s, nil
}

// newGeneratedSimulation returns that of a generated shop.
func newGeneratedSimulation(s *shop, loc *time.Location) (*simulation, error) {
	sim, err := newSimulation(s.index, s.asOf, loc, generatedSegments...)
	if err != nil {
		return nil, err
	}
	sim.ahead, sim.until = s.ahead, s.until
	sim.about = "Generated customers, who go on buying until " + s.until.Format(time.DateOnly) + "; nobody new arrives."
	return sim, nil
}

// now returns the clock.
func (s *simulation) now() time.Time { return s.live.At().In(s.loc) }

// step takes a step at the moment that the clock shows.
func (s *simulation) step(take func(at time.Time) ([]segment.Notice, error)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	notices, err := take(s.live.At())
	s.note(notices)
	return len(notices), err
}

// measure notes the sizes of the segments, if it is time. Of too many every second one goes. It is called with mu held.
func (s *simulation) measure() {
	at, n := s.live.At(), len(s.sizes)
	if n > 0 && at.Before(s.sizes[n-1].at.Add(s.every)) {
		return
	}
	if n == maxSizes {
		for i := range n / 2 {
			s.sizes[i] = s.sizes[2*i]
		}
		s.sizes = s.sizes[:n/2]
		s.every *= 2
	}
	z := sizes{at, map[string]int{}}
	for _, v := range s.live.Definitions() {
		z.members[v.Definition.Name], _ = s.live.Len(v.Definition.Name) // fails for a name that is not there alone
	}
	s.sizes = append(s.sizes, z)
}

// note keeps what the page shows of the notices of a step. It is called with mu held.
func (s *simulation) note(notices []segment.Notice) {
	if len(notices) == 0 {
		return
	}
	for _, n := range notices {
		c := s.counts[n.Reason]
		if n.Entered {
			c.Entered++
		} else {
			c.Left++
		}
		s.counts[n.Reason] = c
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
		if len(s.ahead) > 0 && s.ahead[0].unix <= at.Unix() {
			e := s.ahead[0]
			if notices, err = s.apply(ctx, e); err == nil {
				s.ahead = s.ahead[1:]
			}
		} else {
			notices, err = s.live.Advance(ctx, at)
		}
		if err != nil {
			return err
		}
		s.note(notices)
		s.measure()
	}
	return nil
}

// apply tells the live segments of an event.
func (s *simulation) apply(ctx context.Context, e event) ([]segment.Notice, error) {
	spent, err := s.live.Snapshot().Value(ctx, customer.FromInt64(e.customer), "spend")
	if err != nil {
		return nil, err
	}
	return s.live.Apply(ctx, e.batch(spent), time.Unix(e.unix, 0))
}

// batch returns what the event changes for somebody who has spent so much. The probability of still buying stays what it was: a model finds it, every week.
func (e event) batch(spent customer.Value) *segment.Batch {
	id, at := customer.FromInt64(e.customer), time.Unix(e.unix, 0)
	b := &segment.Batch{At: at}
	if e.fen >= 0 {
		b.Increment(id, "orders", customer.Int64Value(1))
		b.Set(id, "last_order", customer.TimeValue(at))
	}
	spend := fenOf(spent) + e.fen
	tier := tierOf(spend)
	b.Set(id, "spend", customer.DecimalValue(spend, 2))
	b.Set(id, "vip", customer.BoolValue(tier >= 2))
	b.Set(id, "会员等级", customer.TextValue(tiers[tier]))
	return b
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

// deliver hands notices to sink as they come, until ctx ends. What fails is tried again with the notices that come next.
func (s *simulation) deliver(ctx context.Context, sink notify.Sink) error {
	cursor := notify.MemoryCursor(notify.Place{})
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		}
		if _, err := notify.Run(ctx, s.live, sink, cursor, nil); err != nil && ctx.Err() == nil {
			log.Printf("audience: %v", err)
		}
	}
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

package profile

import (
	"context"
	"errors"
	"fmt"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// A position is how far the feed of changes has been followed.
type position struct {
	cursor customer.Cursor
	// target is a head of the feed, which has both sides of every change or neither. All
	// who follow go to the same one; the cursor never goes beyond it.
	target customer.Cursor
	// learned is from when on what was taken in last is known, in unix microseconds: of all
	// calls so far the latest time.
	learned int64
	version store.Version
}

// round is a number that only grows, of the target.
func (at *position) round() (n uint64) {
	for _, last := range at.target {
		n += last
	}
	return n
}

// settled tells whether every change that was followed was followed on both sides.
func (at *position) settled() bool { return at.cursor == at.target }

func (at *position) data() []byte {
	w := wire.Sized("profile/follow", 2, 512)
	for _, c := range []customer.Cursor{at.cursor, at.target} {
		for _, n := range c {
			w.Uint(n)
		}
	}
	w.Int(at.learned)
	return w.Data()
}

// readPosition reads a position; one that is not there is the beginning.
func readPosition(e store.Entry) (*position, error) {
	at := &position{learned: -never, version: e.Version}
	if e.Version == 0 {
		return at, nil
	}
	r := wire.Read(e.Value)
	r.Expect("profile/follow", 2)
	for _, c := range []*customer.Cursor{&at.cursor, &at.target} {
		for shard := range c {
			c[shard] = r.Uint()
		}
	}
	if r.Version() > 1 {
		at.learned = r.Int()
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("profile: position in the feed: %w", err)
	}
	return at, nil
}

// position reads how far the feed has been followed.
func (p *Profiles) position(ctx context.Context) (*position, error) {
	e, err := p.s.Get(ctx, []byte(followKey))
	if err != nil {
		return nil, err
	}
	return readPosition(e[0])
}

// errOvertaken says that another process has followed the feed meanwhile.
var errOvertaken = errors.New("profile: another process follows the feed")

const (
	// windowChanges and windowAtoms are how much of the feed is read ahead of what is
	// written, so that the two sides of a change find each other.
	windowChanges = 4096
	windowAtoms   = 1 << 16
)

// follow takes in the changes of the feed that are visible when it begins, as known from a time
// on but not before what was taken in earlier, and returns how many this call took in. Others may follow at the same time. Then it
// finishes erasures.
//
// Everything that a commit takes is one commit, up to some two hundred changes of an atom
// each on a store of the least limits. More are several, in the order of their times as far
// as the window reaches, each of which has both sides of its changes wherever that fits.
// Until the last, position.settled is false, and of a change whose sides were parted an atom
// may be with both customers or with neither.
//
// ErrCursorExpired and ErrCursorUnknown of the feed are returned wrapped.
func (p *Profiles) follow(ctx context.Context, learned int64, feed customer.Feed) (changes int, err error) {
	var goal *customer.Cursor
	for {
		at, err := p.position(ctx)
		if err != nil {
			return changes, err
		}
		if at.settled() {
			// Before anything else is followed: what slices have been erased shows while they
			// lie as they did.
			if err := p.finishErasures(ctx, at); err != nil {
				return changes, err
			}
			if goal != nil && at.cursor.Covers(*goal) {
				return changes, nil
			}
			head, err := feed.Head(ctx)
			switch {
			case err != nil:
				return changes, fmt.Errorf("profile: head of the feed: %w", err)
			case !head.Covers(at.cursor):
				return changes, fmt.Errorf("profile: the feed ends before what was followed: %w", customer.ErrCursorUnknown)
			}
			at.target = head
			if goal == nil {
				goal = &head
			}
			if at.settled() {
				return changes, nil
			}
		}
		n, err := p.followTo(ctx, learned, feed, at)
		changes += n
		if err != nil && !errors.Is(err, errOvertaken) {
			return changes, err
		}
	}
}

// followTo takes in the changes up to the target.
func (p *Profiles) followTo(ctx context.Context, learned int64, feed customer.Feed, at *position) (changes int, err error) {
	var window []customer.Change
	atoms, read := 0, at.cursor
	for c, err := range feed.Changes(ctx, at.cursor) {
		if err != nil {
			return changes, fmt.Errorf("profile: changes of the feed: %w", err)
		}
		if c.Shard < 0 || c.Shard >= customer.Shards {
			return changes, fmt.Errorf("profile: changes of the feed: %w", c.Validate())
		}
		if c.Seq > at.target[c.Shard] {
			continue
		}
		if err := read.Advance(c); err != nil {
			return changes, fmt.Errorf("profile: changes of the feed: %w", err)
		}
		window = append(window, c)
		if atoms += len(c.Atoms); len(window) < windowChanges && atoms < windowAtoms {
			continue
		}
		n, err := p.take(ctx, learned, at, window)
		if changes += n; err != nil {
			return changes, err
		}
		window, atoms = window[:0], 0
	}
	n, err := p.take(ctx, learned, at, window)
	if changes += n; err != nil {
		return changes, err
	}
	if !at.settled() {
		return changes, fmt.Errorf("profile: the feed ends before its head: %w", customer.ErrCursorUnknown)
	}
	return changes, nil
}

// take takes in changes in as few commits as it can, and moves the position.
func (p *Profiles) take(ctx context.Context, learned int64, at *position, window []customer.Change) (changes int, err error) {
	steps := stepsOf(window)
	most := len(steps)
	quick := most // no more than that, lest who adds all the time is always quicker
	for len(steps) > 0 {
		var taken, tries int
		var erased []customer.AtomID
		var next position
		version, err := store.Update(ctx, p.s, p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
			if tries++; tries > 2 {
				quick = max(1, min(quick, taken)/2)
			}
			f, err := p.following(ctx, learned, at, steps[:min(most, quick, len(steps))])
			if err != nil {
				return nil, err
			}
			taken, next = f.taken, *at
			next.learned = f.learned
			for i := range steps[:taken] {
				if s := &steps[i]; s.ends() {
					if err := next.cursor.Advance(*s.change); err != nil {
						return nil, fmt.Errorf("profile: changes of the feed: %w", err)
					}
				}
				if err := f.apply(&steps[i]); err != nil {
					return nil, err
				}
			}
			if err := f.turn(ctx, p); err != nil {
				return nil, err
			}
			erased = f.marks
			return f.batch(&next), nil
		})
		if errors.Is(err, store.ErrTooLarge) && taken > 1 {
			most = taken / 2
			continue
		}
		if err != nil {
			return changes, err
		}
		p.o.Vault.Forget(erased...)
		next.version = version
		*at = next
		quick = min(most, 2*quick)
		for i := range steps[:taken] {
			if steps[i].ends() {
				changes++
			}
		}
		steps = steps[taken:]
	}
	return changes, nil
}

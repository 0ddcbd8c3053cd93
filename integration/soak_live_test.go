package integration

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// openLive opens the live segments, to write them or to read them.
func (v *service) openLive(ctx context.Context, ready *readiness) error {
	s, err := store.Prefixed(v.s, []byte(soakSets))
	if err != nil {
		return err
	}
	started := time.Now()
	o := &segment.OpenOptions{
		Live: segment.LiveOptions{
			At: soakBegin, Location: time.UTC, Definitions: soakSegments(), Actor: "soak", Keep: soakKeep,
		},
		Index: segment.Options{Tags: soakIndexTags},
		Clock: time.Now, Lease: v.Lease, Owner: fmt.Sprint("process of part ", v.Part),
		LogBytes: v.LogBytes, Reader: v.Part != 0,
		Failed: func(err error) { v.fail(fmt.Errorf("checkpoint: %w", err)) },
	}
	for {
		try := time.Now()
		v.live, err = segment.OpenLive(ctx, s, o)
		ready.Open = time.Since(try)
		if err == nil {
			break
		}
		if !errors.Is(err, segment.ErrLease) && !errors.Is(err, segment.ErrReader) || time.Since(started) > time.Minute {
			return fmt.Errorf("open live segments: %w", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	ready.Lease = time.Since(started) - ready.Open
	if v.Part != 0 {
		f, err := newFold(ctx, v.live)
		if err != nil {
			return err
		}
		v.fold = f
		v.others.Go(func() { v.again(10*time.Millisecond, v.follow) })
		return nil
	}
	if err := v.read(ctx); err != nil {
		return err
	}
	return v.step(ctx)
}

// soakKeep is how many notices are kept.
const soakKeep = 20_000

// A fold is the members of segments that follow from notices. Not safe for concurrent use.
type fold struct {
	last    uint64 // number of the last notice; 0: not known
	members map[string]map[customer.ID]bool
}

// newFold begins with the members there are.
func newFold(ctx context.Context, l *segment.Live) (*fold, error) {
	f := &fold{members: map[string]map[customer.ID]bool{}}
	for _, d := range l.Definitions() {
		ids, err := membersOf(ctx, l, d.Definition.Name)
		if err != nil {
			return nil, err
		}
		f.members[d.Definition.Name] = ids
	}
	return f, nil
}

// membersOf returns the members of a live segment.
func membersOf(ctx context.Context, l *segment.Live, name string) (map[customer.ID]bool, error) {
	set, err := l.Set(ctx, name)
	if err != nil {
		return nil, err
	}
	return idsOf(ctx, l, set)
}

func idsOf(ctx context.Context, l *segment.Live, set segment.Set) (map[customer.ID]bool, error) {
	ids := map[customer.ID]bool{}
	for id, err := range l.Snapshot().IDs(ctx, set) {
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, nil
}

// take takes notices in, of which each has the next number, and lets in whom it finds
// outside or the other way round.
func (f *fold) take(told []segment.Notice) error {
	for _, n := range told {
		if f.last > 0 && n.Number != f.last+1 {
			return fmt.Errorf("notice %d after %d", n.Number, f.last)
		}
		f.last = n.Number
		if f.members[n.Segment] == nil {
			f.members[n.Segment] = map[customer.ID]bool{}
		}
		if f.members[n.Segment][n.Customer] == n.Entered {
			return fmt.Errorf("notice %d: entered %v where it was so already", n.Number, n.Entered)
		}
		if n.Entered {
			f.members[n.Segment][n.Customer] = true
		} else {
			delete(f.members[n.Segment], n.Customer)
		}
	}
	return nil
}

// agree tells whether the members of all segments are those that follow from the notices.
func (f *fold) agree(ctx context.Context, l *segment.Live) error {
	for _, d := range l.Definitions() {
		name := d.Definition.Name
		ids, err := membersOf(ctx, l, name)
		if err != nil {
			return err
		}
		if !maps.Equal(ids, f.members[name]) {
			return fmt.Errorf("%s has %d members, and by notices up to %d %d", name, len(ids), f.last, len(f.members[name]))
		}
	}
	return nil
}

// digest is a sum of all members.
func (f *fold) digest() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f.members)) {
		fmt.Fprintln(sum, name, len(f.members[name]))
		for _, id := range slices.SortedFunc(maps.Keys(f.members[name]), func(a, b customer.ID) int { return bytes.Compare(a[:], b[:]) }) {
			sum.Write(id[:])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// follow takes in what the writer has written, and looks every now and then whether members
// and notices agree, and whether the members of a rule are those whom it selects.
func (v *service) follow(ctx context.Context) error {
	told, err := v.live.Follow(ctx)
	if errors.Is(err, segment.ErrExpiredNotices) {
		v.count(func(c *figures) { c.Expired++ })
		v.fold, err = newFold(ctx, v.live)
		return err
	}
	if err == nil {
		err = v.fold.take(told)
	}
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	v.count(func(c *figures) { c.Followed += int64(len(told)) })
	if rand.IntN(20) > 0 {
		return nil
	}
	if err := v.fold.agree(ctx, v.live); err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	for _, d := range v.live.Definitions() {
		if name := d.Definition.Name; name == "southern" || name == "big" || name == "tea" {
			n, err := v.live.Snapshot().Count(ctx, segment.Query{Rule: d.Definition.Rule})
			if err != nil {
				return err
			}
			if n != len(v.fold.members[name]) {
				return fmt.Errorf("follow: %s has %d members, and its rule selects %d", name, len(v.fold.members[name]), n)
			}
		}
	}
	v.count(func(c *figures) { c.Compared++ })
	return nil
}

// query asks something.
func (v *service) query(ctx context.Context, r *rand.Rand, rules []segment.Rule) error {
	s := v.live.Snapshot()
	q := segment.Query{Rule: rules[r.IntN(len(rules))], AsOf: v.live.At(), Location: time.UTC}
	switch r.IntN(4) {
	case 0:
		_, err := s.Count(ctx, q)
		return err
	case 1:
		ids, _, err := s.Page(ctx, q, segment.Cursor{}, 50)
		if err != nil || len(ids) == 0 {
			return err
		}
		id := ids[r.IntN(len(ids))]
		row, err := s.Row(ctx, id)
		if err == nil && len(row) == 0 {
			err = fmt.Errorf("%v has no row", id)
		}
		return err
	case 2:
		_, err := s.Sum(ctx, q, "spent")
		return err
	default:
		defs := soakSegments()
		name := defs[r.IntN(len(defs))].Name
		set, err := v.live.Set(ctx, name)
		if err != nil {
			return err
		}
		n := 0
		for _, err := range v.live.Snapshot().IDs(ctx, set) {
			if err != nil {
				return err
			}
			if n++; n == 20 {
				break
			}
		}
		return nil
	}
}

// backup copies the live segments, while all goes on, into a store beside the one there is.
func (v *service) backup(ctx context.Context) (time.Duration, error) {
	to, err := openBackup(ctx, v.Place, v.Dir)
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	err = v.live.Backup(ctx, to)
	took := time.Since(begun)
	if err := errors.Join(err, to.Close()); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return took, nil
}

func openBackup(ctx context.Context, name, dir string) (store.Store, error) {
	place, err := placeOf(name)
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "backup")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return place.open(ctx, dir, 4)
}

// end does what is left when all else has ended: the writer brings all up to date as of a
// time, the reader follows up to the number of a notice.
func (v *service) end(ctx context.Context, rest string) error {
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return err
	}
	if v.Part != 0 {
		for uint64(n) > v.fold.last {
			if err := v.follow(ctx); err != nil {
				return err
			}
		}
		if err := v.fold.agree(ctx, v.live); err != nil {
			return err
		}
		v.say("s", v.fold.digest())
		return nil
	}
	at := time.Unix(0, n).UTC()
	if _, err := v.p.Sync(ctx, at, v.g); err != nil {
		return err
	}
	if err := v.handOn(ctx, func() time.Time { return at }); err != nil {
		return err
	}
	told, err := v.live.Advance(ctx, at)
	if err != nil {
		return err
	}
	v.stepped(told)
	return v.deliver(ctx)
}

package segment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/parallel"
)

var (
	// ErrClock is wrapped where the clock of a Live would go back.
	ErrClock = errors.New("segment: clock goes back")
	// ErrWriter says that somebody else than the Live has written to its index, or has compacted it: what the Live knows of
	// the members is out of date, and a new one has to be made.
	ErrWriter = errors.New("segment: index was written to behind the back of its live segments")
	// ErrInUse is wrapped where a live segment cannot be dropped, as the rule of another one names it.
	ErrInUse = errors.New("segment: segment is named by the rule of another one")
	// ErrExpiredNotices is wrapped where the notices asked for are not kept any more, or have never been given.
	ErrExpiredNotices = errors.New("segment: notices are not kept")
)

// DefaultKeep is the default of LiveOptions.Keep.
const DefaultKeep = 1 << 20

// LiveOptions are the settings of a Live. Safe for concurrent reads.
type LiveOptions struct {
	// At is what the clock begins with; it must be set, in years 1678 to 2261.
	At time.Time
	// Location is where local days begin and end; rules of days, anniversaries and dates need it.
	Location *time.Location
	// Definitions are the segments it begins with, as version 1. Who is a member at At has not entered: no notice says so.
	Definitions []Definition
	// Actor is whom the history of Definitions names; "" is nobody.
	Actor string
	// After is the number of the last notice that was given before, by a Live that is no more: the first notice has the next
	// number, and those up to After are not kept. 0 is none. Who keeps how far it has got in the notices, as a cursor of package
	// notify in a store does, must pass the number that it has, or takes new notices for those of the Live before.
	After uint64
	// Keep is the least number of notices that are kept for Live.Notices, of about 80 bytes each, and always those of the last
	// step; 0 means DefaultKeep. Up to 2,048 more may be kept, but not more than twice as many.
	Keep int
	// Workers is the number of goroutines that evaluate definitions; 0 means GOMAXPROCS. Nothing depends on it.
	Workers int
}

// Live keeps the members of segments up to date while customers change and time passes, and tells who entered and who
// left. One goroutine at a time takes a step, others wait; whoever reads waits for nobody and sees what the last step
// left. Safe for concurrent use.
type Live struct {
	mu      sync.Mutex // held by who takes a step
	ix      *Index
	loc     *time.Location
	keep    int
	workers int
	few     int      // in tests: how many touched customers of a segment are many; 0: see room
	journal *journal // nil: nothing is stored

	segments   map[string]*liveSegment
	byName     []*liveSegment
	order      []*liveSegment // those first that others name
	blank      []*liveSegment // that may select a customer without values
	dwelling   []*liveSegment // whose definitions have a Dwell
	retired    map[string]int // last versions of dropped names
	conditions conditions
	now, next  int64 // the clock, and when something may happen by itself, in nanoseconds since 1970
	day        civil.Day
	told       noticeLog // the newest notices
	last       uint64    // the number of the newest

	shelf  *shelf // where it is kept; nil: nowhere
	paged  uint64 // up to which notice the shelf has them
	asleep bool   // what steps need is still on the shelf: see wake

	view atomic.Pointer[liveView]
}

// liveView is what readers see. It is not changed once published.
type liveView struct {
	snapshot *Snapshot
	at, next time.Time
	places   map[string]int
	segments []*segmentView
	told     noticeLog
	last     uint64
	shelf    *shelf // that has the notices before; nil: nobody
}

// segmentView is what readers see of a segment.
type segmentView struct {
	members, held []bitset.Set
	count         int
	kept          *shelvedSegment // where they lie if they have not been read when the view was made; nil: here
}

// NewLive returns the live segments of an index, which the Live alone writes to from now on: Index.Apply, Load and Compact
// must not be called, Declare may. What is wrong with the options is one error, several are joined. Cost: the evaluation
// of all definitions.
func NewLive(ix *Index, o *LiveOptions) (*Live, error) {
	if o == nil {
		o = &LiveOptions{}
	}
	var errs []error
	if !o.begins() {
		errs = append(errs, errAt)
	}
	if o.Keep < 0 {
		errs = append(errs, fmt.Errorf("%w: Keep must not be negative", ErrOptions))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	l := emptyLive(ix, o)
	if _, err := l.take(context.Background(), o.input()); err != nil {
		return nil, err
	}
	return l, nil
}

var errAt = fmt.Errorf("%w: At must be set, in years 1678 to 2261", ErrOptions)

// begins tells whether At is set as it has to be.
func (o *LiveOptions) begins() bool { return !o.At.IsZero() && validClock(o.At) }

// input returns what the first step is given.
func (o *LiveOptions) input() *input {
	return &input{
		what: stepBegin, at: o.At, actor: o.Actor, definitions: o.Definitions,
	}
}

// locationName returns the name of a location, "" for none.
func locationName(loc *time.Location) string {
	if loc == nil {
		return ""
	}
	return loc.String()
}

// emptyLive returns a Live without segments before its first step.
func emptyLive(ix *Index, o *LiveOptions) *Live {
	l := &Live{
		ix: ix, loc: o.Location, keep: o.Keep, workers: parallel.Workers(o.Workers),
		segments: map[string]*liveSegment{}, retired: map[string]int{}, now: o.At.UnixNano(), next: never, last: o.After, paged: o.After,
	}
	if l.keep == 0 {
		l.keep = DefaultKeep
	}
	l.told.size = min(l.keep, noticeBlock)
	l.view.Store(&liveView{snapshot: ix.Snapshot(), at: clockTime(o.At), told: l.told, last: o.After})
	return l
}

// Snapshot returns the index as the last step left it.
func (l *Live) Snapshot() *Snapshot { return l.view.Load().snapshot }

// At returns the clock, in UTC.
func (l *Live) At() time.Time { return l.view.Load().at }

// Next returns the first instant at which a customer may enter or leave because time passes: until then Advance does
// nothing. It may be early, as when the rule has another condition that does not hold, but never late. It is the
// zero time if there is none before year 2262.
func (l *Live) Next() time.Time { return l.view.Load().next }

// Set returns the members of a segment, as a set of Snapshot: it can be used as Query.Sets. An error wraps ErrUnknown:
// there is no such segment. Cost: as Snapshot.Set.
func (l *Live) Set(ctx context.Context, name string) (Set, error) {
	v, g, err := l.see(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Set{}, err
	}
	members, _, err := g.sets(ctx)
	if err != nil {
		return Set{}, err
	}
	return v.set(members), nil
}

// HeldOut returns those who would be members of a segment if they were not held out, whatever its Cap: Stay and Dwell hold for
// them as for members. Errors and cost are those of Members.
func (l *Live) HeldOut(ctx context.Context, name string) (Set, error) {
	v, g, err := l.see(name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Set{}, err
	}
	_, held, err := g.sets(ctx)
	if err != nil {
		return Set{}, err
	}
	return v.set(held), nil
}

// sets returns the members and those held out.
func (g *segmentView) sets(ctx context.Context) (members, held []bitset.Set, err error) {
	if g.kept == nil {
		return g.members, g.held, nil
	}
	return g.kept.sets(ctx)
}

// Len returns the number of members of a segment. An error wraps ErrUnknown.
func (l *Live) Len(name string) (int, error) {
	_, g, err := l.see(name)
	if err != nil {
		return 0, err
	}
	return g.count, nil
}

func (l *Live) see(name string) (*liveView, *segmentView, error) {
	v := l.view.Load()
	place, ok := v.places[name]
	if !ok {
		return nil, nil, lookupError(name)
	}
	return v, v.segments[place], nil
}

func lookupError(name string) error { return fmt.Errorf("%w: live segment %q", ErrUnknown, name) }

func (v *liveView) set(chunks []bitset.Set) Set {
	return Set{Index: v.snapshot.index, Epoch: v.snapshot.epoch, Bitmap: bitset.ToRoaring(chunks)}
}

// Definitions returns the definitions in force, ascending by name. It waits for a step under way.
func (l *Live) Definitions() []Version {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Version, len(l.byName))
	for i, g := range l.byName {
		all[i] = g.history[len(g.history)-1]
	}
	return all
}

// History returns the definitions that a segment has had, the oldest first, and how many members it has had, at each
// change; where these are more than 1,024 it is one for every second change, for every fourth and so on, and the last. An
// error wraps ErrUnknown. It waits for a step under way.
func (l *Live) History(name string) ([]Version, []Size, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.segments[name]
	if g == nil {
		return nil, nil, lookupError(name)
	}
	return slices.Clone(g.history), slices.Clone(g.sizes.kept), nil
}

// schedule finds next.
func (l *Live) schedule(s *Snapshot) {
	l.next = never
	for _, x := range l.conditions.tests {
		if x == nil {
			continue
		}
		for _, th := range x.thresholds {
			l.next = min(l.next, th.next)
		}
		if len(x.years) > 0 && slices.ContainsFunc(s.data[x.tag].columns, func(col column) bool { return col != nil }) {
			l.next = min(l.next, l.conditions.nextDay())
		}
	}
	for _, g := range l.dwelling {
		l.next = min(l.next, g.nextDue())
	}
}

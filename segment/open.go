package segment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/store"
)

const (
	// DefaultLease is the default of OpenOptions.Lease.
	DefaultLease = 10 * time.Second
	// DefaultLogBytes is the default of OpenOptions.LogBytes.
	DefaultLogBytes = 64 << 20
)

// OpenOptions are the settings of OpenLive. Safe for concurrent reads.
type OpenOptions struct {
	// Live is what live segments begin with. Where the store holds some already At, Definitions, Actor and After mean nothing,
	// and Location must have the name of before, and mean the same: of two machines time.Local may not.
	Live LiveOptions
	// Index is what the index begins with where the store holds none; with From only Infer of it is used then, and its Workers
	// always.
	Index Options
	// From is what the index begins with where the store holds none, so that much can be loaded at once before. It is copied,
	// and sets of it can be used as those of a snapshot that was written to a file and read.
	From *Snapshot
	// Clock tells the time by which leases end; it must be set unless Reader. Clocks of processes that differ let one take over
	// too early or too late, but never two write.
	Clock func() time.Time
	// Lease is for how long the writer keeps others from taking over, counted from a step, which renews it once less than half is
	// left; 0 means DefaultLease. Who takes no step for as long may find that another process has taken over.
	Lease time.Duration
	// Owner is whom the errors of others name who cannot write meanwhile, such as a host and a process.
	Owner string
	// Reader says that another process writes, and this one only reads: it sees what Live.Follow has taken in.
	Reader bool
	// LogBytes is how much the log of steps may grow until a checkpoint is written in the background; 0 means DefaultLogBytes.
	LogBytes int64
	// Failed is told why a checkpoint in the background failed, from a goroutine of its own for which Close does not wait; the next
	// is tried when the log has grown as much again. nil tells nobody.
	Failed func(error)
	// Backoff says how often to try again where the store is not available or gives way to others; nil is the defaults.
	Backoff *store.Backoff

	limits *store.Limits // in tests: of the log, lower than those of the store
}

// check returns a copy with the defaults.
func (o *OpenOptions) check() (OpenOptions, error) {
	if o == nil {
		o = &OpenOptions{}
	}
	c := *o
	var errs []error
	fault := func(wrong bool, text string) {
		if wrong {
			errs = append(errs, fmt.Errorf("%w: %s", ErrOptions, text))
		}
	}
	fault(c.Clock == nil && !c.Reader, "Clock must be set")
	fault(c.Lease < 0, "Lease must not be negative")
	fault(c.LogBytes < 0, "LogBytes must not be negative")
	fault(c.Live.Keep < 0, "Live: Keep must not be negative")
	if c.Lease == 0 {
		c.Lease = DefaultLease
	}
	if c.LogBytes == 0 {
		c.LogBytes = DefaultLogBytes
	}
	return c, errors.Join(errs...)
}

// OpenLive opens the live segments that a store keeps, or begins them there. Every step is in the store before it is
// acknowledged: whatever happens to the process, no change and no notice that was acknowledged is lost or comes twice. What a step
// was given goes to a log; what has changed is written in the background, as a checkpoint, and the log before it deleted.
// All keys begin with segment/, so that several lie in one store by store.Prefixed.
//
// One process writes. It has a lease, which it renews with its steps and gives back by Live.Close; once the lease has run
// out another process may open the same and take over, from when on each step of the first is ErrLease. Others open it as
// Reader. A step of which the store cannot tell whether it happened is an error that wraps store.ErrUnknownOutcome; the next
// step finds out, and Snapshot.Version, Live.At and Live.Notices tell what became of it. An Advance before Next writes
// nothing, so that after opening anew the clock may be that of the step before.
//
// What tags hold, and the ids of customers, lie readable in the store: who may read it may read them, and sealing is for the
// store to do. What a customer had who is deleted goes in time: the first checkpoint after it names nothing of the customer
// any more, and the next one, which is written once there has been another step, deletes what the one before replaced, such as
// chunks of tags, members, ids and their hashes, and the log up to that one, in which the values had come and the deletion stands. It may
// take one more where another checkpoint failed or a Live.Backup was under way. The id stays longer in notices, until
// LiveOptions.Keep newer ones have been saved; and texts of Enum and Labels tags stay, without saying whose they were.
//
// An error wraps ErrLease: another process writes; ErrReader: there is nothing to read yet; ErrCorrupt: what is stored is
// damaged, or of a newer version; others are those of the store, and of the options where the store is empty. Cost: that of
// reading the last checkpoint, and of the steps since.
func OpenLive(ctx context.Context, s store.Store, o *OpenOptions) (*Live, error) {
	c, err := o.check()
	if err != nil {
		return nil, err
	}
	if c.From == nil {
		if _, err := New(&c.Index); err != nil {
			return nil, err
		}
	}
	j := &journal{s: s, o: c, saving: make(chan struct{}, 1)}
	if !c.Reader {
		if err := j.takeOver(ctx); err != nil {
			return nil, err
		}
	}
	l := &Live{journal: j}
	l.mu.Lock() // the first step may begin a checkpoint
	defer l.mu.Unlock()
	if err := l.load(ctx); err != nil {
		if !c.Reader {
			err = errors.Join(l.deposed(ctx, err), j.release(ctx))
		}
		return nil, err
	}
	return l, nil
}

// load makes l what the store holds. The caller holds l.mu.
func (l *Live) load(ctx context.Context) error {
	for {
		n, err := l.journal.load(ctx)
		if stale, staleErr := l.journal.stale(ctx, err); stale || staleErr != nil {
			if staleErr != nil {
				return staleErr
			}
			continue
		}
		if err != nil {
			return err
		}
		l.adopt(n)
		if l.journal.head.step > 0 {
			return nil
		}
		_, err = l.take(ctx, l.journal.o.Live.input())
		return err
	}
}

// stale tells whether err came of another process, the writer, having written a checkpoint meanwhile.
func (j *journal) stale(ctx context.Context, err error) (bool, error) {
	if !j.o.Reader || !errors.Is(err, errGap) && !errors.Is(err, ErrStale) {
		return false, nil
	}
	_, r, err := j.shelf.last(ctx)
	return err == nil && r != nil && r.berth() != j.shelf.root.Load().berth(), err
}

var errNothing = fmt.Errorf("%w: there are none yet", ErrReader)

// load returns what the store holds, as far as steps have been accepted.
func (j *journal) load(ctx context.Context) (*Live, error) {
	k := newShelf(j.s, j.o.Index.Workers)
	if !j.o.Reader {
		k.term, k.commit = j.term.number, func(ctx context.Context, b *store.Batch) error {
			_, err := j.commit(ctx, b)
			return err
		}
	}
	j.shelf = k
	x, err := k.open(ctx)
	if err != nil {
		return nil, err
	}
	h, version, err := j.readHead(ctx)
	switch {
	case version == 0 && x == nil && j.o.Reader:
		return nil, errNothing
	case err != nil:
		return nil, err
	case h.step == 0 && j.o.Reader:
		return nil, errNothing
	case h.step == 0: // nothing has happened, and options may be others
		if x, err = j.begin(ctx); err != nil {
			return nil, err
		}
	case x == nil:
		return nil, corrupt("root of live segments %w", errGap)
	case h.step < x.root.step:
		return nil, corrupt("live segments: the log ends at step %d, before the checkpoint at step %d", h.step, x.root.step)
	}
	if name := locationName(j.o.Live.Location); name != x.root.location {
		return nil, fmt.Errorf("%w: Live: Location is %q and has to be %q, as before", ErrOptions, name, x.root.location)
	}
	n := k.resume(x, &j.o.Live)
	n.journal = j
	j.since = 0
	if _, err := n.replay(ctx, x.root.step+1, h.step, func(uint64) {}); err != nil {
		return nil, err
	}
	j.head, j.headIs = h, version
	return n, nil
}

// begin writes what the store begins with, without segments, and reads it again.
func (j *journal) begin(ctx context.Context) (*restored, error) {
	if !j.o.Live.begins() {
		return nil, errAt
	}
	ix := &Index{infer: j.o.Index.Infer}
	if j.o.From != nil {
		s := *j.o.From // others may begin with it as well, and from here on positions mean something else there
		s.formerly, s.epoch = former{s.epoch, uint64(s.ids.len())}, byChance()
		ix.current.Store(&s)
	} else {
		var err error
		if ix, err = New(&j.o.Index); err != nil {
			return nil, err
		}
	}
	if err := j.shelf.save(ctx, emptyLive(ix, &j.o.Live).freeze()); err != nil {
		return nil, err
	}
	return j.shelf.open(ctx)
}

// adopt makes l what n is, which is used no more.
func (l *Live) adopt(n *Live) {
	l.ix, l.loc, l.keep, l.workers, l.few = n.ix, n.loc, n.keep, n.workers, max(l.few, n.few)
	l.segments, l.byName, l.order, l.blank, l.dwelling, l.retired = n.segments, n.byName, n.order, n.blank, n.dwelling, n.retired
	l.conditions, l.now, l.next, l.day, l.told, l.last = n.conditions, n.now, n.next, n.day, n.told, n.last
	l.shelf, l.paged, l.asleep = n.shelf, n.paged, n.asleep
	l.view.Store(n.view.Load())
}

// Declare adds tags, as Index.Declare does, in a step that gives no notices and leaves the clock as it is. Errors are those of
// Index.Declare and of a step.
func (l *Live) Declare(ctx context.Context, tags ...Tag) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.lead(ctx); err != nil {
		return err
	}
	v := l.view.Load()
	return l.declare(ctx, &input{what: stepDeclare, at: v.at, tags: tags})
}

// declare is Declare for who holds l.mu and may take a step.
func (l *Live) declare(ctx context.Context, in *input) error {
	l.ix.mu.Lock()
	defer l.ix.mu.Unlock()
	if err := l.ready(ctx, l.view.Load().at); err != nil {
		return err
	}
	next, err := l.ix.declare(in.tags)
	if err != nil || next == nil {
		return err
	}
	if err := l.accept(ctx, in); err != nil {
		return err
	}
	l.ix.current.Store(next)
	return l.ready(context.WithoutCancel(ctx), l.view.Load().at)
}

// Follow takes in what another process has written since, and returns the notices of that; after an error those of what was
// taken in before it. Only a Reader follows, others have nothing to. It should be called as often as the writer takes some
// thousand steps, else all has to be read anew. Errors are those of the store; wrap ErrCorrupt, as of OpenLive; or wrap
// ErrExpiredNotices: all was read anew, and not all notices since are kept. Cost: as the steps had for the writer.
func (l *Live) Follow(ctx context.Context) ([]Notice, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.journal
	if j == nil || !j.o.Reader {
		return nil, nil
	}
	told, err := l.hear(ctx, nil)
	if err != nil {
		return told, err
	}
	if !l.shelf.stale.Load() {
		h, version, err := j.readHead(ctx)
		if err != nil || version == j.headIs {
			return told, err
		}
		some, err := l.replay(ctx, j.head.step+1, h.step, func(step uint64) { j.head.step = step })
		told = append(told, some...)
		if err == nil {
			j.head, j.headIs = h, version
			return told, nil
		}
		if !errors.Is(err, errGap) && !errors.Is(err, ErrStale) {
			return told, err
		}
		_, r, rootErr := j.shelf.last(ctx)
		if rootErr != nil || r == nil || errors.Is(err, errGap) && r.step <= j.head.step {
			return told, errors.Join(err, rootErr) // it was damaged
		}
	}
	last := l.last // the log goes on elsewhere, or what is still to be read has been deleted: all is read anew
	if err := l.load(ctx); err != nil {
		return told, err
	}
	j.heard = &last
	return l.hear(ctx, told)
}

// hear adds to told the notices that were given until all was read anew. Those that it cannot read the next Follow tells.
func (l *Live) hear(ctx context.Context, told []Notice) ([]Notice, error) {
	j := l.journal
	if j.heard == nil {
		return told, nil
	}
	for n, err := range l.Notices(ctx, *j.heard) {
		if err != nil {
			if errors.Is(err, ErrExpiredNotices) {
				j.heard = nil
			}
			return told, err
		}
		told, *j.heard = append(told, n), n.Number
	}
	j.heard = nil
	return told, nil
}

// lock waits until no checkpoint is written.
func (j *journal) lock(ctx context.Context) error {
	select {
	case j.saving <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *journal) unlock() { <-j.saving }

// Checkpoint writes what has changed since the last checkpoint, and deletes the log before that one. Steps go on meanwhile.
// It is done in the background as often as need be; who is about to copy the store, or to be opened often, may call it. Of a
// Live without a store it does nothing; errors are those of a step.
func (l *Live) Checkpoint(ctx context.Context) error {
	if l.journal == nil {
		return nil
	}
	return l.checkpoint(ctx, l.lead)
}

// checkpoint is Checkpoint if may allows it.
func (l *Live) checkpoint(ctx context.Context, may func(context.Context) error) error {
	j := l.journal
	if err := j.lock(ctx); err != nil {
		return err
	}
	defer j.unlock()
	l.mu.Lock()
	err := may(ctx)
	before := j.shelf.root.Load().step
	if err != nil || j.head.step == before {
		l.mu.Unlock()
		return err
	}
	f := l.freeze()
	f.step = j.head.step
	j.since = 0
	l.mu.Unlock()
	if err := j.shelf.save(ctx, f); err != nil {
		return l.deposed(ctx, err)
	}
	l.mu.Lock()
	l.saved(f)
	l.mu.Unlock()
	return j.cut(ctx, before) // not more, as readers may be about to read what the last checkpoint needs
}

// saveSoon writes a checkpoint in the background if the log has grown that much.
func (l *Live) saveSoon() {
	j := l.journal
	if j.since < j.o.LogBytes || j.end != nil {
		return
	}
	j.since = 0
	ctx, cancel := context.WithCancel(context.Background())
	j.end = cancel
	j.work.Add(1)
	go func() {
		err := l.Checkpoint(ctx)
		cancel()
		l.mu.Lock()
		j.end = nil
		closed := j.closed
		l.mu.Unlock()
		j.work.Done() // before Failed, which may call Close
		if err != nil && !closed && j.o.Failed != nil {
			j.o.Failed(err)
		}
	}()
}

// Close writes a checkpoint, gives the lease back and ends what is done in the background. Steps are ErrLease from then on,
// and what is read stays. The store stays open. Closing again does nothing. Of a Live without a store it does nothing;
// errors are those of a step, and then the lease may not be given back: it runs out.
func (l *Live) Close(ctx context.Context) error {
	j := l.journal
	if j == nil {
		return nil
	}
	l.mu.Lock()
	before := j.closed
	j.closed = true
	l.mu.Unlock()
	if before || j.o.Reader {
		return nil
	}
	err := l.checkpoint(ctx, l.settle)
	l.mu.Lock()
	if j.end != nil {
		j.end()
	}
	l.mu.Unlock()
	j.work.Wait()
	return errors.Join(err, j.release(ctx))
}

package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

// soakEnv has the post of a process that is to serve, and not to test.
const soakEnv = "CLIENTELE_INTEGRATION_SOAK"

// A post is what a process of the service does. The one of part 0 writes segments, that of
// part 1 reads them; both observe.
type post struct {
	Place, Dir string
	Part       int           // the numbers of its deeds, modulo 2
	Next       int           // the first deed that was not acknowledged
	Done       []int         // those after it that were
	Begun      time.Time     // when the clock began
	Span       time.Duration // how long it all lasts
	Hook       string        // where notices go
	Lease      time.Duration
	LogBytes   int64
}

// A service is a process with a post.
type service struct {
	post
	s      store.Store
	how    store.Store // where cursors lie
	g      *identity.Graph
	p      *profile.Profiles
	live   *segment.Live
	fold   *fold           // of a reader
	cursor customer.Cursor // of the rows that live has
	was    store.Version   // of the cursor in the store

	quiet, over atomic.Bool // no more deeds; no more of anything
	observing   sync.WaitGroup
	others      sync.WaitGroup
	out         sync.Mutex // of standard output
	mu          sync.Mutex // of what follows
	counts      figures
	next        int
	failed      bool
}

// The parts of the store.
const (
	soakWho  = "who/"
	soakWhat = "what/"
	soakSets = "sets/"
	soakHow  = "how/"
)

// soakParts opens the graph and the profiles.
func soakParts(ctx context.Context, s store.Store) (*identity.Graph, *profile.Profiles, error) {
	who, err := store.Prefixed(s, []byte(soakWho))
	if err != nil {
		return nil, nil, err
	}
	what, err := store.Prefixed(s, []byte(soakWhat))
	if err != nil {
		return nil, nil, err
	}
	g, err := graphAt(ctx, who, soakPolicy())
	if err != nil {
		return nil, nil, err
	}
	p, err := profile.Open(ctx, what, soakSchema(), nil)
	return g, p, err
}

// placeOf returns the place of a name.
func placeOf(name string) (*place, error) {
	i := slices.IndexFunc(places, func(p *place) bool { return p.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no place %q", name)
	}
	return places[i], nil
}

// soak is what a process does that is started for a post.
func soak(text string) error {
	v := &service{}
	if err := json.Unmarshal([]byte(text), &v.post); err != nil {
		return err
	}
	v.next = v.Next
	ctx := context.Background()
	started := time.Now()
	place, err := placeOf(v.Place)
	if err != nil {
		return err
	}
	if v.s, err = place.open(ctx, v.Dir, 12); err != nil {
		return err
	}
	if v.how, err = store.Prefixed(v.s, []byte(soakHow)); err != nil {
		return err
	}
	if v.g, v.p, err = soakParts(ctx, v.s); err != nil {
		return err
	}
	ready := readiness{Parts: time.Since(started)}
	for range 4 {
		v.observing.Go(v.observe)
	}
	if err := v.openLive(ctx, &ready); err != nil {
		return err
	}
	ready.First = time.Since(started)
	v.say("r", ready)
	v.others.Go(v.tell)
	v.others.Go(v.ask)
	if v.Part == 0 {
		v.others.Go(func() { v.again(20*time.Millisecond, v.sync) })
		v.others.Go(func() { v.again(2*time.Millisecond, v.step) })
		v.others.Go(func() { v.again(20*time.Millisecond, v.deliver) })
	}
	return v.obey(ctx)
}

// A readiness is how long it took to be ready again.
type readiness struct {
	Parts time.Duration // store, graph and profiles
	Lease time.Duration // until nobody else had the lease
	Open  time.Duration // the live segments, then
	First time.Duration // from the start to the first step, or of a reader to the first answer
}

// now is the service's clock, in which soakDays pass in Span.
func (v *service) now() time.Time {
	return soakBegin.Add(time.Duration(float64(time.Since(v.Begun)) * float64(soakDays*day) / float64(v.Span)))
}

// moment is now for a step: where the clock of the machine has been set back, the one of the step before.
func (v *service) moment() time.Time {
	if at := v.now(); at.After(v.live.At()) {
		return at
	}
	return v.live.At()
}

// say tells the parent something: a letter, and what is said in JSON.
func (v *service) say(letter string, what any) {
	text, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	v.out.Lock()
	defer v.out.Unlock()
	fmt.Printf("%s %s\n", letter, text)
}

// fail ends the process with an error.
func (v *service) fail(err error) {
	v.mu.Lock()
	first := !v.failed
	v.failed = true
	v.mu.Unlock()
	if first {
		v.say("e", err.Error())
		os.Exit(1)
	}
}

func (v *service) count(f func(c *figures)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.counts)
}

// again does something until all is over.
func (v *service) again(pause time.Duration, do func(ctx context.Context) error) {
	for !v.over.Load() {
		if err := do(context.Background()); err != nil {
			v.fail(err)
			return
		}
		time.Sleep(pause)
	}
}

// observe does deeds, and says so of each that is done.
func (v *service) observe() {
	for !v.quiet.Load() {
		v.mu.Lock()
		n := v.next
		v.next += 2
		v.mu.Unlock()
		if slices.Contains(v.Done, n) {
			continue
		}
		d, begun := deedOf(n), time.Now()
		if _, err := d.do(context.Background(), v.g, v.p, v.now()); err != nil {
			v.fail(fmt.Errorf("deed %d: %w", n, err))
			return
		}
		took := time.Since(begun)
		v.say("a", n)
		v.count(func(c *figures) {
			c.Deeds++
			c.Observed += int64(len(d.observe))
			c.Added += int64(len(d.say))
			c.DeedTime.add(took)
		})
	}
}

func (v *service) sync(ctx context.Context) error {
	begun := time.Now()
	done, err := v.p.Sync(ctx, v.now(), v.g)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	took := time.Since(begun)
	v.count(func(c *figures) {
		c.SyncTime.add(took)
		c.Syncs++
		c.Folded += int64(done.Refolded)
	})
	return nil
}

// step hands rows on, moves the clock, and sometimes defines a segment anew.
func (v *service) step(ctx context.Context) error {
	if err := v.handOn(ctx, v.moment); err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	at := v.moment()
	told, err := v.live.Advance(ctx, at)
	if err != nil {
		return fmt.Errorf("advance: %w", err)
	}
	v.stepped(told)
	history, _, err := v.live.History("big")
	if err != nil {
		return err
	}
	if last := history[len(history)-1]; at.Sub(last.At) > day {
		if told, err = v.live.Define(ctx, at, "steward", bigSegment(last.Number+1)); err != nil {
			return fmt.Errorf("define: %w", err)
		}
		v.stepped(told)
	}
	return nil
}

func (v *service) stepped(told []segment.Notice) {
	v.count(func(c *figures) {
		c.Steps++
		c.Notices += int64(len(told))
	})
}

// handOn hands the rows that are new on to the live segments, so that none is lost or counts
// twice wherever the process is killed:
//
//   - First the step with the rows of a batch, then the cursor of the batch. A process that
//     is killed between them gets the batch again. That does no harm: it has the rows as they
//     are now, and to set what is set changes nothing and is no notice. The other way round
//     the rows would be lost.
//   - One process at a time does that, and one goroutine of it. The lease of the live
//     segments takes care of the first: of who has lost it the step fails, and so it does not
//     come to the cursor. Who was stopped between the two, for so long that another took over,
//     finds that the cursor is another than it was, and must not set it.
//   - Entries of the feed are trimmed up to the cursor that is in the store, never to one that
//     is to be.
//   - The sink's cursor, which package notify keeps, is of numbers of notices; as those are in
//     the store with the step, it needs nothing from the one of the rows.
func (v *service) handOn(ctx context.Context, now func() time.Time) error {
	batches := 0
	for b, err := range v.p.Rows(ctx, v.cursor) {
		if err != nil {
			return err
		}
		begun := time.Now()
		told, err := v.live.ApplyRows(ctx, now(), b)
		if err != nil {
			return err
		}
		took := time.Since(begun)
		v.stepped(told)
		if err := v.keep(ctx, b.Cursor); err != nil {
			return err
		}
		v.count(func(c *figures) {
			c.Rows += int64(len(b.Upserts) + len(b.Deletes))
			c.StepTime.add(took)
		})
		batches++
	}
	if batches > 0 && rand.IntN(50) == 0 {
		return v.p.TrimRows(ctx, v.cursor)
	}
	return nil
}

var rowsCursor = []byte("rows")

// read reads the cursor of the rows.
func (v *service) read(ctx context.Context) error {
	entries, err := v.how.Get(ctx, rowsCursor)
	if err != nil {
		return err
	}
	if v.was = entries[0].Version; v.was == 0 {
		return nil
	}
	return v.cursor.UnmarshalText(entries[0].Value)
}

// keep keeps the cursor of the rows, unless another process has done so.
func (v *service) keep(ctx context.Context, cursor customer.Cursor) error {
	text, err := cursor.MarshalText()
	if err != nil {
		return err
	}
	var b store.Batch
	b.If(rowsCursor, v.was)
	b.Put(rowsCursor, text)
	version, err := v.how.Commit(ctx, &b)
	for try := 0; errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknownOutcome) && try < 100; try++ {
		time.Sleep(10 * time.Millisecond)
		version, err = v.how.Commit(ctx, &b)
	}
	if err != nil {
		return fmt.Errorf("cursor: %w", err)
	}
	v.was, v.cursor = version, cursor
	return nil
}

// deliver gives the sink what there is.
func (v *service) deliver(ctx context.Context) error {
	sink, err := notify.Webhook(v.Hook, &notify.WebhookOptions{
		Secrets: []notify.Secret{soakSecret()}, Source: "soak", Now: time.Now, First: 5 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	cursor, err := notify.StoreCursor(v.how, []byte("sink"))
	if err != nil {
		return err
	}
	n, err := notify.Run(ctx, v.live, sink, cursor, &notify.Options{Batch: 1000})
	v.count(func(c *figures) { c.Delivered += int64(n) })
	return err
}

func soakSecret() notify.Secret {
	s, err := notify.NewSecret([]byte("a secret of tests, of enough bytes"))
	if err != nil {
		panic(err)
	}
	return s
}

// ask asks one query after the other.
func (v *service) ask() {
	r := rand.New(rand.NewPCG(uint64(v.Part), 9))
	rules := soakQueries()
	v.again(time.Millisecond, func(ctx context.Context) error {
		begun := time.Now()
		if err := v.query(ctx, r, rules); err != nil {
			return fmt.Errorf("query: %w", err)
		}
		took := time.Since(begun)
		v.count(func(c *figures) {
			c.Queries++
			c.QueryTime.add(took)
		})
		return nil
	})
}

// tell tells of the figures, every now and then.
func (v *service) tell() {
	v.again(v.Span/60, func(context.Context) error {
		v.figures()
		return nil
	})
}

func (v *service) figures() {
	v.mu.Lock()
	c := v.counts
	v.mu.Unlock()
	v.say("f", &c)
}

// obey does what the parent says, until the end.
func (v *service) obey(ctx context.Context) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		order, rest, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "measure":
			v.say("m", v.measure())
		case "quiet":
			v.quiet.Store(true)
			v.observing.Wait()
			v.say("q", v.next)
		case "backup":
			took, err := v.backup(ctx)
			if err != nil {
				return err
			}
			v.say("b", took)
		case "end":
			v.over.Store(true)
			v.others.Wait()
			if err := v.end(ctx, rest); err != nil {
				return err
			}
			v.figures()
			v.say("m", v.measure())
			if err := errors.Join(v.live.Close(ctx), v.s.Close()); err != nil {
				return err
			}
			v.say("d", "done")
			return nil
		}
	}
	return errors.New("the parent is gone")
}

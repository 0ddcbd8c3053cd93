package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clientele-go/clientele/store"
)

// An attempt is one rule being checked. Its methods fail the rule by ending the
// goroutine they are called in, as those of testing.T do, and may be called by any
// goroutine that parallel started.
type attempt struct {
	ctx     context.Context
	open    Open
	options *Options
	root    string // directory of its own
	test    string // name of the subtest; "" without one
	label   string // by which its goroutines are found
	step    atomic.Value

	mu      sync.Mutex
	dirs    int
	opened  []store.Store
	outcome Outcome
	reason  string
}

var labels atomic.Int64

const labelKey = "storetest"

// try checks the rule in a goroutine, and does not wait for it longer than the timeout.
func (r Rule) try(ctx context.Context, open Open, o *Options, root, test string) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x := &attempt{
		ctx: ctx, open: open, options: o, root: root, test: test,
		label: fmt.Sprintf("%s#%d", r.Name, labels.Add(1)),
	}
	x.doing("beginning")
	begin := time.Now()
	done := make(chan struct{})
	go pprof.Do(context.Background(), pprof.Labels(labelKey, x.label), func(context.Context) {
		defer close(done)
		x.run(r.check)
	})
	timer := time.NewTimer(o.Timeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		where, _ := x.stacks()
		x.settle(Broken, fmt.Sprintf("no end after %v, while %v; its goroutines:\n%s", o.Timeout, x.step.Load(), where))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.outcome == "" {
		x.outcome = Kept
	}
	return Result{Rule: r, Outcome: x.outcome, Reason: x.reason, Took: time.Since(begin)}
}

// run calls check and closes what it opened.
func (x *attempt) run(check func(x *attempt)) {
	ended := make(chan struct{})
	go func() { // ends early where the rule fails
		defer close(ended)
		defer x.recover()
		check(x)
	}()
	<-ended
	x.mu.Lock()
	opened := x.opened
	x.mu.Unlock()
	defer x.recover()
	for _, s := range opened {
		x.doing("closing the store in the end")
		if err := s.Close(); err != nil {
			x.settle(Broken, fmt.Sprintf("Close in the end: %v", err))
		}
	}
}

func (x *attempt) recover() {
	if p := recover(); p != nil {
		x.settle(Broken, fmt.Sprintf("panic while %v: %v\n%s", x.step.Load(), p, debug.Stack()))
	}
}

// settle records the outcome unless there is one already.
func (x *attempt) settle(o Outcome, reason string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.outcome == "" {
		x.outcome, x.reason = o, reason
	}
}

func (x *attempt) settled() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.outcome != ""
}

// failf breaks the rule.
func (x *attempt) failf(format string, args ...any) {
	x.settle(Broken, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// skipf leaves the rule undecided.
func (x *attempt) skipf(format string, args ...any) {
	x.settle(Skipped, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// doing notes what the rule does, for a rule that does not come to an end.
func (x *attempt) doing(format string, args ...any) {
	x.step.Store(fmt.Sprintf(format, args...))
}

// parallel calls f n times in goroutines of their own and waits for them.
func (x *attempt) parallel(n int, f func(i int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			defer x.recover()
			f(i)
		})
	}
	wait.Wait()
	if x.settled() {
		runtime.Goexit()
	}
}

// random returns a source of random numbers, the same for the same seed and n.
func (x *attempt) random(n uint64) *rand.Rand { return rand.New(rand.NewPCG(x.options.Seed, n)) }

// dir makes a new directory.
func (x *attempt) dir() string {
	x.mu.Lock()
	x.dirs++
	dir := filepath.Join(x.root, fmt.Sprint(x.dirs))
	x.mu.Unlock()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		x.failf("directory for a store: %v", err)
	}
	return dir
}

// openDir opens the store in dir, which is closed when the rule ends.
func (x *attempt) openDir(dir string) store.Store {
	x.doing("opening the store")
	s, err := x.open(x.ctx, dir)
	switch {
	case err != nil:
		x.failf("open: %v", err)
	case s == nil:
		x.failf("open returned neither a store nor an error")
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.opened = append(x.opened, s)
	return s
}

// new opens an empty store.
func (x *attempt) new() store.Store { return x.openDir(x.dir()) }

// durable opens an empty store that is durable, or skips the rule.
func (x *attempt) durable() (store.Store, string) {
	dir := x.dir()
	s := x.openDir(dir)
	if !isDurable(s) {
		x.skipf("the store is not durable: store.As[store.Durable] does not find the ability, or it says no")
	}
	return s, dir
}

func isDurable(s store.Store) bool {
	d, ok := store.As[store.Durable](s)
	return ok && d.Durable()
}

// close closes the store, as a step of the rule.
func (x *attempt) close(s store.Store) {
	x.doing("closing")
	if err := s.Close(); err != nil {
		x.failf("Close: %v", err)
	}
}

// get reads keys, which may or may not be there.
func (x *attempt) get(s store.Store, keys ...string) []store.Entry {
	list := make([][]byte, len(keys))
	for i, k := range keys {
		list[i] = []byte(k)
	}
	x.doing("in Get")
	entries, err := s.Get(x.ctx, list...)
	if err != nil {
		x.failf("Get of %d keys: %v", len(keys), err)
	}
	if len(entries) != len(keys) {
		x.failf("Get of %d keys returned %d entries", len(keys), len(entries))
	}
	for i, e := range entries {
		if string(e.Key) != keys[i] {
			x.failf("Get of %s returned key %s as entry %d", show(keys[i]), show(e.Key), i)
		}
		if e.Version == 0 && len(e.Value) > 0 {
			x.failf("Get of %s, which is not there, returned value %s", show(keys[i]), show(e.Value))
		}
	}
	return entries
}

// one reads one key.
func (x *attempt) one(s store.Store, key string) store.Entry { return x.get(s, key)[0] }

// has fails unless key is there with that value, and returns its version.
func (x *attempt) has(s store.Store, key, value string) store.Version {
	e := x.one(s, key)
	if e.Version == 0 {
		x.failf("key %s is not there, want value %s", show(key), show(value))
	}
	if string(e.Value) != value {
		x.failf("key %s has value %s, want %s", show(key), show(e.Value), show(value))
	}
	return e.Version
}

// lacks fails if one of the keys is there.
func (x *attempt) lacks(s store.Store, keys ...string) {
	for _, e := range x.get(s, keys...) {
		if e.Version != 0 {
			x.failf("key %s is there with value %s, want it absent", show(e.Key), show(e.Value))
		}
	}
}

// commit commits what must succeed. A database may give way to another writer
// though the conditions hold, so that a conflict is tried again.
func (x *attempt) commit(s store.Store, b *store.Batch) store.Version {
	for attempt := 0; ; attempt++ {
		x.doing("in Commit")
		v, err := s.Commit(x.ctx, b)
		switch {
		case errors.Is(err, store.ErrConflict) && attempt < 20:
			time.Sleep(time.Duration(attempt) * time.Millisecond)
			continue
		case err != nil:
			x.failf("Commit of %d writes and %d conditions: %v", len(b.Writes), len(b.Conditions), err)
		}
		return v
	}
}

// put commits one key, or more: key, value, key, value.
func (x *attempt) put(s store.Store, pairs ...string) store.Version {
	return x.commit(s, puts(pairs...))
}

// delete commits the removal of keys.
func (x *attempt) delete(s store.Store, keys ...string) {
	var b store.Batch
	for _, k := range keys {
		b.Delete([]byte(k))
	}
	x.commit(s, &b)
}

// puts is a batch of key, value, key, value.
func puts(pairs ...string) *store.Batch {
	var b store.Batch
	for i := 0; i < len(pairs); i += 2 {
		b.Put([]byte(pairs[i]), []byte(pairs[i+1]))
	}
	return &b
}

// when is b under one more condition.
func when(b *store.Batch, key string, v store.Version) *store.Batch {
	b.If([]byte(key), v)
	return b
}

// refused fails unless err is the sentinel.
func (x *attempt) refused(err, sentinel error, format string, args ...any) {
	if !errors.Is(err, sentinel) {
		x.failf("%s: error %v, want %v", fmt.Sprintf(format, args...), err, sentinel)
	}
}

// conflict commits what must fail because of a condition.
func (x *attempt) conflict(s store.Store, b *store.Batch, format string, args ...any) {
	x.doing("in Commit")
	_, err := s.Commit(x.ctx, b)
	x.refused(err, store.ErrConflict, format, args...)
}

// scan reads a range.
func (x *attempt) scan(s store.Store, r store.Range) []store.Entry {
	x.doing("in Scan")
	entries, err := collect(s.Scan(x.ctx, r))
	if err != nil {
		x.failf("Scan of %s: %v", showRange(r), err)
	}
	for i, e := range entries {
		if e.Version == 0 {
			x.failf("Scan of %s: key %s has version 0", showRange(r), show(e.Key))
		}
		if i > 0 && (bytes.Compare(entries[i-1].Key, e.Key) < 0) == r.Reverse || i > 0 && bytes.Equal(entries[i-1].Key, e.Key) {
			x.failf("Scan of %s: key %s comes after %s", showRange(r), show(e.Key), show(entries[i-1].Key))
		}
	}
	return entries
}

// scans fails unless a scan of the range yields exactly the keys.
func (x *attempt) scans(s store.Store, r store.Range, want []string) {
	got := keysOf(x.scan(s, r))
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			x.failf("Scan of %s ended after %d keys, want %s next", showRange(r), i, show(want[i]))
		case i >= len(want):
			x.failf("Scan of %s yields key %s after the %d it should", showRange(r), show(got[i]), i)
		case got[i] != want[i]:
			x.failf("Scan of %s yields %s as key %d, want %s", showRange(r), show(got[i]), i, show(want[i]))
		}
	}
}

// numbered are n keys in order.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%06d", i)
	}
	return keys
}

func keysOf(entries []store.Entry) []string {
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = string(e.Key)
	}
	return keys
}

// collect is the entries of a sequence up to its end or error, which must be last.
func collect(seq iter.Seq2[store.Entry, error]) (entries []store.Entry, failed error) {
	for e, err := range seq {
		switch {
		case failed != nil:
			return entries, fmt.Errorf("the sequence goes on after its error: %v", failed)
		case err == nil:
			entries = append(entries, e)
		case e.Key != nil || e.Value != nil || e.Version != 0:
			return entries, fmt.Errorf("the entry beside an error is not zero: %v", err)
		default:
			failed = err
		}
	}
	return entries, failed
}

// show is a key or value as Go text, cut where it is long.
func show[T string | []byte](s T) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q… (%d bytes)", s[:40], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func showRange(r store.Range) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s, %s)", show(r.From), show(r.To))
	if r.Limit != 0 {
		fmt.Fprintf(&b, " limit %d", r.Limit)
	}
	if r.Reverse {
		b.WriteString(" reversed")
	}
	return b.String()
}

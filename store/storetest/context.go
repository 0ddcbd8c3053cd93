package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/store"
)

var contextRules = []Rule{
	{
		Name:  "context/get",
		Does:  "Get under a context that has ended is its error, whether it was cancelled, with a cause or without, or its deadline has passed.",
		Why:   "A server that shuts down or a user who went away must not cost reads.",
		check: contextGet,
	},
	{
		Name:  "context/scan",
		Does:  "Scan under a context that has ended yields its error as the only element.",
		Why:   "A scan that ends without an error is taken for complete.",
		check: contextScan,
	},
	{
		Name:  "context/commit",
		Does:  "Commit under a context that has ended is its error, without ErrUnknownOutcome, and nothing is written.",
		Why:   "The caller takes the work for not done.",
		check: contextCommit,
	},
	{
		Name:  "context/during-scan",
		Does:  "A context that ends in the loop ends the scan with its error, after at most a thousand entries more.",
		Why:   "Exports run for hours; one that stops without an error is a truncated file, one that does not stop blocks the shutdown.",
		check: contextDuringScan,
	},
	{
		Name:  "context/during-get",
		Does:  "A Get whose context ends meanwhile returns what it should, or the error of the context.",
		Why:   "Other errors would be reported to people as faults of the database.",
		check: contextDuringGet,
	},
	{
		Name:  "context/during-commit",
		Does:  "Commits whose context ends meanwhile: success is written, an error of the context alone is not, and with ErrUnknownOutcome it is all or nothing.",
		Why:   "Work is lost or done twice if the answer is wrong.",
		check: contextDuringCommit,
	},
	{
		Name:  "context/soon",
		Does:  "Calls return soon after their context has ended, at the latest after ten seconds.",
		Why:   "Shutdown waits for calls under way.",
		check: contextSoon,
	},
	{
		Name:  "context/of-call",
		Does:  "A context belongs to its call: the store goes on working when that of an earlier call ends, of the opening too.",
		Why:   "Every request has its own context; connections bound to the first would break with it.",
		check: contextOfCall,
	},
}

// ended are contexts that have ended, each in another way.
func (x *attempt) ended() map[string]context.Context {
	cancelled, cancel := context.WithCancel(x.ctx)
	cancel()
	caused, cancelCause := context.WithCancelCause(x.ctx)
	cancelCause(errors.New("a cause"))
	late, stop := context.WithDeadline(x.ctx, time.Unix(0, 0))
	stop()
	lateCause, stop := context.WithDeadlineCause(x.ctx, time.Unix(0, 0), errors.New("a cause"))
	stop()
	child, stop := context.WithTimeout(caused, time.Hour)
	stop()
	return map[string]context.Context{
		"cancelled": cancelled, "cancelled with a cause": caused, "after its deadline": late, "after its deadline with a cause": lateCause, "child of a cancelled one": child,
	}
}

func contextGet(x *attempt) {
	s := x.new()
	x.put(s, "a", "1")
	for name, ctx := range x.ended() {
		for _, keys := range [][][]byte{{[]byte("a")}, {[]byte("b"), []byte("a")}} {
			_, err := s.Get(ctx, keys...)
			x.refused(err, ctx.Err(), "Get under a context %s", name)
		}
	}
	x.has(s, "a", "1")
}

func contextScan(x *attempt) {
	s := x.letters()
	for name, ctx := range x.ended() {
		for _, r := range []store.Range{{}, {Reverse: true}, {From: []byte("x")}, {From: []byte("b"), To: []byte("a")}, {Limit: 1}} {
			entries, err := collect(s.Scan(ctx, r))
			x.refused(err, ctx.Err(), "Scan of %s under a context %s", showRange(r), name)
			if len(entries) > 0 {
				x.failf("Scan under a context %s yields %d entries", name, len(entries))
			}
		}
	}
	ctx, cancel := context.WithCancel(x.ctx)
	seq := s.Scan(ctx, store.Range{})
	cancel()
	if _, err := collect(seq); !errors.Is(err, context.Canceled) {
		x.failf("a sequence iterated after its context ended: error %v, want %v", err, context.Canceled)
	}
}

func contextCommit(x *attempt) {
	s := x.new()
	v := x.put(s, "a", "1")
	for name, ctx := range x.ended() {
		remove := &store.Batch{}
		remove.Delete([]byte("a"))
		only := &store.Batch{}
		for _, b := range []*store.Batch{puts("a", "2", "b", "2"), remove, when(puts("a", "3"), "a", v), when(only, "a", v)} {
			_, err := s.Commit(ctx, b)
			x.refused(err, ctx.Err(), "Commit under a context %s", name)
			if errors.Is(err, store.ErrUnknownOutcome) {
				x.failf("Commit under a context %s: %v, but nothing can have happened", name, err)
			}
			if got := x.has(s, "a", "1"); got != v {
				x.failf("Commit under a context %s changed a key", name)
			}
			x.scans(s, store.Range{}, []string{"a"})
		}
	}
}

func contextDuringScan(x *attempt) {
	s := x.new()
	const n = 5000
	keys := numbered(n)
	x.fill(s, keys)
	cause := errors.New("a cause")
	for _, reverse := range []bool{false, true} {
		for _, after := range []int{1, 10, 1500} {
			ctx, cancel := context.WithCancelCause(x.ctx)
			defer cancel(nil)
			seen, last := 0, error(nil)
			for _, err := range s.Scan(ctx, store.Range{Reverse: reverse}) {
				if last != nil {
					x.failf("the sequence goes on after its error")
				}
				if err != nil {
					last = err
					continue
				}
				if seen++; seen == after {
					cancel(cause)
				}
			}
			switch {
			case last == nil && seen == n:
				x.failf("a scan went on to its end though its context ended after %d of %d entries", after, n)
			case last == nil:
				x.failf("a scan ended without an error after %d of %d entries, its context after %d", seen, n, after)
			case seen > after+1000:
				x.failf("a scan went on for %d entries after its context had ended", seen-after)
			}
			x.refused(last, context.Canceled, "Scan whose context ended in the loop")
		}
	}
	x.scans(s, store.Range{}, keys)
}

// soon returns a context that ends by itself at some moment while a call runs:
// at once, or some microseconds later.
func (x *attempt) soon(i int) (context.Context, context.CancelFunc) {
	if i%2 == 0 {
		return context.WithTimeout(x.ctx, time.Duration(i*i%700)*time.Microsecond)
	}
	ctx, cancel := context.WithCancel(x.ctx)
	go func() {
		time.Sleep(time.Duration(i*i%300) * time.Microsecond)
		cancel()
	}()
	return ctx, cancel
}

func contextDuringGet(x *attempt) {
	s := x.new()
	var keys [][]byte
	var b store.Batch
	for i := range 500 {
		keys = append(keys, fmt.Appendf(nil, "k%03d", i))
		b.Put(keys[i], keys[i])
	}
	x.commit(s, &b)
	for i := range 100 {
		ctx, cancel := x.soon(i)
		x.doing("in Get whose context ends")
		entries, err := s.Get(ctx, keys...)
		if err != nil {
			if ctx.Err() == nil {
				x.failf("Get: %v, though its context has not ended", err)
			}
			x.refused(err, ctx.Err(), "Get whose context ended meanwhile")
		} else if len(entries) != len(keys) || slices.ContainsFunc(entries, func(e store.Entry) bool { return string(e.Value) != string(e.Key) }) {
			x.failf("Get whose context ended meanwhile returned no error, but not the entries either")
		}
		cancel()
	}
	x.get(s, "k000")
}

func contextDuringCommit(x *attempt) {
	s := x.new()
	written := map[string]string{} // "": not known
	for i := range 120 {
		ctx, cancel := x.soon(i)
		a, b := fmt.Sprintf("a%03d", i), fmt.Sprintf("b%03d", i)
		x.doing("in Commit whose context ends")
		_, err := s.Commit(ctx, puts(a, "1", b, "1"))
		switch {
		case err == nil:
			written[a] = "yes"
		case ctx.Err() == nil && !errors.Is(err, store.ErrConflict):
			x.failf("Commit: %v, though its context has not ended", err)
		case errors.Is(err, store.ErrUnknownOutcome):
			x.refused(err, ctx.Err(), "Commit whose context ended meanwhile, with ErrUnknownOutcome")
			written[a] = ""
		default:
			if !errors.Is(err, store.ErrConflict) {
				x.refused(err, ctx.Err(), "Commit whose context ended meanwhile")
			}
			written[a] = "no"
		}
		cancel()
		x.one(s, a) // the store goes on
	}
	for a, was := range written {
		e := x.get(s, a, "b"+a[1:])
		switch there := e[0].Version != 0; {
		case there != (e[1].Version != 0):
			x.failf("a commit whose context ended meanwhile was made in half")
		case was == "yes" && !there:
			x.failf("a commit returned no error, but was not made")
		case was == "no" && there:
			x.failf("a commit whose context ended returned its error without ErrUnknownOutcome, but was made")
		}
	}
}

func contextSoon(x *attempt) {
	s := x.new()
	var keys []string
	for i := range 2000 {
		keys = append(keys, fmt.Sprintf("k%06d", i))
	}
	x.fill(s, keys)
	for name, call := range map[string]func(ctx context.Context) error{
		"Get": func(ctx context.Context) error {
			_, err := s.Get(ctx, []byte("k000001"))
			return err
		},
		"Scan": func(ctx context.Context) error {
			_, err := collect(s.Scan(ctx, store.Range{}))
			return err
		},
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, puts("key", "1"))
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(x.ctx, 20*time.Millisecond)
		var err error
		for err == nil {
			x.doing("in %s whose context ends", name)
			if err = call(ctx); errors.Is(err, store.ErrConflict) {
				err = nil
			}
			pause()
			if end, _ := ctx.Deadline(); time.Since(end) > min(10*time.Second, x.options.Timeout/4) {
				x.failf("%s went on for %v after its context had ended", name, time.Since(end))
			}
		}
		x.refused(err, context.DeadlineExceeded, "%s over and over until its context ended", name)
		cancel()
	}
}

func contextOfCall(x *attempt) {
	dir := x.dir()
	ctx, cancel := context.WithCancel(x.ctx)
	s, err := x.open(ctx, dir)
	if err != nil {
		x.failf("open: %v", err)
	}
	cancel()
	defer s.Close()
	ctx, cancel = context.WithCancel(x.ctx)
	if _, err := s.Commit(ctx, puts("a", "1")); err != nil {
		x.failf("Commit after the context of the opening ended: %v", err)
	}
	cancel()
	for range 3 {
		ctx, cancel = context.WithCancel(x.ctx)
		for _, err := range s.Scan(ctx, store.Range{}) {
			if err != nil {
				x.failf("Scan after the context of an earlier call ended: %v", err)
			}
		}
		if _, err := s.Get(ctx, []byte("a")); err != nil {
			x.failf("Get: %v", err)
		}
		cancel()
		x.has(s, "a", "1")
		x.put(s, "a", "1")
	}
}

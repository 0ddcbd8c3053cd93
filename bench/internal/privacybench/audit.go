package privacybench

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

const (
	tlogName    = "tlog, hashes alone"
	tlogVersion = "golang.org/x/mod 0.41.0"
	origin      = "bench.example/audit"
	sealedAtime = 1000 // entries
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// entry is the i-th of a log.
func entry(i int) *audit.Entry {
	e := &audit.Entry{
		Time: begin.Add(time.Duration(i) * time.Millisecond), Actor: fmt.Sprintf("agent-%d", i%300), Action: "profile.read",
		Purpose: "service", Object: "profile", Customer: customer.FromInt64(int64(1 + i%5000)),
		Details: []audit.Detail{{Name: "role", Text: "service desk"}, {Name: "ticket", Text: fmt.Sprintf("T-%08d", i)}, {Name: "fields", Text: "name masked, phone masked, city plain"}},
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	e.ID = uuid.UUID(sum[:16])
	return e
}

func entries(from, to int) []*audit.Entry {
	all := make([]*audit.Entry, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, entry(i))
	}
	return all
}

// open returns a log that signs its checkpoints.
func open(s store.Store) (*audit.Log, error) {
	secret, public, err := note.GenerateKey(rand.NewChaCha8([32]byte{1}), origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, err
	}
	return audit.Open(s, &audit.Options{Origin: origin, Signer: signer, Verifier: verifier})
}

// appendAll appends and seals entries, some at a time, and returns the root.
func appendAll(ctx context.Context, l *audit.Log, all []*audit.Entry) (root tlog.Hash, err error) {
	for from := 0; from < len(all); from += sealedAtime {
		if err := l.Append(ctx, all[from:min(from+sealedAtime, len(all))]...); err != nil {
			return root, err
		}
		c, _, err := l.Seal(ctx, begin)
		if err != nil {
			return root, err
		}
		root = c.Root
	}
	return root, nil
}

// leaves reads the leaves of a log from its pages, as the document on what is stored has them.
func leaves(ctx context.Context, s store.Store) (all [][]byte, err error) {
	for e, err := range s.Scan(ctx, store.Under([]byte("audit/e/"))) {
		if err != nil {
			return nil, err
		}
		r := wire.Read(e.Value)
		r.Expect("audit/page", 1)
		r.Uint()
		for range r.List() {
			all = append(all, r.Bytes())
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rooted computes the root of leaves as package tlog does.
func rooted(all [][]byte) (tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		list := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			list[i] = stored[at]
		}
		return list, nil
	})
	for i, data := range all {
		more, err := tlog.StoredHashes(int64(i), data, reader)
		if err != nil {
			return tlog.Hash{}, err
		}
		stored = append(stored, more...)
	}
	return tlog.TreeHash(int64(len(all)), reader)
}

// timed is a store that counts the time spent in it. A scan reads all before it yields. Not
// safe for concurrent use.
type timed struct {
	store.Store

	spent harness.Cost
}

// clock begins to count, until the function that it returns is called.
func (s *timed) clock() (stop func()) {
	begin, cpu := time.Now(), harness.CPUTime()
	return func() {
		s.spent.Wall += time.Since(begin)
		s.spent.CPU += harness.CPUTime() - cpu
	}
}

// Get implements store.Store.
func (s *timed) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	defer s.clock()()
	return s.Store.Get(ctx, keys...)
}

// Commit implements store.Store.
func (s *timed) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	defer s.clock()()
	return s.Store.Commit(ctx, b)
}

// Scan implements store.Store.
func (s *timed) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		stop := s.clock()
		var all []store.Entry
		for e, err := range s.Store.Scan(ctx, r) {
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			all = append(all, e)
		}
		stop()
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// append appends entries to a log and seals them.
func (u *suite) append(ctx context.Context) error {
	n := u.options.Entries / 10
	name := fmt.Sprintf("privacy: append %d audit entries", n)
	if !u.session.Wants(name) {
		return nil
	}
	all := entries(0, n)
	var root tlog.Hash
	var own, with time.Duration
	answer := func() (tlog.Hash, error) { return root, nil }
	ours := func(without bool) func(context.Context) (harness.Cost, error) {
		return func(ctx context.Context) (harness.Cost, error) {
			s := &timed{Store: new(store.Memory)}
			l, err := open(s)
			if err != nil {
				return harness.Cost{}, err
			}
			cost, err := harness.Clock(func() (err error) {
				root, err = appendAll(ctx, l, all)
				return err
			})
			if without {
				cost.Wall -= s.spent.Wall
				cost.CPU -= s.spent.CPU
			}
			return cost, err
		}
	}
	var data [][]byte
	err := harness.Measure(ctx, u.session, &harness.Task[tlog.Hash]{Name: name, Compare: equal[tlog.Hash], Peers: []harness.Peer[tlog.Hash]{
		&harness.Way[tlog.Hash]{Label: libraryName, Result: answer, Do: func(ctx context.Context) (harness.Cost, error) {
			return least(&with, func() (harness.Cost, error) { return ours(false)(ctx) })
		}},
		&harness.Way[tlog.Hash]{Label: libraryName + ", without the store", Result: answer, Do: func(ctx context.Context) (harness.Cost, error) {
			return least(&own, func() (harness.Cost, error) { return ours(true)(ctx) })
		}},
		&way[tlog.Hash]{version: tlogVersion, Way: harness.Way[tlog.Hash]{
			Label: tlogName, Result: answer,
			Before: func(ctx context.Context) error {
				s := new(store.Memory)
				l, err := open(s)
				if err != nil {
					return err
				}
				if _, err := appendAll(ctx, l, all); err != nil {
					return err
				}
				data, err = leaves(ctx, s)
				return err
			},
			Do: func(context.Context) (harness.Cost, error) {
				return harness.Clock(func() (err error) {
					root, err = rooted(data)
					return err
				})
			},
		}},
	}})
	if err != nil {
		return err
	}
	if err := u.figure("An audit entry appended, without the store", own, n, time.Microsecond, 1.5); err != nil {
		return err
	}
	return u.figure("An audit entry appended, with store.Memory", with, n, time.Microsecond, 0)
}

// verified verifies a log of so many entries.
func verified(ctx context.Context, l *audit.Log, n int) error {
	v, err := l.Verify(ctx, nil)
	if err == nil {
		err = v.Err()
	}
	if err == nil && v.Size != int64(n) {
		err = fmt.Errorf("verified %d entries, want %d", v.Size, n)
	}
	return err
}

// verify verifies a whole log.
func (u *suite) verify(ctx context.Context) error {
	n := u.options.Entries
	name := fmt.Sprintf("privacy: verify %d audit entries", n)
	if !u.session.Wants(name) {
		return nil
	}
	s := new(store.Memory)
	l, err := open(s)
	if err != nil {
		return err
	}
	const some = 50_000 // at a time
	for from := 0; from < n; from += some {
		if _, err := appendAll(ctx, l, entries(from, min(from+some, n))); err != nil {
			return err
		}
	}
	var root tlog.Hash
	var data [][]byte
	var best time.Duration
	answer := func() (tlog.Hash, error) { return root, nil }
	err = harness.Measure(ctx, u.session, &harness.Task[tlog.Hash]{Name: name, Compare: equal[tlog.Hash], Peers: []harness.Peer[tlog.Hash]{
		&harness.Way[tlog.Hash]{
			Label: libraryName,
			Do: func(ctx context.Context) (harness.Cost, error) {
				return least(&best, func() (harness.Cost, error) {
					return harness.Clock(func() error { return verified(ctx, l, n) })
				})
			},
			Result: func() (tlog.Hash, error) {
				c, err := l.Checkpoint(ctx)
				return c.Root, err
			},
		},
		&way[tlog.Hash]{version: tlogVersion, Way: harness.Way[tlog.Hash]{
			Label: tlogName, Result: answer,
			Before: func(ctx context.Context) (err error) {
				data, err = leaves(ctx, s)
				return err
			},
			Do: func(context.Context) (harness.Cost, error) {
				return harness.Clock(func() (err error) {
					root, err = rooted(data)
					return err
				})
			},
		}},
	}})
	if err != nil {
		return err
	}
	return u.figure("Audit entries verified, a million", best*1_000_000/time.Duration(n), 1, time.Second, 3)
}

package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

const origin = "shop.example/audit"

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// keys returns a signer and its verifier, the same each time.
func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.NewChaCha8([32]byte{1}), origin)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	return signer, verifier
}

func open(t testing.TB, s store.Store) *audit.Log {
	t.Helper()
	signer, verifier := keys(t)
	l, err := audit.Open(s, &audit.Options{Origin: origin, Signer: signer, Verifier: verifier})
	require.NoError(t, err)
	return l
}

// entry is the i-th of a log: about one of ten customers.
func entry(i int) *audit.Entry {
	e := &audit.Entry{
		ID: uuid.UUID{1, byte(i >> 16), byte(i >> 8), byte(i), 1}, Time: start.Add(time.Duration(i) * time.Second),
		Actor: fmt.Sprintf("agent-%d", i%3), Action: "profile.read", Purpose: "service", Object: "phone",
		Customer: customer.FromInt64(int64(1 + i%10)),
	}
	if i%4 == 0 {
		e.Action, e.Outcome, e.Details = "export", audit.Denied, []audit.Detail{{Name: "approver", Text: "lead-1"}, {Name: "note", Text: "客户"}}
		e.Customer = uuid.Nil
	}
	if i%5 == 0 {
		e.Atom, e.Commitments = customer.AtomID{9, byte(i)}, []audit.Commitment{{Name: "phone", Sum: make([]byte, 32)}}
	}
	return e
}

// filled is a log of n entries, sealed every few.
func filled(t testing.TB, s store.Store, n, every int) *audit.Log {
	t.Helper()
	l := open(t, s)
	for from := 0; from < n; from += every {
		var entries []*audit.Entry
		for i := from; i < min(from+every, n); i++ {
			entries = append(entries, entry(i))
		}
		require.NoError(t, l.Append(t.Context(), entries...))
		_, _, err := l.Seal(t.Context(), start.Add(time.Duration(from)*time.Second))
		require.NoError(t, err)
	}
	return l
}

func all(t testing.TB, l *audit.Log, q *audit.Query) (list []audit.Sealed) {
	t.Helper()
	for e, err := range l.Entries(t.Context(), q) {
		require.NoError(t, err)
		list = append(list, e)
	}
	return list
}

// What is queued comes out as it was, in order, whatever the batches and the limits of the store; the root is that of
// package tlog over the leaves.
func TestLog(t *testing.T) {
	for name, limits := range map[string]store.Limits{"memory": {}, "least": store.MinLimits} {
		for _, c := range []struct{ n, every int }{{1, 1}, {7, 1}, {300, 70}, {700, 700}, {66_000, 66_000}} {
			t.Run(fmt.Sprintf("%s/%d by %d", name, c.n, c.every), func(t *testing.T) {
				if c.n > 1000 && limits.KeyBytes == 0 || c.n > 300 && race.Enabled {
					t.Skip("long")
				}
				s := store.Limited(new(store.Memory), limits)
				l := filled(t, s, c.n, c.every)
				got := all(t, l, nil)
				require.Len(t, got, c.n)
				var hashes []tlog.Hash
				for i, e := range got {
					if e.Number != int64(i) || i < 1000 || i%1000 == 0 {
						sealed := start.Add(time.Duration(i/c.every*c.every) * time.Second)
						require.Equal(t, audit.Sealed{Number: int64(i), SealedAt: sealed, Entry: *entry(i)}, e)
					}
				}
				one, err := l.Entry(t.Context(), int64(c.n-1))
				require.NoError(t, err)
				require.Equal(t, got[c.n-1], one)
				at, err := l.Checkpoint(t.Context())
				require.NoError(t, err)
				require.Equal(t, int64(c.n), at.Size)
				if c.n <= 1000 {
					for i := range c.n {
						p, err := l.Prove(t.Context(), int64(i), audit.Checkpoint{})
						require.NoError(t, err)
						stored, err := tlog.StoredHashesForRecordHash(int64(i), tlog.RecordHash(p.Data), tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, err error) {
							for _, index := range indexes {
								list = append(list, hashes[index])
							}
							return list, nil
						}))
						require.NoError(t, err)
						hashes = append(hashes, stored...)
					}
					root, err := tlog.TreeHash(int64(c.n), tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, err error) {
						for _, index := range indexes {
							list = append(list, hashes[index])
						}
						return list, nil
					}))
					require.NoError(t, err)
					require.Equal(t, root, tlog.Hash(at.Root))
				}
				_, verifier := keys(t)
				v, err := l.Verify(t.Context(), &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{at}})
				require.NoError(t, err)
				require.NoError(t, v.Err(), "%v", v.Faults)
				require.Equal(t, int64(c.n), v.Size)
			})
		}
	}
}

func TestEmpty(t *testing.T) {
	l := open(t, new(store.Memory))
	c, n, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, c.Size)
	v, err := l.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
	require.Empty(t, all(t, l, nil))
	_, err = l.Entry(t.Context(), 0)
	require.ErrorIs(t, err, audit.ErrUnknown)
	_, err = l.Prove(t.Context(), 0, audit.Checkpoint{})
	require.ErrorIs(t, err, audit.ErrUnknown)
}

func TestQuery(t *testing.T) {
	l := filled(t, new(store.Memory), 400, 90)
	everything := all(t, l, nil)
	for name, q := range map[string]audit.Query{
		"customer":                {Customer: customer.FromInt64(4)},
		"customer in range":       {Customer: customer.FromInt64(4), From: 20, To: 300},
		"actor":                   {Actor: "agent-2"},
		"action and time":         {Action: "export", Since: start.Add(time.Minute), Until: start.Add(3 * time.Minute)},
		"range":                   {From: 250, To: 260},
		"nothing":                 {From: 400},
		"nobody":                  {Customer: customer.FromInt64(99)},
		"to before from":          {From: 9, To: 4},
		"negative":                {To: -1},
		"of a customer, negative": {To: -1, Customer: customer.FromInt64(4)},
		"far":                     {From: math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			var want []audit.Sealed
			for _, e := range everything {
				if (q.Customer == uuid.Nil || q.Customer == e.Customer) && (q.Actor == "" || q.Actor == e.Actor) &&
					(q.Action == "" || q.Action == e.Action) && e.Number >= q.From && (q.To == 0 || e.Number < q.To) &&
					!e.Time.Before(q.Since) && (q.Until.IsZero() || e.Time.Before(q.Until)) {
					want = append(want, e)
				}
			}
			require.Equal(t, want, all(t, l, &q))
		})
	}
}

// An entry queued in a batch is there if, and only if, the batch is committed.
func TestQueue(t *testing.T) {
	s := new(store.Memory)
	l := open(t, s)
	b := new(store.Batch)
	b.Put([]byte("deed"), []byte("1"))
	require.NoError(t, l.Queue(b, entry(1)))
	lost := new(store.Batch)
	lost.If([]byte("deed"), 77)
	require.NoError(t, l.Queue(lost, entry(2)))
	_, err := s.Commit(t.Context(), lost)
	require.ErrorIs(t, err, store.ErrConflict)
	_, err = s.Commit(t.Context(), b)
	require.NoError(t, err)
	_, n, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 1, n)

	// Without an id it gets one by chance; with one, the same waits once.
	e := entry(3)
	e.ID = uuid.Nil
	require.NoError(t, l.Append(t.Context(), e, e, entry(4), entry(4)))
	require.NoError(t, l.Append(t.Context(), entry(4)))
	require.Equal(t, uuid.Nil, e.ID)
	// Another deed under the same id takes nothing away.
	other := entry(4)
	other.Action = "profile.delete"
	require.NoError(t, l.Append(t.Context(), other))
	_, n, err = l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 4, n)
}

// The largest entries go through the smallest store.
func TestLargest(t *testing.T) {
	race.Skip(t)
	text := strings.Repeat("x", 256)
	l := open(t, store.Limited(new(store.Memory), store.MinLimits))
	var entries []*audit.Entry
	for i := range 200 {
		e := entry(i)
		e.Actor, e.Action, e.Purpose, e.Object, e.Customer = text, text, text, text, customer.FromInt64(int64(i))
		e.Details, e.Commitments = nil, nil
		for range 32 {
			e.Details = append(e.Details, audit.Detail{Name: text, Text: text})
			e.Commitments = append(e.Commitments, audit.Commitment{Name: text, Sum: make([]byte, 32)})
		}
		entries = append(entries, e)
	}
	require.NoError(t, l.Append(t.Context(), entries...))
	_, n, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 200, n)
	v, err := l.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
	var export bytes.Buffer
	require.NoError(t, l.Export(t.Context(), &export))
	_, v, err = audit.VerifyExport(t.Context(), &export, origin, nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
}

func TestValidate(t *testing.T) {
	long := string(make([]byte, 257))
	for name, change := range map[string]func(e *audit.Entry){
		"no time":      func(e *audit.Entry) { e.Time = time.Time{} },
		"far time":     func(e *audit.Entry) { e.Time = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no actor":     func(e *audit.Entry) { e.Actor = "" },
		"no action":    func(e *audit.Entry) { e.Action = "" },
		"reserved":     func(e *audit.Entry) { e.Action = "audit.trim" },
		"long purpose": func(e *audit.Entry) { e.Purpose = long },
		"newline":      func(e *audit.Entry) { e.Object = "a\nb" },
		"not UTF-8":    func(e *audit.Entry) { e.Actor = "\xff" },
		"outcome":      func(e *audit.Entry) { e.Outcome = 3 },
		"details":      func(e *audit.Entry) { e.Details = make([]audit.Detail, 33) },
		"sum":          func(e *audit.Entry) { e.Commitments = []audit.Commitment{{Name: "a", Sum: make([]byte, 31)}} },
	} {
		t.Run(name, func(t *testing.T) {
			e := entry(0)
			change(e)
			l := open(t, new(store.Memory))
			require.ErrorIs(t, l.Queue(new(store.Batch), e), audit.ErrEntry)
			require.ErrorIs(t, l.Append(t.Context(), entry(1), e), audit.ErrEntry)
			_, n, err := l.Seal(t.Context(), start)
			require.NoError(t, err)
			require.Zero(t, n, "something was appended")
		})
	}
	for _, now := range []time.Time{{}, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, _, err := open(t, new(store.Memory)).Seal(t.Context(), now)
		require.ErrorIs(t, err, audit.ErrOptions)
	}
	signer, verifier := keys(t)
	for _, o := range []*audit.Options{{Retention: 36501}, {Retention: math.MaxInt}, {Signer: signer}, {Verifier: verifier}} {
		_, err := audit.Open(new(store.Memory), o)
		require.ErrorIs(t, err, audit.ErrOptions)
	}
	_, err := audit.Open(store.Limited(new(store.Memory), store.MinLimits), &audit.Options{Origin: "a\nb", Retention: 364, Prefix: make([]byte, 600)})
	for _, what := range []string{"Origin", "Retention", "Prefix"} {
		require.ErrorContains(t, err, what)
	}
	require.ErrorIs(t, err, audit.ErrOptions)
}

// Many write and seal at the same time: every entry is sealed once.
func TestSealTogether(t *testing.T) {
	s := store.Limited(new(store.Memory), store.MinLimits)
	const writers, each = 4, 150
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			l := open(t, s)
			for i := range each {
				if err := l.Append(t.Context(), entry(w*each+i)); err != nil {
					t.Error(err)
				}
				if i%10 == w {
					if _, _, err := l.Seal(t.Context(), start); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	l := open(t, s)
	c, _, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, int64(writers*each), c.Size)
	seen := map[uuid.UUID]bool{}
	for _, e := range all(t, l, nil) {
		seen[e.ID] = true
	}
	require.Len(t, seen, writers*each)
	v, err := l.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
}

// One log is used by many at the same time: what is older than what others have seen meanwhile is no sign of tampering.
func TestOneLogTogether(t *testing.T) {
	l := open(t, new(store.Memory))
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := range 60 {
				if err := l.Append(t.Context(), entry(w*1000+i)); err != nil {
					t.Error(err)
				}
				if _, _, err := l.Seal(t.Context(), start); err != nil {
					t.Error(err)
				}
				if _, err := l.Checkpoint(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	c, err := l.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(480), c.Size)
}

// stopping fails every call from some commit on, before or after it has happened, as a process does that is killed.
type stopping struct {
	store.Store
	left  int
	after bool
}

var errStopped = fmt.Errorf("stopped: %w", store.ErrUnknownOutcome)

func (s *stopping) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.left--; s.left >= 0 {
		return s.Store.Commit(ctx, b)
	}
	if s.left == -1 && s.after {
		if _, err := s.Store.Commit(ctx, b); err != nil {
			return 0, err
		}
	}
	return 0, errStopped
}

// A process that is killed at any commit loses and doubles nothing.
func TestStop(t *testing.T) {
	race.Skip(t)
	for _, after := range []bool{false, true} {
		for left := 0; left < 400; left += 1 + left/4 {
			s := store.Limited(new(store.Memory), store.MinLimits)
			l := filled(t, s, 300, 300)
			late := start.AddDate(1, 0, 1)
			dying := open(t, &stopping{s, left, after})
			written := func(i int) *audit.Entry {
				e := entry(i)
				e.Time = late.Add(time.Duration(i))
				return e
			}
			var acknowledged []uuid.UUID
			var err error
			for i := 300; i < 600 && err == nil; i++ {
				e := written(i)
				if err = dying.Append(t.Context(), e); err != nil {
					require.NoError(t, l.Append(t.Context(), e)) // tried again
				}
				acknowledged = append(acknowledged, e.ID)
				if err == nil && i%50 == 49 {
					if _, _, err = dying.Seal(t.Context(), late); err == nil && i == 349 {
						_, err = dying.Trim(t.Context(), late, "keeper")
					}
				}
			}
			_, _, err = l.Seal(t.Context(), late)
			require.NoError(t, err)
			_, err = l.Trim(t.Context(), late, "keeper")
			require.NoError(t, err)
			seen := map[uuid.UUID]int{}
			for _, e := range all(t, l, nil) {
				seen[e.ID]++
			}
			for _, id := range acknowledged {
				require.Equal(t, 1, seen[id])
			}
			v, err := l.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.NoError(t, v.Err(), "%d %v %v", left, after, v.Faults)
		}
	}
}

func TestProofs(t *testing.T) {
	s := new(store.Memory)
	l := open(t, s)
	_, verifier := keys(t)
	var points []audit.Checkpoint
	for i := range 600 {
		require.NoError(t, l.Append(t.Context(), entry(i)))
		if i%97 == 3 || i == 255 || i == 256 || i == 599 {
			c, _, err := l.Seal(t.Context(), start.Add(time.Hour))
			require.NoError(t, err)
			points = append(points, c)
			parsed, err := audit.ParseCheckpoint(c.Text, origin, verifier)
			require.NoError(t, err)
			require.Equal(t, c, parsed)
		}
	}
	for _, newer := range points {
		for _, older := range points {
			proof, err := l.ProveExtends(t.Context(), older, newer)
			if older.Size > newer.Size {
				require.ErrorIs(t, err, audit.ErrTampered)
				continue
			}
			require.NoError(t, err)
			require.NoError(t, audit.CheckExtends(proof, older, newer))
			other := older
			other.Root[0]++
			require.ErrorIs(t, audit.CheckExtends(proof, other, newer), audit.ErrTampered)
			if len(proof) > 0 {
				proof[0][3]++
				require.ErrorIs(t, audit.CheckExtends(proof, older, newer), audit.ErrTampered)
			}
		}
		for _, n := range []int64{0, 3, 254, 255, 256, 598, 599} {
			p, err := l.Prove(t.Context(), n, newer)
			if n >= newer.Size {
				require.ErrorIs(t, err, audit.ErrUnknown)
				continue
			}
			require.NoError(t, err)
			data, err := json.Marshal(p)
			require.NoError(t, err)
			var read audit.Proof
			require.NoError(t, json.Unmarshal(data, &read))
			e, err := read.Verify(origin, verifier)
			require.NoError(t, err)
			require.Equal(t, *entry(int(n)), e.Entry)
			_, err = read.Verify("another", verifier)
			require.ErrorIs(t, err, audit.ErrTampered)
			read.Data[len(read.Data)-3]++
			_, err = read.Verify(origin, verifier)
			require.ErrorIs(t, err, audit.ErrTampered)
		}
	}
}

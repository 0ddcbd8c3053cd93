package audit_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

func fill(t testing.TB, l *audit.Log, n int) {
	t.Helper()
	var entries []*audit.Entry
	for i := range n {
		entries = append(entries, entry(i))
	}
	require.NoError(t, l.Append(t.Context(), entries...))
	_, _, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
}

// page is one of entries that were sealed at start.
func page(first int64, entries ...*audit.Entry) []byte {
	w := wire.New("audit/page", 1)
	w.Uint(uint64(first))
	w.List(len(entries))
	for _, e := range entries {
		w.Bytes(leaf(e))
	}
	return w.Data()
}

// leaf is an entry as it is sealed at start.
func leaf(e *audit.Entry) []byte {
	l, err := audit.Open(new(store.Memory), nil)
	if err != nil {
		panic(err)
	}
	b := new(store.Batch)
	if err := l.Queue(b, e); err != nil {
		panic(err)
	}
	w := wire.Onto(b.Writes[0].Value)
	w.Time(start)
	return w.Data()
}

// Somebody without the key replaces the log: nothing signs over it.
func TestForgedHistoryIsNotSigned(t *testing.T) {
	s := new(store.Memory)
	l := filled(t, s, 300, 50)
	forged := new(store.Memory)
	unsigned, err := audit.Open(forged, &audit.Options{Origin: origin})
	require.NoError(t, err)
	fill(t, unsigned, 400)
	for _, e := range under(t, s, "") {
		put(t, s, e.Key, nil)
	}
	for _, e := range under(t, forged, "") {
		put(t, s, e.Key, append([]byte{}, e.Value...))
	}
	require.NoError(t, l.Append(t.Context(), entry(500)))
	for _, log := range []*audit.Log{l, open(t, s)} {
		_, _, err = log.Seal(t.Context(), start)
		require.ErrorIs(t, err, audit.ErrTampered)
		_, err = log.Trim(t.Context(), start.AddDate(3, 0, 0), "keeper")
		require.ErrorIs(t, err, audit.ErrTampered)
	}
	require.Contains(t, verify(t, s, nil), audit.Fault{Kind: audit.CheckpointForged, Number: 400})
}

// A process that has seen the log notices when an older one is brought back.
func TestRollbackIsSeen(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	l := filled(t, s, 300, 300)
	old := clone(t, s)
	fill(t, l, 20)
	for _, e := range under(t, s, "") {
		put(t, s, e.Key, nil)
	}
	for _, e := range under(t, old, "") {
		put(t, s, e.Key, append([]byte{}, e.Value...))
	}
	_, err := l.Checkpoint(t.Context())
	require.ErrorIs(t, err, audit.ErrTampered)
	_, _, err = l.Seal(t.Context(), start)
	require.ErrorIs(t, err, audit.ErrTampered)

	// The head alone: what lies behind it is found by anybody, and is no part of the log.
	head := bytes.Clone(under(t, s, "audit/head")[0].Value)
	fill(t, open(t, s), 500)
	put(t, s, []byte("audit/head"), head)
	require.NotEmpty(t, verify(t, s, nil))
	require.Len(t, all(t, open(t, s), nil), 300)
	put(t, s, []byte("audit/head"), nil)
	require.NotEmpty(t, verify(t, s, nil))
}

// What lies behind the end of the log is no part of it, and is found.
func TestBehindTheEnd(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	l := filled(t, s, 600, 100)
	about := entry(3).Customer
	number := []byte{0, 0, 0, 0, 0, 0, 3, 0xe8}
	pageKey, indexKey := append([]byte("audit/e/"), number...), append(append([]byte("audit/c/"), about[:]...), number...)
	before := len(all(t, l, &audit.Query{Customer: about}))
	put(t, s, pageKey, page(1000, entry(3)))
	require.Equal(t, []audit.Fault{{Kind: audit.EntryAltered, Number: 1000}}, verify(t, s, nil))
	put(t, s, indexKey, []byte{})
	require.Len(t, all(t, l, nil), 600)
	require.Len(t, all(t, l, &audit.Query{Customer: about}), before)
	_, err := l.Entry(t.Context(), 1000)
	require.ErrorIs(t, err, audit.ErrUnknown)
	put(t, s, pageKey, nil)
	require.Equal(t, []audit.Fault{{Kind: audit.EntryAltered, Number: 1000}}, verify(t, s, nil))
	require.Len(t, all(t, l, &audit.Query{Customer: about}), before)
}

// Trim removes nothing that was altered so that it looks old, and nothing that is dated back.
func TestTrimIsNotDeceived(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	l := filled(t, s, 1000, 300)
	pages := under(t, s, "audit/e/")
	for _, e := range pages[:len(pages)-1] {
		first := int64(binary.BigEndian.Uint64(e.Key[len(e.Key)-8:]))
		r := wire.Read(e.Value)
		r.Uint()
		w := wire.New("audit/page", 1)
		w.Uint(uint64(first))
		n := r.List()
		w.List(n)
		for i := range n {
			data := leaf(entry(int(first) + i))
			at := wire.New("", 1)
			at.Reset()
			at.Time(start)
			data = data[:len(data)-len(at.Data())]
			old := wire.Onto(data)
			old.Time(start.AddDate(-2, 0, 0))
			w.Bytes(old.Data())
		}
		put(t, s, e.Key, w.Data())
	}
	_, err := l.Trim(t.Context(), start.Add(time.Hour), "keeper")
	require.ErrorIs(t, err, audit.ErrTampered)

	s = new(store.Memory)
	l = open(t, s)
	var entries []*audit.Entry
	for i := range 600 {
		e := entry(i)
		e.Time = e.Time.AddDate(-2, 0, 0)
		if i == 0 {
			e.Time = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		entries = append(entries, e)
	}
	require.NoError(t, l.Append(t.Context(), entries...))
	_, _, err = l.Seal(t.Context(), start)
	require.NoError(t, err)
	n, err := l.Trim(t.Context(), start.Add(time.Second), "keeper")
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = l.Trim(t.Context(), start.AddDate(1, 0, 1), "keeper")
	require.NoError(t, err)
	require.Positive(t, n)
}

// Of several processes the longest retention counts.
func TestLongestRetention(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	signer, verifier := keys(t)
	long, err := audit.Open(s, &audit.Options{Origin: origin, Signer: signer, Verifier: verifier, Retention: 3650})
	require.NoError(t, err)
	fill(t, long, 600)
	n, err := open(t, s).Trim(t.Context(), start.AddDate(2, 0, 0), "keeper")
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = open(t, s).Trim(t.Context(), start.AddDate(11, 0, 0), "keeper")
	require.NoError(t, err)
	require.Positive(t, n)
}

// A clock that is behind gives no false alarm after entries were removed.
func TestClockBehind(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	l := filled(t, s, 1000, 300)
	late := start.AddDate(2, 0, 0)
	_, err := l.Trim(t.Context(), late, "keeper")
	require.NoError(t, err)
	fill(t, l, 5)
	require.Empty(t, verify(t, s, nil))
}

// An export has one form: what else it could be read as is refused.
func TestExportHasOneForm(t *testing.T) {
	l := filled(t, new(store.Memory), 10, 10)
	var b bytes.Buffer
	require.NoError(t, l.Export(t.Context(), &b))
	for name, change := range map[string][2]string{
		"case":    {`"actor":"agent-1"`, `"actor":"mallory","Actor":"agent-1"`},
		"twice":   {`"actor":"agent-1"`, `"actor":"mallory","actor":"agent-1"`},
		"unknown": {`"actor":"agent-1"`, `"approved":true,"actor":"agent-1"`},
		"zone":    {`"time":"2026-03-01T08:00:01Z"`, `"time":"2026-03-01T16:00:01+08:00"`},
		"sealed":  {`"sealed_at":"2026-03-01T08:00:00Z"`, `"sealed_at":"2026-03-01T16:00:00+08:00"`},
		"head":    {`"version":1,`, `"version":1,"log":"of another",`},
		"space":   {`{"number":3`, `{ "number":3`},
	} {
		text := strings.Replace(b.String(), change[0], change[1], 1)
		require.NotEqual(t, b.String(), text, name)
		_, _, err := audit.VerifyExport(t.Context(), strings.NewReader(text), origin, nil)
		require.ErrorIs(t, err, store.ErrCorrupt, name)
	}
}

// hooked calls a function before each Get.
type hooked struct {
	store.Store
	before func(keys [][]byte)
}

func (h *hooked) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	h.before(keys)
	return h.Store.Get(ctx, keys...)
}

// Others seal and remove between two reads of somebody who seals.
func TestSealBesideTrim(t *testing.T) {
	s := new(store.Memory)
	l := open(t, s)
	fill(t, l, 10)
	require.NoError(t, l.Append(t.Context(), entry(900)))
	done := false
	h := &hooked{s, func(keys [][]byte) {
		if done || !bytes.HasPrefix(keys[0], []byte("audit/e/")) {
			return
		}
		done = true
		fill(t, l, 300)
		n, err := l.Trim(t.Context(), start.AddDate(2, 0, 0), "keeper")
		require.NoError(t, err)
		require.Positive(t, n)
	}}
	_, _, err := open(t, h).Seal(t.Context(), start)
	require.NoError(t, err)
	require.True(t, done)
	require.Empty(t, verify(t, s, nil))

	// And between two of somebody who reads what is about a customer.
	s = new(store.Memory)
	l = filled(t, s, 1000, 300)
	n := 0
	for _, err := range l.Entries(t.Context(), &audit.Query{Customer: customer.FromInt64(4)}) {
		require.NoError(t, err)
		if n++; n == 1 {
			_, err := l.Trim(t.Context(), start.AddDate(2, 0, 0), "keeper")
			require.NoError(t, err)
		}
	}
	require.Positive(t, n)
}

// Entries of any size go through stores with few operations a batch.
func TestFewOperations(t *testing.T) {
	race.Skip(t)
	for _, size := range []int{2000, 7600, 12000} {
		l := open(t, store.Limited(new(store.Memory), store.Limits{KeyBytes: 512, ValueBytes: 64 << 10, Operations: 1000, BatchBytes: 8 << 20}))
		var entries []*audit.Entry
		for i := range 700 {
			e := entry(i)
			e.Details, e.Commitments, e.Customer = nil, nil, customer.FromInt64(int64(i+1))
			for left := size; left > 0; left -= 512 {
				e.Details = append(e.Details, audit.Detail{Name: strings.Repeat("x", 256), Text: strings.Repeat("y", 256)})
			}
			entries = append(entries, e)
		}
		require.NoError(t, l.Append(t.Context(), entries...))
		_, n, err := l.Seal(t.Context(), start)
		require.NoError(t, err)
		require.Equal(t, 700, n)
	}
}

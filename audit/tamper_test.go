package audit_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// under returns the entries of a store below a prefix.
func under(t testing.TB, s store.Store, prefix string) (list []store.Entry) {
	t.Helper()
	for e, err := range s.Scan(t.Context(), store.Under([]byte(prefix))) {
		require.NoError(t, err)
		list = append(list, e)
	}
	return list
}

func put(t testing.TB, s store.Store, key, value []byte) {
	t.Helper()
	b := new(store.Batch)
	if value == nil {
		b.Delete(key)
	} else {
		b.Put(key, value)
	}
	_, err := s.Commit(t.Context(), b)
	require.NoError(t, err)
}

func clone(t testing.TB, s store.Store) *store.Memory {
	t.Helper()
	c := new(store.Memory)
	for _, e := range under(t, s, "") {
		put(t, c, e.Key, append([]byte{}, e.Value...))
	}
	return c
}

// onPage has change alter the entries of the page of entry n, of which at is the place there, and writes the page.
// It returns the page as it was.
func onPage(t testing.TB, s store.Store, n int64, change func(entries [][]byte, at int) [][]byte) store.Entry {
	t.Helper()
	for _, e := range under(t, s, "audit/e/") {
		r := wire.Read(e.Value)
		first := int64(r.Uint())
		entries := make([][]byte, r.List())
		for i := range entries {
			entries[i] = bytes.Clone(r.Bytes())
		}
		require.NoError(t, r.Close())
		if n < first || n >= first+int64(len(entries)) {
			continue
		}
		entries = change(entries, int(n-first))
		w := wire.New("audit/page", 1)
		w.Uint(uint64(first))
		w.List(len(entries))
		for _, data := range entries {
			w.Bytes(data)
		}
		put(t, s, e.Key, w.Data())
		return e
	}
	require.Fail(t, "no such entry")
	return store.Entry{}
}

func verify(t testing.TB, s store.Store, opts *audit.VerifyOptions) []audit.Fault {
	t.Helper()
	v, err := open(t, s).Verify(t.Context(), opts)
	require.NoError(t, err)
	require.Equal(t, len(v.Faults) > 0, v.Err() != nil)
	return v.Faults
}

// Whatever is done to any entry is found, and where it was done.
func TestTamperEntries(t *testing.T) {
	race.Skip(t)
	const n = 250
	s := new(store.Memory)
	filled(t, s, n, 67)
	require.Empty(t, verify(t, s, nil))
	for i := range int64(n) {
		for name, change := range map[string]func(entries [][]byte, at int) [][]byte{
			"altered": func(entries [][]byte, at int) [][]byte {
				data := entries[at]
				data[bytes.Index(data, []byte("agent-"))+6] = '9'
				return entries
			},
			"removed":  func(entries [][]byte, at int) [][]byte { return slices.Delete(entries, at, at+1) },
			"doubled":  func(entries [][]byte, at int) [][]byte { return slices.Insert(entries, at, entries[at]) },
			"replaced": func(entries [][]byte, at int) [][]byte { entries[at] = entries[(at+1)%len(entries)]; return entries },
			"swapped": func(entries [][]byte, at int) [][]byte {
				other := (at + 1) % len(entries)
				entries[at], entries[other] = entries[other], entries[at]
				return entries
			},
			"cut": func(entries [][]byte, at int) [][]byte { entries[at] = entries[at][:20]; return entries },
		} {
			before := onPage(t, s, i, change)
			faults := verify(t, s, nil)
			_, err := open(t, s).Prove(t.Context(), i, audit.Checkpoint{})
			put(t, s, before.Key, before.Value)
			require.NotEmpty(t, faults, "%s %d", name, i)
			found := slices.ContainsFunc(faults, func(f audit.Fault) bool {
				return f.Kind <= audit.EntryMissing && (f.Number == i || f.Number == i+1 || name == "swapped")
			})
			require.True(t, found, "%s %d: %v", name, i, faults)
			if name == "altered" || name == "cut" {
				require.ErrorIs(t, err, audit.ErrTampered)
			}
		}
	}
}

// Every stored value of a log can be altered or removed, and it is found.
func TestTamperValues(t *testing.T) {
	race.Skip(t)
	s := new(store.Memory)
	filled(t, s, 600, 130)
	c, err := open(t, s).Checkpoint(t.Context())
	require.NoError(t, err)
	_, verifier := keys(t)
	for i, e := range under(t, s, "audit/") {
		if strings.HasPrefix(string(e.Key), "audit/c/") && i%20 > 0 {
			continue
		}
		key := fmt.Sprintf("%q", e.Key)
		for at := 0; at < len(e.Value); at += 1 + len(e.Value)/37 {
			value := bytes.Clone(e.Value)
			value[at] ^= 1 << (at % 8)
			put(t, s, e.Key, value)
			v, err := open(t, s).Verify(t.Context(), &audit.VerifyOptions{Verifier: verifier})
			require.True(t, err != nil || v.Err() != nil, "%s: byte %d", key, at)
		}
		put(t, s, e.Key, nil)
		require.NotEmpty(t, verify(t, s, &audit.VerifyOptions{Trusted: []audit.Checkpoint{c}}), key)
		put(t, s, e.Key, append([]byte{}, e.Value...))
	}
	require.Empty(t, verify(t, s, &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{c}}))
}

// Another history that is consistent in itself is found by its signature, by what was given away, or both.
func TestTamperHistory(t *testing.T) {
	_, verifier := keys(t)
	s := new(store.Memory)
	l := filled(t, s, 300, 50)
	old := clone(t, s)
	before, err := l.Checkpoint(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Append(t.Context(), entry(300), entry(301)))
	after, _, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Empty(t, verify(t, s, &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{before, after}}))

	// The store as it was: the signature is good.
	require.Empty(t, verify(t, old, &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{before}}))
	require.Equal(t, []audit.Fault{{Kind: audit.RootAltered, Number: 302}}, verify(t, old, &audit.VerifyOptions{Trusted: []audit.Checkpoint{after}}))

	// Another log in its place, by somebody without the key.
	forged := new(store.Memory)
	unsigned, err := audit.Open(forged, &audit.Options{Origin: origin})
	require.NoError(t, err)
	for i := range 310 {
		e := entry(i)
		e.Actor = "nobody"
		require.NoError(t, unsigned.Append(t.Context(), e))
	}
	_, _, err = unsigned.Seal(t.Context(), start)
	require.NoError(t, err)
	v, err := unsigned.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
	require.Equal(t, []audit.Fault{{Kind: audit.CheckpointForged, Number: 310}}, verify(t, forged, &audit.VerifyOptions{Verifier: verifier}))
	require.Equal(t, []audit.Fault{{Kind: audit.RootAltered, Number: 300}, {Kind: audit.RootAltered, Number: 302}, {Kind: audit.CheckpointForged, Number: 310}},
		verify(t, forged, &audit.VerifyOptions{Trusted: []audit.Checkpoint{before, after}}))
}

// The keys of customers lead to all entries about them, and to no others.
func TestTamperIndex(t *testing.T) {
	s := new(store.Memory)
	filled(t, s, 50, 50)
	e := under(t, s, "audit/c/")[3]
	key := bytes.Clone(e.Key)
	put(t, s, e.Key, nil)
	require.Equal(t, []audit.Fault{{Kind: audit.IndexAltered}}, verify(t, s, nil))
	binary.BigEndian.PutUint64(key[len(key)-8:], 4)
	put(t, s, key, []byte{})
	require.Equal(t, []audit.Fault{{Kind: audit.IndexAltered}}, verify(t, s, nil))
}

func TestTrim(t *testing.T) {
	s := store.Limited(new(store.Memory), store.MinLimits)
	l := filled(t, s, 1000, 300)
	before, err := l.Checkpoint(t.Context())
	require.NoError(t, err)
	year := 365 * 24 * time.Hour
	for _, now := range []time.Time{start, start.Add(year)} {
		n, err := l.Trim(t.Context(), now, "keeper")
		require.NoError(t, err)
		require.Zero(t, n)
	}
	pages := len(under(t, s, "audit/e/"))
	old := clone(t, s)
	n, err := l.Trim(t.Context(), entry(700).Time.Add(year), "keeper")
	require.NoError(t, err)
	require.Less(t, len(under(t, s, "audit/e/")), pages)
	first := all(t, l, nil)[0].Number
	require.Equal(t, n, first)
	require.LessOrEqual(t, first, int64(900))
	require.Greater(t, first, int64(400))
	_, err = l.Entry(t.Context(), first-1)
	require.ErrorIs(t, err, audit.ErrUnknown)
	v, err := l.Verify(t.Context(), &audit.VerifyOptions{Trusted: []audit.Checkpoint{before}})
	require.NoError(t, err)
	require.NoError(t, v.Err(), "%v", v.Faults)
	require.Equal(t, first, v.First)
	_, err = l.Prove(t.Context(), first, audit.Checkpoint{})
	require.NoError(t, err)
	last := all(t, l, &audit.Query{Action: "audit.trim"})
	require.Len(t, last, 1)
	require.Equal(t, "keeper", last[0].Actor)

	// The same removed without a word.
	for _, e := range under(t, old, "audit/e/") {
		if int64(binary.BigEndian.Uint64(e.Key[len(e.Key)-8:])) < first {
			put(t, old, e.Key, nil)
		}
	}
	require.Contains(t, verify(t, old, nil), audit.Fault{Kind: audit.EntryMissing})
}

func TestExport(t *testing.T) {
	race.Skip(t)
	_, verifier := keys(t)
	s := new(store.Memory)
	l := filled(t, s, 600, 200)
	before, err := l.Checkpoint(t.Context())
	require.NoError(t, err)
	check := func(text string, faults bool) {
		t.Helper()
		c, v, err := audit.VerifyExport(t.Context(), strings.NewReader(text), origin, &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{before}})
		if !faults {
			require.NoError(t, err)
			require.NoError(t, v.Err(), "%v", v.Faults)
			now, err := l.Checkpoint(t.Context())
			require.NoError(t, err)
			require.Equal(t, now, c)
			return
		}
		require.True(t, err != nil || v.Err() != nil)
	}
	export := func() string {
		var b bytes.Buffer
		require.NoError(t, l.Export(t.Context(), &b))
		return b.String()
	}
	text := export()
	check(text, false)
	lines := strings.SplitAfter(text, "\n")
	for i := 1; i < len(lines)-1; i += 43 {
		check(strings.Join(slices.Delete(slices.Clone(lines), i, i+1), ""), true)
		check(strings.Join(slices.Insert(slices.Clone(lines), i, lines[i]), ""), true)
		altered := slices.Clone(lines)
		altered[i] = strings.Replace(altered[i], "agent-", "agent_", 1)
		check(strings.Join(altered, ""), true)
	}
	check(strings.Join(lines[:300], ""), true)
	check("", true)
	check("{}", true)
	_, err = l.Trim(t.Context(), entry(400).Time.Add(365*24*time.Hour), "keeper")
	require.NoError(t, err)
	text = export()
	check(text, false)
	require.Contains(t, strings.SplitAfter(text, "\n")[1], `"hash"`)

	empty := new(bytes.Buffer)
	require.NoError(t, open(t, new(store.Memory)).Export(t.Context(), empty))
	_, v, err := audit.VerifyExport(t.Context(), empty, origin, nil)
	require.NoError(t, err)
	require.NoError(t, v.Err())
}

// An entry that is damaged while it waits does not stop the log, and is reported.
func TestTamperQueue(t *testing.T) {
	s := new(store.Memory)
	l := filled(t, s, 10, 10)
	require.NoError(t, l.Append(t.Context(), entry(10), entry(11), entry(12)))
	e := under(t, s, "audit/q/")[1]
	put(t, s, e.Key, []byte("damaged"))
	c, n, err := l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Empty(t, verify(t, s, &audit.VerifyOptions{Trusted: []audit.Checkpoint{c}}))
	e11, err := l.Entry(t.Context(), 11)
	require.NoError(t, err)
	require.Equal(t, "audit.unreadable", e11.Action)
	sum := sha256.Sum256([]byte("damaged"))
	require.Equal(t, sum[:], e11.Commitments[0].Sum)
	require.NoError(t, l.Export(t.Context(), new(bytes.Buffer)))

	// One as large as the store takes.
	require.NoError(t, l.Append(t.Context(), entry(13)))
	put(t, s, under(t, s, "audit/q/")[0].Key, bytes.Repeat([]byte{1}, 64<<10))
	_, n, err = l.Seal(t.Context(), start)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Empty(t, verify(t, s, nil))
}

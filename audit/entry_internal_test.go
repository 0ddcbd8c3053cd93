package audit

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

func TestYears(t *testing.T) {
	zone := time.FixedZone("", 14*3600)
	for _, at := range []time.Time{
		{},
		time.Time{}.Add(1), time.Time{}.Add(-1), time.Time{}.In(zone), time.Time{}.Add(time.Second),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(10_000, 1, 1, 5, 0, 0, 0, zone), time.Date(1, 1, 1, 5, 0, 0, 0, zone), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0), time.Unix(-1<<62, 0),
	} {
		year := at.UTC().Year()
		require.Equal(t, !at.IsZero() && year >= 1 && year <= 9999, validTime(at), "%v", at)
	}
}

// TestGlance: whom an entry is about is what is read, also of one that was changed; of an
// entry as they are it can tell.
func TestGlance(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func(least int) string {
		parts := []string{"a", "field name", "客户", strings.Repeat("x", 30), "é"}
		var b strings.Builder
		for range least + rnd.IntN(4) {
			b.WriteString(parts[rnd.IntN(len(parts))])
		}
		return b.String()
	}
	glanced, changed := 0, 0
	for range 100_000 {
		e := *seed()
		e.Actor, e.Action, e.Purpose, e.Object = text(1), text(1), text(0), text(0)
		e.Time = time.Unix(int64(rnd.Uint64()>>(20+rnd.IntN(44))), rnd.Int64N(1e9))
		if rnd.IntN(10) == 0 {
			e.Time = time.Unix(-rnd.Int64N(1e10), 0)
		}
		if !validTime(e.Time) {
			continue
		}
		e.Outcome = Outcome(rnd.IntN(3))
		e.Details, e.Commitments = nil, nil
		for range rnd.IntN(4) {
			e.Details = append(e.Details, Detail{text(1), text(0)})
		}
		for range rnd.IntN(4) {
			e.Commitments = append(e.Commitments, Commitment{text(1), make([]byte, 32)})
		}
		if rnd.IntN(2) == 0 {
			e.Customer = uuid.Nil
		}
		if rnd.IntN(2) == 0 {
			e.Atom = [16]byte{3}
		}
		require.NoError(t, e.Validate())
		data, sealed := e.encode(), rnd.IntN(2) == 0
		require.LessOrEqual(t, len(data), e.size())
		if sealed {
			data = leaf(data, time.Unix(2e9, 7))
		}
		id, ok := customerOf(data, sealed)
		require.Equal(t, e.Time.Unix() >= 0, ok)
		if ok {
			glanced++
			require.Equal(t, e.Customer, id)
		}
		_, ok = customerOf(data, !sealed)
		require.False(t, ok)
		switch at := rnd.IntN(len(data)); rnd.IntN(4) {
		case 0:
			data[at] ^= byte(1 << rnd.IntN(8))
		case 1:
			data = data[:at]
		case 2:
			data = append(data, data[at])
		case 3:
			data = append(data[:at:at], append([]byte{byte(rnd.Uint32())}, data[at:]...)...)
		}
		if id, ok := customerOf(data, sealed); ok {
			changed++
			read, _, err := decode(data, sealed)
			require.NoError(t, err, "%x", data)
			require.Equal(t, read.Customer, id)
		}
	}
	require.Greater(t, glanced, 50_000)
	require.Greater(t, changed, 1000)
}

// TestHashes compares with package tlog.
func TestHashes(t *testing.T) {
	var e edge
	rnd := rand.New(rand.NewPCG(1, 3))
	nodes := make([]hash, tileWidth)
	var data []byte
	for i := range nodes {
		record := make([]byte, 1+rnd.IntN(300))
		for j := range record[1:] {
			record[1+j] = byte(rnd.Uint32())
		}
		nodes[i] = recordHash(record)
		require.Equal(t, tlog.RecordHash(record[1:]), nodes[i])
		data = append(data, nodes[i][:]...)
		e.add(nodes[i])
	}
	for n := len(nodes) / 2; n > 0; n /= 2 {
		for i := range n {
			nodes[i] = tlog.NodeHash(nodes[2*i], nodes[2*i+1])
		}
	}
	require.Equal(t, nodes[0], tileRoot(data))
	require.Equal(t, nodes[0], e.root())
}

// TestRoots: the root is that of package tlog after each leaf, of trees of two levels of tiles.
func TestRoots(t *testing.T) {
	var e edge
	var stored []hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (list []hash, err error) {
		for _, at := range indexes {
			list = append(list, stored[at])
		}
		return list, nil
	})
	require.Equal(t, emptyRoot, e.root())
	for n := range int64(66_200) {
		leaf := recordHash([]byte{0, byte(n), byte(n >> 8), byte(n >> 16)})
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		require.NoError(t, err)
		stored = append(stored, more...)
		e.add(leaf)
		if n > 600 && n < 65_000 && n%997 != 0 {
			continue
		}
		want, err := tlog.TreeHash(n+1, reader)
		require.NoError(t, err)
		require.Equal(t, want, e.root(), "%d leaves", n+1)
	}
}

// encode returns the bytes of a sealed entry.
func (s *Sealed) encode() []byte { return leaf(s.Entry.encode(), s.SealedAt) }

package audit

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func seed() *Entry {
	return &Entry{
		ID: uuid.UUID{1}, Time: time.Unix(1e9, 5).UTC(), Actor: "a", Action: "b", Outcome: Failed, Purpose: "c",
		Customer: uuid.UUID{2}, Object: "d", Details: []Detail{{"e", ""}}, Commitments: []Commitment{{"f", make([]byte, 32)}},
	}
}

// What is read as an entry is written as the same bytes, and a glance says of it what reading does.
func FuzzEntry(f *testing.F) {
	sealed := Sealed{SealedAt: time.Unix(2e9, 7), Entry: *seed()}
	f.Add(seed().encode())
	f.Add(sealed.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := decodeEntry(data)
		if err == nil {
			require.Equal(t, data, e.encode())
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		if id, ok := customerOf(data, false); ok {
			require.NoError(t, err)
			require.Equal(t, e.Customer, id)
		}
		s, err := decodeSealed(0, data)
		if err == nil {
			require.Equal(t, data, s.encode())
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt)
		}
		if id, ok := customerOf(data, true); ok {
			require.NoError(t, err)
			require.Equal(t, s.Customer, id)
		}
	})
}

func FuzzPage(f *testing.F) {
	p := page{first: 5, entries: [][]byte{seed().encode(), {}}}
	f.Add(p.encode(), uint64(5))
	f.Fuzz(func(t *testing.T, data []byte, number uint64) {
		l := &Log{}
		read, err := readPage(store.Entry{Key: l.pageKey(int64(number)), Value: data, Version: 1})
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		require.Equal(t, data, read.encode())
	})
}

func FuzzHead(f *testing.F) {
	h := head{size: 7, page: 3, first: 1, days: 365, note: []byte("x")}
	f.Add(h.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if read, err := readHead(store.Entry{Value: data, Version: 1}); err == nil {
			require.Equal(t, data, read.encode())
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	c := Checkpoint{Origin: "o", Size: 3, Root: hash{1}, Time: time.Unix(1e9, 5)}
	text, err := checkpointText(&c, nil)
	require.NoError(f, err)
	f.Add(text)
	f.Add("o\n0\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint(text, "o", nil)
		if err != nil {
			require.ErrorIs(t, err, ErrTampered)
			return
		}
		require.Equal(t, "o", c.Origin)
		require.GreaterOrEqual(t, c.Size, int64(0))
	})
}

func FuzzVerifyExport(f *testing.F) {
	l, err := Open(new(store.Memory), nil)
	require.NoError(f, err)
	ctx := context.Background()
	require.NoError(f, l.Append(ctx, seed()))
	_, _, err = l.Seal(ctx, time.Unix(2e9, 0))
	require.NoError(f, err)
	var b bytes.Buffer
	require.NoError(f, l.Export(ctx, &b))
	f.Add(b.String())
	f.Add("{}")
	f.Add(strings.Replace(b.String(), "\n", "\n{\"number\":0,\"hash\":\"\"}\n", 1))
	f.Fuzz(func(t *testing.T, text string) {
		c, v, err := VerifyExport(t.Context(), strings.NewReader(text), DefaultOrigin, nil)
		if err == nil && v.Err() == nil {
			require.Equal(t, c.Size, v.Size)
		}
	})
}

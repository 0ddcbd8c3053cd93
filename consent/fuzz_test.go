package consent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// What is read as a head is written as the same bytes.
func FuzzLog(f *testing.F) {
	l := &log{pages: 3, records: []Record{
		{ID: "a", Identifier: Identifier{Type: "phone"}, Purpose: "p", Channel: "c", Basis: Consent, Choice: Granted, Collected: time.Unix(1e9, 0), Recorded: time.Unix(1e9, 5000), Until: time.Unix(2e9, 0)},
		{ID: "b", Choice: Withdrawn, Collected: time.Unix(1e9, 0), Recorded: time.Unix(1e9, 5000), Notice: "n"},
	}}
	f.Add(l.encode())
	f.Add((&log{erased: true}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := readLog(store.Entry{Value: data, Version: 1}, customer.AtomID{1})
		if err != nil {
			require.ErrorIs(t, err, store.ErrCorrupt)
			return
		}
		require.Equal(t, data, read.encode())
	})
}

func FuzzIdentifier(f *testing.F) {
	text, err := Identifier{Type: "a:b", Blind: [20]byte{7}}.MarshalText()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		var i, again Identifier
		if i.UnmarshalText(text) != nil {
			return
		}
		written, err := i.MarshalText()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalText(written))
		require.Equal(t, i, again)
	})
}

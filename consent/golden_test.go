package consent_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

var update = flag.Bool("update", false, "write the golden files of the present formats")

// TestReleasedFormats: records that were stored once can be read for ever. The file has keys and values in hexadecimal:
// an atom with a page, and one that was erased.
func TestReleasedFormats(t *testing.T) {
	path := filepath.Join("testdata", "records_v1.txt")
	s := new(store.Memory)
	c := open(t, s, nil, nil)
	var records []consent.Record
	for i := range 230 {
		r := grant(fmt.Sprint(i), 1, phone, "newsletter", "sms", i)
		r.Recorded = day(220) // the clock of some was ahead
		r.Notice, r.Mechanism, r.Source, r.Jurisdiction = "privacy 4", "double opt-in", "shop", "CN"
		if i%3 == 0 {
			r = begins(ends(r, i+9), i+2)
		}
		if i%7 == 0 {
			r = deny(fmt.Sprint(i), 1, consent.Identifier{}, "", "", i)
			r.Recorded = day(220)
		}
		records = append(records, r)
	}
	require.NoError(t, c.Record(t.Context(), day(220), records...))
	require.NoError(t, c.Erase(t.Context(), atom(2)))
	var lines strings.Builder
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		fmt.Fprintf(&lines, "%s %s\n", hex.EncodeToString(e.Key), hex.EncodeToString(e.Value))
	}
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), lines.String())

	old := new(store.Memory)
	b := new(store.Batch)
	for line := range strings.Lines(string(want)) {
		var key, value []byte
		_, err := fmt.Sscanf(line, "%x %x", &key, &value)
		require.NoError(t, err)
		b.Put(key, value)
	}
	_, err = old.Commit(t.Context(), b)
	require.NoError(t, err)
	var read []consent.Record
	for r, err := range open(t, old, nil, nil).History(t.Context(), atom(1)) {
		require.NoError(t, err)
		read = append(read, r)
	}
	require.Equal(t, records, read)
	require.ErrorIs(t, open(t, old, crowd{}, nil).Record(t.Context(), later, grant("x", 2, phone, "newsletter", "sms", 1)), consent.ErrErased)
	require.Equal(t, customer.AtomID{1}, read[0].Atom)
}

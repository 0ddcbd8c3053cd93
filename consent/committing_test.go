package consent_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/store"
)

// logged returns options by which each record has its entry in the log of a store.
func logged(t testing.TB, s store.Store) *consent.Options {
	t.Helper()
	log, err := audit.Open(s, nil)
	require.NoError(t, err)
	return &consent.Options{Backoff: &store.Backoff{Attempts: 1000}, Committing: func(b *store.Batch, records []consent.Record) error {
		for _, r := range records {
			err := log.Queue(b, &audit.Entry{
				Time: r.Recorded, Actor: "consent-desk", Action: "consent." + r.Choice.String(), Purpose: r.Purpose, Atom: r.Atom, Object: r.ID,
			})
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// A said is what a record and its entry have in common.
type said struct{ action, purpose, atom, id string }

// agree wants that there is one entry in the log for each record of atoms, and no other, and returns how many records there are.
func agree(t *testing.T, s store.Store, atoms ...byte) int {
	t.Helper()
	var records, entries []said
	c := open(t, s, nil, nil)
	for _, a := range atoms {
		for r, err := range c.History(t.Context(), atom(a)) {
			require.NoError(t, err)
			records = append(records, said{"consent." + r.Choice.String(), r.Purpose, fmt.Sprint(r.Atom), r.ID})
		}
	}
	log, err := audit.Open(s, nil)
	require.NoError(t, err)
	_, _, err = log.Seal(t.Context(), later)
	require.NoError(t, err)
	for e, err := range log.Entries(t.Context(), nil) {
		require.NoError(t, err)
		entries = append(entries, said{e.Action, e.Purpose, fmt.Sprint(e.Atom), e.Object})
	}
	require.ElementsMatch(t, records, entries)
	found, err := log.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, found.Err())
	return len(records)
}

// Killed before or after any commit, and with the same recorded again: there is no record without its entry in the log,
// and no entry without its record.
func TestCommittingLogged(t *testing.T) {
	var records []consent.Record
	for i := range 40 {
		r := grant(fmt.Sprint(i), byte(1+i%2), mail, "service", "sms", i)
		if i%5 == 4 {
			r = deny(fmt.Sprint(i), byte(1+i%2), mail, "newsletter", "", i)
		}
		records = append(records, r)
	}
	seen := map[int]bool{}
	for _, after := range []bool{false, true} {
		for left := range 6 {
			s := new(store.Memory)
			dying := &failing{s, left, after}
			err := open(t, dying, nil, logged(t, dying)).Record(t.Context(), later, records...)
			require.Equal(t, left < 4, errors.Is(err, errDown), left) // two commits of each atom
			seen[agree(t, s, 1, 2)] = true
			require.NoError(t, open(t, s, nil, logged(t, s)).Record(t.Context(), later, records...))
			require.Equal(t, len(records), agree(t, s, 1, 2))
		}
	}
	require.Equal(t, map[int]bool{0: true, 16: true, 20: true, 36: true, 40: true}, seen)
}

// Many write to one atom at the same time, so that commits are tried again: each record has one entry.
func TestCommittingTogether(t *testing.T) {
	s := new(store.Memory)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			c := open(t, s, nil, logged(t, s))
			for i := range 20 {
				if err := c.Record(t.Context(), later, grant(fmt.Sprintf("%d %d", w%2, i), 1, mail, "service", "sms", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, 40, agree(t, s, 1))
}

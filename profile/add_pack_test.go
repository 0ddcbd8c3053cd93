package profile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// What goes into pages needs a write for each id. What of it goes into one commit is known
// before: a batch that is refused was made for nothing.
func TestNoBatchIsMadeTooLarge(t *testing.T) {
	for _, each := range []int{40, 70} { // of an atom at a time: its head is full the second time, or at once
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			const atoms = 300
			commits := 0
			s := store.Observed(new(store.Memory), func(_ context.Context, c store.Call) func(store.Outcome) {
				return func(o store.Outcome) {
					require.NotErrorIs(t, o.Err, store.ErrTooLarge)
					if c.Method == "Commit" {
						commits++
					}
				}
			})
			p := openLog(t, s)
			opened := commits
			for turn := range 2 {
				var evs []Evidence
				for i := range atoms * each {
					evs = append(evs, anOrder(i%atoms, turn*atoms*each+i))
				}
				sum, err := p.AddMany(t.Context(), logStart, slices.Values(evs), &ManyOptions{Workers: 1})
				require.NoError(t, err)
				require.Equal(t, Summary{Added: len(evs)}, sum)
			}
			require.Less(t, commits-opened, 20, "commits are large all the same")
		})
	}
}

// What fits into one commit is added together or not at all, also where it would not fit if all of
// it was new, or just fits.
func TestAddOfBusyAtomsIsAllOrNothing(t *testing.T) {
	learned := logStart.AddDate(1, 0, 0)
	reused := func(atom, n int) Evidence {
		e := anOrder(atom, n)
		e.Values[0].Value = customer.Int64Value(-1)
		return e
	}
	for name, c := range map[string]struct {
		atoms, known, again, more int // of each atom: evidence that is there, how much of it comes again, and how much is new
	}{
		"full heads":  {15, 63, 1, 0},
		"much again":  {20, 60, 60, 0},
		"much is new": {6, 1, 0, 100},
	} {
		t.Run(name, func(t *testing.T) {
			p := openLog(t, minimal())
			for i := range c.atoms {
				for n := range c.known {
					_, err := p.Add(t.Context(), learned, anOrder(i, n))
					require.NoError(t, err)
				}
			}
			var evs []Evidence
			for i := range c.atoms {
				for n := range c.again {
					evs = append(evs, anOrder(i, n))
				}
				for n := range c.more {
					evs = append(evs, anOrder(i, 1000+n))
				}
			}
			evs = append(evs, anOrder(0, 5000), reused(c.atoms-1, 0))
			before := contents(t, p.s)
			_, err := p.Add(t.Context(), learned, evs...)
			require.ErrorIs(t, err, ErrReused)
			require.True(t, maps.Equal(before, contents(t, p.s)))
			sum, err := p.Add(t.Context(), learned, evs[:len(evs)-1]...)
			require.NoError(t, err)
			require.Equal(t, Summary{Added: c.atoms*c.more + 1, Known: c.atoms * c.again}, sum)
		})
	}
}

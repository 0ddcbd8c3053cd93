package profile

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

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

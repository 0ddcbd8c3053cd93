package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A mutant is a store with one fault, and the rules that find it.
type mutant struct {
	name  string
	open  Open
	catch string // names of rules, with spaces between
}

var mutants = slices.Concat(keyMutants, commitMutants, limitMutants, scanMutants, sliceMutants, lifeMutants, rangeMutants, durableMutants)

// stuck are the mutants that wait for themselves, and slow are those by which
// rules lose patience, which is a part of their timeout.
var (
	stuck = []string{"locks for a scan", "one scan at a time", "transaction left open by an error"}
	slow  = []string{"leak/break", "leak/close", "leak/context", "context/soon"}
)

// chances is how often a mutant may slip through a rule that waits for chance: the moment of a kill, or who comes first.
const chances = 5

// Every mutant breaks the rules that are to find it, and by what it does: not
// because a rule ran out of time, except where that is the fault.
func TestMutants(t *testing.T) {
	rules := map[string]Rule{}
	for _, r := range Rules() {
		rules[r.Name] = r
	}
	for _, m := range mutants {
		hangs := slices.Contains(stuck, m.name)
		for name := range strings.FieldsSeq(m.catch) {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				o := (&Options{Timeout: 30 * time.Second}).orDefault()
				switch {
				case hangs:
					o.Timeout = 500 * time.Millisecond
				case slices.Contains(slow, name):
					o.Timeout = 4 * time.Second
				}
				require.Contains(t, rules, name)
				result := rules[name].test(t, m.open, &o)
				for range chances {
					if !hangs && result.Outcome == Kept {
						result = rules[name].test(t, m.open, &o)
					}
				}
				require.Equal(t, Broken, result.Outcome, result.Reason)
				require.Equal(t, hangs, strings.HasPrefix(result.Reason, "no end after"), result.Reason)
			})
		}
	}
}

// No rule is there in vain: each is broken by a mutant.
func TestEveryRuleCatches(t *testing.T) {
	var names []string
	for _, m := range mutants {
		names = append(names, strings.Fields(m.catch)...)
	}
	for _, r := range Rules() {
		require.Contains(t, names, r.Name)
	}
}

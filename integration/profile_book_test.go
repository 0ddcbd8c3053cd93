package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// A chapter is what happens between two runs of Sync, in this order.
type chapter struct {
	at       time.Time              // when it ends: what is learned in it is learned then
	early    []profile.Evidence     // of records that may not have been observed
	observe  []identity.Observation // ascending by time
	add      []profile.Evidence
	again    []profile.Evidence // added before
	retract  []profile.Evidence
	link     [][]identity.Record
	part     [][]identity.Record // the first from the others
	revoke   []string
	withdraw []string // observations
	erase    []identity.Record
}

const (
	bookSeed     = 21
	bookPeople   = 24
	bookChapters = 9
)

// book is a history of some people, of whom some are erased in the end: strangers to all
// others. Identity is told in the order of time, evidence mostly so.
func book(t testing.TB) []chapter {
	t.Helper()
	all, err := crowd(bookSeed, bookPeople)
	require.NoError(t, err)
	slices.SortFunc(all, func(a, b identity.Observation) int { return a.Time.Compare(b.Time) })
	for i := range 3 {
		for j := range 3 {
			at := len(all) * (i + 1) / 5
			all = slices.Insert(all, at, stranger(i, j, all[at].Time))
		}
	}
	atoms, err := atomsOf(t.Context(), all)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(bookSeed, 3))
	chapters := make([]chapter, bookChapters)
	later := func(c int) *chapter { return &chapters[min(c+1+r.IntN(3), bookChapters-1)] }
	seen := make([]int, len(all)) // the chapter in which it is observed
	for i, o := range all {
		seen[i] = i * bookChapters / len(all)
		chapters[seen[i]].at = o.Time.Add(time.Second)
		if !strings.HasPrefix(o.ID, "stranger") && r.IntN(8) == 0 { // it becomes known late
			seen[i] = min(seen[i]+1+r.IntN(6), bookChapters-1)
		}
		c := &chapters[seen[i]]
		c.observe = append(c.observe, o)
	}
	var lasting []identity.Record // never withdrawn or erased
	for i, o := range all {
		n := seen[i]
		c := &chapters[n]
		switch {
		case strings.HasPrefix(o.ID, "stranger"):
			if strings.HasSuffix(o.ID, "-2") {
				x := later(n)
				x.erase = append(x.erase, identity.Record{Source: o.Source, Record: o.Record})
			}
		case r.IntN(25) == 0:
			x := later(n)
			x.withdraw = append(x.withdraw, o.ID)
		case o.Record != "":
			lasting = append(lasting, identity.Record{Source: o.Source, Record: o.Record})
		}
		for _, s := range saidOf(o, atoms[i]) {
			add, m := &c.add, n
			switch k := r.IntN(10); {
			case strings.HasPrefix(o.ID, "stranger"):
			case k < 2:
				add = &c.early
			case k < 4:
				m = min(n+1+r.IntN(3), bookChapters-1)
				add = &chapters[m].add
			}
			*add = append(*add, s.Evidence)
			if x := later(m); s.retracted && m < bookChapters-1 {
				x.retract = append(x.retract, s.Evidence)
			} else if r.IntN(10) == 0 {
				x.again = append(x.again, s.Evidence)
			}
		}
		if n < 2 || len(lasting) < 4 || r.IntN(8) > 0 {
			continue
		}
		some := make([]identity.Record, 3)
		for k, at := range r.Perm(len(lasting))[:3] {
			some[k] = lasting[at]
		}
		if r.IntN(3) > 0 {
			c.link = append(c.link, some[:2])
			if r.IntN(3) == 0 {
				x := later(n)
				x.revoke = append(x.revoke, rulingOf("link", c.at, some[:2]).ID)
			}
		} else {
			c.part = append(c.part, some)
		}
	}
	return chapters
}

// stranger is the record j of somebody i who has nothing in common with others.
func stranger(i, j int, at time.Time) identity.Observation {
	name := fmt.Sprintf("stranger-%d-%d", i, j)
	return identity.Observation{
		ID: name, Source: "shop", Record: name, Time: at,
		Identifiers: []identity.Identifier{{Type: "account", Scope: "shop", Value: fmt.Sprint("stranger-", i), Proof: identity.Verified}},
	}
}

func rulingOf(kind string, at time.Time, some []identity.Record) identity.Ruling {
	return identity.Ruling{ID: fmt.Sprint(kind, " ", some), Actor: "steward", Time: at}
}

package identity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

// mappings are the two that every test is about.
var mappings = []struct {
	name  string
	group func(*Entity, *evidence) []int32
}{{"reference", referenceGroup}, {"group", mapped}}

// mapped returns the group slice of group, nil if there is none.
func mapped(e *Entity, ev *evidence) []int32 {
	if g := e.group(ev); g != nil {
		return g.group
	}
	return nil
}

// everySeed calls f with the seeds from 1, at least 100 of them, for about d; with the race detector just 40.
func everySeed(t *testing.T, d time.Duration, f func(seed uint64)) {
	t.Helper()
	start, seed, least := time.Now(), uint64(0), uint64(100)
	if race.Enabled {
		d, least = 0, 40
	}
	for seed < least || time.Since(start) < d {
		seed++
		f(seed)
	}
	t.Logf("%d seeds", seed)
}

func TestGroupEqualsReference(t *testing.T) {
	everySeed(t, 2*time.Second, func(seed uint64) { testGroup(t, seed) })
}

// testGroup compares group with the reference.
func testGroup(t *testing.T, seed uint64) {
	t.Helper()
	e, ev := randomEvidence(seed)
	require.NoError(t, (&Policy{Entities: []Entity{*e}}).Validate())
	wrong := func(ev *evidence) bool { return !slices.Equal(mapped(e, ev), referenceGroup(e, ev)) }
	kept := cloneEvidence(ev)
	if wrong(ev) {
		ev = shrinkEvidence(ev, wrong)
		t.Fatalf("seed %d\n%sgroup     %v\nreference %v", seed, dumpEvidence(e, ev), mapped(e, ev), referenceGroup(e, ev))
	}
	require.Equal(t, kept, ev, "seed %d: the evidence has been changed", seed)

	// The joins alone make the groups, and none is superfluous.
	g := e.group(ev)
	joined := make([]int, len(ev.pieces))
	for p, group := range g.group {
		joined[p] = p
		if group < 0 {
			joined[p] = -1
		}
	}
	for _, j := range g.joins {
		from, to := joined[j.b], joined[j.a]
		require.NotEqual(t, from, to, "seed %d: %+v", seed, j)
		for p, group := range joined {
			if group == from {
				joined[p] = to
			}
		}
	}
	require.Equal(t, g.group, canonicalGroups(joined), "seed %d", seed)
}

// Renumbering of pieces, values and kinds makes no difference: ties are broken by hash.
func TestNumbersDoNotMatter(t *testing.T) {
	everySeed(t, 500*time.Millisecond, func(seed uint64) {
		e, ev := randomEvidence(seed)
		c, pieces, values := renumber(ev, rand.New(rand.NewPCG(seed, 1)))
		for _, m := range mappings {
			want, renumbered := m.group(e, ev), m.group(e, c)
			require.Len(t, renumbered, len(pieces), "%s, seed %d", m.name, seed)
			got := make([]int32, len(pieces))
			for old, p := range pieces {
				got[old] = renumbered[p]
			}
			require.Equal(t, want, canonicalGroups(got), "%s, seed %d\n%s", m.name, seed, dumpEvidence(e, ev))
		}
		want, got := referenceShared(e, ev), referenceShared(e, c)
		for old, v := range values {
			require.Equal(t, want[old], got[v], "seed %d", seed)
		}
	})
}

// A piece whose observations are retracted is as if it had never been, though stewards
// have ruled on it; and observing again what was retracted restores what was.
func TestRetracting(t *testing.T) {
	everySeed(t, 500*time.Millisecond, func(seed uint64) {
		e, ev := randomEvidence(seed)
		rng := rand.New(rand.NewPCG(seed, 2))
		gone := int32(rng.IntN(len(ev.pieces)))
		emptied, never := cloneEvidence(ev), cloneEvidence(ev)
		of := func(o observation) bool { return o.piece == gone }
		emptied.seen = slices.DeleteFunc(emptied.seen, of)
		never.seen = slices.DeleteFunc(never.seen, of)
		never.pieces = slices.Delete(never.pieces, int(gone), int(gone)+1)
		for i := range never.seen {
			if never.seen[i].piece > gone {
				never.seen[i].piece--
			}
		}
		for _, m := range mappings {
			got := m.group(e, emptied)
			require.Len(t, got, len(ev.pieces), "%s, seed %d", m.name, seed)
			require.EqualValues(t, -1, got[gone], "%s, seed %d", m.name, seed)
			require.Equal(t, m.group(e, never), slices.Delete(got, int(gone), int(gone)+1), "%s, seed %d, without piece %d\n%s", m.name, seed, gone, dumpEvidence(e, ev))

			if len(ev.seen) == 0 {
				continue
			}
			before, i := m.group(e, ev), rng.IntN(len(ev.seen))
			again := cloneEvidence(ev)
			o := again.seen[i]
			again.seen = slices.Delete(again.seen, i, i+1)
			m.group(e, again)
			again.seen = append(again.seen, o)
			slices.SortFunc(again.seen, compareObservations)
			require.Equal(t, before, m.group(e, again), "%s, seed %d", m.name, seed)
		}
	})
}

// What no grouping may break without links, whatever the rules in between: separated
// pieces are apart, a limit of the strongest type holds but for pieces that alone exceed
// it, and who is together has values that join in common, at least by way of others.
func TestGroupInvariants(t *testing.T) {
	everySeed(t, 300*time.Millisecond, func(seed uint64) {
		e, ev := randomEvidence(seed)
		for i := range ev.pieces {
			ev.pieces[i].links = nil
		}
		type on struct{ who, value int32 } // a piece or group, and a value
		pieces := map[on]bool{}
		for _, s := range countingSightings(e, ev) {
			if !ev.values[s.value].shared {
				pieces[on{s.piece, s.value}] = true
			}
		}
		connected := make([]int32, len(ev.pieces)) // the first piece of those each is connected to
		for p := range connected {
			connected[p] = int32(p)
		}
		for range ev.pieces { // no path is longer
			for a := range pieces {
				for b := range pieces {
					if a.value == b.value && e.Types[e.index(ev.kinds[ev.values[a.value].kind].typ)].Kind != Descriptor {
						connected[a.who] = min(connected[a.who], connected[b.who])
					}
				}
			}
		}
		for _, m := range mappings {
			got := m.group(e, ev)
			require.Len(t, got, len(ev.pieces), "%s, seed %d", m.name, seed)
			for p, g := range got {
				for q, h := range got[:p] {
					if g != h || g < 0 {
						continue
					}
					require.Equal(t, connected[p], connected[q], "%s, seed %d: %d and %d\n%s", m.name, seed, p, q, dumpEvidence(e, ev))
					for _, a := range ev.pieces[p].parts {
						for _, b := range ev.pieces[q].parts {
							require.False(t, a.id == b.id && a.side != b.side, "%s, seed %d: %d and %d\n%s", m.name, seed, p, q, dumpEvidence(e, ev))
						}
					}
				}
			}
			if e.Types[0].Most == 0 || e.Types[0].Window > 0 || e.Types[0].Kind != Shareable {
				continue
			}
			groups := map[on]bool{}
			for o := range pieces {
				groups[on{got[o.who], o.value}] = true
			}
			size := func(set map[on]bool, who, kind int32) (n int) {
				for o := range set {
					if o.who == who && ev.values[o.value].kind == kind {
						n++
					}
				}
				return n
			}
			for k, kind := range ev.kinds {
				for p, g := range got {
					if kind.typ != e.Types[0].Name || g < 0 {
						continue
					}
					most := e.Types[0].Most
					for q, h := range got {
						if g == h {
							most = max(most, size(pieces, int32(q), int32(k)))
						}
					}
					require.LessOrEqual(t, size(groups, g, int32(k)), most, "%s, seed %d: piece %d\n%s", m.name, seed, p, dumpEvidence(e, ev))
				}
			}
		}
	})
}

func TestRules(t *testing.T) {
	const day = 24 * time.Hour
	var (
		account   = Type{Name: "account", Kind: Unique, Most: 1}
		windowed  = Type{Name: "account", Kind: Unique, Most: 1, Window: 10 * day}
		member    = Type{Name: "member", Kind: Unique, Most: 1}
		name      = Type{Name: "name", Kind: Descriptor, Most: 1}
		twoNames  = Type{Name: "name", Kind: Descriptor, Most: 2}
		dayName   = Type{Name: "name", Kind: Descriptor, Most: 1, Window: day}
		sureName  = Type{Name: "name", Kind: Descriptor, Most: 1, Proof: Attested}
		birth     = Type{Name: "birth", Kind: Descriptor, Most: 1}
		phone     = Type{Name: "phone", Kind: Shareable}
		silent    = Type{Name: "phone", Kind: Shareable, Silence: 90 * day}
		brief     = Type{Name: "phone", Kind: Shareable, Lifetime: 10 * day}
		ownPhone  = Type{Name: "phone", Kind: Shareable, Most: 1}
		email     = Type{Name: "email", Kind: Shareable}
		oneEmail  = Type{Name: "email", Kind: Shareable, Most: 1}
		twoEmails = Type{Name: "email", Kind: Shareable, Most: 2}
		dayEmail  = Type{Name: "email", Kind: Shareable, Lifetime: day}
		oneAtOnce = Type{Name: "email", Kind: Shareable, Most: 1, Lifetime: day}
		dayCookie = Type{Name: "cookie", Kind: Ephemeral, Lifetime: day}
	)
	normal := DefaultPolicy().Entities[0].Types
	for _, c := range []struct {
		name  string
		types []Type
		text  string
		want  string
	}{
		// Words.
		{"a record is one piece", normal, "0 r1 phone=p; 5 r1 email=e; 9 r2 email=e", "r1 r2"},
		{"observations without record are pieces", normal, "0 ~1; 0 ~2; 0 r1; 0 r1", "~1 | ~2 | r1"},
		{"a record without observations is none", normal, "link 0 r0 r1; 0 r1 phone=p; 0 r2", "r1 | r2"},
		{"unproven joins nothing", normal, "0 r1 account=a; 0 r2 account=a*; 0 r3 account=a!", "r1 | r2 | r3"},
		{"proven joins", normal, "0 r1 account=a!; 0 r2 account=a!", "r1 r2"},
		{"proven once counts for the piece", normal, "0 r1 account=a; 1 r1 account=a!; 0 r2 account=a!", "r1 r2"},
		{"unproven limits nothing", normal, "0 r1 account=a phone=p; 0 r2 account=b phone=p", "r1 r2"},
		{"a type without policy joins nothing", normal, "0 r1 plate=x; 0 r2 plate=x", "r1 | r2"},
		{"equal text in two scopes", normal, "0 r1 openid/a=x; 0 r2 openid/b=x", "r1 | r2"},
		{"limits count each scope for itself", normal, "0 r1 openid/a=x phone=p; 0 r2 openid/b=y phone=p", "r1 r2"},
		{"limit within a scope", normal, "0 r1 openid/a=x phone=p; 0 r2 openid/a=y phone=p", "r1 | r2"},
		// 1. Shared values.
		{"a shared value joins nothing", normal, "0 r1 phone=p; 0 r2 phone=p; shared phone=p", "r1 | r2"},
		{"a shared value limits nothing", normal, "0 r1 phone=p member=a; 0 r2 phone=p member=b; shared member=b", "r1 r2"},
		{"a shared value tells no tenures apart", normal, "0 r1 phone=p email=e; 200 r2 phone=p email=f; shared email=f", "r1 r2"},
		{"a shared value bridges no silence", []Type{silent, email, dayCookie}, "0 r1 phone=p email=e cookie=c; 200 r2 phone=p email=f cookie=c; shared cookie=c", "r1 | r2"},
		// 2. Pieces that contradict themselves.
		{"the first account counts", normal, "0 r1 account=a!; 1 r1 account=b!; 2 r2 account=a!; 2 r3 account=b!", "r1 r2 | r3"},
		{"the best proof counts", normal, "0 r1 member=a; 1 r1 member=b!; 2 r2 member=a; 2 r3 member=b", "r1 r3 | r2"},
		{"the first with the best proof counts", normal, "0 r1 member=a; 1 r1 member=b!; 2 r1 member=a!; 3 r2 member=a; 3 r3 member=b", "r1 r3 | r2"},
		{"of the best proof the first sighting", normal, "0 r1 member=a!; 1 r1 member=b!; 2 r1 member=a!; 3 r2 member=a; 3 r3 member=b", "r1 r2 | r3"},
		{"in one observation the hash decides", normal, "0 r1 member=a member=b; 1 r2 member=b; 1 r3 member=a", "r1 r3 | r2"},
		{"scopes do not contradict each other", normal, "0 r1 openid/a=x openid/b=y; 1 r2 openid/a=x; 1 r3 openid/b=y", "r1 r2 r3"},
		{"what is not unique does not contradict itself", []Type{oneEmail}, "0 r1 email=a email=b; 1 r2 email=a; 1 r3 email=b", "r1 r2 r3"},
		{"a window allows no contradiction", []Type{windowed}, "0 r1 account=a; 99 r1 account=b; 99 r2 account=b", "r1 | r2"},
		{"a refused value limits nothing", normal, "0 r1 member=a; 1 r1 member=b; 2 r1 phone=p; 2 r2 phone=p member=a", "r1 r2"},
		{"a refused value bridges no silence", []Type{silent, member}, "0 r1 phone=p member=a; 1 r1 member=b; 200 r2 phone=p member=b", "r1 | r2"},
		// 3. Limits.
		{"shared phone with two accounts", normal, "0 r1 account=a! phone=p; 0 r2 account=b! phone=p", "r1 | r2"},
		{"weaker types do not limit", []Type{phone, oneEmail}, "0 r1 phone=p email=a; 0 r2 phone=p email=b", "r1 r2"},
		{"a type limits itself", []Type{ownPhone}, "0 r1 phone=p phone=q; 0 r2 phone=p phone=s", "r1 | r2"},
		{"a subset is no conflict", []Type{ownPhone}, "0 r1 phone=p phone=q; 0 r2 phone=p", "r1 r2"},
		{"strong id joins although names differ", normal, "0 r1 account=a! name=x; 0 r2 account=a! name=y", "r1 r2"},
		{"who has two names takes the one that leads", normal, "0 r1 account=a! name=x phone=p; 0 r2 account=a! name=y; 1 r3 name=y phone=p; 2 r4 name=x phone=p", "r1 r2 r4 | r3"},
		{"a gift parcel fuses nobody", normal, "0 r1 account=a! name=x; 1 r2 account=a! name=x; 2 r3 account=a! name=y phone=q; 3 r4 name=y phone=q; 4 r5 name=y phone=q", "r1 r2 r3 | r4 r5"},
		{"a gift parcel makes nobody ambiguous", normal, "0 r1 account=a! name=x phone=p; 1 r2 account=a! name=x; 2 r3 account=a! name=y; 3 r4 account=b! name=y phone=p; 4 r5 name=x phone=p; 5 r6 name=y phone=p", "r1 r2 r3 r5 | r4 r6"},
		{"one misspelt name is outvoted", normal, "0 r1 account=a! name=z phone=p; 1 r2 account=a! name=x; 2 r3 account=a! name=x; 3 r4 name=x phone=p", "r1 r2 r3 r4"},
		{"records are counted, not sightings", normal, "0 r1 account=a! name=x; 1 r1 name=x; 2 r1 name=x; 3 r2 account=a! name=y; 4 r3 account=a! name=y phone=p; 5 r4 name=y phone=p; 5 r5 name=x phone=p", "r1 r2 r3 r4 | r5"},
		{"of names on as many records the first leads", normal, "0 r1 account=a! name=y; 1 r1 name=x; 2 r2 account=a! name=x; 3 r3 account=a! name=y phone=p; 4 r4 name=x phone=p; 4 r5 name=y phone=p", "r1 r2 r3 r5 | r4"},
		{"the first that counts leads", []Type{account, sureName, phone}, "0 r1 account=a! name=y phone=p; 1 r2 account=a! name=x*; 2 r3 account=a! name=y*; 3 r4 name=x* phone=p; 4 r5 name=y* phone=p", "r1 r2 r3 r4 | r5"},
		{"of names of one observation the smaller hash leads", normal, "0 r0 name=y; 0 r1 name=x name=y phone=p; 1 r2 name=x phone=p; 2 r3 name=y phone=p", "r0 | r1 r3 | r2"},
		{"a name leads by joins through stronger types", normal, "0 r1 member=m name=x phone=p; 1 r2 member=m openid/s=o; 2 r3 openid/s=o name=y; 3 r4 openid/s=o name=y; 4 r5 name=x phone=p; 5 r6 name=y phone=p", "r1 r2 r3 r4 r6 | r5"},
		{"a name leads by joins through the type itself", []Type{name, phone, email}, "0 r1 name=x phone=p email=e; 1 r2 phone=p; 2 r3 name=x email=e; 3 r4 name=y email=e", "r1 r2 r3 | r4"},
		{"two names lead", []Type{account, twoNames, phone}, "0 r1 account=a! name=z phone=p; 1 r2 account=a! name=x; 1 r3 account=a! name=x; 2 r4 account=a! name=y; 2 r5 account=a! name=y; 3 r6 name=z phone=p; 4 r7 name=y phone=p", "r1 r2 r3 r4 r5 r7 | r6"},
		{"each scope has a name that leads", normal, "0 r1 account=a! name/a=x name/b=u phone=p; 1 r2 account=a! name/a=y; 2 r3 name/a=x name/b=u phone=p; 3 r4 name/b=v phone=p", "r1 r2 r3 | r4"},
		{"what is outvoted is not in a window", []Type{account, dayName, phone}, "0 r1 account=a! name=x; 1 r2 account=a! name=x; 1 r3 account=a! name=y phone=p; 50 r4 name=y phone=p", "r1 r2 r3 r4"},
		{"what leads is in a window", []Type{account, dayName, phone}, "0 r1 account=a! name=x; 1 r2 account=a! name=x phone=p; 2 r3 name=y phone=p", "r1 r2 | r3"},
		{"within the window", []Type{windowed, phone}, "0 r1 account=a phone=p; 10 r2 account=b phone=p", "r1 | r2"},
		{"beyond the window", []Type{windowed, phone}, "0 r1 account=a phone=p; 10.1 r2 account=b phone=p", "r1 r2"},
		{"seen again within the window", []Type{windowed, phone}, "0 r1 account=a phone=p; 40 r2 account=b phone=p; 41 r3 account=a", "r1 r3 | r2"},
		// 4. Links.
		{"a link against a limit", normal, "0 r1 account=a!; 0 r2 account=b!; link 1 r1 r2", "r1 r2"},
		{"a separation against an account", normal, "0 r1 account=a!; 0 r2 account=a!; part 1 r1 | r2", "r1 | r2"},
		{"a separation of three", normal, "0 r1 phone=p; 0 r2 phone=p; 0 r3 phone=p; part 1 r1 | r2 | r3", "r1 | r2 | r3"},
		{"a separation of groups", normal, "0 r1 phone=p account=a!; 0 r2 account=a!; 1 r3 phone=p; part 1 r2 | r3", "r1 r2 | r3"},
		{"a separation leaves a third record ambiguous", normal, "0 r1 phone=p; 0 r2 phone=p; 0 r3 phone=p; part 1 r1 | r2", "r1 | r2 | r3"},
		{"a separation later than a link", normal, "0 r1; 0 r2; link 1 r1 r2; part 2 r1 | r2", "r1 | r2"},
		{"a link later than a separation", normal, "0 r1; 0 r2; part 1 r1 | r2; link 2 r1 r2", "r1 r2"},
		{"of one time the greater hash is later", normal, "0 r1; 0 r2; 0 r3; link 1 r1 r2; part 1 r1 | r2 | r3; link 1 r2 r3", "r1 | r2 r3"},
		{"a separation is void altogether", normal, "0 r1 phone=p; 0 r2; 0 r3 phone=p; part 1 r1 | r2 r3; link 2 r1 r2", "r1 r2 r3"},
		{"a link to a group that is parted later", normal, "0 r1; 0 r2; 0 r3; link 1 r1 r2; link 2 r1 r3; part 3 r2 | r3", "r1 r2 | r3"},
		{"a link is taken whole or not at all", normal, "0 r1; 0 r2; 0 r3; link 1 r1 r2 r3; part 2 r1 | r2", "r1 | r2 | r3"},
		{"a link not taken voids nothing", normal, "0 r1 phone=p; 0 r2; 0 r3 phone=p; part 1 r1 | r3; link 2 r1 r2 r3; part 3 r1 | r2", "r1 | r2 | r3"},
		{"a link not taken is not tried again", normal, "0 r1; 0 r2; 0 r3; link 1 r1 r2; part 2 r1 | r2 r3; link 3 r1 r3", "r1 r3 | r2"},
		{"links in the order of time", normal, "0 r1; 0 r2; 0 r3; link 3 r2 r3; link 1 r1 r2; part 2 r1 | r3", "r1 r2 r3"},
		{"links do not meet in a record without observations", normal, "0 r1; 0 r3; link 1 r1 r2; link 2 r2 r3", "r1 | r3"},
		// 5. Levels.
		{"descriptors do not join", normal, "0 r1 name=x; 0 r2 name=x", "r1 | r2"},
		{"stronger types first", normal, "0 r1 phone=p name=x; 1 r2 phone=p email=e; 2 r3 email=e name=y", "r1 r2 | r3"},
		{"the value seen first", normal, "1 r1 phone=p name=x; 2 r2 phone=p phone=q; 0 r3 phone=q name=y", "r1 | r2 r3"},
		{"of values seen together the smaller hash", normal, "0 r2 phone=q phone=p; 1 r1 phone=p name=x; 2 r3 phone=q name=y", "r2 r3 | r1"},
		{"unproven is not first", normal, "0 r0 account=b; 1 r1 account=a! name=x; 2 r2 account=b! account=a!; 3 r3 account=b! name=y", "r0 | r1 | r2 r3"},
		{"a cut", normal, "0 r1 phone=p; 10 r2 phone=p; 11 r3 phone=p; cut 5 phone=p", "r1 | r2 r3"},
		{"a cut at the time of a sighting", normal, "0 r1 phone=p; 10 r2 phone=p; cut 10 phone=p", "r1 | r2"},
		{"a cut after the last sighting", normal, "0 r1 phone=p; 10 r2 phone=p; cut 10.1 phone=p", "r1 r2"},
		{"seen on both sides of a cut", normal, "0 r1 phone=p; 10 r1 phone=p; 12 r2 phone=p; cut 5 phone=p", "r1 | r2"},
		{"a group on both sides of a cut", normal, "0 r1 phone=p; 10 r2 phone=p; 11 r3 phone=p; link 1 r1 r2; cut 5 phone=p", "r1 r2 | r3"},
		{"two cuts", normal, "0 r1 phone=p; 10 r2 phone=p; 20 r2 phone=p; 20 r1 phone=p; 21 r3 phone=p; cut 15 phone=p; cut 5 phone=p", "r1 | r2 | r3"},
		{"a cut of a device", normal, "0 ~1 device=d; 10 ~2 device=d; 11 ~3 device=d; cut 5 device=d", "~1 | ~2 ~3"},
		{
			"who comes back to a device after a logout has it again", normal,
			"0 ~1 device=d account=a!; 1 ~2 device=d; 10 ~3 device=d; 11 ~4 device=d account=b!; 12 ~5 device=d; 20 ~6 device=d account=a!; 21 ~7 device=d; 30 ~8 device=d; cut 5 device=d; cut 15 device=d; cut 25 device=d",
			"~1 ~2 ~6 ~7 | ~3 ~4 ~5 | ~8",
		},
		{"what has passed breaks no silence", normal, "0 r1 phone=p email=e; 10 r2 phone=p email=f; 90 r1 phone=p; 170 r3 phone=p email=g; cut 5 phone=p", "r1 | r2 | r3"},
		{"lifetime of a cookie", normal, "0 ~1 cookie=c; 400 ~2 cookie=c; 800.1 ~3 cookie=c", "~1 ~2 | ~3"},
		{"lifetime of a phone", []Type{brief}, "0 r1 phone=p; 10 r2 phone=p; 20.1 r3 phone=p; 21 r4 phone=p", "r1 r2 | r3 r4"},
		{"what has passed does not prolong a lifetime", []Type{brief}, "0 r1 phone=p; 5 r2 phone=p; 12 r1 phone=p; 19 r3 phone=p; cut 4 phone=p", "r1 | r2 | r3"},
		{"a group on both sides of a lifetime", []Type{brief}, "0 r1 phone=p; 1 r2 phone=p; 20 r2 phone=p; 21 r3 phone=p", "r1 r2 r3"},
		{
			"a tablet with two accounts in turns", normal,
			"0 ~1 device=d; 1 ~2 device=d account=a!; 2 ~3 device=d; 3 ~4 device=d account=b!; 4 ~5 device=d; 5 ~6 device=d account=a!; 6 ~7 device=d",
			"~1 ~2 ~3 ~6 ~7 | ~4 ~5",
		},
		{"a slice has the limits of all its pieces", normal, "0 ~1 device=d name=x; 1 ~2 device=d member=m; 2 ~3 device=d name=y; 3 ~4 device=d name=x", "~1 ~2 | ~3 | ~4"},
		// 6. Tenures.
		{"before silence", normal, "0 r1 phone=p email=e; 90 r2 phone=p email=f", "r1 r2"},
		{"recycled phone after silence", normal, "0 r1 phone=p email=e; 90.1 r2 phone=p email=f; 91 r3 phone=p", "r1 | r2 r3"},
		{"recycled after centuries", normal, "-719000 r1 phone=p email=e; 2900000 r2 phone=p email=f", "r1 | r2"},
		{"bridged by a name", normal, "0 r1 phone=p email=e name=x; 200 r2 phone=p email=f name=x", "r1 r2"},
		{"bridged by an e-mail", []Type{silent, dayEmail}, "0 r1 phone=p email=e; 200 r2 phone=p email=e", "r1 r2"},
		{"not bridged by another e-mail", []Type{silent, dayEmail}, "0 r1 phone=p email=e; 200 r2 phone=p email=f", "r1 | r2"},
		{"bridged by a cookie", []Type{silent, email, dayCookie}, "0 r1 phone=p email=e cookie=c; 200 r2 phone=p email=f cookie=c", "r1 r2"},
		{"bridged by a value seen elsewhere", normal, "0 r1 phone=p email=e; 50 r1 name=x; 200 r2 phone=p email=f; 300 r2 name=x", "r1 r2"},
		{"bridged by a group", normal, "0 r1 phone=p email=e; 200 r2 phone=p; 400 r3 phone=p email=f; link 1 r1 r3", "r1 r2 r3"},
		{"bridged by a name of the group", normal, "0 r1 phone=p account=a!; 1 r2 account=a! name=x; 200 r3 phone=p name=x", "r1 r2 r3"},
		{"a masked order bridged by its group's name", normal, "0 r1 phone=p name=x; 200 r2 phone=p member=m; 201 r3 member=m name=x", "r1 r2 r3"},
		{"bridged by a weaker name of the group", []Type{account, silent, name}, "0 r1 phone=p account=a!; 1 r2 account=a! name=x; 200 r3 phone=p name=x", "r1 r2 r3"},
		{"not bridged by a name of the group that is outvoted", []Type{account, silent, name}, "0 r1 phone=p account=a!; 1 r2 account=a! name=x; 2 r3 account=a! name=y; 200 r4 phone=p name=y", "r1 r2 r3 | r4"},
		{"bridged by a name on a piece that is outvoted", []Type{account, silent, name}, "0 r1 phone=p account=a! name=y; 1 r2 account=a! name=x; 2 r3 account=a! name=x; 200 r4 phone=p name=y", "r1 r2 r3 r4"},
		{"not bridged by an e-mail of the group", []Type{account, silent, dayEmail}, "0 r1 phone=p account=a!; 1 r2 account=a! email=e; 200 r3 phone=p email=e", "r1 r2 | r3"},
		{"not distinguished by what only the group has", normal, "0 r1 phone=p; 1 r2 name=x; 200 r3 phone=p email=e; link 2 r1 r2", "r1 r2 r3"},
		{"bridged over what is between", normal, "0 r1 phone=p name=x; 200 r2 phone=p email=f; 400 r3 phone=p name=x; 600 r4 phone=p email=g", "r1 r2 r3 | r4"},
		{"bridges that overlap", normal, "0 r1 phone=p name=x; 200 r2 phone=p email=e cookie=c; 400 r3 phone=p name=x; 600 r4 phone=p cookie=c; 800 r5 phone=p email=g", "r1 r2 r3 r4 | r5"},
		{"not bridged by what is unproven", normal, "0 r1 phone=p email=e account=a; 200 r2 phone=p email=f account=a", "r1 | r2"},
		{"not bridged by a type without policy", normal, "0 r1 phone=p email=e plate=x; 200 r2 phone=p email=f plate=x", "r1 | r2"},
		{"naked after silence", normal, "0 r1 phone=p email=e; 200 r2 phone=p", "r1 r2"},
		{"naked before silence", normal, "0 r1 phone=p; 200 r2 phone=p; 400 r3 phone=p email=e", "r1 r2 r3"},
		{"naked between two", normal, "0 r1 phone=p email=e; 200 r2 phone=p; 400 r3 phone=p email=f", "r1 | r2 | r3"},
		{"naked after two that are one", []Type{name, silent}, "0 r1 phone=p name=x; 200 r2 phone=p name=x; 400 r3 phone=p", "r1 r2 r3"},
		{"a cookie does not distinguish", normal, "0 r1 phone=p cookie=c; 200 r2 phone=p cookie=d", "r1 r2"},
		{"no silence in the policy", []Type{phone, email}, "0 r1 phone=p email=e; 9999 r2 phone=p email=f", "r1 r2"},
		{"silence of a unique type", []Type{{Name: "member", Kind: Unique, Silence: 90 * day}, name}, "0 r1 member=m name=x; 200 r2 member=m name=y", "r1 | r2"},
		// 7. The rule of joining.
		{"ambiguous third record", normal, "0 r1 account=a! phone=p; 0 r2 account=b! phone=p; 0 r3 phone=p", "r1 | r2 | r3"},
		{"ambiguous also when first", normal, "0 r3 phone=p; 1 r1 account=a! phone=p; 2 r2 account=b! phone=p", "r3 | r1 | r2"},
		{"third record with the name of one", normal, "0 r1 account=a! name=x phone=p; 0 r2 account=b! name=y phone=p; 0 r3 name=x phone=p", "r1 r3 | r2"},
		{"two sets and one that is ambiguous", normal, "0 r1 name=x phone=p; 1 r2 name=y phone=p; 2 r3 name=x phone=p; 3 r4 phone=p; 4 r5 name=y phone=p", "r1 r3 | r2 r5 | r4"},
		{"within the largest although two conflict", []Type{oneAtOnce, phone}, "0 r1 email=a phone=p; 10 r2 email=b phone=p; 20 r3 email=a email=b phone=p", "r1 r2 r3"},
		{"of two names only one leads", []Type{name, phone}, "0 r1 name=x phone=p; 1 r2 name=y phone=p; 2 r3 name=x name=y phone=p", "r1 r3 | r2"},
		{"namesakes of two who conflict are one, though ambiguous", normal, "0 r1 openid/s=1 name=x phone=p; 1 r2 openid/s=2 name=x phone=p; 2 r3 name=x phone=p; 3 r4 name=x phone=p", "r1 | r2 | r3 r4"},
		{"namesakes are one before it is asked who is ambiguous", []Type{birth, name, phone}, "0 r1 name=x phone=p; 1 r2 name=x birth=1 phone=p; 2 r3 birth=2 phone=p", "r1 r2 | r3"},
		{"namesakes of two scopes", normal, "0 r1 name/a=x phone=p; 1 r2 name/b=u phone=p; 2 r3 name/a=x name/b=w phone=p; 3 r4 name/a=z name/b=u phone=p", "r1 r3 | r2 r4"},
		{"namesakes in the order of scopes", normal, "0 r1 name/b=u openid/s=2 phone=p; 1 r2 name/a=x name/b=u phone=p; 2 r3 name/a=x openid/s=1 phone=p", "r1 | r2 r3"},
		{"namesakes in the order of types", []Type{account, birth, name, phone}, "0 r1 name=u account=a! phone=p; 1 r2 name=u birth=1 phone=p; 2 r3 birth=1 account=b! phone=p", "r1 | r2 r3"},
		{"namesakes in the order of hashes", []Type{account, twoNames, phone}, "0 r0 name=x; 1 r1 name=u account=b! phone=p; 2 r2 name=u name=x phone=p; 3 r3 name=x account=a! phone=p", "r0 | r1 | r2 r3"},
		{"namesakes as far as their first can take them", []Type{name, twoEmails, phone}, "0 r1 name=x email=a phone=p; 1 r2 name=x email=b phone=p; 2 r3 name=x email=c phone=p; 3 r4 name=y phone=p", "r1 r2 | r3 | r4"},
		{"weaker names join no namesakes", []Type{account, phone, name}, "0 r1 account=a! name=x phone=p; 1 r2 account=b! name=y phone=p; 2 r3 name=x phone=p", "r1 | r2 | r3"},
		{"at most two e-mails, in order", []Type{twoEmails, phone}, "0 r1 email=a phone=p; 1 r2 email=b phone=p; 2 r3 email=c phone=p; 3 r4 phone=p", "r1 r2 r4 | r3"},
		{"the order is that of sightings of the value", []Type{twoEmails, phone}, "0 r1 email=a; 1 r2 email=b phone=p; 2 r3 email=c phone=p; 3 r1 phone=p", "r1 | r2 r3"},
		{"what is refused is tried by the next value", []Type{account, twoEmails, phone}, "0 r1 email=a phone=p; 1 r2 email=b phone=p; 2 r3 email=c phone=p; 3 r3 phone=q; 4 r4 email=d phone=q", "r1 r2 | r3 r4"},
	} {
		for _, m := range mappings {
			t.Run(c.name+"/"+m.name, func(t *testing.T) {
				e := &Entity{Types: c.types}
				require.NoError(t, (&Policy{Entities: []Entity{*e}}).Validate())
				ev, names, _ := parseEvidence(t, c.text)
				got := m.group(e, ev)
				require.Len(t, got, len(names))
				var groups []string // of the numbers from 0
				for p, g := range got {
					switch {
					case g == int32(len(groups)):
						groups = append(groups, names[p])
					case g >= 0:
						groups[g] += " " + names[p]
					}
				}
				require.Equal(t, c.want, strings.Join(groups, " | "))
			})
		}
	}
}

func TestSharedRule(t *testing.T) {
	const day = 24 * time.Hour
	var (
		phone = Type{Name: "phone", Kind: Shareable, FanOut: 2}
		name  = Type{Name: "name", Kind: Descriptor, Most: 1}
		two   = Type{Name: "name", Kind: Descriptor, Most: 2}
	)
	for _, c := range []struct {
		name    string
		records int
		types   []Type
		text    string
		want    string
	}{
		{"as many records as allowed", 2, []Type{phone}, "0 r1 phone=p; 0 r2 phone=p", ""},
		{"one record more", 2, []Type{phone}, "0 r1 phone=p; 0 r2 phone=p; 0 r3 phone=p; 0 r3 phone=q", "phone=p"},
		{"what names no record", 2, []Type{phone}, "0 r1 phone=p; 0 r2 phone=p; 0 ~1 phone=p; 0 ~2 phone=p", ""},
		{"records of an ephemeral value", 1, []Type{{Name: "cookie", Kind: Ephemeral}}, "0 r1 cookie=c; 0 r2 cookie=c", "cookie=c"},
		{"records of a descriptor", 1, []Type{name}, "0 r1 name=x; 0 r2 name=x", ""},
		{"records where it is unproven", 1, []Type{{Name: "phone", Kind: Shareable, Proof: Attested}}, "0 r1 phone=p; 0 r2 phone=p*; 0 r1 phone=q*; 0 r2 phone=q!", "phone=q"},
		{"as many names as allowed", 0, []Type{name, phone}, "0 r1 phone=p name=x; 0 r2 phone=p name=y", ""},
		{"one name more", 0, []Type{name, phone}, "0 r1 phone=p name=x; 0 r2 phone=p name=y; 0 r3 phone=p; 9 r3 name=z", "phone=p"},
		{"names that four have, two each", 0, []Type{two, phone}, "0 r1 phone=p name=x name=y; 0 r2 phone=p name=z name=x", ""},
		{"one name beyond two each", 0, []Type{two, phone}, "0 r1 phone=p name=1 name=2; 0 r2 phone=p name=3 name=4; 0 ~1 phone=p name=5", "phone=p"},
		{"the value itself is not counted", 0, []Type{{Name: "phone", Kind: Shareable, Most: 1, FanOut: 2}}, "0 r1 phone=p phone=q; 0 r2 phone=p phone=s", ""},
		{"other values of its own type", 0, []Type{{Name: "phone", Kind: Shareable, Most: 1, FanOut: 1}}, "0 r1 phone=p phone=q; 0 r2 phone=p phone=s", "phone=p"},
		{"scopes are counted apart", 0, []Type{{Name: "openid", Kind: Unique, Most: 1}, phone}, "0 r1 phone=p openid/a=x; 0 r2 phone=p openid/b=x; 0 r3 phone=p openid/c=x", ""},
		{"ephemeral values are not counted", 0, []Type{{Name: "cookie", Kind: Ephemeral}, phone}, "0 r1 phone=p cookie=a; 0 r2 phone=p cookie=b; 0 r3 phone=p cookie=c", ""},
		{"types without a limit are not counted", 0, []Type{{Name: "email", Kind: Shareable}, phone}, "0 r1 phone=p email=a; 0 r2 phone=p email=b; 0 r3 phone=p email=c", ""},
		{"unproven values are not counted", 0, []Type{{Name: "account", Kind: Unique, Most: 1, Proof: Verified}, phone}, "0 r1 phone=p account=a!; 0 r2 phone=p account=b!; 0 r3 phone=p account=c", ""},
		{"values that a piece contradicts itself by", 0, []Type{{Name: "account", Kind: Unique, Most: 1}, phone}, "0 r1 phone=p account=a account=b account=c", "phone=p"},
		{"a window plays no part", 0, []Type{{Name: "account", Kind: Unique, Most: 1, Window: day}, phone}, "0 r1 phone=p account=a; 10 r2 phone=p account=b; 20 r3 phone=p account=c", "phone=p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &Entity{Types: c.types, Records: c.records}
			require.NoError(t, (&Policy{Entities: []Entity{*e}}).Validate())
			ev, _, values := parseEvidence(t, c.text)
			var got []string
			for v, shared := range referenceShared(e, ev) {
				if shared {
					got = append(got, values[v])
				}
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func BenchmarkGroup(b *testing.B) {
	for _, crowded := range []bool{false, true} {
		for _, n := range []int{1, 3, 6, 30, 300, 3000} {
			e, ev := crowdEvidence(b, n, crowded)
			b.Run(fmt.Sprintf("crowded=%v/pieces=%d", crowded, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.group(ev)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/piece")
				b.ReportMetric(float64(e.group(ev).groups), "groups")
			})
		}
	}
}

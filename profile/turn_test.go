package profile

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// oneAtom is evidence of one atom that is all in the past when it is learned.
func oneAtom(n int) (evs []Evidence) {
	for i := range n {
		evs = append(evs, anOrder(1, i))
	}
	return evs
}

func headOf(t testing.TB, p *Profiles, atom int) *head {
	t.Helper()
	heads, err := p.heads(t.Context(), []customer.AtomID{logAtom(atom)})
	require.NoError(t, err)
	return heads[0]
}

func TestHeadsAreFullAt64(t *testing.T) {
	learned := logStart.AddDate(1, 0, 0)
	for n, want := range map[int]struct{ pages, marks int }{63: {0, 63}, 64: {1, 0}, 65: {1, 1}, 127: {1, 63}, 128: {2, 0}} {
		for _, atOnce := range []bool{false, true} {
			p := openLog(t, minimal())
			l := ledger{}
			evs := oneAtom(n)
			for _, ev := range evs {
				require.NoError(t, l.add(ev, learned))
				if !atOnce {
					_, err := p.Add(t.Context(), learned, ev)
					require.NoError(t, err)
				}
			}
			if atOnce {
				_, err := p.Add(t.Context(), learned, evs...)
				require.NoError(t, err)
			}
			h := headOf(t, p, 1)
			if !atOnce || n <= 64 {
				require.Equal(t, want.pages, h.pages, "%d", n)
				require.Len(t, h.marks, want.marks*markSize)
			}
			l.requireLog(t, p)
			for _, ev := range evs { // all are known, in the head and in pages
				sum, err := p.Add(t.Context(), learned, ev)
				require.NoError(t, err)
				require.Equal(t, Summary{Known: 1}, sum)
			}
		}
	}
}

func TestHeadsAreFullAt8KiB(t *testing.T) {
	p := openLog(t, minimal())
	l := ledger{}
	for i := range 20 {
		ev := Evidence{
			Atom: logAtom(1), ID: strings.Repeat("i", 200) + string(rune('a'+i)), Source: "crm", Time: logStart,
			Values: []customer.Field{{Name: "city", Value: customer.TextValue(strings.Repeat("c", 700*i))}},
		}
		require.NoError(t, l.add(ev, logStart))
		_, err := p.Add(t.Context(), logStart, ev)
		require.NoError(t, err)
		require.LessOrEqual(t, len(headOf(t, p, 1).tail), mostTail)
	}
	require.Greater(t, headOf(t, p, 1).pages, 5)
	l.requireLog(t, p)
}

func TestTheFutureStaysInTheHead(t *testing.T) {
	p := openLog(t, minimal())
	evs := oneAtom(100)
	for i := range evs[:20] {
		evs[i].Time = logStart.AddDate(50, 0, i)
	}
	learned := logStart.AddDate(1, 0, 0)
	_, err := p.Add(t.Context(), learned, evs...)
	require.NoError(t, err)
	h := headOf(t, p, 1)
	require.Len(t, h.marks, 20*markSize)
	require.LessOrEqual(t, h.latest, learned.UnixMicro())
	l := ledger{}
	for i := range 100 { // too much of it: it is sealed too
		ev := anOrder(1, 1000+i)
		ev.Time = logStart.AddDate(60, 0, i)
		evs = append(evs, ev)
		_, err := p.Add(t.Context(), learned, ev)
		require.NoError(t, err)
	}
	require.Greater(t, headOf(t, p, 1).latest, learned.UnixMicro())
	for _, ev := range evs {
		require.NoError(t, l.add(ev, learned))
	}
	l.requireLog(t, p)
}

func TestThousandsOfEntriesInOneAtom(t *testing.T) {
	for _, many := range []bool{false, true} {
		p := openLog(t, minimal())
		evs := oneAtom(5000)
		evs = append(evs, evs[4000:]...)
		learned := logStart.AddDate(1, 0, 0)
		var sum Summary
		var err error
		if many {
			sum, err = p.AddMany(t.Context(), learned, slices.Values(evs), nil)
		} else {
			sum, err = p.Add(t.Context(), learned, evs...)
		}
		require.NoError(t, err)
		require.Equal(t, Summary{Added: 5000, Known: 1000}, sum)
		l := ledger{}
		for _, ev := range evs {
			require.NoError(t, l.add(ev, learned))
		}
		for i := range 5000 {
			if i%100 == 0 {
				require.NoError(t, p.Retract(t.Context(), learned, logAtom(1), evs[i].ID))
				require.NoError(t, l.retract(logAtom(1), evs[i].ID, learned))
			}
		}
		require.Zero(t, headOf(t, p, 1).parts, "the partial is to be made anew")
		l.requireLog(t, p)
		_, err = p.Add(t.Context(), learned, func() (evs []Evidence) {
			for i := range 64 {
				evs = append(evs, anOrder(1, 9000+i))
				require.NoError(t, l.add(evs[i], learned))
			}
			return evs
		}()...)
		require.NoError(t, err)
		require.NotZero(t, headOf(t, p, 1).parts)
		l.requireLog(t, p)
	}
}

func TestLargeEvidenceInOneCall(t *testing.T) {
	p := openLog(t, minimal())
	var evs []Evidence
	for i := range 300 { // 4 MB, in MinLimits of 1 MiB a commit
		evs = append(evs, Evidence{
			Atom: logAtom(i % 7), ID: string(rune('a' + i)), Source: "crm", Time: logStart,
			Values: []customer.Field{{Name: "city", Value: customer.TextValue(strings.Repeat("c", 15_000))}},
		})
	}
	sum, err := p.Add(t.Context(), logStart, evs...)
	require.NoError(t, err)
	require.Equal(t, 300, sum.Added)
	l := ledger{}
	for _, ev := range evs {
		require.NoError(t, l.add(ev, logStart))
	}
	l.requireLog(t, p)
}

func TestPartialsOfAnotherSchemaAreMadeAnew(t *testing.T) {
	s := minimal()
	p := openLog(t, s)
	stale := openLog(t, s)
	learned := logStart.AddDate(1, 0, 0)
	l := ledger{}
	add := func(p *Profiles, from, to int) {
		for _, ev := range oneAtom(to)[from:] {
			require.NoError(t, l.add(ev, learned))
			_, err := p.Add(t.Context(), learned, ev)
			require.NoError(t, err)
		}
	}
	add(p, 0, 70)
	schema := logSchema()
	schema.Computed = append(schema.Computed, Computed{Name: "largest", Of: Max, Events: []string{"order"}, Field: "amount"})
	_, err := p.Apply(t.Context(), learned, schema)
	require.NoError(t, err)
	l.requireLog(t, p)
	add(stale, 70, 200) // which has not seen the new schema
	l.requireLog(t, stale)
	add(p, 200, 300)
	l.requireLog(t, p)
}

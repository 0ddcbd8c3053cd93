package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// shouldKeep is what logSchema keeps of evidence.
func shouldKeep(p *posted) KeptEvidence {
	k := KeptEvidence{Evidence: p.ev, Learned: time.UnixMicro(p.learned).UTC()}
	if p.retracted != 0 {
		k.Retracted = time.UnixMicro(p.retracted).UTC()
	}
	k.Time = p.ev.Time.UTC()
	k.Values = slices.DeleteFunc(sortedFields(p.ev), func(f customer.Field) bool {
		text, _ := f.Value.Text()
		return f.Name == "unheard of" || text == "C" // no brand, and no age either
	})
	return k
}

func everythingKept(t *testing.T, p *Profiles, id customer.ID) (all []KeptEvidence) {
	for k, err := range p.Evidence(t.Context(), id) {
		require.NoError(t, err)
		all = append(all, k)
	}
	return all
}

// All that was added is there, retracted or not, beyond the retention, in the future, and of
// names that the schema has no more.
func TestEvidence(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		s := minimal()
		p := openLog(t, s)
		rng := rand.New(rand.NewPCG(seed, 31))
		l := ledger{}
		now := logStart
		f := newFakeFeed()
		a, b := customer.FromInt64(1), customer.FromInt64(2)
		f.created(a, logAtom(0), logAtom(2))
		f.created(b, logAtom(1))
		for range 20 {
			now = now.Add(time.Hour)
			for range rng.IntN(60) {
				ev := randomEvidence(rng, 500)
				want := l.add(ev, now)
				_, err := p.Add(t.Context(), now, ev)
				require.ErrorIs(t, err, want)
			}
			if atom, id := logAtom(rng.IntN(3)), fmt.Sprint("o", rng.IntN(500)); l.retract(atom, id, now) == nil {
				require.NoError(t, p.Retract(t.Context(), now, atom, id))
			}
		}
		_, err := p.Sync(t.Context(), now, f)
		require.NoError(t, err)
		less := logSchema()
		less.Sources, less.Traits, less.Events, less.Computed, less.Retention = less.Sources[:1], less.Traits[:1], nil, nil, 1
		for _, schema := range []*Schema{logSchema(), less} {
			_, err := openLog(t, s).Apply(t.Context(), now, schema)
			if !errors.Is(err, ErrSchema) {
				require.NoError(t, err)
			}
			for id, atoms := range map[customer.ID][]customer.AtomID{a: {logAtom(0), logAtom(2)}, b: {logAtom(1)}} {
				var want []KeptEvidence
				for _, atom := range atoms {
					of := slices.SortedFunc(maps.Values(l[atom]), func(x, y *posted) int {
						if c := x.ev.Time.Compare(y.ev.Time); c != 0 {
							return c
						}
						return strings.Compare(x.ev.ID, y.ev.ID)
					})
					for _, p := range of {
						if !p.lacking {
							want = append(want, shouldKeep(p))
						}
					}
				}
				got := everythingKept(t, p, id)
				require.Len(t, got, len(want))
				for i := range want {
					require.Equal(t, want[i], got[i])
				}
			}
		}
		for range p.Evidence(t.Context(), a) {
			break
		}
	}
}

// Of streams a customer has what lies in its slices, and all of it is somebody's once.
func TestEvidenceOfSlices(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		w := newSliceWorld(t, 500+seed)
		p := openLog(t, minimal())
		kept := 0
		for range 20 {
			for range w.r.IntN(6) {
				w.change(false)
			}
			w.sync(p)
			if w.r.IntN(3) == 0 {
				w.change(true)
				w.sync(p)
			}
			w.say(p, w.r.IntN(20))
			w.retract(p)
			w.sync(p)
			truth := w.feed.truth()
			for id, atoms := range truth {
				var want []string
				if !w.feed.gone[id] {
					for _, a := range atoms {
						for _, of := range w.log[a] {
							want = append(want, fmt.Sprint(a, of.ev.Time.UnixMicro(), of.ev.ID, of.learned, of.retracted))
						}
						if s, ok := w.slices[a]; ok && !w.erased[a] {
							until := w.until(s, truth)
							for _, of := range w.log[s.Stream] {
								if !of.ev.Time.Before(s.Since) && of.ev.Time.Before(until) {
									want = append(want, fmt.Sprint(s.Stream, of.ev.Time.UnixMicro(), of.ev.ID, of.learned, of.retracted))
								}
							}
						}
					}
				}
				var got []string
				var last KeptEvidence
				for k, err := range p.Evidence(t.Context(), id) {
					if errors.Is(err, ErrErased) || errors.Is(err, ErrUnknown) {
						require.Empty(t, want)
						continue
					}
					require.NoError(t, err)
					require.True(t, compareAtoms(last.Atom, k.Atom) < 0 || last.Atom == k.Atom && (last.Time.Before(k.Time) || last.Time.Equal(k.Time) && last.ID < k.ID))
					last = k
					retracted := int64(0)
					if !k.Retracted.IsZero() {
						retracted = k.Retracted.UnixMicro()
					}
					got = append(got, fmt.Sprint(k.Atom, k.Time.UnixMicro(), k.ID, k.Learned.UnixMicro(), retracted))
				}
				kept += len(got)
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got)
			}
		}
		require.Greater(t, kept, 100)
	}
}

func TestEvidenceErrors(t *testing.T) {
	s := newCutStore(new(store.Memory))
	p := openLog(t, s)
	f := newFakeFeed()
	id := customer.FromInt64(1)
	none := func(want error) {
		t.Helper()
		n := 0
		for _, err := range p.Evidence(t.Context(), id) {
			require.ErrorIs(t, err, want)
			n++
		}
		require.Equal(t, 1, n)
	}
	none(ErrUnknown)
	f.created(id, logAtom(1))
	for n := range 200 {
		_, err := p.Add(t.Context(), logStart, anOrder(1, n))
		require.NoError(t, err)
	}
	_, err := p.Sync(t.Context(), logStart, f)
	require.NoError(t, err)
	failsEverywhere(t, s, 5, func() error {
		n := 0
		for _, err := range p.Evidence(t.Context(), id) {
			if err != nil {
				return err
			}
			n++
		}
		require.Equal(t, 200, n)
		return nil
	})
	f.erased(id)
	n := 0
	for k, err := range p.Evidence(t.Context(), id) {
		if n++; n == 1 { // erased while it is read
			_, err := p.Sync(t.Context(), logStart, f)
			require.NoError(t, err)
		}
		if err != nil {
			require.ErrorIs(t, err, ErrErased)
			require.Zero(t, k)
			n = -1
		}
	}
	require.Equal(t, -1, n, "somebody who is erased meanwhile is not taken for whole")
	none(ErrErased)
}

func TestEvidenceJSON(t *testing.T) {
	k := KeptEvidence{Evidence: anOrder(1, 1), Learned: logStart}
	k.Values = k.Values[:1]
	data, err := json.Marshal(k)
	require.NoError(t, err)
	require.Equal(t, `{"atom":"01010000-0000-0000-0000-000000000001","id":"o1","source":"shop","event":"order","time":"2026-03-06T11:59:00Z",`+
		`"values":[{"name":"amount","value":1}],"learned":"2026-03-01T00:00:00Z"}`, string(data))
}

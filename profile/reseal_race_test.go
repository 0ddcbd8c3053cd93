package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// An interrupted store has something done before one of its next reads.
type interrupted struct {
	store.Store
	left int    // reads before
	do   func() // nil: done
}

func (s *interrupted) read() {
	if s.left--; s.left < 0 && s.do != nil {
		do := s.do
		s.do = nil
		do()
	}
}

func (s *interrupted) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	s.read()
	return s.Store.Get(ctx, keys...)
}

func (s *interrupted) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	s.read()
	return s.Store.Scan(ctx, r)
}

// encoded is a sequence as JSON.
func encoded[T any](t testing.TB, all iter.Seq2[T, error]) string {
	var b strings.Builder
	for one, err := range all {
		require.NoError(t, err)
		data, err := json.Marshal(one)
		require.NoError(t, err)
		b.Write(append(data, '\n'))
	}
	return b.String()
}

// Who reads while all comes to be sealed reads what there was, whichever read it comes before.
func TestReadWhileResealed(t *testing.T) {
	id := customer.FromInt64(0)
	at := func(w *secretWorld) Moment { return Moment{At: w.now} }
	reads := map[string]func(w *secretWorld, p *Profiles) string{
		"profile": func(w *secretWorld, p *Profiles) string {
			one, err := p.Profile(t.Context(), id, at(w))
			require.NoError(t, err)
			one.Schema = 0
			return encoded(t, func(yield func(*Profile, error) bool) { yield(one, nil) })
		},
		"past": func(w *secretWorld, p *Profiles) string {
			one, err := p.Profile(t.Context(), id, Moment{At: w.now.Add(-100 * time.Hour)})
			require.NoError(t, err)
			one.Schema = 0
			return encoded(t, func(yield func(*Profile, error) bool) { yield(one, nil) })
		},
		"evidence": func(w *secretWorld, p *Profiles) string { return encoded(t, p.Evidence(t.Context(), id)) },
		"timeline": func(w *secretWorld, p *Profiles) string {
			return encoded(t, p.Timeline(t.Context(), id, at(w), &TimelineQuery{Statements: true}))
		},
		"reverse": func(w *secretWorld, p *Profiles) string {
			return encoded(t, p.Timeline(t.Context(), id, at(w), &TimelineQuery{Statements: true, Reverse: true}))
		},
		"rows": func(w *secretWorld, p *Profiles) string {
			var all []customer.Row
			for b, err := range p.AllRows(t.Context()) {
				require.NoError(t, err)
				all = append(all, b.Upserts...)
			}
			return encoded(t, func(yield func([]customer.Row, error) bool) { yield(all, nil) })
		},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n += race.Fewer(1, 2) {
				w := newSecretWorld(t, 3, 1)
				var memory store.Memory
				public, err := Open(t.Context(), &memory, resealSchema(Public), nil)
				require.NoError(t, err)
				w.say(public, 200)
				stream, b := customer.AtomID{0: 's'}, customer.FromInt64(9)
				for i, hours := range []time.Duration{2000, 400} {
					slice := fakeAtom(100 + i)
					w.feed.slices[slice] = customer.Slice{Atom: slice, Stream: stream, Since: w.now.Add(-hours * time.Hour)}
					if i == 0 {
						w.feed.attached(id, slice)
					} else {
						w.feed.created(b, slice)
					}
				}
				for range 150 {
					ev := w.tell()
					ev.Atom = stream
					_, err := public.Add(t.Context(), w.now, ev)
					require.NoError(t, err)
				}
				w.sync(public)
				other, err := Open(t.Context(), &memory, nil, secretive(t, &memory, []byte{1}, 1))
				require.NoError(t, err)
				_, err = other.Apply(t.Context(), w.now, resealSchema(Personal))
				require.NoError(t, err)
				w.sync(other)
				s := &interrupted{Store: &memory}
				p, err := Open(t.Context(), s, nil, secretive(t, &memory, []byte{1}, 1))
				require.NoError(t, err)
				want := read(w, p)
				s.left, s.do = n, func() { reseal(t, other) }
				require.Equal(t, want, read(w, p), "before read %d", n)
				if s.do != nil {
					require.Greater(t, n, 3)
					break
				}
				require.Equal(t, want, read(w, p), "after")
			}
		})
	}
}

// longWorld is a log of one customer whose pages are more than a walk keeps, and have no room for
// their entries once these are sealed.
func longWorld(t *testing.T, s store.Store) (p *Profiles, ids map[string]bool, now time.Time) {
	const traits, said = 100, 2000
	schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
	for i := range traits {
		schema.Traits = append(schema.Traits, Trait{Name: fmt.Sprint("t", i), Kind: customer.KindInt64, Sensitivity: Personal})
	}
	public, err := Open(t.Context(), s, schema, nil)
	require.NoError(t, err)
	f := newFakeFeed()
	f.created(customer.FromInt64(1), fakeAtom(1))
	ids = map[string]bool{}
	all := make([]Evidence, said)
	for n := range all {
		all[n] = Evidence{Atom: fakeAtom(1), ID: fmt.Sprint(n), Source: "crm", Time: f.now.Add(-time.Duration(n*7919%said) * time.Minute)}
		ids[all[n].ID] = true
		for i := range traits {
			all[n].Values = append(all[n].Values, customer.Field{Name: fmt.Sprint("t", i), Value: customer.Int64Value(int64(n*i) % 20)})
		}
	}
	_, err = public.Add(t.Context(), f.now, all...)
	require.NoError(t, err)
	_, err = public.Sync(t.Context(), f.now, f)
	require.NoError(t, err)
	o := secretive(t, s, []byte{1}, 1)
	o.Rows = nil
	p, err = Open(t.Context(), s, nil, o)
	require.NoError(t, err)
	return p, ids, f.now
}

// Nothing is missing and nothing twice in what is gone through while its pages are cut in two.
func TestWalkWhilePagesAreCut(t *testing.T) {
	race.Skip(t)
	id := customer.FromInt64(1)
	for _, stop := range []int{1, 300, 1500} {
		s := new(store.Memory)
		p, ids, _ := longWorld(t, s)
		heads, err := p.heads(t.Context(), fakeAtoms(1))
		require.NoError(t, err)
		pages := heads[0].pages
		cut := func(n int) {
			if n == stop {
				reseal(t, p)
				heads, err := p.heads(t.Context(), fakeAtoms(1))
				require.NoError(t, err)
				require.Greater(t, heads[0].pages, pages+10)
			}
		}
		seen := map[string]bool{}
		var last KeptEvidence
		for k, err := range p.Evidence(t.Context(), id) {
			require.NoError(t, err)
			require.False(t, seen[k.ID])
			require.False(t, k.Time.Before(last.Time))
			require.Len(t, k.Values, 100)
			for _, v := range k.Values {
				require.False(t, v.Value.IsUnset())
			}
			seen[k.ID], last = true, k
			cut(len(seen))
		}
		require.Equal(t, ids, seen)

		for _, reverse := range []bool{false, true} {
			s := new(store.Memory)
			p, ids, now := longWorld(t, s)
			cut := func(n int) {
				if n == stop {
					reseal(t, p)
				}
			}
			seen = map[string]bool{}
			for e, err := range p.Timeline(t.Context(), id, Moment{At: now}, &TimelineQuery{Statements: true, Reverse: reverse}) {
				require.NoError(t, err)
				require.False(t, seen[e.Evidence])
				for _, v := range e.Values {
					require.False(t, v.Value.IsUnset())
				}
				seen[e.Evidence] = true
				cut(len(seen))
			}
			require.Equal(t, ids, seen)
		}
	}
}

// What is added under a newer schema while evidence is read is whole where it is seen.
func TestEvidenceOfNewerSchema(t *testing.T) {
	seen := 0
	for n := 0; ; n++ {
		var memory store.Memory
		other, err := Open(t.Context(), &memory, resealSchema(Personal), secretive(t, &memory, []byte{1}, 1))
		require.NoError(t, err)
		w := newSecretWorld(t, 3, 1)
		w.say(other, 20)
		w.sync(other)
		s := &interrupted{Store: &memory}
		p, err := Open(t.Context(), s, nil, secretive(t, &memory, []byte{1}, 1))
		require.NoError(t, err)
		s.left, s.do = n, func() {
			schema := resealSchema(Personal)
			schema.Traits = append(schema.Traits, Trait{Name: "fresh", Kind: customer.KindText, Sensitivity: Personal})
			_, err := other.Apply(t.Context(), w.now, schema)
			require.NoError(t, err)
			for i := range 3 {
				_, err := other.Add(t.Context(), w.now, Evidence{
					Atom: fakeAtom(0), ID: fmt.Sprint("fresh", i), Source: "crm", Time: w.now,
					Values: []customer.Field{{Name: "fresh", Value: customer.TextValue("new")}},
				})
				require.NoError(t, err)
			}
		}
		for k, err := range p.Evidence(t.Context(), customer.FromInt64(0)) {
			require.NoError(t, err)
			if strings.HasPrefix(k.ID, "fresh") {
				require.Equal(t, []customer.Field{{Name: "fresh", Value: customer.TextValue("new")}}, k.Values, "before read %d", n)
				seen++
			}
		}
		if s.do != nil {
			break
		}
	}
	require.Positive(t, seen)
}

// A statement of more labels than a commit has room for puts some of its index ahead; where it
// comes to nothing Reseal finds them.
func TestIndexOfWhatWasNotAdded(t *testing.T) {
	for _, searchable := range []bool{true, false} {
		s := minimal()
		p := openFind(t, s, findSchema("tags"), anIndex(t, 1))
		labels := make([]string, 1000)
		for i := range labels {
			labels[i] = fmt.Sprint(i)
		}
		killed := openFind(t, crashAfter(s, 2, false), nil, anIndex(t, 1))
		now := newFakeFeed().now
		_, err := killed.Add(t.Context(), now, Evidence{
			Atom: fakeAtom(1), ID: "1", Source: "crm", Time: now, Values: []customer.Field{{Name: "tags", Value: customer.LabelsValue(labels...)}},
		})
		require.ErrorIs(t, err, errCrash)
		require.NotEmpty(t, dumped(t.Context(), s, "fb"))
		if !searchable {
			_, err := p.Apply(t.Context(), now, findSchema())
			require.NoError(t, err)
		}
		_, err = p.Reseal(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, dumped(t.Context(), s, "fb"))
	}
}

// A delayed store has something done before one of its next commits.
type delayed struct {
	store.Store
	left int
	do   func()
}

func (s *delayed) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.left--; s.left < 0 && s.do != nil {
		do := s.do
		s.do = nil
		do()
	}
	return s.Store.Commit(ctx, b)
}

// What was put into the index ahead of the evidence is not taken for stale for good.
func TestResealBetweenIndexAndEvidence(t *testing.T) {
	for _, before := range []bool{false, true} { // the atom has a log
		for n := 0; ; n++ {
			s := minimal()
			p := openFind(t, s, findSchema("tags"), anIndex(t, 1))
			now := newFakeFeed().now
			labels := make([]string, 1000)
			for i := range labels {
				labels[i] = fmt.Sprint(i)
			}
			ev := Evidence{Atom: fakeAtom(1), ID: "1", Source: "crm", Time: now, Values: []customer.Field{{Name: "tags", Value: customer.LabelsValue(labels...)}}}
			if before {
				first := ev
				first.ID, first.Values = "0", []customer.Field{{Name: "tags", Value: customer.LabelsValue("x")}}
				_, err := p.Add(t.Context(), now, first)
				require.NoError(t, err)
			}
			d := &delayed{Store: s, left: n, do: func() {
				_, err := p.Reseal(t.Context(), nil)
				require.NoError(t, err)
			}}
			_, err := openFind(t, d, nil, anIndex(t, 1)).Add(t.Context(), now, ev)
			require.NoError(t, err)
			requireIndex(t, p, true)
			if d.do != nil {
				require.Greater(t, n, 3)
				break
			}
		}
	}
}

// The index of a long log is made with the log read once, not for each commit.
func TestReindexReadsOnce(t *testing.T) {
	s := &counted{Store: minimal()}
	p := openFind(t, s, findSchema(), anIndex(t, 1))
	now := newFakeFeed().now
	var all []Evidence
	for n := range 2000 {
		all = append(all, Evidence{Atom: fakeAtom(1), ID: fmt.Sprint(n), Source: "crm", Time: now, Values: []customer.Field{{Name: "name", Value: customer.TextValue(fmt.Sprint(n))}}})
	}
	_, err := p.Add(t.Context(), now, all...)
	require.NoError(t, err)
	_, err = p.Apply(t.Context(), now, findSchema("name"))
	require.NoError(t, err)
	s.pages = 0
	reseal(t, p)
	requireCount := s.pages
	requireIndex(t, p, true)
	require.LessOrEqual(t, requireCount, 2)
}

// A counted store counts scans of pages, and commits that are too large.
type counted struct {
	store.Store
	pages, large int
}

func (s *counted) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	if strings.HasPrefix(string(r.From), string(key('e'))) {
		s.pages++
	}
	return s.Store.Scan(ctx, r)
}

func (s *counted) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	v, err := s.Store.Commit(ctx, b)
	if errors.Is(err, store.ErrTooLarge) {
		s.large++
	}
	return v, err
}

// What is put into one commit is what there is room for, with the index.
func TestAddSearchableFits(t *testing.T) {
	s := &counted{Store: minimal()}
	p := openFind(t, s, findSchema("name", "city", "tags"), anIndex(t, 1))
	now := newFakeFeed().now
	var all []Evidence
	for n := range 3000 {
		all = append(all, Evidence{Atom: fakeAtom(n), ID: fmt.Sprint(n), Source: "crm", Time: now, Values: []customer.Field{
			{Name: "name", Value: customer.TextValue(fmt.Sprint(n))},
			{Name: "city", Value: customer.TextValue(fmt.Sprint(n))},
			{Name: "tags", Value: customer.LabelsValue("a", "b", fmt.Sprint(n))},
		}})
	}
	_, err := p.Add(t.Context(), now, all...)
	require.NoError(t, err)
	require.Zero(t, s.large)
	for i := range all {
		all[i].ID += "+"
	}
	p.o.Workers = 1
	sum, err := p.AddMany(t.Context(), now, func(yield func(Evidence) bool) {
		for _, e := range all {
			if !yield(e) {
				return
			}
		}
	}, nil)
	require.NoError(t, err)
	require.Equal(t, Summary{Added: 3000}, sum)
	require.Zero(t, s.large)
}

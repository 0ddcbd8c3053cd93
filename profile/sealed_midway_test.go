package profile

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// Where a commit seals nothing, what was set aside before there was a vault is not sealed either:
// the head would not say that there is a key, and one just made is not kept.
func TestSealedAsideWithItsKey(t *testing.T) {
	for _, others := range []bool{false, true} { // package identity has made the key of the atom
		ctx, s := t.Context(), minimal()
		schema := logSchema()
		schema.Events[0].Fields[0].Check = Check{Most: customer.Int64Value(10)}
		p, err := Open(ctx, s, schema, nil)
		require.NoError(t, err)
		_, err = p.Add(ctx, logStart, anOrder(1, 11), anOrder(1, 12), anOrder(1, 3))
		require.NoError(t, err)
		retracted := anOrder(1, 3)
		require.NoError(t, p.Retract(ctx, logStart, logAtom(1), retracted.ID))
		p, err = Open(ctx, s, nil, withVault(t, s, nil))
		require.NoError(t, err)
		if others {
			b := new(store.Batch)
			_, err = p.o.Vault.Create(ctx, b, logAtom(1))
			require.NoError(t, err)
			_, err = s.Commit(ctx, b)
			require.NoError(t, err)
		}
		retracted.Values = []customer.Field{{Name: "brand", Value: customer.TextValue("secret")}}
		corrected := anOrder(1, 11)
		corrected.Values[0].Value = customer.Int64Value(5)
		var errs []error
		sum, err := p.AddMany(ctx, logStart, slices.Values([]Evidence{retracted, corrected}), &ManyOptions{Rejected: func(_ int, err error) {
			errs = append(errs, err)
		}})
		require.NoError(t, err)
		require.Equal(t, 1, sum.Added)
		require.Len(t, errs, 1)
		require.ErrorIs(t, errs[0], ErrRetracted)
		p, err = Open(ctx, s, nil, withVault(t, s, nil))
		require.NoError(t, err)
		aside, err := p.SetAside(ctx, logAtom(1))
		require.NoError(t, err)
		require.Len(t, aside, 2)
		require.NoError(t, p.Retract(ctx, logStart, logAtom(1), corrected.ID))
		_, err = p.Reseal(ctx, nil)
		require.NoError(t, err)
		aside, err = p.SetAside(ctx, logAtom(1))
		require.NoError(t, err)
		require.Len(t, aside, 2)
	}
}

// beforePages does something before its first scan of pages.
type beforePages struct {
	store.Store
	do func()
}

func (s *beforePages) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Entry, error] {
	if do := s.do; do != nil && bytes.HasPrefix(r.From, []byte("pf/e/")) {
		s.do = nil
		do()
	}
	return s.Store.Scan(ctx, r)
}

// Who has read a head in which nothing was sealed, and then finds pages that are, reads them.
func TestSealedBetweenHeadAndPages(t *testing.T) {
	ctx, s := t.Context(), minimal()
	schema := logSchema()
	protect(schema)
	plain, err := Open(ctx, s, schema, nil)
	require.NoError(t, err)
	id := customer.FromInt64(1)
	withCustomer(t, plain, logAtom(1))
	for n := range 150 {
		_, err := plain.Add(ctx, logStart.AddDate(0, 1, 0), anOrder(1, n))
		require.NoError(t, err)
	}
	var long []Evidence // pages that are full, and have no room for all of it once it is sealed
	for n := range 150 {
		e := aCity(1, fmt.Sprint("c", n), strings.Repeat(string(rune('a'+n%26)), 350))
		e.Time = logStart.Add(time.Duration(n) * time.Minute)
		long = append(long, e)
	}
	_, err = plain.Add(ctx, logStart.AddDate(0, 1, 0), long...)
	require.NoError(t, err)
	m := Moment{At: logStart.AddDate(0, 0, 5)} // for which no partial is of use
	read := map[string]func(p *Profiles) string{
		"Profile": func(p *Profiles) string {
			one, err := p.Profile(ctx, id, m)
			require.NoError(t, err)
			return profileJSON(t, one)
		},
		"Timeline": func(p *Profiles) (all string) {
			for e, err := range p.Timeline(ctx, id, m, &TimelineQuery{Statements: true}) {
				require.NoError(t, err)
				for _, v := range e.Values {
					all += v.Name + " " + asideText(v.Value) + "\n"
				}
			}
			return all
		},
		"Evidence": func(p *Profiles) (all string) {
			for e, err := range p.Evidence(ctx, id) {
				require.NoError(t, err)
				for _, v := range e.Values {
					all += v.Name + " " + asideText(v.Value) + "\n"
				}
			}
			return all
		},
	}
	dump := snapshot(t, s)
	for name, answer := range read {
		t.Run(name, func(t *testing.T) {
			s := restored(t, dump)
			q, err := Open(ctx, s, nil, withVault(t, s, nil))
			require.NoError(t, err)
			want := answer(q)
			pages, resealed := headOf(t, q, 1).pages, false
			hooked := &beforePages{s, func() {
				changed, err := q.Reseal(ctx, nil)
				require.NoError(t, err)
				require.Positive(t, changed)
				resealed = true
			}}
			p, err := Open(ctx, hooked, nil, withVault(t, s, nil))
			require.NoError(t, err)
			require.True(t, want == answer(p))
			require.True(t, resealed)
			require.Greater(t, headOf(t, q, 1).pages, pages)
		})
	}
}

// snapshot returns all that is in a store, and restored a store that has it.
func snapshot(t testing.TB, s store.Store) (all []store.Entry) {
	t.Helper()
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

func restored(t testing.TB, all []store.Entry) store.Store {
	t.Helper()
	s := minimal()
	// One commit for each entry: the versions of keys are compared, and are in the order of the first.
	slices.SortFunc(all, func(a, b store.Entry) int { return int(int64(a.Version) - int64(b.Version)) })
	for _, e := range all {
		b := new(store.Batch)
		b.Put(e.Key, e.Value)
		_, err := s.Commit(t.Context(), b)
		require.NoError(t, err)
	}
	return s
}

// What was set aside of a stream is not shown of a slice whose own key has been destroyed.
func TestSealedAsideOfASliceDestroyed(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p := sealedLog(t, s)
	stream, feed := logAtom(9), newFakeFeed()
	for n := range 2 {
		id := customer.FromInt64(int64(n + 1))
		feed.created(id)
		feed.slices[logAtom(n+1)] = customer.Slice{Atom: logAtom(n + 1), Stream: stream, Since: logStart.AddDate(0, 0, 10*n)}
		feed.attached(id, logAtom(n+1))
	}
	for n := range 2 {
		e := anOrder(9, n)
		e.Time = logStart.AddDate(0, 0, 10*n).Add(time.Hour)
		e.Values = append(e.Values, customer.Field{Name: "phone", Value: customer.TextValue("secret")})
		_, err := p.Add(ctx, logStart, e)
		require.NoError(t, err)
	}
	_, err := p.follow(ctx, feed.clock(), feed)
	require.NoError(t, err)
	count := func(atom int) int {
		aside, err := p.SetAside(ctx, logAtom(atom))
		require.NoError(t, err)
		return len(aside)
	}
	require.Equal(t, []int{1, 1}, []int{count(1), count(2)})
	b := new(store.Batch)
	p.o.Vault.Destroy(b, logAtom(1))
	_, err = s.Commit(ctx, b)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{count(1), count(2)})
}

// Who has no vault cannot erase what is sealed: the key would stay.
func TestSealedEraseNeedsTheVault(t *testing.T) {
	for _, retracted := range []bool{false, true} {
		ctx, s := t.Context(), minimal()
		p := sealedLog(t, s)
		id := customer.FromInt64(1)
		feed := withCustomer(t, p, logAtom(1))
		_, err := p.Add(ctx, logStart, aCity(1, "a", "secret"))
		require.NoError(t, err)
		if retracted { // its evidence, which the feed does not name when it is erased
			feed.moved(id, customer.ID{}, logAtom(1))
		}
		feed.erased(id)
		without, err := Open(ctx, s, nil, nil)
		require.NoError(t, err)
		_, err = without.follow(ctx, feed.clock(), feed)
		require.ErrorIs(t, err, seal.ErrNoKey)
		_, err = withVault(t, s, nil).Vault.Key(ctx, logAtom(1))
		require.NoError(t, err)
		_, err = p.follow(ctx, feed.clock(), feed)
		require.NoError(t, err)
		_, err = withVault(t, s, nil).Vault.Key(ctx, logAtom(1))
		require.ErrorIs(t, err, seal.ErrDestroyed)
	}
}

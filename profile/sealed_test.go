package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

func sealedLog(t testing.TB, s store.Store) *Profiles {
	t.Helper()
	schema := logSchema()
	protect(schema)
	p, err := Open(t.Context(), s, schema, withVault(t, s, &Options{Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}}))
	require.NoError(t, err)
	return p
}

func aCity(atom int, id, city string) Evidence {
	return Evidence{
		Atom: logAtom(atom), ID: id, Source: "crm", Time: logStart,
		Values: []customer.Field{{Name: "city", Value: customer.TextValue(city)}},
	}
}

func later(e Evidence) Evidence {
	e.Time = e.Time.Add(time.Hour)
	return e
}

// withCustomer has the feed say that customer 1 has the atoms.
func withCustomer(t testing.TB, p *Profiles, atoms ...customer.AtomID) *fakeFeed {
	t.Helper()
	feed := newFakeFeed()
	feed.created(customer.FromInt64(1), atoms...)
	_, err := p.follow(t.Context(), feed.clock(), feed)
	require.NoError(t, err)
	return feed
}

func cityOf(t testing.TB, p *Profiles) (string, error) {
	t.Helper()
	one, err := p.Profile(t.Context(), customer.FromInt64(1), Moment{At: logStart.AddDate(1, 0, 0)})
	if err != nil {
		return "", err
	}
	city, _ := one.Value("city").Text()
	return city, nil
}

// The same evidence makes the same profiles, whether it is sealed or not, byte for byte.
func TestSealedProfilesAreTheSame(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 2) {
		var all [2][]string
		for i := range all {
			sealing = i == 1
			schema := readsSchema()
			protect(schema)
			w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), seed, schema, nil)
			w.build(30)
			w.say(200, fakeAtom(1), fakeAtom(2))
			w.retract(10)
			w.sync(w.p, w.feed)
			for range 6 {
				for _, one := range collectProfiles(t, t.Context(), w.p, w.moment()) {
					all[i] = append(all[i], profileJSON(t, one))
				}
			}
			require.Equal(t, i == 1, w.p.o.Vault != nil)
		}
		sealing = false
		require.NotEmpty(t, all[0])
		require.Equal(t, all[0], all[1])
	}
}

// A vault that comes later, a schema that protects more later, and one that protects less:
// what is in the store is read, and known when it comes again.
func TestSealedFromSomeTimeOn(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p := openLog(t, s)
	withCustomer(t, p, logAtom(1))
	add := func(e Evidence) (Summary, error) { return p.Add(ctx, logStart, e) }
	n := 0
	check := func(city string) {
		n++
		e := aCity(1, fmt.Sprint("c", n), city)
		e.Time = logStart.Add(-time.Duration(n) * time.Hour) // the trait is the oldest statement
		sum, err := add(e)
		require.NoError(t, err)
		require.Equal(t, Summary{Added: 1}, sum)
		got, err := cityOf(t, p)
		require.NoError(t, err)
		require.Equal(t, city, got)
		for k := 1; k <= n; k++ { // all of them again, and something else in their name
			e := aCity(1, fmt.Sprint("c", k), []string{"", "plain", "vaulted", "sealed", "public"}[k])
			e.Time = logStart.Add(-time.Duration(k) * time.Hour)
			sum, err := add(e)
			require.NoError(t, err, k)
			require.Equal(t, Summary{Known: 1}, sum, k)
			e.Values[0].Value = customer.TextValue("another")
			_, err = add(e)
			require.ErrorIs(t, err, ErrReused, k)
		}
	}
	check("plain")
	var err error
	p, err = Open(ctx, s, nil, withVault(t, s, nil))
	require.NoError(t, err)
	check("vaulted")
	schema := logSchema()
	protect(schema)
	_, err = p.Apply(ctx, logStart, schema)
	require.NoError(t, err)
	check("sealed")
	_, err = p.Apply(ctx, logStart, logSchema())
	require.NoError(t, err)
	check("public")
	require.True(t, inStore(t, s, "plain") && inStore(t, s, "vaulted") && inStore(t, s, "public"))
	require.False(t, inStore(t, s, "sealed"))
}

// inStore tells whether a text is in a key or a value.
func inStore(t testing.TB, s store.Store, text string) bool {
	t.Helper()
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		if bytes.Contains(e.Key, []byte(text)) || bytes.Contains(e.Value, []byte(text)) {
			return true
		}
	}
	return false
}

// Where the key has been destroyed by somebody else, as by package identity, the atom counts
// as erased, before the feed says so and after it.
func TestSealedKeyDestroyed(t *testing.T) {
	for _, pages := range []bool{false, true} {
		ctx, s := t.Context(), minimal()
		p := sealedLog(t, s)
		feed := withCustomer(t, p, logAtom(1), logAtom(2))
		for n := range 3 {
			_, err := p.Add(ctx, logStart, aCity(n%2+1, fmt.Sprint("c", n), "gone"))
			require.NoError(t, err)
		}
		_, err := p.Add(ctx, logStart, later(aCity(2, "later", "stays")), Evidence{
			Atom: logAtom(1), ID: "bad", Source: "crm", Time: logStart, Values: []customer.Field{{Name: "age", Value: customer.Int64Value(-1)}},
		})
		require.NoError(t, err)
		if pages {
			for n := range 200 {
				_, err := p.Add(ctx, logStart.AddDate(0, 0, 10), anOrder(1, n))
				require.NoError(t, err)
			}
		}
		vault := withVault(t, s, nil).Vault // of another process
		b := new(store.Batch)
		vault.Destroy(b, logAtom(1))
		_, err = s.Commit(ctx, b)
		require.NoError(t, err)
		p.o.Vault.Forget(logAtom(1))

		id, m := customer.FromInt64(1), Moment{At: logStart.AddDate(1, 0, 0)}
		check := func() {
			t.Helper()
			one, err := p.Profile(ctx, id, m)
			require.NoError(t, err)
			require.Equal(t, customer.TextValue("gone"), one.Value("city"), "of the other atom, where it is the oldest")
			require.Equal(t, customer.Int64Value(0), one.Value("orders"))
			for e, err := range p.Timeline(ctx, id, m, &TimelineQuery{Statements: true}) {
				require.NoError(t, err)
				require.Equal(t, logAtom(2), e.Atom)
			}
			aside, err := p.SetAside(ctx, logAtom(1))
			require.NoError(t, err)
			require.Empty(t, aside)
			_, err = p.Quality(ctx, m.At)
			require.NoError(t, err)
			_, err = p.Add(ctx, logStart, aCity(1, "again", "x"))
			require.ErrorIs(t, err, ErrErased)
			var refused error
			sum, err := p.AddMany(ctx, logStart, func(yield func(Evidence) bool) {
				_ = yield(aCity(1, "again", "x")) && yield(later(aCity(2, "also", "y")))
			},
				&ManyOptions{Rejected: func(_ int, err error) { refused = err }})
			require.NoError(t, err)
			require.Equal(t, 1, sum.Rejected)
			require.ErrorIs(t, refused, ErrErased)
			_, err = p.Purge(ctx, m.At)
			require.NoError(t, err)
			_, err = p.Sync(ctx, m.At, feed)
			require.NoError(t, err)
		}
		check()
		feed.moved(id, customer.ID{}, logAtom(1))
		check()
	}
}

// Of a slice whose own key has been destroyed nothing is left of the stream, which others read.
func TestSealedSliceDestroyed(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p := sealedLog(t, s)
	stream, feed := logAtom(9), newFakeFeed()
	ids := []customer.ID{customer.FromInt64(1), customer.FromInt64(2)}
	for n, id := range ids {
		feed.created(id)
		feed.slices[logAtom(n+1)] = customer.Slice{Atom: logAtom(n + 1), Stream: stream, Since: logStart.AddDate(0, 0, 10*n)}
		feed.attached(id, logAtom(n+1))
	}
	for n := range 150 {
		e := anOrder(9, n)
		e.Time = logStart.Add(time.Duration(n) * 3 * time.Hour)
		_, err := p.Add(ctx, logStart, e)
		require.NoError(t, err)
	}
	_, err := p.follow(ctx, feed.clock(), feed)
	require.NoError(t, err)
	orders := func(id customer.ID) int64 {
		one, err := p.Profile(ctx, id, Moment{At: logStart.AddDate(1, 0, 0)})
		require.NoError(t, err)
		n, _ := one.Value("orders").Int64()
		events := 0
		for _, err := range p.Timeline(ctx, id, Moment{At: logStart.AddDate(1, 0, 0)}, nil) {
			require.NoError(t, err)
			events++
		}
		require.EqualValues(t, n, events)
		return n
	}
	first, second := orders(ids[0]), orders(ids[1])
	require.Positive(t, first)
	require.EqualValues(t, 150, first+second)
	b := new(store.Batch)
	p.o.Vault.Destroy(b, logAtom(1))
	_, err = s.Commit(ctx, b)
	require.NoError(t, err)
	require.Zero(t, orders(ids[0]))
	require.Equal(t, second, orders(ids[1]))
}

// The feed's erasure destroys the keys in the commit that empties the heads, wherever it is
// interrupted.
func TestSealedErase(t *testing.T) {
	for _, made := range []bool{false, true} {
		ctx, s := t.Context(), smallest()
		p := sealedLog(t, s)
		id := customer.FromInt64(1)
		feed := withCustomer(t, p, logAtom(1), logAtom(2))
		other := customer.FromInt64(2)
		feed.created(other, logAtom(3), logAtom(4))
		_, err := p.follow(ctx, feed.clock(), feed)
		require.NoError(t, err)
		for n := 1; n <= 4; n++ {
			for k := range 70 {
				_, err := p.Add(ctx, logStart, anOrder(n, k))
				require.NoError(t, err)
			}
		}
		feed.moved(other, customer.ID{}, logAtom(4)) // retracted before
		feed.merged(other, id)
		feed.erased(id)
		for crashes := 0; ; crashes++ {
			require.Less(t, crashes, 60)
			q, err := Open(ctx, crashAfter(s, 1, made), nil, withVault(t, s, nil))
			require.NoError(t, err)
			_, err = q.follow(ctx, feed.clock(), feed)
			for n := 1; n <= 4; n++ {
				heads, headErr := p.heads(ctx, []customer.AtomID{logAtom(n)})
				require.NoError(t, headErr)
				_, keyErr := withVault(t, s, nil).Vault.Key(ctx, logAtom(n))
				require.Equal(t, heads[0].erased, errors.Is(keyErr, seal.ErrDestroyed), "both or neither")
			}
			if err == nil {
				break
			}
			require.ErrorIs(t, err, errCrash)
		}
		for n := 1; n <= 4; n++ {
			_, err := withVault(t, s, nil).Vault.Key(ctx, logAtom(n))
			require.ErrorIs(t, err, seal.ErrDestroyed)
			_, err = p.o.Vault.Key(ctx, logAtom(n))
			if err == nil { // another process has done it, and this one has not followed
				_, err = p.follow(ctx, feed.clock(), feed)
				require.NoError(t, err)
			}
			_, err = p.Add(ctx, logStart, anOrder(n, 999))
			require.ErrorIs(t, err, ErrErased)
		}
	}
}

// Wrong keys and damaged bytes are errors that name the field and not its value.
func TestSealedDoesNotOpen(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p := sealedLog(t, s)
	withCustomer(t, p, logAtom(1))
	_, err := p.Add(ctx, logStart, aCity(1, "c", "secret"))
	require.NoError(t, err)
	heads, err := p.heads(ctx, []customer.AtomID{logAtom(1)})
	require.NoError(t, err)
	damage := func(change func(h *head)) {
		t.Helper()
		h := *heads[0]
		h.tail, h.aside = bytes.Clone(h.tail), bytes.Clone(h.aside)
		change(&h)
		b := new(store.Batch)
		b.Put(headKey(logAtom(1)), h.encode())
		_, err = s.Commit(ctx, b)
		require.NoError(t, err)
	}
	requireErr := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, seal.ErrOpen)
		require.ErrorContains(t, err, "city")
		require.NotContains(t, err.Error(), "secret")
	}
	damage(func(h *head) { h.tail[len(h.tail)-1] ^= 1 })
	_, err = cityOf(t, p)
	requireErr(err)
	for _, err = range p.Timeline(ctx, customer.FromInt64(1), Moment{At: logStart.AddDate(1, 0, 0)}, &TimelineQuery{Statements: true}) {
		requireErr(err)
	}
	_, err = p.Quality(ctx, logStart.AddDate(1, 0, 0))
	requireErr(err)
	damage(func(*head) {})
	got, err := cityOf(t, p)
	require.NoError(t, err)
	require.Equal(t, "secret", got)

	// Of another atom.
	_, err = p.Add(ctx, logStart, aCity(2, "c", "other"))
	require.NoError(t, err)
	others, err := p.heads(ctx, []customer.AtomID{logAtom(2)})
	require.NoError(t, err)
	damage(func(h *head) { h.tail = others[0].tail })
	_, err = cityOf(t, p)
	requireErr(err)
	damage(func(*head) {})

	q, err := Open(ctx, s, nil, nil)
	require.NoError(t, err)
	_, err = cityOf(t, q)
	require.ErrorIs(t, err, seal.ErrNoKey, "no vault")
	_, err = q.Add(ctx, logStart, aCity(1, "d", "plain"))
	require.ErrorIs(t, err, seal.ErrNoKey)

	wrapper, err := seal.NewLocal(bytes.Repeat([]byte{9}, seal.KeyBytes))
	require.NoError(t, err)
	o := withVault(t, s, nil)
	o.Vault, err = seal.NewVault(s, wrapper, &seal.Options{Prefix: []byte("profile-key/")})
	require.NoError(t, err)
	q, err = Open(ctx, s, nil, o)
	require.NoError(t, err)
	_, err = cityOf(t, q)
	require.ErrorIs(t, err, seal.ErrOpen, "keys wrapped by another")
	o.Vault, err = seal.NewVault(s, wrapper, &seal.Options{Prefix: []byte("empty/")})
	require.NoError(t, err)
	q, err = Open(ctx, s, nil, o)
	require.NoError(t, err)
	_, err = cityOf(t, q)
	require.ErrorIs(t, err, seal.ErrNoKey, "keys elsewhere")
	_, err = q.Add(ctx, logStart, aCity(1, "d", "again"))
	require.ErrorIs(t, err, seal.ErrNoKey, "and no second one is made")

	_, err = Open(ctx, s, nil, &Options{Vault: o.Vault})
	var input *InputError
	require.ErrorAs(t, err, &input)
	require.Equal(t, "index", input.Field)
}

// A commit that makes a key, and of which it is not known whether it came about, leaves the
// key that is in the store the one that is used.
func TestSealedKeyOfUnknownOutcome(t *testing.T) {
	ctx := t.Context()
	for _, l := range []*lossy{{minimal(), 0, 1}, {minimal(), 1, 0}, {minimal(), 2, 2}} {
		before, after := l.before, l.after
		l.before, l.after = 0, 0
		p := sealedLog(t, l)
		withCustomer(t, p, logAtom(1))
		l.before, l.after = before, after
		sum, err := p.Add(ctx, logStart, aCity(1, "c", "secret"))
		require.NoError(t, err)
		require.Equal(t, Summary{Added: 1}, sum)
		for _, q := range []*Profiles{p, sealedLog(t, l)} {
			city, err := cityOf(t, q)
			require.NoError(t, err)
			require.Equal(t, "secret", city)
		}
	}
}

// Two that make the key of one atom at once use one of the two.
func TestSealedKeyMadeTwice(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p := sealedLog(t, s)
	withCustomer(t, p, logAtom(1))
	other := sealedLog(t, s)
	p.s = &between{s, func() {
		_, err := other.Add(ctx, logStart, aCity(1, "first", "first"))
		require.NoError(t, err)
	}}
	_, err := p.Add(ctx, logStart, aCity(1, "second", "second"))
	require.NoError(t, err)
	for _, q := range []*Profiles{p, other, sealedLog(t, s)} {
		city, err := cityOf(t, q)
		require.NoError(t, err)
		require.Equal(t, "first", city)
	}
}

// between does something before its first commit.
type between struct {
	store.Store
	do func()
}

func (s *between) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return s.Store.Commit(ctx, b)
}

// Public evidence needs no key: none is made, and none is asked for.
func TestPublicNeedsNoKey(t *testing.T) {
	ctx, s := t.Context(), minimal()
	schema := logSchema()
	schema.Traits[0].Sensitivity = Personal
	p, err := Open(ctx, s, schema, withVault(t, s, nil))
	require.NoError(t, err)
	for n := range 200 {
		_, err := p.Add(ctx, logStart, anOrder(1, n))
		require.NoError(t, err)
	}
	heads, err := p.heads(ctx, []customer.AtomID{logAtom(1)})
	require.NoError(t, err)
	require.False(t, heads[0].keyed)
	_, err = p.o.Vault.Key(ctx, logAtom(1))
	require.ErrorIs(t, err, seal.ErrNoKey)
}

// An event that lacks a field, under the id of one that was kept and needs no key, is the first of
// its log of which something is sealed.
func TestSealedAsideUnderAPublicID(t *testing.T) {
	ctx, s := t.Context(), minimal()
	p, err := Open(ctx, s, logSchema(), withVault(t, s, nil))
	require.NoError(t, err)
	e := anOrder(1, 1)
	_, err = p.Add(ctx, logStart, e)
	require.NoError(t, err)
	e.Values = []customer.Field{{Name: "brand", Value: customer.TextValue("a secret")}}
	for range 2 {
		_, err = p.Add(ctx, logStart, e)
		require.NoError(t, err)
	}
	aside, err := p.SetAside(ctx, logAtom(1))
	require.NoError(t, err)
	require.NotEmpty(t, aside)
	require.False(t, inStore(t, s, "a secret"))
	_, err = p.Add(ctx, logStart, anOrder(1, 1))
	require.NoError(t, err)
}

// What is too large only once it is sealed is refused, and not an error of the store.
func TestSealedTooLarge(t *testing.T) {
	ctx, s := t.Context(), minimal()
	schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
	e := Evidence{Atom: logAtom(1), ID: "e", Source: "crm", Time: logStart}
	for n := range 2500 {
		name := fmt.Sprintf("%x", n)
		schema.Traits = append(schema.Traits, Trait{Name: name, Kind: customer.KindBool, Sensitivity: Personal})
		e.Values = append(e.Values, customer.Field{Name: name, Value: customer.BoolValue(true)})
	}
	p, err := Open(ctx, s, schema, withVault(t, s, nil))
	require.NoError(t, err)
	_, err = p.Add(ctx, logStart, e)
	require.ErrorIs(t, err, ErrInput)
	most := (mostSealed - 100) / (mostOverhead + 8)
	for e.Values = e.Values[:most]; ; e.Values = e.Values[:len(e.Values)+1] {
		e.ID = fmt.Sprint(len(e.Values))
		if _, err = p.Add(ctx, logStart, e); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ErrInput, "up to the limit it fits")
	require.Greater(t, len(e.Values), most)
}

package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/seal"
	"github.com/clientele-go/clientele/store"
)

// resealSchema is one in which everything can be made personal.
func resealSchema(s Sensitivity) *Schema {
	return &Schema{
		Location: "UTC",
		Sources:  []Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: s},
			{Name: "tags", Kind: customer.KindLabels, Policy: []Rule{Union}, Sensitivity: s},
			{Name: "limit", Kind: customer.KindDecimal, Sensitivity: s},
			{Name: "public", Kind: customer.KindInt64},
		},
		Events: []Event{{Name: "order", Fields: []Field{
			{Name: "address", Kind: customer.KindText, Sensitivity: s, Required: true},
			{Name: "amount", Kind: customer.KindInt64},
		}}},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}},
			{Name: "addresses", Of: Top, Events: []string{"order"}, Field: "address", Limit: 3, Sensitivity: s},
			{Name: "last", Of: Last, Events: []string{"order"}, Field: "address", Sensitivity: s},
		},
	}
}

// resealRows are columns that are personal, and others.
var resealRows = []string{"name", "tags", "public", "orders", "addresses"}

// secretive returns options with a vault and an index, with versions of keys, the newest first.
func secretive(t testing.TB, s store.Store, wrapping []byte, versions ...uint32) *Options {
	t.Helper()
	var keys [][]byte
	for _, w := range wrapping {
		keys = append(keys, bytes.Repeat([]byte{w}, seal.KeyBytes))
	}
	wrapper, err := seal.NewLocal(keys...)
	require.NoError(t, err)
	v, err := seal.NewVault(s, wrapper, &seal.Options{Cache: 8})
	require.NoError(t, err)
	return &Options{Rows: resealRows, Vault: v, Index: anIndex(t, versions...), Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}}
}

// A secretWorld is customers of whom secrets are told.
type secretWorld struct {
	t     *testing.T
	r     *rand.Rand
	feed  *fakeFeed
	now   time.Time
	atoms int
	told  int
	said  []Evidence
}

const secretPrefix = "geheim-"

func (w *secretWorld) text() customer.Value {
	return customer.TextValue(fmt.Sprint(secretPrefix, w.r.IntN(50), strings.Repeat("x", w.r.IntN(40))))
}

func newSecretWorld(t *testing.T, seed uint64, customers int) *secretWorld {
	w := &secretWorld{t: t, r: rand.New(rand.NewPCG(seed, 77)), feed: newFakeFeed()}
	w.now = w.feed.now
	for n := range customers {
		w.feed.created(customer.FromInt64(int64(n)), fakeAtom(3*n), fakeAtom(3*n+1), fakeAtom(3*n+2))
		w.atoms += 3
	}
	return w
}

// tell makes evidence, mostly of few atoms, which then have pages.
func (w *secretWorld) tell() Evidence {
	atom := w.r.IntN(w.atoms)
	if w.r.IntN(2) == 0 {
		atom = 0
	}
	w.told++
	ev := Evidence{Atom: fakeAtom(atom), ID: fmt.Sprint(w.told), Source: "crm", Time: w.now.Add(-time.Duration(w.r.IntN(1000)) * time.Hour), Verified: w.r.IntN(2) == 0}
	switch w.r.IntN(4) {
	case 0:
		ev.Values = []customer.Field{{Name: "name", Value: w.text()}, {Name: "public", Value: customer.Int64Value(w.r.Int64N(5))}}
	case 1:
		text, _ := w.text().Text()
		ev.Values = []customer.Field{{Name: "tags", Value: customer.LabelsValue("a", text)}, {Name: "limit", Value: customer.Int64Value(w.r.Int64N(5))}}
		if w.r.IntN(3) == 0 {
			ev.Values[1].Value = customer.Value{}
		}
	default:
		ev.Event = "order"
		ev.Values = []customer.Field{{Name: "address", Value: w.text()}, {Name: "amount", Value: customer.Int64Value(7)}}
	}
	switch w.r.IntN(12) {
	case 0:
		ev.Values = append(ev.Values, customer.Field{Name: "unheard of", Value: w.text()})
	case 1:
		if ev.Event != "" {
			ev.Values[0].Name = "adress"
		}
	}
	w.said = append(w.said, ev)
	return ev
}

func (w *secretWorld) say(p *Profiles, n int) {
	w.t.Helper()
	var all []Evidence
	for range n {
		all = append(all, w.tell())
	}
	_, err := p.Add(w.t.Context(), w.now, all...)
	require.NoError(w.t, err)
}

// sayAgain adds all again, which is known.
func (w *secretWorld) sayAgain(p *Profiles) {
	w.t.Helper()
	for _, ev := range w.said {
		sum, err := p.Add(w.t.Context(), w.now, ev)
		require.NoError(w.t, err)
		require.Equal(w.t, Summary{Known: 1}, sum)
	}
}

func (w *secretWorld) sync(p *Profiles) Synced {
	w.t.Helper()
	done, err := p.Sync(w.t.Context(), w.now, w.feed)
	require.NoError(w.t, err)
	return done
}

// answers is all that Profiles say.
func (w *secretWorld) answers(p *Profiles) string {
	w.t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	note := func(v any, err error) {
		require.NoError(w.t, err)
		require.NoError(w.t, e.Encode(v))
	}
	for one, err := range p.All(w.t.Context(), Moment{At: w.now}) {
		one.Schema = 0
		note(one, err)
		for k, err := range p.Evidence(w.t.Context(), one.Customer) {
			note(k, err)
		}
		for line, err := range p.Timeline(w.t.Context(), one.Customer, Moment{At: w.now}, &TimelineQuery{Statements: true}) {
			note(line, err)
		}
	}
	for n := range w.atoms {
		note(p.SetAside(w.t.Context(), fakeAtom(n)))
	}
	note(p.Quality(w.t.Context(), w.now))
	for batch, err := range p.AllRows(w.t.Context()) {
		batch.Cursor = customer.Cursor{}
		note(batch, err)
	}
	return b.String()
}

// inTheClear counts the keys under which a text lies in the clear.
func inTheClear(t testing.TB, s store.Store, text string) (keys []string) {
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		if bytes.Contains(e.Key, []byte(text)) || bytes.Contains(e.Value, []byte(text)) {
			keys = append(keys, fmt.Sprintf("%q", e.Key[:min(5, len(e.Key))]))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// requireNoGuess: nobody can tell by a sum whether a guess of what was said is right.
func (w *secretWorld) requireNoGuess(p *Profiles) {
	w.t.Helper()
	f, err := p.reread(w.t.Context())
	require.NoError(w.t, err)
	aside, kept := 0, 0
	for i := range w.said {
		g := given{Evidence: &w.said[i]}
		require.NoError(w.t, g.check(wire.New("", 1)))
		require.NoError(w.t, g.bind(f.bound, 1, nil))
		if !g.secret() || g.lacking {
			continue
		}
		heads, err := p.heads(w.t.Context(), []customer.AtomID{g.Atom})
		require.NoError(w.t, err)
		e := logEdit{id: g.Atom, head: heads[0], rows: pack{&g}}
		places, err := p.places(w.t.Context(), []logEdit{e})
		require.NoError(w.t, err)
		sum, _, found := e.sum(&g, places)
		require.True(w.t, found)
		require.False(w.t, sum.says(g.sum))
		if kept++; len(g.aside) > 0 {
			aside++
		}
	}
	require.Greater(w.t, kept, 100)
	require.Positive(w.t, aside)
}

func reseal(t testing.TB, p *Profiles) int64 {
	t.Helper()
	last := int64(0)
	n, err := p.Reseal(t.Context(), func(done, _ int64) {
		require.Greater(t, done, last)
		last = done
	})
	require.NoError(t, err)
	return n
}

// What was added before there was a vault lies sealed after Reseal, answers are the same, and
// what is added again is known.
func TestReseal(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 2) {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprint(seed, later), func(t *testing.T) {
				s := minimal()
				w := newSecretWorld(t, seed, 4)
				schema, first := resealSchema(Sensitive), &Options{Rows: resealRows}
				if later { // it is protected later: a vault is there from the beginning
					schema, first = resealSchema(Internal), secretive(t, s, []byte{1}, 1)
				}
				p, err := Open(t.Context(), s, schema, first)
				require.NoError(t, err)
				w.say(p, 300)
				w.sync(p)
				w.say(p, 40)
				require.NoError(t, p.Retract(t.Context(), w.now, w.said[3].Atom, w.said[3].ID))
				w.said = slices.Delete(w.said, 3, 4)
				w.sync(p)
				require.NotEmpty(t, inTheClear(t, s, secretPrefix))

				p, err = Open(t.Context(), s, nil, secretive(t, s, []byte{1}, 1))
				require.NoError(t, err)
				k := newKeeper(t)
				k.begin(p)
				if later {
					_, err := p.Apply(t.Context(), w.now, resealSchema(Sensitive))
					require.NoError(t, err)
				}
				w.say(p, 20) // some logs have keys before
				w.sync(p)
				k.follow(p, 0)
				before, rows := w.answers(p), k.rows
				require.Positive(t, reseal(t, p))
				require.Empty(t, inTheClear(t, s, secretPrefix))
				require.Equal(t, before, w.answers(p))
				require.Zero(t, reseal(t, p))
				w.requireNoGuess(p)
				w.sayAgain(p)
				w.sync(p)
				require.NoError(t, p.Refold(t.Context()))
				require.Zero(t, w.sync(p).Rows, "rows are what they were")
				k.follow(p, 0)
				require.Equal(t, rows, k.rows)
				fresh := newKeeper(t)
				fresh.begin(p)
				require.Equal(t, rows, fresh.rows)
				require.Empty(t, inTheClear(t, s, secretPrefix))
				require.Equal(t, before, w.answers(p))

				w.say(p, 200) // pages are made of what was resealed
				w.sync(p)
				require.Empty(t, inTheClear(t, s, secretPrefix))
				w.sayAgain(p)
				for id := range w.feed.truth() {
					w.feed.erased(id)
				}
				w.sync(p)
				require.Zero(t, reseal(t, p))
			})
		}
	}
}

// It is killed at every commit, and the next does the rest.
func TestResealKilled(t *testing.T) {
	for n := 0; ; n++ {
		s := minimal()
		w := newSecretWorld(t, 9, 2)
		p, err := Open(t.Context(), s, resealSchema(Personal), &Options{Rows: resealRows})
		require.NoError(t, err)
		w.say(p, 250)
		w.sync(p)
		with := func(s store.Store) *Profiles {
			p, err := Open(t.Context(), s, nil, secretive(t, s, []byte{1}, 1))
			require.NoError(t, err)
			return p
		}
		p = with(s)
		before := w.answers(p)
		_, err = with(crashAfter(s, n, n%2 == 0)).Reseal(t.Context(), nil)
		require.Equal(t, before, w.answers(p))
		if err == nil {
			require.Greater(t, n, 6)
			return
		}
		require.ErrorIs(t, err, errCrash)
		reseal(t, p)
		require.Empty(t, inTheClear(t, s, secretPrefix))
		require.Equal(t, before, w.answers(p))
		if n%5 == 0 {
			w.sayAgain(p)
		}
	}
}

func TestResealInBadWeather(t *testing.T) {
	for seed := range race.Fewer[uint64](4, 1) {
		s := &badWeather{Store: minimal(), rng: rand.New(rand.NewPCG(seed, 4)), calm: true}
		w := newSecretWorld(t, seed, 3)
		p, err := Open(t.Context(), s, resealSchema(Personal), &Options{Rows: resealRows})
		require.NoError(t, err)
		w.say(p, 250)
		w.sync(p)
		o := secretive(t, s, []byte{1}, 1)
		p, err = Open(t.Context(), s, nil, o)
		require.NoError(t, err)
		before := w.answers(p)
		s.calm = false
		for err = store.ErrUnavailable; err != nil; _, err = p.Reseal(t.Context(), nil) {
			require.True(t, errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknownOutcome), "%v", err)
		}
		s.calm = true
		require.Zero(t, reseal(t, p))
		require.Empty(t, inTheClear(t, s, secretPrefix))
		require.Equal(t, before, w.answers(p))
		w.sayAgain(p)
	}
}

// Every call of the store can fail, and every error is told.
func TestResealErrors(t *testing.T) {
	s := newCutStore(new(store.Memory))
	w := newSecretWorld(t, 1, 1)
	schema := resealSchema(Personal)
	schema.Traits[0].Searchable = true
	p, err := Open(t.Context(), s, schema, &Options{Rows: resealRows})
	require.NoError(t, err)
	w.say(p, 90)
	w.sync(p)
	o := secretive(t, s, []byte{1}, 1)
	o.Workers = 1
	p, err = Open(t.Context(), s, nil, o)
	require.NoError(t, err)
	failsEverywhere(t, s, 10, func() error {
		_, err := p.Reseal(t.Context(), nil)
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.Reseal(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	away := secretive(t, s, []byte{2}, 1) // another key
	p, err = Open(t.Context(), s, nil, away)
	require.NoError(t, err)
	_, err = p.Reseal(t.Context(), nil)
	require.ErrorIs(t, err, seal.ErrOpen)
	b := new(store.Batch)
	b.Put(key('a', []byte("short")), nil)
	_, err = s.Commit(t.Context(), b)
	require.NoError(t, err)
	_, err = p.Reseal(t.Context(), nil)
	require.Error(t, err)
}

// Thousands of values of a few bytes are ten times as long when they are sealed: their page
// becomes several.
func TestResealManySmallValues(t *testing.T) {
	const traits = 400
	schema := &Schema{Location: "UTC", Sources: []Source{{Name: "crm"}}}
	for i := range traits {
		schema.Traits = append(schema.Traits, Trait{Name: fmt.Sprint("t", i), Kind: customer.KindInt64, Sensitivity: Personal})
	}
	s := minimal()
	p, err := Open(t.Context(), s, schema, nil)
	require.NoError(t, err)
	w := newSecretWorld(t, 1, 1)
	for n := range 100 {
		ev := Evidence{Atom: fakeAtom(0), ID: fmt.Sprint(n), Source: "crm", Time: w.now}
		for i := range traits {
			ev.Values = append(ev.Values, customer.Field{Name: fmt.Sprint("t", i), Value: customer.Int64Value(int64(n*i) % 20)})
		}
		w.said = append(w.said, ev)
		_, err := p.Add(t.Context(), w.now, ev)
		require.NoError(t, err)
	}
	w.sync(p)
	o := secretive(t, s, []byte{1}, 1)
	o.Rows = nil
	p, err = Open(t.Context(), s, nil, o)
	require.NoError(t, err)
	before := w.answers(p)
	require.EqualValues(t, 1, reseal(t, p))
	require.Equal(t, before, w.answers(p))
	w.sayAgain(p)
	require.Zero(t, reseal(t, p))
	heads, err := p.heads(t.Context(), fakeAtoms(0))
	require.NoError(t, err)
	require.Greater(t, heads[0].pages, 20)
}

// A schema that makes traits searchable later, and not any more, and keys of the index that
// come and go: the index is what it should be.
func TestResealIndex(t *testing.T) {
	s := minimal()
	w := newSecretWorld(t, 1, 4)
	p, err := Open(t.Context(), s, resealSchema(Personal), secretive(t, s, []byte{1}, 1))
	require.NoError(t, err)
	w.say(p, 300)
	w.sync(p)
	require.Zero(t, requireFound(t, p, Moment{At: w.now}))
	apply := func(p *Profiles, names ...string) {
		schema := resealSchema(Personal)
		for i := range schema.Traits {
			schema.Traits[i].Searchable = slices.Contains(names, schema.Traits[i].Name)
		}
		_, err := p.Apply(t.Context(), w.now, schema)
		require.NoError(t, err)
	}
	versions := func(want ...uint32) {
		t.Helper()
		found := map[byte]bool{}
		for e, err := range s.Scan(t.Context(), store.Under(key('f'))) {
			require.NoError(t, err)
			found[e.Key[len(key('f'))+3]] = true
		}
		require.Len(t, found, len(want))
		for _, v := range want {
			require.True(t, found[byte(v)], "version %d", v)
		}
	}
	apply(p, "name", "tags", "limit")
	require.Positive(t, reseal(t, p))
	requireIndex(t, p, true)
	require.Positive(t, requireFound(t, p, Moment{At: w.now}))
	versions(1)

	both, err := Open(t.Context(), s, nil, secretive(t, s, []byte{1}, 2, 1))
	require.NoError(t, err)
	require.Positive(t, requireFound(t, both, Moment{At: w.now}))
	require.Positive(t, reseal(t, both))
	requireIndex(t, both, false)
	require.Positive(t, requireFound(t, both, Moment{At: w.now}))
	versions(1, 2)
	require.Zero(t, reseal(t, both))
	w.sync(both)
	require.NoError(t, both.Refold(t.Context()))
	require.Zero(t, w.sync(both).Rows, "digests are known under either key")

	fresh, err := Open(t.Context(), s, nil, secretive(t, s, []byte{1}, 2))
	require.NoError(t, err)
	require.Positive(t, requireFound(t, fresh, Moment{At: w.now}))
	require.Positive(t, reseal(t, fresh))
	requireIndex(t, fresh, true)
	versions(2)
	require.NoError(t, fresh.Refold(t.Context()))
	require.Zero(t, w.sync(fresh).Rows)

	apply(fresh, "name")
	require.Positive(t, requireFound(t, fresh, Moment{At: w.now}))
	require.Positive(t, reseal(t, fresh))
	requireIndex(t, fresh, true)
	apply(fresh)
	require.Positive(t, reseal(t, fresh))
	require.Empty(t, dumped(t.Context(), s, "fb"))
}

// Keys are replaced while others read, add and fold: all is found and readable throughout, and
// after the old keys are gone.
func TestKeysReplacedInUse(t *testing.T) {
	s := minimal()
	w := newSecretWorld(t, 5, 6)
	schema := resealSchema(Personal)
	schema.Traits[0].Searchable = true
	open := func(wrapping []byte, versions ...uint32) *Profiles {
		var schemaOrNil *Schema
		if versions[0] == 1 && len(versions) == 1 {
			schemaOrNil = schema
		}
		p, err := Open(t.Context(), s, schemaOrNil, secretive(t, s, wrapping, versions...))
		require.NoError(t, err)
		return p
	}
	// One name that stays is looked for all the time.
	p := open([]byte{1}, 1)
	far := w.now.AddDate(1, 0, 0)
	for n := range 6 {
		_, err := p.Add(t.Context(), w.now, Evidence{
			Atom: fakeAtom(3 * n), ID: "anchor", Source: "crm", Time: far, Values: []customer.Field{{Name: "name", Value: customer.TextValue(secretPrefix + "anchor")}},
		})
		require.NoError(t, err)
	}
	w.say(p, 300)
	w.sync(p)
	// Two processes, which get new keys one after the other, when they have ended what they do.
	in := [2]*Profiles{p, open([]byte{1}, 1)}
	var doing [2]sync.RWMutex
	replace := func(make func() *Profiles) {
		for i := range in {
			doing[i].Lock()
			in[i] = make()
			doing[i].Unlock()
			time.Sleep(2 * time.Millisecond)
		}
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	var rounds atomic.Int64
	var mu sync.Mutex
	busy := func(do func(p *Profiles)) {
		for i := range 2 {
			group.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						doing[i].RLock()
						do(in[i])
						doing[i].RUnlock()
						rounds.Add(1)
					}
				}
			})
		}
	}
	busy(func(p *Profiles) {
		ids, err := p.Find(t.Context(), "name", customer.TextValue(secretPrefix+"anchor"), Moment{At: far})
		if err != nil || len(ids) != 6 {
			t.Errorf("found %d of 6: %v", len(ids), err)
		}
	})
	var added atomic.Int64
	busy(func(p *Profiles) {
		time.Sleep(5 * time.Millisecond) // Reseal reads a log again that changes meanwhile
		if added.Add(1) > 1000 {
			return
		}
		mu.Lock()
		ev := w.tell()
		mu.Unlock()
		if _, err := p.Add(t.Context(), w.now, ev); err != nil {
			t.Error(err)
		}
	})
	busy(func(p *Profiles) {
		if _, err := p.Sync(t.Context(), w.now, w.feed); err != nil {
			t.Error(err)
		}
		for _, err := range p.AllRows(t.Context()) {
			if err != nil {
				t.Error(err)
			}
		}
	})
	work := func(p *Profiles) {
		for range 2 {
			_, err := p.Reseal(t.Context(), nil)
			require.NoError(t, err)
			require.NoError(t, p.o.Vault.Rewrap(t.Context(), nil))
		}
	}
	work(p)
	replace(func() *Profiles { return open([]byte{1, 2}, 1, 2) })
	work(in[0])
	replace(func() *Profiles { return open([]byte{2, 1}, 2, 1) })
	work(in[1])
	replace(func() *Profiles { return open([]byte{2}, 2) })
	work(in[0])
	close(stop)
	group.Wait()
	require.Greater(t, rounds.Load(), int64(20))
	fresh := open([]byte{2}, 2)
	w.sync(fresh)
	requireIndex(t, fresh, true)
	require.Positive(t, requireFound(t, fresh, Moment{At: far}))
	require.Empty(t, inTheClear(t, s, secretPrefix))
	require.Positive(t, len(w.answers(fresh)))
	w.sayAgain(fresh)
	for e, err := range s.Scan(t.Context(), store.Under(key('f'))) {
		require.NoError(t, err)
		require.EqualValues(t, 2, e.Key[len(key('f'))+3])
	}
}

// The logs of streams are sealed under the key of the stream, whoever has slices of it.
func TestResealSlices(t *testing.T) {
	for seed := range race.Fewer[uint64](3, 1) {
		w := newSliceWorld(t, 600+seed)
		s := minimal()
		p, err := Open(t.Context(), s, logSchema(), nil)
		require.NoError(t, err)
		live := func(p *Profiles) {
			for range 6 {
				for range w.r.IntN(6) {
					w.change(false)
				}
				w.sync(p)
				w.say(p, 25)
				w.retract(p)
				w.change(true)
				w.sync(p)
			}
		}
		live(p)
		personal := logSchema()
		protect(personal)
		o := secretive(t, s, []byte{1}, 1)
		o.Rows = nil
		p, err = Open(t.Context(), s, nil, o)
		require.NoError(t, err)
		_, err = p.Apply(t.Context(), w.now, personal)
		require.NoError(t, err)
		w.sync(p)
		require.Positive(t, reseal(t, p))
		require.Zero(t, reseal(t, p))
		w.requireEvidence(p)
		live(p)
		w.requireEvidence(p)
		require.Zero(t, reseal(t, p))
	}
}

// Traits come to be protected one after the other: what was said stays known each time.
func TestResealStepByStep(t *testing.T) {
	s := minimal()
	w := newSecretWorld(t, 11, 2)
	p, err := Open(t.Context(), s, resealSchema(Public), nil)
	require.NoError(t, err)
	w.say(p, 200)
	w.sync(p)
	p, err = Open(t.Context(), s, nil, secretive(t, s, []byte{1}, 1))
	require.NoError(t, err)
	w.say(p, 50)
	for step := range 4 {
		schema := resealSchema(Public)
		schema.Events[0].Fields[0].Sensitivity = Personal
		schema.Computed[1].Sensitivity, schema.Computed[2].Sensitivity = Personal, Personal
		for i := range schema.Traits[:step] {
			schema.Traits[i].Sensitivity = Personal
		}
		_, err = p.Apply(t.Context(), w.now, schema)
		require.NoError(t, err)
		require.Positive(t, reseal(t, p))
		require.Zero(t, reseal(t, p))
		w.sayAgain(p)
		w.say(p, 10)
	}
	w.sync(p)
	_, err = p.Apply(t.Context(), w.now, resealSchema(Personal))
	require.NoError(t, err)
	w.sync(p)
	reseal(t, p)
	require.Empty(t, inTheClear(t, s, secretPrefix))
	w.sayAgain(p)
	w.requireNoGuess(p)
}

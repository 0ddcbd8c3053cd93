package profile

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

func TestAddRefusesWhatIsNotValid(t *testing.T) {
	p := openLog(t, minimal())
	long := strings.Repeat("x", 257)
	for name, c := range map[string]struct {
		change        func(ev *Evidence)
		field, reason string
	}{
		"no atom":           {func(ev *Evidence) { ev.Atom = customer.AtomID{} }, "atom", "is not set"},
		"no id":             {func(ev *Evidence) { ev.ID = "" }, "id", "is not 1 to 256 bytes long"},
		"long id":           {func(ev *Evidence) { ev.ID = long }, "id", "is not 1 to 256 bytes long"},
		"id not UTF-8":      {func(ev *Evidence) { ev.ID = "\xff" }, "id", "is not UTF-8"},
		"no time":           {func(ev *Evidence) { ev.Time = time.Time{} }, "time", "is not set"},
		"year 0":            {func(ev *Evidence) { ev.Time = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) }, "time", "is not in years 1 to 9999"},
		"year 10000 in UTC": {func(ev *Evidence) { ev.Time = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200)) }, "time", "is not in years 1 to 9999"},
		"unknown source":    {func(ev *Evidence) { ev.Source = "SHOP" }, "source", "is not in the schema"},
		"unknown event":     {func(ev *Evidence) { ev.Event = "visit" }, "event", "is not in the schema"},
		"nameless value":    {func(ev *Evidence) { ev.Values[0].Name = "" }, "values", "has a name that is not 1 to 256 bytes long"},
		"long name":         {func(ev *Evidence) { ev.Values[0].Name = long }, "values", "has a name that is not 1 to 256 bytes long"},
		"name not UTF-8":    {func(ev *Evidence) { ev.Values[0].Name = "\xff" }, "values", "has a name that is not UTF-8"},
		"name twice":        {func(ev *Evidence) { ev.Values[0].Name = "brand" }, "values", "has a name twice"},
		"more than 16 KiB":  {func(ev *Evidence) { ev.Values[0].Value = customer.TextValue(strings.Repeat("x", mostEvidence)) }, "values", "is too large"},
		"too much set aside": {func(ev *Evidence) {
			ev.Values = append(ev.Values, customer.Field{Name: "z", Value: customer.TextValue(strings.Repeat("x", mostEvidence))})
		}, "values", "is too large"},
		"label not UTF-8, ok": {func(ev *Evidence) { ev.Values[1].Value = customer.LabelsValue("\xff") }, "", ""},
		"NaN, ok":             {func(ev *Evidence) { ev.Values[1].Value = customer.DecimalValue(1, 99) }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			bad := anOrder(1, 100)
			bad.ID = name
			c.change(&bad)
			_, err := p.Add(t.Context(), logStart, anOrder(2, 1), bad)
			many, errMany := p.AddMany(t.Context(), logStart, slices.Values([]Evidence{bad}), nil)
			if c.field == "" {
				require.NoError(t, err)
				require.Equal(t, Summary{Known: 1}, many)
				return
			}
			require.Equal(t, &InputError{Row: 1, Field: c.field, Reason: c.reason}, err)
			require.Equal(t, &InputError{Row: 0, Field: c.field, Reason: c.reason}, errMany)
			require.ErrorIs(t, err, ErrInput)
		})
	}
	for _, learned := range []time.Time{{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		_, err := p.Add(t.Context(), learned)
		require.Equal(t, &InputError{Row: -1, Field: "learned", Reason: "is not in years 1 to 9999"}, err)
		_, err = p.AddMany(t.Context(), learned, slices.Values([]Evidence{}), nil)
		require.ErrorIs(t, err, ErrInput)
		require.ErrorIs(t, p.Retract(t.Context(), learned, logAtom(1), "x"), ErrInput)
	}
}

func TestAddKnowsWhatWasAdded(t *testing.T) {
	p := openLog(t, minimal())
	ev := anOrder(1, 1)
	ev.Time = ev.Time.Add(1500)
	sum, err := p.Add(t.Context(), logStart, ev, ev)
	require.NoError(t, err)
	require.Equal(t, Summary{Added: 1, Known: 1}, sum)
	slices.Reverse(ev.Values)
	ev.Time = ev.Time.Add(-499).In(time.FixedZone("", 3600)) // the same microsecond
	ev.Values = append(ev.Values, customer.Field{Name: "unheard of"})
	sum, err = p.Add(t.Context(), logStart.AddDate(1, 0, 0), ev)
	require.NoError(t, err)
	require.Equal(t, Summary{Known: 1}, sum)
	ev.Verified = true
	_, err = p.Add(t.Context(), logStart, anOrder(0, 1), ev)
	require.ErrorIs(t, err, ErrReused)
	require.EqualError(t, err, "profile: id used before for something else: row 1")
	require.NoError(t, p.Retract(t.Context(), logStart, ev.Atom, ev.ID))
	require.NoError(t, p.Retract(t.Context(), logStart, ev.Atom, ev.ID))
	_, err = p.Add(t.Context(), logStart, ev)
	require.ErrorIs(t, err, ErrRetracted)
	require.ErrorIs(t, p.Retract(t.Context(), logStart, ev.Atom, "o2"), ErrUnknown)
	heads, err := p.heads(t.Context(), []customer.AtomID{logAtom(0)})
	require.NoError(t, err)
	require.Zero(t, heads[0].version, "all or nothing")
}

func TestWhatIsSetAside(t *testing.T) {
	p := openLog(t, minimal())
	lacking := anOrder(1, 1)
	lacking.Values[0].Value = customer.TextValue("12")
	partly := anOrder(1, 2)
	partly.Values[1].Value = customer.TextValue("C")
	states := Evidence{Atom: logAtom(1), ID: "s", Source: "crm", Time: logStart, Values: []customer.Field{{Name: "age", Value: customer.Int64Value(-1)}, {Name: "shoe", Value: customer.Int64Value(42)}}}
	for range 2 {
		sum, err := p.Add(t.Context(), logStart, lacking, partly, states)
		require.NoError(t, err)
		if sum.Known == 0 {
			require.Equal(t, Summary{Added: 2, Rejected: 1, SetAside: 5}, sum)
		} else {
			require.Equal(t, Summary{Known: 3}, sum)
		}
		all, err := p.SetAside(t.Context(), logAtom(1))
		require.NoError(t, err)
		require.Equal(t, []Rejected{
			{"crm", "", "shoe", Undeclared, "s", logStart, logStart, "42"},
			{"crm", "", "age", OutOfRange, "s", logStart, logStart, "-1"},
			{"shop", "order", "brand", NoMatch, "o2", partly.Time, logStart, "C"},
			{"shop", "order", "amount", Incomplete, "o1", lacking.Time, logStart, ""},
			{"shop", "order", "amount", WrongKind, "o1", lacking.Time, logStart, "12"},
		}, all)
	}
	f, err := p.current(t.Context())
	require.NoError(t, err)
	atoms, err := p.load(t.Context(), f, []customer.AtomID{logAtom(1)}, moment{never, never})
	require.NoError(t, err)
	require.Len(t, atoms[0].entries, 2)
	require.NoError(t, p.Retract(t.Context(), logStart, logAtom(1), "o1"))
	require.NoError(t, p.Retract(t.Context(), logStart, logAtom(1), "s"))
	all, err := p.SetAside(t.Context(), logAtom(1))
	require.NoError(t, err)
	require.Len(t, all, 1, "what is said of evidence goes with it")
	all, err = p.SetAside(t.Context(), logAtom(2))
	require.NoError(t, err)
	require.Empty(t, all)
}

// claim makes customers have an atom, as following the feed does.
func claim(t testing.TB, p *Profiles, atom customer.AtomID, ids ...customer.ID) {
	t.Helper()
	heads, err := p.heads(t.Context(), []customer.AtomID{atom})
	require.NoError(t, err)
	heads[0].claims = ids
	var b store.Batch
	b.Put(headKey(atom), heads[0].encode())
	_, err = p.s.Commit(t.Context(), &b)
	require.NoError(t, err)
}

func TestCustomersWaitForWhatChangesThem(t *testing.T) {
	p := openLog(t, minimal())
	ada, bob := customer.FromInt64(1), customer.FromInt64(2)
	claim(t, p, logAtom(1), ada, bob)
	claim(t, p, logAtom(2), ada)
	waits := func() (n int) {
		for e, err := range p.s.Scan(t.Context(), store.Under(key('w'))) {
			require.NoError(t, err)
			require.Equal(t, waitMark, e.Value)
			var b store.Batch
			b.Delete(e.Key)
			_, err = p.s.Commit(t.Context(), &b)
			require.NoError(t, err)
			n++
		}
		return n
	}
	add := func(evs ...Evidence) {
		_, err := p.Add(t.Context(), logStart, evs...)
		require.NoError(t, err)
	}
	add(anOrder(1, 1), anOrder(2, 1))
	require.Equal(t, 2, waits())
	add(anOrder(1, 1), anOrder(2, 2))
	require.Equal(t, 1, waits())
	add(anOrder(1, 1))
	lacking := anOrder(1, 3)
	lacking.Values = nil
	add(lacking)
	require.Zero(t, waits())
	require.NoError(t, p.Retract(t.Context(), logStart, logAtom(1), "o3"))
	require.Zero(t, waits())
	require.NoError(t, p.Retract(t.Context(), logStart, logAtom(1), "o1"))
	require.Equal(t, 2, waits())
	require.NoError(t, p.Retract(t.Context(), logStart, logAtom(1), "o1"))
	require.Zero(t, waits())
}

func TestErasedAtomsTakeNothing(t *testing.T) {
	p := openLog(t, minimal())
	var b store.Batch
	b.Put(headKey(logAtom(1)), (&head{erased: true}).encode())
	_, err := p.s.Commit(t.Context(), &b)
	require.NoError(t, err)
	_, err = p.Add(t.Context(), logStart, anOrder(1, 1))
	require.ErrorIs(t, err, ErrErased)
	require.ErrorIs(t, p.Retract(t.Context(), logStart, logAtom(1), "o1"), ErrErased)
}

// TestAddersAtOnce: several goroutines on two Profiles of one store add to the same atoms
// while others read: in the end all is there, and no reader sees half of anything.
func TestAddersAtOnce(t *testing.T) {
	s := minimal()
	ps := []*Profiles{openLog(t, s), openLog(t, s)}
	const writers, each = 4, 100
	ids := []customer.AtomID{logAtom(0), logAtom(1)}
	var wg, reading sync.WaitGroup
	done := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				if _, err := ps[i%2].Add(t.Context(), logStart, anOrder(0, i*each+n), anOrder(1, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	reading.Go(func() {
		f, _ := ps[0].current(t.Context())
		before := 0
		for stop := false; !stop; {
			select {
			case <-done:
				stop = true
			default:
			}
			for _, m := range []moment{{never, never}, {never, never - 1}} {
				atoms, err := ps[0].load(t.Context(), f, ids, m)
				if err != nil {
					t.Error(err)
					return
				}
				whole := f.fold(atoms, moment{never - 1, never})
				orders, _ := whole.computed[0].Int64()
				if int(orders) < before {
					t.Errorf("%d orders after %d", orders, before)
				}
				before = int(orders)
			}
		}
		if before != (writers+1)*each {
			t.Errorf("%d orders", before)
		}
	})
	wg.Wait()
	close(done)
	reading.Wait()
	l := ledger{}
	for i := range writers {
		for n := range each {
			require.NoError(t, l.add(anOrder(0, i*each+n), logStart))
			require.NoError(t, l.add(anOrder(1, n), logStart))
		}
	}
	l.requireLog(t, ps[0])
}

// contents are the keys and values of a store.
func contents(t testing.TB, s store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for e, err := range s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		all[string(e.Key)] = string(e.Value)
	}
	return all
}

func TestAddManyDoesNotDependOnWorkers(t *testing.T) {
	var evs []Evidence
	for i := range 20_000 {
		evs = append(evs, anOrder(i*i%701, i%15_000))
		if i%100 == 0 {
			evs = append(evs, anOrder(0, 50_000+i))
		}
	}
	evs[5].ID = ""
	var want map[string]string
	var sums []Summary
	for _, workers := range []int{1, 2, 7} {
		s := minimal()
		p := openLog(t, s)
		var last int64
		rejected := 0
		sum, err := p.AddMany(t.Context(), logStart, slices.Values(evs), &ManyOptions{
			Workers: workers, Rejected: func(row int, err error) { rejected++; require.Equal(t, 5, row) },
			Progress: func(done, total int64) {
				require.Greater(t, done, last)
				last = done
				require.EqualValues(t, -1, total)
			},
		})
		require.NoError(t, err)
		require.EqualValues(t, len(evs), last)
		require.Equal(t, 1, rejected)
		got := contents(t, s)
		if want == nil {
			want = got
		}
		require.True(t, maps.Equal(want, got))
		sums = append(sums, sum)
	}
	require.Equal(t, sums[0], sums[1])
	require.Equal(t, sums[0], sums[2])
	require.Equal(t, len(evs), sums[0].Added+sums[0].Known+sums[0].Rejected)
}

func TestAddManyEndsWithTheFirstError(t *testing.T) {
	p := openLog(t, minimal())
	_, err := p.Add(t.Context(), logStart, anOrder(7, 1))
	require.NoError(t, err)
	reused := anOrder(7, 1)
	reused.Verified = true
	sum, err := p.AddMany(t.Context(), logStart, slices.Values([]Evidence{anOrder(1, 1), reused, reused}), nil)
	require.EqualError(t, err, fmt.Sprint(ErrReused, ": row 1"))
	require.Equal(t, 1, sum.Added)
}

// crowded is evidence of few atoms, about so much of each, in no order: of equal times, before 1970, in
// the future, short and long, twice, corrected, under ids that were used for something else.
func crowded(rng *rand.Rand, atoms, each int) (evs []Evidence) {
	for i := range atoms * each {
		atom, n := i%atoms, i/atoms
		ev := anOrder(atom, n)
		ev.Time = logStart.Add(time.Duration(rng.IntN(50)-40) * 24 * 365 * time.Hour)
		if n%3 == 0 {
			ev.Time = ev.Time.Add(-time.Duration(rng.IntN(1e9)) * time.Microsecond)
		}
		switch rng.IntN(12) {
		case 0:
			ev = aCity(atom, ev.ID, fmt.Sprint("city ", n))
			ev.Verified = true
		case 1:
			ev = aCity(atom, ev.ID, "")
			ev.Values = []customer.Field{{Name: "city"}, {Name: "age", Value: customer.Int64Value(int64(n))}}
		case 2:
			ev = aCity(atom, ev.ID, strings.Repeat("c", rng.IntN(3000)))
		case 3:
			lacking := ev
			lacking.Values = ev.Values[1:]
			evs = append(evs, lacking)
		case 4:
			ev.Values = append(ev.Values, customer.Field{Name: "phone", Value: customer.TextValue(fmt.Sprint(n))})
		case 5:
			evs = append(evs, ev)
		case 6:
			other := ev
			other.Verified = true
			evs = append(evs, other)
		case 7:
			if n%20 == 0 {
				ev = aCity(atom, ev.ID, strings.Repeat("l", 15_000+rng.IntN(1200)))
			}
		}
		evs = append(evs, ev)
	}
	rng.Shuffle(len(evs), func(i, j int) { evs[i], evs[j] = evs[j], evs[i] })
	return evs
}

// answers are all that is said of customer 1.
func answers(t testing.TB, p *Profiles) (all []string) {
	t.Helper()
	ctx, id, m := t.Context(), customer.FromInt64(1), Moment{At: logStart.AddDate(30, 0, 0)}
	for _, at := range []time.Time{m.At, logStart, logStart.AddDate(-30, 0, 0)} {
		one, err := p.Profile(ctx, id, Moment{At: at})
		require.NoError(t, err)
		all = append(all, profileJSON(t, one))
	}
	for e, err := range p.Timeline(ctx, id, m, &TimelineQuery{Statements: true}) {
		require.NoError(t, err)
		all = append(all, fmt.Sprintf("%+v", e))
	}
	for e, err := range p.Evidence(ctx, id) {
		require.NoError(t, err)
		for i := range e.Values {
			e.Values[i] = customer.Field{Name: e.Values[i].Name + asideText(e.Values[i].Value)}
		}
		all = append(all, fmt.Sprintf("%+v", e))
	}
	return all
}

// requireSealed checks that all values in logs are sealed, each in another way, or none is.
func requireSealed(t testing.TB, p *Profiles, sealed bool) {
	t.Helper()
	nonces := map[string]bool{}
	see := func(page []byte) {
		entries, err := readEntries(page)
		require.NoError(t, err)
		for i := range entries {
			for _, v := range entries[i].values {
				if v.sealed == nil {
					require.False(t, sealed && !v.value.IsUnset())
					continue
				}
				nonce := string(v.sealed.data[1:13])
				require.False(t, nonces[nonce])
				nonces[nonce] = true
			}
		}
	}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('e'))) {
		require.NoError(t, err)
		see(e.Value)
	}
	for e, err := range p.s.Scan(t.Context(), store.Under(key('a'))) {
		require.NoError(t, err)
		h, err := decodeHead(e)
		require.NoError(t, err)
		see(h.tail)
	}
	require.Equal(t, sealed, len(nonces) > 0)
}

// Much evidence of few atoms at once is the same as each piece of it alone, sealed or not, also where
// answers of the store are lost.
func TestAddManyIsAddOneByOne(t *testing.T) {
	const atoms = 3
	learned := logStart
	for seed, c := range []struct {
		sealed, large bool
		each          int
	}{{false, false, race.Fewer(1000, 200)}, {true, false, race.Fewer(400, 200)}, {false, true, 300}, {true, true, 300}} {
		rng := rand.New(rand.NewPCG(uint64(seed), 3))
		evs := crowded(rng, atoms, c.each)
		schema := logSchema()
		if c.large { // partials are not kept
			brands := &schema.Events[0].Fields[1]
			brands.Check = Check{}
			for i := range evs {
				if n := len(evs[i].Values); evs[i].Event != "" && evs[i].Values[n-1].Name == "brand" {
					evs[i].Values[n-1].Value = customer.TextValue(evs[i].ID + strings.Repeat("b", 4000))
				}
			}
		}
		open := func(t testing.TB, s store.Store) *Profiles {
			o := &Options{Backoff: &store.Backoff{Attempts: 10_000, First: 1, Most: 1000}}
			if c.sealed {
				protect(schema)
				o = withVault(t, s, o)
			}
			p, err := Open(t.Context(), s, schema, o)
			require.NoError(t, err)
			return p
		}
		one := open(t, minimal())
		withCustomer(t, one, logAtom(0), logAtom(1), logAtom(2))
		var want Summary
		refused := map[int]error{}
		for i, ev := range evs {
			sum, err := one.Add(t.Context(), learned, ev)
			if err != nil {
				require.ErrorIs(t, err, ErrReused)
				refused[i], sum.Rejected = err, 1
			}
			want = Summary{want.Added + sum.Added, want.Known + sum.Known, want.Rejected + sum.Rejected, want.SetAside + sum.SetAside}
		}
		said := answers(t, one)
		require.NotEmpty(t, refused)
		for _, bad := range []bool{false, true} {
			s := &badWeather{Store: minimal(), rng: rng, calm: true}
			p := open(t, s)
			withCustomer(t, p, logAtom(0), logAtom(1), logAtom(2))
			s.calm = !bad
			got := map[int]error{}
			sum, err := p.addMany(t.Context(), learned, slices.Values(evs), &ManyOptions{Rejected: func(row int, err error) { got[row] = err }}, 1500)
			require.NoError(t, err)
			s.calm = true
			require.Len(t, got, len(refused))
			for row := range refused {
				require.ErrorIs(t, got[row], ErrReused)
			}
			require.Equal(t, want.Rejected, sum.Rejected)
			require.Equal(t, want.Added+want.Known, sum.Added+sum.Known)
			if !bad {
				require.Equal(t, want, sum)
			}
			require.Equal(t, said, answers(t, p))
			requireSealed(t, p, c.sealed)
			require.Equal(t, c.large, headOf(t, p, 0).large)
		}
	}
}

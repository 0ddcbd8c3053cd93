package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
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

package segment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

var liveTags = []Tag{
	{Name: "vip", Kind: Flag}, {Name: "spend", Kind: Integer}, {Name: "city", Kind: Enum}, {Name: "last", Kind: Time},
}

func newTestLive(t testing.TB, at time.Time, defs ...Definition) *Live {
	ix, err := New(&Options{Tags: liveTags})
	require.NoError(t, err)
	l, err := NewLive(ix, &LiveOptions{At: at, Location: time.UTC, Definitions: defs})
	require.NoError(t, err)
	return l
}

var liveStart = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// vips makes the customers of the numbers vips or not, at the clock.
func vips(t testing.TB, l *Live, yes bool, numbers ...int64) []Notice {
	var b Batch
	for _, n := range numbers {
		b.Set(customer.FromInt64(n), "vip", customer.BoolValue(yes))
	}
	told, err := l.Apply(t.Context(), l.At(), &b)
	require.NoError(t, err)
	return told
}

// briefly writes notices as text: number, customer, in or out, segment, reason.
func briefly(told []Notice) (text []string) {
	for _, n := range told {
		sign := "-"
		if n.Entered {
			sign = "+"
		}
		id := n.Customer.String()
		text = append(text, fmt.Sprintf("%d %s%s %s by %s", n.Number, sign, strings.TrimLeft(id[len(id)-4:], "0"), n.Segment, n.Cause))
	}
	return text
}

func TestLiveCap(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip"), Cap: 2})
	require.Equal(t, []string{"1 +1 s by tag", "2 +2 s by tag"}, briefly(vips(t, l, true, 3, 2, 1)))
	require.Empty(t, vips(t, l, true, 0x10))
	require.Equal(t, []string{"3 -1 s by tag", "4 +3 s by place"}, briefly(vips(t, l, false, 1)))
	require.Empty(t, vips(t, l, true, 1), "back, at the end of the line")
	require.Equal(t, []string{"5 +1 s by place", "6 -2 s by tag", "7 -3 s by tag", "8 +10 s by place"}, briefly(vips(t, l, false, 2, 3)))
	told, err := l.Define(t.Context(), l.At(), "eva", Definition{Name: "s", Rule: IsTrue("vip"), Cap: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"9 -10 s by definition"}, briefly(told), "of two who came at the same moment the greater id goes")
}

func TestLiveHistory(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	vips(t, l, true, 1, 2)
	second := Definition{Name: "s", Rule: Not(IsTrue("vip")), Label: customer.Text{EN: "others"}}
	told, err := l.Define(t.Context(), liveStart.Add(time.Hour), "eva", second)
	require.NoError(t, err)
	require.Equal(t, []string{"3 -1 s by definition", "4 -2 s by definition"}, briefly(told))
	require.Equal(t, 2, told[0].Version)
	told, err = l.Rollback(t.Context(), liveStart.Add(2*time.Hour), "ann", "s", 1)
	require.NoError(t, err)
	require.Equal(t, []string{"5 +1 s by definition", "6 +2 s by definition"}, briefly(told))
	versions, sizes, err := l.History("s")
	require.NoError(t, err)
	require.Equal(t, []Version{
		{Definition{Name: "s", Rule: IsTrue("vip")}, 1, liveStart, ""},
		{second, 2, liveStart.Add(time.Hour), "eva"},
		{Definition{Name: "s", Rule: IsTrue("vip")}, 3, liveStart.Add(2 * time.Hour), "ann"},
	}, versions)
	require.Equal(t, []Size{{liveStart, 1, 2}, {liveStart.Add(time.Hour), 2, 0}, {liveStart.Add(2 * time.Hour), 3, 2}}, sizes)
	require.Equal(t, versions[2:], l.Definitions())

	told, err = l.Drop(t.Context(), l.At(), "s")
	require.NoError(t, err)
	require.Equal(t, []string{"7 -1 s by definition", "8 -2 s by definition"}, briefly(told))
	require.Equal(t, 3, told[0].Version)
	_, err = l.Set(t.Context(), "s")
	require.ErrorIs(t, err, ErrUnknown)
	told, err = l.Define(t.Context(), l.At(), "", second)
	require.NoError(t, err)
	require.Empty(t, told)
	require.Equal(t, 4, l.Definitions()[0].Number, "numbers are not given twice")

	for _, name := range []string{"x", "s"} {
		_, err = l.Rollback(t.Context(), l.At(), "", name, 1)
		require.ErrorIs(t, err, ErrUnknown)
	}
}

func TestLiveSizesAreThinned(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	const steps = 5000
	for i := range int64(steps) {
		_, err := l.Advance(t.Context(), liveStart.Add(time.Duration(i)*time.Second))
		require.NoError(t, err)
		vips(t, l, true, i)
	}
	_, sizes, err := l.History("s")
	require.NoError(t, err)
	require.LessOrEqual(t, len(sizes), maxSizes)
	require.GreaterOrEqual(t, len(sizes), maxSizes/2)
	for i, s := range sizes[:len(sizes)-1] {
		require.Equal(t, liveStart.Add(time.Duration(8*i)*time.Second), s.At, "one for so many changes, all the way")
	}
	require.True(t, slices.IsSortedFunc(sizes, func(a, b Size) int { return a.At.Compare(b.At) }))
	require.Equal(t, Size{liveStart, 1, 1}, sizes[0])
	require.Equal(t, steps, sizes[len(sizes)-1].Members)
	for _, s := range sizes {
		require.Equal(t, int(s.At.Sub(liveStart)/time.Second)+1, s.Members)
	}
}

func TestLiveNotices(t *testing.T) {
	ix, err := New(&Options{Tags: liveTags})
	require.NoError(t, err)
	l, err := NewLive(ix, &LiveOptions{At: liveStart, Keep: 10, Definitions: []Definition{{Name: "s", Rule: IsTrue("vip")}}})
	require.NoError(t, err)
	collect := func(after uint64) (numbers []uint64, err error) {
		for n, e := range l.Notices(t.Context(), after) {
			if e != nil {
				return numbers, e
			}
			numbers = append(numbers, n.Number)
		}
		return numbers, nil
	}
	numbers, err := collect(0)
	require.NoError(t, err)
	require.Empty(t, numbers)
	var told []Notice
	for i := range int64(100) {
		told = append(told, vips(t, l, true, i)...)
		last := uint64(len(told))
		numbers, err = collect(last - min(last, 10))
		require.NoError(t, err)
		require.Len(t, numbers, int(min(last, 10)))
		require.Equal(t, last, numbers[len(numbers)-1])
	}
	for i, n := range told { // what steps returned stays as it was
		require.Equal(t, uint64(i+1), n.Number)
	}
	for _, after := range []uint64{0, 50, 101, 1 << 63} {
		_, err = collect(after)
		require.ErrorIs(t, err, ErrExpiredNotices)
	}
	first := 0
	for range l.Notices(t.Context(), 95) {
		if first++; first == 2 {
			break
		}
	}
	var all []int64
	for i := range int64(1000) {
		all = append(all, i+1000)
	}
	vips(t, l, true, all...)
	numbers, err = collect(100)
	require.NoError(t, err)
	require.Len(t, numbers, 1000, "those of the last step are there, however many")
}

func TestLiveRefuses(t *testing.T) {
	ctx := t.Context()
	l := newTestLive(t, liveStart, Definition{Name: "one", Rule: IsTrue("vip")}, Definition{Name: "two", Rule: And(Segment("one"), Gt("spend", 1))})
	vips(t, l, true, 1, 2)
	for _, c := range []struct {
		name string
		defs []Definition
		want []error
		text string
	}{
		{"cycle", []Definition{{Name: "one", Rule: Segment("two")}}, []error{ErrCycle, ErrRule}, "one -> two -> one"},
		{"itself, to stay", []Definition{{Name: "x", Rule: IsTrue("vip"), Stay: Segment("x")}}, []error{ErrCycle}, "x -> x"},
		{"no such segment", []Definition{{Name: "x", Rule: Segment("tow")}}, []error{ErrUnknown}, `did you mean "two"?`},
		{"no such tag", []Definition{{Name: "x", Rule: IsTrue("vpi")}}, []error{ErrRule}, `did you mean "vip"?`},
		{"a set", []Definition{{Name: "x", Rule: InSet("y")}}, []error{ErrUnknown}, "names no sets"},
		{"twice", []Definition{{Name: "x"}, {Name: "x"}}, nil, "twice"},
		{"no name", []Definition{{}}, nil, "name"},
		{"faults", []Definition{{Name: "x", Dwell: -1, Holdout: 101, Cap: -1, Salt: "\xff", Label: customer.Text{EN: "\xff", ZH: "\xff"}}}, nil, "dwell"},
		{"two faults", []Definition{{Name: "x", Rule: IsTrue("no")}, {Name: "y", Rule: IsTrue("no")}}, []error{ErrRule}, `"y"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := l.Define(ctx, liveStart.Add(time.Hour), "", c.defs...)
			require.ErrorContains(t, err, c.text)
			for _, want := range c.want {
				require.ErrorIs(t, err, want)
			}
			_, err = l.Preview(ctx, c.defs[0], 1)
			if len(c.defs) == 1 {
				require.ErrorContains(t, err, c.text)
			}
			require.Equal(t, liveStart, l.At())
			require.Len(t, l.Definitions(), 2)
		})
	}
	_, err := l.Drop(ctx, liveStart, "one")
	require.ErrorIs(t, err, ErrInUse)
	_, err = l.Drop(ctx, liveStart, "three")
	require.ErrorIs(t, err, ErrUnknown)
	for _, ask := range []func(context.Context, string) (Set, error){l.Set, l.HeldOut} {
		_, err = ask(ctx, "three")
		require.ErrorIs(t, err, ErrUnknown)
	}
	_, err = l.Len("three")
	require.ErrorIs(t, err, ErrUnknown)
	_, _, err = l.History("three")
	require.ErrorIs(t, err, ErrUnknown)

	_, err = l.Advance(ctx, liveStart.Add(-1))
	require.ErrorIs(t, err, ErrClock)
	_, err = l.Advance(ctx, time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC))
	require.ErrorIs(t, err, ErrMoment)
	_, err = l.Apply(ctx, liveStart.Add(-1), &Batch{})
	require.ErrorIs(t, err, ErrClock)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = l.Advance(gone, liveStart.Add(time.Hour))
	require.ErrorIs(t, err, context.Canceled)
	var b Batch
	b.Set(customer.FromInt64(1), "vip", customer.BoolValue(false))
	_, err = l.Apply(gone, liveStart.Add(time.Hour), &b)
	require.ErrorIs(t, err, context.Canceled)
	b.Set(customer.FromInt64(1), "spend", customer.TextValue("much"))
	_, err = l.Apply(ctx, liveStart.Add(time.Hour), &b)
	var w *WriteError
	require.ErrorAs(t, err, &w)
	_, err = l.ApplyRows(ctx, liveStart, customer.RowBatch{Deletes: []customer.ID{{}}})
	require.Error(t, err)
	n, err := l.Len("one")
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, liveStart, l.At())

	for _, o := range []*LiveOptions{
		nil,
		{},
		{At: liveStart, Keep: -1},
		{At: liveStart, Definitions: []Definition{{Name: "x", Rule: Within("last", Days(3))}}},
	} {
		_, err := NewLive(l.ix, o)
		require.Error(t, err)
	}
}

// TestLiveWriter declares a tag, which is allowed, and writes to the index, which is not.
func TestLiveWriter(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	vips(t, l, true, 1)
	require.NoError(t, l.ix.Declare(Tag{Name: "new", Kind: Integer}))
	var b Batch
	b.Set(customer.FromInt64(1), "new", customer.Int64Value(4))
	_, err := l.Apply(t.Context(), liveStart, &b)
	require.NoError(t, err)
	require.NoError(t, l.ix.Declare(Tag{Name: "newer", Kind: Integer}))
	told, err := l.Define(t.Context(), liveStart, "", Definition{Name: "n", Rule: Or(Gt("new", 3), Gt("newer", 3))})
	require.NoError(t, err)
	require.Len(t, told, 1)
	for name, write := range map[string]func() error{
		"apply":   func() error { return l.ix.Apply(t.Context(), &b) },
		"compact": func() error { return l.ix.Compact(t.Context()) },
		"load":    func() error { return l.ix.Load(t.Context(), time.Time{}, []customer.ID{customer.FromInt64(9)}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := NewLive(l.ix, &LiveOptions{At: liveStart})
			require.NoError(t, err)
			require.NoError(t, write())
			_, err = l.Advance(t.Context(), liveStart)
			require.ErrorIs(t, err, ErrWriter)
			_, err = l.Apply(t.Context(), liveStart, &b)
			require.ErrorIs(t, err, ErrWriter)
		})
	}
}

// TestLiveRows hands on a merge: the loser leaves and the survivor enters in one step.
func TestLiveRows(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	vips(t, l, true, 1)
	told, err := l.ApplyRows(t.Context(), liveStart, customer.RowBatch{
		Deletes: []customer.ID{customer.FromInt64(1)},
		Upserts: []customer.Row{{ID: customer.FromInt64(2), Values: []customer.Field{{Name: "vip", Value: customer.BoolValue(true)}}}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"2 -1 s by deletion", "3 +2 s by tag"}, briefly(told))
	told, err = l.ApplyRows(t.Context(), liveStart, customer.RowBatch{
		Deletes: []customer.ID{customer.FromInt64(2), customer.FromInt64(4)},
		Upserts: []customer.Row{{ID: customer.FromInt64(3), Values: []customer.Field{{Name: "vip", Value: customer.BoolValue(true)}}}},
		Merges:  []customer.Merge{{Loser: customer.FromInt64(2), Survivor: customer.FromInt64(3)}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"4 -2 s by merge", "5 +3 s by tag"}, briefly(told))
	var b Batch // gone and back in one batch
	b.Delete(customer.FromInt64(3))
	b.Set(customer.FromInt64(3), "vip", customer.BoolValue(true))
	told, err = l.Apply(t.Context(), liveStart, &b)
	require.NoError(t, err)
	require.Empty(t, told)
}

// TestLiveReplay does the same steps with one processor and with eight, over several chunks.
func TestLiveReplay(t *testing.T) {
	n := int64(150_000)
	if race.Enabled {
		n = 70_000
	}
	run := func() (all []Notice) {
		rng := rand.New(rand.NewPCG(21, 1))
		ix, err := New(&Options{Tags: liveTags})
		require.NoError(t, err)
		write := func(b *Batch, id int64) {
			b.Set(customer.FromInt64(id), "vip", customer.BoolValue(rng.IntN(2) == 0))
			b.Set(customer.FromInt64(id), "spend", customer.Int64Value(rng.Int64N(1000)))
			b.Set(customer.FromInt64(id), "city", customer.TextValue(pick(rng, "广州", "深圳", "Lyon")))
			b.Set(customer.FromInt64(id), "last", customer.TimeValue(liveStart.Add(-time.Duration(rng.Int64N(int64(90*24*time.Hour))))))
		}
		var b Batch
		for id := range n {
			write(&b, id)
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
		defs := []Definition{
			{Name: "rich", Rule: Ge("spend", 800)},
			{Name: "recent", Rule: Within("last", Hours(100))},
			{Name: "lapsed", Rule: And(OlderThan("last", Days(60)), Not(Eq("city", "Lyon")))},
			{Name: "target", Rule: And(Segment("rich"), IsTrue("vip")), Stay: Ge("spend", 600), Cap: 5000, Dwell: 3 * time.Hour},
			{Name: "trial", Rule: Or(Segment("lapsed"), Segment("target")), Holdout: 10},
		}
		l, err := NewLive(ix, &LiveOptions{At: liveStart, Location: time.UTC, Definitions: defs})
		require.NoError(t, err)
		for range 12 {
			var b Batch
			for range 2000 {
				switch id := rng.Int64N(n); rng.IntN(5) {
				case 0:
					b.Delete(customer.FromInt64(id))
				case 1:
					b.Set(customer.FromInt64(id), "last", customer.TimeValue(l.At()))
				case 2:
					b.Increment(customer.FromInt64(id), "spend", customer.Int64Value(rng.Int64N(400)-200))
				default:
					write(&b, id)
				}
			}
			told, err := l.Apply(t.Context(), l.At().Add(time.Duration(rng.Int64N(int64(30*time.Hour)))), &b)
			require.NoError(t, err)
			all = append(all, told...)
			s := l.Snapshot()
			for _, d := range defs[:3] { // the index answers the same, and by other code
				want, err := s.Set(t.Context(), Query{Rule: d.Rule, AsOf: l.At(), Location: time.UTC})
				require.NoError(t, err)
				got, err := l.Set(t.Context(), d.Name)
				require.NoError(t, err)
				require.True(t, want.Bitmap.Equals(got.Bitmap), d.Name)
			}
			target, err := l.Len("target")
			require.NoError(t, err)
			require.LessOrEqual(t, target, 5000)
			members, err := s.Set(t.Context(), Query{Rule: And(Or(InSet("lapsed"), InSet("target")), Not(Sample(10, "trial"))), Sets: l.Set})
			require.NoError(t, err)
			got, err := l.Set(t.Context(), "trial")
			require.NoError(t, err)
			require.True(t, members.Bitmap.Equals(got.Bitmap))
		}
		return all
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := run()
	runtime.GOMAXPROCS(8)
	eight := run()
	require.NotEmpty(t, one)
	require.True(t, slices.Equal(one, eight))
}

// TestLiveReaders reads while steps are taken: members, snapshot and notices always fit each other.
func TestLiveReaders(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "vips", Rule: IsTrue("vip")}, Definition{Name: "others", Rule: Not(Segment("vips"))})
	const n = 500
	for i := range int64(n) {
		vips(t, l, i%2 == 0, i)
	}
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := uint64(0)
			for !done.Load() {
				v := l.view.Load()
				if k := v.segments[v.places["vips"]].count + v.segments[v.places["others"]].count; k != n {
					t.Errorf("%d of %d are in one of the two", k, n)
				}
				s := l.Snapshot()
				set, err := l.Set(t.Context(), "vips")
				if err != nil || set.Len() > n || s.Len() != n {
					t.Error(err, set, s.Len())
				}
				for notice, err := range l.Notices(t.Context(), last) {
					if err != nil || notice.Number != last+1 {
						t.Error(err, notice, last)
					}
					last = notice.Number
				}
				_, _ = l.Next(), l.At()
				if len(l.Definitions()) != 2 {
					t.Error("definitions")
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(8, 8))
	for range 400 {
		vips(t, l, rng.IntN(2) == 0, rng.Int64N(n), rng.Int64N(n))
		_, err := l.Advance(t.Context(), l.At().Add(time.Minute))
		require.NoError(t, err)
	}
	done.Store(true)
	readers.Wait()
}

func TestDefinitionJSON(t *testing.T) {
	for text, d := range map[string]Definition{
		`{"name":"s","rule":{"and":[]}}`: {Name: "s"},
		`{"name":"s","label":{"en":"Big","zh":"大客户"},"rule":{"tag":"spend","ge":100},"stay":{"tag":"spend","ge":80},
		  "dwell":3600000000000,"holdout":2.5,"salt":"x","cap":7}`: {
			Name: "s", Label: customer.Text{EN: "Big", ZH: "大客户"}, Rule: Ge("spend", 100), Stay: Ge("spend", 80), Dwell: time.Hour, Holdout: 2.5, Salt: "x", Cap: 7,
		},
	} {
		data, err := json.Marshal(d)
		require.NoError(t, err)
		require.JSONEq(t, text, string(data))
		var back Definition
		require.NoError(t, json.Unmarshal(data, &back))
		require.NoError(t, back.Validate())
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, data, again)
		require.Equal(t, d.Stay.n == nil, back.Stay.n == nil)
	}
}

func TestErrorsOfLiveAreDistinct(t *testing.T) {
	all := []error{ErrClock, ErrWriter, ErrInUse, ErrExpiredNotices}
	for i, a := range all {
		for _, b := range all[:i] {
			require.False(t, errors.Is(a, b))
		}
		require.True(t, strings.HasPrefix(a.Error(), "segment: "))
	}
}

package segment

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/internal/simd"
)

// people is an index of customers with random values, and what they have.
type people struct {
	ix   *Index
	tags []Tag
	rows map[customer.ID]map[string]customer.Value
	ids  []customer.ID // in order of position, those who exist
}

// newPeople fills an index with n customers, some of whom are deleted again. fill is the share of values that are set.
func newPeople(t testing.TB, rng *rand.Rand, n int, fill float64, dense float64) *people {
	t.Helper()
	c := &people{tags: randomTags(), rows: map[customer.ID]map[string]customer.Value{}}
	var err error
	c.ix, err = New(&Options{Tags: c.tags, Dense: dense})
	require.NoError(t, err)
	var b Batch
	var deleted Batch
	for i := range n {
		id := subjectID(rng.Uint64())
		b.Add(id)
		row := map[string]customer.Value{}
		for _, tag := range c.tags {
			if rng.Float64() < fill {
				v := randomValue(rng, tag)
				b.Set(id, tag.Name, v)
				s, err := tag.store(v)
				require.NoError(t, err)
				row[tag.Name] = tag.valueOf(s)
			}
		}
		if i%7 == 3 {
			deleted.Delete(id)
			continue
		}
		c.rows[id] = row
		c.ids = append(c.ids, id)
	}
	require.NoError(t, c.ix.Apply(t.Context(), &b))
	require.NoError(t, c.ix.Apply(t.Context(), &deleted))
	if shelving {
		c.ix = lazily(c.ix)
	}
	return c
}

// query asks a rule with the sets and segments of the tests of Match.
func (c *people) query(t testing.TB, s *Snapshot, r Rule, m moment) Query {
	return Query{
		Rule: r, AsOf: m.at, Location: m.loc, Segments: findSegment,
		Sets: func(_ context.Context, name string) (Set, error) {
			set, _, err := s.SetOf(t.Context(), func(yield func(customer.ID) bool) {
				for _, id := range c.ids {
					if inTestSet(name, id) && !yield(id) {
						return
					}
				}
			})
			set.Bitmap.AddRange(uint64(s.ids.len()), uint64(s.ids.len())+100) // and some who never were
			return set, err
		},
	}
}

// selected returns those whom match selects.
func (c *people) selected(match func(id customer.ID) bool) []customer.ID {
	var ids []customer.ID
	for _, id := range c.ids {
		if match(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// answers compares all ways of asking the index with what is wanted.
func answers(t *testing.T, s *Snapshot, q Query, want []customer.ID, workers int) {
	t.Helper()
	q.Workers = workers
	n, err := s.Count(t.Context(), q)
	require.NoError(t, err, "%s", q.Rule)
	if n != len(want) {
		plan, _ := s.Explain(t.Context(), q)
		t.Fatalf("%s\ncounts %d, want %d\n%s", q.Rule, n, len(want), plan)
	}
	set, err := s.Set(t.Context(), q)
	require.NoError(t, err)
	var got []customer.ID
	for id, err := range s.IDs(t.Context(), set) {
		require.NoError(t, err)
		got = append(got, id)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("%s\nselects others than it should, of %d", q.Rule, len(want))
	}
}

func TestSelectIsSlow(t *testing.T) {
	rules := 100
	if testing.Short() || race.Enabled {
		rules = 40
	}
	testSelectIsSlow(t, 11, rules)
}

// planned compares what the parts of a plan select with the rules that they show, and returns how many show one. A condition
// that has become several parts stands at each of them, and is what none needs to select by itself.
func planned(t *testing.T, s *Snapshot, plan *Plan, slowly func(r Rule) []customer.ID) (n int) {
	t.Helper()
	shown := map[string]int{}
	var walk func(part *Plan, do func(part *Plan))
	walk = func(part *Plan, do func(part *Plan)) {
		do(part)
		for _, k := range part.Parts {
			walk(k, do)
		}
	}
	walk(plan, func(part *Plan) { shown[part.Rule]++ })
	walk(plan, func(part *Plan) {
		require.True(t, 0 <= part.Decided && part.Decided <= part.Chunks && part.Chunks == len(s.exists), "%s", plan)
		if part.Step == "not" {
			require.Equal(t, s.Len()-part.Parts[0].Selected, part.Selected, "%s", plan)
		}
		switch {
		case part.Rule == "" || shown[part.Rule] > 1:
		case part.Rule == "everyone":
			require.Equal(t, s.Len(), part.Selected, "%s", plan)
		case part.Rule == "nobody":
			require.Zero(t, part.Selected, "%s", plan)
		default:
			r, err := Parse(part.Rule)
			require.NoError(t, err, "%s", plan)
			require.Len(t, slowly(r), part.Selected, "%s", plan)
			n++
		}
	})
	return n
}

func testSelectIsSlow(t *testing.T, seed uint64, rules int) {
	parts := 0
	rng := rand.New(rand.NewPCG(seed, 1))
	moments := slowMoments(t)
	for _, c := range []*people{newPeople(t, rng, 300, .7, 0), newPeople(t, rng, 120, .2, 1.0/16), newPeople(t, rng, 260, .9, 1.0/kernel.Bits)} {
		s := c.ix.Snapshot()
		for range rules {
			r, m := randomRule(rng, c.tags, 1+rng.IntN(5)), pick(rng, moments...)
			slowly := func(r Rule) []customer.ID {
				return c.selected(func(id customer.ID) bool {
					return slow(r.node(), id, c.rows[id], s.tags, m,
						func(name string) func(customer.ID) bool {
							return func(id customer.ID) bool { return inTestSet(name, id) }
						},
						func(name string) Rule { return testSegments[name] })
				})
			}
			want := slowly(r)
			q := c.query(t, s, r, m)
			answers(t, s, q, want, 1)
			plan, err := s.Explain(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, len(want), plan.Selected)
			parts += planned(t, s, plan, slowly)
			id := c.ids[rng.IntN(len(c.ids))]
			in, err := s.Selects(t.Context(), q, id)
			require.NoError(t, err)
			require.Equal(t, slices.Contains(want, id), in, "%s", r)
			reason, err := s.Why(t.Context(), q, id)
			require.NoError(t, err)
			require.Equal(t, in, reason.Holds, "%s", r)
		}
	}
	require.Greater(t, parts, rules)
}

// TestSelectIsMatch is the same with chunks that are full enough for bit slices and bitmaps, and several of them.
func TestSelectIsMatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 1))
	moments := slowMoments(t)
	for k, c := range []*people{newPeople(t, rng, 11_000, .95, 0), newPeople(t, rng, kernel.Bits+1000, .2, 1.0/64)} {
		rules := []int{60, 12}[k]
		if testing.Short() || race.Enabled {
			rules /= 4
		}
		s := c.ix.Snapshot()
		for i := range rules {
			r, m := randomRule(rng, c.tags, 1+rng.IntN(4)), pick(rng, moments...)
			matcher, err := NewMatcher(s.tags, r, findSegment)
			require.NoError(t, err)
			want := c.selected(func(id customer.ID) bool {
				in, err := matcher.Match(Subject{
					ID: id, AsOf: m.at, Location: m.loc, Values: c.rows[id],
					Member: func(set string) (bool, error) { return inTestSet(set, id), nil },
				})
				require.NoError(t, err)
				return in
			})
			defer simd.SetAssembly(simd.SetAssembly(i%2 == 0))
			answers(t, s, c.query(t, s, r, m), want, 1+i%3)
		}
	}
}

func TestPage(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	c := newPeople(t, rng, 3000, .5, 0)
	s := c.ix.Snapshot()
	q := Query{Rule: IsSet("city")}
	want := c.selected(func(id customer.ID) bool { return c.rows[id]["city"] != customer.Value{} })
	for _, size := range []int{1, 7, 1000, 5000} {
		var got []customer.ID
		var cursor Cursor
		for !cursor.End() {
			page, next, err := s.Page(t.Context(), q, cursor, size)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), size)
			got = append(got, page...)
			text, err := next.MarshalText()
			require.NoError(t, err)
			cursor = Cursor{}
			require.NoError(t, cursor.UnmarshalText(text))
			require.Equal(t, next, cursor)
		}
		require.Equal(t, want, got)
	}
	var got []customer.ID
	for id, err := range s.Members(t.Context(), q) {
		require.NoError(t, err)
		got = append(got, id)
	}
	require.Equal(t, want, got)
	_, cursor, err := s.Page(t.Context(), q, Cursor{}, 5)
	require.NoError(t, err)
	require.NoError(t, c.ix.Compact(t.Context()))
	_, _, err = c.ix.Snapshot().Page(t.Context(), q, cursor, 5)
	require.ErrorIs(t, err, ErrExpiredSet)
	other := newPeople(t, rng, 10, 1, 0).ix.Snapshot()
	_, _, err = other.Page(t.Context(), q, cursor, 5)
	require.ErrorIs(t, err, ErrForeignSet)
	for _, text := range []string{"x", "AAAA", "========", "é"} {
		require.Error(t, new(Cursor).UnmarshalText([]byte(text)))
	}
}

func TestSetsOfOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 1))
	c := newPeople(t, rng, 500, .5, 0)
	s := c.ix.Snapshot()
	set, unknown, err := s.SetOf(t.Context(), slices.Values(append(slices.Clone(c.ids[:50]), c.ids[0], customer.FromInt64(-5))))
	require.NoError(t, err)
	require.Equal(t, 1, unknown)
	require.Equal(t, 50, set.Len())
	in, err := s.Contains(t.Context(), set, c.ids[3])
	require.NoError(t, err)
	require.True(t, in)
	q := Query{Rule: InSet("friends"), Sets: func(context.Context, string) (Set, error) { return set, nil }}
	n, err := s.Count(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 50, n)

	var b Batch
	b.Delete(c.ids[3])
	require.NoError(t, c.ix.Apply(t.Context(), &b))
	n, err = c.ix.Snapshot().Count(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 49, n, "who is deleted is in no set")
	n, err = s.Count(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 50, n, "a snapshot does not change")
	b.Reset()
	b.Add(c.ids[3])
	require.NoError(t, c.ix.Apply(t.Context(), &b))
	n, err = c.ix.Snapshot().Count(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 49, n, "who comes back is somebody new")

	require.NoError(t, c.ix.Compact(t.Context()))
	_, err = c.ix.Snapshot().Count(t.Context(), q)
	require.ErrorIs(t, err, ErrExpiredSet)
	require.ErrorIs(t, err, ErrRule)
	other := newPeople(t, rng, 10, 1, 0).ix.Snapshot()
	_, err = other.Count(t.Context(), q)
	require.ErrorIs(t, err, ErrForeignSet)
	require.ErrorContains(t, err, `set "friends": segment: set is of another index`)
	q.Rule = And(InSet("friends"), Or())
	_, err = other.Count(t.Context(), q)
	require.ErrorIs(t, err, ErrForeignSet, "also where nobody depends on it")
	_, err = c.ix.Snapshot().Why(t.Context(), q, c.ids[0])
	require.ErrorIs(t, err, ErrExpiredSet)
	_, err = other.Contains(t.Context(), set, c.ids[0])
	require.ErrorIs(t, err, ErrForeignSet)
	for _, err := range other.IDs(t.Context(), set) {
		require.ErrorIs(t, err, ErrForeignSet)
	}
}

func TestQueryCancelled(t *testing.T) {
	c := newPeople(t, rand.New(rand.NewPCG(15, 1)), 100, .5, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := c.ix.Snapshot()
	q := Query{Rule: IsSet("city")}
	_, err := s.Count(ctx, q)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Set(ctx, q)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = s.Page(ctx, q, Cursor{}, 1)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Explain(ctx, q)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, c.ix.Compact(ctx), context.Canceled)
	var b Batch
	b.Set(c.ids[0], "vip", customer.BoolValue(true))
	require.ErrorIs(t, c.ix.Apply(ctx, &b), context.Canceled)
	require.ErrorIs(t, c.ix.Load(ctx, time.Time{}, c.ids[:1], []Column{{Tag: "vip", Bools: []bool{true}}}), context.Canceled)
}

// TestSelectManyValues asks for so many values of a number that they are looked up instead of compared one by one.
func TestSelectManyValues(t *testing.T) {
	race.Skip(t)
	rng := rand.New(rand.NewPCG(16, 1))
	c := newPeople(t, rng, 9_900, .95, 0)
	s := c.ix.Snapshot()
	m := moment{randomMoment, time.UTC}
	for _, tag := range c.tags {
		if tag.Kind < Integer {
			continue
		}
		for _, n := range []int{manyRanges, 40, 5000} {
			if n == 5000 && tag.Name != "积分" {
				continue
			}
			values := make([]any, n)
			for i := range values {
				values[i] = randomValue(rng, tag)
				if n == 5000 {
					values[i] = 3 * i
				}
			}
			for _, r := range []Rule{And(IsTrue("vip"), Or(In(tag.Name, values...), IsTrue("已流失")))} {
				matcher, err := NewMatcher(s.tags, r, nil)
				require.NoError(t, err)
				want := c.selected(func(id customer.ID) bool {
					in, err := matcher.Match(Subject{ID: id, AsOf: m.at, Location: m.loc, Values: c.rows[id]})
					require.NoError(t, err)
					return in
				})
				answers(t, s, c.query(t, s, r, m), want, 1)
			}
		}
	}
}

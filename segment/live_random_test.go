package segment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// liveTrial is a history of random steps.
type liveTrial struct {
	t    testing.TB
	rng  *rand.Rand
	tags []Tag
	m    *liveModel
	l    *Live
	twin *Live // takes the same steps, and is never opened again; nil: none
	ids  int64
	all  []Notice
}

// live turns the conditions of a random rule that name sets and segments into others.
func (x *liveTrial) live(r Rule, name string) Rule {
	var turn func(n *node) *node
	turn = func(n *node) *node {
		c := *n
		if c.op == opInSet || c.op == opSegment {
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(x.m.segments)), func(s string) bool { return s >= name })
			if len(names) == 0 {
				return Sample(50, name).n
			}
			return Segment(pick(x.rng, names...)).n
		}
		c.kids = nil
		for _, k := range n.kids {
			c.kids = append(c.kids, turn(k))
		}
		return &c
	}
	return Rule{turn(r.node())}
}

func (x *liveTrial) definition(name string) Definition {
	some := x.tags
	if x.rng.IntN(2) == 0 {
		some = slices.DeleteFunc(slices.Clone(some), func(t Tag) bool { return t.Kind != Time && t.Kind != Flag })
	} else if x.rng.IntN(3) > 0 {
		some = []Tag{pick(x.rng, x.tags...), pick(x.rng, x.tags...), pick(x.rng, x.tags...)}
	}
	rule := func() Rule {
		if x.rng.IntN(3) == 0 {
			r := randomRule(x.rng, some, 1)
			return x.live(Or(r, And(IsTrue("vip"), Segment("a"))), name)
		}
		return x.live(randomRule(x.rng, some, 1+x.rng.IntN(4)), name)
	}
	d := Definition{Name: name, Rule: rule()}
	if x.rng.IntN(3) == 0 {
		d.Stay = rule()
	}
	if x.rng.IntN(3) == 0 {
		d.Dwell = pick(x.rng, time.Nanosecond, time.Minute, 30*time.Hour, 10*24*time.Hour)
	}
	if x.rng.IntN(4) == 0 {
		d.Holdout = pick(x.rng, .01, 30, 60, 100)
		d.Salt = pick(x.rng, "", "x")
	}
	if x.rng.IntN(3) == 0 {
		d.Cap = 1 + x.rng.IntN(6)
	}
	return d
}

func (x *liveTrial) value(t Tag) customer.Value {
	rng := x.rng
	if rng.IntN(3) > 0 && len(x.m.segments) > 0 {
		g := x.m.segments[pick(rng, slices.Sorted(maps.Keys(x.m.segments))...)]
		if v, ok := near(rng, g.def.Rule.node(), t, moment{x.m.at, x.m.loc}); ok {
			if _, err := t.store(v); err == nil {
				return v
			}
		}
	}
	return randomValue(rng, t)
}

func (x *liveTrial) batch() *Batch {
	b, rng := &Batch{}, x.rng
	n := pick(rng, 1, 1, 2, 5, 20)
	if x.ids > maxLate && rng.IntN(4) == 0 {
		n = pick(rng, 100, 700, 3000)
	}
	for range n {
		id := subjectID(uint64(rng.Int64N(x.ids)))
		t := pick(rng, x.tags...)
		if rng.IntN(2) == 0 {
			t = x.tags[len(x.tags)-1-rng.IntN(3)] // a time
		}
		switch k := rng.IntN(24); {
		case k == 0:
			b.Delete(id)
		case k == 1:
			b.Add(id)
		case k < 4:
			b.Clear(id, t.Name)
		case k == 5:
			b.SetIfNewer(id, t.Name, x.value(t), time.Unix(rng.Int64N(100), 0).UTC())
		case k < 9 && t.Kind == Labels:
			b.AddLabels(id, t.Name, randomText(rng, t))
		case k < 12 && t.Kind == Labels:
			b.RemoveLabels(id, t.Name, randomText(rng, t), "absent")
		case k < 9 && (t.Kind == Integer || t.Kind == Decimal || t.Kind == Float):
			b.Increment(id, t.Name, customer.Int64Value(rng.Int64N(9)-4))
		default:
			b.Set(id, t.Name, x.value(t))
		}
	}
	return b
}

// clock returns the moment of the next step.
func (x *liveTrial) clock() time.Time {
	at, next := x.m.at, x.l.Next()
	if !next.IsZero() {
		require.True(x.t, next.After(at), "next %s is not after %s", next, at)
		switch x.rng.IntN(5) {
		case 0:
			return next
		case 1:
			return next.Add(-1)
		}
	}
	switch x.rng.IntN(8) {
	case 0:
		return at.Add(time.Duration(x.rng.Int64N(int64(time.Minute))))
	case 1:
		return at.Add(time.Duration(x.rng.Int64N(int64(3 * time.Hour))))
	case 2:
		return at.Add(time.Duration(x.rng.Int64N(int64(40 * time.Hour))))
	case 3:
		if x.rng.IntN(6) == 0 {
			return at.AddDate(0, 0, x.rng.IntN(500))
		}
		if far := at.AddDate(x.rng.IntN(40), x.rng.IntN(12), 0); x.rng.IntN(40) == 0 && validClock(far) {
			return far
		}
		y, m, d := at.In(x.m.loc).Date()
		return time.Date(y, m, d+1, 0, 0, 0, 0, x.m.loc)
	}
	return at
}

func (x *liveTrial) step() {
	next := x.l.Next()
	s := modelStep{at: x.clock()}
	if s.at.Before(x.m.at) { // in a day without midnight
		s.at = x.m.at
	}
	var got []Notice
	var err error
	ctx := x.t.Context()
	define := func(l *Live) ([]Notice, error) { return l.Define(ctx, s.at, "", s.define...) }
	switch k := x.rng.IntN(40); {
	case k == 0 || len(x.m.segments) == 0:
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			if x.rng.IntN(3) == 0 {
				s.define = append(s.define, x.definition(name))
			}
		}
		if len(s.define) == 1 {
			s.at = x.m.at
		}
		var preview Preview
		if len(s.define) == 1 {
			preview, err = x.l.Preview(ctx, s.define[0], 3)
			require.NoError(x.t, err)
			x.m.same(x.l)
		}
		if got, err = x.both(define); len(s.define) == 1 {
			x.foreseen(preview, s.define[0].Name, got)
		}
	case k == 1 && x.rng.IntN(3) == 0:
		name := pick(x.rng, slices.Sorted(maps.Keys(x.m.segments))...)
		if got, err = x.both(func(l *Live) ([]Notice, error) { return l.Drop(ctx, s.at, name) }); err != nil {
			require.ErrorIs(x.t, err, ErrInUse)
			return
		}
		s.drop = []string{name}
	case k < 4: // the same rule with other settings
		other, d := x.definition("z"), x.m.segments[pick(x.rng, slices.Sorted(maps.Keys(x.m.segments))...)].def
		switch x.rng.IntN(3) {
		case 0:
			d.Dwell = other.Dwell
		case 1:
			d.Holdout, d.Salt = other.Holdout, other.Salt
		case 2:
			d.Cap = other.Cap
		}
		s.define = []Definition{d}
		got, err = x.both(define)
	case k < 12:
		got, err = x.both(func(l *Live) ([]Notice, error) { return l.Advance(ctx, s.at) })
	default:
		s.batch = x.batch()
		if got, err = x.both(func(l *Live) ([]Notice, error) { return l.Apply(ctx, s.at, s.batch) }); err != nil {
			var w *WriteError
			require.ErrorAs(x.t, err, &w)
			x.m.same(x.l)
			return
		}
	}
	require.NoError(x.t, err, "%s", describe(s.define))
	calm := s.batch == nil && len(s.define)+len(s.drop) == 0 && (next.IsZero() || s.at.Before(next))
	want := x.m.step(s, false)
	if calm {
		require.Empty(x.t, want, "before Next, %s", next)
	}
	if !slices.Equal(want, got) {
		var defs []Definition
		for _, name := range slices.Sorted(maps.Keys(x.m.segments)) {
			defs = append(defs, x.m.segments[name].def)
		}
		require.Equal(x.t, want, got, "%+v\n%s", s, describe(defs))
	}
	x.all = append(x.all, got...)
	x.m.same(x.l)
}

// both takes a step, and fails if the twin says anything else of it.
func (x *liveTrial) both(step func(l *Live) ([]Notice, error)) ([]Notice, error) {
	got, err := step(x.l)
	if x.twin == nil {
		return got, err
	}
	also, twinErr := step(x.twin)
	require.Equal(x.t, twinErr, err)
	require.Equal(x.t, also, got)
	require.Equal(x.t, x.twin.Next(), x.l.Next())
	for name := range x.l.segments {
		versions, sizes, err := x.twin.History(name)
		require.NoError(x.t, err)
		again, sizesAgain, err := x.l.History(name)
		require.NoError(x.t, err)
		require.Equal(x.t, jsonOf(x.t, versions), jsonOf(x.t, again))
		require.Equal(x.t, sizes, sizesAgain)
	}
	return got, err
}

// foreseen fails unless the preview told what became of the segment.
func (x *liveTrial) foreseen(p Preview, name string, told []Notice) {
	var ids [2][]customer.ID
	for _, n := range told {
		if n.Segment == name && n.Entered {
			ids[0] = append(ids[0], n.Customer)
		} else if n.Segment == name {
			ids[1] = append(ids[1], n.Customer)
		}
	}
	n, err := x.l.Len(name)
	require.NoError(x.t, err)
	require.Equal(x.t, n, p.Members)
	require.Equal(x.t, len(ids[0]), p.Enter)
	require.Equal(x.t, len(ids[1]), p.Leave)
	require.Len(x.t, p.Entering, min(3, p.Enter))
	require.Len(x.t, p.Leaving, min(3, p.Leave))
	require.Subset(x.t, ids[0], p.Entering)
	require.Subset(x.t, ids[1], p.Leaving)
}

func newLiveTrial(t testing.TB, seed uint64, filler int) *liveTrial {
	return newLiveTrialOf(t, seed, filler, NewLive)
}

// newLiveTrialOf is newLiveTrial of a Live that begin returns.
func newLiveTrialOf(t testing.TB, seed uint64, filler int, begin func(*Index, *LiveOptions) (*Live, error)) *liveTrial {
	rng := rand.New(rand.NewPCG(seed, 11))
	tags := randomTags()
	cat, err := NewCatalogue(tags...)
	require.NoError(t, err)
	moments := slices.DeleteFunc(slowMoments(t), func(m moment) bool { return !validClock(m.at) || m.at.Year() < 2000 })
	slices.SortFunc(moments, func(a, b moment) int { return a.at.Compare(b.at) })
	at := pick(rng, moments...)
	if rng.IntN(2) == 0 {
		at.at = randomMoment
	}
	ix, err := New(&Options{Tags: tags, Workers: 1 + int(seed%3), Dense: pick(rng, 0, 1.0/65536)})
	require.NoError(t, err)
	if filler > 0 { // so that the customers lie about the border of two chunks
		var b, gone Batch
		for i := range filler {
			b.Add(customer.FromInt64(int64(i)))
			gone.Delete(customer.FromInt64(int64(i)))
		}
		require.NoError(t, ix.Apply(t.Context(), &b))
		require.NoError(t, ix.Apply(t.Context(), &gone))
	}
	x := &liveTrial{t: t, rng: rng, tags: tags, ids: 40}
	x.m = &liveModel{t: t, rows: newModel(tags), tags: cat, loc: at.loc, at: at.at, segments: map[string]*modelSegment{}, retired: map[string]int{}}
	for range 3 {
		b := x.batch()
		if ix.Apply(t.Context(), b) == nil {
			x.m.rows.apply(b)
		}
	}
	defs := []Definition{x.definition("a"), x.definition("b")}
	x.l, err = begin(ix, &LiveOptions{At: at.at, Location: at.loc, Definitions: defs, Workers: 1 + int(seed%2)})
	require.NoError(t, err)
	x.m.step(modelStep{at: at.at, define: defs}, true)
	x.m.same(x.l)
	return x
}

func testLive(t *testing.T, seed uint64, steps, filler int) {
	x := newLiveTrial(t, seed, filler)
	for range steps {
		x.step()
	}
	i := 0
	for n, err := range x.l.Notices(t.Context(), 0) {
		require.NoError(t, err)
		require.Equal(t, x.all[i], n)
		i++
	}
	require.Len(t, x.all, i)
}

func TestLiveIsSlow(t *testing.T) {
	seeds := 60
	if testing.Short() || race.Enabled {
		seeds = 6
	}
	for seed := range uint64(seeds) {
		filler := 0
		if seed%10 == 9 {
			filler = 65_500
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testLive(t, seed, 300, filler) })
	}
}

// TestLiveCancelled ends ctx at each place where a step looks at it: that leaves nothing.
func TestLiveCancelled(t *testing.T) {
	for seed := range uint64(4) {
		x, twin := newLiveTrial(t, seed, 0), newLiveTrial(t, seed, 0).l
		for range 12 {
			at, b := x.l.At().Add(time.Duration(x.rng.Int64N(int64(30*time.Hour)))), x.batch()
			want, wantErr := twin.Apply(t.Context(), at, b)
			before := dumped(t, x.l)
			for left := 0; ; left++ {
				got, err := x.l.Apply(newCountdown(t, left), at, b)
				if errors.Is(err, context.Canceled) {
					require.Equal(t, before, dumped(t, x.l))
					continue
				}
				require.Equal(t, wantErr, err)
				require.Equal(t, want, got)
				break
			}
			require.Equal(t, dumped(t, twin), dumped(t, x.l))
		}
	}
}

package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// TestLiveLineStaysShort lets a customer join and leave the line again and again, with the clock standing still.
func TestLiveLineStaysShort(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip"), Cap: 1})
	vips(t, l, true, 1)
	for range 1000 {
		require.Empty(t, vips(t, l, true, 2))
		require.Empty(t, vips(t, l, false, 2))
		require.Empty(t, vips(t, l, true, 2, 3))
	}
	g := l.segments["s"]
	require.Equal(t, 2, g.waiting)
	require.LessOrEqual(t, len(g.line), 2*g.waiting+64)
	require.Equal(t, []string{"2 -1 s by tag", "3 +2 s by place"}, briefly(vips(t, l, false, 1)))
	require.Equal(t, []string{"4 -2 s by tag", "5 +3 s by place"}, briefly(vips(t, l, false, 2)))
}

// TestLiveTold changes what a step returned.
func TestLiveTold(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	told := vips(t, l, true, 1, 2)
	clear(told)
	n := uint64(0)
	for notice, err := range l.Notices(t.Context(), 0) {
		require.NoError(t, err)
		n++
		require.Equal(t, n, notice.Number)
	}
	require.EqualValues(t, 2, n)
}

// TestLiveKeepsNoMore looks at what stays in memory.
func TestLiveKeepsNoMore(t *testing.T) {
	ix, err := New(&Options{Tags: liveTags})
	require.NoError(t, err)
	const keep = 10
	l, err := NewLive(ix, &LiveOptions{At: liveStart, Keep: keep, Definitions: []Definition{{Name: "s", Rule: IsTrue("vip")}}})
	require.NoError(t, err)
	for i := range int64(100) {
		told := vips(t, l, true, i)
		require.Len(t, told, 1)
		require.Less(t, l.view.Load().told.count, 2*keep)
		require.GreaterOrEqual(t, l.view.Load().told.count, min(keep, int(i)+1))
	}
	var all []int64
	for i := range int64(70_000) {
		all = append(all, i)
	}
	require.Len(t, vips(t, l, true, all...), len(all)-100)
	require.Less(t, l.view.Load().told.count, len(all)-100+keep)
	vips(t, l, false, 1)
	require.Less(t, l.view.Load().told.count, 2*keep)
	require.LessOrEqual(t, len(l.told.blocks), 2)
	g := l.segments["s"]
	require.Less(t, cap(g.touched)+cap(g.flips), 2*roomKept+2)
}

// TestLiveEveryoneIsTouched is TestLiveIsSlow where segments that have a few customers to look at look at all.
func TestLiveEveryoneIsTouched(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			x := newLiveTrial(t, 500+seed, 0)
			x.l.few = 3
			for range 150 {
				x.step()
			}
		})
	}
}

// TestLiveTouchedIsBounded moves the clock by years, so that the windows of all customers end.
func TestLiveTouchedIsBounded(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: Within("last", Days(30))}, Definition{Name: "n", Rule: Not(Segment("s"))})
	const n = 20_000
	var b Batch
	for i := range int64(n) {
		b.Set(customer.FromInt64(i), "last", customer.TimeValue(liveStart.Add(-time.Duration(i)*time.Minute)))
	}
	told, err := l.Apply(t.Context(), liveStart, &b)
	require.NoError(t, err)
	require.Len(t, told, n)
	for _, g := range l.byName {
		require.LessOrEqual(t, cap(g.touched), roomKept)
	}
	told, err = l.Advance(t.Context(), liveStart.AddDate(9, 0, 0))
	require.NoError(t, err)
	require.Len(t, told, 2*n)
	require.False(t, slices.ContainsFunc(told, func(n Notice) bool { return n.Cause != ByTime || n.Entered != (n.Segment == "n") }))
}

// TestLiveManyValues lets a number pass the ends of a condition's ranges, of which there are many: it is asked once.
func TestLiveManyValues(t *testing.T) {
	var odd []any
	for i := range 10_000 {
		odd = append(odd, 2*i+1)
	}
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: In("spend", odd...)})
	set := func(n int64) []Notice {
		var b Batch
		b.Set(customer.FromInt64(1), "spend", customer.Int64Value(n))
		told, err := l.Apply(t.Context(), l.At(), &b)
		require.NoError(t, err)
		return told
	}
	require.Len(t, set(1), 1)
	require.Empty(t, set(19_999))
	require.Len(t, set(0), 1)
	require.Len(t, set(3), 1)
	require.Len(t, set(20_000), 1)
	x := l.conditions.tests[slices.IndexFunc(liveTags, func(t Tag) bool { return t.Name == "spend" })]
	asked := 0
	for _, list := range x.between(0, 19_999) {
		asked += len(list)
	}
	require.Equal(t, 1, asked)
}

// TestLiveManyLabels compares what a rule selects after changes of labels of which there are many.
func TestLiveManyLabels(t *testing.T) {
	ix, err := New(&Options{Tags: []Tag{{Name: "tags", Kind: Labels}}})
	require.NoError(t, err)
	defs := []Definition{
		{Name: "all", Rule: HasAll("tags", "l1", "l2")},
		{Name: "any", Rule: Has("tags", "l2", "l3")},
		{Name: "none", Rule: Not(Has("tags", "l1"))},
		{Name: "set", Rule: IsSet("tags")},
	}
	l, err := NewLive(ix, &LiveOptions{At: liveStart, Definitions: defs})
	require.NoError(t, err)
	step := func(write func(b *Batch)) []string {
		var b Batch
		write(&b)
		told, err := l.Apply(t.Context(), l.At(), &b)
		require.NoError(t, err)
		return briefly(told)
	}
	id := customer.FromInt64(1)
	require.Equal(t, []string{"1 +1 none by tag", "2 +1 set by tag"}, step(func(b *Batch) {
		for i := range 1000 {
			b.AddLabels(id, "tags", fmt.Sprintf("x%d", i))
		}
	}))
	require.Equal(t, []string{"3 +1 all by tag", "4 +1 any by tag", "5 -1 none by tag"}, step(func(b *Batch) { b.AddLabels(id, "tags", "l1", "l2") }))
	require.Empty(t, step(func(b *Batch) { b.AddLabels(id, "tags", "l3") }))
	require.Equal(t, []string{"6 -1 all by tag"}, step(func(b *Batch) { b.RemoveLabels(id, "tags", "l2") }))
	require.Equal(t, []string{"7 -1 any by tag", "8 +1 none by tag"}, step(func(b *Batch) { b.Set(id, "tags", customer.LabelsValue()) }))
	require.Equal(t, []string{"9 -1 set by tag"}, step(func(b *Batch) { b.Clear(id, "tags") }))
	require.Equal(t, []string{"10 -1 none by deletion"}, step(func(b *Batch) { b.Delete(id) }))
}

// TestLiveDropNamesTwice drops a segment that is named twice.
func TestLiveDropNamesTwice(t *testing.T) {
	l := newTestLive(t, liveStart, Definition{Name: "s", Rule: IsTrue("vip")})
	vips(t, l, true, 1)
	told, err := l.Drop(t.Context(), l.At(), "s", "s")
	require.NoError(t, err)
	require.Len(t, told, 1)
}

// TestLiveGoesOn begins with the number of the last notice of a Live before.
func TestLiveGoesOn(t *testing.T) {
	ix, err := New(&Options{Tags: liveTags})
	require.NoError(t, err)
	l, err := NewLive(ix, &LiveOptions{At: liveStart, After: 7, Definitions: []Definition{{Name: "s", Rule: IsTrue("vip")}}})
	require.NoError(t, err)
	ask := func(after uint64) (all []Notice, err error) {
		for n, err := range l.Notices(t.Context(), after) {
			if err != nil {
				return nil, err
			}
			all = append(all, n)
		}
		return all, nil
	}
	for range 2 {
		_, err = ask(6)
		require.ErrorIs(t, err, ErrExpiredNotices)
		_, err = ask(9)
		require.ErrorIs(t, err, ErrExpiredNotices)
		told, err := ask(7)
		require.NoError(t, err)
		if len(told) == 0 {
			require.Equal(t, []string{"8 +1 s by tag"}, briefly(vips(t, l, true, 1)))
		}
	}
}

// TestNoticeLog compares a log with a slice that keeps everything.
func TestNoticeLog(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for _, size := range []int{1, 2, 7} {
		log, all, least := noticeLog{size: size}, []Notice(nil), size+rng.IntN(10)
		for range 300 {
			told := make([]Notice, rng.IntN(3*size))
			for i := range told {
				told[i].Number = uint64(len(all) + i + 1)
			}
			log.add(told, max(least, len(told)))
			all = append(all, told...)
			require.GreaterOrEqual(t, log.count, min(len(all), max(least, len(told))))
			require.Less(t, log.count, max(least, len(told))+size)
			kept := all[len(all)-log.count:]
			skip := rng.IntN(log.count + 1)
			require.True(t, slices.Equal(kept[skip:], slices.Collect(log.from(skip))))
			for n := range log.from(0) {
				require.Equal(t, kept[0], n)
				break
			}
		}
	}
}

package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/store"
)

// timelineOf is the timeline, made of everything that was ever said.
func (w *readsWorld) timelineOf(id customer.ID, m Moment, q *TimelineQuery, schema *Schema) []*TimelineEntry {
	if q == nil {
		q = &TimelineQuery{}
	}
	loc, err := time.LoadLocation(schema.Location)
	require.NoError(w.t, err)
	atoms := w.atomsAt(m.Known)[id]
	known := m.Known
	if known.IsZero() {
		known = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var all []*TimelineEntry
	for _, s := range w.said {
		days := int(civil.DayOf(m.At, loc) - civil.DayOf(s.Time, loc))
		switch {
		case !slices.Contains(atoms, s.Atom), s.Time.After(m.At), s.learned.After(known),
			!s.retracted.IsZero() && !s.retracted.After(known),
			!q.Since.IsZero() && s.Time.Before(q.Since), !q.Until.IsZero() && !s.Time.Before(q.Until),
			s.Event == "" && !q.Statements, s.Event != "" && q.Events != nil && !slices.Contains(q.Events, s.Event),
			s.Event != "" && schema.Retention > 0 && days >= schema.Retention:
			continue
		}
		channel := s.Source
		if s.Source == "crm" {
			channel = "phone"
		}
		all = append(all, &TimelineEntry{
			Time: s.Time.UTC(), Event: s.Event, Source: s.Source, Channel: channel, Atom: s.Atom, Evidence: s.ID,
			Learned: s.learned.UTC(), Verified: s.Verified, Values: s.Values,
		})
	}
	slices.SortFunc(all, compareTimeline)
	if q.Reverse {
		slices.Reverse(all)
	}
	if q.Limit > 0 {
		all = all[:min(q.Limit, len(all))]
	}
	return all
}

func compareTimeline(a, b *TimelineEntry) int {
	return cmp.Or(a.Time.Compare(b.Time), compareAtoms(a.Atom, b.Atom), cmp.Compare(a.Evidence, b.Evidence))
}

func (w *readsWorld) timeline(id customer.ID, m Moment, q *TimelineQuery) []*TimelineEntry {
	var all []*TimelineEntry
	for e, err := range w.p.Timeline(w.t.Context(), id, m, q) {
		require.NoError(w.t, err)
		all = append(all, e)
	}
	return all
}

func TestTimelineIsEverythingInOrder(t *testing.T) {
	for seed := range race.Fewer[uint64](6, 3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			schema := readsSchema()
			schema.Retention = []int{0, 0, 50}[seed%3]
			w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), seed, schema, nil)
			w.build(40)
			w.say(300, fakeAtom(1), fakeAtom(2)) // in pages
			for range 4 {
				w.say(1, fakeAtom(1))
			}
			w.retract(20)
			for range 8 {
				m := w.moment()
				q := &TimelineQuery{Reverse: w.rand.IntN(2) == 0, Statements: w.rand.IntN(2) == 0}
				if w.rand.IntN(2) == 0 {
					q.Since = m.At.Add(-time.Duration(w.rand.Int64N(int64(100 * 24 * time.Hour))))
				}
				if w.rand.IntN(3) == 0 {
					q.Until = m.At.Add(-time.Duration(w.rand.Int64N(int64(50 * 24 * time.Hour))))
				}
				if w.rand.IntN(3) == 0 {
					q.Events = []string{"order"}
				}
				q.Limit = max(0, w.rand.IntN(30)-10)
				for _, id := range w.liveIDs(m.Known) {
					requireSameJSON(t, w.timelineOf(id, m, q, schema), w.timeline(id, m, q))
				}
			}
		})
	}
}

// retract takes back some of what was said.
func (w *readsWorld) retract(n int) {
	w.feed.now = w.feed.now.Add(time.Minute)
	for range n {
		s := &w.said[w.rand.IntN(len(w.said))]
		if s.retracted.IsZero() {
			require.NoError(w.t, w.p.Retract(w.t.Context(), w.feed.now, s.Atom, s.ID))
			s.retracted = w.feed.now
		}
	}
}

// Pages follow each other without a gap and without repetition, whatever is added
// meanwhile: what lies behind the position is not shown, what lies before it is.
func TestTimelinePages(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		t.Run(fmt.Sprint("reverse ", reverse), func(t *testing.T) {
			schema := readsSchema()
			w := newReadsWorld(t, new(store.Memory), 7, schema, nil)
			id := w.found(3)
			w.say(400)
			w.sync(w.p, w.feed)
			m := Moment{At: w.feed.now.Add(24 * time.Hour)}
			q := TimelineQuery{Reverse: reverse, Statements: true}
			var shown []*TimelineEntry
			for {
				q.Limit = 1 + w.rand.IntN(40)
				rest := w.timelineOf(id, m, &TimelineQuery{Reverse: reverse, Statements: true}, schema)
				if len(shown) > 0 {
					last := shown[len(shown)-1]
					rest = slices.DeleteFunc(rest, func(e *TimelineEntry) bool {
						c := compareTimeline(e, last)
						return c == 0 || c < 0 != reverse
					})
				}
				page := w.timeline(id, m, &q)
				requireSameJSON(t, rest[:min(q.Limit, len(rest))], append([]*TimelineEntry{}, page...))
				shown = append(shown, page...)
				if len(page) < q.Limit {
					break
				}
				q.After = page[len(page)-1].Position()
				if len(shown) < 300 {
					w.say(5)
				}
				if last := shown[len(shown)-1]; w.rand.IntN(4) == 0 { // the entry itself goes
					i := slices.IndexFunc(w.said, func(s readsSaid) bool { return s.ID == last.Evidence })
					require.NoError(t, w.p.Retract(t.Context(), w.feed.now, last.Atom, last.Evidence))
					w.said[i].retracted = w.feed.now
				}
			}
			require.True(t, slices.IsSortedFunc(shown, func(a, b *TimelineEntry) int {
				if reverse {
					return compareTimeline(b, a)
				}
				return compareTimeline(a, b)
			}))
			require.Greater(t, len(shown), 400)
		})
	}
}

// Atoms of more entries than are kept are read in two goes.
func TestTimelineOfManyEntries(t *testing.T) {
	schema := readsSchema()
	w := newReadsWorld(t, new(store.Memory), 3, schema, nil)
	id := w.found(3)
	for range 2 * keptBytes / 64 / 256 {
		w.say(256)
	}
	w.sync(w.p, w.feed)
	m := Moment{At: w.feed.now}
	for _, q := range []*TimelineQuery{
		{Statements: true},
		{Statements: true, Reverse: true},
		{Statements: true, Reverse: true, Limit: 100},
		{Statements: true, Since: w.feed.now.Add(-40 * 24 * time.Hour), Until: w.feed.now.Add(-10 * 24 * time.Hour)},
	} {
		want, got := w.timelineOf(id, m, q, schema), w.timeline(id, m, q)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i].Position(), got[i].Position())
		}
	}
}

// What is erased or purged between the two goes is left out.
func TestTimelineWhilePagesGo(t *testing.T) {
	s := new(store.Memory)
	w := newReadsWorld(t, s, 4, readsSchema(), nil)
	id := w.found(1)
	for range 2 * keptBytes / 64 / 256 {
		w.say(256)
	}
	w.sync(w.p, w.feed)
	n := 0
	for _, err := range w.p.Timeline(t.Context(), id, Moment{At: w.feed.now}, &TimelineQuery{Statements: true}) {
		require.NoError(t, err)
		if n++; n == 1 {
			a := fakeAtom(1)
			require.NoError(t, s.DeleteRange(t.Context(), store.Under(key('e', a[:]))))
		}
	}
	require.Positive(t, n)
	require.Less(t, n, 2*keptBytes/64)
}

func TestTimelineThroughMergeAndSplit(t *testing.T) {
	schema := readsSchema()
	w := newReadsWorld(t, new(store.Memory), 5, schema, nil)
	a, b := w.found(2), w.found(2)
	w.say(100)
	w.sync(w.p, w.feed)
	m := Moment{At: w.feed.now}
	before, other := w.timeline(a, m, nil), w.timeline(b, m, nil)

	atoms := w.feed.members(b)
	w.feed.merged(b, a)
	w.sync(w.p, w.feed)
	joined := slices.Concat(before, other)
	slices.SortFunc(joined, compareTimeline)
	requireSameJSON(t, joined, w.timeline(a, m, nil))
	requireSameJSON(t, joined, w.timeline(b, m, nil))

	w.feed.split(a, b, atoms...)
	w.sync(w.p, w.feed)
	requireSameJSON(t, before, w.timeline(a, m, nil))
	requireSameJSON(t, other, w.timeline(b, m, nil))

	w.feed.erased(b)
	w.sync(w.p, w.feed)
	requireSameJSON(t, before, w.timeline(a, m, nil))
}

func TestTimelineQueries(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 6, readsSchema(), nil)
	id := w.found(1)
	w.say(20)
	w.sync(w.p, w.feed)
	m := Moment{At: w.feed.now}
	for field, q := range map[string]TimelineQuery{
		"events": {Events: []string{"order", "birth"}},
		"limit":  {Limit: -1},
		"after":  {After: "what"},
		"since":  {Since: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"until":  {Until: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(field, func(t *testing.T) {
			n := 0
			for e, err := range w.p.Timeline(t.Context(), id, m, &q) {
				require.Nil(t, e)
				var input *InputError
				require.ErrorAs(t, err, &input)
				require.Equal(t, field, input.Field)
				n++
			}
			require.Equal(t, 1, n)
		})
	}
	require.Empty(t, w.timeline(id, m, &TimelineQuery{Since: m.At, Until: m.At.Add(-time.Hour)}), "an empty range")
	for range w.p.Timeline(t.Context(), id, m, nil) {
		break
	}
}

func TestTimelineEntryJSON(t *testing.T) {
	e := TimelineEntry{
		Time: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC), Event: "order", Source: "shop", Channel: "shop", Atom: customer.AtomID{1},
		Evidence: "o-1", Learned: time.Date(2026, 3, 5, 12, 0, 1, 0, time.UTC),
		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(5)}},
	}
	data, err := json.Marshal(&e)
	require.NoError(t, err)
	require.JSONEq(t, `{"time":"2026-03-05T12:00:00Z","event":"order","source":"shop","channel":"shop",
		"atom":"01000000-0000-0000-0000-000000000000","evidence":"o-1","learned":"2026-03-05T12:00:01Z",
		"values":[{"name":"amount","value":5}]}`, string(data))
	var back TimelineEntry
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, e, back)
	require.Equal(t, e.Position(), back.Position())
}

func FuzzPosition(f *testing.F) {
	f.Add((&TimelineEntry{Time: time.Unix(0, 1000).UTC(), Atom: customer.AtomID{1}, Evidence: "x"}).Position())
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseSpot(s)
		if err != nil {
			require.ErrorIs(t, err, ErrInput)
			return
		}
		require.Equal(t, s, p.String())
	})
}

// Statements can be asked for alone; one of nothing that the schema has is none.
func TestTimelineOfStatements(t *testing.T) {
	ctx := t.Context()
	p := openLog(t, minimal())
	for _, e := range []Evidence{
		anOrder(1, 1),
		{Atom: logAtom(1), ID: "city", Source: "crm", Time: logStart, Values: []customer.Field{{Name: "city", Value: customer.TextValue("广州")}}},
		{Atom: logAtom(1), ID: "other", Source: "crm", Time: logStart, Values: []customer.Field{{Name: "other", Value: customer.TextValue("x")}}},
	} {
		_, err := p.Add(ctx, logStart, e)
		require.NoError(t, err)
	}
	feed := newFakeFeed()
	feed.created(customer.FromInt64(1), logAtom(1))
	_, err := p.follow(ctx, feed.clock(), feed)
	require.NoError(t, err)
	for text, want := range map[string][]string{
		`{}`:                              {"o1"},
		`{"statements":true}`:             {"city", "o1"},
		`{"events":[],"statements":true}`: {"city"},
		`{"events":[]}`:                   nil,
	} {
		var q, again TimelineQuery
		require.NoError(t, json.Unmarshal([]byte(text), &q))
		data, err := json.Marshal(q)
		require.NoError(t, err)
		require.JSONEq(t, text, string(data))
		require.NoError(t, json.Unmarshal(data, &again))
		require.Equal(t, q, again)
		var got []string
		for e, err := range p.Timeline(ctx, customer.FromInt64(1), Moment{At: logStart.AddDate(1, 0, 0)}, &q) {
			require.NoError(t, err)
			got = append(got, e.Evidence)
		}
		require.Equal(t, want, got, text)
	}
}

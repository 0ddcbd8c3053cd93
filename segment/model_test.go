package segment

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// model is the obvious index: a map of maps.
type model struct {
	tags  map[string]Tag
	rows  map[customer.ID]map[string]customer.Value
	times map[customer.ID]map[string]time.Time
}

func newModel(tags []Tag) *model {
	m := &model{map[string]Tag{}, map[customer.ID]map[string]customer.Value{}, map[customer.ID]map[string]time.Time{}}
	for _, t := range tags {
		m.tags[t.Name] = t
	}
	return m
}

func (m *model) clone() *model {
	c := newModel(slices.Collect(maps.Values(m.tags)))
	for id, row := range m.rows {
		c.rows[id], c.times[id] = maps.Clone(row), maps.Clone(m.times[id])
	}
	return c
}

func (m *model) apply(b *Batch) {
	for _, w := range b.writes {
		row, ok := m.rows[w.id]
		switch {
		case w.verb == verbDelete:
			delete(m.rows, w.id)
			delete(m.times, w.id)
			continue
		case !ok && (w.verb == verbRemoveLabels || w.value.IsUnset() && w.verb != verbAdd):
			continue
		case !ok:
			row = map[string]customer.Value{}
			m.rows[w.id], m.times[w.id] = row, map[string]time.Time{}
		}
		if w.verb == verbAdd {
			continue
		}
		t, times := m.tags[w.tag], m.times[w.id]
		if w.verb == verbNewer {
			if last, ok := times[w.tag]; ok && last.After(w.at) {
				continue
			}
			times[w.tag] = w.at
		} else {
			delete(times, w.tag)
		}
		old, had := row[w.tag]
		have := slices.Collect(old.Labels())
		switch w.verb {
		case verbAddLabels:
			row[w.tag] = customer.LabelsValue(append(have, slices.Collect(w.value.Labels())...)...)
		case verbRemoveLabels:
			if had {
				gone := slices.Collect(w.value.Labels())
				row[w.tag] = customer.LabelsValue(slices.DeleteFunc(have, func(l string) bool { return slices.Contains(gone, l) })...)
			}
		case verbIncrement:
			s, _ := t.store(w.value)
			if had {
				o, _ := t.store(old)
				s.n, s.f = s.n+o.n, s.f+o.f
			}
			row[w.tag] = t.valueOf(s)
		default:
			s, _ := t.store(w.value)
			if row[w.tag] = t.valueOf(s); w.value.IsUnset() {
				delete(row, w.tag)
			}
		}
	}
}

// same fails unless the snapshot holds what the model holds.
func (m *model) same(t *testing.T, s *Snapshot) {
	t.Helper()
	require.Equal(t, len(m.rows), s.Len())
	ids := customersOf(t, s)
	require.Len(t, ids, len(m.rows))
	for _, id := range ids {
		want := m.rows[id]
		got := map[string]customer.Value{}
		for _, f := range rowOf(t, s, id) {
			got[f.Name] = f.Value
		}
		if !maps.Equal(want, got) {
			require.Equal(t, want, got)
		}
	}
	require.NoError(t, s.needAll(t.Context()))
	for tag := range s.data {
		d := &s.data[tag]
		for code := range uint32(d.last) + 2 { // those asked for before are of this snapshot too
			require.Equal(t, d.newExtent(code), d.extent(code), "%s, code %d", s.tags.tags[tag].Name, code)
		}
	}
}

var modelTags = []Tag{
	{Name: "vip", Kind: Flag},
	{Name: "city", Kind: Enum},
	{
		Name: "region", Kind: Enum, Hierarchy: true, Path: "contact/address", Label: customer.Text{EN: "region", ZH: "地区"},
		Origin: FromFact, Owner: "service desk", Refresh: 48 * time.Hour,
	},
	{Name: "likes", Kind: Labels},
	{Name: "orders", Kind: Integer},
	{Name: "spend", Kind: Decimal, Scale: 2},
	{Name: "score", Kind: Float},
	{Name: "last", Kind: Time},
	{Name: "born", Kind: Time, Unit: 24 * time.Hour},
	{Name: "余额", Kind: Decimal, Scale: 4},
}

// anyValue returns a value for a tag.
func anyValue(rng *rand.Rand, t Tag) customer.Value {
	switch t.Kind {
	case Flag:
		return customer.BoolValue(rng.IntN(2) == 0)
	case Enum:
		if t.Hierarchy {
			var path strings.Builder
			path.WriteString(fmt.Sprintf("省%d", rng.IntN(3)))
			for range rng.IntN(3) {
				path.WriteString(fmt.Sprintf("/市%d", rng.IntN(4)))
			}
			return customer.TextValue(path.String())
		}
		if rng.IntN(4) == 0 {
			return customer.TextValue(fmt.Sprintf("town %d", rng.IntN(400)))
		}
		return customer.TextValue([]string{"广州", "深圳", "Lyon", "", "香港"}[rng.IntN(5)])
	case Labels:
		var labels []string
		for range rng.IntN(4) {
			labels = append(labels, fmt.Sprintf("l%d", rng.IntN(12)))
		}
		return customer.LabelsValue(labels...)
	case Integer:
		switch rng.IntN(50) {
		case 0:
			return customer.Int64Value(math.MinInt64 + rng.Int64N(3))
		case 1:
			return customer.Int64Value(math.MaxInt64 - rng.Int64N(3))
		}
		return customer.Int64Value(rng.Int64N(20) - 5)
	case Decimal:
		return customer.DecimalValue(rng.Int64N(100_000)-20_000, rng.IntN(t.Scale+1))
	case Float:
		return customer.Float64Value(math.Round(rng.NormFloat64()*8) / 8)
	default:
		return customer.TimeValue(time.Unix(1_700_000_000+rng.Int64N(90*86400), rng.Int64N(1e9)))
	}
}

// randomBatch returns writes to some of the customers of 0 to n.
func randomBatch(rng *rand.Rand, tags []Tag, n, size int) *Batch {
	b := &Batch{}
	for range size {
		id := customer.FromInt64(rng.Int64N(int64(n)))
		t := tags[rng.IntN(len(tags))]
		switch k := rng.IntN(20); {
		case k == 0:
			b.Delete(id)
		case k == 1:
			b.Add(id)
		case k < 4:
			b.Clear(id, t.Name)
		case k < 7:
			v := anyValue(rng, t)
			if rng.IntN(4) == 0 {
				v = customer.Value{}
			}
			b.SetIfNewer(id, t.Name, v, time.Unix(rng.Int64N(100), 0).UTC())
		case k < 10 && t.Kind == Labels:
			b.AddLabels(id, t.Name, fmt.Sprintf("l%d", rng.IntN(12)))
		case k < 12 && t.Kind == Labels:
			b.RemoveLabels(id, t.Name, fmt.Sprintf("l%d", rng.IntN(12)), "absent")
		case k < 10 && t.Kind == Integer:
			b.Increment(id, t.Name, customer.Int64Value(0))
		case k < 10 && (t.Kind == Decimal || t.Kind == Float):
			b.Increment(id, t.Name, customer.Int64Value(rng.Int64N(9)-4))
		default:
			b.Set(id, t.Name, anyValue(rng, t))
		}
	}
	return b
}

func TestApplyModel(t *testing.T) {
	seeds := uint64(6)
	if race.Enabled {
		seeds = 3 // one of each number of workers
	}
	for seed := range seeds {
		testApplyModel(t, seed)
	}
}

func testApplyModel(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	ix, err := New(&Options{Tags: modelTags, Workers: 1 + int(seed%3)})
	require.NoError(t, err)
	m := newModel(modelTags)
	type kept struct {
		s *Snapshot
		m *model
	}
	var past []kept
	for range 30 {
		b := randomBatch(rng, modelTags, 300, 1+rng.IntN(400))
		require.NoError(t, ix.Apply(t.Context(), b))
		m.apply(b)
		m.same(t, ix.Snapshot())
		if rng.IntN(6) == 0 {
			past = append(past, kept{ix.Snapshot(), m.clone()})
		}
		if shelving && rng.IntN(2) == 0 {
			ix = lazily(ix)
			require.Equal(t, modelTags, ix.Snapshot().Catalogue().All())
		}
		if rng.IntN(10) == 0 {
			require.NoError(t, ix.Compact(t.Context()))
			m.same(t, ix.Snapshot())
		}
		if rng.IntN(5) == 0 { // a batch with a fault leaves nothing
			bad := randomBatch(rng, modelTags, 600, 100)
			bad.Set(customer.FromInt64(1), "city", customer.TextValue("new town"))
			bad.Set(customer.FromInt64(9999), "orders", customer.TextValue("many"))
			require.Error(t, ix.Apply(t.Context(), bad))
			m.same(t, ix.Snapshot())
		}
	}
	for _, k := range past {
		k.m.same(t, k.s)
	}
}

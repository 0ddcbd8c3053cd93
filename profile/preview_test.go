package profile

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// changedReads is readsSchema with a change of every sort.
func changedReads() *Schema {
	s := readsSchema()
	s.Sources[0], s.Sources[1] = s.Sources[1], s.Sources[0] // name follows it, and is kept
	s.Traits[1].Policy = []Rule{Oldest}
	s.Traits[2].Label.EN = "a customer we like" // is no change
	s.Traits[5].Sources = []string{"crm"}
	s.Traits = slices.Delete(s.Traits, 7, 8)
	s.Traits = append(s.Traits, Trait{Name: "nickname", Kind: customer.KindText})
	s.Computed[1].Window.Days = 30
	s.Computed[5].Quantile = 0.9
	s.Computed = append(slices.Delete(s.Computed, 4, 5), Computed{Name: "visits", Of: Count, Events: []string{"visit"}},
		Computed{Name: "tags", Of: Top, Events: []string{"order"}, Field: "category"})
	return s
}

// What Preview tells is what is seen when the schema is then applied.
func TestPreviewIsWhatApplyDoes(t *testing.T) {
	ctx := t.Context()
	for seed := range uint64(3) {
		s := store.Limited(new(store.Memory), store.MinLimits)
		w := newReadsWorld(t, s, seed, readsSchema(), &Options{Workers: 2})
		w.build(15)
		for range 14 {
			w.say(12, fakeAtom(1), fakeAtom(2)) // so that they have pages
		}
		w.sync(w.p, w.feed)
		m := Moment{At: w.moment().At}
		before := collectProfiles(t, ctx, w.p, m)

		diff, err := w.p.Preview(ctx, m.At, changedReads())
		require.NoError(t, err)
		require.Equal(t, uint64(1), diff.Version)
		entries, err := s.Get(ctx, []byte(refoldKey))
		require.NoError(t, err)
		require.Zero(t, entries[0].Version, "nothing is stored")

		alone, err := Open(ctx, s, nil, &Options{Workers: 1})
		require.NoError(t, err)
		again, err := alone.Preview(ctx, m.At, changedReads())
		require.NoError(t, err)
		require.Equal(t, diff, again)

		_, err = w.p.Apply(ctx, schemaTime, changedReads())
		require.NoError(t, err)
		after := collectProfiles(t, ctx, alone, m)
		want := slowDiff(before, after, diff.Traits)
		want.Version, want.At = 1, m.At
		require.Equal(t, want, diff)
		require.Positive(t, diff.Differ)

		of := map[string]Redefinition{}
		for _, d := range diff.Traits {
			of[d.Name] = d.Of
		}
		require.Equal(t, map[string]Redefinition{
			"name": Kept, "city": Changed, "vip": Kept, "limit": Kept, "score": Kept, "points": Changed, "since": Kept, "tags": Changed,
			"nickname": Added, "orders": Kept, "spent_90d": Changed, "last_seen": Kept, "categories": Kept, "channel": Removed,
			"median": Changed, "visits": Added,
		}, of)
		require.Equal(t, "channel", diff.Traits[len(diff.Traits)-1].Name, "what is removed comes last")

		same, err := w.p.Preview(ctx, m.At, changedReads())
		require.NoError(t, err)
		require.Zero(t, same.Differ)
		require.Equal(t, uint64(2), same.Version)
	}
}

// slowDiff compares profiles of before and after, by the names of traits alone.
func slowDiff(before, after []*Profile, traits []TraitDiff) *Diff {
	d := &Diff{Customers: int64(len(before))}
	differ := map[customer.ID]bool{}
	for _, t := range traits {
		t := TraitDiff{Name: t.Name, Of: t.Of}
		for i := range before {
			v, w := before[i].Value(t.Name), after[i].Value(t.Name)
			if v == w {
				continue
			}
			differ[before[i].Customer] = true
			switch {
			case v.IsUnset():
				t.Gained++
			case w.IsUnset():
				t.Lost++
			default:
				t.Changed++
			}
			if len(t.Sample) < 10 {
				t.Sample = append(t.Sample, before[i].Customer)
			}
		}
		d.Traits = append(d.Traits, t)
	}
	d.Differ = int64(len(differ))
	return d
}

func TestPreviewRefuses(t *testing.T) {
	ctx := t.Context()
	p, err := Open(ctx, new(store.Memory), shopSchema(), &Options{Custom: shopCustom, Rows: []string{"score"}})
	require.NoError(t, err)
	_, err = p.Preview(ctx, schemaTime, &Schema{})
	require.ErrorIs(t, err, ErrSchema)
	unknown := shopSchema()
	unknown.Traits[2].Custom = "second"
	_, err = p.Preview(ctx, schemaTime, unknown)
	require.ErrorIs(t, err, ErrSchema)
	_, err = p.Preview(ctx, schemaTime.AddDate(9000, 0, 0), shopSchema())
	require.ErrorIs(t, err, ErrInput)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = p.Preview(ended, schemaTime, shopSchema())
	require.ErrorIs(t, err, context.Canceled)

	diff, err := p.Preview(ctx, schemaTime, shopSchema())
	require.NoError(t, err)
	data, err := json.Marshal(diff.Traits[0])
	require.NoError(t, err)
	require.Equal(t, `{"name":"name","of":"kept","gained":0,"lost":0,"changed":0}`, string(data))
}

package profile_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/table"
)

// habits has 60 customers, of whom every third buys much and lately. Of every fifth no city is
// known, of every fourth no birthday, and the sixth and so on never bought.
func habits(t *testing.T) *profile.Profiles {
	t.Helper()
	ctx := t.Context()
	p, err := profile.Open(ctx, new(store.Memory), &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "city", Kind: customer.KindText},
			{Name: "born", Kind: customer.KindTime},
			{Name: "left", Kind: customer.KindTime}, // what only those have who are gone
			{Name: "tags", Kind: customer.KindLabels},
		},
		Events: []profile.Event{{Name: "order", Fields: []profile.Field{{Name: "amount", Kind: customer.KindInt64}}}},
		Computed: []profile.Computed{
			{Name: "orders", Of: profile.Count, Events: []string{"order"}},
			{Name: "spent", Of: profile.Sum, Events: []string{"order"}, Field: "amount"},
			{Name: "basket", Of: profile.Average, Events: []string{"order"}, Field: "amount"},
			{Name: "last_order", Of: profile.Last, Events: []string{"order"}, Field: "@time"},
		},
	}, nil)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	var all feed
	seq := map[int]uint64{}
	for n := range 60 {
		id := customer.FromInt64(int64(n))
		shard := customer.ShardOf(id)
		seq[shard]++
		all = append(all, customer.Change{
			Shard: shard, Seq: seq[shard], Part: 1, Parts: 1, Verb: customer.Created, Customer: id, To: id,
			Atoms: []customer.AtomID{atomOfHabits(n)}, At: day(1),
		})
		var values []customer.Field
		if n%5 > 0 {
			values = append(values, customer.Field{Name: "city", Value: customer.TextValue([]string{"广州", "深圳"}[n%2])})
		}
		if n%4 > 0 {
			values = append(values, customer.Field{Name: "born", Value: customer.TimeValue(time.Date(1970+n%30, 5, 1, 0, 0, 0, 0, time.UTC))})
		}
		says := []profile.Evidence{{Atom: atomOfHabits(n), ID: "1", Source: "crm", Time: day(1), Values: values}}
		orders, amount := 1+r.IntN(2), int64(1000)
		if n%3 == 0 {
			orders, amount = 8+r.IntN(4), 9000
		}
		if n%6 == 5 {
			orders = 0
		}
		for i := range orders {
			says = append(says, profile.Evidence{
				Atom: atomOfHabits(n), ID: fmt.Sprint("order ", i), Source: "shop", Event: "order", Time: day(1 + (i+n)%20),
				Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(amount + r.Int64N(500))}},
			})
		}
		_, err := p.Add(ctx, day(21), says...)
		require.NoError(t, err)
	}
	_, err = p.Sync(ctx, day(21), all)
	require.NoError(t, err)
	return p
}

func atomOfHabits(n int) customer.AtomID { return customer.AtomID{0: 'h', 15: byte(n)} }

// A table of profiles, in which much is missing and times are days, is divided into groups.
func TestClustersOfProfiles(t *testing.T) {
	ctx := t.Context()
	p := habits(t)
	features, err := p.Table(ctx, profile.Moment{At: day(22)}, "city", "born", "orders", "spent", "basket", "last_order")
	require.NoError(t, err)
	require.NoError(t, features.Validate())
	city, born, basket, last := &features.Columns[0], &features.Columns[1], &features.Columns[4], &features.Columns[5]
	for n, id := range features.IDs {
		require.Equal(t, customer.FromInt64(int64(n)), id)
		require.Equal(t, n%5 == 0, city.Code[n] == -1)
		require.Equal(t, n%4 == 0, math.IsNaN(born.Num[n]))
		require.Equal(t, n%6 == 5, math.IsNaN(basket.Num[n]))
		require.Equal(t, n%6 == 5, math.IsNaN(last.Num[n]))
	}
	_, err = cluster.Fit(ctx, features, &cluster.Options{K: 2})
	var missing *table.Fault
	require.ErrorAs(t, err, &missing, "what is missing is refused unless it is said what to do")
	fit, err := cluster.Fit(ctx, features, &cluster.Options{
		K: 2, Prepare: cluster.Preparation{Missing: cluster.ImputeFlag},
		Columns: map[string]cluster.Preparation{"born": {Ignore: true}, "city": {Ignore: true}},
	})
	require.NoError(t, err)
	for row := range features.IDs {
		require.Equal(t, fit.Labels[0] == fit.Labels[row], row%3 == 0, "row %d", row)
	}
	groups, err := cluster.Describe(ctx, features, &fit.Assignment, nil)
	require.NoError(t, err)
	require.Len(t, groups.Groups, 2)
	require.Equal(t, []int{40, 20}, []int{groups.Groups[0].Rows, groups.Groups[1].Rows})
	require.NotEmpty(t, groups.Groups[1].Rule)
}

// The features that could have been known at a time have nothing of what came later; those of
// today, as of the same time, do, and the probe says so.
func TestProbeOfProfiles(t *testing.T) {
	ctx := t.Context()
	p := habits(t)
	then := profile.Moment{At: day(22), Known: day(22)}
	before, err := p.Table(ctx, then)
	require.NoError(t, err)
	labels := make([]bool, before.Rows())
	for n := range labels {
		if labels[n] = n%2 == 0; labels[n] { // dated back to when it was not known
			_, err := p.Add(ctx, day(60), profile.Evidence{
				Atom: atomOfHabits(n), ID: "gone", Source: "crm", Time: day(20),
				Values: []customer.Field{{Name: "left", Value: customer.TimeValue(day(20))}},
			})
			require.NoError(t, err)
		}
	}
	flags := func(m profile.Moment) (flags []churn.Flag) {
		features, err := p.Table(ctx, m)
		require.NoError(t, err)
		suspects, err := churn.Probe(ctx, features, labels, nil)
		require.NoError(t, err)
		for _, s := range suspects {
			if s.Column == "left" {
				flags = s.Flags
			}
		}
		return flags
	}
	require.NotEmpty(t, flags(profile.Moment{At: day(22)}), "it tells the label")
	require.Empty(t, flags(then))
	after, err := p.Table(ctx, then)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(before.IDs, before.Columns), fmt.Sprint(after.IDs, after.Columns))
}

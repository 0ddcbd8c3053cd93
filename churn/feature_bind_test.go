package churn

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFrequent(t *testing.T) {
	names, counts := []string{"a", "b", "c", "d", "e", "other"}, []int64{2, 5, 2, 0, 3, 9}
	for most, want := range [][]string{{}, {"b"}, {"b", "e"}, {"a", "b", "e"}, {"a", "b", "c", "e"}, {"a", "b", "c", "e"}} {
		require.Equal(t, want, frequent(names, counts, most))
	}
}

// What is called "other" is one of all others.
func TestOtherChannel(t *testing.T) {
	var all []Event[int]
	for i, channel := range []string{"web", "other", "rare", "other", ""} {
		all = append(all, Event[int]{Customer: 1, Time: time.Date(2024, 1, 1+i, 10, 0, 0, 0, time.UTC), Channel: channel})
	}
	plan := &Plan{Gap: NoGap, Horizon: 30, First: Date(2024, 1, 10), Last: Date(2024, 1, 10)}
	for name, channels := range map[string][]string{"given": {"other", "web"}, "learned": nil} {
		d, err := Snapshots(t.Context(), featureLog(t, all, time.UTC), plan, Absent{}, &Features[int]{Channels: channels})
		require.NoError(t, err, name)
		other, ok := d.Table.Column("channel_share_other")
		require.True(t, ok)
		_, rare := d.Table.Column("channel_share_rare")
		require.Equal(t, channels == nil, rare)
		count, _ := d.Table.Column("channel_count")
		require.Equal(t, []float64{3}, count.Num)
		last, _ := d.Table.Column("channel_last")
		require.True(t, last.Missing(0))
		if rare {
			require.Equal(t, []float64{2. / 4}, other.Num)
		} else {
			require.Equal(t, []float64{3. / 4}, other.Num)
		}
	}
}

// Kinds are the 16 most frequent ones, purchases among them even if they are rare.
func TestLearnedKinds(t *testing.T) {
	var all []Event[int]
	for i := range 20 {
		for range 2 + i%3 {
			all = append(all, Event[int]{Customer: 1, Time: time.Date(2024, 1, 1, 10, 0, 0, 0, time.UTC), Kind: string(rune('a' + i))})
		}
	}
	plan := &Plan{Gap: NoGap, Horizon: 30, First: Date(2024, 1, 10), Last: Date(2024, 1, 10)}
	for name, more := range map[string][]Event[int]{
		"no purchase":  nil,
		"one purchase": {{Customer: 1, Time: time.Date(2024, 1, 2, 10, 0, 0, 0, time.UTC)}},
	} {
		d, err := Snapshots(t.Context(), featureLog(t, append(more, all...), time.UTC), plan, Happens{}, nil)
		require.NoError(t, err, name)
		require.Len(t, d.schema.Kinds, learntKinds, name)
		// Six of 20 kinds have four events, seven three and seven two, of which the first two by name.
		require.Equal(t, []string{"a", "b", "c", "d", "e", "f", "h", "i", "k", "l", "n", "o", "purchase", "q", "r", "t"}, d.schema.Kinds, name)
		since, _ := d.Table.Column(silenceColumn)
		require.Equal(t, more == nil, math.IsNaN(since.Num[0]), name)
	}
}

// Of several infinite features the first is named, whatever the customer.
func TestInfiniteFeature(t *testing.T) {
	var all []Event[int]
	for customer := range 2100 {
		all = append(all, Event[int]{Customer: customer, Time: time.Date(2023, 11, 1, 10, 0, 0, 0, time.UTC)})
	}
	infinite := func(from int) Feature[int] {
		return FeatureFunc[int](func(customer int, _ *History) float64 {
			if customer > from {
				return math.Inf(1)
			}
			return 0
		})
	}
	_, err := Snapshots(t.Context(), featureLog(t, all, time.UTC), snapshotPlan, Happens{}, &Features[int]{
		Own: []Own[int]{{Name: "fine", Feature: infinite(2100)}, {Name: "late", Feature: infinite(2050)}, {Name: "early", Feature: infinite(0)}},
	})
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, `"late"`)
}

package segment

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func small(t *testing.T, tags ...Tag) *Index {
	t.Helper()
	ix, err := New(&Options{Tags: tags})
	require.NoError(t, err)
	return ix
}

var two = []customer.ID{customer.FromInt64(1), customer.FromInt64(2)}

// Rows without a value are not looked at: neither their labels nor their codes are checked or kept.
func TestLoadLeavesOutRowsThatAreNotSet(t *testing.T) {
	ix := small(t, Tag{Name: "likes", Kind: Labels}, Tag{Name: "city", Kind: Enum})
	set := []bool{true, false}
	require.NoError(t, ix.Load(t.Context(), time.Time{}, two, []Column{
		{Tag: "likes", Lists: [][]string{{"tea"}, {"\xff"}}, Set: set},
		{Tag: "city", Codes: []int32{0, 9}, Levels: []string{"Lyon"}, Set: set},
	}))
	require.Equal(t, []string{"tea"}, ix.Snapshot().data[0].texts())
	require.Empty(t, rowOf(t, ix.Snapshot(), two[1]))
}

// A row of Load without a value keeps what was there, and the time it had.
func TestLoadKeepsTimes(t *testing.T) {
	ix := small(t, Tag{Name: "score", Kind: Float})
	var b Batch
	b.SetIfNewer(two[0], "score", customer.Float64Value(2), time.Unix(100, 0))
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.NoError(t, ix.Load(t.Context(), time.Time{}, two[:1], []Column{{Tag: "score", Floats: []float64{math.NaN()}}}))
	b.Reset()
	b.SetIfNewer(two[0], "score", customer.Float64Value(1), time.Unix(50, 0))
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.Equal(t, customer.Float64Value(2), valueIn(t, ix.Snapshot(), two[0], "score"))
}

// What deletes, comes too late or says nothing makes no tag fresh.
func TestWrittenIsWhatWasWritten(t *testing.T) {
	ix := small(t, Tag{Name: "vip", Kind: Flag, Refresh: time.Hour}, Tag{Name: "old", Kind: Flag, Refresh: time.Hour})
	begin := time.Unix(1_000_000, 0)
	b := Batch{At: begin}
	for _, id := range two {
		b.Set(id, "vip", customer.BoolValue(true))
		b.SetIfNewer(id, "old", customer.BoolValue(true), begin)
	}
	require.NoError(t, ix.Apply(t.Context(), &b))
	later := begin.Add(10 * time.Hour)
	b = Batch{At: later}
	b.Delete(two[0])
	b.SetIfNewer(two[1], "old", customer.BoolValue(false), begin.Add(-time.Hour))
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.NoError(t, ix.Load(t.Context(), later, two[1:], []Column{{Tag: "vip", Bools: []bool{true}, Set: []bool{false}}}))
	for _, c := range coverageOf(t, ix.Snapshot(), later) {
		require.True(t, c.Stale, c.Tag)
		require.True(t, begin.Equal(c.Written), c.Tag)
	}
	require.NoError(t, ix.Load(t.Context(), later, two[1:], []Column{{Tag: "vip", Bools: []bool{true}}}))
	require.False(t, coverageOf(t, ix.Snapshot(), later)[0].Stale)
}

func TestIncrementByNothing(t *testing.T) {
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	var b Batch
	b.Increment(two[0], "unknown", customer.Value{})
	require.EqualError(t, ix.Apply(t.Context(), &b), `segment: row 0: tag "unknown": value is unset`)
	require.Zero(t, ix.Snapshot().Len())
}

func TestRemoveLabelsAddsNoText(t *testing.T) {
	ix := small(t, Tag{Name: "likes", Kind: Labels})
	var b Batch
	b.AddLabels(two[0], "likes", "tea")
	b.RemoveLabels(two[0], "likes", "never heard of")
	require.NoError(t, ix.Apply(t.Context(), &b))
	require.Equal(t, []string{"tea"}, ix.Snapshot().data[0].texts())
}

// The rows of faults are those of the caller.
func TestFaultsOfRows(t *testing.T) {
	ix := small(t, Tag{Name: "vip", Kind: Flag}, Tag{Name: "city", Kind: Enum})
	row := func(id customer.ID, v customer.Value) customer.Row {
		return customer.Row{ID: id, Values: []customer.Field{{Name: "city", Value: customer.TextValue("Lyon")}, {Name: "vip", Value: v}}}
	}
	err := ix.ApplyRows(t.Context(), customer.RowBatch{
		Deletes: []customer.ID{customer.FromInt64(3)},
		Upserts: []customer.Row{row(two[0], customer.BoolValue(true)), row(two[1], customer.Int64Value(1))},
	})
	require.EqualError(t, err, `segment: row 1: tag "vip": value of kind int64 for a tag of kind flag`)
}

func TestManyWorkers(t *testing.T) {
	ix := small(t, Tag{Name: "orders", Kind: Integer})
	var b Batch
	b.Set(two[0], "orders", customer.Int64Value(3))
	require.NoError(t, ix.Apply(t.Context(), &b))
	q := Query{Workers: math.MaxInt}
	n, err := ix.Snapshot().Count(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	top, err := ix.Snapshot().Top(t.Context(), q, "orders", 5)
	require.NoError(t, err)
	require.Len(t, top, 1)
}

// Batches that declare thousands of tags, and customers who have hundreds of labels written again, take no time that
// grows with their square.
func BenchmarkLabelsAgain(b *testing.B) {
	for _, labels := range []int{100, 1000} {
		b.Run(fmt.Sprint(labels), func(b *testing.B) {
			ix, err := New(&Options{Tags: []Tag{{Name: "likes", Kind: Labels}}})
			require.NoError(b, err)
			ids, lists := make([]customer.ID, 60_000), make([][]string, 60_000)
			for i := range ids {
				ids[i] = customer.FromInt64(int64(i))
				for k := range 3 {
					lists[i] = append(lists[i], fmt.Sprint("label ", (i*7+k*31)%labels))
				}
			}
			for b.Loop() {
				require.NoError(b, ix.Load(b.Context(), time.Time{}, ids, []Column{{Tag: "likes", Lists: lists}}))
			}
		})
	}
}

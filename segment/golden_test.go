package segment

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

var update = flag.Bool("update", false, "write testdata/snapshot-1.hex anew: only for a format that no release has written")

// TestFileStaysReadable reads a file of format 1, in hexadecimal: what has been written once is read by all versions to come.
func TestFileStaysReadable(t *testing.T) {
	const path = "testdata/snapshot-1.hex"
	a, b, gone := customer.FromInt64(1), customer.FromInt64(2), customer.FromInt64(3)
	at := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	tags := []Tag{
		{
			Name: "vip", Kind: Flag, Path: "service/level", Label: customer.Text{EN: "important", ZH: "贵宾"}, Origin: FromModel, Owner: "crm",
			Refresh: 24 * time.Hour,
		},
		{Name: "地区", Kind: Enum, Hierarchy: true},
		{Name: "likes", Kind: Labels},
		{Name: "orders", Kind: Integer},
		{Name: "spend", Kind: Decimal, Scale: 2},
		{Name: "score", Kind: Float},
		{Name: "seen", Kind: Time, Unit: time.Millisecond},
	}
	if *update {
		ix := indexOf(t, &Options{Tags: tags}, func(w *Batch) {
			w.At = at
			for _, id := range []customer.ID{a, gone, b} {
				w.Set(id, "vip", customer.BoolValue(id == a))
			}
			w.Set(a, "地区", customer.TextValue("广东/广州"))
			w.AddLabels(a, "likes", "tea", "咖啡")
			w.Set(a, "orders", customer.Int64Value(-3))
			w.SetIfNewer(b, "orders", customer.Int64Value(1<<40), at)
			w.Set(a, "spend", customer.DecimalValue(1999, 2))
			w.Set(b, "score", customer.Float64Value(0.1))
			w.Set(b, "seen", customer.TimeValue(at))
			w.Delete(gone)
		})
		var lines strings.Builder
		for text := hex.EncodeToString(fileOf(t, ix.Snapshot())); text != ""; {
			n := min(len(text), 120)
			lines.WriteString(text[:n] + "\n")
			text = text[n:]
		}
		require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o600))
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	data, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	require.NoError(t, err)
	ix, err := Read(t.Context(), bytes.NewReader(data), nil)
	require.NoError(t, err)
	s := ix.Snapshot()
	for i, want := range tags {
		require.Equal(t, want, *s.tags.tags[i])
	}
	require.Equal(t, []customer.ID{a, b}, customersOf(t, s))
	require.Equal(t, []customer.Field{
		{Name: "vip", Value: customer.BoolValue(true)},
		{Name: "地区", Value: customer.TextValue("广东/广州")},
		{Name: "likes", Value: customer.LabelsValue("tea", "咖啡")},
		{Name: "orders", Value: customer.Int64Value(-3)},
		{Name: "spend", Value: customer.DecimalValue(1999, 2)},
	}, rowOf(t, s, a))
	require.Equal(t, []customer.Field{
		{Name: "vip", Value: customer.BoolValue(false)},
		{Name: "orders", Value: customer.Int64Value(1 << 40)},
		{Name: "score", Value: customer.Float64Value(0.1)},
		{Name: "seen", Value: customer.TimeValue(at)},
	}, rowOf(t, s, b))
	var older Batch // the time of the value is still known
	older.SetIfNewer(b, "orders", customer.Int64Value(7), at.Add(-time.Second))
	require.NoError(t, ix.Apply(t.Context(), &older))
	require.Equal(t, customer.Int64Value(1<<40), valueIn(t, ix.Snapshot(), b, "orders"))
}

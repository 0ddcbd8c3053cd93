package churn

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var updateFeatureNames = flag.Bool("update-features", false, "write the golden list of feature columns")

func featureSchema(t *testing.T, kinds, channels, categories []string) *schema {
	t.Helper()
	s := &schema{Windows: []int{7, 30, 90, 365}, Kinds: kinds, Channels: channels, Categories: categories}
	require.NoError(t, s.complete(nil))
	return s
}

// Names of columns, and what is said of them, are part of every stored model.
func TestFeatureColumnsAreStable(t *testing.T) {
	s := featureSchema(t, []string{"App Login", Contact, Purchase, Refund}, []string{"store", "web"}, []string{"Garden & Home", "garden home"})
	var text strings.Builder
	for _, c := range s.Columns {
		fmt.Fprintf(&text, "%s\t%s\t%s\t%s\t%d\n", c.Name, c.Group, c.Measure, c.Kind, c.Days)
	}
	const file = "testdata/feature_columns.tsv"
	if *updateFeatureNames {
		require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(golden), text.String())
}

func TestFeatureColumnNamesDiffer(t *testing.T) {
	s := featureSchema(t, []string{"-", "Purchase", "purchase", "purchase gap", "购买"}, []string{"", "A b", "Other", "a_b", "a b"}[1:], nil)
	seen := map[string]bool{}
	for _, c := range s.Columns {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
	for _, name := range []string{"-_count_7d", "Purchase_count_7d", "purchase_gap_count_7d", "购买_count_7d", "channel_share_a_b", "channel_share_Other", "channel_share_a_b_", "channel_share_a b"} {
		require.True(t, seen[name], name)
	}
	require.True(t, seen[silenceColumn])
}

func TestMeasuresAreComplete(t *testing.T) {
	var names []string
	for i, m := range measures {
		require.NotEmpty(t, m.name, i)
		require.NotEmpty(t, m.unit, m.name)
		require.False(t, slices.Contains(names, m.name), m.name)
		names = append(names, m.name)
	}
	require.Len(t, measures, int(measureOwn)+1)
	s := featureSchema(t, []string{Purchase, Refund}, []string{"a"}, []string{"b"})
	for i := range measures[:measureOwn] {
		require.True(t, slices.ContainsFunc(s.Columns, func(c Info) bool { return c.Measure == measure(i).String() }), names[i])
	}
}

func TestSchemaValidate(t *testing.T) {
	good := featureSchema(t, []string{Contact, Purchase}, []string{"a", "b"}, []string{})
	require.NoError(t, good.complete([]Info{{Name: "mine", Group: "x", Measure: "own"}}))
	require.NoError(t, good.validate())
	data, err := json.Marshal(good)
	require.NoError(t, err)
	var back schema
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, good, &back)
	for name, spoil := range map[string]func(s *schema){
		"no windows":       func(s *schema) { s.Windows = nil },
		"window not there": func(s *schema) { s.Windows = []int{7, 30} },
		"bad window":       func(s *schema) { s.Windows[0] = -1 },
		"above the plan":   func(s *schema) { s.Window = 100 },
		"no purchases":     func(s *schema) { s.Kinds = []string{Contact} },
		"order":            func(s *schema) { slices.Reverse(s.Kinds) },
		"channel":          func(s *schema) { s.Channels[0] = "c" },
		"column renamed":   func(s *schema) { s.Columns[3].Name = "x" },
		"column missing":   func(s *schema) { s.Columns = s.Columns[1:] },
		"own too many":     func(s *schema) { s.Own = 1000 },
		"own negative":     func(s *schema) { s.Own = -1 },
		"own twice":        func(s *schema) { s.Columns = append(s.Columns, s.Columns[len(s.Columns)-1]); s.Own++ },
	} {
		var bad schema
		require.NoError(t, json.Unmarshal(data, &bad))
		spoil(&bad)
		require.ErrorIs(t, bad.validate(), ErrOptions, name)
	}
}

// The kinds that the package knows have their names whatever other kinds there are.
func TestKnownKindsKeepTheirNames(t *testing.T) {
	s := featureSchema(t, []string{"Contact", "Purchase", "Refund", Contact, Purchase, Refund}, []string{}, []string{})
	names := map[string]string{}
	for _, c := range s.Columns {
		if c.Measure == measureDaysSince.String() {
			names[c.Kind] = c.Name
		}
	}
	require.Equal(t, map[string]string{
		Contact: "contact_days_since", Purchase: "purchase_days_since", Refund: "refund_days_since",
		"Contact": "Contact_days_since", "Purchase": "Purchase_days_since", "Refund": "Refund_days_since",
	}, names)
	s = featureSchema(t, []string{"Refund", Purchase}, []string{}, []string{})
	require.True(t, slices.ContainsFunc(s.Columns, func(c Info) bool { return c.Name == "refund_days_since" && c.Kind == "Refund" }))
}

// Of purchases at one second the last channel counts, and the last category, by name.
func TestLastAtOneSecond(t *testing.T) {
	at := Day(20).Start(time.UTC)
	all := []Event[int]{
		{Customer: 1, Time: at.AddDate(0, 0, -1), Channel: "web", Category: "zoo"},
		{Customer: 1, Time: at, Channel: "app", Category: "books"},
		{Customer: 1, Time: at, Channel: "store", Category: "toys"},
		{Customer: 1, Time: at, Kind: Refund, Channel: "web", Category: "zoo"},
		{Customer: 1, Time: at, Channel: "web", Category: "books"},
		{Customer: 1, Time: at, Channel: "web"},
	}
	d, err := Snapshots(t.Context(), newLabelLog(t, all), &Plan{Gap: NoGap, Horizon: 10, First: 30, Last: 30}, Happens{}, nil)
	require.NoError(t, err)
	for name, want := range map[string]string{"channel_last": "web", "category_last": "toys"} {
		c, ok := d.Table.Column(name)
		require.True(t, ok)
		require.Equal(t, want, c.Level(0))
	}
}

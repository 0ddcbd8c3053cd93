package rfm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
)

// Holes, overlaps and unreachable names of the published tables, counted by
// trying all 125 scores by hand-written conditions (see slowSegment).
func TestCoverageOfTables(t *testing.T) {
	for name, test := range map[string]struct {
		table           *rfm.SegmentTable
		holes, overlaps int
		unreachable     []string
	}{
		"eleven":    {rfm.Eleven(), 0, 0, nil},
		"published": {rfm.Published(), 36, 42, []string{"new", "promising", "cant-lose", "lost"}},
		"R":         {rfm.RTable(), 10, 58, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := test.table.Validate()
			require.NoError(t, err)
			require.Equal(t, 125, c.Cells)
			require.Len(t, c.Holes, test.holes)
			require.Len(t, c.Overlaps, test.overlaps)
			require.Equal(t, test.unreachable, c.Unreachable)
			require.Equal(t, test.holes == 0, c.Total())
			require.Equal(t, test.overlaps == 0, c.Disjoint())
		})
	}
}

// The model's look-up agrees with reading the rules one by one.
func TestSegmentLookup(t *testing.T) {
	for _, table := range []*rfm.SegmentTable{rfm.Eleven(), rfm.Published(), rfm.RTable()} {
		m, err := rfm.Fit(t.Context(), ready([]int{1, 2, 3, 4, 5, 6, 7}), &rfm.Options{Table: table})
		require.NoError(t, err)
		for r := uint8(1); r <= 5; r++ {
			for f := uint8(1); f <= 5; f++ {
				for money := uint8(1); money <= 5; money++ {
					s := rfm.Scores{R: r, F: f, M: money}
					require.Equal(t, slowSegment(table, s), m.Segment(s).ID)
				}
			}
		}
	}
}

func slowSegment(table *rfm.SegmentTable, s rfm.Scores) string {
	in := func(r rfm.Range, v float64) bool {
		return r == rfm.Range{} || float64(r.Lo) <= v && v <= float64(r.Hi)
	}
	fm := float64(int((float64(s.F)+float64(s.M))/2 + 0.5))
	for _, segment := range table.Segments {
		for _, rule := range segment.Rules {
			if in(rule.R, float64(s.R)) && in(rule.F, float64(s.F)) && in(rule.M, float64(s.M)) && in(rule.FM, fm) {
				return segment.ID
			}
		}
	}
	return "others"
}

func TestOwnTable(t *testing.T) {
	table := &rfm.SegmentTable{Name: "two", Bins: 3, Segments: []rfm.Segment{
		{Group: rfm.Group{ID: "best"}, Rules: []rfm.Rule{{R: rfm.Range{Lo: 3, Hi: 3}}, {M: rfm.Range{Lo: 3, Hi: 3}}}},
		{Group: rfm.Group{ID: "rest"}, Rules: []rfm.Rule{{}}},
		{Group: rfm.Group{ID: "never"}},
	}}
	c, err := table.Validate()
	require.NoError(t, err)
	require.True(t, c.Total())
	require.Len(t, c.Overlaps, 27-12)
	require.Equal(t, []string{"never"}, c.Unreachable)

	_, err = rfm.Fit(t.Context(), ready([]int{1, 2, 3}), &rfm.Options{Table: table})
	require.ErrorContains(t, err, `"two" is made for 3 bins, dimension R has 5`)
	m, err := rfm.Fit(t.Context(), ready([]int{1, 2, 3}), &rfm.Options{Table: table, Binning: rfm.Binning{Bins: 3}})
	require.NoError(t, err)
	require.Equal(t, "best", m.Segment(rfm.Scores{R: 3, F: 1, M: 1}).ID)
	require.Equal(t, "rest", m.Segment(rfm.Scores{R: 2, F: 3, M: 1}).ID)
}

func TestMalformedTables(t *testing.T) {
	segment := func(id string, r rfm.Range) rfm.Segment {
		return rfm.Segment{Group: rfm.Group{ID: id}, Rules: []rfm.Rule{{F: r}}}
	}
	for name, test := range map[string]struct {
		table rfm.SegmentTable
		want  string
	}{
		"empty":       {rfm.SegmentTable{}, "no segments"},
		"bins":        {rfm.SegmentTable{Bins: 1, Segments: []rfm.Segment{segment("a", rfm.Range{})}}, "1 bins"},
		"no id":       {rfm.SegmentTable{Segments: []rfm.Segment{segment("", rfm.Range{})}}, `segment 0: id "" is empty`},
		"twice":       {rfm.SegmentTable{Segments: []rfm.Segment{segment("a", rfm.Range{}), segment("a", rfm.Range{})}}, "segment 1"},
		"others":      {rfm.SegmentTable{Segments: []rfm.Segment{segment("others", rfm.Range{})}}, "reserved"},
		"upside down": {rfm.SegmentTable{Segments: []rfm.Segment{segment("a", rfm.Range{Lo: 3, Hi: 2})}}, "range F is upside down"},
		"outside":     {rfm.SegmentTable{Segments: []rfm.Segment{segment("a", rfm.Range{Lo: 3, Hi: 6})}}, "outside 1 to 5"},
		"zero":        {rfm.SegmentTable{Segments: []rfm.Segment{segment("a", rfm.Range{Lo: 0, Hi: 2})}}, "outside 1 to 5"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.table.Validate()
			require.ErrorIs(t, err, rfm.ErrOptions)
			require.ErrorContains(t, err, test.want)
			_, err = rfm.Fit(t.Context(), ready([]int{1, 2}), &rfm.Options{Table: &test.table})
			require.ErrorContains(t, err, test.want)
		})
	}
}

// The eight classes by their Chinese names, bits in the order R F M: the
// table of the vendor manuals (重要价值 111 ... 一般挽留 000).
func TestEightClasses(t *testing.T) {
	classes := rfm.EightClasses()
	for bits, name := range map[int]string{
		0b111: "重要价值客户", 0b101: "重要发展客户", 0b011: "重要保持客户", 0b001: "重要挽留客户",
		0b110: "一般价值客户", 0b100: "一般发展客户", 0b010: "一般保持客户", 0b000: "一般挽留客户",
	} {
		require.Equal(t, name, classes[bits].Name.ZH)
	}
	// Ten days, three orders, 200 of money part high from low.
	fixed := rfm.Classes{Cut: rfm.FixedValue, Values: [3]float64{10, 3, 200}}
	fit := func(c rfm.Classes) *rfm.Model {
		m, err := rfm.Fit(t.Context(), ready([]int{1, 2, 3, 10}), &rfm.Options{Classes: &c})
		require.NoError(t, err)
		return m
	}
	m := fit(fixed)
	for v, want := range map[rfm.Values]string{
		{Recency: 9, Frequency: 4, Monetary: 201}:  "important-value",
		{Recency: 9, Frequency: 3, Monetary: 201}:  "important-develop",
		{Recency: 10, Frequency: 4, Monetary: 201}: "important-keep",
		{Recency: 10, Frequency: 3, Monetary: 201}: "important-retain",
		{Recency: 9, Frequency: 4, Monetary: 200}:  "general-value",
		{Recency: 9, Frequency: 3, Monetary: 200}:  "general-develop",
		{Recency: 10, Frequency: 4, Monetary: 200}: "general-keep",
		{Recency: 10, Frequency: 3, Monetary: 200}: "general-retain",
	} {
		require.Equal(t, want, m.Class(v, rfm.Scores{}).ID)
	}
	fixed.AtLeast = true
	require.Equal(t, "important-value", fit(fixed).Class(rfm.Values{Recency: 10, Frequency: 3, Monetary: 200}, rfm.Scores{}).ID)

	// ready has values 1 2 3 10, recency 9 8 7 0.
	_, cuts := fit(rfm.Classes{Cut: rfm.MeanValue}).Classes()
	require.Equal(t, [3]float64{6, 4, 4}, cuts)
	_, cuts = fit(rfm.Classes{Cut: rfm.Median}).Classes()
	require.Equal(t, [3]float64{7.5, 2.5, 2.5}, cuts)
	m = fit(rfm.Classes{})
	_, cuts = m.Classes() // scores 1 2 4 5
	require.Equal(t, [3]float64{3, 3, 3}, cuts)
	require.Equal(t, "important-value", m.Class(rfm.Values{}, rfm.Scores{R: 4, F: 4, M: 4}).ID)
	require.Equal(t, "general-retain", m.Class(rfm.Values{}, rfm.Scores{R: 3, F: 3, M: 3}).ID, "strictly above the mean")

	m = fit(rfm.Classes{Names: map[string]rfm.Text{"general-keep": {EN: "Potential", ZH: "潜力客户"}}})
	require.Equal(t, "潜力客户", m.Class(rfm.Values{}, rfm.Scores{R: 1, F: 5, M: 1}).Name.ZH)
	_, err := rfm.Fit(t.Context(), ready([]int{1}), &rfm.Options{Classes: &rfm.Classes{Names: map[string]rfm.Text{"keep": {}}}})
	require.ErrorContains(t, err, "no class")
}

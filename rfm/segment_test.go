package rfm_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode"

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

// slowSegment is the id of the first of the segments that hold s.
func slowSegment(table *rfm.SegmentTable, s rfm.Scores) string {
	return append(slowSegments(table, s), "others")[0]
}

// slowSegments are the ids of the segments that hold s, in table order.
func slowSegments(table *rfm.SegmentTable, s rfm.Scores) (ids []string) {
	in := func(r rfm.Range, v float64) bool {
		return r == rfm.Range{} || float64(r.Lo) <= v && v <= float64(r.Hi)
	}
	fm := float64(int((float64(s.F)+float64(s.M))/2 + 0.5))
	for _, segment := range table.Segments {
		held := false
		for _, rule := range segment.Rules {
			held = held || in(rule.R, float64(s.R)) && in(rule.F, float64(s.F)) && in(rule.M, float64(s.M)) && in(rule.FM, fm)
		}
		if held {
			ids = append(ids, segment.ID)
		}
	}
	return ids
}

// Validate lists the very scores that no segment or more than one holds, of the published tables and of any other.
func TestCoverageCellByCell(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 9))
	tables := []*rfm.SegmentTable{rfm.Eleven(), rfm.Published(), rfm.RTable()}
	for range 200 {
		n := 2 + r.IntN(5)
		span := func() rfm.Range {
			if r.IntN(3) == 0 {
				return rfm.Range{}
			}
			lo := 1 + r.IntN(n)
			return rfm.Range{Lo: uint8(lo), Hi: uint8(lo + r.IntN(n-lo+1))}
		}
		table := &rfm.SegmentTable{Bins: n}
		for i := range 1 + r.IntN(6) {
			s := rfm.Segment{Group: rfm.Group{ID: strconv.Itoa(i)}}
			for range r.IntN(4) {
				s.Rules = append(s.Rules, rfm.Rule{R: span(), F: span(), M: span(), FM: span()})
			}
			table.Segments = append(table.Segments, s)
		}
		tables = append(tables, table)
	}
	for _, table := range tables {
		var want rfm.Coverage
		reached := map[string]bool{}
		for r := range table.Bins {
			for f := range table.Bins {
				for m := range table.Bins {
					s := rfm.Scores{R: uint8(r + 1), F: uint8(f + 1), M: uint8(m + 1)}
					ids := slowSegments(table, s)
					want.Cells++
					if len(ids) == 0 {
						want.Holes = append(want.Holes, s)
						continue
					}
					reached[ids[0]] = true
					if len(ids) > 1 {
						want.Overlaps = append(want.Overlaps, s)
					}
				}
			}
		}
		for _, s := range table.Segments {
			if !reached[s.ID] {
				want.Unreachable = append(want.Unreachable, s.ID)
			}
		}
		got, err := table.Validate()
		require.NoError(t, err)
		require.Equal(t, &want, got)
	}
}

// Every group of the four tables has an id, names in both languages and advice; each can be replaced.
func TestGroupsAreNamed(t *testing.T) {
	classes := rfm.EightClasses()
	tables := map[string][]rfm.Group{"classes": classes[:]}
	for _, table := range []*rfm.SegmentTable{rfm.Eleven(), rfm.Published(), rfm.RTable()} {
		for _, s := range table.Segments {
			tables[table.Name] = append(tables[table.Name], s.Group)
		}
	}
	require.Len(t, tables, 4)
	for table, groups := range tables {
		seen := map[string]bool{}
		for _, g := range groups {
			require.Regexp(t, `^[a-z]+(-[a-z]+)*$`, g.ID, table)
			for _, text := range []string{g.ID, g.Name.EN, g.Name.ZH, g.Advice.EN, g.Advice.ZH} {
				require.NotEmpty(t, text, g.ID)
				require.False(t, seen[text], text)
				seen[text] = true
			}
			for _, zh := range []string{g.Name.ZH, g.Advice.ZH} {
				require.True(t, strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }), zh)
			}
		}
	}

	table, call := rfm.Eleven(), rfm.Text{EN: "Call them.", ZH: "致电。"}
	table.Segments[0].Advice = call
	a, err := rfm.AnalyzeCustomers(t.Context(), ready([]int{1, 2, 3, 4, 5, 6, 7, 8, 9}), nil, &rfm.Options{
		Table: table, Classes: &rfm.Classes{Advice: map[string]rfm.Text{"important-value": call}},
	})
	require.NoError(t, err)
	best := a.Customers[8]
	require.Equal(t, call, a.Model.Segment(best.Scores).Advice)
	require.Equal(t, call, a.Model.Class(best.Values, best.Scores).Advice)
	segments, eight := a.BySegment().Summary(), a.ByClass().Summary()
	require.Equal(t, []any{call, "Champions"}, []any{segments[0].Advice, segments[0].Name.EN})
	require.Equal(t, []any{call, "重要价值客户"}, []any{eight[0].Advice, eight[0].Name.ZH})
	require.Equal(t, rfm.Eleven().Segments[1].Advice, segments[1].Advice)
	require.Equal(t, classes[0b101].Advice, eight[1].Advice)
	require.NotEqual(t, call, rfm.Eleven().Segments[0].Advice, "of this table alone")
	_, err = rfm.Fit(t.Context(), ready([]int{1}), &rfm.Options{Classes: &rfm.Classes{Advice: map[string]rfm.Text{"keep": {}}}})
	require.ErrorContains(t, err, "no class")
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

package cluster

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/clientele-go/clientele/table"
)

// shownColumns is how many columns of a group String shows.
const shownColumns = 5

// String returns the description as text for people: of each group, the largest label
// last, its names in both languages, size and rule, and the columns that separate it best;
// under "× average" Lift and under "higher than others" Position.
func (d *Description) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", countText(d.Rows, "row"), countText(len(d.Groups), "group"))
	for i := range d.Groups {
		d.group(&b, &d.Groups[i])
	}
	return b.String()
}

func (d *Description) group(b *strings.Builder, g *Group) {
	fmt.Fprintf(b, "\n%d  %s · %s\n", g.Label, g.Name.EN, g.Name.ZH)
	if g.Class != (Text{}) {
		fmt.Fprintf(b, "   class %s · %s\n", g.Class.EN, g.Class.ZH)
	}
	fmt.Fprintf(b, "   %s, %s of all\n", countText(g.Rows, "row"), percentText(g.Share))
	if g.Rule != nil {
		fmt.Fprintf(b, "   rule: %s\n         finds %s of the group; %s of what it finds is in the group\n",
			g.Rule, percentText(g.Rule.Coverage), percentText(g.Rule.Precision))
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	header := false
	var levels []string
	for _, i := range g.Separating[:min(len(g.Separating), shownColumns)] {
		p, base := &g.Columns[i], &d.Columns[i]
		if p.Kind == table.Category {
			levels = append(levels, levelLine(p))
			continue
		}
		if !header {
			fmt.Fprintln(w, "\tmedian\tof all\tmean\tof all\t× average\thigher than others\t")
			header = true
		}
		lift := "-"
		if !math.IsNaN(p.Lift) {
			lift = strconv.FormatFloat(p.Lift, 'f', 2, 64)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", "   "+p.Column,
			roughNumber(p.Median), roughNumber(base.Median), roughNumber(p.Mean), roughNumber(base.Mean), lift, percentText(p.Position))
	}
	w.Flush()
	for _, line := range levels {
		b.WriteString("   " + line + "\n")
	}
}

// levelLine shows the levels of a group.
func levelLine(p *ColumnProfile) string {
	var parts []string
	for _, l := range p.Levels[:min(len(p.Levels), 3)] {
		if l.Share == 0 {
			break
		}
		parts = append(parts, fmt.Sprintf("%s %s (of all %s)", l.Level, percentText(l.Share), percentText(l.BaseShare)))
	}
	return p.Column + ": " + strings.Join(parts, ", ")
}

// countText is "1 row" or "1,234 rows".
func countText(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return formatNumber(float64(n)) + " " + noun
}

func percentText(share float64) string {
	text := strconv.FormatFloat(100*share, 'f', 1, 64)
	switch {
	case text == "100.0" && share < 1:
		text = ">99.9"
	case text == "0.0" && share > 0:
		text = "<0.1"
	}
	return strings.TrimSuffix(text, ".0") + "%"
}

// roughNumber writes a number with about four digits.
func roughNumber(x float64) string {
	size := math.Abs(x)
	switch {
	case size >= 1000:
		x = math.Round(x)
	case size > 0:
		x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	}
	return formatNumber(x)
}

// formatNumber writes a number in full, with commas between thousands.
func formatNumber(x float64) string {
	if size := math.Abs(x); size >= 1e15 || size > 0 && size < 1e-6 {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', -1, 64)
	whole, part, found := strings.Cut(text, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if found {
		whole += "." + part
	}
	if x < 0 {
		return "-" + whole
	}
	return whole
}

package blocks

import (
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/table"
)

// Candidate returns how far apart the groups of a candidate are, and whether they are found again.
func Candidate(c *cluster.Candidate) report.Facts {
	return report.Facts{
		{Measure: measure("groups", "群数", report.Number), Value: c.K},
		{Measure: measure("silhouette", "轮廓系数", report.Ratio), Value: c.Silhouette, Note: t("1 is far apart", "1为完全分开")},
		{Measure: measure("stability of the least stable", "最不稳定群的稳定性", report.Ratio), Value: c.MinStability(), Note: t("1 is always found again", "1为总能重现")},
	}
}

// Clusters returns a heat map of what sets groups apart, of each the share of the other customers that are below it in
// each column of numbers, and a table of sizes and medians. measures name the columns of numbers, in their order, and say
// how their values are written; those that are missing are named as in the table.
func Clusters(d *cluster.Description, measures ...report.Measure) []report.Block {
	profiles := report.Matrix{
		Title: t("Profiles: a member is above this share of the others", "群体画像：成员高于多大比例的其他客户"),
		Value: share, Shade: report.ByHalf,
	}
	sizes := report.Table{Title: t("Groups: sizes and medians", "各群规模与中位数"), Columns: []report.Measure{unnamed, customers, share}}
	var shown []int
	for i, c := range d.Columns {
		if c.Kind != table.Number {
			continue
		}
		m := report.Measure{Name: report.Same(c.Column)}
		if len(shown) < len(measures) {
			m = measures[len(shown)]
		}
		shown = append(shown, i)
		profiles.Columns = append(profiles.Columns, m.Name)
		sizes.Columns = append(sizes.Columns, m)
	}
	sizes.Columns = append(sizes.Columns, measure("class", "类别", report.Number))
	for _, g := range d.Groups {
		positions, row := make([]float64, len(shown)), []any{report.Text(g.Name), g.Rows, g.Share}
		for j, i := range shown {
			positions[j] = g.Columns[i].Position
			row = append(row, g.Columns[i].Median)
		}
		profiles.Add(report.Text(g.Name), positions...)
		sizes.Add(append(row, report.Text(g.Class))...)
	}
	return []report.Block{profiles, sizes}
}

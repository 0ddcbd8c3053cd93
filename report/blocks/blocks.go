// Package blocks answers how results of the library get into a report: it turns data quality, values and segments,
// migration, groups of alike customers, and who is leaving into blocks of one, with titles, axes and columns named in
// English and Chinese.
//
//	tiers, err := analysis.ByTier() // of rfm.Analyze
//	...
//	value := report.Section{Title: report.Text{EN: "Value", ZH: "价值"}}
//	value.Blocks = append(value.Blocks, blocks.Shares(report.Text{}, tiers))
//
// The package example has it whole.
//
// The functions are short, and all they return are plain values of package [report]: change a title or a note, leave out
// a block, or take them as a pattern for your own. Money is in minor units, as everywhere in the library.
package blocks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/rfm"
)

// t is a text in English and Chinese.
func t(en, zh string) report.Text { return report.Text{EN: en, ZH: zh} }

// measure names numbers.
func measure(en, zh string, f report.Format) report.Measure {
	return report.Measure{Name: t(en, zh), Format: f}
}

// What comes up again and again.
var (
	unnamed       = report.Measure{}
	customers     = measure("customers", "客户数", report.Number)
	share         = measure("share", "占比", report.Percent)
	revenue       = measure("revenue", "消费金额", report.Money)
	recency       = measure("days since the last purchase", "距上次购买天数", report.Number)
	frequency     = measure("frequency", "消费频次", report.Number)
	medianDays    = measure("median days", "天数中位数", report.Number)
	medianTimes   = measure("median frequency", "频次中位数", report.Number)
	medianRevenue = measure("median revenue", "金额中位数", report.Money)
	lift          = measure("lift", "提升度", report.Ratio)
)

// Distributions returns histograms of recency, frequency and revenue; the last two on logarithmic axes.
func Distributions[K comparable](a *rfm.Analysis[K]) []report.Block {
	shown := []report.Histogram{
		{Title: t("Recency", "最近一次消费"), X: recency},
		{Title: t("Frequency", "消费频次"), X: frequency, Log: true},
		{Title: t("Monetary value", "消费金额"), X: revenue, Log: true},
	}
	blocks := make([]report.Block, len(shown))
	values := make([]float64, len(a.Customers))
	for i, h := range shown {
		for j := range a.Customers {
			c := &a.Customers[j]
			values[j] = [...]float64{float64(c.Recency), float64(c.Frequency), float64(c.Revenue)}[i]
		}
		h.Of = customers.Name
		h.Fill(values, 0)
		blocks[i] = h
	}
	return blocks
}

// Best returns how many customers there are, and what part of them and of the revenue the first group is, which is the
// best among those of [rfm.Analysis.ByTier].
func Best[K comparable](g *rfm.Grouping[K]) report.Facts {
	groups, all := g.Summary(), 0
	for _, s := range groups {
		all += s.Customers
	}
	best := groups[0]
	return report.Facts{
		{Measure: customers, Value: all},
		{Measure: measure("of them the best", "头部客户占比", report.Percent), Value: best.Share, Note: report.Text(best.Name)},
		{Measure: measure("revenue of the best", "头部客户消费金额", report.Money), Value: best.Revenue},
		{Measure: measure("of all revenue", "占全部金额", report.Percent), Value: best.RevenueShare},
	}
}

// Shares returns a chart of the groups: their part of customers beside their part of revenue.
func Shares[K comparable](title report.Text, g *rfm.Grouping[K]) report.Bars {
	bars := report.Bars{Title: title, Value: share, Series: []report.Series{{Name: t("of customers", "客户占比")}, {Name: t("of revenue", "金额占比")}}}
	for _, s := range g.Summary() {
		bars.Add(report.Text(s.Name), s.Share, s.RevenueShare)
	}
	return bars
}

// Groups returns the figures of the groups, with the advice of each where there is any.
func Groups[K comparable](title report.Text, g *rfm.Grouping[K]) report.Table {
	out := report.Table{Title: title, Columns: []report.Measure{unnamed, customers, revenue, medianDays, medianTimes, medianRevenue, measure("advice", "建议", report.Number)}}
	advice := false
	for _, s := range g.Summary() {
		advice = advice || s.Advice != (rfm.Text{})
		out.Add(report.Text(s.Name), s.Customers, s.Revenue, s.MedianRecency, s.MedianFrequency, s.MedianMonetary, report.Text(s.Advice))
	}
	if !advice {
		out.Columns = out.Columns[:6]
		for i := range out.Rows {
			out.Rows[i] = out.Rows[i][:6]
		}
	}
	return out
}

// Top returns the customers with the largest revenue, at most n of them, with their segments. Those of equal revenue are
// in the order of the analysis.
func Top[K comparable](title report.Text, a *rfm.Analysis[K], n int) report.Table {
	out := report.Table{Title: title, Columns: []report.Measure{
		measure("customer", "客户", report.Number), revenue, frequency, recency, measure("segment", "分群", report.Number),
	}}
	order := make([]int, len(a.Customers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a.Customers[j].Revenue, a.Customers[i].Revenue) })
	for _, i := range order[:min(max(n, 0), len(order))] {
		c := &a.Customers[i]
		out.Add(fmt.Sprint(c.ID), c.Revenue, c.Frequency, c.Recency, report.Text(a.Model.Segment(c.Scores).Name))
	}
	return out
}

// Migration returns who moved from which group to which, shaded by the share of the row. The texts say what the times
// are: "quarter to 2024-09-30".
func Migration[K comparable](m *rfm.Migration[K], before, after report.Text) report.Matrix {
	out := report.Matrix{
		Title: t("Who moved where", "分群迁移"), Value: customers, Shade: report.ByRow, Row: before, Column: after,
		Note: t("Shaded by the share of the row.", "颜色深浅为行内占比。"),
	}
	for _, g := range m.To {
		out.Columns = append(out.Columns, report.Text(g.Name))
	}
	for i, g := range m.From {
		counts := make([]float64, len(m.To))
		for j := range counts {
			counts[j] = float64(m.Count(i, j))
		}
		out.Add(report.Text(g.Name), counts...)
	}
	return out
}

// Outcomes returns what the groups of a back-test did afterwards, all together last.
func Outcomes(title report.Text, b *rfm.Backtest) report.Table {
	out := report.Table{
		Title: title, Total: true,
		Columns: []report.Measure{unnamed, customers, measure("bought again", "再次购买", report.Number), share, revenue, measure("a customer", "人均", report.Money), lift},
	}
	for i := range len(b.Groups) + 1 {
		o := &b.All
		if i < len(b.Groups) {
			o = &b.Groups[i]
		}
		out.Add(report.Text(o.Name), o.Customers, o.Buyers, o.BuyerShare, o.Revenue, o.PerCustomer, o.Lift)
	}
	return out
}

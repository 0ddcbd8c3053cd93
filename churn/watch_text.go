package churn

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// find fills in findings and summary.
func (r *WatchReport) find(o *WatchOptions) {
	add := func(is bool, code string, text Text) {
		if is {
			r.Findings = append(r.Findings, WatchFinding{code, text})
		}
	}
	add(r.Shifted > 0 && r.ShiftedImportance >= o.Importance, "columns", r.columnsText())
	add(r.Score.Drift == DriftShifted, "score", textOf(
		"Probabilities have shifted: PSI %.2f, their mean is %s, in training %s",
		"预测概率分布发生漂移：PSI为%.2f，平均概率为%s，训练时为%s",
		r.Score.PSI, writePercent(r.Mean), writePercent(r.BaselineMean)))
	if p := r.Performance; p != nil {
		if p.AtFit != nil {
			add(p.AUCDrift == DriftShifted && p.AUC.Value < p.AtFit.AUC.Value, "auc", textOf(
				"Ranking has become worse: AUC %.2f, at the fit %.2f", "排序能力下降：AUC为%.2f，训练时为%.2f", p.AUC.Value, p.AtFit.AUC.Value))
		}
		add(p.RateDrift == DriftShifted, "rate", textOf(
			"It came true of %s, the probabilities said %s", "实际发生率为%s，预测为%s", writePercent(p.Rate.Value), writePercent(p.Mean)))
		extreme := Text{"Probabilities are too extreme", "预测概率过于极端"}
		if p.Slope.Value > 1 {
			extreme = Text{"Probabilities are too timid", "预测概率过于保守"}
		}
		add(p.SlopeDrift == DriftShifted, "slope", textOf(
			extreme.EN+": calibration slope %.2f", extreme.ZH+"：校准斜率为%.2f", p.Slope.Value))
	}
	r.Alarm = len(r.Findings) > 0
	r.Summary = r.summary()
}

func textOf(en, zh string, values ...any) Text {
	return Text{fmt.Sprintf(en, values...), fmt.Sprintf(zh, values...)}
}

// columnsText names the first shifted columns.
func (r *WatchReport) columnsText() Text {
	const most = 3
	var names []string
	for i := range r.Columns[:min(r.Shifted, most)] {
		names = append(names, r.Columns[i].Name)
	}
	more, rest := Text{"", ""}, r.Shifted-len(names)
	if rest > 0 {
		more = textOf(" and %d more", "等%d列", r.Shifted)
		more.EN = fmt.Sprintf(" and %d more", rest)
	}
	part := writePercent(r.ShiftedImportance)
	return Text{
		fmt.Sprintf("%d of %d columns shifted, with %s of what columns add to scores: %s%s", r.Shifted, len(r.Columns), part, strings.Join(names, ", "), more.EN),
		fmt.Sprintf("%d列中有%d列发生漂移，占评分影响的%s：%s%s", len(r.Columns), r.Shifted, part, strings.Join(names, "、"), more.ZH),
	}
}

// driftTexts say of the probabilities what became of them.
var driftTexts = [...]Text{
	DriftStable:   {"probabilities stable", "预测概率稳定"},
	DriftOrdinary: {"probabilities within what is ordinary", "预测概率在正常波动之内"},
	DriftShifted:  {"probabilities shifted", "预测概率漂移"},
}

func (r *WatchReport) summary() Text {
	t := textOf("%[1]d of %[2]d columns shifted", "%[2]d列中%[1]d列漂移", r.Shifted, len(r.Columns))
	said := driftTexts[r.Score.Drift]
	t.EN, t.ZH = t.EN+", "+said.EN, t.ZH+"，"+said.ZH
	add := func(en, zh string, values ...any) {
		more := textOf(en, zh, values...)
		t.EN, t.ZH = t.EN+", "+more.EN, t.ZH+"，"+more.ZH
	}
	p := r.Performance
	if p == nil {
		return t
	}
	if !math.IsNaN(p.AUC.Value) {
		now := reportEstimate(p.AUC, 2)
		if p.AtFit != nil {
			add("AUC %s, at the fit %.2f", "AUC为%s，训练时为%.2f", now, p.AtFit.AUC.Value)
		} else {
			add("AUC %s", "AUC为%s", now)
		}
	}
	add("came true %s, predicted %s", "实际发生率%s，预测%s", writePercent(p.Rate.Value), writePercent(p.Mean))
	return t
}

// writePercent writes a share with a decimal.
func writePercent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + "%" }

// String is the report for people: the summary, what to look at, how the model did where that is known,
// the columns, those first that matter most, and what the figures are. Of those that have not shifted only
// the first few are shown.
func (r *WatchReport) String() string {
	var t reportTable
	fmt.Fprintf(&t.text, "%s: %s\n", r.Label, r.Summary.EN)
	fmt.Fprintf(&t.text, "%d rows of %d customers, %s, beside %d training rows, %s\n",
		r.Rows, r.Customers, writeCutoffs(r.First, r.Last), r.FitRows, writeCutoffs(r.FitFirst, r.FitLast))
	if r.Independent < pastLeast {
		fmt.Fprintf(&t.text, "past cut-offs a horizon apart are too few (%d) to know what is ordinary: a PSI of 0.1 and a KS of %g are taken for it\n", r.Independent, conventionKS)
	} else {
		fmt.Fprintf(&t.text, "where nothing has changed, at most %g%% of reports call a column shifted; past cut-offs: %d, of which %d count as independent\n",
			100*r.Level, r.Past, r.Independent)
	}
	fmt.Fprintln(&t.text)
	for _, f := range r.Findings {
		fmt.Fprintf(&t.text, "! %s\n", f.Text.EN)
	}
	if !r.Alarm {
		fmt.Fprintln(&t.text, "nothing to look at")
	}
	r.Performance.write(&t)
	fmt.Fprintln(&t.text)
	r.writeColumns(&t)
	return t.text.String()
}

func writeCutoffs(first, last Day) string {
	if first == last {
		return "cut-off " + first.String()
	}
	return fmt.Sprintf("cut-offs %v to %v", first, last)
}

func (p *WatchPerformance) write(t *reportTable) {
	if p == nil {
		return
	}
	fmt.Fprintf(&t.text, "\nwhat came true: %d of %d rows of %d customers, %s", p.Positive, p.Rows, p.Customers, writeCutoffs(p.First, p.Last))
	if p.Immature > 0 {
		fmt.Fprintf(&t.text, "; later cut-offs whose horizon has not ended: %d", p.Immature)
	}
	fmt.Fprintln(&t.text)
	fit := func(of func(q *WatchQuality) string) string {
		if p.AtFit == nil {
			return "-"
		}
		return of(p.AtFit)
	}
	t.row("", "verdict", "now", "at the fit")
	t.row("came true", p.RateDrift.String(), reportEstimate(p.Rate, 3), fit(func(q *WatchQuality) string { return reportEstimate(q.Rate, 3) }))
	t.row("mean probability", "", reportNumber(p.Mean, 3), fit(func(q *WatchQuality) string { return reportNumber(q.Mean, 3) }))
	verdict := p.AUCDrift.String()
	if p.AtFit == nil {
		verdict = ""
	}
	t.row("AUC", verdict, reportEstimate(p.AUC, 3), fit(func(q *WatchQuality) string { return reportEstimate(q.AUC, 3) }))
	t.row("calibration slope", p.SlopeDrift.String(), reportEstimate(p.Slope, 2), fit(func(q *WatchQuality) string { return reportEstimate(q.Slope, 2) }))
	t.row("Brier", "", reportEstimate(p.Brier, 3), fit(func(q *WatchQuality) string { return reportNumber(q.Brier, 3) }))
	t.row("log loss", "", reportEstimate(p.LogLoss, 3), fit(func(q *WatchQuality) string { return reportNumber(q.LogLoss, 3) }))
	t.row("ECE", "", reportEstimate(p.ECE, 3), fit(func(q *WatchQuality) string { return reportNumber(q.ECE, 3) }))
	t.flush()
}

// watchLegend says what the columns of the last table are.
const watchLegend = `
importance: part of what the columns add to scores
PSI, KS:    distance from the training rows; chance: PSI that chance makes on average; past: what single cut-offs of the past had beyond chance
p:          probability, at most, of such a distance where nothing has changed, of this column alone
missing, unseen levels, median: training -> now`

// othersShown is the number of columns that have not shifted in the report for people.
const othersShown = 8

func (r *WatchReport) writeColumns(t *reportTable) {
	t.row("column", "verdict", "importance", "PSI", "chance", "past", "KS", "past", "p", "missing", "unseen", "median")
	write := func(c *WatchColumn) {
		unseen, ks, ordinary := "-", "-", "-"
		if c.Median == nil && c.BaselineMedian == nil {
			unseen = writePercent(c.Unseen)
		} else {
			ks, ordinary = reportNumber(c.KS, 3), reportNumber(c.KSOrdinary, 3)
		}
		p, importance := strconv.FormatFloat(c.P, 'g', 2, 64), writePercent(c.Importance)
		if c.P < 1e-6 {
			p = "<1e-06"
		}
		if c == &r.Score {
			importance = "-"
		}
		t.row(c.Name, c.Drift.String(), importance, reportNumber(c.PSI, 3), reportNumber(c.PSINoise, 3), reportNumber(c.PSIOrdinary, 3),
			ks, ordinary, p, writeChange(writePercent(c.BaselineMissing), writePercent(c.Missing)), unseen,
			writeChange(writeMedian(c.BaselineMedian), writeMedian(c.Median)))
	}
	write(&r.Score)
	shown := min(r.Shifted+othersShown, len(r.Columns))
	for i := range r.Columns[:shown] {
		write(&r.Columns[i])
	}
	t.flush()
	if rest := len(r.Columns) - shown; rest > 0 {
		ordinary := r.Ordinary - min(r.Ordinary, othersShown)
		fmt.Fprintf(&t.text, "and %d more ordinary and %d more stable ones\n", ordinary, rest-ordinary)
	}
	fmt.Fprintln(&t.text, watchLegend)
}

func writeChange(before, now string) string {
	if before == now {
		return now
	}
	return before + " -> " + now
}

func writeMedian(x *float64) string {
	if x == nil {
		return "-"
	}
	return strconv.FormatFloat(*x, 'g', 4, 64)
}

package blocks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/report"
)

// Alerts returns the list of whom to call, with reasons: those after + make leaving likelier, those after − less likely.
// Of a customer without any of the first it is said that they are on the list for the money. The note says what is at
// stake. Nil options are up to two of the first and one of the others. Errors are those of [churn.Outlook.Reasons].
func Alerts[K comparable](o *churn.Outlook[K], opts *churn.ReasonOptions) (report.Table, error) {
	if opts == nil {
		opts = &churn.ReasonOptions{Raising: 2, Lowering: 1}
	}
	out := report.Table{
		Note:  atStake(o),
		Title: t("Whom to call, most profitable first", "建议联系的客户，按预期收益排序"),
		Columns: []report.Measure{
			measure("customer", "客户", report.Number), measure("probability", "概率", report.Percent), measure("at stake", "涉及金额", report.Money),
			measure("expected profit", "预期收益", report.Money), measure("why (+) and why not (−)", "原因（+ 增加风险，− 降低风险）", report.Number),
		},
	}
	for i, a := range o.List.Alerts {
		reasons, err := o.Reasons(i, opts)
		if err != nil {
			return report.Table{}, err
		}
		var why []report.Text
		if opts.Raising >= 0 && !slices.ContainsFunc(reasons, func(r churn.Reason) bool { return r.Raises }) {
			why = append(why, t("nothing stands out: on the list for what is at stake", "无突出的流失原因，因涉及金额列入"))
		}
		for _, r := range reasons {
			sign := "− "
			if r.Raises {
				sign = "+ "
			}
			why = append(why, t(sign+r.Text.EN, sign+r.Text.ZH))
		}
		out.Add(fmt.Sprint(a.Customer), a.Probability, a.Value, a.Profit, why)
	}
	return out, nil
}

// atStake says what the values of a list are.
func atStake[K comparable](o *churn.Outlook[K]) report.Text {
	i := slices.IndexFunc(o.Now.Columns, func(c churn.Info) bool { return c.Name == o.List.ValueColumn })
	if i < 0 {
		return t("At stake: what it is worth that the customer stays, as the program has it.", "涉及金额：客户留存的价值，由程序给定。")
	}
	days := o.Now.Columns[i].Days
	note := t(fmt.Sprintf("At stake: what the customer spent in the last %d days.", days), fmt.Sprintf("涉及金额：客户最近%d天的消费。", days))
	if slices.ContainsFunc(o.Now.Columns, func(c churn.Info) bool { return c.Kind == churn.Refund && c.Measure == "sum" && c.Days == days }) {
		note = t(strings.TrimSuffix(note.EN, ".")+", less refunds.", strings.TrimSuffix(note.ZH, "。")+"，已扣除退款。")
	}
	return note
}

// Evaluation returns the curves of a report: calibration, gains and lift of the model, beside those of the logistic
// baseline and of silence where the report has them.
func Evaluation(r *churn.Report) []report.Block {
	said, came := make([]float64, len(r.Reliability)), make([]report.Estimate, len(r.Reliability))
	for i, bin := range r.Reliability {
		said[i], came[i] = bin.Mean, report.Estimate(bin.True)
	}
	var gains, lifts []report.Line
	for i := range r.Contenders {
		c := &r.Contenders[i]
		if !ranks(c) {
			continue
		}
		l := report.Line{Name: listName(c.Name)}
		gain := report.Line{Name: l.Name, X: []float64{0}, Y: []float64{0}}
		for j, g := range c.Gains {
			x := float64(j+1) / float64(len(c.Gains))
			gain.X, gain.Y = append(gain.X, x), append(gain.Y, g.Recall.Value)
			l.X, l.Y = append(l.X, x), append(l.Y, g.Lift.Value)
		}
		gains, lifts = append(gains, gain), append(lifts, l)
	}
	return []report.Block{report.Calibration(said, came), report.Gains(gains...), report.Lift(lifts...)}
}

// ranks tells whether a contender tells customers apart: the share so far and nobody do not.
func ranks(c *churn.Contender) bool { return c.Name != "share so far" && c.Name != "nobody" }

// Lists returns what lists of the past were worth: those of the model, and those of a marketer's rule.
func Lists(b *churn.BacktestResult) report.Table {
	out := report.Table{
		Title: t("What lists of the past were worth", "过去名单的效果"),
		Columns: []report.Measure{
			unnamed, measure("alerts", "预警数", report.Number), measure("right", "命中数", report.Number), measure("precision", "精确率", report.Percent),
			measure("recall", "召回率", report.Percent), measure("earned", "收益", report.Money),
		},
		Note: t(fmt.Sprintf("Number of lists: %d. In brackets, intervals of 95%%.", len(b.Cutoffs)),
			fmt.Sprintf("名单数：%d。方括号内为95%%置信区间。", len(b.Cutoffs))),
	}
	for _, l := range b.Total.Lists {
		out.Add(listName(l.Name), l.Alerts, l.Hits, report.Estimate(l.Precision), report.Estimate(l.Recall), l.Earned)
	}
	return out
}

// listName is a name of package churn in both languages.
func listName(name string) report.Text {
	days := 0
	if n, _ := fmt.Sscanf(name, "silent for %d days", &days); n == 1 {
		return t(name, fmt.Sprintf("沉默%d天", days))
	}
	zh, ok := map[string]string{"model": "模型", "logistic baseline": "逻辑回归基线", "longest silence": "沉默最久", "nobody": "不联系"}[name]
	if !ok {
		return report.Same(name)
	}
	return t(name, zh)
}

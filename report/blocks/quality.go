package blocks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/report"
)

// Quality returns what became of the records that were read, and how complete their fields are; below, what misses its
// target. Checks, keys and the rules of times have a row even where all records pass. Where a rule was broken by records
// that count for another, a column says how many broke it. Nil targets are the defaults. zh has the Chinese names of fields, and of the reasons of rules; what is not in it
// is shown as the schema says.
func Quality(r *ingest.Report, targets *ingest.Targets, zh map[string]string) []report.Block {
	chinese := func(name string) string { return cmp.Or(zh[name], name) }
	fate := report.Table{Title: t("What became of the records", "记录的去向"), Total: true, Columns: []report.Measure{
		unnamed, measure("records", "记录数", report.Number), share, measure("broke the rule", "违反规则", report.Number),
	}}
	add := func(what report.Text, n int64, broke any) {
		fate.Add(what, n, float64(n)/float64(max(r.Read, 1)), broke)
	}
	add(t("kept", "保留"), r.Kept, nil)
	several := false
	for _, repaired := range []bool{true, false} {
		for _, rule := range r.Rules {
			several = several || rule.Failed != rule.SetAside+rule.Repaired
			en, zh := strings.TrimSpace(rule.Field+" "+rule.Reason), strings.TrimSpace(chinese(rule.Field)+" "+chinese(rule.Reason))
			switch {
			case repaired && rule.Repaired > 0:
				add(t("repaired: "+en, "修正："+zh), rule.Repaired, rule.Failed)
			case !repaired && (rule.SetAside > 0 || rule.Repaired == 0 && listed(r, rule.Field)):
				add(t("set aside: "+en, "剔除："+zh), rule.SetAside, rule.Failed)
			}
		}
	}
	add(t("all that were read", "读入合计"), r.Read, nil)
	if !several {
		fate.Columns = fate.Columns[:3]
		for i := range fate.Rows {
			fate.Rows[i] = fate.Rows[i][:3]
		}
	}

	fields := report.Bars{Title: t("Fields with a value", "字段完整性"), Value: share}
	var en, missed []string
	for _, m := range r.Score(targets).Metrics {
		if m.Dimension == "completeness" {
			fields.Add(t(m.Subject, chinese(m.Subject)), m.Value)
		}
		if !m.Pass {
			en, missed = append(en, m.Dimension+" of "+m.Subject), append(missed, chinese(m.Subject)+"（"+dimension(m.Dimension)+"）")
		}
	}
	fields.Note = t("Everything reaches its target.", "各项均达标。")
	if len(en) > 0 {
		fields.Note = t(fmt.Sprintf("Below its target: %s.", strings.Join(en, ", ")), fmt.Sprintf("未达标：%s。", strings.Join(missed, "、")))
	}
	return []report.Block{fate, fields}
}

// listed tells whether rules of the field have a row even where all records pass. Those of checks and keys have none.
func listed(r *ingest.Report, field string) bool {
	return field == "" || slices.ContainsFunc(r.Fields, func(f ingest.FieldCount) bool { return f.Name == field && f.Time })
}

// dimension is the Chinese name of a dimension of quality.
func dimension(name string) string {
	if zh, ok := map[string]string{"completeness": "完整性", "validity": "有效性", "uniqueness": "唯一性", "freshness": "及时性", "consistency": "一致性"}[name]; ok {
		return zh
	}
	return name
}

package blocks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/report"
)

// Quality returns what became of the records that were read, and how complete their fields are; below, what misses its
// target. Nil targets are the defaults. zh has the Chinese names of fields, and of the reasons of rules; what is not in it
// is shown as the schema says.
func Quality(r *ingest.Report, targets *ingest.Targets, zh map[string]string) []report.Block {
	chinese := func(name string) string { return cmp.Or(zh[name], name) }
	fate := report.Table{Title: t("What became of the records", "记录的去向"), Total: true, Columns: []report.Measure{unnamed, measure("records", "记录数", report.Number), share}}
	add := func(what report.Text, n int64) { fate.Add(what, n, float64(n)/float64(max(r.Read, 1))) }
	add(t("kept", "保留"), r.Kept)
	for _, rule := range r.Rules {
		if rule.SetAside > 0 {
			en, zh := strings.TrimSpace(rule.Field+" "+rule.Reason), strings.TrimSpace(chinese(rule.Field)+" "+chinese(rule.Reason))
			add(t("set aside: "+en, "剔除："+zh), rule.SetAside)
		}
	}
	add(t("all that were read", "读入合计"), r.Read)

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

// dimension is the Chinese name of a dimension of quality.
func dimension(name string) string {
	if zh, ok := map[string]string{"completeness": "完整性", "validity": "有效性", "uniqueness": "唯一性", "freshness": "及时性", "consistency": "一致性"}[name]; ok {
		return zh
	}
	return name
}

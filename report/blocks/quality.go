package blocks

import (
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/report"
)

// Quality returns what became of the records that were read, and how complete their fields are; below, what misses its
// target. Nil targets are the defaults.
func Quality(r *ingest.Report, targets *ingest.Targets) []report.Block {
	fate := report.Table{Title: t("What became of the records", "记录的去向"), Total: true, Columns: []report.Measure{unnamed, measure("records", "记录数", report.Number), share}}
	add := func(what report.Text, n int64) { fate.Add(what, n, float64(n)/float64(max(r.Read, 1))) }
	add(t("kept", "保留"), r.Kept)
	for _, rule := range r.Rules {
		if rule.SetAside > 0 {
			why := strings.TrimSpace(rule.Field + " " + rule.Reason)
			add(t("set aside: "+why, "剔除："+why), rule.SetAside)
		}
	}
	add(t("all that were read", "读入合计"), r.Read)

	fields := report.Bars{Title: t("Fields with a value", "字段完整性"), Value: share}
	var en, zh []string
	for _, m := range r.Score(targets).Metrics {
		if m.Dimension == "completeness" {
			fields.Add(report.Same(m.Subject), m.Value)
		}
		if !m.Pass {
			en, zh = append(en, m.Dimension+" of "+m.Subject), append(zh, m.Subject+"（"+dimension(m.Dimension)+"）")
		}
	}
	fields.Note = t("Everything reaches its target.", "各项均达标。")
	if len(en) > 0 {
		fields.Note = t(fmt.Sprintf("Below its target: %s.", strings.Join(en, ", ")), fmt.Sprintf("未达标：%s。", strings.Join(zh, "、")))
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

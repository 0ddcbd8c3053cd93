package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/report"
)

// hostileBlocks are one of each kind.
var hostileBlocks = map[string]func() report.Block{
	"bars": func() report.Block {
		return report.Bars{
			Title: t("Shares", "占比"), Note: t("Of May.", "五月。"), Value: report.Measure{Name: t("share", "占比"), Format: report.Percent},
			Labels: []report.Text{t("high", "高"), t("low", "低")},
			Series: []report.Series{{Name: t("customers", "客户"), Values: []float64{0.2, 0.8}}, {Name: t("revenue", "金额"), Values: []float64{0.7, -0.3}}},
		}
	},
	"histogram": func() report.Block {
		return report.Histogram{Title: t("Days", "天数"), X: report.Measure{Name: t("days", "天")}, Of: t("customers", "客户"), Edges: []float64{1, 2, 4, 8}, Counts: []float64{3, 0, 5}, Log: true, Outside: 2}
	},
	"lines": func() report.Block {
		return report.Lines{
			Title: t("Survival", "生存"), X: report.Measure{Name: t("days", "天")}, Y: report.Measure{Name: t("left", "剩余"), Format: report.Percent},
			Lines: []report.Line{
				{Name: t("chance", "随机"), Style: report.Reference, X: []float64{0, 9}, Y: []float64{1, 0}},
				{Name: t("all", "全部"), Style: report.Steps, X: []float64{0, 3, 9}, Y: []float64{1, 0.8, 0.5}, Low: []float64{1, 0.7, 0.4}, High: []float64{1, 0.9, 0.6}},
			},
		}
	},
	"matrix": func() report.Block {
		return report.Matrix{
			Title: t("Moves", "迁移"), Value: report.Measure{Format: report.Percent}, Row: t("before", "之前"), Column: t("after", "之后"),
			Rows: []report.Text{t("a", "甲"), t("b", "乙")}, Columns: []report.Text{t("a", "甲"), t("b", "乙")}, Values: [][]float64{{0.1, 0.9}, {0.4, 0.6}}, Shade: report.ByHalf,
		}
	},
	"table": func() report.Block {
		return report.Table{
			Title: t("Customers", "客户"), Note: t("All.", "全部。"), Columns: []report.Measure{{Name: t("name", "名称")}, {Format: report.Money}, {}, {}, {}},
			Rows: [][]any{
				{"ann", 5, report.Estimate{Value: 1, Low: 0.5, High: 2}, time.Minute, t("x", "某")},
				{"bob", int64(7), 1.5, uint64(3), []report.Text{t("why", "为何"), t("so", "此")}},
			}, Total: true,
		}
	},
	"facts": func() report.Block {
		return report.Facts{{Value: 7}, {Measure: report.Measure{Name: t("revenue", "金额"), Format: report.Money}, Value: 12345.5, Note: t("net", "净")}}
	},
	"note": func() report.Block { return report.Note(t("A note.", "备注。")) },
}

// written is a report of one block in both forms. What is refused is not written in part.
func written(r *report.Report, lang report.Language, asHTML, asText func(*report.Report, io.Writer, report.Language) error) (page, text string, err error) {
	var html, plain bytes.Buffer
	err = asHTML(r, &html, lang)
	if other := asText(r, &plain, lang); (err == nil) != (other == nil) {
		panic("one form is refused and the other is not")
	}
	if err != nil && html.Len()+plain.Len() > 0 {
		panic("something is written")
	}
	return html.String(), plain.String(), err
}

// legible makes sure of a page that it is well-formed and without NaN, and of a text that it moves no cursor.
func legible(page, text string) {
	for d := xml.NewDecoder(strings.NewReader(page)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			panic(err)
		}
		if element, ok := token.(xml.StartElement); ok {
			for _, a := range element.Attr {
				if a.Name.Local != "aria-label" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
					panic("a place that is no number: " + a.Value)
				}
			}
		}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) }) {
		panic("control characters in the text")
	}
}

func TestHostileBlocks(tt *testing.T) {
	expect := map[string]map[string]any{
		"bars": {
			"block.Labels short": "Values has 2 elements, not 1", "block.Labels huge": "more than 100", "block.Series huge": "more than 4", "block.Series nil": hostiletest.OK,
			"block.Series[1].Values[1] NaN": hostiletest.OK, "block.Series[1].Values[1] +Inf": "Series[1].Values[1] is infinite", "block.Series[1].Values[1] max": "is beyond 1e15",
			"block.Value.Format max": "Value.Format is unknown", "block.Labels[1].EN": hostiletest.OK, "block.Title.EN": hostiletest.OK,
		},
		"histogram": {
			"block.Edges nil": "Edges has 0 elements, not 4", "block.Counts nil": "Edges has 4 elements, not 1", "block.Edges turned": "Edges[1] is not above", "block.Edges alike": "Edges[1] is not above",
			"block.Edges[3] NaN": "Edges[3] is NaN", "block.Edges[3] zero": "Edges[3] is not above 0", "block.Edges[3] max": "Edges[3] is beyond", "block.Edges huge": "Edges has 8192",
			"block.Counts[2] minus": "Counts[2] is not 0 or more", "block.Counts[2] NaN": "Counts[2] is not 0 or more", "block.Outside min": "Outside is negative", "block.Outside max": hostiletest.OK,
			"block.Log flipped": "not as wide as the first", "block.X.Format max": "X.Format is unknown",
		},
		"lines": {
			"block.Lines huge": "more than 4", "block.Lines nil": hostiletest.OK, "block.Lines[1].X turned": "below the one before it", "block.Lines[1].X[2] NaN": "Lines[1].X[2] is NaN",
			"block.Lines[1].Y short": "Lines[1].Y has 2 elements, not 3", "block.Lines[1].Y NaN": hostiletest.OK, "block.Lines[1].Low nil": "Lines[1].Low has 0", "block.Lines[1].High[2] +Inf": "High[2] is infinite",
			"block.Lines[1].Style max": "Style is unknown", "block.Lines[1].Name.EN": hostiletest.OK, "block.Zoom flipped": hostiletest.OK,
		},
		"matrix": {
			"block.Values nil": "Values has 0 elements, not 2", "block.Values[1] short": "Values[1] has 1 elements, not 2", "block.Values[1][1] minus": "is no share", "block.Values[1][1] NaN": hostiletest.OK,
			"block.Values[1][1] -Inf": "is infinite", "block.Rows huge": "more than 60", "block.Columns huge": "more than 60", "block.Shade max": "Shade is unknown", "block.Columns[1].EN": hostiletest.OK,
		},
		"table": {
			"block.Rows[1] short": "Rows[1] has 4 elements, not 5", "block.Rows[1] nil": "Rows[1] has 0", "block.Rows nil": hostiletest.OK, "block.Rows huge": hostiletest.OK,
			"block.Columns huge": "Rows[0] has 5 elements, not 8192", "block.Columns[4].Format max": "Columns[4].Format is unknown", "block.Columns[4].Name.ZH": hostiletest.OK, "block.Rows[1][4][1].EN": hostiletest.OK,
		},
		"facts": {"block huge": "more than 100", "block[1].Value nil": hostiletest.OK, "block[1].Value NaN": hostiletest.OK, "block[1].Measure.Format max": "Facts[1].Format is unknown"},
		"note":  {"block.EN": hostiletest.OK, "block.ZH": hostiletest.OK},
	}
	for kind, block := range hostileBlocks {
		tt.Run(kind, func(tt *testing.T) {
			of := func(b report.Block) *report.Report {
				return &report.Report{Title: t("May", "五月"), Sections: []report.Section{{Title: t("One", "一"), Blocks: []report.Block{b}}}}
			}
			language := map[string]any{"lang max": "report: unknown language"}
			hostiletest.Run(tt, hostiletest.Table{
				"Report.WriteHTML": {
					Call: func(b report.Block, lang report.Language) (page, text string, err error) {
						return written(of(b), lang, (*report.Report).WriteHTML, (*report.Report).WriteText)
					},
					Names: "block lang", Args: func() []any { return []any{block(), report.Chinese} }, Expect: hostiletest.With(expect[kind], language),
					Then: func(results []any) { legible(results[0].(string), results[1].(string)) },
				},
			})
		})
	}
}

func TestHostile(tt *testing.T) {
	everything := func() *report.Report {
		r := &report.Report{Title: t("May", "五月"), Subtitle: t("of the shop", "本店"), Sections: []report.Section{{Title: t("One", "一"), Intro: t("First.", "首先。")}}}
		for _, kind := range []string{"note", "facts", "table", "matrix", "histogram", "lines", "bars"} {
			r.Sections[0].Blocks = append(r.Sections[0].Blocks, hostileBlocks[kind]())
		}
		return r
	}
	faults := map[string]any{
		"report nil": "report: ", "report.Sections nil": hostiletest.OK, "report.Sections[0].Blocks[6] nil": "section 0, block 6: is nil",
		"report.Sections[0].Blocks[6].Labels nil": `section 0, block 6 ("Shares"): Series[0].Values has 2 elements, not 0`, "report.Title.EN": hostiletest.OK, "report.Sections[0].Intro.EN": hostiletest.OK,
	}
	const many = "see TestHostileBlocks: thousands of charts are work that is asked for"
	held := map[string]string{"report.Sections huge": many, "report.Sections[0].Blocks huge": many}
	const echo = "it holds the values as they are"
	validate := func(b report.Block) error {
		return (&report.Report{Sections: []report.Section{{Blocks: []report.Block{b}}}}).Validate()
	}
	curves := func() []report.Line {
		return []report.Line{{X: []float64{0, 1}, Y: []float64{0, 1}}, {X: []float64{0, 0.5, 1}, Y: []float64{0, 0.7, 1}}}
	}
	lines := map[string]any{"lines nil": hostiletest.OK, "lines huge": "more than 4", "lines[1].X turned": "below the one before it", "lines[1].Y nil": "Y has 0 elements, not 3", "lines[1].Style max": "Style is unknown"}

	hostiletest.Run(tt, hostiletest.Table{
		"Report.Validate": {Call: (*report.Report).Validate, Names: "report", Args: func() []any { return []any{everything()} }, Expect: faults},
		"Report.WriteText": {
			Call: func(r *report.Report, lang report.Language) (string, error) {
				var b bytes.Buffer
				err := (*report.Report).WriteText(r, &b, lang)
				return b.String(), err
			},
			Names: "report lang", Args: func() []any { return []any{everything(), report.English} }, Hold: held,
			Expect: hostiletest.With(faults, map[string]any{"lang max": "report: unknown language"}), Every: 3,
			Then: func(results []any) { legible("", results[0].(string)) },
		},
		"Bars.Add": {
			Call: func(label report.Text, values []float64) (report.Bars, error) {
				b := hostileBlocks["bars"]().(report.Bars)
				(*report.Bars).Add(&b, label, values...)
				return b, validate(b)
			},
			Names: "label values", Args: func() []any { return []any{t("more", "另"), []float64{1, 2}} }, NaN: echo,
			Expect: map[string]any{
				"label.EN": hostiletest.OK, "values nil": "Series[0].Values has 2 elements, not 3", "values short": "Series[1].Values has 2", "values long": "Series[2].Values has 1 elements, not 3",
				"values huge": "more than 4", "values[1] NaN": hostiletest.OK, "values[1] +Inf": "is infinite",
			},
		},
		"Matrix.Add": {
			Call: func(row report.Text, values []float64) (report.Matrix, error) {
				m := hostileBlocks["matrix"]().(report.Matrix)
				(*report.Matrix).Add(&m, row, values...)
				return m, validate(m)
			},
			Names: "row values", Args: func() []any { return []any{t("c", "丙"), []float64{1, 0}} }, NaN: echo,
			Expect: map[string]any{"row.EN": hostiletest.OK, "values nil": "Values[2] has 0", "values huge": "Values[2] has 8192", "values[1] minus": "is no share"},
		},
		"Table.Add": {
			Call: func(cells []any) (report.Table, error) {
				x := hostileBlocks["table"]().(report.Table)
				(*report.Table).Add(&x, cells...)
				return x, validate(x)
			},
			Names: "cells", Args: func() []any { return []any{[]any{1, 2.5, "x", nil, report.Estimate{Value: 1}}} }, NaN: echo,
			Expect: map[string]any{"cells nil": "Rows[2] has 0 elements", "cells huge": "Rows[2] has 8192", "cells[4].Value": hostiletest.OK},
			Cases: []hostiletest.Case{{Name: "a channel", Args: func() []any {
				return []any{[]any{1, 2, 3, 4, make(chan int)}}
			}, Want: "Rows[2][4]: chan int is neither text nor number"}, {Name: "texts and numbers", Args: func() []any {
				return []any{[]any{math.Inf(-1), uint64(math.MaxUint64), int64(math.MinInt64), (*time.Time)(nil), []report.Text(nil)}}
			}, Want: hostiletest.OK}},
		},
		"Histogram.Fill": {
			Call: func(values []float64, bins int, log bool) (report.Histogram, error) {
				h := report.Histogram{Log: log}
				(*report.Histogram).Fill(&h, values, bins)
				sum := float64(h.Outside)
				for _, n := range h.Counts {
					sum += n
				}
				if sum != float64(len(values)) {
					panic("values are lost")
				}
				return h, validate(h)
			},
			Names: "values bins log", Args: func() []any { return []any{[]float64{1, 2.5, 1e6, 0, 7}, 10, true} },
			Expect: map[string]any{"values": hostiletest.OK, "values[4]": hostiletest.OK, "bins": hostiletest.OK, "log": hostiletest.OK},
		},
		"Calibration": {
			Call: func(said []float64, came []report.Estimate) (report.Lines, error) {
				l := report.Calibration(said, came)
				return l, validate(l)
			},
			Names: "said came", Args: func() []any {
				return []any{[]float64{0.2, 0.6}, []report.Estimate{{Value: 0.1, Low: 0, High: 0.3}, {Value: 0.6, Low: 0.5, High: 0.8}}}
			},
			NaN: echo, Expect: map[string]any{"said short": "Lines[0].Y has 2 elements, not 1", "came nil": "Lines[0].Y has 0", "said[1] NaN": "Lines[0].X[1] is NaN", "came[1].Value NaN": hostiletest.OK, "came[1].High +Inf": "High[1] is infinite", "said turned": hostiletest.OK},
		},
		"Gains": {
			Call: func(lines []report.Line) (report.Lines, error) {
				l := report.Gains(lines...)
				return l, validate(l)
			},
			Names: "lines", Args: func() []any { return []any{curves()} }, NaN: echo, Expect: lines,
		},
		"Lift": {
			Call: func(lines []report.Line) (report.Lines, error) {
				l := report.Lift(lines...)
				return l, validate(l)
			},
			Names: "lines", Args: func() []any { return []any{curves()} }, NaN: echo, Expect: lines,
		},
		"Same":                   {Call: report.Same, Names: "s", Args: func() []any { return []any{"x"} }},
		"Language.UnmarshalText": hostiletest.Name((*report.Language).UnmarshalText, "zh"),
		"Format.UnmarshalText":   hostiletest.Name((*report.Format).UnmarshalText, "ratio"),
		"Shade.UnmarshalText":    hostiletest.Name((*report.Shade).UnmarshalText, "row"),
		"Style.UnmarshalText":    hostiletest.Name((*report.Style).UnmarshalText, "steps"),
	})
}

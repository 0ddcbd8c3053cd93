package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

var nan = math.NaN()

func t(en, zh string) report.Text { return report.Text{EN: en, ZH: zh} }

// everything is a report with every kind of block, and with what is unusual in each.
func everything() *report.Report {
	days := report.Histogram{Title: t("Recency", "最近一次消费"), X: report.Measure{Name: t("days", "天数")}, Of: t("customers", "客户数")}
	days.Fill([]float64{0, 3, 3, 8, 12, 19, 44, nan}, 5)
	money := report.Histogram{
		Title: t("Revenue", "消费金额"), X: report.Measure{Name: t("revenue", "消费金额"), Format: report.Money}, Of: t("customers", "客户数"),
		Log: true, Edges: []float64{100, 1000, 10000, 100000}, Counts: []float64{2, 7, 1}, Outside: 3,
	}
	shares := report.Bars{
		Title: t("Segments", "分群"), Note: t("A <note> & more.", "备注 <注>。"), Value: report.Measure{Name: t("share", "占比"), Format: report.Percent},
		Series: []report.Series{{Name: t("of customers", "客户占比")}, {Name: t("of revenue", "金额占比")}},
	}
	shares.Add(t("Champions", "冠军客户"), 0.1453, 0.494)
	shares.Add(t(`a name "too long" for <one> line of the chart, and for two of them`, "一个在图中一行和两行都放不下的非常非常长的客户分群名称，放不下"), 0.00001, nan)
	profit := report.Bars{Title: t("Profit", "利润"), Value: report.Measure{Name: t("profit", "利润"), Format: report.Money}}
	profit.Add(report.Same("A"), 123456_00)
	profit.Add(report.Same("B"), -45678_00)
	moved := report.Matrix{
		Title: t("Migration", "迁移"), Value: report.Measure{Name: t("customers", "客户数")}, Row: t("before", "之前"), Column: t("after", "之后"),
		Columns: []report.Text{t("high", "高"), t("low", "低"), t("gone", "流失")}, Shade: report.ByRow,
	}
	moved.Add(t("high", "高"), 1200, 30, 4)
	moved.Add(t("low", "低"), 0, 55, nan)
	wide := report.Matrix{Title: t("Tall", "竖排"), Value: report.Measure{Format: report.Percent}, Shade: report.ByHalf}
	row := []float64{}
	for i := range 7 {
		wide.Columns = append(wide.Columns, t("column "+string(rune('a'+i)), "第"+string(rune('a'+i))+"列"))
		row = append(row, float64(i)/6)
	}
	wide.Add(wide.Columns[0], row...)
	survival := report.Lines{
		Title: t("Survival", "生存"), X: report.Measure{Name: t("days", "天数")}, Y: report.Measure{Name: t("still there", "仍在"), Format: report.Percent},
		Zoom: true,
		Lines: []report.Line{
			{Name: t("new", "新客"), Style: report.Steps, X: []float64{0, 10, 20, 60}, Y: []float64{1, 0.9, 0.84, 0.81}},
			{Name: t("old", "老客"), X: []float64{0, 30, 60}, Y: []float64{1, nan, 0.9}, Low: []float64{nan, nan, 0.88}, High: []float64{nan, nan, 0.93}},
		},
	}
	table := report.Table{
		Title: t("Customers", "客户"), Total: true,
		Columns: []report.Measure{{Name: t("customer", "客户")}, {Name: t("revenue", "消费金额"), Format: report.Money}, {Name: t("lift", "提升度"), Format: report.Ratio}, {Name: t("since", "自")}, {Name: t("why", "原因")}},
	}
	table.Add(`<script>alert("x")</script>`, int64(math.MaxInt64), 1.305, time.Duration(90)*time.Second, []report.Text{t("+ silent for a long time, it seems", "+ 很久未购买"), t("− loyal", "− 忠诚")})
	table.Add(t("bob", "鲍勃"), -5, math.Inf(1), nil, nil)
	table.Add("all", uint8(7), report.Estimate{Value: 1, Low: 0.5, High: 2}, nil, []report.Text{})
	return &report.Report{
		Title: t("Everything", "全部"), Subtitle: t("of 2025", "2025 年"),
		Sections: []report.Section{
			{Title: t("Figures", "数字"), Intro: t("An introduction.", "简介。"), Blocks: []report.Block{
				report.Facts{
					{Measure: report.Measure{Name: t("customers", "客户数")}, Value: 12345, Note: t("as of today", "截至今日")},
					{Measure: report.Measure{Name: t("share", "占比"), Format: report.Percent}, Value: 0.9999},
				},
				table,
				report.Table{Columns: []report.Measure{{Name: t("nothing", "无")}}},
				report.Note(t("A note.", "备注。")),
			}},
			{Title: t("Charts", "图表"), Blocks: []report.Block{
				days, money, shares, profit, survival, moved, wide,
				report.Calibration([]float64{0.2, 0.7}, []report.Estimate{{Value: 0.25, Low: 0.2, High: 0.3}, {Value: 0.6, Low: 0.55, High: 0.66}}),
				report.Gains(report.Line{Name: t("model", "模型"), X: []float64{0, 0.5, 1}, Y: []float64{0, 0.8, 1}}),
				report.Lift(report.Line{Name: t("model", "模型"), X: []float64{0.5, 1}, Y: []float64{1.6, 1}}),
				report.Bars{Title: t("Empty", "空")},
				report.Histogram{},
				report.Lines{},
				report.Matrix{},
				report.Facts{},
				report.Note{},
			}},
		},
	}
}

var languages = []report.Language{report.English, report.Chinese}

func html(t *testing.T, r *report.Report, lang report.Language) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b, lang))
	return b.String()
}

func plain(t *testing.T, r *report.Report, lang report.Language) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b, lang))
	return b.String()
}

func TestGolden(t *testing.T) {
	for _, lang := range languages {
		for name, got := range map[string]string{"html": html(t, everything(), lang), "txt": plain(t, everything(), lang)} {
			golden := filepath.Join("testdata", "everything."+lang.String()+"."+name)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got, golden)
		}
	}
}

// elements are those that a page may have. Nothing else comes from any input.
var elements = strings.Fields(`html head meta link title style body header h1 p nav ul li a main section h2 div figure figcaption svg desc rect path circle text
	details summary table thead tbody tr th td br dl dt dd span`)

// attributes are theirs. None loads, runs or sends anything.
var attributes = strings.Fields(`lang charset name content http-equiv rel href id class aria-label aria-labelledby role tabindex scope viewBox x y width height d cx cy r`)

// requirePage reads a page as XML, and requires that it has nothing but what the template has.
func requirePage(t *testing.T, page string) (texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			require.Contains(t, elements, e.Name.Local)
			for _, a := range e.Attr {
				require.Contains(t, attributes, a.Name.Local)
				if a.Name.Local == "href" {
					require.True(t, a.Value == "data:," || strings.HasPrefix(a.Value, "#s"), a.Value)
				}
				if a.Name.Local == "id" {
					require.False(t, ids[a.Value], "id %s twice", a.Value)
					ids[a.Value] = true
				}
			}
		case xml.CharData:
			texts = append(texts, string(e))
		}
	}
}

func TestPageIsSelfContained(t *testing.T) {
	for _, lang := range languages {
		page := html(t, everything(), lang)
		texts := requirePage(t, page)
		require.Contains(t, texts, `<script>alert("x")</script>`, "as text")
		for _, foreign := range []string{"<script", "http:", "https:", "//", "url(", "@import", "NaN", "Inf"} {
			require.NotContains(t, page, foreign)
		}
		require.Equal(t, page, html(t, everything(), lang), "the same bytes again")
	}
}

// TestEveryChartIsNamed looks for a title and a description in every picture.
func TestEveryChartIsNamed(t *testing.T) {
	page := html(t, everything(), report.English)
	require.Equal(t, strings.Count(page, "<svg "), strings.Count(page, "<desc "))
	for part := range strings.SplitSeq(page, "<svg ") {
		if strings.HasPrefix(part, "viewBox") {
			require.Regexp(t, `^viewBox="0 0 400 \d+" role="img" aria-labelledby="(c\d+)t c\d+d"><title id="c\d+t">[^<]*</title><desc id="c\d+d">[^<]+</desc>`, part)
		}
	}
}

// TestBarsBeginAtZero reads the widths of bars out of the picture: they are to each other as the values are.
func TestBarsBeginAtZero(t *testing.T) {
	for _, values := range [][]float64{{3, 1, 2}, {1000001, 1000000, 1000002}, {-4, 2, 1}, {-1, -3, -2}, {0.001, 0.004, 0}} {
		b := report.Bars{}
		for _, v := range values {
			b.Add(report.Text{}, v)
		}
		page := html(t, &report.Report{Sections: []report.Section{{Blocks: []report.Block{b}}}}, report.English)
		xs, widths := rectangles(t, page)
		require.Len(t, widths, len(values))
		unit, zero := 0.0, nan
		for i, v := range values {
			unit = max(unit, widths[i]/math.Max(math.Abs(v), 1e-9))
			if v > 0 {
				zero = xs[i]
			}
		}
		for i, v := range values {
			require.InDelta(t, math.Abs(v)*unit, widths[i], 0.05, values)
			switch {
			case v > 0:
				require.Equal(t, zero, xs[i], "all from one line")
			case v < 0 && !math.IsNaN(zero):
				require.InDelta(t, zero, xs[i]+widths[i], 0.02, "to the same line")
			}
		}
	}
}

func rectangles(t *testing.T, page string) (xs, widths []float64) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return xs, widths
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			var x, w float64
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "x":
					require.NoError(t, unmarshal(a.Value, &x))
				case "width":
					require.NoError(t, unmarshal(a.Value, &w))
				}
			}
			xs, widths = append(xs, x), append(widths, w)
		}
	}
}

func TestText(t *testing.T) {
	r := &report.Report{Title: report.Text{ZH: "只有中文"}, Subtitle: report.Text{EN: "a\x00b\x1b[31m\nc\u202ed\xff"}}
	require.Equal(t, "只有中文\na\uFFFDb\uFFFD[31m c\uFFFDd\uFFFD\n", plain(t, r, report.English), "the other language, and no letter that moves a cursor")
	for _, lang := range languages {
		for _, c := range plain(t, everything(), lang) {
			require.True(t, c == '\n' || unicode.IsPrint(c), "%q", c)
		}
	}
	var lang report.Language
	require.NoError(t, lang.UnmarshalText([]byte("zh")))
	require.Equal(t, report.Chinese, lang)
	require.Error(t, lang.UnmarshalText([]byte("de")))
	_, err := report.Language(7).MarshalText()
	require.Error(t, err)
	require.Error(t, r.WriteText(io.Discard, 7))
	require.Error(t, r.WriteHTML(io.Discard, 7))
}

func TestFaults(t *testing.T) {
	one, inf := []float64{1}, math.Inf(1)
	for name, test := range map[string]struct {
		block report.Block
		want  string
	}{
		"nil":                {nil, "is nil"},
		"nil pointer":        {(*report.Bars)(nil), "is nil"},
		"lengths of bars":    {report.Bars{Labels: make([]report.Text, 2), Series: []report.Series{{Values: one}}}, "Series[0].Values has 1 elements, not 2"},
		"infinite bar":       {report.Bars{Labels: make([]report.Text, 1), Series: []report.Series{{Values: []float64{inf}}}}, "Series[0].Values[0] is infinite"},
		"huge bar":           {report.Bars{Labels: make([]report.Text, 1), Series: []report.Series{{Values: []float64{1e16}}}}, "Series[0].Values[0] is beyond 1e15"},
		"too many bars":      {report.Bars{Labels: make([]report.Text, 101)}, "Labels has 101 elements, more than 100"},
		"too many series":    {report.Bars{Series: make([]report.Series, 5)}, "Series has 5"},
		"format":             {report.Bars{Value: report.Measure{Format: 99}}, "Value.Format is unknown: 99"},
		"edges":              {report.Histogram{Edges: one, Counts: one}, "Edges has 1 elements, not 2"},
		"edges descend":      {report.Histogram{Edges: []float64{1, 0}, Counts: one}, "Edges[1] is not above the edge before it"},
		"edge NaN":           {report.Histogram{Edges: []float64{nan, 0}, Counts: one}, "Edges[0] is NaN"},
		"edges uneven":       {report.Histogram{Edges: []float64{0, 1, 3}, Counts: []float64{1, 1}}, "Edges[1] on is not as wide"},
		"edge on log":        {report.Histogram{Log: true, Edges: []float64{0, 1}, Counts: one}, "Edges[0] is not above 0"},
		"count":              {report.Histogram{Edges: []float64{0, 1}, Counts: []float64{nan}}, "Counts[0] is not 0 or more"},
		"too many bins":      {report.Histogram{Edges: make([]float64, 202), Counts: make([]float64, 201)}, "Counts has 201"},
		"outside":            {report.Histogram{Edges: []float64{0, 1}, Counts: one, Outside: -1}, "Outside is negative"},
		"lengths of a line":  {report.Lines{Lines: []report.Line{{X: one}}}, "Lines[0].Y has 0 elements, not 1"},
		"interval":           {report.Lines{Lines: []report.Line{{X: one, Y: one, Low: one}}}, "Lines[0].High has 0 elements, not 1"},
		"X NaN":              {report.Lines{Lines: []report.Line{{X: []float64{nan}, Y: one}}}, "Lines[0].X[0] is NaN"},
		"X descends":         {report.Lines{Lines: []report.Line{{X: []float64{2, 1}, Y: []float64{2, 1}}}}, "Lines[0].X[1] is below"},
		"too many lines":     {report.Lines{Lines: make([]report.Line, 5)}, "Lines beside references has 5"},
		"too many points":    {report.Lines{Lines: []report.Line{{X: make([]float64, 20001), Y: make([]float64, 20001)}}}, "Lines[0].X has 20001"},
		"style":              {report.Lines{Lines: []report.Line{{Style: 9}}}, "Lines[0].Style is unknown"},
		"rows of a matrix":   {report.Matrix{Rows: make([]report.Text, 2), Values: [][]float64{{}}}, "Values has 1 elements, not 2"},
		"columns":            {report.Matrix{Rows: make([]report.Text, 1), Values: [][]float64{one}}, "Values[0] has 1 elements, not 0"},
		"no share":           {report.Matrix{Shade: report.ByHalf, Rows: make([]report.Text, 1), Columns: make([]report.Text, 1), Values: [][]float64{{2}}}, "Values[0][0] is no share"},
		"shade":              {report.Matrix{Shade: 9}, "Shade is unknown"},
		"too large a matrix": {report.Matrix{Columns: make([]report.Text, 61)}, "Columns has 61"},
		"cells":              {report.Table{Columns: make([]report.Measure, 1), Rows: [][]any{{1, 2}}}, "Rows[0] has 2 elements, not 1"},
		"no text":            {report.Table{Columns: make([]report.Measure, 1), Rows: [][]any{{"a"}, {struct{}{}}}}, "Rows[1][0]: struct {} is neither text nor number"},
		"too many rows":      {report.Table{Rows: make([][]any, 20001)}, "Rows has 20001"},
		"fact":               {report.Facts{{}, {Value: complex(1, 1)}}, "Facts[1].Value: complex128"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &report.Report{Sections: []report.Section{{}, {Blocks: []report.Block{report.Note{}, test.block}}}}
			err := r.Validate()
			require.ErrorContains(t, err, "report: section 1, block 1")
			require.ErrorContains(t, err, test.want)
			fault, ok := errors.AsType[*report.Fault](err)
			require.True(t, ok)
			require.Equal(t, 1, fault.Section)
			require.Equal(t, 1, fault.Block)
			var b bytes.Buffer
			require.Error(t, r.WriteHTML(&b, report.English))
			require.Error(t, r.WriteText(&b, report.English))
			require.Zero(t, b.Len(), "nothing is written")
		})
	}
	both := &report.Report{Sections: []report.Section{{Blocks: []report.Block{
		report.Bars{Title: report.Same("first"), Labels: make([]report.Text, 101)}, report.Lines{Title: report.Same("second"), Lines: make([]report.Line, 5)},
	}}}}
	require.ErrorContains(t, both.Validate(), `("first")`)
	require.ErrorContains(t, both.Validate(), `("second")`)
	full := errors.New("disk full")
	require.ErrorIs(t, (&report.Report{}).WriteHTML(broken{full}, report.English), full)
	require.ErrorIs(t, (&report.Report{Title: report.Same("x")}).WriteText(broken{full}, report.English), full)
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

// TestInputStays requires that nothing given is changed.
func TestInputStays(t *testing.T) {
	x, y := []float64{0, 1, 2}, []float64{1, nan, 3}
	lines := make([]report.Line, 1, 4)
	lines[0] = report.Line{X: x, Y: y}
	r := &report.Report{Sections: []report.Section{{Blocks: []report.Block{report.Gains(lines...), report.Lines{Lines: lines}}}}}
	_ = html(t, r, report.Chinese)
	_ = plain(t, r, report.Chinese)
	require.Equal(t, []float64{0, 1, 2}, x)
	require.True(t, slices.EqualFunc([]float64{1, nan, 3}, y, func(a, b float64) bool { return a == b || a != a && b != b }))
	require.Empty(t, lines[:2][1], "the next element is the caller's")
}

func TestFormatText(t *testing.T) {
	for i, name := range []string{"number", "ratio", "percent", "money"} {
		value, back := report.Format(i), report.Format(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := report.Format(9).MarshalText()
	require.Error(t, err)
}

func TestStyleText(t *testing.T) {
	for i, name := range []string{"joined", "steps", "points", "reference"} {
		value, back := report.Style(i), report.Style(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := report.Style(9).MarshalText()
	require.Error(t, err)
}

func TestShadeText(t *testing.T) {
	for i, name := range []string{"table", "row", "half"} {
		value, back := report.Shade(i), report.Shade(9)
		require.Equal(t, name, value.String())
		text, err := value.MarshalText()
		require.NoError(t, err)
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, value, back)
	}
	_, err := report.Shade(9).MarshalText()
	require.Error(t, err)
}

package report_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/report"
)

func unmarshal(s string, v *float64) (err error) {
	*v, err = strconv.ParseFloat(s, 64)
	return err
}

// FuzzReport writes texts and numbers of anybody: either the report is refused or the page is well-formed and has nothing
// but what the template has, and the plain text moves no cursor.
func FuzzReport(f *testing.F) {
	f.Add("a", "b", []byte{}, byte(0))
	f.Add("</title><script>alert(1)</script>", `" onload="x`, []byte("01234567890123456789012345678901"), byte(1))
	f.Add("]]>\x00\x1b[0m\u202e\xff\ufffe", "<!-- -->&amp;{{.}}", binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1e300)), byte(2))
	f.Add("a", "b", binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 1), 3), byte(5))
	f.Add("a", "b", binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e15)), math.Float64bits(math.Nextafter(1e15, 0))), byte(4))
	f.Add("'); //", "javascript:x", binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e-300)), math.Float64bits(5e14)), byte(3))
	f.Fuzz(func(t *testing.T, a, b string, data []byte, kind byte) {
		var values []float64
		for ; len(data) >= 8 && len(values) < 40; data = data[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		for _, b := range data {
			values = append(values, float64(int8(b))/8)
		}
		m := report.Measure{Name: report.Text{EN: a, ZH: b}, Format: report.Format(kind % 4)}
		bars := report.Bars{Title: m.Name, Note: m.Name, Value: m}
		matrix := report.Matrix{Title: m.Name, Row: m.Name, Column: m.Name, Value: m, Columns: []report.Text{m.Name}, Shade: report.Shade(kind % 3)}
		table := report.Table{Title: m.Name, Columns: []report.Measure{m, m}, Total: kind%2 == 1}
		for _, v := range values {
			bars.Add(report.Text{EN: b, ZH: a}, v, -v)
			matrix.Add(m.Name, v)
			table.Add(a, v)
		}
		linear, log := report.Histogram{Title: m.Name, X: m, Of: m.Name}, report.Histogram{X: m, Log: true}
		linear.Fill(values, int(kind))
		log.Fill(values, int(kind))
		line := report.Line{Name: m.Name, X: values, Y: values, Style: report.Style(kind % 4)}
		section := func(blocks ...report.Block) *report.Report {
			return &report.Report{Title: report.Text{EN: a, ZH: b}, Subtitle: m.Name, Sections: []report.Section{{Title: m.Name, Intro: m.Name, Blocks: blocks}, {}}}
		}
		// Whatever the values are, these are never refused.
		filled := section(linear, log, table, report.Note(m.Name), report.Facts{{Measure: m, Value: a, Note: m.Name}})
		require.NoError(t, filled.Validate())
		for _, r := range []*report.Report{
			filled, section(bars), section(matrix), section(report.Lines{Title: m.Name, X: m, Y: m, Lines: []report.Line{line, line}, Zoom: kind%2 == 0}),
			section(report.Calibration(values, make([]report.Estimate, len(values)))),
		} {
			for _, lang := range languages {
				var page, text bytes.Buffer
				if r.Validate() != nil {
					require.Error(t, r.WriteHTML(&page, lang))
					continue
				}
				require.NoError(t, r.WriteHTML(&page, lang))
				requirePage(t, page.String())
				require.NotContains(t, page.String(), "NaN")
				require.NoError(t, r.WriteText(&text, lang))
				for _, c := range text.String() {
					require.False(t, unicode.IsControl(c) && c != '\n', "%q", c)
				}
			}
		}
	})
}

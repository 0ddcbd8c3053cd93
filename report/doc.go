// Package report answers how findings are shown to people: as one self-contained page of figures, tables and charts, HTML
// with inline SVG, or as plain text for a terminal. The page has no script, loads nothing from anywhere, follows the
// reader's light or dark mode, prints, and is read on a phone; a policy in its head forbids it the network.
//
//	segments := report.Bars{Title: report.Text{EN: "Segments", ZH: "分群"}, Value: report.Measure{Format: report.Percent}}
//	segments.Add(report.Text{EN: "Champions", ZH: "冠军客户"}, 0.145)
//	segments.Add(report.Text{EN: "At Risk", ZH: "有流失风险"}, 0.088)
//	r := &report.Report{
//		Title:    report.Text{EN: "Customers of May", ZH: "五月客户"},
//		Sections: []report.Section{{Title: report.Text{EN: "Value", ZH: "价值"}, Blocks: []report.Block{segments}}},
//	}
//	err := r.WriteHTML(file, report.Chinese)
//
// The package example has it whole.
//
// A [Report] is a value of plain inputs: texts in English and Chinese, numbers, and a [Measure] that says what the
// numbers are. It is built once and written in either language. The same report is the same bytes on every machine.
//
// Axes are honest. Bars begin at 0, and so does the vertical axis of lines unless [Lines.Zoom] asks otherwise, and then
// the chart says so. A logarithmic axis says that it is one. Bins of a histogram are equally wide on the axis that is
// drawn, and values outside of them are counted below the chart. Ticks are 1, 2 or 5 times a power of ten. What is
// missing is shown as missing, never as 0. Every chart with up to [MaxFigures] rows of numbers carries them as a table.
//
// Colours are told apart by people who cannot tell red from green, and lines differ in their dashes as well. Each chart
// has a title and a description for screen readers.
//
// Texts and numbers may come from anybody: all of it is escaped, and letters that move a cursor, turn the direction of
// writing or cannot be in XML are replaced by U+FFFD. The page is well-formed XML.
package report

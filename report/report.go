package report

import (
	"bytes"
	"io"
)

// A Report is a title and sections of blocks, top to bottom. The zero value is an empty report. A plain value: safe for
// concurrent reads.
type Report struct {
	Title    Text      // of the page
	Subtitle Text      // one line below the title: of what, of when; empty: none
	Sections []Section // top to bottom
}

// A Section is a heading with what stands below it. A plain value: safe for concurrent reads.
type Section struct {
	Title  Text    // of the heading, and in the contents
	Intro  Text    // a few sentences below the heading; empty: none
	Blocks []Block // top to bottom; charts side by side where there is room
}

// A Block is what a section is made of: [Facts], [Table], [Bars], [Histogram], [Lines], [Matrix] or [Note]. No other
// package can make one. Values of these types are safe for concurrent reads.
type Block interface {
	// check returns what keeps the block from being drawn, one text a fault.
	check() []string
	// name is the title in English, for errors.
	name() Text
	// view lays the block out.
	view(p *printer) view
}

// WriteHTML writes the page in a language. What is wrong with the report is as [Report.Validate] says, and then nothing
// is written. Cost: O(size of the page), which is in memory before it is written.
func (r *Report) WriteHTML(w io.Writer, lang Language) error {
	if err := r.validate(lang); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, r.page(lang)); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteText writes the report as plain text in a language, with tables for charts, aligned for a terminal on which
// Chinese letters are twice as wide. Lines of more than [MaxFigures] rows of numbers are named only. Errors are as those
// of [Report.WriteHTML].
func (r *Report) WriteText(w io.Writer, lang Language) error {
	if err := r.validate(lang); err != nil {
		return err
	}
	_, err := w.Write(r.text(lang))
	return err
}

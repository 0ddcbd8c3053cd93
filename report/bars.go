package report

import (
	"fmt"
	"math"
	"strings"
)

// Bars are horizontal bars from 0, one for each label and series. A NaN is a bar that is missing. A plain value: safe for
// concurrent reads.
type Bars struct {
	Title  Text    // above the chart
	Note   Text    // below the chart; empty: none
	Value  Measure // of all values
	Labels []Text  // from top to bottom, up to MaxBars
	Series []Series
}

// A Series is one kind of bar. A plain value: safe for concurrent reads.
type Series struct {
	Name   Text      // in the legend; shown where there are several
	Values []float64 // one for each label
}

// Add appends a label with its values, one for each series; a series that is not there yet is made, without a name.
func (b *Bars) Add(label Text, values ...float64) {
	for len(b.Series) < len(values) {
		b.Series = append(b.Series, Series{})
	}
	b.Labels = append(b.Labels, label)
	for i, v := range values {
		b.Series[i].Values = append(b.Series[i].Values, v)
	}
}

func (b Bars) name() Text { return b.Title }

func (b Bars) check() []string {
	var p problems
	p.limit("Labels", len(b.Labels), MaxBars)
	p.limit("Series", len(b.Series), MaxSeries)
	p.format("Value.Format", b.Value.Format)
	for i, s := range b.Series {
		what := fmt.Sprintf("Series[%d].Values", i)
		p.length(what, len(s.Values), len(b.Labels))
		p.finite(what, s.Values)
	}
	return p
}

func (b Bars) view(p *printer) view {
	d := p.drawing(b.Title)
	if len(b.Labels) == 0 || len(b.Series) == 0 {
		return p.chart(b.Title, b.Note, p.nothing(d), nil)
	}
	var all [][]float64
	names, headers := []string{}, []string{""}
	for _, s := range b.Series {
		all = append(all, s.Values)
		name := p.lang.of(s.Name)
		names = append(names, name)
		if name == "" || len(b.Series) == 1 {
			name = p.lang.of(b.Value.Name)
		}
		headers = append(headers, name)
	}
	labels := make([]string, len(b.Labels))
	g := figures(true, headers...)
	said := []string{}
	labelWidth, valueWidth := 0.0, 0.0
	for i := range labels {
		labels[i] = p.lang.of(b.Labels[i])
		labelWidth = max(labelWidth, width(labels[i]))
		cells := []string{labels[i]}
		for _, s := range all {
			text := b.Value.Format.number(s[i])
			valueWidth = max(valueWidth, width(text)*letter)
			cells = append(cells, text)
		}
		g.row(cells...)
		said = append(said, labels[i]+" "+strings.Join(cells[1:], ", "))
	}
	labelWidth = min(labelWidth, maxLabel)

	top := 0.0
	if len(b.Series) > 1 {
		top = d.legend(names, func(i int, x, y float64) { d.rect(seriesClass(i), x, y-5, 14, 10, "") })
	}
	low, high := extent(all...)
	low, high = min(low, 0), max(high, 0)
	const bar = 13.0
	band := bar*float64(len(b.Series)) + 8
	wrapped := make([][]string, len(labels))
	for i, label := range labels {
		if wrapped[i] = wrap(label, labelWidth); len(wrapped[i]) > 1 {
			band = max(band, 2*bar+8)
		}
	}
	labelWidth *= letter
	bottom := top + band*float64(len(labels))
	x := newAxis(low, high, 5, b.Value.Format, false, p.lang)
	x.low, x.high = low, high // labels stand at the ends of bars: there need not be a tick beyond
	if low == high {
		x.high = 1
	}
	x.from, x.to = labelWidth+8, chartWidth-4
	if low < 0 {
		x.from += valueWidth + 4
	}
	if high > 0 || low == high {
		x.to -= valueWidth + 4
	}
	ticks, texts := x.ticks, x.labels
	x.ticks, x.labels = nil, nil
	for i, v := range ticks {
		if v >= x.low && v <= x.high {
			x.ticks, x.labels = append(x.ticks, v), append(x.labels, texts[i])
		}
	}
	x.thin(letter)
	for i, v := range x.ticks {
		class := "g"
		if v == 0 {
			class = "a"
		}
		d.line(class, [2]float64{x.at(v), top}, [2]float64{x.at(v), bottom})
		if x.labels[i] != "" {
			d.text("k m", x.at(v), bottom+14, x.labels[i], "")
		}
	}
	for i, label := range labels {
		y := top + band*float64(i) + (band-bar*float64(len(all)))/2
		for j, part := range wrapped[i] {
			tip := label
			if len(wrapped[i]) > 1 && part != label && !strings.HasSuffix(part, "…") {
				tip = ""
			}
			d.text("e", labelWidth, y+(bar*float64(len(all))-bar*float64(len(wrapped[i])))/2+bar*float64(j)+bar-3.5, part, tip)
		}
		for j, s := range all {
			v, text := s[i], g.Rows[i].Cells[j+1].Lines[0]
			tip := sentence(label, names[j], text)
			place := x.at(0)
			if !math.IsNaN(v) {
				place = x.at(v)
				d.rect(seriesClass(j), x.at(0), y, place-x.at(0), bar-1.5, tip)
			}
			if v < 0 {
				d.text("v e", place-4, y+bar-3, text, "")
			} else {
				d.text("v", place+4, y+bar-3, text, "")
			}
			y += bar
		}
	}
	title := p.lang.of(b.Value.Name)
	d.text("t m", (x.from+x.to)/2, bottom+30, fit(title, (chartWidth-x.from)/letter), title)
	d.Desc = p.lang.pick("Bar chart, ", "条形图，") + title + p.lang.pick(": ", "：") + strings.Join(said, p.lang.pick("; ", "；"))
	d.finish(bottom + 36)
	view := p.chart(b.Title, b.Note, d, g)
	longest := max(high, -low)
	for _, v := range all[0] {
		view.lengths = append(view.lengths, max(v, 0)/longest) // NaN stays
	}
	return view
}

// maxLabel is how wide labels are at most, in sizes of a letter.
const maxLabel = 0.36 * chartWidth / letter

// seriesClass is the colour of a series.
func seriesClass(i int) string { return string(rune('p'+i)) + "f" }

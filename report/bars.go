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
	c := &barChart{drawing: d, Bars: &b}
	c.write(p)
	c.lay(p)
	c.drawTicks()
	for i := range c.labels {
		c.drawLabel(i)
	}
	title := p.lang.of(b.Value.Name)
	d.text("t m", (c.x.from+c.x.to)/2, c.bottom+30, fit(title, (chartWidth-c.x.from)/letter), title)
	d.Desc = p.lang.pick("Bar chart, ", "条形图，") + title + p.lang.pick(": ", "：") + strings.Join(c.said, p.lang.pick("; ", "；"))
	d.finish(c.bottom + 36)
	view := p.chart(b.Title, b.Note, d, c.figures)
	longest := max(c.x.high, -c.x.low)
	for _, v := range b.Series[0].Values {
		view.lengths = append(view.lengths, max(v, 0)/longest) // NaN stays
	}
	return view
}

// thick is the room that a bar takes across.
const thick = 13.0

// A barChart is Bars on their way into a drawing.
type barChart struct {
	*drawing
	*Bars
	names   []string // of the series
	labels  []string
	wrapped [][]string // lines of each label
	figures *grid
	said    []string // a label with its figures

	labelWidth, valueWidth float64 // of the widest
	top, bottom            float64 // of the bars
	band                   float64 // from label to label
	x                      *axis
}

// write puts everything into words.
func (c *barChart) write(p *printer) {
	headers := []string{""}
	for _, s := range c.Series {
		name := p.lang.of(s.Name)
		c.names = append(c.names, name)
		if name == "" || len(c.Series) == 1 {
			name = p.lang.of(c.Value.Name)
		}
		headers = append(headers, name)
	}
	c.figures = figures(true, headers...)
	for i := range c.Labels {
		label := p.lang.of(c.Labels[i])
		c.labelWidth = max(c.labelWidth, width(label))
		cells := []string{label}
		for _, s := range c.Series {
			text := c.Value.Format.number(s.Values[i])
			c.valueWidth = max(c.valueWidth, width(text)*letter)
			cells = append(cells, text)
		}
		c.figures.row(cells...)
		c.labels, c.said = append(c.labels, label), append(c.said, label+" "+strings.Join(cells[1:], ", "))
	}
}

// lay draws the legend, and lays out bands and axis below it.
func (c *barChart) lay(p *printer) {
	if len(c.Series) > 1 {
		c.top = c.legend(c.names, func(i int, x, y float64) { c.rect(seriesClass(i), x, y-5, 14, 10, "") })
	}
	c.band = thick*float64(len(c.Series)) + 8
	c.labelWidth = min(c.labelWidth, maxLabel)
	for _, label := range c.labels {
		lines := wrap(label, c.labelWidth)
		if len(lines) > 1 {
			c.band = max(c.band, 2*thick+8)
		}
		c.wrapped = append(c.wrapped, lines)
	}
	c.labelWidth *= letter
	c.bottom = c.top + c.band*float64(len(c.labels))

	low, high := 0.0, 0.0
	for _, s := range c.Series {
		least, most := extent(s.Values)
		low, high = min(low, least), max(high, most)
	}
	x := newAxis(low, high, 5, c.Value.Format, false, p.lang)
	x.low, x.high = low, high // labels stand at the ends of bars: there need not be a tick beyond
	x.from, x.to = c.labelWidth+8, chartWidth-4
	if low < 0 {
		x.from += c.valueWidth + 4
	}
	if high > 0 || low == high {
		x.to -= c.valueWidth + 4
	}
	if low == high {
		x.high = 1
	}
	ticks, texts := x.ticks, x.labels
	x.ticks, x.labels = nil, nil
	for i, v := range ticks {
		if v >= x.low && v <= x.high {
			x.ticks, x.labels = append(x.ticks, v), append(x.labels, texts[i])
		}
	}
	x.thin(letter)
	c.x = x
}

func (c *barChart) drawTicks() {
	for i, v := range c.x.ticks {
		class := "g"
		if v == 0 {
			class = "a"
		}
		c.line(class, [2]float64{c.x.at(v), c.top}, [2]float64{c.x.at(v), c.bottom})
		if c.x.labels[i] != "" {
			c.text("k m", c.x.at(v), c.bottom+14, c.x.labels[i], "")
		}
	}
}

// drawLabel draws a label and its bars.
func (c *barChart) drawLabel(i int) {
	label, lines := c.labels[i], c.wrapped[i]
	room := thick * float64(len(c.Series))
	y := c.top + c.band*float64(i) + (c.band-room)/2
	for j, part := range lines {
		tip := label
		if len(lines) > 1 && part != label && !strings.HasSuffix(part, "…") {
			tip = ""
		}
		c.text("e", c.labelWidth, y+(room-thick*float64(len(lines)))/2+thick*float64(j)+thick-3.5, part, tip)
	}
	for j, s := range c.Series {
		v, text := s.Values[i], c.figures.Rows[i].Cells[j+1].Lines[0]
		place := c.x.at(0)
		if !math.IsNaN(v) {
			place = c.x.at(v)
			c.rect(seriesClass(j), c.x.at(0), y, place-c.x.at(0), thick-1.5, sentence(label, c.names[j], text))
		}
		if v < 0 {
			c.text("v e", place-4, y+thick-3, text, "")
		} else {
			c.text("v", place+4, y+thick-3, text, "")
		}
		y += thick
	}
}

// maxLabel is how wide labels are at most, in sizes of a letter.
const maxLabel = 0.36 * chartWidth / letter

// seriesClass is the colour of a series.
func seriesClass(i int) string { return string(rune('p'+i)) + "f" }

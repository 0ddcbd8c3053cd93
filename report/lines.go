package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clientele-go/clientele/internal/enum"
)

// Lines are curves or points over a pair of axes: gains, calibration, survival, a figure over time. The vertical axis
// holds 0. A plain value: safe for concurrent reads.
type Lines struct {
	Title Text    // above the chart
	Note  Text    // below the chart; empty: none
	X     Measure // of the horizontal axis
	Y     Measure // of the vertical axis
	Lines []Line  // up to MaxSeries beside those of style Reference
	// Zoom lets the vertical axis begin where the numbers do. The chart says so.
	Zoom bool
}

// A Line is a row of points. A plain value: safe for concurrent reads.
type Line struct {
	Name  Text      // in the legend; shown where there are several
	Style Style     // Joined, if nothing is said
	X     []float64 // not descending but for Points, and never NaN; at most MaxPoints
	Y     []float64 // one for each X; NaN is a gap
	// Low and High are the bounds of an interval around each Y, drawn as a bar; nil: none. NaN is no interval.
	Low, High []float64
}

// Style is how the points of a line are drawn. Safe for concurrent reads.
type Style uint8

const (
	// Joined points have a straight line from each to the next. Up to 30 points are marked.
	Joined Style = iota
	// Steps keep the value of a point until the next one.
	Steps
	// Points are marked and not joined.
	Points
	// Reference is a thin dashed line to compare with, such as the diagonal of calibration.
	Reference
	lastStyle = Reference
)

var styleNames = []string{"joined", "steps", "points", "reference"}

// String returns "joined", "steps", "points" or "reference".
func (s Style) String() string { return enum.Name(styleNames, s) }

// MarshalText returns the text of String.
func (s Style) MarshalText() ([]byte, error) {
	return enum.Marshal("report", "style", styleNames, s)
}

// UnmarshalText reads what MarshalText wrote.
func (s *Style) UnmarshalText(text []byte) error {
	return enum.Unmarshal("report", "style", styleNames, text, s)
}

func (l Lines) name() Text { return l.Title }

func (l Lines) check() []string {
	var p problems
	p.format("X.Format", l.X.Format)
	p.format("Y.Format", l.Y.Format)
	colours := 0
	for i, line := range l.Lines {
		at := fmt.Sprintf("Lines[%d].", i)
		if line.Style != Reference {
			colours++
		}
		if line.Style > lastStyle {
			p.add("%sStyle is unknown: %d", at, line.Style)
		}
		p.limit(at+"X", len(line.X), MaxPoints)
		p.length(at+"Y", len(line.Y), len(line.X))
		if line.Low != nil || line.High != nil {
			p.length(at+"Low", len(line.Low), len(line.X))
			p.length(at+"High", len(line.High), len(line.X))
		}
		for j, x := range line.X {
			if math.IsNaN(x) {
				p.add("%sX[%d] is NaN", at, j)
				break
			}
			if line.Style != Points && j > 0 && x < line.X[j-1] {
				p.add("%sX[%d] is below the one before it", at, j)
				break
			}
		}
		p.finite(at+"X", line.X)
		p.finite(at+"Y", line.Y)
		p.finite(at+"Low", line.Low)
		p.finite(at+"High", line.High)
	}
	p.limit("Lines beside references", colours, MaxSeries)
	return p
}

func (l Lines) view(p *printer) view {
	d := p.drawing(l.Title)
	var xs, ys [][]float64
	points := 0
	for _, line := range l.Lines {
		xs, ys = append(xs, line.X), append(ys, line.Y, line.Low, line.High)
		points += len(line.X)
	}
	if points == 0 {
		return p.chart(l.Title, l.Note, p.nothing(d), nil)
	}
	classes, names := l.classes(), make([]string, len(l.Lines))
	for i, line := range l.Lines {
		names[i] = p.lang.of(line.Name)
	}
	top := 0.0
	if len(l.Lines) > 1 {
		top = d.legend(names, func(i int, x, y float64) {
			if l.Lines[i].Style != Points {
				d.line(classes[i].line, [2]float64{x, y}, [2]float64{x + 17, y})
			}
			if l.Lines[i].Style != Reference && l.Lines[i].Style != Steps {
				d.circle(classes[i].fill, x+8.5, y, 3, "")
			}
		})
	}
	xLow, xHigh := extent(xs...)
	low, high := extent(ys...)
	yTitle := p.lang.of(l.Y.Name)
	if !l.Zoom {
		low, high = min(low, 0), max(high, 0)
	}
	x := newAxis(xLow, xHigh, 6, l.X.Format, false, p.lang)
	y := newAxis(low, high, 5, l.Y.Format, false, p.lang)
	if y.low > 0 || y.high < 0 {
		yTitle += p.lang.pick(" (axis does not begin at 0)", "（纵轴不从0开始）")
	}
	f := newFrame(d, top, x, y, p.lang.of(l.X.Name), yTitle)
	for i, line := range slices.Backward(l.Lines) { // the first is on top
		f.draw(&l, &line, classes[i], names[i])
	}
	d.Desc = l.describe(p, names)
	d.finish(f.height())
	return p.chart(l.Title, l.Note, d, l.figures(p, names, points))
}

// A lineClass is what a line looks like.
type lineClass struct{ line, fill string }

func (l *Lines) classes() []lineClass {
	classes, n := make([]lineClass, len(l.Lines)), 0
	for i, line := range l.Lines {
		if line.Style == Reference {
			classes[i] = lineClass{line: "ref"}
			continue
		}
		letter := string(rune('p' + n))
		classes[i] = lineClass{line: letter + "l", fill: letter + "f"}
		n++
	}
	return classes
}

// draw draws one line.
func (f *frame) draw(l *Lines, line *Line, class lineClass, name string) {
	var path [][2]float64
	for i, x := range line.X {
		point := [2]float64{f.x.at(x), f.y.at(line.Y[i])} // NaN stays
		if line.Style == Steps && i > 0 {
			path = append(path, [2]float64{point[0], f.y.at(line.Y[i-1])})
		}
		path = append(path, point)
	}
	if line.Low != nil {
		for i, x := range line.X {
			if a, b := line.Low[i], line.High[i]; !math.IsNaN(a) && !math.IsNaN(b) {
				f.line(class.line+" i", [2]float64{f.x.at(x), f.y.at(a)}, [2]float64{f.x.at(x), f.y.at(b)})
			}
		}
	}
	if line.Style != Points {
		f.line(class.line, path...)
	}
	if line.Style == Points || line.Style == Joined && len(line.X) <= 30 {
		for i, x := range line.X {
			if !math.IsNaN(line.Y[i]) {
				tip := sentence(name, l.X.Format.number(x)+":", l.estimate(line, i))
				f.circle(class.fill, f.x.at(x), f.y.at(line.Y[i]), 3, tip)
			}
		}
	}
}

// estimate writes a point's value, with its interval.
func (l *Lines) estimate(line *Line, i int) string {
	e := Estimate{line.Y[i], math.NaN(), math.NaN()}
	if line.Low != nil {
		e.Low, e.High = line.Low[i], line.High[i]
	}
	lines, _ := l.Y.Format.cell(e, English) // an estimate is a cell
	return lines[0]
}

func (l *Lines) describe(p *printer, names []string) string {
	var text strings.Builder
	text.WriteString(p.lang.pick("Line chart, ", "折线图，") + p.lang.of(l.Y.Name) + p.lang.pick(" over ", "对") + p.lang.of(l.X.Name) + p.lang.pick(".", "。"))
	for i, line := range l.Lines {
		if len(line.X) == 0 || line.Style == Reference {
			continue
		}
		low, high := extent(line.Y)
		text.WriteString(p.lang.pick(" ", "") + names[i] + p.lang.pick(": ", "：") + p.count(len(line.X), "point", "points", "个点") + p.lang.pick(", ", "，") +
			l.Y.Format.number(low) + p.lang.pick(" to ", "至") + l.Y.Format.number(high) + p.lang.pick(".", "。"))
	}
	return text.String()
}

// figures are the numbers: lines side by side where they are over the same X, else one below the other. References are
// not among them, being no findings.
func (l *Lines) figures(p *printer, names []string, points int) *grid {
	var first *Line
	same := true
	headers := []string{p.lang.of(l.X.Name)}
	for i := range l.Lines {
		line := &l.Lines[i]
		if line.Style == Reference {
			continue
		}
		if first == nil {
			first = line
		}
		same = same && slices.Equal(first.X, line.X)
		if name := names[i]; name != "" {
			headers = append(headers, name)
		} else {
			headers = append(headers, p.lang.of(l.Y.Name))
		}
	}
	if first == nil || points > MaxFigures*(len(l.Lines)+1) {
		return nil
	}
	if same {
		g := figures(false, headers...)
		for j, x := range first.X {
			cells := []string{l.X.Format.number(x)}
			for i := range l.Lines {
				if l.Lines[i].Style != Reference {
					cells = append(cells, l.estimate(&l.Lines[i], j))
				}
			}
			g.row(cells...)
		}
		return g
	}
	g := figures(true, "", p.lang.of(l.X.Name), p.lang.of(l.Y.Name))
	for i := range l.Lines {
		line := &l.Lines[i]
		if line.Style == Reference {
			continue
		}
		name := names[i]
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		for j, x := range line.X {
			g.row(name, l.X.Format.number(x), l.estimate(line, j))
		}
	}
	return g
}

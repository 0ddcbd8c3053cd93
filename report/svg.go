package report

import (
	"math"
	"strconv"
	"strings"
)

const (
	chartWidth = 400.0 // of every chart, in units of its picture; the page scales it
	letter     = 11.5  // size of letters in it
)

// A drawing is a picture ready for the template.
type drawing struct {
	W, H        string
	ID          string
	Title, Desc string
	Marks       []mark
}

// A mark is a rectangle, a path, a circle or a text. Classes are of the style of the page.
type mark struct {
	Kind  string
	Class string
	A     [4]string // rect: x, y, width, height; circle: x, y, radius; text: x, y
	Path  string
	Text  string
	Tip   string
}

// coordinate writes a place with two decimals at most.
func coordinate(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

func (d *drawing) rect(class string, x, y, w, h float64, tip string) {
	if w < 0 {
		x, w = x+w, -w
	}
	if h < 0 {
		y, h = y+h, -h
	}
	d.Marks = append(d.Marks, mark{
		Kind: "rect", Class: class, Tip: tip,
		A: [4]string{coordinate(x), coordinate(y), coordinate(w), coordinate(h)},
	})
}

func (d *drawing) circle(class string, x, y, r float64, tip string) {
	d.Marks = append(d.Marks, mark{Kind: "circle", Class: class, Tip: tip, A: [4]string{coordinate(x), coordinate(y), coordinate(r)}})
}

// text writes s at a place; classes e and m end and centre it there.
func (d *drawing) text(class string, x, y float64, s, tip string) {
	if tip == s {
		tip = ""
	}
	d.Marks = append(d.Marks, mark{Kind: "text", Class: class, Text: s, Tip: tip, A: [4]string{coordinate(x), coordinate(y)}})
}

// line draws through points; NaN ends a stroke and the next point begins another.
func (d *drawing) line(class string, points ...[2]float64) {
	var b strings.Builder
	pen := "M"
	for _, p := range points {
		if math.IsNaN(p[0]) || math.IsNaN(p[1]) {
			pen = "M"
			continue
		}
		b.WriteString(pen + coordinate(p[0]) + " " + coordinate(p[1]))
		pen = "L"
	}
	if b.Len() > 0 {
		d.Marks = append(d.Marks, mark{Kind: "path", Class: class, Path: b.String()})
	}
}

// legend writes names beside a sample of their class, and returns the height that takes.
func (d *drawing) legend(names []string, sample func(i int, x, y float64)) float64 {
	x, y := 0.0, 0.0
	for i, name := range names {
		name = fit(name, (chartWidth-24)/letter)
		w := 22 + width(name)*letter + 14
		if x > 0 && x+w > chartWidth+14 {
			x, y = 0, y+17
		}
		sample(i, x, y+8)
		d.text("", x+22, y+12, name, "")
		x += w
	}
	return y + 17 + 8
}

// finish sets the size.
func (d *drawing) finish(height float64) *drawing {
	d.W, d.H = coordinate(chartWidth), coordinate(math.Ceil(height))
	return d
}

// A frame is a pair of axes with what is drawn between them.
type frame struct {
	*drawing
	x, y   *axis
	bottom float64
}

const frameHeight = 190

// newFrame draws axes below top, their titles and a grid. What the axes do not show as usual, they say.
func newFrame(d *drawing, top float64, x, y *axis, xTitle, yTitle string) *frame {
	left := 0.0
	for _, label := range y.labels {
		left = max(left, width(label)*letter)
	}
	f := &frame{drawing: d, x: x, y: y}
	d.text("t", 0, top+letter-1, fit(yTitle, chartWidth/letter), yTitle)
	top += letter + 12
	f.bottom = top + frameHeight
	right := 8.0
	for _, label := range x.labels {
		right = max(right, width(label)*letter/2)
	}
	x.from, x.to = left+8, chartWidth-right
	y.from, y.to = f.bottom, top
	x.thin(letter)
	for i, v := range y.ticks {
		class := "g"
		if v == 0 {
			class = "a"
		}
		d.line(class, [2]float64{x.from, y.at(v)}, [2]float64{x.to, y.at(v)})
		d.text("k e", left, y.at(v)+4, y.labels[i], "")
	}
	for i, v := range x.ticks {
		d.line("a", [2]float64{x.at(v), f.bottom}, [2]float64{x.at(v), f.bottom + 4})
		if x.labels[i] != "" {
			d.text("k m", x.at(v), f.bottom+17, x.labels[i], "")
		}
	}
	d.text("t m", (x.from+x.to)/2, f.bottom+34, fit(xTitle, (x.to-x.from)/letter), xTitle)
	return f
}

// height is where the frame ends.
func (f *frame) height() float64 { return f.bottom + 40 }

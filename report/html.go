package report

import (
	_ "embed"
	"html/template"
	"strconv"
)

//go:embed page.css
var pageStyle string

//go:embed page.tmpl
var pageText string

// pageTemplate is the page. It is well-formed XML, and so is what it makes.
var pageTemplate = template.Must(template.New("page").Parse(pageText))

// A page is a report laid out.
type page struct {
	Lang, Title, Subtitle, Contents string
	Style                           template.CSS
	Sections                        []pageSection
}

type pageSection struct {
	ID, Title, Intro string
	Views            []view
}

func (r *Report) page(lang Language) *page {
	p := &printer{lang: lang}
	out := &page{
		Lang: lang.pick("en", "zh-Hans"), Title: lang.of(r.Title), Subtitle: lang.of(r.Subtitle), Contents: lang.pick("Contents", "目录"),
		Style: template.CSS(pageStyle),
	}
	for i, s := range r.Sections {
		section := pageSection{ID: "s" + strconv.Itoa(i+1), Title: lang.of(s.Title), Intro: lang.of(s.Intro)}
		for _, b := range s.Blocks {
			section.Views = append(section.Views, b.view(p))
		}
		out.Sections = append(out.Sections, section)
	}
	return out
}

package report

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

// What a report may have. More is refused, since nobody would read it and a page would not be shown.
const (
	// MaxBars is the largest number of labels of [Bars].
	MaxBars = 100
	// MaxSeries is the largest number of series of [Bars], and of lines of [Lines]: of more, colours cannot be told apart.
	MaxSeries = 4
	// MaxBins is the largest number of bins of a [Histogram].
	MaxBins = 200
	// MaxPoints is the largest number of points of one [Line].
	MaxPoints = 20_000
	// MaxSide is the largest number of rows and of columns of a [Matrix].
	MaxSide = 60
	// MaxRows is the largest number of rows of a [Table].
	MaxRows = 20_000
	// MaxFigures is the largest number of rows of the table of numbers below a chart; charts with more have none.
	MaxFigures = 100
)

// A Fault is what is wrong with one block of a report. Safe for concurrent reads.
type Fault struct {
	Section int    // the section's place in Report.Sections
	Block   int    // its place in Section.Blocks
	Title   Text   // of the block
	Problem string // names the field and the index: "Values[3] is infinite"
}

// Error says where the fault is and what it is.
func (f *Fault) Error() string {
	title := English.of(f.Title)
	if title != "" {
		title = fmt.Sprintf(" (%q)", title)
	}
	return fmt.Sprintf("report: section %d, block %d%s: %s", f.Section, f.Block, title, f.Problem)
}

// Validate reports every fault at once, each a [*Fault]: slices whose lengths differ, numbers that are infinite or beyond
// 1e15 where they are to be drawn, too many of anything, a block that is nil; a nil report is an error as well. NaN is a missing number and no fault, and
// neither is a chart without numbers, which says that it has none.
func (r *Report) Validate() error {
	if r == nil {
		return errors.New("report: the report is nil")
	}
	var faults []error
	for i, s := range r.Sections {
		for j, b := range s.Blocks {
			if v := reflect.ValueOf(b); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
				faults = append(faults, &Fault{Section: i, Block: j, Problem: "is nil"})
				continue
			}
			for _, problem := range b.check() {
				faults = append(faults, &Fault{Section: i, Block: j, Title: b.name(), Problem: problem})
			}
		}
	}
	return errors.Join(faults...)
}

func (r *Report) validate(lang Language) error {
	if int(lang) >= len(languageNames) {
		return fmt.Errorf("report: unknown language %d", lang)
	}
	return r.Validate()
}

// problems gathers what is wrong with a block.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// length is a fault unless a slice has as many elements as it should.
func (p *problems) length(what string, got, want int) {
	if got != want {
		p.add("%s has %d elements, not %d", what, got, want)
	}
}

// limit is a fault if there is too much of something.
func (p *problems) limit(what string, got, limit int) {
	if got > limit {
		p.add("%s has %d elements, more than %d", what, got, limit)
	}
}

// format is a fault unless f is one.
func (p *problems) format(what string, f Format) {
	if f > lastFormat {
		p.add("%s is unknown: %d", what, f)
	}
}

// finite is a fault for every number that cannot be drawn; NaN can, as what is missing.
func (p *problems) finite(what string, values []float64) {
	for i, v := range values {
		switch {
		case math.IsInf(v, 0):
			p.add("%s[%d] is infinite", what, i)
		case math.Abs(v) > most:
			p.add("%s[%d] is beyond 1e15", what, i)
		default:
			continue
		}
		return // the first says it
	}
}

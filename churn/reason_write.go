package churn

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/table"
)

// measureNamed finds a measure by its name.
var measureNamed = func() map[string]measure {
	named := make(map[string]measure, len(measures))
	for i := range measures {
		named[measures[i].name] = measure(i)
	}
	return named
}()

// plain maps measures that are logarithms to those that they are logarithms of.
var plain = map[measure]measure{
	measureDaysSinceLog:      measureDaysSince,
	measureDaysSinceFirstLog: measureDaysSinceFirst,
	measureMeanLog:           measureMean,
	measureDaysLog:           measureDays,
	measureRateLog:           measureRate,
	measureSilenceMeanLog:    measureSilenceMean,
	measureSilenceMedianLog:  measureSilenceMedian,
	measureSilenceQ80Log:     measureSilenceQ80,
	measureSurpriseLog:       measureSurprise,
}

// shown returns the value that people are told: of a logarithm what it is the logarithm
// of, of a surprise its probability.
func (m measure) shown(x float64) float64 {
	switch m {
	case measureDaysSinceLog, measureDaysSinceFirstLog:
		return math.Exp(x) - 0.5
	case measureMeanLog:
		return math.Expm1(x)
	case measureSurprise:
		return math.Exp(-x)
	case measureSurpriseLog:
		return math.Exp(-math.Exp(x))
	}
	if measures[m].log {
		return math.Exp(x)
	}
	return x
}

// measureOf returns the measure of a column, measureOwn where it is none of this package.
func (m *Model) measureOf(column int) measure {
	if named, ok := measureNamed[m.schema.Columns[column].Measure]; ok {
		return named
	}
	return measureOwn
}

// sentence says what a row has in a column, beside what is typical.
func (m *Model) sentence(row []float64, column int, money func(float64) string) Text {
	what, x, w := m.measureOf(column), m.value(row, column), m.wordsFor(column)
	if math.IsNaN(x) {
		return w.fill(reasonTexts[what].unknown)
	}
	w.value = m.write(column, x, money)
	if once := plain[what] == measureDays || what == measureDays; once && what.shown(x) < 1.5 || what == measureSpanShare && x == 0 {
		return textOnce
	}
	if text, ok := m.besideRhythm(row, what, &w); ok {
		return w.fill(text)
	}
	known := reasonTexts[what].known
	if w.info.Kind == Purchase {
		switch what {
		case measureDaysSince, measureDaysSinceLog:
			known = textSilent
		case measureSum:
			known = textSpent
		}
	}
	text := w.fill(known)
	typical := m.baseline.Columns[column].median()
	if math.IsNaN(typical) {
		return text
	}
	own := w.value
	if w.value = m.write(column, typical, money); w.value == own {
		return text
	}
	usual := w.fill(textTypical)
	return Text{text.EN + usual.EN, text.ZH + usual.ZH}
}

// besideRhythm returns the sentence that sets a silence beside the customer's own gaps, where the
// column is about silence and the row has both.
func (m *Model) besideRhythm(row []float64, what measure, w *words) (text Text, ok bool) {
	if p, is := plain[what]; is {
		what = p
	}
	of := measureGapMedian
	switch what {
	case measureDaysSince:
		if w.info.Kind != Purchase {
			return text, false
		}
		text = textRhythm
	case measureSilenceMean:
		of, text = measureGapMean, textTimesMean
	case measureSilenceMedian:
		text = textTimesMedian
	case measureSilenceQ80:
		of, text = measureGapQ80, textTimesQ80
	case measureSurprise:
		text = textSurprised
	default:
		return text, false
	}
	days, usual := math.NaN(), math.NaN()
	for i := range m.schema.Columns {
		switch c := &m.schema.Columns[i]; {
		case m.columns[i].kind() != table.Number || c.Kind != Purchase:
		case c.Measure == measureDaysSince.String():
			days = row[i]
		case c.Measure == of.String() && what != measureSurprise:
			usual = row[i]
		}
	}
	if what == measureSurprise && days > 0 {
		usual = days
	}
	if math.IsNaN(days) || math.IsNaN(usual) {
		return text, false
	}
	if w.silence, w.gap = writeDays(days), writeDays(usual); days < 0.5 {
		text = textJust
	}
	return text, true
}

// fill puts words into a template.
func (w *words) fill(t Text) Text {
	kind, known := kindTexts[w.info.Kind]
	if !known {
		kind = kindText{w.name.EN + " event", w.name.EN + " events", w.name.ZH + "事件"}
	}
	many := kind.many
	if w.value.EN == "1" {
		many = kind.one
	}
	replace := func(text, value, silence, gap, one, many, name string) string {
		return strings.NewReplacer("{value}", value, "{silence}", silence, "{gap}", gap, "{event}", one, "{events}", many,
			"{name}", name, "{days}", strconv.Itoa(w.info.Days), "{half}", strconv.Itoa(w.info.Days/2)).Replace(text)
	}
	text := Text{
		replace(t.EN, w.value.EN, w.silence.EN, w.gap.EN, kind.one, many, w.name.EN),
		replace(t.ZH, w.value.ZH, w.silence.ZH, w.gap.ZH, kind.chinese, kind.chinese, w.name.ZH),
	}
	text.EN = strings.ReplaceAll(text.EN, "every 1 day", "every day")
	if strings.HasPrefix(t.EN, "{events}") {
		text.EN = strings.ToUpper(text.EN[:1]) + text.EN[1:]
	}
	return text
}

// words are what stands in for the names in a template.
type words struct {
	info                *Info
	name                Text
	value, silence, gap Text
}

// wordsFor returns the words for a column without its value.
func (m *Model) wordsFor(column int) words {
	info := &m.schema.Columns[column]
	w := words{info: info, name: Text{strconv.Quote(info.Kind), "“" + info.Kind + "”"}}
	switch what := m.measureOf(column); {
	case what == measureOwn:
		w.name = Text{cmp.Or(info.Text.EN, info.Name), cmp.Or(info.Text.ZH, info.Text.EN, info.Name)}
	case info.Kind == otherLevel && (what == measureChannelShare || what == measureCategoryShare):
		w.name = textOther
	}
	return w
}

// write returns a value of a column with its unit.
func (m *Model) write(column int, x float64, money func(float64) string) Text {
	what := m.measureOf(column)
	x = what.shown(x)
	both := func(s string) Text { return Text{s, s} }
	switch unit := measures[what].unit; {
	case m.columns[column].kind() == table.Category:
		level := m.columns[column].Levels[int(x)]
		if month, err := strconv.Atoi(level); err == nil && what == measureMonth {
			return Text{time.Month(month).String(), strconv.Itoa(month) + "月"}
		}
		if level == otherLevel && unit == unitLevel {
			return textOther
		}
		return Text{strconv.Quote(level), "“" + level + "”"}
	case unit == unitDays:
		return writeDays(x)
	case unit == unitMoney:
		return both(money(x))
	case unit == unitShare || unit == unitSurprise:
		return both(writeShare(x))
	case unit == unitRatio:
		s := writeFactor(x)
		return Text{s + " times", s + "倍"}
	case unit == unitPerDay:
		if x == 0 {
			return textNoRepeat
		}
		days := writeDays(max(1/x, 1))
		return Text{"every " + days.EN, "约" + days.ZH + "一次"}
	case unit == unitCount:
		return both(strconv.FormatFloat(math.Round(x), 'f', -1, 64))
	default:
		return both(strconv.FormatFloat(x, 'g', 4, 64))
	}
}

// writeDays writes a length in whole days.
func writeDays(x float64) Text {
	s := strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	switch {
	case x > 0 && x < 0.5:
		return Text{"less than a day", "不到1天"}
	case s == "1":
		return Text{"1 day", "1天"}
	}
	return Text{s + " days", s + "天"}
}

// writeShare writes a share in percent, whole from 1% on.
func writeShare(x float64) string {
	if p := 100 * x; p > 0 && p < 0.95 {
		return strconv.FormatFloat(p, 'g', 1, 64) + "%"
	}
	return strconv.FormatFloat(math.Round(100*x), 'f', -1, 64) + "%"
}

// writeFactor writes a factor with two digits, whole from 10 on.
func writeFactor(x float64) string {
	switch {
	case x >= 9.95:
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	case x >= 0.995:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

// writeHundredths writes minor units as hundreds of them: 1,234.50.
func writeHundredths(minor float64) string {
	s := strconv.FormatFloat(math.Abs(minor)/100, 'f', 2, 64)
	for i := len(s) - len(".00") - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if minor < 0 {
		s = "-" + s
	}
	return s
}

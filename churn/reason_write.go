package churn

import (
	"cmp"
	"math"
	"slices"
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
// of, of a surprise its probability, of what purchases span the rest.
func (m measure) shown(x float64) float64 {
	switch m {
	case measureDaysSinceLog, measureDaysSinceFirstLog:
		return math.Exp(x) - 0.5
	case measureMeanLog:
		return math.Expm1(x)
	case measureSpanShare:
		return 1 - x
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
	t := &reasonTexts[what]
	if silence, ok := m.noneSince(row, column); ok {
		return m.sentence(row, silence, money)
	}
	if math.IsNaN(x) {
		return w.fill(t.unknown)
	}
	if m.once(row, what, x) {
		return w.fill(textOnce)
	}
	w.value = m.write(column, x, money)
	if text, ok := m.besideRhythm(row, what, &w); ok {
		return w.fill(text)
	}
	if text, ok := m.besideHalf(row, column, x, &w); ok {
		return w.fill(text)
	}
	text := t.known
	switch {
	case x == 0 && t.none != Text{} && !(what == measureSum && w.info.Kind == Purchase):
		text = t.none
	case x == 1 && t.all != Text{}:
		text = t.all
	case w.info.Kind == Purchase && (what == measureDaysSince || what == measureDaysSinceLog):
		text = textSilent
	case w.info.Kind == Purchase && what == measureSum:
		text = textSpent
	}
	typical := m.baseline.Columns[column].median()
	if what == measureSpanShare && x > typical {
		text, w.value, typical = textSpan, m.write(column, 1-x, money), 1-typical // what they span, not the rest
	}
	text = w.fill(text)
	if x == 0 && what == measureCount || math.IsNaN(typical) {
		return text
	}
	own := w.value
	if w.value = m.write(column, typical, money); w.value == own {
		return text
	}
	w.value.EN = strings.TrimSuffix(w.value.EN, " of")
	usual := w.fill(textTypical)
	return Text{text.EN + usual.EN, text.ZH + usual.ZH}
}

// noneSince tells whether a column says of a row that there is no purchase in a window, of which the silence says as
// much and more, and returns the column of that.
func (m *Model) noneSince(row []float64, column int) (silence int, ok bool) {
	what, x, info := m.measureOf(column), m.value(row, column), &m.schema.Columns[column]
	if !(what == measureRefundShare && math.IsNaN(x) || what == measureCount && info.Kind == Purchase && x == 0) {
		return 0, false
	}
	silence = slices.IndexFunc(m.schema.Columns, func(c Info) bool { return c.Name == silenceColumn })
	return silence, silence >= 0 && row[silence] >= float64(info.Days)
}

// silent tells whether the sentence about a column says for how long a customer has not bought.
func (m *Model) silent(row []float64, column int) bool {
	what := m.measureOf(column)
	if p, is := plain[what]; is {
		what = p
	}
	switch what {
	case measureSilenceMean, measureSilenceMedian, measureSilenceQ80, measureSurprise:
		return !math.IsNaN(m.value(row, column))
	case measureDaysSince:
		return m.schema.Columns[column].Kind == Purchase && !math.IsNaN(m.value(row, column))
	}
	_, none := m.noneSince(row, column)
	return none
}

// once tells whether a value says of a row no more than that there is one purchase day: a rate is
// then that of all who bought first at that time.
func (m *Model) once(row []float64, what measure, x float64) bool {
	if p, is := plain[what]; is {
		x, what = what.shown(x), p
	}
	switch what {
	case measureDays:
		return x < 1.5
	case measureRate:
		return m.beside(row, Purchase, measureDays, 0) < 1.5
	case measureSpanShare:
		return x == 0
	}
	return false
}

// beside returns the value of a row in the column of another measure of a kind; NaN where there is none.
func (m *Model) beside(row []float64, kind string, what measure, days int) float64 {
	for i := range m.schema.Columns {
		if c := &m.schema.Columns[i]; c.Kind == kind && c.Days == days && c.Measure == what.String() && m.columns[i].kind() == table.Number {
			return row[i]
		}
	}
	return math.NaN()
}

// besideHalf returns the sentence that has the counts of the two halves of a window in place of how one compares with
// the other, where the row has their sum. A trend is smoothed: of 0 events after 1 it is a third.
func (m *Model) besideHalf(row []float64, column int, x float64, w *words) (text Text, ok bool) {
	if m.measureOf(column) != measureTrend {
		return text, false
	}
	// Of an odd window the oldest day is in neither half.
	if first := m.beside(row, w.info.Kind, measureDaysSinceFirst, 0); w.info.Days%2 != 0 && !(first < float64(w.info.Days-1)) {
		return text, false
	}
	n, ratio := m.beside(row, w.info.Kind, measureCount, w.info.Days), math.Exp(x)
	recent := (n+1)*ratio/(1+ratio) - 0.5
	count := math.Round(recent)
	if !(math.Abs(recent-count) < 1e-6*(n+1)) || count < 0 || count > n {
		return text, false
	}
	write := func(x float64) Text {
		s := strconv.FormatInt(int64(x), 10)
		return Text{s, s}
	}
	w.value, w.before = write(count), write(n-count)
	if n == count {
		w.before.EN = "none"
	}
	if count == 0 {
		return textNoHalf, true
	}
	return textHalves, true
}

// usual tells whether a column says of where, what or when a customer buys what it says of most: that sets nobody apart.
func (m *Model) usual(row []float64, column int) bool {
	switch m.measureOf(column) {
	case measureChannelShare, measureChannelCount, measureCategoryShare, measureCategoryCount, measureWeekendShare, measureEveningShare, measureNightShare:
		x, typical := m.value(row, column), m.baseline.Columns[column].median()
		return !math.IsNaN(x) && !math.IsNaN(typical) && m.write(column, x, nil) == m.write(column, typical, nil)
	}
	return false
}

// contrary tells whether a column says of a row how long the silence is, and that is shorter than the customer's own gap,
// or than most silences where there is none, though it is to raise the score, or longer though it is to lower it. A
// score can have it so, as columns go together, but the sentence would say the opposite of what it is said for.
func (m *Model) contrary(row []float64, column int, raises bool) bool {
	if silence, ok := m.noneSince(row, column); ok {
		column = silence
	}
	what, x := m.measureOf(column), m.value(row, column)
	usual := m.baseline.Columns[column].median()
	if p, is := plain[what]; is {
		x, usual, what = what.shown(x), what.shown(usual), p
	}
	switch what {
	case measureDaysSince:
		if m.schema.Columns[column].Kind != Purchase {
			return false
		}
		if gap := m.beside(row, Purchase, measureGapMedian, 0); !math.IsNaN(gap) {
			usual = gap
		}
	case measureSilenceMean, measureSilenceMedian, measureSilenceQ80:
		usual = 1
	default:
		return false
	}
	return raises && x < usual || !raises && x > usual
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
	days, usual := m.beside(row, Purchase, measureDaysSince, 0), m.beside(row, Purchase, of, 0)
	if what == measureSurprise {
		usual = math.NaN()
		if days > 0 {
			usual = days
		}
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
	var within Text
	if w.window > 0 {
		days := strconv.Itoa(w.window)
		within = Text{" in the last " + days + " days", "最近" + days + "天"}
	}
	replace := func(text, within, value, before, silence, gap, one, many, name string) string {
		return strings.NewReplacer("{within}", within, "{value}", value, "{before}", before, "{silence}", silence, "{gap}", gap, "{event}", one, "{events}", many,
			"{name}", name, "{days}", strconv.Itoa(w.info.Days), "{half}", strconv.Itoa(w.info.Days/2)).Replace(text)
	}
	text := Text{
		replace(t.EN, within.EN, w.value.EN, w.before.EN, w.silence.EN, w.gap.EN, kind.one, many, w.name.EN),
		replace(t.ZH, within.ZH, w.value.ZH, w.before.ZH, w.silence.ZH, w.gap.ZH, kind.chinese, kind.chinese, w.name.ZH),
	}
	text.EN = strings.ReplaceAll(text.EN, "every 1 day", "every day")
	if strings.HasPrefix(t.EN, "{events}") {
		text.EN = strings.ToUpper(text.EN[:1]) + text.EN[1:]
	}
	return text
}

// words are what stands in for the names in a template.
type words struct {
	window        int // of the plan; 0: all is seen
	info          *Info
	name          Text
	value, before Text // before: of the earlier half of a window
	silence, gap  Text
}

// wordsFor returns the words for a column without its value.
func (m *Model) wordsFor(column int) words {
	info := &m.schema.Columns[column]
	w := words{info: info, window: m.schema.Window, name: Text{strconv.Quote(info.Kind), "“" + info.Kind + "”"}}
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
	case unit == unitRatio && x < 0.995:
		s := writeShare(x)
		return Text{s + " of", s}
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

// writeFactor writes a factor that is not below 1 with two digits, whole from 10 on.
func writeFactor(x float64) string {
	if x >= 9.95 {
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
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

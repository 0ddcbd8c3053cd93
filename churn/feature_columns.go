package churn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

const (
	otherLevel = "other" // channels and categories without a column of their own
	// trendDays is the least window that has trends: its halves are weeks.
	trendDays = 14
)

// ownStems are the kinds whose columns have their names, whatever other kinds there are.
var ownStems = []string{Purchase, Refund, Contact}

// monthLevels are the levels of cutoff_month.
var monthLevels = []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"}

// featureColumn is a column of the built-in features.
type featureColumn struct {
	Info
	measure measure
	slot    int      // index of the kind, channel or category in the schema
	window  int      // index into the windows
	levels  []string // of a Category column
}

// columns lists the built-in columns of a schema, in their order.
func (s *schema) columns() []featureColumn {
	b := columnList{taken: map[string]bool{}}
	for _, kind := range ownStems {
		b.taken[kind+"_days_since"] = slices.Contains(s.Kinds, kind)
	}
	purchase := slices.Index(s.Kinds, Purchase)
	b.counts(s, purchase, "")
	for w, days := range s.Windows {
		b.add(fmt.Sprintf("purchase_sum_%dd", days), Purchase, "", measureSum, purchase, w, days)
	}
	for w, days := range s.Windows {
		if days >= trendDays {
			b.add(fmt.Sprintf("purchase_spend_trend_%dd", days), Purchase, "", measureSpendTrend, purchase, w, days)
		}
	}
	for _, c := range []struct {
		name string
		m    measure
	}{
		{"purchase_days_since_log", measureDaysSinceLog},
		{"purchase_days_since_first_log", measureDaysSinceFirstLog},
		{"purchase_days", measureDays},
		{"purchase_days_log", measureDaysLog},
		{"purchase_rate", measureRate},
		{"purchase_rate_log", measureRateLog},
		{"purchase_span_share", measureSpanShare},
		{"purchase_mean", measureMean},
		{"purchase_mean_log", measureMeanLog},
		{"purchase_max_share", measureMaxShare},
		{"purchase_last_to_mean_log", measureLastRatioLog},
		{"purchase_gap_mean", measureGapMean},
		{"purchase_gap_median", measureGapMedian},
		{"purchase_gap_sd", measureGapSD},
		{"purchase_gap_cv", measureGapCV},
		{"purchase_gap_last", measureGapLast},
		{"purchase_gap_q80", measureGapQ80},
		{"purchase_gap_q90", measureGapQ90},
		{"purchase_gap_max", measureGapMax},
		{"silence_to_gap_mean", measureSilenceMean},
		{"silence_to_gap_median", measureSilenceMedian},
		{"silence_to_gap_q80", measureSilenceQ80},
		{"silence_to_gap_mean_log", measureSilenceMeanLog},
		{"silence_to_gap_median_log", measureSilenceMedianLog},
		{"silence_to_gap_q80_log", measureSilenceQ80Log},
		{"silence_surprise", measureSurprise},
		{"silence_surprise_log", measureSurpriseLog},
		{"purchase_weekend_share", measureWeekendShare},
		{"purchase_evening_share", measureEveningShare},
		{"purchase_night_share", measureNightShare},
	} {
		b.add(c.name, Purchase, "", c.m, purchase, 0, 0)
	}
	for slot, kind := range s.Kinds {
		switch kind {
		case Purchase:
		case Refund:
			b.counts(s, slot, GroupReturns)
			for w, days := range s.Windows {
				b.add(fmt.Sprintf("refund_sum_%dd", days), Refund, GroupReturns, measureSum, slot, w, days)
			}
			for w, days := range s.Windows {
				b.add(fmt.Sprintf("refund_share_%dd", days), Refund, "", measureRefundShare, slot, w, days)
			}
		case Contact:
			b.counts(s, slot, GroupService)
		default:
			b.counts(s, slot, "")
		}
	}
	b.levels(s, "channel", s.Channels, measureChannelShare, measureChannelCount, measureChannelLast)
	b.levels(s, "category", s.Categories, measureCategoryShare, measureCategoryCount, measureCategoryLast)
	b.add("cutoff_month", "", "", measureMonth, 0, 0, 0)
	b.list[len(b.list)-1].levels = monthLevels
	return b.list
}

// columnList is columns on their way.
type columnList struct {
	list  []featureColumn
	taken map[string]bool
}

func (b *columnList) add(name, kind string, group Group, m measure, slot, window, days int) {
	b.taken[name] = true
	if group == "" {
		group = measures[m].group
	}
	b.list = append(b.list, featureColumn{
		Info: Info{Name: name, Group: group, Measure: m.String(), Kind: kind, Days: days}, measure: m, slot: slot, window: window,
	})
}

// counts adds what every kind of event has.
func (b *columnList) counts(s *schema, slot int, group Group) {
	kind := s.Kinds[slot]
	stem := kind
	if !slices.Contains(ownStems, kind) {
		stem = b.stem(kind, func(stem string) string { return stem + "_days_since" })
	}
	for w, days := range s.Windows {
		b.add(fmt.Sprintf("%s_count_%dd", stem, days), kind, group, measureCount, slot, w, days)
	}
	b.add(stem+"_days_since", kind, group, measureDaysSince, slot, 0, 0)
	b.add(stem+"_days_since_first", kind, group, measureDaysSinceFirst, slot, 0, 0)
	if kind == Refund || kind == Contact {
		return
	}
	for w, days := range s.Windows {
		if days >= trendDays {
			b.add(fmt.Sprintf("%s_trend_%dd", stem, days), kind, group, measureTrend, slot, w, days)
		}
	}
}

// levels adds the columns of channels or categories, none where there are no names.
func (b *columnList) levels(s *schema, what string, names []string, share, count, last measure) {
	if len(names) == 0 {
		return
	}
	w := len(s.Windows) - 1
	days := s.Windows[w]
	all := append(slices.Clone(names), otherLevel)
	for slot, name := range all {
		stem := what + "_share_" + otherLevel
		if slot < len(names) {
			stem = b.stem(name, func(stem string) string { return what + "_share_" + stem })
			stem = what + "_share_" + stem
		}
		b.add(stem, name, "", share, slot, w, days)
	}
	b.add(what+"_count", "", "", count, 0, w, days)
	b.add(what+"_last", "", "", last, 0, 0, 0)
	b.list[len(b.list)-1].levels = all
}

// stem turns a text into a part of a name: lower case, with underscores between letters and
// digits, and, where the name that it makes is taken, the text as it is.
func (b *columnList) stem(text string, name func(stem string) string) string {
	stem := strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "_")
	if stem == "" || stem == otherLevel || b.taken[name(stem)] {
		stem = text
	}
	for b.taken[name(stem)] {
		stem += "_"
	}
	return stem
}

// complete sets Columns from everything else and the caller's own features.
func (s *schema) complete(own []Info) error {
	s.Columns, s.Own = nil, len(own)
	for _, c := range s.columns() {
		s.Columns = append(s.Columns, c.Info)
	}
	s.Columns = append(s.Columns, own...)
	var faults []error
	seen := make(map[string]bool, len(s.Columns))
	for i := range s.Columns {
		name := s.Columns[i].Name
		if seen[name] {
			faults = append(faults, fmt.Errorf("%w: two features make a column %q", ErrOptions, name))
		}
		seen[name] = true
	}
	return errors.Join(faults...)
}

// validate reports whether the columns are those that the rest of the schema makes: what
// a decoder must ask.
func (s *schema) validate() error {
	if err := errors.Join(validateWindows(s.Windows, s.Window), validateNames("Kinds", s.Kinds),
		validateNames("Channels", s.Channels), validateNames("Categories", s.Categories)); err != nil {
		return err
	}
	if len(s.Windows) == 0 || !slices.Contains(s.Kinds, Purchase) || !slices.IsSorted(s.Kinds) ||
		s.Own < 0 || s.Own > len(s.Columns) {
		return fmt.Errorf("%w: schema without windows, purchases or order", ErrOptions)
	}
	want := schema{Windows: s.Windows, Kinds: s.Kinds, Channels: s.Channels, Categories: s.Categories}
	if err := want.complete(s.Columns[len(s.Columns)-s.Own:]); err != nil {
		return err
	}
	if !slices.Equal(want.Columns, s.Columns) {
		return fmt.Errorf("%w: columns are not those of the schema", ErrOptions)
	}
	return nil
}

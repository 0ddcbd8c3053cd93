package churn

// measure is what a column of the built-in features measures. Its name is Info.Measure.
type measure uint8

const (
	measureCount measure = iota
	measureSum
	measureDaysSince
	measureDaysSinceLog
	measureDaysSinceFirst
	measureDaysSinceFirstLog
	measureMean
	measureMeanLog
	measureMaxShare
	measureLastRatioLog
	measureDays
	measureDaysLog
	measureRate
	measureRateLog
	measureSpanShare
	measureGapMean
	measureGapMedian
	measureGapSD
	measureGapCV
	measureGapLast
	measureGapQ80
	measureGapQ90
	measureGapMax
	measureSilenceMean
	measureSilenceMedian
	measureSilenceQ80
	measureSilenceMeanLog
	measureSilenceMedianLog
	measureSilenceQ80Log
	measureSurprise
	measureSurpriseLog
	measureTrend
	measureSpendTrend
	measureRefundShare
	measureChannelShare
	measureChannelCount
	measureChannelLast
	measureCategoryShare
	measureCategoryCount
	measureCategoryLast
	measureWeekendShare
	measureEveningShare
	measureNightShare
	measureMonth
	measureOwn
)

// unit is what the values of a column count.
type unit string

const (
	unitCount    unit = "count"
	unitDays     unit = "days"
	unitMoney    unit = "money"    // minor units
	unitShare    unit = "share"    // 0 to 1
	unitRatio    unit = "ratio"    // one over the other
	unitPerDay   unit = "per_day"  // how often a day
	unitSurprise unit = "surprise" // minus the logarithm of a probability
	unitLevel    unit = "level"    // a text of a Category column
	unitOwn      unit = "own"      // whatever the caller counts
)

// measures say of each measure its name, the business feature it belongs to where the kind
// of event does not decide, and the unit.
var measures = [...]struct {
	name  string
	group Group
	unit  unit
	log   bool // values are natural logarithms; the formula is that of Features
}{
	measureCount:             {"count", GroupCount, unitCount, false},
	measureSum:               {"sum", GroupSpend, unitMoney, false},
	measureDaysSince:         {"days_since", GroupRecency, unitDays, false},
	measureDaysSinceLog:      {"days_since_log", GroupRecency, unitDays, true},
	measureDaysSinceFirst:    {"days_since_first", GroupTenure, unitDays, false},
	measureDaysSinceFirstLog: {"days_since_first_log", GroupTenure, unitDays, true},
	measureMean:              {"mean", GroupSpend, unitMoney, false},
	measureMeanLog:           {"mean_log", GroupSpend, unitMoney, true},
	measureMaxShare:          {"max_share", GroupSpend, unitShare, false},
	measureLastRatioLog:      {"last_ratio_log", GroupSpend, unitRatio, true},
	measureDays:              {"days", GroupCount, unitCount, false},
	measureDaysLog:           {"days_log", GroupCount, unitCount, true},
	measureRate:              {"rate", GroupCount, unitPerDay, false},
	measureRateLog:           {"rate_log", GroupCount, unitPerDay, true},
	measureSpanShare:         {"span_share", GroupRhythm, unitShare, false},
	measureGapMean:           {"gap_mean", GroupRhythm, unitDays, false},
	measureGapMedian:         {"gap_median", GroupRhythm, unitDays, false},
	measureGapSD:             {"gap_sd", GroupRhythm, unitDays, false},
	measureGapCV:             {"gap_cv", GroupRhythm, unitRatio, false},
	measureGapLast:           {"gap_last", GroupRhythm, unitDays, false},
	measureGapQ80:            {"gap_q80", GroupRhythm, unitDays, false},
	measureGapQ90:            {"gap_q90", GroupRhythm, unitDays, false},
	measureGapMax:            {"gap_max", GroupRhythm, unitDays, false},
	measureSilenceMean:       {"silence_to_gap_mean", GroupRecency, unitRatio, false},
	measureSilenceMedian:     {"silence_to_gap_median", GroupRecency, unitRatio, false},
	measureSilenceQ80:        {"silence_to_gap_q80", GroupRecency, unitRatio, false},
	measureSilenceMeanLog:    {"silence_to_gap_mean_log", GroupRecency, unitRatio, true},
	measureSilenceMedianLog:  {"silence_to_gap_median_log", GroupRecency, unitRatio, true},
	measureSilenceQ80Log:     {"silence_to_gap_q80_log", GroupRecency, unitRatio, true},
	measureSurprise:          {"silence_surprise", GroupRecency, unitSurprise, false},
	measureSurpriseLog:       {"silence_surprise_log", GroupRecency, unitSurprise, true},
	measureTrend:             {"trend", GroupTrend, unitRatio, true},
	measureSpendTrend:        {"spend_trend", GroupTrend, unitRatio, true},
	measureRefundShare:       {"refund_share", GroupReturns, unitShare, false},
	measureChannelShare:      {"channel_share", GroupChannels, unitShare, false},
	measureChannelCount:      {"channel_count", GroupChannels, unitCount, false},
	measureChannelLast:       {"channel_last", GroupChannels, unitLevel, false},
	measureCategoryShare:     {"category_share", GroupAssorted, unitShare, false},
	measureCategoryCount:     {"category_count", GroupAssorted, unitCount, false},
	measureCategoryLast:      {"category_last", GroupAssorted, unitLevel, false},
	measureWeekendShare:      {"weekend_share", GroupCalendar, unitShare, false},
	measureEveningShare:      {"evening_share", GroupCalendar, unitShare, false},
	measureNightShare:        {"night_share", GroupCalendar, unitShare, false},
	measureMonth:             {"month", GroupCalendar, unitLevel, false},
	measureOwn:               {"own", "", unitOwn, false},
}

// String returns the name of the measure.
func (m measure) String() string { return measures[m].name }

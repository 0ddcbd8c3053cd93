package churn

// Features say what is computed of a history. The zero value is a good choice for orders,
// refunds and service contacts. Not safe for concurrent use while it is changed.
//
// Below, a day is a local day, and ages are in days before the cut-off: 1 is the last day
// that is seen. A window of w days has the ages 1 to w. What has no window is about all that
// the plan's window shows. NaN is missing: the mean of nothing, the gap of a single purchase, a
// ratio to nothing. Money is in minor units, exact up to 2⁵³. ln is the natural logarithm.
//
// Of each of Kinds, where kind is its name in lower case with underscores between letters and
// digits (of names that would then be the same, the later ones keep their text; Purchase, Refund
// and Contact are always the first):
//
//	kind_count_30d          events in the window
//	kind_days_since         whole days since the last: its age - 1, so 0 on the last day that is seen
//	kind_days_since_first   whole days since the first: its age - 1
//	kind_trend_30d          ln((r+½)/(e+½)): r events in the recent half of the window, e in as many
//	                        days before it; only windows of 14 days and more, not of Refund and Contact
//
// Of Purchase beside those, where a purchase day is a day with purchases, a gap the days from
// one purchase day to the next, n the number of purchase days, and quantiles of gaps
// interpolate linearly between order statistics:
//
//	purchase_sum_30d                 money in the window
//	purchase_spend_trend_30d         ln of the mean purchase in the recent half over that before it
//	purchase_days_since_log          ln(s), s = purchase_days_since + ½: since noon of the last purchase day
//	purchase_days_since_first_log    ln(purchase_days_since_first + ½)
//	purchase_days, purchase_days_log n, ln(n)
//	purchase_rate                    (n-1)/T, T = purchase_days_since_first
//	purchase_rate_log                ln((n-½)/(T+30)): with half a purchase in 30 days as what is known before
//	purchase_span_share              tx/T, tx = days from the first to the last purchase
//	purchase_mean, purchase_mean_log money a purchase m, ln(1+m)
//	purchase_max_share               share of the largest purchase in all money
//	purchase_last_to_mean_log        ln of the money of the last purchase day over the mean of all of them
//	purchase_gap_mean, _median, _sd, _cv, _last, _q80, _q90, _max
//	                                 of the gaps; sd is the sample standard deviation, cv = sd/mean
//	silence_to_gap_mean, _median, _q80
//	                                 purchase_days_since over that of the gaps
//	silence_to_gap_mean_log, ...     ln(s over that of the gaps)
//	silence_surprise                 (n-½)·ln((tx+30+s)/(tx+30)): -ln of the probability that a buyer who
//	                                 stays is silent for so long, if purchases are a Poisson process whose
//	                                 rate a day is Gamma(½, 30 days) among customers
//	silence_surprise_log             ln of it
//	purchase_weekend_share           share of purchases on Saturdays and Sundays
//	purchase_evening_share           share of purchases from 18:00 to 23:59 local time
//	purchase_night_share             share of purchases from 0:00 to 5:59
//
// n-1, tx and T are what buy-till-you-die models know of a customer. Of Refund:
//
//	refund_sum_30d           money in the window
//	refund_share_30d         that over the money of purchases in the window; above 1 where
//	                         more is given back than was bought in it
//
// Of Channels, among the purchases in the largest window whose channel is known, and
// of Categories likewise:
//
//	channel_share_web        share of it, one column each
//	channel_share_other      share of all other channels together
//	channel_count            number of different channels
//	channel_last             category: channel of the last purchase of all, or "other"; of purchases
//	                         at one second the last channel, and the last category, by name
//
// Of the cut-off:
//
//	cutoff_month             category: "01" to "12"
type Features[K comparable] struct {
	// Windows are the days that counts, sums and shares look back, ascending; each holds
	// those before it. At most 16, none above the plan's window. Empty: 7, 30, 90 and 365,
	// those that the plan's window has room for (a window of 0 has room for all), or that
	// window if it has room for none.
	Windows []int
	// Kinds are the kinds of events that are counted each for itself; Purchase always is. Nil:
	// those known at the first cut-off of the plan, at most 16, the most frequent ones. At
	// most 100. Where the first cut-off is early in the log little is known there: it is better
	// to name kinds, channels and categories then, or to set First of the plan.
	Kinds []string
	// Channels and Categories get a column for their share each. Nil: those of the most
	// purchases known at the first cut-off, at most 8 of each. Empty, or none known: no
	// column is about them. At most 100 of each. The name "other" stands for all others.
	Channels, Categories []string
	// Own are features of the caller, the last columns.
	Own []Own[K]
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
	// Progress, where not nil, is called with the number of customers looked at, each twice
	// (for the label, for the features), and the total; by one goroutine at a time.
	Progress func(done, total int64)
}

// Own is a feature of the caller. Safe for concurrent reads.
type Own[K comparable] struct {
	Name    string     // of the column: stable, and different from all others
	Feature Feature[K] // mandatory
	// Group is the business feature it belongs to in reasons; empty: the name.
	Group string
	// Text is what reasons call it; empty: the name.
	Text Text
}

// Feature turns a history into a number. It must answer from the history alone (and from
// what the caller knew at h.Cutoff, where it brings data of its own): NaN is missing, an
// infinity an error. Its panics are not recovered. Implementations are safe for concurrent use.
type Feature[K comparable] interface {
	// Extract returns the value of a customer at h.Cutoff. It must not keep h.
	Extract(customer K, h *History) float64
}

// FeatureFunc is a function as a Feature; the function must be safe for concurrent use.
type FeatureFunc[K comparable] func(customer K, h *History) float64

// Extract calls f.
func (f FeatureFunc[K]) Extract(customer K, h *History) float64 { return f(customer, h) }

// Group is a business feature: the columns that mean the same to people. Groups of the
// caller's own features are any other text. Safe for concurrent use.
type Group string

// The groups of the features of this package.
const (
	GroupRecency  Group = "recency"  // how long ago, also beside the own gaps
	GroupRhythm   Group = "rhythm"   // gaps between purchases
	GroupCount    Group = "count"    // how often
	GroupSpend    Group = "spend"    // how much
	GroupTrend    Group = "trend"    // more or less than before
	GroupChannels Group = "channels" // where
	GroupAssorted Group = "assorted" // what
	GroupReturns  Group = "returns"  // refunds
	GroupService  Group = "service"  // contacts with the service
	GroupTenure   Group = "tenure"   // since when
	GroupCalendar Group = "calendar" // time of the year, habits of the week and the day
)

// silenceColumn is the column of the whole days from the last purchase day to the day before the
// cut-off: 0 for who bought on the last day that is seen. NaN without a purchase.
const silenceColumn = "purchase_days_since"

// Text is a text in English and Chinese. A plain value: safe for concurrent reads.
type Text struct {
	EN string `json:"en,omitempty"` // English
	ZH string `json:"zh,omitempty"` // Chinese
}

// Info describes a column of features. A plain value: safe for concurrent reads.
type Info struct {
	Name    string `json:"name"`           // of the column
	Group   Group  `json:"group"`          // the business feature it belongs to
	Measure string `json:"measure"`        // what it is: "count", "gap_median", ...; "own" of the caller's own
	Kind    string `json:"kind,omitempty"` // of event, channel or category
	Days    int    `json:"days,omitempty"` // window; 0: all that is seen
	Text    Text   `json:"text,omitzero"`  // of the caller's own
}

// schema is features with everything known that they leave open: what a model keeps, so
// that later rows get the same columns. The lists of names ascend, Kinds has Purchase.
type schema struct {
	Windows    []int    `json:"windows"`
	Kinds      []string `json:"kinds"`
	Channels   []string `json:"channels"`
	Categories []string `json:"categories"`
	Window     int      `json:"window"` // of the plan
	Columns    []Info   `json:"columns"`
	Own        int      `json:"own"` // the last so many columns are the caller's
}

package profile

import "github.com/clientele-go/clientele/customer"

// A Computed is a trait that follows from events: how many orders, when the last visit
// was, which category is liked best. Safe for concurrent reads.
type Computed struct {
	Name  string        `json:"name"`           // unique among computed traits and Traits
	Label customer.Text `json:"label,omitzero"` // for people
	// Sensitivity is at least that of Field, the strictest in any of Events, where values of
	// the field are shown: by First, Last, Min, Max, Top and Affinity, in bands too. The zero
	// Sensitivity is Public.
	Sensitivity Sensitivity `json:"sensitivity,omitempty"`
	// Of says what is made of the events.
	Of Aggregate `json:"of"`
	// Events are the types that are looked at. At least one.
	Events []string `json:"events"`
	// Where are conditions on fields; an event counts if it meets all. Where there is a Pair
	// they are about the events that begin. The number of Events by that of conditions is,
	// of all computed traits together, at most 1,048,576.
	Where []Condition `json:"where,omitempty"`
	// Field is what is aggregated: a field that all Events have, of one kind; events in
	// which it is missing do not count. Or one of @time, @source, @channel and @event:
	// when it happened, who said so, by which channel, and its type. Not of Count, which
	// counts events, Lifecycle, and where there is a Pair.
	Field string `json:"field,omitempty"`
	// Pair: what is aggregated is the time from an event to the one that answers it.
	Pair *Pair `json:"pair,omitempty"`
	// Window is how far back events count, of a Pair how far back those that begin. The zero
	// Window is all time. Not of Affinity and Lifecycle, which have their own sense of time.
	Window Window `json:"window,omitzero"`
	// Limit is the most values of Top and Affinity, at most 1,000. 0: 1.
	Limit int `json:"limit,omitempty"`
	// Quantile is which one, above 0 and below 1: 0.5 is the median. Of Quantile alone.
	Quantile float64 `json:"quantile,omitempty"`
	// Stages of Lifecycle. Nil: DefaultStages.
	Stages []Stage `json:"stages,omitempty"`
	// Taste is how Affinity weighs. Nil: the defaults.
	Taste *Taste `json:"taste,omitempty"`
	// Bands divide a numeric Field, for Distinct, Top and Affinity: prices into price bands.
	// Each begins where the one before ends. An event beyond the last does not count. None:
	// the values themselves.
	Bands []Band `json:"bands,omitempty"`
}

// A Window is how far back events count: Days whole local days, today included, or Hours of
// exact elapsed time. At most one is set. Safe for concurrent reads.
type Window struct {
	Days  int `json:"days,omitempty"`  // at most 36,525
	Hours int `json:"hours,omitempty"` // at most 8,784
}

// A Condition is about a field of an event. One on a field that is missing, or that the
// type of event does not have, is not met. Safe for concurrent reads.
type Condition struct {
	Field string `json:"field"` // or @source, @channel, @event
	// In: the value is one of these, or, of labels, has one of them, which are texts. A whole
	// number does for a decimal, here and below. None: any value.
	In []customer.Value `json:"in,omitempty"`
	// NotIn: it is none of these, or has none of them.
	NotIn []customer.Value `json:"not_in,omitempty"`
	// AtLeast and Below bound numbers and times: AtLeast <= value < Below.
	AtLeast customer.Value `json:"at_least,omitzero"`
	Below   customer.Value `json:"below,omitzero"`
}

// A Pair says which event answers which: a ticket opened and resolved. Of the events with
// the same value of By, in whatever atoms of the customer, the first of Computed.Events
// begins, and the first of Until at or after it ends: the time between, in seconds, is what
// Average, Min, Max and Quantile are made of, over pairs that have ended. Count is the
// number of those, and Share their share of all that have begun. All are exact: the
// quantile is the least of the times such that the share of those up to it is at least
// Computed.Quantile. An event without By does not count, and one older than
// Schema.Retention neither begins nor ends. With a Computed.Window those pairs count whose
// beginning lies in it: what began before it does not begin again in it. Safe for concurrent reads.
type Pair struct {
	Until []string `json:"until"` // types of events, none of them in Computed.Events
	By    string   `json:"by"`    // a field that all these types have, of one kind
}

// A Stage is part of a Lifecycle: a customer is in the first of them that fits, and if none
// does, or there are no events, the trait is unset. Days are whole local days, today
// included; 0 is any time. Where both First and Last are set, both must hold. Events older
// than Schema.Retention are not looked at, so that who comes back after it is new. Safe for
// concurrent reads.
type Stage struct {
	Name  string `json:"name"`            // unique in a Lifecycle
	First int    `json:"first,omitempty"` // the first event was within so many days
	Last  int    `json:"last,omitempty"`  // the last event was within so many days
}

// DefaultStages returns new (first event within 30 days), established (last within 90),
// dormant (last within 365) and lost. The caller may change them.
func DefaultStages() []Stage {
	return []Stage{{Name: "new", First: 30}, {Name: "established", Last: 90}, {Name: "dormant", Last: 365}, {Name: "lost"}}
}

// A Taste says how Affinity weighs: the score of value v is
//
//	(w(v) + Strength * Prior(v)) / (w + Strength)
//
// where w(v) is the sum over the events with v of 2^(-age/HalfLife), age in whole local
// days, and w that over all events. So scores lie between 0 and 1, few events say little,
// and old ones less. Events count whose field is not missing; of labels each is a value, so
// that an event can have several, or none. The empty text is no value. Only values of the customer's own events are scored, and
// of those the Computed.Limit with the highest scores that are at least Least are liked:
// without any the trait is unset. Scores do not depend on the order in which events came,
// and have the same bits on every platform. Nil is the defaults. Safe for concurrent reads.
type Taste struct {
	HalfLife int     `json:"half_life,omitempty"` // days; 0: 180
	Strength float64 `json:"strength,omitempty"`  // of the prior, in events; 0: 2; negative: none
	// Prior are the shares of values among all customers, such as Profiles.Shares
	// measures: each at least 0, in all at most 1 unless events have several labels.
	// Values not named have 0; nil: none.
	Prior map[string]float64 `json:"prior,omitempty"`
	// Least is the least score of a value that counts as liked, at most 1. 0: 0.1.
	Least float64 `json:"least,omitempty"`
}

// A Band is a range of numbers: from where the one before ends up to Below, excluded. Safe
// for concurrent reads.
type Band struct {
	Name  string         `json:"name"`           // unique in a Computed
	Below customer.Value `json:"below,omitzero"` // ascending; unset in the last alone, which has no end
}

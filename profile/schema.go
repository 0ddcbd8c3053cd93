package profile

import (
	"cmp"

	"github.com/clientele-go/clientele/customer"
)

// A Schema declares what is known of customers: who says it, what traits they have and
// how several sources make one value, what happens to them, and what is computed from
// that. It is data: it is kept in the store as JSON, and two processes on one store use
// the same. Names have 1 to 64 bytes of UTF-8 without control characters, what is for people
// at most 1,024 bytes, and the whole at most 512 KiB as JSON. Safe for concurrent reads.
type Schema struct {
	// Location is the time zone of days, an IANA name such as Asia/Shanghai or UTC.
	// Mandatory; what differs between machines, such as Local, is refused.
	Location string `json:"location"`
	// Sources are the systems that evidence comes from, the most trusted first, each
	// name once. At least one, at most 1,000. What a source has said that is not among them any more
	// counts for nothing, until it is named again.
	Sources []Source `json:"sources"`
	// Traits are what sources state of a customer. No name is that of a Computed too, or
	// customer, which is a column of exports.
	Traits []Trait `json:"traits,omitempty"`
	// Events are what happens to customers, each name once.
	Events []Event `json:"events,omitempty"`
	// Computed are traits that follow from events.
	Computed []Computed `json:"computed,omitempty"`
	// Retention is for how many local days, today included, events count: older ones are
	// as if they had never been, in every computed trait and in the timeline, and
	// Profiles.Purge deletes them. Statements of traits are kept. At most 36,525. 0: for
	// ever.
	Retention int `json:"retention,omitempty"`
}

// A Source is a system that evidence comes from. Safe for concurrent reads.
type Source struct {
	Name string `json:"name"` // as in Evidence.Source
	// Channel is what customers meet it as, such as shop, app or phone; several sources
	// may be of one. Empty: Name.
	Channel string `json:"channel,omitempty"`
}

func (s *Source) channel() string { return cmp.Or(s.Channel, s.Name) }

// A Trait is something that sources state of a customer: a name, a city, a birthday.
// Safe for concurrent reads.
type Trait struct {
	Name        string        `json:"name"`
	Label       customer.Text `json:"label,omitzero"`        // for people
	Kind        customer.Kind `json:"kind"`                  // of its values; not KindUnset
	Sensitivity Sensitivity   `json:"sensitivity,omitempty"` // the zero Sensitivity is Public
	// Policy says how the values of a customer's atoms become one: see Rule. None:
	// MostRecent.
	Policy []Rule `json:"policy,omitempty"`
	// Sources restricts who is believed and overrides the order of Schema.Sources for
	// this trait, the most trusted first. None: all, in that order.
	Sources []string `json:"sources,omitempty"`
	// Cap is the most labels of a Union: those with the most recent statements. 0: any
	// number.
	Cap int `json:"cap,omitempty"`
	// Custom names the function of Options.Custom where the last rule is Custom.
	Custom string `json:"custom,omitempty"`
	// Check is what a value has to fulfil; those that do not are set aside.
	Check Check `json:"check,omitzero"`
	// Refresh is after how many days without a statement the trait is stale, for
	// Profiles.Quality. At most 36,525. 0: never.
	Refresh int `json:"refresh,omitempty"`
	// Searchable: Profiles.Find finds customers by its value. It costs two small keys in the
	// store for each statement, of labels for each label. Not where the last rule is Total or
	// Custom, as they make values that nobody has stated. What was stated while it was not
	// searchable is found after Profiles.Reseal.
	Searchable bool `json:"searchable,omitempty"`
}

// An Event is a type of what happens to customers: an order, a visit, a call. Safe for
// concurrent reads.
type Event struct {
	Name   string        `json:"name"`             // as in Evidence.Event
	Label  customer.Text `json:"label,omitzero"`   // for people
	Fields []Field       `json:"fields,omitempty"` // what is known of one, each name once
}

// A Field is a property of an event. Safe for concurrent reads.
type Field struct {
	Name        string        `json:"name"`                  // not beginning with @
	Kind        customer.Kind `json:"kind"`                  // of its values; not KindUnset
	Sensitivity Sensitivity   `json:"sensitivity,omitempty"` // the zero Sensitivity is Public
	// Required: an event without a valid value of it is set aside as a whole.
	Required bool  `json:"required,omitempty"`
	Check    Check `json:"check,omitzero"`
}

// A Check is what a value has to fulfil beyond its kind. The zero Check takes all. Safe
// for concurrent reads.
type Check struct {
	// Least and Most bound whole numbers, decimals, floats and times, included. Of the
	// trait's kind, where a whole number does for a decimal, or unset.
	Least customer.Value `json:"least,omitzero"`
	Most  customer.Value `json:"most,omitzero"`
	// Scale is the most digits after the point of a decimal, up to 18, and leaves 18 less that
	// many before it, so that an index of segments, whose tags have a scale, takes every value.
	// Columns of rows have it. Declare it before the first evidence: what was added before
	// stays as it is, and a tag keeps the scale that it has. 0: any.
	Scale int `json:"scale,omitempty"`
	// Pattern is a regular expression (RE2) that a text, or each label, has to match as a
	// whole. At most 1,024 bytes. Empty: any.
	Pattern string `json:"pattern,omitempty"`
	// In are the texts or labels that are allowed, each once. None: any.
	In []string `json:"in,omitempty"`
}

package ingest

import (
	"slices"
	"time"
)

// Report counts what became of the records of a read. It always holds that
//
//	Read = Kept + Repaired + SetAside
//
// and that the sums of SetAside and of Repaired over Rules are those of the report. It
// holds no value of any record but the oldest and newest time of time fields. A Report
// is safe for concurrent reads.
type Report struct {
	Sources   []string     `json:"sources"`   // names of the sources read, in order
	Read      int64        `json:"read"`      // records, without blank lines and headers
	Kept      int64        `json:"kept"`      // delivered as they were
	Repaired  int64        `json:"repaired"`  // delivered after a repair
	SetAside  int64        `json:"set_aside"` // not delivered
	Malformed int64        `json:"malformed"` // of those set aside: could not be split or decoded
	Blank     int64        `json:"blank"`     // empty lines, which are no records
	Rules     []RuleCount  `json:"rules"`     // malformed records by reason, then all rules in declared order
	Fields    []FieldCount `json:"fields"`    // in declared order
}

// RuleCount counts the work of one rule. A record counts in SetAside or in Repaired of
// at most one rule, the first; in Failed of every rule of a field it breaks. A RuleCount
// is safe for concurrent reads.
type RuleCount struct {
	Field    string  `json:"field,omitempty"`  // empty for checks, keys and malformed records
	Reason   string  `json:"reason"`           // as declared, or the rule's own
	Judged   int64   `json:"judged"`           // records that reached the rule
	Failed   int64   `json:"failed"`           // records that broke it
	SetAside int64   `json:"set_aside"`        // records set aside for it
	Repaired int64   `json:"repaired"`         // records delivered after its repair
	Source   string  `json:"source,omitempty"` // of the first record set aside for it
	Line     int64   `json:"line,omitempty"`   // likewise, counted from 1
	Fenced   bool    `json:"fenced,omitempty"` // a Tukey rule has learnt Low and High
	Low      float64 `json:"low,omitempty"`    // least value within the fences; money in major units
	High     float64 `json:"high,omitempty"`   // most
	Unique   bool    `json:"unique,omitempty"` // the rule is a key of Schema.Unique
}

// FieldCount counts the values of one field in all records that could be split and
// decoded: Present + Missing = Read − Malformed, and one more where a read ends because a
// key does not fit into Options.MaxKeyBytes: that record has no fate and is not counted. A FieldCount is safe for concurrent reads.
type FieldCount struct {
	Name    string    `json:"name"`            // as declared
	Column  string    `json:"column"`          // as the last source names it; empty: not there
	Present int64     `json:"present"`         // values in the source
	Missing int64     `json:"missing"`         // empty, or a text of Format.Missing
	Invalid int64     `json:"invalid"`         // of those present: broke a rule as they stood
	Oldest  time.Time `json:"oldest,omitzero"` // of time fields, in delivered records
	Newest  time.Time `json:"newest,omitzero"` // likewise
	Time    bool      `json:"time,omitempty"`  // a time field
}

// Report returns the counts so far; those of the final read are complete when the
// sequence has ended, also by an error. The record at which a read ends by a rule is
// counted as set aside.
func (r *Reader[T]) Report() *Report {
	rep := &Report{
		Sources: slices.Clone(r.opened), Read: r.read, Kept: r.kept, Repaired: r.repaired,
		SetAside: r.aside, Malformed: r.malformed, Blank: r.blank,
	}
	for f, n := range r.faults {
		if n > 0 {
			rep.Rules = append(rep.Rules, RuleCount{
				Reason: faultReasons[f], Judged: r.read, Failed: n, SetAside: n, Source: r.firstFaults[f].source, Line: r.firstFaults[f].line,
			})
		}
	}
	for _, k := range r.plan.rules {
		rep.Rules = append(rep.Rules, RuleCount{
			Field: k.field, Reason: k.reason, Judged: k.judged, Failed: k.failed, SetAside: k.aside, Repaired: k.repaired,
			Source: k.first.source, Line: k.first.line, Fenced: k.fenced, Low: k.low, High: k.high,
		})
		last := &rep.Rules[len(rep.Rules)-1]
		if k.field != "" {
			last.Judged = r.judged
		}
		last.Unique = slices.ContainsFunc(r.plan.unique, func(u *unique) bool { return &u.rule == k })
	}
	for _, f := range r.plan.fields {
		rep.Fields = append(rep.Fields, f.counts)
	}
	return rep
}

package ingest

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	defaultTarget = 0.95
	defaultMaxAge = 24 * time.Hour
)

// Targets are what a scorecard holds a source to. Shares are between 0 and 1; 0 means
// 0.95, a negative one that anything passes. Targets are safe for concurrent
// reads.
type Targets struct {
	Completeness float64 // of every field that Fields does not name
	Validity     float64 // of records and of every field
	Uniqueness   float64 // of every key
	// Fields holds other targets of completeness, by name of field.
	Fields map[string]float64
	// AsOf is the time at which the source should be fresh. Zero: freshness is not judged.
	AsOf time.Time
	// MaxAge is the most that the newest record may be older than AsOf. 0 means 24 hours.
	MaxAge time.Duration
}

// Dimensions of quality.
const (
	completeness = "completeness"
	validity     = "validity"
	uniqueness   = "uniqueness"
	freshness    = "freshness"
	consistency  = "consistency"
)

// Metric is one line of a scorecard. A Metric is safe for concurrent reads.
//
//	dimension     subject         value
//	completeness  each field      values present / records well formed
//	validity      records         records well formed / records read
//	validity      each field      values that break no rule as they stand / values present
//	uniqueness    each key        records with a new key / records that reached the key
//	freshness     each time field hours from the newest delivered record to AsOf
//	consistency   see Compare     keys found in the other / keys; equal values / keys found
//
// Well formed is a record that could be split and decoded. A share of nothing is 0 for
// completeness and consistency, and for validity of records, and 1 for the rest. A share
// passes if it is at least the target, an age if it is from 0 to the target: a record
// from the future does not pass, nor does a field without any time.
type Metric struct {
	Dimension string  `json:"dimension"` // as above
	Subject   string  `json:"subject"`   // name of a field, reason of a key, or of a comparison
	Good      int64   `json:"good"`      // numerator of a share, 0 for an age
	Of        int64   `json:"of"`        // denominator of a share; of an age, the number of values
	Value     float64 `json:"value"`     // a share, or hours
	Target    float64 `json:"target"`    // least share, or most hours
	Pass      bool    `json:"pass"`      // the value meets the target
}

// Scorecard is the quality of a source, one metric a line, in a fixed order: dimension,
// then declared order. The same input gives the same JSON. A Scorecard is safe for
// concurrent reads.
type Scorecard struct {
	Sources []string `json:"sources"` // names, as in the report
	Pass    bool     `json:"pass"`    // all metrics pass
	Metrics []Metric `json:"metrics"` // in the order above
}

// Score rates a finished read by the targets; nil means the defaults. Optional fields
// whose column is not there are left out. More metrics, as those of [Compare], may follow.
func (r *Report) Score(t *Targets, more ...Metric) *Scorecard {
	if t == nil {
		t = new(Targets)
	}
	card := &Scorecard{Sources: r.Sources, Pass: true}
	formed := r.Read - r.Malformed
	for _, f := range r.Fields {
		target, ok := t.Fields[f.Name]
		if !ok {
			target = t.Completeness
		}
		if f.Column != "" {
			card.add(share(completeness, f.Name, f.Present, f.Present+f.Missing, 0, target))
		}
	}
	card.add(share(validity, "records", formed, r.Read, 0, t.Validity))
	for _, f := range r.Fields {
		if f.Column != "" {
			card.add(share(validity, f.Name, f.Present-f.Invalid, f.Present, 1, t.Validity))
		}
	}
	for _, k := range r.Rules {
		if k.Unique {
			card.add(share(uniqueness, k.Reason, k.Judged-k.Failed, k.Judged, 1, t.Uniqueness))
		}
	}
	for _, f := range r.Fields {
		if f.Time && f.Column != "" && !t.AsOf.IsZero() {
			card.add(age(f, t))
		}
	}
	for _, m := range more {
		card.add(m)
	}
	return card
}

func (c *Scorecard) add(m Metric) {
	c.Metrics = append(c.Metrics, m)
	c.Pass = c.Pass && m.Pass
}

// share is good/of, or empty where there is nothing to judge.
func share(dimension, subject string, good, of int64, empty, target float64) Metric {
	if target == 0 {
		target = defaultTarget
	}
	m := Metric{Dimension: dimension, Subject: subject, Good: good, Of: of, Value: empty, Target: max(target, 0)}
	if of > 0 {
		m.Value = float64(good) / float64(of)
	}
	m.Pass = m.Value >= m.Target
	return m
}

func age(f FieldCount, t *Targets) Metric {
	limit := t.MaxAge
	if limit == 0 {
		limit = defaultMaxAge
	}
	m := Metric{Dimension: freshness, Subject: f.Name, Of: f.Present, Target: limit.Hours()}
	if !f.Newest.IsZero() {
		m.Value = t.AsOf.Sub(f.Newest).Hours()
		m.Pass = m.Value >= 0 && m.Value <= m.Target
	}
	return m
}

// Compare measures the consistency of a source with another by keys both should know:
// the share of our keys that theirs has, and among those the share with equal values.
// The subject names the comparison, as "customers in CRM"; target is as in [Targets].
// The answer does not depend on the order of the maps, which are only read.
func Compare[K, V comparable](subject string, ours, theirs map[K]V, target float64) []Metric {
	found, equal := int64(0), int64(0)
	for k, v := range ours {
		if w, ok := theirs[k]; ok {
			found++
			if v == w {
				equal++
			}
		}
	}
	return []Metric{
		share(consistency, subject+": found", found, int64(len(ours)), 0, target),
		share(consistency, subject+": equal", equal, found, 0, target),
	}
}

// String is a table for people: a line a metric, and the verdict.
func (c *Scorecard) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "QUALITY\tOF\tVALUE\tTARGET\tRESULT\n")
	for _, m := range c.Metrics {
		value, target := fmt.Sprintf("%.2f%%", 100*m.Value), fmt.Sprintf("≥ %.2f%%", 100*m.Target)
		if m.Dimension == freshness {
			value, target = fmt.Sprintf("%.1f h", m.Value), fmt.Sprintf("≤ %.1f h", m.Target)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Dimension, m.Subject, value, target, verdict(m.Pass))
	}
	_ = w.Flush() // a strings.Builder does not fail
	fmt.Fprintf(&b, "%s: %s\n", strings.Join(c.Sources, ", "), verdict(c.Pass))
	return b.String()
}

func verdict(pass bool) string {
	if pass {
		return "pass"
	}
	return "FAIL"
}

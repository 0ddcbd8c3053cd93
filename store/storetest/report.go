package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// An Outcome is what became of a rule. Safe for concurrent use.
type Outcome string

// The outcomes of a rule.
const (
	Kept    Outcome = "kept"    // the store did as the contract says
	Broken  Outcome = "broken"  // it did not, or did not come to an end
	Skipped Outcome = "skipped" // the store, or the way it was checked, does not allow to tell
)

// A Result is the outcome of one rule. Safe for concurrent reads.
type Result struct {
	Rule    Rule
	Outcome Outcome
	Reason  string        // what was seen of a broken rule, or why it was skipped; otherwise empty
	Took    time.Duration // how long it took
}

// A Report is the outcome of all rules that were checked. Safe for concurrent reads.
type Report struct {
	Results []Result // in the order of Rules
}

// Count returns how many rules had the outcome.
func (r *Report) Count(o Outcome) (n int) {
	for i := range r.Results {
		if r.Results[i].Outcome == o {
			n++
		}
	}
	return n
}

// Err returns nil if no rule is broken, or else an error that tells of each.
func (r *Report) Err() error {
	var list []error
	for i := range r.Results {
		if result := &r.Results[i]; result.Outcome == Broken {
			list = append(list, fmt.Errorf("storetest: %s: %s\n%s", result.Rule.Name, result.Reason, result.Rule.text()))
		}
	}
	return errors.Join(list...)
}

// String returns the count of rules, and a line for each that is broken or skipped.
func (r *Report) String() string {
	kept, broken, skipped := r.Count(Kept), r.Count(Broken), r.Count(Skipped)
	var b strings.Builder
	fmt.Fprintf(&b, "%d rules: ", len(r.Results))
	switch {
	case broken > 0:
		fmt.Fprintf(&b, "%d broken, %d kept", broken, kept)
	case kept == len(r.Results):
		b.WriteString("all kept")
	default:
		fmt.Fprintf(&b, "%d kept", kept)
	}
	if skipped > 0 {
		fmt.Fprintf(&b, ", %d skipped", skipped)
	}
	for i := range r.Results {
		if result := &r.Results[i]; result.Outcome != Kept {
			reason, _, _ := strings.Cut(result.Reason, "\n")
			fmt.Fprintf(&b, "\n%-7s %s: %s", result.Outcome, result.Rule.Name, reason)
		}
	}
	return b.String()
}

package profile

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Rule is a step of a Trait's policy. The candidates are, of each atom, the latest
// statement of each source: by event time, then by when it was learned, then by the id of
// the evidence. Where that took the value back there is none; what other sources state stays.
// Statements of sources that are not believed are as if they had never been.
//
// The rules go one after the other: each keeps, of the candidates left, those that are best
// by it. If several are left after the last, the first by this total order wins: most recent
// by event time, most recently learned, most trusted source, lowest atom id. Union, Total and
// Custom make one value of all candidates left and can only be last. A policy has each rule at
// most once, and not both of MostRecent and Oldest, nor of Smallest and Largest. Safe for
// concurrent use.
type Rule uint8

// The rules.
const (
	// MostRecent: latest by event time.
	MostRecent Rule = iota + 1
	// Oldest: earliest by event time. With it anywhere in the policy the candidates are the
	// first statements of a value instead of the latest, where the latest did not take the
	// value back.
	Oldest
	// SourcePriority: most trusted source.
	SourcePriority
	// VerifiedFirst: verified, if any is.
	VerifiedFirst
	// MostComplete: longest text in characters, or most labels.
	MostComplete
	// Majority: the value that most candidates have; all that have one of several such.
	Majority
	// Smallest: least value. Of numbers and times.
	Smallest
	// Largest: greatest value. Of numbers and times.
	Largest
	// Union: all labels; of texts too, which makes the trait's value labels, the empty text
	// left out. Trait.Cap bounds them: those of the first candidates by the total order,
	// and of one candidate the first by their bytes.
	Union
	// Total: exact sum of whole numbers or decimals; unset where it does not fit the kind.
	Total
	// Custom: a function of the caller's, Options.Custom. What it returns counts as unset if
	// it is not valid or of another kind than the trait's.
	Custom
)

var rules = [...]string{
	"", "most_recent", "oldest", "source_priority", "verified_first", "most_complete", "majority", "smallest", "largest", "union",
	"total", "custom",
}

// String returns the rule in lower case, or "invalid".
func (r Rule) String() string {
	if r == 0 || int(r) >= len(rules) {
		return "invalid"
	}
	return rules[r]
}

// MarshalText returns String, or an error if r is not valid.
func (r Rule) MarshalText() ([]byte, error) {
	if r.String() == "invalid" {
		return nil, fmt.Errorf("%w: rule %d is not valid", ErrSchema, uint8(r))
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (r *Rule) UnmarshalText(text []byte) error {
	for i, name := range rules {
		if i > 0 && name == string(text) {
			*r = Rule(i)
			return nil
		}
	}
	return fmt.Errorf("%w: unknown rule %.32q: %s", ErrSchema, text, enum.NotOne(rules[:]))
}

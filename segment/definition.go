package segment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
)

// maxDwell is the longest Dwell: a hundred years of 365 days.
const maxDwell = 100 * 365 * 24 * time.Hour

// Definition says who belongs to a live segment. Safe for concurrent reads.
type Definition struct {
	// Name is how notices and the rules of other segments call it: 1 to 128 bytes of UTF-8 without control characters and
	// backquotes.
	Name string `json:"name"`
	// Label is shown to people; at most 64 KiB in each language.
	Label customer.Text `json:"label,omitzero"`
	// Rule says who enters. Segment("x") in it means the members of the live segment x; InSet cannot be used. The zero Rule
	// is everyone.
	Rule Rule `json:"rule"`
	// Stay says who of the members stays though Rule does not hold any more: a member stays as long as Rule or Stay holds. So
	// a rule such as spend >= 100 with spend >= 80 to stay does not let people in and out whenever they cross 100. The zero
	// Rule is no such condition.
	Stay Rule `json:"stay,omitzero"`
	// Dwell is the least time that a member stays, from entering on, unless the customer is deleted or the definition holds it
	// out; 0 is none, 36,500 days the most.
	Dwell time.Duration `json:"dwell,omitempty"`
	// Holdout is the share of customers who are never members, percent of 100 in steps of a hundredth, so that one can
	// compare what happens to them. They are those whom Sample(Holdout, Salt) selects; Live.HeldOut tells who of them would
	// be a member.
	Holdout float64 `json:"holdout,omitempty"`
	// Salt is that of the sample; "" is Name, so that the shares of two segments have nothing to do with each other.
	Salt string `json:"salt,omitempty"`
	// Cap is how many members there are at most; 0 is no limit. First come, first served: others for whom Rule holds wait in a
	// line, in the order of the step in which it began to hold for them, and of their ids within a step. Who leaves gives up the
	// place to the first in the line, in the same step.
	Cap int `json:"cap,omitempty"`
}

// DefinitionError says which field of a definition cannot be used, and why. Safe for concurrent reads.
type DefinitionError struct {
	Name  string // the segment; "" where its name is at fault
	Field string // the JSON name of the field; actor for whoever defines
	Err   error  // why: of the fields rule and stay what Live.Define says of rules, such as *RuleErrors
}

// Error returns the sentence.
func (e *DefinitionError) Error() string {
	why := strings.TrimPrefix(e.Err.Error(), "segment: ")
	if e.Name == "" {
		return fmt.Sprintf("segment: definition: %s: %s", e.Field, why)
	}
	return fmt.Sprintf("segment: definition %q: %s: %s", e.Name, e.Field, why)
}

// Unwrap returns Err.
func (e *DefinitionError) Unwrap() error { return e.Err }

// Validate returns nil, or a *DefinitionError for every field that is not as its comment says; several are joined by
// errors.Join. Whether the rules can be used is for Live.Define to say, which knows the tags.
func (d *Definition) Validate() error {
	if !validName(d.Name) {
		return &DefinitionError{Field: "name", Err: errors.New("must be " + nameRule)}
	}
	var errs []error
	fault := func(wrong bool, field, why string) {
		if wrong {
			errs = append(errs, &DefinitionError{d.Name, field, errors.New(why)})
		}
	}
	bad := func(s string) bool { return len(s) > 64<<10 || !utf8.ValidString(s) }
	fault(bad(d.Label.EN) || bad(d.Label.ZH), "label", "must be UTF-8, at most 64 KiB")
	fault(d.Dwell < 0 || d.Dwell > maxDwell, "dwell", "must be 0 to 36,500 days")
	fault(Sample(d.Holdout, "").n.fault != "", "holdout", "must be 0 to 100 in steps of 0.01")
	fault(bad(d.Salt), "salt", "must be UTF-8, at most 64 KiB")
	fault(d.Cap < 0, "cap", "must not be negative")
	return errors.Join(errs...)
}

// share is Holdout in 1/10,000.
func (d *Definition) share() int { return int(math.Round(d.Holdout * 100)) }

func (d *Definition) salt() string {
	if d.Salt == "" {
		return d.Name
	}
	return d.Salt
}

// plain tells whether the members are those whom Rule selects and nothing else.
func (d *Definition) plain() bool {
	return d.Stay.n == nil && d.Dwell == 0 && d.Cap == 0 && d.share() == 0
}

// timed tells whether it matters since when somebody is a member or waits.
func (d *Definition) timed() bool { return d.Dwell > 0 || d.Cap > 0 }

// Version is a definition and when it came into force. Safe for concurrent reads.
type Version struct {
	Definition Definition `json:"definition"`
	// Number counts the definitions of a name from 1, also across Live.Drop.
	Number int       `json:"number"`
	At     time.Time `json:"at"`              // the moment of the step
	Actor  string    `json:"actor,omitempty"` // who defined it, as given
}

// Size is how many members a segment had from a moment on. Safe for concurrent use.
type Size struct {
	At      time.Time `json:"at"`      // the moment of the step
	Version int       `json:"version"` // that of the definition
	Members int       `json:"members"`
}

// maxSizes is how many sizes are kept of a segment.
const maxSizes = 1024

// A sizeLog keeps the sizes of a segment: one for so many changes, from the first on, and the last one. Not safe for
// concurrent use.
type sizeLog struct {
	kept  []Size
	every int // changes for which one is kept; doubled where the log is full
	last  int // the number of the last change, from 0
}

// add takes in the size after a change.
func (l *sizeLog) add(s Size) {
	if len(l.kept) == 0 {
		*l = sizeLog{kept: []Size{s}, every: 1}
		return
	}
	if l.last%l.every != 0 { // it was kept as the last one
		l.kept = l.kept[:len(l.kept)-1]
	}
	l.last++
	l.kept = append(l.kept, s)
	if len(l.kept) <= maxSizes {
		return
	}
	n := 0
	for i, s := range l.kept {
		if i%2 == 0 || i == len(l.kept)-1 {
			l.kept[n] = s
			n++
		}
	}
	l.kept, l.every = l.kept[:n], 2*l.every
}

// segments returns the names of the segments the rule names, each once, ascending.
func (r Rule) segments() []string {
	var names []string
	seen := map[*node]bool{}
	left := []*node{r.node()}
	for len(left) > 0 {
		n := left[len(left)-1]
		left = left[:len(left)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if n.op == opSegment {
			names = append(names, n.name)
		}
		left = append(left, n.kids...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

package customer

import (
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
)

// Verb says what a Change did. The zero Verb is not valid. Safe for concurrent use.
type Verb uint8

const (
	// Created: customer To begins, with these atoms.
	Created Verb = iota + 1
	// Attached: new atoms join customer To.
	Attached
	// Moved: atoms go from customer From to customer To; both go on. With no To the
	// atoms are gone because their evidence was retracted.
	Moved
	// Merged: customer From, the loser, ends, and all its atoms go to customer To, the
	// survivor.
	Merged
	// Split: atoms of customer From go to customer To, which begins, or begins again
	// after a merge that was wrong.
	Split
	// Erased: customer From ends for good and its atoms are destroyed. Nothing of it
	// may be kept.
	Erased
)

var verbs = []string{"", "created", "attached", "moved", "merged", "split", "erased"}

// String returns the verb in lower case, or verb(n) if it is not valid.
func (v Verb) String() string {
	if !v.valid() {
		return fmt.Sprintf("verb(%d)", uint8(v))
	}
	return verbs[v]
}

// MarshalText returns String, or an error if v is not valid.
func (v Verb) MarshalText() ([]byte, error) {
	if !v.valid() {
		return nil, fmt.Errorf("customer: %s is not valid", v)
	}
	return []byte(verbs[v]), nil
}

// UnmarshalText reads what MarshalText writes.
func (v *Verb) UnmarshalText(text []byte) error {
	i := slices.Index(verbs, string(text))
	if i < 1 {
		return fmt.Errorf("customer: unknown verb: %s", enum.NotOne(verbs))
	}
	*v = Verb(i)
	return nil
}

func (v Verb) valid() bool {
	return v >= Created && v <= Erased
}

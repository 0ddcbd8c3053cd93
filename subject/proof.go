package subject

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/clientele-go/clientele/customer"
)

// A Proof is what Prove has found. It holds no personal data. Safe for concurrent reads.
type Proof struct {
	ID       string      `json:"id"`       // of the erasure
	Customer customer.ID `json:"customer"` // as asked for
	At       time.Time   `json:"at"`       // when it was looked for
	Stores   int         `json:"stores"`   // that were gone through
	Entries  int64       `json:"entries"`  // that they have
	Bytes    int64       `json:"bytes"`    // of their keys and values
	// Names are how many ids and hashes of the person were looked for.
	Names int `json:"names"`
	// Values are how many values of the person were looked for, in the clear. 0: none were known any
	// more, as the erasure was not done by this process, or there were none. Short are those beside that are too short,
	// or words of the schema or the policy.
	Values int `json:"values"`
	Short  int `json:"short,omitempty"`
	// Unread: not all that was known of the person could be read before it was erased.
	Unread bool `json:"unread,omitempty"`
	Keys   Keys `json:"keys"`
	// Left is what is left that names the person, by kind and reason.
	Left []Left `json:"left,omitempty"`
	// Found is where values of the person are in the clear, ids of evidence also by the hash that is kept of them.
	Found []Found `json:"found,omitempty"`
	// Faults say in a sentence each what must not be: of a proof that holds there are none.
	Faults []string `json:"faults,omitempty"`
}

// Keys are what became of the keys of the person's atoms, of all vaults together. Safe for
// concurrent reads.
type Keys struct {
	Destroyed int `json:"destroyed"` // there is a mark in place of the key
	Missing   int `json:"missing"`   // there never was one
	Live      int `json:"live"`      // a fault
	// Opened are how many values still open under keys that are live. A fault.
	Opened int `json:"opened"`
}

// Left is how many entries of a kind name the person, and why. Safe for concurrent reads.
type Left struct {
	// Kind is that of the value, as docs/storage.md has them; where there is none, how the key begins.
	Kind   string `json:"kind"`
	Name   string `json:"name"`   // "customer", "atom" or "hash"
	Count  int64  `json:"count"`  // of entries
	Reason string `json:"reason"` // why they stay, or what is wrong
	Fault  bool   `json:"fault,omitempty"`
}

// Found is how many entries of a kind hold a value of the person in the clear. Safe for
// concurrent reads.
type Found struct {
	Kind  string `json:"kind"`  // as in Left
	What  string `json:"what"`  // such as "identifier phone"
	Count int64  `json:"count"` // of entries
	// Elsewhere: the entries are of atoms that never were the person's: others have an equal value,
	// and keep it in the clear. That is no fault.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Err returns nil if nothing is left, otherwise an error that wraps [ErrLeft] and has all faults.
func (p *Proof) Err() error {
	var faults []error
	for _, f := range p.Faults {
		faults = append(faults, fmt.Errorf("%w: %s", ErrLeft, f))
	}
	return errors.Join(faults...)
}

// WriteText writes the proof as text for people. The error is that of w.
func (p *Proof) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "erasure\t%s\n", p.ID)
	fmt.Fprintf(t, "customer\t%s\n", p.Customer)
	fmt.Fprintf(t, "looked through\t%s: %d entries, %d bytes, in %s\n", p.At.UTC().Format(time.RFC3339), p.Entries, p.Bytes, stores(p.Stores))
	fmt.Fprintf(t, "looked for\t%d ids and hashes, %d values in the clear\n", p.Names, p.Values)
	if p.Values == 0 {
		fmt.Fprintf(t, "\tno values: those of the person are not known to who looks\n")
	}
	if p.Short > 0 {
		fmt.Fprintf(t, "\ttoo short to be looked for, or words of the schema: %d\n", p.Short)
	}
	if p.Unread {
		fmt.Fprintf(t, "\tnot all that was known could be read before it was erased\n")
	}
	fmt.Fprintf(t, "keys\t%d destroyed, %d never made, %d live, %d values open\n", p.Keys.Destroyed, p.Keys.Missing, p.Keys.Live, p.Keys.Opened)
	for _, l := range p.Left {
		fmt.Fprintf(t, "%s\t%d %s with the %s: %s\n", mark(l.Fault, "left"), l.Count, l.Kind, l.Name, l.Reason)
	}
	for _, f := range p.Found {
		where := "in the clear"
		if f.Elsewhere {
			where += ", of others"
		}
		fmt.Fprintf(t, "%s\t%d %s: %s, %s\n", mark(!f.Elsewhere, "equal"), f.Count, f.Kind, f.What, where)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(t, "FAULT\t%s\n", f)
	}
	if len(p.Faults) == 0 {
		fmt.Fprintf(t, "result\tnothing of the person can be read\n")
	}
	return t.Flush()
}

func stores(n int) string {
	if n == 1 {
		return "1 store"
	}
	return fmt.Sprintf("%d stores", n)
}

// mark is how a line begins.
func mark(fault bool, word string) string {
	if fault {
		return "FAULT"
	}
	return word
}

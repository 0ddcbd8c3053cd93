package profile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// Rejected is a value that was set aside. Evidence and Value are personal data. Safe for
// concurrent reads.
type Rejected struct {
	Source   string    `json:"source"`          // as in Evidence
	Event    string    `json:"event,omitempty"` // empty: it is of a trait
	Name     string    `json:"name"`            // of the trait or field; where Reason is Incomplete the one that is lacking
	Reason   Reason    `json:"reason"`          // why
	Evidence string    `json:"evidence"`        // its id
	Time     time.Time `json:"time"`            // of the evidence
	Learned  time.Time `json:"learned"`         // when it was added
	// Value is the value as text: a text as it is, others as in JSON. What is longer than
	// 256 bytes is cut, and bytes that are not UTF-8 are U+FFFD.
	Value string `json:"value,omitempty"`
}

// SetAside returns the newest values of an atom that were set aside, at most 16, the one
// set aside last first: others are counted only, see Quality.Rejected. There are none where the atom is not known or erased. Of a slice of a stream they are
// its own, and those of the newest of the stream that are of its time. They are personal
// data, whatever the sensitivity of the trait.
//
// Errors: those of the store and of Options.Vault. Cost: one read, of a slice four; where something
// is sealed, the keys as well. Of an atom whose key has been destroyed there are none.
func (p *Profiles) SetAside(ctx context.Context, atom customer.AtomID) ([]Rejected, error) {
	heads, err := p.heads(ctx, []customer.AtomID{atom})
	if err != nil {
		return nil, err
	}
	a, _, err := p.openedAside(ctx, atom, heads[0])
	if err != nil {
		return nil, err
	}
	slices.Reverse(a.newest)
	if h := heads[0]; h.stream != (customer.AtomID{}) && !h.erased && len(h.claims) > 0 {
		return p.setAsideOf(ctx, sliceName{h.stream, h.from, atom}, a.newest)
	}
	return a.newest, nil
}

// setAsideOf is SetAside of a slice, of whose own the newest are given.
func (p *Profiles) setAsideOf(ctx context.Context, n sliceName, own []Rejected) ([]Rejected, error) {
	f, err := p.current(ctx)
	if err != nil {
		return nil, err
	}
	names := []sliceName{n}
	parts, err := p.portions(ctx, names, never)
	if err != nil {
		return nil, err
	}
	if _, err := p.lockPortions(ctx, f, names, parts); err != nil {
		return nil, err
	}
	a, _, err := p.openedAside(ctx, n.stream, parts[0].head)
	if err != nil {
		return nil, err
	}
	for _, v := range slices.Backward(a.newest) {
		if parts[0].has(&entry{time: v.Time.UnixMicro()}) {
			own = append(own, v)
		}
	}
	slices.SortStableFunc(own, func(v, w Rejected) int { return w.Learned.Compare(v.Learned) })
	return own[:min(len(own), mostAside)], nil
}

// openedAside returns what was set aside of the log of an atom, and with what to seal it again. Where
// the key has been destroyed the newest values are gone.
func (p *Profiles) openedAside(ctx context.Context, id customer.AtomID, h *head) (*aside, *lock, error) {
	a, err := readAside(h.aside)
	if err != nil || a.sealed == nil {
		return a, nil, err
	}
	f, err := p.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	h, l, err := p.lock(ctx, f, id, h)
	if err != nil {
		return nil, nil, err
	}
	if h.erased {
		a.sealed = nil
		return a, nil, nil
	}
	return a, l, a.open(l)
}

const (
	mostAside      = 16  // values that are kept
	mostAsideText  = 256 // bytes of a value
	mostAsideKinds = 64  // sources, names and reasons that are counted on their own
)

// An aside is what was set aside of an atom.
type aside struct {
	counts []asideCount // ascending by compareCounts
	newest []Rejected   // the newest last
	sealed *sealedValue // the newest, as long as they have not been opened; nil: they have, or never were
}

// An asideCount is how many values of a name a source has given that were set aside for a
// reason. What is beyond the most that are counted on their own has neither source nor name,
// and no name has what the schema does not declare: that may be personal data, which must not
// outlive the evidence.
type asideCount struct {
	source, name string
	reason       Reason
	n            uint64
}

func compareCounts(a, b asideCount) int {
	return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.name, b.name), cmp.Compare(a.reason, b.reason))
}

func (a *aside) add(v Rejected) {
	if len(a.newest) >= mostAside {
		a.newest = slices.Delete(a.newest, 0, len(a.newest)-mostAside+1)
	}
	a.newest = append(a.newest, v)
	c := asideCount{v.Source, v.Name, v.Reason, 1}
	if v.Reason == Undeclared {
		c.name = ""
	}
	i, found := slices.BinarySearchFunc(a.counts, c, compareCounts)
	if !found && len(a.counts) >= mostAsideKinds {
		c.source, c.name = "", ""
		i, found = slices.BinarySearchFunc(a.counts, c, compareCounts)
	}
	if found {
		a.counts[i].n++
		return
	}
	a.counts = slices.Insert(a.counts, i, c)
}

// forget drops the values of evidence, which remain counted.
func (a *aside) forget(evidence string) {
	a.newest = slices.DeleteFunc(a.newest, func(v Rejected) bool { return v.Evidence == evidence })
}

// open opens the newest values, if they are sealed.
func (a *aside) open(l *lock) error {
	if a.sealed == nil {
		return nil
	}
	plain, err := l.unseal(a.sealed, asideField)
	if err != nil {
		return err
	}
	r := wire.Read(plain)
	a.readNewest(r)
	if err := r.Close(); err != nil {
		return fmt.Errorf("profile: what was set aside of an atom: %w", err)
	}
	a.sealed = nil
	return nil
}

// encode seals the newest values with a lock, if there are any.
func (a *aside) encode(l *lock) []byte {
	sealed := a.sealed != nil || l != nil && len(a.newest) > 0
	w := wire.Sized("profile/aside", versionOf(sealed), 64+32*len(a.counts)+96*len(a.newest))
	w.List(len(a.counts))
	for _, c := range a.counts {
		w.Text(c.source)
		w.Text(c.name)
		w.Uint(uint64(c.reason))
		w.Uint(c.n)
	}
	switch {
	case a.sealed != nil:
		w.Uint(a.sealed.schema)
		w.Bytes(a.sealed.data)
	case sealed:
		newest := wire.Sized("", 1, 96*len(a.newest))
		a.writeNewest(newest)
		l.write(w, newest.Data(), asideField)
	default:
		a.writeNewest(w)
	}
	return w.Data()
}

func (a *aside) writeNewest(w *wire.Writer) {
	w.List(len(a.newest))
	for _, v := range a.newest {
		w.Text(v.Source)
		w.Text(v.Event)
		w.Text(v.Name)
		w.Uint(uint64(v.Reason))
		w.Text(v.Evidence)
		w.Int(v.Time.UnixMicro())
		w.Int(v.Learned.UnixMicro())
		w.Text(v.Value)
	}
}

// readAside decodes the field aside of a head. The newest values, if they are sealed, remain so.
func readAside(data []byte) (*aside, error) {
	a := new(aside)
	if len(data) == 0 {
		return a, nil
	}
	r := wire.Read(data)
	r.Expect("profile/aside", 2)
	for range r.List() {
		c := asideCount{r.Text(), r.Text(), readReason(r), r.Uint()}
		if n := len(a.counts); n > 0 && compareCounts(a.counts[n-1], c) >= 0 {
			fault(r)
		}
		a.counts = append(a.counts, c)
	}
	if r.Version() == 2 {
		a.sealed = &sealedValue{r.Uint(), r.Bytes()}
	} else {
		a.readNewest(r)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("profile: what was set aside of an atom: %w", err)
	}
	return a, nil
}

func (a *aside) readNewest(r *wire.Reader) {
	for range r.List() {
		a.newest = append(a.newest, Rejected{
			Source: r.Text(), Event: r.Text(), Name: r.Text(), Reason: readReason(r), Evidence: r.Text(),
			Time: time.UnixMicro(r.Int()).UTC(), Learned: time.UnixMicro(r.Int()).UTC(), Value: r.Text(),
		})
	}
}

func readReason(r *wire.Reader) Reason {
	n := r.Uint()
	if n == 0 || n >= uint64(len(reasons)) {
		fault(r)
		return 0
	}
	return Reason(n)
}

// asideText returns a value as it is kept aside.
func asideText(v customer.Value) string {
	s, ok := v.Text()
	if !ok {
		data, err := v.MarshalJSON()
		if err != nil { // it is not valid: what can be shown of it
			if f, isFloat := v.Float64(); isFloat {
				data = fmt.Append(nil, f)
			}
			data = fmt.Append(data, strings.Join(slices.Collect(v.Labels()), ", "))
		}
		s = string(data)
	}
	return cutAside(strings.ToValidUTF8(cutAside(s), "\uFFFD"))
}

// cutAside returns what of a text is kept aside, in whole characters.
func cutAside(s string) string {
	if len(s) <= mostAsideText {
		return s
	}
	for i := range utf8.UTFMax {
		if utf8.RuneStart(s[mostAsideText-i]) {
			return s[:mostAsideText-i]
		}
	}
	return s[:mostAsideText]
}

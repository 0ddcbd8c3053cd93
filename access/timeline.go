package access

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// Limits of a page of a timeline.
const (
	pageTimeline = 100
	mostTimeline = 1000
)

// Timeline is a page of what somebody may see of what happened to a customer. It holds nothing else, as a [View]. Safe for
// concurrent reads.
type Timeline struct {
	Customer customer.ID `json:"customer"`       // the present one
	At       time.Time   `json:"at"`             // what was true then
	Known    time.Time   `json:"known,omitzero"` // what we knew then; zero: all that is known
	Role     string      `json:"role"`           // of the reader
	Purpose  string      `json:"purpose"`        // of the reader
	// Consent is what the customer says about the purpose; zero: it needs no consent.
	Consent consent.Reason `json:"consent,omitzero"`
	// Entries are the events and statements, in the order that was asked for.
	Entries []TimelineEntry `json:"entries"`
	// Withheld is how many entries of the page are left out because they come from an atom of which the customer does not allow
	// it.
	Withheld int `json:"withheld,omitempty"`
	// Next is profile.TimelineQuery.After of the next page, of which all may be withheld or nothing be left; empty: this is the last.
	Next string `json:"next,omitempty"`
}

// String returns the customer and how many entries there are, no values.
func (t *Timeline) String() string {
	return fmt.Sprintf("timeline of %s, %d entries", t.Customer, len(t.Entries))
}

// TimelineEntry is what somebody may see of an event or of a statement of traits. Whose evidence it is does not pass the gate. Safe for
// concurrent reads.
type TimelineEntry struct {
	Time     time.Time `json:"time"`               // when it happened
	Event    string    `json:"event,omitempty"`    // its type; empty: Fields are stated traits
	Source   string    `json:"source"`             // who says so
	Channel  string    `json:"channel"`            // of the source
	Verified bool      `json:"verified,omitempty"` // the source has made sure of it
	// Fields are those that have a value, in the order of the schema.
	Fields []Field `json:"fields,omitempty"`
}

// Timeline returns what the reader may see of what happened to a customer: a page of q.Limit entries, of which 0 is 100 and more than
// 1,000 an error. Stated traits are shown as View shows them, and fields of events by their sensitivity (Grant.Show), masked
// ones as Hidden. That something happened, and when, who has a grant sees. Where the purpose needs consent, entries of atoms
// that do not have it are left out, and so are those of streams, of which only slices are a customer's.
//
// A page that shows a Personal or Sensitive field is in the log before it is returned, as a view is, with fields of events
// by names such as order.address; so is what was refused, and a page that shows no such field where entries are left out. Errors are those of View, or wrap ErrInput or are those of
// profile.Profiles.Timeline where the query is not valid. Cost: that of View, and of the entries.
func (g *Gate) Timeline(ctx context.Context, now time.Time, by Reader, id customer.ID, m profile.Moment, q *profile.TimelineQuery) (*Timeline, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	page := profile.TimelineQuery{}
	if q != nil {
		page = *q
	}
	if page.Limit == 0 {
		page.Limit = pageTimeline
	}
	if page.Limit > mostTimeline {
		return nil, fmt.Errorf("%w: more than %d entries of a timeline at once", ErrInput, mostTimeline)
	}
	if m.At.IsZero() {
		m.At = now
	}
	d := &deed{at: now, reader: &by, action: ActionTimeline, customer: id}
	who := charge{by.Role, by.Purpose}
	if g.bound.Load().rights[who] == nil {
		return nil, g.deny(ctx, d, ErrDenied, NoGrant.String())
	}
	for range mostTries {
		s, err := g.look(ctx, now, who, id, m)
		if err != nil {
			return nil, err
		}
		t, plain, masked, err := g.timeline(ctx, s, &by, m, &page)
		if err != nil {
			return nil, err
		}
		// What was read under another schema may be denied by now.
		if b, err := g.bind(ctx); err != nil {
			return nil, err
		} else if b.version != s.bound.version {
			continue
		}
		d.customer = t.Customer
		switch {
		case len(plain)+len(masked) > 0:
			d.list(detailPlain, plain)
			d.list(detailMasked, masked)
			err = g.record(ctx, d)
		case t.Withheld > 0:
			err = g.deny(ctx, d, nil, NoConsent.String())
		}
		if err != nil {
			return nil, err
		}
		return t, nil
	}
	return nil, errSchema
}

// timeline reads a page, and returns the names of the Personal and Sensitive fields that it shows.
func (g *Gate) timeline(ctx context.Context, s *sight, by *Reader, m profile.Moment, q *profile.TimelineQuery) (t *Timeline, plain, masked []string, err error) {
	p := s.profile
	t = &Timeline{Customer: p.Customer, At: p.At, Known: p.Known, Role: by.Role, Purpose: by.Purpose, Entries: []TimelineEntry{}}
	if s.permit != nil {
		t.Consent = s.permit.reason
	}
	seen := map[string]Show{}
	n := 0
	for e, err := range g.profiles.Timeline(ctx, p.Customer, m, q) {
		if err != nil {
			return nil, nil, nil, err
		}
		if n++; n == q.Limit {
			t.Next = e.Position()
		}
		if s.permit != nil && !s.permit.atoms[e.Atom] {
			t.Withheld++
			continue
		}
		t.Entries = append(t.Entries, s.entry(e, seen))
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if seen[name] == Plain {
			plain = append(plain, name)
		} else {
			masked = append(masked, name)
		}
	}
	return t, plain, masked, nil
}

// entry returns what may be seen of an entry, and notes in seen how Personal and Sensitive fields are shown.
func (s *sight) entry(e *profile.TimelineEntry, seen map[string]Show) TimelineEntry {
	to := TimelineEntry{Time: e.Time, Event: e.Event, Source: e.Source, Channel: e.Channel, Verified: e.Verified}
	for _, v := range e.Values {
		f, show, name := field{name: v.Name, mask: Hidden}, Denied, v.Name
		if e.Event == "" {
			if i, ok := s.bound.index[v.Name]; ok {
				f, show = s.bound.fields[i], s.rights.show[i]
			}
		} else if level, ok := s.bound.events[[2]string{e.Event, v.Name}]; ok {
			f.sensitivity, show, name = level, s.rights.grant.Show.of(level), e.Event+"."+v.Name
		}
		one := Field{Name: f.name, Label: f.label, Sensitivity: f.sensitivity, Show: show}
		switch show {
		case Denied:
			one.Reason = NoGrant
		case Masked:
			one.masked = f.mask.Of(v.Value, s.bound.zone)
		case Plain:
			one.value = v.Value
		}
		if f.protected() && show != Denied {
			seen[name] = show
		}
		to.Fields = append(to.Fields, one)
	}
	return to
}

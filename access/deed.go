package access

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
)

// What a gate does is in the log as these actions.
const (
	// ActionView is Gate.View. The entry is about the customer.
	ActionView = "access.view"
	// ActionTimeline is Gate.Timeline. The entry is about the customer.
	ActionTimeline = "access.timeline"
	// ActionFind is Gate.Find. An entry is about a customer who was found; of none there is one entry. Its
	// Object is the trait.
	ActionFind = "access.find"
	// ActionAsk is that an export was asked for. Of an export the Object is Request.ID.
	ActionAsk = "access.export.ask"
	// ActionApprove is that an approver approved or refused it. Its Actor is the reader too; who
	// approved it is in the detail approver.
	ActionApprove = "access.export.approve"
	// ActionExported is that Personal or Sensitive fields of a customer are in an export. The entry is about the customer.
	ActionExported = "access.export.customer"
	// ActionExport is that it was written, or that this failed.
	ActionExport = "access.export"
)

// commitmentFile is the name of the commitment to what an export wrote.
const commitmentFile = "file"

// Names of details of entries. Those of lists of fields hold names as joinNames writes them, in
// as many details as they need.
const (
	detailRole     = "role"
	detailTicket   = "ticket"
	detailPart     = "part" // of a deed that needs several entries, from the second on
	detailReason   = "reason"
	detailPlain    = "plain"
	detailMasked   = "masked"
	detailDenied   = "denied"
	detailScope    = "scope"
	detailFormat   = "format"
	detailLimit    = "limit"
	detailApprover = "approver"
	detailApproval = "approval"
	detailRows     = "rows"
	detailBytes    = "bytes"
	detailFound    = "found"
	detailWithheld = "withheld"
)

// A deed is what is to be written down. Not safe for concurrent use.
type deed struct {
	at       time.Time
	reader   *Reader
	action   string
	outcome  audit.Outcome
	customer customer.ID
	object   string
	details  []audit.Detail
	// commitments are those of its first entry.
	commitments []audit.Commitment
}

func (d *deed) add(name, text string) {
	d.details = append(d.details, audit.Detail{Name: name, Text: text})
}

// list adds names of fields, if there are any.
func (d *deed) list(name string, fields []string) {
	for _, text := range joinNames(fields, mostText) {
		d.add(name, text)
	}
}

// mostDetails is how many of deed.details an entry has room for, beside role, ticket and part.
const mostDetails = 32 - 3

// entries returns the entries of a deed, at least one.
func (d *deed) entries() []*audit.Entry {
	var all []*audit.Entry
	for rest := d.details; len(all) == 0 || len(rest) > 0; {
		own := []audit.Detail{{Name: detailRole, Text: d.reader.Role}}
		if d.reader.Ticket != "" {
			own = append(own, audit.Detail{Name: detailTicket, Text: d.reader.Ticket})
		}
		if len(all) > 0 {
			own = append(own, audit.Detail{Name: detailPart, Text: strconv.Itoa(len(all) + 1)})
		}
		n := min(len(rest), mostDetails)
		all = append(all, &audit.Entry{
			Time: d.at, Actor: d.reader.Actor, Action: d.action, Outcome: d.outcome, Purpose: d.reader.Purpose,
			Customer: d.customer, Object: d.object, Details: append(own, rest[:n]...),
		})
		if len(all) == 1 {
			all[0].Commitments = d.commitments
		}
		rest = rest[n:]
	}
	return all
}

// record writes deeds down. What follows from them may happen once it has returned nil.
func (g *Gate) record(ctx context.Context, deeds ...*deed) error {
	if g.o.Log == nil {
		return nil
	}
	var all []*audit.Entry
	for _, d := range deeds {
		all = append(all, d.entries()...)
	}
	if err := g.o.Log.Append(ctx, all...); err != nil {
		return fmt.Errorf("access: what is not in the log does not happen: %w", err)
	}
	return nil
}

// deny writes down that something was refused, and returns why, with the error of the log.
func (g *Gate) deny(ctx context.Context, d *deed, why error, reason string) error {
	d.outcome = audit.Denied
	d.add(detailReason, reason)
	return errors.Join(g.record(ctx, d), why)
}

// joinNames writes names with commas between, as few texts of at most so many bytes. A name
// that would not be read back as it is, is quoted as in Go.
func joinNames(names []string, most int) (texts []string) {
	var b strings.Builder
	for _, name := range names {
		if name == "" || strings.ContainsAny(name, `,"`) || strings.TrimSpace(name) != name {
			name = strconv.Quote(name)
		}
		if b.Len() > 0 && b.Len()+len(", ")+len(name) > most {
			texts = append(texts, b.String())
			b.Reset()
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	if b.Len() > 0 {
		texts = append(texts, b.String())
	}
	return texts
}

// cutNames reads a text of joinNames. ok is false if it is none.
func cutNames(text string) (names []string, ok bool) {
	for text != "" {
		name := text
		if text[0] == '"' {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return nil, false
			}
			if name, err = strconv.Unquote(quoted); err != nil {
				return nil, false
			}
			text = text[len(quoted):]
		} else {
			name, _, _ = strings.Cut(text, ",")
			text = text[len(name):]
		}
		names = append(names, name)
		if text == "" {
			return names, true
		}
		if text, ok = strings.CutPrefix(text, ", "); !ok || text == "" {
			return nil, false
		}
	}
	return names, true
}

package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/profile"
)

// Format is how an export is written. Safe for concurrent use.
type Format uint8

// The formats.
const (
	CSV  Format = iota // RFC 4180, as profile.Profiles.WriteCSV writes it
	JSON               // JSON lines
)

var formatNames = []string{"csv", "json"}

// String returns "csv" or "json".
func (f Format) String() string { return enum.Name(formatNames, f) }

// MarshalText returns the text of String.
func (f Format) MarshalText() ([]byte, error) {
	return enum.Marshal("access", "format", formatNames, f)
}

// UnmarshalText reads what MarshalText wrote.
func (f *Format) UnmarshalText(text []byte) error {
	return enum.Unmarshal("access", "format", formatNames, text, f)
}

// Scope is which customers an export is about. Safe for concurrent reads.
type Scope struct {
	// Name says it for people: it is what an approver reads, and stands in the log. Mandatory, a
	// line of at most 256 bytes without personal data.
	Name string
	// Has tells whether a customer belongs to it, by the id or by what the reader may see of the
	// customer. Fields that are Personal or Sensitive are denied to it unless Selection.Names has them, as the approver
	// and the log know of these alone; where the purpose needs consent so are computed traits with a Pair, unless Names
	// has one of them. A value that is denied is an error: return false where that leaves it open. The view is a copy
	// for Has, which one goroutine calls. Mandatory; Everyone takes all.
	Has func(v *View) bool
}

// Everyone is Scope.Has of all customers.
func Everyone(*View) bool { return true }

// Selection is what is to be exported. Safe for concurrent reads.
type Selection struct {
	// Names are the traits and computed traits, in the order of the columns, each once and shown
	// plain or masked to the reader. At least one, at most 1,000.
	Names []string
	// Rows are the customers.
	Rows Scope
	// Format is how it is written. The zero Format is CSV.
	Format Format
	// Limit is the most rows. Mandatory: it is part of what is approved. If there are more it is an error.
	Limit int64
}

// Column is how a trait or computed trait is shown. Safe for concurrent reads.
type Column struct {
	Name        string              `json:"name"`           // of the trait or computed trait
	Label       customer.Text       `json:"label,omitzero"` // for people
	Sensitivity profile.Sensitivity `json:"sensitivity"`    // of the schema
	Show        Show                `json:"show"`           // how it is shown
	Mask        Mask                `json:"mask,omitzero"`  // if it is Masked; zero is Hidden
}

// Request is what an Approver decides about. Safe for concurrent reads.
type Request struct {
	// ID names the export in the log; it is drawn by chance.
	ID      string    `json:"id"`
	At      time.Time `json:"at"`      // when it was asked for
	Reader  Reader    `json:"reader"`  // by whom
	Columns []Column  `json:"columns"` // what
	Scope   string    `json:"scope"`   // of whom
	Format  Format    `json:"format"`  // how it is written
	Limit   int64     `json:"limit"`   // the most rows
}

// Approval is that a request was approved. Safe for concurrent reads.
type Approval struct {
	By string `json:"by"` // the actor who did, another than the reader; mandatory
	ID string `json:"id"` // under which it is found where they did; mandatory
	// At is when they did. If that is after Request.At, such as where an approver waits for somebody, the export is
	// as of then. Zero: not after.
	At time.Time `json:"at,omitzero"`
}

// Approver decides about exports: it asks somebody, or looks up what somebody has decided about
// Reader.Ticket. It sees to it that an approval is of this request and is used once. Implementations are
// safe for concurrent use.
type Approver interface {
	// Approve returns the approval of a request. An error refuses it; one that wraps ErrDenied says
	// that somebody did. The request is a copy for it.
	Approve(ctx context.Context, r *Request) (Approval, error)
}

// Exported says what an export wrote. Its JSON form has the fields below. Safe for concurrent reads.
type Exported struct {
	Request  Request  `json:"request"`  // what was asked for
	Approval Approval `json:"approval"` // who approved it
	Rows     int64    `json:"rows"`     // that were written, after an error the last perhaps in part
	// Withheld is how many customers of the scope were left out because they allow nothing of what was
	// asked for.
	Withheld int64 `json:"withheld"`
	Bytes    int64 `json:"bytes"` // that were written
	// Commitment is the HMAC-SHA256 of what was written under Salt, both 32 bytes. The log has
	// Commitment alone, and nobody can check a guess at what was written with it: kept beside the file, Salt
	// shows that it is the one that was exported.
	Commitment []byte `json:"commitment"`
	Salt       []byte `json:"salt"` // drawn by chance
}

// Export writes what the reader may see of many customers, one row a customer, ascending by id, as of now, or as of
// Approval.At if that is later.
//
// It needs Grant.Bulk, a purpose, a scope, a limit and somebody else who approves it. Names
// that are denied refuse it as a whole. Masked columns hold what View would show; their names are
// such as phone:masked, so that nobody takes them for values. Where the purpose needs consent, what a
// customer does not allow is left out: a last column, withheld, has the names of what was, with | between, and a
// customer of whom nothing is left has no row. In CSV a value is as profile.Profiles.WriteCSV writes it, harmless
// to spreadsheets. A line of JSON is
//
//	{"customer":"…","values":{"city":"广州"},"masked":{"phone":"138****8000"},"withheld":["name"]}
//
// without masked and withheld where there are none.
//
// The log has before anything is written that it was asked for and who approved it; before the row of a customer of whom a Personal
// or Sensitive field is shown, plain or masked, that it is in the export, with what was withheld; and afterwards how many
// rows and bytes were written, with a commitment to them. What the log does not take is not
// written. After an error the result tells what was written, which must not be handed on; it is nil if
// nothing was approved. A process that is killed leaves an approval in the log without an end.
//
// Errors wrap ErrInput where the reader or the selection is not valid, ErrDenied where the policy or the approver do not
// allow it, ErrLimit where there are more rows than Selection.Limit, of which that many were written, ErrPolicy
// after a change of the schema, or are those of profile.Profiles.All, of the consents, the approver, the log and w. It is no
// snapshot. Cost: that of All, of the consents of each customer, and a commit of the log for every 128 rows.
func (g *Gate) Export(ctx context.Context, now time.Time, by Reader, what Selection, w io.Writer) (*Exported, error) {
	b, err := g.bind(ctx)
	if err != nil {
		return nil, err
	}
	what.Names = slices.Clone(what.Names)
	faults := []error{by.check(), b.check(&what)}
	if w == nil {
		faults = append(faults, fmt.Errorf("%w: there is no writer", ErrInput))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	request := Request{At: now, Reader: by, Scope: what.Rows.Name, Format: what.Format, Limit: what.Limit}
	r := b.rights[charge{by.Role, by.Purpose}]
	denied := []string{}
	for _, name := range what.Names {
		c := b.column(r, b.index[name])
		if c.Show == Denied {
			denied = append(denied, name)
		}
		request.Columns = append(request.Columns, c)
	}
	if r != nil && what.Format == CSV {
		if header := r.header(request.Columns); len(slices.Compact(slices.Sorted(slices.Values(header)))) < len(header) {
			return nil, fmt.Errorf("%w: selection: Names: two columns would have one name", ErrInput)
		}
	}
	request.ID = hex.EncodeToString(chance(16))
	if err := g.approve(ctx, &request, r, denied); err != nil {
		return nil, err
	}
	out := &Exported{Request: request, Salt: chance(sha256.Size)}
	if out.Approval, err = g.approval(ctx, &request); err != nil {
		return nil, err
	}
	if out.Approval.At.After(now) {
		now = out.Approval.At
	}
	x := &writing{gate: g, bound: b, rights: r, what: &what, out: out, to: w, sum: hmac.New(sha256.New, out.Salt)}
	failed := x.run(ctx, now)
	out.Commitment = x.sum.Sum(nil)

	end := request.deed(ActionExport, now)
	if failed != nil {
		end.outcome = audit.Failed
	}
	end.add(detailRows, strconv.FormatInt(out.Rows, 10))
	end.add(detailBytes, strconv.FormatInt(out.Bytes, 10))
	end.commitments = []audit.Commitment{{Name: commitmentFile, Sum: out.Commitment}}
	// What was written is told of also where ctx has ended meanwhile.
	return out, errors.Join(failed, g.record(context.WithoutCancel(ctx), end))
}

// chance returns so many bytes that are drawn by chance.
func chance(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // which never fails
	return b
}

// check returns what is wrong with a selection.
func (b *bound) check(what *Selection) error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: selection: %s", ErrInput, fmt.Sprintf(format, args...)))
		}
	}
	fault(len(what.Names) == 0 || len(what.Names) > 1000, "not 1 to 1,000 Names")
	seen := map[string]bool{}
	for i, name := range what.Names {
		_, ok := b.index[name]
		fault(!ok, "Names: the schema has no %.64q", name)
		fault(seen[name], "Names: number %d is there twice", i)
		seen[name] = true
	}
	fault(what.Rows.Name == "" || !line.Valid(what.Rows.Name, mostText), "Rows.Name is missing or not a line of at most %d bytes", mostText)
	fault(what.Rows.Has == nil, "Rows.Has is missing")
	fault(int(what.Format) >= len(formatNames), "Format is unknown")
	fault(what.Limit <= 0, "Limit is missing")
	return errors.Join(faults...)
}

// deed returns a deed about the request.
func (r *Request) deed(action string, at time.Time) *deed {
	return &deed{at: at, reader: &r.Reader, action: action, object: r.ID}
}

// approve writes down that an export was asked for, and refuses what the policy does not allow.
func (g *Gate) approve(ctx context.Context, r *Request, rights *rights, denied []string) error {
	d := r.deed(ActionAsk, r.At)
	d.add(detailScope, r.Scope)
	d.add(detailFormat, r.Format.String())
	d.add(detailLimit, strconv.FormatInt(r.Limit, 10))
	for _, show := range []Show{Plain, Masked, Denied} {
		var names []string
		for _, c := range r.Columns {
			if c.Show == show {
				names = append(names, c.Name)
			}
		}
		d.list(show.String(), names)
	}
	switch {
	case rights == nil || !rights.grant.Bulk || len(denied) > 0:
		return g.deny(ctx, d, ErrDenied, NoGrant.String())
	case g.o.Approver == nil:
		return g.deny(ctx, d, fmt.Errorf("%w: there is no approver", ErrDenied), "no approver")
	}
	return g.record(ctx, d)
}

// approval asks the approver and writes down the answer, also where ctx has ended meanwhile.
func (g *Gate) approval(ctx context.Context, r *Request) (Approval, error) {
	shown := *r
	shown.Columns = slices.Clone(r.Columns)
	a, err := g.o.Approver.Approve(ctx, &shown)
	ctx = context.WithoutCancel(ctx)
	d := r.deed(ActionApprove, r.At)
	if a.At.After(d.at) {
		d.at = a.At
	}
	invalid := !line.Valid(a.By, mostText) || !line.Valid(a.ID, mostText) || a.By == "" || a.ID == ""
	switch {
	case errors.Is(err, ErrDenied):
		return Approval{}, g.deny(ctx, d, err, "refused")
	case err != nil:
		d.outcome = audit.Failed
		return Approval{}, errors.Join(err, g.record(ctx, d))
	case invalid:
		return Approval{}, g.deny(ctx, d, fmt.Errorf("%w: the approval does not say by whom, or has no ID", ErrDenied), "approval without approver")
	}
	d.add(detailApprover, a.By)
	d.add(detailApproval, a.ID)
	if strings.EqualFold(strings.TrimSpace(a.By), strings.TrimSpace(r.Reader.Actor)) {
		return Approval{}, g.deny(ctx, d, fmt.Errorf("%w: approved by the reader", ErrDenied), "approved by the reader")
	}
	if err := g.record(ctx, d); err != nil {
		return Approval{}, err
	}
	return a, nil
}

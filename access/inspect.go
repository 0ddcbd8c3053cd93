package access

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
)

// Inspection is who may see what, and who did, for whoever has to answer for it. It holds no values
// and no customers, but the ids of those who work here. Its JSON form has the fields below; WriteText
// prints it. Safe for concurrent reads.
type Inspection struct {
	Since  time.Time `json:"since,omitzero"` // what was done from then on; zero: from the beginning
	Until  time.Time `json:"until,omitzero"` // and before; zero: to the end
	Schema uint64    `json:"schema"`         // version of the schema that Rights are about
	// Unaudited: the gate has no log, so that nobody knows who did what.
	Unaudited bool `json:"unaudited,omitzero"`
	// Rights are who may see what now: each grant, by role and purpose in the order of the policy.
	Rights []Right `json:"rights"`
	// Deeds are who did what, by actor, role and purpose, ascending.
	Deeds []Deed `json:"deeds"`
	// Exports are those that were asked for, approved or written in that time, by time, then ID.
	Exports []ExportDeed `json:"exports"`
}

// Right is what a role allows for a purpose. Safe for concurrent reads.
type Right struct {
	Role    string        `json:"role"`           // its name
	Label   customer.Text `json:"label,omitzero"` // of the role, for people
	Purpose Purpose       `json:"purpose"`        // and what it rests on
	Find    []string      `json:"find,omitempty"` // traits by which customers may be found
	Bulk    bool          `json:"bulk,omitzero"`  // may export
	Columns []Column      `json:"columns"`        // all traits and computed traits of the schema, in its order
}

// Deed is what somebody did in a role for a purpose. Safe for concurrent reads.
type Deed struct {
	Actor   string `json:"actor"`   // as in Reader
	Role    string `json:"role"`    // as in Reader
	Purpose string `json:"purpose"` // as in Reader
	// Views are how often Personal or Sensitive fields of a customer, or of a page of its timeline, were shown. Plain and Masked are
	// which, by name: how often each was shown so.
	Views  int64            `json:"views"`
	Plain  map[string]int64 `json:"plain,omitempty"`
	Masked map[string]int64 `json:"masked,omitempty"`
	// Finds are how often customers were looked for by a value.
	Finds int64 `json:"finds"`
	// Exports are how many were written, whole or not, and Rows how many rows those have. One
	// whose process was killed is not among them: see ExportDeed.State.
	Exports int64 `json:"exports"`
	Rows    int64 `json:"rows"`
	// Others are how often each other action was done, or failed, of those that the log has, such as subject.export and
	// subject.erase of package subject; Role is empty where an entry has none.
	Others map[string]int64 `json:"others,omitempty"`
	// Denied are how many of all these were refused.
	Denied int64 `json:"denied"`
	// Last is when the last of all this was.
	Last time.Time `json:"last"`
}

// ExportDeed is an export. Safe for concurrent reads.
type ExportDeed struct {
	ID      string    `json:"id"`               // Request.ID
	Actor   string    `json:"actor"`            // as in Reader
	Role    string    `json:"role"`             // as in Reader
	Purpose string    `json:"purpose"`          // as in Reader
	Ticket  string    `json:"ticket,omitempty"` // as in Reader
	At      time.Time `json:"at"`               // when it was asked for, if that is in the time
	Scope   string    `json:"scope,omitempty"`  // Scope.Name
	Plain   []string  `json:"plain,omitempty"`  // columns shown plain, ascending
	Masked  []string  `json:"masked,omitempty"` // columns shown masked, ascending
	// Approver and Approval are who approved it, and under which id; empty: nobody.
	Approver string `json:"approver,omitempty"`
	Approval string `json:"approval,omitempty"`
	// State is how far it came.
	State      ExportState `json:"state"`
	Rows       int64       `json:"rows"`                 // as in Exported
	Commitment []byte      `json:"commitment,omitempty"` // as in Exported
}

// ExportState is how far an export came. Safe for concurrent use.
type ExportState uint8

// The states.
const (
	Asked     ExportState = iota // nobody has answered yet
	Refused                      // by the policy or an approver, or the approver failed
	Approved                     // and nothing is known of the end: it is being written, or was killed
	Written                      // whole
	Abandoned                    // with an error, after Rows were written
)

var stateNames = []string{"asked", "refused", "approved", "written", "abandoned"}

var stateNamesZH = []string{"待审批", "已拒绝", "已批准", "已导出", "导出中断"}

// String returns such as "approved".
func (s ExportState) String() string { return enum.Name(stateNames, s) }

// Chinese returns the state in Chinese.
func (s ExportState) Chinese() string { return enum.Name(stateNamesZH, s) }

// MarshalText returns the text of String.
func (s ExportState) MarshalText() ([]byte, error) {
	return enum.Marshal("access", "export state", stateNames, s)
}

// UnmarshalText reads what MarshalText wrote.
func (s *ExportState) UnmarshalText(text []byte) error {
	return enum.Unmarshal("access", "export state", stateNames, text, s)
}

// Inspect tells who may see what now, and who did from since on and before until; zero times
// are no bounds. What the log has not sealed yet is not in it: see audit.Log.Seal. That the log is as it was
// sealed is for audit.Log.Verify to tell. Of an export everything is told that the log has in that time.
//
// Errors wrap ErrPolicy after a change of the schema, or are those of the log. Cost: all entries
// of the log are read; memory for each actor and export.
func (g *Gate) Inspect(ctx context.Context, since, until time.Time) (*Inspection, error) {
	b, err := g.bind(ctx)
	if err != nil {
		return nil, err
	}
	in := &Inspection{Since: since, Until: until, Schema: b.version, Unaudited: g.o.Log == nil, Rights: b.list(g.policy)}
	c := census{deeds: map[[3]string]*Deed{}, exports: map[string]*ExportDeed{}}
	if g.o.Log == nil {
		in.Deeds, in.Exports = c.list()
		return in, nil
	}
	for e, err := range g.o.Log.Entries(ctx, &audit.Query{Since: since, Until: until}) {
		if err != nil {
			return nil, err
		}
		c.count(&e.Entry)
	}
	in.Deeds, in.Exports = c.list()
	return in, nil
}

// list returns all rights.
func (b *bound) list(p *Policy) []Right {
	all := []Right{}
	for i := range p.Roles {
		role := &p.Roles[i]
		for j := range role.Grants {
			r := b.rights[charge{role.Name, role.Grants[j].Purpose}]
			one := Right{
				Role: role.Name, Label: role.Label, Purpose: *r.purpose,
				Find: slices.Clone(r.grant.Find), Bulk: r.grant.Bulk, Columns: make([]Column, len(b.fields)),
			}
			for k := range b.fields {
				one.Columns[k] = b.column(r, k)
			}
			all = append(all, one)
		}
	}
	return all
}

// A census counts entries of a log. Not safe for concurrent use.
type census struct {
	deeds   map[[3]string]*Deed
	exports map[string]*ExportDeed
}

// of returns what an entry's actor did in the role for the purpose.
func (c *census) of(e *audit.Entry, role string) *Deed {
	key := [3]string{e.Actor, role, e.Purpose}
	t := c.deeds[key]
	if t == nil {
		t = &Deed{Actor: e.Actor, Role: role, Purpose: e.Purpose}
		c.deeds[key] = t
	}
	if e.Time.After(t.Last) {
		t.Last = e.Time
	}
	return t
}

// count counts an entry.
func (c *census) count(e *audit.Entry) {
	if e.Action == ActionExported {
		return // counted with its export
	}
	said := map[string]string{}
	for _, d := range e.Details {
		said[d.Name] = d.Text
	}
	if said[detailPart] != "" && e.Action == ActionFind {
		return // of a find, counted with its first
	}
	t := c.of(e, said[detailRole])
	first := said[detailPart] == ""
	switch e.Action {
	case ActionView, ActionTimeline:
		if e.Outcome == audit.Denied {
			t.Denied++
			return
		}
		if first {
			t.Views++
		}
		for _, d := range e.Details {
			switch d.Name {
			case detailPlain:
				t.Plain = countNames(t.Plain, d.Text)
			case detailMasked:
				t.Masked = countNames(t.Masked, d.Text)
			}
		}
	case ActionFind:
		if e.Outcome == audit.Denied {
			t.Denied++
			return
		}
		t.Finds++
	case ActionAsk, ActionApprove, ActionExport:
		if e.Outcome == audit.Denied && first {
			t.Denied++
		}
		x := c.exports[e.Object]
		if x == nil {
			x = &ExportDeed{ID: e.Object, State: Asked, At: e.Time}
			c.exports[e.Object] = x
		}
		x.Actor, x.Role, x.Purpose, x.Ticket = e.Actor, said[detailRole], e.Purpose, said[detailTicket]
		x.count(e, said)
		if e.Action == ActionExport {
			t.Exports++
			t.Rows += x.Rows
		}
	default:
		if e.Outcome == audit.Denied {
			t.Denied++
			return
		}
		if t.Others == nil {
			t.Others = map[string]int64{}
		}
		t.Others[e.Action]++
	}
}

// countNames counts the names of a text of joinNames.
func countNames(counts map[string]int64, text string) map[string]int64 {
	if counts == nil {
		counts = map[string]int64{}
	}
	names, _ := cutNames(text)
	for _, name := range names {
		counts[name]++
	}
	return counts
}

// count takes in an entry about the export. Entries of one time can come in any order.
func (x *ExportDeed) count(e *audit.Entry, said map[string]string) {
	state := Asked
	switch e.Action {
	case ActionAsk:
		x.At = e.Time
		x.Scope = cmp.Or(said[detailScope], x.Scope)
		for _, d := range e.Details {
			names, ok := cutNames(d.Text)
			switch {
			case ok && d.Name == detailPlain:
				x.Plain = append(x.Plain, names...)
			case ok && d.Name == detailMasked:
				x.Masked = append(x.Masked, names...)
			}
		}
		if e.Outcome != audit.Done {
			state = Refused
		}
	case ActionApprove:
		state = Refused
		if e.Outcome == audit.Done {
			state = Approved
			x.Approver, x.Approval = said[detailApprover], said[detailApproval]
		}
	case ActionExport:
		state = Written
		if e.Outcome != audit.Done {
			state = Abandoned
		}
		x.Rows, _ = strconv.ParseInt(said[detailRows], 10, 64)
		for _, c := range e.Commitments {
			if c.Name == commitmentFile {
				x.Commitment = c.Sum
			}
		}
	}
	x.State = max(x.State, state)
}

// list returns what was counted, in order.
func (c *census) list() ([]Deed, []ExportDeed) {
	deeds, exports := []Deed{}, []ExportDeed{}
	for _, key := range slices.SortedFunc(maps.Keys(c.deeds), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		deeds = append(deeds, *c.deeds[key])
	}
	for _, id := range slices.Sorted(maps.Keys(c.exports)) {
		x := c.exports[id]
		slices.Sort(x.Plain)
		slices.Sort(x.Masked)
		exports = append(exports, *x)
	}
	slices.SortStableFunc(exports, func(a, b ExportDeed) int { return a.At.Compare(b.At) })
	return deeds, exports
}

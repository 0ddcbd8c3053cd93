package access

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/cell"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/profile"
)

// columnWithheld is the column of CSV that names what is withheld.
const columnWithheld = "withheld"

// A writing is an export that is being written. Not safe for concurrent use.
type writing struct {
	gate   *Gate
	bound  *bound
	rights *rights
	pair   bool   // a column needs consent and to know all atoms of the customer
	named  []bool // of each field: it is a column
	what   *Selection
	out    *Exported
	to     io.Writer
	sum    hash.Hash
	b      bytes.Buffer
	csv    *csv.Writer
	rows   int64 // in out.Rows or in b
	starts []int // where those in b begin
	at     time.Time
	deeds  []*deed // that the log is to have before those in b are written
}

// mostBuffered is how much is collected before it is written.
const mostBuffered = 64 << 10

// pageCustomers is of how many customers the consents are asked for at once.
const pageCustomers = 256

// run writes the export.
func (x *writing) run(ctx context.Context, now time.Time) error {
	x.csv, x.at = csv.NewWriter(&x.b), now
	if x.what.Format == CSV {
		if err := x.line(x.rights.header(x.out.Request.Columns)); err != nil {
			return err
		}
	}
	x.named = make([]bool, len(x.bound.fields))
	for _, name := range x.what.Names {
		i := x.bound.index[name]
		x.named[i] = true
		x.pair = x.pair || x.bound.fields[i].pair && x.rights.purpose.Consent != ""
	}
	var page []*profile.Profile
	for one, err := range x.gate.profiles.All(ctx, profile.Moment{At: now}) {
		if err != nil {
			return err
		}
		if page = append(page, one); len(page) < pageCustomers {
			continue
		}
		if err := x.page(ctx, now, page); err != nil {
			return err
		}
		page = page[:0]
	}
	if err := x.page(ctx, now, page); err != nil {
		return err
	}
	return x.flush(ctx)
}

// page writes the rows of some customers.
func (x *writing) page(ctx context.Context, now time.Time, page []*profile.Profile) error {
	sights, faults := make([]*sight, len(page)), make([]error, len(page))
	workers := 1
	if x.rights.purpose.Consent != "" {
		workers = parallel.Workers(0)
	}
	parallel.For(workers, len(page), func(i int) {
		sights[i], faults[i] = x.look(ctx, now, page[i])
	})
	for i, s := range sights {
		switch {
		case faults[i] != nil:
			return faults[i]
		case s == nil:
			continue
		case s.profile.Schema != x.bound.version:
			return fmt.Errorf("%w: it was changed meanwhile", profile.ErrSchema)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.row(ctx, s.view(&x.out.Request.Reader)); err != nil {
			return err
		}
		if x.b.Len() >= mostBuffered {
			if err := x.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// look returns a customer's profile with what may be seen of it, nil of one who is gone meanwhile.
func (x *writing) look(ctx context.Context, now time.Time, one *profile.Profile) (*sight, error) {
	s := &sight{bound: x.bound, rights: x.rights, profile: one}
	var err error
	if x.pair {
		by := &x.out.Request.Reader
		s, err = x.gate.look(ctx, now, charge{by.Role, by.Purpose}, one.Customer, profile.Moment{At: now})
	} else {
		err = x.gate.ask(ctx, now, s, one.Customer)
	}
	switch {
	case errors.Is(err, profile.ErrErased) || errors.Is(err, profile.ErrUnknown):
		return nil, nil
	case err != nil || s.profile.Customer != one.Customer:
		return nil, err
	}
	return s, nil
}

// flush writes what was collected, once the log has of whom it is.
func (x *writing) flush(ctx context.Context) error {
	if err := x.gate.record(ctx, x.deeds...); err != nil {
		return err
	}
	x.deeds = x.deeds[:0]
	n, err := x.to.Write(x.b.Bytes())
	if n < 0 || n > x.b.Len() || n < x.b.Len() && err == nil {
		err = errors.Join(err, io.ErrShortWrite)
	}
	n = min(max(n, 0), x.b.Len())
	x.sum.Write(x.b.Bytes()[:n])
	x.out.Bytes += int64(n)
	begun, _ := slices.BinarySearch(x.starts, n)
	x.out.Rows += int64(begun)
	x.starts = x.starts[:0]
	x.b.Reset()
	return err
}

// header returns the names of the columns of CSV.
func (r *rights) header(columns []Column) []string {
	record := []string{"customer"}
	for _, c := range columns {
		name := c.Name
		if c.Show == Masked {
			name += ":masked"
		}
		record = append(record, cell.Harmless(name))
	}
	if r.purpose.Consent != "" {
		record = append(record, columnWithheld)
	}
	return record
}

func (x *writing) line(record []string) error {
	if err := x.csv.Write(record); err != nil {
		return err
	}
	x.csv.Flush()
	return x.csv.Error()
}

// row writes what may be seen of a customer, if the customer belongs to the scope.
func (x *writing) row(ctx context.Context, v *View) error {
	if !x.what.Rows.Has(x.scoped(v)) {
		return nil
	}
	fields := make([]*Field, len(x.what.Names))
	var withheld []string
	protected := false
	for i, name := range x.what.Names {
		at := x.bound.index[name]
		if fields[i] = &v.Fields[at]; fields[i].Show == Denied {
			withheld = append(withheld, name)
		} else if x.bound.fields[at].protected() {
			protected = true
		}
	}
	if len(withheld) == len(fields) {
		x.out.Withheld++
		return nil
	}
	if x.rows == x.what.Limit {
		return errors.Join(x.flush(ctx), fmt.Errorf("%w: the scope has more than %d customers", ErrLimit, x.what.Limit))
	}
	x.rows++
	x.starts = append(x.starts, x.b.Len())
	if protected {
		d := x.out.Request.deed(ActionExported, x.at)
		d.customer = v.Customer
		d.list(detailWithheld, withheld)
		x.deeds = append(x.deeds, d)
	}
	if x.what.Format == JSON {
		return x.object(v.Customer, fields, withheld)
	}
	record := []string{v.Customer.String()}
	for _, f := range fields {
		text := ""
		switch f.Show {
		case Plain:
			text = cell.Of(f.value)
		case Masked:
			text = cell.Harmless(f.masked.Text)
		}
		record = append(record, text)
	}
	if x.rights.purpose.Consent != "" {
		record = append(record, cell.Harmless(cell.Labels(slices.Values(withheld))))
	}
	return x.line(record)
}

// scoped returns what Scope.Has is shown of a view.
func (x *writing) scoped(v *View) *View {
	shown := *v
	shown.Fields = slices.Clone(v.Fields)
	for i := range shown.Fields {
		if f := &x.bound.fields[i]; f.protected() && !x.named[i] {
			shown.Fields[i] = Field{Name: f.name, Label: f.label, Sensitivity: f.sensitivity, Reason: NoGrant}
		}
	}
	return &shown
}

// object writes a line of JSON.
func (x *writing) object(id customer.ID, fields []*Field, withheld []string) error {
	values, masked := member{}, member{}
	for _, f := range fields {
		switch {
		case f.Show == Plain && !f.value.IsUnset():
			values.add(f.Name, f.value.MarshalJSON)
		case f.Show == Masked && f.masked.Text != "":
			masked.add(f.Name, func() ([]byte, error) { return json.Marshal(f.masked.Text) })
		}
	}
	x.b.WriteString(`{"customer":"` + id.String() + `","values":{` + values.text.String() + "}")
	if masked.text.Len() > 0 {
		x.b.WriteString(`,"masked":{` + masked.text.String() + "}")
	}
	if len(withheld) > 0 {
		names, err := json.Marshal(withheld)
		if err != nil {
			return err
		}
		x.b.WriteString(`,"withheld":` + string(names))
	}
	x.b.WriteString("}\n")
	return errors.Join(values.err, masked.err)
}

// A member is the inside of an object of JSON, whose order is kept.
type member struct {
	text strings.Builder
	err  error
}

func (m *member) add(name string, value func() ([]byte, error)) {
	key, err := json.Marshal(name)
	data, fault := value()
	if err = errors.Join(err, fault); err != nil {
		m.err = err
		return
	}
	if m.text.Len() > 0 {
		m.text.WriteByte(',')
	}
	m.text.Write(key)
	m.text.WriteByte(':')
	m.text.Write(data)
}

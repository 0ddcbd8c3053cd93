package profile

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/cell"
)

// WriteCSV writes traits and computed traits of all customers at a moment as CSV (RFC 4180,
// UTF-8, lines end in \n): a header, which is customer and the names, then a line a
// customer, ascending by id. Names says which, and in what order; without names they are
// all that are Public or Internal: what is Personal or Sensitive has to be named.
//
// Numbers are exact, decimals without an exponent; bools are true and false; times are RFC
// 3339 in UTC; labels stand ascending with | between, where \| and \\ are a | and a \ of a
// label. What is unset is empty, as are the empty text and the empty set. Texts, labels and
// names that begin with =, +, -, @ or their full-width forms, with a tab or an end of line,
// which a spreadsheet could take for a formula, get a ' before them, as do those that begin
// with ': who reads them back takes one ' away. Some spreadsheets need a byte order mark to
// see that it is UTF-8, "\ufeff", which the caller can write to w first.
//
// Who calls it has all of it, and no log tells of it: it is for use within the service. What people are to have of customers needs a
// purpose, somebody who approves it and a scope, and masks: access.Gate.Export asks for these, and writes the same form.
//
// It is no snapshot: what changes meanwhile is in it or not. Errors are those of All and
// of w, and an InputError for a name that the schema does not have. Cost: as All.
func (p *Profiles) WriteCSV(ctx context.Context, w io.Writer, m Moment, names ...string) error {
	return p.export(ctx, w, m, names, func(b *bytes.Buffer, columns []feature) error {
		record := []string{"customer"}
		for i := range columns {
			record = append(record, cell.Harmless(columns[i].name))
		}
		return writeRecord(b, record)
	}, func(b *bytes.Buffer, columns []feature, id customer.ID, f *folded) error {
		record := make([]string, 1, len(columns)+1)
		record[0] = id.String()
		for i := range columns {
			record = append(record, cell.Of(columns[i].of(f)))
		}
		return writeRecord(b, record)
	})
}

// WriteJSON writes traits and computed traits of all customers at a moment as JSON lines,
// ascending by id:
//
//	{"customer":"0191d2a4-5c3e-8000-a000-000000000001","values":{"city":"广州","orders":3}}
//
// Names are as in WriteCSV, and in their order; values have the form of customer.Value, and
// those that are unset are left out. Where provenance is asked for, marshal the profiles
// that All yields. As WriteCSV it is for use within the service: for people there is access.Gate.Export. Snapshot, errors
// and cost are as there too.
func (p *Profiles) WriteJSON(ctx context.Context, w io.Writer, m Moment, names ...string) error {
	return p.export(ctx, w, m, names, nil, func(b *bytes.Buffer, columns []feature, id customer.ID, f *folded) error {
		b.WriteString(`{"customer":"`)
		b.WriteString(id.String())
		b.WriteString(`","values":{`)
		comma := false
		for i := range columns {
			v := columns[i].of(f)
			if v.IsUnset() {
				continue
			}
			if comma {
				b.WriteByte(',')
			}
			comma = true
			name, err := json.Marshal(columns[i].name)
			if err != nil {
				return err
			}
			value, err := v.MarshalJSON()
			if err != nil {
				return err
			}
			b.Write(name)
			b.WriteByte(':')
			b.Write(value)
		}
		b.WriteString("}}\n")
		return nil
	})
}

// export writes what header and line write of all customers to w.
func (p *Profiles) export(
	ctx context.Context, w io.Writer, m Moment, names []string,
	header func(*bytes.Buffer, []feature) error, line func(*bytes.Buffer, []feature, customer.ID, *folded) error,
) error {
	at, err := m.bind()
	if err != nil {
		return err
	}
	f, err := p.reread(ctx)
	if err != nil {
		return err
	}
	columns, err := f.features(names)
	if err != nil {
		return err
	}
	if header != nil {
		var b bytes.Buffer
		if err := header(&b, columns); err != nil {
			return err
		}
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return walk(ctx, p, f, at, func(page []loading) (*bytes.Buffer, error) {
		var b bytes.Buffer
		for i := range page {
			if err := line(&b, columns, page[i].id, f.fold(page[i].atoms, at)); err != nil {
				return nil, err
			}
		}
		return &b, nil
	}, func(b *bytes.Buffer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

func writeRecord(b *bytes.Buffer, record []string) error {
	c := csv.NewWriter(b)
	if err := c.Write(record); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

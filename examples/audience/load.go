package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/segment"
)

// loadCSV returns the index of a file with a header, a customer a record, and tells what became of the records. The
// first column holds the ids; every other is a tag, and its title the name, or name:kind. Kinds are those of
// segment.Kind, and path for an enum of paths such as 广东/广州; without one it is text, an enum. A
// decimal has up to two digits after the point; labels have | between them.
func loadCSV(ctx context.Context, path string, loc *time.Location, at time.Time, stdout io.Writer) (*segment.Index, error) {
	header, err := headerOf(path)
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", path, err)
	}
	schema := &ingest.Schema[customer.Row]{
		Fields: []ingest.Field[customer.Row]{{
			Name: header[0], Rules: []ingest.Rule{ingest.Required(), ingest.Valid().Because("bad id")},
			Into: ingest.Custom(func(r *customer.Row) *customer.ID { return &r.ID }, func(text string) (id customer.ID, err error) {
				err = (*customerID)(&id).UnmarshalText([]byte(text))
				return id, err
			}),
		}},
		Unique: []ingest.Unique{{Fields: header[:1], Reason: "customer is there already"}},
	}
	var tags []segment.Tag
	for i, title := range header[1:] {
		tag, err := tagOf(title)
		if err != nil {
			return nil, fmt.Errorf("%s: column %d: %w", path, i+2, err)
		}
		tags = append(tags, tag)
		schema.Fields = append(schema.Fields, ingest.Field[customer.Row]{
			Name: tag.Name, Columns: []string{title}, Rules: []ingest.Rule{ingest.Valid().Because("bad " + tag.Kind.String())},
			Into: ingest.Custom(func(r *customer.Row) *customer.Value {
				r.Values = append(r.Values, customer.Field{Name: tag.Name})
				return &r.Values[len(r.Values)-1].Value
			}, func(text string) (customer.Value, error) { return parseValue(&tag, text, loc) }),
		})
	}
	ix, err := segment.New(&segment.Options{Tags: tags})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	reader, err := ingest.NewReader(schema, nil, ingest.File(path))
	if err != nil {
		return nil, err
	}
	if _, err = ix.LoadRows(ctx, at, reader.Records(ctx)); err != nil {
		return nil, err
	}
	report := reader.Report()
	fmt.Fprintf(stdout, "%s: %d records read, %d set aside.\n", path, report.Read, report.SetAside)
	for _, r := range report.Rules {
		if r.SetAside > 0 {
			fmt.Fprintf(stdout, "  %d set aside: %s\n", r.SetAside, strings.TrimPrefix(r.Field+": "+r.Reason, ": "))
		}
	}
	return ix, nil
}

func headerOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	header, err := csv.NewReader(io.LimitReader(f, 1<<20)).Read()
	if err == nil {
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
	}
	return header, err
}

// kinds are what a title may say.
const kinds = "flag, text, path, labels, integer, decimal, float and time"

func tagOf(title string) (tag segment.Tag, err error) {
	name, kind, _ := strings.Cut(title, ":")
	tag.Name, tag.Origin = strings.TrimSpace(name), segment.FromFact
	switch kind = strings.TrimSpace(kind); kind {
	case "", "text":
		tag.Kind = segment.Enum
	case "path":
		tag.Kind, tag.Hierarchy = segment.Enum, true
	case "decimal":
		tag.Kind, tag.Scale = segment.Decimal, 2
	default:
		if tag.Kind.UnmarshalText([]byte(kind)) != nil {
			err = errors.New("the kind is none of " + kinds)
		}
	}
	return tag, err
}

func parseValue(tag *segment.Tag, text string, loc *time.Location) (v customer.Value, err error) {
	err = errors.New("no value of this kind")
	switch tag.Kind {
	case segment.Flag:
		if i := slices.Index([]string{"true", "yes", "是", "false", "no", "否"}, strings.ToLower(text)); i >= 0 {
			v, err = customer.BoolValue(i < 3), nil
		}
	case segment.Enum:
		v, err = customer.TextValue(text), nil
	case segment.Labels:
		v, err = customer.LabelsValue(strings.Split(text, "|")...), nil
	case segment.Integer:
		n, bad := strconv.ParseInt(text, 10, 64)
		v, err = customer.Int64Value(n), bad
	case segment.Decimal:
		if d, bad := ingest.ParseDecimal(text); bad == nil && d.Scale() <= tag.Scale {
			v, err = customer.DecimalValue(d.Coefficient(), d.Scale()), nil
		}
	case segment.Float:
		f, bad := strconv.ParseFloat(text, 64)
		v, err = customer.Float64Value(f), bad
	case segment.Time:
		for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly, "2006/01/02"} {
			if t, bad := time.ParseInLocation(layout, text, loc); bad == nil {
				v, err = customer.TimeValue(t), nil
			}
		}
	}
	return v, errors.Join(err, v.Validate())
}

// customerID is written as a whole number, a UUID, or another text of up to 15 bytes.
type customerID customer.ID

func (id *customerID) UnmarshalText(data []byte) (err error) {
	text := string(data)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		*id = customerID(customer.FromInt64(n))
		return nil
	}
	if len(text) == 36 {
		return (*customer.ID)(id).UnmarshalText(data)
	}
	known, err := customer.FromString(text)
	*id = customerID(known)
	return err
}

package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/segment"
)

const (
	sampled   = 1000 // records from which kinds are inferred
	maxDigits = 6    // after the point of a decimal whose kind is inferred
)

// loadCSV returns the index of a file with a header, a customer a record, and what became of the records. The column
// called id, or else the first, holds the ids; every other is a tag. A column name may end in :kind; kinds are those of
// segment.Kind, and path for an enum of paths such as 广东/广州. Labels have | between them. Other kinds are inferred.
func loadCSV(ctx context.Context, path string, loc *time.Location, at time.Time) (*segment.Index, *ingest.Report, error) {
	header, cells, err := readSample(path)
	if err != nil {
		return nil, nil, err
	}
	id := max(slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), "id") }), 0)
	var tags []segment.Tag
	schema := &ingest.Schema[record]{Unique: []ingest.Unique{{Fields: []string{"id"}, Reason: "customer is there already"}}}
	for i, title := range header {
		if i == id {
			schema.Fields = append(schema.Fields, ingest.Field[record]{
				Name: "id", Columns: []string{title}, Rules: []ingest.Rule{ingest.Required(), ingest.Valid().Because("bad id")},
				Into: ingest.Custom(func(r *record) *customer.ID { return &r.id }, parseID),
			})
			continue
		}
		tag, err := tagOf(title, cells[i], loc)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: column %d: %w", path, i+1, err)
		}
		at := len(tags)
		tags = append(tags, tag)
		schema.Fields = append(schema.Fields, ingest.Field[record]{
			Name: tag.Name, Columns: []string{title}, Rules: []ingest.Rule{ingest.Valid().Because("bad " + tag.Kind.String())},
			Into: ingest.Custom(func(r *record) *customer.Value {
				if r.values == nil {
					r.values = make([]customer.Value, len(header)-1)
				}
				return &r.values[at]
			}, func(text string) (customer.Value, error) { return parseValue(&tag, text, loc) }),
		})
	}
	ix, err := segment.New(&segment.Options{Tags: tags})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	reader, err := ingest.NewReader(schema, nil, ingest.File(path))
	if err != nil {
		return nil, nil, err
	}
	_, err = ix.LoadRows(ctx, rows(reader.Records(ctx), tags), at)
	return ix, reader.Report(), err
}

// record is a line of the file.
type record struct {
	id     customer.ID
	values []customer.Value // in the order of the tags
}

// rows yields the records as the index takes them.
func rows(records iter.Seq2[record, error], tags []segment.Tag) iter.Seq2[customer.Row, error] {
	return func(yield func(customer.Row, error) bool) {
		for r, err := range records {
			row := customer.Row{ID: r.id}
			for i, v := range r.values {
				if !v.IsUnset() {
					row.Values = append(row.Values, customer.Field{Name: tags[i].Name, Value: v})
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// readSample returns the header, and the cells of the first records that are well formed, a slice a column.
func readSample(path string) (header []string, cells [][]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := csv.NewReader(io.LimitReader(f, 1<<24))
	if header, err = r.Read(); err != nil {
		return nil, nil, fmt.Errorf("%s: no header: %w", path, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	cells = make([][]string, len(header))
	for range sampled {
		record, err := r.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			continue
		}
		for i, cell := range record {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells[i] = append(cells[i], cell)
			}
		}
	}
	return header, cells, nil
}

// tagOf returns the tag of a column: of the kind in its title, or of that to which nine of ten of its cells fit.
func tagOf(title string, cells []string, loc *time.Location) (segment.Tag, error) {
	name, kind, _ := strings.Cut(title, ":")
	tag := segment.Tag{Name: strings.TrimSpace(name), Origin: segment.FromFact}
	fits := func(k segment.Kind) bool {
		n := 0
		for _, cell := range cells {
			if _, err := parseValue(&segment.Tag{Kind: k, Scale: maxDigits}, cell, loc); err == nil {
				n++
			}
		}
		return n > 0 && n*10 >= len(cells)*9
	}
	switch kind = strings.TrimSpace(kind); {
	case kind == "path":
		tag.Kind, tag.Hierarchy = segment.Enum, true
	case kind != "":
		if err := tag.Kind.UnmarshalText([]byte(kind)); err != nil {
			return tag, fmt.Errorf("%q is no kind of tag", kind)
		}
	case fits(segment.Flag):
		tag.Kind = segment.Flag
	case fits(segment.Decimal):
		tag.Kind = segment.Integer
		if digits(cells) > 0 {
			tag.Kind = segment.Decimal
		}
	case fits(segment.Time):
		tag.Kind = segment.Time
	case slices.ContainsFunc(cells, func(cell string) bool { return strings.Contains(cell, "|") }):
		tag.Kind = segment.Labels
	default:
		tag.Kind = segment.Enum
	}
	if tag.Kind == segment.Decimal {
		tag.Scale = max(digits(cells), 2)
	}
	return tag, nil
}

// digits returns how many digits the cells have after the point, up to maxDigits.
func digits(cells []string) int {
	most := 0
	for _, cell := range cells {
		if d, err := ingest.ParseDecimal(cell); err == nil && d.Scale() <= maxDigits {
			most = max(most, d.Scale())
		}
	}
	return most
}

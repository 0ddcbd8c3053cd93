package ingest_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/internal/hostiletest"
)

type hostileLine struct {
	Name  string
	N     int64
	Cents int64
	X     float64
	Price ingest.Decimal
	At    time.Time
	Yes   bool
	Odd   int
}

func hostileSchema() *ingest.Schema[hostileLine] {
	return &ingest.Schema[hostileLine]{
		Format: ingest.Format{Layouts: []string{time.DateOnly}, Location: time.UTC, Missing: []string{"-"}, True: []string{"yes"}, False: []string{"no"}},
		Fields: []ingest.Field[hostileLine]{
			{Name: "name", Columns: []string{"Name"}, Into: ingest.Text(func(l *hostileLine) *string { return &l.Name })},
			{Name: "n", Into: ingest.Int(func(l *hostileLine) *int64 { return &l.N }), Optional: true, Rules: []ingest.Rule{ingest.Range("0", "100").OrCap()}},
			{Name: "cents", Into: ingest.Money(func(l *hostileLine) *int64 { return &l.Cents }, 2), Optional: true},
			{Name: "x", Into: ingest.Float(func(l *hostileLine) *float64 { return &l.X }), Optional: true},
			{Name: "price", Into: ingest.Exact(func(l *hostileLine) *ingest.Decimal { return &l.Price }), Optional: true},
			{Name: "yes", Into: ingest.Bool(func(l *hostileLine) *bool { return &l.Yes }), Optional: true},
			{Name: "at", Into: ingest.Time(func(l *hostileLine) *time.Time { return &l.At }), Optional: true, Rules: []ingest.Rule{ingest.Valid()}},
		},
		Checks: []ingest.Check[hostileLine]{{Reason: "odd", Fails: func(l *hostileLine) bool { return l.Name == "odd" }}},
		Unique: []ingest.Unique{{Fields: []string{"name"}}},
	}
}

const (
	hostileCSV = "name,n,cents,x,price,yes,at\n" +
		"anna,3,1.25,0.5,0.001,yes,2024-02-29\nbea,101,2.50,1e3,7,no,2024-03-01\nanna,3,1,2,3,yes,2024-02-28\ncleo,-,,\"4\",5,no,0000-00-00\n"
	hostileJSON = `{"name":"anna","n":3,"cents":"1.25","x":0.5,"price":0.001,"yes":true,"at":"2024-02-29"}` + "\n"
)

// memory is a source that can be read several times.
func memory(text string) ingest.Source {
	return ingest.Source{Name: "lines", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// hostileRead reads all of a source, by ReadAll, and balances the report.
func hostileRead(ctx context.Context, schema *ingest.Schema[hostileLine], source ingest.Source, o *ingest.Options) ([]hostileLine, error) {
	reader, err := ingest.NewReader(schema, o, source)
	if err != nil {
		return nil, err
	}
	lines, err := reader.ReadAll(ctx)
	if report := reader.Report(); report != nil && report.Read != report.Kept+report.Repaired+report.SetAside {
		return nil, errors.New("the report does not add up")
	}
	for i := range lines {
		if math.IsNaN(lines[i].X) {
			return nil, errors.New("a number that is none")
		}
	}
	return lines, err
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	const into = "a target of which the function is nil is the mistake of a program"
	file := filepath.Join(t.TempDir(), "lines.csv")
	require.NoError(t, os.WriteFile(file, []byte(hostileCSV), 0o600))
	read := map[string]any{
		"r broken": hostiletest.ErrReader, "r slow": hostiletest.OK, "r empty": ingest.ErrEmpty, "r nil": ingest.ErrEmpty,
	}
	fixed := func(text string, o *ingest.Options) func() []any {
		return func() []any { return []any{ctx, hostileSchema(), hostiletest.Text(text), o} }
	}
	many := "name\n" + strings.Repeat("a,b\n", 3000)
	rule := func(rules ...ingest.Rule) error {
		s := hostileSchema()
		s.Fields[1].Rules = rules
		_, err := hostileRead(ctx, s, memory(hostileCSV), nil)
		return err
	}
	decimal := func(text string) ingest.Decimal {
		d, err := ingest.ParseDecimal(text)
		require.NoError(t, err)
		return d
	}
	report := func() *ingest.Report {
		reader, err := ingest.NewReader(hostileSchema(), nil, ingest.Stream("lines", strings.NewReader(hostileCSV)))
		require.NoError(t, err)
		_, err = reader.ReadAll(ctx)
		require.NoError(t, err)
		return reader.Report()
	}

	hostiletest.Run(t, hostiletest.Table{
		"Reader.ReadAll": {
			Call: func(ctx context.Context, s *ingest.Schema[hostileLine], r io.Reader, o *ingest.Options) ([]hostileLine, error) {
				_ = (*ingest.Reader[hostileLine]).ReadAll // which hostileRead calls
				return hostileRead(ctx, s, ingest.Stream("lines", r), o)
			},
			Names: "ctx schema r options",
			Args: func() []any {
				return []any{ctx, hostileSchema(), hostiletest.Text(hostileCSV), &ingest.Options{Comma: ',', MaxRecord: 1000, MaxBytes: 10_000, MaxRatio: 10, MaxKeyBytes: 10_000}}
			},
			Alone: "a reader is read once",
			Hold:  map[string]string{"schema.Fields": "see NewReader", "schema.Checks": "see NewReader", "schema.Unique": "see NewReader", "schema.Format": "see NewReader"},
			Expect: hostiletest.With(read, map[string]any{
				"schema nil": ingest.ErrOptions, "options nil": hostiletest.OK, "options.MaxRecord min": ingest.ErrOptions, "options.MaxBytes min": ingest.ErrOptions,
				"options.MaxBytes one": ingest.ErrTooLarge, "options.MaxKeyBytes one": ingest.ErrTooLarge, "options.MaxRatio minus": ingest.ErrOptions,
				"options.Comma max": ingest.ErrOptions,
			}),
			Cases: []hostiletest.Case{
				{Name: "header alone", Args: fixed("name,n\n", nil), Want: ingest.ErrEmpty},
				{Name: "no column of the schema", Args: fixed("a,b\n1,2\n", nil), Want: ingest.ErrColumn},
				{Name: "a column twice", Args: fixed("name,name\n1,2\n", nil), Want: ingest.ErrColumn},
				{Name: "fields too many", Args: fixed(many, nil), Want: hostiletest.OK},
				{Name: "fields too many, strictly", Args: fixed(many, &ingest.Options{FailMalformed: true}), Want: ingest.ErrMalformed},
				{Name: "numbers that are none", Args: fixed("name,x,n,cents,price\na,NaN,NaN,NaN,NaN\nb,Inf,-Inf,1e999,1e-999\nc,0x10,1_000,٣,１２\n", nil), Want: hostiletest.OK},
				{Name: "numbers without end", Args: fixed("name,n,cents,price\na,"+strings.Repeat("9", 5000)+",1"+strings.Repeat("0", 300)+",0."+strings.Repeat("0", 300)+"1\n", nil), Want: hostiletest.OK},
				{Name: "times without end", Args: fixed("name,at\na,9999-12-31\nb,0000-01-01\nc,99999-01-01\nd,2024-02-30\n", nil), Want: hostiletest.OK},
				{Name: "a quote that does not end", Args: fixed("name,n\n\"a,1\n"+strings.Repeat("b,2\n", 1000), &ingest.Options{MaxRecord: 100}), Want: hostiletest.OK},
				{Name: "a line that does not end", Args: fixed("name\n"+strings.Repeat("a", 1<<16), &ingest.Options{MaxRecord: 100}), Want: hostiletest.OK},
				{Name: "a header that does not end", Args: fixed(strings.Repeat("a", 1<<16), &ingest.Options{MaxRecord: 100}), Want: "ingest: "},
				{Name: "gzip that is torn", Args: fixed("\x1f\x8b\x08\x00\x00\x00", nil), Want: "ingest: "},
				{Name: "texts", Args: fixed("name\n\xff\xfe\xfd\n\"a\x00b\"\n\u202eabc\n=1+1\n", nil), Want: hostiletest.OK},
			},
		},
		"Reader.Records": {
			Call: func(ctx context.Context, r io.Reader) (n int, err error) {
				reader, err := ingest.NewReader(hostileSchema(), nil, ingest.Stream("lines", r))
				if err != nil {
					return 0, err
				}
				for line, err := range (*ingest.Reader[hostileLine]).Records(reader, ctx) {
					if err != nil {
						return 0, err
					}
					n += len(line.Name)
				}
				for _, err := range reader.Records(ctx) {
					if !errors.Is(err, ingest.ErrUsed) {
						return 0, errors.New("the reader is read twice")
					}
				}
				return n, nil
			},
			Names: "ctx r", Args: func() []any { return []any{ctx, hostiletest.Text(strings.Repeat(hostileJSON, 3))} },
			Alone: "a reader is read once", Expect: read,
		},
		"NewReader": {
			Call: func(s *ingest.Schema[hostileLine], o *ingest.Options) error {
				_, err := ingest.NewReader(s, o, ingest.Stream("lines", strings.NewReader(hostileCSV)))
				return err
			},
			Names: "schema options", Args: func() []any { return []any{hostileSchema(), &ingest.Options{Columns: []string{"name", "n"}}} },
			Hold: map[string]string{"schema.Fields[6].Into": into},
			Expect: map[string]any{
				"schema nil": ingest.ErrOptions, "options nil": hostiletest.OK, "options.Comma max": "Comma",
				"schema.Fields nil": ingest.ErrOptions, "schema.Fields twice": ingest.ErrOptions, "schema.Fields[6].Name empty": ingest.ErrOptions, "schema.Checks[0].Fails nil": ingest.ErrOptions,
				"schema.Unique[0].Fields[0] bytes": ingest.ErrOptions, "schema.Format.Location nil": "ocation",
			},
		},
		"Schema.Validate": {
			Call: (*ingest.Schema[hostileLine]).Validate, Names: "schema", Args: func() []any { return []any{hostileSchema()} },
			Hold: map[string]string{"schema.Fields[6].Into": into},
			Expect: map[string]any{
				"schema nil": ingest.ErrOptions, "schema.Fields nil": ingest.ErrOptions, "schema.Fields twice": ingest.ErrOptions, "schema.Checks[0].Fails nil": ingest.ErrOptions,
				"schema.Unique[0].Fields[0] empty": ingest.ErrOptions,
			},
		},
		"Stream": {
			Call: func(name string) error {
				_, err := ingest.NewReader(hostileSchema(), nil, ingest.Stream(name, strings.NewReader(hostileCSV)))
				return err
			},
			Names: "name", Args: func() []any { return []any{"lines.csv"} },
		},
		"File": {
			Call: func(name string) (int, error) {
				reader, err := ingest.NewReader(hostileSchema(), nil, ingest.File(name))
				if err != nil {
					return 0, err
				}
				lines, err := reader.ReadAll(ctx)
				return len(lines), err
			},
			Names: "name", Args: func() []any { return []any{file} },
			Expect: map[string]any{"name empty": "ingest: ", "name control": "ingest: ", "name bytes": "ingest: ", "name long": "ingest: "},
		},
		"Compare": {
			Call: ingest.Compare[string, int], Names: "what a b target",
			Args: func() []any {
				return []any{"orders", map[string]int{"x": 1, "y": 2}, map[string]int{"y": 2, "z": 3}, 0.9}
			},
			NaN: "the target is told as it is",
		},
		"Report.Score": {
			Call: (*ingest.Report).Score, Names: "report targets metrics",
			Args: func() []any {
				return []any{report(), &ingest.Targets{Fields: map[string]float64{"name": 0.5}, AsOf: time.Date(2024, 3, 2, 0, 0, 0, 0, time.UTC), MaxAge: time.Hour}, []ingest.Metric{{Subject: "x", Value: 1}}}
			},
			Hold: map[string]string{"report": "it is made by a reader"}, NaN: "the target is told as it is",
		},
		"NewDecimal": {Call: ingest.NewDecimal, Names: "coefficient scale", Args: func() []any { return []any{int64(125), 2} }},
		"ParseDecimal": {
			Call: ingest.ParseDecimal, Names: "text", Args: func() []any { return []any{"1.25"} },
			Expect: map[string]any{"text": "ingest: "},
			Cases: []hostiletest.Case{
				{Name: "overflow", Args: func() []any { return []any{strings.Repeat("9", 30)} }, Want: ingest.ErrOverflow},
				{Name: "least", Args: func() []any { return []any{strconv.FormatInt(math.MinInt64, 10)} }, Want: nil},
				{Name: "exponent", Args: func() []any { return []any{"1e999999999999"} }, Want: "ingest: "},
			},
		},
		"Decimal.UnmarshalText": {
			Call: func(text []byte) (ingest.Decimal, error) {
				var d ingest.Decimal
				err := d.UnmarshalText(text)
				return d, err
			},
			Names: "text", Args: func() []any { return []any{[]byte("1.25")} },
			Expect: map[string]any{"text nil": "ingest: ", "text empty": "ingest: ", "text null": "ingest: ", "text deep": "ingest: ", "text bytes": "ingest: "},
		},
		"Decimal.Amount": {
			Call: ingest.Decimal.Amount, Names: "decimal quantity digits", Args: func() []any { return []any{decimal("1.25"), int64(3), 2} },
			Expect: map[string]any{"quantity max": ingest.ErrOverflow, "quantity min": ingest.ErrOverflow, "digits max": "ingest: ", "digits min": "ingest: "},
			Cases:  []hostiletest.Case{{Name: "largest", Args: func() []any { return []any{decimal("9223372036854775807"), int64(1), 0} }, Want: hostiletest.OK}},
		},
		"Decimal.Minor": {
			Call: ingest.Decimal.Minor, Names: "decimal digits", Args: func() []any { return []any{decimal("1.25"), 2} },
			Expect: map[string]any{"digits max": "ingest: ", "digits min": "ingest: "},
		},
		"Decimal.Cmp": {
			Call: ingest.Decimal.Cmp, Names: "a b", Args: func() []any { return []any{decimal("1.25"), decimal("-9223372036854775807")} },
		},
		"Decimal.AppendText": {
			Call: ingest.Decimal.AppendText, Names: "decimal dst", Args: func() []any { return []any{decimal("1.25"), []byte("x")} }, Writes: "dst",
		},
		"Range":        {Call: func(low, high string) error { return rule(ingest.Range(low, high)) }, Names: "low high", Args: func() []any { return []any{"0", "9"} }, Expect: map[string]any{"low bytes": "ingest: ", "high number": "ingest: ", "low long": "ingest: ", "low empty": hostiletest.OK}},
		"OneOf":        {Call: func(values []string) error { return rule(ingest.OneOf(values...)) }, Names: "values", Args: func() []any { return []any{[]string{"3", "4"}} }},
		"Matches":      {Call: func(text string) error { return rule(ingest.Matches(regexp.MustCompile(regexp.QuoteMeta(text)))) }, Names: "text", Args: func() []any { return []any{"3"} }, Hold: map[string]string{"text bytes": "it is no expression"}},
		"Tukey":        {Call: func(k float64) error { return rule(ingest.Tukey(k)) }, Names: "k", Args: func() []any { return []any{1.5} }, Expect: map[string]any{"k NaN": "ingest: ", "k minus": "ingest: ", "k +Inf": "ingest: "}},
		"LogTukey":     {Call: func(k float64) error { return rule(ingest.LogTukey(k)) }, Names: "k", Args: func() []any { return []any{1.5} }, Expect: map[string]any{"k NaN": "ingest: ", "k minus": "ingest: ", "k +Inf": "ingest: "}},
		"Rule.Because": {Call: func(reason string) error { return rule(ingest.Rule.Because(ingest.Required(), reason)) }, Names: "reason", Args: func() []any { return []any{"why"} }},
		"Rule.OrFill":  {Call: func(text string) error { return rule(ingest.Rule.OrFill(ingest.Required(), text)) }, Names: "text", Args: func() []any { return []any{"3"} }, Expect: map[string]any{"text bytes": "ingest: "}},
		"Rule.OrFix": {
			Call: func(text string) error {
				return rule(ingest.Rule.OrFix(ingest.Valid(), func(string) string { return text }))
			},
			Names: "text", Args: func() []any { return []any{"3"} }, Expect: map[string]any{"text": hostiletest.OK},
		},
		"Money": {
			Call: func(digits int) error {
				s := hostileSchema()
				s.Fields[2].Into = ingest.Money(func(l *hostileLine) *int64 { return &l.Cents }, digits)
				_, err := hostileRead(ctx, s, memory(hostileCSV), nil)
				return err
			},
			Names: "digits", Args: func() []any { return []any{2} }, Expect: map[string]any{"digits min": "ingest: ", "digits max": "ingest: "},
		},
		"Custom": {
			Call: func(fails bool) (int, error) {
				s := hostileSchema()
				s.Fields = append(s.Fields, ingest.Field[hostileLine]{Name: "odd", Optional: true, Into: ingest.Custom(func(l *hostileLine) *int { return &l.Odd }, func(string) (int, error) {
					if fails {
						return 0, errors.New("ingest_test: odd")
					}
					return 1, nil
				})})
				lines, err := hostileRead(ctx, s, memory("name,odd\na,1\n"), nil)
				return len(lines), err
			},
			Names: "fails", Args: func() []any { return []any{false} }, Expect: map[string]any{"fails": hostiletest.OK},
		},
	})
}

const intoField = "it takes a function that tells the place, and nothing is read through it here: see Reader.ReadAll"

var _ = hostiletest.Exceptions{
	"Bool": intoField, "Exact": intoField, "Float": intoField, "Int": intoField, "Text": intoField, "Time": intoField,
	"Meter": "it writes to a terminal alone: see TestMeter",
}

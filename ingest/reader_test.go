package ingest_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/clientele-go/clientele/ingest"
	"github.com/stretchr/testify/require"
)

type order struct {
	ID     string
	Amount int64
	At     time.Time
}

func orders() *ingest.Schema[order] {
	return &ingest.Schema[order]{
		Format: ingest.Format{Layouts: []string{time.DateOnly}, Location: time.UTC},
		Fields: []ingest.Field[order]{
			{
				Name: "id", Columns: []string{"Order ID", "订单号"}, Into: ingest.Text(func(o *order) *string { return &o.ID }),
				Rules: []ingest.Rule{ingest.Required()},
			},
			{Name: "amount", Into: ingest.Money(func(o *order) *int64 { return &o.Amount }, 2)},
			{Name: "at", Into: ingest.Time(func(o *order) *time.Time { return &o.At })},
		},
	}
}

func stream(text string) ingest.Source { return ingest.Stream("orders.csv", strings.NewReader(text)) }

// read returns what a reader gives, after checking that its report adds up.
func read[T any](t testing.TB, schema *ingest.Schema[T], opts *ingest.Options, sources ...ingest.Source) ([]T, *ingest.Report, error) {
	t.Helper()
	r, err := ingest.NewReader(schema, opts, sources...)
	require.NoError(t, err)
	all, err := r.ReadAll(t.Context())
	rep := r.Report()
	requireSums(t, rep, len(all))
	return all, rep, err
}

func requireSums(t testing.TB, rep *ingest.Report, delivered int) {
	t.Helper()
	require.Equal(t, rep.Read, rep.Kept+rep.Repaired+rep.SetAside)
	require.EqualValues(t, delivered, rep.Kept+rep.Repaired)
	aside, repaired := int64(0), int64(0)
	for _, r := range rep.Rules {
		aside += r.SetAside
		repaired += r.Repaired
		require.LessOrEqual(t, r.SetAside+r.Repaired, r.Failed, r.Reason)
		require.LessOrEqual(t, r.Failed, r.Judged, r.Reason)
	}
	require.Equal(t, rep.SetAside, aside)
	require.Equal(t, rep.Repaired, repaired)
	for _, f := range rep.Fields {
		require.Equal(t, rep.Read-rep.Malformed, f.Present+f.Missing, f.Name)
		require.LessOrEqual(t, f.Invalid, f.Present, f.Name)
	}
}

func packed(t testing.TB, parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, err := io.WriteString(w, p)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return b.Bytes()
}

// latin1 turns ISO 8859-1 into UTF-8.
type latin1 struct {
	r    io.Reader
	left []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		var b [64]byte
		n, err := l.r.Read(b[:])
		if n == 0 {
			return 0, err
		}
		for _, c := range b[:n] {
			l.left = utf8.AppendRune(l.left, rune(c))
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}

const twoOrders = "Order ID,Amount,At\nA1,12.50,2024-01-31\nA2,-3,2024-02-29\n"

func TestReadForms(t *testing.T) {
	latin := "Order ID,amount,at,caf\xe9\nA1,12.50,2024-01-31,\xa3\nA2,-3,2024-02-29,\n"
	decode := &ingest.Options{Decode: func(r io.Reader) io.Reader { return &latin1{r: r} }}
	zipped := packed(t, twoOrders)
	for _, c := range []struct {
		name string
		data string
		opts *ingest.Options
	}{
		{"plain", twoOrders, nil},
		{"no last line end", strings.TrimSuffix(twoOrders, "\n"), nil},
		{"windows", strings.ReplaceAll(twoOrders, "\n", "\r\n"), nil},
		{"byte order mark", "\ufeff" + twoOrders, nil},
		{"header in another case and width", "  ORDER ID ,ａｍｏｕｎｔ,\"At\"\nA1,12.50,2024-01-31\nA2,-3,2024-02-29", nil},
		{"other order and more columns", "x,at,amount,订单号,x\n1,2024-01-31,12.50,A1,\n,2024-02-29,-3,A2,\n", nil},
		{"blank lines", "\n\n" + strings.ReplaceAll(twoOrders, "\n", "\n\n"), nil},
		{"full-width values", "Order ID,Amount,At\nA1,１２．５０,２０２４－０１－３１\nA2, －３ ,2024-02-29\n", nil},
		{"semicolons", strings.ReplaceAll(twoOrders, ",", ";"), &ingest.Options{Comma: ';'}},
		{"no header", strings.TrimPrefix(twoOrders, "Order ID,Amount,At\n"), &ingest.Options{Columns: []string{"order id", "amount", "at"}}},
		{"gzip", string(zipped), nil},
		{"gzip in members", string(packed(t, twoOrders[:30], twoOrders[30:], "")), nil},
		{"Latin-1", latin, decode},
		{"Latin-1 in gzip", string(packed(t, latin)), decode},
		{"JSON lines", `{"order id":"A1","amount":12.50,"at":"2024-01-31"}` + "\n" + `{"at":"2024-02-29","amount":"-3","订单号":"A2","x":{}}`, nil},
		{"JSON lines with mark and blanks", "\ufeff\n {\"order id\":\"A1\",\"amount\":12.50,\"at\":\"2024-01-31\"}\r\n \r\n{\"order id\":\"A2\",\"amount\":-3,\"at\":\"2024-02-29\"}\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := []order{
				{"A1", 1250, time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)},
				{"A2", -300, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
			}
			got, rep, err := read(t, orders(), c.opts, stream(c.data))
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.EqualValues(t, 2, rep.Kept)
			got, _, err = read(t, orders(), c.opts, ingest.Stream("x", iotest.OneByteReader(strings.NewReader(c.data))))
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestErrorsOfSources(t *testing.T) {
	zipped := packed(t, twoOrders)
	bomb := func(n int) string {
		return string(packed(t, "Order ID,Amount,At\n"+strings.Repeat(strings.Repeat("0", 999)+"\n", n/1000)))
	}
	half := packed(t, "Order ID,Amount,At\n"+strings.Repeat("A1,12.50,2024-01-31\n", 20_000))
	damaged := bytes.Clone(zipped)
	damaged[len(damaged)-6] ^= 1
	for _, c := range []struct {
		name string
		data string
		opts *ingest.Options
		is   error
		text string
	}{
		{"empty", "", nil, ingest.ErrEmpty, "ingest: orders.csv: is empty"},
		{"only a mark", "\ufeff", nil, ingest.ErrEmpty, "ingest: orders.csv: is empty"},
		{"only blank lines", "\n \n", nil, ingest.ErrEmpty, "ingest: orders.csv: is empty"},
		{"empty gzip", string(packed(t, "")), nil, ingest.ErrEmpty, "ingest: orders.csv: is empty"},
		{"header only", "Order ID,Amount,At\n", nil, ingest.ErrEmpty, "ingest: orders.csv: holds no records after the header"},
		{
			"missing column", "Order ID,At\nA1,2024-01-31\n", nil, ingest.ErrColumn,
			`ingest: orders.csv: line 1: field amount: no column named "amount"; found: "Order ID", "At"`,
		},
		{
			"two columns for a field", "\nOrder ID,订单号,Amount,At\n", nil, ingest.ErrColumn,
			`ingest: orders.csv: line 2: field id: 2 columns match: "Order ID", "订单号"`,
		},
		{"same column twice", "At,Order ID,at,Amount\n", nil, ingest.ErrColumn, `ingest: orders.csv: line 1: field at: 2 columns match: "At", "at"`},
		{
			"no header", "Zhang San,12.50,2024-01-31\n", nil, ingest.ErrColumn,
			`ingest: orders.csv: line 1: field id: no column named "Order ID" or "订单号", nor one for "amount", nor one for "at"; ` +
				`none of the 3 columns of this line is declared: is the header missing, or the separator another?`,
		},
		{"header badly quoted", "Order ID,\"Amount,At\n1,2,3\n", nil, ingest.ErrMalformed, "ingest: orders.csv: line 1: header: quote not closed"},
		{"header not UTF-8", "Order ID,Am\xffount,At\n", nil, ingest.ErrMalformed, "ingest: orders.csv: line 1: header: not UTF-8"},
		{"header too long", strings.Repeat("x", 200), &ingest.Options{MaxRecord: 100}, ingest.ErrTooLarge, "ingest: orders.csv: line 1: header too long"},
		{"white space without end", strings.Repeat(" ", 200_000), &ingest.Options{MaxRecord: 100}, ingest.ErrTooLarge, "ingest: orders.csv: line 1: starts with too much white space"},
		{"spreadsheet", "PK\x03\x04rest", nil, ingest.ErrMalformed, "ingest: orders.csv: is a zip archive or a spreadsheet (.xlsx), not CSV or JSON lines in UTF-8"},
		{"UTF-16", "\xff\xfeO\x00r\x00", nil, ingest.ErrMalformed, "ingest: orders.csv: is UTF-16 text, not CSV or JSON lines in UTF-8"},
		{"gzip cut in its header", string(zipped[:5]), nil, ingest.ErrTruncated, "ingest: orders.csv: gzip data is truncated"},
		{"gzip cut in its trailer", string(zipped[:len(zipped)-4]), nil, ingest.ErrTruncated, "ingest: orders.csv: line 4: gzip data is truncated"},
		{"gzip with a wrong sum", string(damaged), nil, ingest.ErrCorrupt, "ingest: orders.csv: line 4: gzip data is damaged"},
		{"garbage behind gzip", string(zipped) + "\n", nil, ingest.ErrCorrupt, "ingest: orders.csv: line 4: has something else after the gzip data"},
		{"garbage for gzip", "\x1f\x8bgarbage........", nil, ingest.ErrCorrupt, "ingest: orders.csv: gzip data is damaged"},
		{"too many bytes", twoOrders, &ingest.Options{MaxBytes: 30}, ingest.ErrTooLarge, "ingest: orders.csv: line 1: holds more than MaxBytes, 30 bytes"},
		{"zip bomb", bomb(20 << 20), nil, ingest.ErrTooLarge, "decompresses to more than MaxRatio, 250 times its size"},
		{"gzip cut in the middle", string(half[:len(half)/2]), nil, ingest.ErrTruncated, "gzip data is truncated"},
		{"malformed record", twoOrders + "x\n", &ingest.Options{FailMalformed: true}, ingest.ErrMalformed, "ingest: orders.csv: line 4: wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, rep, err := read(t, orders(), c.opts, stream(c.data))
			require.ErrorIs(t, err, c.is)
			e, ok := errors.AsType[*ingest.Error](err)
			require.True(t, ok)
			require.Equal(t, "orders.csv", e.Source)
			require.Contains(t, err.Error(), c.text)
			require.NotContains(t, err.Error(), "Zhang")
			if strings.Contains(c.name, "trailer") || c.name == "garbage behind gzip" {
				require.EqualValues(t, 2, rep.Kept, "records before the error are delivered")
			}
			if c.name == "gzip cut in the middle" {
				require.Greater(t, rep.Kept, int64(1000))
				require.Equal(t, rep.Kept+2, e.Line, "the line behind the last whole one")
			}
		})
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "orders.csv.gz")
	require.NoError(t, os.WriteFile(path, packed(t, twoOrders), 0o600))
	got, rep, err := read(t, orders(), nil, ingest.File(path), ingest.File(path))
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, []string{path, path}, rep.Sources)

	_, _, err = read(t, orders(), nil, ingest.File(dir))
	require.EqualError(t, err, "ingest: "+dir+": cannot be opened: is a directory")
	_, _, err = read(t, orders(), nil, ingest.File(filepath.Join(dir, "none.csv")))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.EqualError(t, err, "ingest: "+filepath.Join(dir, "none.csv")+": cannot be opened: no such file or directory")
}

type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

func TestSourcesAreClosed(t *testing.T) {
	opened, closed := 0, 0
	src := ingest.Source{Name: "own", Open: func() (io.ReadCloser, error) {
		opened++
		return closing{strings.NewReader(twoOrders), &closed}, nil
	}}
	r, err := ingest.NewReader(orders(), nil, src, src)
	require.NoError(t, err)
	require.Zero(t, opened, "a reader opens nothing by itself")
	n := 0
	for _, err := range r.Records(t.Context()) {
		require.NoError(t, err)
		if n++; n == 3 {
			break
		}
	}
	require.Equal(t, []int{2, 2}, []int{opened, closed})
	require.EqualValues(t, 3, r.Report().Kept)
	_, err = r.ReadAll(t.Context())
	require.ErrorIs(t, err, ingest.ErrUsed)

	bad := ingest.Source{Name: "own", Open: func() (io.ReadCloser, error) { return closing{strings.NewReader(""), &closed}, nil }}
	_, _, err = read(t, orders(), nil, bad)
	require.ErrorIs(t, err, ingest.ErrEmpty)
	require.Equal(t, 3, closed)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := ingest.NewReader(orders(), nil, stream(twoOrders))
	require.NoError(t, err)
	n := 0
	for _, err = range r.Records(ctx) {
		if err == nil {
			n++
			cancel()
		}
	}
	require.Equal(t, 1, n)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "ingest: orders.csv: line 2: stopped: context canceled")
	requireSums(t, r.Report(), 1)
}

func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte("Order ID,Amount,At\n"+strings.Repeat("A1,12.50,2024-01-31\n", 200_000)), 0o600))
	info, err := os.Stat(path)
	require.NoError(t, err)
	var steps []int64
	opts := &ingest.Options{Progress: func(done, total int64) {
		require.Equal(t, 2*info.Size(), total)
		steps = append(steps, done)
	}}
	_, _, err = read(t, orders(), opts, ingest.File(path), ingest.File(path))
	require.NoError(t, err)
	require.IsNonDecreasing(t, steps)
	require.Greater(t, len(steps), 6)
	require.Equal(t, 2*info.Size(), steps[len(steps)-1])

	opts.Progress = func(_, total int64) { require.EqualValues(t, -1, total) }
	_, _, err = read(t, orders(), opts, stream(twoOrders))
	require.NoError(t, err)
}

func TestRecordsSetAsideAreWritten(t *testing.T) {
	second := "Order ID,At,Amount\nB1,2024-01-31,x\n"
	third := `{"order id":"C1","amount":[],"at":null}`
	var out bytes.Buffer
	opts := &ingest.Options{SetAside: &out, MaxRecord: 60}
	_, rep, err := read(t, orders(), opts, stream(twoOrders+",1,2024-01-31\nA4,\"1,2024-01-31\n\"A,5\",five,\n"+strings.Repeat("x", 70)+"\n"),
		ingest.Stream("b.csv", strings.NewReader(second)), ingest.Stream("c.jsonl", strings.NewReader(third)))
	require.NoError(t, err)
	require.EqualValues(t, 6, rep.SetAside)
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"source", "line", "reason", "field", "Order ID", "Amount", "At", "raw"},
		{"orders.csv", "4", "missing", "id", "", "1", "2024-01-31", ""},
		{"orders.csv", "5", "quote not closed", "", "", "", "", `A4,"1,2024-01-31`},
		{"orders.csv", "6", "not an amount of money", "amount", "A,5", "five", "", ""},
		{"orders.csv", "7", "record too long", "", "", "", "", ""},
		{"b.csv", "2", "not an amount of money", "amount", "", "", "", "B1,2024-01-31,x"},
		{"c.jsonl", "1", "nested JSON value", "amount", "", "", "", third},
	}, rows)
	for _, rule := range rep.Rules { // each is set aside where it is first
		var source, line string
		for _, row := range rows[1:] {
			if line == "" && row[2] == rule.Reason && row[3] == rule.Field || line == "" && row[2] == rule.Reason && rule.Field == "" {
				source, line = row[0], row[1]
			}
		}
		require.Equal(t, source, rule.Source, rule.Reason)
		require.Equal(t, cmp.Or(line, "0"), strconv.FormatInt(rule.Line, 10), rule.Reason)
	}

	full := errors.New("disk full")
	r, err := ingest.NewReader(orders(), &ingest.Options{SetAside: failing{full}}, stream(twoOrders+"x\n"))
	require.NoError(t, err)
	_, err = r.ReadAll(t.Context())
	require.ErrorIs(t, err, full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestMissingKeysOfJSON(t *testing.T) {
	schema := orders()
	schema.Fields[2].Optional = true
	got, rep, err := read(t, schema, nil, ingest.Stream("o.jsonl", strings.NewReader(`{"order id":"A1","amount":1}
{"amount":1}
{"order id":"A3"}
{"order id":"A4","amount":null}
`)))
	require.NoError(t, err)
	require.Equal(t, []order{{ID: "A1", Amount: 100}, {ID: "A4"}}, got)
	var reasons []string
	for _, r := range rep.Rules {
		if r.SetAside > 0 {
			reasons = append(reasons, r.Field+" "+r.Reason)
		}
	}
	require.Equal(t, []string{" no such JSON key", "id missing"}, reasons)
}

func TestKeyMemoryIsBounded(t *testing.T) {
	schema := orders()
	schema.Unique = []ingest.Unique{{Fields: []string{"id"}}}
	var b strings.Builder
	b.WriteString("Order ID,Amount,At\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "A%d,1,\n", i)
	}
	r, err := ingest.NewReader(schema, &ingest.Options{MaxKeyBytes: 20_000}, stream(b.String()))
	require.NoError(t, err)
	n := 0
	for _, err = range r.Records(t.Context()) {
		if err == nil {
			n++
		}
	}
	require.ErrorIs(t, err, ingest.ErrTooLarge)
	require.EqualError(t, err, fmt.Sprintf(`ingest: orders.csv: line %d: keys of "duplicate" need more than MaxKeyBytes, 20000 bytes`, n+2))
	require.Greater(t, n, 100)
}

// Strings handed out do not change with what is read later.
func TestStringsBelongToTheCaller(t *testing.T) {
	var b strings.Builder
	b.WriteString("Order ID,Amount,At\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "A%d %s,1,\n", i, strings.Repeat("x", i%100))
	}
	got, _, err := read(t, orders(), nil, stream(b.String()))
	require.NoError(t, err)
	for i, o := range got {
		require.Equal(t, fmt.Sprintf("A%d %s", i, strings.Repeat("x", i%100)), o.ID)
	}
}

func TestNewReaderListsEveryFault(t *testing.T) {
	schema := &ingest.Schema[order]{
		Format: ingest.Format{Group: '.'},
		Fields: []ingest.Field[order]{
			{Name: "at", Into: ingest.Time(func(o *order) *time.Time { return &o.At })},
			{Name: "id"},
			{Into: ingest.Text(func(o *order) *string { return &o.ID }), Rules: []ingest.Rule{ingest.Range("1", "")}},
			{Name: "n", Into: ingest.Money(func(o *order) *int64 { return &o.Amount }, 2), Rules: []ingest.Rule{
				ingest.Range("x", ""), ingest.Range("2", "1"), ingest.Trim(), ingest.Tukey(0), ingest.Required().OrCap(),
				ingest.Matches(nil), ingest.OneOf(), ingest.Valid(), ingest.Valid(), ingest.Range("", ""), ingest.Required().OrFix(nil),
				{},
			}},
			{Name: "f", Into: ingest.Text(func(o *order) *string { return &o.ID }), Rules: []ingest.Rule{ingest.OneOf("a").OrFill("b")}},
			{Name: "g", Into: ingest.Money(func(o *order) *int64 { return &o.Amount }, 2), Rules: []ingest.Rule{ingest.Range("2", "1"), ingest.Range("x", "")}},
			{Name: "h", Into: ingest.Money(func(o *order) *int64 { return &o.Amount }, 19)},
			{Name: "i", Into: ingest.Text[order](nil)},
			{Name: "j", Into: ingest.Text(func(o *order) *string { return &o.ID })},
			{Name: "j", Into: ingest.Text(func(o *order) *string { return &o.ID })},
		},
		Checks: []ingest.Check[order]{{Reason: "x"}},
		Unique: []ingest.Unique{{Fields: []string{"k"}}},
	}
	_, err := ingest.NewReader(schema, &ingest.Options{Comma: '"', MaxBytes: -1}, ingest.Source{})
	for _, part := range []string{
		"the marks Point and Group are the same", "Format.Layouts", "Format.Location", `field "id": no Into is set`, "no Name is set",
		"Range is for numbers and times", "Trim is for text", "k = 0", "OrCap is for", "Matches needs", "OneOf needs", "Valid is declared twice",
		"Range needs a bound", "OrFix needs", "a rule is empty", "the filling of rule", `Range("2", "1") is empty`, `bound "x" is not an amount`,
		"19 digits", "the target has no function", `"j" is declared twice`, "check 0 needs", `names field "k"`, "Comma cannot be", "a limit is negative",
		"source 0 needs",
	} {
		require.ErrorContains(t, err, part)
	}
	for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
		require.ErrorIs(t, fault, ingest.ErrOptions)
	}
	_, err = ingest.NewReader[order](nil, nil)
	require.ErrorContains(t, err, "no schema")
	require.ErrorContains(t, err, "no source")
	require.ErrorContains(t, (&ingest.Schema[order]{}).Validate(), "at least one field")
	require.NoError(t, orders().Validate())
}

// Any bytes at all: the reader ends, its counts add up, every record delivered can be
// told from the input, and reading again gives the same.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		twoOrders, "Order ID,Amount,At\nA1,\"1\n2\",\n,,\n\xff\n\x00,,\n", `{"order id":"x","amount":1,"at":null}`, "Order ID;Amount;At",
		string(packed(f, twoOrders)), string(packed(f, twoOrders)[:40]), "Order ID,Amount,At\n A1 ,9999,2024-01-31\nA1,-1,2024-01-31\nA1,-1,\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		schema := orders()
		schema.Fields[0].Rules = append(schema.Fields[0].Rules, ingest.Trim(),
			ingest.Matches(regexp.MustCompile(`^\w+$`)).OrFix(strings.ToUpper), ingest.OneOf("A1", "A2").OrFill("A2"))
		schema.Fields[1].Rules = []ingest.Rule{ingest.Range("0", "100").OrCap(), ingest.Tukey(1.5)}
		schema.Unique = []ingest.Unique{{}}
		opts := &ingest.Options{MaxRecord: 200, MaxBytes: 1 << 20, MaxKeyBytes: 1 << 14}
		src := ingest.Source{Name: "f", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
		run := func() ([]order, *ingest.Report, string) {
			var out bytes.Buffer
			o := *opts
			o.SetAside = &out
			r, err := ingest.NewReader(schema, &o, src)
			require.NoError(t, err)
			all, err := r.ReadAll(t.Context())
			rep := r.Report()
			if !errors.Is(err, ingest.ErrTooLarge) {
				requireSums(t, rep, len(all))
			}
			if err == nil {
				rows, err := csv.NewReader(&out).ReadAll()
				require.NoError(t, err)
				require.Len(t, rows, 1+int(rep.SetAside))
			}
			return all, rep, fmt.Sprint(err)
		}
		all, rep, err := run()
		again, repAgain, errAgain := run()
		require.Equal(t, all, again)
		require.Equal(t, rep, repAgain)
		require.Equal(t, err, errAgain)
		for _, o := range all {
			require.GreaterOrEqual(t, o.Amount, int64(0))
			require.LessOrEqual(t, o.Amount, int64(10_000))
			require.Contains(t, []string{"A1", "A2"}, o.ID)
		}
	})
}

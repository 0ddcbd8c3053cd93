package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/stretchr/testify/require"
)

// retailLine is an invoice line with the columns of UCI Online Retail.
type retailLine struct {
	Invoice, Product, Description, Country string
	Customer, Quantity                     int64
	At                                     time.Time
	Price                                  ingest.Decimal
}

func retailSchema() *ingest.Schema[retailLine] {
	return &ingest.Schema[retailLine]{
		Format: ingest.Format{Layouts: []string{"2006-01-02 15:04:05"}, Location: time.UTC},
		Fields: []ingest.Field[retailLine]{
			{
				Name: "invoice", Columns: []string{"InvoiceNo", "Invoice"},
				Into:  ingest.Text(func(l *retailLine) *string { return &l.Invoice }),
				Rules: []ingest.Rule{ingest.Required()},
			},
			{
				Name: "product", Columns: []string{"StockCode"},
				Into:  ingest.Text(func(l *retailLine) *string { return &l.Product }),
				Rules: []ingest.Rule{ingest.Required()},
			},
			{Name: "description", Into: ingest.Text(func(l *retailLine) *string { return &l.Description })},
			{Name: "quantity", Into: ingest.Int(func(l *retailLine) *int64 { return &l.Quantity })},
			{Name: "time", Columns: []string{"InvoiceDate"}, Into: ingest.Time(func(l *retailLine) *time.Time { return &l.At })},
			{
				Name: "price", Columns: []string{"UnitPrice", "Price"},
				Into: ingest.Exact(func(l *retailLine) *ingest.Decimal { return &l.Price }),
			},
			{
				Name: "customer", Columns: []string{"CustomerID", "Customer ID"},
				Into: ingest.Int(func(l *retailLine) *int64 { return &l.Customer }),
			},
			{Name: "country", Into: ingest.Text(func(l *retailLine) *string { return &l.Country })},
		},
	}
}

const onlineRetail = "online-retail/online_retail.csv.gz"

// retailCSV makes n lines in the shape of Online Retail: a few lines an invoice, about
// 80 bytes a line, one line in ten quoted.
func retailCSV(n int) []byte {
	rng := rand.New(rand.NewPCG(7, 8))
	var b bytes.Buffer
	b.WriteString("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
	at := time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC)
	customer := 12346
	for i := range n {
		if i%20 == 0 {
			at = at.Add(time.Duration(rng.IntN(30)) * time.Minute)
			customer = 12346 + rng.IntN(4372)
		}
		product := rng.IntN(4070)
		description := fmt.Sprintf("HANGING HEART HOLDER %d", product)
		if product%10 == 0 {
			description = fmt.Sprintf(`"LOUNGE, ""METAL"" SIGN %d"`, product)
		}
		id := fmt.Sprintf("%d.0", customer)
		if i%4 == 0 {
			id = ""
		}
		fmt.Fprintf(&b, "%d,%d,%s,%d,%s,%d.%02d,%s,United Kingdom\n", 536365+i/20, 20000+product, description,
			1+rng.IntN(24), at.Format("2006-01-02 15:04:05"), product%30, product%100, id)
	}
	return b.Bytes()
}

func TestOnlineRetail(t *testing.T) {
	path := dataset.Path(t, onlineRetail)
	r, err := ingest.NewReader(retailSchema(), nil, ingest.File(path))
	require.NoError(t, err)
	lines, unknown, negative, cancelled, quantity, thousandths, cents := 0, 0, 0, 0, int64(0), int64(0), int64(0)
	invoices, customers, products := map[string]bool{}, map[int64]bool{}, map[string]bool{}
	for l, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		lines++
		quantity += l.Quantity
		invoices[l.Invoice], products[l.Product] = true, true
		if l.Customer == 0 {
			unknown++
		} else {
			customers[l.Customer] = true
		}
		if l.Quantity < 0 {
			negative++
		}
		if strings.HasPrefix(l.Invoice, "C") {
			cancelled++
		}
		exact, err := l.Price.Amount(l.Quantity, 3)
		if err != nil || l.Price.Scale() > 3 {
			t.Fatal("thousandths are not exact", err)
		}
		thousandths += exact
		rounded, err := l.Price.Amount(l.Quantity, 2)
		if err != nil {
			t.Fatal(err)
		}
		cents += rounded
	}
	// Counts published with the data set (Chen, Sain & Guo 2012; UCI machine learning
	// repository 352) or recomputed from the file.
	require.Equal(t, 541_909, lines)
	require.Equal(t, 135_080, unknown)
	require.Equal(t, 10_624, negative)
	require.Equal(t, 9_288, cancelled)
	require.Len(t, invoices, 25_900)
	require.Len(t, customers, 4_372)
	require.Len(t, products, 4_070)
	require.EqualValues(t, 5_176_450, quantity)
	require.EqualValues(t, int64(9_747_747_934), thousandths, "9,747,747.934 exactly")
	require.EqualValues(t, 974_774_793, cents)

	rep := r.Report()
	require.EqualValues(t, 541_909, rep.Read)
	require.EqualValues(t, 541_909, rep.Kept)
	require.Zero(t, rep.SetAside)
	require.EqualValues(t, 1_454, rep.Fields[2].Missing, "descriptions")
	require.EqualValues(t, 135_080, rep.Fields[6].Missing, "customers")
	require.Equal(t, "2010-12-01 08:26:00", rep.Fields[4].Oldest.Format(time.DateTime))
	require.Equal(t, "2011-12-09 12:50:00", rep.Fields[4].Newest.Format(time.DateTime))
}

// 5,268 lines repeat another in all columns, as pandas counts by df.duplicated().sum().
func TestOnlineRetailDuplicates(t *testing.T) {
	path := dataset.Path(t, onlineRetail)
	schema := retailSchema()
	schema.Unique = []ingest.Unique{{}}
	r, err := ingest.NewReader(schema, nil, ingest.File(path))
	require.NoError(t, err)
	for _, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	rep := r.Report()
	require.EqualValues(t, 5_268, rep.SetAside)
	require.EqualValues(t, 541_909-5_268, rep.Kept)
}

func BenchmarkRead(b *testing.B) {
	unique := retailSchema()
	unique.Unique = []ingest.Unique{{}}
	plain := retailCSV(200_000)
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write(plain)
	_ = zw.Close()
	var jsonl bytes.Buffer
	for i := range 200_000 {
		fmt.Fprintf(&jsonl, `{"InvoiceNo":"%d","StockCode":"%d","Description":"HANGING HEART HOLDER %d","Quantity":%d,`+
			`"InvoiceDate":"2010-12-01 08:%02d:00","UnitPrice":%d.%02d,"CustomerID":%d,"Country":"United Kingdom"}`+"\n",
			536365+i/20, 20000+i%4070, i%4070, 1+i%24, i/20%60, i%30, i%100, 12346+i/20%4372)
	}
	source := func(data []byte) func() ingest.Source {
		return func() ingest.Source { return ingest.Stream("shop.csv", bytes.NewReader(data)) }
	}
	for _, c := range []struct {
		name   string
		schema *ingest.Schema[retailLine]
		rows   int
		source func() ingest.Source
	}{
		{"csv", retailSchema(), 200_000, source(plain)},
		{"csvgz", retailSchema(), 200_000, source(packed.Bytes())},
		{"csv+keys", unique, 200_000, source(plain)},
		{"jsonl", retailSchema(), 200_000, source(jsonl.Bytes())},
		{"online-retail", retailSchema(), 541_909, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.source == nil {
				path := dataset.Path(b, onlineRetail)
				c.source = func() ingest.Source { return ingest.File(path) }
			}
			runtime.GC()
			b.ReportAllocs()
			for b.Loop() {
				r, err := ingest.NewReader(c.schema, nil, c.source())
				require.NoError(b, err)
				n := 0
				for _, err := range r.Records(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				require.EqualValues(b, c.rows, r.Report().Read)
			}
			rows := float64(c.rows) * float64(b.N)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
			b.ReportMetric(rows/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkEncodingCSV only splits the same lines, by the standard library, as a floor.
func BenchmarkEncodingCSV(b *testing.B) {
	const rows = 200_000
	plain := retailCSV(rows)
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(plain))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}

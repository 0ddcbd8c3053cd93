package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/clientele-go/clientele/ingest"
)

func Example() {
	type Line struct {
		Invoice  string
		Customer int64
		Quantity int64
		Price    ingest.Decimal
		At       time.Time
	}
	schema := &ingest.Schema[Line]{
		Format: ingest.Format{Layouts: []string{"2006-01-02 15:04"}, Location: time.UTC},
		Fields: []ingest.Field[Line]{
			{Name: "invoice", Columns: []string{"InvoiceNo", "发票号"}, Into: ingest.Text(func(l *Line) *string { return &l.Invoice })},
			{
				Name: "customer", Into: ingest.Int(func(l *Line) *int64 { return &l.Customer }),
				Rules: []ingest.Rule{ingest.Required().Because("no customer")},
			},
			{
				Name: "quantity", Into: ingest.Int(func(l *Line) *int64 { return &l.Quantity }),
				Rules: []ingest.Rule{ingest.Range("", "1000").OrCap()},
			},
			{
				Name: "price", Into: ingest.Exact(func(l *Line) *ingest.Decimal { return &l.Price }),
				Rules: []ingest.Rule{ingest.Range("0.001", "").Because("zero price")},
			},
			{
				Name: "time", Into: ingest.Time(func(l *Line) *time.Time { return &l.At }),
				Rules: []ingest.Rule{ingest.Valid().Because("bad date")},
			},
		},
		Checks: []ingest.Check[Line]{
			{Reason: "cancelled", Fails: func(l *Line) bool { return strings.HasPrefix(l.Invoice, "C") }},
		},
		Unique: []ingest.Unique{{}},
	}
	file := strings.NewReader(` INVOICENO ,Customer,Quantity,Price,Time
1001,17850.0,6,2.55,2011-12-09 08:26
1001,17850.0,6,2.55,2011-12-09 08:26
1002,13047,１２,0.001,2011-12-09 08:34
1003,,1,4.25,2011-12-09 08:35
C1004,13047,-1,4.25,2011-12-09 09:00
1005,12583,80995,2.08,2011-12-09 09:15
1006,12583,"2,9.95,2011-12-09 09:20
1007,12748,2,9.95,09/12/2011
`)
	r, err := ingest.NewReader(schema, nil, ingest.Stream("lines.csv", file))
	if err != nil {
		fmt.Println(err)
		return
	}
	for line, err := range r.Records(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		cents, err := line.Price.Amount(line.Quantity, 2) // exact, rounded once
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(line.Invoice, line.Customer, line.At.Format(time.Kitchen), cents)
	}
	report := r.Report()
	fmt.Printf("read %d = kept %d + repaired %d + set aside %d\n", report.Read, report.Kept, report.Repaired, report.SetAside)
	for _, rule := range report.Rules {
		if rule.SetAside > 0 {
			fmt.Println(" ", rule.SetAside, rule.Reason)
		}
	}
	fmt.Print(report.Score(&ingest.Targets{AsOf: time.Date(2011, 12, 10, 0, 0, 0, 0, time.UTC)}))
	// Output:
	// 1001 17850 8:26AM 1530
	// 1002 13047 8:34AM 1
	// 1005 12583 9:15AM 208000
	// read 8 = kept 2 + repaired 1 + set aside 5
	//   1 quote not closed
	//   1 no customer
	//   1 bad date
	//   1 cancelled
	//   1 duplicate
	// QUALITY       OF         VALUE    TARGET    RESULT
	// completeness  invoice    100.00%  ≥ 95.00%  pass
	// completeness  customer   85.71%   ≥ 95.00%  FAIL
	// completeness  quantity   100.00%  ≥ 95.00%  pass
	// completeness  price      100.00%  ≥ 95.00%  pass
	// completeness  time       100.00%  ≥ 95.00%  pass
	// validity      records    87.50%   ≥ 95.00%  FAIL
	// validity      invoice    100.00%  ≥ 95.00%  pass
	// validity      customer   100.00%  ≥ 95.00%  pass
	// validity      quantity   85.71%   ≥ 95.00%  FAIL
	// validity      price      100.00%  ≥ 95.00%  pass
	// validity      time       85.71%   ≥ 95.00%  FAIL
	// uniqueness    duplicate  75.00%   ≥ 95.00%  FAIL
	// freshness     time       14.8 h   ≤ 24.0 h  pass
	// lines.csv: FAIL
}

type visit struct {
	Shop  string
	Spend int64
	At    time.Time
}

func visits() *ingest.Schema[visit] {
	return &ingest.Schema[visit]{
		Format: ingest.Format{Layouts: []string{time.RFC3339, ingest.UnixSeconds}, Location: time.UTC},
		Fields: []ingest.Field[visit]{
			{Name: "shop", Into: ingest.Text(func(v *visit) *string { return &v.Shop })},
			{Name: "spend", Into: ingest.Money(func(v *visit) *int64 { return &v.Spend }, 2)},
			{Name: "at", Into: ingest.Time(func(v *visit) *time.Time { return &v.At })},
		},
	}
}

// JSON lines need no other declaration than CSV.
func ExampleReader_ReadAll() {
	r, err := ingest.NewReader(visits(), nil, ingest.Stream("visits.jsonl", strings.NewReader(`
{"shop": "Leeds", "spend": 12.345, "at": "2024-03-01T10:00:00Z", "basket": [1, 2]}
{"shop": "York", "spend": "9.5", "at": 1709287200}
`)))
	if err != nil {
		fmt.Println(err)
		return
	}
	all, err := r.ReadAll(context.Background())
	fmt.Println(all, err)
	// Output:
	// [{Leeds 1234 2024-03-01 10:00:00 +0000 UTC} {York 950 2024-03-01 10:00:00 +0000 UTC}] <nil>
}

// A source may write numbers its own way.
func ExampleFormat() {
	schema := visits()
	schema.Fields[1].Format = &ingest.Format{Point: ',', Group: '.'}
	r, err := ingest.NewReader(schema, &ingest.Options{Comma: ';'},
		ingest.Stream("besuche.csv", strings.NewReader("Shop;Spend;At\nKöln;1.234,56;2024-03-01T10:00:00+01:00\n")))
	if err != nil {
		fmt.Println(err)
		return
	}
	all, err := r.ReadAll(context.Background())
	fmt.Println(all[0].Shop, all[0].Spend, err)
	// Output: Köln 123456 <nil>
}

// Each rule says what becomes of a record that fails it.
func ExampleRule() {
	schema := visits()
	schema.Fields[0].Rules = []ingest.Rule{
		ingest.Required().OrFill("Unknown"),
		ingest.Trim(),
		ingest.Matches(regexp.MustCompile(`^[A-Z]`)).OrFix(strings.ToUpper),
	}
	schema.Fields[1].Rules = []ingest.Rule{ingest.Range("0", "1000").Because("spend out of range")}
	var aside bytes.Buffer
	r, err := ingest.NewReader(schema, &ingest.Options{SetAside: &aside}, ingest.Stream("visits.csv", strings.NewReader(
		"shop,spend,at\n,1,2024-03-01T10:00:00Z\n york ,2,2024-03-01T10:00:00Z\nLeeds,-3,2024-03-01T10:00:00Z\n")))
	if err != nil {
		fmt.Println(err)
		return
	}
	for v, err := range r.Records(context.Background()) {
		fmt.Println(v.Shop, v.Spend, err)
	}
	fmt.Print(aside.String())
	// Output:
	// Unknown 100 <nil>
	// YORK 200 <nil>
	// source,line,reason,field,shop,spend,at,raw
	// visits.csv,4,spend out of range,spend,Leeds,-3,2024-03-01T10:00:00Z,
}

// An amount is formed exactly and rounded once.
func ExampleDecimal_Amount() {
	price, _ := ingest.ParseDecimal("0.125")
	for _, quantity := range []int64{1, 3, -2} {
		cents, err := price.Amount(quantity, 2)
		fmt.Println(cents, err)
	}
	// Output:
	// 12 <nil>
	// 38 <nil>
	// -25 <nil>
}

func ExampleCompare() {
	shop := map[string]string{"c1": "Leeds", "c2": "York", "c3": "Bath"}
	crm := map[string]string{"c1": "Leeds", "c2": "Hull"}
	for _, m := range ingest.Compare("customers in CRM", shop, crm, 0.9) {
		_ = json.NewEncoder(os.Stdout).Encode(m)
	}
	// Output:
	// {"dimension":"consistency","subject":"customers in CRM: found","good":2,"of":3,"value":0.6666666666666666,"target":0.9,"pass":false}
	// {"dimension":"consistency","subject":"customers in CRM: equal","good":1,"of":2,"value":0.5,"target":0.9,"pass":false}
}

// Errors name source, line and field.
func ExampleError() {
	for _, text := range []string{
		"shop,at\nLeeds,2024-03-01T10:00:00Z\n",
		"Leeds,5,2024-03-01T10:00:00Z\n",
		"shop,spend,at\nLeeds,cheap,2024-03-01T10:00:00Z\n",
	} {
		schema := visits()
		schema.Fields[1].Rules = []ingest.Rule{ingest.Valid().OrFail()}
		r, _ := ingest.NewReader(schema, nil, ingest.Stream("visits.csv", strings.NewReader(text)))
		_, err := r.ReadAll(context.Background())
		fmt.Println(err)
	}
	// Output:
	// ingest: visits.csv: line 1: field spend: no column named "spend"; found: "shop", "at"
	// ingest: visits.csv: line 1: field shop: no column named "shop", nor one for "spend", nor one for "at"; none of the 3 columns of this line is declared: is the header missing, or the separator another?
	// ingest: visits.csv: line 2: field spend: not an amount of money
}

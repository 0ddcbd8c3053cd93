package report_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/clientele-go/clientele/report"
)

// A report is built once and written as a page or as text, in English or Chinese.
func Example() {
	share := report.Measure{Name: report.Text{EN: "share", ZH: "占比"}, Format: report.Percent}
	segments := report.Bars{Title: report.Text{EN: "Segments", ZH: "分群"}, Value: share}
	segments.Add(report.Text{EN: "Champions", ZH: "冠军客户"}, 0.145)
	segments.Add(report.Text{EN: "At Risk", ZH: "有流失风险"}, 0.088)
	top := report.Table{Columns: []report.Measure{{Name: report.Text{EN: "customer", ZH: "客户"}}, {Name: report.Text{EN: "revenue", ZH: "消费金额"}, Format: report.Money}}}
	top.Add("ann", 123456)
	top.Add("<bob>", 990)
	r := &report.Report{
		Title:    report.Text{EN: "Customers of May", ZH: "五月客户"},
		Sections: []report.Section{{Title: report.Text{EN: "Value", ZH: "价值"}, Blocks: []report.Block{segments, top}}},
	}
	if err := r.WriteText(os.Stdout, report.English); err != nil {
		log.Fatal(err)
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page, report.Chinese); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "<title>") || strings.Contains(line, "bob") {
			fmt.Print(line)
		}
	}
	// Output:
	// Customers of May
	//
	// Value
	// =====
	//
	// Segments
	//
	//              share
	//   Champions  14.5%  ████████████████████████
	//   At Risk     8.8%  ███████████████
	//
	//   customer   revenue
	//   ann       1,234.56
	//   <bob>         9.90
	//
	// <title>五月客户</title>
	// <tr><td class="l">&lt;bob&gt;</td><td>9.90</td></tr>
}

// Histograms make their own bins, and say what they could not show.
func ExampleHistogram_Fill() {
	h := report.Histogram{X: report.Measure{Name: report.Same("orders")}, Of: report.Same("customers"), Log: true}
	h.Fill([]float64{1, 1, 1, 2, 3, 5, 8, 40, 0}, 0)
	r := &report.Report{Sections: []report.Section{{Title: report.Same("Frequency"), Blocks: []report.Block{h}}}}
	if err := r.WriteText(os.Stdout, report.English); err != nil {
		log.Fatal(err)
	}
	// Output:
	//
	// Frequency
	// =========
	//
	//   from  to below  customers
	//      1         2          3  ████████████████████████
	//      2         4          2  ████████████████
	//      4         8          1  ████████
	//      8        16          1  ████████
	//     16        32          0
	//     32        64          1  ████████
	//
	//   Not in the chart, being 0, less or outside of its bins: 1 value.
}

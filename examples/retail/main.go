// Command retail goes from a file of invoice lines to decisions: how good the data is, what the customers are worth,
// which segments and groups they form and how they move, whom a rule selects, and who is leaving and why. It prints
// what it finds, and with -report writes it as one HTML page with charts.
//
//	go run ./examples/retail                              a generated shop
//	go run ./examples/retail -data online_retail.csv.gz   a file of the layout of UCI Online Retail; see -help for others
//	go run ./examples/retail -report page.html -lang zh   the same as a page, in Chinese
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones where the system has none

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/ingest"
	"github.com/clientele-go/clientele/report"
	"github.com/clientele-go/clientele/report/blocks"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/synth"
	"github.com/clientele-go/clientele/table"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "retail:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	source, subtitle := ingest.File(s.data), report.Same(filepath.Base(s.data))
	if s.data == "" {
		generated, err := synth.New(1, &synth.Options{Location: s.location, Customers: 3000})
		if err != nil {
			return err
		}
		source = ingest.Stream("generated shop", generated.CSV())
		subtitle = t("No -data given: this is a generated shop, not a real one.", "未给出 -data：以下是模拟的店铺，并非真实数据。")
	}
	if err := s.read(ctx, source, ingest.Meter(stderr)); err != nil {
		return err
	}
	page := &report.Report{Title: t("Customers, from invoice lines to decisions", "客户分析：从账单明细到决策"), Subtitle: subtitle}
	for _, section := range []struct {
		title  report.Text
		blocks func(context.Context) ([]report.Block, error)
	}{
		{t("Data quality", "数据质量"), func(context.Context) ([]report.Block, error) { return blocks.Quality(s.report, nil, chinese), nil }},
		{t("Value and segments", "价值与分群"), s.value},
		{t("Migration and back-test", "迁移与回测"), s.movement},
		{t("Groups of alike customers", "相似客户群"), s.groups},
		{t("Audiences", "人群圈选"), s.audiences},
		{t("Who is leaving", "流失预警"), s.leaving},
	} {
		found, err := section.blocks(ctx)
		if tooLittle(err) {
			found = []report.Block{report.Note(t("Too little data: "+err.Error(), "数据不足："+err.Error()))}
		} else if err != nil {
			return err
		}
		page.Sections = append(page.Sections, report.Section{Title: section.title, Blocks: found})
	}
	var html, scores, sizes bytes.Buffer
	err = errors.Join(page.WriteText(stdout, s.lang), page.WriteHTML(&html, s.lang), s.now.Table().WriteCSV(&scores), s.now.BySegment().Table().WriteCSV(&sizes))
	if err == nil && s.page != "" {
		err = os.WriteFile(s.page, html.Bytes(), 0o666)
	}
	if err == nil && s.out != "" {
		err = os.MkdirAll(s.out, 0o777)
		for name, data := range map[string]*bytes.Buffer{"customers.csv": &scores, "segments.csv": &sizes, "set_aside.csv": &s.aside} {
			err = errors.Join(err, os.WriteFile(filepath.Join(s.out, name), data.Bytes(), 0o666))
		}
	}
	return err
}

// A shop is what the flags say, and what came out of the source.
type shop struct {
	data, out, page string
	lang            report.Language
	layouts         []string
	columns         map[string]*string
	products        regexp.Regexp
	location        *time.Location
	asOf            time.Time

	report      *ingest.Report
	aside       bytes.Buffer              // the lines set aside, with reasons
	orders      []rfm.Transaction[string] // of known customers, in cents
	events      []churn.Event[string]     // the same, as churn takes them
	country     map[string]string         // of a customer's last line
	now, before *rfm.Analysis[string]     // as of today and a quarter ago
}

func parse(args []string, stderr io.Writer) (*shop, error) {
	s := &shop{country: map[string]string{}, columns: map[string]*string{}, layouts: []string{time.DateTime, "2006-01-02 15:04", time.RFC3339, time.DateOnly}}
	f, usage := flag.NewFlagSet("retail", flag.ContinueOnError), &bytes.Buffer{}
	f.SetOutput(usage)
	f.StringVar(&s.data, "data", "", "CSV or JSON lines of invoice lines, plain or .gz; none: a generated shop")
	f.StringVar(&s.page, "report", "", "HTML page to write")
	f.TextVar(&s.lang, "lang", report.English, "language of what is written, en or zh")
	f.StringVar(&s.out, "out", "", "folder for customers.csv and segments.csv, their money in cents, and set_aside.csv")
	f.TextVar(&s.products, "products", regexp.MustCompile(`^[0-9]{5}[A-Za-z]{0,2}$`), "regular expression of the codes that are products")
	s.location, _ = time.LoadLocation("Europe/London")
	f.Func("zone", "time zone of the shop (default Europe/London)", func(z string) (err error) { s.location, err = time.LoadLocation(z); return err })
	asOf := f.String("asof", "", "day (2006-01-02) to look back from; none: the last day in the data")
	f.Func("layout", "layout of times, as of Go's time package; none: some common ones", func(l string) error { s.layouts = []string{l}; return nil })
	for name, column := range map[string]string{
		"invoice": "InvoiceNo", "product": "StockCode", "quantity": "Quantity", "time": "InvoiceDate",
		"price": "UnitPrice", "customer": "CustomerID", "country": "Country",
	} {
		s.columns[name] = f.String(name, column, "name of the column")
	}
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%w; -help says what there is", err)
	}
	var err error
	if s.asOf, err = time.ParseInLocation(time.DateOnly, *asOf, s.location); err != nil && *asOf != "" {
		return nil, fmt.Errorf("-asof: %w", err)
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: the file is given by -data", f.Arg(0))
	}
	return s, nil
}

// A line is one line of an invoice.
type line struct {
	Invoice, Product, Customer, Country string
	Quantity                            int64
	Refund                              bool
	Time                                time.Time
	Price                               ingest.Decimal
}

// chinese names fields and reasons.
var chinese = map[string]string{
	"invoice": "发票", "product": "商品", "quantity": "数量", "time": "时间", "price": "单价", "customer": "客户", "country": "国家", "duplicate": "重复行",
	"cancelled, so a refund": "已取消，计为退款", "not in a known layout": "格式不识别", "missing": "缺失",
	"no customer": "无客户", "not a product": "非商品", "price not above 0": "单价不为正", "sign of quantity": "数量符号有误",
}

// schema says which lines count. What is cancelled is a refund; all other doubtful lines are set aside.
func (s *shop) schema() *ingest.Schema[line] {
	column := func(name string, into ingest.Target[line], rules ...ingest.Rule) ingest.Field[line] {
		return ingest.Field[line]{Name: name, Columns: []string{*s.columns[name]}, Into: into, Rules: rules, Optional: name == "country"}
	}
	return &ingest.Schema[line]{
		Format: ingest.Format{Layouts: s.layouts, Location: s.location},
		Fields: []ingest.Field[line]{
			column("invoice", ingest.Text(func(l *line) *string { return &l.Invoice }), ingest.Required()),
			column("product", ingest.Text(func(l *line) *string { return &l.Product })),
			column("quantity", ingest.Int(func(l *line) *int64 { return &l.Quantity }), ingest.Required(), ingest.Range("-1000000000", "1000000000")),
			column("time", ingest.Time(func(l *line) *time.Time { return &l.Time }), ingest.Required(), ingest.Valid().Because("not in a known layout")),
			column("price", ingest.Exact(func(l *line) *ingest.Decimal { return &l.Price }), ingest.Required(), ingest.Range("-1000000", "1000000")),
			column("customer", ingest.Text(func(l *line) *string { return &l.Customer })),
			column("country", ingest.Text(func(l *line) *string { return &l.Country })),
		},
		Checks: []ingest.Check[line]{
			{Reason: "cancelled, so a refund", Fails: func(l *line) bool { return strings.HasPrefix(l.Invoice, "C") && !l.Refund }, Repair: func(l *line) { l.Refund = true }},
			{Reason: "no customer", Fails: func(l *line) bool { return l.Customer == "" }},
			{Reason: "not a product", Fails: func(l *line) bool { return !s.products.MatchString(l.Product) }},
			{Reason: "price not above 0", Fails: func(l *line) bool { return l.Price.Sign() <= 0 }},
			{Reason: "sign of quantity", Fails: func(l *line) bool { return (l.Quantity < 0) != l.Refund || l.Quantity == 0 }},
		},
		Unique: []ingest.Unique{{Reason: "duplicate"}},
	}
}

// read reads the source, makes an order of the lines of an invoice on one day, and scores the customers.
func (s *shop) read(ctx context.Context, source ingest.Source, progress func(done, total int64)) error {
	reader, err := ingest.NewReader(s.schema(), &ingest.Options{SetAside: &s.aside, Progress: progress}, source)
	if err != nil {
		return err
	}
	if progress != nil {
		defer progress(0, 0)
	}
	order, last := map[[3]string]int{}, int64(0)
	for l, err := range reader.Records(ctx) {
		if err != nil {
			return err
		}
		t := rfm.Transaction[string]{Customer: strings.TrimSuffix(l.Customer, ".0"), Time: l.Time, Order: l.Invoice} // some exports write ids as numbers
		e := churn.Event[string]{Customer: t.Customer, Time: l.Time, Kind: churn.Purchase}
		amount, _ := l.Price.Amount(l.Quantity, 2) // in range by the rules of quantity and price
		if l.Refund {
			t.Kind, e.Kind, amount = rfm.Refund, churn.Refund, -amount
		}
		key := [3]string{t.Customer, l.Invoice, l.Time.Format(time.DateOnly)}
		if _, ok := order[key]; !ok {
			order[key], s.orders, s.events = len(s.orders), append(s.orders, t), append(s.events, e)
		}
		s.orders[order[key]].Amount += amount
		s.events[order[key]].Amount += amount
		s.country[t.Customer] = l.Country
		last = max(last, l.Time.Unix())
	}
	if s.report = reader.Report(); len(s.orders) == 0 {
		most := slices.MaxFunc(s.report.Rules, func(a, b ingest.RuleCount) int { return cmp.Compare(a.SetAside, b.SetAside) })
		return fmt.Errorf("%s: none of %d lines kept; most were set aside for: %s %s, the first in line %d", source.Name, s.report.Read, most.Field, most.Reason, most.Line)
	}
	s.asOf = cmp.Or(s.asOf, time.Unix(last, 0).In(s.location))
	if s.now, err = rfm.Analyze(ctx, slices.Values(s.orders), s.options(0, 0)); err != nil {
		return err
	}
	if s.before, err = rfm.Analyze(ctx, slices.Values(s.orders), s.options(quarter, 0)); tooLittle(err) {
		s.before, err = &rfm.Analysis[string]{}, nil // nobody yet
	}
	return err
}

// t is a text in English and Chinese, measure what the numbers of a column are.
func t(en, zh string) report.Text { return report.Text{EN: en, ZH: zh} }

func measure(en, zh string, f report.Format) report.Measure {
	return report.Measure{Name: t(en, zh), Format: f}
}

const quarter = 91 // days

// day is the local day so many days ago.
func (s *shop) day(ago int) string { return s.asOf.AddDate(0, 0, -ago).Format(time.DateOnly) }

// options are those of an analysis of so many days ago, by the purchases of a window before it, 0: all. Frequency has
// fixed thresholds: in most shops so many customers ordered once that no rank tells them from the rest.
func (s *shop) options(ago, window int) *rfm.Options {
	return &rfm.Options{AsOf: s.asOf.AddDate(0, 0, -ago), Location: s.location, Window: window, F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{2, 3, 5, 10}}}
}

// tooLittle tells whether an error says that there is too little data to tell anything.
func tooLittle(err error) bool {
	_, few := errors.AsType[*cluster.TooFewDistinctError](err)
	known := []error{rfm.ErrNoCustomers, cluster.ErrNoColumns, churn.ErrNoRows, churn.ErrCutoff, churn.ErrOneClass}
	return few || slices.ContainsFunc(known, func(target error) bool { return errors.Is(err, target) })
}

// value tells what the customers are worth, and who they are.
func (s *shop) value(context.Context) ([]report.Block, error) {
	tiers, err := s.now.ByTier()
	if err != nil {
		return nil, err
	}
	classes, segments := s.now.ByClass(), s.now.BySegment()
	note := report.Note(t("All as of "+s.day(0)+". Revenue is less refunds.", "均截至"+s.day(0)+"。消费金额已扣除退款。"))
	return slices.Concat([]report.Block{note, blocks.Best(tiers)}, blocks.Distributions(s.now), []report.Block{
		blocks.Shares(t("Value tiers", "价值分层"), tiers),
		blocks.Shares(t("The eight classes", "八大类客户"), classes),
		blocks.Groups(t("The eight classes in figures", "八大类客户明细"), classes),
		blocks.Shares(t("Segments", "分群"), segments),
		blocks.Groups(t("Segments in figures", "分群明细"), segments),
		blocks.Top(t("Top customers by revenue", "消费金额前十的客户"), s.now, 10),
	}), nil
}

// movement compares the last two quarters, each by its own purchases, and tells what the segments of the day between
// them did afterwards.
func (s *shop) movement(ctx context.Context) ([]report.Block, error) {
	earlier, later, err := rfm.AnalyzePeriods(ctx, slices.Values(s.orders), s.options(quarter, quarter), s.options(0, quarter))
	if err != nil {
		return nil, err
	}
	moves, err := earlier.BySegment().Migration(later.BySegment())
	if err != nil {
		return nil, err
	}
	past, err := s.before.BySegment().Backtest(later.Customers)
	if err != nil {
		return nil, err
	}
	from, to := s.day(quarter), s.day(0)
	return []report.Block{
		blocks.Migration(moves, t("quarter to "+from, "截至"+from+"的季度"), t("quarter to "+to, "截至"+to+"的季度")),
		blocks.Outcomes(t("What the segments of "+from+" did in the quarter after it", from+"的各分群在其后一季度的表现"), past),
	}, nil
}

// groups finds groups of alike customers, and tells them apart.
func (s *shop) groups(ctx context.Context) ([]report.Block, error) {
	features, err := s.now.Table().Select("recency", "frequency", "revenue")
	if err != nil || len(s.now.Customers) < 50 {
		return nil, cmp.Or(err, error(&cluster.TooFewDistinctError{Distinct: len(s.now.Customers), K: 8}))
	}
	choice, err := cluster.Choose(ctx, features, []int{2, 3, 4, 5, 6, 7, 8}, &cluster.ChooseOptions{
		Fit:           cluster.Options{Prepare: cluster.Preparation{Power: cluster.Log1p}}, // amounts and counts are skewed
		BootstrapRows: 1500, References: 5, Sample: 2000,                                   // less than the defaults: quick, and clear enough
	})
	if err != nil {
		return nil, err
	}
	best, err := choice.By(cluster.ByStability, cluster.BySilhouette)
	if err != nil {
		return nil, err
	}
	found, err := cluster.Assign(ctx, best.Model, features, nil)
	if err != nil {
		return nil, err
	}
	described, err := cluster.Describe(ctx, features, found, nil)
	if err != nil {
		return nil, err
	}
	return append([]report.Block{blocks.Candidate(best)}, blocks.Clusters(described, measure("days", "天数", 0), measure("orders", "订单数", 0), measure("revenue", "消费金额", report.Money))...), nil
}

// audiences makes tags of scores and countries, and asks what a marketer would ask.
func (s *shop) audiences(ctx context.Context) ([]report.Block, error) {
	features, n := s.now.Table(), len(s.now.Customers)
	ids, countries, before := make([]customer.ID, n), make([]string, n), make([]string, n)
	for i, id := range features.IDs {
		ids[i], countries[i] = uuid.NewSHA1(uuid.NameSpaceOID, []byte(id)), s.country[id]
		if c, ok := s.before.Find(id); ok {
			before[i] = s.before.Model.Segment(c.Scores).ID
		}
	}
	features.Columns = append(features.Columns, table.CategoryColumn("country", countries...), table.CategoryColumn("before", before...))
	index, err := segment.New(&segment.Options{Infer: true})
	if err != nil {
		return nil, err
	}
	if err := index.Load(ctx, s.asOf, ids, segment.ColumnsOf(features)); err != nil {
		return nil, err
	}
	audiences := report.Table{Title: t("Rules over scores and behaviour", "按规则圈选"), Columns: []report.Measure{
		{}, measure("customers", "客户数", report.Number), measure("revenue", "消费金额", report.Money), measure("rule", "规则", report.Number),
	}}
	for _, question := range []struct{ rule, en, zh string }{
		{`before = "champions" and recency > 60`, "champions a quarter ago, silent for 60 days", "上季的冠军客户，60天未下单"},
		{`country = "Germany" and before is unset and m >= 4`, "Germany, high spend, new in the last quarter", "德国高额新客（近一季首购）"},
		{`frequency = 1 and recency >= 30 and recency <= 60`, "second order due", "待促成第二单"},
		{`class in ("important-value", "important-develop") and country != "United Kingdom"`, "important class, abroad", "重要客户（境外）"},
		{`at least 2 of (f = 5, r = 5, m = 5)`, "many orders, recent, high spend: two of three", "多单、近期、高额三者占二"},
	} {
		rule, err := segment.Parse(question.rule)
		if err != nil {
			return nil, err
		}
		stats, err := index.Snapshot().Stats(ctx, segment.Query{Rule: rule}, "revenue")
		if err != nil {
			return nil, err
		}
		audiences.Add(t(question.en, question.zh), stats.Selected, stats.Mean*float64(stats.Count), question.rule)
	}
	return []report.Block{audiences}, nil
}

// leaving lists who is likely to buy nothing for two months from five days on, says why and what is at stake, and tells
// how good such a model and such lists were.
func (s *shop) leaving(ctx context.Context) ([]report.Block, error) {
	until := s.asOf.AddDate(0, 0, 1) // rounded down to midnight: the last day is whole
	log, err := churn.NewLog(ctx, slices.Values(s.events), &churn.LogOptions[string]{Location: s.location, Until: until, Compare: strings.Compare})
	if err != nil {
		return nil, err
	}
	plan, label := &churn.Plan{Window: 120, Gap: 5, Horizon: 60, Step: 28}, churn.Absent{}
	campaign := churn.Economics{Contact: 100, Offer: 1000, Margin: 0.3} // cents
	ahead, err := churn.LookAhead(ctx, log, plan, label, nil, &churn.OutlookOptions[string]{Alerts: &churn.AlertOptions[string]{Capacity: 15, Economics: campaign}})
	if err != nil {
		return nil, err
	}
	past, err := churn.Backtest(ctx, log, plan, label, nil, &churn.BacktestOptions[string]{Economics: &campaign, Refit: 3})
	if err != nil {
		return nil, err
	}
	alerts, err := blocks.Alerts(ahead, nil)
	if err != nil {
		return nil, err
	}
	alerts.Note.EN += " Leaving: no purchase in 60 days, from five days after the data ends. A contact costs 1.00, an offer 10.00, the margin is 30%."
	alerts.Note.ZH += "流失：自数据截止后第5天起的60天内无购买。联系成本1.00，优惠成本10.00，毛利率30%。"
	return slices.Concat([]report.Block{alerts}, blocks.Evaluation(ahead.Test), []report.Block{blocks.Lists(past)}), nil
}

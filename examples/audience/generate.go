package main

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/synth"
)

// cities are where customers live; the weights are a judgement.
var cities = []synth.Country{
	{Name: "广东/广州", Weight: 20},
	{Name: "广东/深圳", Weight: 15},
	{Name: "上海/上海", Weight: 20},
	{Name: "北京/北京", Weight: 20},
	{Name: "浙江/杭州", Weight: 15},
	{Name: "四川/成都", Weight: 10},
}

var (
	tiers     = []string{"普通", "银卡", "金卡", "黑金"}
	tierFrom  = []int64{500_00, 1500_00, 5000_00} // spend in fen from which one is of the next tier
	interests = []string{"美妆", "母婴", "数码", "户外", "露营", "宠物", "家居", "图书"}
)

// generatedTags are the tags of the generated shop; the last tag shows a Chinese name.
var generatedTags = []segment.Tag{
	{Name: "city", Kind: segment.Enum, Hierarchy: true, Path: "who/place", Label: customer.Text{EN: "Province and city", ZH: "省市"}, Origin: segment.FromFact},
	{Name: "birthday", Kind: segment.Time, Path: "who", Label: customer.Text{EN: "Birthday", ZH: "生日"}, Origin: segment.FromFact},
	{Name: "interests", Kind: segment.Labels, Path: "who", Label: customer.Text{EN: "Interests", ZH: "兴趣"}, Origin: segment.FromPerson},
	{Name: "orders", Kind: segment.Integer, Path: "behaviour/orders", Label: customer.Text{EN: "Orders", ZH: "订单数"}, Origin: segment.FromFact},
	{Name: "spend", Kind: segment.Decimal, Scale: 2, Path: "behaviour/orders", Label: customer.Text{EN: "Spend less refunds, yuan", ZH: "净消费（元）"}, Origin: segment.FromFact},
	{Name: "last_order", Kind: segment.Time, Path: "behaviour/orders", Label: customer.Text{EN: "Last order", ZH: "最近下单"}, Origin: segment.FromFact},
	{Name: "p_active", Kind: segment.Float, Path: "value", Label: customer.Text{EN: "Probability of still buying", ZH: "活跃概率"}, Origin: segment.FromModel, Refresh: 7 * 24 * time.Hour},
	{Name: "vip", Kind: segment.Flag, Path: "value", Label: customer.Text{EN: "VIP", ZH: "贵宾"}, Origin: segment.FromRule},
	{Name: "会员等级", Kind: segment.Enum, Path: "value", Label: customer.Text{EN: "Tier", ZH: "会员等级"}, Origin: segment.FromRule},
}

// generatedSegments are the live segments that the generated shop begins with.
var generatedSegments = []segment.Definition{
	{Name: "active", Label: customer.Text{EN: "Bought within 30 days", ZH: "近30天购买"}, Rule: mustParse(`last_order within 30 days`)},
	{
		Name: "regular", Label: customer.Text{EN: "Regular customers, left after 90 days", ZH: "常客（90天未购才移出）"},
		Rule: mustParse(`orders >= 5 and last_order within 60 days`), Stay: mustParse(`last_order within 90 days`),
	},
	{Name: "birthday", Label: customer.Text{EN: "Birthday within 7 days", ZH: "七天内生日"}, Rule: mustParse(`birthday anniversary within 7 days`)},
	{Name: "silent", Label: customer.Text{EN: "VIPs silent for 60 days", ZH: "沉默贵宾"}, Rule: mustParse(`vip and last_order older than 60 days`)},
	{
		Name: "winback", Label: customer.Text{EN: "Win-back offer, 20 at a time", ZH: "召回名单（20个名额）"},
		Rule: mustParse(`segment("silent") and p_active >= 0.5`), Dwell: 7 * 24 * time.Hour, Cap: 20,
	},
}

func mustParse(text string) segment.Rule {
	r, err := segment.Parse(text)
	if err != nil {
		panic(err)
	}
	return r
}

// shop is a generated shop. Safe for concurrent reads.
type shop struct {
	source *synth.Shop
	asOf   time.Time // when its records end
	until  time.Time // when what customers do after that ends
}

// event is an order or a refund. Safe for concurrent reads.
type event struct {
	unix     int64 // seconds
	customer int64
	fen      int64 // less than 0 for a refund
}

// feed is how often somebody tells the live segments what customers have done since, in seconds.
const feed = 5 * 60

// told returns when the live segments are told of the event.
func (e event) told() int64 { return (e.unix + feed - 1) / feed * feed }

// daysAhead is how long customers of a generated shop go on after its records end. Nobody new arrives.
const daysAhead = 180

// newShop returns a shop of n customers. Orders and refunds are those of package synth; birthdays and interests are drawn.
// The same n gives the same shop, and its customers do the same afterwards.
func newShop(n int, loc *time.Location) (*shop, error) {
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, loc)
	s := &shop{asOf: end.Add(-time.Second), until: end.AddDate(0, 0, daysAhead)}
	var err error
	s.source, err = synth.New(1, &synth.Options{
		Location: loc, Customers: n, Since: end.AddDate(-2, 0, 0), ArriveUntil: end, Until: s.until, Countries: cities,
		Spend: &synth.GammaGamma{P: 6.25, Q: 3.74, V: 80}, // 182 yuan in the mean
	})
	return s, err
}

// index returns the customers as the records have them.
func (s *shop) index(ctx context.Context) (*segment.Index, error) {
	ix, err := segment.New(&segment.Options{Tags: generatedTags})
	if err != nil {
		return nil, err
	}
	_, err = ix.LoadRows(ctx, s.asOf, func(yield func(customer.Row, error) bool) {
		for i := 0; i < s.source.Len() && yield(s.row(i), nil); {
			i++
		}
	})
	return ix, err
}

// ahead returns what the live segments are told of after a moment, in the order of time: as it follows from the shop, only
// the clock has to be kept.
func (s *shop) ahead(after time.Time) (events []event) {
	end := s.asOf.Add(time.Second)
	for i := range s.source.Len() {
		for e := range s.source.History(i) {
			if made, ok := eventOf(e); ok && !e.Time.Before(end) && made.told() > after.Unix() {
				events = append(events, made)
			}
		}
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.unix, b.unix), cmp.Compare(a.customer, b.customer), cmp.Compare(b.fen, a.fen))
	})
	return events
}

// eventOf returns what is an order or a refund.
func eventOf(e synth.Event) (event, bool) {
	switch e.Kind {
	case synth.Purchase:
		return event{e.Time.Unix(), e.Customer, e.Amount}, true
	case synth.Refund:
		return event{e.Time.Unix(), e.Customer, -e.Amount}, true
	default:
		return event{}, false
	}
}

// tierOf returns the place in tiers of who has spent so much.
func tierOf(fen int64) int {
	return sort.Search(len(tierFrom), func(i int) bool { return fen < tierFrom[i] })
}

// row returns what customer i has at the end of the records.
func (s *shop) row(i int) customer.Row {
	end := s.asOf.Add(time.Second)
	var purchases []time.Time
	var spend int64
	for e := range s.source.History(i) {
		made, ok := eventOf(e)
		if !ok || !e.Time.Before(end) {
			continue
		}
		spend += made.fen
		if e.Kind == synth.Purchase {
			purchases = append(purchases, e.Time)
		}
	}
	tier := tierOf(spend)
	who := s.source.Customer(i)
	r := rand.New(rand.NewPCG(1, uint64(who.ID)))
	var labels []string
	for _, name := range interests {
		p := 0.15
		if name == "露营" || name == "户外" { // so that there is something to find
			p += 0.1 * float64(tier)
		}
		if r.Float64() < p {
			labels = append(labels, name)
		}
	}
	row := customer.Row{ID: customer.FromInt64(who.ID), Values: []customer.Field{
		{Name: "city", Value: customer.TextValue(who.Country)},
		{Name: "interests", Value: customer.LabelsValue(labels...)},
		{Name: "orders", Value: customer.Int64Value(int64(len(purchases)))},
		{Name: "spend", Value: customer.DecimalValue(spend, 2)},
		{Name: "last_order", Value: customer.TimeValue(purchases[len(purchases)-1])},
		{Name: "p_active", Value: customer.Float64Value(s.source.Alive(purchases, end))},
		{Name: "vip", Value: customer.BoolValue(tier >= 2)},
		{Name: "会员等级", Value: customer.TextValue(tiers[tier])},
	}}
	if r.Float64() < 0.7 {
		born := time.Date(1956, 1, 1+r.IntN(52*365), 0, 0, 0, 0, end.Location())
		row.Values = append(row.Values, customer.Field{Name: "birthday", Value: customer.TimeValue(born)})
	}
	return row
}

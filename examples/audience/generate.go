package main

import (
	"context"
	"math/rand/v2"
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
	{Name: "city", Kind: segment.Enum, Hierarchy: true, Path: "who/place", EN: "Province and city", ZH: "省市", Origin: segment.FromFact},
	{Name: "birthday", Kind: segment.Time, Path: "who", EN: "Birthday", ZH: "生日", Origin: segment.FromFact},
	{Name: "interests", Kind: segment.Labels, Path: "who", EN: "Interests", ZH: "兴趣", Origin: segment.FromPerson},
	{Name: "orders", Kind: segment.Integer, Path: "behaviour/orders", EN: "Orders", ZH: "订单数", Origin: segment.FromFact},
	{Name: "spend", Kind: segment.Decimal, Scale: 2, Path: "behaviour/orders", EN: "Spend less refunds, yuan", ZH: "净消费（元）", Origin: segment.FromFact},
	{Name: "last_order", Kind: segment.Time, Path: "behaviour/orders", EN: "Last order", ZH: "最近下单", Origin: segment.FromFact},
	{Name: "p_active", Kind: segment.Float, Path: "value", EN: "Probability of still buying", ZH: "活跃概率", Origin: segment.FromModel, Refresh: 7 * 24 * time.Hour},
	{Name: "vip", Kind: segment.Flag, Path: "value", EN: "VIP", ZH: "贵宾", Origin: segment.FromRule},
	{Name: "会员等级", Kind: segment.Enum, Path: "value", EN: "Tier", ZH: "会员等级", Origin: segment.FromRule},
}

// generate returns the index of n customers of a generated shop, and the moment at which its records end. Orders and
// refunds are those of package synth; birthdays and interests are drawn. The same n gives the same shop.
func generate(ctx context.Context, n int, loc *time.Location) (*segment.Index, time.Time, error) {
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, loc)
	asOf := end.Add(-time.Second)
	shop, err := synth.New(1, &synth.Options{
		Location: loc, Customers: n, Start: end.AddDate(-2, 0, 0), End: end, Countries: cities,
		Spend: &synth.GammaGamma{P: 6.25, Q: 3.74, V: 80}, // 182 yuan in the mean
	})
	if err != nil {
		return nil, asOf, err
	}
	ix, err := segment.New(&segment.Options{Tags: generatedTags})
	if err != nil {
		return nil, asOf, err
	}
	_, err = ix.LoadRows(ctx, func(yield func(customer.Row, error) bool) {
		for i := 0; i < n && yield(generatedRow(shop, i, loc), nil); {
			i++
		}
	}, asOf)
	return ix, asOf, err
}

// generatedRow returns what customer i has.
func generatedRow(shop *synth.Shop, i int, loc *time.Location) customer.Row {
	var purchases []time.Time
	var spend int64
	for e := range shop.History(i) {
		if e.Kind == synth.Purchase {
			purchases = append(purchases, e.Time)
			spend += e.Amount
		} else if e.Kind == synth.Refund {
			spend -= e.Amount
		}
	}
	tier := sort.Search(len(tierFrom), func(i int) bool { return spend < tierFrom[i] })
	who := shop.Customer(i)
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
		{Name: "p_active", Value: customer.Float64Value(shop.Alive(purchases, shop.End()))},
		{Name: "vip", Value: customer.BoolValue(tier >= 2)},
		{Name: "会员等级", Value: customer.TextValue(tiers[tier])},
	}}
	if r.Float64() < 0.7 {
		born := time.Date(1956, 1, 1+r.IntN(52*365), 0, 0, 0, 0, loc)
		row.Values = append(row.Values, customer.Field{Name: "birthday", Value: customer.TimeValue(born)})
	}
	return row
}

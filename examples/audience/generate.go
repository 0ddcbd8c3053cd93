package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/synth"
)

// cities are where customers live; the weights are a judgement.
var cities = []synth.Country{
	{Name: "广东/广州", Weight: 14},
	{Name: "广东/深圳", Weight: 13},
	{Name: "广东/佛山", Weight: 6},
	{Name: "上海/上海", Weight: 14},
	{Name: "北京/北京", Weight: 12},
	{Name: "浙江/杭州", Weight: 9},
	{Name: "浙江/宁波", Weight: 5},
	{Name: "四川/成都", Weight: 9},
	{Name: "江苏/南京", Weight: 6},
	{Name: "江苏/苏州", Weight: 6},
	{Name: "湖北/武汉", Weight: 6},
}

var channels = []synth.Channel{
	{Name: "小程序", Weight: 40, Ships: true},
	{Name: "天猫", Weight: 25, Ships: true},
	{Name: "门店", Weight: 20, Open: 10, Close: 22},
	{Name: "App", Weight: 15, Ships: true},
}

var (
	tiers     = []string{"普通", "银卡", "金卡", "黑金"}
	tierFrom  = []int64{0, 500_00, 1500_00, 5000_00} // spend in fen from which one is of the tier
	interests = []string{"美妆", "母婴", "数码", "户外", "露营", "宠物", "家居", "图书"}
)

// generatedTags are the tags of the generated shop; the last tag shows a Chinese name.
var generatedTags = []segment.Tag{
	{Name: "city", Kind: segment.Enum, Hierarchy: true, Path: "who/place", EN: "Province and city", ZH: "省市", Origin: segment.FromFact},
	{Name: "birthday", Kind: segment.Time, Path: "who", EN: "Birthday", ZH: "生日", Origin: segment.FromFact},
	{Name: "consent", Kind: segment.Flag, Path: "who", EN: "May be written to", ZH: "允许营销", Origin: segment.FromFact},
	{Name: "interests", Kind: segment.Labels, Path: "who", EN: "Interests", ZH: "兴趣", Origin: segment.FromPerson},
	{Name: "channel", Kind: segment.Enum, Path: "behaviour", EN: "Preferred channel", ZH: "常用渠道", Origin: segment.FromFact},
	{Name: "orders", Kind: segment.Integer, Path: "behaviour/orders", EN: "Orders", ZH: "订单数", Origin: segment.FromFact},
	{Name: "orders_90d", Kind: segment.Integer, Path: "behaviour/orders", EN: "Orders in 90 days", ZH: "近90天订单数", Origin: segment.FromFact, Refresh: 24 * time.Hour},
	{Name: "spend", Kind: segment.Decimal, Scale: 2, Path: "behaviour/orders", EN: "Spend less refunds, yuan", ZH: "净消费（元）", Origin: segment.FromFact},
	{Name: "first_order", Kind: segment.Time, Path: "behaviour/orders", EN: "First order", ZH: "首单时间", Origin: segment.FromFact},
	{Name: "last_order", Kind: segment.Time, Path: "behaviour/orders", EN: "Last order", ZH: "最近下单", Origin: segment.FromFact},
	{Name: "last_refund", Kind: segment.Time, Path: "behaviour/orders", EN: "Last refund", ZH: "最近退款", Origin: segment.FromFact},
	{Name: "p_active", Kind: segment.Float, Path: "value", EN: "Probability of still buying", ZH: "活跃概率", Origin: segment.FromModel, Refresh: 7 * 24 * time.Hour},
	{Name: "vip", Kind: segment.Flag, Path: "value", EN: "VIP", ZH: "贵宾", Origin: segment.FromRule},
	{Name: "会员等级", Kind: segment.Enum, Path: "value", EN: "Tier", ZH: "会员等级", Origin: segment.FromRule},
}

// generate returns the index of n customers of a generated shop, and the moment at which its records end. Orders and
// refunds are those of package synth; birthdays, consent and interests are drawn, and lean on channel and spend so that
// there is something to find. The same n gives the same shop.
func generate(ctx context.Context, n int, loc *time.Location) (*segment.Index, time.Time, error) {
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, loc)
	asOf := end.Add(-time.Second)
	shop, err := synth.New(1, &synth.Options{
		Location: loc, Customers: n, Start: end.AddDate(-2, 0, 0), End: end, Countries: cities, Channels: channels,
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
		for i := range n {
			if !yield(generatedRow(shop, i, loc), nil) {
				return
			}
		}
	}, asOf)
	return ix, asOf, err
}

// generatedRow returns what customer i has.
func generatedRow(shop *synth.Shop, i int, loc *time.Location) customer.Row {
	who := shop.Customer(i)
	row := customer.Row{ID: customer.FromInt64(who.ID)}
	set := func(tag string, v customer.Value) {
		row.Values = append(row.Values, customer.Field{Name: tag, Value: v})
	}
	var (
		purchases     []time.Time
		recent, spend int64
		refund        time.Time
	)
	for e := range shop.History(i) {
		switch e.Kind {
		case synth.Purchase:
			purchases = append(purchases, e.Time)
			spend += e.Amount
			if !e.Time.Before(shop.End().AddDate(0, 0, -90)) {
				recent++
			}
		case synth.Refund:
			spend -= e.Amount
			refund = e.Time
		}
	}
	tier := 0
	for tier+1 < len(tiers) && spend >= tierFrom[tier+1] {
		tier++
	}
	set("city", customer.TextValue(who.Country))
	set("channel", customer.TextValue(who.Channel))
	set("orders", customer.Int64Value(int64(len(purchases))))
	set("orders_90d", customer.Int64Value(recent))
	set("spend", customer.DecimalValue(spend, 2))
	set("first_order", customer.TimeValue(purchases[0]))
	set("last_order", customer.TimeValue(purchases[len(purchases)-1]))
	if !refund.IsZero() {
		set("last_refund", customer.TimeValue(refund))
	}
	set("p_active", customer.Float64Value(shop.Alive(purchases, shop.End())))
	set("vip", customer.BoolValue(tier >= 2))
	set("会员等级", customer.TextValue(tiers[tier]))

	r := rand.New(rand.NewPCG(1, uint64(who.ID)))
	set("consent", customer.BoolValue(r.Float64() < 0.6+0.1*float64(tier)))
	if r.Float64() < 0.7 {
		set("birthday", customer.TimeValue(time.Date(1956, 1, 1+r.IntN(52*365), 0, 0, 0, 0, loc)))
	}
	var labels []string
	for j, name := range interests {
		p := 0.15
		if channels[j%len(channels)].Name == who.Channel {
			p += 0.2
		}
		if name == "露营" || name == "户外" {
			p += 0.1 * float64(tier)
		}
		if r.Float64() < p {
			labels = append(labels, name)
		}
	}
	set("interests", customer.LabelsValue(labels...))
	return row
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/segment"
)

// A person is what the lines say of a customer beside the money.
type person struct {
	country     string // of the last line
	first, last time.Time
}

// questions are what a marketer would ask.
var questions = []struct{ title, rule string }{
	{"new high spenders in Germany", `country = "Germany" and first_order within 90 days and m_score >= 4`},
	{"once champions, silent for 60 days", `champion_before and last_order older than 60 days`},
	{"the same, worth a call: top tiers", `champion_before and last_order older than 60 days and tier in ("tier-1", "tier-2")`},
	{"second order due: one order, 30 to 60 days ago", `orders = 1 and last_order within 60 days and last_order older than 30 days`},
	{"important class, abroad", `class in ("重要价值客户", "重要发展客户") and country != "United Kingdom"`},
	{"at least two of: many orders, recent, high spend", `at least 2 of (f_score = 5, r_score = 5, m_score = 5)`},
}

// index puts scores and behaviour into tags.
func index(ctx context.Context, people map[string]*person, a, before *rfm.Analysis[string], tiers *rfm.Grouping[string], asOf time.Time) (*segment.Index, error) {
	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{
		{Name: "country", Kind: segment.Enum, Path: "person", EN: "Country", ZH: "国家", Origin: segment.FromFact},
		{Name: "first_order", Kind: segment.Time, Path: "behaviour", EN: "First order", ZH: "首单时间", Origin: segment.FromFact},
		{Name: "last_order", Kind: segment.Time, Path: "behaviour", EN: "Last order", ZH: "最近下单", Origin: segment.FromFact},
		{Name: "orders", Kind: segment.Integer, Path: "behaviour", EN: "Orders", ZH: "订单数", Origin: segment.FromFact},
		{Name: "revenue", Kind: segment.Decimal, Scale: 2, Path: "behaviour", EN: "Revenue", ZH: "消费金额", Origin: segment.FromFact},
		{Name: "r_score", Kind: segment.Integer, Path: "rfm", Origin: segment.FromModel},
		{Name: "f_score", Kind: segment.Integer, Path: "rfm", Origin: segment.FromModel},
		{Name: "m_score", Kind: segment.Integer, Path: "rfm", Origin: segment.FromModel},
		{Name: "segment", Kind: segment.Enum, Path: "rfm", EN: "Segment", ZH: "分群", Origin: segment.FromModel},
		{Name: "class", Kind: segment.Enum, Path: "rfm", EN: "Class", ZH: "八大类", Origin: segment.FromModel},
		{Name: "tier", Kind: segment.Enum, Path: "rfm", EN: "Value tier", ZH: "价值分层", Origin: segment.FromModel},
		{Name: "champion_before", Kind: segment.Flag, Path: "rfm", EN: "Champion a quarter ago", ZH: "上季冠军客户", Origin: segment.FromModel},
	}})
	if err != nil {
		return nil, err
	}
	b := segment.Batch{At: asOf}
	for i := range a.Customers {
		c := &a.Customers[i]
		id, p := customerID(c.ID), people[c.ID]
		set := func(tag string, v customer.Value) { b.Set(id, tag, v) }
		if p.country != "" {
			set("country", customer.TextValue(p.country))
		}
		set("first_order", customer.TimeValue(p.first))
		set("last_order", customer.TimeValue(p.last))
		set("orders", customer.Int64Value(int64(c.Frequency)))
		set("revenue", customer.DecimalValue(c.Revenue, 2))
		set("r_score", customer.Int64Value(int64(c.Scores.R)))
		set("f_score", customer.Int64Value(int64(c.Scores.F)))
		set("m_score", customer.Int64Value(int64(c.Scores.M)))
		set("segment", customer.TextValue(a.Model.Segment(c.Scores).Name.EN))
		set("class", customer.TextValue(a.Model.Class(c.Values, c.Scores).Name.ZH))
		set("tier", customer.TextValue(tiers.Groups[tiers.Of(i)].ID))
	}
	for i := range before.Customers {
		if c := &before.Customers[i]; before.Model.Segment(c.Scores).Name.EN == "Champions" {
			b.Set(customerID(c.ID), "champion_before", customer.BoolValue(true))
		}
	}
	return ix, ix.Apply(ctx, &b)
}

// customerID embeds an id of the shop, or names it by its hash if it is long.
func customerID(id string) customer.ID {
	embedded, err := customer.FromString(id)
	if err != nil {
		return uuid.NewSHA1(uuid.NameSpaceOID, []byte(id))
	}
	return embedded
}

// audiences asks the questions, and shows what sets one of the audiences apart.
func (p *printer) audiences(ctx context.Context, ix *segment.Index, asOf time.Time, location *time.Location) error {
	s := ix.Snapshot()
	ask := func(text string) (segment.Query, error) {
		rule, err := segment.Parse(text)
		return segment.Query{Rule: rule, AsOf: asOf, Location: location}, err
	}
	p.title("Audiences: rules over scores and behaviour")
	var rows [][]string
	for _, question := range questions {
		q, err := ask(question.rule)
		if err != nil {
			return err
		}
		n, err := s.Count(ctx, q)
		if err != nil {
			return err
		}
		sum, err := s.Sum(ctx, q, "revenue")
		if err != nil {
			return err
		}
		coefficient, scale, _ := sum.Decimal()
		for ; scale < 2; scale++ {
			coefficient *= 10
		}
		rows = append(rows, []string{question.title, group(int64(n)), percent(float64(n), float64(s.Len())), cents(coefficient)})
	}
	p.table([]string{"", "customers", "share", "revenue"}, rows)
	p.printf("\n")
	for _, question := range questions {
		p.printf("  %s:\n    %s\n", question.title, question.rule)
	}

	q, err := ask(questions[1].rule)
	if err != nil {
		return err
	}
	traits, err := s.Portrait(ctx, q, nil)
	if err != nil {
		return err
	}
	p.title("What sets %q apart", questions[1].title)
	rows = nil
	for _, t := range traits {
		if strings.HasSuffix(t.Tag, "_order") || t.Tag == "champion_before" || len(rows) == 8 {
			continue // what the rule itself says
		}
		rows = append(rows, []string{t.Rule.String(), percent(t.Share, 1), percent(t.BaseShare, 1), fmt.Sprintf("%.2f", t.Lift)})
	}
	p.table([]string{"", "of them", "of all", "lift"}, rows)
	return nil
}

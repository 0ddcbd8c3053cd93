package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/rfm"
)

// leaving lists who is likely to buy nothing for two months from five days on, says why and
// what is at stake, and tells how good such lists would have been.
func (p *printer) leaving(ctx context.Context, c *config, transactions []rfm.Transaction[string], asOf time.Time) error {
	y, m, d := asOf.In(c.location).Date()
	today := time.Date(y, m, d+1, 0, 0, 0, 0, c.location) // the day after the last whole one
	log, err := churn.NewLog(ctx, orders(transactions), &churn.LogOptions[string]{Location: c.location, Until: today, Compare: strings.Compare})
	if err != nil {
		return err
	}
	label := churn.Absent{}
	plan := &churn.Plan{Window: 120, Gap: 5, Horizon: 60, Step: 28}
	campaign := churn.Economics{Contact: 100, Offer: 1000, Margin: 0.3} // cents
	past, err := churn.Backtest(ctx, log, plan, label, nil, &churn.BacktestOptions[string]{
		Economics: &campaign, Refit: 3, // a model serves three lists
	})
	if errors.Is(err, churn.ErrNoRows) || errors.Is(err, churn.ErrCutoff) {
		p.title("Who is leaving: too little history to learn from")
		return nil
	} else if err != nil {
		return err
	}
	rows, err := churn.Snapshots(ctx, log, plan, label, nil)
	if err != nil {
		return err
	}
	known, err := rows.SplitAsOf(log.Until())
	if err != nil {
		return err
	}
	model, err := churn.Fit(ctx, known.Train, known.Calibrate, nil)
	if err != nil {
		return err
	}
	now, err := churn.SnapshotAt(ctx, log, log.Until(), label, model, nil)
	if err != nil {
		return err
	}
	list, err := churn.Alerts(ctx, model, now, nil, &churn.AlertOptions[string]{
		Capacity: now.Rows() / 20, Economics: campaign,
	})
	if err != nil {
		return err
	}
	p.title("Who is leaving: no purchase from %s to %s, most profitable to call first", log.Until()+churn.Day(plan.Gap), log.Until()+churn.Day(plan.Gap+plan.Horizon-1))
	p.printf("  %s of %s customers with a purchase in %d days; a contact costs 1.00, an offer 10.00, %s of would-be leavers accept, the margin is 30.0%%\n"+
		"  reasons: + speaks for leaving, - against\n\n",
		group(int64(len(list.Alerts))), group(int64(list.Rows)), plan.Window, percent(churn.DefaultAcceptance, 1))
	for _, a := range list.Alerts[:min(10, len(list.Alerts))] {
		row, err := churn.Row(model, now, a.Row, nil)
		if err != nil {
			return err
		}
		p.printf("  %s  %s likely to leave, %s at stake\n", a.Customer, percent(a.Probability, 1), cents(int64(a.Value)))
		for _, why := range model.Reasons(row, &churn.ReasonOptions{Raising: 2, Lowering: 1}) {
			sign := '-'
			if why.Raises {
				sign = '+'
			}
			p.printf("      %c %s\n", sign, why.Text.EN)
		}
	}
	p.title("How good such lists were")
	p.printf("%s", indented(past))
	return nil
}

// orders are the transactions with the lines of an order, or of what is given back of it on
// one day, as one event.
func orders(transactions []rfm.Transaction[string]) iter.Seq[churn.Event[string]] {
	type key struct {
		customer, order string
		kind            rfm.Kind
		day             time.Time
	}
	at := map[key]int{}
	var events []churn.Event[string]
	for _, t := range transactions {
		k := key{t.Customer, t.Order, t.Kind, t.Time.Truncate(24 * time.Hour)}
		i, ok := at[k]
		if !ok {
			i = len(events)
			at[k] = i
			events = append(events, churn.Event[string]{Customer: t.Customer, Time: t.Time, Kind: churn.Purchase})
			if t.Kind == rfm.Refund {
				events[i].Kind = churn.Refund
			}
		}
		events[i].Amount += t.Amount
	}
	return slices.Values(events)
}

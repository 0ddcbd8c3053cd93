package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/rfm"
	"github.com/clientele-go/clientele/table"
)

// behaviour is what customers are grouped by, revenue in whole units of currency.
func behaviour(a *rfm.Analysis[string]) *table.Table[string] {
	t := a.Table()
	recency, _ := t.Column("recency")
	orders, _ := t.Column("frequency")
	revenue, _ := t.Column("revenue")
	recency.Name, orders.Name = "recency_days", "orders"
	for i := range revenue.Num {
		revenue.Num[i] /= 100
	}
	t.Columns = []table.Column{recency, orders, revenue}
	return t
}

// clusters finds groups of alike customers, tells them apart, and shows who has moved
// between them since the analysis before.
func (p *printer) clusters(ctx context.Context, a, before *rfm.Analysis[string]) error {
	if len(a.Customers) < 50 {
		p.title("Groups of alike customers: too few customers")
		return nil
	}
	now := behaviour(a)
	// Amounts and counts are skewed: their logarithms are not.
	choice, err := cluster.Choose(ctx, now, []int{2, 3, 4, 5, 6, 7, 8}, &cluster.ChooseOptions{
		Fit:           cluster.Options{Prepare: cluster.Preparation{Power: cluster.Log1p}},
		BootstrapRows: 1500, References: 5, Sample: 2000, // less than the defaults: quick, and clear enough
	})
	if _, few := errors.AsType[*cluster.TooFewDistinctError](err); few || errors.Is(err, cluster.ErrNoColumns) {
		p.title("Groups of alike customers: too many are the same")
		return nil
	} else if err != nil {
		return err
	}
	p.title("Groups of alike customers: what speaks for how many")
	p.printf("%s", indented(choice))
	why := "the most of which all are found again in samples"
	best, err := choice.By(cluster.ByStability)
	if errors.Is(err, cluster.ErrNoChoice) {
		why = "those farthest apart, as none is stable"
		best, err = choice.By(cluster.BySilhouette)
	}
	if err != nil {
		return err
	}
	found, err := cluster.Assign(ctx, best.Model, now, nil)
	if err != nil {
		return err
	}
	described, err := cluster.Describe(ctx, now, found, nil)
	if err != nil {
		return err
	}
	p.title("%d groups: %s", best.K, why)
	p.printf("%s", indented(described))
	if len(before.Customers) == 0 {
		return nil
	}
	then := behaviour(before)
	were, err := cluster.Assign(ctx, best.Model, then, nil)
	if err != nil {
		return err
	}
	moves, err := cluster.Migrate(then.IDs, were.Labels, now.IDs, found.Labels)
	if err != nil {
		return err
	}
	p.title("Who moved since last quarter: %s of those there at both times stayed", percent(moves.Stayed(), 1))
	header := []string{""}
	for to := range best.K {
		header = append(header, fmt.Sprintf("to %d", to))
	}
	var rows [][]string
	for from := range best.K + 1 {
		row := []string{fmt.Sprintf("from %d", from)}
		if from == best.K {
			row, from = []string{"not there"}, cluster.Absent
		} else {
			row[0] += "  " + described.Groups[from].Name.EN
		}
		for to := range best.K {
			row = append(row, group(int64(moves.Count(from, to))))
		}
		rows = append(rows, row)
	}
	p.table(header, rows)
	return nil
}

// indented is the text with two spaces before each line that is not empty.
func indented(text fmt.Stringer) string {
	var b strings.Builder
	for line := range strings.Lines(text.String()) {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String()
}

package churn_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/synth"
)

// generatedShop returns the log of a shop of two years.
func generatedShop() *churn.Log[int64] {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC, Customers: 2000})
	if err != nil {
		panic(err)
	}
	kinds := map[synth.Kind]string{synth.Purchase: churn.Purchase, synth.Refund: churn.Refund, synth.Contact: churn.Contact}
	var events iter.Seq[churn.Event[int64]] = func(yield func(churn.Event[int64]) bool) {
		for e := range shop.Events() {
			if e.Customer != 0 && !yield(churn.Event[int64]{
				Customer: e.Customer, Time: e.Time, Kind: kinds[e.Kind], Amount: e.Amount, Channel: e.Channel,
			}) {
				return
			}
		}
	}
	l, err := churn.NewLog(context.Background(), events, &churn.LogOptions[int64]{
		Location: time.UTC, Until: shop.Until(), Compare: cmp.Compare[int64],
	})
	if err != nil {
		panic(err)
	}
	return l
}

// fittedShop fits a model on the shop, and looks at its customers on the last day.
func fittedShop() (*churn.Log[int64], *churn.Model, *churn.Dataset[int64]) {
	ctx, l := context.Background(), generatedShop()
	label := churn.Absent{}
	d, err := churn.Snapshots(ctx, l, &churn.Plan{Window: 365, Gap: 3, Horizon: 30}, label, nil)
	if err != nil {
		panic(err)
	}
	split, err := d.Split(nil)
	if err != nil {
		panic(err)
	}
	m, err := churn.Fit(ctx, split.Train, split.Calibrate, nil)
	if err != nil {
		panic(err)
	}
	today, err := churn.SnapshotAt(ctx, l, l.Until(), label, m, nil)
	if err != nil {
		panic(err)
	}
	return l, m, today
}

func ExampleFit() {
	_, m, today := fittedShop()
	fmt.Println(m.Label())

	// A model lives on as JSON.
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	var read churn.Model
	if err := json.Unmarshal(data, &read); err != nil {
		panic(err)
	}
	probabilities, err := churn.Predict(context.Background(), &read, today)
	if err != nil {
		panic(err)
	}
	fmt.Printf("customer %d: %.2f\n", today.Table.IDs[0].Customer, probabilities[0])
	// Output:
	// no purchase
	// customer 10006: 0.27
}

func ExampleModel_Reasons() {
	l, m, today := fittedShop()
	row, err := churn.Row(m, today, 16, nil)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.2f\n", m.PredictRow(row))
	for _, r := range m.Reasons(row, &churn.ReasonOptions{Raising: 2, Lowering: 1}) {
		fmt.Println(r.Raises, r.Text.EN)
		fmt.Println("    ", r.Text.ZH)
	}
	changes, err := churn.Changes(m, l, today.Table.IDs[16], nil, 0.6)
	if err != nil {
		panic(err)
	}
	for _, c := range changes {
		fmt.Println(c.Text.EN)
	}
	// Output:
	// 0.95
	// true No purchase for 205 days; usually every 55 days
	//      已205天未购买，平时约55天一次
	// true No purchase in the last 182 days, 2 in the 182 days before
	//      最近182天无购买，此前182天2次
	// false The last gap between purchases was 55 days (typical: 28 days)
	//      最近一次购买间隔为55天（一般：28天）
	// With 3 purchases more, in the usual rhythm up to the last day, the probability would be 59% and not 95%
}

package profile_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/synth"
)

// Whom to call is the same whether a model learns from events as they came or from what profiles kept of them.
func TestChurnOfProfiles(t *testing.T) {
	ctx := t.Context()
	shop, err := synth.New(2, &synth.Options{Location: time.UTC, Customers: 400})
	require.NoError(t, err)
	var direct []churn.Event[customer.ID]
	var evidence []profile.Evidence
	sources, events := map[string]bool{}, map[string]bool{}
	who := map[customer.ID]bool{}
	for e := range shop.Events() {
		if e.Customer == 0 {
			continue
		}
		id := customer.FromInt64(e.Customer)
		channel := "somewhere"
		if e.Channel != "" {
			channel = e.Channel
		}
		sources[channel], events[e.Kind.String()], who[id] = true, true, true
		direct = append(direct, churn.Event[customer.ID]{Customer: id, Time: e.Time, Kind: e.Kind.String(), Amount: e.Amount, Channel: channel})
		evidence = append(evidence, profile.Evidence{
			Atom: customer.AtomID(id), ID: fmt.Sprint(len(evidence)), Source: channel, Event: e.Kind.String(), Time: e.Time,
			Values: []customer.Field{{Name: "amount", Value: customer.DecimalValue(e.Amount, 2)}},
		})
	}
	schema := &profile.Schema{Location: "UTC"}
	query := &profile.EventsQuery{Scale: 2}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		schema.Sources = append(schema.Sources, profile.Source{Name: name})
	}
	for _, name := range slices.Sorted(maps.Keys(events)) {
		schema.Events = append(schema.Events, profile.Event{Name: name, Fields: []profile.Field{{Name: "amount", Kind: customer.KindDecimal}}})
		query.Kinds = append(query.Kinds, profile.EventKind{Event: name, Amount: "amount"})
	}
	p, err := profile.Open(ctx, new(store.Memory), schema, nil)
	require.NoError(t, err)
	_, err = p.AddMany(ctx, shop.Until(), slices.Values(evidence), nil)
	require.NoError(t, err)
	var all feed
	seq := map[int]uint64{}
	for _, id := range slices.SortedFunc(maps.Keys(who), customer.Compare) {
		shard := customer.ShardOf(id)
		seq[shard]++
		change := founded(id)[0]
		change.Seq = seq[shard]
		all = append(all, change)
	}
	_, err = p.Sync(ctx, shop.Until(), all)
	require.NoError(t, err)

	kept, err := p.Events(ctx, profile.Moment{At: shop.Until()}, query)
	require.NoError(t, err)
	kept.Arrived = nil // the past was imported at once
	options := &churn.LogOptions[customer.ID]{Location: time.UTC, Until: shop.Until(), Compare: customer.Compare}
	plan := &churn.Plan{Window: 365, Gap: 3, Horizon: 60, Step: 28}
	var outlooks [2]*churn.Outlook[customer.ID]
	for i, open := range []func() (*churn.Log[customer.ID], error){
		func() (*churn.Log[customer.ID], error) { return churn.NewLogColumns(ctx, kept, options) },
		func() (*churn.Log[customer.ID], error) { return churn.NewLog(ctx, slices.Values(direct), options) },
	} {
		log, err := open()
		require.NoError(t, err)
		require.Greater(t, log.Report().Kept, int64(1000))
		outlooks[i], err = churn.LookAhead(ctx, log, plan, churn.Absent{}, nil, &churn.OutlookOptions[customer.ID]{Alerts: &churn.AlertOptions[customer.ID]{Capacity: 20}})
		require.NoError(t, err)
	}
	require.Len(t, outlooks[0].List.Alerts, 20)
	require.Equal(t, outlooks[1].List, outlooks[0].List)
	require.Equal(t, outlooks[1].Test.Contenders[0].AUC, outlooks[0].Test.Contenders[0].AUC)
}

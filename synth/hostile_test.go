package synth_test

import (
	"bytes"
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/synth"
)

func hostileOptions() *synth.Options {
	return &synth.Options{
		Location: time.UTC, Customers: 20, Since: time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC), Growth: 0.1,
		Purchasing: synth.DefaultPurchasing(), Spend: synth.DefaultSpend(), Season: synth.DefaultSeason(), Rates: synth.DefaultRates(), Products: 50,
	}
}

func TestHostile(t *testing.T) {
	const asked = "work that is asked for"
	shop, err := synth.New(1, hostileOptions())
	require.NoError(t, err)
	crowd, err := synth.NewCrowd(1, 10, synth.DefaultCrowd())
	require.NoError(t, err)
	at := time.Date(2023, 3, 1, 0, 0, 0, 0, time.UTC)
	buys := func() []time.Time { return []time.Time{at, at.AddDate(0, 0, 5), at.AddDate(0, 0, 9)} }
	const unknown = "of parameters that Validate refuses, or what cannot have happened, it may be"
	model := func() synth.ParetoNBD { return *synth.DefaultPurchasing() }
	options := map[string]any{
		"options.Location nil": synth.ErrOptions, "options.Customers min": synth.ErrOptions, "options.Customers minus": synth.ErrOptions, "options.Since last": synth.ErrOptions,
		"options.Since beyond": synth.ErrOptions, "options.Until first": synth.ErrOptions, "options.Until beyond": synth.ErrOptions, "options.Growth NaN": synth.ErrOptions,
		"options.Purchasing.R NaN": synth.ErrOptions, "options.Products min": synth.ErrOptions,
	}
	hold := map[string]string{"options.Customers max": asked, "options.Products max": asked, "options.Until last": asked, "options.Since first": asked, "options.Since before": asked}
	index := hostiletest.Indexes(hostiletest.Panic(""), "i")

	hostiletest.Run(t, hostiletest.Table{
		"Kind.UnmarshalText":   hostiletest.Name((*synth.Kind).UnmarshalText, "refund"),
		"Origin.UnmarshalText": hostiletest.Name((*synth.Origin).UnmarshalText, "gift"),
		"New": {
			Call: func(seed uint64, o *synth.Options) error {
				_, err := synth.New(seed, o)
				return err
			},
			Names: "seed options", Args: func() []any { return []any{uint64(1), hostileOptions()} }, Hold: hold, Expect: hostiletest.With(options, map[string]any{"options nil": "synth: "}),
		},
		"Options.Validate": {Call: (*synth.Options).Validate, Names: "options", Args: func() []any { return []any{hostileOptions()} }, Expect: options},
		"NewCrowd": {
			Call: func(seed uint64, n int, o *synth.CrowdOptions) error {
				_, err := synth.NewCrowd(seed, n, o)
				return err
			},
			Names: "seed n options", Args: func() []any { return []any{uint64(1), 10, synth.DefaultCrowd()} }, Hold: map[string]string{"n max": asked, "options.Until last": asked},
			Expect: map[string]any{"n min": synth.ErrOptions, "options.Family NaN": synth.ErrOptions, "options.Junk minus": synth.ErrOptions, "options.Since beyond": synth.ErrOptions, "options nil": nil},
		},
		"CrowdOptions.Validate": {
			Call: (*synth.CrowdOptions).Validate, Names: "options", Args: func() []any { return []any{synth.DefaultCrowd()} },
			Expect: map[string]any{"options.Family NaN": synth.ErrOptions, "options.Gifts +Inf": synth.ErrOptions},
		},
		"Bulk": {
			Call: synth.Bulk, Names: "seed customers customer unix amount order",
			Args: func() []any {
				return []any{uint64(1), 3, make([]int64, 9), make([]int64, 9), make([]int64, 9), make([]int64, 9)}
			}, Writes: "customer unix amount order",
			Expect: hostiletest.With(hostiletest.Lengths("synth: ", "customer", "unix", "amount", "order"), map[string]any{"customers min": "synth: ", "customers max": "synth: ", "customers zero": "synth: "}),
		},
		"Crowd.Person":  {Call: (*synth.Crowd).Person, Names: "crowd i", Args: func() []any { return []any{crowd, 1} }, Expect: hostiletest.With(index, map[string]any{"i zero": hostiletest.Panic("no such person")})},
		"Shop.Customer": {Call: (*synth.Shop).Customer, Names: "shop i", Args: func() []any { return []any{shop, 1} }, Expect: index},
		"Shop.History": {
			Call: func(i int) (n int) {
				for range (*synth.Shop).History(shop, i) {
					n++
				}
				return n
			},
			Names: "i", Args: func() []any { return []any{1} }, Expect: index,
		},
		"Shop.Alive":  {Call: (*synth.Shop).Alive, Names: "shop buys at", Args: func() []any { return []any{shop, buys(), at.AddDate(0, 1, 0)} }, NaN: unknown},
		"Shop.Silent": {Call: (*synth.Shop).Silent, Names: "shop buys at until", Args: func() []any { return []any{shop, buys(), at.AddDate(0, 1, 0), at.AddDate(0, 2, 0)} }, NaN: unknown},
		"Shop.Clock":  {Call: (*synth.Shop).Clock, Names: "shop at", Args: func() []any { return []any{shop, at} }},
		"Shop.Basket": {
			Call: func(lines []synth.Line, e synth.Event) int { return len((*synth.Shop).Basket(shop, lines, e)) }, Names: "lines event",
			Args: func() []any {
				for e := range shop.Events() {
					return []any{[]synth.Line{}, e}
				}
				return nil
			},
			Hold: map[string]string{"event": "it is one of the shop"}, Writes: "lines",
		},
		"Shop.WriteCSV": {
			Call: func(ctx context.Context) (int, error) {
				var b bytes.Buffer
				_, err := (*synth.Shop).WriteCSV(shop, ctx, &b)
				return b.Len(), err
			},
			Names: "ctx", Args: func() []any { return []any{t.Context()} },
		},
		"Customer.AliveAt":        {Call: synth.Customer.AliveAt, Names: "customer at", Args: func() []any { return []any{shop.Customer(1), at} }},
		"GammaGamma.MeanGiven":    {Call: synth.GammaGamma.MeanGiven, Names: "spend n mean", Args: func() []any { return []any{*synth.DefaultSpend(), 3, 500.0} }, NaN: unknown},
		"ParetoNBD.Alive":         {Call: synth.ParetoNBD.Alive, Names: "model x tx t", Args: func() []any { return []any{model(), 3, 10.0, 20.0} }, NaN: unknown},
		"ParetoNBD.LogLikelihood": {Call: synth.ParetoNBD.LogLikelihood, Names: "model x tx t", Args: func() []any { return []any{model(), 3, 10.0, 20.0} }, NaN: unknown},
		"ParetoNBD.Mean":          {Call: synth.ParetoNBD.Mean, Names: "model t", Args: func() []any { return []any{model(), 20.0} }, NaN: unknown},
		"ParetoNBD.Silent":        {Call: synth.ParetoNBD.Silent, Names: "model x tx t until", Args: func() []any { return []any{model(), 3, 10.0, 20.0, 30.0} }, NaN: unknown},
		"ParetoNBD.Survival":      {Call: synth.ParetoNBD.Survival, Names: "model t", Args: func() []any { return []any{model(), 20.0} }, NaN: unknown},
	})
	require.False(t, math.IsNaN(model().Alive(3, 10, 20)))
}

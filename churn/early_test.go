package churn_test

import (
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/dataset"
	"github.com/clientele-go/clientele/internal/race"
)

// retailEvents are the orders and cancellations of the known customers of UCI Online Retail (Chen, Sain and
// Guo 2012), one event an invoice. The data is not part of the repository: where it is absent the test is skipped.
func retailEvents(t *testing.T, loc *time.Location) []churn.Event[string] {
	t.Helper()
	z := dataset.Open(t, "online-retail/online_retail.csv.gz")
	r := csv.NewReader(z)
	_, err := r.Read() // invoice, code, description, quantity, time, price, customer, country
	require.NoError(t, err)
	at := map[string]int{}
	var events []churn.Event[string]
	for {
		row, err := r.Read()
		if err == io.EOF {
			return events
		}
		require.NoError(t, err)
		if row[6] == "" {
			continue
		}
		i, ok := at[row[0]]
		if !ok {
			when, err := time.ParseInLocation("2006-01-02 15:04:05", row[4], loc)
			require.NoError(t, err)
			i = len(events)
			at[row[0]] = i
			events = append(events, churn.Event[string]{Customer: row[6], Time: when, Kind: churn.Purchase})
			if strings.HasPrefix(row[0], "C") {
				events[i].Kind = churn.Refund
			}
		}
		quantity, err := strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
		price, err := strconv.ParseFloat(row[5], 64)
		require.NoError(t, err)
		events[i].Amount += int64(math.Round(math.Abs(quantity) * price * 100))
	}
}

// How good are lists that tell 3 to 7 days ahead who will buy nothing for 60 days, on a real shop? Of all who bought
// lately, and of those who are still in their rhythm.
func TestEarlyWarningOnOnlineRetail(t *testing.T) {
	if race.Enabled {
		t.Skip("the lists are the same with the race detector, and take long with it")
	}
	loc, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	log, err := churn.NewLog(t.Context(), slices.Values(retailEvents(t, loc)), &churn.LogOptions[string]{
		Location: loc, Until: time.Date(2011, 12, 9, 0, 0, 0, 0, loc), Compare: strings.Compare,
	})
	require.NoError(t, err)
	plan := &churn.Plan{Window: 120, Gap: 3, Horizon: 60, Step: 7}
	for _, c := range []struct {
		label              churn.Label
		precision, silence float64 // of a list made 3 days ahead, as measured
	}{
		{churn.Absent{}, 0.65, 0.59},
		{churn.Among{Label: churn.Absent{}, Who: "customers in their rhythm", Is: churn.OwnGap{Quantile: 0.8}.Subject}, 0.22, 0.11},
	} {
		leads, err := churn.BacktestLeads(t.Context(), log, plan, c.label, nil, nil, nil)
		require.NoError(t, err)
		t.Logf("%s\n%s\n%s", c.label.Name(), leads, leads[0])
		for _, l := range leads {
			model, silence := l.Total.Lists[0], l.Total.Lists[1]
			require.Greater(t, model.Precision.Value, silence.Precision.Value)
			require.Greater(t, l.Total.AUC.Low, 0.5)
			require.GreaterOrEqual(t, model.Lead, float64(l.Gap))
			require.Equal(t, leads[0].Total.Rows, l.Total.Rows, "the same customers")
		}
		require.InDelta(t, c.precision, leads[0].Total.Lists[0].Precision.Value, 0.02)
		require.InDelta(t, c.silence, leads[0].Total.Lists[1].Precision.Value, 0.02)
	}
}

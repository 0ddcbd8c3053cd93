package churn

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// livesLog is the log of customers 0, 1, ..., observed from day 1 on and before day until.
func livesLog(t *testing.T, until Day, lives ...[]labelEvent) *Log[int] {
	t.Helper()
	var all []Event[int]
	for customer, life := range lives {
		for _, e := range life {
			all = append(all, Event[int]{Customer: customer, Time: e.day.Start(time.UTC).Add(12 * time.Hour), Kind: e.kind, Amount: 1})
		}
	}
	l, err := NewLog(t.Context(), slices.Values(all), &LogOptions[int]{
		Location: time.UTC, Since: Day(1).Start(time.UTC), Until: until.Start(time.UTC), Compare: func(a, b int) int { return a - b },
	})
	require.NoError(t, err)
	return l
}

// One cut-off on day 100, a gap of 3 days, a horizon of 10, and 20 days to come back:
// returns are looked for on days 113 to 132.
func TestSensitivityByHand(t *testing.T) {
	l := livesLog(t, 140,
		bought(99),                  // absent; silent for 10 days on 109
		bought(99, 120),             // the same, back
		bought(99, 132),             // the same, back on the last day
		bought(99, 133),             // the same, too late
		bought(99, 105),             // neither
		bought(91),                  // absent; silent on 101, too late
		bought(50),                  // absent; silent long ago
		[]labelEvent{{99, Contact}}, // never bought
		[]labelEvent{{99, Purchase}, {125, Contact}}, // absent, silent; a contact is no return
		bought(98, 110), // not absent, but silent on 108
		bought(91, 101), // not absent, and silent on 111; on 101 for all that is known, too late
		bought(130),     // not there yet
	)
	plan := &Plan{Gap: 3, Horizon: 10, First: 100, Last: 100}
	table, err := Sensitivity(t.Context(), l, plan, []Label{Absent{}, Silence{Days: 10}}, &SensitivityOptions{Return: 20})
	require.NoError(t, err)
	require.Equal(t, []Day{100}, table.Cutoffs)
	require.Equal(t, 20, table.Return)
	absent, silent := table.Rows[0], table.Rows[1]
	require.Equal(t, "no purchase", absent.Label)
	require.Equal(t, []int{10, 8, 1, 0, 0}, []int{absent.Subjects, absent.Positive, absent.NotSubject, absent.TooLate, absent.TooEarly})
	require.Equal(t, []int{8, 2}, []int{absent.Observed, absent.Returned})
	require.Equal(t, []float64{10, 1, 1}, []float64{float64(absent.Common), absent.Agreement, absent.Kappa})
	require.Equal(t, []int{7, 6, 2, 2, 0}, []int{silent.Subjects, silent.Positive, silent.NotSubject, silent.TooLate, silent.TooEarly})
	require.Equal(t, []int{6, 2}, []int{silent.Observed, silent.Returned})
	// Common are the seven of silent: both say yes of five, both no of one, and silent alone
	// yes of one. Chance is 5/7·6/7 + 2/7·1/7 = 32/49, kappa (6/7 - 32/49)/(17/49) = 10/17.
	require.Equal(t, 7, silent.Common)
	require.InDelta(t, 6.0/7, silent.Agreement, 1e-15)
	require.InDelta(t, 10.0/17, silent.Kappa, 1e-15)
	// The variance over customers is 7/6 of that of rows: Wilson's interval of 6/7 in 6 rows,
	// by hand.
	require.InDelta(t, 6.0/7, silent.Rate.Value, 1e-15)
	require.InDelta(t, 0.4584, silent.Rate.Low, 5e-4)
	require.InDelta(t, 0.9770, silent.Rate.High, 5e-4)

	require.Equal(t, ""+
		"  subjects  yes   rate    95% interval  late  early   back  of   agree  kappa  label\n"+
		"        10    8  80.0%  47.4% to 94.7%     0      0  25.0%   8  100.0%   1.00  no purchase\n"+
		"         7    6  85.7%  45.8% to 97.7%     2      0  33.3%   6   85.7%   0.59  no purchase for 10 days\n", table.String())
	data, err := json.Marshal(table)
	require.NoError(t, err)
	var back SensitivityTable
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, *table, back)
}

func TestSensitivityAgainstOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	lives := make([][]labelEvent, 600)
	for i := range lives {
		lives[i] = slices.DeleteFunc(randomLife(r, Purchase, Purchase, Contact), func(e labelEvent) bool { return e.day < 1 })
	}
	l := livesLog(t, 180, lives...)
	plan := &Plan{Gap: 2, Horizon: 14, Step: 10}
	labels := []Label{Silence{Days: 20}, Absent{}, OwnGap{Quantile: 0.9, Fallback: 30}, Absent{Kinds: []string{"never"}}}
	table, err := Sensitivity(t.Context(), l, plan, labels, nil)
	require.NoError(t, err)
	require.Equal(t, 14, table.Return)

	want := make([]SensitivityRow, len(labels))
	agree := make([]int, len(labels))
	for _, life := range lives {
		for _, cutoff := range table.Cutoffs {
			past, future := labelView(life, cutoff, 2, 14)
			if past.Len() == 0 {
				continue
			}
			nothing := *future
			nothing.events = future.slice(0, 0)
			first := ""
			for i, label := range labels {
				w := &want[i]
				said := askLabel(label, past, future)
				if said != "none" && askLabel(label, past, &nothing) == "early" {
					said = "late"
				}
				if i == 0 {
					first = said
				}
				switch said {
				case "late":
					w.TooLate++
				case "none":
					w.NotSubject++
				case "early":
					w.TooEarly++
				case "yes":
					w.Positive++
					if future.end+14 <= 180 {
						w.Observed++
						if slices.ContainsFunc(daysOf(life, Purchase), func(d Day) bool { return d >= future.end && d < future.end+14 }) {
							w.Returned++
						}
					}
				}
				if said == "yes" || said == "no" {
					w.Subjects++
					if first == "yes" || first == "no" {
						w.Common++
						if first == said {
							agree[i]++
						}
					}
				}
			}
		}
	}
	for i, got := range table.Rows {
		w := want[i]
		require.Equal(t, []int{w.Subjects, w.Positive, w.NotSubject, w.TooLate, w.TooEarly, w.Observed, w.Returned, w.Common},
			[]int{got.Subjects, got.Positive, got.NotSubject, got.TooLate, got.TooEarly, got.Observed, got.Returned, got.Common}, got.Label)
		if w.Common > 0 {
			require.InDelta(t, float64(agree[i])/float64(w.Common), got.Agreement, 1e-15)
		}
	}
	none := table.Rows[3]
	require.Zero(t, none.Subjects)
	require.Contains(t, table.String(), "-      -  no never")

	for _, workers := range []int{1, 3} {
		again, err := Sensitivity(t.Context(), l, plan, labels[:3], &SensitivityOptions{Workers: workers})
		require.NoError(t, err)
		require.Equal(t, table.Rows[:3], again.Rows)
	}
}

// What comes after the horizon does not change a label, and what arrives after the cut-off is
// told to labels where it happened after it.
func TestLabelsEndWithTheHorizon(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	labels := []Label{
		Happens{},
		Absent{},
		Silence{Days: 15},
		OwnGap{Fallback: 20},
		ContractEnd{Start: Purchase, End: Contact, Renewal: 5},
		LowAlive{Model: aliveFunc(func(x int, tx, t float64) float64 { return 1 / (1 + t - tx) })},
	}
	plan := &Plan{Gap: 3, Horizon: 12, First: 60, Last: 100, Step: 20}
	for range 30 {
		var all, cut []Event[int]
		for customer := range 20 {
			for _, e := range randomLife(r, Purchase, Contact) {
				event := Event[int]{Customer: customer, Time: (e.day + 1).Start(time.UTC), Kind: e.kind}
				if r.IntN(3) == 0 {
					event.Arrived = event.Time.AddDate(0, 0, r.IntN(100))
				}
				all = append(all, event)
				if e.day+1 < 115 {
					cut = append(cut, event)
				}
			}
		}
		opts := &LogOptions[int]{
			Location: time.UTC, Since: Day(1).Start(time.UTC), Until: Day(200).Start(time.UTC), Compare: func(a, b int) int { return a - b },
		}
		whole, err := NewLog(t.Context(), slices.Values(all), opts)
		require.NoError(t, err)
		short, err := NewLog(t.Context(), slices.Values(cut), opts)
		require.NoError(t, err)
		for _, cutoff := range []Day{60, 80, 100} {
			for customer := range whole.customers {
				for _, label := range labels {
					past, future, _ := whole.view().at(customer, cutoff, plan)
					want := askLabel(label, past, future)
					at, ok := slices.BinarySearch(short.customers, whole.customers[customer])
					if !ok {
						require.Zero(t, past.Len()+future.Len())
						continue
					}
					past, future, _ = short.view().at(at, cutoff, plan)
					require.Equal(t, want, askLabel(label, past, future), label.Name())
				}
			}
		}
	}
}

func TestSensitivityFaults(t *testing.T) {
	l := livesLog(t, 140, bought(99))
	plan := &Plan{Gap: 3, Horizon: 10}
	_, err := Sensitivity(t.Context(), l, nil, []Label{nil, Silence{}}, &SensitivityOptions{Return: -1, Kinds: []string{""}})
	require.ErrorIs(t, err, ErrOptions)
	for _, text := range []string{"Plan.Gap", "label is required", "Silence.Days", "Return", "Kinds"} {
		require.ErrorContains(t, err, text)
	}
	_, err = Sensitivity(t.Context(), l, plan, nil, nil)
	require.ErrorContains(t, err, "labels are required")
	_, err = Sensitivity(t.Context(), l, plan, []Label{ContractEnd{Start: "a", End: "b", Renewal: 30}}, nil)
	require.ErrorContains(t, err, "longer than")
	_, err = Sensitivity(t.Context(), l, &Plan{Gap: 3, Horizon: 10, Last: 1000}, []Label{Absent{}}, nil)
	require.ErrorIs(t, err, ErrCutoff)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Sensitivity(ctx, l, plan, []Label{Absent{}}, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Sensitivity(t.Context(), livesLog(t, 140), plan, []Label{Absent{}}, nil)
	require.ErrorIs(t, err, ErrNoRows)
}

// The rows are those of Snapshots, also where events arrive late.
func TestSensitivityRowsAreThoseOfSnapshots(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 14))
	var all []Event[int]
	for customer := range 300 {
		for _, e := range lateEvents(r, Purchase, Contact) {
			e.Customer = customer
			all = append(all, e)
		}
	}
	l := newLabelLog(t, all)
	plan := &Plan{Window: 60, Gap: 4, Horizon: 20, Step: 9}
	labels := []Label{
		Absent{},
		Silence{Days: 25},
		OwnGap{Fallback: 40, Quantile: 0.8},
		ContractEnd{Start: Purchase, End: Contact, Renewal: 5},
		LowAlive{Unit: 1, Model: aliveFunc(func(x int, tx, t float64) float64 { return 1 / (1 + float64(0.05*(t-tx)*float64(1+x))) })},
	}
	table, err := Sensitivity(t.Context(), l, plan, labels, nil)
	require.NoError(t, err)
	var late, early int
	for i, label := range labels {
		d, err := Snapshots(t.Context(), l, plan, label, nil)
		require.NoError(t, err)
		var want SensitivityRow
		for _, c := range d.Report.Cutoffs {
			want.Subjects += c.Rows
			want.Positive += c.Positive
			want.NotSubject += c.NotSubject
			want.TooLate += c.TooLate
			want.TooEarly += c.TooEarly
		}
		got := table.Rows[i]
		require.Equal(t, want, SensitivityRow{
			Subjects: got.Subjects, Positive: got.Positive, NotSubject: got.NotSubject, TooLate: got.TooLate, TooEarly: got.TooEarly,
		}, got.Label)
		late, early = late+got.TooLate, early+got.TooEarly
	}
	require.NotZero(t, late)
	require.NotZero(t, early)
}

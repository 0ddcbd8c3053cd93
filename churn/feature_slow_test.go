package churn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// featureShop is a log at random in a zone with summer time: few days and amounts, so that
// ties and gaps of all kinds come up, events at the same second, some that arrive late,
// customers with one event, channels and categories that are not known.
func featureShop(t *testing.T, seed uint64, customers int) ([]Event[int], *time.Location) {
	t.Helper()
	loc, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(seed, 5))
	pick := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	begin := time.Date(2023, 1, 1, 0, 0, 0, 0, loc)
	var all []Event[int]
	for customer := range customers {
		n := 1 + random.IntN(12)
		if customer%7 == 0 {
			n = 60
		}
		first := random.IntN(400)
		for range n {
			at := begin.AddDate(0, 0, first+random.IntN(500-first)).Add(time.Duration(random.IntN(24*3)) * 20 * time.Minute)
			e := Event[int]{
				Customer: customer, Time: at, Amount: int64(random.IntN(5)) * 250,
				Kind:     pick(Purchase, Purchase, Purchase, Refund, Contact, "App Login", "rare"),
				Channel:  pick("", "Web", "web", "store", "天猫"),
				Category: pick("", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
			}
			if random.IntN(5) == 0 {
				e.Arrived = at.Add(time.Duration(random.IntN(20*24)) * time.Hour)
			}
			all = append(all, e)
			if random.IntN(10) == 0 {
				e.Channel, e.Amount = "store", 100
				all = append(all, e)
			}
		}
	}
	return all, loc
}

func featureLog(t *testing.T, all []Event[int], loc *time.Location) *Log[int] {
	t.Helper()
	l, err := NewLog(t.Context(), slices.Values(all), &LogOptions[int]{
		Location: loc, Compare: cmp.Compare[int],
		Since: time.Date(2023, 1, 1, 0, 0, 0, 0, loc), Until: time.Date(2024, 6, 1, 0, 0, 0, 0, loc),
	})
	require.NoError(t, err)
	return l
}

// slowKnown returns what was known of a customer, straight from the events.
func slowKnown(all []Event[int], customer int, cutoff Day, window int, loc *time.Location) []Event[int] {
	midnight := cutoff.Start(loc)
	var known []Event[int]
	for _, e := range all {
		age := int(cutoff - DayOf(e.Time, loc))
		if e.Customer == customer && e.Time.Before(midnight) && e.Arrived.Before(midnight) && (window == 0 || age <= window) {
			known = append(known, e)
		}
	}
	slices.SortStableFunc(known, func(a, b Event[int]) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Category, b.Category))
	})
	return known
}

// slowRow computes the features as their documentation says, one at a time. Numbers are
// float64, levels are strings.
func slowRow(known []Event[int], cutoff Day, loc *time.Location, windows []int, kinds map[string]string, channels, categories map[string]string) map[string]any {
	row := map[string]any{}
	nan := math.NaN()
	type dated struct {
		Event[int]
		age int
	}
	of := func(kind string, from, to int) []dated { // ages from..to
		var some []dated
		for _, e := range known {
			if age := int(cutoff - DayOf(e.Time, loc)); e.Kind == kind && age >= from && age <= to {
				some = append(some, dated{e, age})
			}
		}
		return some
	}
	const ever = 1 << 30
	sum := func(events []dated) float64 {
		s := 0.0
		for _, e := range events {
			s += float64(e.Amount)
		}
		return s
	}
	over := func(a, b float64) float64 {
		if b == 0 {
			return nan
		}
		return a / b
	}
	logOver := func(a, b float64) float64 {
		if a > 0 && b > 0 {
			return math.Log(a) - math.Log(b)
		}
		return nan
	}
	share := func(events []dated, is func(dated) bool) float64 {
		n := 0
		for _, e := range events {
			if is(e) {
				n++
			}
		}
		return over(float64(n), float64(len(events)))
	}
	for kind, stem := range kinds {
		since, first := nan, nan
		for _, e := range of(kind, 1, ever) {
			since = float64(e.age - 1)
			if math.IsNaN(first) {
				first = since
			}
		}
		row[stem+"_days_since"], row[stem+"_days_since_first"] = since, first
		for _, w := range windows {
			suffix := fmt.Sprintf("_%dd", w)
			row[stem+"_count"+suffix] = float64(len(of(kind, 1, w)))
			recent, earlier := of(kind, 1, w/2), of(kind, w/2+1, 2*(w/2))
			if w >= 14 && kind != Refund && kind != Contact {
				row[stem+"_trend"+suffix] = math.Log(float64(len(recent))+0.5) - math.Log(float64(len(earlier))+0.5)
			}
			if kind == Purchase || kind == Refund {
				row[stem+"_sum"+suffix] = sum(of(kind, 1, w))
			}
			if kind == Refund {
				row["refund_share"+suffix] = over(sum(of(Refund, 1, w)), sum(of(Purchase, 1, w)))
			}
			if kind == Purchase && w >= 14 {
				row["purchase_spend_trend"+suffix] = logOver(over(sum(recent), float64(len(recent))), over(sum(earlier), float64(len(earlier))))
			}
		}
	}
	purchases := of(Purchase, 1, ever)
	var days []int // ages of purchase days
	for age := ever; len(purchases) > 0; {
		next := 0
		for _, e := range purchases {
			if e.age < age {
				next = max(next, e.age)
			}
		}
		if next == 0 {
			break
		}
		days = append(days, next)
		age = next
	}
	n, since, s, first, span := nan, nan, nan, nan, nan
	if len(days) > 0 {
		n, since, first = float64(len(days)), float64(days[len(days)-1]-1), float64(days[0]-1)
		s, span = since+0.5, first-since
	}
	count := float64(len(purchases))
	row["purchase_days_since_log"], row["purchase_days_since_first_log"] = math.Log(s), math.Log(first+0.5)
	row["purchase_days"], row["purchase_days_log"] = n, math.Log(n)
	row["purchase_rate"], row["purchase_rate_log"] = over(n-1, first), math.Log((n-0.5)/(first+30))
	row["purchase_span_share"] = over(span, first)
	mean := over(sum(purchases), count)
	row["purchase_mean"], row["purchase_mean_log"] = mean, math.Log(1+mean)
	most, latest := nan, nan
	if len(purchases) > 0 {
		most = 0
		for _, e := range purchases {
			most = max(most, float64(e.Amount))
		}
		latest = sum(of(Purchase, days[len(days)-1], days[len(days)-1]))
	}
	row["purchase_max_share"] = over(most, sum(purchases))
	row["purchase_last_to_mean_log"] = logOver(latest, over(sum(purchases), n))
	row["purchase_weekend_share"] = share(purchases, func(e dated) bool {
		return e.Time.In(loc).Weekday() == time.Saturday || e.Time.In(loc).Weekday() == time.Sunday
	})
	row["purchase_evening_share"] = share(purchases, func(e dated) bool { return e.Time.In(loc).Hour() >= 18 })
	row["purchase_night_share"] = share(purchases, func(e dated) bool { return e.Time.In(loc).Hour() < 6 })

	var gaps []float64
	for i := range days[min(1, len(days)):] {
		gaps = append(gaps, float64(days[i]-days[i+1]))
	}
	ascending := slices.Sorted(slices.Values(gaps))
	quantile := func(q float64) float64 {
		if len(gaps) == 0 {
			return nan
		}
		at := q * float64(len(gaps)-1)
		low, high := ascending[int(math.Floor(at))], ascending[int(math.Ceil(at))]
		return low*(1-(at-math.Floor(at))) + high*(at-math.Floor(at))
	}
	gapMean, squares := over(first-since, float64(len(gaps))), 0.0
	for _, gap := range gaps {
		squares += (gap - gapMean) * (gap - gapMean)
	}
	sd, last := nan, nan
	if len(gaps) > 1 {
		sd = math.Sqrt(squares / float64(len(gaps)-1))
	}
	if len(gaps) > 0 {
		last = gaps[len(gaps)-1]
	}
	row["purchase_gap_mean"], row["purchase_gap_median"] = gapMean, quantile(0.5)
	row["purchase_gap_sd"], row["purchase_gap_cv"], row["purchase_gap_last"] = sd, sd/gapMean, last
	row["purchase_gap_q80"], row["purchase_gap_q90"], row["purchase_gap_max"] = quantile(0.8), quantile(0.9), quantile(1)
	for name, gap := range map[string]float64{"mean": gapMean, "median": quantile(0.5), "q80": quantile(0.8)} {
		row["silence_to_gap_"+name], row["silence_to_gap_"+name+"_log"] = since/gap, math.Log(s/gap)
	}
	surprise := -math.Log(math.Pow((span+30)/(span+30+s), n-0.5))
	row["silence_surprise"], row["silence_surprise_log"] = surprise, math.Log(surprise)

	for _, level := range []struct {
		what  string
		names map[string]string
		of    func(Event[int]) string
	}{
		{"channel", channels, func(e Event[int]) string { return e.Channel }},
		{"category", categories, func(e Event[int]) string { return e.Category }},
	} {
		if len(level.names) == 0 {
			continue
		}
		window := slices.DeleteFunc(of(Purchase, 1, windows[len(windows)-1]), func(e dated) bool { return level.of(e.Event) == "" })
		different := map[string]bool{}
		for _, e := range window {
			different[level.of(e.Event)] = true
		}
		for name, stem := range level.names {
			row[level.what+"_share_"+stem] = share(window, func(e dated) bool { return level.of(e.Event) == name })
		}
		row[level.what+"_share_other"] = share(window, func(e dated) bool { return level.names[level.of(e.Event)] == "" })
		row[level.what+"_count"] = nan
		if len(window) > 0 {
			row[level.what+"_count"] = float64(len(different))
		}
		row[level.what+"_last"] = ""
		if len(purchases) > 0 {
			last := "" // of those at the last second, the last by name
			for _, e := range purchases {
				if e.Time.Equal(purchases[len(purchases)-1].Time) {
					last = max(last, level.of(e.Event))
				}
			}
			if last != "" && level.names[last] == "" {
				last = "other"
			}
			row[level.what+"_last"] = last
		}
	}
	row["cutoff_month"] = strings.Split(cutoff.String(), "-")[1]
	return row
}

func TestFeaturesAgainstSlowDefinitions(t *testing.T) {
	for _, test := range []struct {
		name     string
		window   int
		features *Features[int]
		windows  []int
		channels map[string]string
	}{
		{"default", 0, nil, []int{7, 30, 90, 365}, map[string]string{"Web": "web", "web": "web_", "store": "store", "天猫": "天猫"}},
		{"short window", 100, nil, []int{7, 30, 90}, map[string]string{"Web": "web", "web": "web_", "store": "store", "天猫": "天猫"}},
		{
			"own windows and channels", 200,
			&Features[int]{Windows: []int{1, 13, 15, 200}, Channels: []string{"web"}, Kinds: []string{"rare", Refund, "App Login", Contact}},
			[]int{1, 13, 15, 200},
			map[string]string{"web": "web"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			all, loc := featureShop(t, 11, 40)
			l := featureLog(t, all, loc)
			plan := &Plan{Window: test.window, Gap: 3, Horizon: 20, Step: 17, First: Date(2023, 11, 20)}
			d, err := Snapshots(t.Context(), l, plan, Among{Label: Happens{}, Who: "anybody", Is: func(*History) bool { return true }}, test.features)
			require.NoError(t, err)
			require.NoError(t, d.Table.Validate())
			require.Greater(t, d.Rows(), 200)
			kinds := map[string]string{Purchase: Purchase, Refund: Refund, Contact: Contact, "App Login": "app_login", "rare": "rare"}
			categories := map[string]string{}
			for _, c := range d.schema.Categories {
				categories[c] = c
			}
			require.Len(t, categories, 8)
			byCustomer := map[int][]Event[int]{}
			for _, e := range all {
				byCustomer[e.Customer] = append(byCustomer[e.Customer], e)
			}
			for i, id := range d.Table.IDs {
				known := slowKnown(byCustomer[id.Customer], id.Customer, id.Cutoff, test.window, loc)
				row := slowRow(known, id.Cutoff, loc, test.windows, kinds, test.channels, categories)
				require.Len(t, d.Table.Columns, len(row))
				for j := range d.Table.Columns {
					c := &d.Table.Columns[j]
					want, ok := row[c.Name]
					if c.Kind == table.Category {
						ok = ok && want == c.Level(i)
					} else if ok {
						x, got := want.(float64), c.Num[i]
						ok = math.IsNaN(x) && math.IsNaN(got) || math.Abs(x-got) <= 1e-11*max(1, math.Abs(x))
					}
					if !ok {
						require.Failf(t, "values differ", "%s of row %d: want %v, got %v %v", c.Name, i, want, c.Num, c.Code)
					}
				}
			}
		})
	}
}

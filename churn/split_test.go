package churn

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// splitData has rows of customers at the cut-offs 0, step, 2·step, ..., some left out, with
// labels at random.
func splitData(customers, cutoffs int, plan Plan, skip float64) *Dataset[int] {
	r := rand.New(rand.NewPCG(8, 8))
	d := &Dataset[int]{Table: &table.Table[Subject[int]]{Columns: []table.Column{table.NumberColumn("row")}}, plan: plan}
	for c := range customers {
		for i := range cutoffs {
			if r.Float64() < skip {
				continue
			}
			d.Table.IDs = append(d.Table.IDs, Subject[int]{Customer: c * 7, Cutoff: Day(i * plan.Step)})
			d.Table.Columns[0].Num = append(d.Table.Columns[0].Num, float64(len(d.Labels)))
			d.Labels = append(d.Labels, r.IntN(3) == 0)
		}
	}
	for i := range cutoffs {
		d.Report.Cutoffs = append(d.Report.Cutoffs, CutoffReport{Cutoff: Day(i * plan.Step)})
	}
	return d
}

func cutoffsOf(d *Dataset[int]) []Day { return d.cutoffs() }

func customersOf(d *Dataset[int]) []int {
	var all []int
	for _, id := range d.Table.IDs {
		all = append(all, id.Customer)
	}
	return slices.Compact(all)
}

func TestSplitByTime(t *testing.T) {
	weekly := splitData(40, 20, Plan{Gap: 3, Horizon: 14, Step: 7}, 0) // labels are known after 17 days
	for _, c := range []struct {
		name                   string
		opts                   *SplitOptions
		train, calibrate, test [2]Day // first and last
		overlap                int    // cut-offs
	}{
		// A fifth are 4 cut-offs: the test from 112 on; calibration may begin up to 95, which are
		// 70, 77, 84 and 91; training up to 53.
		{"default", nil, [2]Day{0, 49}, [2]Day{70, 91}, [2]Day{112, 133}, 4},
		{"test given", &SplitOptions{Test: 119}, [2]Day{0, 56}, [2]Day{77, 98}, [2]Day{119, 133}, 4},
		{"no cut-off", &SplitOptions{Test: 113}, [2]Day{0, 56}, [2]Day{77, 98}, [2]Day{119, 133}, 4},
		{"calibrate given", &SplitOptions{Calibrate: 56}, [2]Day{0, 35}, [2]Day{56, 91}, [2]Day{112, 133}, 4},
		{"both given", &SplitOptions{Calibrate: 50, Test: 98}, [2]Day{0, 35}, [2]Day{56, 77}, [2]Day{98, 133}, 4},
	} {
		s, err := weekly.Split(c.opts)
		require.NoError(t, err, c.name)
		for i, part := range []*Dataset[int]{s.Train, s.Calibrate, s.Test} {
			days := cutoffsOf(part)
			require.Equal(t, [][2]Day{c.train, c.calibrate, c.test}[i], [2]Day{days[0], days[len(days)-1]}, c.name)
			require.Len(t, days, int(days[len(days)-1]-days[0])/7+1, c.name)
			for row, at := range part.Table.Columns[0].Num {
				require.Equal(t, weekly.Labels[int(at)], part.Labels[row])
			}
		}
		require.Equal(t, 40*c.overlap, s.Overlap, c.name)
		require.Zero(t, s.Held)
	}
	// Just known in time: the bound is included.
	s, err := splitData(40, 10, Plan{Gap: NoGap, Horizon: 7, Step: 7}, 0).Split(nil)
	require.NoError(t, err)
	require.Zero(t, s.Overlap)
	s, err = splitData(40, 10, Plan{Gap: 1, Horizon: 7, Step: 7}, 0).Split(nil)
	require.NoError(t, err)
	require.Equal(t, 80, s.Overlap)
}

func TestSplitByCustomer(t *testing.T) {
	d := splitData(1000, 20, Plan{Gap: 3, Horizon: 14, Step: 7}, 0.5)
	s, err := d.Split(&SplitOptions{Customers: 0.3})
	require.NoError(t, err)
	require.Equal(t, d.Rows(), s.Train.Rows()+s.Calibrate.Rows()+s.Test.Rows()+s.Overlap+s.Held)
	held := customersOf(s.Test)
	require.InDelta(t, 300, len(held), 60)
	for _, c := range slices.Concat(customersOf(s.Train), customersOf(s.Calibrate)) {
		_, both := slices.BinarySearch(held, c)
		require.False(t, both)
	}
	other, err := d.Split(&SplitOptions{Customers: 0.3, Seed: 2})
	require.NoError(t, err)
	require.NotEqual(t, held, customersOf(other.Test))
	again, err := d.Split(&SplitOptions{Customers: 0.3, Seed: DefaultSeed})
	require.NoError(t, err)
	require.Equal(t, held, customersOf(again.Test))
}

func TestSplitFaults(t *testing.T) {
	plan := Plan{Gap: 3, Horizon: 14, Step: 7}
	d := splitData(40, 20, plan, 0)
	_, err := d.Split(&SplitOptions{Calibrate: 20, Test: 20, Customers: 1})
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "Calibrate")
	require.ErrorContains(t, err, "Customers")
	for text, o := range map[string]*SplitOptions{
		"test slice is empty":        {Test: 1000},
		"calibration slice is empty": {Calibrate: 107, Test: 112},
		"training slice is empty":    {Calibrate: 7, Test: 112},
	} {
		_, err := d.Split(o)
		require.ErrorIs(t, err, ErrNoRows)
		require.ErrorContains(t, err, text)
	}
	_, err = splitData(40, 2, plan, 0).Split(nil)
	require.ErrorIs(t, err, ErrNoRows)
	_, err = splitData(0, 0, plan, 0).Split(nil)
	require.ErrorIs(t, err, ErrNoRows)

	for i, id := range d.Table.IDs {
		if id.Cutoff >= 112 {
			d.Labels[i] = false
		}
	}
	_, err = d.Split(nil)
	require.ErrorIs(t, err, ErrOneClass)
	require.ErrorContains(t, err, "test slice")
	d.Labels = nil
	_, err = d.Split(nil)
	require.ErrorIs(t, err, ErrNoRows)
}

func TestFolds(t *testing.T) {
	d := splitData(40, 20, Plan{Gap: 3, Horizon: 14, Step: 7}, 0)
	// With four cut-offs each, calibration would begin on 14 and leave none for training.
	var tests, calibrations [][]Day
	var last []Day
	for s, err := range d.Folds(3) {
		require.NoError(t, err)
		tests, calibrations = append(tests, cutoffsOf(s.Test)), append(calibrations, cutoffsOf(s.Calibrate))
		days := cutoffsOf(s.Train)
		require.Equal(t, Day(0), days[0])
		last = append(last, days[len(days)-1])
	}
	require.Equal(t, [][]Day{{77, 84, 91}, {98, 105, 112}, {119, 126, 133}}, tests)
	require.Equal(t, [][]Day{{42, 49, 56}, {63, 70, 77}, {84, 91, 98}}, calibrations)
	require.Equal(t, []Day{21, 42, 63}, last)

	for s, err := range d.Folds(100) {
		require.Nil(t, s)
		require.ErrorIs(t, err, ErrNoRows)
	}
	for s, err := range splitData(0, 0, d.plan, 0).Folds(1) {
		require.Nil(t, s)
		require.ErrorIs(t, err, ErrNoRows)
	}
	for range d.Folds(2) {
		break
	}
	require.Panics(t, func() { d.Folds(0) })
	for row, id := range d.Table.IDs {
		d.Labels[row] = d.Labels[row] && id.Cutoff != 105 && id.Cutoff != 98 && id.Cutoff != 112
	}
	n := 0
	for _, err := range d.Folds(3) {
		if n++; n == 2 {
			require.ErrorIs(t, err, ErrOneClass)
			require.ErrorContains(t, err, "fold 2 of 3")
		}
	}
	require.Equal(t, 2, n)
	d.Labels = nil
	for _, err := range d.Folds(3) {
		require.ErrorIs(t, err, ErrNoRows)
	}
}

func TestCustomerFolds(t *testing.T) {
	d := splitData(3000, 5, Plan{Gap: 3, Horizon: 14, Step: 7}, 0.3)
	folds := d.CustomerFolds(4, 0)
	of := map[int]int32{}
	count := make([]int, 4)
	for row, id := range d.Table.IDs {
		if f, ok := of[id.Customer]; ok {
			require.Equal(t, f, folds[row])
			continue
		}
		of[id.Customer] = folds[row]
		count[folds[row]]++
	}
	for _, n := range count {
		require.InDelta(t, 750, n, 100)
	}
	require.Equal(t, folds, d.CustomerFolds(4, DefaultSeed))
	require.NotEqual(t, folds, d.CustomerFolds(4, 9))
	require.Panics(t, func() { d.CustomerFolds(0, 0) })
}

func TestSplitAsOf(t *testing.T) {
	l, shop := synthLog(t, 5, 300)
	d, err := Snapshots(t.Context(), l, &Plan{Window: 90, Gap: 4, Horizon: 30, Step: 10}, Absent{}, nil)
	require.NoError(t, err)
	for _, day := range []Day{l.Until(), l.Until() - 100} {
		s, err := d.SplitAsOf(day)
		require.NoError(t, err)
		require.Nil(t, s.Test)
		require.Equal(t, d.Rows(), s.Train.Rows()+s.Calibrate.Rows()+s.Overlap)
		first, last := cutoffRange(s.Calibrate)
		_, trained := cutoffRange(s.Train)
		require.LessOrEqual(t, last+34, day, "the labels of calibration are known")
		require.Greater(t, last+34+10, day, "and are the latest that are")
		require.LessOrEqual(t, trained+34, first, "those of training were when calibration began")
		require.Greater(t, trained+34+10, first)
	}
	_, err = d.SplitAsOf(DayOf(shop.Since(), shop.Since().Location()) + 100)
	require.ErrorIs(t, err, ErrNoRows)
	_, err = (&Dataset[int64]{Table: d.Table}).SplitAsOf(l.Until())
	require.ErrorIs(t, err, ErrNoRows)
}

// With a delay labels are known so many days later.
func TestSplitDelay(t *testing.T) {
	d := splitData(40, 20, Plan{Gap: 3, Horizon: 14, Step: 7}, 0) // known after 17 days, 24 with the delay
	s, err := d.Split(&SplitOptions{Delay: 7})
	require.NoError(t, err)
	for i, want := range [][2]Day{{0, 35}, {63, 84}, {112, 133}} {
		days := cutoffsOf([]*Dataset[int]{s.Train, s.Calibrate, s.Test}[i])
		require.Equal(t, want, [2]Day{days[0], days[len(days)-1]})
	}
	require.Equal(t, 6*40, s.Overlap)
	for _, delay := range []int{-1, maxLength + 1} {
		require.ErrorContains(t, (&SplitOptions{Delay: delay}).Validate(), "SplitOptions.Delay")
	}
}

func TestSplitOfNoRows(t *testing.T) {
	d := splitData(40, 20, Plan{Gap: 3, Horizon: 14, Step: 7}, 0).Take(nil)
	_, err := d.SplitAsOf(100)
	require.ErrorIs(t, err, ErrNoRows)
	_, err = d.Split(nil)
	require.ErrorIs(t, err, ErrNoRows)
	for _, err := range d.Folds(2) {
		require.ErrorIs(t, err, ErrNoRows)
	}
}

// What SplitAsOf of as many days before as events take to arrive learns from are the labels that
// were known.
func TestSplitAsOfWithDelay(t *testing.T) {
	const delay = 30
	r := rand.New(rand.NewPCG(15, 15))
	var all []Event[int]
	for customer := range 200 {
		for day := Day(1 + r.IntN(20)); day < 600; day += Day(1 + r.IntN(50)) {
			e := Event[int]{Customer: customer, Time: day.Start(time.UTC)}
			if r.IntN(2) == 0 {
				e.Arrived = e.Time.AddDate(0, 0, delay)
			}
			all = append(all, e)
		}
	}
	log := func(all []Event[int], until Day) *Log[int] {
		l, err := NewLog(t.Context(), slices.Values(all), &LogOptions[int]{
			Location: time.UTC, Since: Day(1).Start(time.UTC), Until: until.Start(time.UTC), Compare: cmp.Compare[int],
		})
		require.NoError(t, err)
		return l
	}
	plan := Plan{Window: 100, Gap: NoGap, Horizon: 30, Step: 10, First: 110, Last: 500}
	d, err := Snapshots(t.Context(), log(all, 600), &plan, Absent{}, nil)
	require.NoError(t, err)
	day := Day(400)
	known := slices.DeleteFunc(slices.Clone(all), func(e Event[int]) bool {
		return !e.Time.Before(day.Start(time.UTC)) || !e.Arrived.Before(day.Start(time.UTC))
	})
	plan.Last = 370
	then, err := Snapshots(t.Context(), log(known, day), &plan, Absent{}, nil)
	require.NoError(t, err)
	labels := map[Subject[int]]bool{}
	for row, id := range then.Table.IDs {
		labels[id] = then.Labels[row]
	}
	differ := func(day Day) (n int) {
		s, err := d.SplitAsOf(day)
		require.NoError(t, err)
		for _, part := range []*Dataset[int]{s.Train, s.Calibrate} {
			for row, id := range part.Table.IDs {
				if l, ok := labels[id]; !ok || l != part.Labels[row] {
					n++
				}
			}
		}
		return n
	}
	require.Zero(t, differ(day-delay))
	require.NotZero(t, differ(day))
}

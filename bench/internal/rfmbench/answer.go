package rfmbench

import (
	"fmt"
	"math"
	"slices"
)

// An answer is the scored customer table, element i being customer i+1.
type answer struct {
	recency, frequency []int32
	monetary           []int64
	scores             [3][]uint8 // recency, frequency, monetary
}

func newAnswer(customers int) *answer {
	return &answer{
		recency:   make([]int32, customers),
		frequency: make([]int32, customers),
		monetary:  make([]int64, customers),
		scores:    [3][]uint8{make([]uint8, customers), make([]uint8, customers), make([]uint8, customers)},
	}
}

// set fills the row of a customer, which must not have been filled yet.
func (a *answer) set(customer, recency, frequency, monetary int64, scores [3]int64) error {
	i := customer - 1
	if i < 0 || i >= int64(len(a.recency)) || a.scores[0][i] != 0 {
		return fmt.Errorf("customer %d is unknown or given twice", customer)
	}
	a.recency[i], a.frequency[i], a.monetary[i] = int32(recency), int32(frequency), monetary
	for d, s := range scores {
		if s < 1 || s > bins {
			return fmt.Errorf("customer %d has score %d", customer, s)
		}
		a.scores[d][i] = uint8(s)
	}
	return nil
}

// compareValues compares all but the scores.
func compareValues(want, got *answer) error {
	for i := range want.recency {
		if want.frequency[i] < 1 {
			return fmt.Errorf("customer %d is missing", i+1)
		}
		if want.recency[i] != got.recency[i] || want.frequency[i] != got.frequency[i] || want.monetary[i] != got.monetary[i] {
			return fmt.Errorf("customer %d: got recency, frequency, money %d %d %d, want %d %d %d", i+1,
				got.recency[i], got.frequency[i], got.monetary[i], want.recency[i], want.frequency[i], want.monetary[i])
		}
	}
	return nil
}

// compareRows wants the same values and scores of every customer.
func compareRows(want, got *answer) error {
	if err := compareValues(want, got); err != nil {
		return err
	}
	for d := range want.scores {
		for i, s := range want.scores[d] {
			if s != got.scores[d][i] {
				return fmt.Errorf("customer %d, dimension %d: got score %d, want %d", i+1, d, got.scores[d][i], s)
			}
		}
	}
	return nil
}

// compareGroups wants the same values of every customer, and the same values
// in every score: engines split customers of equal values as they like.
func compareGroups(want, got *answer) error {
	if err := compareValues(want, got); err != nil {
		return err
	}
	for d := range want.scores {
		if w, g := want.groups(d), got.groups(d); !slices.Equal(w, g) {
			return fmt.Errorf("dimension %d: scores hold (customers, least, most, sum) %v, want %v", d, g, w)
		}
	}
	return nil
}

type group struct{ customers, least, most, sum int64 }

func (a *answer) groups(d int) []group {
	out := make([]group, bins)
	for i := range out {
		out[i].least, out[i].most = math.MaxInt64, math.MinInt64
	}
	for i, s := range a.scores[d] {
		v := [3]int64{int64(a.recency[i]), int64(a.frequency[i]), a.monetary[i]}[d]
		g := &out[s-1]
		g.customers++
		g.least, g.most, g.sum = min(g.least, v), max(g.most, v), g.sum+v
	}
	return out
}

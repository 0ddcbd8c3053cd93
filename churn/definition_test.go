package churn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The cut-off is day 100, the gap 3 days, the horizon the days 103 to 109.
func TestHappensAndAbsent(t *testing.T) {
	for _, c := range []struct {
		name            string
		life            []labelEvent
		happens, absent string
	}{
		{"nobody", nil, "none", "none"},
		{"nobody yet", bought(103), "none", "none"},
		{"never again", bought(99), "no", "yes"},
		{"on the cut-off", bought(99, 100), "no", "yes"},
		{"last of the gap", bought(99, 102), "no", "yes"},
		{"first of the horizon", bought(99, 103), "yes", "no"},
		{"gap and horizon", bought(99, 102, 104), "yes", "no"},
		{"last of the horizon", bought(99, 109), "yes", "no"},
		{"after the horizon", bought(99, 110), "no", "yes"},
		{"other kinds", []labelEvent{{99, Contact}, {105, Contact}}, "no", "none"},
		{"bought, then called", []labelEvent{{98, Purchase}, {105, Contact}}, "no", "yes"},
		{"called, then bought", []labelEvent{{98, Contact}, {105, Purchase}, {106, Contact}}, "yes", "none"},
	} {
		past, future := labelView(c.life, 100, 3, 7)
		require.Equal(t, c.happens, askLabel(Happens{}, past, future), c.name)
		require.Equal(t, c.absent, askLabel(Absent{}, past, future), c.name)
	}
}

func TestHappensOfKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		life := randomLife(r, Purchase, Refund, "visit")
		kinds := [][]string{nil, {Refund}, {"visit", Refund}, {"never"}}[r.IntN(4)]
		asked := kinds
		if kinds == nil {
			asked = []string{Purchase}
		}
		past, future := labelView(life, 100, r.IntN(4), 1+r.IntN(40))
		days := daysOf(life, asked...)
		happens := slices.ContainsFunc(days, func(d Day) bool { return d >= future.start && d < future.end })
		want := map[bool]string{true: "yes", false: "no"}
		if past.Len() > 0 {
			require.Equal(t, want[happens], askLabel(Happens{Kinds: kinds}, past, future))
		}
		if slices.ContainsFunc(days, func(d Day) bool { return d < 100 }) {
			require.Equal(t, want[!happens], askLabel(Absent{Kinds: kinds}, past, future))
		} else {
			require.Equal(t, "none", askLabel(Absent{Kinds: kinds}, past, future))
		}
	}
}

func TestAmong(t *testing.T) {
	// Gaps of 10 days: in their rhythm are those who bought at most 10 days before the cut-off.
	l := Among{Label: Absent{}, Who: "customers in their rhythm", Is: OwnGap{Quantile: 0.8}.Subject}
	for last, want := range map[Day]string{99: "yes", 90: "yes", 89: "none"} {
		past, future := labelView(bought(last-30, last-20, last-10, last), 100, 0, 7)
		require.Equal(t, want, askLabel(l, past, future), last)
	}
	past, future := labelView(bought(60, 70, 80, 90, 100), 100, 0, 7)
	require.Equal(t, "no", askLabel(l, past, future))
	past, future = labelView([]labelEvent{{90, Contact}}, 100, 0, 7)
	l.Is = func(*History) bool { return true }
	require.Equal(t, "none", askLabel(l, past, future), "no subject of the label")
}

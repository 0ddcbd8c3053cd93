package cluster

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// compareRows makes the labels of two divisions from the rows that their groups have in
// common.
func compareRows(common [][]int) (before, after []int32) {
	for i, row := range common {
		for j, n := range row {
			for range n {
				before, after = append(before, int32(i)), append(after, int32(j))
			}
		}
	}
	return before, after
}

func TestCompareVerdicts(t *testing.T) {
	type fate struct {
		verdict Verdict
		with    []int
	}
	for _, test := range []struct {
		name          string
		common        [][]int
		before, after []fate
	}{
		{
			"the same",
			[][]int{{5, 0}, {0, 3}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{1}}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{1}}},
		},
		{
			"relabelled with some who moved",
			[][]int{{1, 0, 9}, {8, 1, 0}, {0, 7, 1}},
			[]fate{{VerdictKept, []int{2}}, {VerdictKept, []int{0}}, {VerdictKept, []int{1}}},
			[]fate{{VerdictKept, []int{1}}, {VerdictKept, []int{2}}, {VerdictKept, []int{0}}},
		},
		{
			"split",
			[][]int{{60, 0, 40}, {0, 50, 0}},
			[]fate{{VerdictSplit, []int{0, 2}}, {VerdictKept, []int{1}}},
			[]fate{{VerdictSplit, []int{0}}, {VerdictKept, []int{1}}, {VerdictSplit, []int{0}}},
		},
		{
			"merged",
			[][]int{{40, 0}, {0, 30}, {60, 0}},
			[]fate{{VerdictMerged, []int{0}}, {VerdictKept, []int{1}}, {VerdictMerged, []int{0}}},
			[]fate{{VerdictMerged, []int{2, 0}}, {VerdictKept, []int{1}}},
		},
		{
			"a small one swallowed",
			[][]int{{90, 5}, {8, 0}, {2, 70}},
			[]fate{{VerdictKept, []int{0}}, {VerdictMerged, []int{0}}, {VerdictKept, []int{1}}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{2}}},
		},
		{
			"a small one chipped off",
			[][]int{{90, 8, 2}, {5, 0, 70}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{2}}},
			[]fate{{VerdictKept, []int{0}}, {VerdictSplit, []int{0}}, {VerdictKept, []int{1}}},
		},
		{
			"scattered, and one made of scraps",
			[][]int{{80, 0, 0, 10}, {0, 80, 0, 10}, {0, 0, 80, 10}, {10, 10, 10, 0}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{1}}, {VerdictKept, []int{2}}, {VerdictGone, nil}},
			[]fate{{VerdictKept, []int{0}}, {VerdictKept, []int{1}}, {VerdictKept, []int{2}}, {VerdictNew, nil}},
		},
		{
			"halves that merge with another",
			[][]int{{50, 50, 0}, {50, 0, 0}, {0, 0, 10}},
			[]fate{{VerdictSplit, []int{0, 1}}, {VerdictMerged, []int{0}}, {VerdictKept, []int{2}}},
			[]fate{{VerdictMerged, []int{0, 1}}, {VerdictSplit, []int{0}}, {VerdictKept, []int{2}}},
		},
		{
			"a group without rows",
			[][]int{{0, 0, 0}, {0, 9, 0}, {0, 0, 9}},
			[]fate{{VerdictGone, nil}, {VerdictKept, []int{1}}, {VerdictKept, []int{2}}},
			[]fate{{VerdictNew, nil}, {VerdictKept, []int{1}}, {VerdictKept, []int{2}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after := compareRows(test.common)
			c := Compare(before, after)
			fates := func(all []Fate) (out []fate) {
				for g, f := range all {
					require.Equal(t, g, f.Group)
					out = append(out, fate{f.Verdict, f.With})
				}
				return out
			}
			require.Equal(t, test.before, fates(c.Before))
			require.Equal(t, test.after, fates(c.After))
		})
	}
}

func TestCompareNothing(t *testing.T) {
	c := Compare(nil, nil)
	require.Zero(t, c.Rows)
	require.Empty(t, c.Before)
	require.InDelta(t, 1, c.AdjustedRand, 0)
	require.Panics(t, func() { Compare([]int32{1}, nil) })
	require.PanicsWithValue(t, "cluster: Compare of a group of MaxK or more", func() { Compare([]int32{0}, []int32{1 << 30}) })
}

// TestCompareIsSymmetric exchanges the two divisions, and renames the groups of one.
func TestCompareIsSymmetric(t *testing.T) {
	mirror := []Verdict{VerdictKept: VerdictKept, VerdictSplit: VerdictMerged, VerdictMerged: VerdictSplit, VerdictNew: VerdictGone, VerdictGone: VerdictNew}
	random := rand.New(rand.NewPCG(31, 32))
	seen := map[Verdict]int{}
	for range 1000 {
		rows, columns := 1+random.IntN(4), 1+random.IntN(4)
		common := make([][]int, rows)
		for i := range common {
			common[i] = make([]int, columns)
			for j := range common[i] {
				common[i][j] = max(0, random.IntN(12)-5)
			}
		}
		before, after := compareRows(common)
		c, back := Compare(before, after), Compare(after, before)
		require.InDelta(t, c.AdjustedRand, back.AdjustedRand, 1e-15)
		require.InDelta(t, c.AdjustedMutualInformation, back.AdjustedMutualInformation, 1e-12)
		for _, pair := range [][2][]Fate{{c.Before, back.After}, {c.After, back.Before}} {
			for g, f := range pair[0] {
				seen[f.Verdict]++
				require.Equal(t, mirror[f.Verdict], pair[1][g].Verdict, "%v", common)
				require.Equal(t, f.With, pair[1][g].With)
				require.Equal(t, f.Rows, pair[1][g].Rows)
			}
		}
		for _, f := range c.Before {
			if f.Verdict == VerdictKept {
				require.Equal(t, VerdictKept, c.After[f.With[0]].Verdict)
				require.Equal(t, []int{f.Group}, c.After[f.With[0]].With)
			}
			if f.Match >= 0 {
				require.Equal(t, f.Group, c.After[f.Match].Match)
				require.Positive(t, f.Jaccard)
			}
		}
		name := random.Perm(columns)
		renamed := make([]int32, len(after))
		for i, g := range after {
			renamed[i] = int32(name[g])
		}
		for g, f := range Compare(before, renamed).Before {
			require.Equal(t, c.Before[g].Verdict, f.Verdict)
		}
	}
	require.Len(t, seen, len(verdictNames), "every verdict has come up")
}

func TestCompareRelabelledCopy(t *testing.T) {
	random := rand.New(rand.NewPCG(33, 34))
	const n, k = 400, 9
	name := random.Perm(k)
	before, after := make([]int32, n), make([]int32, n)
	for i := range before {
		before[i] = int32(i % k)
		after[i] = int32(name[before[i]])
	}
	c := Compare(before, after)
	require.InDelta(t, 1, c.AdjustedRand, 0)
	require.InDelta(t, 1, c.AdjustedMutualInformation, 0)
	for g, f := range c.Before {
		require.Equal(t, Fate{Group: g, Rows: f.Rows, Verdict: VerdictKept, With: []int{name[g]}, Match: name[g], Jaccard: 1}, f)
	}
}

func TestComparisonAsJSON(t *testing.T) {
	c := Compare(compareRows([][]int{{60, 0, 40}, {0, 50, 0}}))
	text, err := json.Marshal(c)
	require.NoError(t, err)
	var back Comparison
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *c, back)
	require.Contains(t, string(text), `"verdict":"split"`)
	var v Verdict
	require.Error(t, v.UnmarshalText([]byte("lost")))
	require.True(t, slices.ContainsFunc(c.After, func(f Fate) bool { return f.Verdict == VerdictSplit }))
}

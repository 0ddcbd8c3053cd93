package cluster

import (
	"cmp"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/learn/score"
)

// Comparison is how two divisions of the same rows into groups agree, and what became of
// each group. A plain value: safe for concurrent reads.
type Comparison struct {
	// Rows is the number of rows that have a group in both.
	Rows int `json:"rows"`
	// AdjustedRand and AdjustedMutualInformation are 1 for the same division and about 0
	// for two that have nothing to do with each other. See [score.Contingency].
	AdjustedRand              float64 `json:"adjusted_rand"`
	AdjustedMutualInformation float64 `json:"adjusted_mutual_information"`
	// Before has what became of each group of the first division, After where each group
	// of the second came from, up to the last one that was given.
	Before []Fate `json:"before"`
	After  []Fate `json:"after"`
}

// Fate is what became of a group, or where it came from. A plain value: safe for
// concurrent reads.
type Fate struct {
	// Group is the number of the group and Rows that of its rows.
	Group int `json:"group"`
	Rows  int `json:"rows"`
	// Verdict says what happened, With which groups of the other division took part in
	// it, those with most rows in common first: the one it was kept as, the parts it was
	// split into, the group it was merged into; for a group after: the one it was split
	// from, those that were merged into it. VerdictNew and VerdictGone have none.
	Verdict Verdict `json:"verdict"`
	With    []int   `json:"with,omitempty"`
	// Match is the partner of the group where groups of both divisions are paired so that
	// the rows in common are as many as possible in all; -1: it has none, or none with a
	// row in common. Jaccard is the share of the rows in both that those in either are; 0
	// without a partner.
	Match   int     `json:"match"`
	Jaccard float64 `json:"jaccard"`
}

// Verdict is what happened to a group. A plain value: safe for concurrent reads.
type Verdict uint8

// The verdicts. A part of a group is a group of the other division that has at least a
// quarter of its rows, which are at least half of its own. Two parts come before
// VerdictKept, VerdictKept before "more than half".
const (
	// VerdictKept: the rows in both groups are more than half of those in either.
	VerdictKept Verdict = iota
	// VerdictSplit: the group has two parts or more. Of a group after: it is one of two or more
	// parts, or more than half of its rows come from one group.
	VerdictSplit
	// VerdictMerged: the group is one of two or more parts of a group after, or more than half of
	// its rows went to one. Of a group after: it has two parts or more.
	VerdictMerged
	// VerdictNew: a group after of which nothing above holds, or without rows.
	VerdictNew
	// VerdictGone: a group before of which nothing above holds, or without rows.
	VerdictGone
)

var verdictNames = []string{"kept", "split", "merged", "new", "gone"}

// String is the verdict in lower case.
func (v Verdict) String() string { return enum.Name(verdictNames, v) }

// MarshalText writes the verdict in lower case.
func (v Verdict) MarshalText() ([]byte, error) {
	return enum.Marshal("cluster", "verdict", verdictNames, v)
}

// UnmarshalText reads the verdict in lower case.
func (v *Verdict) UnmarshalText(text []byte) error {
	return enum.Unmarshal("cluster", "verdict", verdictNames, text, v)
}

// Compare compares two divisions of the same rows: before and after have the group of
// each row, from 0 on, such as two models give them to one table, or one model to the
// same customers at two times. A row with a negative group in either is left out. It
// panics if they have different lengths or a group is [MaxK] or more.
//
// The verdicts are those of Spiliopoulou and others (MONIC, 2006), made symmetric: with
// before and after exchanged, VerdictSplit and VerdictMerged are exchanged too, and so are
// VerdictNew and VerdictGone. Cost: O(rows), that of
// [score.Contingency.AdjustedMutualInformation], and with k one more than the highest group
// O(k²), O(k³) at worst, and 16·k² bytes; 256 groups take some 15 ms.
func Compare(before, after []int32) *Comparison {
	if max(highestLabel(before), highestLabel(after)) >= MaxK {
		panic("cluster: Compare of a group of MaxK or more")
	}
	t := score.NewContingency(before, after)
	sumA, sumB := t.Sums()
	c := &Comparison{
		Rows:                      t.Rows(),
		AdjustedRand:              t.AdjustedRand(),
		AdjustedMutualInformation: t.AdjustedMutualInformation(),
		Before:                    make([]Fate, len(sumA)),
		After:                     make([]Fate, len(sumB)),
	}
	here, there := make([]kin, len(sumA)), make([]kin, len(sumB))
	common := make([]int, len(sumA)*len(sumB))
	for pair, n := range t.All() {
		i, j := pair[0], pair[1]
		common[i*len(sumB)+j] = n
		here[i].meet(j, n, sumA[i], sumB[j])
		there[j].meet(i, n, sumB[j], sumA[i])
	}
	for j := range c.After {
		c.After[j] = Fate{Group: j, Rows: sumB[j], Match: -1}
		c.After[j].judge(&there[j], here, VerdictMerged, VerdictSplit, VerdictNew)
	}
	partner := matchGroups(common, len(sumA), len(sumB))
	for i := range c.Before {
		c.Before[i] = Fate{Group: i, Rows: sumA[i], Match: -1}
		c.Before[i].judge(&here[i], there, VerdictSplit, VerdictMerged, VerdictGone)
		if j := partner[i]; j >= 0 {
			jaccard := t.Jaccard(i, j)
			c.Before[i].Match, c.Before[i].Jaccard = j, jaccard
			c.After[j].Match, c.After[j].Jaccard = i, jaccard
		}
	}
	return c
}

// kin are the groups of the other division that a group has rows in common with.
type kin struct {
	parts  []kindred // that are parts of this one
	wholes []kindred // that this one is a part of
	same   *kindred  // that it could be kept as
	home   *kindred  // that has more than half of its rows
}

type kindred struct{ group, rows int }

// meet notes that group other, with theirs rows, and this one, with ours, have n in common.
func (k *kin) meet(other, n, ours, theirs int) {
	it := kindred{other, n}
	if 2*n >= theirs && 4*n >= ours {
		k.parts = append(k.parts, it)
	}
	if 2*n >= ours && 4*n >= theirs {
		k.wholes = append(k.wholes, it)
	}
	if 3*n > ours+theirs {
		k.same = &it
	}
	if 2*n > ours {
		k.home = &it
	}
}

// judge sets the verdict: apart if the group fell apart, joined if it went into another,
// alone if neither. others are the kin of the groups of the other division.
func (f *Fate) judge(k *kin, others []kin, apart, joined, alone Verdict) {
	whole := slices.IndexFunc(k.wholes, func(w kindred) bool { return len(others[w.group].parts) > 1 })
	switch {
	case f.Rows == 0:
		f.Verdict = alone
	case len(k.parts) > 1:
		slices.SortStableFunc(k.parts, func(a, b kindred) int { return cmp.Compare(b.rows, a.rows) })
		f.Verdict = apart
		for _, p := range k.parts {
			f.With = append(f.With, p.group)
		}
	case whole >= 0:
		f.Verdict, f.With = joined, []int{k.wholes[whole].group}
	case k.same != nil:
		f.Verdict, f.With = VerdictKept, []int{k.same.group}
	case k.home != nil:
		f.Verdict, f.With = joined, []int{k.home.group}
	default:
		f.Verdict = alone
	}
}

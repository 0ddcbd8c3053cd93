package rfm

import (
	"math"
	"slices"
	"sort"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Mode is a way to cut values into scores. It is a plain value: safe for concurrent reads.
//
// In the formulas N is the number of customers, n that of bins, q(p) the type-7
// quantile (Hyndman and Fan 1996, linear between order statistics at (N-1)p).
type Mode uint8

// The binning modes.
const (
	// MidRank scores v by its mid-rank m = (count(<v) + count(=v)/2) / N as
	// 1 + floor(n m), with < read as "worse than". Equal values get equal
	// scores, whatever their share; nothing depends on the order of input.
	// Where many values are equal some scores stay unused: if more than 2/n of
	// all customers ordered once, none has the lowest frequency score. Fixed
	// thresholds of frequency then tell more.
	MidRank Mode = iota
	// RQuantile is the rule of the R package rfm 0.3: class i holds
	// t(i-1) <= v < t(i) with t(i) = q(i/n) + 1; recency is reversed after
	// the cut. The added 1 suits integers only; kept for comparison.
	RQuantile
	// QCut is pandas.qcut with duplicates="drop": class i holds
	// q((i-1)/n) < v <= q(i/n), the minimum is included, equal edges are
	// dropped and the classes numbered anew from 1, so that the best score
	// can be below n; recency is reversed after the cut. Values that are all
	// equal, of which pandas makes no class at all, score 1.
	QCut
	// NTile is SQL's NTILE(n) from worst to best: as many customers in each
	// score as can be, the first N mod n scores one more. Customers with equal
	// values are cut apart by id, the smaller id scoring lower. A customer
	// scored later by value alone gets the score of the middle of its equals.
	NTile
	// Fixed cuts at given thresholds.
	Fixed
)

var modeNames = []string{"mid_rank", "r_quantile", "qcut", "ntile", "fixed"}

// String is the mode's name in lower case.
func (m Mode) String() string { return enum.Name(modeNames, m) }

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return enum.Marshal("rfm", "mode", modeNames, m) }

// UnmarshalText reads the mode's name.
func (m *Mode) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "mode", modeNames, text, m)
}

// Thresholds turn a value into a score: its class is the number of cuts not
// above it (with RightClosed: below it), counted from 0; the score is 1 + class,
// or with Reversed Bins - class. It is a plain value: safe for concurrent reads.
type Thresholds struct {
	Bins        int       `json:"bins"`
	Cuts        []float64 `json:"cuts"` // ascending, fewer than Bins; equal cuts leave a score unused
	RightClosed bool      `json:"right_closed,omitempty"`
	Reversed    bool      `json:"reversed,omitempty"`
}

// Score is the score of v, 1 to Bins. A NaN scores as the smallest value.
// Cost: O(Bins), no allocation.
func (t *Thresholds) Score(v float64) uint8 {
	class := 0
	if t.RightClosed {
		for _, c := range t.Cuts {
			if c < v {
				class++
			}
		}
	} else {
		for _, c := range t.Cuts {
			if c <= v {
				class++
			}
		}
	}
	if t.Reversed {
		return uint8(t.Bins - class)
	}
	return uint8(1 + class)
}

// fit finds the thresholds of one dimension over the values of d.
func (b *Binning) fit(d *distribution, reversed bool) Thresholds {
	n := b.bins()
	t := Thresholds{Bins: n, Reversed: reversed}
	switch b.Mode {
	case RQuantile:
		for i := 1; i < n; i++ {
			t.Cuts = append(t.Cuts, d.quantileR(i, n)+1)
		}
	case QCut:
		t.RightClosed = true
		edges := make([]float64, 0, n+1)
		for i := range n + 1 {
			if q := d.quantileNumPy(i, n); i == 0 || q != edges[len(edges)-1] {
				edges = append(edges, q)
			}
		}
		t.Bins = max(1, len(edges)-1)
		if t.Bins > 1 {
			t.Cuts = edges[1:t.Bins]
		}
	case Fixed:
		t.Cuts = append([]float64(nil), b.Thresholds...)
	default: // by rank
		for class := 1; class < n; class++ {
			cut, ok := d.first(func(same tie) bool { return b.class(same, d.n, reversed) >= class })
			if !ok {
				break
			}
			t.Cuts = append(t.Cuts, cut)
		}
	}
	return t
}

// class is the class, from 0 in the order of values, of a tie by its rank among
// count values.
func (b *Binning) class(same tie, count int, reversed bool) int {
	n, worse := b.bins(), same.worse(count, reversed)
	score := 0
	if b.Mode == NTile {
		score = ntile(n, count, worse+same.equal/2)
	} else {
		score = 1 + int(int64(n)*(2*int64(worse)+int64(same.equal))/(2*int64(count)))
	}
	if reversed {
		return n - score
	}
	return score - 1
}

// worse is the number of the count values that are worse than those of the tie.
func (same tie) worse(count int, reversed bool) int {
	if reversed {
		return count - same.below - same.equal
	}
	return same.below
}

// ntile is the group, 1 to n, of the member at a rank (from 0) among count.
func ntile(n, count, rank int) int {
	size, more := count/n, count%n
	if big := more * (size + 1); rank >= big {
		return 1 + more + (rank-big)/max(1, size)
	}
	return 1 + rank/(size+1)
}

// A split knows the values whose equals NTile cuts apart: at most one for each
// boundary between scores.
type split struct {
	bins, count int
	values      []float64 // ascending
	ranks       []int     // of the next customer with the value, from the worst
}

func (b *Binning) split(d *distribution, reversed bool) split {
	s := split{bins: b.bins(), count: d.n}
	if b.Mode != NTile {
		return s
	}
	for rank := 1; rank < d.n; rank++ {
		// To the first rank of the next group: is the value before it the same?
		if rank = s.next(rank); rank == d.n {
			break
		}
		at := func(rank int) float64 {
			if reversed {
				rank = d.n - 1 - rank
			}
			return d.at(rank)
		}
		if v := at(rank); v == at(rank-1) && !slices.Contains(s.values, v) {
			s.values, s.ranks = append(s.values, v), append(s.ranks, d.tie(v).worse(d.n, reversed))
		}
	}
	if reversed {
		slices.Reverse(s.values)
		slices.Reverse(s.ranks)
	}
	return s
}

// next is the first rank from rank on that begins a group, or the count.
func (s *split) next(rank int) int {
	group := ntile(s.bins, s.count, rank-1)
	return rank + sort.Search(s.count-rank, func(i int) bool { return ntile(s.bins, s.count, rank+i) > group })
}

// score is the score of the next customer with value v, which is whole unless v is split.
func (s *split) score(v float64, whole uint8) uint8 {
	for i, same := range s.values { // a few
		if same == v {
			s.ranks[i]++
			return uint8(ntile(s.bins, s.count, s.ranks[i]-1))
		}
	}
	return whole
}

// quantileR is the type-7 quantile of i/n as R computes it: quantile(probs = seq(0, 1, length.out = n + 1)).
func (d *distribution) quantileR(i, n int) float64 {
	h := 1 + float64(float64(d.n-1)*(float64(i)*(1/float64(n)))) // R counts from 1, which rounds otherwise
	lo := math.Floor(h)
	a, b := d.at(int(lo)-1), d.at(int(math.Ceil(h))-1)
	if a == b {
		return a
	}
	return float64((1-(h-lo))*a) + float64((h-lo)*b)
}

// quantileNumPy is the type-7 quantile of i/n as pandas.qcut has NumPy compute it: quantile(linspace(0, 1, n+1)).
func (d *distribution) quantileNumPy(i, n int) float64 {
	p := 1.0
	if i < n {
		p = float64(i) * (1 / float64(n))
	}
	h := float64(d.n-1) * p
	lo := math.Floor(h)
	a, b := d.at(int(lo)), d.at(min(int(lo)+1, d.n-1))
	if g := h - lo; g < 0.5 {
		return a + float64((b-a)*g)
	} else {
		return b - float64((b-a)*(1-g))
	}
}

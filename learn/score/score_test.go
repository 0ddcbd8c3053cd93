package score_test

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/score"
)

// TestScikitLearn compares with sklearn.metrics; see testdata/agreement.py.
func TestScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/agreement.json")
	require.NoError(t, err)
	var fixture struct {
		Cases []struct {
			Name                        string
			A, B                        []int32
			AdjustedRand                float64 `json:"adjusted_rand"`
			AdjustedMutualInformation   float64 `json:"adjusted_mutual_information"`
			NormalizedMutualInformation float64 `json:"normalized_mutual_information"`
			MutualInformation           float64 `json:"mutual_information"`
			FowlkesMallows              float64 `json:"fowlkes_mallows"`
			Homogeneity, Completeness   float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &fixture))
	require.Len(t, fixture.Cases, 14)
	const tolerance = 1e-12
	for _, f := range fixture.Cases {
		t.Run(f.Name, func(t *testing.T) {
			c := score.NewContingency(f.A, f.B)
			require.InDelta(t, f.AdjustedRand, c.AdjustedRand(), tolerance)
			require.InDelta(t, f.AdjustedMutualInformation, c.AdjustedMutualInformation(), tolerance)
			require.InDelta(t, f.NormalizedMutualInformation, c.NormalizedMutualInformation(), tolerance)
			require.InDelta(t, f.MutualInformation, c.MutualInformation(), tolerance)
			require.InDelta(t, f.FowlkesMallows, c.FowlkesMallows(), tolerance)
			a, b := c.Entropies()
			if a > 0 {
				require.InDelta(t, f.Homogeneity, c.MutualInformation()/a, tolerance)
			}
			if b > 0 {
				require.InDelta(t, f.Completeness, c.MutualInformation()/b, tolerance)
			}
		})
	}
}

func TestDegenerateDivisions(t *testing.T) {
	one, each := []int32{0, 0, 0, 0}, []int32{3, 2, 1, 0}
	for _, test := range []struct {
		name           string
		a, b           []int32
		agree, fowlkes float64
	}{
		{"no rows", nil, nil, 1, 0},
		{"unknown groups only", []int32{-1, 0}, []int32{0, -1}, 1, 0},
		{"one row", []int32{5}, []int32{0}, 1, 0},
		{"both one group", one, one, 1, 1},
		{"both a group for each row", each, []int32{0, 1, 2, 3}, 1, 0},
		{"one group and one for each row", one, each, 0, 0},
		{"one group and two", one, []int32{0, 0, 1, 1}, 0, math.Sqrt(2. / 6)},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := score.NewContingency(test.a, test.b)
			require.InDelta(t, test.agree, c.AdjustedRand(), 0)
			require.InDelta(t, test.agree, c.AdjustedMutualInformation(), 1e-15)
			require.InDelta(t, test.agree, c.NormalizedMutualInformation(), 0)
			require.InDelta(t, test.fowlkes, c.FowlkesMallows(), 1e-15)
		})
	}
}

func TestContingencyCounts(t *testing.T) {
	c := score.NewContingency([]int32{0, 0, 0, 2, 2, -1, 1}, []int32{1, 1, 0, 1, 1, 0, -1})
	require.Equal(t, 5, c.Rows())
	a, b := c.Sums()
	require.Equal(t, []int{3, 0, 2}, a)
	require.Equal(t, []int{1, 4}, b)
	var pairs [][2]int
	for pair, n := range c.All() {
		pairs = append(pairs, pair)
		require.Equal(t, n, c.Count(pair[0], pair[1]))
	}
	require.Equal(t, [][2]int{{0, 0}, {0, 1}, {2, 1}}, pairs)
	for range c.All() {
		break
	}
	require.Zero(t, c.Count(1, 1))
	require.InDelta(t, 2./5, c.Jaccard(0, 1), 1e-15)
	require.InDelta(t, 2./4, c.Jaccard(2, 1), 1e-15)
	require.Zero(t, c.Jaccard(1, 1))
	require.Panics(t, func() { c.Jaccard(0, 2) })
	require.Panics(t, func() { score.NewContingency([]int32{0}, nil) })
}

// TestManyGroups reaches the form of counting that does not keep all pairs of groups.
func TestManyGroups(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const n, k = 3000, 2000
	a, b := make([]int32, n), make([]int32, n)
	want := map[[2]int]int{}
	for i := range a {
		a[i], b[i] = random.Int32N(k)-1, random.Int32N(k)-1
		if random.IntN(2) == 0 {
			b[i] = a[i]
		}
		if a[i] >= 0 && b[i] >= 0 {
			want[[2]int{int(a[i]), int(b[i])}]++
		}
	}
	got := map[[2]int]int{}
	last := [2]int{-1, -1}
	for pair, rows := range score.NewContingency(a, b).All() {
		require.True(t, last[0] < pair[0] || last[0] == pair[0] && last[1] < pair[1])
		got[pair], last = rows, pair
	}
	require.Equal(t, want, got)
}

// pairsByHand counts pairs of rows one by one.
func pairsByHand(a, b []int32) (both, onlyA, onlyB, neither int64) {
	for i := range a {
		for j := range i {
			switch inA, inB := a[i] == a[j], b[i] == b[j]; {
			case inA && inB:
				both++
			case inA:
				onlyA++
			case inB:
				onlyB++
			default:
				neither++
			}
		}
	}
	return both, onlyA, onlyB, neither
}

func TestAgreementByHand(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		n, k := 2+random.IntN(40), 1+random.Int32N(6)
		a, b := make([]int32, n), make([]int32, n)
		for i := range a {
			a[i], b[i] = random.Int32N(k), random.Int32N(k)
		}
		both, onlyA, onlyB, neither := pairsByHand(a, b)
		c := score.NewContingency(a, b)
		// Hubert and Arabie's own form, in fractions.
		pairs := big.NewRat(both+onlyA+onlyB+neither, 1)
		sumA, sumB := big.NewRat(both+onlyA, 1), big.NewRat(both+onlyB, 1)
		expected := new(big.Rat).Quo(new(big.Rat).Mul(sumA, sumB), pairs)
		top := new(big.Rat).Sub(big.NewRat(both, 1), expected)
		mean := new(big.Rat).Mul(new(big.Rat).Add(sumA, sumB), big.NewRat(1, 2))
		bottom := new(big.Rat).Sub(mean, expected)
		want := 1.0
		if onlyA+onlyB > 0 {
			want, _ = new(big.Rat).Quo(top, bottom).Float64()
		}
		require.InDelta(t, want, c.AdjustedRand(), 1e-15)
	}
}

// TestShuffles holds the expected mutual information against the mean over all ways to
// shuffle eight rows.
func TestShuffles(t *testing.T) {
	a := []int32{0, 0, 0, 0, 1, 1, 2, 2}
	b := []int32{0, 1, 0, 0, 1, 1, 1, 0}
	sum, count := 0.0, 0
	shuffled := append([]int32(nil), b...)
	var permute func(at int)
	permute = func(at int) {
		if at == len(shuffled) {
			sum += score.NewContingency(a, shuffled).MutualInformation()
			count++
			return
		}
		for i := at; i < len(shuffled); i++ {
			shuffled[at], shuffled[i] = shuffled[i], shuffled[at]
			permute(at + 1)
			shuffled[at], shuffled[i] = shuffled[i], shuffled[at]
		}
	}
	permute(0)
	require.Equal(t, 40320, count)
	c := score.NewContingency(a, b)
	entropyA, entropyB := c.Entropies()
	expected := sum / float64(count)
	want := (c.MutualInformation() - expected) / ((entropyA+entropyB)/2 - expected)
	require.InDelta(t, want, c.AdjustedMutualInformation(), 1e-12)
}

func TestNamesOfGroupsDoNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	const n, k = 500, 7
	a, b := make([]int32, n), make([]int32, n)
	for i := range a {
		a[i] = random.Int32N(k)
		b[i] = a[i] / 2
		if random.IntN(3) == 0 {
			b[i] = random.Int32N(k)
		}
	}
	c := score.NewContingency(a, b)
	name, order := random.Perm(2*k), random.Perm(n)
	a2, b2 := make([]int32, n), make([]int32, n)
	for i, row := range order {
		a2[i], b2[i] = int32(name[a[row]]), b[row]
	}
	for _, other := range []*score.Contingency{score.NewContingency(a2, b2), score.NewContingency(b2, a2)} {
		require.InDelta(t, c.AdjustedRand(), other.AdjustedRand(), 1e-15)
		require.InDelta(t, c.AdjustedMutualInformation(), other.AdjustedMutualInformation(), 1e-14)
		require.InDelta(t, c.NormalizedMutualInformation(), other.NormalizedMutualInformation(), 1e-14)
		require.InDelta(t, c.FowlkesMallows(), other.FowlkesMallows(), 1e-15)
	}
}

// TestMillionsOfRows has counts whose pairs times pairs exceed 64 bits, where a division
// agrees with itself but for a few rows, and one that agrees by chance alone.
func TestMillionsOfRows(t *testing.T) {
	if testing.Short() {
		t.Skip("millions of rows")
	}
	random := rand.New(rand.NewPCG(9, 10))
	const n, k, moved = 1_000_000, 4, 10
	a, b, other := make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range a {
		a[i] = int32(i * k / n)
		b[i], other[i] = a[i], random.Int32N(k)
	}
	for i := range moved {
		b[i] = 1
	}
	c := score.NewContingency(a, b)
	choose2 := func(x int64) *big.Int { return new(big.Int).Rsh(new(big.Int).Mul(big.NewInt(x), big.NewInt(x-1)), 1) }
	const g = n / k
	s := new(big.Rat).SetInt(choose2(g - moved))
	for _, x := range []int64{moved, g, g, g} {
		s.Add(s, new(big.Rat).SetInt(choose2(x)))
	}
	sumA := new(big.Rat).Mul(new(big.Rat).SetInt(choose2(g)), big.NewRat(4, 1))
	sumB := new(big.Rat).Mul(new(big.Rat).SetInt(choose2(g)), big.NewRat(2, 1))
	sumB.Add(sumB, new(big.Rat).SetInt(choose2(g-moved))).Add(sumB, new(big.Rat).SetInt(choose2(g+moved)))
	expected := new(big.Rat).Mul(sumA, sumB)
	expected.Quo(expected, new(big.Rat).SetInt(choose2(n)))
	mean := new(big.Rat).Mul(new(big.Rat).Add(sumA, sumB), big.NewRat(1, 2))
	want, _ := new(big.Rat).Quo(s.Sub(s, expected), mean.Sub(mean, expected)).Float64()
	require.InDelta(t, want, c.AdjustedRand(), 2e-16)
	require.Less(t, c.AdjustedRand(), 1.0)

	chance := score.NewContingency(a, other)
	require.InDelta(t, 0, chance.AdjustedRand(), 2e-5)
	require.InDelta(t, 0, chance.AdjustedMutualInformation(), 2e-5)
}

func BenchmarkAgreement(b *testing.B) {
	random := rand.New(rand.NewPCG(15, 16))
	const n, k = 1_000_000, 50
	x, y := make([]int32, n), make([]int32, n)
	for i := range x {
		x[i] = random.Int32N(k)
		if y[i] = x[i]; random.IntN(4) == 0 {
			y[i] = random.Int32N(k)
		}
	}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			score.NewContingency(x, y)
		}
	})
	c := score.NewContingency(x, y)
	b.Run("rand", func(b *testing.B) {
		for b.Loop() {
			c.AdjustedRand()
		}
	})
	b.Run("mutual", func(b *testing.B) {
		for b.Loop() {
			c.AdjustedMutualInformation()
		}
	})
}

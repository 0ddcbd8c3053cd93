package segment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestCohensH(t *testing.T) {
	// Cohen, Statistical power analysis for the behavioral sciences, 2nd edition 1988, table 6.2.2: phi by P.
	for p, phi := range map[float64]float64{0: 0, 0.05: 0.451, 0.10: 0.644, 0.25: 1.047, 0.50: 1.571, 0.65: 1.875, 0.75: 2.094, 0.90: 2.498, 1: 3.142} {
		require.InDelta(t, phi, cohensH(p, 0), 0.0006, p)
		require.InDelta(t, phi-1.571, cohensH(p, 0.5), 0.0011, p)
		require.InDelta(t, -cohensH(p, 0.3), cohensH(0.3, p), 1e-15)
	}
}

func TestGSquared(t *testing.T) {
	// Dunning, Accurate methods for the statistics of surprise and coincidence, Computational Linguistics 19 (1993), the
	// first rows of table 1: how often words of a text follow each other.
	require.InDelta(t, 270.72, gSquared(110, 2442, 111, 29114), 0.005) // the swiss
	require.InDelta(t, 263.90, gSquared(29, 13, 123, 31612), 0.005)    // can be
	require.InDelta(t, 256.84, gSquared(31, 23, 139, 31584), 0.005)    // previous year
	require.InDelta(t, 0, gSquared(10, 20, 30, 60), 1e-12)
	// By hand: all of 2 against none of 2 is 2*4*ln 2.
	require.InDelta(t, 8*math.Ln2, gSquared(2, 0, 0, 2), 1e-14)
	require.Zero(t, gSquared(0, 5, 0, 7))
	require.Zero(t, gSquared(0, 0, 3, 7))
}

func TestChiSquared1(t *testing.T) {
	// Critical values of one degree of freedom: Abramowitz and Stegun, table 26.8.
	for p, x := range map[float64]float64{0.5: 0.454936, 0.1: 2.70554, 0.05: 3.84146, 0.01: 6.63490, 0.001: 10.8276} {
		require.InEpsilon(t, p, chiSquared1(x), 1e-4)
	}
	require.EqualValues(t, 1, chiSquared1(0))
}

func TestBenjaminiHochberg(t *testing.T) {
	// The 15 p values of Benjamini and Hochberg 1995, section 3.2: at 0.05 the first four are rejected. Adjusted as by
	// p.adjust(p, "BH") of R: cumulative minima from the right of p*15/rank.
	ps := []float64{.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1}
	want := []float64{
		.0015, .003, .0095, .035625, .0603, .0298 * 15 / 7, .0298 * 15 / 7, .0645, .0765, .486,
		.4262 * 15 / 11, .714875, .6528 * 15 / 13, .7590 * 15 / 14, 1,
	}
	require.InDeltaSlice(t, want, benjaminiHochberg(ps), 1e-12)
	rejected := 0
	for _, q := range benjaminiHochberg(ps) {
		if q <= 0.05 {
			rejected++
		}
	}
	require.Equal(t, 4, rejected)
	slices.Reverse(ps)
	slices.Reverse(want)
	require.InDeltaSlice(t, want, benjaminiHochberg(ps), 1e-12)
	require.Empty(t, benjaminiHochberg(nil))
}

// TestPortraitStatistics works out the statistics of each trait from the counts of all, by their definitions.
func TestPortraitStatistics(t *testing.T) {
	c, all := newPopulace(), choices()
	for _, pair := range [][2]choice{{all[2], all[0]}, {all[8], all[0]}, {all[4], all[3]}, {all[0], all[0]}} {
		q, whole := Query{Rule: And(pair[0].rule, pair[1].rule)}, Query{Rule: pair[1].rule}
		o := &PortraitOptions{Base: pair[1].rule, Unset: true, Support: 1, MaxQ: 1} // all that are tested
		traits, err := c.s.Portrait(t.Context(), q, o)
		require.NoError(t, err)
		require.NotEmpty(t, traits)
		size, err := c.s.Count(t.Context(), q)
		require.NoError(t, err)
		base, err := c.s.Count(t.Context(), whole)
		require.NoError(t, err)
		n, rest := float64(size), float64(base-size)
		ps := make([]float64, len(traits))
		for i, tr := range traits {
			with, without := float64(tr.Selected), float64(tr.Base-tr.Selected)
			require.InDelta(t, with/n, tr.Share, 1e-15)
			require.InDelta(t, float64(tr.Base)/float64(base), tr.BaseShare, 1e-15)
			require.InDelta(t, tr.Share/tr.BaseShare, tr.Lift, 1e-12)
			ps[i] = 1
			if rest == 0 {
				require.Zero(t, tr.Effect)
			} else {
				require.InDelta(t, 2*math.Asin(math.Sqrt(with/n))-2*math.Asin(math.Sqrt(without/rest)), tr.Effect, 1e-12, tr.Rule.String())
				observed := [2][2]float64{{with, n - with}, {without, rest - without}}
				g := 0.0
				for i := range observed {
					for j := range observed[i] {
						expected := (observed[i][0] + observed[i][1]) * (observed[0][j] + observed[1][j]) / (n + rest)
						if observed[i][j] > 0 {
							g += 2 * observed[i][j] * math.Log(observed[i][j]/expected)
						}
					}
				}
				ps[i] = math.Erfc(math.Sqrt(max(g, 0) / 2)) // chi squared, one degree of freedom: the square of a normal variable
			}
			require.InDelta(t, ps[i], tr.PValue, 1e-6*ps[i]+1e-7, tr.Rule.String())
			if i > 0 {
				require.LessOrEqual(t, math.Abs(tr.Effect), math.Abs(traits[i-1].Effect))
			}
		}
		adjusted := make([]float64, len(traits)) // p*m/rank
		for i, tr := range traits {
			rank := 0
			for _, other := range traits {
				if other.PValue <= tr.PValue {
					rank++
				}
			}
			adjusted[i] = tr.PValue * float64(len(traits)) / float64(rank)
		}
		significant := []Trait{}
		for _, tr := range traits {
			q := 1.0 // the least of those that are no smaller
			for i, other := range traits {
				if other.PValue >= tr.PValue {
					q = min(q, adjusted[i])
				}
			}
			require.InDelta(t, q, tr.Q, 1e-12*q, tr.Rule.String())
			if tr.Q <= 0.05 {
				significant = append(significant, tr)
			}
		}
		o.MaxQ = 0.05
		fewer, err := c.s.Portrait(t.Context(), q, o)
		require.NoError(t, err)
		require.Equal(t, significant, fewer)
	}
}

// traitsOf returns the traits that a row has, bands apart.
func traitsOf(c *populace, row map[string]customer.Value, rolled bool) (names []string) {
	for _, tag := range c.s.tags.tags {
		v := row[tag.Name]
		switch {
		case v.IsUnset():
			names = append(names, tag.Name+" unset")
		case tag.Kind == Flag:
			if b, _ := v.Bool(); b {
				names = append(names, tag.Name+"=true")
			}
		case tag.Kind == Labels:
			for label := range v.Labels() {
				names = append(names, tag.Name+"="+label)
			}
		case tag.Kind == Enum:
			text, _ := v.Text()
			names = append(names, tag.Name+"="+text)
			for tag.Hierarchy && rolled && strings.Contains(text, "/") {
				text = text[:strings.LastIndex(text, "/")]
				names = append(names, tag.Name+"="+text)
			}
		}
	}
	return names
}

// traitName is the name that traitsOf gives a trait, "" for a band.
func traitName(tr Trait) string {
	switch {
	case tr.Value.Kind() == customer.KindBool:
		return tr.Tag + "=true"
	case tr.Value.Kind() == customer.KindText:
		text, _ := tr.Value.Text()
		return tr.Tag + "=" + text
	case tr.Rule.String() == Unset(tr.Tag).String():
		return tr.Tag + " unset"
	}
	return ""
}

func TestPortraitCountsWhatRowsSay(t *testing.T) {
	c, all := newPopulace(), choices()
	for _, pair := range [][2]choice{{all[2], all[0]}, {all[8], all[0]}, {all[4], all[3]}, {all[5], all[8]}, {all[0], all[0]}} {
		segment, base := pair[0], pair[1]
		in, of := map[string]int{}, map[string]int{}
		nIn, nOf := 0, 0
		for _, row := range c.rows {
			if !base.is(row) {
				continue
			}
			is := segment.is(row)
			nOf++
			if is {
				nIn++
			}
			for _, name := range traitsOf(c, row, true) {
				of[name]++
				if is {
					in[name]++
				}
			}
		}
		o := &PortraitOptions{Base: base.rule, Unset: true, Support: 1, MaxQ: 1}
		got, err := c.s.Portrait(t.Context(), Query{Rule: segment.rule, Workers: 1}, o)
		require.NoError(t, err)
		three, err := c.s.Portrait(t.Context(), Query{Rule: segment.rule, Workers: 3}, o)
		require.NoError(t, err)
		require.Equal(t, got, three)
		seen := 0
		for _, tr := range got {
			if name := traitName(tr); name != "" {
				seen++
				require.Equal(t, [2]int{in[name], of[name]}, [2]int{tr.Selected, tr.Base}, name)
			}
			selected, err := c.s.Count(t.Context(), Query{Rule: And(segment.rule, base.rule, tr.Rule)})
			require.NoError(t, err)
			whole, err := c.s.Count(t.Context(), Query{Rule: And(base.rule, tr.Rule)})
			require.NoError(t, err)
			require.Equal(t, [2]int{selected, whole}, [2]int{tr.Selected, tr.Base}, tr.Rule.String())
			share, baseShare := float64(selected)/float64(nIn), float64(whole)/float64(nOf)
			require.InDelta(t, share, tr.Share, 1e-15)
			require.InDelta(t, baseShare, tr.BaseShare, 1e-15)
			require.InDelta(t, share/baseShare, tr.Lift, 1e-12)
			require.GreaterOrEqual(t, tr.Q, tr.PValue)
			require.False(t, math.IsNaN(tr.Effect) || math.Abs(tr.Effect) > math.Pi)
			if rest := nOf - nIn; rest > 0 {
				restShare := float64(whole-selected) / float64(rest)
				require.Equal(t, cmp.Compare(share, restShare), cmp.Compare(tr.Effect, 0))
			}
		}
		want := 0
		for _, n := range of {
			if n < nOf {
				want++
			}
		}
		require.Equal(t, want, seen, "every trait is there once")
		require.True(t, slices.IsSortedFunc(got, func(a, b Trait) int { return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)) }))
	}
}

func TestPortraitBands(t *testing.T) {
	c := newPopulace()
	for _, bands := range []int{1, 5, 7} {
		got, err := c.s.Portrait(t.Context(), Query{Rule: IsTrue("vip")}, &PortraitOptions{
			Tags: []string{"orders", "spend", "score", "points", "seen"}, Bands: bands, Support: 1, MaxQ: 1,
		})
		require.NoError(t, err)
		counts, cutsOf := map[string]int{}, map[string]int{}
		for _, tr := range got {
			counts[tr.Tag] += tr.Base
			if !tr.To.IsUnset() {
				cutsOf[tr.Tag]++
			}
			if tr.Tag == "seen" || tr.Tag == "score" { // hardly any ties
				set, err := c.s.Count(t.Context(), Query{Rule: IsSet(tr.Tag)})
				require.NoError(t, err)
				require.InEpsilon(t, float64(set)/float64(bands), tr.Base, 0.02, tr.Rule.String())
			}
		}
		for name, n := range counts {
			set, err := c.s.Count(t.Context(), Query{Rule: IsSet(name)})
			require.NoError(t, err)
			require.Equal(t, set, n, name)
		}
		require.Equal(t, bands-1, cutsOf["score"])
		require.Zero(t, cutsOf["points"])
	}
	t.Run("cuts are quantiles", func(t *testing.T) {
		var values []float64
		for _, row := range c.rows {
			if f, ok := row["score"].Float64(); ok {
				values = append(values, f)
			}
		}
		slices.Sort(values)
		got, err := c.s.Portrait(t.Context(), Query{Rule: IsTrue("vip")}, &PortraitOptions{Tags: []string{"score"}, MaxQ: 1})
		require.NoError(t, err)
		require.Len(t, got, 5)
		for _, tr := range got {
			if f, ok := tr.To.Float64(); ok {
				require.True(t, slices.ContainsFunc([]int{1, 2, 3, 4}, func(i int) bool { return values[len(values)*i/5] == f }))
			}
		}
	})
	require.Equal(t, []int{2, 3}, cuts([]int{3, 1, 1, 2, 3, 3, 2, 1}, 4))
	require.Empty(t, cuts([]int{4, 4, 4}, 5))
	require.Empty(t, cuts([]int(nil), 5))
}

// Of more than sampleSize values cuts are estimated: bands are near their size and their counts exact.
func TestPortraitBandsOfMany(t *testing.T) {
	const n = 160_000
	rng := rand.New(rand.NewPCG(5, 5))
	ids, ints, floats, set := make([]customer.ID, n), make([]int64, n), make([]float64, n), make([]bool, n)
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
		ints[i], floats[i], set[i] = rng.Int64N(1_000_000), rng.NormFloat64(), i >= 1000
	}
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, []Column{{Tag: "n", Ints: ints, Set: set}, {Tag: "f", Floats: floats}}))
	s := ix.Snapshot()
	var last []Trait
	for _, base := range []Rule{{}, IsSet("n")} {
		for _, workers := range []int{1, 3} {
			traits, err := s.Portrait(t.Context(), Query{Rule: Sample(10, ""), Workers: workers}, &PortraitOptions{Base: base, MaxQ: 1})
			require.NoError(t, err)
			require.Len(t, traits, 10)
			for _, tr := range traits {
				require.InDelta(t, 0.2, tr.BaseShare, 0.005)
				count, err := s.Count(t.Context(), Query{Rule: And(base, tr.Rule)})
				require.NoError(t, err)
				require.Equal(t, count, tr.Base)
			}
			if workers == 3 {
				require.Equal(t, last, traits)
			}
			last = traits
		}
	}
}

// A segment that is drawn at random has nothing of its own: p values are as evenly spread as they claim.
func TestPortraitOfChance(t *testing.T) {
	s := newPopulace().s
	below, tested := 0, 0
	for _, salt := range []string{"a", "b", "c", "d", "e"} {
		all, err := s.Portrait(t.Context(), Query{Rule: Sample(20, salt)}, &PortraitOptions{MaxQ: 1})
		require.NoError(t, err)
		for _, tr := range all {
			tested++
			if tr.PValue <= 0.1 {
				below++
			}
		}
	}
	require.Greater(t, tested, 1500)
	require.InDelta(t, 0.1, float64(below)/float64(tested), 0.025)
}

func TestPortraitOptions(t *testing.T) {
	s := newPopulace().s
	vip := Query{Rule: IsTrue("vip")}
	for name, o := range map[string]*PortraitOptions{
		"bands":       {Bands: 101},
		"no bands":    {Bands: -1},
		"support":     {Support: -1},
		"maxq":        {MaxQ: 1.1},
		"maxq nan":    {MaxQ: math.NaN()},
		"unknown tag": {Tags: []string{"vop"}},
		"except":      {Except: []string{"vop"}},
		"base":        {Base: IsTrue("vop")},
	} {
		t.Run(name, func(t *testing.T) {
			traits, err := s.Portrait(t.Context(), vip, o)
			require.Error(t, err)
			require.Nil(t, traits)
		})
	}
	traits, err := s.Portrait(t.Context(), Query{Rule: Or()}, nil)
	require.NoError(t, err)
	require.Empty(t, traits)

	// early has to do with seen, which both go with arrival, and nothing with shops.
	traits, err = s.Portrait(t.Context(), Query{Rule: IsTrue("early")}, &PortraitOptions{Except: []string{"early"}, Unset: true})
	require.NoError(t, err)
	require.NotEmpty(t, traits)
	for _, tr := range traits {
		require.NotEqual(t, "early", tr.Tag)
		require.LessOrEqual(t, tr.Q, DefaultMaxQ)
		require.GreaterOrEqual(t, tr.Base, DefaultSupport)
	}
	require.True(t, slices.ContainsFunc(traits, func(tr Trait) bool { return tr.Tag == "seen" }))
	require.False(t, slices.ContainsFunc(traits, func(tr Trait) bool { return tr.Tag == "shop" && math.Abs(tr.Effect) > 0.1 }))
	traits, err = s.Portrait(t.Context(), vip, &PortraitOptions{Tags: []string{}})
	require.NoError(t, err)
	require.Empty(t, traits)
}

func BenchmarkPortrait(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	const n, k = 10_000_000, 1000
	rng := rand.New(rand.NewPCG(1, 2))
	s := flagPopulace(b, n, k, func(i int) float64 {
		if i == 0 {
			return 0.05
		}
		return 0.01
	}, rng)
	q := Query{Rule: IsTrue("f0"), Workers: 1}
	bitmaps := make([]*roaring.Bitmap, k)
	for i := range bitmaps {
		set, err := s.Set(b.Context(), Query{Rule: IsTrue(fmt.Sprint("f", i))})
		require.NoError(b, err)
		bitmaps[i] = set.Bitmap
	}
	want := make([]uint64, k)
	b.Run("roaring", func(b *testing.B) {
		for b.Loop() {
			for i := range bitmaps {
				want[i] = bitmaps[0].AndCardinality(bitmaps[i])
			}
		}
	})
	var traits []Trait
	inBothForms(b, func(b *testing.B) {
		for b.Loop() {
			var err error
			traits, err = s.Portrait(b.Context(), q, &PortraitOptions{MaxQ: 1})
			require.NoError(b, err)
		}
	})
	for _, tr := range traits {
		var i int
		_, err := fmt.Sscanf(tr.Tag, "f%d", &i)
		require.NoError(b, err)
		if want[0] > 0 {
			require.EqualValues(b, want[i], tr.Selected)
		}
	}
}

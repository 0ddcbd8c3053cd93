package segment

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

func TestLookalikeScoresWhatRowsSay(t *testing.T) {
	race.Skip(t)
	c, all := newPopulace(), choices()
	for _, pair := range [][2]choice{{all[2], all[0]}, {all[8], all[3]}} {
		seed, candidates := pair[0], pair[1]
		// Values by tag, bands by the number of cuts up to the value.
		numbers := []string{"orders", "spend", "score", "nothing"} // of each so few that cuts are exact
		values := map[string][]float64{}
		number := func(row map[string]customer.Value, name string) (float64, bool) {
			switch v := row[name]; v.Kind() {
			case customer.KindInt64:
				n, ok := v.Int64()
				return float64(n), ok
			case customer.KindFloat64:
				return v.Float64()
			case customer.KindDecimal:
				n, scale, ok := v.Decimal()
				return float64(n) / math.Pow10(scale), ok
			}
			return 0, false
		}
		for _, row := range c.rows {
			for _, name := range numbers {
				if f, ok := number(row, name); ok && (seed.is(row) || candidates.is(row)) {
					values[name] = append(values[name], f)
				}
			}
		}
		cutsOf := map[string][]float64{}
		for name, vs := range values {
			cutsOf[name] = cuts(vs, 5)
		}
		// What a row has: categories, of which it has one a tag, and marks.
		categories := func(row map[string]customer.Value) map[string]string {
			has := map[string]string{}
			for _, name := range []string{"city", "region", "shop"} {
				has[name] = "none"
				if text, ok := row[name].Text(); ok {
					has[name] = "=" + text
				}
			}
			for _, name := range numbers {
				has[name] = "none"
				if f, ok := number(row, name); ok {
					has[name] = fmt.Sprint(cutsUpTo(cutsOf[name], f))
				}
			}
			return has
		}
		marks := func(row map[string]customer.Value) (has []string) {
			for _, name := range []string{"vip", "early", "rare"} {
				if flagOf(row, name) {
					has = append(has, name)
				}
			}
			for label := range row["likes"].Labels() {
				has = append(has, label)
			}
			return has
		}
		type pairOf struct{ tag, value string }
		var nSeed, nRest float64
		inSeed, inRest := map[pairOf]float64{}, map[pairOf]float64{}
		for _, row := range c.rows {
			counts := inRest
			switch {
			case seed.is(row):
				counts = inSeed
				nSeed++
			case candidates.is(row):
				nRest++
			default:
				continue
			}
			for tag, v := range categories(row) {
				counts[pairOf{tag, v}]++
			}
			for _, v := range marks(row) {
				counts[pairOf{"", v}]++
			}
		}
		kinds := map[string]float64{}
		either := map[pairOf]bool{}
		for p := range inSeed {
			either[p] = true
		}
		for p := range inRest {
			either[p] = true
		}
		for p := range either {
			if p.value != "none" {
				kinds[p.tag]++
			}
		}
		weight := func(p pairOf) float64 {
			a, other := inSeed[p], inRest[p]
			if a+other == 0 || a+other == nSeed+nRest {
				return 0 // nothing to test
			}
			w := math.Log((a+1)/(nSeed-a+1)) - math.Log((other+1)/(nRest-other+1))
			if p.tag != "" {
				k := kinds[p.tag] + 1
				w = math.Log((a+1)/(nSeed+k)) - math.Log((other+1)/(nRest+k))
			}
			return math.RoundToEven(w * (1 << 20))
		}
		var want []Alike
		weights := map[pairOf]float64{}
		for i, row := range c.rows {
			if seed.is(row) || !candidates.is(row) {
				continue
			}
			sum := 0.0
			add := func(p pairOf) {
				if _, ok := weights[p]; !ok {
					weights[p] = weight(p)
				}
				sum += weights[p]
			}
			for tag, v := range categories(row) {
				add(pairOf{tag, v})
			}
			for _, v := range marks(row) {
				add(pairOf{"", v})
			}
			want = append(want, Alike{ID: c.ids[i], Score: sum / (1 << 20)})
		}
		slices.SortFunc(want, func(a, b Alike) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), compareIDs(a.ID, b.ID))
		})
		for _, workers := range []int{1, 3} {
			for _, n := range []int{5, 1000, len(c.ids)} {
				got, err := c.s.Lookalike(t.Context(), Query{Rule: seed.rule, Workers: workers}, Query{Rule: candidates.rule}, n,
					&LookalikeOptions{Except: []string{"points", "seen"}, Support: 1, MaxQ: 1})
				require.NoError(t, err)
				require.Equal(t, want[:min(n, len(want))], got)
			}
		}
	}
}

// planted returns 30,000 customers, of whom one in twenty are of a kind that is known by its tags alone, and a fifth of
// that kind has bought.
func planted(t *testing.T) (s *Snapshot, kind map[customer.ID]bool) {
	rng := rand.New(rand.NewPCG(42, 1))
	const n = 30_000
	ids := make([]customer.ID, n)
	columns := make([]Column, 0, 12)
	for i := range 8 {
		columns = append(columns, Column{Tag: fmt.Sprint("flag", i), Bools: make([]bool, n)})
	}
	columns = append(columns,
		Column{Tag: "city", Texts: make([]string, n)}, Column{Tag: "orders", Ints: make([]int64, n)},
		Column{Tag: "likes", Lists: make([][]string, n)}, Column{Tag: "bought", Bools: make([]bool, n)})
	kind = map[customer.ID]bool{}
	for i := range ids {
		ids[i] = customer.FromInt64(int64(i))
		is := rng.IntN(20) == 0
		kind[ids[i]] = is
		for f := range 8 {
			p := 0.1 + 0.1*float64(f)
			if is && f < 4 {
				p += 0.25
			}
			columns[f].Bools[i] = rng.Float64() < p
		}
		city, orders, likes := rng.IntN(10), rng.ExpFloat64()*5, []string{}
		if is {
			city, orders = min(city, rng.IntN(10)), orders*2
			if rng.IntN(3) == 0 {
				likes = append(likes, "tea")
			}
		} else if rng.IntN(10) == 0 {
			likes = append(likes, "tea")
		}
		columns[8].Texts[i] = fmt.Sprint("city", city)
		columns[9].Ints[i] = int64(orders)
		columns[10].Lists[i] = likes
		columns[11].Bools[i] = is && rng.IntN(5) == 0
	}
	ix, err := New(&Options{Infer: true})
	require.NoError(t, err)
	require.NoError(t, ix.Load(t.Context(), time.Time{}, ids, columns))
	return ix.Snapshot(), kind
}

func TestLookalikeFindsWhatWasPlanted(t *testing.T) {
	s, kind := planted(t)
	seed := Query{Rule: IsTrue("bought")}
	const n = 250
	found, err := s.Lookalike(t.Context(), seed, Query{}, n, &LookalikeOptions{Except: []string{"bought"}, Reasons: 3})
	require.NoError(t, err)
	require.Len(t, found, n)
	hits := 0
	for _, a := range found {
		require.False(t, flagOf(valuesOf(t, s, a.ID), "bought"))
		require.Len(t, a.Traits, 3)
		if kind[a.ID] {
			hits++
		}
	}
	candidates, planted := 0, 0
	for id, is := range kind {
		if !flagOf(valuesOf(t, s, id), "bought") {
			candidates++
			if is {
				planted++
			}
		}
	}
	chance := float64(planted) / float64(candidates)
	t.Logf("of the first %d of %d candidates %.1f %% are of the kind, by chance %.1f %%", n, candidates, 100*float64(hits)/n, 100*chance)
	require.InDelta(t, 0.04, chance, 0.003)
	require.Greater(t, float64(hits)/n, 8*chance)
}

func valuesOf(t testing.TB, s *Snapshot, id customer.ID) map[string]customer.Value {
	row := map[string]customer.Value{}
	for _, f := range rowOf(t, s, id) {
		row[f.Name] = f.Value
	}
	return row
}

func TestLookalikeReasonsAddUp(t *testing.T) {
	c := newPopulace()
	got, err := c.s.Lookalike(t.Context(), Query{Rule: IsTrue("early")}, Query{}, 50, &LookalikeOptions{
		Except: []string{"early"}, MaxQ: 0.5, Reasons: 100,
	})
	require.NoError(t, err)
	require.Len(t, got, 50)
	for _, a := range got {
		sum := 0.0
		for i, tr := range a.Traits {
			sum += tr.Weight
			require.NotZero(t, tr.Weight)
			in, err := c.s.Selects(t.Context(), Query{Rule: tr.Rule}, a.ID)
			require.NoError(t, err)
			require.True(t, in, tr.Rule.String())
			if i > 0 {
				require.LessOrEqual(t, math.Abs(tr.Weight), math.Abs(a.Traits[i-1].Weight))
			}
		}
		require.Equal(t, a.Score, sum)
	}
}

func TestLookalikeErrors(t *testing.T) {
	s := newPopulace().s
	vip := Query{Rule: IsTrue("vip")}
	_, err := s.Lookalike(t.Context(), Query{Rule: Or()}, Query{}, 10, nil)
	require.ErrorIs(t, err, ErrNoSeed)
	_, err = s.Lookalike(t.Context(), Query{Rule: IsTrue("vop")}, Query{}, 10, nil)
	require.ErrorIs(t, err, ErrRule)
	_, err = s.Lookalike(t.Context(), vip, Query{Rule: IsTrue("vop")}, 10, nil)
	require.ErrorIs(t, err, ErrRule)
	_, err = s.Lookalike(t.Context(), vip, Query{}, 10, &LookalikeOptions{Tags: []string{"vop"}})
	require.ErrorContains(t, err, "vop")
	_, err = s.Lookalike(t.Context(), vip, Query{}, 10, &LookalikeOptions{MaxQ: -1})
	require.ErrorContains(t, err, "MaxQ")
	for name, got := range map[string]func() ([]Alike, error){
		"none wanted":   func() ([]Alike, error) { return s.Lookalike(t.Context(), vip, Query{}, 0, nil) },
		"no candidates": func() ([]Alike, error) { return s.Lookalike(t.Context(), vip, vip, 10, &LookalikeOptions{MaxQ: 1}) },
		"nothing tells": func() ([]Alike, error) {
			return s.Lookalike(t.Context(), vip, Query{}, 10, &LookalikeOptions{Tags: []string{"points"}})
		},
		"nobody to find": func() ([]Alike, error) { return s.Lookalike(t.Context(), vip, Query{Rule: Or()}, 10, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			alike, err := got()
			require.NoError(t, err)
			require.Empty(t, alike)
		})
	}
}

func BenchmarkLookalike(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	s := flagPopulace(b, 10_000_000, 100, func(i int) float64 { return 0.01 * float64(i%10+1) }, rand.New(rand.NewPCG(3, 4)))
	inBothForms(b, func(b *testing.B) {
		for b.Loop() {
			_, err := s.Lookalike(b.Context(), Query{Rule: IsTrue("f0"), Workers: 1}, Query{}, 1000, &LookalikeOptions{Except: []string{"f0"}, MaxQ: 1})
			require.NoError(b, err)
		}
	})
}

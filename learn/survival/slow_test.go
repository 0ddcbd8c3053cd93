package survival

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/table"
)

// randomCox makes rows with ties, entries, strata and weights, as asked for.
func randomCox(rng *rand.Rand, n, p int, entry, strata, weights, ties bool) (*table.Table[int], *Data) {
	t := &table.Table[int]{Compare: cmp.Compare[int]}
	d := &Data{}
	for i := range n {
		t.IDs = append(t.IDs, i)
		exit := 1 + rng.Float64()*20
		if ties {
			exit = math.Ceil(exit)
		}
		d.Exit, d.Event = append(d.Exit, exit), append(d.Event, rng.IntN(3) > 0)
		if entry {
			at := max(0, exit*(1.5*rng.Float64()-.6))
			if ties {
				at = min(math.Floor(at), exit-1)
			}
			d.Entry = append(d.Entry, at)
		}
		if strata {
			d.Strata = append(d.Strata, string(rune('a'+rng.IntN(3))))
		}
		if weights {
			d.Weights = append(d.Weights, float64(rng.IntN(4))/2)
		}
	}
	for j := range p {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()*float64(j+1) + 10*float64(j)
		}
		t.Columns = append(t.Columns, table.NumberColumn(fmt.Sprint("x", j), x...))
	}
	return t, d
}

// slowCox is the partial log-likelihood and its gradient by their definition.
func slowCox(t *table.Table[int], d *Data, ties Ties, b []float64) (value float64, gradient []float64) {
	gradient = make([]float64, len(b))
	score := func(i int) float64 {
		s := 0.0
		for j, c := range t.Columns {
			s += b[j] * c.Num[i]
		}
		return s
	}
	type place struct {
		stratum string
		time    float64
	}
	times := map[place][]int{}
	for i, event := range d.Event {
		if event && d.weight(i) > 0 {
			at := place{stratumOf(d, i), d.Exit[i]}
			times[at] = append(times[at], i)
		}
	}
	for at, deaths := range times {
		weight := 0.0
		for _, i := range deaths {
			weight += d.weight(i)
			value += d.weight(i) * score(i)
			for j, c := range t.Columns {
				gradient[j] += d.weight(i) * c.Num[i]
			}
		}
		mean := weight / float64(len(deaths))
		for draw := range deaths {
			f := float64(draw) / float64(len(deaths))
			if ties == Breslow {
				f = 0
			}
			s0, s1 := 0.0, make([]float64, len(b))
			for i, exit := range d.Exit {
				if stratumOf(d, i) != at.stratum || exit < at.time || d.Entry != nil && d.Entry[i] >= at.time {
					continue
				}
				r := d.weight(i) * math.Exp(score(i))
				if slices.Contains(deaths, i) {
					r *= 1 - f
				}
				s0 += r
				for j, c := range t.Columns {
					s1[j] += r * c.Num[i]
				}
			}
			value -= mean * math.Log(s0)
			for j := range gradient {
				gradient[j] -= mean * s1[j] / s0
			}
		}
	}
	return value, gradient
}

func stratumOf(d *Data, row int) string {
	if d.Strata == nil {
		return ""
	}
	return d.Strata[row]
}

// cases are all ways to make random rows.
func cases(t *testing.T, f func(t *testing.T, rng *rand.Rand, entry, strata, weights, ties bool)) {
	for bits := range 16 {
		is := func(bit int) bool { return bits&bit != 0 }
		t.Run(fmt.Sprintf("entry=%t strata=%t weights=%t ties=%t", is(1), is(2), is(4), is(8)), func(t *testing.T) {
			f(t, rand.New(rand.NewPCG(3, uint64(bits))), is(1), is(2), is(4), is(8))
		})
	}
}

func TestCoxByDefinition(t *testing.T) {
	cases(t, func(t *testing.T, rng *rand.Rand, entry, strata, weights, ties bool) {
		for range 3 {
			tab, d := randomCox(rng, 90, 3, entry, strata, weights, ties)
			for _, way := range []Ties{Efron, Breslow} {
				m, err := FitCox(t.Context(), tab, d, &Options{Ties: way})
				require.NoError(t, err)
				b := make([]float64, 3)
				null, _ := slowCox(tab, d, way, b)
				near(t, null, m.Report().NullLogLikelihood)
				for j, term := range m.Terms() {
					b[j] = term.Coefficient
				}
				value, gradient := slowCox(tab, d, way, b)
				near(t, value, m.Report().LogLikelihood)
				for j, g := range gradient {
					require.InDelta(t, 0, g, 1e-8)
					// The standard errors, by differences of the gradient.
					const h = 1e-5
					for k := range b {
						b[k] += h
						_, up := slowCox(tab, d, way, b)
						b[k] -= 2 * h
						_, down := slowCox(tab, d, way, b)
						b[k] += h
						total := 0.0
						for i := range b {
							total -= (up[i] - down[i]) / (2 * h) * m.Covariance(i, j)
						}
						want := 0.0
						if k == j {
							want = 1
						}
						require.InDelta(t, want, total, 1e-5, "information times covariance")
					}
				}
			}
		}
	})
}

func TestConcordanceByDefinition(t *testing.T) {
	cases(t, func(t *testing.T, rng *rand.Rand, entry, strata, weights, ties bool) {
		for _, n := range []int{70, 70, 70, 9, 9, 9, 9, 9} {
			_, d := randomCox(rng, n, 0, entry, strata, weights, ties)
			d.Event[0] = true
			if weights {
				d.Weights[0] = 1
			}
			risks := make([]float64, n)
			lead, pair := make([]float64, n), make([]float64, n) // weight of concordant less discordant rows, of all
			for i := range risks {
				risks[i] = float64(rng.IntN(12)) - 5
			}
			var want Agreement
			for i := range risks {
				for j := range risks {
					w := d.weight(i) * d.weight(j)
					if stratumOf(d, i) != stratumOf(d, j) || !d.Event[i] || i == j || d.Entry != nil && d.Entry[j] >= d.Exit[i] {
						continue
					}
					switch {
					case d.Exit[j] == d.Exit[i] && d.Event[j] && risks[i] == risks[j]:
						want.TiedBoth += w / 2
						continue
					case d.Exit[j] == d.Exit[i] && d.Event[j]:
						want.TiedTime += w / 2
						continue
					case d.Exit[j] < d.Exit[i]:
						continue
					}
					sign := float64(cmp.Compare(risks[i], risks[j]))
					for _, of := range [][2]int{{i, j}, {j, i}} {
						lead[of[0]] += sign * d.weight(of[1])
						pair[of[0]] += d.weight(of[1])
					}
					switch {
					case risks[i] > risks[j]:
						want.Concordant += w
					case risks[i] < risks[j]:
						want.Discordant += w
					default:
						want.TiedRisk += w
					}
				}
			}
			got, err := Concordance(d, risks)
			require.NoError(t, err)
			nearAll(t, []float64{want.Concordant, want.Discordant, want.TiedRisk, want.TiedTime, want.TiedBoth},
				[]float64{got.Concordant, got.Discordant, got.TiedRisk, got.TiedTime, got.TiedBoth})
			pairs := want.Concordant + want.Discordant + want.TiedRisk
			if pairs == 0 {
				require.True(t, math.IsNaN(got.C) && math.IsNaN(got.StdErr))
				continue
			}
			somers, variance := (want.Concordant-want.Discordant)/pairs, 0.0
			for i := range lead {
				u := d.weight(i) * (lead[i] - somers*pair[i]) / pairs
				variance += u * u
			}
			near(t, (somers+1)/2, got.C)
			near(t, math.Sqrt(variance)/2, got.StdErr)
		}
	})
}

func TestKaplanMeierByDefinition(t *testing.T) {
	cases(t, func(t *testing.T, rng *rand.Rand, entry, strata, weights, ties bool) {
		_, d := randomCox(rng, 80, 0, entry, strata, weights, ties)
		curves, err := KaplanMeier(d, .9)
		require.NoError(t, err)
		for _, c := range curves {
			survival, hazard := 1.0, 0.0
			for _, step := range c.Steps {
				n, dead := 0.0, 0.0
				for i, exit := range d.Exit {
					if stratumOf(d, i) != c.Stratum || exit < step.Time || d.Entry != nil && d.Entry[i] >= step.Time {
						continue
					}
					n += d.weight(i)
					if exit == step.Time && d.Event[i] {
						dead += d.weight(i)
					}
				}
				survival *= 1 - dead/n
				hazard += dead / n
				near(t, n, step.AtRisk)
				near(t, dead, step.Events)
				near(t, survival, step.Survival)
				near(t, hazard, step.Hazard)
				near(t, step.Survival, c.At(step.Time).Survival)
			}
		}
	})
}

package score

import (
	"math"
	"slices"
)

// Entropies are those of the two divisions in nats: -Σp·ln(p) over the shares of groups.
// The share of the mutual information in that of a is the homogeneity of b, that in that
// of b its completeness, if a is the truth (Rosenberg and Hirschberg 2007).
func (c *Contingency) Entropies() (a, b float64) {
	entropy := func(sums []int) float64 {
		h := 0.0
		for _, n := range sums {
			if n > 0 {
				p := float64(n) / float64(c.rows)
				h -= p * math.Log(p)
			}
		}
		return max(h, 0)
	}
	return entropy(c.sumA), entropy(c.sumB)
}

// MutualInformation is what the group of a row in one division tells of its group in the
// other, in nats: Σ p(i,j)·ln(p(i,j)/(p(i)·p(j))). It is 0 without rows and never
// negative.
func (c *Contingency) MutualInformation() float64 {
	sum := 0.0
	for _, x := range c.cells {
		sum += c.term(float64(x.n), float64(c.sumA[x.a]), float64(c.sumB[x.b]))
	}
	return max(sum, 0)
}

// term is what n rows in common of groups of a and b rows add to the mutual information.
func (c *Contingency) term(n, a, b float64) float64 {
	rows := float64(c.rows)
	return n / rows * math.Log(n/a*(rows/b))
}

// NormalizedMutualInformation is the mutual information divided by the arithmetic mean of
// the two entropies, from 0 to 1: the V-measure. It is not corrected for chance: many
// small groups score high. It is 1 for equal divisions, also where both have one group
// or no rows.
func (c *Contingency) NormalizedMutualInformation() float64 {
	if c.same() {
		return 1
	}
	a, b := c.Entropies()
	return min(c.MutualInformation()/((a+b)/2), 1)
}

// AdjustedMutualInformation is the mutual information I corrected for chance (Vinh, Epps
// and Bailey 2010): with E, its mean over all ways to shuffle the rows of one division,
//
//	(I - E) / ((H(a)+H(b))/2 - E)
//
// It is 1 if and only if the two are the same division, also where they have no rows or
// one group each, and 0 on average for divisions at random with these sizes. It can be
// negative. Prefer it to [Contingency.AdjustedRand] where groups have very different
// sizes.
//
// E is the exact mean of the hypergeometric distribution of every pair of group sizes,
// save tails that are less than 1e-19 of it.
// Cost: O(√rows) for every pair of different sizes.
func (c *Contingency) AdjustedMutualInformation() float64 {
	if c.same() {
		return 1
	}
	a, b := c.Entropies()
	expected := c.expected()
	return (c.MutualInformation() - expected) / ((a+b)/2 - expected)
}

// same tells whether no two rows are together in one division and apart in the other.
func (c *Contingency) same() bool {
	_, onlyA, onlyB, _ := c.pairs()
	return onlyA == 0 && onlyB == 0
}

// expected is the mean of the mutual information over all ways to shuffle rows.
func (c *Contingency) expected() float64 {
	sizes := func(sums []int) (size, times []int) {
		sorted := slices.Sorted(slices.Values(sums))
		for _, n := range sorted {
			switch {
			case n == 0:
			case len(size) > 0 && size[len(size)-1] == n:
				times[len(times)-1]++
			default:
				size, times = append(size, n), append(times, 1)
			}
		}
		return size, times
	}
	sizesA, timesA := sizes(c.sumA)
	sizesB, timesB := sizes(c.sumB)
	sum := 0.0
	for i, a := range sizesA {
		for j, b := range sizesB {
			sum += float64(timesA[i]) * float64(timesB[j]) * c.expectedTerm(a, b)
		}
	}
	return sum
}

// expectedTerm is the mean of term over the hypergeometric distribution of the rows that
// groups of a and b rows have in common. Probabilities are taken in proportion to the
// highest, by the ratio of neighbours, from there to either side until they no longer
// count: no factorial of a large number is needed, whose logarithm would lose digits.
func (c *Contingency) expectedTerm(a, b int) float64 {
	n := c.rows
	low, high := max(0, a+b-n), min(a, b)
	mode := int(float64(a+1) * (float64(b+1) / float64(n+2)))
	mode = min(max(mode, low), high)
	fa, fb, rest := float64(a), float64(b), float64(n-a-b)
	const least = 1e-19
	weight, mean := 0.0, 0.0
	add := func(x int, p float64) {
		weight += p
		if x > 0 {
			mean += p * c.term(float64(x), fa, fb)
		}
	}
	for x, p := mode, 1.0; ; x++ {
		add(x, p)
		f := float64(x)
		p *= (fa - f) / (f + 1) * ((fb - f) / (rest + f + 1))
		if x == high || p < least {
			break
		}
	}
	for x, p := mode, 1.0; x > low; x-- {
		f := float64(x)
		p *= f / (fa - f + 1) * ((rest + f) / (fb - f + 1))
		if p < least {
			break
		}
		add(x-1, p)
	}
	return mean / weight
}

package cluster

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
)

// spread is where groups of rows lie and how wide they are.
type spread struct {
	d       int
	total   float64   // sum of the weights
	weight  []float64 // sum of the weights of each group
	means   []float64 // row-major; 0 for a group without weight
	squares []float64 // weighted sum of the squared distances of the rows of each group to its mean
	lengths []float64 // the same of the distances
}

// spreadOf takes two passes over the rows. Sums are of differences from the first row, so
// a large common offset costs no digits.
func spreadOf(ctx context.Context, r *rows, label []int32, k, workers int) (*spread, error) {
	d := r.d
	s := &spread{
		d: d, weight: make([]float64, k), means: make([]float64, k*d),
		squares: make([]float64, k), lengths: make([]float64, k),
	}
	origin := make([]float64, d)
	if r.n > 0 {
		r.row(origin, 0)
	}
	for i, g := range label {
		s.weight[g] += r.weightOf(i)
	}
	s.total = sumOf(s.weight)
	err := sumBlocks(ctx, r, workers, s.means, func(sum, block []float64, first, n int) {
		for j := range d {
			for i, x := range block[j*nearest.Block:][:n] {
				sum[int(label[first+i])*d+j] += float64(r.weightOf(first+i) * (x - origin[j]))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for g, w := range s.weight {
		for j := range d {
			if w > 0 {
				s.means[g*d+j] = origin[j] + s.means[g*d+j]/w
			}
		}
	}
	wide := make([]float64, 2*k)
	err = sumBlocks(ctx, r, workers, wide, func(sum, block []float64, first, n int) {
		var at [nearest.Block]float64
		for j := range d {
			for i, x := range block[j*nearest.Block:][:n] {
				t := x - s.means[int(label[first+i])*d+j]
				at[i] = math.FMA(t, t, at[i])
			}
		}
		for i, square := range at[:n] {
			g, w := label[first+i], r.weightOf(first+i)
			sum[g] += float64(w * square)
			sum[k+int(g)] += float64(w * math.Sqrt(square))
		}
	})
	copy(s.squares, wide)
	copy(s.lengths, wide[k:])
	return s, err
}

// sumBlocks adds to total what add adds to sum for each block, whose n rows are those from
// first on.
func sumBlocks(ctx context.Context, r *rows, workers int, total []float64, add func(sum, block []float64, first, n int)) error {
	return sumChunks(ctx, r, workers, func() []float64 { return make([]float64, len(total)) },
		func(sum []float64, lo, hi int) {
			clear(sum)
			for b := lo; b < hi; b++ {
				add(sum, r.block(b), b*nearest.Block, r.inBlock(b))
			}
		},
		func(sum []float64) {
			for i, x := range sum {
				total[i] += x
			}
		})
}

// within is the sum of squares within the groups.
func (s *spread) within() float64 { return sumOf(s.squares) }

// groups is the number of groups with weight.
func (s *spread) groups() int {
	k := 0
	for _, w := range s.weight {
		if w > 0 {
			k++
		}
	}
	return k
}

// calinskiHarabasz is B/(k-1) / (W/(n-k)): the sum of squares between the groups beside
// that within them, with n the weight of the rows and k the number of groups that have
// some. NaN where k is below 2 or not below n, or W and B are 0; +Inf where only W is 0.
// Caliński and Harabasz 1974, doi 10.1080/03610927408827101.
func (s *spread) calinskiHarabasz() float64 {
	k := float64(s.groups())
	if k < 2 || s.total <= k {
		return math.NaN()
	}
	center, mass := make([]float64, s.d), 0.0
	for g, w := range s.weight { // the mean of means, taken in one by one
		if w == 0 {
			continue
		}
		mass += w
		for j := range center {
			center[j] += float64((s.means[g*s.d+j] - center[j]) * (w / mass))
		}
	}
	between := 0.0
	for g, w := range s.weight {
		if w > 0 {
			between += float64(w * squaredDistance(s.means[g*s.d:][:s.d], center))
		}
	}
	return between / (k - 1) / (s.within() / (s.total - k))
}

// daviesBouldin is the mean over the groups of their largest (sᵢ+sⱼ)/dᵢⱼ, with s the mean
// distance of a group's rows to its mean and d that of both means: smaller is better.
// NaN with fewer than 2 groups that have weight; +Inf where two wide groups have the same
// mean. Davies and Bouldin 1979, doi 10.1109/TPAMI.1979.4766909. Cost: O(k²d).
func (s *spread) daviesBouldin() float64 {
	k := s.groups()
	if k < 2 {
		return math.NaN()
	}
	sum := 0.0
	for g, w := range s.weight {
		if w == 0 {
			continue
		}
		worst := 0.0
		for h, v := range s.weight {
			if v == 0 || h == g {
				continue
			}
			apart := squaredDistance(s.means[g*s.d:][:s.d], s.means[h*s.d:][:s.d])
			if wide := s.lengths[g]/w + s.lengths[h]/v; wide > 0 {
				worst = max(worst, wide/math.Sqrt(apart))
			}
		}
		sum += worst
	}
	return sum / float64(k)
}

// squaredDistance adds up as package nearest does.
func squaredDistance(a, b []float64) float64 {
	sum := 0.0
	for j, x := range a {
		t := x - b[j]
		sum = math.FMA(t, t, sum)
	}
	return sum
}

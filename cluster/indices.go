package cluster

import (
	"context"
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// spread is where groups of rows lie and how wide they are. A category column lies in
// coordinates too, one for each of its levels and one for those that no row of the fit had:
// a row is √(cost/2) in that of its code and 0 in the others, so that two rows that differ
// are apart by the cost of the column, squared. Rows are never written so: in the mean of a
// group each coordinate is √(cost/2) times the share of the level.
type spread struct {
	d       int       // numbers, and then the coordinates of the categories
	total   float64   // sum of the weights
	weight  []float64 // sum of the weights of each group
	means   []float64 // row-major; 0 for a group without weight
	squares []float64 // weighted sum of the squared distances of the rows of each group to its mean
	lengths []float64 // the same of the distances
	// apart has, for each category column and group by group, the squared distance of a row
	// with each code from the mean of the group, as far as that column goes.
	apart [][]float64
}

// spreadOf takes two passes over the rows. Sums are of differences from the first row, so
// a large common offset costs no digits. Cost: O(n*(d + category columns) + k*levels) time
// and O(n + k*(d + levels)) memory.
func spreadOf(ctx context.Context, r *rows, label []int32, k, workers int) (*spread, error) {
	d := r.d
	s := &spread{
		d: d, weight: make([]float64, k), apart: make([][]float64, len(r.codes)),
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
	for _, levels := range r.levels[:len(r.codes)] {
		s.d += levels + 1
	}
	s.means = make([]float64, k*s.d)
	sums := make([]float64, k*d)
	err := sumBlocks(ctx, r, workers, sums, func(sum, block []float64, first, n int) {
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
				s.means[g*s.d+j] = origin[j] + sums[g*d+j]/w
			}
		}
	}
	parallel.For(parallel.Workers(workers), len(r.codes), func(c int) {
		if ctx.Err() == nil {
			s.categories(r, label, c)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	wide := make([]float64, 2*k)
	err = sumBlocks(ctx, r, workers, wide, func(sum, block []float64, first, n int) {
		var at [nearest.Block]float64
		for j := range d {
			for i, x := range block[j*nearest.Block:][:n] {
				t := x - s.means[int(label[first+i])*s.d+j]
				at[i] = math.FMA(t, t, at[i])
			}
		}
		for c, codes := range r.codes {
			levels := r.levels[c] + 1
			for i, code := range codes[first : first+n] {
				at[i] += s.apart[c][int(label[first+i])*levels+int(code)]
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

// categories sets the coordinates of category column c in the means, and apart.
func (s *spread) categories(r *rows, label []int32, c int) {
	levels, from := r.levels[c]+1, r.d
	for _, before := range r.levels[:c] {
		from += before + 1
	}
	s.apart[c] = make([]float64, len(s.weight)*levels) // first the weights
	for i, code := range r.codes[c] {
		s.apart[c][int(label[i])*levels+int(code)] += r.weightOf(i)
	}
	unit := math.Sqrt(r.costs[c] / 2)
	for g, w := range s.weight {
		if w == 0 {
			continue
		}
		mean, apart := s.means[g*s.d+from:][:levels], s.apart[c][g*levels:][:levels]
		w, most := sumOf(apart), 0 // one code alone has the share of 1, with no rounding
		for code, v := range apart {
			mean[code] = unit * (v / w)
			if v > apart[most] {
				most = code
			}
		}
		others := 0.0 // squares of all but the largest, from which any other can be taken away
		for code, x := range mean {
			if code != most {
				others += float64(x * x)
			}
		}
		for code, x := range mean {
			t, rest := unit-x, others
			if code != most {
				rest += float64((mean[most] - x) * (mean[most] + x))
			}
			apart[code] = math.FMA(t, t, rest)
		}
	}
}

// distances sets dst to the squared distances of the rows of block b to the mean of group g.
func (s *spread) distances(dst []float64, r *rows, b, g int) {
	clear(dst)
	if r.d > 0 {
		nearest.Distances(dst, r.block(b), s.means[g*s.d:][:r.d])
	}
	for c, codes := range r.codes {
		apart := s.apart[c][g*(r.levels[c]+1):][:r.levels[c]+1]
		for i, code := range codes[b*nearest.Block:][:len(dst)] {
			dst[i] += apart[code]
		}
	}
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
// mean. Davies and Bouldin 1979, doi 10.1109/TPAMI.1979.4766909. Cost: O(k²d) with the
// coordinates of categories in d.
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

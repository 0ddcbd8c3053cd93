package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// origin is the mean of each feature, the mean of their variances, and the weight of all
// rows.
type origin struct {
	mean     []float64
	variance float64
	weight   float64
}

// originOf measures rows: block by block around the mean of the block, joined by the
// formula of Chan, Golub and LeVeque 1979.
func originOf(r *rows, workers int) *origin {
	blocks, d := (r.n+nearest.Block-1)/nearest.Block, r.d
	part := make([]float64, blocks*(2*d+1)) // weight, means, sums of squares
	parallel.For(parallel.Workers(workers), (blocks+15)/16, func(c int) {
		for b := c * 16; b < min(blocks, c*16+16); b++ {
			p, rows := part[b*(2*d+1):][:2*d+1], min(nearest.Block, r.n-b*nearest.Block)
			var weight []float64
			p[0] = float64(rows)
			if r.weight != nil {
				weight = r.weight[b*nearest.Block:][:rows]
				p[0] = sumOf(weight)
			}
			if p[0] == 0 {
				continue
			}
			for j := range d {
				column := r.block(b)[j*nearest.Block:][:rows]
				mean := weighedSum(column, weight) / p[0]
				squares := 0.0
				for i, x := range column {
					t := float64((x - mean) * (x - mean))
					if weight != nil {
						t = float64(t * weight[i])
					}
					squares += t
				}
				p[1+j], p[1+d+j] = mean, squares
			}
		}
	})
	m := &origin{mean: make([]float64, d)}
	total, squares := 0.0, 0.0
	for b := range blocks {
		p := part[b*(2*d+1):][:2*d+1]
		if p[0] == 0 {
			continue
		}
		share := p[0] / (total + p[0])
		for j := range d {
			t := p[1+j] - m.mean[j]
			m.mean[j] += float64(t * share)
			squares += p[1+d+j] + float64(t*t*total*share)
		}
		total += p[0]
	}
	m.weight = total
	if total > 0 {
		m.variance = squares / total / float64(d)
	}
	return m
}

// sums has, for each chunk of rows, the weight and the sums of each group. Chunks, and so
// the order of additions, depend on the shape of the rows and not on the workers.
type sums struct {
	ctx     context.Context // once it is done, passes end early with results of no use
	r       *rows
	mean    []float64 // what is summed are differences from it
	k       int
	workers int
	size    int       // blocks in a chunk
	chunks  int       // number of chunks
	parts   []float64 // of each chunk, of each group: weight, then the sums
	total   []float64 // of each group
	peak    []float64 // of each group: the largest weight since the sums were made anew
	inertia []float64 // of each chunk
	changed []int     // of each chunk
}

func newSums(r *rows, m *origin, k, workers int) *sums {
	n := &sums{ctx: context.Background(), r: r, mean: m.mean, k: k, workers: parallel.Workers(workers), size: 64}
	for n.size*nearest.Block*max(r.d, 1) < 4*k*(r.d+1) { // so that parts are smaller than the rows
		n.size *= 2
	}
	n.chunks = (r.n + n.size*nearest.Block - 1) / (n.size * nearest.Block)
	n.parts = make([]float64, n.chunks*k*(r.d+1))
	n.total, n.peak = make([]float64, k*(r.d+1)), make([]float64, k)
	n.inertia, n.changed = make([]float64, n.chunks), make([]int, n.chunks)
	return n
}

// each calls f for every block with its number of rows, the blocks of a chunk in order.
func (n *sums) each(f func(chunk, block, rows int)) {
	parallel.For(n.workers, n.chunks, func(c int) {
		first := c * n.size
		for b := first; b < first+n.size && b*nearest.Block < n.r.n && n.ctx.Err() == nil; b++ {
			f(c, b, min(nearest.Block, n.r.n-b*nearest.Block))
		}
	})
}

// assign gives every row the label of its nearest centre and brings the sums in line:
// anew, or by what changed, unless a group lost nearly all its weight: what rows leave
// behind that came and went is rounding. It returns how many labels changed and the
// inertia.
func (n *sums) assign(label []int32, centers []float64, anew bool) (changed int, inertia float64) {
	clear(n.inertia)
	clear(n.changed)
	if anew {
		clear(n.parts)
		clear(n.peak)
	}
	stride := n.k * (n.r.d + 1)
	n.each(func(c, b, rows int) {
		var now [nearest.Block]int32
		var dist [nearest.Block]float64
		block, part := n.r.block(b), n.parts[c*stride:][:stride]
		nearest.Nearest(now[:rows], dist[:rows], block, centers, nil, n.r.d)
		n.inertia[c] += weighedSum(dist[:rows], n.r.weightsOf(b, rows))
		was := label[b*nearest.Block:][:rows]
		for i, to := range now[:rows] {
			from := was[i]
			if from == to {
				continue
			}
			n.changed[c]++
			was[i] = to
			if !anew {
				w := n.r.weightOf(b*nearest.Block + i)
				n.add(part, block, i, n.mean, from, -w)
				n.add(part, block, i, n.mean, to, w)
			}
		}
		if anew {
			n.addBlock(part, block, was, n.r.weightsOf(b, rows), n.mean, 0)
		}
	})
	n.reduce()
	for g, peak := range n.peak {
		if n.total[g*(n.r.d+1)] < peak*1e-6 {
			n.resum(label, nil, 0)
			break
		}
	}
	for _, c := range n.changed {
		changed += c
	}
	return changed, sumOf(n.inertia)
}

// add adds the difference of row i of a block from a point to a group w times.
func (n *sums) add(part, block []float64, i int, from []float64, group int32, w float64) {
	part = part[int(group)*(len(from)+1):][:len(from)+1]
	part[0] += w
	sum := part[1:]
	for j, x := range from {
		sum[j] += float64(w * (block[j*nearest.Block+i] - x))
	}
}

// addBlock is add, once for each row of a block with its label. The differences are from
// the point at origin[g*step:] for group g.
func (n *sums) addBlock(part, block []float64, label []int32, weight, origin []float64, step int) {
	d := n.r.d
	for i, g := range label {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		part[int(g)*(d+1)] += w
	}
	column := func(j int) []float64 { return block[j*nearest.Block:][:len(label)] }
	j := 0
	for ; j+4 <= d; j += 4 { // four in one go, as they do not wait for each other
		x0, x1, x2, x3 := column(j), column(j+1), column(j+2), column(j+3)
		for i, g := range label {
			from, sum := (*[4]float64)(origin[int(g)*step+j:]), (*[4]float64)(part[int(g)*(d+1)+1+j:])
			t0, t1, t2, t3 := x0[i]-from[0], x1[i]-from[1], x2[i]-from[2], x3[i]-from[3]
			if weight != nil {
				w := weight[i]
				t0, t1, t2, t3 = float64(w*t0), float64(w*t1), float64(w*t2), float64(w*t3)
			}
			sum[0] += t0
			sum[1] += t1
			sum[2] += t2
			sum[3] += t3
		}
	}
	for ; j < d; j++ {
		for i, x := range column(j) {
			g := int(label[i])
			t := x - origin[g*step+j]
			if weight != nil {
				t = float64(weight[i] * t)
			}
			part[g*(d+1)+1+j] += t
		}
	}
}

// resum makes the sums anew, of the rows whose dist is at most cutoff; dist nil: of all.
func (n *sums) resum(label []int32, dist []float64, cutoff float64) {
	n.sumUp(label, dist, cutoff, n.mean, 0)
}

// sumUp is resum with differences from the point at origin[g*step:] for group g.
func (n *sums) sumUp(label []int32, dist []float64, cutoff float64, origin []float64, step int) {
	clear(n.parts)
	clear(n.peak)
	stride := n.k * (n.r.d + 1)
	n.each(func(c, b, rows int) {
		block, part := n.r.block(b), n.parts[c*stride:][:stride]
		if dist == nil {
			n.addBlock(part, block, label[b*nearest.Block:][:rows], n.r.weightsOf(b, rows), origin, step)
			return
		}
		for i := range rows {
			row := b*nearest.Block + i
			if g := label[row]; dist[row] <= cutoff {
				n.add(part, block, i, origin[int(g)*step:][:n.r.d], g, n.r.weightOf(row))
			}
		}
	})
	n.reduce()
}

// reduce adds the parts up, chunk by chunk.
func (n *sums) reduce() {
	clear(n.total)
	for part := range slices.Chunk(n.parts, len(n.total)) {
		for i, x := range part {
			n.total[i] += x
		}
	}
	for g := range n.peak {
		n.peak[g] = max(n.peak[g], n.total[g*(n.r.d+1)])
	}
}

// means sets dst to the mean of each group, or to what old has for a group without
// weight, and reports whether all have weight.
func (n *sums) means(dst, old []float64) (all bool) {
	all = true
	for g := range n.k {
		t := n.total[g*(n.r.d+1):][:n.r.d+1]
		center := dst[g*n.r.d:][:n.r.d]
		if t[0] <= 0 {
			copy(center, old[g*n.r.d:])
			all = false
			continue
		}
		for j, mean := range n.mean {
			center[j] = mean + t[1+j]/t[0]
		}
	}
	return all
}

// refine makes centers, which are the means of the groups but for rounding, so by sums
// of differences from themselves; arguments as for resum. The sums are of no use after.
func (n *sums) refine(centers []float64, label []int32, dist []float64, cutoff float64) {
	d := n.r.d
	n.sumUp(label, dist, cutoff, centers, d)
	for g := range n.k {
		t := n.total[g*(d+1):][:d+1]
		for j := range d {
			if t[0] > 0 {
				centers[g*d+j] += t[1+j] / t[0]
			}
		}
	}
}

// assignRows sets label and dist of every row to its nearest centre, where offset, if not
// nil, is added to distances before they are compared, and returns the inertia. dist
// is without offset.
func assignRows(r *rows, centers, offset []float64, label []int32, dist []float64, workers int) float64 {
	return assignUntil(context.Background(), r, centers, offset, label, dist, workers)
}

// assignUntil is assignRows that ends early, with results of no use, once ctx is done.
func assignUntil(ctx context.Context, r *rows, centers, offset []float64, label []int32, dist []float64, workers int) float64 {
	const size = 64
	chunks := (r.n + size*nearest.Block - 1) / (size * nearest.Block)
	inertia := make([]float64, chunks)
	parallel.For(parallel.Workers(workers), chunks, func(c int) {
		for b := c * size; b < (c+1)*size && b*nearest.Block < r.n && ctx.Err() == nil; b++ {
			lo, hi := b*nearest.Block, min(r.n, (b+1)*nearest.Block)
			nearest.Nearest(label[lo:hi], dist[lo:hi], r.block(b), centers, offset, r.d)
			if offset != nil {
				ownDistances(dist[lo:hi], label[lo:hi], r.block(b), centers, r.d)
			}
			inertia[c] += weighedSum(dist[lo:hi], r.weightsOf(b, hi-lo))
		}
	})
	return sumOf(inertia)
}

// ownDistances sets dst to the squared distance of each row of the block to the centre of
// its label, in the arithmetic of package nearest.
func ownDistances(dst []float64, label []int32, block, centers []float64, d int) {
	for i, g := range label {
		sum := 0.0
		for j, c := range centers[int(g)*d:][:d] {
			t := block[j*nearest.Block+i] - c
			sum = math.FMA(t, t, sum)
		}
		dst[i] = sum
	}
}

// weightsOf returns the weights of the rows of a block; nil: 1 each.
func (r *rows) weightsOf(block, rows int) []float64 {
	if r.weight == nil {
		return nil
	}
	return r.weight[block*nearest.Block:][:rows]
}

// weightsByGroup returns the sum of the weights of each label.
func weightsByGroup(r *rows, label []int32, k int) []float64 {
	sum := make([]float64, k)
	for i, g := range label {
		sum[g] += r.weightOf(i)
	}
	return sum
}

// sumOf adds x up in four sums, of which i%4 has x[i].
func sumOf(x []float64) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += x[0]
		b += x[1]
		c += x[2]
		d += x[3]
	}
	for _, v := range x {
		a += v
	}
	return (a + b) + (c + d)
}

// weighedSum is sumOf the products of x and weight; nil: of x.
func weighedSum(x, weight []float64) float64 {
	if weight == nil {
		return sumOf(x)
	}
	var a, b, c, d float64
	for ; len(x) >= 4; x, weight = x[4:], weight[4:] {
		w := weight[:4]
		a += float64(x[0] * w[0])
		b += float64(x[1] * w[1])
		c += float64(x[2] * w[2])
		d += float64(x[3] * w[3])
	}
	for i, v := range x {
		a += float64(v * weight[i])
	}
	return (a + b) + (c + d)
}

package cluster

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// defaultStarts is the number of starting points where Options has none.
const defaultStarts = 16

// SampleRows returns how many rows starting points for k groups are chosen and tried on
// where Options does not say it: 20,000, or 400 a group if that is more.
func SampleRows(k int) int { return max(20_000, 400*k) }

// iteration is lloyd or what goes on in its manner from given centres, which it takes over.
type iteration func(ctx context.Context, r *rows, m *origin, centers []float64, o *Options, pass func()) (*solution, error)

// fromStarts tries o.Starts starting points on a sample of the rows and lets iterate go on
// from the best with samples four times as large each, where passes cost little, and then
// with all rows. Where the sample is all the rows that is done already, and where a
// sample has too few different rows it is all of them. trim is the share of the weight that
// starting points take no notice of. Passes over all rows are reported to pass, which may
// be called by several goroutines.
func fromStarts(ctx context.Context, r *rows, o *Options, trim float64, pass func(), iterate iteration) (*solution, error) {
	if o.Centers != nil {
		return iterate(ctx, r, originOf(r, o.Workers), slices.Concat(o.Centers...), o, pass)
	}
	sample := min(cmp.Or(o.Sample, SampleRows(o.K)), r.n)
	if sample < r.n {
		s, err := fromSample(ctx, r, o, sample, trim, pass, iterate)
		if _, few := errors.AsType[*TooFewDistinctError](err); !few {
			return s, err
		}
	}
	best, inertia, err := bestStart(ctx, r, o, trim, pass, iterate)
	if err != nil {
		return nil, err
	}
	best.Sample, best.Starts = r.n, inertia
	return best, nil
}

func fromSample(ctx context.Context, r *rows, o *Options, sample int, trim float64, pass func(), iterate iteration) (*solution, error) {
	rough := *o
	rough.Tolerance = max(o.Tolerance, defaultTolerance)
	random := newRandom(o.Seed, 0)
	part := r.take(random.sample(r.n, sample))
	best, inertia, err := bestStart(ctx, part, &rough, trim, func() {}, iterate)
	for size := 4 * sample; err == nil && size < r.n/3; size *= 4 {
		part = r.take(random.sample(r.n, size))
		best, err = iterate(ctx, part, originOf(part, o.Workers), best.centers, &rough, func() {})
	}
	if err == nil {
		best, err = iterate(ctx, r, originOf(r, o.Workers), best.centers, o, pass)
	}
	if err != nil {
		return nil, err
	}
	best.Sample, best.Starts = sample, inertia
	return best, nil
}

// swapsAtOnce is the number of exchanges tried from the same solution.
const swapsAtOnce = 4

// bestStart returns the best solution of o.Starts starts on all of r, and what inertia
// each came to. Half of the starts are by plusPlus. The others are the best solution
// so far with one centre, drawn at random, put on a row drawn by weight times squared
// distance: random swaps (Fränti 2018) find their way out of optima that are only local.
// Where rows and groups are few, each is improved by exchange.
func bestStart(ctx context.Context, r *rows, o *Options, trim float64, pass func(), iterate iteration) (*solution, []float64, error) {
	m := originOf(r, o.Workers)
	var best *solution
	inertia := make([]float64, 0, o.Starts)
	for fresh := (o.Starts + 1) / 2; len(inertia) < o.Starts; {
		first, count := len(inertia), fresh
		if best != nil {
			count = min(swapsAtOnce, o.Starts-first)
		}
		inertia = inertia[:first+count]
		found, errs := leader{}, make([]error, count)
		one := *o
		one.Workers = max(1, parallel.Workers(o.Workers)/count)
		parallel.For(parallel.Workers(o.Workers), count, func(i int) {
			var s *solution
			random := newRandom(o.Seed, uint64(1+first+i))
			if s, errs[i] = start(ctx, r, m, best, &one, trim, random, pass, iterate); errs[i] == nil {
				inertia[first+i] = s.Inertia
				found.offer(s, i)
			}
		})
		for _, err := range errs {
			if err != nil {
				return nil, nil, err
			}
		}
		if best == nil || found.s.Inertia < best.Inertia {
			best = found.s
		}
	}
	return best, inertia, nil
}

// start returns what iterate comes to from new centres, or where there is a best solution
// from those of best with one elsewhere.
func start(ctx context.Context, r *rows, m *origin, best *solution, o *Options, trim float64, random *random, pass func(), iterate iteration) (*solution, error) {
	var centers []float64
	var err error
	if best != nil {
		centers = best.swapped(r, random)
	} else if centers, err = plusPlus(ctx, r, o.K, trim, random, o.Workers); err != nil {
		return nil, err
	} else if len(centers) < o.K*r.d {
		return nil, &TooFewDistinctError{Distinct: len(centers) / r.d, K: o.K}
	}
	s, err := iterate(ctx, r, m, centers, o, pass)
	if err != nil || trim > 0 || s.Iterations >= o.MaxIterations || !exchanged(r.n, o.K, r.d) {
		return s, err
	}
	if better, err := exchange(ctx, r, s); err != nil || !better {
		return s, err
	}
	rest := *o
	rest.MaxIterations -= s.Iterations
	after, err := iterate(ctx, r, m, s.centers, &rest, pass)
	if err != nil {
		return nil, err
	}
	after.follow(s)
	return after, nil
}

// leader is the best of the solutions offered, the first of equals. It keeps no other.
type leader struct {
	mu sync.Mutex
	s  *solution
	at int
}

func (l *leader) offer(s *solution, at int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.s == nil || s.Inertia < l.s.Inertia || s.Inertia == l.s.Inertia && at < l.at {
		l.s, l.at = s, at
	}
}

// follow puts what before reports in front of the report of s.
func (s *solution) follow(before *solution) {
	s.Iterations += before.Iterations
	s.History = append(before.History, s.History...)
	s.Repaired += before.Repaired
}

// swapped returns the centres with one of them, drawn at random, put on a row, drawn by
// what it adds to the inertia; where nothing adds any they stay.
func (s *solution) swapped(r *rows, random *random) []float64 {
	centers := slices.Clone(s.centers)
	adds := make([]float64, r.n)
	for i, x := range s.dist {
		adds[i] = r.weightOf(i) * min(x, s.cutoff)
	}
	g := random.below(s.k)
	if total := sumOf(adds); total > 0 {
		r.row(centers[g*r.d:][:r.d], random.weighted(adds, total))
	}
	return centers
}

// plusPlus chooses k rows as centres by greedy k-means++ (Arthur and Vassilvitskii 2007,
// with their trials): the first by weight, each further one as the best of 2+⌊ln k⌋ rows
// drawn by weight times squared distance to the nearest centre so far. It returns fewer
// once every row of weight is a centre. With trim no row counts for more than one
// that is nearer than all but the share trim of the weight, so that outliers are not
// drawn before others (Bhaskara, Vadgama and Xu 2019).
func plusPlus(ctx context.Context, r *rows, k int, trim float64, random *random, workers int) ([]float64, error) {
	trials := 2 + int(math.Log(float64(k)))
	p := newPotential(r, trials, workers)
	var centers []float64
	candidates := make([]float64, trials*r.d)
	for c := 0; c < k && p.total > 0; c++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		drawn := candidates
		if c == 0 {
			drawn = drawn[:r.d]
		}
		for at := 0; at < len(drawn); at += r.d {
			r.row(drawn[at:at+r.d], p.draw(random))
		}
		if c == 0 {
			p.limit = math.Inf(1)
		}
		center := drawn[p.best(drawn)*r.d:][:r.d]
		p.accept(center)
		centers = append(centers, center...)
		if trim > 0 {
			p.limitTo(trim)
		}
	}
	return centers, nil
}

// potential is how far the rows are from the centres chosen so far.
type potential struct {
	r       *rows
	workers int
	near    []float64   // squared distance of each row to the nearest centre
	limit   float64     // no row counts for more than it
	block   []float64   // for each block the sum of weight*near
	total   float64     // sum of block
	weight  float64     // of all rows
	tried   [][]float64 // for each candidate what block would be
}

func newPotential(r *rows, trials, workers int) *potential {
	blocks := (r.n + nearest.Block - 1) / nearest.Block
	p := &potential{
		r: r, workers: parallel.Workers(workers),
		near: make([]float64, r.n), limit: 1,
		block: make([]float64, blocks), tried: make([][]float64, trials),
	}
	for i := range p.near {
		p.near[i] = math.Inf(1)
	}
	for t := range p.tried {
		p.tried[t] = make([]float64, blocks)
	}
	p.sum()
	p.weight = p.total
	return p
}

// each calls f for every block b, the rows from lo to hi.
func (p *potential) each(f func(b, lo, hi int)) {
	const size = 8
	parallel.For(p.workers, (len(p.block)+size-1)/size, func(c int) {
		for b := c * size; b < min(len(p.block), (c+1)*size); b++ {
			f(b, b*nearest.Block, min(p.r.n, (b+1)*nearest.Block))
		}
	})
}

// sum makes block and total from near and limit.
func (p *potential) sum() {
	p.each(func(b, lo, hi int) {
		var row [nearest.Block]float64
		p.block[b] = sumOf(p.rows(row[:hi-lo], b))
	})
	p.total = sumOf(p.block)
}

// rows sets dst to how much each row of a block counts.
func (p *potential) rows(dst []float64, b int) []float64 {
	for i := range dst {
		row := b*nearest.Block + i
		dst[i] = p.r.weightOf(row) * min(p.near[row], p.limit)
	}
	return dst
}

// draw returns a row, each as likely as it counts.
func (p *potential) draw(random *random) int {
	b, rest := locate(p.block, random.float()*p.total)
	var row [nearest.Block]float64
	i, _ := locate(p.rows(row[:min(nearest.Block, p.r.n-b*nearest.Block)], b), rest)
	return b*nearest.Block + i
}

// best returns which of the candidates leaves the smallest total, the first of equals.
func (p *potential) best(candidates []float64) int {
	d := p.r.d
	trials := len(candidates) / d
	if trials == 1 {
		return 0
	}
	p.each(func(b, lo, hi int) {
		var dist [nearest.Block]float64
		for t := range trials {
			nearest.Distances(dist[:hi-lo], p.r.block(b), candidates[t*d:][:d])
			for i, x := range p.near[lo:hi] {
				dist[i] = min(dist[i], x, p.limit)
			}
			p.tried[t][b] = weighedSum(dist[:hi-lo], p.r.weightsOf(b, hi-lo))
		}
	})
	best, least := 0, math.Inf(1)
	for t, block := range p.tried[:trials] {
		if total := sumOf(block); total < least {
			best, least = t, total
		}
	}
	return best
}

// accept makes center one of the centres.
func (p *potential) accept(center []float64) {
	p.each(func(b, lo, hi int) {
		var dist [nearest.Block]float64
		nearest.Distances(dist[:hi-lo], p.r.block(b), center)
		near := p.near[lo:hi]
		for i, x := range dist[:hi-lo] {
			near[i] = min(near[i], x)
		}
	})
	p.sum()
}

// limitTo lets no row count for more than one that is nearer than all but the share trim
// of the weight, unless nothing would count then.
func (p *potential) limitTo(trim float64) {
	p.limit = cutoffOf(p.r, p.near, trim*p.weight)
	if p.limit == 0 {
		p.limit = math.Inf(1)
	}
	p.sum()
}

package cluster

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/internal/parallel"
)

// market moves items, which are different rows, between groups until their weights keep the
// bounds, always along the cheapest chain of moves: successive shortest paths in the
// minimum-cost flow of which the nodes are the groups and one pool (Ahuja, Magnanti and
// Orlin 1993, section 9.7). An item is always in the group where distance plus price is
// the smallest. The pool, of price pool, takes from groups and gives to groups that are
// within their bounds. A group dearer than it is at its most, a cheaper one at its least.
// Where items have different weights this holds to the weight of the heaviest.
type market struct {
	k      int
	dist   []float64 // of each item to each group
	weight []float64 // of each item
	group  []int32   // of each item
	held   []float64 // weight of each group
	price  []float64 // of each group, and last of the pool
	most   float64
	least  float64
	grain  float64   // a group may miss its bounds by less than it
	floor  []float64 // for groups a and b at a*k+b, what rows of a that are no items cost at least to move to b
	short  bool      // the cheapest chain needs a row that is no item
	queues [][]int32 // for groups a and b at a*k+b, a heap of the items of a, the cheapest to move to b first; and items that have left a
}

// newMarket has the rows of r as items.
func newMarket(r *rows, centers, dual []float64, b bounds) *market {
	k := len(dual)
	m := &market{k: k, price: append(slices.Clone(dual), 0), held: make([]float64, k), floor: make([]float64, k*k), least: b.least, most: b.most}
	for i := range m.floor {
		m.floor[i] = math.Inf(1)
	}
	m.open(r, centers)
	return m
}

// newMarketOf has as items the rows of r that are, for some pair of groups, among the
// count of one group that are cheapest to move to the other. The others stay where
// they are.
func newMarketOf(r *rows, centers, dual []float64, b bounds, count, workers int) *market {
	type candidate struct {
		key float64
		row int
	}
	m := newMarket(newRows(0, r.d), centers, dual, b)
	k := m.k
	nearby := make([][]candidate, k*k)
	keep := func(pair int) { // the cheapest, and what the others cost at least
		slices.SortFunc(nearby[pair], func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row))
		})
		if len(nearby[pair]) > count {
			m.floor[pair] = nearby[pair][count].key
			nearby[pair] = nearby[pair][:count]
		}
	}
	const wave = 64 // blocks of which distances are in memory
	blocks := (r.n + nearest.Block - 1) / nearest.Block
	dist, label := make([]float64, wave*k*nearest.Block), make([]int32, r.n)
	least := make([]float64, wave*nearest.Block)
	for first := 0; first < blocks; first += wave {
		parallel.For(parallel.Workers(workers), min(wave, blocks-first), func(w int) {
			lo, hi := (first+w)*nearest.Block, min(r.n, (first+w+1)*nearest.Block)
			nearest.Nearest(label[lo:hi], least[w*nearest.Block:][:hi-lo], r.block(first+w), centers, dual, r.d)
			for g := range k {
				nearest.Distances(dist[(w*k+g)*nearest.Block:][:hi-lo], r.block(first+w), centers[g*r.d:][:r.d])
			}
		})
		for w := range min(wave, blocks-first) {
			lo, hi := (first+w)*nearest.Block, min(r.n, (first+w+1)*nearest.Block)
			for i := lo; i < hi; i++ {
				a := int(label[i])
				m.held[a] += r.weightOf(i)
				of := dist[w*k*nearest.Block+i-lo:]
				own := of[a*nearest.Block]
				for b := range k {
					pair := a*k + b
					key := of[b*nearest.Block] - own
					if b == a || key >= m.floor[pair] || r.weightOf(i) == 0 {
						continue
					}
					nearby[pair] = append(nearby[pair], candidate{key, i})
					if len(nearby[pair]) == 2*count {
						keep(pair)
					}
				}
			}
		}
	}
	var index []int
	for pair := range nearby {
		keep(pair)
		for _, c := range nearby[pair] {
			index = append(index, c.row)
		}
	}
	slices.Sort(index)
	index = slices.Compact(index)
	for _, i := range index {
		m.held[label[i]] -= r.weightOf(i)
	}
	m.open(r.take(index), centers)
	return m
}

// open makes the different rows of r items.
func (m *market) open(r *rows, centers []float64) {
	k := m.k
	seen := make(map[string]int)
	row, key := make([]float64, r.d), make([]byte, 0, 8*r.d)
	var first []int
	for i := range r.n {
		w := r.weightOf(i)
		if w == 0 {
			continue
		}
		r.row(row, i)
		key = key[:0]
		for _, x := range row {
			key = binary.NativeEndian.AppendUint64(key, math.Float64bits(x+0))
		}
		item, ok := seen[string(key)]
		if !ok {
			item = len(first)
			seen[string(key)] = item
			first = append(first, i)
			m.weight = append(m.weight, 0)
		}
		m.weight[item] += w
	}
	part := r.take(first)
	m.dist = make([]float64, part.n*k)
	m.group = make([]int32, part.n)
	m.queues = make([][]int32, k*k)
	var column [nearest.Block]float64
	for lo := 0; lo < part.n; lo += nearest.Block {
		hi := min(part.n, lo+nearest.Block)
		for g := range k {
			nearest.Distances(column[:hi-lo], part.block(lo/nearest.Block), centers[g*r.d:][:r.d])
			for i, x := range column[:hi-lo] {
				m.dist[(lo+i)*k+g] = x
			}
		}
	}
	for i, w := range m.weight {
		best := 0
		for g := range k {
			if m.dist[i*k+g]+m.price[g] < m.dist[i*k+best]+m.price[best] {
				best = g
			}
		}
		m.group[i] = int32(best)
		m.held[best] += w
		for g := range k {
			if g != best {
				q := &m.queues[best*k+g]
				*q = append(*q, int32(i))
			}
		}
	}
	for a := range k {
		for b := range k {
			q := m.queues[a*k+b]
			for at := len(q)/2 - 1; at >= 0; at-- {
				m.down(q, at, a, b)
			}
		}
	}
}

// clear makes moves until the bounds are kept or no move helps: first to the weight of the
// heaviest item, so that what one move mends the next does not break, then to that of the
// lightest for as long as it gets better.
func (m *market) clear(ctx context.Context) error {
	lightest, heaviest := math.Inf(1), 0.0
	for _, w := range m.weight {
		lightest, heaviest = min(lightest, w), max(heaviest, w)
	}
	for _, m.grain = range []float64{heaviest, lightest} {
		m.short = false
		least, since := math.Inf(1), 0
		for moves := 0; ; moves++ {
			if moves%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if missed := m.missed(); missed < least {
				least, since = missed, moves
			}
			if moves-since > 1000+m.k || !m.move() {
				break
			}
		}
		if lightest == heaviest {
			break
		}
	}
	return nil
}

// missed is the weight by which groups are beyond where they should be.
func (m *market) missed() float64 {
	sum := 0.0
	for g, held := range m.held {
		switch {
		case held > m.most:
			sum += held - m.most
		case held < m.least:
			sum += m.least - held
		case m.price[g] > m.price[m.k]:
			sum += m.most - held
		case m.price[g] < m.price[m.k]:
			sum += held - m.least
		}
	}
	return sum
}

// gives reports whether group g has too much, takes whether it has too little.
func (m *market) gives(g int) bool {
	return m.held[g] >= m.most+m.grain || m.price[g] < m.price[m.k] && m.held[g] >= m.least+m.grain
}

func (m *market) takes(g int) bool {
	return m.held[g] <= m.least-m.grain || m.price[g] > m.price[m.k] && m.held[g] <= m.most-m.grain
}

// move makes the cheapest chain of moves from a group that gives, or else the pool, to a
// group that takes, or else the pool (Dijkstra's algorithm), and sets the prices at which
// it costs nothing.
func (m *market) move() bool {
	k, pool := m.k, m.k
	cost, from, done := make([]float64, k+1), make([]int, k+1), make([]bool, k+1)
	given, taken := false, false
	for g := range k {
		cost[g], from[g] = math.Inf(1), -1
		if m.gives(g) {
			cost[g], given = 0, true
		}
		taken = taken || m.takes(g)
	}
	cost[pool], from[pool] = math.Inf(1), -1
	if !given {
		if !taken {
			return false
		}
		cost[pool] = 0
	}
	end := -1
	for {
		at := -1
		for v, c := range cost {
			if !done[v] && !math.IsInf(c, 1) && (at < 0 || c < cost[at]) {
				at = v
			}
		}
		if at < 0 {
			return false
		}
		done[at] = true
		if at == pool && given || at != pool && m.takes(at) {
			end = at
			break
		}
		for to := range cost {
			if step := m.step(at, to); !done[to] && cost[at]+step < cost[to] {
				cost[to], from[to] = cost[at]+step, at
			}
		}
	}
	for v, c := range cost {
		m.price[v] -= min(c, cost[end])
	}
	for to := end; from[to] >= 0; to = from[to] {
		if a := from[to]; a != pool && to != pool {
			if i := m.top(a, to); i < 0 || m.key(i, a, to) > m.floor[a*k+to] {
				m.short = true
				return false
			}
		}
	}
	for to := end; from[to] >= 0; to = from[to] {
		if a := from[to]; a != pool && to != pool {
			m.transfer(m.top(a, to), a, to)
		}
	}
	return true
}

// step is what it costs at the present prices to move from a to b.
func (m *market) step(a, b int) float64 {
	pool := m.k
	if a == b ||
		a == pool && (m.held[b] <= m.least || m.price[b] < m.price[pool]) ||
		b == pool && (m.held[a] >= m.most || m.price[a] > m.price[pool]) {
		return math.Inf(1)
	}
	if a == pool || b == pool {
		return m.price[b] - m.price[a]
	}
	return max(0, m.gap(a, b)+m.price[b]-m.price[a])
}

// gap is how much farther the row of a that is cheapest to move to b is from b than from a.
func (m *market) gap(a, b int) float64 {
	gap := m.floor[a*m.k+b]
	if i := m.top(a, b); i >= 0 {
		gap = min(gap, m.key(i, a, b))
	}
	return gap
}

// key is how much farther item i is from b than from a.
func (m *market) key(i int32, a, b int) float64 {
	return m.dist[int(i)*m.k+b] - m.dist[int(i)*m.k+a]
}

// transfer moves item i from a to b.
func (m *market) transfer(i int32, a, b int) {
	m.group[i] = int32(b)
	m.held[a] -= m.weight[i]
	m.held[b] += m.weight[i]
	for g := range m.k {
		if g != b {
			m.push(i, b, g)
		}
	}
}

// top returns the item of a that is cheapest to move to b, the lowest of equals; -1: a
// has none.
func (m *market) top(a, b int) int32 {
	q := m.queues[a*m.k+b]
	for len(q) > 0 && m.group[q[0]] != int32(a) {
		last := len(q) - 1
		q[0] = q[last]
		q = q[:last]
		m.down(q, 0, a, b)
	}
	m.queues[a*m.k+b] = q
	if len(q) == 0 {
		return -1
	}
	return q[0]
}

func (m *market) push(i int32, a, b int) {
	q := append(m.queues[a*m.k+b], i)
	for at := len(q) - 1; at > 0; {
		parent := (at - 1) / 2
		if !m.before(q[at], q[parent], a, b) {
			break
		}
		q[at], q[parent] = q[parent], q[at]
		at = parent
	}
	m.queues[a*m.k+b] = q
}

func (m *market) down(q []int32, at, a, b int) {
	for {
		child := 2*at + 1
		if child >= len(q) {
			return
		}
		if child+1 < len(q) && m.before(q[child+1], q[child], a, b) {
			child++
		}
		if !m.before(q[child], q[at], a, b) {
			return
		}
		q[at], q[child] = q[child], q[at]
		at = child
	}
}

// before orders the items of a by what it costs to move them to b.
func (m *market) before(i, j int32, a, b int) bool {
	x, y := m.key(i, a, b), m.key(j, a, b)
	return x < y || x == y && i < j
}

// prices returns the prices relative to that of the pool, and prices at which every item
// is where it is with the widest margin that all items can have, the cheapest 0. Where some
// have none, because rows at equal distances are in different groups, they are the former
// but for a constant.
func (m *market) prices() (dual, wide []float64) {
	k := m.k
	gap := make([]float64, k*k)
	most := math.Inf(1)
	for a := range k {
		for b := range k {
			gap[a*k+b] = math.Inf(1)
			if a != b {
				gap[a*k+b] = m.gap(a, b)
			}
		}
	}
	for a := range k {
		for b := range a {
			most = min(most, (gap[a*k+b]+gap[b*k+a])/2)
		}
	}
	dual = slices.Clone(m.price[:k])
	for g := range dual {
		dual[g] -= m.price[k]
	}
	wide = slices.Clone(dual)
	if !math.IsInf(most, 1) {
		lo, hi := 0.0, most
		for range 40 {
			try := (lo + hi) / 2
			if p := settle(gap, dual, try); p != nil {
				lo, wide = try, p
			} else {
				hi = try
			}
		}
	}
	least := slices.Min(wide)
	for g := range wide {
		wide[g] -= least
	}
	return dual, wide
}

// settle returns prices p, from the given ones down, with p[a]-p[b] <= gap[a][b]-margin, or
// nil if there are none (Bellman and Ford).
func settle(gap, price []float64, margin float64) []float64 {
	k := len(price)
	p := slices.Clone(price)
	for range k + 1 {
		changed := false
		for a := range k {
			for b := range k {
				if most := p[b] + gap[a*k+b] - margin; most < p[a] {
					p[a], changed = most, true
				}
			}
		}
		if !changed {
			return p
		}
	}
	return nil
}

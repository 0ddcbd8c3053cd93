package cluster

import (
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
// the smallest. The pool, of price 0, takes from groups and gives to groups that are
// within their bounds. A group dearer than it is at its most, a cheaper one at its least.
// Where items have different weights this holds to the weight of the heaviest.
type market struct {
	k      int
	dist   []float64 // of each item to each group
	weight []float64 // of each item
	group  []int32   // of each item
	held   []float64 // weight of each group
	price  []float64 // of each group
	bounds
	grain  float64   // a group may miss its bounds by less than it
	floor  []float64 // for groups a and b at a*k+b, what rows of a that are no items cost at least to move to b
	gap    []float64 // for groups a and b at a*k+b, how much farther the row of a that is cheapest to move to b is from b than from a
	short  bool      // the cheapest chain needs a row that is no item
	queues [][]int32 // for groups a and b at a*k+b, a heap of the items of a, the cheapest to move to b first; and items that have left a

	// Of the groups and the pool, while a chain is sought: the cost of the cheapest to
	// them, the one before in it, and whether it is known.
	cost []float64
	from []int
	done []bool
}

// newMarket has the rows of r as items.
func newMarket(r *rows, centers, dual []float64, b bounds) *market {
	k := len(dual)
	m := &market{
		k: k, price: slices.Clone(dual), held: make([]float64, k), bounds: b,
		floor: slices.Repeat([]float64{math.Inf(1)}, k*k), gap: slices.Repeat([]float64{math.Inf(1)}, k*k),
		cost: make([]float64, k+1), from: make([]int, k+1), done: make([]bool, k+1),
	}
	m.open(r, centers)
	return m
}

// newMarketOf has as items the rows of r that are, for some pair of groups, among those of
// one group that are cheapest to move to the other, count of them. The others stay where
// they are: label has the groups of the rows at the prices, held their weights.
func newMarketOf(r *rows, centers, dual []float64, b bounds, label []int32, held []float64, count, workers int) *market {
	type candidate struct {
		key float64
		row int
	}
	m := newMarket(newRows(0, r.d), centers, dual, b)
	k := m.k
	m.held = held
	nearby := make([][]candidate, k*k)
	floor := m.floor
	for g := range k {
		floor[g*k+g] = math.Inf(-1)
	}
	keep := func(pair int) { // the cheapest, and what the others cost at least
		if len(nearby[pair]) > count {
			slices.SortFunc(nearby[pair], func(a, b candidate) int {
				if a.key < b.key {
					return -1
				} else if a.key > b.key {
					return 1
				}
				return 0
			})
			floor[pair] = nearby[pair][count].key
			nearby[pair] = nearby[pair][:count]
		}
	}
	const wave = 64 // blocks of which distances are in memory
	dist := make([]float64, wave*k*nearest.Block)
	for first := 0; first < r.blockCount(); first += wave {
		n := min(wave, r.blockCount()-first)
		parallel.For(parallel.Workers(workers), n, func(w int) {
			for g := range k {
				nearest.Distances(dist[(w*k+g)*nearest.Block:][:r.inBlock(first+w)], r.block(first+w), centers[g*r.d:][:r.d])
			}
		})
		for w := range n {
			lo, of := (first+w)*nearest.Block, dist[w*k*nearest.Block:][:k*nearest.Block]
			for i, a := range label[lo:][:r.inBlock(first+w)] {
				own, row := of[int(a)*nearest.Block+i], floor[int(a)*k:][:k]
				for b, most := range row {
					key := of[b*nearest.Block+i] - own
					if key >= most || r.weightOf(lo+i) == 0 {
						continue
					}
					pair := int(a)*k + b
					nearby[pair] = append(nearby[pair], candidate{key, lo + i})
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
		m.look(a)
	}
}

// clear makes moves until the bounds are kept or no move helps: to the weight of the
// heaviest item, so that what one move mends the next does not break, and then to that of
// the lightest for as long as it gets better, after which the first may have to be mended.
func (m *market) clear(ctx context.Context) error {
	lightest, heaviest := math.Inf(1), 0.0
	for _, w := range m.weight {
		lightest, heaviest = min(lightest, w), max(heaviest, w)
	}
	for _, phase := range []struct {
		grain    float64
		patience int // moves without getting better
	}{{heaviest, 1000 + m.k}, {lightest, 2 * m.k}, {heaviest, 1000 + m.k}} {
		m.grain, m.short = phase.grain, false
		least, since := math.Inf(1), 0
		for moves := 0; moves-since <= phase.patience; moves++ {
			if moves%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if missed := m.bounds.missed(m.held, m.price); missed < least {
				least, since = missed, moves
			}
			if !m.move() {
				break
			}
		}
		if lightest == heaviest || m.short {
			break
		}
	}
	return nil
}

// gives reports whether group g has too much, takes whether it has too little.
func (m *market) gives(g int) bool {
	return m.held[g] >= m.most+m.grain || m.price[g] < 0 && m.held[g] >= m.least+m.grain
}

func (m *market) takes(g int) bool {
	return m.held[g] <= m.least-m.grain || m.price[g] > 0 && m.held[g] <= m.most-m.grain
}

// move makes the cheapest chain of moves from a group that gives, or else the pool, to a
// group that takes, or else the pool (Dijkstra's algorithm), and sets the prices at which
// it costs nothing.
func (m *market) move() bool {
	k, pool := m.k, m.k
	cost, from, done := m.cost, m.from, m.done
	clear(done)
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
	last := cost[end]
	for g := range m.price {
		m.price[g] -= min(cost[g], last) - min(cost[pool], last)
		if (from[g] == pool || from[pool] == g) && max(cost[g], cost[pool]) <= last {
			m.price[g] = 0 // not nearly
		}
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
	switch {
	case a == b,
		a == pool && (m.held[b] <= m.least || m.price[b] < 0),
		b == pool && (m.held[a] >= m.most || m.price[a] > 0):
		return math.Inf(1)
	case a == pool:
		return m.price[b]
	case b == pool:
		return -m.price[a]
	}
	return max(0, m.gap[a*m.k+b]+m.price[b]-m.price[a])
}

// look sets the gaps from a to the others.
func (m *market) look(a int) {
	for b := range m.k {
		if a == b {
			continue
		}
		gap := m.floor[a*m.k+b]
		if i := m.top(a, b); i >= 0 {
			gap = min(gap, m.key(i, a, b))
		}
		m.gap[a*m.k+b] = gap
	}
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
	m.look(a)
	m.look(b)
}

// prices returns the prices, and prices at which every item
// is where it is with the widest margin that all items can have, the cheapest 0. Where some
// have none, because rows at equal distances are in different groups, they are the former
// but for a constant.
func (m *market) prices() (dual, wide []float64) {
	k, gap := m.k, m.gap
	most := math.Inf(1)
	for a := range k {
		for b := range a {
			most = min(most, (gap[a*k+b]+gap[b*k+a])/2)
		}
	}
	dual = slices.Clone(m.price)
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

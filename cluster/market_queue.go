package cluster

// key is how much farther item i is from b than from a.
func (m *market) key(i int32, a, b int) float64 {
	return m.dist[int(i)*m.k+b] - m.dist[int(i)*m.k+a]
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

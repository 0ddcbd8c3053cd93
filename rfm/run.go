package rfm

// A run is some rows of one customer that can be booked as one: in most data
// the lines of an order stand together.
type run[K comparable] struct {
	id      K
	hash    uint64
	amount  int64 // sum of the rows
	last    int64 // unix seconds of the latest
	unit    unit
	lines   uint16 // at most stretchRows
	kind    Kind
	counted bool // whether unit names what the rows count for
}

// together tells whether two rows of one customer can be in one run.
func (c *Columns[K]) together(p *policy, i, j int) bool {
	switch {
	case c.kind(i) != c.kind(j):
		return false
	case p.frequency == Orders || p.refunds == NetRefunds:
		return c.sameOrder(i, j)
	case p.frequency == Days:
		return c.Times[i] == c.Times[j]
	}
	return true
}

// numbers returns the numbers of the rows [lo, hi) in which those of one
// customer that can be in one run are equal: none where all can, and not ok
// where no numbers tell.
func (c *Columns[K]) numbers(p *policy, lo, hi int) (numbers []int64, ok bool) {
	switch {
	case p.frequency == Orders || p.refunds == NetRefunds:
		if len(c.OrderNumbers) == 0 {
			return nil, false
		}
		return c.OrderNumbers[lo:hi], true
	case p.frequency == Days:
		return c.Times[lo:hi], true
	}
	return nil, true
}

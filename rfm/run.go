package rfm

import "math/bits"

// A run is some rows of one customer that can be booked as one: in most data
// the lines of an order stand together.
type run struct {
	hash   uint64
	amount int64  // sum of the rows
	last   int64  // unix seconds of the latest
	first  uint32 // a row, for the customer, the kind and the order
	lines  uint32
}

func newRun[K comparable](c *Columns[K], row int) run {
	return run{hash: hashOf(c.Customers[row]), amount: c.Amounts[row], last: c.Times[row], first: uint32(row), lines: 1}
}

// shard is the shard of the customer.
func (r *run) shard() uint64 { return r.hash >> (64 - shardBits) }

// extend takes row into the run if it goes with it.
func extend[K comparable](r *run, p *policy, c *Columns[K], row int) bool {
	first := int(r.first)
	if c.Customers[row] != c.Customers[first] || c.kind(row) != c.kind(first) {
		return false
	}
	switch {
	case p.frequency == Orders || p.refunds == NetRefunds:
		if !c.sameOrder(row, first) {
			return false
		}
	case p.frequency == Days:
		if c.Times[row] != r.last {
			return false
		}
	}
	sum, carry := bits.Add64(uint64(r.amount), uint64(c.Amounts[row]), 0)
	if carry != 0 || sum > 1<<63-1 {
		return false
	}
	r.amount = int64(sum)
	r.last = max(r.last, c.Times[row])
	r.lines++
	return true
}

package profile

import (
	"slices"

	"github.com/clientele-go/clientele/customer"
)

// A step is an atom of a change, from the side of the customer whose entry it is, or the
// end of the change.
type step struct {
	change *customer.Change
	atom   int  // index; len(change.Atoms) is the end
	whole  bool // after it no change of the window has been followed on one side only
}

func (s *step) ends() bool { return s.atom == len(s.change.Atoms) }

// A pairing is what the two entries of a change have in common.
type pairing struct {
	verb     customer.Verb
	from, to customer.ID
	at       int64
}

func pairingOf(c *customer.Change) pairing {
	return pairing{c.Verb, c.From, c.To, c.At.UnixNano()}
}

// side is 1 for an entry on the side of From and -1 on that of To; it is 0 where a change
// has one side only, and for all parts but the last.
func side(c *customer.Change) int {
	switch {
	case c.From == (customer.ID{}) || c.To == (customer.ID{}) || c.Part < c.Parts:
		return 0
	case c.Customer == c.From:
		return 1
	}
	return -1
}

// stepsOf puts changes in an order in which the two sides of each are near each other,
// without changing that within a shard.
func stepsOf(window []customer.Change) []step {
	var shards [customer.Shards][]*customer.Change
	balance := map[pairing]int{}
	atoms := 0
	for i := range window {
		c := &window[i]
		shards[c.Shard] = append(shards[c.Shard], c)
		if s := side(c); s != 0 {
			balance[pairingOf(c)] += s
		}
		atoms += len(c.Atoms) + 1
	}
	queues := slices.DeleteFunc(shards[:], func(q []*customer.Change) bool { return len(q) == 0 })
	steps := make([]step, 0, atoms)
	open := map[pairing]int{}
	emit := func(queue int) {
		for first := true; first || len(queues[queue]) > 0 && queues[queue][0].Part > 1; first = false {
			c := queues[queue][0]
			queues[queue] = queues[queue][1:]
			for i := range len(c.Atoms) + 1 {
				steps = append(steps, step{change: c, atom: i})
			}
			s := side(c)
			if s == 0 {
				continue
			}
			// Of some the other side is not in the window: nothing is gained by waiting.
			if p := pairingOf(c); balance[p] == 0 {
				if open[p] += s; open[p] == 0 {
					delete(open, p)
				}
			}
		}
		last := &steps[len(steps)-1]
		last.whole = len(open) == 0
	}
	for len(queues) > 0 {
		least := 0
		for q := range queues {
			if queues[q][0].At.Before(queues[least][0].At) {
				least = q
			}
		}
		c := queues[least][0]
		emit(least)
		if c.From != (customer.ID{}) && c.To != (customer.ID{}) {
			for q := range queues {
				if len(queues[q]) > 0 && pairingOf(queues[q][0]) == pairingOf(c) {
					emit(q)
				}
			}
		}
		queues = slices.DeleteFunc(queues, func(q []*customer.Change) bool { return len(q) == 0 })
	}
	return steps
}

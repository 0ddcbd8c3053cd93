package synth

import (
	"fmt"
	"slices"
)

// block is the number of people among whom roles are dealt out.
const block = 100

// A role is what is special about a person.
type role uint8

const (
	ordinary role = iota
	donor         // gives up the number that another gets
	recipient
	lender // whose number a relative gives
	borrower
	tablet
)

// person is the truth about one of a crowd.
type person struct {
	index   int // from 0
	role    role
	partner int // index of the other, of roles that have one
	phones  []phone
	name    string
	email   string
	uses    []int   // channels
	active  float64 // factor on the frequency of all
	renewed int64   // when the phone was replaced by a new device
}

// A phone is a number that is a person's after the one before it, and until a moment.
type phone struct {
	number string
	until  int64 // unix seconds
	origin Origin
}

// dealt returns the role of person i and the other of the pair. The shares are
// exact in each full block; the last block, if it is not full, has whole pairs.
func (c *Crowd) dealt(i int) (role, int) {
	first := i / block * block
	n := min(block, c.people-first)
	order := make([]int, n)
	for j := range order {
		order[j] = j
	}
	s := newStream(c.seed, forRoles, int64(first))
	for j := n - 1; j > 0; j-- {
		k := s.below(j + 1)
		order[j], order[k] = order[k], order[j]
	}
	place := slices.Index(order, i-first)
	at := 0
	for _, r := range []struct {
		a, b  role
		pairs int
	}{
		{donor, recipient, int(c.opts.Recycled*float64(n) + 0.5)},
		{lender, borrower, int(c.opts.Family*float64(n) + 0.5)},
		{tablet, tablet, int(c.opts.Tablet*float64(n)/2 + 0.5)},
	} {
		for range r.pairs {
			if at+1 >= n {
				break
			}
			switch place {
			case at:
				return r.a, first + order[at+1]
			case at + 1:
				return r.b, first + order[at]
			}
			at += 2
		}
	}
	return ordinary, -1
}

// number is the k-th mobile number that belongs to person i alone.
func (c *Crowd) number(i, k int) string {
	prefixes := [...]string{"135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "176", "178", "182", "183", "187", "188", "198"}
	const size = 100_000_000 // the last eight digits
	n := (uint64(i)*61_803_399 + mix(c.seed)%size) % size
	return fmt.Sprintf("%s%08d", prefixes[(k*7+int(n)%6)%len(prefixes)], n)
}

// handover is when the donor i gives up its number, and when the other gets it.
func (c *Crowd) handover(i int) (until, from int64) {
	s := newStream(c.seed, forPhones, int64(i))
	start, end := c.opts.Since.Unix(), c.opts.Until.Unix()
	until = start + int64(add(0.2, 0.2, s.uniform())*float64(end-start))
	const day = 86400
	return until, until + int64(90+s.below(30))*day
}

// person makes the truth about person i.
func (c *Crowd) person(i int) person {
	p := person{index: i}
	p.role, p.partner = c.dealt(i)
	s := newStream(c.seed, forPerson, int64(i))
	start, end := c.opts.Since.Unix(), c.opts.Until.Unix()
	family := familyNames[s.below(len(familyNames))]
	if p.role == borrower && mix(uint64(i))%10 < 6 {
		relative := newStream(c.seed, forPerson, int64(p.partner))
		family = familyNames[relative.below(len(familyNames))]
	}
	p.name = family + givenNames[s.below(len(givenNames))]
	if s.uniform() < 0.6 {
		p.name += givenNames[s.below(len(givenNames))]
	}
	if s.uniform() < 0.6 {
		p.email = fmt.Sprintf("%s%d@%s", mailNames[s.below(len(mailNames))], i+1, mailHosts[s.below(len(mailHosts))])
	}
	changes := s.uniform() < 0.1
	change := start + int64(s.uniform()*float64(end-start))
	switch p.role {
	case donor:
		until, _ := c.handover(i)
		p.phones = []phone{{c.number(i, 0), until, Recycled}, {c.number(i, 1), end, Own}}
	case recipient:
		_, from := c.handover(p.partner)
		p.phones = []phone{{c.number(i, 0), from, Own}, {c.number(p.partner, 0), end, Recycled}}
	case lender:
		p.phones = []phone{{c.number(i, 0), end, Family}}
	case borrower:
		p.phones = []phone{{c.number(p.partner, 0), end, Family}}
	default:
		p.phones = []phone{{c.number(i, 0), end, Own}}
		if changes {
			p.phones = []phone{{c.number(i, 0), change, Own}, {c.number(i, 1), end, Own}}
		}
	}
	n := 1
	if s.uniform() >= c.opts.OneChannel {
		n = 2 + s.below(4)
	}
	for len(p.uses) < n {
		if k := s.below(len(crowdChannels)); !slices.Contains(p.uses, k) {
			p.uses = append(p.uses, k)
		}
	}
	if p.role == tablet && !slices.Contains(p.uses, appChannel) {
		p.uses[0] = appChannel
	}
	slices.Sort(p.uses)
	const spread = 0.8 // of the logarithm of the activity
	p.active = min(5, max(0.1, exp(add(-spread*spread/2, spread, s.normal()))))
	p.renewed = end
	if s.uniform() < 0.4 {
		p.renewed = start + int64(s.uniform()*float64(end-start))
	}
	return p
}

// phoneAt is the number a person gives at a moment.
func (p *person) phoneAt(at int64) phone {
	for _, n := range p.phones {
		if at < n.until {
			return n
		}
	}
	return p.phones[len(p.phones)-1]
}

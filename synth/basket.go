package synth

import (
	"iter"
	"time"
)

// Line is a line of an invoice. Safe for concurrent reads.
type Line struct {
	// Time, Customer, Order, Kind, Channel and Country are those of the event;
	// Kind is Purchase or Refund.
	Time     time.Time
	Customer int64
	Order    int64
	Kind     Kind
	// Code and Description are those of a product, or POST, POSTAGE for postage
	// paid, M, MANUAL for a small amount typed in by hand, and D, DISCOUNT for
	// a discount granted afterwards.
	Code, Description string
	// Quantity is negative on refunds.
	Quantity int64
	// Price of one, in minor units; 0 for a sample.
	Price            int64
	Channel, Country string
}

// piece is a line without its invoice; product is an index of the catalogue or
// one of the codes below zero.
type piece struct {
	product  int32
	quantity int64
	price    int64
}

const (
	postage  int32 = -1 - iota
	manual         // typed in by hand
	discount       // granted afterwards
)

const longest = 300 // lines of a basket, at most; the rest of the amount becomes one line

// Basket appends the lines of a purchase or refund of this shop to dst and
// returns it; a contact has none. The event must come from this shop: one of
// another shop may panic. Quantity times price over all lines is Amount, or
// -Amount for a refund, exactly.
//
// Products come off the shelf by popularity, at list price, until the rest is
// worth less than the next one; the rest becomes one piece of the product with
// the nearest list price, sold at the price that makes the sum exact, or a
// manual line below 0.19. Baskets of over 40 typical lines buy larger
// quantities instead. A refund in part returns some of the products of its
// order.
func (s *Shop) Basket(dst []Line, e Event) []Line {
	var buf [16]piece
	var pieces []piece
	sign := int64(1)
	switch e.Kind {
	case Purchase:
		pieces = s.fill(buf[:0], e.Order, e.gross, e.channel, e.nation)
	case Refund:
		sign = -1
		switch e.form {
		case credit:
			pieces = append(buf[:0], piece{discount, 1, e.Amount})
		default:
			pieces = s.fill(buf[:0], e.Order, e.gross, e.channel, e.nation)
			pieces = s.giveBack(pieces, e.Order, e.form)
		}
	}
	for _, p := range pieces {
		l := Line{
			Time: e.Time, Customer: e.Customer, Order: e.Order, Kind: e.Kind,
			Quantity: sign * p.quantity, Price: p.price, Channel: e.Channel, Country: e.Country,
		}
		switch p.product {
		case postage:
			l.Code, l.Description = codePostage, "POSTAGE"
		case manual:
			l.Code, l.Description = codeManual, "MANUAL"
		case discount:
			l.Code, l.Description = codeDiscount, "DISCOUNT"
		default:
			l.Code, l.Description = s.catalogue.products[p.product].Code, s.catalogue.products[p.product].Description
		}
		dst = append(dst, l)
	}
	return dst
}

// fill appends the pieces of an order worth amount.
func (s *Shop) fill(dst []piece, order, amount int64, channel, nation uint8) []piece {
	c := s.catalogue
	r := newStream(s.seed, forBaskets, order)
	rest := amount
	if p := s.opts.Countries[nation].Postage; s.opts.Channels[channel].Ships && p > 0 && amount >= 3*p && amount <= 12*p {
		dst = append(dst, piece{postage, 1, p})
		rest -= p
	}
	bulk := 1 + int64(float64(rest)/(40*c.mean))
	cheapest := c.products[c.byPrice[0]].Price
	for rest > 0 && len(dst) < longest {
		k := c.pick(&r)
		price := c.products[k].Price
		quantity := min(bulk*packs[r.below(len(packs))], rest/price)
		if left := rest - quantity*price; left > 0 && left < cheapest && quantity > 1 {
			quantity-- // leave enough for another piece
		}
		if quantity == 0 {
			break
		}
		dst = append(dst, piece{k, quantity, price})
		rest -= quantity * price
	}
	switch {
	case rest >= cheapest && rest <= 2*c.products[c.byPrice[len(c.byPrice)-1]].Price:
		dst = append(dst, piece{c.near(&r, rest), 1, rest})
	case rest > 0:
		dst = append(dst, piece{manual, 1, rest})
	}
	if r.uniform() < s.opts.Rates.Sample {
		dst = append(dst, piece{c.pick(&r), 1, 0})
	}
	return dst
}

// giveBack reduces the pieces of an order to those refunded.
func (s *Shop) giveBack(pieces []piece, order int64, form form) []piece {
	r := newStream(s.seed, forReturns, order)
	goods := pieces[:0]
	for _, p := range pieces {
		if p.price > 0 && (form == whole || p.product >= 0) {
			goods = append(goods, p)
		}
	}
	if form == whole {
		return goods
	}
	if len(goods) == 0 { // nothing but a manual line: it is given back
		return pieces[:1]
	}
	back := goods[:0]
	sure := r.below(len(goods))
	for i, p := range goods {
		if i == sure || r.uniform() < 0.25 {
			p.quantity = 1 + int64(r.below(int(p.quantity)))
			back = append(back, p)
		}
	}
	return back
}

// returned returns the amount of a refund in part.
func (s *Shop) returned(order, gross int64, channel, nation uint8) int64 {
	var buf [16]piece
	amount := int64(0)
	for _, p := range s.giveBack(s.fill(buf[:0], order, gross, channel, nation), order, part) {
		amount += p.quantity * p.price
	}
	return amount
}

// Lines returns the lines of all invoices in the order of [Shop.Events], the
// lines of an invoice together. It may be ranged over any number of times.
func (s *Shop) Lines() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		var lines []Line
		for e := range s.Events() {
			lines = s.Basket(lines[:0], e)
			for _, l := range lines {
				if !yield(l) {
					return
				}
			}
		}
	}
}

// Package synth answers: how good is an analysis, when the truth is known? It
// makes a realistic shop of any size (customers, orders, refunds, service
// contacts, invoice lines), together with what no real shop can tell: how often
// each customer would buy, what the orders are worth on average, and when the
// customer left for good.
//
//	shop, err := synth.New(1, &synth.Options{Location: london, Customers: 2000})
//	...
//	for e := range shop.Events() {
//		fmt.Println(e.Time, e.Customer, e.Kind, e.Amount)
//	}
//	for c := range shop.Customers() {
//		fmt.Println(c.AliveAt(shop.Until())) // what no real shop can tell
//	}
//
// The package example has it whole; that of [Crowd] has people in twelve channels. docs/theory/synth.md has the laws and where they
// mislead.
//
// Everything is a function of a seed and [Options]. Nothing is stored: [New]
// costs milliseconds, and customers, histories, events and lines are made as
// they are ranged over. The same seed and options give the same values on every
// architecture, in any process, with any GOMAXPROCS. Every customer has
// separate random streams for each purpose, so changing the rate of refunds
// leaves all orders as they were, and a history made alone is the one made in
// the whole.
//
// # The model
//
// The shop has a clock that runs fast in busy hours: its speed m(t) is the
// product of weights of month, weekday, hour and peaks ([Season]). On this
// clock, in weeks:
//
//   - Customer i of n arrives in the i-th of n slices of equal probability
//     under a density that grows by [Options].Growth a year, and makes a first
//     purchase at once.
//   - Repeat purchases are a Poisson process of rate λ; leaving comes after an
//     exponential time of rate μ. λ is Gamma(R, Alpha), μ is Gamma(S, Beta),
//     independent ([ParetoNBD]). In calendar time purchases are therefore a
//     Poisson process of intensity λ m(t), and leaving has the hazard μ m(t).
//   - An order is worth Gamma(P, ν), ν is Gamma(Q, V) ([GammaGamma]), in minor
//     units rounded half to even, at least 1 and at most 1e12.
//   - The channel is the customer's preferred one with probability
//     [Rates].Loyalty, otherwise one of all by weight; an order in hours in
//     which its channel is closed goes to the first channel.
//   - With probability [Rates].Refund an order is refunded once, after a time
//     that is Gamma of shape 2: in whole, in part, or as a discount
//     afterwards. Orders and refunds lead to service contacts.
//   - Guests place [Rates].Guest of all orders, each guest one, spread evenly
//     over the clock with the growth of the arrivals.
//
// The season is known, so the posterior of being a customer still has the
// closed form of the Pareto/NBD: (x, tx, t) are read from the clock, the
// factors m(t) of the purchases cancel. [Shop.Alive] and [Shop.Silent] are that
// posterior, the best that any method can do that sees purchases; tests hold
// them calibrated. [Shop.Clock] gives the clock to other methods.
//
// # What is realistic, and what is not
//
// Realistic: customers differ in rate, lifetime and spend as in published fits
// of real shops; many buy once; silence is ambiguous; days, weeks and Christmas
// show; guests, refunds of part of an order, postage, samples at price zero,
// manual amounts, late discounts and lines recorded twice occur at rates like
// those of UCI Online Retail; popularity of products is long-tailed; most
// baskets are small and some are huge.
//
// Not realistic: rate, lifetime and spend are independent of each other and of
// channel, country and products; nobody changes habits before leaving (unless
// [Rates].ContactLeaving is set) or after a refund, and nobody returns;
// purchases have no rhythm (real ones are often more regular than Poisson); the
// season is the same for all customers, channels and products; leaving is more
// likely in busy hours; products have no affinities and customers no tastes;
// prices never change, and there are no campaigns, stock-outs or public
// holidays but the peaks; arrivals are evener than chance; guests are nobody's
// second account; the default weights of season, channels, countries and
// contacts are judgements. The catalogue is invented.
//
// Customers of a shop have no names or addresses, and the file has no faults but
// duplicates. A [Crowd] is the other way round: people with names, numbers and
// accounts in many channels, recorded with all the usual faults, whose orders have
// no amounts.
package synth

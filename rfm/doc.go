// Package rfm answers which customers are worth what: it scores every customer
// by recency (days since the last purchase), frequency (how often) and
// monetary value (how much), and names the segments the scores make.
//
//	a, err := rfm.Analyze(ctx, slices.Values(purchases), &rfm.Options{AsOf: now, Location: time.Local})
//	...
//	for _, c := range a.Customers { // each customer once, in order of id
//		fmt.Println(c.ID, c.Recency, c.Frequency, c.Revenue, c.Scores, a.Model.Segment(c.Scores).Name.EN)
//	}
//
// The package example has it whole; docs/theory/rfm.md has the formulas and where they mislead.
//
// [Analyze] goes from transactions to scored customers. What it returns groups
// them by segment ([Analysis.BySegment]), by the eight classes used in China
// ([Analysis.ByClass]) or by value tier ([Analysis.ByTier]); a [Grouping] sums
// its groups up, shows how customers migrate between two dates and what each
// group bought afterwards. The [Model] scores single customers later, and is
// kept as JSON. An [Accumulator] is kept up to date by a service, or merged
// from the parts of a distributed job.
//
// # From transactions to customers
//
// Recency is counted in calendar days of Options.Location, so that a purchase
// of today has recency 0 until local midnight, whatever daylight saving does.
// Money is int64 minor units of one currency: sums are exact and do not depend
// on order. What is dubious has a stated outcome, and the [Report] counts it:
//
//   - A refund is a transaction of its own, booked by Options.Refunds.
//   - A negative amount is set aside: refunds are explicit.
//   - A purchase of amount zero counts like any other (CDNOW has 80).
//   - A transaction after the as-of day, or before the window, is set aside.
//   - Two lines of one order are one order, but twice the money: lines that
//     are there twice by mistake have to be removed before, see package ingest.
//   - A customer with refunds alone, or with every order fully returned, has
//     no recency: not scored, but counted with the money.
//
// # From values to scores
//
// Ties decide RFM. In CDNOW's 23,570 customers 11,908 bought once: SQL's
// NTILE(5) gives these equal customers the scores 1, 2 and 3, pandas' qcut
// leaves three scores of five, and R's rfm never gives a 2. The default here,
// [MidRank], gives equal customers equal scores and depends on nothing but the
// values; the others are there by name, exact, for comparison.
//
// # From scores to segments
//
// A [SegmentTable] is data: [SegmentTable.Validate] proves it total and
// disjoint, or lists the holes. The ranges the well-known eleven segments are
// usually printed with leave 36 of 125 scores without a segment and four names
// unreachable ([Published]); the default ([Eleven]) covers every score once.
//
// Every output is sorted by customer id or in table order, and the same
// transactions in any order, on any number of goroutines, give the same bytes.
package rfm

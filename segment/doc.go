// Package segment answers who is meant: whom does a rule such as
//
//	city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip
//
// select, how many are they, what sets them apart, and why is this customer one of them. It keeps the tags of millions of
// customers in memory as compressed bitmaps and answers in milliseconds, in process.
//
//	ix, err := segment.New(&segment.Options{Infer: true}) // or declare the tags
//	...
//	var b segment.Batch
//	b.Set(id, "city", customer.TextValue("广州"))
//	b.Set(id, "orders_90d", customer.Int64Value(5))
//	err = ix.Apply(ctx, &b)
//	...
//	rule, err := segment.Parse(`city in ("广州", "深圳") and orders_90d >= 3`)
//	...
//	s, q := ix.Snapshot(), segment.Query{Rule: rule, AsOf: now, Location: shanghai}
//	n, err := s.Count(ctx, q)              // how many
//	traits, err := s.Portrait(ctx, q, nil) // what sets them apart
//	why, err := s.Why(ctx, q, id)          // why this one
//
// The package example has it whole; that of [Parse] named chinese has tags and punctuation in Chinese. docs/theory/segment.md has
// the formulas and where they mislead.
//
// # Concepts
//
// An Index holds customers, by customer.ID, and their tags. A Tag has a name and a Kind: a flag, one text of several
// (also paths such as 广东/广州), a set of labels, a number or a time. Every tag of every customer can also be unset. The
// Catalogue describes the tags to programs and people, and Snapshot.Coverage says how complete and how old they are.
//
// One goroutine writes, in batches that take effect as a whole: Index.Apply for changes, Index.Load for columns,
// Index.ApplyRows for what a customer.Feed hands on. Everyone else takes a Snapshot, which never changes, and asks it.
//
// A Rule is built in Go (And, Eq, Within, ...), parsed from text (Parse) or read from JSON, and prints as text again. It
// has two values, not three: a condition on an unset tag is false, also !=; Not is the complement among the customers
// there are. docs/rules.md is the language. A Query is a rule together with the moment it is asked for: nothing in this
// package reads a clock.
//
// A Snapshot counts, lists and describes what a query selects: Count, Set, Page and Members; Sum, Stats, Quantiles, Top,
// Histogram, GroupBy and Distinct; Portrait, Overlap, Diff, Draw and Lookalike; Explain and Why. A Matcher answers the
// same rule for one customer without an index.
//
// A Live keeps the members of named segments up to date, and gives a Notice whenever a customer enters or leaves.
//
// A Set is what leaves the index: a Roaring bitmap of positions, good for this index and epoch. Between systems
// customers travel as ids: Snapshot.IDs and Snapshot.SetOf.
//
// # Live segments
//
// A Live takes over an index and is its only writer. A Definition is a rule with a name; the rules of others can name it.
// Live.Define puts definitions into force, each as a new Version; Live.Preview tells beforehand what one would do, and
// Live.Rollback takes one back.
//
// Every call that writes is one step: Live.Apply and Live.ApplyRows change customers, Live.Advance moves the clock, which all of
// them take as an argument and which never goes back. A step returns its notices, numbered over all segments from 1
// without gaps, in the order of segment name and customer id, and Live.Notices gives the last ones again. They are exactly the
// difference between the members before and after: two evaluations of everything would find the same. What happens
// within a step is not seen: a customer who is merged, or deleted and made anew, has left or entered only if the step as a whole
// says so. Live.Next tells when something may happen next because time passes, so that a service sleeps until then and calls
// Advance.
//
// At the end of a step, with the tags, the clock and the definitions after it, a customer of the segment is, the first that holds:
//
//   - nobody, if deleted. Who comes back is a new customer.
//   - held out, if the Holdout takes him and Rule holds, or he was a member or held out before and stays: Rule or Stay holds,
//     or less than Dwell has passed since he entered.
//   - a member, if he was one before and stays.
//   - in the line, if Rule holds, since the step in which that began. Without Cap all in the line become members at once, else
//     the first as far as there are places, by the time of the step and then by id. If a new definition leaves fewer places
//     than members, those who entered last leave, and the line begins anew for those of them for whom Rule holds.
//   - none of these otherwise.
//
// A rule that names another segment looks at its members as they are after the step. The reason of a notice is ByMerge of who is
// no more and part of another customer, ByDeletion of others who are no more, else the first, in the order of the constants, of
// these: ByDefinition, if the segment was defined in the step; ByTag, if the step made the customer or changed a value of a tag that
// Rule or Stay names; ByPlace, if he was in the line; and the reasons why he entered or left segments that they name. It is ByTime if
// there is none of them.
//
// A change of a value is looked up among what rules compare its tag with, and only rules that have a condition whose answer
// changes are put to the customer, once. When the clock moves, only customers are looked at whose values lie in the
// stretch that the end of a window has passed since, or whose day of the year came into a window of anniversaries or left it.
// Where a rule has to be put to many customers in a step, it is evaluated for all as in a query.
//
// A Live that NewLive makes is in memory. After a restart it begins with the members there are then, without notices, and
// numbers go on from LiveOptions.After: what the Live before had told and nobody has taken is lost. OpenLive keeps index, segments
// and notices in a store, so that nothing is: each step is there before it is acknowledged, Live.Checkpoint writes what has
// changed, Live.Backup copies all meanwhile. One process writes, others follow it by Live.Follow.
//
// # How it works
//
// Customers are numbered in order of arrival, and 65,536 numbers are a chunk. Of each chunk a set is a sorted array, a
// bitmap or runs; a number is kept as bit slices, one bitmap for each of its bits, and compared a bit of all customers at a
// time; texts are kept both as sets and as a code a customer. A rule is evaluated chunk by chunk in a few KiB of memory,
// cheap and selective conditions first, and what the least and largest values of a chunk decide is not looked into. On
// amd64 the inner loops are assembly where the processor has AVX2; the build tag purego leaves it out. Answers do not
// depend on it, nor on the number of goroutines.
//
// At most 2^32-2 customers, 65,535 different texts of an Enum, and 2^20 different labels of a tag of Labels.
package segment

// Package segment answers who is meant: whom does a rule such as
//
//	city in ("广州", "深圳") and orders_90d >= 3 and last_order within 30 days and not vip
//
// select, how many are they, what sets them apart, and why is this customer one of them. It keeps the tags of millions of
// customers in memory as compressed bitmaps and answers in milliseconds, in process.
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
// A Set is what leaves the index: a Roaring bitmap of positions, good for this index and epoch. Between systems
// customers travel as ids: Snapshot.IDs and Snapshot.SetOf.
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

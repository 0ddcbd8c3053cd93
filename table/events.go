package table

// Events are what happened to customers, as columns of equal length, one row an event, in any order: who did what, when,
// for how much. It is what histories are handed on as between packages; a package that takes them says which kinds it
// knows. Not safe for concurrent use while it is being written.
type Events[K comparable] struct {
	Customers []K     // whose event it is
	Times     []int64 // when it happened, unix seconds; math.MinInt64 is no time
	// Arrived is when it became known, unix seconds: what arrived after a moment was not known
	// there. Nil: all at once; math.MinInt64: at Times.
	Arrived []int64
	// Amounts are money in minor units (cents, fen) of one currency; nil: all 0. A negative one
	// is none.
	Amounts []int64
	// Kinds say what happened, Channels where and Categories what it was about: indexes into
	// the names beside them, -1 is none; nil: all none.
	Kinds         []int32
	Channels      []int32
	Categories    []int32
	KindNames     []string
	ChannelNames  []string
	CategoryNames []string
}

package segment

import (
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/civil"
)

// bound is a rule, or a part of one, whose names and values have been looked up in a catalogue: what the executor and
// Match work on. It knows no moment yet; times are resolved by window. It has no opCompare, opIn, opBetween and
// opSegment left.
type bound struct {
	form    form
	kids    []*bound
	k       int        // formAtLeast: how many of kids; formSample: share in 1/10,000; formAnniversary: days
	tag     int        // the place of the tag in the catalogue
	other   int        // formTags: the second tag
	cmp     comparison // formTags
	want    bool       // formFlag: the value asked for
	texts   []string   // formEnum: any of these, with all below them if the tag is a hierarchy; formHasAny, formHasAll: labels
	lo      int64      // formRange: lo <= stored value <= hi; lo > hi selects nobody
	hi      int64      //
	flo     float64    // formFloats: flo <= value <= fhi
	fhi     float64    //
	spans   *spans     // formRanges of numbers
	from    edge       // formTime: from <= time, and time < to
	to      edge       //
	salt    string     // formSample
	sampler sampler    // formSample: that of salt
	name    string     // formMember: the set
	set     *Set       // formMember of an index: what was found under name
	rule    *node      // what this came from, for Explain and Why
	seg     string     // the segment whose rule this is the root of, or ""
	clock   int        // formTime, formAnniversary: its number among those of the whole rule
	whole   *whole     // what is known of the whole rule, at its root
}

type form uint8

const (
	formAll         form = iota // all of kids; none: everyone
	formAny                     // any of kids; none: nobody
	formNot                     // not the one kid
	formAtLeast                 // at least k of kids
	formSet                     // tag is set
	formFlag                    // flag is set and is want
	formEnum                    // enum is any of texts, or below one
	formHasAny                  // labels hold any of texts
	formHasAll                  // labels hold all of texts (at least one)
	formRange                   // integer, decimal: lo <= value <= hi in units of the scale
	formFloats                  // float: flo <= value <= fhi
	formTime                    // time: from <= value < to
	formAnniversary             // an anniversary of time within k days
	formTags                    // tag cmp other
	formSample                  // share k by salt
	formMember                  // in the set name
	formRanges                  // integer, decimal, float, in plans also time: in one of many ranges
)

// spans are the ranges of a formRanges: those of whole numbers, or those of floats, ascending and apart.
type spans struct {
	ints   intRanges
	floats [][2]float64
}

// edge is one end of a stretch of time, known once the moment of the question is.
type edge struct {
	kind  edgeKind
	value customer.Value // edgeInstant
	day   civil.Day      // edgeDay: the start of this local day
	n     int64          // edgeDays: the start of today + n days; edgeHours: n hours after the moment
	plus  time.Duration  // added to any of them
}

type edgeKind uint8

const (
	edgeNone    edgeKind = iota // open
	edgeInstant                 // value
	edgeDay                     // start of the local day
	edgeDays                    // start of the local day n days from today
	edgeHours                   // moment + n hours
)

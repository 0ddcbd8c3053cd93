package churn

import (
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/table"
)

// Of silence_surprise and purchase_rate_log: what is known of a buyer before the first
// purchase day, as purchases and the days in which they were made.
const (
	priorPurchases = 0.5
	priorDays      = 30
)

// noSlot marks kinds that are not counted.
const noSlot = math.MaxUint8

// extractor turns histories of one log into rows. Not safe for concurrent use.
type extractor struct {
	columns []featureColumn
	starts  []int64 // of the log
	since   Day
	loc     *time.Location

	kindSlot         [256]uint8 // by kind of the log
	purchase, refund int        // slots; refund -1: not asked for
	channel, assort  levelCount

	// Events are counted in buckets by age: bucket i has the ages up to edges[i] and above
	// edges[i-1], the last one those above all edges.
	edges   []int
	byAge   []uint8 // bucket of each age up to the largest edge
	largest int
	window  []windowEdges

	// Of one history:
	kinds    []kindCount // by slot
	counts   []int32     // by slot, then bucket; sums of buckets up to it once read
	paid     []int64     // by bucket, likewise
	refunded []int64
	buyer    buyer
	gaps     []int32 // ascending once read
	about    aboutBuyer
	month    int
	cutoff   Day // of month
}

// windowEdges are indexes into the edges of a window: its days, half of them, and twice that half.
type windowEdges struct{ all, half, both int }

// kindCount is when events of a kind were, in days before the cut-off; 0: never.
type kindCount struct{ first, last int32 }

// buyer is what purchases of one history come to.
type buyer struct {
	count               int
	money, most, latest int64 // of all, the largest, and those of the last day
	days                int   // with purchases
	gapSum, gapSquares  int64
	lastGap             int32
	weekend             int
	evening, night      int
}

func newExtractor(s *schema, e *events, starts []int64, since Day, loc *time.Location) *extractor {
	x := &extractor{
		columns: s.columns(), starts: starts, since: since, loc: loc,
		purchase: slices.Index(s.Kinds, Purchase), refund: slices.Index(s.Kinds, Refund),
		channel: newLevelCount(s.Channels, e.channels), assort: newLevelCount(s.Categories, e.categories),
		kinds: make([]kindCount, len(s.Kinds)),
		month: -1,
	}
	for i := range x.kindSlot {
		x.kindSlot[i] = noSlot
	}
	for i, kind := range e.kinds {
		if slot := slices.Index(s.Kinds, kind); slot >= 0 {
			x.kindSlot[i] = uint8(slot)
		}
	}
	for _, w := range s.Windows {
		x.edges = append(x.edges, w, w/2, w/2*2)
	}
	slices.Sort(x.edges)
	x.edges = slices.Compact(x.edges)
	for _, w := range s.Windows {
		at := func(days int) int { return slices.Index(x.edges, days) }
		x.window = append(x.window, windowEdges{at(w), at(w / 2), at(w / 2 * 2)})
	}
	x.largest = x.edges[len(x.edges)-1]
	x.byAge = make([]uint8, x.largest+1)
	for age := range x.byAge {
		bucket, _ := slices.BinarySearch(x.edges, age)
		x.byAge[age] = uint8(bucket)
	}
	buckets := len(x.edges) + 1
	x.counts = make([]int32, len(s.Kinds)*buckets)
	x.paid, x.refunded = make([]int64, buckets), make([]int64, buckets)
	return x
}

// read takes in a history.
func (x *extractor) read(h *History) {
	clear(x.kinds)
	clear(x.counts)
	clear(x.paid)
	clear(x.refunded)
	x.buyer, x.gaps = buyer{}, x.gaps[:0]
	x.channel.reset()
	x.assort.reset()
	if x.month < 0 || h.cutoff != x.cutoff {
		_, month, _ := civil.Day(h.cutoff).Date()
		x.month, x.cutoff = int(month)-1, h.cutoff
	}

	buckets := len(x.edges) + 1
	bought := int64(math.MinInt64) // second of the purchase before
	for i, kind := range h.kind {
		slot := int(x.kindSlot[kind])
		if slot == noSlot {
			continue
		}
		age := int(h.cutoff) - int(h.day[i])
		bucket := buckets - 1
		if age <= x.largest {
			bucket = int(x.byAge[age])
		}
		x.counts[slot*buckets+bucket]++
		k := &x.kinds[slot]
		previous := k.last
		k.last = int32(age)
		if k.first == 0 {
			k.first = k.last
		}
		switch slot {
		case x.purchase:
			x.paid[bucket] += h.amount[i]
			x.buy(h, i, int(previous)-age, previous == 0)
			if age <= x.largest {
				x.channel.add(h.channel[i])
				x.assort.add(h.category[i])
			}
			// At one second they ascend by channel; of their categories the last one counts as well.
			category := h.category[i]
			if h.unix[i] == bought {
				category = max(category, x.assort.last)
			}
			bought = h.unix[i]
			x.channel.last, x.assort.last = h.channel[i], category
		case x.refund:
			x.refunded[bucket] += h.amount[i]
		}
	}
	for slot := range x.kinds {
		of := x.counts[slot*buckets : (slot+1)*buckets]
		for b := 1; b < buckets; b++ {
			of[b] += of[b-1]
		}
	}
	for b := 1; b < buckets; b++ {
		x.paid[b] += x.paid[b-1]
		x.refunded[b] += x.refunded[b-1]
	}
	slices.Sort(x.gaps)
	x.about.describe(&x.buyer, x.kinds[x.purchase], x.gaps)
}

// buy takes in purchase i, gap days after the one before it.
func (x *extractor) buy(h *History, i, gap int, first bool) {
	b, amount := &x.buyer, h.amount[i]
	b.count++
	b.money += amount
	b.most = max(b.most, amount)
	if first || gap > 0 {
		b.days++
		b.latest = 0
	}
	b.latest += amount
	if gap > 0 && !first {
		b.gapSum += int64(gap)
		b.gapSquares += int64(gap) * int64(gap)
		b.lastGap = int32(gap)
		x.gaps = append(x.gaps, b.lastGap)
	}
	day := Day(h.day[i])
	if weekday := (int(day)%7 + 11) % 7; weekday == 0 || weekday == 6 { // 1970-01-01 was a Thursday
		b.weekend++
	}
	switch hour := x.hour(day, h.unix[i]); {
	case hour >= 18:
		b.evening++
	case hour < 6:
		b.night++
	}
}

// hour returns the hour that local clocks show at an instant of a day.
func (x *extractor) hour(day Day, unix int64) int {
	if at := int(day - x.since); x.starts[at+1]-x.starts[at] == 24*60*60 {
		return int((unix - x.starts[at]) / (60 * 60))
	}
	return time.Unix(unix, 0).In(x.loc).Hour()
}

// write puts the values of the history that was read into a row of the columns.
func (x *extractor) write(columns []table.Column, row int) {
	for i := range x.columns {
		c := &x.columns[i]
		if c.levels != nil {
			columns[i].Code[row] = x.code(c)
		} else {
			columns[i].Num[row] = x.value(c)
		}
	}
}

package rfm

import (
	"math"

	"github.com/clientele-go/clientele/internal/civil"
)

// A scatter spreads rows over the shards. It keeps a few runs for each shard
// and books them together, so that their memory accesses overlap. Several
// scatters of one accumulator work at the same time.
type scatter[K comparable] struct {
	accumulator *Accumulator[K]
	report      Report
	latest      int64
	turnover    turnover
	touched     byte // what touch read; without a use the reads would be optimised away
	calendar    civil.Calendar
	batch       batch
	runs        [shards][batchRuns]run[K]
	lens        [shards]int
}

func newScatter[K comparable](a *Accumulator[K]) *scatter[K] {
	return &scatter[K]{accumulator: a, calendar: civil.NewCalendar(a.policy.location), latest: never}
}

// add takes the rows [lo, hi) of c; what is not booked yet is kept.
func (s *scatter[K]) add(c *Columns[K], lo, hi int) {
	a := s.accumulator
	var purchases, zeros int64
	since, until := a.policy.since, a.policy.until
	ids, times, amounts := c.Customers[lo:hi], c.Times[lo:hi], c.Amounts[lo:hi]
	times, amounts = times[:len(ids)], amounts[:len(ids)]
	// parted: rows of one customer may not go together.
	units := a.policy.frequency != Lines || a.policy.refunds == NetRefunds
	parted := units || len(c.Kinds) > 0
	var r *run[K] // the latest, which further rows can join
	first := 0    // its first row
	for i, id := range ids {
		if i%64 == 0 && a.order.written != nil {
			s.touch(ids[i:min(i+64, len(ids))])
		}
		at, amount := times[i], amounts[i]
		if len(c.Kinds) == 0 && at >= since && at < until && amount >= 0 && at != civil.NoTime && !a.order.missing(id) {
			purchases++
			if amount == 0 {
				zeros++
			}
		} else if !a.admit(&s.report, c, lo+i) {
			continue
		}
		s.latest = max(s.latest, at)
		s.turnover.add(turnover(amount))
		if r != nil && r.id == id && (!parted || c.together(&a.policy, first, lo+i)) {
			r.amount += amount
			r.last = max(r.last, at)
			r.lines++
			continue
		}
		hash := a.order.hash(&ids[i])
		shard := shardOf(hash)
		if s.lens[shard] == batchRuns {
			s.flush(shard)
		}
		r = &s.runs[shard][s.lens[shard]]
		s.lens[shard]++
		first = lo + i
		r.id, r.hash, r.amount, r.last, r.lines, r.kind = id, hash, amount, at, 1, c.kind(first)
		if units {
			r.unit, r.counted = c.unit(first, &a.policy, &s.calendar)
		}
	}
	s.report.Rows += purchases
	s.report.Purchases += purchases
	s.report.ZeroAmounts += zeros
}

// touch reads the texts of ids, which are scattered over memory: in a tight loop
// the accesses overlap.
func (s *scatter[K]) touch(ids []K) {
	written, sum := s.accumulator.order.written, byte(0)
	for i := range ids {
		if text := written(&ids[i]); text != "" {
			sum += text[0]
		}
	}
	s.touched = sum
}

// flush books the runs of a shard.
func (s *scatter[K]) flush(shard int) {
	a := s.accumulator
	a.locks[shard].Lock()
	defer a.locks[shard].Unlock()
	a.shards[shard].add(&a.policy, s.runs[shard][:s.lens[shard]], &s.batch)
	s.lens[shard] = 0
}

func (s *scatter[K]) flushAll() {
	for shard := range s.lens {
		if s.lens[shard] > 0 {
			s.flush(shard)
		}
	}
}

// A turnover is the sum of amounts, refunds counted positive, up to the first
// that an int64 does not hold. While it holds that, no sum of some of the
// amounts leaves the range, in whatever order they are added.
type turnover uint64

func (t *turnover) add(amounts turnover) { *t += min(amounts, 1<<63-*t) }

func (t turnover) overflows() bool { return t > math.MaxInt64 }

// magnitude is the amount of v without its sign.
func magnitude(v int64) turnover { return turnover(min(uint64(v), -uint64(v))) }

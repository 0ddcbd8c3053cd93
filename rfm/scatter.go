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
	stretches   [stretchRows]stretch
	runs        [shards][batchRuns]run[K]
	lens        [shards]int
	used        [shards]int // runs that may hold ids
}

func newScatter[K comparable](a *Accumulator[K]) *scatter[K] {
	return &scatter[K]{accumulator: a, calendar: civil.NewCalendar(a.policy.location), latest: never}
}

// add takes the rows [lo, hi) of c; what is not booked yet is kept.
func (s *scatter[K]) add(c *Columns[K], lo, hi int) {
	a := s.accumulator
	p := &a.policy
	units := p.frequency != Lines || p.refunds == NetRefunds
	for ; lo < hi; lo += stretchRows {
		end := min(lo+stretchRows, hi)
		if a.order.texts {
			s.touch(c.Customers[lo:end])
		}
		stretches, plain := s.joinPlain(c, lo, end)
		if !plain {
			stretches = s.join(c, lo, end)
		}
		for j := range stretches {
			t := &stretches[j]
			row := int(t.row)
			id := &c.Customers[row]
			hash := a.order.hash(id)
			shard := shardOf(hash)
			if s.lens[shard] == batchRuns {
				s.flush(shard)
			}
			r := &s.runs[shard][uint(s.lens[shard])%batchRuns]
			s.lens[shard]++
			r.id, r.hash, r.amount, r.last, r.lines, r.kind = *id, hash, t.amount, t.last, uint16(t.lines), c.kind(row)
			if units {
				r.unit, r.counted = c.unit(row, p, &s.calendar)
			}
		}
	}
}

// A stretch is some neighbouring rows that become one run.
type stretch struct {
	amount, last int64
	row          int32 // the latest row
	lines        int32
}

// stretchRows is the number of rows that are joined at a time.
const stretchRows = 256

// joinPlain joins rows that go together and counts them in the report, if all
// rows [lo, hi) of c are purchases that count, numbers tell which go together,
// and no amount is so large that sums need care. It has no branches that depend
// on where customers change, which no processor can foretell.
func (s *scatter[K]) joinPlain(c *Columns[K], lo, hi int) (stretches []stretch, plain bool) {
	a := s.accumulator
	units, numbers := c.numbers(&a.policy, lo, hi)
	if len(c.Kinds) > 0 || !numbers || a.order.missing(c.Customers[lo]) { // a NaN would begin a stretch before the first
		return nil, false
	}
	ids := c.Customers[lo:hi]
	times, amounts := c.Times[lo:hi][:len(ids)], c.Amounts[lo:hi][:len(ids)]
	id, earliest := ids[0], times[0]
	t, unit := stretch{last: never}, int64(0)
	if len(units) > 0 {
		unit = units[0]
	}
	var bits turnover
	n, zeros, missing := 0, 0, 0
	for i := range ids {
		if a.order.missing(ids[i]) {
			missing++
		}
		if amounts[i] == 0 {
			zeros++
		}
		earliest = min(earliest, times[i])
		bits |= turnover(amounts[i])
		other := 0
		if ids[i] != id {
			other = 1
		}
		id = ids[i]
		if i < len(units) {
			if units[i] != unit {
				other = 1
			}
			unit = units[i]
		}
		n += other
		same := int64(other) - 1 // all bits or none
		t.amount = t.amount&same + amounts[i]
		t.last = max(t.last&same|never&^same, times[i])
		t.row, t.lines = int32(lo+i), t.lines&int32(same)+1
		s.stretches[uint(n)%stretchRows] = t
	}
	stretches = s.stretches[:n+1]
	latest, sum := times[0], turnover(0)
	for j := range stretches {
		latest = max(latest, stretches[j].last)
		sum += turnover(stretches[j].amount)
	}
	const large = 1 << 63 / stretchRows
	if missing > 0 || bits >= large || earliest < a.policy.since || latest >= a.policy.until || earliest == civil.NoTime {
		return nil, false
	}
	s.report.Rows += int64(len(ids))
	s.report.Purchases += int64(len(ids))
	s.report.ZeroAmounts += int64(zeros)
	s.latest = max(s.latest, latest)
	s.turnover.add(sum)
	return stretches, true
}

// join joins rows that go together and counts them in the report; it leaves out
// those that do not count.
func (s *scatter[K]) join(c *Columns[K], lo, hi int) []stretch {
	a := s.accumulator
	n := 0
	for i := lo; i < hi; i++ {
		if !a.admit(&s.report, c, i) {
			continue
		}
		at, amount := c.Times[i], c.Amounts[i]
		s.latest = max(s.latest, at)
		s.turnover.add(turnover(amount))
		if n > 0 {
			t := &s.stretches[n-1]
			if j := int(t.row); c.Customers[i] == c.Customers[j] && c.together(&a.policy, i, j) {
				t.amount += amount
				t.last = max(t.last, at)
				t.row = int32(i)
				t.lines++
				continue
			}
		}
		s.stretches[n] = stretch{amount: amount, last: at, row: int32(i), lines: 1}
		n++
	}
	return s.stretches[:n]
}

// touch reads the texts of ids, which are scattered over memory: in a tight loop
// the accesses overlap.
func (s *scatter[K]) touch(ids []K) {
	sum := byte(0)
	for i := range ids {
		if text := s.accumulator.order.written(&ids[i]); text != "" {
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
	s.used[shard] = max(s.used[shard], s.lens[shard])
	s.lens[shard] = 0
}

func (s *scatter[K]) flushAll() {
	for shard := range s.lens {
		if s.lens[shard] > 0 {
			s.flush(shard)
		}
	}
}

// forget lets go what booked runs hold of texts.
func (s *scatter[K]) forget() {
	for shard, n := range s.used {
		clear(s.runs[shard][:n])
		s.used[shard] = 0
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

package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/parallel"
)

// plan is a bound rule on a snapshot: names are codes, moments are bounds, the parts are in the order in which they are
// cheapest. It is not changed once made.
type plan struct {
	*bound
	kids     []*plan
	t        *Tag
	d, other *tagData
	codes    []uint32     // formEnum, formHasAny, formHasAll: of the texts that occur, ascending
	covers   bool         // formHasAll: every text occurs
	lo, hi   int64        // formRange, formTime: the bounds
	ranges   intRanges    // formAnniversary, formRanges
	floats   [][2]float64 // formRanges of floats
	chunks   []bitset.Set // formMember
	extent   *extent      // of a condition that one value answers; nil of others
	where    chunkSet     // nobody is selected of other chunks; nil: of any chunk somebody may be

	cost     float64 // time per chunk, roughly in microseconds
	estimate float64 // customers expected
}

// program is a query ready to run.
type program struct {
	s       *Snapshot
	root    *plan
	moment  moment
	workers int
	sets    map[*Set][]bitset.Set          // while planning: the sets met
	live    func(name string) []bitset.Set // the members of a live segment, where the rule is that of one
}

// prepare binds and plans a query, and sees to it that everything its rule looks at has been read.
func (s *Snapshot) prepare(ctx context.Context, q Query) (*program, error) {
	b, err := q.Rule.bind(s.tags, q.Segments, func(name string) (Set, error) {
		if q.Sets == nil {
			return Set{}, ErrUnknown
		}
		set, err := q.Sets(ctx, name)
		if err == nil {
			err = s.good(set)
		}
		return set, err
	})
	if err != nil {
		return nil, err
	}
	m := moment{q.AsOf, q.Location}
	if err := b.missing(m); err != nil {
		return nil, err
	}
	if err := s.need(ctx, b.whole.tags...); err != nil {
		return nil, err
	}
	if b.whole.sample {
		if err := s.needIDs(ctx); err != nil {
			return nil, err
		}
	}
	p := &program{s: s, moment: m, workers: parallel.Workers(q.Workers), sets: map[*Set][]bitset.Set{}}
	if p.root, err = p.plan(b); err != nil {
		return nil, err
	}
	return p, nil
}

// frame returns what one goroutine runs the program with.
func (p *program) frame() *frame {
	f := spareFrames.Get().(*frame)
	f.s, f.program = p.s, p
	return f
}

// each calls do once for every chunk of which the program may select somebody, on several goroutines with a frame each,
// until ctx ends.
func (p *program) each(ctx context.Context, do func(f *frame, c int)) error {
	return p.over(ctx, p.root.chunksOf(p.s), do)
}

// over is each for the chunks given.
func (p *program) over(ctx context.Context, chunks []uint16, do func(f *frame, c int)) error {
	frames := parallel.States(p.workers, len(chunks), p.frame, func(f *frame, i int) {
		if ctx.Err() == nil {
			do(f, int(chunks[i]))
		}
	})
	for _, f := range frames {
		f.release()
	}
	return ctx.Err()
}

func (p *program) plan(b *bound) (*plan, error) {
	n := &plan{bound: b, kids: make([]*plan, 0, len(b.kids))}
	for _, kid := range b.kids {
		k, err := p.plan(kid)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, k)
	}
	if b.form == formAny {
		n.kids = gathered(n.kids)
	}
	switch b.form {
	case formAll, formAny, formNot, formAtLeast:
		p.combine(n)
		return n, nil
	case formSample:
		n.cost, n.estimate = 300, float64(p.s.alive)*float64(b.k)/10_000
		return n, nil
	case formMember:
		var err error
		if p.live != nil {
			n.chunks = p.live(b.name)
		} else if n.chunks, err = p.sets[b.set], nil; n.chunks == nil {
			n.chunks, err = p.s.chunksOf(*b.set)
			p.sets[b.set] = n.chunks
		}
		n.cost = 1
		for _, c := range n.chunks {
			n.estimate += float64(c.Len())
		}
		if err != nil {
			return nil, &RuleError{Line: b.rule.line, Column: b.rule.column, Reason: fmt.Sprintf("set %q: %v", b.name, err), Err: err}
		}
		return n, nil
	}
	n.t, n.d = p.s.tags.tags[b.tag], &p.s.data[b.tag]
	p.leaf(n)
	return n, nil
}

// manyRanges is the number of ranges of one tag from which looking at each value pays.
const manyRanges = 6

// gathered returns the parts of an Any with the windows of a tag as one part, where they are many. Ranges of numbers
// have been gathered when the rule was bound.
func gathered(kids []*plan) []*plan {
	count := map[int]int{}
	for _, k := range kids {
		if k.form == formTime {
			count[k.tag]++
		}
	}
	var out []*plan
	many, ranges := map[int]*plan{}, map[int][][2]int64{}
	for _, k := range kids {
		if k.form != formTime || count[k.tag] < manyRanges {
			out = append(out, k)
			continue
		}
		all := many[k.tag]
		if all == nil {
			all = &plan{bound: &bound{form: formRanges, tag: k.tag}, t: k.t, d: k.d, cost: 300}
			many[k.tag] = all
			out = append(out, all)
		}
		all.estimate += k.estimate
		if k.lo <= k.hi {
			ranges[k.tag] = append(ranges[k.tag], [2]int64{k.lo, k.hi})
		}
	}
	for tag, all := range many {
		all.ranges = newIntRanges(ranges[tag])
	}
	return out
}

// leaf completes the plan of a condition on a tag.
func (p *program) leaf(n *plan) {
	n.cost = 1
	switch n.form {
	case formEnum, formHasAny, formHasAll:
		n.codes, n.covers = n.d.codesOf(n.t, n.texts)
	case formRange:
		n.lo, n.hi = n.bound.lo, n.bound.hi
		n.cost = 12
	case formTime:
		n.lo, n.hi = n.window(n.t, p.moment)
		n.cost = 12
	case formFloats:
		n.cost = 30
	case formRanges:
		n.ranges, n.floats = n.spans.ints, n.spans.floats
		n.cost = 300
	case formAnniversary:
		lo, hi, ok := n.d.bounds()
		if ok {
			n.ranges = newIntRanges(n.anniversaries(n.t, p.moment, lo, hi))
		}
		n.cost = 300
	case formTags:
		n.other = &p.s.data[n.bound.other]
		n.cost = 600
	}
	if n.extent = n.asExtent(); n.extent != nil {
		n.where, n.estimate = n.extent.where, float64(n.extent.total)
		return
	}
	for c := range n.d.columns {
		n.estimate += n.expected(c)
	}
	if n.form == formRanges {
		n.estimate *= n.taken()
	}
}

// asExtent returns the extent of a condition that one value of a tag answers, nil of another.
func (n *plan) asExtent() *extent {
	switch n.form {
	case formSet:
		return n.d.extent(everyValue)
	case formFlag:
		if n.want {
			return n.d.extent(flagTrue)
		}
	case formEnum, formHasAny, formHasAll:
		switch {
		case len(n.codes) == 0, n.form == formHasAll && !n.covers:
			return nobodyHas
		case len(n.codes) == 1:
			return n.d.extent(n.codes[0])
		}
	}
	return nil
}

// taken is how much of what lies between the least and the largest value of the tag the ranges take.
func (n *plan) taken() (sum float64) {
	if low, high, ok := n.d.bounds(); ok {
		for _, r := range n.ranges.list {
			sum += share(float64(r[0]), float64(r[1])+1, float64(low), float64(high)+1)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for chunk := range n.d.columns {
		if c, is := n.d.latest(chunk).(*floatColumn); is {
			least, largest := c.bounds()
			low, high = min(low, least), max(high, largest)
		}
	}
	for _, r := range n.floats {
		sum += share(r[0], r[1], low, high)
	}
	return min(sum, 1)
}

// codesOf returns the codes of texts that occur in the tag, and for a hierarchy of those below them; all tells whether
// every text occurs.
func (d *tagData) codesOf(t *Tag, texts []string) (codes []uint32, all bool) {
	all = true
	for _, text := range texts {
		code := d.terms.code(text, d.last)
		if code != 0 {
			codes = append(codes, code)
		}
		all = all && code != 0
	}
	if t.Hierarchy {
		for i, text := range d.texts() {
			if below(texts, text) {
				codes = append(codes, uint32(i+1))
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes), all
}

// bounds returns two whole numbers that no value is below or above.
func (d *tagData) bounds() (lo, hi int64, ok bool) {
	lo, hi = math.MaxInt64, math.MinInt64
	for chunk := range d.columns {
		if c, is := d.latest(chunk).(*intColumn); is {
			least, largest := c.bounds()
			lo, hi, ok = min(lo, least), max(hi, largest), true
		}
	}
	return lo, hi, ok
}

// expected estimates the customers that a condition selects of a chunk: exactly for sets, by the spread between least
// and largest for numbers.
func (n *plan) expected(c int) float64 {
	col := n.d.asRead(c)
	if col == nil {
		return 0
	}
	size := float64(col.members().Len())
	switch col := col.(type) {
	case *flagColumn:
		if n.form == formFlag && n.want {
			return float64(col.yes.Len())
		} else if n.form == formFlag {
			return size - float64(col.yes.Len())
		}
	case enumSets:
		if n.form == formEnum {
			sum := 0
			for _, code := range n.codes {
				sum += col.of(uint16(code)).Len()
			}
			return float64(sum)
		}
	case *labelsColumn:
		return n.expectedLabels(col, size)
	case *intColumn:
		switch n.form {
		case formRange, formTime:
			least, largest := col.bounds()
			return size * share(float64(n.lo), float64(n.hi)+1, float64(least), float64(largest)+1)
		case formAnniversary:
			return size * float64(n.k) / 365.25
		}
	case *floatColumn:
		if n.form == formFloats {
			least, largest := col.bounds()
			return size * share(n.flo, n.fhi, least, largest)
		}
	}
	if n.form == formTags {
		return size / 3
	}
	return size
}

func (n *plan) expectedLabels(col *labelsColumn, size float64) float64 {
	switch n.form {
	case formHasAny:
		none := 1.0
		for _, code := range n.codes {
			none *= 1 - float64(col.of(code).Len())/size
		}
		return size * (1 - none)
	case formHasAll:
		if !n.covers {
			return 0
		}
		all := 1.0
		for _, code := range n.codes {
			all *= float64(col.of(code).Len()) / size
		}
		return size * all
	}
	return size
}

// share is how much of low..high lies in lo..hi.
func share(lo, hi, low, high float64) float64 {
	lo, hi = max(lo, low), min(hi, high)
	switch {
	case lo > hi:
		return 0
	case high <= low:
		return 1
	}
	return (hi/2 - lo/2) / (high/2 - low/2) // halves, as the difference may be too large
}

// chunkSet returns the chunks of which a plan of parts may select somebody, nil if that is any.
func (n *plan) chunkSet() chunkSet {
	if n.form == formNot {
		return nil
	}
	if n.form == formAll {
		var where chunkSet
		for _, k := range n.kids {
			switch {
			case where == nil:
				where = k.where
			case k.where != nil:
				where = where.and(k.where)
			}
		}
		return where
	}
	where := chunkSet{}
	for _, k := range n.kids {
		if k.where == nil {
			return nil
		}
		where = where.or(k.where)
	}
	return where
}

// chunksOf returns the chunks of which the plan may select somebody, ascending.
func (n *plan) chunksOf(s *Snapshot) []uint16 {
	if n.where == nil {
		return s.chunks()
	}
	chunks := make([]uint16, 0, len(s.exists))
	for c := range n.where.all() {
		chunks = append(chunks, uint16(c))
	}
	return chunks
}

// chunks returns all chunks, ascending.
func (s *Snapshot) chunks() []uint16 {
	chunks := make([]uint16, len(s.exists))
	for c := range chunks {
		chunks[c] = uint16(c)
	}
	return chunks
}

// combine orders the parts of a plan and estimates it, taking them for independent.
func (p *program) combine(n *plan) {
	all := max(float64(p.s.alive), 1)
	selectivity := func(k *plan) float64 { return min(k.estimate/all, 1) }
	rest := 1.0
	for _, k := range n.kids {
		n.cost += k.cost
		if n.form == formAll {
			rest *= selectivity(k)
		} else {
			rest *= 1 - selectivity(k)
		}
	}
	n.where = n.chunkSet()
	switch n.form {
	case formAll:
		n.estimate = rest * float64(p.s.alive)
		// The cheaper, and the fewer it leaves, the earlier.
		slices.SortStableFunc(n.kids, func(a, b *plan) int {
			return cmp.Compare(a.cost/(1.001-selectivity(a)), b.cost/(1.001-selectivity(b)))
		})
	case formAny:
		n.estimate = (1 - rest) * float64(p.s.alive)
		slices.SortStableFunc(n.kids, func(a, b *plan) int { return cmp.Compare(a.cost, b.cost) })
	case formNot:
		n.estimate = float64(p.s.alive) - min(n.kids[0].estimate, float64(p.s.alive))
	case formAtLeast:
		n.estimate = p.atLeast(n, selectivity)
	}
}

// atLeast is the expected size of at least k of independent parts.
func (p *program) atLeast(n *plan, selectivity func(*plan) float64) float64 {
	exactly := make([]float64, len(n.kids)+1) // probability of so many
	exactly[0] = 1
	for i, k := range n.kids {
		q := selectivity(k)
		for j := i + 1; j > 0; j-- {
			exactly[j] = exactly[j]*(1-q) + exactly[j-1]*q
		}
		exactly[0] *= 1 - q
	}
	sum := 0.0
	for _, q := range exactly[min(n.k, len(exactly)):] {
		sum += q
	}
	return sum * float64(p.s.alive)
}

package segment

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/simd"
)

// MaxOverlap is the largest number of segments that Snapshot.Overlap compares at once: each takes 8 KiB a goroutine.
const MaxOverlap = 1024

const (
	// overlapFew is the number of members of a chunk up to which a segment is looked up member by member in another.
	overlapFew = 96
	// overlapRuns is the number of runs of two segments together up to which they are compared run by run: in the time of
	// a run, assembly compares some 40 words, and Go 6.
	overlapRuns, overlapRunsGo = 32, 160
	// overlapTile is the number of segments on each side of a block of pairs, so that the words of both stay in the cache.
	overlapTile = 48
)

// Overlap says how many customers each two of some segments share. The segments are numbered from 0 in the order in
// which they were given; a number that there is not panics. Safe for concurrent use.
type Overlap struct {
	rules  []Rule
	total  int
	counts []int // of row i and column j at i*len(rules)+j
}

// Overlap counts the members that each two of the segments rules select share, among the customers that q selects: with
// the zero Rule in q, among all. Moment, location, sets, segments and workers are those of q for all of them. More than
// MaxOverlap rules give an error that wraps ErrLimit; an error of one of the rules says which.
//
// Every segment is found once a chunk of 65,536 customers, then compared with the others bitmap by bitmap. Cost: as
// Count for each rule, and for each pair 1,024 words a chunk, or less where one of the two is small or both are a few runs.
func (s *Snapshot) Overlap(ctx context.Context, q Query, rules ...Rule) (*Overlap, error) {
	n := len(rules)
	if n > MaxOverlap {
		return nil, fmt.Errorf("segment: overlap of %d segments, at most %d: %w", n, MaxOverlap, ErrLimit)
	}
	base, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	roots := make([]*plan, n)
	for i, r := range rules {
		q.Rule = r
		p, err := s.prepare(ctx, q)
		if err != nil {
			return nil, &overlapError{i, err}
		}
		roots[i] = p.root
	}
	sheets, err := sweep(ctx, base.workers, len(s.exists), func() *overlapSheet {
		return &overlapSheet{frame: base.frame(), blocks: make([]overlapBlock, n), counts: make([]int, n*n)}
	}, func(sheet *overlapSheet, c int) { sheet.add(base.root, roots, c) })
	if err != nil {
		return nil, err
	}
	o := &Overlap{rules: append([]Rule(nil), rules...), counts: make([]int, n*n)}
	for _, sheet := range sheets {
		o.total += sheet.total
		for i := range n {
			for j := i; j < n; j++ {
				o.counts[i*n+j] += sheet.counts[i*n+j]
			}
		}
	}
	for i := range n {
		for j := range i {
			o.counts[i*n+j] = o.counts[j*n+i]
		}
	}
	return o, nil
}

// overlapError is what is wrong with one of the rules.
type overlapError struct {
	rule int
	err  error // may be several, a line each
}

func (e *overlapError) Unwrap() error { return e.err }

func (e *overlapError) Error() string {
	lines := strings.Split(e.err.Error(), "\n")
	for i, line := range lines {
		if rest, ours := strings.CutPrefix(line, "segment: "); ours {
			lines[i] = fmt.Sprintf("segment: overlap: rule %d: %s", e.rule, strings.TrimLeft(strings.TrimPrefix(rest, "rule"), ": "))
		}
	}
	return strings.Join(lines, "\n")
}

// overlapSheet is what one goroutine counts. Not safe for concurrent use.
type overlapSheet struct {
	frame  *frame
	base   kernel.Words
	blocks []overlapBlock
	total  int
	counts []int // upper triangle and diagonal
}

// overlapBlock is a segment in a chunk.
type overlapBlock struct {
	words *kernel.Words // nil: those of runs, not loaded yet
	list  []uint16      // the members if they are few
	runs  bitset.Set    // the segment if it is runs, else empty
	n     int

	own    *kernel.Words
	buffer [overlapFew]uint16
}

// add counts a chunk.
func (o *overlapSheet) add(base *plan, roots []*plan, c int) {
	var within *kernel.Words // nil: everyone
	if base.isEveryone() {
		o.total += o.frame.s.existing(c).Len()
	} else {
		if !o.frame.load(base, c, &o.base) {
			return
		}
		within = &o.base
		o.total += kernel.Count(within)
	}
	for i, root := range roots {
		o.blocks[i].load(o.frame, root, c, within)
	}
	n := len(roots)
	for top := 0; top < n; top += overlapTile {
		for left := top; left < n; left += overlapTile {
			for i := top; i < min(top+overlapTile, n); i++ {
				a, row := &o.blocks[i], o.counts[i*n:][:n]
				if left == top {
					row[i] += a.n
				}
				if a.n == 0 {
					continue
				}
				for j := max(left, i+1); j < min(left+overlapTile, n); j++ {
					row[j] += a.shares(&o.blocks[j])
				}
			}
		}
	}
}

// load makes b hold what root selects of a chunk, within the words given.
func (b *overlapBlock) load(f *frame, root *plan, c int, within *kernel.Words) {
	b.list, b.runs = nil, bitset.Set{}
	if within == nil {
		if set, ok := root.asSet(f, c); ok {
			if b.n = set.Len(); b.n == 0 {
				return
			}
			if set.Runs() > 0 {
				b.words, b.runs = nil, set
				return
			}
			if b.words = set.Words(); b.words == nil {
				b.words = b.owned()
				set.Load(b.words)
			}
			if b.n <= overlapFew {
				b.list = set.Positions(b.buffer[:0])
			}
			return
		}
	}
	b.words, b.n = b.owned(), 0
	if !f.load(root, c, b.words) || within != nil && !kernel.And(b.words, b.words, within) {
		return
	}
	if b.n = kernel.Count(b.words); b.n <= overlapFew {
		b.list = b.buffer[:kernel.Extract(b.buffer[:], b.words)]
	}
}

func (b *overlapBlock) owned() *kernel.Words {
	if b.own == nil {
		b.own = new(kernel.Words)
	}
	return b.own
}

// fewRuns is overlapRuns in the form in use.
func fewRuns() int {
	if simd.InUse == simd.Go {
		return overlapRunsGo
	}
	return overlapRuns
}

// loaded returns the words of b.
func (b *overlapBlock) loaded() *kernel.Words {
	if b.words == nil {
		b.words = b.owned()
		b.runs.Load(b.words)
	}
	return b.words
}

// shares returns the number of members of both a and b.
func (b *overlapBlock) shares(other *overlapBlock) int {
	switch {
	case other.n == 0:
		return 0
	case !b.runs.IsEmpty() && !other.runs.IsEmpty() && b.runs.Runs()+other.runs.Runs() <= fewRuns():
		return bitset.AndCount(b.runs, other.runs, nil)
	case other.list != nil && (b.list == nil || len(other.list) < len(b.list)):
		return kernel.ProbeCount(other.list, b.loaded())
	case b.list != nil:
		return kernel.ProbeCount(b.list, other.loaded())
	}
	return kernel.AndCount(b.loaded(), other.loaded())
}

// Len returns the number of segments.
func (o *Overlap) Len() int { return len(o.rules) }

// Rule returns the rule of segment i.
func (o *Overlap) Rule(i int) Rule { return o.rules[i] }

// Total returns the number of customers among whom the segments were counted.
func (o *Overlap) Total() int { return o.total }

// Count returns the number of members that i and j share; of i and i, those of i.
func (o *Overlap) Count(i, j int) int {
	n := len(o.rules)
	_, _ = o.rules[i], o.rules[j]
	return o.counts[i*n+j]
}

// Share returns the part of i that is also in j:
//
//	|i and j| / |i|
//
// It is NaN if i is empty.
func (o *Overlap) Share(i, j int) float64 { return ratio(o.Count(i, j), o.Count(i, i)) }

// Jaccard returns the part of those in either that is in both (Jaccard 1901):
//
//	|i and j| / |i or j|
//
// It is NaN if both are empty.
func (o *Overlap) Jaccard(i, j int) float64 {
	both := o.Count(i, j)
	return ratio(both, o.Count(i, i)+o.Count(j, j)-both)
}

// Lift returns how many times more members i and j share than they would if they had nothing to do with each other:
//
//	|i and j| * Total / (|i| * |j|)
//
// It is NaN if i or j is empty.
func (o *Overlap) Lift(i, j int) float64 {
	return float64(o.Count(i, j)) * float64(o.total) / (float64(o.Count(i, i)) * float64(o.Count(j, j)))
}

// ratio returns a/b, NaN for a b of 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

// String returns a table: a line for each segment i with its number, its size, Share(i, j) in percent for every j, and
// its rule. - stands for the shares of an empty segment.
func (o *Overlap) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\tcount\t")
	for j := range o.rules {
		fmt.Fprintf(w, "%d\t", j)
	}
	fmt.Fprintln(w)
	for i, rule := range o.rules {
		fmt.Fprintf(w, "%d\t%d\t", i, o.Count(i, i))
		for j := range o.rules {
			if o.Count(i, i) == 0 {
				fmt.Fprint(w, "-\t")
			} else {
				fmt.Fprintf(w, "%s%%\t", strconv.FormatFloat(100*o.Share(i, j), 'f', 1, 64))
			}
		}
		fmt.Fprintf(w, "  %s\n", rule)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

// sweep calls do once for every chunk, on several goroutines with a state each, until ctx ends. It returns the states,
// in any order.
func sweep[T any](ctx context.Context, workers, chunks int, fresh func() T, do func(state T, c int)) ([]T, error) {
	states := parallel.States(workers, chunks, fresh, func(state T, c int) {
		if ctx.Err() == nil {
			do(state, c)
		}
	})
	return states, ctx.Err()
}

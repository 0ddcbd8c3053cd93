package segment

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/bits"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// ErrNoSeed says that the seed of a look-alike selects nobody.
var ErrNoSeed = errors.New("segment: look-alike: the seed selects nobody")

// LookalikeOptions are the settings of a look-alike. nil is all defaults. Safe for concurrent reads.
type LookalikeOptions struct {
	// Tags, Except, Bands, Support and MaxQ choose the traits that count, as in PortraitOptions: Except should name the
	// tags by which the seed is defined.
	Tags, Except []string
	Bands        int
	Support      int
	MaxQ         float64
	// Reasons is how many traits at most come with each customer; 0 means none.
	Reasons int
}

// Alike is a customer and how much it is like a seed. Safe for concurrent reads.
type Alike struct {
	ID customer.ID // who it is
	// Score is the sum of the weights of the traits that the customer has: higher is more alike. Up to a number that is
	// the same for all it is the logarithm of odds, under the assumptions of Lookalike.
	Score float64
	// Traits are those that the customer has with the largest |Weight|, at most LookalikeOptions.Reasons. Their counts
	// are those of Portrait for the seed, with seed and candidates as base.
	Traits []Trait
}

// weightUnit is the least difference between weights, 2^-20: weights are added as whole numbers of it, so that a score
// is the same in whatever order its weights are added.
const weightUnit = 1.0 / (1 << 20)

// Lookalike returns the n candidates most like the seed: the highest score first, then in order of id. Candidates who
// are of the seed themselves are left out. There are none if no trait tells the seed from the rest. Workers is that of
// seed. A seed of nobody is ErrNoSeed.
//
// The score is naive Bayes: the sum of the weights of what the customer has, each the logarithm of how much likelier
// that is in the seed than in the rest of the candidates, with one added to every count (Laplace). Of the seed's S
// customers a have the trait, of the R others c:
//
//	Flag true, a label       ln (a+1)/(S-a+1) - ln (c+1)/(R-c+1)
//	one of K values or bands ln (a+1)/(S+K)   - ln (c+1)/(R+K)
//
// where having no value is one of the K values of a tag, and a path of an Enum with Hierarchy counts without the paths
// below it. Traits without support or with Q above MaxQ weigh nothing. Weights are rounded to multiples of 2^-20, then
// summed exactly.
//
// It assumes, and misleads where that is not so:
//
//  1. Tags are independent within seed and rest. Tags that say the same, such as orders and revenue, count twice: leave
//     all but one out.
//  2. The seed is a fair sample of those who are looked for. A tag by which it was chosen outweighs everything.
//  3. Few of those who are looked for are among the rest. If many are, weights come out too small, but mostly keep their
//     order.
//
// Scores rank; they are no probabilities. Cost: as Portrait, then for every trait an addition for each candidate who has
// it, and 512 KiB a goroutine.
func (s *Snapshot) Lookalike(ctx context.Context, seed, candidates Query, n int, o *LookalikeOptions) ([]Alike, error) {
	if o == nil {
		o = &LookalikeOptions{}
	}
	opt, err := (&PortraitOptions{
		Tags: o.Tags, Except: o.Except, Bands: o.Bands, Support: o.Support, MaxQ: o.MaxQ, Unset: true,
	}).withDefaults()
	if err != nil {
		return nil, err
	}
	part, err := s.prepare(ctx, seed)
	if err != nil {
		return nil, err
	}
	whole, err := s.prepare(ctx, candidates)
	if err != nil {
		return nil, err
	}
	tags, err := opt.places(s.tags)
	if err != nil {
		return nil, err
	}
	if err := s.need(ctx, tags...); err != nil {
		return nil, err
	}
	if err := s.needIDs(ctx); err != nil { // which order equal scores
		return nil, err
	}
	c := newCensus(s, part.workers, part.root, whole.root, tags)
	c.union = true
	t, err := c.take(ctx, opt.Bands)
	if err != nil {
		return nil, err
	}
	if t.nPart == 0 {
		return nil, ErrNoSeed
	}
	w := c.weigh(t, &opt)
	if len(w.tags) == 0 || n <= 0 {
		return nil, nil
	}
	top, err := w.top(ctx, n)
	if err != nil {
		return nil, err
	}
	alike := make([]Alike, len(top))
	for i, sc := range top {
		alike[i] = Alike{s.ids.id(sc.position), float64(sc.score) * weightUnit, w.reasons(sc.position, o.Reasons)}
	}
	return alike, nil
}

// weights are what the tags of a census weigh. They are not changed once made.
type weights struct {
	*census
	tags []weighedTag // those with a value that weighs something
}

// weighedTag holds the weights of the values of a tag, in units of weightUnit: for a Flag true is 1, for an Enum and
// Labels the value is the code, for others the number of the band from 1 on; 0 is no value.
type weighedTag struct {
	*slot
	of     []int64
	traits map[int]Trait // by value, those that weigh something
}

// weigh gives every significant trait its weight.
func (c *census) weigh(t tally, o *PortraitOptions) *weights {
	w := &weights{census: c}
	last := -1
	for _, cd := range test(c.candidates(t, o, true), t, o) {
		tr, sl := cd.Trait, &c.slots[cd.slot]
		units := c.weight(sl, &tr, t)
		if units == 0 {
			continue
		}
		if cd.slot != last {
			last = cd.slot
			w.tags = append(w.tags, weighedTag{sl, make([]int64, sl.n+1), map[int]Trait{}})
		}
		tag := &w.tags[len(w.tags)-1]
		tag.of[cd.value] = units
		tr.Weight = float64(units) * weightUnit
		tag.traits[cd.value] = tr
	}
	return w
}

// weight returns the weight of a trait.
func (c *census) weight(sl *slot, tr *Trait, t tally) int64 {
	a, other := float64(tr.Selected), float64(tr.Base-tr.Selected)
	in, rest := float64(t.nPart), float64(t.nWhole-t.nPart)
	var w float64
	switch kind := c.s.tags.tags[sl.tag].Kind; kind {
	case Flag, Labels:
		w = math.Log((a+1)/(in-a+1)) - math.Log((other+1)/(rest-other+1))
	default:
		k := float64(sl.n + 1) // bands, and no value
		if kind == Enum {
			k = 1
			for _, n := range t.whole[sl.first+1:][:sl.n-1] {
				if n > 0 {
					k++
				}
			}
		}
		w = math.Log((a+1)/(in+k)) - math.Log((other+1)/(rest+k))
	}
	return int64(math.RoundToEven(w / weightUnit))
}

// scored is a customer of a snapshot with a score in units of weightUnit.
type scored struct {
	score    int64
	position uint32
}

// scorer is what one goroutine scores with. Not safe for concurrent use.
type scorer struct {
	*counter
	candidates kernel.Words
	scores     [kernel.Bits]int64 // of candidates; of others anything
	places     [kernel.Bits]uint16
	best       best[scored]
}

// top returns the n candidates with the highest scores.
func (w *weights) top(ctx context.Context, n int) ([]scored, error) {
	compare := func(a, b scored) int {
		if c := cmp.Compare(b.score, a.score); c != 0 || a.position == b.position {
			return c
		}
		return compareIDs(w.s.ids.id(a.position), w.s.ids.id(b.position))
	}
	scorers, err := sweep(ctx, w.workers, len(w.s.exists), func() *scorer {
		return &scorer{counter: w.counter(), best: best[scored]{n: min(n, w.s.alive), compare: compare}}
	}, w.score)
	if err != nil {
		return nil, err
	}
	all := &scorers[0].best
	for _, k := range scorers[1:] {
		all.merge(&k.best)
	}
	return all.sorted(), nil
}

// score scores the candidates of a chunk.
func (w *weights) score(k *scorer, chunk int) {
	if !k.load(chunk) {
		return
	}
	if k.everyone {
		w.s.exists[chunk].Load(&k.whole)
	}
	if !kernel.AndNot(&k.candidates, &k.whole, &k.part) {
		return
	}
	clear(k.scores[:])
	all := int64(0)
	for i := range w.tags {
		all += k.addColumn(&w.tags[i], w.s.data[w.tags[i].tag].column(chunk))
	}
	for m := range members(&k.candidates) {
		if sc := k.scores[m] + all; !k.best.full || sc >= k.best.last.score {
			k.best.add(scored{sc, uint32(chunk)<<chunkBits | uint32(m)})
		}
	}
}

// addColumn adds the weights of a column to the scores, and returns what is to be added to all of them.
func (k *scorer) addColumn(t *weighedTag, col column) (all int64) {
	if col == nil {
		return t.of[0]
	}
	switch col := col.(type) {
	case *flagColumn:
		k.addSet(col.yes, t.of[1])
		return 0
	case *labelsColumn:
		for i, code := range col.codes {
			k.addSet(col.sets[i], t.of[code])
		}
		return 0
	case *enumColumn:
		for m := range members(&k.candidates) {
			k.scores[m] += t.of[col.code(m)]
		}
		return 0
	case *intColumn:
		k.addSet(col.set, t.of[1]-t.of[0])
		for i, at := range t.ints { // from each cut on, the difference to the band before
			switch col.reach(at, math.MaxInt64) {
			case reachAll:
				k.addSet(col.set, t.of[i+2]-t.of[i+1])
			case reachSome:
				k.addThose(t.of[i+2]-t.of[i+1], func(dst *kernel.Words) { col.within(dst, at, math.MaxInt64) })
			}
		}
	case *floatColumn:
		k.addSet(col.set, t.of[1]-t.of[0])
		for i, at := range t.floats {
			switch col.reach(at, math.MaxFloat64) {
			case reachAll:
				k.addSet(col.set, t.of[i+2]-t.of[i+1])
			case reachSome:
				k.addThose(t.of[i+2]-t.of[i+1], func(dst *kernel.Words) { col.within(dst, at, math.MaxFloat64) })
			}
		}
	}
	return t.of[0]
}

// addSet adds to the scores of the members of a set.
func (k *scorer) addSet(set bitset.Set, units int64) {
	switch {
	case units == 0:
	case set.Words() != nil:
		k.addThose(units, set.Load)
	default:
		for _, p := range set.Positions(k.places[:0]) {
			k.scores[p] += units
		}
	}
}

// addThose adds to the scores of the candidates among those whom load gives.
func (k *scorer) addThose(units int64, load func(dst *kernel.Words)) {
	if units == 0 {
		return
	}
	w := k.frame.scrap()
	defer k.frame.give(w)
	load(w)
	kernel.And(w, w, &k.candidates)
	for i, word := range w {
		for ; word != 0; word &= word - 1 {
			k.scores[i<<6+bits.TrailingZeros64(word)] += units
		}
	}
}

// reasons returns the n traits of a customer with the largest |Weight|, then in order of catalogue and value.
func (w *weights) reasons(position uint32, n int) (traits []Trait) {
	if n <= 0 {
		return nil
	}
	for i := range w.tags {
		t := &w.tags[i]
		for _, v := range t.values(w.s.data[t.tag].column(int(position>>chunkBits)), uint16(position)) {
			if tr, ok := t.traits[v]; ok {
				traits = append(traits, tr)
			}
		}
	}
	slices.SortStableFunc(traits, func(a, b Trait) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	return traits[:min(n, len(traits)):min(n, len(traits))]
}

// values returns the values at p, as weighedTag numbers them.
func (t *weighedTag) values(col column, p uint16) []int {
	if col == nil || !col.members().Contains(p) {
		return []int{0}
	}
	switch col := col.(type) {
	case *flagColumn:
		if col.yes.Contains(p) {
			return []int{1}
		}
	case *enumColumn:
		return []int{int(col.code(p))}
	case *labelsColumn:
		var codes []int
		for i, code := range col.codes {
			if col.sets[i].Contains(p) {
				codes = append(codes, int(code))
			}
		}
		return codes
	case *intColumn:
		return []int{1 + cutsUpTo(t.ints, col.value(p))}
	case *floatColumn:
		return []int{1 + cutsUpTo(t.floats, col.value(p))}
	}
	return nil
}

// cutsUpTo returns how many of cuts are at most v.
func cutsUpTo[T cmp.Ordered](cuts []T, v T) int {
	i, found := slices.BinarySearch(cuts, v)
	if found {
		i++
	}
	return i
}

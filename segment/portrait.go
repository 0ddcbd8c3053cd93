package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// Defaults of PortraitOptions and LookalikeOptions.
const (
	DefaultBands   = 5    // of Bands
	DefaultSupport = 20   // of Support
	DefaultMaxQ    = 0.05 // of MaxQ
)

// PortraitOptions are the settings of a portrait. nil is all defaults. Safe for concurrent reads.
type PortraitOptions struct {
	// Base are the customers whom the segment is compared with, and is counted among. Moment, location and look-ups are
	// those of the query. The zero Rule is everyone.
	Base Rule
	// Tags are the tags to look at; nil means all. Except are tags to leave out, such as those the segment is made by.
	Tags, Except []string
	// Bands is the number of bands, of about as many customers of the base each, that the values of Integer, Decimal,
	// Float and Time tags are divided into, 1 to 100; 1 asks for no more than whether there is a value. 0 means
	// DefaultBands.
	Bands int
	// Unset asks for the customers without a value of a tag as well, as if that were a value.
	Unset bool
	// Support is how many customers of the base must have a trait, and how many must not, for it to be tested. 0 means
	// DefaultSupport, 1 is the least.
	Support int
	// MaxQ is the largest Trait.Q of the traits that are returned, up to 1, which returns all tested. 0 means DefaultMaxQ.
	MaxQ float64
}

// withDefaults returns the options in full, or an error that names a field.
func (o *PortraitOptions) withDefaults() (PortraitOptions, error) {
	var full PortraitOptions
	if o != nil {
		full = *o
	}
	switch {
	case full.Bands < 0 || full.Bands > 100:
		return full, fmt.Errorf("%w: Bands must be 0 to 100", ErrOptions)
	case full.Support < 0:
		return full, fmt.Errorf("%w: Support must not be negative", ErrOptions)
	case !(full.MaxQ >= 0 && full.MaxQ <= 1):
		return full, fmt.Errorf("%w: MaxQ must be 0 to 1", ErrOptions)
	}
	full.Bands = cmp.Or(full.Bands, DefaultBands)
	full.Support = cmp.Or(full.Support, DefaultSupport)
	full.MaxQ = cmp.Or(full.MaxQ, DefaultMaxQ)
	return full, nil
}

// places returns the places of the tags to look at, ascending.
func (o *PortraitOptions) places(cat *Catalogue) ([]int, error) {
	wanted := make([]bool, cat.Len())
	for i := range wanted {
		wanted[i] = o.Tags == nil
	}
	for _, list := range []struct {
		names []string
		want  bool
	}{{o.Tags, true}, {o.Except, false}} {
		for _, name := range list.names {
			i, ok := cat.byName[name]
			if !ok {
				return nil, cat.unknown(name)
			}
			wanted[i] = list.want
		}
	}
	var places []int
	for i, want := range wanted {
		if want {
			places = append(places, i)
		}
	}
	return places, nil
}

// Trait is something customers have in common, and how much more or less often those of a segment have it than the rest
// of the base have. Safe for concurrent reads.
type Trait struct {
	// Tag is the tag and Rule the rule that selects who has the trait.
	Tag  string
	Rule Rule
	// Value is true for a Flag, the text of an Enum, which for one with Hierarchy covers those below it, or a label as
	// text; unset for a band of numbers or times and where the trait is to have no value.
	Value customer.Value
	// From and To are the ends of a band, From <= value < To; unset where it is open.
	From, To customer.Value

	// Selected is how many of the segment have the trait, Base how many of the base, of which the segment is part.
	Selected, Base int
	// Share is Selected by the size of the segment, BaseShare is Base by that of the base.
	Share, BaseShare float64
	// Lift is Share / BaseShare, in China called TGI if times 100.
	Lift float64
	// Effect is Cohen's h of the share p in the segment against the share r in the rest of the base,
	//
	//	h = 2 asin(sqrt(p)) - 2 asin(sqrt(r))
	//
	// from -π to π, positive where the segment has more: 0.2 is small, 0.5 medium, 0.8 large (Cohen, Statistical power
	// analysis for the behavioral sciences, 2nd edition 1988, section 6.2). 0 if there is no rest.
	Effect float64
	// PValue is the probability of shares that differ at least as much if the segment were drawn at random, by the
	// likelihood ratio test of the 2x2 table of segment and rest, with and without the trait:
	//
	//	G² = 2 Σ observed ln(observed / expected)
	//
	// with one degree of freedom (Wilks 1938; Dunning 1993). Beyond G² of about 1,480 it is 0: with
	// millions of customers the least difference is significant, and Effect says which matters.
	PValue float64
	// Q is PValue adjusted for the number of traits tested: to return the traits with Q up to 0.05 makes one in twenty of
	// those returned a false one, in the mean (Benjamini and Hochberg 1995).
	Q float64
	// Weight is what having the trait adds to a score of Lookalike; 0 elsewhere.
	Weight float64
}

// Portrait returns what the customers whom q selects have in common: the traits more or less frequent among them than
// in the rest of the base, the largest |Effect| first, then in order of catalogue and value. It looks at every flag,
// every value of an enum, every label, and at bands of numbers and times. There are none if q selects nobody.
//
// Bands are cut at quantiles of the base, exactly if it holds up to 2^17 values, else as estimated from about so many,
// drawn by hash; all counts are exact. The answer does not depend on Workers. Cost: for each chunk q once, then a look
// at each customer of a small set, at 1,024 words of a large one, and for each enum at every selected customer.
func (s *Snapshot) Portrait(ctx context.Context, q Query, o *PortraitOptions) ([]Trait, error) {
	opt, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	part, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Rule = opt.Base
	whole, err := s.prepare(ctx, q)
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
	c := newCensus(s, part.workers, part.root, whole.root, tags)
	t, err := c.take(ctx, opt.Bands)
	if err != nil || t.nPart == 0 {
		return nil, err
	}
	found := test(c.candidates(t, &opt, false), t, &opt)
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)) })
	traits := make([]Trait, len(found))
	for i := range found {
		traits[i] = found[i].Trait
	}
	return traits, nil
}

// take cuts bands and counts.
func (c *census) take(ctx context.Context, bands int) (tally, error) {
	if err := c.cut(ctx, bands); err != nil {
		return tally{}, err
	}
	return c.count(ctx)
}

// candidate is a trait to be tested, and its place: slot of the census, and value as weighedTag numbers them.
type candidate struct {
	Trait
	slot, value int
}

// candidates returns every trait with enough support, with its counts, in order of catalogue and value. With apart a
// customer has exactly one of the values of any tag but Labels: paths do not cover those below them, and only tags that
// are neither Flag nor Labels have customers without value.
func (c *census) candidates(t tally, o *PortraitOptions, apart bool) (found []candidate) {
	for i := range c.slots {
		sl := &c.slots[i]
		tag, d := c.s.tags.tags[sl.tag], &c.s.data[sl.tag]
		part, whole := t.part[sl.first:][:sl.n], t.whole[sl.first:][:sl.n]
		add := func(value int, tr Trait, selected, base uint32) {
			if int(base) >= o.Support && t.nWhole-int(base) >= o.Support {
				tr.Tag, tr.Selected, tr.Base = tag.Name, int(selected), int(base)
				found = append(found, candidate{tr, i, value})
			}
		}
		if o.Unset && !(apart && (tag.Kind == Flag || tag.Kind == Labels)) {
			add(0, Trait{Rule: Unset(tag.Name)}, uint32(t.nPart)-part[0], uint32(t.nWhole)-whole[0])
		}
		switch tag.Kind {
		case Flag:
			add(1, Trait{Value: customer.BoolValue(true), Rule: IsTrue(tag.Name)}, part[1], whole[1])
		case Enum, Labels:
			texts := d.texts()
			if tag.Hierarchy && !apart {
				texts, part, whole = rolledUp(texts, part, whole)
			}
			for _, code := range sortedCodes(texts) {
				if int(whole[code]) < o.Support {
					continue
				}
				tr := Trait{Value: customer.TextValue(texts[code-1])}
				if tag.Kind == Labels {
					tr.Rule = Has(tag.Name, texts[code-1])
				} else {
					tr.Rule = Eq(tag.Name, tr.Value)
				}
				add(code, tr, part[code], whole[code])
			}
		default:
			for band := range sl.n {
				selected, base := part[band], whole[band]
				if band+1 < sl.n {
					selected, base = selected-part[band+1], base-whole[band+1]
				}
				add(band+1, sl.band(tag, band), selected, base)
			}
		}
	}
	return found
}

// sortedCodes returns the codes of the texts, in the order of these.
func sortedCodes(texts []string) []int {
	codes := make([]int, len(texts))
	for i := range codes {
		codes[i] = i + 1
	}
	slices.SortFunc(codes, func(a, b int) int { return strings.Compare(texts[a-1], texts[b-1]) })
	return codes
}

// rolledUp adds to the counts of each path those of the paths below it. Paths above that do not occur themselves come
// at the end.
func rolledUp(texts []string, part, whole []uint32) (paths []string, parts, wholes []uint32) {
	paths, parts, wholes = slices.Clone(texts), slices.Clone(part), slices.Clone(whole)
	codes := make(map[string]int, len(paths))
	for i, path := range paths {
		codes[path] = i + 1
	}
	for i, path := range texts {
		for at := strings.LastIndexByte(path, '/'); at > 0; at = strings.LastIndexByte(path, '/') {
			path = path[:at]
			code, ok := codes[path]
			if !ok {
				paths, parts, wholes = append(paths, path), append(parts, 0), append(wholes, 0)
				code = len(paths)
				codes[path] = code
			}
			parts[code] += part[i+1]
			wholes[code] += whole[i+1]
		}
	}
	return paths, parts, wholes
}

// band returns the trait of a band.
func (sl *slot) band(t *Tag, band int) Trait {
	cut := func(i int) customer.Value {
		switch {
		case i < 0 || i >= sl.n-1:
			return customer.Value{}
		case t.Kind == Float:
			return customer.Float64Value(sl.floats[i])
		}
		return t.value(sl.ints[i])
	}
	tr := Trait{From: cut(band - 1), To: cut(band)}
	switch {
	case tr.From.IsUnset() && tr.To.IsUnset():
		tr.Rule = IsSet(t.Name)
	case tr.From.IsUnset():
		tr.Rule = Lt(t.Name, tr.To)
	case tr.To.IsUnset():
		tr.Rule = Ge(t.Name, tr.From)
	default:
		tr.Rule = And(Ge(t.Name, tr.From), Lt(t.Name, tr.To))
	}
	return tr
}

// test completes the traits by their statistics and keeps those that are significant.
func test(traits []candidate, t tally, o *PortraitOptions) []candidate {
	rest := t.nWhole - t.nPart
	ps := make([]float64, len(traits))
	for i := range traits {
		tr := &traits[i].Trait
		other := tr.Base - tr.Selected // of the rest
		tr.Share = ratio(tr.Selected, t.nPart)
		tr.BaseShare = ratio(tr.Base, t.nWhole)
		tr.Lift = tr.Share / tr.BaseShare
		tr.PValue = 1
		if rest > 0 {
			tr.Effect = cohensH(tr.Share, ratio(other, rest))
			tr.PValue = chiSquared1(gSquared(tr.Selected, t.nPart-tr.Selected, other, rest-other))
		}
		ps[i] = tr.PValue
	}
	for i, q := range benjaminiHochberg(ps) {
		traits[i].Q = q
	}
	return slices.DeleteFunc(traits, func(tr candidate) bool { return tr.Q > o.MaxQ })
}

// cohensH is the difference of two shares on the scale of 2 asin(sqrt(p)).
func cohensH(p, r float64) float64 { return 2 * (math.Asin(math.Sqrt(p)) - math.Asin(math.Sqrt(r))) }

// gSquared is the statistic of the likelihood ratio test of independence in the table
//
//	a b
//	c d
func gSquared(a, b, c, d int) float64 {
	n := float64(a + b + c + d)
	term := func(observed, row, column int) float64 {
		if observed == 0 {
			return 0
		}
		return float64(observed) * math.Log(float64(observed)*n/(float64(row)*float64(column)))
	}
	return max(0, 2*(term(a, a+b, a+c)+term(b, a+b, b+d)+term(c, c+d, a+c)+term(d, c+d, b+d)))
}

// chiSquared1 is the probability of more than x in the chi squared distribution with one degree of freedom.
func chiSquared1(x float64) float64 { return math.Erfc(math.Sqrt(x / 2)) }

// benjaminiHochberg returns the adjusted p values: for the i-th smallest of m the least of p_j * m/j over j >= i.
func benjaminiHochberg(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	qs := make([]float64, len(ps))
	least := 1.0
	for i := len(order) - 1; i >= 0; i-- {
		least = min(least, ps[order[i]]*(float64(len(ps))/float64(i+1)))
		qs[order[i]] = least
	}
	return qs
}

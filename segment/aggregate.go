package segment

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

// TagError says why a question cannot be asked of a tag. It wraps ErrTag. Safe for concurrent reads.
type TagError struct {
	Tag        string
	Reason     string // what is wrong
	Suggestion string // the nearest name that exists, or ""
}

// Error returns the sentence.
func (e *TagError) Error() string {
	text := fmt.Sprintf("segment: tag %q: %s", e.Tag, e.Reason)
	if e.Suggestion != "" {
		text += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	return text
}

// Unwrap returns ErrTag.
func (e *TagError) Unwrap() error { return ErrTag }

// tag returns the tag of a name and what it holds. Its kind must be one of kinds.
func (s *Snapshot) tag(name string, kinds ...Kind) (*Tag, *tagData, error) {
	i, ok := s.tags.byName[name]
	if !ok {
		return nil, nil, s.tags.unknown(name)
	}
	t := s.tags.tags[i]
	if !slices.Contains(kinds, t.Kind) {
		return nil, nil, &TagError{Tag: name, Reason: "this cannot be asked of a tag of kind " + t.Kind.String()}
	}
	return t, &s.data[i], nil
}

// ask prepares a question about a tag, all of which has been read then.
func (s *Snapshot) ask(ctx context.Context, q Query, name string, kinds ...Kind) (*program, *Tag, *tagData, error) {
	t, d, err := s.tag(name, kinds...)
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := s.prepare(ctx, q)
	if err == nil {
		err = s.need(ctx, s.tags.byName[name])
	}
	return p, t, d, err
}

// selected returns the customers of a chunk whom the program selects, nil if there are none. They stand in w or in
// memory that must not be changed.
func (f *frame) selected(c int, w *kernel.Words) *kernel.Words {
	root := f.program.root
	if s, ok := root.asSet(f, c); ok {
		if s.IsEmpty() {
			return nil
		}
		if kept := s.Words(); kept != nil {
			return kept
		}
		s.Load(w)
		return w
	}
	if !f.load(root, c, w) {
		return nil
	}
	return w
}

// having returns the customers of w who are in set, nil if there are none, and how many. They stand in w, in dst, or in
// memory that must not be changed.
func (f *frame) having(c int, w *kernel.Words, set bitset.Set, dst *kernel.Words) (*kernel.Words, int) {
	if set.Len() < f.s.existing(c).Len() {
		if w != dst {
			*dst = *w
		}
		set.And(dst)
		w = dst
	}
	n := kernel.Count(w)
	if n == 0 {
		return nil, 0
	}
	return w, n
}

// Sum returns the sum of an Integer, a Decimal or a Float over the customers whom the query selects and who have a
// value, as a value of the same kind; 0 if there are none. Whole numbers and decimals are exact: a sum that does not fit
// in 64 bits is an error that wraps ErrLimit, whatever the sums on the way to it. Floats are added chunk by chunk with
// the compensation of Neumaier (Zeitschrift für Angewandte Mathematik und Mechanik 54, 1974), so that the sum is nearly
// as good as one in twice the precision; overflow is an error that wraps ErrLimit. An unknown tag, or one of another
// kind, is a *TagError.
//
// Cost: for each chunk and each binary digit of the numbers a look at 1,024 words, or where few are selected at each of
// those.
func (s *Snapshot) Sum(ctx context.Context, q Query, tag string) (customer.Value, error) {
	p, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float)
	if err != nil {
		return customer.Value{}, err
	}
	whole := make([]int128, len(s.exists))
	parts := make([]floatSum, len(s.exists))
	err = p.each(ctx, func(f *frame, c int) {
		w := f.scrap()
		defer f.give(w)
		switch col := d.column(c).(type) {
		case *intColumn:
			if chosen := f.selected(c, w); chosen != nil {
				whole[c] = col.sum(chosen)
			}
		case *floatColumn:
			if chosen := f.selected(c, w); chosen != nil {
				if chosen, n := f.having(c, chosen, col.set, w); n > 0 {
					col.each(chosen, func(_ uint16, v float64) { parts[c].add(v) })
				}
			}
		}
	})
	if err != nil {
		return customer.Value{}, err
	}
	if t.Kind == Float {
		var sum floatSum
		for _, part := range parts {
			sum.merge(part)
		}
		return sum.value(t)
	}
	var sum int128
	for _, part := range whole {
		sum = sum.plus(part)
	}
	return sum.value(t)
}

// value returns the sum of values of t.
func (a int128) value(t *Tag) (customer.Value, error) {
	n, ok := a.int64()
	if !ok {
		return customer.Value{}, fmt.Errorf("segment: tag %q: sum does not fit in 64 bits: %w", t.Name, ErrLimit)
	}
	return t.value(n), nil
}

// sum returns the sum of the values at the positions in w that are set.
func (c *intColumn) sum(w *kernel.Words) int128 {
	if c.sparse() {
		var sum int128
		n := 0
		for i, p := range c.places {
			if isMember(w, p) {
				sum.addUnsigned(c.offset(i), 0)
				n++
			}
		}
		return sum.shifted(c.shift).plus(times(c.min, n))
	}
	n := c.set.AndCount(w)
	if n == 0 {
		return int128{}
	}
	var sum int128
	if n <= probeMax { // an unset position has offset 0
		for p := range members(w) {
			sum.addUnsigned(kernel.Value(c.slices, int(p)), 0)
		}
	} else {
		var counts [64]uint64
		kernel.SliceCounts(counts[:], w, c.slices)
		for k, count := range counts[:c.width] {
			sum.addUnsigned(count, k)
		}
	}
	return sum.shifted(c.shift).plus(times(c.min, n))
}

// floatSum is a sum of floats and what was lost to rounding.
type floatSum struct{ sum, lost float64 }

func (s *floatSum) add(v float64) {
	t := s.sum + v
	if math.Abs(s.sum) >= math.Abs(v) {
		s.lost += (s.sum - t) + v
	} else {
		s.lost += (v - t) + s.sum
	}
	s.sum = t
}

func (s *floatSum) merge(part floatSum) {
	s.add(part.sum)
	s.lost += part.lost
}

func (s floatSum) value(t *Tag) (customer.Value, error) {
	if f := s.sum + s.lost; !math.IsNaN(f) && !math.IsInf(f, 0) {
		return customer.Float64Value(f), nil
	}
	return customer.Value{}, fmt.Errorf("segment: tag %q: sum does not fit in a float64: %w", t.Name, ErrLimit)
}

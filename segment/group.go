package segment

import (
	"context"
	"fmt"
	"math/bits"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// GroupOptions are the settings of GroupBy. nil is all defaults. Safe for concurrent reads.
type GroupOptions struct {
	// Depth is the number of elements that count of a path such as 广东/广州/天河, where a tag has Hierarchy: 1 groups by
	// 广东. Shorter paths stand for themselves. 0 means the whole path.
	Depth int
	// Sum is an Integer, a Decimal or a Float that is summed for each group; "" is none.
	Sum string
}

// Group is the customers who have the same values. Safe for concurrent reads.
type Group struct {
	// Values are those of the tags asked for, in that order: a text, true or false, a label as text, or unset.
	Values []customer.Value
	// Count is the number of customers.
	Count int
	// Sum is the sum of GroupOptions.Sum, and Summed the number of customers who have a value of it. Unset and 0 without.
	Sum    customer.Value
	Summed int
}

// GroupBy counts the customers whom the query selects by the values of one or several Enums and Flags: every customer is
// in one group, and unset is a value. A Labels tag can be asked for alone: customers are then in the group of each of
// their labels, in that of the unset value if they have no set of labels, and in none if their set is empty.
//
// The largest group comes first; groups as large as each other come in order of their values, unset before false before
// true, texts by their bytes. Without tags there is one group of all. There are no empty groups. A sum that does not fit
// is an error that wraps ErrLimit; Floats are summed in order of arrival, by one goroutine. An unknown tag, or one of
// another kind, is a *TagError.
//
// Cost: a look at every customer selected for each tag, and for a sum one at the value; a map where the tags have more
// than 2^16 combinations.
func (s *Snapshot) GroupBy(ctx context.Context, q Query, o *GroupOptions, tags ...string) ([]Group, error) {
	g, err := s.grouper(ctx, o, tags)
	if err != nil {
		return nil, err
	}
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	if g.sum != nil && g.sumTag.Kind == Float {
		p.workers = 1
	}
	tables, err := sweep(ctx, p.workers, len(s.exists), func() *groupTable { return g.table(p.frame()) }, (*groupTable).chunk)
	if err != nil {
		return nil, err
	}
	for _, t := range tables[1:] {
		tables[0].merge(t)
	}
	return tables[0].groups()
}

// A grouper says how customers are grouped. It is not changed once made.
type grouper struct {
	s      *Snapshot
	by     []dimension
	size   uint64 // number of combinations of values
	sumTag *Tag
	sum    *tagData
}

// dimension is a tag that is grouped by. Its values have numbers: 0 is unset.
type dimension struct {
	d      *tagData
	labels bool
	values []customer.Value // by number
	number []uint32         // of each code; nil if they are the same
	stride uint64           // the number of a combination is the sum of number * stride
	weight []uint64         // Enum: number * stride by code
}

func (s *Snapshot) grouper(ctx context.Context, o *GroupOptions, tags []string) (*grouper, error) {
	if o == nil {
		o = &GroupOptions{}
	}
	if o.Depth < 0 {
		return nil, fmt.Errorf("%w: Depth must not be negative", ErrOptions)
	}
	g := &grouper{s: s, size: 1}
	for _, name := range tags {
		kinds := []Kind{Enum, Flag}
		if len(tags) == 1 {
			kinds = append(kinds, Labels)
		}
		t, d, err := s.tag(name, kinds...)
		if err != nil {
			return nil, err
		}
		if err := s.need(ctx, s.tags.byName[name]); err != nil {
			return nil, err
		}
		by := d.dimension(t, o.Depth)
		by.stride = g.size
		hi, size := bits.Mul64(g.size, uint64(len(by.values)))
		if hi > 0 {
			return nil, fmt.Errorf("segment: groups by so many tags have more than 2^64 combinations: %w", ErrLimit)
		}
		g.size = size
		if t.Kind == Enum {
			for code := range d.last + 1 {
				by.weight = append(by.weight, by.numberOf(code)*by.stride)
			}
		}
		g.by = append(g.by, by)
	}
	if o.Sum != "" {
		var err error
		if g.sumTag, g.sum, err = s.tag(o.Sum, Integer, Decimal, Float); err != nil {
			return nil, err
		}
		if err := s.need(ctx, s.tags.byName[o.Sum]); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// dimension returns the tag as one that is grouped by.
func (d *tagData) dimension(t *Tag, depth int) dimension {
	by := dimension{d: d, labels: t.Kind == Labels, values: []customer.Value{{}}}
	if t.Kind == Flag {
		by.values = append(by.values, customer.BoolValue(false), customer.BoolValue(true))
		return by
	}
	texts := d.texts()
	if !t.Hierarchy || depth == 0 {
		for _, text := range texts {
			by.values = append(by.values, customer.TextValue(text))
		}
		return by
	}
	known := map[string]uint32{}
	by.number = []uint32{0}
	for _, text := range texts {
		text = ancestor(text, depth)
		if known[text] == 0 {
			known[text] = uint32(len(by.values))
			by.values = append(by.values, customer.TextValue(text))
		}
		by.number = append(by.number, known[text])
	}
	return by
}

// numberOf returns the number of a code.
func (by *dimension) numberOf(code int) uint64 {
	if by.number == nil {
		return uint64(code)
	}
	return uint64(by.number[code])
}

// ancestor returns the first elements of a path, depth of them at most.
func ancestor(path string, depth int) string {
	end := 0
	for range depth {
		i := strings.IndexByte(path[end:], '/')
		if i < 0 {
			return path
		}
		end += i + 1
	}
	return path[:end-1]
}

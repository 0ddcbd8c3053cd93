package rfm

import (
	"errors"
	"fmt"
	"slices"
)

// A Text is a text in English and Chinese. It is a plain value: safe for concurrent reads.
type Text struct {
	EN string `json:"en,omitempty"` // English
	ZH string `json:"zh,omitempty"` // Chinese
}

// A Group is a named set of customers. ID is stable and made for programs,
// Name and Advice for people and free to be replaced. It is a plain value:
// safe for concurrent reads.
type Group struct {
	ID     string `json:"id"`
	Name   Text   `json:"name"`
	Advice Text   `json:"advice,omitzero"` // what to do with these customers
}

// absent is the id of the customers that one of two analyses does not have.
const absent = "absent"

// others is the group of customers that no segment of a table holds.
var others = Group{
	ID:     "others",
	Name:   Text{"Others", "其他"},
	Advice: Text{"The table has no segment for these scores.", "分群表未覆盖这些得分。"},
}

// A Range is a range of scores, both ends included; the zero Range holds every
// score. It is a plain value: safe for concurrent reads.
type Range struct {
	Lo uint8 `json:"lo"` // least score
	Hi uint8 `json:"hi"` // most
}

func (r Range) holds(score uint8) bool {
	return r == Range{} || r.Lo <= score && score <= r.Hi
}

// A Rule holds the customers whose scores lie in all its ranges. It is a plain
// value: safe for concurrent reads.
type Rule struct {
	R  Range `json:"r,omitzero"`  // of the recency score
	F  Range `json:"f,omitzero"`  // of the frequency score
	M  Range `json:"m,omitzero"`  // of the monetary score
	FM Range `json:"fm,omitzero"` // of (F+M)/2, halves rounded up
}

func (r *Rule) holds(s Scores) bool {
	return r.R.holds(s.R) && r.F.holds(s.F) && r.M.holds(s.M) && r.FM.holds((s.F+s.M+1)/2)
}

// A Segment is a group of customers given by rules, of which one must hold. It
// is a plain value: safe for concurrent reads.
type Segment struct {
	Group
	Rules []Rule `json:"rules"`
}

// A SegmentTable names the segments of a customer base. A customer belongs to
// the first segment with a rule that holds, or to the group "others". It is a
// plain value: safe for concurrent reads.
type SegmentTable struct {
	Name     string    `json:"name"` // for people and error texts
	Bins     int       `json:"bins"` // scores in each dimension; 0 is DefaultBins
	Segments []Segment `json:"segments"`
}

func (t *SegmentTable) bins() int {
	if t.Bins == 0 {
		return DefaultBins
	}
	return t.Bins
}

// clone is a deep copy; nil of nil.
func (t *SegmentTable) clone() *SegmentTable {
	if t == nil {
		return nil
	}
	c := *t
	c.Segments = slices.Clone(t.Segments)
	for i := range c.Segments {
		c.Segments[i].Rules = slices.Clone(c.Segments[i].Rules)
	}
	return &c
}

// Coverage says what a table does with each of the Bins³ scores. It is a plain
// value: safe for concurrent reads.
type Coverage struct {
	Cells       int      // number of scores
	Holes       []Scores // that no segment holds, ascending
	Overlaps    []Scores // that more than one segment holds, ascending
	Unreachable []string // ids of segments that no score reaches, in table order
}

// Total tells whether every score has a segment.
func (c *Coverage) Total() bool { return len(c.Holes) == 0 }

// Disjoint tells whether no score has two segments, so that their order does not matter.
func (c *Coverage) Disjoint() bool { return len(c.Overlaps) == 0 }

// Validate tries every score: it proves the table total and disjoint, or lists
// the holes, the overlaps and the names that can never be assigned. The error
// is for a malformed table alone: nil, no segments, ids missing, repeated or
// reserved ("others", "absent"), ranges upside down or outside 1 to Bins. A table with
// holes or overlaps can be used. Cost: O(Bins³ rules), which is limited to 2^26.
func (t *SegmentTable) Validate() (*Coverage, error) {
	if t == nil {
		return nil, errors.New("rfm: the table of segments is nil")
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	n := t.bins()
	c := &Coverage{Cells: n * n * n}
	reached := make([]bool, len(t.Segments))
	for r := range n {
		for f := range n {
			for m := range n {
				s := Scores{uint8(r + 1), uint8(f + 1), uint8(m + 1)}
				first, more := t.find(s)
				switch {
				case first < 0:
					c.Holes = append(c.Holes, s)
					continue
				case more:
					c.Overlaps = append(c.Overlaps, s)
				}
				reached[first] = true
			}
		}
	}
	for i, ok := range reached {
		if !ok {
			c.Unreachable = append(c.Unreachable, t.Segments[i].ID)
		}
	}
	return c, nil
}

// find returns the index of the first segment that holds s, -1 for none, and
// whether a later one does too.
func (t *SegmentTable) find(s Scores) (first int, more bool) {
	first = -1
	for i := range t.Segments {
		if slices.ContainsFunc(t.Segments[i].Rules, func(r Rule) bool { return r.holds(s) }) {
			if first >= 0 {
				return first, true
			}
			first = i
		}
	}
	return first, false
}

func (t *SegmentTable) check() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: segment table %q: "+format, append([]any{ErrOptions, t.Name}, args...)...))
		}
	}
	n := t.bins()
	fault(n < 2 || n > MaxBins, "%d bins, want 2 to %d", n, MaxBins)
	fault(len(t.Segments) == 0, "no segments")
	fault(len(t.Segments) > 254, "more than 254 segments")
	seen := map[string]bool{"": true, others.ID: true, absent: true}
	rules := 0
	for i, s := range t.Segments {
		fault(seen[s.ID], "segment %d: id %q is empty, reserved or repeated", i, s.ID)
		seen[s.ID] = true
		rules += len(s.Rules)
		for j, rule := range s.Rules {
			for k, r := range []Range{rule.R, rule.F, rule.M, rule.FM} {
				fault(r != Range{} && (r.Lo < 1 || r.Lo > r.Hi || int(r.Hi) > n),
					"segment %q: rule %d: range %s is upside down or outside 1 to %d", s.ID, j, [...]string{"R", "F", "M", "FM"}[k], n)
			}
		}
	}
	fault(n*n*n*rules > 1<<26, "%d rules are too many for %d bins", rules, n)
	return errors.Join(faults...)
}

// index makes the model's table a look-up by scores.
func (m *Model) index() {
	if m.table == nil {
		return
	}
	n := m.table.bins()
	m.lookup = make([]uint8, n*n*n)
	for i := range m.lookup {
		first, _ := m.table.find(Scores{uint8(i/n/n + 1), uint8(i/n%n + 1), uint8(i%n + 1)})
		m.lookup[i] = uint8(first + 1)
	}
}

// Segment is the segment of a customer with scores s, the group with the id
// "others" where no segment holds it or the model has no table. No allocation.
func (m *Model) Segment(s Scores) Group {
	if i := m.segment(s); i >= 0 {
		return m.table.Segments[i].Group
	}
	return others
}

// segment is the index of the segment of s, -1 for none.
func (m *Model) segment(s Scores) int {
	if m.table == nil || s.R == 0 || s.F == 0 || s.M == 0 {
		return -1
	}
	n := m.table.bins()
	i := ((int(s.R)-1)*n+int(s.F)-1)*n + int(s.M) - 1
	if max(int(s.R), int(s.F), int(s.M)) > n {
		return -1
	}
	return int(m.lookup[i]) - 1
}

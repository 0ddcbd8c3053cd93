package cluster

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/clientele-go/clientele/table"
)

// Assigned is the group of a row. A plain value: safe for concurrent reads.
type Assigned struct {
	Label    int     // the group, 0 to K-1, of Assignment an int32; outliers too have their nearest
	Distance float64 // as in [Assignment]
	// Margin says how clear the choice was, from 0 to 1: 0 on the border to another group,
	// 1 in the centre of its own or where there is one group. It is 1-√(a/b), where a is
	// Distance and b the distance to the nearest other group, both with the prices of a
	// model with bounds on shares: the simplified silhouette of the row. Mixture: the
	// probability of its group less that of the next one.
	Margin  float64
	Outlier bool // beyond the cutoff of a Trimmed model
}

// AssignRow returns the group of one row: the number of each Number column of
// [Model.Features], NaN for a missing one, and the level of each Category column, "" for
// a missing one, in their order. It is what [Assign] finds for a table of that row.
//
// Errors: a zero Model; a wrong number of numbers or levels; [*table.Fault], whose Index
// is that of the feature, with [ErrMissing] or [ErrTooLarge], the latter only where the
// distance is not finite, as in [Assign]. Cost: O(K * prepared numbers), no allocation.
func (m *Model) AssignRow(num []float64, levels []string) (Assigned, error) {
	if m.k == 0 {
		return Assigned{}, errZeroModel
	}
	if len(num)+len(levels) != len(m.features) || len(num) != m.numbers {
		return Assigned{}, fmt.Errorf("cluster: the row has %d numbers and %d levels, the model %d and %d",
			len(num), len(levels), m.numbers, len(m.features)-m.numbers)
	}
	var a Assigned
	var ok bool
	if max(m.d, m.codes, m.k) <= smallRow {
		var room struct {
			x, cost [smallRow]float64
			codes   [smallRow]int32
		}
		s := rowScratch{x: room.x[:m.d], codes: room.codes[:m.codes], cost: room.cost[:m.k]}
		a, ok = m.assignOne(&s, num, levels)
	} else {
		s := rowScratches.Get().(*rowScratch)
		s.x, s.codes = slices.Grow(s.x[:0], m.d)[:m.d], slices.Grow(s.codes[:0], m.codes)[:m.codes]
		s.cost = slices.Grow(s.cost[:0], m.k)[:m.k]
		a, ok = m.assignOne(s, num, levels)
		rowScratches.Put(s)
	}
	if !ok {
		return Assigned{}, m.rowFault(num, levels)
	}
	a.Outlier = a.Distance > m.cutoff
	return a, nil
}

// smallRow bounds the numbers, codes and groups of a model whose rows need no scratch
// from the heap.
const smallRow = 64

// rowScratch is a prepared row and what assigning it works on.
type rowScratch struct {
	x     []float64
	codes []int32
	cost  []float64 // of each group
}

var rowScratches = sync.Pool{New: func() any { return new(rowScratch) }}

// prepare prepares a row, and tells whether it has a code in each native column.
func (s *rowScratch) prepare(m *Model, num []float64, levels []string) bool {
	ok := true
	for i := range m.features {
		f := &m.features[i]
		at, missing := f.at, false
		if f.Number != nil {
			missing = math.IsNaN(num[0])
			if !f.Constant {
				s.x[at] = f.value(num[0])
				at++
			}
			num = num[1:]
		} else {
			missing = levels[0] == ""
			level := f.level(levels[0])
			switch {
			case f.Constant:
			case f.native >= 0:
				s.codes[f.native] = level
				ok = ok && level >= 0
			default:
				indicators := s.x[at : at+len(f.Category.Levels)]
				at += len(indicators)
				clear(indicators)
				if level < 0 {
					indicators[0] = math.NaN()
				} else if int(level) < len(indicators) {
					indicators[level] = f.one()
				}
			}
			levels = levels[1:]
		}
		if f.Flag != nil {
			s.x[at] = f.flag(missing)
		}
	}
	return ok
}

// assignOne assigns a row. It reports false if the row has no finite distance.
func (m *Model) assignOne(s *rowScratch, num []float64, levels []string) (a Assigned, ok bool) {
	if !s.prepare(m, num, levels) {
		return a, false
	}
	switch m.method {
	case Mixture:
		label, dist := m.mixture.memberships(s.cost, s.x)
		next := 0.0
		for g, share := range s.cost {
			if g != int(label) {
				next = max(next, share)
			}
		}
		a = Assigned{Label: int(label), Distance: dist, Margin: max(0, s.cost[label]-next)}
	case Prototypes:
		nearby := newRanking()
		for g := range m.k {
			nearby.add(int32(g), m.prototypes.distance(g, s.x, s.codes))
		}
		a = Assigned{Label: int(nearby.label), Distance: nearby.first, Margin: nearby.margin()}
	default:
		a = m.nearestCenter(s.x)
	}
	return a, a.Distance < math.MaxFloat64
}

// distance is what distances finds for one row, with the same bits.
func (p *prototypes) distance(g int, x []float64, codes []int32) float64 {
	sum := squared(x, p.centers[g*len(x):], 0)
	for c, mode := range p.modes[g] {
		if codes[c] != mode {
			sum += p.penalty[c]
		}
	}
	return sum
}

// nearestCenter assigns a row as nearest.Nearest does, with the same bits.
func (m *Model) nearestCenter(x []float64) Assigned {
	nearby, own := newRanking(), math.Inf(1)
	for c := range len(m.centers) / m.d {
		distance := squared(x, m.centers[c*m.d:], 0)
		priced := distance
		if m.offset != nil {
			priced = squared(x, m.centers[c*m.d:], m.offset[c])
		}
		group := int32(c)
		if m.leaf != nil {
			group = m.leaf[c]
		}
		if nearby.add(group, priced) {
			own = distance
		}
	}
	return Assigned{Label: int(nearby.label), Distance: own, Margin: nearby.margin()}
}

// squared is the squared distance of a row to the centre that centers begins with, added
// to sum in the way of package nearest.
func squared(x, centers []float64, sum float64) float64 {
	for j, center := range centers[:len(x)] {
		t := x[j] - center
		sum = math.FMA(t, t, sum)
	}
	return sum
}

// ranking finds the two nearest groups.
type ranking struct {
	label         int32 // the nearest; -1: none was finite
	first, second float64
}

func newRanking() ranking {
	return ranking{label: -1, first: math.Inf(1), second: math.Inf(1)}
}

// add reports whether the group is the nearest so far. Groups may come several times.
func (r *ranking) add(group int32, distance float64) bool {
	if !(distance < r.first) {
		if group != r.label && distance < r.second {
			r.second = distance
		}
		return false
	}
	if group != r.label {
		r.second = r.first
	}
	r.label, r.first = group, distance
	return true
}

func (r *ranking) margin() float64 {
	if !(r.second > 0) {
		return 0
	}
	return 1 - math.Sqrt(max(0, r.first)/r.second)
}

// rowFault names what made a distance that is not finite.
func (m *Model) rowFault(num []float64, levels []string) error {
	for i := range m.features {
		f := &m.features[i]
		fault := &table.Fault{Column: f.Name, Index: i, Row: -1, Err: ErrMissing}
		if f.Number == nil {
			if levels[0] == "" && f.Category.Fill == nil && !f.Constant {
				return fault
			}
			levels = levels[1:]
			continue
		}
		x := num[0]
		num = num[1:]
		switch {
		case f.Constant:
		case math.IsNaN(x):
			if f.Number.Fill == nil {
				return fault
			}
		case !(math.Abs(f.value(x)) <= largest):
			fault.Err = ErrTooLarge
			return fault
		}
	}
	return ErrTooLarge
}

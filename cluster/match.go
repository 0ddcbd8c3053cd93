package cluster

import (
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/table"
)

// farthest is the largest squared distance that Match takes: sums of as many as there can
// be groups are finite.
const farthest = 1e300

// Match pairs the groups of m with those of other by their centres, for want of rows to
// [Compare]: it returns the group of other that each group of m is paired with, -1 for
// none, and how far apart their centres are, +Inf without a partner. Distances are in the
// prepared numbers of m, into which the centres of other are carried over; categories that
// differ add what they cost. The sum of the squares over all pairs is the least there is.
//
// The models must be of the same columns by name and kind, and both or neither of
// Prototypes: else Match returns an error, which wraps [table.ErrNoColumn] for a column
// that one of them does not have, or [ErrTooLarge] where squared distances exceed 1e300,
// as between numbers of quite other units. Assigning one table with both and comparing
// the labels tells more where there is one. Cost: O(k²) distances, and O(k³) at worst.
func (m *Model) Match(other *Model) (partner []int, distance []float64, err error) {
	if (m.method == Prototypes) != (other.method == Prototypes) {
		return nil, nil, errors.New("cluster: Match of a model of Prototypes with one of another method")
	}
	missing := func(name string) error { return fmt.Errorf("cluster: Match: %w: %q", table.ErrNoColumn, name) }
	for i := range m.features {
		if name := m.features[i].Name; other.featureOf(name) == nil {
			return nil, nil, missing(name)
		}
	}
	features := make([]feature, len(other.features)) // of m, in the order of other
	for i := range other.features {
		f := &other.features[i]
		to := m.featureOf(f.Name)
		switch {
		case to == nil:
			return nil, nil, missing(f.Name)
		case to.kind() != f.kind():
			return nil, nil, fmt.Errorf("cluster: Match: column %q is a %s in one of the models", f.Name, f.kind())
		}
		features[i] = *to
	}
	there := other.carried(features, m.d, m.codes)
	cost := make([]float64, m.k*other.k)
	for i := range m.k {
		for j := range other.k {
			sum := 0.0
			for at, x := range there.centers[j] {
				t := x - m.means[i*m.d+at]
				sum = math.FMA(t, t, sum)
			}
			for c, mode := range there.modes[j] {
				if mode != m.modes[i][c] {
					sum += m.prototypes.penalty[c]
				}
			}
			if !(sum <= farthest) {
				return nil, nil, fmt.Errorf("cluster: Match: %w: centres too far apart in prepared numbers", ErrTooLarge)
			}
			cost[i*other.k+j] = sum
		}
	}
	partner, distance = assignment(cost, m.k, other.k), make([]float64, m.k)
	for i, j := range partner {
		distance[i] = math.Inf(1)
		if j >= 0 {
			distance[i] = math.Sqrt(cost[i*other.k+j])
		}
	}
	return partner, distance, nil
}

// matchGroups pairs the groups of one division with those of another so that the rows in
// common, summed over the pairs, are as many as possible, and of all such ways one that
// pairs most groups with that of the same number. It returns the partner of each group of
// the first, or -1 for one that has none or no row in common with it. common is row-major,
// with columns numbers a row.
func matchGroups(common []int, rows, columns int) []int {
	cost := make([]float64, len(common))
	// A row in common outweighs all that equal numbers can add.
	unit := float64(min(rows, columns) + 1)
	for at, n := range common {
		cost[at] = -float64(n) * unit
		if at/columns == at%columns {
			cost[at]--
		}
	}
	partner := assignment(cost, rows, columns)
	for i, j := range partner {
		if j >= 0 && common[i*columns+j] == 0 {
			partner[i] = -1
		}
	}
	return partner
}

// assignment pairs rows and columns of a cost matrix, each once, all of the fewer of them,
// so that the sum of the costs is least, and returns the column of each row, or -1. It
// adds one row after the other along a shortest augmenting path with dual prices
// (Jonker and Volgenant 1987). Sums of whole numbers below 2⁵³ are exact. Cost:
// O(min(rows, columns)²·max(rows, columns)).
func assignment(cost []float64, rows, columns int) []int {
	if rows > columns {
		turned := make([]float64, len(cost))
		for at, c := range cost {
			turned[at%columns*rows+at/columns] = c
		}
		partner := make([]int, rows)
		for i := range partner {
			partner[i] = -1
		}
		for j, i := range assignment(turned, columns, rows) {
			partner[i] = j
		}
		return partner
	}
	// Index columns stands for no column: where a path begins.
	rowPrice, columnPrice := make([]float64, rows), make([]float64, columns+1)
	rowOf, from := make([]int, columns+1), make([]int, columns)
	for j := range rowOf {
		rowOf[j] = -1
	}
	slack, done := make([]float64, columns), make([]bool, columns+1)
	for i := range rows {
		for j := range slack {
			slack[j] = math.Inf(1)
		}
		clear(done)
		at := columns
		rowOf[at] = i
		for rowOf[at] >= 0 {
			done[at] = true
			row, next, least := rowOf[at], -1, math.Inf(1)
			for j := range columns {
				if done[j] {
					continue
				}
				if s := cost[row*columns+j] - rowPrice[row] - columnPrice[j]; s < slack[j] {
					slack[j], from[j] = s, at
				}
				if slack[j] < least {
					least, next = slack[j], j
				}
			}
			for j := range done {
				if done[j] {
					rowPrice[rowOf[j]] += least
					columnPrice[j] -= least
				} else if j < columns {
					slack[j] -= least
				}
			}
			at = next
		}
		for at != columns {
			rowOf[at] = rowOf[from[at]]
			at = from[at]
		}
	}
	partner := make([]int, rows)
	for j, i := range rowOf[:columns] {
		if i >= 0 {
			partner[i] = j
		}
	}
	return partner
}

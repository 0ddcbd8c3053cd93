package cluster

import (
	"fmt"

	"github.com/clientele-go/clientele/table"
)

// Absent stands for no group, in place of its number: that of a customer who was not there.
const Absent = -1

// Migration is how customers moved between groups from one time to another. Groups go by
// their numbers, with [Absent] for customers who are there at one of the times only. A
// group that nobody was in is one like any other. Safe for concurrent use.
type Migration[K comparable] struct {
	from, to int   // groups before and after
	start    []int // of the ids of each cell, and the end of the last
	ids      []K
}

// Migrate compares the groups of customers at two times, such as those of last quarter's
// and of this quarter's table under one model, or under a model and its [Refit]. before and
// after are ids, was and is the group of each; a negative group is Absent. An id that is
// twice in before or in after is a [*table.Fault] that wraps [table.ErrDuplicateID]. It
// panics if there are not as many groups as ids; a group of [MaxK] or more is an error.
// Cost: O(customers), a map of the ids of each time, and, with one more than the highest
// group of each time, 16 bytes for each pair of groups.
func Migrate[K comparable](before []K, was []int32, after []K, is []int32) (*Migration[K], error) {
	if len(before) != len(was) || len(after) != len(is) {
		panic("cluster: Migrate needs a group for each id")
	}
	rowBefore, err := rowsByID(before)
	if err != nil {
		return nil, err
	}
	rowAfter, err := rowsByID(after)
	if err != nil {
		return nil, err
	}
	if highest := max(highestLabel(was), highestLabel(is)); highest >= MaxK {
		return nil, fmt.Errorf("cluster: Migrate of group %d, want at most %d", highest, MaxK-1)
	}
	m := &Migration[K]{from: highestLabel(was) + 1, to: highestLabel(is) + 1}
	m.start = make([]int, (m.from+1)*(m.to+1)+1)
	// each calls f for every customer: those before in their order, then the others.
	each := func(f func(id K, cell int)) {
		for i, id := range before {
			to := Absent
			if j, there := rowAfter[id]; there {
				to = int(is[j])
			}
			f(id, m.cell(int(was[i]), to))
		}
		for j, id := range after {
			if _, there := rowBefore[id]; !there {
				f(id, m.cell(Absent, int(is[j])))
			}
		}
	}
	each(func(_ K, cell int) { m.start[cell+1]++ })
	for cell := range m.start[1:] {
		m.start[cell+1] += m.start[cell]
	}
	m.ids = make([]K, m.start[len(m.start)-1])
	next := append([]int(nil), m.start...)
	each(func(id K, cell int) {
		m.ids[next[cell]] = id
		next[cell]++
	})
	return m, nil
}

// rowsByID is the row of each id.
func rowsByID[K comparable](ids []K) (map[K]int, error) {
	rows := make(map[K]int, len(ids))
	fault := &table.Fault{Index: -1, Row: -1, Err: table.ErrDuplicateID}
	for row, id := range ids {
		if _, twice := rows[id]; twice {
			if fault.Count == 0 {
				fault.Row = row
			}
			fault.Count++
		}
		rows[id] = row
	}
	if fault.Count > 0 {
		return nil, fault
	}
	return rows, nil
}

// highestLabel is -1 for no labels.
func highestLabel(labels []int32) int {
	highest := int32(-1)
	for _, l := range labels {
		highest = max(highest, l)
	}
	return int(highest)
}

// cell is the index of a pair of groups, those that are Absent last.
func (m *Migration[K]) cell(from, to int) int {
	if from < 0 {
		from = m.from
	}
	if to < 0 {
		to = m.to
	}
	return from*(m.to+1) + to
}

// Groups returns how many groups there are before and after: one more than the highest
// number that was given.
func (m *Migration[K]) Groups() (before, after int) { return m.from, m.to }

// Count is the number of customers who moved between two groups. It is 0 for numbers that
// no customer has.
func (m *Migration[K]) Count(from, to int) int { return len(m.Customers(from, to)) }

// Customers are the ids of the customers who moved between two groups, in the order of the
// ids before, those who were absent then in the order of the ids after. The slice is not
// to be written to.
func (m *Migration[K]) Customers(from, to int) []K {
	if from >= m.from || to >= m.to {
		return nil
	}
	c := m.cell(from, to)
	return m.ids[m.start[c]:m.start[c+1]:m.start[c+1]]
}

// Rate is the share of the customers of a group before, those who left included, who moved
// to a group after; from Absent: of the customers who came. It is 0 for a group without
// customers.
func (m *Migration[K]) Rate(from, to int) float64 {
	all := 0
	for group := Absent; group < m.to; group++ {
		all += m.Count(from, group)
	}
	if from < 0 {
		all -= m.Count(Absent, Absent)
	}
	if all == 0 {
		return 0
	}
	return float64(m.Count(from, to)) / float64(all)
}

// Stayed is the share of the customers there at both times who have the same group number
// at both; 1 if there are none. It means something where the groups are the same: under one
// model or its [Refit].
func (m *Migration[K]) Stayed() float64 {
	all, stayed := 0, 0
	for from := range m.from {
		for to := range m.to {
			all += m.Count(from, to)
		}
		stayed += m.Count(from, from)
	}
	if all == 0 {
		return 1
	}
	return float64(stayed) / float64(all)
}

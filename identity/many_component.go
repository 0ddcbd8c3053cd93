package identity

import "context"

// components puts the rows together that are to be looked at together: those that have a
// record or a value in common that is not shared for certain.
func (m *many) components(ctx context.Context) ([][]int32, error) {
	if err := m.findShared(ctx); err != nil {
		return nil, err
	}
	parent := make([]int32, len(m.todo))
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	owner := make([]int32, m.names) // a row that has the record or value, as an index into todo; 0: none yet
	for i, row := range m.todo {
		parent[i] = int32(i)
		for _, n := range m.named(row) {
			switch j := owner[n] - 1; {
			case m.over[n] || m.loose[n]:
			case j < 0:
				owner[n] = int32(i) + 1
			default:
				a, b := find(j), find(int32(i))
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	// Rows by component, components by their first row.
	number := make([]int32, len(m.todo))
	var sizes []int32
	for i := range m.todo {
		if root := find(int32(i)); root == int32(i) {
			number[i] = int32(len(sizes))
			sizes = append(sizes, 1)
		} else {
			number[i] = number[root]
			sizes[number[i]]++
		}
	}
	components := make([][]int32, len(sizes))
	rows := make([]int32, len(m.todo))
	for c, n := range sizes {
		components[c], rows = rows[:0:n], rows[n:]
	}
	for i, row := range m.todo {
		components[number[i]] = append(components[number[i]], row)
	}
	return components, nil
}

// number gives each record and value a number.
func (m *many) number() {
	total := 0
	for _, p := range m.all {
		if p != nil {
			total += len(p.ids) + 1
		}
	}
	m.numbers = make([]int32, 0, total)
	numbers := newNumbering(len(m.todo))
	m.at = make([]int32, len(m.rows)+1)
	var blinds []blind // of rows that are numbered together
	for row, p := range m.all {
		m.at[row] = int32(len(m.numbers) + len(blinds))
		if p != nil {
			for i := range p.ids {
				blinds = append(blinds, p.ids[i].blind)
			}
			if p.record != (blind{}) {
				blinds = append(blinds, p.record)
			}
		}
		if len(blinds) >= 1<<10 || row == len(m.all)-1 {
			m.numbers, blinds = numbers.appendNumbers(m.numbers, blinds), blinds[:0]
		}
	}
	m.at[len(m.rows)] = int32(len(m.numbers))
	m.names = len(numbers.names)
	m.over, m.loose = make([]bool, m.names), make([]bool, m.names)
	for row, p := range m.all {
		if p != nil {
			for i, d := range p.ids {
				m.loose[m.numbers[m.at[row]+int32(i)]] = d.loose
			}
		}
	}
}

// named are the numbers of a row's values, in order, and of its record.
func (m *many) named(row int32) []int32 { return m.numbers[m.at[row]:m.at[row+1]] }

package survival

import (
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/radix"
)

// timeline is the rows that have a weight in the order of stratum and exit, and the times of
// events as slots: each stratum has one slot before its first event, in which nobody is at
// risk, and then one for each time of events, ascending.
type timeline struct {
	rows   []int32  // of the data, in order; ties of exit as the caller gave them
	strata []string // ascending
	base   []int32  // the first slot of each stratum, and at the end the number of slots
	ends   []float64
	begin  []int32 // the first of rows of each stratum, and at the end their number

	at   []int32   // slot of the last event time that is not after the exit of each row
	from []int32   // the same of the entry; nil: the first slot of the stratum
	time []float64 // of each slot; -1 of the first of a stratum
}

// newTimeline orders the rows of valid data, given in the order in which ties are to
// be left; nil: as they are.
func newTimeline(d *Data, order []int) *timeline {
	l := &timeline{}
	n := len(d.Exit)
	if order == nil {
		order = make([]int, n)
		for i := range order {
			order[i] = i
		}
	}
	order = slices.Clone(order)
	if d.Weights != nil {
		order = slices.DeleteFunc(order, func(row int) bool { return d.Weights[row] == 0 })
	}
	exits := make([]float64, len(order))
	for i, row := range order {
		exits[i] = d.Exit[row]
	}
	l.rows = radix.Order(exits)
	for i, at := range l.rows {
		l.rows[i] = int32(order[at])
	}
	l.stratify(d)
	l.slots(d)
	return l
}

// stratify moves the rows of each stratum together.
func (l *timeline) stratify(d *Data) {
	if d.Strata == nil {
		l.strata, l.begin = []string{""}, []int32{0, int32(len(l.rows))}
		return
	}
	code := map[string]int32{}
	for _, row := range l.rows {
		code[d.Strata[row]] = 0
	}
	for name := range code {
		l.strata = append(l.strata, name)
	}
	slices.Sort(l.strata)
	for i, name := range l.strata {
		code[name] = int32(i)
	}
	codes := make([]int32, len(l.rows))
	count := make([]int32, len(l.strata)+1)
	for i, row := range l.rows {
		codes[i] = code[d.Strata[row]]
		count[codes[i]+1]++
	}
	for s := range l.strata {
		count[s+1] += count[s]
	}
	l.begin = slices.Clone(count)
	sorted := make([]int32, len(l.rows))
	for i, row := range l.rows {
		sorted[count[codes[i]]] = row
		count[codes[i]]++
	}
	l.rows = sorted
}

// slots finds the times of events and the slots of each row.
func (l *timeline) slots(d *Data) {
	l.at = make([]int32, len(l.rows))
	if d.Entry != nil {
		l.from = make([]int32, len(l.rows))
	}
	for s := range l.strata {
		base := int32(len(l.time))
		l.base = append(l.base, base)
		l.time = append(l.time, -1)
		rows := l.rows[l.begin[s]:l.begin[s+1]]
		at := l.at[l.begin[s]:l.begin[s+1]]
		for i := 0; i < len(rows); {
			exit, event, j := d.Exit[rows[i]], false, i
			for ; j < len(rows) && d.Exit[rows[j]] == exit; j++ {
				event = event || d.Event[rows[j]]
			}
			if event {
				l.time = append(l.time, exit)
			}
			for ; i < j; i++ {
				at[i] = int32(len(l.time)) - 1
			}
		}
		l.ends = append(l.ends, d.Exit[rows[len(rows)-1]])
		if l.from == nil {
			continue
		}
		times := l.time[base+1:]
		for i, row := range rows {
			at, found := slices.BinarySearch(times, d.Entry[row])
			if found {
				at++
			}
			to := int(l.begin[s]) + i
			l.from[to] = base + int32(at)
		}
	}
	l.base = append(l.base, int32(len(l.time)))
}

// never reports whether a row is at risk at no time of events.
func (l *timeline) never(i int) bool {
	at := l.at[i]
	return l.time[at] < 0 || l.from != nil && l.from[i] == at
}

// counts returns the weight at risk in each slot and that of its events.
func (l *timeline) counts(d *Data) (risk, events []float64) {
	risk, events = make([]float64, len(l.time)), make([]float64, len(l.time))
	fresh := l.fresh()
	for i, row := range l.rows {
		if l.never(i) {
			continue
		}
		w := d.weight(int(row))
		risk[l.at[i]] += w
		if l.from != nil && !fresh[l.from[i]] {
			risk[l.from[i]] -= w
		}
		if d.Event[row] {
			events[l.at[i]] += w
		}
	}
	l.suffix(risk, fresh)
	return risk, events
}

// fresh marks the first slots of strata, and the slots of which nobody is still at risk in
// the next one: sums that are made from the last slot to the first start anew there, so
// that nothing is left over by rounding. Nil: without entries.
func (l *timeline) fresh() []bool {
	if l.from == nil {
		return nil
	}
	stay := make([]int32, len(l.time)+1) // rows at risk in a slot and the next
	for i := range l.rows {
		// A row is at risk in the slots from+1 to at; it is in q and q+1 for q in [from+1, at-1].
		if l.from[i]+1 < l.at[i] {
			stay[l.from[i]+1]++
			stay[l.at[i]]--
		}
	}
	fresh := make([]bool, len(l.time))
	staying := int32(0)
	for q := range fresh {
		staying += stay[q]
		fresh[q] = staying == 0
	}
	return fresh
}

// byEntry returns the rows that are ever at risk ascending by slot of entry.
func (l *timeline) byEntry() []int32 {
	slots := make([]float64, len(l.from))
	for i, q := range l.from {
		slots[i] = float64(q)
	}
	return slices.DeleteFunc(radix.Order(slots), func(i int32) bool { return l.never(int(i)) })
}

// suffix replaces what comes and goes in each slot by the sum from it to the last slot of its stratum.
func (l *timeline) suffix(x []float64, fresh []bool) {
	for s := range l.strata {
		lo, hi := l.base[s], l.base[s+1]
		if fresh == nil {
			total := 0.0
			for q := hi - 1; q > lo; q-- {
				total += x[q]
				x[q] = total
			}
		} else {
			var total sum
			for q := hi - 1; q > lo; q-- {
				if fresh[q] {
					total = sum{}
				}
				total.add(x[q])
				x[q] = total.total()
			}
		}
		x[lo] = 0
	}
}

// unit returns the power of 2 next to the mean weight: 1 without weights.
func (l *timeline) unit(d *Data) float64 {
	if d.Weights == nil {
		return 1
	}
	var total sum
	for _, row := range l.rows {
		total.add(d.Weights[row])
	}
	return math.Exp2(math.Round(math.Log2(total.total() / float64(len(l.rows)))))
}

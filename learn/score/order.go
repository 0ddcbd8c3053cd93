package score

import (
	"cmp"
	"slices"

	"github.com/clientele-go/clientele/internal/radix"
)

// sort fills in rows and blocks.
func (b *Binary) sort(scores []float64, labels []bool, weights []float64, groups []int32) {
	order := radix.Order(scores)
	slices.Reverse(order)
	if weights != nil {
		least := 0.0 // a smaller one would be lost in rounding of the sum of all
		if len(weights) > 0 {
			least = slices.Max(weights) * (float64(len(weights)) * 0x1p-50)
		}
		order = slices.DeleteFunc(order, func(row int32) bool { return weights[row] == 0 || weights[row] < least })
	}
	var group []int32
	b.row, b.groups = order, len(order)
	if groups != nil {
		group, b.groups = groupNumbers(groups, order)
	}
	b.label = make([]bool, len(order))
	for lo := 0; lo < len(order); {
		hi, score := lo+1, scores[order[lo]]+0 // -0 and 0 are one
		for hi < len(order) && scores[order[hi]] == score {
			hi++
		}
		if hi-lo > 1 {
			canonical(order[lo:hi], labels, weights, group)
		}
		b.score = append(b.score, score)
		b.start = append(b.start, int32(lo))
		lo = hi
	}
	b.start = append(b.start, int32(len(order)))
	for i, row := range order {
		b.label[i] = labels[row]
	}
	if weights != nil {
		b.weight = make([]float64, len(order))
		for i, row := range order {
			b.weight[i] = weights[row]
		}
	}
	if groups != nil {
		b.group = make([]int32, len(order))
		for i, row := range order {
			b.group[i] = group[row]
		}
	}
	b.trues, b.falses = make([]float64, len(b.start)), make([]float64, len(b.start))
	for i := range b.score {
		ofTrue, ofFalse := 0.0, 0.0
		for at := int(b.start[i]); at < int(b.start[i+1]); at++ {
			if b.label[at] {
				ofTrue += b.weightOf(at)
			} else {
				ofFalse += b.weightOf(at)
			}
		}
		b.trues[i+1], b.falses[i+1] = b.trues[i]+ofTrue, b.falses[i]+ofFalse
	}
}

// canonical orders rows of one score so that sums over them do not depend on the order in
// which they came: those that are still equal are the same in everything.
func canonical(order []int32, labels []bool, weights []float64, group []int32) {
	if weights == nil && group == nil {
		at := 0
		for i, row := range order {
			if labels[row] {
				order[at], order[i] = row, order[at]
				at++
			}
		}
		return
	}
	slices.SortFunc(order, func(x, y int32) int {
		if labels[x] != labels[y] {
			if labels[x] {
				return -1
			}
			return 1
		}
		c := 0
		if weights != nil {
			c = cmp.Compare(weights[x], weights[y])
		}
		if c == 0 && group != nil {
			c = cmp.Compare(group[x], group[y])
		}
		return c
	})
}

// groupNumbers replaces the groups of the given rows by their ranks among these.
func groupNumbers(groups, rows []int32) (ranks []int32, n int) {
	distinct := make([]int32, len(rows))
	for i, row := range rows {
		distinct[i] = groups[row]
	}
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	ranks = make([]int32, len(groups))
	for _, row := range rows {
		rank, _ := slices.BinarySearch(distinct, groups[row])
		ranks[row] = int32(rank)
	}
	return ranks, len(distinct)
}

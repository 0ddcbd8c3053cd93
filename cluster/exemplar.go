package cluster

import (
	"cmp"
	"math"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/table"
)

// exemplars fills the most typical rows of each group.
func (d *describer) exemplars(out *Description) {
	type typical struct {
		distance float64
		at       int32
	}
	members := make([][]typical, d.k)
	distance := make([]float64, len(d.rows))
	chunks := (len(d.rows) + chunkRows - 1) / chunkRows
	parallel.For(d.o.Workers, chunks, func(chunk int) {
		for i := chunk * chunkRows; i < min((chunk+1)*chunkRows, len(d.rows)); i++ {
			switch g := int(d.label[i]); {
			case g == d.k:
			case d.distances != nil:
				distance[i] = d.distances[d.rows[i]]
			default:
				distance[i] = d.untypical(i, &out.Groups[g], out)
			}
		}
	})
	before := func(a, b typical) int { return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.at, b.at)) }
	for i, g := range d.label {
		m := typical{distance[i], int32(i)}
		if int(g) == d.k || !(m.distance < math.Inf(1)) {
			continue
		}
		at, _ := slices.BinarySearchFunc(members[g], m, before)
		if at < d.o.Exemplars {
			members[g] = slices.Insert(members[g], at, m)
			members[g] = members[g][:min(len(members[g]), d.o.Exemplars)]
		}
	}
	for g, first := range members {
		rows := make([]int, len(first))
		for i, m := range first {
			rows[i] = int(d.rows[m.at])
		}
		out.Groups[g].Exemplars = rows
	}
}

// untypical is the distance of a row from the middle of its group, +Inf if too little is
// known of it.
func (d *describer) untypical(i int, group *Group, out *Description) float64 {
	sum, known := 0.0, 0
	for c := range d.columns {
		column, p := &d.columns[c], &group.Columns[c]
		if column.Missing(i) {
			continue
		}
		known++
		switch sd := out.Columns[c].SD; {
		case column.Kind == table.Category:
			if column.Level(i) != p.Levels[0].Level {
				sum++
			}
		case sd > 0:
			z := (column.Num[i] - p.Median) / sd
			sum += float64(z * z)
		}
	}
	if 2*known < len(d.columns) || known == 0 {
		return math.Inf(1)
	}
	return sum / float64(known)
}

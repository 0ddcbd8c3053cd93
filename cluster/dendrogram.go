package cluster

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Merge is one join of a [Dendrogram]. A plain value: safe for concurrent reads.
type Merge struct {
	// Left and Right are the nodes that are joined, Left < Right. Node i below the number
	// of leaves is leaf i; node leaves+j is what merge j made.
	Left  int `json:"left"`
	Right int `json:"right"`
	// Height is by how much the sum of squares within groups grows with the join. Never
	// less than that of the merge before. SciPy and scikit-learn write √(2·Height), which
	// between two single rows is their distance.
	Height float64 `json:"height"`
	// Weight is the sum of the weights of the rows below the join.
	Weight float64 `json:"weight"`
}

// Dendrogram is the order in which Ward joined the leaves of a model: its distinct rows,
// if Options.Leaves allowed that, or its micro-clusters. Safe for concurrent reads.
type Dendrogram struct {
	// Weights has the sum of the weights of the rows of each leaf.
	Weights []float64 `json:"weights"`
	// Merges has one join less than there are leaves, by ascending Height.
	Merges []Merge `json:"merges"`
	// Inertia is the sum of squares within the leaves: the weighted sum of the squared
	// distances of rows to the mean of their leaf. 0 if leaves are distinct rows.
	Inertia float64 `json:"inertia"`
}

var errDendrogram = errors.New("cluster: impossible dendrogram")

// UnmarshalJSON reads the fields of d. Anything that no joins of leaves can have made is an
// error, and d is unchanged.
func (d *Dendrogram) UnmarshalJSON(data []byte) error {
	type plain Dendrogram
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return fmt.Errorf("cluster: dendrogram: %w", err)
	}
	if err := (*Dendrogram)(&read).validate(); err != nil {
		return err
	}
	*d = Dendrogram(read)
	return nil
}

func (d *Dendrogram) validate() error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{errDendrogram}, args...)...)
	}
	leaves := len(d.Weights)
	switch {
	case leaves == 0:
		return fault("no leaves")
	case len(d.Merges) != leaves-1:
		return fault("%d merges of %d leaves", len(d.Merges), leaves)
	case !(d.Inertia >= 0) || math.IsInf(d.Inertia, 0):
		return fault("inertia")
	}
	weight := slices.Grow(slices.Clone(d.Weights), len(d.Merges)) // of each node
	for i, w := range weight {
		if !(w > 0) || math.IsInf(w, 0) {
			return fault("weight of leaf %d", i)
		}
	}
	joined := make([]bool, leaves+len(d.Merges))
	height := 0.0
	for i, m := range d.Merges {
		switch {
		case m.Left < 0 || m.Left >= m.Right || m.Right >= len(weight):
			return fault("nodes of merge %d", i)
		case joined[m.Left] || joined[m.Right]:
			return fault("merge %d joins a node again", i)
		case !(m.Height >= height) || math.IsInf(m.Height, 0):
			return fault("height of merge %d", i)
		case m.Weight != weight[m.Left]+weight[m.Right] || math.IsInf(m.Weight, 0):
			return fault("weight of merge %d", i)
		}
		joined[m.Left], joined[m.Right], height = true, true, m.Height
		weight = append(weight, m.Weight)
	}
	if math.IsInf(d.inertia(1), 0) {
		return fault("sum of squares")
	}
	return nil
}

// Groups returns the group of each leaf where the k groups of the highest joins are kept
// apart. Groups are numbered by their lowest leaf. Those of a smaller k are unions of
// those of a larger one. It panics if k is not in 1 to the number of leaves. Cost:
// O(leaves).
func (d *Dendrogram) Groups(k int) []int32 {
	leaves := len(d.Weights)
	if k < 1 || k > leaves {
		panic("cluster: number of groups is not in 1 to that of leaves")
	}
	// top is the highest node over each node whose join is done.
	top := make([]int32, leaves+len(d.Merges))
	for node := range top {
		top[node] = int32(node)
	}
	for i := leaves - k - 1; i >= 0; i-- {
		m := d.Merges[i]
		top[m.Left], top[m.Right] = top[leaves+i], top[leaves+i]
	}
	group := make([]int32, len(top))
	next := int32(0)
	for leaf, node := range top[:leaves] {
		if group[node] == 0 {
			next++
			group[node] = next
		}
		top[leaf] = group[node] - 1
	}
	return slices.Clip(top[:leaves])
}

// inertia returns the sum of squares within the k groups of the highest joins.
func (d *Dendrogram) inertia(k int) float64 {
	sum := d.Inertia
	for _, m := range d.Merges[:len(d.Weights)-k] {
		sum += m.Height
	}
	return sum
}

// newDendrogram puts joins, of which each names the leaves and earlier joins it joins,
// into the order of their heights. Equal heights stay in their order.
func newDendrogram(weights []float64, joins []Merge, inertia float64) *Dendrogram {
	leaves := len(weights)
	order := make([]int, len(joins))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(joins[a].Height, joins[b].Height) })
	node := make([]int, leaves+len(joins)) // by the number it had before
	for i := range leaves {
		node[i] = i
	}
	for i, was := range order {
		node[leaves+was] = leaves + i
	}
	merges := make([]Merge, len(joins))
	for i, was := range order {
		m := joins[was]
		l, r := node[m.Left], node[m.Right]
		m.Left, m.Right = min(l, r), max(l, r)
		merges[i] = m
	}
	return &Dendrogram{Weights: weights, Merges: merges, Inertia: inertia}
}

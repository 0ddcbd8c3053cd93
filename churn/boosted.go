package churn

import (
	"cmp"
	"context"
	"fmt"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// chooseRounds sets the number of trees, and of what sort they are, where the options leave it
// open, and says in t by which rows.
func chooseRounds[K comparable](ctx context.Context, train *Dataset[K], s *FitOptions, t *training) error {
	for i := range train.Table.Columns {
		// Codes of the trees are those of the model as long as they know all levels.
		if c := &train.Table.Columns[i]; c.Kind == table.Category && len(c.Levels) > cmp.Or(s.Boost.Bins, 255) {
			return fmt.Errorf("%w: column %q has %d levels, and Boosted takes at most Boost.Bins, %d", ErrOptions, c.Name, len(c.Levels), cmp.Or(s.Boost.Bins, 255))
		}
	}
	if s.Boost.Rounds != 0 {
		return nil
	}
	trees := *s.Boost
	trees.Patience = 0
	rest, held, first := holdOut(train, s.Seed)
	if held == nil {
		s.Boost = &trees
		return nil
	}
	part, later := train.Take(rest), train.Take(held)
	o := *s.Boost
	o.Later = &boost.Slice{Columns: later.Table.Columns, Labels: later.Labels}
	m, err := boost.Fit(ctx, part.Table, part.Labels, &o)
	if err != nil {
		return fmt.Errorf("churn: %w", err)
	}
	found := m.Report()
	trees.Rounds, trees.LearningRate, trees.MaxLeaves = max(1, found.Best), found.LearningRate, found.MaxLeaves
	s.Boost = &trees
	t.RoundsRows, t.RoundsFirst, t.RoundsLast = len(held), first, t.Last
	return nil
}

// holdOut divides rows into those to learn from and those to stop by: of the last fifth of the
// cut-offs, with those to learn from known before; or else of one of five customers. It returns
// nil where neither leaves both classes on both sides. first is the first cut-off of those held.
func holdOut[K comparable](d *Dataset[K], seed uint64) (rest, held []int, first Day) {
	cutoffs := d.cutoffs()
	first = cutoffs[len(cutoffs)-max(1, len(cutoffs)/5)]
	for row, id := range d.Table.IDs {
		switch {
		case id.Cutoff >= first:
			held = append(held, row)
		case d.known(id.Cutoff) <= first:
			rest = append(rest, row)
		}
	}
	if d.bothClasses(rest) && d.bothClasses(held) {
		return rest, held, first
	}
	rest, held = nil, nil
	for row, fold := range d.CustomerFolds(5, seed) {
		if fold == 0 {
			held = append(held, row)
		} else {
			rest = append(rest, row)
		}
	}
	if d.bothClasses(rest) && d.bothClasses(held) {
		return rest, held, cutoffs[0]
	}
	return nil, nil, 0
}

// bothClasses reports whether rows have both labels.
func (d *Dataset[K]) bothClasses(rows []int) bool { return d.checkSlice("", rows) == nil }

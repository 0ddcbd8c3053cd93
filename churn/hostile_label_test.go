package churn_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/churn"
	"github.com/clientele-go/clientele/internal/hostiletest"
)

// TestHostileLabels has definitions with hostile numbers and texts, and hostile questions to a history and a future.
func TestHostileLabels(t *testing.T) {
	ctx := t.Context()
	log, err := churn.NewLog(ctx, slices.Values(hostileEvents()), hostileLogOptions())
	require.NoError(t, err)
	plan := &churn.Plan{Window: 60, Gap: 3, Horizon: 30, Step: 200}
	// asked makes rows of a label, of those subjects that are some of another.
	asked := func(label churn.Label, is func(*churn.History) bool) (int, error) {
		rows, err := churn.Snapshots(ctx, log, plan, churn.Among{Label: label, Who: "some", Is: is}, nil)
		if errors.Is(err, churn.ErrNoRows) {
			return 0, nil // of a kind that nobody has
		}
		if err != nil {
			return 0, err
		}
		return rows.Rows(), nil
	}
	looked := func(look func(*churn.History)) (int, error) {
		return asked(churn.Absent{}, func(h *churn.History) bool {
			look(h)
			return true
		})
	}
	kinds := []string{"purchase", "visit"}

	hostiletest.Run(t, hostiletest.Table{
		"Absent.Subject": {
			Call: func(l churn.Absent) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args: func() []any { return []any{churn.Absent{Kinds: slices.Clone(kinds)}} },
		},
		"Happens.Subject": {
			Call: func(l churn.Happens) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args: func() []any { return []any{churn.Happens{Kinds: slices.Clone(kinds)}} },
		},
		"Among.Subject": {
			Call: func(l churn.Among) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args: func() []any {
				return []any{churn.Among{Label: churn.Absent{}, Who: "all", Is: func(*churn.History) bool { return true }}}
			},
			Expect: map[string]any{"label.Label nil": churn.ErrOptions, "label.Is nil": churn.ErrOptions},
		},
		"OwnGap.Subject": {
			Call: func(l churn.OwnGap) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args:   func() []any { return []any{churn.OwnGap{Quantile: 0.8, Kinds: slices.Clone(kinds)}} },
			Expect: map[string]any{"label.Quantile NaN": churn.ErrOptions, "label.Quantile minus": churn.ErrOptions},
		},
		"Silence.Subject": {
			Call: func(l churn.Silence) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args:   func() []any { return []any{churn.Silence{Days: 20, Kinds: slices.Clone(kinds)}} },
			Expect: map[string]any{"label.Days min": churn.ErrOptions, "label.Days minus": churn.ErrOptions},
		},
		"LowAlive.Subject": {
			Call: func(l churn.LowAlive) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args:   func() []any { return []any{churn.LowAlive{Model: never{}, Kinds: slices.Clone(kinds)}} },
			Expect: map[string]any{"label.Model nil": churn.ErrOptions},
		},
		"ContractEnd.Subject": {
			Call: func(l churn.ContractEnd) (int, error) { return asked(l, l.Subject) }, Names: "label",
			Args:  func() []any { return []any{churn.ContractEnd{Start: "purchase", End: "visit", Renewal: 5}} },
			Cases: []hostiletest.Case{{Name: "nothing", Args: func() []any { return []any{churn.ContractEnd{}} }, Want: churn.ErrOptions}},
		},
		"FeatureFunc.Extract": {
			Call: func(value float64) (int, error) {
				f := churn.FeatureFunc[int64](func(int64, *churn.History) float64 { return value })
				features := &churn.Features[int64]{Own: []churn.Own[int64]{{Name: "own", Feature: f, Group: "own"}}}
				_ = f.Extract
				rows, err := churn.Snapshots(ctx, log, plan, churn.Absent{}, features)
				if err != nil {
					return 0, err
				}
				return rows.Rows(), nil
			},
			Names: "value", Args: func() []any { return []any{1.0} },
			Expect: map[string]any{"value NaN": hostiletest.OK, "value +Inf": "churn: ", "value -Inf": "churn: "},
		},
		"History.At": {
			Call: func(i int) (int, error) { return looked(func(h *churn.History) { h.At(i) }) }, Names: "i",
			Args: func() []any { return []any{0} }, Expect: hostiletest.Indexes(hostiletest.Panic("out of range"), "i"),
			Hold: map[string]string{"i one": "few have a second event"},
		},
		"History.Days": {
			Call: func(kinds []string) (int, error) { return looked(func(h *churn.History) { h.Days(kinds...) }) }, Names: "kinds",
			Args: func() []any { return []any{slices.Clone(kinds)} },
		},
		"History.Count": {
			Call: func(kind string, days int) (n int, err error) {
				_, err = looked(func(h *churn.History) { n += h.Count(kind, days) })
				return n, err
			},
			Names: "kind days", Args: func() []any { return []any{"purchase", 30} }, Alone: "it adds up",
		},
		"History.Sum": {
			Call: func(kind string, days int) (n int64, err error) {
				_, err = looked(func(h *churn.History) { n += h.Sum(kind, days) })
				return n, err
			},
			Names: "kind days", Args: func() []any { return []any{"purchase", 30} }, Alone: "it adds up",
		},
		"History.Last": {
			Call: func(kind string) (int, error) { return looked(func(h *churn.History) { h.Last(kind) }) }, Names: "kind",
			Args: func() []any { return []any{"purchase"} },
		},
		"Future.At": {
			Call: func(i int) (int, error) {
				return asked(future(func(f *churn.Future) { f.At(i) }), func(*churn.History) bool { return true })
			},
			Names: "i", Args: func() []any { return []any{0} }, Expect: hostiletest.Indexes(hostiletest.Panic("out of range"), "i"),
			Hold: map[string]string{"i one": "few have a second event"},
		},
		"Future.Days": {
			Call: func(kinds []string) (int, error) {
				return asked(future(func(f *churn.Future) { f.Days(kinds...) }), func(*churn.History) bool { return true })
			},
			Names: "kinds", Args: func() []any { return []any{slices.Clone(kinds)} },
		},
	})
}

// future is a label that looks at the future of those who have one.
type future func(*churn.Future)

func (future) Name() string                { return "future" }
func (future) Subject(*churn.History) bool { return true }
func (f future) Outcome(_ *churn.History, after *churn.Future) churn.Outcome {
	if after.Len() > 0 {
		f(after)
	}
	return churn.OutcomeNo
}

// never is a model for which nobody is alive.
type never struct{}

func (never) Alive(x int, recency, age float64) float64 { return 0 }

const askedThere = "Snapshots asks it: see Subject"

var _ = hostiletest.Exceptions{
	"Absent.Outcome":      askedThere,
	"Happens.Outcome":     askedThere,
	"Among.Outcome":       askedThere,
	"OwnGap.Outcome":      askedThere,
	"Silence.Outcome":     askedThere,
	"LowAlive.Outcome":    askedThere,
	"ContractEnd.Outcome": askedThere,
}

package churn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/parallel"
)

// Limits of [Features].
const (
	mostWindows  = 16
	mostNames    = 100
	learntKinds  = 16
	learntLevels = 8
)

// Validate reports every fault at once, each wrapping [ErrOptions]. Windows are held
// against the plan by [Snapshots], which also finds two features that make one column. Nil is
// the zero value.
func (f *Features[K]) Validate() error {
	if f == nil {
		return nil
	}
	return f.validate(0)
}

// validate takes the window of the plan.
func (f *Features[K]) validate(window int) error {
	faults := []error{
		validateWindows(f.Windows, window),
		validateNames("Kinds", f.Kinds), validateNames("Channels", f.Channels), validateNames("Categories", f.Categories),
	}
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: features: "+format, append([]any{ErrOptions}, args...)...))
	}
	seen := make(map[string]bool, len(f.Own))
	for i, own := range f.Own {
		if own.Name == "" {
			fault("Own[%d] has no Name", i)
		} else if seen[own.Name] {
			fault("Own[%d] has the Name of another", i)
		}
		seen[own.Name] = true
		if own.Feature == nil {
			fault("Own[%d] has no Feature", i)
		}
	}
	return errors.Join(faults...)
}

func validateWindows(windows []int, window int) error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%w: features: Windows "+format, append([]any{ErrOptions}, args...)...)
	}
	if len(windows) > mostWindows {
		return fault("are more than %d", mostWindows)
	}
	for i, w := range windows {
		switch {
		case w < 1:
			return fault("[%d] is not positive", i)
		case i > 0 && w <= windows[i-1]:
			return fault("are not ascending")
		case window > 0 && w > window:
			return fault("[%d] is above the window of the plan", i)
		case w > maxFeatureWindow:
			return fault("[%d] is above %d days", i, maxFeatureWindow)
		}
	}
	return nil
}

// maxFeatureWindow bounds the table of ages: a century.
const maxFeatureWindow = 36525

func validateNames(field string, names []string) error {
	var faults []error
	if len(names) > mostNames {
		faults = append(faults, fmt.Errorf("%w: features: %s are more than %d", ErrOptions, field, mostNames))
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			faults = append(faults, fmt.Errorf("%w: features: %s[%d] is empty", ErrOptions, field, i))
		} else if seen[name] {
			faults = append(faults, fmt.Errorf("%w: features: %s[%d] is there before", ErrOptions, field, i))
		}
		seen[name] = true
	}
	return errors.Join(faults...)
}

// bindFeatures makes features a schema: what they leave open is learned from what was known
// at the first cut-off, so that nothing later decides which columns there are.
func bindFeatures[K comparable](ctx context.Context, f *Features[K], l *Log[K], window int, first Day) (schema, error) {
	s := schema{Windows: slices.Clone(f.Windows), Window: window}
	if len(s.Windows) == 0 {
		for _, w := range []int{7, 30, 90, 365} {
			if window == 0 || w <= window {
				s.Windows = append(s.Windows, w)
			}
		}
		if len(s.Windows) == 0 {
			s.Windows = []int{window}
		}
	}
	var known knownCounts
	if f.Kinds == nil || f.Channels == nil || f.Categories == nil {
		known = countKnown(ctx, l, window, first, f.Workers)
		if err := ctx.Err(); err != nil {
			return schema{}, err
		}
	}
	names := func(given, all []string, counts []int64, most int) []string {
		if given != nil {
			given = slices.Clone(given)
			slices.Sort(given)
			return given
		}
		return frequent(all, counts, most)
	}
	s.Kinds = names(f.Kinds, l.events.kinds, known.kinds, learntKinds)
	if !slices.Contains(s.Kinds, Purchase) {
		if f.Kinds == nil && len(s.Kinds) == learntKinds {
			s.Kinds = frequent(l.events.kinds, known.kinds, learntKinds-1)
		}
		s.Kinds = append(s.Kinds, Purchase)
		slices.Sort(s.Kinds)
	}
	other := func(name string) bool { return name == otherLevel }
	s.Channels = slices.DeleteFunc(names(f.Channels, l.events.channels, known.channels, learntLevels), other)
	s.Categories = slices.DeleteFunc(names(f.Categories, l.events.categories, known.categories, learntLevels), other)
	return s, s.complete(ownInfos(f.Own))
}

// ownInfos describes the columns of the caller's own features.
func ownInfos[K comparable](own []Own[K]) []Info {
	infos := make([]Info, len(own))
	for i, o := range own {
		infos[i] = Info{
			Name: o.Name, Group: Group(cmp.Or(o.Group, o.Name)), Measure: measureOwn.String(),
			Text: Text{cmp.Or(o.Text.EN, o.Name), cmp.Or(o.Text.ZH, o.Name)},
		}
	}
	return infos
}

// frequent returns the most names with the highest counts above 0, ties by name, ascending.
func frequent(names []string, counts []int64, most int) []string {
	type item struct {
		name  string
		count int64
	}
	items := make([]item, 0, len(names))
	for i, name := range names {
		if counts[i] > 0 && name != otherLevel {
			items = append(items, item{name, counts[i]})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.name, b.name))
	})
	top := make([]string, 0, most+1)
	for _, it := range items[:min(most, len(items))] {
		top = append(top, it.name)
	}
	slices.Sort(top)
	return top
}

// knownCounts are numbers of events by kind, and of purchases by channel and category.
type knownCounts struct{ kinds, channels, categories []int64 }

// countKnown counts what was known at a cut-off, or less where the context ends.
func countKnown[K comparable](ctx context.Context, l *Log[K], window int, cutoff Day, workers int) knownCounts {
	type state struct {
		knownCounts
		view *view
	}
	e := &l.events
	fresh := func() *state {
		return &state{knownCounts{
			make([]int64, len(e.kinds)), make([]int64, len(e.channels)), make([]int64, len(e.categories)),
		}, l.view()}
	}
	purchase := slices.Index(e.kinds, Purchase)
	parts := (len(l.customers) + snapshotPart - 1) / snapshotPart
	states := parallel.States(parallel.Workers(workers), parts, fresh, func(s *state, part int) {
		if ctx.Err() != nil {
			return
		}
		for customer := part * snapshotPart; customer < min((part+1)*snapshotPart, len(l.customers)); customer++ {
			past, _ := s.view.past(customer, cutoff, window)
			for i, kind := range past.kind {
				s.kinds[kind]++
				if int(kind) != purchase {
					continue
				}
				if c := past.channel[i]; c >= 0 {
					s.channels[c]++
				}
				if c := past.category[i]; c >= 0 {
					s.categories[c]++
				}
			}
		}
	})
	for _, s := range states[1:] {
		for i, n := range s.kinds {
			states[0].kinds[i] += n
		}
		for i, n := range s.channels {
			states[0].channels[i] += n
		}
		for i, n := range s.categories {
			states[0].categories[i] += n
		}
	}
	return states[0].knownCounts
}

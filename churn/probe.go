package churn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// ProbeOptions say what is suspicious. A plain value: safe for concurrent reads.
type ProbeOptions struct {
	// Bound is the area under the ROC curve from which on a column on its own is too good
	// to be true, above 0.5 and at most 1. 0: 0.95.
	Bound float64
	// Days has the day of each row, for the comparison of earlier with later rows. Nil: the
	// cut-offs where the ids of the table are a Subject; else there is no comparison.
	Days []Day
	// Groups has for each row the group of rows that belong together. Nil: the customers
	// where the ids are a Subject; else each row is one.
	Groups []int32
	// Workers is the number of goroutines. 0: GOMAXPROCS. No result depends on it.
	Workers int
}

// Validate reports every fault at once, each wrapping [ErrOptions]. Nil options are valid.
func (o *ProbeOptions) Validate() error {
	if o == nil {
		return nil
	}
	return faultUnless(o.Bound == 0 || o.Bound > 0.5 && o.Bound <= 1, "ProbeOptions.Bound must be above 0.5 and at most 1")
}

// Flag is a reason to suspect a column. Safe for concurrent use.
type Flag uint8

// The flags.
const (
	FlagLabel    Flag = iota // it is the label: two values, one for each class
	FlagMissing              // having no value alone, or having one, reaches the bound
	FlagOrder                // high values alone, or low ones, reach the bound
	FlagLevels               // levels alone, or ranges of a number, reach the bound
	FlagCertain              // the rows of some level or range are all of one class, or nearly so
	FlagCollapse             // it tells much of earlier rows and little of later ones
)

var flagNames = []string{"label", "missing", "order", "levels", "certain", "collapse"}

// String returns "label", "missing", "order", "levels", "certain" or "collapse".
func (f Flag) String() string { return enum.Name(flagNames, f) }

// MarshalText returns String, or an error if f is not valid.
func (f Flag) MarshalText() ([]byte, error) { return enum.Marshal("churn", "flag", flagNames, f) }

// UnmarshalText reads what MarshalText writes; anything else is an error.
func (f *Flag) UnmarshalText(text []byte) error {
	return enum.Unmarshal("churn", "flag", flagNames, text, f)
}

// Suspect is what a column on its own knows of the labels. Areas are those under the ROC
// curve, with intervals as in [score.Binary]; NaN where they cannot be had. A plain value:
// safe for concurrent reads.
type Suspect struct {
	Column string `json:"column"` // its name
	// Order is the area of the values of a number, among the rows that have one: 1 is
	// perfect, and so is 0. NaN for a category.
	Order score.Estimate `json:"order"`
	// Levels is the area of the share of positives among other rows of the same level. Being
	// missing is a level; a number with more than 50 values has 20 ranges of about equal
	// frequency for levels.
	Levels score.Estimate `json:"levels"`
	// Missing is the area of having no value: 1 is perfect, and so is 0. NaN where all rows
	// have one, and where none has.
	Missing score.Estimate `json:"missing"`
	// Early and Late are Levels of the earlier half of the days and of the later one, both
	// with shares among earlier rows. NaN without days, and where a half has one class.
	Early score.Estimate `json:"early"`
	Late  score.Estimate `json:"late"`
	// Strength is the largest of Order, Levels and Missing; 1 less Order or Missing where
	// those are below 0.5.
	Strength float64 `json:"strength"`
	// Flags are the reasons to suspect the column, ascending, and Texts the same in words.
	Flags []Flag `json:"flags"`
	Texts []Text `json:"texts"`
}

const (
	probeValues = 50 // a number with at most so many values has them for levels
	probeRanges = 20
	probeFolds  = 5
	probePrior  = 10  // rows of the mean share that are added to a level
	probeTells  = 0.6 // the area of earlier rows from which on a collapse is looked for
)

// Probe looks for columns that know too much: what was written down after the fact, and
// what is another name for the label. It returns all columns, those with flags first, then
// by falling Strength, then in their order in the table. A flag is a question and no verdict:
// a label that is made from silence is told well by silence, and rightly so.
//
// The columns of this package's features cannot look ahead; those that are joined from
// elsewhere can, so that the table is best probed with them, before a fit.
//
//   - Columns are flagged where an area reaches Bound, by the first of FlagLabel, FlagMissing,
//     FlagOrder and FlagLevels that holds.
//   - FlagCertain says, of columns that none of these holds for, that the lower bound of the share of
//     positives in a level (Wilson's, 95 %) reaches Bound, and where more than half of all rows
//     are positive, that its odds are as many times theirs as Bound is those of a half: a reason
//     for leaving that is known only of some of those who left. Where no level is so, the same is
//     asked of negatives: what is written down only of those who stay. Rows of one group
//     count as if they were the same row: the interval is that of (Σn)²/Σn² independent rows,
//     with n the rows of each group in the level (Kish 1965, Survey Sampling).
//   - FlagCollapse says that Early is at least 0.6, that Late is less than half as far above 0.5,
//     and that their intervals do not meet: a column that was filled in later, and is
//     not yet for recent rows.
//
// Shares of levels are of other rows: those of a fifth of the groups come from the other
// four fifths, less the mean share there, with 10 rows of it added.
//
// The options may be nil. No table, faults of the options, and other lengths than the table has
// rows wrap [ErrOptions]; faults of the table are those of its Validate; no rows is an error that
// wraps [ErrNoRows], labels that are all the same are ErrOneClass, bare.
// Cost: O(columns · rows · log rows).
func Probe[K comparable](ctx context.Context, t *table.Table[K], labels []bool, opts *ProbeOptions) ([]Suspect, error) {
	var o ProbeOptions
	if opts != nil {
		o = *opts
	}
	if t == nil {
		return nil, errors.Join(o.Validate(), faultUnless(false, "table is required"))
	}
	n := t.Rows()
	positives := 0
	for _, l := range labels {
		if l {
			positives++
		}
	}
	switch err := errors.Join(o.Validate(), t.Validate(),
		faultUnless(len(labels) == n, "labels do not fit the table"),
		faultUnless(o.Days == nil || len(o.Days) == n, "ProbeOptions.Days do not fit the table"),
		faultUnless(o.Groups == nil || len(o.Groups) == n, "ProbeOptions.Groups do not fit the table")); {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, fmt.Errorf("%w: the table has none", ErrNoRows)
	case positives == 0 || positives == n:
		return nil, ErrOneClass
	}
	p := newProbe(t, labels, &o)
	p.share = float64(positives) / float64(n)
	suspects := make([]Suspect, len(t.Columns))
	errs := make([]error, len(t.Columns))
	parallel.For(parallel.Workers(o.Workers), len(t.Columns), func(i int) {
		if ctx.Err() == nil {
			suspects[i], errs[i] = p.column(&t.Columns[i])
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(suspects, func(a, b Suspect) int {
		return cmp.Or(cmp.Compare(min(len(b.Flags), 1), min(len(a.Flags), 1)), cmp.Compare(b.Strength, a.Strength))
	})
	return suspects, nil
}

// probe is what is the same for all columns.
type probe struct {
	labels []bool
	share  float64 // of positives
	bound  float64
	groups []int32 // nil: each row is one
	fold   []int8  // of each row
	late   []bool  // of each row; nil: there are no days to compare
}

func newProbe[K comparable](t *table.Table[K], labels []bool, o *ProbeOptions) *probe {
	p := &probe{labels: labels, bound: cmp.Or(o.Bound, 0.95), groups: o.Groups}
	days := o.Days
	customers, cutoffs, rank := probeRows(t)
	if days == nil {
		days = cutoffs
	}
	if p.groups == nil {
		p.groups = customers
	}
	p.fold = make([]int8, len(labels))
	for row := range p.fold {
		of := rank[row]
		if p.groups != nil {
			of = p.groups[row]
		}
		p.fold[row] = int8(hashUnit(0, uint64(uint32(of))) * probeFolds)
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(days))); len(distinct) > 1 {
		p.late = make([]bool, len(days))
		for row, day := range days {
			p.late[row] = day >= distinct[(len(distinct)+1)/2]
		}
	}
	return p
}

// aSubject is met by Subject, of any customers.
type aSubject interface {
	parts() (customer any, cutoff Day)
}

func (s Subject[K]) parts() (customer any, cutoff Day) { return s.Customer, s.Cutoff }

// probeRows returns the place of each row in the order of ids, where they have one, and, of
// Subjects, numbers of the customers and the cut-offs.
func probeRows[K comparable](t *table.Table[K]) (customers []int32, cutoffs []Day, rank []int32) {
	order := make([]int32, t.Rows())
	for i := range order {
		order[i] = int32(i)
	}
	if t.Compare != nil && t.IDs != nil {
		slices.SortFunc(order, func(a, b int32) int { return t.Compare(t.IDs[a], t.IDs[b]) })
	}
	rank = make([]int32, len(order))
	for place, row := range order {
		rank[row] = int32(place)
	}
	var none K
	if _, ok := any(none).(aSubject); !ok || t.IDs == nil {
		return nil, nil, rank
	}
	customers, cutoffs = make([]int32, len(order)), make([]Day, len(order))
	number := make(map[any]int32)
	for _, row := range order {
		customer, cutoff := any(t.IDs[row]).(aSubject).parts()
		if _, ok := number[customer]; !ok {
			number[customer] = int32(len(number))
		}
		customers[row], cutoffs[row] = number[customer], cutoff
	}
	return customers, cutoffs, rank
}

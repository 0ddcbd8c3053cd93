package rfm

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/enum"
)

// DefaultBins is the number of scores of a dimension where none is given.
const DefaultBins = 5

// MaxBins is the largest number of scores of a dimension.
const MaxBins = 100

// Options says how transactions become customers and customers become scores.
// The zero value of every field but AsOf and Location is a sensible default.
// Options is a plain value: safe for concurrent reads.
type Options struct {
	// AsOf is the instant from which recency is counted; the whole local day
	// it falls in still belongs to the past. Required to read transactions,
	// unused for a ready customer table. Later transactions are set aside.
	AsOf time.Time
	// Location is the zone whose calendar counts. Required to read
	// transactions; nil is an error there.
	Location *time.Location
	// Window is the number of whole local days looked at, the as-of day
	// included; 0: all history. A Window requires AsOf.
	Window int

	// Frequency is what is counted: Orders (default), Days or Lines.
	Frequency FrequencyUnit
	// Monetary is what is valued: Total (default), MeanLine or PerOrder.
	Monetary MonetaryMeasure
	// Refunds is how refunds act: SubtractRefunds (default), NetRefunds or IgnoreRefunds.
	Refunds RefundPolicy

	// Binning turns values into scores in all three dimensions; R, F and M
	// replace it in one dimension where they are not their zero value. The
	// zero value is MidRank with DefaultBins bins.
	Binning, R, F, M Binning
	// Nested bins frequency within each recency score and monetary within
	// each pair of those, instead of each over all customers. All three
	// dimensions then use quantile modes (not Fixed).
	Nested bool
	// Weights of recency, frequency and monetary in [Model.Combined]. All
	// zero: equal weights. Negative or non-finite weights are an error.
	Weights [3]float64

	// Table is the table of named segments; nil is [Eleven] where all three
	// dimensions have 5 bins, and no table elsewhere.
	Table *SegmentTable
	// Classes says how the eight classes cut high from low; nil is the zero
	// value of [Classes]: above the mean score.
	Classes *Classes

	// Workers is the number of goroutines; 0: GOMAXPROCS. No result depends on it.
	Workers int
	// Progress, where not nil, is called by Analyze and AnalyzeColumns now and
	// then with the number of transactions read so far and the total, -1 where
	// it is unknown; by one goroutine at a time.
	Progress func(done, total int64)
}

// FrequencyUnit is what frequency counts. It is a plain value: safe for concurrent reads.
type FrequencyUnit uint8

// The units of frequency.
const (
	Orders FrequencyUnit = iota // distinct orders; a purchase without an order is one of its own
	Days                        // distinct local calendar days with a purchase
	Lines                       // purchase lines
)

// MonetaryMeasure is what the monetary dimension values, in minor units.
// It is a plain value: safe for concurrent reads.
type MonetaryMeasure uint8

// The monetary measures.
const (
	Total    MonetaryMeasure = iota // revenue: purchases less refunds, by the refund policy
	MeanLine                        // revenue / purchase lines
	PerOrder                        // revenue / orders; needs Frequency Orders
)

// RefundPolicy is how refunds act. It is a plain value: safe for concurrent reads.
type RefundPolicy uint8

// The refund policies.
const (
	// SubtractRefunds takes refunds from revenue; frequency and recency look
	// at purchases alone.
	SubtractRefunds RefundPolicy = iota
	// NetRefunds books a refund on the order it names: money as with
	// SubtractRefunds, and an order whose refunds reach its amount counts
	// neither in frequency nor in recency; one that stands counts on the day of
	// its latest purchase. A refund that names no order, or one the customer
	// never placed, takes money alone.
	NetRefunds
	// IgnoreRefunds leaves refunds out altogether and counts them.
	IgnoreRefunds
)

var (
	frequencyNames = []string{"orders", "days", "lines"}
	monetaryNames  = []string{"total", "mean_line", "per_order"}
	refundNames    = []string{"subtract", "net", "ignore"}
)

// String is the unit's name in lower case.
func (u FrequencyUnit) String() string { return enum.Name(frequencyNames, u) }

// MarshalText writes the unit's name.
func (u FrequencyUnit) MarshalText() ([]byte, error) {
	return enum.Marshal("rfm", "frequency unit", frequencyNames, u)
}

// UnmarshalText reads the unit's name.
func (u *FrequencyUnit) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "frequency unit", frequencyNames, text, u)
}

// String is the measure's name in lower case.
func (m MonetaryMeasure) String() string { return enum.Name(monetaryNames, m) }

// MarshalText writes the measure's name.
func (m MonetaryMeasure) MarshalText() ([]byte, error) {
	return enum.Marshal("rfm", "monetary measure", monetaryNames, m)
}

// UnmarshalText reads the measure's name.
func (m *MonetaryMeasure) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "monetary measure", monetaryNames, text, m)
}

// String is the policy's name in lower case.
func (p RefundPolicy) String() string { return enum.Name(refundNames, p) }

// MarshalText writes the policy's name.
func (p RefundPolicy) MarshalText() ([]byte, error) {
	return enum.Marshal("rfm", "refund policy", refundNames, p)
}

// UnmarshalText reads the policy's name.
func (p *RefundPolicy) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "refund policy", refundNames, text, p)
}

// Validate reports every fault of the options at once, each wrapping [ErrOptions].
// AsOf and Location are checked where they are needed. Nil options are valid.
func (o *Options) Validate() error {
	if o == nil {
		return nil
	}
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
		}
	}
	fault(o.Window < 0, "Options.Window is negative")
	fault(o.Window > 0 && o.AsOf.IsZero(), "Options.Window requires AsOf")
	fault(int(o.Frequency) >= len(frequencyNames), "Options.Frequency is unknown")
	fault(int(o.Monetary) >= len(monetaryNames), "Options.Monetary is unknown")
	fault(int(o.Refunds) >= len(refundNames), "Options.Refunds is unknown")
	fault(o.Monetary == PerOrder && o.Frequency != Orders, "Options.Monetary PerOrder requires Frequency Orders")
	for d := range dimensions {
		b := o.binning(d)
		if err := b.validate(dimensionNames[d]); err != nil {
			faults = append(faults, err)
		}
		fault(o.Nested && b.Mode == Fixed, "Options.Nested does not go with Fixed in dimension %s", dimensionNames[d])
	}
	sum := 0.0
	for _, w := range o.Weights {
		fault(w < 0 || math.IsNaN(w) || math.IsInf(w, 0), "Options.Weights holds a negative or non-finite weight")
		sum += w
	}
	fault(math.IsInf(sum, 0), "Options.Weights overflow")
	if t := o.Table; t != nil {
		if err := t.check(); err != nil {
			faults = append(faults, err)
		}
		for d := range dimensions {
			n := o.binning(d).bins()
			fault(t.bins() != n, "Options.Table %q is made for %d bins, dimension %s has %d", t.Name, t.bins(), dimensionNames[d], n)
		}
	}
	if o.Classes != nil {
		if err := o.Classes.check(); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (o *Options) orDefault() *Options {
	if o == nil {
		return &Options{}
	}
	return o
}

// clone is a copy that shares nothing the caller could write to.
func (o *Options) clone() Options {
	c := *o.orDefault()
	c.Table = c.Table.clone()
	for _, b := range []*Binning{&c.Binning, &c.R, &c.F, &c.M} {
		b.Thresholds = slices.Clone(b.Thresholds)
	}
	if c.Classes != nil {
		classes := *c.Classes
		classes.Names, classes.Advice = maps.Clone(classes.Names), maps.Clone(classes.Advice)
		c.Classes = &classes
	}
	return c
}

// binning is the binning of dimension d.
func (o *Options) binning(d int) *Binning {
	own := [dimensions]*Binning{&o.R, &o.F, &o.M}[d]
	if own.isZero() {
		return &o.Binning
	}
	return own
}

// table is the segment table in force, nil for none.
func (o *Options) table() *SegmentTable {
	if o.Table != nil {
		return o.Table
	}
	for d := range dimensions {
		if o.binning(d).bins() != DefaultBins {
			return nil
		}
	}
	return Eleven()
}

// The three dimensions, in the order of the letters.
const (
	recency = iota
	frequency
	monetary
	dimensions
)

var dimensionNames = [dimensions]string{"R", "F", "M"}

// A Binning turns the values of one dimension into scores 1 to Bins, where the
// highest score is the best: the smallest recency, the largest frequency and
// money. It is a plain value: safe for concurrent reads.
type Binning struct {
	// Mode is MidRank unless said otherwise.
	Mode Mode
	// Bins is the number of scores, 2 to MaxBins; 0 is DefaultBins, or with
	// Fixed one more than there are thresholds.
	Bins int
	// Thresholds are, with Fixed, the ascending values at which the next
	// class begins (a value equal to a threshold belongs to the class above
	// it); recency then scores its lowest class highest. Nil in other modes.
	Thresholds []float64
}

func (b *Binning) isZero() bool {
	return b.Mode == MidRank && b.Bins == 0 && len(b.Thresholds) == 0
}

func (b *Binning) bins() int {
	switch {
	case b.Bins != 0:
		return b.Bins
	case b.Mode == Fixed:
		return len(b.Thresholds) + 1
	}
	return DefaultBins
}

func (b *Binning) validate(dimension string) error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: binning of %s: "+format, append([]any{ErrOptions, dimension}, args...)...))
		}
	}
	fault(int(b.Mode) >= len(modeNames), "unknown mode")
	fault(b.bins() < 2 || b.bins() > MaxBins, "%d bins, want 2 to %d", b.bins(), MaxBins)
	if b.Mode != Fixed {
		fault(len(b.Thresholds) > 0, "thresholds go with Fixed alone")
		return errors.Join(faults...)
	}
	fault(len(b.Thresholds) != b.bins()-1, "%d thresholds for %d bins", len(b.Thresholds), b.bins())
	fault(slices.ContainsFunc(b.Thresholds, func(t float64) bool { return math.IsNaN(t) || math.IsInf(t, 0) }), "a threshold is not finite")
	fault(!slices.IsSorted(b.Thresholds), "thresholds do not ascend")
	return errors.Join(faults...)
}

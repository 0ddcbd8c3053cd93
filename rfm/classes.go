package rfm

import (
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Cut is where the eight classes part high from low. It is a plain value: safe for concurrent reads.
type Cut uint8

// The cuts. Books and tools differ; results can differ much.
const (
	MeanScore  Cut = iota // mean of the scores
	MeanValue             // mean of the raw values
	Median                // median of the raw values
	FixedValue            // values the business gives
)

var cutNames = []string{"mean_score", "mean_value", "median", "fixed_value"}

// String is the cut's name in lower case.
func (c Cut) String() string { return enum.Name(cutNames, c) }

// MarshalText writes the cut's name.
func (c Cut) MarshalText() ([]byte, error) { return enum.Marshal("rfm", "cut", cutNames, c) }

// UnmarshalText reads the cut's name.
func (c *Cut) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "cut", cutNames, text, c)
}

// Classes says how the eight classes (重要价值 ... 一般挽留) are cut: recency,
// frequency and money are each high or low, high being good, and the three
// make the class. It is a plain value: safe for concurrent reads.
type Classes struct {
	// Cut is MeanScore unless said otherwise.
	Cut Cut
	// Values are, with FixedValue, the recency in days, the frequency and the
	// money in minor units that part high from low.
	Values [3]float64
	// AtLeast makes a value equal to the cut high; else high is strictly
	// better than the cut.
	AtLeast bool
	// Names replaces the names of classes, by id (such as
	// "general-keep"); authors differ in them. Advice likewise.
	Names, Advice map[string]Text
}

// eight are the classes by the bits R F M, R the highest.
var eight = [8]Group{
	0b111: {"important-value", Text{"Important: value", "重要价值客户"}, Text{
		"Serve them best: privileges, personal service.", "倾斜资源，提供专属权益与服务。",
	}},
	0b101: {"important-develop", Text{"Important: develop", "重要发展客户"}, Text{
		"Spend much, seldom: raise frequency with membership and bundles.", "消费高、频次低：用会员与组合提升频次。",
	}},
	0b011: {"important-keep", Text{"Important: keep", "重要保持客户"}, Text{
		"Good customers gone quiet: get in touch, bring them back.", "近期未到店的好客户：主动联系，促其回访。",
	}},
	0b001: {"important-retain", Text{"Important: retain", "重要挽留客户"}, Text{
		"Spent much, long ago: find out why and win back.", "曾高额消费、久未回购：了解原因，重点挽回。",
	}},
	0b110: {"general-value", Text{"General: value", "一般价值客户"}, Text{
		"Come often, spend little: raise the basket.", "频次高、金额低：提升客单价。",
	}},
	0b100: {"general-develop", Text{"General: develop", "一般发展客户"}, Text{
		"Recent and small: welcome, show the range.", "近期新客：做好欢迎，引导尝试更多品类。",
	}},
	0b010: {"general-keep", Text{"General: keep", "一般保持客户"}, Text{
		"Came often, quiet now: remind at low cost.", "曾经常来、近期沉默：低成本提醒。",
	}},
	0b000: {"general-retain", Text{"General: retain", "一般挽留客户"}, Text{
		"Little to win: mass channels only.", "价值有限：仅用群发渠道触达。",
	}},
}

// EightClasses returns the eight classes, indexed by the bits R F M (high is
// 1), R the highest: element 0b111 is important-value.
func EightClasses() [8]Group { return eight }

func (c *Classes) check() error {
	var faults []error
	if int(c.Cut) >= len(cutNames) {
		faults = append(faults, fmt.Errorf("%w: Classes.Cut is unknown", ErrOptions))
	}
	for _, v := range c.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			faults = append(faults, fmt.Errorf("%w: Classes.Values are not finite", ErrOptions))
			break
		}
	}
	if c.Cut != FixedValue && c.Values != [3]float64{} {
		faults = append(faults, fmt.Errorf("%w: Classes.Values go with FixedValue alone", ErrOptions))
	}
	known := map[string]bool{}
	for _, g := range eight {
		known[g.ID] = true
	}
	for _, names := range []map[string]Text{c.Names, c.Advice} {
		unknown := 0
		for id := range names {
			if !known[id] {
				unknown++
			}
		}
		if unknown > 0 {
			faults = append(faults, fmt.Errorf("%w: Classes names %d ids that are no class", ErrOptions, unknown))
		}
	}
	return errors.Join(faults...)
}

// fittedClasses are the eight classes with the cuts found.
type fittedClasses struct {
	Cut     Cut                 `json:"cut"`
	AtLeast bool                `json:"at_least,omitempty"`
	Cuts    [dimensions]float64 `json:"cuts"` // of scores for MeanScore, else of values
	Groups  [8]Group            `json:"groups"`
}

func fitClasses[K comparable](c *Classes, f *fitter[K]) fittedClasses {
	fitted := fittedClasses{Cut: c.Cut, AtLeast: c.AtLeast, Cuts: c.Values, Groups: eight}
	for d := range dimensions {
		switch c.Cut {
		case MeanScore:
			sum, n := 0, 0
			for i, count := range f.model.scored[d] {
				sum, n = sum+(i+1)*count, n+count
			}
			fitted.Cuts[d] = float64(sum) / float64(n)
		case MeanValue:
			fitted.Cuts[d] = f.all[d].mean()
		case Median:
			fitted.Cuts[d] = f.all[d].median()
		}
	}
	for i := range fitted.Groups {
		g := &fitted.Groups[i]
		if name, ok := c.Names[g.ID]; ok {
			g.Name = name
		}
		if advice, ok := c.Advice[g.ID]; ok {
			g.Advice = advice
		}
	}
	return fitted
}

// Class is the one of the eight classes that a customer with values v and
// scores s belongs to, the group with the id "others" where they cannot be or
// are not scored. No allocation.
func (m *Model) Class(v Values, s Scores) Group {
	if v.fault() != "" || m.classes.Cut == MeanScore && s == (Scores{}) {
		return others
	}
	return m.classes.Groups[m.classes.class(&v, &s)]
}

// Classes returns the eight classes of the model, indexed as [EightClasses],
// and the cuts of recency, frequency and money between low and high: cuts of
// the scores for MeanScore, else of the values.
func (m *Model) Classes() (groups [8]Group, cuts [3]float64) {
	return m.classes.Groups, m.classes.Cuts
}

func (c *fittedClasses) class(v *Values, s *Scores) int {
	bits := 0
	for d := range dimensions {
		x, cut := v.dimension(d), c.Cuts[d]
		if c.Cut == MeanScore {
			x = float64(*s.dimension(d))
		} else if d == recency {
			x, cut = -x, -cut
		}
		bits <<= 1
		if x > cut || c.AtLeast && x == cut {
			bits |= 1
		}
	}
	return bits
}

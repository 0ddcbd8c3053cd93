package cluster

import (
	"math"

	"github.com/clientele-go/clientele/internal/nearest"
	"github.com/clientele-go/clientele/table"
)

// feature is a column that takes part, as the model knows it: how it was asked to be
// prepared and what the fit learned for that.
type feature struct {
	Name     string      `json:"name"`
	Prepare  Preparation `json:"preparation"`        // with Weight in place
	Constant bool        `json:"constant,omitempty"` // it had one value, and is 0 whatever it is
	Number   *number     `json:"number,omitempty"`   // of a Number column
	Category *category   `json:"category,omitempty"` // of a Category column
	Flag     *affine     `json:"flag,omitempty"`     // of the feature of ImputeFlag; nil: there is none

	at     int // the first of its prepared numbers
	width  int // how many they are
	native int // its place among the codes; -1: it has none
}

// number is what was learned of a Number column.
type number struct {
	Limits *[2]float64 `json:"limits,omitempty"` // of Winsorize; nil: none
	Lambda float64     `json:"lambda,omitempty"` // of YeoJohnson
	affine             // after the power
	Fill   *float64    `json:"fill,omitempty"` // in place of a missing value; nil: there is none
}

// category is what was learned of a Category column.
type category struct {
	Levels []string `json:"levels"`         // those that rows of the fit had, ascending
	Fill   *int32   `json:"fill,omitempty"` // the level of a missing value; nil: there is none

	index map[string]int32 // of Levels
}

// affine is (x - Center)·Factor.
type affine struct {
	Center float64 `json:"center"`
	Factor float64 `json:"factor"`
}

func (a affine) of(x float64) float64      { return (x - a.Center) * a.Factor }
func (a affine) inverse(y float64) float64 { return y/a.Factor + a.Center }

func (f *feature) kind() table.Kind {
	if f.Number != nil {
		return table.Number
	}
	return table.Category
}

// power is the value x after Winsorize and Power. NaN stays.
func (f *feature) power(x float64) float64 {
	if limits := f.Number.Limits; limits != nil {
		if x < limits[0] {
			x = limits[0]
		}
		if x > limits[1] {
			x = limits[1]
		}
	}
	return f.Prepare.Power.of(x, f.Number.Lambda)
}

// value is x prepared. NaN stays, but where missing values are filled.
func (f *feature) value(x float64) float64 {
	if math.IsNaN(x) && f.Number.Fill != nil {
		x = *f.Number.Fill
	}
	return f.Number.of(f.power(x))
}

// original is the number whose prepared value is y; what Winsorize cut off does not come
// back. Of a constant column it is the constant.
func (f *feature) original(y float64) float64 {
	x := f.Number.Center
	if !f.Constant {
		x = f.Number.inverse(y)
	}
	return f.Prepare.Power.inverse(x, f.Number.Lambda)
}

// plain tells that a value is prepared by the affine function alone.
func (f *feature) plain() bool {
	return f.Number.Limits == nil && f.Prepare.Power == Identity && f.Number.Fill == nil
}

// one is what the indicator of a level is: two rows with different levels differ in two
// indicators, and Weight² altogether.
func (f *feature) one() float64 { return f.Prepare.Weight / math.Sqrt2 }

// level is the level with the text: one of the model, -1 for one that is missing where
// that is refused, len(Levels) for one that no row of the fit had.
func (f *feature) level(text string) int32 {
	c := f.Category
	if text == "" {
		if c.Fill == nil {
			return -1
		}
		return *c.Fill
	}
	if level, ok := c.index[text]; ok {
		return level
	}
	return int32(len(c.Levels))
}

// indexLevels prepares level.
func (c *category) indexLevels() {
	c.index = make(map[string]int32, len(c.Levels))
	for i, level := range c.Levels {
		c.index[level] = int32(i)
	}
}

// place gives each feature its prepared numbers or its codes, and returns how many there
// are of either.
func place(features []feature, method Method) (d, codes int) {
	for i := range features {
		f := &features[i]
		f.at, f.width, f.native = d, 0, -1
		switch {
		case f.Constant:
		case f.Number != nil:
			f.width = 1
		case method == Prototypes:
			f.native = codes
			codes++
		default:
			f.width = len(f.Category.Levels)
		}
		if f.Flag != nil {
			f.width++
		}
		d += f.width
	}
	return d, codes
}

// source is a column of a table as a feature reads it.
type source struct {
	num     []float64
	powered []float64 // num after the power, where that is known already
	code    []int32
	recode  []int32 // at code+1: the level of the model
}

// source is the column as the feature reads it.
func (f *feature) source(column *table.Column) source {
	if f.Number != nil {
		return source{num: column.Num}
	}
	s := source{code: column.Code, recode: make([]int32, len(column.Levels)+1)}
	s.recode[0] = f.level("")
	for code, level := range column.Levels {
		s.recode[code+1] = f.level(level)
	}
	return s
}

// prepareBlock prepares the rows from lo to hi into a block and into codes.
func prepareBlock(features []feature, sources []source, block []float64, codes [][]int32, lo, hi int) {
	for i := range features {
		f, s := &features[i], &sources[i]
		at := f.at
		switch {
		case f.Constant:
		case f.Number != nil:
			dst := block[at*nearest.Block:][:hi-lo]
			if s.powered != nil {
				f.putPowered(dst, s.powered[lo:hi])
			} else {
				f.putNumbers(dst, s.num[lo:hi])
			}
			at++
		case f.native >= 0:
			for k, code := range s.code[lo:hi] {
				codes[f.native][k] = s.recode[code+1]
			}
		default:
			f.putIndicators(block[at*nearest.Block:], s.code[lo:hi], s.recode)
			at += len(f.Category.Levels)
		}
		if f.Flag != nil {
			f.putFlags(block[at*nearest.Block:][:hi-lo], s, lo)
		}
	}
}

func (f *feature) putNumbers(dst, num []float64) {
	center, factor := f.Number.Center, f.Number.Factor
	switch {
	case f.plain() && center == 0 && factor == 1:
		copy(dst, num)
	case f.plain():
		for len(num) >= 8 && len(dst) >= 8 { // by hand: the compiler does not unroll
			dst[0] = (num[0] - center) * factor
			dst[1] = (num[1] - center) * factor
			dst[2] = (num[2] - center) * factor
			dst[3] = (num[3] - center) * factor
			dst[4] = (num[4] - center) * factor
			dst[5] = (num[5] - center) * factor
			dst[6] = (num[6] - center) * factor
			dst[7] = (num[7] - center) * factor
			num, dst = num[8:], dst[8:]
		}
		for i, x := range num {
			dst[i] = (x - center) * factor
		}
	default:
		for i, x := range num {
			dst[i] = f.value(x)
		}
	}
}

// putPowered is putNumbers of the values after the power.
func (f *feature) putPowered(dst, powered []float64) {
	missing := f.value(math.NaN())
	for i, x := range powered {
		if dst[i] = f.Number.of(x); math.IsNaN(x) {
			dst[i] = missing
		}
	}
}

func (f *feature) putIndicators(block []float64, codes, recode []int32) {
	levels := int32(len(f.Category.Levels))
	for j := range levels {
		clear(block[j*nearest.Block:][:len(codes)])
	}
	one := f.one()
	for i, code := range codes {
		switch level := recode[code+1]; {
		case level < 0:
			block[i] = math.NaN()
		case level < levels:
			block[int(level)*nearest.Block+i] = one
		}
	}
}

func (f *feature) putFlags(dst []float64, s *source, lo int) {
	for i := range dst {
		missing := false
		if f.Number != nil {
			missing = math.IsNaN(s.num[lo+i])
		} else {
			missing = s.code[lo+i] < 0
		}
		dst[i] = f.flag(missing)
	}
}

// flag is the prepared number that tells a missing value.
func (f *feature) flag(missing bool) float64 {
	if missing {
		return f.Flag.of(1)
	}
	return f.Flag.of(0)
}

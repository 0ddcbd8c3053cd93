package boost

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/clientele-go/clientele/internal/histogram"
	"github.com/clientele-go/clientele/internal/parallel"
	"github.com/clientele-go/clientele/internal/radix"
	"github.com/clientele-go/clientele/table"
)

const (
	maxBins = 255               // of values
	missing = histogram.Missing // the bin of missing values
	lanes   = histogram.Lanes   // columns whose bins are in one word
	// sampled is the number of rows beyond which thresholds are of a sample.
	sampled = 200_000
)

// binning puts the values of a column into bins.
type binning struct {
	// upper has the largest value of each bin but the last; of a number.
	upper []float64
	// levels has the level of each bin; of a category. code is the bin of each level of the
	// table, missing where it has none.
	levels []string
	code   []uint8
	bins   int
}

// newBinning chooses the bins of a column from rows of which sample, ascending, is used;
// nil is all.
func newBinning(c *table.Column, weight []float64, most int, sample []int32) binning {
	if c.Kind == table.Category {
		return levelBinning(c, weight, most)
	}
	values, weights := c.Num, weight
	if sample != nil {
		values, weights = pick(values, sample), pick(weight, sample)
	}
	distinct, heavy := make([]float64, 0, len(values)), make([]float64, 0, len(values))
	total := 0.0
	for _, i := range radix.Order(values) {
		x, w := values[i], 1.0
		if math.IsNaN(x) {
			break
		}
		if weights != nil {
			w = weights[i]
		}
		if k := len(distinct); k == 0 || distinct[k-1] != x {
			distinct, heavy = append(distinct, x), append(heavy, 0)
		}
		heavy[len(heavy)-1] += w
		total += w
	}
	b := binning{}
	if len(distinct) <= most {
		for i := 1; i < len(distinct); i++ {
			b.upper = append(b.upper, middle(distinct[i-1], distinct[i]))
		}
	} else {
		b.upper = quantiles(distinct, heavy, total, most)
	}
	b.bins = len(b.upper) + min(1, len(distinct))
	return b
}

// quantiles returns thresholds between bins of nearly equal weight. A value heavier than a bin
// has one for itself, and the others share what is left.
func quantiles(distinct, heavy []float64, total float64, most int) []float64 {
	big := func(i int) bool { return heavy[i]*float64(most) >= total }
	bins, left := most, total // for the values that are not big
	for i, w := range heavy {
		if big(i) {
			bins, left = bins-1, left-w
		}
	}
	var upper []float64
	sum := 0.0
	for i := 0; i < len(distinct)-1 && len(upper) < most-1; i++ {
		if !big(i) {
			if sum += heavy[i]; !big(i+1) && sum+heavy[i+1]/2 < left/float64(bins) {
				continue
			}
			bins, left, sum = max(1, bins-1), left-sum, 0
		}
		upper = append(upper, middle(distinct[i], distinct[i+1]))
	}
	return upper
}

// middle is between a and b > a: not below a, and below b.
func middle(a, b float64) float64 {
	m := a/2 + b/2
	if !(m >= a && m < b) {
		return a
	}
	return m
}

// levelBinning gives a bin to each level that rows have, or to the heaviest where they are
// too many. Bins are in the order of levels.
func levelBinning(c *table.Column, weight []float64, most int) binning {
	heavy := make([]float64, len(c.Levels))
	for row, code := range c.Code {
		if code >= 0 {
			heavy[code] += weightOf(weight, row)
		}
	}
	var kept []int
	for level, w := range heavy {
		if w > 0 {
			kept = append(kept, level)
		}
	}
	if len(kept) > most {
		slices.SortStableFunc(kept, func(i, j int) int {
			return cmp.Or(cmp.Compare(heavy[j], heavy[i]), cmp.Compare(c.Levels[i], c.Levels[j]))
		})
		kept = kept[:most]
		slices.Sort(kept)
	}
	b := binning{levels: make([]string, len(kept)), code: slices.Repeat([]uint8{missing}, len(c.Levels)), bins: len(kept)}
	for bin, level := range kept {
		b.levels[bin], b.code[level] = c.Levels[level], uint8(bin)
	}
	return b
}

// matching returns the bins of the levels of another column of the same name.
func (b *binning) matching(levels []string) []uint8 {
	code := make([]uint8, len(levels))
	for i, level := range levels {
		code[i] = missing
		if bin := slices.Index(b.levels, level); bin >= 0 {
			code[i] = uint8(bin)
		}
	}
	return code
}

// matrix has the bins of all columns: row by row, eight to a word, from which histograms are
// built, and column by column, by which rows are divided.
type matrix struct {
	words   []uint64
	stride  int // words a row
	columns [][]uint8
}

// newMatrix puts rows into bins. codes has the bin of each level of each category.
func newMatrix(columns []table.Column, binnings []binning, codes [][]uint8, rows, workers int) *matrix {
	m := &matrix{stride: (len(columns) + lanes - 1) / lanes}
	m.words, m.columns = make([]uint64, rows*m.stride), make([][]uint8, len(columns))
	for i := range m.columns {
		m.columns[i] = make([]uint8, rows)
	}
	parallel.Ranges(workers, rows, (rows+blockRows-1)/blockRows, func(_, lo, hi int) {
		for i := range columns {
			bins := m.columns[i][lo:hi]
			if columns[i].Kind == table.Category {
				for at, code := range columns[i].Code[lo:hi] {
					if bins[at] = missing; code >= 0 {
						bins[at] = codes[i][code]
					}
				}
			} else {
				f := newFinder(binnings[i].upper)
				for at, x := range columns[i].Num[lo:hi] {
					bins[at] = f.bin(x)
				}
			}
			at, shift := lo*m.stride+i/lanes, i%lanes*8
			for _, bin := range bins {
				m.words[at] |= uint64(bin) << shift
				at += m.stride
			}
		}
	})
	return m
}

// finder finds the bin of a number.
type finder struct {
	upper [256]float64 // with +Inf at the end
	steps int          // a power of two: half of the thresholds, rounded up
}

func newFinder(upper []float64) *finder {
	f := &finder{}
	for i := range f.upper {
		f.upper[i] = math.Inf(1)
	}
	copy(f.upper[:], upper)
	if len(upper) > 0 {
		f.steps = 1 << (bits.Len(uint(len(upper))) - 1)
	}
	return f
}

// bin returns the number of thresholds that x, which is finite, is above, or missing. It takes the
// sign of a difference, as which way a branch goes cannot be foreseen.
func (f *finder) bin(x float64) uint8 {
	if x != x {
		return missing
	}
	var at uint
	for step := uint(f.steps); step > 0; step /= 2 {
		above := int64(math.Float64bits(f.upper[(at+step-1)&255]-x)) >> 63
		at += step & uint(above)
	}
	return uint8(at)
}

// sampleRows returns one row of each of equal parts of n rows, or nil where they are few.
func sampleRows(n int, seed uint64) []int32 {
	if n <= sampled {
		return nil
	}
	r := rand.New(rand.NewPCG(seed, streamBins))
	rows := make([]int32, sampled)
	for i := range rows {
		lo, hi := i*n/sampled, (i+1)*n/sampled
		rows[i] = int32(lo + r.IntN(hi-lo))
	}
	return rows
}

func pick[E any](values []E, rows []int32) []E {
	if values == nil {
		return nil
	}
	picked := make([]E, len(rows))
	for i, row := range rows {
		picked[i] = values[row]
	}
	return picked
}

func weightOf(weight []float64, row int) float64 {
	if weight == nil {
		return 1
	}
	return weight[row]
}

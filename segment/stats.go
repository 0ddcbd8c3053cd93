package segment

import (
	"context"
	"math"
	"math/big"
	"math/bits"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/kernel"
)

// Stats describe the values of a tag. Safe for concurrent use.
type Stats struct {
	Selected int // customers whom the query selects
	Count    int // those of them who have a value. All that follows is of these, and zero or unset if there are none

	Min, Max customer.Value // the least and the largest value
	// Sum is as Snapshot.Sum returns it; unset for a Time, and where the sum does not fit.
	Sum customer.Value
	// Mean is Sum / Count; for a Time in seconds since 1970-01-01 UTC.
	Mean float64
	// Variance is that of the customers themselves, who are not taken for a sample of others, and StdDev its square root:
	//
	//	Variance = Σ (x - Mean)² / Count
	//
	// For a Time they are in seconds, squared or not. +Inf is what is beyond a float64.
	Variance, StdDev float64
}

// Stats returns the statistics of an Integer, a Decimal, a Float or a Time over the customers whom the query selects. Of
// whole numbers, decimals and times all sums are exact, and Mean and Variance are rounded once, to the nearest float64.
// Of floats each chunk is summed by itself, its squares about its own mean, and chunks are combined in order by the
// formulas of Chan, Golub and LeVeque (The American Statistician 37, 1983). An unknown tag, or one of another kind, is a
// *TagError.
//
// Cost: every value is looked at, several nanoseconds each.
func (s *Snapshot) Stats(ctx context.Context, q Query, tag string) (Stats, error) {
	p, t, d, err := s.ask(ctx, q, tag, Integer, Decimal, Float, Time)
	if err != nil {
		return Stats{}, err
	}
	parts := make([]moments, len(s.exists))
	err = p.each(ctx, func(f *frame, c int) {
		w := f.scrap()
		defer f.give(w)
		chosen := f.selected(c, w)
		if chosen == nil {
			return
		}
		m := &parts[c]
		m.selected = kernel.Count(chosen)
		col, ok := d.column(c).(numeric)
		if !ok {
			return
		}
		if chosen, m.n = f.having(c, chosen, col.members(), w); m.n > 0 {
			m.take(col, chosen)
		}
	})
	if err != nil {
		return Stats{}, err
	}
	return t.stats(parts), nil
}

// moments are what is summed of a chunk.
type moments struct {
	selected, n int
	lo, hi      uint64 // the least and the greatest key

	base     int64     // of whole numbers: what is subtracted from each
	sum      int128    // of the differences
	squares  [3]uint64 // of the squares of the differences, the lowest word first
	floats   floatSum
	mean     float64
	residual float64 // Σ (x - mean)²
}

// take sums the values at the positions in w, which must be set.
func (m *moments) take(col numeric, w *kernel.Words) {
	each := func(f func(keys []uint64)) { gather(col, w, func(_ []uint16, keys []uint64) { f(keys) }) }
	m.lo = math.MaxUint64
	_, isFloat := col.(*floatColumn)
	least, greatest := col.span()
	m.base = keyInt(least)
	each(func(keys []uint64) {
		for _, key := range keys {
			m.lo, m.hi = min(m.lo, key), max(m.hi, key)
		}
		if isFloat {
			for _, key := range keys {
				m.floats.add(keyFloat(key))
			}
		} else {
			m.addInts(keys, least, greatest-least < 1<<23) // 2^16 squares fit in 62 bits
		}
	})
	if !isFloat {
		return
	}
	n := float64(m.n)
	m.mean = (m.floats.sum + m.floats.lost) / n
	if math.IsInf(m.mean, 0) || math.IsNaN(m.mean) {
		var mean floatSum
		each(func(keys []uint64) {
			for _, key := range keys {
				mean.add(keyFloat(key) / n)
			}
		})
		m.mean = mean.sum + mean.lost
	}
	each(func(keys []uint64) {
		for _, key := range keys {
			d := keyFloat(key) - m.mean
			m.residual += d * d
		}
	})
}

// addInts adds whole numbers. The key of base is least; if small, the squares of all differences fit in 64 bits.
func (m *moments) addInts(keys []uint64, least uint64, small bool) {
	var sum, squares uint64
	if small {
		for _, key := range keys {
			d := key - least
			sum += d
			squares += d * d
		}
		m.sum.addUnsigned(sum, 0)
		m.addSquare(0, squares)
		return
	}
	for _, key := range keys {
		d := key - least
		m.sum.addUnsigned(d, 0)
		hi, lo := bits.Mul64(d, d)
		m.addSquare(hi, lo)
	}
}

func (m *moments) addSquare(hi, lo uint64) {
	var carry uint64
	m.squares[0], carry = bits.Add64(m.squares[0], lo, 0)
	m.squares[1], carry = bits.Add64(m.squares[1], hi, carry)
	m.squares[2] += carry
}

// stats combines the chunks.
func (t *Tag) stats(parts []moments) (s Stats) {
	lo, hi := uint64(math.MaxUint64), uint64(0)
	for i := range parts {
		s.Selected += parts[i].selected
		if parts[i].n > 0 {
			s.Count += parts[i].n
			lo, hi = min(lo, parts[i].lo), max(hi, parts[i].hi)
		}
	}
	if s.Count == 0 {
		return s
	}
	s.Min, s.Max = t.keyed(lo), t.keyed(hi)
	if t.Kind == Float {
		s.floats(t, parts)
	} else {
		s.ints(t, parts)
	}
	s.StdDev = math.Sqrt(s.Variance)
	return s
}

// ints sums Σ x and Σ x² of all chunks, and completes s with
//
//	Variance = (n Σ x² - (Σ x)²) / n²
func (s *Stats) ints(t *Tag, parts []moments) {
	var total int128
	squares := new(big.Int)
	var x, y big.Int
	for i := range parts {
		m := &parts[i]
		total = total.plus(m.sum).plus(times(m.base, m.n))
		// Σ (base + d)² = n base² + 2 base Σ d + Σ d²
		base := big.NewInt(m.base)
		x.Mul(base, y.SetInt64(int64(m.n)))
		x.Add(&x, y.Lsh(m.sum.big(), 1))
		squares.Add(squares, x.Mul(&x, base))
		for k, word := range m.squares {
			squares.Add(squares, y.Lsh(y.SetUint64(word), uint(64*k)))
		}
	}
	if t.Kind != Time {
		s.Sum, _ = total.value(t)
	}
	unit := big.NewRat(1, 1)
	switch t.Kind {
	case Decimal:
		unit.SetFrac64(1, pow10[t.Scale])
	case Time:
		unit.SetFrac64(int64(t.unit()), int64(time.Second))
	}
	n, sum := big.NewInt(int64(s.Count)), total.big()
	mean := new(big.Rat).SetFrac(sum, n)
	s.Mean, _ = mean.Mul(mean, unit).Float64()
	x.Mul(squares, n)
	x.Sub(&x, y.Mul(sum, sum))
	variance := new(big.Rat).SetFrac(&x, n.Mul(n, n))
	s.Variance, _ = variance.Mul(variance, unit.Mul(unit, unit)).Float64()
}

func (s *Stats) floats(t *Tag, parts []moments) {
	var sum floatSum
	var n, mean, residual float64
	for i := range parts {
		m := &parts[i]
		if m.n == 0 {
			continue
		}
		sum.merge(m.floats)
		k := float64(m.n)
		if n > 0 {
			delta := m.mean - mean
			residual += delta * delta * (n * k / (n + k))
		}
		residual += m.residual
		mean = mean*(n/(n+k)) + m.mean*(k/(n+k)) // this way nothing on the way is larger than the values
		n += k
	}
	s.Sum, _ = sum.value(t)
	s.Mean, s.Variance = mean, residual/n
	if total, ok := s.Sum.Float64(); ok {
		s.Mean = total / n
	}
}

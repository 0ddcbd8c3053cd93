package segment

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

func TestSumAndStats(t *testing.T) {
	race.Skip(t)
	eachQuestion(t, numericTags, func(t *testing.T, q *question) {
		got, err := q.Stats(t.Context(), q.Query, q.tag.Name)
		require.NoError(t, err)
		require.Equal(t, len(q.selected), got.Selected)
		require.Equal(t, len(q.readings), got.Count)
		sum, sumErr := q.Sum(t.Context(), q.Query, q.tag.Name)
		if q.tag.Kind == Time {
			require.ErrorContains(t, sumErr, "kind time")
			require.True(t, got.Sum.IsUnset())
		}
		if len(q.readings) == 0 {
			require.Equal(t, Stats{Selected: len(q.selected)}, got)
			if q.tag.Kind != Time {
				require.NoError(t, sumErr)
				require.Zero(t, read(sum, 0).i)
				require.Zero(t, read(sum, 0).f)
			}
			return
		}
		require.Equal(t, q.readings[0].value, got.Min)
		require.Equal(t, q.readings[len(q.readings)-1].value, got.Max)
		require.Equal(t, math.Sqrt(got.Variance), got.StdDev)
		if q.tag.Kind != Time && sumErr == nil {
			require.Equal(t, sum, got.Sum)
		}
		total, squares := q.sums()
		if q.tag.Kind != Float {
			switch n := total.Num(); {
			case q.tag.Kind == Time:
			case n.IsInt64():
				require.NoError(t, sumErr)
				require.Equal(t, n.Int64(), read(sum, 0).i)
			default:
				require.ErrorIs(t, sumErr, ErrLimit)
				require.True(t, got.Sum.IsUnset())
			}
		}
		unit := new(big.Rat).SetFrac64(1, pow10[q.tag.Scale])
		n := new(big.Rat).SetInt64(int64(len(q.readings)))
		mean := new(big.Rat).Quo(total, n)
		variance := new(big.Rat).Sub(new(big.Rat).Quo(squares, n), new(big.Rat).Mul(mean, mean))
		wantMean, _ := mean.Mul(mean, unit).Float64()
		wantVariance, _ := variance.Mul(variance, unit.Mul(unit, unit)).Float64()
		if q.tag.Kind != Float {
			require.Equal(t, wantMean, got.Mean)
			require.Equal(t, wantVariance, got.Variance)
			return
		}
		require.NoError(t, sumErr)
		exact, _ := total.Float64()
		// Off by the rounding of the result, and far less.
		require.InDelta(t, exact, read(sum, 0).f, 2*math.Abs(exact)*0x1p-53+1e-12)
		require.InDelta(t, wantMean, got.Mean, 4*math.Abs(wantMean)*0x1p-53+1e-12)
		require.InEpsilon(t, wantVariance, got.Variance, 1e-12)
	})
}

// sums returns Σ x and Σ x² of the readings, in units, exactly.
func (q *question) sums() (total, squares *big.Rat) {
	if q.total == nil && q.tag.Kind == Float {
		q.total, q.squares = floatSums(q.readings)
	} else if q.total == nil {
		q.total, q.squares = intSums(q.readings)
	}
	return q.total, q.squares
}

// intSums returns Σ x and Σ x², in units.
func intSums(readings []reading) (sum, squares *big.Rat) {
	var a, b, x big.Int
	for _, r := range readings {
		x.SetInt64(r.i)
		a.Add(&a, &x)
		b.Add(&b, x.Mul(&x, &x))
	}
	return new(big.Rat).SetInt(&a), new(big.Rat).SetInt(&b)
}

// floatSums returns Σ x and Σ x².
func floatSums(readings []reading) (sum, squares *big.Rat) {
	a, b, x := new(big.Float).SetPrec(500), new(big.Float).SetPrec(500), new(big.Float).SetPrec(500)
	for _, r := range readings {
		x.SetFloat64(r.f)
		a.Add(a, x)
		b.Add(b, x.Mul(x, x))
	}
	sum, _ = a.Rat(nil)
	squares, _ = b.Rat(nil)
	return sum, squares
}

package sketch

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHyperLogLogError(t *testing.T) {
	const standard = 1.04 / 64 // of 4096 registers: Flajolet et al. 2007, and Ertl 2017, section 4.3
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 10, 100, 300, 1_000, 3_000, 10_000, 30_000} {
		const trials = 60
		var sum, squares float64
		for range trials {
			var h HyperLogLog
			for range n {
				h.Add(rng.Uint64())
			}
			off := h.Estimate()/float64(n) - 1
			sum += off
			squares += off * off
		}
		bias, rms := sum/trials, math.Sqrt(squares/trials)
		t.Logf("%6d: bias %+.4f %%, root mean square error %.4f %%", n, 100*bias, 100*rms)
		// Four standard deviations of the two measures.
		require.LessOrEqual(t, math.Abs(bias), 4*standard/math.Sqrt(trials), n)
		require.LessOrEqual(t, rms, standard*(1+4/math.Sqrt(2*trials)), n)
		if n == 30_000 {
			require.GreaterOrEqual(t, rms, standard*(1-4/math.Sqrt(2*trials)), "better than can be")
		}
	}
}

func TestHyperLogLogRank(t *testing.T) {
	for name, c := range map[string]struct {
		hash     uint64
		register int
		rank     uint8
	}{
		"all zeros":           {0, 0, 53},
		"all ones":            {math.MaxUint64, 4095, 1},
		"last bit":            {1, 0, 52},
		"first bit of rest":   {1 << 51, 0, 1},
		"second bit of rest":  {1 << 50, 0, 2},
		"last bit of the top": {1 << 52, 1, 53},
	} {
		t.Run(name, func(t *testing.T) {
			var h, want HyperLogLog
			h.Add(c.hash)
			want.ranks[c.register] = c.rank
			require.Equal(t, want, h)
		})
	}
}

// TestSeries sums the series of sigma and tau directly, from the smallest term.
func TestSeries(t *testing.T) {
	for x := 0.0; x < 1; x += 1.0 / 512 {
		s, u := 0.0, 0.0
		for k := 60; k >= 1; k-- {
			s += math.Pow(x, math.Ldexp(1, k)) * math.Ldexp(1, k-1)
			d := 1 - math.Pow(x, math.Ldexp(1, -k))
			u += d * d * math.Ldexp(1, -k)
		}
		require.InEpsilon(t, 1+x+s, 1+sigma(x), 1e-12)
		if x > 0 {
			require.InEpsilon(t, 1+(1-x-u)/3, 1+tau(x), 1e-12)
		}
	}
	require.Zero(t, tau(0))
	require.Zero(t, tau(1))
	require.True(t, math.IsInf(sigma(1), 1))
}

func TestHyperLogLogEnds(t *testing.T) {
	var h HyperLogLog
	require.Zero(t, h.Estimate())
	for i := range uint64(registers) {
		h.Add(i << 52)
	}
	require.True(t, math.IsInf(h.Estimate(), 1))
}

func TestHyperLogLogMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var all, twice HyperLogLog
	parts := make([]HyperLogLog, 5)
	for range 5_000 {
		hash := rng.Uint64()
		all.Add(hash)
		twice.Add(hash)
		twice.Add(hash)
		parts[rng.IntN(5)].Add(hash)
		parts[rng.IntN(5)].Add(hash)
	}
	require.Equal(t, all, twice)
	var merged HyperLogLog
	for _, i := range rng.Perm(5) {
		merged.Merge(&parts[i])
	}
	require.Equal(t, all, merged)

	data, err := all.AppendBinary(nil)
	require.NoError(t, err)
	require.Len(t, data, 3072)
	var read HyperLogLog
	require.NoError(t, read.UnmarshalBinary(data))
	require.Equal(t, all, read)
}

func FuzzHyperLogLog(f *testing.F) {
	var h HyperLogLog
	for i := range uint64(100) {
		h.Add(i * 0x9e3779b97f4a7c15)
	}
	data, _ := h.AppendBinary(nil)
	f.Add(data)
	f.Add(data[1:])
	data[0] = 0xff
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		h := HyperLogLog{ranks: [registers]uint8{7: 3}}
		if err := h.UnmarshalBinary(data); err != nil {
			require.Equal(t, ErrCorrupt, err)
			require.Equal(t, HyperLogLog{ranks: [registers]uint8{7: 3}}, h)
			return
		}
		require.GreaterOrEqual(t, h.Estimate(), 0.0)
		again, _ := h.AppendBinary(nil)
		require.Equal(t, data, again)
	})
}

func BenchmarkHyperLogLog(b *testing.B) {
	b.Run("Add", func(b *testing.B) {
		var h HyperLogLog
		hash := uint64(0)
		for b.Loop() {
			hash += 0x9e3779b97f4a7c15
			h.Add(hash)
		}
	})
	var h HyperLogLog
	for i := range uint64(10_000) {
		h.Add(i * 0x9e3779b97f4a7c15)
	}
	b.Run("Merge", func(b *testing.B) {
		var all HyperLogLog
		for b.Loop() {
			all.Merge(&h)
		}
	})
	b.Run("Estimate", func(b *testing.B) {
		for b.Loop() {
			h.Estimate()
		}
	})
}

package score

import (
	"math"
	"math/rand/v2"

	"github.com/clientele-go/clientele/internal/parallel"
)

// poisson has the counts of a Poisson distribution of mean 1 in proportion to their
// probabilities, rounded to 1/65536, where their mean is 1.00005.
var poisson = func() (table [1 << 16]uint8) {
	at := 0
	for count, times := range [...]int{24109, 24109, 12055, 4018, 1005, 201, 33, 5, 1} {
		for range times {
			table[at] = uint8(count)
			at++
		}
	}
	return table
}()

// bootstrap draws groups and returns what measure makes of the weights before each block,
// for each replicate: NaN for one that misses a class. Each replicate has a stream of
// random numbers of its own.
func (b *Binary) bootstrap(measure func(trues, falses []float64) [2]float64) [][2]float64 {
	values := make([][2]float64, b.opts.Replicates)
	type state struct {
		counts        []uint8
		trues, falses []float64
	}
	fresh := func() *state {
		return &state{make([]uint8, b.groups), make([]float64, len(b.trues)), make([]float64, len(b.falses))}
	}
	parallel.States(parallel.Workers(b.opts.Workers), len(values), fresh, func(s *state, r int) {
		random := rand.NewPCG(b.opts.Seed, uint64(r))
		for i := 0; i < len(s.counts); i += 4 {
			bits := random.Uint64()
			for k := i; k < min(i+4, len(s.counts)); k++ {
				s.counts[k] = poisson[bits&0xffff]
				bits >>= 16
			}
		}
		b.resample(s.counts, s.trues, s.falses)
		if last := len(s.trues) - 1; s.trues[last] == 0 || s.falses[last] == 0 {
			values[r] = [2]float64{math.NaN(), math.NaN()}
			return
		}
		values[r] = measure(s.trues, s.falses)
	})
	return values
}

// resample sums weights times the counts of the groups.
func (b *Binary) resample(counts []uint8, trues, falses []float64) {
	var sums [2]float64 // indexed by the label: a branch would be guessed wrongly
	i := 0
	for block, end := range b.start[1:] {
		for ; i < int(end); i++ {
			class := 0
			if b.label[i] {
				class = 1
			}
			sums[class] += float64(counts[b.groupOf(i)]) * b.weightOf(i)
		}
		falses[block+1], trues[block+1] = sums[0], sums[1]
	}
}

// moments returns mean and standard deviation on a scale of the replicates that are numbers.
func moments(replicates [][2]float64, which int, onScale func(float64) float64) (mean, sd float64, count int) {
	for _, r := range replicates {
		if x := r[which]; !math.IsNaN(x) {
			mean += onScale(x)
			count++
		}
	}
	mean /= float64(count)
	for _, r := range replicates {
		if x := r[which]; !math.IsNaN(x) {
			d := onScale(x) - mean
			sd += d * d
		}
	}
	return mean, math.Sqrt(sd / float64(count-1)), count
}

// innerLogit is the logit of a share in n draws that keeps half of one away from 0 and 1.
func innerLogit(n int) func(x float64) float64 {
	edge := 0.5 / float64(n+1)
	return func(x float64) float64 { return logit(min(max(x, edge), 1-edge)) }
}

package score

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files anew")

// bold has log-odds that are twice what they should be, to one decimal, and too low.
func bold(n int) (logOdds []float64, labels []bool) {
	random := rand.New(rand.NewPCG(31, 32))
	for range n {
		x := random.NormFloat64() * 1.5
		logOdds = append(logOdds, math.Round(20*x-10)/10)
		labels = append(labels, random.Float64() < sigmoid(x))
	}
	return logOdds, labels
}

// TestCalibrates has the true curve back, for both methods.
func TestCalibrates(t *testing.T) {
	logOdds, labels := bold(20_000)
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		t.Run(method.String(), func(t *testing.T) {
			c, err := Calibrate(method, logOdds, labels, nil)
			require.NoError(t, err)
			require.Equal(t, method, c.Method())
			for x := -4.; x <= 3; x += 0.25 {
				require.InDelta(t, sigmoid((x+1)/2), c.Probability(x), 0.04)
			}
			fresh, freshLabels := bold(30_000)
			fresh, freshLabels = fresh[20_000:], freshLabels[20_000:]
			for i, x := range fresh {
				fresh[i] = c.Probability(x)
			}
			b, err := NewBinary(fresh, freshLabels, nil)
			require.NoError(t, err)
			require.Less(t, b.ECE(nil).Value, 0.015)
		})
	}
}

// TestPlattOptimum has the gradient of Lin, Lin and Weng's objective at 0.
func TestPlattOptimum(t *testing.T) {
	logOdds, labels := bold(500)
	weights := make([]float64, len(labels))
	positives, negatives := 0.0, 0.0
	for i, y := range labels {
		weights[i] = float64(i%4) / 2
		if y {
			positives += weights[i]
		} else {
			negatives += weights[i]
		}
	}
	c, err := Calibrate(Platt, logOdds, labels, weights)
	require.NoError(t, err)
	a, b := 0.0, 0.0
	for i, x := range logOdds {
		target := 1 / (negatives + 2)
		if labels[i] {
			target = (positives + 1) / (positives + 2)
		}
		a += weights[i] * (c.Probability(x) - target)
		b += weights[i] * (c.Probability(x) - target) * x
	}
	require.InDelta(t, 0, a, 1e-10)
	require.InDelta(t, 0, b, 1e-10)

	// Log-odds that divide the classes, are far apart, tiny, huge, or all the same.
	yes := []bool{false, false, true, true, false, true}
	for name, x := range map[string][]float64{
		"divided": {-2, -1, 1, 2, -3, 3}, "outlier": {-1, 0, 1e6, 2, -1, 1}, "tiny": {0, 1e-200, 2e-200, 3e-200, -1e-200, 0},
		"huge": {-1e300, -1e299, 1e299, 1e300, 1e299, 0}, "far": {1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9, 1e9 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Calibrate(Platt, x, yes, nil)
			require.NoError(t, err)
			require.Positive(t, c.slope)
			require.Less(t, c.Probability(slices.Min(x)), 0.5)
			require.Greater(t, c.Probability(slices.Max(x)), 0.5)
		})
	}
	for name, x := range map[string][]float64{
		"the wrong way": {2, 1, -1, -2, 3, -3}, "equal": {7, 7, 7, 7, 7, 7}, "zero": {0, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Calibrate(Platt, x, yes, nil)
			require.NoError(t, err)
			for _, x := range []float64{math.Inf(-1), -100, 0, 100, math.Inf(1)} {
				require.InDelta(t, 0.5, c.Probability(x), 1e-12)
			}
		})
	}
}

// TestIsotonicByHand pools 2 with 3, whose mean scores and shares are halfway.
func TestIsotonicByHand(t *testing.T) {
	x := []float64{1, 2, 2, 3, 3, 4, 5}
	labels := []bool{false, true, false, false, true, true, true}
	c, err := Calibrate(Isotonic, x, labels, nil)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 2.5, 4.5}, c.x)
	require.InDeltaSlice(t, []float64{1. / 5, 0.5, 5. / 6}, c.p, 1e-15)
	require.InDelta(t, 1./5, c.Probability(math.Inf(-1)), 0)
	require.InDelta(t, 1./5, c.Probability(1), 0)
	require.InDelta(t, 0.35, c.Probability(1.75), 1e-15)
	require.InDelta(t, 0.5, c.Probability(2.5), 0)
	require.InDelta(t, 5./6, c.Probability(math.Inf(1)), 0)
	require.True(t, math.IsNaN(c.Probability(math.NaN())))
}

// slowIsotonic is the largest over i of the least over j of the means of x[i..j]: the
// isotonic regression by its min-max formula.
func slowIsotonic(y, w []float64, at int) float64 {
	best := math.Inf(-1)
	for i := range at + 1 {
		least := math.Inf(1)
		for j := at; j < len(y); j++ {
			sum, weight := 0.0, 0.0
			for k := i; k <= j; k++ {
				sum += w[k] * y[k]
				weight += w[k]
			}
			least = min(least, sum/weight)
		}
		best = max(best, least)
	}
	return best
}

func TestPoolByMinMax(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 42))
	for range 50 {
		n := 2 + random.IntN(25)
		var x, y, w []float64
		var labels []bool
		for i := range n {
			x, w = append(x, float64(i)), append(w, float64(1+random.IntN(4)))
			labels = append(labels, random.Float64() < 0.2+0.6*float64(i)/float64(n))
			y = append(y, 0)
			if labels[i] {
				y[i] = 1
			}
		}
		b, err := NewBinary(x, labels, &BinaryOptions{Weights: w})
		require.NoError(t, err)
		at := 0
		for _, block := range b.pool() {
			for sum := 0.0; sum < block.rows; at++ {
				require.InDelta(t, slowIsotonic(y, w, at), block.trues/block.rows, 1e-12)
				sum += w[at]
			}
		}
		require.Equal(t, n, at)
	}
}

// requireRising evaluates a calibration in many places and between all neighbours.
func requireRising(t *testing.T, c *Calibration, random *rand.Rand) {
	t.Helper()
	places := []float64{math.Inf(-1), -math.MaxFloat64, -800, 0, 800, math.MaxFloat64, math.Inf(1)}
	for _, x := range c.x {
		places = append(places, math.Nextafter(x, math.Inf(-1)), x, math.Nextafter(x, math.Inf(1)))
	}
	for range 200 {
		places = append(places, random.NormFloat64()*10)
	}
	slices.Sort(places)
	before := 0.0
	for _, x := range places {
		p := c.Probability(x)
		require.Greater(t, p, 0.0)
		require.Less(t, p, 1.0)
		require.GreaterOrEqual(t, p, before)
		before = p
	}
}

// TestFarScores has scores at the ends of what a number can be.
func TestFarScores(t *testing.T) {
	yes, random := []bool{false, true, false, true}, rand.New(rand.NewPCG(61, 62))
	for name, x := range map[string][]float64{
		"far": {-1.7e308, 1, 1, 1.7e308}, "near": {1, 1 + 0x1p-52, 1, 1 + 0x1p-52}, "next to 0": {0, 5e-324, 0, 5e-324},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Calibrate(Isotonic, x, yes, nil)
			require.NoError(t, err)
			requireRising(t, c, random)
		})
	}
	c, err := Calibrate(Isotonic, []float64{-1.7e308, 0, 0, 1.7e308}, yes, nil)
	require.NoError(t, err)
	require.InDelta(t, 0.375, c.Probability(-0.85e308), 1e-12)
	_, err = Calibrate(Platt, []float64{0, 5e-324, 0, 5e-324}, yes, nil)
	require.ErrorIs(t, err, ErrScore)
}

// TestCalibrationInvariants shuffles rows, and has weight 2 as a row twice.
func TestCalibrationInvariants(t *testing.T) {
	random := rand.New(rand.NewPCG(51, 52))
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		for range 20 {
			n := 4 + random.IntN(200)
			var x, weights, repeated []float64
			var labels, repeatedLabels []bool
			for i := range n {
				x = append(x, math.Round(random.NormFloat64()*8)/4)
				labels = append(labels, i == 0 || i >= 2 && random.Float64() < sigmoid(x[i]))
				weights = append(weights, float64(max(random.IntN(4), 1)))
				for range int(weights[i]) {
					repeated, repeatedLabels = append(repeated, x[i]), append(repeatedLabels, labels[i])
				}
			}
			c, err := Calibrate(method, x, labels, weights)
			require.NoError(t, err)
			requireRising(t, c, random)
			order := random.Perm(n)
			shuffled, err := Calibrate(method, permute(x, order), permute(labels, order), permute(weights, order))
			require.NoError(t, err)
			require.Equal(t, c, shuffled)
			twice, err := Calibrate(method, repeated, repeatedLabels, nil)
			require.NoError(t, err)
			for at := -5.; at < 5; at += 0.3 {
				require.InDelta(t, c.Probability(at), twice.Probability(at), 1e-10)
			}
		}
	}
}

func TestCalibrateBadInput(t *testing.T) {
	yes := []bool{true, false}
	for name, test := range map[string]struct {
		x       []float64
		labels  []bool
		weights []float64
		is      error
	}{
		"NaN":             {[]float64{1, math.NaN()}, yes, nil, ErrScore},
		"infinite":        {[]float64{1, math.Inf(-1)}, yes, nil, ErrScore},
		"lengths":         {[]float64{1}, yes, nil, ErrLength},
		"weights":         {[]float64{1, 2}, yes, []float64{1}, ErrLength},
		"negative weight": {[]float64{1, 2}, yes, []float64{1, -1}, ErrWeight},
		"one class":       {[]float64{1, 2}, yes, []float64{1, 0}, ErrOneClass},
		"nothing":         {nil, nil, nil, ErrNoRows},
	} {
		for _, method := range []CalibrationMethod{Platt, Isotonic} {
			c, err := Calibrate(method, test.x, test.labels, test.weights)
			require.ErrorIs(t, err, test.is, name)
			require.Nil(t, c)
		}
	}
	_, err := Calibrate(2, []float64{1, 2}, yes, nil)
	require.EqualError(t, err, "score: unknown calibration method 2")
	_, err = CalibrationMethod(2).MarshalText()
	require.Error(t, err)
	require.Equal(t, "unknown(2)", CalibrationMethod(2).String())
}

func TestCalibrationGolden(t *testing.T) {
	logOdds, labels := bold(60)
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		t.Run(method.String(), func(t *testing.T) {
			c, err := Calibrate(method, logOdds, labels, nil)
			require.NoError(t, err)
			data, err := json.MarshalIndent(c, "", "  ")
			require.NoError(t, err)
			file := "testdata/calibration_" + method.String() + ".golden.json"
			if *update {
				require.NoError(t, os.WriteFile(file, append(data, '\n'), 0o644))
			}
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(golden), string(data)+"\n")
			var back Calibration
			require.NoError(t, json.Unmarshal(golden, &back))
			require.Equal(t, c, &back)
		})
	}
}

func TestCalibrationJSONFaults(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `{"kind":"score.Calibration","version":2,"method":"platt","intercept":0,"slope":1}`,
		`{"kind":"cluster.Model","version":1,"method":"platt","intercept":0,"slope":1}`,
		`{"kind":"score.Calibration","version":1,"method":"other"}`,
		`{"kind":"score.Calibration","version":1,"method":"platt","intercept":0}`,
		`{"kind":"score.Calibration","version":1,"method":"platt","intercept":0,"slope":-1}`,
		`{"kind":"score.Calibration","version":1,"method":"platt","intercept":0,"slope":1,"points":[[1,0.5]]}`,
		`{"kind":"score.Calibration","version":1,"method":"isotonic"}`,
		`{"kind":"score.Calibration","version":1,"method":"isotonic","points":[[1,0]]}`,
		`{"kind":"score.Calibration","version":1,"method":"isotonic","points":[[1,0.5],[1,0.6]]}`,
		`{"kind":"score.Calibration","version":1,"method":"isotonic","points":[[1,0.5],[2,0.4]]}`,
		`{"kind":"score.Calibration","version":1,"method":"isotonic","intercept":0,"points":[[1,0.5]]}`,
	} {
		c := Calibration{slope: 3}
		require.Error(t, c.UnmarshalJSON([]byte(text)), text)
		require.Equal(t, Calibration{slope: 3}, c)
	}
}

func FuzzCalibrationJSON(f *testing.F) {
	logOdds, labels := bold(60)
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		c, err := Calibrate(method, logOdds, labels, nil)
		data, err2 := json.Marshal(c)
		if err := errors.Join(err, err2); err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Calibration
		if c.UnmarshalJSON(data) != nil {
			return
		}
		requireRising(t, &c, rand.New(rand.NewPCG(1, 1)))
		again, err := c.MarshalJSON()
		require.NoError(t, err)
		var back Calibration
		require.NoError(t, back.UnmarshalJSON(again))
		require.Equal(t, c, back)
	})
}

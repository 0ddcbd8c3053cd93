package score_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

func hostileScores() []float64 { return []float64{0.9, 0.8, 0.8, 0.3, 0.2, 0.1} }
func hostileLabels() []bool    { return []bool{true, true, false, false, true, false} }

func hostileBinary(t *testing.T, scores []float64) *score.Binary {
	b, err := score.NewBinary(scores, hostileLabels(), &score.BinaryOptions{Replicates: 20})
	require.NoError(t, err)
	return b
}

// shares are the panics of shares of which two slices need as many, and of what is no share.
func shares(names ...string) map[string]any {
	list := hostiletest.Lengths(hostiletest.Panic("score: "), names...)
	for _, name := range names {
		list[name+" NaN"] = hostiletest.Panic("score: ")
		for _, what := range []string{"NaN", "+Inf", "-Inf", "minus"} {
			list[name+"[2] "+what] = hostiletest.Panic("score: ")
		}
	}
	return list
}

func TestHostile(t *testing.T) {
	const undefined = "what is not defined is NaN"
	binary := hostileBinary(t, hostileScores())
	other := hostileBinary(t, []float64{0.5, 0.9, 0.7, 0.3, 0.1, 0.2})
	calibration, err := score.Calibrate(score.Isotonic, hostileScores(), hostileLabels(), nil)
	require.NoError(t, err)
	written, err := json.Marshal(calibration)
	require.NoError(t, err)
	contingency := score.NewContingency([]int32{0, 0, 1}, []int32{1, 1, 0})
	profit := func() *score.ProfitOptions {
		return &score.ProfitOptions{Value: 200, Offer: 10, Contact: 1, Alpha: 6, Beta: 14}
	}
	profits := map[string]any{
		"options nil": hostiletest.OK, "options.Value NaN": "Value", "options.Value minus": "Value", "options.Offer -Inf": "Offer",
		"options.Contact +Inf": "Contact", "options.Alpha max": "Alpha", "options.Beta tiny": "Beta", "options.Value max": "Value",
	}
	drawn := map[string]any{"options.Alpha NaN": "Alpha", "options.Beta minus": "Beta"}
	maps.Copy(drawn, profits)

	hostiletest.Run(t, hostiletest.Table{
		"NewBinary": {
			Call: func(scores []float64, labels []bool, o *score.BinaryOptions) (*score.Binary, error) {
				b, err := score.NewBinary(scores, labels, o)
				if err == nil { // reading every measure
					b.AUC()
					b.AveragePrecision()
					b.KS()
					b.Brier()
					b.LogLoss()
					b.CalibrationLine()
					b.Curve()
					b.Hull()
				}
				return nil, err
			},
			Names: "scores labels options",
			Args: func() []any {
				return []any{hostileScores(), hostileLabels(), &score.BinaryOptions{
					Weights: []float64{1, 2, 1, 1, 1, 3}, Groups: []int32{1, 2, 3, 4, 5, 5}, Confidence: 0.9, Replicates: 5, Workers: 2,
				}}
			},
			Hold: map[string]string{"options.Replicates max": "work that is asked for"},
			Expect: map[string]any{
				"scores nil": score.ErrLength, "scores short": score.ErrLength, "labels huge": score.ErrLength, "labels nil": score.ErrLength,
				"scores NaN": score.ErrScore, "scores[5] NaN": "row 5", "scores[5] +Inf": hostiletest.OK, "scores[5] -Inf": hostiletest.OK,
				"scores alike": hostiletest.OK, "labels alike": hostiletest.OK, "options nil": hostiletest.OK, "scores turned": hostiletest.OK,
				"options.Weights short": score.ErrLength, "options.Weights[5] NaN": score.ErrWeight, "options.Weights[5] minus": "row 5",
				"options.Weights[5] +Inf": score.ErrWeight, "options.Weights[5] max": score.ErrWeight, "options.Groups long": score.ErrLength,
				"options.Groups[5]": hostiletest.OK, "options.Confidence NaN": "Confidence", "options.Confidence one": "Confidence",
				"options.Confidence minus": "Confidence", "options.Replicates one": "Replicates", "options.Replicates min": "Replicates",
			},
			Cases: []hostiletest.Case{
				{Name: "nothing", Args: func() []any { return []any{nil, nil, nil} }, Want: score.ErrNoRows},
				{Name: "one row", Args: func() []any { return []any{[]float64{1}, []bool{true}, nil} }, Want: hostiletest.OK},
				{Name: "no weight", Args: func() []any {
					return []any{[]float64{1, 0}, []bool{true, false}, &score.BinaryOptions{Weights: []float64{0, 0}}}
				}, Want: score.ErrNoRows},
				{Name: "infinite scores", Args: func() []any {
					return []any{[]float64{math.Inf(1), math.Inf(-1), math.Inf(1)}, []bool{true, false, false}, nil}
				}, Want: hostiletest.OK},
			},
		},
		"BinaryOptions.Validate": {
			Call: (*score.BinaryOptions).Validate, Names: "options",
			Args: func() []any { return []any{&score.BinaryOptions{Weights: []float64{1, 2}, Confidence: 0.5}} },
			Expect: map[string]any{
				"options nil": hostiletest.OK, "options.Weights NaN": score.ErrWeight, "options.Weights[1] -Inf": "row 1",
				"options.Confidence +Inf": "Confidence", "options.Replicates one": "Replicates",
			},
		},
		"AUCDifference": {
			Call: score.AUCDifference, Names: "a b",
			Args: func() []any { return []any{binary, other} },
			Cases: []hostiletest.Case{{Name: "other rows", Args: func() []any {
				c, err := score.NewBinary([]float64{1, 2}, []bool{true, false}, nil)
				require.NoError(t, err)
				return []any{binary, c}
			}, Want: score.ErrPaired}},
		},
		"Calibrate": {
			Call: score.Calibrate, Names: "method logOdds labels weights",
			Args: func() []any {
				return []any{score.Platt, hostileScores(), hostileLabels(), []float64{1, 2, 1, 1, 1, 3}}
			},
			Expect: map[string]any{
				"method max": "score: ", "method one": hostiletest.OK, "logOdds NaN": score.ErrScore, "logOdds[5] NaN": "row 5",
				"logOdds[5] +Inf": "row 5", "logOdds[5] max": hostiletest.OK, "logOdds short": score.ErrLength, "labels long": score.ErrLength,
				"labels alike": score.ErrOneClass, "weights[5] NaN": score.ErrWeight, "weights[5] minus": "row 5", "weights nil": hostiletest.OK,
				"weights huge": score.ErrLength, "logOdds alike": hostiletest.OK,
			},
			Cases: []hostiletest.Case{{Name: "nothing", Args: func() []any { return []any{score.Isotonic, nil, nil, nil} }, Want: score.ErrNoRows}},
			Then: func(results []any) {
				for _, x := range []float64{math.Inf(-1), -1e300, 0, 0.85, 1e300, math.Inf(1)} {
					if p := results[0].(*score.Calibration).Probability(x); !(p >= 0 && p <= 1) {
						panic(p)
					}
				}
			},
		},
		"Calibration.Probability": {
			Call: (*score.Calibration).Probability, Names: "calibration logOdds",
			Args: func() []any { return []any{calibration, 0.5} },
			NaN:  "NaN has NaN",
		},
		"Calibration.UnmarshalJSON": {
			Call: func(data []byte) (*score.Calibration, error) {
				c := new(score.Calibration)
				return c, c.UnmarshalJSON(data)
			},
			Names:  "data",
			Args:   func() []any { return []any{slices.Clone(written)} },
			Expect: map[string]any{"data nil": "score: ", "data deep": "score: ", "data torn": "score: ", "data null": "score: "},
			Then: func(results []any) {
				for _, x := range []float64{math.Inf(-1), 0, 0.85, math.Inf(1)} {
					if p := results[0].(*score.Calibration).Probability(x); !(p >= 0 && p <= 1) {
						panic(p)
					}
				}
			},
		},
		"Estimate.UnmarshalJSON": {
			Call: func(data []byte) (score.Estimate, error) {
				var e score.Estimate
				err := e.UnmarshalJSON(data)
				return e, err
			},
			Names: "data", Args: func() []any { return []any{[]byte(`{"value":1,"low":"-Inf","high":2}`)} }, NaN: "an estimate may be",
			Expect: map[string]any{"data empty": ": "},
		},
		"Point.UnmarshalJSON": {
			Call: func(data []byte) (score.Point, error) {
				var p score.Point
				err := p.UnmarshalJSON(data)
				return p, err
			},
			Names: "data", Args: func() []any {
				data, err := json.Marshal(score.Point{Score: math.Inf(1)})
				require.NoError(t, err)
				return []any{data}
			}, NaN: "a point may be",
			Expect: map[string]any{"data empty": ": ", "data torn": ": "},
		},
		"CalibrationMethod.UnmarshalText": hostiletest.Name((*score.CalibrationMethod).UnmarshalText, "isotonic"),
		"Labels": {
			Call: score.Labels, Names: "column positive",
			Args: func() []any { return []any{table.CategoryColumn("left", "yes", "no", "yes"), "yes"} },
			Expect: map[string]any{
				"positive empty": "score: ", "positive bytes": "score: ", "column.Code[2] max": score.ErrLabel, "column.Code[2] minus": "row 2",
				"column.Kind one": "score: ", "column.Levels nil": "score: ",
			},
			Cases: []hostiletest.Case{
				{Name: "missing", Args: func() []any { return []any{table.NumberColumn("left", 0, 1, math.NaN()), ""} }, Want: "row 2"},
				{Name: "neither", Args: func() []any { return []any{table.NumberColumn("left", 0, math.Inf(1)), ""} }, Want: "row 1"},
				{Name: "nothing", Args: func() []any { return []any{table.NumberColumn("left"), ""} }, Want: hostiletest.OK},
			},
		},
		"CorrectSampling": {Call: score.CorrectSampling, Names: "p kept", Args: func() []any { return []any{0.5, 0.1} }, NaN: undefined},
		"ShiftPrior":      {Call: score.ShiftPrior, Names: "p from to", Args: func() []any { return []any{0.5, 0.1, 0.2} }, NaN: undefined},
		"KSPValue":        {Call: score.KSPValue, Names: "d n m", Args: func() []any { return []any{0.5, 10.0, 20.0} }, NaN: undefined},
		"KSDistance": {
			Call: score.KSDistance, Names: "base now", Args: func() []any { return []any{[]float64{3, 2, 1}, []float64{1, 0, 5}} },
			Expect: shares("base", "now"),
		},
		"PSI": {
			Call: score.PSI, Names: "expected actual n m",
			Args:   func() []any { return []any{[]float64{0.5, 0.3, 0.2}, []float64{0.4, 0.4, 0.2}, 100.0, 50.0} },
			Expect: shares("expected", "actual"),
		},
		"NewContingency": {
			Call: func(a, b []int32) (float64, error) {
				c := score.NewContingency(a, b)
				return c.AdjustedRand() + c.AdjustedMutualInformation() + c.FowlkesMallows() + c.NormalizedMutualInformation(), nil
			},
			Names: "a b", Args: func() []any { return []any{[]int32{0, 0, 1, 2}, []int32{1, 1, 0, 0}} }, NaN: undefined,
			Expect: hostiletest.Lengths(hostiletest.Panic("score: "), "a", "b"),
			Hold:   map[string]string{"a[3] max": "the documented memory", "b[3] max": "the documented memory"},
		},
		"Contingency.Count": {Call: (*score.Contingency).Count, Names: "contingency a b", Args: func() []any { return []any{contingency, 0, 1} }},
		"Contingency.Jaccard": {
			Call: (*score.Contingency).Jaccard, Names: "contingency a b", Args: func() []any { return []any{contingency, 0, 1} },
			Expect: map[string]any{
				"a min": hostiletest.Panic("out of range"), "a minus": hostiletest.Panic("out of range"), "a max": hostiletest.Panic("out of range"),
				"b min": hostiletest.Panic("out of range"), "b minus": hostiletest.Panic("out of range"), "b max": hostiletest.Panic("out of range"),
			},
		},
		"QuantileBins": {
			Call: score.QuantileBins, Names: "values weights n",
			Args: func() []any { return []any{hostileScores(), []float64{1, 2, 1, 1, 1, 3}, 3} },
			Expect: hostiletest.With(hostiletest.Lengths(hostiletest.Panic("score: "), "values", "weights"), map[string]any{
				"n zero": hostiletest.Panic("score: "), "n min": hostiletest.Panic("score: "), "n minus": hostiletest.Panic("score: "),
				"weights nil": hostiletest.OK, "n max": hostiletest.OK,
			}),
		},
		"WidthBins": {
			Call: score.WidthBins, Names: "n", Args: func() []any { return []any{10} },
			Hold: map[string]string{"n max": "as many bins are asked for"},
		},
		"Bins.Of":            {Call: score.Bins.Of, Names: "bins x", Args: func() []any { return []any{score.Bins{0.2, 0.5}, 0.3} }},
		"Binary.At":          {Call: (*score.Binary).At, Names: "binary share", Args: func() []any { return []any{binary, 0.5} }, NaN: undefined},
		"Binary.AtThreshold": {Call: (*score.Binary).AtThreshold, Names: "binary threshold", Args: func() []any { return []any{binary, 0.5} }, NaN: undefined},
		"Binary.BrierParts":  {Call: (*score.Binary).BrierParts, Names: "binary bins", Args: func() []any { return []any{binary, score.Bins{0.2, 0.5}} }},
		"Binary.ECE":         {Call: (*score.Binary).ECE, Names: "binary bins", Args: func() []any { return []any{binary, score.Bins{0.2, 0.5}} }},
		"Binary.Reliability": {Call: (*score.Binary).Reliability, Names: "binary bins", Args: func() []any { return []any{binary, score.Bins{0.2, 0.5}} }, NaN: undefined},
		"Binary.Gains": {
			Call: (*score.Binary).Gains, Names: "binary n", Args: func() []any { return []any{binary, 3} },
			Hold: map[string]string{"n max": "as many points are asked for"},
		},
		"Binary.MaximumProfit": {
			Call: (*score.Binary).MaximumProfit, Names: "binary options", Args: func() []any { return []any{binary, profit()} }, Expect: profits,
		},
		"Binary.MaximumProfitInterval": {
			Call: (*score.Binary).MaximumProfitInterval, Names: "binary options", Args: func() []any { return []any{binary, profit()} }, Expect: profits,
		},
		"Binary.ExpectedMaximumProfit": {
			Call: (*score.Binary).ExpectedMaximumProfit, Names: "binary options", Args: func() []any { return []any{binary, profit()} }, Expect: drawn,
		},
		"Binary.ExpectedMaximumProfitInterval": {
			Call: (*score.Binary).ExpectedMaximumProfitInterval, Names: "binary options", Args: func() []any { return []any{binary, profit()} }, Expect: drawn,
		},
		"ProfitOptions.Validate": {
			Call: (*score.ProfitOptions).Validate, Names: "options", Args: func() []any { return []any{profit()} },
			Expect: map[string]any{"options.Value NaN": "Value", "options.Alpha NaN": "Alpha", "options.Offer minus": "Offer"},
		},
	})
}

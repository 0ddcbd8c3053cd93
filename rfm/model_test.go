package rfm_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/rfm"
)

var update = flag.Bool("update", false, "write golden files anew")

func goldenModel(t *testing.T) *rfm.Model {
	customers := ready([]int{1, 1, 1, 2, 3, 5, 8, 13, 21, 34})
	m, err := rfm.Fit(t.Context(), customers, &rfm.Options{
		AsOf: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), Location: time.UTC, Window: 365,
		F: rfm.Binning{Mode: rfm.QCut}, Weights: [3]float64{1, 2, 1},
	})
	require.NoError(t, err)
	return m
}

// The golden file of every released version stays readable.
func TestModelJSON(t *testing.T) {
	m := goldenModel(t)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	golden := filepath.Join("testdata", "model_v1.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, append(data, '\n'), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), string(data))

	var read rfm.Model
	require.NoError(t, json.Unmarshal(want, &read))
	again, err := json.Marshal(&read)
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))
	for v := range 40 {
		values := rfm.Values{Recency: v, Frequency: v, Monetary: float64(v)}
		s := m.Score(values)
		require.Equal(t, s, read.Score(values))
		require.Equal(t, m.Segment(s), read.Segment(s))
		require.Equal(t, m.Class(values, s), read.Class(values, s))
		require.Equal(t, m.Combined(s), read.Combined(s))
	}
	require.Equal(t, 2.75, m.Combined(rfm.Scores{R: 5, F: 2, M: 2}))
}

// A model of any mode and cut that is written and read scores, names and weighs as before.
func TestModelsRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 9))
	customers := randomBase(r, 300, 400)
	binnings := map[string]rfm.Options{
		"fixed": {
			R: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{5, 10, 20, 30}}, F: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{2}},
			M: rfm.Binning{Mode: rfm.Fixed, Thresholds: []float64{0, 99.5, 250}},
		},
		"own table": {Binning: rfm.Binning{Bins: 3}, Table: &rfm.SegmentTable{Bins: 3, Segments: []rfm.Segment{
			{Group: rfm.Group{ID: "best", Advice: rfm.Text{EN: "Call."}}, Rules: []rfm.Rule{{R: rfm.Range{Lo: 2, Hi: 3}, FM: rfm.Range{Lo: 3, Hi: 3}}}},
		}}},
	}
	for _, mode := range []rfm.Mode{rfm.MidRank, rfm.RQuantile, rfm.QCut, rfm.NTile} {
		for _, nested := range []bool{false, true} {
			binnings[fmt.Sprint(mode, nested)] = rfm.Options{Binning: rfm.Binning{Mode: mode}, Nested: nested, Weights: [3]float64{1, 2, 4}}
		}
	}
	for name, o := range binnings {
		for cut := rfm.MeanScore; cut <= rfm.FixedValue; cut++ {
			for _, atLeast := range []bool{false, true} {
				c := rfm.Classes{Cut: cut, AtLeast: atLeast, Names: map[string]rfm.Text{"general-keep": {ZH: "潜力客户"}}}
				if cut == rfm.FixedValue {
					c.Values = [3]float64{25, 4, 180}
				}
				o.Classes = &c
				m, err := rfm.Fit(t.Context(), customers, &o)
				require.NoError(t, err)
				data, err := json.Marshal(m)
				require.NoError(t, err)
				var read rfm.Model
				require.NoError(t, json.Unmarshal(data, &read))
				require.Equal(t, m, &read, name)
				again, err := json.Marshal(&read)
				require.NoError(t, err)
				require.Equal(t, string(data), string(again))
				classes := map[string]bool{}
				for range 100 {
					v := rfm.Values{Recency: r.IntN(60), Frequency: r.IntN(11), Monetary: float64(r.IntN(900))/2 - 50}
					if r.IntN(10) == 0 {
						v = rfm.Values{Recency: 25, Frequency: 4, Monetary: 180} // the cut itself
					}
					s := m.Score(v)
					require.NotZero(t, s)
					require.Equal(t, s, read.Score(v))
					require.Equal(t, m.Segment(s), read.Segment(s))
					require.Equal(t, m.Class(v, s), read.Class(v, s))
					require.Equal(t, m.Combined(s), read.Combined(s))
					classes[m.Class(v, s).ID] = true
				}
				require.Greater(t, len(classes), 3, name)
				if at := m.Class(rfm.Values{Recency: 25, Frequency: 4, Monetary: 180}, rfm.Scores{}).ID; cut == rfm.FixedValue {
					require.Equal(t, map[bool]string{false: "general-retain", true: "important-value"}[atLeast], at)
				}
			}
		}
	}
}

func TestModelJSONRefusesNonsense(t *testing.T) {
	data, err := json.Marshal(goldenModel(t))
	require.NoError(t, err)
	for name, spoil := range map[string][2]string{
		"version":    {`"version":1`, `"version":2`},
		"kind":       {`"rfm.Model"`, `"rfm.Modal"`},
		"truncated":  {`}`, ``},
		"bins":       {`"bins":[5,`, `"bins":[500,`},
		"fewer bins": {`"bins":[5,`, `"bins":[4,`},
		"cuts":       {`"cuts":[`, `"cuts":[1e9,`},
		"weights":    {`"weights":[0.25`, `"weights":[-0.25`},
		"no sets":    {`"recency":[`, `"recency":[],"x":[`},
		"direction":  {`"reversed":true`, `"reversed":false`},
		"table":      {`"id":"champions"`, `"id":"loyal"`},
		"frequency":  {`"frequency":"orders"`, `"frequency":"lunches"`},
		"classes":    {`"id":"general-keep"`, `"id":""`},
		"counts":     {`"scored_recency":[`, `"scored_recency":[-1,`},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(string(data), spoil[0], spoil[1], 1)
			require.NotEqual(t, string(data), bad)
			read := goldenModel(t)
			require.Error(t, json.Unmarshal([]byte(bad), read))
			unchanged, err := json.Marshal(read)
			require.NoError(t, err)
			require.Equal(t, string(data), string(unchanged))
		})
	}
}

func FuzzModelJSON(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "model_v1.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1,"kind":"rfm.Model","bins":[2,2,2]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m rfm.Model
		if json.Unmarshal(data, &m) != nil {
			return
		}
		for _, v := range []rfm.Values{{}, {Recency: 100, Frequency: 100, Monetary: 1e9}, {Monetary: -1}} { // any accepted model scores
			s := m.Score(v)
			_, _, _ = m.Segment(s), m.Class(v, s), m.Combined(s)
		}
		again, err := json.Marshal(&m)
		require.NoError(t, err)
		var read rfm.Model
		require.NoError(t, json.Unmarshal(again, &read))
	})
}

func FuzzAccumulatorJSON(f *testing.F) {
	o := &rfm.Options{Location: time.UTC, Refunds: rfm.NetRefunds}
	a, err := rfm.NewAccumulator[string](nil, o)
	if err != nil {
		f.Fatal(err)
	}
	for _, tx := range []rfm.Transaction[string]{
		{Customer: "a", Time: start, Amount: 5, Order: "1"},
		{Customer: "a", Time: start, Amount: 5, Order: "1", Kind: rfm.Refund},
		{Customer: "b", Time: start, Amount: 7},
	} {
		if err := a.Add(tx); err != nil {
			f.Fatal(err)
		}
	}
	data, err := json.Marshal(a)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := rfm.NewAccumulator[string](nil, o)
		require.NoError(t, err)
		if json.Unmarshal(data, read) != nil {
			require.Zero(t, read.Len())
			return
		}
		again, err := json.Marshal(read)
		require.NoError(t, err)
		second, err := rfm.NewAccumulator[string](nil, o)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(again, second))
		_, _, _ = read.Customers(start.AddDate(100, 0, 0))
	})
}

func TestReadyTableFaults(t *testing.T) {
	good := ready([]int{1, 2, 3})
	for name, test := range map[string]struct {
		spoil func([]rfm.Customer[int])
		want  rfm.CustomerError
	}{
		"NaN":      {func(c []rfm.Customer[int]) { c[1].Monetary = math.NaN() }, rfm.CustomerError{Row: 1, Field: "monetary", Reason: "negative, not finite or too large"}},
		"infinite": {func(c []rfm.Customer[int]) { c[2].Monetary = math.Inf(-1) }, rfm.CustomerError{Row: 2, Field: "monetary", Reason: "negative, not finite or too large"}},
		"recency":  {func(c []rfm.Customer[int]) { c[0].Recency = -1 }, rfm.CustomerError{Row: 0, Field: "recency", Reason: "negative, not finite or too large"}},
		"twice":    {func(c []rfm.Customer[int]) { c[2].ID = c[0].ID }, rfm.CustomerError{Row: 2, Field: "id", Reason: "given twice"}},
	} {
		t.Run(name, func(t *testing.T) {
			bad := append([]rfm.Customer[int](nil), good...)
			test.spoil(bad)
			_, err := rfm.AnalyzeCustomers(t.Context(), bad, nil, nil)
			var fault *rfm.CustomerError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, test.want, *fault)
		})
	}
	_, err := rfm.Fit(t.Context(), []rfm.Customer[int]{}, nil)
	require.ErrorIs(t, err, rfm.ErrNoCustomers)
	_, err = rfm.AnalyzeCustomers(t.Context(), []rfm.Customer[string]{{}}, nil, nil)
	require.ErrorContains(t, err, "row 0: id: missing")
}

func TestValidateReportsAllFaults(t *testing.T) {
	err := (&rfm.Options{
		Window: -1, Frequency: 9, Monetary: 9, Refunds: 9, Nested: true, Weights: [3]float64{-1, 0, 0},
		R: rfm.Binning{Mode: 99}, F: rfm.Binning{Mode: rfm.Fixed, Bins: 3, Thresholds: []float64{2, 1, math.NaN()}}, M: rfm.Binning{Bins: 101},
		Classes: &rfm.Classes{Cut: 9, Values: [3]float64{math.NaN()}},
	}).Validate()
	require.ErrorIs(t, err, rfm.ErrOptions)
	for _, want := range []string{
		"Window", "Frequency", "Monetary is unknown", "Refunds", "Nested", "Weights", "of R: unknown mode",
		"of F: 3 thresholds for 3 bins", "of F: a threshold is not finite", "of F: thresholds do not ascend", "of M: 101 bins", "Cut is unknown", "not finite",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, (*rfm.Options)(nil).Validate())
	require.ErrorContains(t, (&rfm.Options{Monetary: rfm.PerOrder, Frequency: rfm.Days}).Validate(), "PerOrder requires")
	require.ErrorContains(t, (&rfm.Options{Window: 3}).Validate(), "requires AsOf")
}

func TestNamesRoundTrip(t *testing.T) {
	for _, e := range []interface {
		MarshalText() ([]byte, error)
		String() string
	}{rfm.Purchase, rfm.Refund, rfm.Orders, rfm.Days, rfm.Lines, rfm.Total, rfm.MeanLine, rfm.PerOrder, rfm.SubtractRefunds, rfm.NetRefunds, rfm.IgnoreRefunds, rfm.MidRank, rfm.Fixed, rfm.MeanScore, rfm.FixedValue} {
		text, err := e.MarshalText()
		require.NoError(t, err)
		require.Equal(t, e.String(), string(text))
	}
	var m rfm.Mode
	require.NoError(t, m.UnmarshalText([]byte("ntile")))
	require.Equal(t, rfm.NTile, m)
	require.Error(t, m.UnmarshalText([]byte("n-tile")))
	_, err := rfm.Mode(77).MarshalText()
	require.Error(t, err)
}

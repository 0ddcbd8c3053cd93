package churn

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/score"
)

var updateModels = flag.Bool("update-models", false, "write the golden models of this version")

// modelKinds are options of models that have different JSON.
func modelKinds() map[string]*FitOptions {
	return map[string]*FitOptions{"logistic": nil, "tree": {Method: Tree, Calibration: score.Isotonic}, "boosted": {Method: Boosted}}
}

func TestModelJSON(t *testing.T) {
	for name, opts := range modelKinds() {
		t.Run(name, func(t *testing.T) {
			m := modelFit(t, opts)
			data, err := json.Marshal(m)
			require.NoError(t, err)
			var read Model
			require.NoError(t, json.Unmarshal(data, &read))
			again, err := json.Marshal(&read)
			require.NoError(t, err)
			require.Equal(t, string(data), string(again))
			require.Equal(t, m.String(), read.String())
			require.Equal(t, m.Columns(), read.Columns())
			for _, row := range modelRows(m, 200, 3) {
				require.Equal(t, math.Float64bits(m.PredictRow(row)), math.Float64bits(read.PredictRow(row)))
				require.Equal(t, math.Float64bits(m.reference.probability(row)), math.Float64bits(read.reference.probability(row)))
				require.Equal(t, texts(m.Reasons(row, nil)), texts(read.Reasons(row, nil)))
			}
		})
	}
	m, err := Fit(t.Context(), modelData(t, modelTrain, 300, 1), nil, nil)
	require.NoError(t, err)
	data, err := json.Marshal(m)
	require.NoError(t, err)
	var read Model
	require.NoError(t, json.Unmarshal(data, &read), "not calibrated")
}

// The golden files are what version 1 writes: models of old must be read for ever, and tell
// the same.
func TestModelGolden(t *testing.T) {
	want := map[string]float64{"logistic": 55.011137261385734, "tree": 37.91414141414135, "boosted": 46.462281643573185} // sums when they were written
	for name, opts := range modelKinds() {
		path := filepath.Join("testdata", "model_"+name+"_v1.json")
		if *updateModels {
			data, err := json.Marshal(modelFit(t, opts))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
		}
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var m Model
		require.NoError(t, json.Unmarshal(data, &m))
		again, err := json.Marshal(&m)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(data)), string(again))
		require.Equal(t, name, m.Method().String())
		sum := 0.0
		for _, row := range modelRows(&m, 100, 3) {
			sum += m.PredictRow(row)
		}
		assert.InDelta(t, want[name], sum, 1e-9, name)
	}
}

// What is not a whole and consistent model is an error, and leaves the receiver as it was.
func TestModelJSONErrors(t *testing.T) {
	if race.Enabled {
		t.Skip("other tests run all goroutines")
	}
	m := modelFit(t, &FitOptions{Method: Tree})
	good, err := json.Marshal(m)
	require.NoError(t, err)
	modelJSONErrors(t, m, good, map[string]func(j map[string]any){
		"kind":         func(j map[string]any) { j["kind"] = "tree.Tree" },
		"version":      func(j map[string]any) { j["version"] = 2 },
		"method":       func(j map[string]any) { j["method"] = "magic" },
		"other method": func(j map[string]any) { j["method"] = "logistic" },
		"plan":         func(j map[string]any) { j["plan"].(map[string]any)["horizon"] = 0 },
		"no columns":   func(j map[string]any) { j["columns"] = nil },
		"column twice": func(j map[string]any) { c := j["columns"].([]any); c[1] = c[0] },
		"schema":       func(j map[string]any) { j["schema"].(map[string]any)["windows"] = []int{7} },
		"own":          func(j map[string]any) { j["schema"].(map[string]any)["own"] = -1 },
		"too much own": func(j map[string]any) { j["schema"].(map[string]any)["own"] = 9999 },
		"no main":      func(j map[string]any) { j["main"] = map[string]any{} },
		"two learners": func(j map[string]any) {
			j["main"].(map[string]any)["logistic"] = j["reference"].(map[string]any)["logistic"]
		},
		"no reference":        func(j map[string]any) { delete(j, "reference") },
		"half a calibration":  func(j map[string]any) { delete(j["reference"].(map[string]any), "calibration") },
		"no calibration":      func(j map[string]any) { delete(j["main"].(map[string]any), "calibration") },
		"rows":                func(j map[string]any) { j["training"].(map[string]any)["rows"] = 0 },
		"positives":           func(j map[string]any) { j["training"].(map[string]any)["positive"] = 9999 },
		"cut-offs":            func(j map[string]any) { j["training"].(map[string]any)["first"] = 99999 },
		"calibration rows":    func(j map[string]any) { j["training"].(map[string]any)["calibration_rows"] = -1 },
		"early calibration":   func(j map[string]any) { j["training"].(map[string]any)["calibration_first"] = 19723 },
		"no baseline":         func(j map[string]any) { delete(j, "baseline") },
		"baseline rows":       func(j map[string]any) { j["baseline"].(map[string]any)["rows"] = 0 },
		"baseline columns":    func(j map[string]any) { j["baseline"].(map[string]any)["columns"] = []any{} },
		"shares":              func(j map[string]any) { modelBaselineOf(j)["shares"].([]any)[0] = 2 },
		"edges":               func(j map[string]any) { modelBaselineOf(j)["edges"].([]any)[0] = 1e9 },
		"deciles":             func(j map[string]any) { modelBaselineOf(j)["deciles"] = []int{1} },
		"descending deciles":  func(j map[string]any) { modelBaselineOf(j)["deciles"].([]any)[0] = 1e9 },
		"effect":              func(j map[string]any) { modelBaselineOf(j)["effect"] = -1 },
		"score":               func(j map[string]any) { j["baseline"].(map[string]any)["score"] = map[string]any{} },
		"levels":              func(j map[string]any) { modelLevelsOf(j)[0] = "fax" },
		"level twice":         func(j map[string]any) { l := modelLevelsOf(j); l[1] = l[0] },
		"columns are no list": func(j map[string]any) { j["columns"] = 1 },
		"rows of rounds":      func(j map[string]any) { j["training"].(map[string]any)["rounds_rows"] = 9 },
	})
	require.Error(t, new(Model).UnmarshalJSON(good[:len(good)/2]))

	m = modelFit(t, &FitOptions{Method: Boosted})
	good, err = json.Marshal(m)
	require.NoError(t, err)
	boostOf := func(j map[string]any) map[string]any { return j["main"].(map[string]any)["boost"].(map[string]any) }
	columnOf := func(j map[string]any, i int) map[string]any { return boostOf(j)["columns"].([]any)[i].(map[string]any) }
	category := slices.IndexFunc(m.columns, func(c modelColumn) bool { return c.Levels != nil })
	modelJSONErrors(t, m, good, map[string]func(j map[string]any){
		"trees of other columns": func(j map[string]any) { columnOf(j, 0)["name"] = "?" },
		"fewer columns": func(j map[string]any) {
			boostOf(j)["columns"], boostOf(j)["trees"] = boostOf(j)["columns"].([]any)[1:], []any{}
		},
		"other order of levels": func(j map[string]any) {
			levels := columnOf(j, category)["levels"].([]any)
			levels[0], levels[1] = levels[1], levels[0]
		},
		"fewer levels": func(j map[string]any) {
			boostOf(j)["trees"] = []any{}
			columnOf(j, category)["levels"] = columnOf(j, category)["levels"].([]any)[1:]
		},
		"reference is boosted": func(j map[string]any) { j["reference"] = j["main"] },
		"method":               func(j map[string]any) { j["method"] = "tree" },
		"no rows of rounds":    func(j map[string]any) { j["training"].(map[string]any)["rounds_rows"] = 0 },
		"all rows of rounds":   func(j map[string]any) { j["training"].(map[string]any)["rounds_rows"] = 600 },
		"early rounds":         func(j map[string]any) { j["training"].(map[string]any)["rounds_first"] = 1 },
		"late rounds":          func(j map[string]any) { j["training"].(map[string]any)["rounds_last"] = 99999 },
		"log-odds of no use":   func(j map[string]any) { boostOf(j)["base"] = 1e300 },
	})
}

// modelJSONErrors requires an error of each change of the JSON of a model.
func modelJSONErrors(t *testing.T, m *Model, good []byte, changes map[string]func(j map[string]any)) {
	t.Helper()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var j map[string]any
			require.NoError(t, json.Unmarshal(good, &j))
			change(j)
			bad, err := json.Marshal(j)
			require.NoError(t, err)
			read := *m
			err = read.UnmarshalJSON(bad)
			require.Error(t, err)
			require.Regexp(t, "^churn: ", err.Error())
			require.Equal(t, *m, read)
		})
	}
}

func modelBaselineOf(j map[string]any) map[string]any {
	return j["baseline"].(map[string]any)["columns"].([]any)[1].(map[string]any)
}

func modelLevelsOf(j map[string]any) []any {
	for _, c := range j["columns"].([]any) {
		if levels, ok := c.(map[string]any)["levels"].([]any); ok {
			return levels
		}
	}
	return nil
}

// Whatever is read as a model can be used, and is written as it was read. A fuzzer gets
// nowhere with a whole model, so it replaces one value of it.
func FuzzModelJSON(f *testing.F) {
	var models [][]byte
	var values [][][2]int // of each model from where to where its values are
	for _, name := range []string{"logistic", "tree", "boosted"} {
		data, err := json.Marshal(modelFit(f, modelKinds()[name]))
		require.NoError(f, err)
		models, values = append(models, data), append(values, modelValues(f, data))
	}
	for _, value := range []string{"0", "-1", "1e308", "null", `""`, "[]", "{}", "]"} {
		for at := range 4 {
			f.Add(uint8(at), uint16(at*at*at*50), value)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, value string) {
		k := int(which) % len(models)
		place := values[k][int(at)%len(values[k])]
		data := slices.Concat(models[k][:place[0]], []byte(value), models[k][place[1]:])
		var m Model
		if m.UnmarshalJSON(data) != nil {
			return
		}
		for _, row := range modelRows(&m, 3, 1) {
			p := m.PredictRow(row)
			require.True(t, p >= 0 && p <= 1)
			m.Reasons(row, &ReasonOptions{Lowering: 3})
		}
		_ = m.String()
		once, err := m.MarshalJSON()
		require.NoError(t, err)
		var again Model
		require.NoError(t, again.UnmarshalJSON(once))
		twice, err := again.MarshalJSON()
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}

// modelValues returns the places of the values and names in JSON.
func modelValues(f *testing.F, data []byte) (places [][2]int) {
	f.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return places
		}
		require.NoError(f, err)
		if _, is := token.(json.Delim); is {
			continue
		}
		end := int(d.InputOffset())
		from := end - 1
		if data[from] == '"' {
			for from--; data[from] != '"'; from-- {
			}
		} else {
			for !strings.ContainsRune(":,[", rune(data[from-1])) {
				from--
			}
		}
		places = append(places, [2]int{from, end})
	}
}

package cluster_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/table"
)

var updateModels = flag.Bool("update-models", false, "write the golden models")

// goldenCases are the methods, each once.
func goldenCases() map[string]fitCase {
	all := fitCases()
	return map[string]fitCase{
		"kmeans": all["kmeans, all of it"], "shares": all["kmeans, shares"], "prototypes": all["prototypes"],
		"trimmed": all["trimmed"], "ward": all["ward"], "mixture": all["mixture"],
	}
}

func fitCaseModel(t testing.TB, c fitCase, n int) *cluster.Model {
	t.Helper()
	if c.options.Method == cluster.Ward {
		c.options.Leaves = 8
	}
	result, err := cluster.Fit(t.Context(), c.data(n), &c.options)
	require.NoError(t, err)
	return result.Model
}

func TestModelJSON(t *testing.T) {
	for name, c := range fitCases() {
		t.Run(name, func(t *testing.T) {
			model := fitCaseModel(t, c, 500)
			data, err := json.Marshal(model)
			require.NoError(t, err)
			var read cluster.Model
			require.NoError(t, json.Unmarshal(data, &read))
			again, err := json.Marshal(&read)
			require.NoError(t, err)
			require.Equal(t, string(data), string(again))
			require.Equal(t, model, &read, "every bit of it")

			rows := c.data(300)
			want, err := cluster.Assign(t.Context(), model, rows, nil)
			require.NoError(t, err)
			got, err := cluster.Assign(t.Context(), &read, rows, nil)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// The golden models are of version 1, which stays readable: they are written again as the
// same text, and their rows get the labels of then.
func TestGoldenModels(t *testing.T) {
	labels := make(map[string][]int32)
	labelsPath := filepath.Join("testdata", "model_v1_labels.json")
	if !*updateModels {
		data, err := os.ReadFile(labelsPath)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &labels))
	}
	for name, c := range goldenCases() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "model_v1_"+name+".json")
			if *updateModels {
				data, err := json.MarshalIndent(fitCaseModel(t, c, 60), "", " ")
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
			}
			golden, err := os.ReadFile(path)
			require.NoError(t, err)
			var model cluster.Model
			require.NoError(t, json.Unmarshal(golden, &model))
			again, err := json.MarshalIndent(&model, "", " ")
			require.NoError(t, err)
			require.Equal(t, string(golden), string(again)+"\n")
			rows, err := cluster.Assign(t.Context(), &model, c.data(60), nil)
			require.NoError(t, err)
			if *updateModels {
				labels[name] = rows.Labels
			}
			require.Equal(t, labels[name], rows.Labels)
		})
	}
	if *updateModels {
		data, err := json.Marshal(labels)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(labelsPath, append(data, '\n'), 0o644))
	}
}

func TestModelJSONRefuses(t *testing.T) {
	models := make(map[string]string)
	for name, c := range goldenCases() {
		data, err := json.Marshal(fitCaseModel(t, c, 60))
		require.NoError(t, err)
		models[name] = string(data)
	}
	for name, c := range map[string]struct{ model, old, new, want string }{
		"kind":              {"kmeans", `"cluster.Model"`, `"rfm.Model"`, "not a cluster.Model"},
		"version":           {"kmeans", `"version":1`, `"version":2`, "version 1"},
		"method":            {"kmeans", `"method":"kmeans"`, `"method":"means"`, "unknown method"},
		"another method":    {"kmeans", `"method":"kmeans"`, `"method":"ward"`, "hierarchy"},
		"a mixture without": {"kmeans", `"method":"kmeans"`, `"method":"mixture"`, "mixture"},
		"no groups":         {"kmeans", `"k":4`, `"k":0`, "K out of range"},
		"fewer groups":      {"kmeans", `"k":4`, `"k":3`, ""},
		"many groups":       {"kmeans", `"k":4`, `"k":100000`, "K out of range"},
		"same feature":      {"kmeans", `"name":"x1"`, `"name":"x0"`, `two features "x0"`},
		"no name":           {"kmeans", `"name":"x1"`, `"name":""`, "no name"},
		"no weight":         {"kmeans", `"weight":2`, `"weight":0`, "no weight"},
		"negative factor":   {"kmeans", `"factor":`, `"factor":-`, "invalid mean or factor"},
		"no factor":         {"kmeans", `"factor":`, `"factor":0,"was":`, "invalid mean or factor"},
		"lambda":            {"kmeans", `"lambda":`, `"lambda":100,"was":`, "invalid lambda"},
		"limits":            {"kmeans", `"limits":[`, `"limits":[1e99,`, "invalid limits"},
		"no limits":         {"kmeans", `"limits":[`, `"were":[`, "limits go with winsorize"},
		"levels":            {"kmeans", `"levels":["a","b"`, `"levels":["b","a"`, "levels do not ascend"},
		"empty level":       {"kmeans", `"levels":["a"`, `"levels":[""`, "empty one"},
		"no levels":         {"kmeans", `"levels":["a","b","c"]`, `"levels":[]`, "no level"},
		"fill":              {"kmeans", `"levels":["a","b","c"],"fill":0`, `"levels":["a","b","c"],"fill":3`, "invalid level for missing"},
		"no kind":           {"kmeans", `"category":`, `"other":`, "either a number or a category"},
		"centre":            {"kmeans", `"centers":[[`, `"centers":[[7,`, "a centre does not fit"},
		"more centres":      {"kmeans", `"centers":[[`, `"centers":[[],[`, "5 centres for 4 groups"},
		"no features":       {"kmeans", `"features":[`, `"features":[],"were":[`, "no feature takes part"},
		"offset":            {"shares", `"offset":[`, `"offset":[0,`, "offsets that do not fit"},
		"gamma":             {"prototypes", `"gamma":`, `"gamma":-`, "gamma that does not fit"},
		"gamma elsewhere":   {"trimmed", `"k":5`, `"k":5,"gamma":1`, "gamma that does not fit"},
		"modes":             {"prototypes", `"modes":[[`, `"modes":[[0,`, "modes do not fit"},
		"unknown mode":      {"prototypes", `"modes":[[`, `"modes":[[99],[`, "modes"},
		"modes elsewhere":   {"trimmed", `"k":5`, `"k":5,"modes":[[]]`, "modes go with prototypes"},
		"cutoff":            {"trimmed", `"cutoff":`, `"cutoff":-`, "cutoff that does not fit"},
		"weights":           {"mixture", `"weights":[`, `"weights":[0.5,`, "weights"},
		"covariances":       {"mixture", `"covariances":[[`, `"covariances":[[-`, "not positive definite"},
		"merges":            {"ward", `"left":0`, `"left":99`, "merge"},
		"number":            {"kmeans", `"center":`, `"center":1e999,"was":`, "cannot unmarshal"},
		"baseline":          {"kmeans", `"baseline":{`, `"baseline":{},"was":{`, "baseline"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, models[c.model], c.old)
			bad := strings.Replace(models[c.model], c.old, c.new, 1)
			var read cluster.Model
			err := json.Unmarshal([]byte(bad), &read)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "cluster:")
			require.Zero(t, read.K(), "unchanged")
		})
	}
}

// FuzzModelJSON: whatever is read is used without a panic, and written and read again as
// the same model. The input is a change of a golden model, so that it is short, most of the
// text stays a model, and what the fuzzer finds is soon made as small as it can be.
func FuzzModelJSON(f *testing.F) {
	var models [][]byte
	for _, name := range slices.Sorted(maps.Keys(goldenCases())) {
		data, err := os.ReadFile(filepath.Join("testdata", "model_v1_"+name+".json"))
		require.NoError(f, err)
		var small bytes.Buffer
		require.NoError(f, json.Compact(&small, data))
		models = append(models, small.Bytes())
		at := func(text string) uint16 { return uint16(bytes.Index(small.Bytes(), []byte(text)) + len(text)) }
		model := uint8(len(models) - 1)
		f.Add(model, uint16(0), uint16(0), "")
		f.Add(model, at(`"k":`), uint16(1), "1")
		f.Add(model, at(`"features":`), uint16(1), "[null,")
		f.Add(model, at(`"centers":[[`), uint16(1), "1e99,-")
		f.Add(model, at(`"baseline":{`), uint16(0), `"rows":[],`)
	}
	// The text from at on, cut bytes of it, is replaced.
	f.Fuzz(func(t *testing.T, model uint8, at, cut uint16, text string) {
		of := models[int(model)%len(models)]
		from := int(at) % (len(of) + 1)
		data := slices.Concat(of[:from], []byte(text), of[min(len(of), from+int(cut)):])
		var m cluster.Model
		if json.Unmarshal(data, &m) != nil {
			return
		}
		written, err := json.Marshal(&m)
		require.NoError(t, err)
		var again cluster.Model
		require.NoError(t, json.Unmarshal(written, &again))
		rewritten, err := json.Marshal(&again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))

		useModel(t, &m)
	})
}

// Every value of a golden model is replaced by others, one at a time: it is refused, or
// the model is used without a panic.
func TestModelJSONReplaced(t *testing.T) {
	if race.Enabled {
		t.Skip("nothing in it runs at the same time")
	}
	others := func(value any) []string {
		switch value.(type) {
		case float64:
			return []string{`0`, `-1`, `4096`, `1e100`, `5e-324`, `null`}
		case string:
			return []string{`""`, `"x1"`, `"ward"`, `"number"`}
		}
		return []string{`null`, `[]`, `{}`, `[[]]`, `[1,2]`}
	}
	for name := range goldenCases() {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "model_v1_"+name+".json"))
			require.NoError(t, err)
			var tree any
			require.NoError(t, json.Unmarshal(data, &tree))
			var visit func(value any, set func(any))
			visit = func(value any, set func(any)) {
				for _, other := range others(value) {
					set(json.RawMessage(other))
					bad, err := json.Marshal(tree)
					require.NoError(t, err)
					var m cluster.Model
					if json.Unmarshal(bad, &m) == nil {
						useModel(t, &m)
					}
				}
				set(value)
				switch value := value.(type) {
				case map[string]any:
					for key, inner := range value {
						visit(inner, func(x any) { value[key] = x })
					}
				case []any:
					if len(value) > 0 {
						visit(value[0], func(x any) { value[0] = x })
					}
				}
			}
			visit(tree, func(x any) { tree = x })
		})
	}
}

// useModel calls everything that a model has.
func useModel(t *testing.T, m *cluster.Model) {
	t.Helper()
	m.Centers()
	m.Report()
	m.Dendrogram()
	rows := &table.Table[int]{}
	for _, feature := range m.Features() {
		c := table.Column{Name: feature.Name, Kind: feature.Kind, Levels: feature.Levels}
		if feature.Kind == table.Number {
			c.Num = []float64{0, 1e9, -1e-9, math.NaN()}
		} else {
			c.Levels = append(c.Levels, "something\x00else")
			c.Code = []int32{0, int32(len(c.Levels) - 1), 0, -1}
		}
		rows.Columns = append(rows.Columns, c)
	}
	for _, some := range []*table.Table[int]{rows, rows.Take([]int{0, 1, 2})} {
		a, err := cluster.Assign(t.Context(), m, some, nil)
		for row := range some.Rows() {
			one, rowErr := m.AssignRow(rowOf(some, row))
			if err == nil {
				require.NoError(t, rowErr)
				require.Equal(t, int(a.Labels[row]), one.Label)
			}
		}
	}
}

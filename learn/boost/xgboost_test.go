package boost_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
	"github.com/clientele-go/clientele/table"
)

// xgbCase is one of testdata/xgboost.json, which testdata/xgboost_models.py wrote with
// xgboost 1.7.4.
type xgbCase struct {
	Name               string
	Levels             map[string][]string
	Model              string
	Rows               [][]*float64
	Margin, Prediction []float64
	Contributions      [][]float64 // of every fifth row, the last one is the base
	UBJ                []byte
}

func readXGBCases(t testing.TB) []xgbCase {
	t.Helper()
	data, err := os.ReadFile("testdata/xgboost.json")
	require.NoError(t, err)
	var file struct{ Cases []xgbCase }
	require.NoError(t, json.Unmarshal(data, &file))
	return file.Cases
}

// row returns a row of the case as the model takes it.
func (c *xgbCase) row(m *boost.Model, i int) []float64 {
	row := make([]float64, len(c.Rows[i]))
	for k, x := range c.Rows[i] {
		if row[k] = math.NaN(); x == nil {
			continue
		}
		row[k] = *x
		if levels, ok := c.Levels[m.Columns()[k]]; ok {
			text := fmt.Sprint("code ", *x)
			if int(*x) < len(levels) {
				text = levels[int(*x)]
			}
			row[k] = m.Code(k, text)
		}
	}
	return row
}

// TestXGBoostPredictions holds scores at and about thresholds, of missing values and unknown
// categories against XGBoost's: they differ by the sums in single precision alone, which are
// off by half a unit in the last place of a sum, at most 2^-24 of it, for each tree.
func TestXGBoostPredictions(t *testing.T) {
	for _, c := range readXGBCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			m, err := boost.ReadXGBoost(strings.NewReader(c.Model), &boost.ReadOptions{Levels: c.Levels})
			require.NoError(t, err)
			worst := 0.0
			for i := range c.Rows {
				row := c.row(m, i)
				score := m.LogOdds(row)
				require.InDelta(t, c.Margin[i], score, 1e-6*max(1, math.Abs(score)), "row %d", i)
				require.InDelta(t, c.Prediction[i], m.PredictRow(row), 1e-6*max(1, math.Abs(score)), "row %d", i)
				worst = max(worst, math.Abs(c.Margin[i]-score)/max(1, math.Abs(score)))
			}
			t.Logf("largest difference %.1g", worst)
			for i, want := range c.Contributions {
				got, base := m.Contributions(nil, c.row(m, 5*i))
				require.InDeltaSlice(t, want, append(got, base), 1e-5*max(1, math.Abs(base)), "row %d", 5*i)
			}
			if len(c.UBJ) > 0 {
				same, err := boost.ReadXGBoost(bytes.NewReader(c.UBJ), &boost.ReadOptions{Levels: c.Levels})
				require.NoError(t, err)
				require.Equal(t, text(t, m), text(t, same))
				for cut := 0; cut < len(c.UBJ); cut += 97 {
					_, err := boost.ReadXGBoost(bytes.NewReader(c.UBJ[:cut]), nil)
					require.Error(t, err)
				}
			}
			again := throughJSON(t, m)
			for i := range c.Rows {
				require.Equal(t, m.LogOdds(c.row(m, i)), again.LogOdds(c.row(again, i)))
			}
		})
	}
}

// throughJSON returns the model that a model is written as.
func throughJSON(t *testing.T, m *boost.Model) *boost.Model {
	t.Helper()
	data, err := json.Marshal(m)
	require.NoError(t, err)
	read := new(boost.Model)
	require.NoError(t, json.Unmarshal(data, read))
	require.Equal(t, text(t, m), text(t, read))
	require.Equal(t, m.Columns(), read.Columns())
	require.Equal(t, m.Importance(), read.Importance())
	return read
}

// TestXGBoostTable: a table has texts, of which XGBoost has the codes.
func TestXGBoostTable(t *testing.T) {
	for _, c := range readXGBCases(t) {
		if c.Name != "categories" {
			continue
		}
		m, err := boost.ReadXGBoost(strings.NewReader(c.Model), &boost.ReadOptions{Levels: c.Levels})
		require.NoError(t, err)
		tab := &table.Table[int]{}
		for k, name := range m.Columns() {
			numbers, texts := make([]float64, len(c.Rows)), make([]string, len(c.Rows))
			for i, row := range c.Rows {
				if numbers[i] = math.NaN(); row[k] != nil {
					numbers[i], texts[i] = *row[k], fmt.Sprint("code ", *row[k])
					if levels := c.Levels[name]; levels != nil && int(*row[k]) < len(levels) {
						texts[i] = levels[int(*row[k])]
					}
				}
			}
			if c.Levels[name] == nil {
				tab.Columns = append(tab.Columns, table.NumberColumn(name, numbers...))
			} else {
				tab.Columns = append(tab.Columns, table.CategoryColumn(name, texts...))
			}
		}
		got, err := boost.Predict(t.Context(), m, tab, nil)
		require.NoError(t, err)
		for i := range got {
			require.InDelta(t, c.Prediction[i], got[i], 1e-6, "row %d", i)
		}
		_, err = boost.ReadXGBoost(strings.NewReader(c.Model), nil)
		require.ErrorContains(t, err, "have no levels")
		_, err = boost.ReadXGBoost(strings.NewReader(c.Model), &boost.ReadOptions{Levels: map[string][]string{"f1": {"a"}, "f3": {"b"}}})
		require.ErrorContains(t, err, "more categories than levels")
		_, err = boost.ReadXGBoost(strings.NewReader(c.Model), &boost.ReadOptions{Levels: map[string][]string{"f9": {"a"}}})
		require.ErrorContains(t, err, "not a feature")
		_, err = boost.ReadXGBoost(strings.NewReader(c.Model), &boost.ReadOptions{Levels: map[string][]string{"f0": {"a"}}})
		require.ErrorContains(t, err, "numbers and of categories")
		return
	}
	require.Fail(t, "no such case")
}

// xgbStump is a model of one question: x < 1.5 gives -0.25, else 0.5; the missing value goes left.
const xgbStump = `{"learner":{"attributes":{},"feature_names":["recency"],"feature_types":["float"],"gradient_booster":{"model":` +
	`{"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"1","size_leaf_vector":"0"},"tree_info":[0],"trees":[` +
	`{"base_weights":[0,-2.5E-1,5E-1],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"default_left":[1,0,0],` +
	`"id":0,"left_children":[1,-1,-1],"loss_changes":[8E0,0E0,0E0],"parents":[2147483647,0,0],"right_children":[2,-1,-1],` +
	`"split_conditions":[1.5E0,-2.5E-1,5E-1],"split_indices":[0,0,0],"split_type":[0,0,0],"sum_hessian":[1E1,4E0,6E0],` +
	`"tree_param":{"num_deleted":"0","num_feature":"1","num_nodes":"3","size_leaf_vector":"0"}}]},"name":"gbtree"},` +
	`"learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"1","num_target":"1"},` +
	`"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[1,7,4]}`

// TestXGBoostThreshold: "float32(x) < c" for any c, at all neighbours of where it changes.
func TestXGBoostThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	inf := math.Inf(1)
	thresholds := []float32{
		0, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32, -math.MaxFloat32, 1, -1,
		math.Nextafter32(1, 2), math.Nextafter32(1, 0), math.Nextafter32(-1, 0), 0x1p-126, -0x1p-126, 16777216, 0.1,
	}
	for len(thresholds) < 300 {
		if c := math.Float32frombits(r.Uint32()); c-c == 0 {
			thresholds = append(thresholds, c)
		}
	}
	for _, c := range thresholds {
		m, err := boost.ReadXGBoost(strings.NewReader(strings.Replace(xgbStump, "1.5E0", strconv.FormatFloat(float64(c), 'g', -1, 32), 1)), nil)
		require.NoError(t, err)
		below, above := math.Nextafter32(c, float32(-inf)), math.Nextafter32(c, float32(inf))
		xs := []float64{0, math.Copysign(0, -1), inf, -inf, math.MaxFloat64, -math.MaxFloat64, float64(c), float64(below), float64(above)}
		for _, at := range []float64{float64(c), float64(below), float64(above), float64(below)/2 + float64(c)/2, float64(above)/2 + float64(c)/2, -0x1p128 + 0x1p103, 0x1p128 - 0x1p103} {
			xs = append(xs, at, math.Nextafter(at, inf), math.Nextafter(at, -inf))
		}
		for _, x := range xs {
			want := 0.5
			if float32(x) < c {
				want = -0.25
			}
			require.Equal(t, want, m.LogOdds([]float64{x}), "%v < %v", x, c)
		}
		require.Equal(t, -0.25, m.LogOdds([]float64{math.NaN()}))
	}
}

func TestXGBoostForms(t *testing.T) {
	replace := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			require.Contains(t, xgbStump, pairs[i])
		}
		return strings.NewReplacer(pairs...).Replace(xgbStump)
	}
	for name, text := range map[string]string{
		"as it is":                        xgbStump,
		"base score of 3.1":               replace(`"5E-1","num_class"`, `"[5E-1]","num_class"`),
		"objective of numbers":            replace("binary:logistic", "reg:squarederror", `"5E-1","num_class"`, `"0","num_class"`),
		"truth values":                    replace(`"default_left":[1,0,0]`, `"default_left":[true, false,false ]`),
		"without categories, as in 1.2":   replace(`"split_type":[0,0,0],`, "", `"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],`, ""),
		"numbers JSON has not":            replace(`"base_weights":[0,-2.5E-1,5E-1]`, `"base_weights":[NaN,-Infinity,Infinity]`, `"loss_changes":[8E0`, `"loss_changes":[NaN`),
		"other nodes beside":              replace(`[1,-1,-1]`, `[1,-1,-1,-1]`, `[2,-1,-1]`, `[2,-1,-1,-1]`, `5E0,-2.5E-1,5E-1]`, `5E0,-2.5E-1,5E-1,7]`, `[1,0,0]`, `[1,0,0,0]`, `0E0,0E0]`, `0E0,0E0,0]`, `"split_indices":[0,0,0],"split_type":[0,0,0]`, `"split_indices":[0,0,0,0],"split_type":[0,0,0,0]`, `6E0]`, `6E0,9]`),
		"no names":                        replace(`["recency"]`, `[]`, `["float"]`, `[]`),
		"cover of none":                   replace(`[1E1,4E0,6E0]`, `[0,0,0]`),
		"early stopping without a class":  replace(`"attributes":{}`, `"attributes":{"best_iteration":"9"}`),
		"best iteration of a class":       replace(`"attributes":{}`, `"attributes":{"best_iteration":"0","scikit_learn":"{}"}`),
		"a name with NaN":                 replace(`"attributes":{}`, `"attributes":{"a\"NaN":"\\"}`, `"loss_changes":[8E0`, `"loss_changes":[NaN`),
		"best iteration, rounds are told": replace(`"attributes":{}`, `"attributes":{"best_iteration":"0","scikit_learn":"{}"}`, `"tree_info":[0]`, `"tree_info":[0],"iteration_indptr":[0,1]`),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := boost.ReadXGBoost(strings.NewReader(text), nil)
			require.NoError(t, err)
			want := []string{"recency"}
			if name == "no names" {
				want[0] = "f0"
			}
			require.Equal(t, want, m.Columns())
			require.Equal(t, 1, m.Trees())
			require.Equal(t, -0.25, m.LogOdds([]float64{1}))
			require.Equal(t, 0.5, m.LogOdds([]float64{1.5}))
			require.Equal(t, 0.5, throughJSON(t, m).LogOdds([]float64{1.5}))
		})
	}
}

// TestXGBoostBase: base_score is a probability, from 3.2 on in [1e-6, 1-1e-6] whatever it says
// (ProbToMargin in regression_loss.h of XGBoost), before it a single number that is not at the ends.
func TestXGBoostBase(t *testing.T) {
	for _, c := range []struct {
		version, base string
		want          float64 // NaN: an error
	}{
		{"1,7,4", "5E-1", 0},
		{"1,7,4", "1E-7", -16.118096},
		{"3,1,0", "[1E-7]", -16.118096},
		{"3,1,0", "0", math.NaN()},
		{"3,2,0", "[1E-7]", -13.815510},
		{"3,2,0", "[0E0]", -13.815510},
		{"3,10,0", "[1E0]", 13.8}, // of 1-1e-6 in single precision
		{"4,0,0", "[2.5E-1]", -1.0986123},
		{"4,0,0", "[-1E-9]", math.NaN()},
		{"4,0,0", "[1.1E0]", math.NaN()},
		{"4,0,0", "nan", math.NaN()},
	} {
		m, err := boost.ReadXGBoost(strings.NewReader(strings.NewReplacer(`"5E-1","num_class"`, `"`+c.base+`","num_class"`, "1,7,4", c.version).Replace(xgbStump)), nil)
		if math.IsNaN(c.want) {
			require.ErrorContains(t, err, "base_score", "%v", c)
			continue
		}
		require.NoError(t, err)
		require.InDelta(t, c.want, m.Base(), 1e-6+0.02*max(0, c.want), "%v", c)
	}
}

func TestXGBoostRefuses(t *testing.T) {
	const set = `"categories":[3],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[1]`
	const none = `"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[]`
	for name, c := range map[string]struct {
		replace     []string
		unsupported bool
	}{
		"UBJSON that is none":          {[]string{`{"learner":`, "{L\x00\x00\x00\x00\x00\x00\x00\x07learner"}, false},
		"UBJSON without end":           {[]string{`{"learner":`, "{L\x70\x00\x00\x00\x00\x00\x00\x07learner"}, false},
		"UBJSON too deep":              {[]string{xgbStump, "{U\x01a" + strings.Repeat("[", 2000)}, false},
		"the old binary format":        {[]string{`{"learner":`, "binf"}, true},
		"gblinear":                     {[]string{`"name":"gbtree"`, `"name":"gblinear"`}, true},
		"several classes":              {[]string{`"num_class":"0"`, `"num_class":"3"`}, true},
		"several targets":              {[]string{`"num_target":"1"`, `"num_target":"2"`}, true},
		"several base scores":          {[]string{`"5E-1","num_class"`, `"[5E-1,5E-1]","num_class"`}, true},
		"leaves of vectors":            {[]string{`"num_nodes":"3","size_leaf_vector":"0"`, `"num_nodes":"3","size_leaf_vector":"2"`}, true},
		"a tree of another class":      {[]string{`"tree_info":[0]`, `"tree_info":[1]`}, true},
		"a count":                      {[]string{`binary:logistic`, `count:poisson`}, true},
		"a hinge":                      {[]string{`binary:logistic`, `binary:hinge`}, true},
		"not a model":                  {[]string{xgbStump, `{"version":[1,7,4]}`}, false},
		"an empty object":              {[]string{xgbStump, `{}`}, false},
		"no trees":                     {[]string{`"gradient_booster":{"model":`, `"gradient_booster":{"other":`}, false},
		"dart without trees":           {[]string{`"name":"gbtree"`, `"name":"dart"`}, false},
		"cut off":                      {[]string{`"version":[1,7,4]}`, ``}, false},
		"a tree too few":               {[]string{`"num_trees":"1"`, `"num_trees":"2"`}, false},
		"base score of text":           {[]string{`"5E-1","num_class"`, `"high","num_class"`}, false},
		"base score without end":       {[]string{`"5E-1","num_class"`, `"inf","num_class"`, `binary:logistic`, `reg:squarederror`}, false},
		"features for a short text":    {[]string{`["recency"]`, `[]`, `["float"]`, `[]`, `"num_feature":"1","num_target"`, `"num_feature":"200000","num_target"`, `"attributes":{}`, `"attributes":{"a":"` + strings.Repeat("a", 1_000_000) + `"}`}, false},
		"base score of certainty":      {[]string{`"5E-1","num_class"`, `"1","num_class"`}, false},
		"a loop":                       {[]string{`"left_children":[1,`, `"left_children":[0,`}, false},
		"one child twice":              {[]string{`"left_children":[1,`, `"left_children":[2,`}, false},
		"a child that is not":          {[]string{`"left_children":[1,`, `"left_children":[1000000000,`}, false},
		"a feature that is not":        {[]string{`"split_indices":[0,`, `"split_indices":[1,`}, false},
		"a negative feature":           {[]string{`"split_indices":[0,`, `"split_indices":[-1,`}, false},
		"lists of two lengths":         {[]string{`"sum_hessian":[1E1,`, `"sum_hessian":[`}, false},
		"no threshold":                 {[]string{`"split_conditions":[1.5E0`, `"split_conditions":[NaN`}, false},
		"an infinite threshold":        {[]string{`"split_conditions":[1.5E0`, `"split_conditions":[Infinity`}, false},
		"an infinite leaf":             {[]string{`1.5E0,-2.5E-1`, `1.5E0,-Infinity`}, false},
		"negative cover":               {[]string{`4E0,6E0`, `-4E0,6E0`}, false},
		"features without end":         {[]string{`["recency"]`, `[]`, `["float"]`, `[]`, `"num_feature":"1","num_target"`, `"num_feature":"1000000000","num_target"`}, false},
		"names of other features":      {[]string{`["recency"]`, `["recency","frequency"]`}, false},
		"types of other features":      {[]string{`["float"]`, `["float","float"]`}, false},
		"names that are equal":         {[]string{`["recency"]`, `["a","a"]`, `["float"]`, `[]`, `"num_feature":"1","num_target"`, `"num_feature":"2","num_target"`}, false},
		"levels that are not told":     {[]string{`"split_type":[0,`, `"split_type":[1,`, none, set}, false},
		"a set without categories":     {[]string{`"split_type":[0,`, `"split_type":[1,`}, false},
		"a set of a number":            {[]string{none, set}, false},
		"a set that is not":            {[]string{`"split_type":[0,`, `"split_type":[1,`, none, strings.Replace(set, `"categories_sizes":[1]`, `"categories_sizes":[1000000000]`, 1)}, false},
		"a negative category":          {[]string{`"split_type":[0,`, `"split_type":[1,`, none, strings.Replace(set, "[3]", "[-3]", 1)}, false},
		"a category and a number":      {[]string{`["float"]`, `["c"]`}, false},
		"best iteration that is not":   {[]string{`"attributes":{}`, `"attributes":{"best_iteration":"1","scikit_learn":""}`}, false},
		"best iteration out of rounds": {[]string{`"attributes":{}`, `"attributes":{"best_iteration":"0","scikit_learn":""}`, `"tree_info":[0]`, `"tree_info":[0],"iteration_indptr":[0,7]`}, false},
		"more trees a round":           {[]string{`"attributes":{}`, `"attributes":{"best_iteration":"0","scikit_learn":""}`, `"num_parallel_tree":"1"`, `"num_parallel_tree":"2"`}, false},
		"a text for a number":          {[]string{`"split_indices":[0,`, `"split_indices":["a",`}, false},
		"an object for a list":         {[]string{`"split_indices":[0,0,0]`, `"split_indices":{}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(c.replace); i += 2 {
				require.Contains(t, xgbStump, c.replace[i])
			}
			m, err := boost.ReadXGBoost(strings.NewReader(strings.NewReplacer(c.replace...).Replace(xgbStump)), nil)
			require.Error(t, err)
			require.Nil(t, m)
			require.True(t, strings.HasPrefix(err.Error(), "boost: "), err)
			if c.unsupported {
				require.ErrorIs(t, err, boost.ErrUnsupported)
			} else {
				require.NotErrorIs(t, err, boost.ErrUnsupported)
			}
		})
	}
}

// xgbSets is xgbStump with another tree: of level d and, below it, of b and h.
func xgbSets() string {
	const tree = `{"left_children":[1,3,-1,-1,-1],"right_children":[2,4,-1,-1,-1],"split_indices":[0,0,0,0,0],"split_type":[1,1,0,0,0],` +
		`"default_left":[1,0,0,0,0],"split_conditions":[0,0,3,4,5],"loss_changes":[2,1,0,0,0],"sum_hessian":[6,5,1,2,3],` +
		`"categories":[3,1,7],"categories_nodes":[0,1],"categories_segments":[0,1],"categories_sizes":[1,2]}]}`
	before, _, _ := strings.Cut(xgbStump, `{"base_weights"`)
	_, after, _ := strings.Cut(xgbStump, `,"name":"gbtree"`)
	return before + tree + `,"name":"gbtree"` + after
}

// TestXGBoostSets: each question has a set of its own, or a short text would have much to say.
func TestXGBoostSets(t *testing.T) {
	model := xgbSets()
	opts := &boost.ReadOptions{Levels: map[string][]string{"recency": strings.Split("a b c d e f g h i", " ")}}
	m, err := boost.ReadXGBoost(strings.NewReader(model), opts)
	require.NoError(t, err)
	for level, want := range map[string]float64{"a": 4, "b": 5, "c": 4, "d": 3, "h": 5, "i": 4, "j": 4} {
		require.Equal(t, want, m.LogOdds([]float64{m.Code(0, level)}), level)
	}
	require.Equal(t, 5.0, m.LogOdds([]float64{math.NaN()}))
	_, err = boost.ReadXGBoost(strings.NewReader(strings.Replace(model, `"categories_segments":[0,1]`, `"categories_segments":[1,1]`, 1)), opts)
	require.NoError(t, err) // they overlap, but are not longer than the list
	_, err = boost.ReadXGBoost(strings.NewReader(strings.Replace(model, `"categories_sizes":[1,2]`, `"categories_sizes":[2,2]`, 1)), opts)
	require.ErrorContains(t, err, "categories are not those")
}

// TestXGBoostDeep: a tree of 20,000 questions, one below the other.
func TestXGBoostDeep(t *testing.T) {
	const depth = 20_000
	lists := map[string]*strings.Builder{}
	for _, name := range []string{"left_children", "right_children", "split_conditions", "zeros"} {
		lists[name] = new(strings.Builder)
	}
	for i := range depth {
		fmt.Fprintf(lists["left_children"], "%d,-1,", 2*i+2)
		fmt.Fprintf(lists["right_children"], "%d,-1,", 2*i+1)
		fmt.Fprintf(lists["split_conditions"], "%d,%d,", -i, i)
		lists["zeros"].WriteString("0,0,")
	}
	list := func(name, last string) string { return `"` + name + `":[` + lists[name].String() + last + "]" }
	zeros := "[" + lists["zeros"].String() + "0]"
	tree := list("left_children", "-1") + "," + list("right_children", "-1") + "," + list("split_conditions", "0.5") +
		`,"split_indices":` + zeros + `,"default_left":` + zeros + `,"loss_changes":` + zeros + `,"sum_hessian":` + zeros
	before, _, _ := strings.Cut(xgbStump, `"base_weights"`)
	_, after, _ := strings.Cut(xgbStump, `,"tree_param"`)
	m, err := boost.ReadXGBoost(strings.NewReader(before+tree+`,"tree_param"`+after), nil)
	require.NoError(t, err)
	require.Equal(t, 7.0, m.LogOdds([]float64{-7}))
	require.Equal(t, 0.5, m.LogOdds([]float64{-depth}))
}

func FuzzReadXGBoost(f *testing.F) {
	f.Add([]byte(xgbStump))
	for _, c := range readXGBCases(f) {
		if len(c.Model) < 10_000 {
			f.Add([]byte(c.Model))
		}
		f.Add(c.UBJ)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := boost.ReadXGBoost(strings.NewReader(string(data)), nil)
		if err == nil {
			checkRead(t, m)
		}
	})
}

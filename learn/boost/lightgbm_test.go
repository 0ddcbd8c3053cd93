package boost_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/boost"
)

// lgbModel is a text in the form of LightGBM's, made by hand. Node 0: recency <= 30.5, missing
// values to the right; 1: channel in {0, 2, 33}, whose set is of two words; 2: spend <= 0, a
// missing value being zero. The second tree is one leaf.
const lgbModel = `tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=3
objective=binary sigmoid:1
feature_names=recency channel spend unused
feature_infos=[0:365] 2:0:1:33 [0:1000] none
tree_sizes=500 60

Tree=0
num_leaves=4
num_cat=1
split_feature=0 1 2
split_gain=40 10 5
threshold=30.500000000000004 0 1.0000000180025095e-35
decision_type=8 1 2
left_child=1 -1 -3
right_child=2 -2 -4
leaf_value=0.25 -0.125 1 0.5
leaf_weight=2 4 1 1
leaf_count=10 20 5 5
internal_value=0 0 0
internal_weight=8 6 2
internal_count=40 30 10
cat_boundaries=0 2
cat_threshold=5 2
is_linear=0
shrinkage=0.1


Tree=1
num_leaves=1
num_cat=0
split_feature=
split_gain=
threshold=
decision_type=
left_child=
right_child=
leaf_value=-0.0625
leaf_weight=
leaf_count=
internal_value=
internal_weight=
internal_count=
is_linear=0
shrinkage=1


end of trees

feature_importances:
recency=1

parameters:
[boosting: gbdt]
[categorical_feature: 1]
end of parameters

pandas_categorical:null
`

// lgbLevels returns texts for codes, lgbTexts the same as JSON.
func lgbLevels(from, to int) (levels []string) {
	for i := from; i < to; i++ {
		levels = append(levels, fmt.Sprint("level ", i))
	}
	return levels
}

func lgbTexts(from, to int) string {
	return `, "` + strings.Join(lgbLevels(from, to), `", "`) + `"`
}

// lgbReplace returns the model with each odd text in place of the even one before it.
func lgbReplace(t *testing.T, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, lgbModel, pairs[i])
	}
	return strings.NewReplacer(pairs...).Replace(lgbModel)
}

func TestLightGBM(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		replace []string
		levels  []string
		sigmoid float64
	}{
		"as it is":          {nil, nil, 1},
		"lines of Windows":  {[]string{"\n", "\r\n"}, nil, 1},
		"format v2":         {[]string{"version=v4", "version=v2", "end of trees\n\nfeature_importances:", "\nfeature importances:", "end of parameters\n", ""}, nil, 1},
		"another sigmoid":   {[]string{"sigmoid:1", "sigmoid:2.5"}, nil, 2.5},
		"cross entropy":     {[]string{"binary sigmoid:1", "cross_entropy"}, nil, 1},
		"weights as cover":  {[]string{"leaf_count=10 20 5 5", "leaf_count=0 0 0 0"}, nil, 1},
		"without cover":     {[]string{"leaf_count=10 20 5 5\n", "", "leaf_weight=2 4 1 1\n", ""}, nil, 1},
		"no sizes of trees": {[]string{"tree_sizes=500 60\n", ""}, nil, 1},
		"no parameters":     {[]string{"parameters:\n[boosting: gbdt]\n[categorical_feature: 1]\nend of parameters\n\npandas_categorical:null\n", ""}, nil, 1},
		"levels of pandas in v2": {
			[]string{"version=v4", "version=v2", "end of parameters\n", "", "pandas_categorical:null", `pandas_categorical:[["a"` + lgbTexts(1, 34) + "]]"},
			append([]string{"a"}, lgbLevels(1, 34)...), 1,
		},
		"levels of pandas": {
			[]string{"pandas_categorical:null", `pandas_categorical:[["app", "zwölf", 3, true` + lgbTexts(4, 34) + "]]"},
			append([]string{"app", "zwölf", "3", "true"}, lgbLevels(4, 34)...), 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := boost.ReadLightGBM(strings.NewReader(lgbReplace(t, c.replace...)), nil)
			require.NoError(t, err)
			require.Equal(t, []string{"recency", "channel", "spend", "unused"}, m.Columns())
			require.Equal(t, 2, m.Trees())
			require.InDeltaSlice(t, []float64{40. / 55, 10. / 55, 5. / 55, 0}, m.Importance(), 1e-15)
			again := throughJSON(t, m)
			for _, row := range []struct {
				recency float64
				channel int
				spend   float64
				want    float64
			}{
				{30.500000000000004, 0, 0, 0.25},
				{0, 2, 0, 0.25},
				{-1, 33, 0, 0.25},
				{0, 1, 0, -0.125},
				{0, 3, 0, -0.125},
				{0, 34, 0, -0.125},
				{0, -1, 0, -0.125},
				{0, 99, 0, -0.125},
				{30.500000000000007, 0, 0, 1},
				{nan, 0, -5, 1},
				{nan, 0, nan, 1},
				{nan, 0, 1e-35, 1},
				{nan, 0, 1.0000000180025095e-35, 1},
				{nan, 0, 1.1e-35, 0.5},
				{nan, 0, 3, 0.5},
				{math.Inf(1), 0, math.Inf(-1), 1},
			} {
				level := fmt.Sprint(row.channel)
				if row.channel >= 0 && row.channel < len(c.levels) {
					level = c.levels[row.channel]
				}
				want := (row.want - 0.0625) * c.sigmoid
				values := []float64{row.recency, m.Code(1, level), row.spend, nan}
				require.Equal(t, want, m.LogOdds(values), "%+v", row)
				require.Equal(t, want, again.LogOdds(values), "%+v", row)
				require.InDelta(t, 1/(1+math.Exp(-want)), m.PredictRow(values), 1e-15)
			}
			contributions, base := m.Contributions(nil, []float64{0, m.Code(1, "none"), 0, 0})
			wantBase := (10*0.25 - 20*0.125 + 5*1 + 5*0.5) / 40
			switch name {
			case "weights as cover":
				wantBase = (2*0.25 - 4*0.125 + 1*1 + 1*0.5) / 8
			case "without cover": // halves
				wantBase = (0.25 - 0.125 + 1 + 0.5) / 4
			}
			require.InDelta(t, (wantBase-0.0625)*c.sigmoid, base, 1e-15)
			for _, x := range contributions {
				base += x
			}
			require.InDelta(t, (-0.125-0.0625)*c.sigmoid, base, 1e-12)
		})
	}
}

// publishedLightGBM reads a model of ten trees, rows, and LightGBM's own raw scores of them.
func publishedLightGBM(t *testing.T, file string) (m *boost.Model, rows [][]float64, raw []float64) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var c struct {
		Model string
		Rows  [][]float64
		Raw   []float64
	}
	require.NoError(t, json.Unmarshal(data, &c))
	m, err = boost.ReadLightGBM(strings.NewReader(c.Model), nil)
	require.NoError(t, err)
	require.Equal(t, 10, m.Trees())
	return m, c.Rows, c.Raw
}

// TestLightGBMPredictions holds raw scores against LightGBM's own, to the last bit. lightgbm.json
// has the trees of a model by dart that LightGBM 2 fitted to the breast cancer data of
// scikit-learn, without the lists that scores do not need, its raw scores of 57 rows, as the tests
// of github.com/dmitryikh/leaves (MIT licence) publish both, and the rows.
func TestLightGBMPredictions(t *testing.T) {
	m, rows, raw := publishedLightGBM(t, "testdata/lightgbm.json")
	require.Len(t, raw, 57)
	for i, row := range rows {
		require.Equal(t, raw[i], m.LogOdds(row), "row %d", i)
		require.InDelta(t, 1/(1+math.Exp(-raw[i])), m.PredictRow(row), 1e-15, "row %d", i) // sigmoid:1
	}
}

// TestLightGBMPublishedCategories holds raw scores against LightGBM's own, to the last bit, where questions are about
// categories. lightgbm_categories.json has the trees of one class of the thirteen of lg_kddcup99.model, of LightGBM 2, and its raw
// scores of 17 rows, copied from the same repository by hand: leaves that no row comes to have the value 0, so that the
// scores check all others.
//
// Of the other pairs there, lg_breast_cancer tells the leaves alone, lg_rf_iris and lgmulticlass are of several classes without
// categories, and genlin_fmtp is of the objectives poisson, gamma and tweedie, which are not read.
func TestLightGBMPublishedCategories(t *testing.T) {
	m, rows, raw := publishedLightGBM(t, "testdata/lightgbm_categories.json")
	require.Len(t, raw, 17)
	again := throughJSON(t, m)
	for i, row := range rows {
		for _, column := range []int{1, 21, 22} { // of categories
			row[column] = m.Code(column, fmt.Sprint(row[column]))
		}
		require.Equal(t, raw[i], m.LogOdds(row), "row %d", i)
		require.Equal(t, raw[i], again.LogOdds(row), "row %d", i)
	}
	require.GreaterOrEqual(t, rows[2][22], 0.0) // a level of a set
	require.Equal(t, -1.0, rows[0][22])         // not one of any
}

func TestLightGBMObjectives(t *testing.T) {
	row := []float64{0, -1, 0, 0}
	for objective, want := range map[string]float64{
		"":                          -0.1875,
		"objective=regression\n":    -0.1875,
		"objective=lambdarank\n":    -0.1875,
		"objective=huber\n":         -0.1875,
		"objective=cross_entropy\n": 1 / (1 + math.Exp(0.1875)),
		"objective=binary sigmoid:2\naverage_output\n":   1 / (1 + math.Exp(0.1875)),
		"objective=quantile alpha:0.5\naverage_output\n": -0.1875 / 2,
	} {
		m, err := boost.ReadLightGBM(strings.NewReader(lgbReplace(t, "objective=binary sigmoid:1\n", objective)), nil)
		require.NoError(t, err)
		require.InDelta(t, want, m.PredictRow(row), 1e-15, objective)
	}
}

// TestLightGBMLevels: lists of pandas_categorical are those of the features of categories only
// where there are as many; the options come first.
func TestLightGBMLevels(t *testing.T) {
	read := func(pandas string, opts *boost.ReadOptions) (*boost.Model, error) {
		return boost.ReadLightGBM(strings.NewReader(lgbReplace(t, "pandas_categorical:null", "pandas_categorical:"+pandas)), opts)
	}
	two := `[["a"], ["b"` + lgbTexts(1, 34) + `]]`
	_, err := read(two, nil)
	require.ErrorContains(t, err, "ReadOptions.Levels")
	for _, pandas := range []string{two, "null", "[]", `[["a"]]`} {
		m, err := read(pandas, &boost.ReadOptions{Levels: map[string][]string{"channel": lgbLevels(0, 34), "unused": {"a"}}})
		require.NoError(t, err)
		require.Equal(t, 33.0, m.Code(1, "level 33"))
		require.Equal(t, 0.0, m.Code(3, "a"))
		require.Equal(t, -1.0, m.Code(1, "33"))
		require.Equal(t, 0.25-0.0625, m.LogOdds([]float64{0, m.Code(1, "level 33"), 0, 0}))
	}
	for pandas, want := range map[string]string{
		`[["a"]]`:                               "more categories than levels",
		`[["a", "a"` + lgbTexts(2, 34) + "]]":   "a level twice",
		`[[1, "1"` + lgbTexts(2, 34) + "]]":     "a level twice",
		`[["a"`:                                 "list of lists",
		`[["\ud800", "a"` + lgbTexts(2, 34):     "list of lists",
		`{"a": ["b"` + lgbTexts(1, 34) + `]}`:   "list of lists",
		`[["a"]` + strings.Repeat(", []", 1000): "list of lists",
	} {
		_, err := read(pandas, nil)
		require.ErrorContains(t, err, want)
	}
	_, err = read("null", &boost.ReadOptions{Levels: map[string][]string{"spend": {"a"}}})
	require.ErrorContains(t, err, "numbers and of categories")
	_, err = read("null", &boost.ReadOptions{Levels: map[string][]string{"mood": {"a"}}})
	require.ErrorContains(t, err, "not a feature")
}

// TestLightGBMNames: names have any white space but blanks, which LightGBM makes underscores.
func TestLightGBMNames(t *testing.T) {
	m, err := boost.ReadLightGBM(strings.NewReader(lgbReplace(t, "feature_names=recency", "feature_names=距上次\u3000购买\tdays\u00a0=")), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"距上次\u3000购买\tdays\u00a0=", "channel", "spend", "unused"}, m.Columns())
}

// TestLightGBMCategories: a text may not have many more categories than it has room to name, in
// all its features together.
func TestLightGBMCategories(t *testing.T) {
	read := func(features, words int) error {
		var b strings.Builder
		fmt.Fprintf(&b, "tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=%d\nobjective=regression\nfeature_names=", features-1)
		for i := range features {
			fmt.Fprintf(&b, "f%d ", i)
		}
		b.WriteString("\nfeature_infos=" + strings.Repeat("0:1 ", features) + "\n\n")
		for i := range features {
			fmt.Fprintf(&b, "Tree=%d\nnum_leaves=2\nsplit_feature=%d\nthreshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n"+
				"cat_boundaries=0 %d\ncat_threshold=%s\n\n", i, i, words, strings.Repeat("4294967295 ", words))
		}
		b.WriteString("end of trees\n")
		_, err := boost.ReadLightGBM(strings.NewReader(b.String()), nil)
		return err
	}
	require.NoError(t, read(8, 1))
	require.ErrorContains(t, read(8, 60), "too many categories")
}

func TestLightGBMRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		replace     []string
		unsupported bool
	}{
		"several classes":               {[]string{"num_class=1", "num_class=3"}, true},
		"several trees a round":         {[]string{"num_tree_per_iteration=1", "num_tree_per_iteration=3"}, true},
		"linear trees":                  {[]string{"is_linear=0\nshrinkage=0.1", "is_linear=1\nshrinkage=0.1"}, true},
		"counts":                        {[]string{"binary sigmoid:1", "poisson"}, true},
		"roots":                         {[]string{"binary sigmoid:1", "regression sqrt"}, true},
		"another version":               {[]string{"version=v4", "version=v9"}, true},
		"JSON":                          {[]string{"tree\nversion", "{\"name\":\"tree\"}\nversion"}, true},
		"another text":                  {[]string{"tree\nversion", "forest\nversion"}, false},
		"nothing":                       {[]string{lgbModel, ""}, false},
		"no number of classes":          {[]string{"num_class=1\n", ""}, false},
		"no sigmoid":                    {[]string{" sigmoid:1", ""}, false},
		"sigmoid of zero":               {[]string{"sigmoid:1", "sigmoid:0"}, false},
		"names of other features":       {[]string{"feature_names=recency ", "feature_names="}, false},
		"names that are equal":          {[]string{"feature_names=recency channel", "feature_names=channel channel"}, false},
		"a tree too few":                {[]string{"tree_sizes=500 60", "tree_sizes=500 60 60"}, false},
		"a tree out of its place":       {[]string{"Tree=1", "Tree=2"}, false},
		"parameters without end":        {[]string{"end of parameters", ""}, false},
		"leaves without end":            {[]string{"num_leaves=4", "num_leaves=1000000000"}, false},
		"no leaves":                     {[]string{"num_leaves=4", "num_leaves=0"}, false},
		"a loop":                        {[]string{"left_child=1", "left_child=0"}, false},
		"one leaf twice":                {[]string{"left_child=1 -1", "left_child=1 -2"}, false},
		"a question that is not":        {[]string{"left_child=1", "left_child=3"}, false},
		"a leaf that is not":            {[]string{"right_child=2 -2 -4", "right_child=2 -2 -5"}, false},
		"the least leaf":                {[]string{"right_child=2 -2 -4", "right_child=2 -2 -2147483648"}, false},
		"a feature that is not":         {[]string{"split_feature=0", "split_feature=4"}, false},
		"a negative feature":            {[]string{"split_feature=0", "split_feature=-1"}, false},
		"a threshold that is not":       {[]string{"threshold=30.500000000000004", "threshold=nan"}, false},
		"an infinite threshold":         {[]string{"threshold=30.500000000000004", "threshold=inf"}, false},
		"a leaf that is not a number":   {[]string{"leaf_value=0.25", "leaf_value=nan"}, false},
		"text for a number":             {[]string{"leaf_value=0.25", "leaf_value=low"}, false},
		"text for a whole number":       {[]string{"left_child=1", "left_child=1.5"}, false},
		"lists of two lengths":          {[]string{"split_gain=40 10 5", "split_gain=40 10"}, false},
		"negative cover":                {[]string{"leaf_count=10", "leaf_count=-10"}, false},
		"an unknown kind of missing":    {[]string{"decision_type=8", "decision_type=12"}, false},
		"a set that is not":             {[]string{"threshold=30.500000000000004 0", "threshold=30.500000000000004 1"}, false},
		"a set of two questions":        {[]string{"decision_type=8 1 2", "decision_type=8 1 1", " 1.0000000180025095e-35", " 0"}, false},
		"an empty set":                  {[]string{"cat_threshold=5 2", "cat_threshold=0 0"}, false},
		"bounds beyond the set":         {[]string{"cat_boundaries=0 2", "cat_boundaries=0 1000000000"}, false},
		"bounds that fall":              {[]string{"cat_boundaries=0 2", "cat_boundaries=0 3 2"}, false},
		"a word too long":               {[]string{"cat_threshold=5", "cat_threshold=4294967296"}, false},
		"numbers and categories in one": {[]string{"split_feature=0 1 2", "split_feature=0 1 1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := boost.ReadLightGBM(strings.NewReader(lgbReplace(t, c.replace...)), nil)
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
	for cut := range strings.Index(lgbModel, "end of trees") + len("end of trees") {
		_, err := boost.ReadLightGBM(strings.NewReader(lgbModel[:cut]), nil)
		require.Error(t, err, "cut at %d", cut)
	}
}

// lgbTree is a tree as the text has it.
type lgbTree struct {
	feature, kind, left, right []int
	threshold, value           []float64
	sets                       [][]int // codes that go left, of the questions about categories
}

// predict decides as tree.h of LightGBM does, on the lists of the text.
func (tree *lgbTree) predict(row []float64) float64 {
	const zero = float64(float32(1e-35))
	i := 0
	for i >= 0 {
		x, next := row[tree.feature[i]], tree.right[i]
		if math.Abs(x) <= zero {
			x = 0 // as rows are stored
		}
		missing := tree.kind[i] >> 2
		if tree.kind[i]&1 != 0 {
			for _, code := range tree.sets[int(tree.threshold[i])] {
				if x >= 0 && int(x) == code {
					next = tree.left[i]
				}
			}
		} else {
			if x != x && missing != 2 {
				x = 0
			}
			if missing == 1 && x == 0 || missing == 2 && x != x {
				if tree.kind[i]&2 != 0 {
					next = tree.left[i]
				}
			} else if x <= tree.threshold[i] {
				next = tree.left[i]
			}
		}
		i = next
	}
	return tree.value[^i]
}

func lgbList[T any](name string, list []T) string {
	return name + "=" + strings.Trim(fmt.Sprint(list), "[]") + "\n"
}

func (tree *lgbTree) text() string {
	var words []int
	bounds := []int{0}
	for _, set := range tree.sets {
		word := make([]int, set[len(set)-1]/32+1)
		for _, code := range set {
			word[code/32] |= 1 << (code % 32)
		}
		words = append(words, word...)
		bounds = append(bounds, len(words))
	}
	n := len(tree.value)
	s := fmt.Sprintf("num_leaves=%d\nnum_cat=%d\n", n, len(tree.sets)) + lgbList("split_feature", tree.feature) + lgbList("split_gain", make([]int, n-1)) +
		lgbList("threshold", tree.threshold) + lgbList("decision_type", tree.kind) + lgbList("left_child", tree.left) + lgbList("right_child", tree.right) +
		lgbList("leaf_value", tree.value)
	if len(tree.sets) > 0 {
		s += lgbList("cat_boundaries", bounds) + lgbList("cat_threshold", words)
	}
	return s + "\n"
}

// lgbRandom returns a tree over four features, the last two of categories, that has grown as
// LightGBM's: a leaf becomes a question, its rows on the right a new leaf.
func lgbRandom(r *rand.Rand, thresholds []float64) (tree lgbTree) {
	tree.value = []float64{r.NormFloat64()}
	for leaves := 1; leaves < 2+r.IntN(9); leaves++ {
		leaf, node := r.IntN(leaves), len(tree.left)
		for i := range tree.left {
			for _, child := range []*int{&tree.left[i], &tree.right[i]} {
				if *child == ^leaf {
					*child = node
				}
			}
		}
		tree.left, tree.right, tree.value = append(tree.left, ^leaf), append(tree.right, ^leaves), append(tree.value, r.NormFloat64())
		feature := r.IntN(4)
		tree.feature = append(tree.feature, feature)
		if feature < 2 {
			tree.kind, tree.threshold = append(tree.kind, r.IntN(2)*2+r.IntN(3)*4), append(tree.threshold, thresholds[r.IntN(len(thresholds))])
			continue
		}
		set := []int{r.IntN(3)}
		for r.IntN(3) > 0 {
			set = append(set, set[len(set)-1]+1+r.IntN(40))
		}
		tree.kind, tree.threshold = append(tree.kind, 1+r.IntN(3)*4), append(tree.threshold, float64(len(tree.sets)))
		tree.sets = append(tree.sets, set)
	}
	return tree
}

// TestLightGBMEqualsSlow holds random models, of all kinds of missing values and of categories,
// against a way through the lists of the text.
func TestLightGBMEqualsSlow(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	zero := float64(float32(1e-35))
	special := []float64{0, math.Copysign(0, -1), zero, -zero, math.Nextafter(zero, 1), math.Nextafter(-zero, -1), 1e-36, -1e-36, 1, -1, 2.5, 1e300}
	for range 100 {
		var trees []lgbTree
		var b strings.Builder
		b.WriteString("tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=3\nobjective=regression\n" +
			"feature_names=a b c d\nfeature_infos=[0:1] [0:1] 0:1 0:1:2\n\n")
		for at := range 1 + r.IntN(9) {
			trees = append(trees, lgbRandom(r, special))
			fmt.Fprintf(&b, "Tree=%d\n%s\n", at, trees[at].text())
		}
		b.WriteString("end of trees\n")
		m, err := boost.ReadLightGBM(strings.NewReader(b.String()), nil)
		require.NoError(t, err, b.String())
		again := throughJSON(t, m)
		for range 60 {
			theirs, ours := make([]float64, 4), make([]float64, 4)
			for i := range theirs {
				theirs[i] = special[r.IntN(len(special))]
				if i >= 2 {
					theirs[i] = float64(r.IntN(50))
				}
				if r.IntN(5) == 0 {
					theirs[i] = math.NaN()
				}
				if ours[i] = theirs[i]; i >= 2 {
					ours[i] = m.Code(i, fmt.Sprint(theirs[i]))
				}
			}
			want := 0.0
			for i := range trees {
				want += trees[i].predict(theirs)
			}
			require.Equal(t, want, m.LogOdds(ours), "%v\n%s", theirs, b.String())
			require.Equal(t, want, again.LogOdds(ours))
		}
	}
}

func FuzzReadLightGBM(f *testing.F) {
	f.Add([]byte(lgbModel))
	f.Add([]byte(strings.NewReplacer("decision_type=8 1 2", "decision_type=4 1 6", "null", `[["a"`+lgbTexts(1, 34)+"]]").Replace(lgbModel)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := boost.ReadLightGBM(strings.NewReader(string(data)), nil)
		if err == nil {
			checkRead(t, m)
		}
	})
}

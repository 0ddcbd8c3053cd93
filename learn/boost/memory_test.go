package boost_test

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/learn/boost"
)

// series joins what f writes of 0 to n-1.
func series(n int, between string, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(f(i))
	}
	return b.String()
}

func always(text string) func(int) string { return func(int) string { return text } }

// xgbChain is an XGBoost model of one tree, a chain of questions about the first of its features.
func xgbChain(questions, features int, names string) string {
	nodes := 2*questions + 1
	list := func(name string, f func(i int) string) string {
		return `"` + name + `":[` + series(nodes, ",", f) + "],"
	}
	zero := always("0")
	child := func(side int) func(i int) string {
		return func(i int) string {
			if i%2 == 1 || i == nodes-1 {
				return "-1"
			}
			return strconv.Itoa(i + side)
		}
	}
	return `{"learner":{"feature_names":[` + names + `],"gradient_booster":{"name":"gbtree","model":{"trees":[{` +
		list("left_children", child(1)) + list("right_children", child(2)) + list("split_indices", zero) + list("split_conditions", zero) +
		list("default_left", zero) + list("loss_changes", zero) + list("sum_hessian", zero) + `"tree_param":{}}]}},` +
		`"learner_model_param":{"base_score":"0","num_feature":"` + strconv.Itoa(features) + `"},"objective":{"name":"reg:squarederror"}}}`
}

// lgbText is a LightGBM model whose tree, a text, comes so many times.
func lgbText(trees int, tree string) string {
	return "tree\nversion=v2\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=0\nfeature_names=a\nfeature_infos=none\n\n" +
		series(trees, "", func(i int) string { return fmt.Sprintf("Tree=%d\n%s", i, tree) }) + "feature importances:\n"
}

// TestReadingTakesMemoryInTheLength: what the readers allocate in all, freed or not, is at most 160
// bytes for a byte of the worst texts that are accepted, and what is said in their documentation: 32 MB of sets,
// which grow by doubling, and features that an XGBoost file only counts.
func TestReadingTakesMemoryInTheLength(t *testing.T) {
	race.Skip(t)
	xgb := func(text string) error { _, err := boost.ReadXGBoost(strings.NewReader(text), nil); return err }
	lgb := func(text string) error { _, err := boost.ReadLightGBM(strings.NewReader(text), nil); return err }
	own := func(text string) error { return new(boost.Model).UnmarshalJSON([]byte(text)) }
	model := func(columns, trees string) string {
		return `{"version":1,"kind":"boost.Model","columns":[` + columns + `],"trees":[` + trees + `]}`
	}
	const chain = 20_000
	name := func(i int) string { return `"` + strconv.FormatInt(int64(i), 36) + `"` }
	number := func(i int) string { return `{"name":` + name(i) + `,"kind":"number"}` }
	for _, c := range []struct {
		name  string
		read  func(text string) error
		text  string
		fixed uint64
	}{
		{"XGBoost: nodes", xgb, xgbChain(chain, 1, `"a"`), 0},
		{"XGBoost: names", xgb, xgbChain(0, 50_000, series(50_000, ",", name)), 0},
		{"XGBoost: features without a name", xgb, xgbChain(0, 1<<17, ""), 64 << 20},
		{"LightGBM: nodes", lgb, lgbText(1, "num_leaves="+strconv.Itoa(chain+1)+
			"\nsplit_feature="+series(chain, " ", always("0"))+"\nthreshold="+series(chain, " ", always("0"))+"\ndecision_type="+series(chain, " ", always("0"))+
			"\nleft_child="+series(chain, " ", func(i int) string { return strconv.Itoa(-i - 1) })+
			"\nright_child="+series(chain, " ", func(i int) string {
			if i == chain-1 {
				return strconv.Itoa(-chain - 1)
			}
			return strconv.Itoa(i + 1)
		})+"\nleaf_value="+series(chain+1, " ", always("0"))+"\n"), 0},
		{"LightGBM: trees", lgb, lgbText(chain, "num_leaves=1\nleaf_value=0\n"), 0},
		{"LightGBM: categories", lgb, lgbText(1, "num_leaves=2\nsplit_feature=0\nthreshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\nleaf_value=0 0\ncat_boundaries=0 10000\ncat_threshold="+
			series(10_000, " ", always("16"))+"\n"), 0},
		{"nodes", own, model(number(0), "["+series(chain, ",", always(`{"ask":{}},{}`))+",{}]"), 0},
		{"trees", own, model("", series(chain, ",", always(`[{}]`))), 0},
		{"columns", own, model(series(chain, ",", number), ""), 0},
		{"levels", own, model(`{"name":"c","kind":"category","levels":[`+series(50_000, ",", name)+`]}`, ""), 0},
		{"sets", own, model(`{"name":"c","kind":"category","levels":[`+series(36_000, ",", name)+`]}`, series(7400, ",", always(`[{"ask":{"left":[1]}},{},{}]`))), 160 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := c.read(c.text)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			used := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d bytes: %.1f times", len(c.text), float64(used)/float64(len(c.text)))
			require.Less(t, used, 160*uint64(len(c.text))+c.fixed)
		})
	}
}

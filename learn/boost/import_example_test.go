package boost_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/clientele-go/clientele/learn/boost"
)

// A model of one question, as XGBoost writes it, but for lists that do not matter here.
func ExampleReadXGBoost() {
	const file = `{"learner": {
		"feature_names": ["recency", "channel"], "feature_types": ["float", "c"],
		"gradient_booster": {"name": "gbtree", "model": {"trees": [{
			"left_children": [1, -1, -1], "right_children": [2, -1, -1],
			"split_indices": [1, 0, 0], "split_type": [1, 0, 0], "default_left": [1, 0, 0],
			"split_conditions": [NaN, 0.25, -0.75], "loss_changes": [9, 0, 0], "sum_hessian": [12, 8, 4],
			"categories": [0, 2], "categories_nodes": [0], "categories_segments": [0], "categories_sizes": [2]
		}]}},
		"learner_model_param": {"base_score": "5E-1", "num_feature": "2"},
		"objective": {"name": "binary:logistic"}
	}, "version": [1, 7, 4]}`
	m, err := boost.ReadXGBoost(strings.NewReader(file), &boost.ReadOptions{
		Levels: map[string][]string{"channel": {"app", "shop", "web"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, channel := range []string{"app", "shop", "web", "fax"} {
		fmt.Printf("%s %.3f\n", channel, m.PredictRow([]float64{30, m.Code(1, channel)}))
	}
	// Output:
	// app 0.321
	// shop 0.562
	// web 0.321
	// fax 0.562
}

// A model of two questions, as LightGBM writes it, but for lines that do not matter here.
func ExampleReadLightGBM() {
	const file = `tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=recency channel
feature_infos=[0:365] 0:1:2

Tree=0
num_leaves=3
split_feature=0 1
split_gain=20 8
threshold=90.500000000000014 0
decision_type=2 1
left_child=-1 -2
right_child=1 -3
leaf_value=-1.5 0.5 2
leaf_count=60 10 30
cat_boundaries=0 1
cat_threshold=5

end of trees

pandas_categorical:[["app", "shop", "web"]]
`
	m, err := boost.ReadLightGBM(strings.NewReader(file), nil)
	if err != nil {
		log.Fatal(err)
	}
	row := []float64{120, m.Code(1, "shop")}
	contributions, base := m.Contributions(nil, row)
	fmt.Printf("%.3f = sigmoid(%.2f)\n", m.PredictRow(row), m.LogOdds(row))
	fmt.Printf("%v: %.2f of %.2f\n", m.Columns(), contributions, base)
	// Output:
	// 0.881 = sigmoid(2.00)
	// [recency channel]: [1.99 0.26] of -0.25
}

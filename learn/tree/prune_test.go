package tree_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/learn/tree"
)

// TestPruningEqualsScikitLearn holds trees of both criteria, with class weights and
// min_samples_split, their importance, cost_complexity_pruning_path, ccp_alpha and
// predict_proba against scikit-learn 1.2.1, written by testdata/prune.py. There class
// weights change probabilities; those of this package times the weights are the same.
func TestPruningEqualsScikitLearn(t *testing.T) {
	var fixture struct {
		Cases []struct {
			Criterion         tree.Criterion
			MinSplit          float64   `json:"min_split"`
			MinLeaf           float64   `json:"min_leaf"`
			ClassWeights      []float64 `json:"class_weights"`
			Columns           [][]float64
			Classes           []int32
			Feature           []int
			Threshold         []float64
			Impurity          []float64
			Value             [][]float64
			Importance        []float64
			Alphas            []float64
			Impurities        []float64
			Alpha             float64
			PrunedFeature     []int `json:"pruned_feature"`
			Fresh             [][]float64
			Probability       [][]float64
			PrunedProbability [][]float64 `json:"pruned_probability"`
		}
	}
	data, err := os.ReadFile("testdata/sklearn_prune.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &fixture))
	require.Len(t, fixture.Cases, 6)
	for i, c := range fixture.Cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			full, err := tree.Fit(t.Context(), numbers(c.Columns...), c.Classes, &tree.Options{
				Criterion: c.Criterion, MinSplit: c.MinSplit, MinLeaf: c.MinLeaf, ClassWeights: c.ClassWeights,
			})
			require.NoError(t, err)
			factor := func(class int) float64 {
				if c.ClassWeights == nil {
					return 1
				}
				return c.ClassWeights[class]
			}
			w := nodes(t, full)
			require.Len(t, w.Nodes, len(c.Feature))
			for i, n := range w.Nodes {
				for class, weight := range n.Weights {
					require.Equal(t, c.Value[i][class], weight*factor(class))
				}
				if c.Feature[i] >= 0 {
					require.Equal(t, c.Feature[i], n.Ask.Column)
					require.Equal(t, c.Threshold[i], *n.Ask.UpTo)
				} else {
					require.Nil(t, n.Ask)
				}
			}
			importance := full.Importance()
			sum := 0.0
			for _, v := range importance {
				sum += v
			}
			for column, v := range importance {
				require.InDelta(t, c.Importance[column], v/sum, 1e-12)
			}

			steps := full.Sequence(tree.Impurity)
			require.InDelta(t, c.Impurity[0], steps[len(steps)-1].Risk, 1e-12)
			at := 0
			for k, alpha := range c.Alphas { // there, equally weak links are cut one by one
				if k+1 < len(c.Alphas) && c.Alphas[k+1]-alpha < 1e-12 {
					continue
				}
				require.InDelta(t, alpha, steps[at].Alpha, 1e-12)
				require.InDelta(t, c.Impurities[k], steps[at].Risk, 1e-12)
				at++
			}
			require.Len(t, steps, at)

			pruned := full.Prune(c.Alpha, tree.Impurity)
			for i, n := range nodes(t, pruned).Nodes {
				if c.PrunedFeature[i] >= 0 {
					require.Equal(t, c.PrunedFeature[i], n.Ask.Column)
				} else {
					require.Nil(t, n.Ask)
				}
			}
			row := make([]float64, len(c.Columns))
			for r := range c.Fresh[0] {
				for column := range row {
					row[column] = c.Fresh[column][r]
				}
				for tr, want := range map[*tree.Tree][]float64{full: c.Probability[r], pruned: c.PrunedProbability[r]} {
					sum := 0.0
					for class := range want {
						sum += factor(class) * tr.Probability(row, int32(class))
					}
					for class := range want {
						require.InDelta(t, want[class], factor(class)*tr.Probability(row, int32(class))/sum, 1e-12)
					}
				}
			}
		})
	}
}

// small is a node of a tree that is pruned in every way.
type small struct {
	weights     []float64
	left, right *small
}

func smallTree(t *testing.T, tr *tree.Tree) *small {
	rest := nodes(t, tr).Nodes
	var build func() *small
	build = func() *small {
		n := rest[0]
		rest = rest[1:]
		s := &small{weights: n.Weights}
		if n.Ask != nil {
			s.left = build()
			s.right = build()
		}
		return s
	}
	return build()
}

// prunings returns the risk and the leaves of every pruned tree.
func (s *small) prunings(risk func(weights []float64) float64) (risks []float64, leaves []int) {
	risks, leaves = []float64{risk(s.weights)}, []int{1}
	if s.left == nil {
		return risks, leaves
	}
	leftRisks, leftLeaves := s.left.prunings(risk)
	rightRisks, rightLeaves := s.right.prunings(risk)
	for i := range leftRisks {
		for j := range rightRisks {
			risks, leaves = append(risks, leftRisks[i]+rightRisks[j]), append(leaves, leftLeaves[i]+rightLeaves[j])
		}
	}
	return risks, leaves
}

// TestPruningIsBestOfAll compares pruned trees with the best of all prunings.
func TestPruningIsBestOfAll(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for round := range 60 {
		k := 2 + round%3
		tab, classes, weights := draw(r, 60, k, 4, 0.1)
		o := &tree.Options{MaxDepth: 4, Weights: weights, Criterion: tree.Criterion(round / 3 % 2)}
		if round%4 > 1 {
			o.ClassWeights = []float64{1, 3, 0.5, 2}
		}
		full, err := tree.Fit(t.Context(), tab, classes, o)
		require.NoError(t, err)
		for _, kind := range []tree.Risk{tree.Impurity, tree.Errors} {
			total := 0.0
			risk := func(weights []float64) float64 {
				sum, squares, most, logs := 0.0, 0.0, 0.0, 0.0
				for class, w := range weights {
					if o.ClassWeights != nil {
						w *= o.ClassWeights[class]
					}
					sum, squares, most = sum+w, squares+w*w, max(most, w)
					if w > 0 {
						logs += w * math.Log2(w)
					}
				}
				if total == 0 {
					total = sum // the root comes first
				}
				switch {
				case kind == tree.Errors:
					return (sum - most) / total
				case o.Criterion == tree.Gini:
					return (sum - squares/sum) / total
				}
				return (sum*math.Log2(sum) - logs) / total
			}
			root := smallTree(t, full)
			risk(root.weights)
			risks, leaves := root.prunings(risk)
			steps := full.Sequence(kind)
			require.Equal(t, 1, steps[len(steps)-1].Leaves)
			require.Zero(t, steps[0].Alpha)
			for i, s := range steps {
				if i > 0 {
					require.Greater(t, s.Alpha, steps[i-1].Alpha)
					require.Less(t, s.Leaves, steps[i-1].Leaves)
				}
				pruned := full.Prune(s.Alpha, kind)
				require.Len(t, pruned.Leaves(), s.Leaves)
				again := pruned.Sequence(kind)
				require.InDelta(t, s.Risk, again[0].Risk, 1e-12)
				require.Len(t, again, len(steps)-i)
			}
			for _, alpha := range []float64{0, 1e-3, 0.01, r.Float64() / 20, r.Float64() / 5, math.Inf(1)} {
				pruned := full.Prune(alpha, kind)
				sum := 0.0
				for _, leaf := range pruned.Leaves() {
					sum += risk(leaf.Weights)
				}
				if math.IsInf(alpha, 1) {
					require.Len(t, pruned.Leaves(), 1)
					continue
				}
				best, fewest := math.Inf(1), 0
				for i := range risks {
					cost := risks[i] + alpha*float64(leaves[i])
					if cost < best-1e-12 {
						best, fewest = cost, leaves[i]
					} else if cost < best+1e-12 {
						fewest = min(fewest, leaves[i])
					}
				}
				require.InDelta(t, best, sum+alpha*float64(len(pruned.Leaves())), 1e-12)
				require.Len(t, pruned.Leaves(), fewest)
			}
		}
	}
}

func TestPruneKeepsTheTree(t *testing.T) {
	tab, classes, _ := draw(rand.New(rand.NewPCG(33, 34)), 200, 3, 5, 0.1)
	full, err := tree.Fit(t.Context(), tab, classes, &tree.Options{Smoothing: 1, Criterion: tree.Entropy, ClassWeights: []float64{1, 2, 3}})
	require.NoError(t, err)
	before := full.String()
	steps := full.Sequence(tree.Errors)
	pruned := full.Prune(steps[len(steps)/2].Alpha, tree.Errors)
	require.Equal(t, before, full.String())
	require.Panics(t, func() { full.Prune(math.NaN(), tree.Errors) })
	require.Equal(t, before, full.Prune(-1, tree.Errors).String(), "leaves that earn their keep")

	data, err := json.Marshal(pruned)
	require.NoError(t, err)
	var read tree.Tree
	require.NoError(t, json.Unmarshal(data, &read))
	require.Equal(t, pruned, &read)
	leaves, err := tree.Apply(t.Context(), pruned, tab)
	require.NoError(t, err)
	require.Equal(t, len(pruned.Leaves())-1, int(slices.Max(leaves)))
}

// TestRiskOfRareClasses: where a class is rare no leaf may have it as its class, but its
// share differs; errors cut all, impurity does not.
func TestRiskOfRareClasses(t *testing.T) {
	x, classes := make([]float64, 1000), make([]int32, 1000)
	for i := range x {
		x[i] = float64(i % 2)
		if i%20 == 1 || i%100 == 2 {
			classes[i] = 1
		}
	}
	full, err := tree.Fit(t.Context(), numbers(x), classes, nil)
	require.NoError(t, err)
	require.Len(t, full.Prune(0, tree.Errors).Leaves(), 1)
	pruned := full.Prune(0, tree.Impurity)
	require.Len(t, pruned.Leaves(), 2)
	require.InDelta(t, 0.02, pruned.Probability([]float64{0}, 1), 1e-15)
	require.InDelta(t, 0.1, pruned.Probability([]float64{1}, 1), 1e-15)
}

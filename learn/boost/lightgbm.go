package boost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// ReadLightGBM reads a model that LightGBM saved as text, by Booster.save_model, of the formats
// v2 to v4. It was held against raw scores of LightGBM 2 that are published with their models, and
// for missing values and the formats v3 and v4 against its source.
//
// Scores are those of LightGBM, to the last bit, but for a binary model whose sigmoid is not 1:
// LogOdds is then sigmoid times LightGBM's raw score, which is the log-odds, and for random
// forests, whose mean is of the same leaves in another order of rounding.
//
// The columns are the features in their order, by feature_names. NaN is missing: as in
// LightGBM it is as zero for a feature that had no missing value in the fit, zero is missing
// where zero_as_missing was set, and numbers up to 1e-35 in size are zero. The levels of
// categories are those of pandas_categorical, numbers and truth values as JSON writes them, or
// without it the codes: "0", "1" and so on. Other levels and missing ones go to the right.
//
// pandas_categorical does not say of which feature a list is: lists are taken in order if there
// are as many as features of categories, and else opts must have the levels. Give them too
// where one column was an ordered category of pandas, which LightGBM takes as a number,
// and another one of numbers that were declared to be categories.
//
// Read are boosted trees, dart, goss and random forests, of the objectives binary and
// cross_entropy, whose scores are log-odds, and of regression, lambdarank and others that predict
// the score itself, or a custom one. Cover is the number of rows, or where that is not told
// their weight; a gain that is not a positive number is 0.
//
// Several classes, linear trees, other objectives, other formats, and the JSON of dump_model are
// errors that wrap [ErrUnsupported]. Other errors are of a text that is not whole or not
// consistent, of features of one name, and of levels that do not fit. Nil options have no levels.
// Time and memory grow with the length of the text, whatever it says, but for 32 MB of sets of
// categories.
func ReadLightGBM(r io.Reader, opts *ReadOptions) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("boost: %w", err)
	}
	g := &lgbText{rest: string(data)}
	if err := g.header(); err != nil {
		return nil, err
	}
	f := &foreign{}
	scale, err := g.objective(f)
	if err != nil {
		return nil, err
	}
	if err := g.features(f); err != nil {
		return nil, err
	}
	for tree := 0; g.line == "Tree="+strconv.Itoa(tree); tree++ {
		nodes, err := g.tree()
		if err == nil {
			err = f.add(nodes)
		}
		if err != nil {
			return nil, fmt.Errorf("boost: tree %d: %w", tree, err)
		}
	}
	if err := g.end(f, opts); err != nil {
		return nil, err
	}
	if _, average := g.values["average_output"]; average {
		scale /= float64(max(1, len(f.trees)))
	}
	for _, tree := range f.trees {
		for i := range tree {
			if tree[i].value *= scale; math.Abs(tree[i].value) > largest {
				return nil, errors.New("boost: values are out of range")
			}
		}
	}
	return f.build(len(data))
}

// lgbText is the text of a model on its way, line by line.
type lgbText struct {
	rest, line string
	values     map[string]string // of the header
}

// next takes the next line; it returns false after the last.
func (g *lgbText) next() bool {
	if g.rest == "" {
		g.line = ""
		return false
	}
	g.line, g.rest, _ = strings.Cut(g.rest, "\n")
	g.line = strings.TrimSuffix(g.line, "\r")
	return true
}

// header takes the lines up to the first tree.
func (g *lgbText) header() error {
	if strings.HasPrefix(strings.TrimSpace(g.rest), "{") {
		return fmt.Errorf("%w: JSON, which dump_model writes; save_model writes text", ErrUnsupported)
	}
	if g.next(); g.line != "tree" {
		return errors.New("boost: not a model of LightGBM")
	}
	g.values = make(map[string]string)
	for g.next() && !strings.HasPrefix(g.line, "Tree=") && !g.atEnd() {
		name, value, _ := strings.Cut(g.line, "=")
		g.values[name] = value
	}
	if v := g.values["version"]; v != "v2" && v != "v3" && v != "v4" {
		return fmt.Errorf("%w: version of the format", ErrUnsupported)
	}
	for _, name := range []string{"num_class", "num_tree_per_iteration"} {
		if n, err := strconv.Atoi(g.values[name]); err != nil {
			return errors.New("boost: number of classes is not one")
		} else if n != 1 {
			return fmt.Errorf("%w: several classes", ErrUnsupported)
		}
	}
	return nil
}

// atEnd reports whether the line ends the trees; "end of trees" is of v3 on.
func (g *lgbText) atEnd() bool {
	return g.line == "end of trees" || g.line == "feature importances:" || g.line == "feature_importances:"
}

// objective takes the objective and returns by what values are multiplied.
func (g *lgbText) objective(f *foreign) (scale float64, err error) {
	words := strings.Fields(g.values["objective"])
	if len(words) == 0 {
		return 1, nil // a custom one: LightGBM gives raw scores
	}
	switch words[0] {
	case "binary":
		f.model.logistic = true
		for _, word := range words[1:] {
			if text, ok := strings.CutPrefix(word, "sigmoid:"); ok {
				if scale, err = strconv.ParseFloat(text, 64); err != nil || !(scale > 0 && scale <= largest) {
					return 0, errors.New("boost: sigmoid is not a positive number")
				}
				return scale, nil
			}
		}
		return 0, errors.New("boost: no sigmoid")
	case "cross_entropy", "xentropy":
		f.model.logistic = true
		return 1, nil
	case "regression", "regression_l1", "regression_l2", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "custom", "none":
		if !slices.Contains(words[1:], "sqrt") {
			return 1, nil
		}
	}
	return 0, fmt.Errorf("%w: objective %.40q", ErrUnsupported, g.values["objective"])
}

// features takes names and kinds of the features.
func (g *lgbText) features(f *foreign) error {
	last, err := strconv.Atoi(g.values["max_feature_idx"])
	names, infos := lgbWords(g.values["feature_names"]), lgbWords(g.values["feature_infos"])
	if err != nil || len(names) != last+1 || len(infos) != last+1 {
		return errors.New("boost: names or values are not those of the features")
	}
	if err := f.features(names); err != nil {
		return err
	}
	for i, info := range infos {
		f.category[i] = info != "none" && info[0] != '[' // its codes: "0:2:1"
	}
	return nil
}

// lgbWords returns what stands between blanks: a name may have other white space.
func lgbWords(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
}

// tree takes the lines of a tree.
func (g *lgbText) tree() ([]foreignNode, error) {
	values := make(map[string]string)
	for g.next() && !strings.HasPrefix(g.line, "Tree=") && !g.atEnd() {
		name, value, _ := strings.Cut(g.line, "=")
		values[name] = value
	}
	if linear := values["is_linear"]; linear != "" && linear != "0" {
		return nil, fmt.Errorf("%w: linear trees", ErrUnsupported)
	}
	leaves, err := strconv.Atoi(values["num_leaves"])
	if err != nil || leaves < 1 {
		return nil, errors.New("num_leaves is out of range")
	}
	value, err := lgbFloats(values, "leaf_value", leaves)
	if err != nil {
		return nil, err
	}
	cover, err := lgbCover(values, leaves)
	if err != nil {
		return nil, err
	}
	// Questions come first, then the leaves.
	nodes := make([]foreignNode, leaves-1, 2*leaves-1)
	for i := range value {
		nodes = append(nodes, foreignNode{drawing: drawing{fact: fact{value: value[i], cover: cover[i]}, column: -1}})
	}
	if leaves == 1 {
		return nodes, nil
	}
	return nodes, lgbQuestions(values, nodes)
}

// lgbQuestions reads the questions of a tree into the first of its nodes.
func lgbQuestions(values map[string]string, nodes []foreignNode) (err error) {
	leaves := (len(nodes) + 1) / 2
	var lists [4][]int32
	for i, name := range []string{"split_feature", "left_child", "right_child", "decision_type"} {
		if lists[i], err = lgbIntegers(values, name, leaves-1); err != nil {
			return err
		}
	}
	threshold, err := lgbFloats(values, "threshold", leaves-1)
	if err != nil {
		return err
	}
	gain := make([]float64, leaves-1)
	if strings.TrimSpace(values["split_gain"]) != "" {
		if gain, err = lgbFloats(values, "split_gain", leaves-1); err != nil {
			return err
		}
	}
	sets, err := lgbSets(values)
	if err != nil {
		return err
	}
	for i := range threshold {
		n, decision := &nodes[i], lists[3][i]
		n.column, n.gain, n.missing = int(lists[0][i]), gain[i], decision&2 != 0
		if n.column < 0 {
			return errors.New("no such feature")
		}
		n.left, n.right = lgbChild(lists[1][i], leaves), lgbChild(lists[2][i], leaves)
		if decision&1 != 0 {
			set := int(threshold[i])
			if !(threshold[i] >= 0 && threshold[i] < float64(len(sets))) || sets[set] == nil {
				return errors.New("no such set of categories")
			}
			n.codes, n.missing = sets[set], false
			sets[set] = nil // is of one question
		} else if err := n.lgbNumber(threshold[i], decision>>2&3); err != nil {
			return err
		}
	}
	return nil
}

// lgbNumber makes the question whether a number is up to a threshold.
func (n *foreignNode) lgbNumber(threshold float64, missing int32) error {
	n.upTo = threshold
	switch missing {
	case 0: // is zero
		n.missing = threshold >= 0
	case 1:
		n.zero = true
	case 2:
	default:
		return errors.New("no such kind of missing values")
	}
	// LightGBM takes numbers in [-zeroThreshold, zeroThreshold] as zero.
	if n.upTo >= 0 && n.upTo < zeroThreshold {
		n.upTo = zeroThreshold
	} else if n.upTo < 0 && n.upTo >= -zeroThreshold {
		n.upTo = math.Nextafter(-zeroThreshold, math.Inf(-1))
	}
	return nil
}

// lgbChild returns the index of a child among questions and leaves.
func lgbChild(child int32, leaves int) int {
	if child < 0 {
		return leaves - 1 + int(^child)
	} else if int(child) >= leaves-1 {
		return -1
	}
	return int(child)
}

// lgbCover returns the number of rows of the leaves, or their weight if there are none.
func lgbCover(values map[string]string, leaves int) ([]float64, error) {
	for _, name := range []string{"leaf_count", "leaf_weight"} {
		if strings.TrimSpace(values[name]) == "" {
			continue
		}
		cover, err := lgbFloats(values, name, leaves)
		if err != nil || slices.ContainsFunc(cover, func(x float64) bool { return x != 0 }) {
			return cover, err
		}
	}
	return make([]float64, leaves), nil
}

// lgbSets returns the codes of each set of categories. Those of set i are the bits of
// cat_threshold from cat_boundaries[i] to cat_boundaries[i+1].
func lgbSets(values map[string]string) ([][]int32, error) {
	n := len(strings.Fields(values["cat_boundaries"]))
	if n == 0 {
		return nil, nil
	}
	bounds, err := lgbIntegers(values, "cat_boundaries", n)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(values["cat_threshold"])
	if bounds[0] != 0 || int(bounds[n-1]) != len(words) || !slices.IsSorted(bounds) {
		return nil, errors.New("cat_boundaries are not those of cat_threshold")
	}
	sets := make([][]int32, n-1)
	for i := range sets {
		sets[i] = []int32{}
		for at, text := range words[bounds[i]:bounds[i+1]] {
			word, err := strconv.ParseUint(text, 10, 32)
			if err != nil || at >= math.MaxInt32/32 {
				return nil, errors.New("cat_threshold is out of range")
			}
			for ; word != 0; word &= word - 1 {
				sets[i] = append(sets[i], int32(at*32+bits.TrailingZeros64(word)))
			}
		}
	}
	return sets, nil
}

// lgbFloats returns a list of n numbers.
func lgbFloats(values map[string]string, name string, n int) ([]float64, error) {
	texts := strings.Fields(values[name])
	if len(texts) != n {
		return nil, fmt.Errorf("%s is not of the length of the tree", name)
	}
	list := make([]float64, n)
	for i, text := range texts {
		var err error
		if list[i], err = strconv.ParseFloat(text, 64); err != nil {
			return nil, fmt.Errorf("%s is not a list of numbers", name)
		}
	}
	return list, nil
}

// lgbIntegers returns a list of n whole numbers.
func lgbIntegers(values map[string]string, name string, n int) ([]int32, error) {
	texts := strings.Fields(values[name])
	if len(texts) != n {
		return nil, fmt.Errorf("%s is not of the length of the tree", name)
	}
	list := make([]int32, n)
	for i, text := range texts {
		x, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s is not a list of whole numbers", name)
		}
		list[i] = int32(x)
	}
	return list, nil
}

// end takes what follows the trees: parameters, and the levels of the columns of a pandas frame.
func (g *lgbText) end(f *foreign, opts *ReadOptions) error {
	if !g.atEnd() {
		return errors.New("boost: text ends before the trees do, or a tree is not in its place")
	}
	if sizes, ok := g.values["tree_sizes"]; ok && len(strings.Fields(sizes)) != len(f.trees) {
		return errors.New("boost: trees are missing")
	}
	var lists [][]json.RawMessage
	open, declared := false, ""
	for g.next() {
		pandas, isPandas := strings.CutPrefix(g.line, "pandas_categorical:")
		categories, isCategories := strings.CutPrefix(g.line, "[categorical_feature:")
		switch {
		case isPandas: // of v2 there is no end of parameters before it
			if json.Unmarshal(quoteNumbers([]byte(pandas)), &lists) != nil {
				return errors.New("boost: pandas_categorical is not a list of lists")
			}
		case g.line == "parameters:":
			open = true
		case g.line == "end of parameters":
			open = false
		case open && isCategories:
			declared = strings.TrimSuffix(categories, "]")
		}
	}
	if open && g.values["version"] != "v2" {
		return errors.New("boost: text ends before the parameters do")
	}
	g.declare(f, declared)
	if len(lists) > 0 {
		if err := f.pandas(lists, opts); err != nil {
			return err
		}
	}
	return f.options(opts)
}

// declare marks the features that the parameters say are categories, as "0,3".
func (g *lgbText) declare(f *foreign, text string) {
	for word := range strings.SplitSeq(text, ",") {
		if i, err := strconv.Atoi(strings.TrimSpace(word)); err == nil && i >= 0 && i < len(f.names) {
			f.category[i] = true
		}
	}
}

// pandas gives the lists of pandas_categorical to the features of categories, in order.
func (f *foreign) pandas(lists [][]json.RawMessage, opts *ReadOptions) error {
	var features []int
	named := 0
	for i, category := range f.category {
		if category {
			features = append(features, i)
			if opts != nil && opts.Levels[f.names[i]] != nil {
				named++
			}
		}
	}
	if named == len(features) {
		return nil
	}
	if len(features) != len(lists) {
		return errors.New("boost: pandas_categorical is not of the features of categories: name their levels in ReadOptions.Levels")
	}
	for k, i := range features {
		f.texts[i] = make([]string, 0, len(lists[k]))
		for _, raw := range lists[k] {
			text := string(bytes.TrimSpace(raw))
			if strings.HasPrefix(text, `"`) {
				if err := json.Unmarshal(raw, &text); err != nil {
					return errors.New("boost: pandas_categorical is not a list of lists")
				}
			}
			f.texts[i] = append(f.texts[i], text)
		}
	}
	return nil
}

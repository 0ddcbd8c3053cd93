package boost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ReadXGBoost reads a model that XGBoost saved as JSON or UBJSON, by Booster.save_model with a
// name that ends in .json or .ubj. It was held against XGBoost 1.7.4; files of 1.3.1 to 3.x are
// read as far as their documents tell.
//
// Scores are those of XGBoost: features are compared in single precision, at equality too. What
// remains is that XGBoost adds up leaves in single precision: for each tree its margin is off by
// at most 2^-24 of the sum so far, in all by some 1e-7 of the margin.
//
// The columns are the features in their order, by feature_names, or "f0", "f1" and so on
// where the file has none. NaN is missing, and the file does not tell whether the fit took another
// value as missing, such as 0: write NaN for it. The file has the codes of categories and not their
// texts, so that opts must have the levels of each feature that a question asks about as a
// category. As in XGBoost a level that is not among them is not a missing value: it goes where
// the levels go that a question does not list.
//
// Read are trees, forests (num_parallel_tree) and dart, of the objectives binary:logistic and
// reg:logistic, whose scores are log-odds, and of binary:logitraw, reg:squarederror, rank:ndcg and
// others that predict the score itself. All trees of the file count, as for Booster.predict; in
// a file of XGBClassifier and the like those up to the best iteration, as for their predict. Cover
// is the sum of hessians, of a question that of its leaves; a gain that is not a positive number
// is 0.
//
// Other boosters, several classes or targets, leaves of vectors, other objectives, and the old
// binary format are errors that wrap [ErrUnsupported]. Other errors are of a file that is not
// whole or not consistent, of features of one name, and of levels that are missing. Nil options
// have no levels. Time and memory grow with the length of the file, whatever it says, but for two
// things that take few bytes there: 32 MB of sets of categories, and 64 MB of up to 131,072 features without a
// name. A file of few bytes can so have many columns: see Interactions.
func ReadXGBoost(r io.Reader, opts *ReadOptions) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("boost: %w", err)
	}
	text := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(text) < 2 || text[0] != '{':
		return nil, fmt.Errorf("%w: a file that is not JSON, as those of the old binary format; save it as .json", ErrUnsupported)
	case strings.IndexByte(" \t\r\n\"}", text[1]) >= 0:
		text = quoteNumbers(text)
	default:
		if text, err = ubjToJSON(text); err != nil {
			return nil, err
		}
	}
	var j xgbJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return nil, fmt.Errorf("boost: %w", err)
	}
	l := &j.Learner
	if l.Booster.Name == "" {
		return nil, errors.New("boost: not a model of XGBoost")
	}
	model, drop := l.Booster.Model, singles(nil)
	switch l.Booster.Name {
	case "gbtree":
	case "dart":
		if l.Booster.Tree == nil {
			return nil, errors.New("boost: no trees")
		}
		model, drop = l.Booster.Tree.Model, l.Booster.Drop
		if model != nil && len(drop) != len(model.Trees) {
			return nil, errors.New("boost: weight_drop is not that of the trees")
		}
	default:
		return nil, fmt.Errorf("%w: booster %.40q", ErrUnsupported, l.Booster.Name)
	}
	if model == nil {
		return nil, errors.New("boost: no trees")
	}
	f := &foreign{others: true}
	if err := j.objective(f); err != nil {
		return nil, err
	}
	if err := j.features(f, len(data)); err != nil {
		return nil, err
	}
	if err := f.options(opts); err != nil {
		return nil, err
	}
	trees, err := model.best(l.Attributes)
	if err != nil {
		return nil, err
	}
	for i := range trees {
		var tree xgbTree
		if err := json.Unmarshal(trees[i], &tree); err != nil {
			return nil, fmt.Errorf("boost: tree %d: %w", i, err)
		}
		nodes, err := tree.nodes()
		if err != nil {
			return nil, fmt.Errorf("boost: tree %d: %w", i, err)
		}
		for n := range nodes {
			if drop != nil && nodes[n].column < 0 { // in single precision, as XGBoost does
				nodes[n].value = float64(float32(nodes[n].value) * drop[i])
			}
		}
		if err := f.add(nodes); err != nil {
			return nil, fmt.Errorf("boost: tree %d: %w", i, err)
		}
	}
	return f.build(len(data))
}

type xgbJSON struct {
	Version integers `json:"version"`
	Learner struct {
		Attributes map[string]string `json:"attributes"`
		Names      []string          `json:"feature_names"`
		Types      []string          `json:"feature_types"`
		Booster    struct {
			Name  string    `json:"name"`
			Model *xgbModel `json:"model"`
			Tree  *struct {
				Model *xgbModel `json:"model"`
			} `json:"gbtree"`
			Drop singles `json:"weight_drop"`
		} `json:"gradient_booster"`
		Param struct {
			BaseScore string `json:"base_score"`
			Classes   string `json:"num_class"`
			Features  string `json:"num_feature"`
			Targets   string `json:"num_target"`
		} `json:"learner_model_param"`
		Objective struct {
			Name string `json:"name"`
		} `json:"objective"`
	} `json:"learner"`
}

type xgbModel struct {
	Param struct {
		Parallel string `json:"num_parallel_tree"`
		Trees    string `json:"num_trees"`
	} `json:"gbtree_model_param"`
	Info   integers          `json:"tree_info"` // the class of each tree
	Rounds integers          `json:"iteration_indptr"`
	Trees  []json.RawMessage `json:"trees"` // much shorter than an xgbTree may be
}

type xgbTree struct {
	Param struct {
		Vector string `json:"size_leaf_vector"`
	} `json:"tree_param"`
	Left       integers `json:"left_children"`
	Right      integers `json:"right_children"`
	Column     integers `json:"split_indices"`
	Condition  singles  `json:"split_conditions"` // of a leaf its value
	Default    integers `json:"default_left"`
	Type       integers `json:"split_type"` // 1: categories
	Gain       singles  `json:"loss_changes"`
	Cover      singles  `json:"sum_hessian"`
	Categories integers `json:"categories"`
	Nodes      integers `json:"categories_nodes"`
	Segments   integers `json:"categories_segments"`
	Sizes      integers `json:"categories_sizes"`
}

// singles are numbers in single precision, among which NaN and infinities may be quoted.
type singles []float32

// UnmarshalJSON reads an array of numbers.
func (s *singles) UnmarshalJSON(data []byte) error {
	*s = nil
	return eachNumber(data, func(text string) error {
		x, err := strconv.ParseFloat(text, 32)
		*s = append(*s, float32(x))
		return err
	})
}

// integers are whole numbers, or false and true.
type integers []int32

// UnmarshalJSON reads an array of whole numbers.
func (s *integers) UnmarshalJSON(data []byte) error {
	*s = nil
	return eachNumber(data, func(text string) error {
		x, err := strconv.ParseInt(text, 10, 32)
		switch text {
		case "false":
			err = nil
		case "true":
			x, err = 1, nil
		}
		*s = append(*s, int32(x))
		return err
	})
}

func eachNumber(data []byte, do func(string) error) error {
	text := string(bytes.TrimSpace(data))
	if len(text) < 2 || text[0] != '[' {
		return errors.New("not an array of numbers")
	}
	if text = strings.TrimSpace(text[1 : len(text)-1]); text == "" {
		return nil
	}
	for number := range strings.SplitSeq(text, ",") {
		if do(strings.Trim(number, "\" \t\r\n")) != nil {
			return errors.New("not an array of numbers")
		}
	}
	return nil
}

// quoteNumbers puts quotes around NaN and infinities, which XGBoost writes as no JSON has them.
func quoteNumbers(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data)+len(data)/16)
	quoted := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case quoted && c == '\\' && i+1 < len(data):
			out = append(out, c)
			i++
			c = data[i]
		case c == '"':
			quoted = !quoted
		case !quoted && (c == 'N' || c == 'I' || c == '-'):
			found := false
			for _, word := range []string{"NaN", "-NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					out = append(append(append(out, '"'), word...), '"')
					i += len(word) - 1
					found = true
					break
				}
			}
			if found {
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

// objective takes the objective and the base.
func (j *xgbJSON) objective(f *foreign) error {
	l := &j.Learner
	for _, text := range []string{l.Param.Classes, l.Param.Targets} {
		if n, err := strconv.Atoi(text); text != "" && err != nil {
			return errors.New("boost: number of classes or targets is not one")
		} else if n > 1 {
			return fmt.Errorf("%w: several classes or targets", ErrUnsupported)
		}
	}
	text := l.Param.BaseScore
	if inner, ok := strings.CutPrefix(text, "["); ok { // a list of one since 3.1
		text = strings.TrimSuffix(inner, "]")
		if strings.Contains(text, ",") {
			return fmt.Errorf("%w: several base scores", ErrUnsupported)
		}
	}
	base, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
	if err != nil || !(math.Abs(base) <= math.MaxFloat32) {
		return errors.New("boost: base_score is not a finite number")
	}
	f.model.base = base
	switch name := l.Objective.Name; name {
	case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
		"reg:quantileerror", "rank:pairwise", "rank:ndcg", "rank:map", "binary:logitraw":
		return nil // of binary:logitraw the base is log-odds, other than of binary:logistic
	case "binary:logistic", "reg:logistic":
		f.model.logistic = true
	default:
		return fmt.Errorf("%w: objective %.40q", ErrUnsupported, name)
	}
	share := float32(base)
	if slices.Compare(j.Version, integers{3, 2}) >= 0 && share >= 0 && share <= 1 {
		share = min(max(share, 1e-6), 1-1e-6) // 0 and 1 are of labels that are all the same
	}
	if !(share > 0 && share < 1) {
		return errors.New("boost: base_score is not between 0 and 1")
	}
	odds := 1/share - 1
	f.model.base = float64(float32(-math.Log(float64(odds))))
	return nil
}

// features takes names and types of the features. How many there are without a name is a number in
// the text, which therefore has to be long if they are more than hashing text commonly gives.
func (j *xgbJSON) features(f *foreign, length int) error {
	l := &j.Learner
	n, err := strconv.Atoi(l.Param.Features)
	if err != nil || n < 0 {
		return errors.New("boost: number of features is not one")
	}
	names := l.Names
	if len(names) == 0 {
		if n > max(length/8, 1<<17) {
			return errors.New("boost: too many features without a name")
		}
		names = make([]string, n)
		for i := range names {
			names[i] = "f" + strconv.Itoa(i)
		}
	}
	if len(names) != n || len(l.Types) > 0 && len(l.Types) != n {
		return errors.New("boost: names or types are not those of the features")
	}
	if err := f.features(names); err != nil {
		return err
	}
	for i, kind := range l.Types {
		f.category[i] = kind == "c"
	}
	return nil
}

// best returns the trees that predict: all, or of a file of the classes for scikit-learn those
// up to the best iteration.
func (m *xgbModel) best(attributes map[string]string) ([]json.RawMessage, error) {
	for _, class := range m.Info {
		if class != 0 {
			return nil, fmt.Errorf("%w: trees of several classes", ErrUnsupported)
		}
	}
	if n, err := strconv.Atoi(m.Param.Trees); m.Param.Trees != "" && (err != nil || n != len(m.Trees)) {
		return nil, errors.New("boost: num_trees is not that of the trees")
	}
	best, ok := attributes["best_iteration"]
	if _, wrapped := attributes["scikit_learn"]; !ok || !wrapped {
		return m.Trees, nil
	}
	rounds, err := strconv.Atoi(best)
	if err != nil || rounds < 0 || rounds >= len(m.Trees) {
		return nil, errors.New("boost: best_iteration is out of range")
	}
	rounds++
	if len(m.Rounds) > 0 {
		if rounds >= len(m.Rounds) || m.Rounds[rounds] < 0 || int(m.Rounds[rounds]) > len(m.Trees) {
			return nil, errors.New("boost: best_iteration is out of range")
		}
		return m.Trees[:m.Rounds[rounds]], nil
	}
	parallel := 1
	if m.Param.Parallel != "" {
		if parallel, err = strconv.Atoi(m.Param.Parallel); err != nil || parallel < 1 || parallel > len(m.Trees)/rounds {
			return nil, errors.New("boost: num_parallel_tree is out of range")
		}
	}
	return m.Trees[:rounds*parallel], nil
}

// nodes returns the nodes of a tree. XGBoost sends "x < c" left, and categories of the set
// right: these sides are changed over.
func (t *xgbTree) nodes() ([]foreignNode, error) {
	n := len(t.Left)
	if v, err := strconv.Atoi(t.Param.Vector); t.Param.Vector != "" && (err != nil || v > 1) {
		return nil, fmt.Errorf("%w: leaves of vectors", ErrUnsupported)
	}
	if len(t.Right) != n || len(t.Column) != n || len(t.Condition) != n || len(t.Default) != n || len(t.Gain) != n || len(t.Cover) != n ||
		len(t.Type) != n && len(t.Type) > 0 || len(t.Segments) != len(t.Nodes) || len(t.Sizes) != len(t.Nodes) {
		return nil, errors.New("lists are not of one length")
	}
	nodes := make([]foreignNode, n)
	for i := range nodes {
		d := &nodes[i]
		d.column, d.cover = -1, float64(t.Cover[i])
		if t.Left[i] == -1 {
			d.value = float64(t.Condition[i])
			continue
		}
		d.column, d.gain, d.missing = int(t.Column[i]), float64(t.Gain[i]), t.Default[i] != 0
		d.left, d.right = int(t.Left[i]), int(t.Right[i])
		if d.column < 0 {
			return nil, errors.New("no such feature")
		}
		if len(t.Type) > 0 && t.Type[i] != 0 {
			d.codes, d.left, d.right, d.missing = []int32{}, d.right, d.left, !d.missing
		} else {
			d.upTo = belowSingle(t.Condition[i])
		}
	}
	room := len(t.Categories)
	for k, i := range t.Nodes {
		from, size := int(t.Segments[k]), int(t.Sizes[k])
		if room -= size; room < 0 || i < 0 || int(i) >= n || nodes[i].codes == nil || len(nodes[i].codes) > 0 ||
			from < 0 || size < 0 || from > len(t.Categories)-size {
			return nil, errors.New("categories are not those of the nodes")
		}
		nodes[i].codes = t.Categories[from : from+size : from+size]
		for _, code := range nodes[i].codes {
			if code < 0 || code >= 1<<24 {
				return nil, errors.New("a category is out of range")
			}
		}
	}
	return nodes, nil
}

// belowSingle returns the largest number that rounds to less than c in single precision, so that
// "x <= belowSingle(c)" is "float32(x) < c"; NaN for one that is not finite.
func belowSingle(c float32) float64 {
	if math.IsInf(float64(c), 0) {
		return math.NaN()
	}
	below := float64(math.Nextafter32(c, float32(math.Inf(-1))))
	if math.IsInf(below, -1) {
		below = -0x1p128
	}
	middle := below/2 + float64(c)/2 // exact; a tie goes to the even one
	if float32(middle) < c {
		return middle
	}
	return math.Nextafter(middle, math.Inf(-1))
}

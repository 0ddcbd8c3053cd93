package boost

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/feature"
	"github.com/clientele-go/clientele/table"
)

// xgboostNode is a node as xgboost dumps it.
type xgboostNode struct {
	ID             int `json:"nodeid"`
	Split          string
	SplitCondition float64 `json:"split_condition"`
	Yes, Missing   int
	Cover, Leaf    float64
	Children       []xgboostNode
}

// draw appends a node and those below it.
func (x *xgboostNode) draw(t testing.TB, tree []drawing) []drawing {
	at := len(tree)
	tree = append(tree, drawing{fact: fact{cover: x.Cover, value: x.Leaf}, column: -1})
	if x.Children == nil {
		return tree
	}
	column, err := strconv.Atoi(x.Split[1:])
	require.NoError(t, err)
	d := drawing{fact: tree[at].fact, column: column, missing: x.Missing == x.Yes}
	d.upTo = float64(math.Nextafter32(float32(x.SplitCondition), float32(math.Inf(-1))))
	require.Equal(t, x.Yes, x.Children[0].ID)
	d.left = len(tree)
	tree = x.Children[0].draw(t, tree)
	d.right = len(tree)
	tree = x.Children[1].draw(t, tree)
	tree[at] = d
	return tree
}

func xgboostModel(t testing.TB, base float64, columns int, trees []xgboostNode) *Model {
	m := &Model{base: base}
	for i := range columns {
		m.columns = append(m.columns, feature.New(fmt.Sprint(i), table.Number, nil))
	}
	for i := range trees {
		m.place(trees[i].draw(t, nil))
	}
	return m
}

// TestEqualsXGBoost holds contributions and interactions against those of xgboost 1.7.4, which
// are of single precision; testdata/shap.py wrote them.
func TestEqualsXGBoost(t *testing.T) {
	var frozen struct {
		X     [][]*float64
		Cases []struct {
			Name                        string
			Base                        float64
			Trees                       []xgboostNode
			Contributions, Interactions []float64
		}
	}
	data, err := os.ReadFile("testdata/shap.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &frozen))
	require.Len(t, frozen.Cases, 3)
	for _, c := range frozen.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p := len(frozen.X[0])
			m := xgboostModel(t, c.Base, p, c.Trees)
			for i, values := range frozen.X {
				row := make([]float64, p)
				for k, v := range values {
					if row[k] = math.NaN(); v != nil {
						row[k] = *v
					}
				}
				got, base := m.Contributions(nil, row)
				require.InDeltaSlice(t, c.Contributions[i*(p+1):(i+1)*(p+1)], append(got, base), 5e-6)
				got, base = m.Interactions(nil, row)
				square := c.Interactions[i*(p+1)*(p+1):]
				for k := range p {
					require.InDeltaSlice(t, square[k*(p+1):k*(p+1)+p], got[k*p:(k+1)*p], 5e-6)
				}
				require.InDelta(t, square[p*(p+1)+p], base, 5e-6)
			}
		})
	}
}

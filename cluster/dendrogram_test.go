package cluster

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGroupsOfADendrogramAreNested(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	s := solveWardCase(t, wardRows(randomPoints(random, 60, 2), nil), wardOptions(1))
	tree := &s.tree.Dendrogram
	coarse := make([]int32, 60)
	for k := 1; k <= 60; k++ {
		fine := tree.Groups(k)
		require.Equal(t, firstSeen(fine), fine)
		require.EqualValues(t, k-1, slices.Max(fine))
		of := map[int32]int32{}
		for leaf, g := range fine {
			if _, ok := of[g]; !ok {
				of[g] = coarse[leaf]
			}
			require.Equal(t, of[g], coarse[leaf])
		}
		coarse = fine
	}
	require.Panics(t, func() { tree.Groups(0) })
	require.Panics(t, func() { tree.Groups(61) })
}

func TestDendrogramToJSONAndBack(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	s := solveWardCase(t, wardRows(randomPoints(random, 30, 2), nil), wardOptions(1))
	data, err := json.Marshal(s.tree.Dendrogram)
	require.NoError(t, err)
	var back Dendrogram
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, s.tree.Dendrogram, back)
}

func TestDendrogramRefusesWhatCannotBe(t *testing.T) {
	good := func() *Dendrogram {
		return &Dendrogram{Weights: []float64{1, 2, 3}, Merges: []Merge{{0, 2, 0.5, 4}, {1, 3, 0.5, 6}}, Inertia: 1}
	}
	require.NoError(t, good().validate())
	for name, spoil := range map[string]func(d *Dendrogram){
		"no leaves":           func(d *Dendrogram) { *d = Dendrogram{} },
		"a merge too few":     func(d *Dendrogram) { d.Merges = d.Merges[:1] },
		"a leaf too few":      func(d *Dendrogram) { d.Weights = d.Weights[:2] },
		"a weight of 0":       func(d *Dendrogram) { d.Weights[1] = 0 },
		"an infinite weight":  func(d *Dendrogram) { d.Weights[1] = math.Inf(1) },
		"another weight":      func(d *Dendrogram) { d.Merges[1].Weight = 7 },
		"a weight of NaN":     func(d *Dendrogram) { d.Merges[1].Weight = math.NaN() },
		"a node of its own":   func(d *Dendrogram) { d.Merges[0] = Merge{0, 3, 0.5, 4} },
		"a later node":        func(d *Dendrogram) { d.Merges[0].Right = 4 },
		"a negative node":     func(d *Dendrogram) { d.Merges[0].Left = -1 },
		"a node with itself":  func(d *Dendrogram) { d.Merges[0] = Merge{1, 1, 0.5, 4} },
		"a node twice":        func(d *Dendrogram) { d.Merges[1] = Merge{2, 3, 0.5, 7} },
		"nodes out of order":  func(d *Dendrogram) { d.Merges[0].Left, d.Merges[0].Right = 2, 0 },
		"heights that fall":   func(d *Dendrogram) { d.Merges[1].Height = 0.25 },
		"a negative height":   func(d *Dendrogram) { d.Merges[0].Height = -1 },
		"a height of NaN":     func(d *Dendrogram) { d.Merges[0].Height = math.NaN() },
		"an infinite height":  func(d *Dendrogram) { d.Merges[1].Height = math.Inf(1) },
		"a negative inertia":  func(d *Dendrogram) { d.Inertia = -1 },
		"an infinite sum":     func(d *Dendrogram) { d.Merges[0].Height, d.Merges[1].Height = 1e308, 1e308 },
		"an infinite inertia": func(d *Dendrogram) { d.Inertia = math.Inf(1) },
	} {
		t.Run(name, func(t *testing.T) {
			d := good()
			spoil(d)
			require.ErrorIs(t, d.validate(), errDendrogram)
		})
	}
}

func FuzzDendrogram(f *testing.F) {
	for _, seed := range []string{
		`{"weights":[1],"merges":[],"inertia":0}`,
		`{"weights":[1,2,3],"merges":[{"left":0,"right":2,"height":0.5,"weight":4},{"left":1,"right":3,"height":2,"weight":6}],"inertia":1}`,
		`{"weights":[1,2],"merges":[{"left":0,"right":0,"height":-1,"weight":3}]}`,
		`{"weights":[1e308,1e308],"merges":[{"left":0,"right":1,"height":0}]}`,
		`{"merges":null}`,
		`[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Dendrogram
		if json.Unmarshal(data, &d) != nil {
			require.Zero(t, d)
			return
		}
		leaves := len(d.Weights)
		for _, k := range []int{1, (leaves + 1) / 2, leaves} {
			require.EqualValues(t, k-1, slices.Max(d.Groups(k)))
			require.LessOrEqual(t, d.inertia(k), math.MaxFloat64)
		}
		again, err := json.Marshal(d)
		require.NoError(t, err)
		var back Dendrogram
		require.NoError(t, json.Unmarshal(again, &back))
		require.Equal(t, len(d.Merges), len(back.Merges))
	})
}

package clusterbench

import (
	"context"
	"slices"

	"github.com/muesli/clusters"
	"github.com/muesli/kmeans"

	"github.com/clientele-go/clientele/bench/internal/harness"
)

const muesliName = "muesli/kmeans"

// muesli is muesli/kmeans with its defaults: it has no seed and no start of one's own. It
// starts with centres in [0, 1], so it gets all numbers scaled into that, which is where
// it finds the better groups.
func muesli(j *job) *way {
	w := &way{name: muesliName, version: muesliName + " v0.3.1"}
	low, high := slices.Min(j.rows), slices.Max(j.rows)
	var data clusters.Observations
	var result clusters.Clusters
	w.prepare = func(context.Context) error {
		for row := range slices.Chunk(j.rows, j.d) {
			c := make(clusters.Coordinates, j.d)
			for i, x := range row {
				c[i] = (x - low) / (high - low)
			}
			data = append(data, c)
		}
		return nil
	}
	w.run = func(context.Context) (harness.Cost, error) {
		return harness.Clock(func() (err error) {
			result, err = kmeans.New().Partition(data, j.k)
			return err
		})
	}
	w.answer = func(context.Context) (*answer, error) {
		var centers []float64
		for _, c := range result {
			for _, x := range c.Center {
				centers = append(centers, low+x*(high-low))
			}
		}
		return &answer{inertia: j.inertia(centers)}, nil
	}
	return w
}

package clusterbench

import (
	"context"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/cluster"
	"github.com/clientele-go/clientele/internal/simd"
)

const libraryName = "clientele"

// options are those of the job. The points are as the peers have them: not prepared.
func (j *job) options() *cluster.Options {
	o := &cluster.Options{K: j.k, Prepare: cluster.Preparation{Scale: cluster.Unscaled}, Starts: j.starts, MaxIterations: j.iterations, Tolerance: j.tolerance}
	if j.iterations > 0 {
		o.Centers = j.start(j.k)
	}
	return o
}

// settle lowers the iterations of the job to those after which no label changes, since
// FAISS would go on.
func (j *job) settle(ctx context.Context) error {
	if j.tolerance >= 0 {
		return nil
	}
	result, err := cluster.Fit(ctx, j.Table, j.options())
	if err != nil {
		return err
	}
	j.iterations = result.Model.Report().Iterations
	return nil
}

// fit is the library fitting a model; each run has another seed.
func fit(j *job) *way {
	w := &way{name: libraryName}
	o := j.options()
	var result *cluster.Result
	w.run = func(ctx context.Context) (harness.Cost, error) {
		o.Seed++
		return harness.Clock(func() (err error) {
			result, err = cluster.Fit(ctx, j.Table, o)
			return err
		})
	}
	w.answer = func(context.Context) (*answer, error) {
		return &answer{labels: result.Labels, inertia: result.Model.Report().Inertia}, nil
	}
	return w
}

// inGo is w without assembly.
func inGo(w *way) *way {
	run := w.run
	w.name += ", pure Go"
	w.run = func(ctx context.Context) (harness.Cost, error) {
		defer simd.SetAssembly(simd.SetAssembly(false))
		return run(ctx)
	}
	return w
}

// withModel prepares w with the model of the job.
func (w *way) withModel(j *job) (model func() *cluster.Model) {
	var result *cluster.Result
	w.prepare = func(ctx context.Context) (err error) {
		result, err = cluster.Fit(ctx, j.Table, j.options())
		return err
	}
	return func() *cluster.Model { return result.Model }
}

// assign is the library assigning the points to the model of the job.
func assign(j *job) *way {
	w := &way{name: libraryName}
	model := w.withModel(j)
	var result *cluster.Assignment
	w.run = func(ctx context.Context) (harness.Cost, error) {
		return harness.Clock(func() (err error) {
			result, err = cluster.Assign(ctx, model(), j.Table, nil)
			return err
		})
	}
	w.answer = func(context.Context) (*answer, error) { return &answer{labels: result.Labels}, nil }
	return w
}

// silhouette is the library evaluating the model of the job, by all pairs of points.
func silhouette(j *job) *way {
	w := &way{name: libraryName}
	model := w.withModel(j)
	var result *cluster.Indices
	w.run = func(ctx context.Context) (harness.Cost, error) {
		return harness.Clock(func() (err error) {
			result, err = cluster.Evaluate(ctx, model(), j.Table, &cluster.EvaluateOptions{Sample: j.n})
			return err
		})
	}
	w.answer = func(context.Context) (*answer, error) { return &answer{score: result.Silhouette}, nil }
	return w
}

package segbench

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/bench/internal/harness"
	"github.com/clientele-go/clientele/internal/simd"
)

// peer is a way as the harness wants it. It is not safe for concurrent use.
type peer[A any] struct {
	way[A]
	task     *task[A]
	assembly bool
	least    time.Duration // of a run
	loops    int           // calls of do in a run
	last     A
	walls    []time.Duration
}

func (p *peer[A]) Name() string { return p.name }

// Version is known of DuckDB once it has been opened.
func (p *peer[A]) Version() string {
	if strings.HasPrefix(p.name, duckDBName) {
		return duckDBVersion
	}
	return p.version
}

func (p *peer[A]) Prepare(ctx context.Context) error { return p.task.prepare(ctx) }

// Run calls do often enough, and returns the cost of the work done once.
func (p *peer[A]) Run(ctx context.Context) (harness.Cost, error) {
	defer simd.SetAssembly(simd.SetAssembly(p.assembly))
	if p.ready != nil {
		if err := p.ready(ctx); err != nil {
			return harness.Cost{}, err
		}
	}
	if p.loops == 0 {
		p.loops = 1
		if p.task.per == 0 {
			var took time.Duration
			for range 2 { // the first is slower
				if took > p.least {
					break
				}
				start := time.Now()
				if _, err := p.do(ctx); err != nil {
					return harness.Cost{}, err
				}
				took = max(time.Since(start), 1)
			}
			p.loops = int(p.least/took) + 1
		}
	}
	cost, err := harness.Clock(func() (err error) {
		for range p.loops {
			if p.last, err = p.do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	n := time.Duration(p.loops * max(p.task.per, 1))
	cost.Wall /= n
	cost.CPU /= n
	p.walls = append(p.walls, cost.Wall)
	return cost, err
}

func (p *peer[A]) Answer(ctx context.Context) (answer A, err error) {
	answer = p.last
	if p.answer != nil {
		answer, err = p.answer(ctx)
	}
	var none A
	p.last = none
	return answer, err
}

// median is that of the runs but the one to warm up.
func (p *peer[A]) median() time.Duration {
	walls := slices.Sorted(slices.Values(p.walls[1:]))
	return (walls[(len(walls)-1)/2] + walls[len(walls)/2]) / 2
}

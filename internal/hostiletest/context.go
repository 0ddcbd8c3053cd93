package hostiletest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/clientele-go/clientele/internal/race"
)

// ending is a context that ends when it is looked at for the nth time.
type ending struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

// Ending returns a context that ends when its Err or Done is called for the nth time; n = 1 has ended before anything
// is done. Whoever waits for Done is told.
func Ending(n int64) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	e := &ending{Context: ctx, cancel: cancel}
	e.left.Store(n)
	return e
}

func (e *ending) look() {
	if e.left.Add(-1) == 0 {
		e.cancel()
	}
}

func (e *ending) Err() error {
	e.look()
	return e.Context.Err()
}

func (e *ending) Done() <-chan struct{} {
	e.look()
	return e.Context.Done()
}

// contexts makes the valid call with a context that ends at the first look, at the second, and ever later, until it is
// not looked at so often.
func (c *check) contexts() {
	i := c.context()
	if i < 0 {
		return
	}
	for n := int64(1); n < 1<<20; n += 1 + n*int64(race.Fewer(1, 9))/3 {
		in, before := c.fresh(), c.fresh()
		ctx := Ending(n)
		in[i].Set(reflect.ValueOf(&ctx).Elem())
		out, panicked := c.do(in)
		if panicked != nil {
			c.fault("context", "panics when it ends at look %d: %v", n, panicked)
			return
		}
		err := failed(out)
		switch want := c.target.Expect["context"]; {
		case want != nil:
			c.used["context"] = true
			c.judge("context", err, want)
		case err != nil && !errors.Is(err, context.Canceled):
			c.fault("context", "ends at look %d, and the error is %v", n, err)
		case err == nil && n == 1:
			c.fault("context", "has ended, and there is no error")
		case err == nil && !sameAll(out, c.calmed):
			c.fault("context", "ends at look %d, and the results are others", n)
		}
		for j := range in {
			if !c.writes(j) && !same(in[j], before[j]) {
				c.fault("context", "ends at look %d, and %s is changed", n, c.names[j])
			}
		}
		if e := ctx.(*ending); e.left.Load() > 0 {
			return // the call was over before the context
		}
	}
}

// together makes the valid call several times at once with the same arguments.
func (c *check) together() {
	if c.target.Alone != "" || c.target.Writes != "" {
		return
	}
	const callers = 3
	in := c.fresh()
	var outs [callers][]reflect.Value
	var panics [callers]any
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() { outs[i], panics[i] = c.do(in) })
	}
	wait.Wait()
	for i := range callers {
		switch {
		case panics[i] != nil:
			c.fault("callers at the same time", "panic: %v", panics[i])
		case !sameAll(outs[i], c.calmed):
			c.fault("callers at the same time", "do not get the results of a single one")
		}
	}
}

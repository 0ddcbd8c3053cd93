package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clientele-go/clientele/store"
)

// Open opens the store whose data is in dir, an empty directory the first time. Opening the
// same dir again, after a Close or in another process, gives the same data where the store
// is [store.Durable]; others may begin empty. An adapter of a server makes a name out of dir,
// of a schema or a key prefix say; dirs differ, and are used at the same time. The context
// is that of the opening only. Safe for concurrent use.
type Open func(ctx context.Context, dir string) (store.Store, error)

// Options of [Check]. Nil is the defaults. Safe for concurrent reads.
type Options struct {
	// Dir is where the directories of the stores are made. "": a temporary
	// directory of the system. They are removed in the end.
	Dir string
	// Timeout is how long one rule may take before it is broken; a store that
	// waits for itself ends like that. 0: one minute.
	Timeout time.Duration
	// Workers is how many rules run at the same time. 0: GOMAXPROCS.
	Workers int
	// Seed is where random histories begin. 0: DefaultSeed.
	Seed uint64
	// Select tells which rules to check. Nil: all.
	Select func(Rule) bool
}

// DefaultSeed is the seed of random histories where none is given.
const DefaultSeed uint64 = 20_120_229

func (o *Options) orDefault() Options {
	var d Options
	if o != nil {
		d = *o
	}
	if d.Timeout <= 0 {
		d.Timeout = time.Minute
	}
	if d.Workers <= 0 {
		d.Workers = runtime.GOMAXPROCS(0)
	}
	if d.Seed == 0 {
		d.Seed = DefaultSeed
	}
	if d.Select == nil {
		d.Select = func(Rule) bool { return true }
	}
	return d
}

// Run checks the store that open opens against all [Rules], each a subtest with directories
// of its own, TestName/group/rule. The rules of a group run in parallel (t.Parallel), and Run
// returns when all have ended. A rule that takes longer than a minute is broken.
//
// Rules of the group crash execute the test binary again, with -test.run of exactly their
// subtest, and kill it: the test function is run in that child up to Run. What it does
// before must lead to the same store for the same directory; [InChild] tells the child
// where that needs care. Run may be called in a subtest, and several times in a test.
//
// Cost: about two seconds of processor time and some 8,000 commits, more where they are fast:
// rules with goroutines write while others read. Commits of 5 ms take 20 s in all.
func Run(t *testing.T, open Open) {
	t.Helper()
	o := (*Options)(nil).orDefault()
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, r := range group.rules {
				t.Run(strings.TrimPrefix(r.Name, group.name+"/"), func(t *testing.T) {
					t.Parallel()
					switch result := r.test(t, open, &o); result.Outcome {
					case Broken:
						t.Fatalf("%s\n%s", result.Reason, r.text())
					case Skipped:
						t.Skip(result.Reason)
					}
				})
			}
		})
	}
}

// test checks the rule in its subtest t, or is what the child of that does.
func (r Rule) test(t *testing.T, open Open, o *Options) Result {
	if dir, ok := childOf(t.Name()); ok {
		r.runChild(open, dir)
	}
	return r.try(t.Context(), open, o, t.TempDir(), t.Name())
}

// Check checks the store that open opens against all [Rules] without a test, and reports on
// each in their order. Rules of the group crash are skipped: they need the test binary. The
// error tells that the check itself could not be made, because of its arguments, the
// directory or the context; broken rules are in the report. Nil options are the defaults.
// Cost: as [Run].
func Check(ctx context.Context, open Open, opts *Options) (*Report, error) {
	if open == nil {
		return nil, errors.New("storetest: no function to open a store")
	}
	o := opts.orDefault()
	root, err := os.MkdirTemp(o.Dir, "storetest-")
	if err != nil {
		return nil, fmt.Errorf("storetest: directory for stores: %w", err)
	}
	defer os.RemoveAll(root)
	var selected []Rule
	for _, r := range Rules() {
		if o.Select(r) {
			selected = append(selected, r)
		}
	}
	report := &Report{Results: make([]Result, len(selected))}
	var wait sync.WaitGroup
	slots := make(chan struct{}, o.Workers)
	for i, r := range selected {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				report.Results[i] = r.try(ctx, open, &o, filepath.Join(root, fmt.Sprint(i)), "")
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return report, nil
}

// Package harness runs one task on several peers side by side: in turns, the
// answer of every run compared before its time counts.
package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// ErrNotInstalled is returned, wrapped, by the Prepare of a peer that this
// machine does not have; the peer is then left out and the report says so.
var ErrNotInstalled = errors.New("not installed")

// A Peer is one way to do a task whose answer is an A. A Peer is not safe for
// concurrent use.
type Peer[A any] interface {
	// Name is the name in tables, Version the versions of what does the work.
	Name() string
	Version() string
	// Prepare brings the input into the peer's memory, outside the clock.
	Prepare(ctx context.Context) error
	// Run does the task once, from input in memory to result in memory.
	Run(ctx context.Context) (Cost, error)
	// Answer reads the result of the last run and drops it.
	Answer(ctx context.Context) (A, error)
}

// A Task is described once for all peers. It is a plain value: safe for
// concurrent reads.
type Task[A any] struct {
	Name    string
	Peers   []Peer[A] // the library first
	Targets []Target
	// Compare says where the answer of a peer differs from the library's.
	Compare func(want, got A) error
}

// A Target is the least ratio of a peer's median time to the library's. It is
// a plain value: safe for concurrent reads.
type Target struct {
	Peer  string
	Ratio float64
	Of    string // the form of the library; empty: the first peer
}

// A Cost is what a run took. It is a plain value: safe for concurrent reads.
type Cost struct {
	Wall time.Duration
	CPU  time.Duration // user and system time of all threads
}

// Clock measures f in this process, begun with a collected heap.
func Clock(f func() error) (Cost, error) {
	runtime.GC()
	cpu := CPUTime()
	start := time.Now()
	err := f()
	return Cost{Wall: time.Since(start), CPU: CPUTime() - cpu}, err
}

// Repeat measures f over and over for a time, once at least: the cost is that of one.
func Repeat(least time.Duration, f func() error) (Cost, error) {
	times := 0
	cost, err := Clock(func() error {
		for start := time.Now(); times == 0 || time.Since(start) < least; times++ {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
	n := time.Duration(max(times, 1))
	return Cost{Wall: cost.Wall / n, CPU: cost.CPU / n}, err
}

// CPUTime is the user and system time that all threads of this process have taken so far; 0
// where the system does not tell.
func CPUTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// A Session is one invocation: how often to run what, and where results go. It
// is not safe for concurrent use.
type Session struct {
	Machine Machine
	Runs    int            // counted runs, after one that warms up
	Only    *regexp.Regexp // tasks to run; nil: all
	Lines   io.Writer      // one JSON line a run
	Log     io.Writer      // progress, for people

	records []Record
	missing []string
	targets map[string][]Target // by task
}

// Wants tells whether the task of that name is to be run.
func (s *Session) Wants(task string) bool { return s.Only == nil || s.Only.MatchString(task) }

// LeaveOut notes for the report that a task, or a peer of one, was not run.
func (s *Session) LeaveOut(what, why string) {
	s.missing = append(s.missing, what+": "+why)
	fmt.Fprintf(s.Log, "%s: left out: %s\n", what, why)
}

// Measure runs a task: every peer once to warm up, then in turns.
func Measure[A any](ctx context.Context, s *Session, t *Task[A]) error {
	if !s.Wants(t.Name) {
		return nil
	}
	var peers []Peer[A]
	for i, p := range t.Peers {
		err := p.Prepare(ctx)
		switch {
		case errors.Is(err, ErrNotInstalled) && i > 0:
			s.LeaveOut(t.Name+", "+p.Name(), err.Error())
		case err != nil:
			return fmt.Errorf("%s: %s: %w", t.Name, p.Name(), err)
		default:
			peers = append(peers, p)
		}
	}
	targets := map[string]map[string]float64{} // by peer
	for _, g := range t.Targets {
		if targets[g.Peer] == nil {
			targets[g.Peer] = map[string]float64{}
		}
		targets[g.Peer][cmp.Or(g.Of, t.Peers[0].Name())] = g.Ratio
	}
	var want A
	for run := range s.Runs + 1 {
		for i, p := range peers {
			cost, err := p.Run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", t.Name, p.Name(), err)
			}
			got, err := p.Answer(ctx)
			if err != nil {
				return fmt.Errorf("%s: answer of %s: %w", t.Name, p.Name(), err)
			}
			if run == 0 && i == 0 {
				want = got
			}
			if err := t.Compare(want, got); err != nil {
				return fmt.Errorf("%s: answer of %s: %w", t.Name, p.Name(), err)
			}
			fmt.Fprintf(s.Log, "%s run %d: %s %.3f s\n", t.Name, run, p.Name(), cost.Wall.Seconds())
			if run == 0 {
				continue
			}
			if err := s.record(t.Name, p.Name(), p.Version(), run, cost, targets[p.Name()]); err != nil {
				return err
			}
		}
	}
	if s.targets == nil {
		s.targets = map[string][]Target{}
	}
	s.targets[t.Name] = t.Targets
	return nil
}

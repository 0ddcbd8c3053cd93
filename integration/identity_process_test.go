package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

// identityEnv has the errand of a process that is to work on a graph, and not to test.
const identityEnv = "CLIENTELE_INTEGRATION_IDENTITY"

// An errand is what a process does.
type errand struct {
	Place, Dir  string
	Part, Parts int  // of the tasks
	Profile     bool // they are jobs
	Privacy     bool // they are visits
}

// do does it, and says so of each task that is done.
func (e *errand) do(ctx context.Context) error {
	i := slices.IndexFunc(places, func(p *place) bool { return p.name == e.Place })
	if i < 0 {
		return fmt.Errorf("no place %q", e.Place)
	}
	s, err := places[i].open(ctx, e.Dir, 8)
	if err != nil {
		return err
	}
	calls := &tally{}
	work := tasksIn
	switch {
	case e.Profile:
		work = jobsIn
	case e.Privacy:
		work = visitsIn
	}
	n, do, err := work(ctx, calls.observe(s))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	if err := doAll(ctx, 8, share(n, e.Part, e.Parts), do, func(i int, known bool) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println("task", i, known)
	}); err != nil {
		return err
	}
	fmt.Println("calls:", calls)
	return s.Close()
}

// tasksIn are n tasks to be done to the graph in a store.
func tasksIn(ctx context.Context, s store.Store) (n int, do func(ctx context.Context, i int) (bool, error), err error) {
	list, err := tasks(crewSeed, crewPeople)
	if err != nil {
		return 0, nil, err
	}
	g, err := graphAt(ctx, s, nil)
	return len(list), func(ctx context.Context, i int) (bool, error) { return list[i].do(ctx, g) }, err
}

// runErrand is what a process does that is started for an errand.
func runErrand(text string) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	return e.do(context.Background())
}

// A report is what a process said.
type report struct {
	done  map[int]bool // tasks, and whether all they observe was known
	other []string
}

// A kill is when a process is killed: a while after it has done so many tasks.
type kill struct {
	done  int
	pause time.Duration
}

// kills are some at random moments in the work on so many tasks, by a seed that is logged.
func kills(t *testing.T, some, tasks int) []*kill {
	t.Helper()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 7))
	all := make([]*kill, some)
	for i := range all {
		all[i] = &kill{done: 1 + r.IntN(tasks), pause: time.Duration(r.Int64N(int64(20 * time.Millisecond)))}
		t.Logf("seed %d: killed %v after %d of %d tasks", seed, all[i].pause, all[i].done, tasks)
	}
	return all
}

// send starts a process for an errand, kills it unless kill is nil, and returns what it said.
func (e *errand) send(ctx context.Context, kill *kill) (report, error) {
	r := report{done: map[int]bool{}}
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), identityEnv+"="+string(text))
	var failures strings.Builder
	cmd.Stderr = &failures
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := cmd.Start(); err != nil {
		return r, err
	}
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var i int
		var known bool
		if _, err := fmt.Sscanf(lines.Text(), "task %d %t", &i, &known); err != nil {
			r.other = append(r.other, lines.Text())
			continue
		}
		r.done[i] = known
		if kill != nil && len(r.done) >= kill.done && !killed {
			killed = true
			time.Sleep(kill.pause) // whatever it is at then
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err != nil && !killed {
		return r, fmt.Errorf("process: %w: %v %v", err, r.other, failures.String())
	}
	if kill != nil && !killed {
		return r, errors.New("process ended before it was killed")
	}
	return r, nil
}

// Two processes at once on one store come to the same customers as one graph that is told
// everything in order. One of them is killed twice, and its work done again by another;
// nothing that it had acknowledged is lost. Where only one process may have the store
// open, the second does not run.
func TestIdentityProcesses(t *testing.T) {
	list, err := tasks(crewSeed, crewPeople)
	require.NoError(t, err)
	want := expected(t, list)
	onPlaces(t, func(p *place) bool { return p.stays }, func(t *testing.T, p *place) {
		ctx := t.Context()
		x := &scene{place: p, dir: t.TempDir()}
		x.open(t, lenient())
		f := &follower{}
		parts := 2
		var other sync.WaitGroup
		var otherReport report
		var otherErr, followErr error
		following := make(chan struct{})
		if p.shared {
			other.Go(func() {
				otherReport, otherErr = (&errand{Place: p.name, Dir: x.dir, Part: 1, Parts: 2}).send(ctx, nil)
			})
			go func() {
				defer close(following)
				followErr = f.until(ctx, x.g, other.Wait)
			}()
		} else {
			parts = 1
			close(following)
			require.NoError(t, x.s.Close())
			x.s = nil
		}
		acknowledged := map[int]bool{}
		mine := len(share(len(list), 0, parts))
		for _, kill := range append(kills(t, 2, mine), nil) {
			r, err := (&errand{Place: p.name, Dir: x.dir, Part: 0, Parts: parts}).send(ctx, kill)
			require.NoError(t, err)
			for i := range acknowledged {
				if known, again := r.done[i]; again && list[i].apply == nil {
					require.True(t, known, "task %d was acknowledged and is gone", i)
				}
			}
			for i := range r.done {
				acknowledged[i] = true
			}
			t.Log(len(r.done), "tasks done", r.other)
		}
		other.Wait()
		<-following
		t.Log(len(otherReport.done), "tasks done by the other", otherReport.other)
		require.NoError(t, errors.Join(otherErr, followErr))
		x.open(t, nil)
		checkEnd(t, x.g, list, want, f)
		require.NoError(t, x.s.Close())
	})
}

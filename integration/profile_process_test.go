package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/internal/civil"
	"github.com/clientele-go/clientele/internal/race"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A job is a task of identity and what is said of its observations. Like tasks, jobs may be
// done in any order, at once and again.
type job struct {
	task
	said  []said    // of each observation what is old comes first
	purge bool      // as of reckoned
	sync  time.Time // unless it is zero
}

const jobsSeed = 11

var jobsPeople = race.Fewer(12, 6)

// reckoned is when all that jobs say is reckoned up. Part of it is still to come then.
var reckoned = time.Date(2025, 12, 20, 10, 0, 0, 0, time.UTC)

// jobs are the tasks of a seed with what is said.
func jobs(ctx context.Context) ([]job, error) {
	list, err := tasks(jobsSeed, jobsPeople)
	if err != nil {
		return nil, err
	}
	var all []identity.Observation
	for i := range list {
		all = append(all, list[i].observe...)
	}
	atoms, err := atomsOf(ctx, all)
	if err != nil {
		return nil, err
	}
	schema := knowledge()
	zone, err := time.LoadLocation(schema.Location)
	if err != nil {
		return nil, err
	}
	oldest, _ := civil.Window(reckoned, schema.Retention, zone)
	r := rand.New(rand.NewPCG(jobsSeed, 6))
	out := make([]job, len(list))
	for i, x := range list {
		out[i].task = x
		for _, o := range x.observe {
			some := saidOf(o, atoms[0])
			var rest []said
			for _, s := range some {
				if s.old = s.Event != "" && s.Time.Before(oldest); s.old {
					out[i].said = append(out[i].said, s)
				} else {
					rest = append(rest, s)
				}
			}
			out[i].said = append(out[i].said, rest...)
			atoms = atoms[1:]
		}
		if r.IntN(6) == 0 {
			out[i].sync = reckoned.Add(-time.Duration(r.IntN(300*24)) * time.Hour)
		}
		out[i].purge = r.IntN(12) == 0
	}
	return out, nil
}

// add adds some of what is said and takes back what is to be; known tells whether all had
// been said before, but for what is old and may have been purged.
func (x *job) add(ctx context.Context, p *profile.Profiles, some []said) (known bool, err error) {
	known = true
	for len(some) > 0 {
		n := slices.IndexFunc(some, func(s said) bool { return s.old != some[0].old || !s.learned.Equal(some[0].learned) })
		if n < 0 {
			n = len(some)
		}
		var failed error
		sum, err := p.AddMany(ctx, some[0].learned, evidenceOf(some[:n]), &profile.ManyOptions{Rejected: func(row int, err error) {
			if !x.erase && !some[row].retracted || !errors.Is(err, profile.ErrErased) && !errors.Is(err, profile.ErrRetracted) {
				failed = err
			}
		}})
		if err := errors.Join(err, failed); err != nil {
			return false, fmt.Errorf("add: %w", err)
		}
		known = known && (sum.Added == 0 || some[0].old)
		for _, s := range some[:n] {
			if !s.retracted {
				continue
			}
			err := p.Retract(ctx, decided, s.Atom, s.ID)
			if err != nil && !errors.Is(err, profile.ErrUnknown) && !errors.Is(err, profile.ErrErased) { // unknown is what lacked a field
				return false, fmt.Errorf("retract: %w", err)
			}
		}
		some = some[n:]
	}
	return known, nil
}

// do does it, and tells whether it had been done before.
func (x *job) do(ctx context.Context, g *identity.Graph, p *profile.Profiles) (known bool, err error) {
	if x.apply != nil {
		if _, err := p.Apply(ctx, reckoned, better()); err != nil {
			return false, fmt.Errorf("apply: %w", err)
		}
	}
	half := len(x.said) / 2 // is said before it is known of whom
	before, err := x.add(ctx, p, x.said[:half])
	if err != nil {
		return false, err
	}
	known, err = x.task.do(ctx, g)
	if err != nil {
		return false, err
	}
	after, err := x.add(ctx, p, x.said[half:])
	if err == nil && x.purge {
		if _, err = p.Purge(ctx, reckoned); err != nil {
			err = fmt.Errorf("purge: %w", err)
		}
	}
	if err == nil && !x.sync.IsZero() {
		if _, err = p.Sync(ctx, x.sync, g); err != nil {
			err = fmt.Errorf("sync: %w", err)
		}
	}
	return known && before && after, err
}

// jobsIn are n jobs to be done to the shop in a store.
func jobsIn(ctx context.Context, s store.Store) (n int, do func(ctx context.Context, i int) (bool, error), err error) {
	list, err := jobs(ctx)
	if err != nil {
		return 0, nil, err
	}
	g, p, err := opened(ctx, s, nil, nil)
	return len(list), func(ctx context.Context, i int) (bool, error) { return list[i].do(ctx, g, p) }, err
}

// jobsAtOnce is what is known when all jobs are done: to a shop in memory that has had the
// last policy and schema from the beginning, and is told at once what stays. A purge then
// changes nothing of it.
func jobsAtOnce(t *testing.T, list []job) findings {
	t.Helper()
	ctx := t.Context()
	x := &shop{place: places[0], dir: t.TempDir()}
	x.open(t, last(), knowledge())
	_, err := x.p.Apply(ctx, reckoned, better())
	require.NoError(t, err)
	var all []identity.Observation
	for i := range list {
		if !list[i].erase {
			all = append(all, list[i].observe...)
			_, err := list[i].add(ctx, x.p, list[i].said)
			require.NoError(t, err)
		}
	}
	_, err = x.g.ObserveMany(ctx, slices.Values(all), nil)
	require.NoError(t, err)
	for i := range list {
		if list[i].apply == nil && !list[i].erase {
			_, err := list[i].task.do(ctx, x.g)
			require.NoError(t, err)
		}
	}
	_, err = x.p.Sync(ctx, reckoned, x.g)
	require.NoError(t, err)
	told := find(t, x.g, x.p, reckoned, &ledger{})
	deleted, err := x.p.Purge(ctx, reckoned)
	require.NoError(t, err)
	require.Positive(t, deleted)
	told.agree(t, find(t, x.g, x.p, reckoned, &ledger{}))
	return told
}

// Two processes at once on one store, which add evidence, bring rows up to date and purge,
// come to the same as one that is told everything at once and purges nothing. One of them is
// killed again and again, at random, and its work done by another; nothing that it had
// acknowledged is lost, and who follows the rows meanwhile has the right ones in the end.
// Where only one process may have the store open, the second does not run.
func TestProfileProcesses(t *testing.T) { profileProcesses(t, 3) }

// profileProcesses is TestProfileProcesses with so many kills.
func profileProcesses(t *testing.T, killed int) {
	t.Helper()
	t.Cleanup(memories.Clear)
	list, err := jobs(t.Context())
	require.NoError(t, err)
	want := jobsAtOnce(t, list)
	onPlaces(t, func(p *place) bool { return p.stays }, func(t *testing.T, p *place) {
		ctx := t.Context()
		x := &shop{place: p, dir: t.TempDir()}
		x.open(t, lenient(), knowledge())
		l := &ledger{}
		parts := 2
		var other sync.WaitGroup
		var otherReport report
		var otherErr, followErr error
		following := make(chan struct{})
		if p.shared {
			other.Go(func() {
				otherReport, otherErr = (&errand{Place: p.name, Dir: x.dir, Part: 1, Parts: 2, Profile: true}).send(ctx, nil)
			})
			go func() {
				defer close(following)
				followErr = until(other.Wait, func() error { return l.follow(ctx, x.p) })
			}()
		} else {
			parts = 1
			close(following)
			require.NoError(t, x.s.Close())
			x.s = nil
		}
		acknowledged := map[int]bool{}
		mine := len(share(len(list), 0, parts))
		for _, kill := range append(kills(t, killed, mine), nil) {
			r, err := (&errand{Place: p.name, Dir: x.dir, Part: 0, Parts: parts, Profile: true}).send(ctx, kill)
			require.NoError(t, err)
			for i := range acknowledged {
				if known, again := r.done[i]; again && list[i].apply == nil {
					require.True(t, known, "job %d was acknowledged and is gone", i)
				}
			}
			for i := range r.done {
				acknowledged[i] = true
			}
			t.Log(len(r.done), "jobs done", r.other)
		}
		other.Wait()
		<-following
		t.Log(len(otherReport.done), "jobs done by the other", otherReport.other)
		require.NoError(t, errors.Join(otherErr, followErr))
		x.open(t, nil, nil)
		_, err := x.p.Sync(ctx, reckoned, x.g)
		require.NoError(t, err)
		want.agreePurged(t, find(t, x.g, x.p, reckoned, l, &ledger{}))
		require.Empty(t, traces(t, x.s, ofStrangers()...))
		for i := range list {
			known, err := list[i].do(ctx, x.g, x.p)
			require.NoError(t, err)
			require.True(t, known || list[i].apply != nil, "job %d", i)
		}
		require.Empty(t, traces(t, x.s, ofStrangers()...))
		_, err = x.p.Sync(ctx, reckoned, x.g)
		require.NoError(t, err)
		want.agreePurged(t, find(t, x.g, x.p, reckoned, l))
		_, err = x.p.Purge(ctx, reckoned)
		require.NoError(t, err)
		require.NoError(t, x.p.Refold(ctx))
		_, err = x.p.Sync(ctx, reckoned, x.g)
		require.NoError(t, err)
		have := find(t, x.g, x.p, reckoned, l)
		want.agreePurged(t, have)
		require.NotEqual(t, want.valid, have.valid, "nothing was purged and added again")
		require.NoError(t, x.s.Close())
	})
}

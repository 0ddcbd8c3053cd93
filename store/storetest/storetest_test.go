package storetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/store"
)

func openMemory(context.Context, string) (store.Store, error) { return new(store.Memory), nil }

func TestMemory(t *testing.T) { Run(t, openMemory) }

func TestEngine(t *testing.T) { Run(t, openEngine("")) }

// Run works in a subtest of any name, and several times in one, crashes included.
func TestLog(t *testing.T) {
	t.Run("on file/of (its) own", func(t *testing.T) {
		Run(t, openLog(""))
		if !testing.Short() {
			Run(t, openLog(""))
		}
	})
}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		require.False(t, seen[r.Name], r.Name)
		seen[r.Name] = true
		require.Regexp(t, `^[a-z]+/[a-z-]+$`, r.Name)
		for _, text := range []string{r.Does, r.Why} {
			require.True(t, len(text) > 10 && strings.HasSuffix(text, "."), r.Name)
		}
		require.NotNil(t, r.check, r.Name)
		require.Equal(t, strings.HasPrefix(r.Name, "crash/"), r.child != nil, r.Name)
	}
	require.GreaterOrEqual(t, len(seen), 60)
	for _, g := range groups {
		for _, r := range g.rules {
			require.True(t, strings.HasPrefix(r.Name, g.name+"/"), r.Name)
		}
	}
	Rules()[0].Name = "changed"
	require.NotEqual(t, "changed", Rules()[0].Name, "the slice belongs to the caller")
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	report, err := Check(t.Context(), openLog(""), &Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Len(t, report.Results, len(Rules()))
	for i, r := range Rules() {
		result := report.Results[i]
		require.Equal(t, r.Name, result.Rule.Name)
		require.Positive(t, result.Took)
		if strings.HasPrefix(r.Name, "crash/") {
			require.Equal(t, Skipped, result.Outcome)
			require.Contains(t, result.Reason, "only where Run is used in a test")
		} else {
			require.Equal(t, Kept, result.Outcome, result.Reason)
			require.Empty(t, result.Reason)
		}
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "directories are removed")
}

func TestCheckReportsWhatIsBroken(t *testing.T) {
	report, err := Check(t.Context(), openEngine("half a batch on conflict"), &Options{
		Select: func(r Rule) bool {
			return r.Name == "condition/several" || r.Name == "scan/limit" || r.Name == "reopen/data"
		},
		Workers: 1,
	})
	require.NoError(t, err)
	require.Equal(t, 1, report.Count(Kept))
	require.Equal(t, 1, report.Count(Broken))
	require.Equal(t, 1, report.Count(Skipped))
	require.Equal(t, "3 rules: 1 broken, 1 kept, 1 skipped\n"+
		"broken  condition/several: after a refused commit key \"k0\" has value \"2\" and version 4, want \"1\" and 2\n"+
		"skipped reopen/data: the store is not durable: store.As[store.Durable] does not find the ability, or it says no", report.String())
	require.ErrorContains(t, report.Err(), "storetest: condition/several: after a refused commit")
	require.ErrorContains(t, report.Err(), "why: A merge depends on both customers")
}

func TestCheckCannotBeMade(t *testing.T) {
	_, err := Check(t.Context(), nil, nil)
	require.ErrorContains(t, err, "no function to open a store")
	_, err = Check(t.Context(), openMemory, &Options{Dir: "no such directory"})
	require.ErrorIs(t, err, os.ErrNotExist)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Check(ctx, openMemory, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// A store that cannot be opened, panics or hangs breaks the rule, and says how.
func TestStoresThatDoNotAnswer(t *testing.T) {
	failed := errors.New("no database")
	for name, c := range map[string]struct {
		open Open
		want string
	}{
		"error": {func(context.Context, string) (store.Store, error) { return nil, failed }, "open: no database"},
		"nil":   {func(context.Context, string) (store.Store, error) { return nil, nil }, "neither a store nor an error"},
		"panic": {twist(func(t *twisted) {
			t.get = func(context.Context, [][]byte) ([]store.Entry, error) { panic("at the disco") }
		}), "panic while in Get: at the disco"},
		"close": {twist(func(t *twisted) { t.close = func() error { return failed } }), "Close in the end: no database"},
		"hang": {twist(func(t *twisted) {
			t.get = func(context.Context, [][]byte) ([]store.Entry, error) { select {} }
		}), "no end after 300ms, while in Get; its goroutines:\n1 at\n"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := Check(t.Context(), c.open, &Options{Timeout: 300 * time.Millisecond, Select: func(r Rule) bool { return r.Name == "get/none" }})
			require.NoError(t, err)
			require.Equal(t, Broken, report.Results[0].Outcome)
			require.Contains(t, report.Results[0].Reason, c.want)
		})
	}
}

// A limit that is one entry short shows in a scan of two entries: one commit and the scan.
func TestHistoryIsShrunk(t *testing.T) {
	open := twist(func(t *twisted) {
		t.ranges(func(r *store.Range) {
			if r.Limit > 1 && r.Reverse {
				r.Limit--
			}
		})
	})
	reason := func() string {
		report, err := Check(t.Context(), open, &Options{Select: func(r Rule) bool { return r.Name == "history/model" }})
		require.NoError(t, err)
		return report.Results[0].Reason
	}
	first := reason()
	require.Contains(t, first, "shrunk to 2,")
	require.Regexp(t, `\n\tCommit put "[^ ]*" "" put "[^ ]*" ""\n\tScan \["", ""\) limit 2 reversed\nreturned`, first)
	require.Equal(t, first, reason(), "chance comes from the seed")
}

func TestHistoryNotLinearizableIsShown(t *testing.T) {
	open := twist(func(t *twisted) {
		t.batches(func(b *store.Batch) { b.Conditions = b.Conditions[:min(1, len(b.Conditions))] })
	})
	report, err := Check(t.Context(), open, &Options{Select: func(r Rule) bool { return r.Name == "concurrent/linearizable" }})
	require.NoError(t, err)
	require.Regexp(t, `no order of these calls .*\n\d +\d+ +\d+: (Get|Commit)`, report.Results[0].Reason)
}

// The goroutines of one rule are told from those of others.
func TestGoroutinesAreCountedByRule(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	counted := Rule{Name: "own/count", check: func(x *attempt) {
		_, before := x.stacks()
		for range 7 {
			go func() { go func() { <-stop }() }()
		}
		time.Sleep(20 * time.Millisecond)
		text, after := x.stacks()
		if after != before+7 {
			x.failf("%d goroutines, then %d:\n%s", before, after, text)
		}
	}}
	for range 5 {
		go func() { <-stop }()
	}
	o := (*Options)(nil).orDefault()
	require.Equal(t, Kept, counted.try(t.Context(), openMemory, &o, t.TempDir(), "").Outcome)
}

func TestCollectWantsTheErrorLast(t *testing.T) {
	failed := errors.New("failed")
	_, err := collect(func(yield func(store.Entry, error) bool) {
		_ = yield(store.Entry{Key: []byte("a"), Version: 1}, nil) && yield(store.Entry{}, failed) && yield(store.Entry{Key: []byte("b"), Version: 1}, nil)
	})
	require.ErrorContains(t, err, "goes on after its error")
	require.NotErrorIs(t, err, failed)
	_, err = collect(func(yield func(store.Entry, error) bool) { yield(store.Entry{Key: []byte("a")}, failed) })
	require.ErrorContains(t, err, "entry beside an error is not zero")
	entries, err := collect(func(yield func(store.Entry, error) bool) {
		_ = yield(store.Entry{Key: []byte("a"), Version: 1}, nil) && yield(store.Entry{}, failed)
	})
	require.Equal(t, failed, err)
	require.True(t, len(entries) == 1 && bytes.Equal(entries[0].Key, []byte("a")))
}

func TestInChild(t *testing.T) {
	require.False(t, InChild())
	t.Setenv(childEnv, "TestInChild")
	t.Setenv(dirEnv, "/somewhere")
	require.True(t, InChild())
	dir, ok := childOf(t.Name())
	require.True(t, ok)
	require.Equal(t, "/somewhere", dir)
	_, ok = childOf("TestInChild/other")
	require.False(t, ok)
}

func BenchmarkMemory(b *testing.B) { Bench(b, openMemory) }

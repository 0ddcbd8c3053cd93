package integration

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// sagaEnv has the duty of a process that is to work on live segments, and not to test.
const sagaEnv = "CLIENTELE_INTEGRATION_SEGMENT"

// A duty is what a process does with the live segments of a store.
type duty struct {
	Place, Dir string
	Seed       uint64
	Owner      string
	Now        time.Time // the clock of the lease, which goes on by a second each time it is asked
	Clock      string    // or the file in which the time stands
	Done       int       // moves that are done; -1: the clock of the live segments tells
	Keep       int
	LogBytes   int64 // 0: few, so that a checkpoint is written nearly always
	Rival      bool  // others want to write as well: a lease lost is won again
	Reader     bool
}

func (d *duty) options(saga *saga, say func(...any)) *segment.OpenOptions {
	o := &segment.OpenOptions{
		Live:  segment.LiveOptions{At: sagaStart, Location: sagaZone, Definitions: sagaDefinitions(), Actor: "the beginning", Keep: d.Keep},
		Clock: d.clock(), Owner: d.Owner, Reader: d.Reader, LogBytes: cmp.Or(d.LogBytes, 1<<10),
		Failed: func(err error) { say("checkpoint:", err) },
	}
	if !d.Reader {
		ix, err := saga.first(context.Background())
		if err != nil {
			panic(err)
		}
		o.From = ix.Snapshot()
	}
	return o
}

func (d *duty) clock() func() time.Time {
	if d.Clock != "" {
		return func() time.Time { return clockIn(d.Clock) }
	}
	var asked atomic.Int64
	return func() time.Time { return d.Now.Add(time.Duration(asked.Add(1)) * time.Second) }
}

// clockIn is the time that stands in a file.
func clockIn(path string) time.Time {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	ns, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		panic(err)
	}
	return time.Unix(0, ns)
}

// setClock writes the time to a file, at once as a whole.
func setClock(t *testing.T, path string, now time.Time) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", strconv.AppendInt(nil, now.UnixNano(), 10), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// do does the duty until over, and says so of each move. The first line says that it begins.
func (d *duty) do(ctx context.Context, s store.Store, over *atomic.Bool, say func(...any)) error {
	say("on duty")
	s = store.Limited(s, store.MinLimits)
	if d.Reader {
		return d.read(ctx, s, over, say)
	}
	for !over.Load() {
		if err := d.write(ctx, s, over, say); !d.Rival || !errors.Is(err, segment.ErrLease) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// write opens the live segments and goes on with the moves.
func (d *duty) write(ctx context.Context, s store.Store, over *atomic.Bool, say func(...any)) error {
	x := newSaga(d.Seed)
	l, err := segment.OpenLive(ctx, s, d.options(x, say))
	if err != nil {
		return err
	}
	ahead := x.next()
	for x.n <= d.Done || d.Done < 0 && !ahead.at.After(l.At()) {
		ahead = x.next()
	}
	say("open", x.n-1)
	for m := ahead; !over.Load(); m = x.next() {
		say("begin", x.n, m.big)
		told, err := m.do(ctx, l)
		if d.Rival && errors.Is(err, segment.ErrLease) {
			say("lost", x.n)
			if _, err := l.Advance(ctx, m.at); !errors.Is(err, segment.ErrLease) {
				return fmt.Errorf("a step after the lease was lost: %w", err)
			}
			return errors.Join(err, l.Close(ctx))
		}
		if errors.Is(err, errSevered) {
			return err
		}
		say("done", x.n, outcome(told, err))
		if d.Rival && x.n%15 == 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return l.Close(ctx)
}

// read follows what another process writes, and says what it sees.
func (d *duty) read(ctx context.Context, s store.Store, over *atomic.Bool, say func(...any)) error {
	var l *segment.Live
	for l == nil {
		var err error
		if l, err = segment.OpenLive(ctx, s, d.options(nil, say)); err != nil && (!errors.Is(err, segment.ErrReader) || over.Load()) {
			return err
		}
	}
	var last uint64
	for n, err := range l.Notices(ctx, 0) {
		if err != nil {
			return err
		}
		last = n.Number
	}
	say("from", last)
	var told []segment.Notice
	for end := false; !end; {
		end = over.Load() // and then once more
		more, err := l.Follow(ctx)
		if err != nil {
			return err
		}
		told = append(told, more...)
		text, err := picture(ctx, l)
		if errors.Is(err, segment.ErrStale) {
			say("stale")
			end = false
			continue
		}
		if err != nil {
			return err
		}
		say("saw", l.At().UnixNano(), short(text), outcome(told, nil))
		told = nil
		time.Sleep(8 * time.Millisecond)
	}
	return nil
}

// runDuty is what a process does that is started for a duty: until its input ends.
func runDuty(text string) error {
	var d duty
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return err
	}
	i := slices.IndexFunc(places, func(p *place) bool { return p.name == d.Place })
	if i < 0 {
		return fmt.Errorf("no place %q", d.Place)
	}
	ctx := context.Background()
	s, err := places[i].open(ctx, d.Dir, 4)
	if err != nil {
		return err
	}
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		over.Store(true)
	}()
	if err := d.do(ctx, s, &over, func(line ...any) { fmt.Println(line...) }); err != nil {
		return err
	}
	return s.Close()
}

// A worker does a duty.
type worker struct {
	lines chan string
	kill  func()       // it is dead from now on
	end   func()       // it ends in order, soon
	wait  func() error // for the end, after all lines have been read
}

// send starts a process for the duty; where only memory keeps the store or only one process may have it open, and s is
// that store, a goroutine, which loses the store where a process would be killed.
func (d *duty) send(t testing.TB, s store.Store) *worker {
	t.Helper()
	w := &worker{lines: make(chan string, 4)}
	if s != nil {
		cut, over, done := &severed{Store: s}, new(atomic.Bool), make(chan error, 1)
		var mu sync.RWMutex
		ended := false
		say := func(line ...any) { // also by a checkpoint that fails after the end
			mu.RLock()
			defer mu.RUnlock()
			if !ended && !cut.dead.Load() {
				w.lines <- strings.TrimSuffix(fmt.Sprintln(line...), "\n")
			}
		}
		go func() {
			err := d.do(context.Background(), cut, over, say)
			mu.Lock()
			defer mu.Unlock()
			ended = true
			close(w.lines)
			done <- err
		}()
		w.kill, w.end = func() { cut.dead.Store(true) }, func() { over.Store(true) }
		w.wait = func() error {
			if err := <-done; !errors.Is(err, errSevered) {
				return err
			}
			return nil
		}
		return w
	}
	program, err := os.Executable()
	require.NoError(t, err)
	text, err := json.Marshal(d)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), sagaEnv+"="+string(text))
	var failures strings.Builder
	cmd.Stderr = &failures
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var killed atomic.Bool
	var rest []string
	go func() {
		defer close(w.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if rest = append(rest, lines.Text()); len(rest) > 5 {
				rest = rest[1:]
			}
			w.lines <- lines.Text()
		}
	}()
	w.kill = func() {
		killed.Store(true)
		_ = cmd.Process.Kill()
	}
	w.end = func() { _ = in.Close() }
	w.wait = func() error {
		if err := cmd.Wait(); err != nil && !killed.Load() {
			return fmt.Errorf("process: %w: %v %v", err, rest, failures.String())
		}
		return nil
	}
	return w
}

// severed is a store that a process has until it is dead: commits under way then may still happen. Safe for concurrent use.
type severed struct {
	store.Store
	dead atomic.Bool
}

var errSevered = errors.New("the process is dead")

// Get implements store.Store.
func (s *severed) Get(ctx context.Context, keys ...[]byte) ([]store.Entry, error) {
	if s.dead.Load() {
		return nil, errSevered
	}
	return s.Store.Get(ctx, keys...)
}

// Commit implements store.Store.
func (s *severed) Commit(ctx context.Context, b *store.Batch) (store.Version, error) {
	if s.dead.Load() {
		return 0, errSevered
	}
	version, err := s.Store.Commit(ctx, b)
	if s.dead.Load() {
		return 0, errSevered
	}
	return version, err
}

// clockFile is where the time stands for those who share a store.
func clockFile(dir string) string { return filepath.Join(dir, "clock") }

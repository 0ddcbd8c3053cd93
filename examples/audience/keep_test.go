package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

const childEnv = "CLIENTELE_AUDIENCE_KEEP" // the folder of a child process, which serves

func TestMain(m *testing.M) {
	if folder := os.Getenv(childEnv); folder != "" {
		err := run(context.Background(), []string{"-addr", "127.0.0.1:0", "-keep", folder, "-customers", "2000", "-speed", "168h"}, os.Stdout, os.Stderr)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child is a process that serves what a folder keeps.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines *bufio.Reader
	told  []string // whole lines
}

func newChild(t *testing.T, folder string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0])}
	c.cmd.Env = append(os.Environ(), childEnv+"="+folder)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	c.lines = bufio.NewReader(out)
	return c
}

// until reads lines up to one with the prefix, and returns it.
func (c *child) until(prefix string) string {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		require.NoError(c.t, err, "after %q", c.told)
		c.told = append(c.told, line)
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
}

// kill kills the process, and returns all that it has printed. A line that it was about to print counts for nothing.
func (c *child) kill() []string {
	c.t.Helper()
	require.NoError(c.t, c.cmd.Process.Kill())
	rest, err := io.ReadAll(c.lines)
	require.NoError(c.t, err)
	require.Error(c.t, c.cmd.Wait())
	for line := range strings.Lines(string(rest)) {
		if strings.HasSuffix(line, "\n") {
			c.told = append(c.told, line)
		}
	}
	return c.told
}

var message = regexp.MustCompile(`^webhook (audience_(\d+)_(\d+)), signature verified, (?:notices: (\d+)|has come before)\n$`)

// Killed again and again, the service goes on where it was: the campaign tool gets every notice, and none twice but in a
// message with the same id; and the notices are those of a simulation that nobody interrupts.
func TestKilled(t *testing.T) {
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(3, 4))
	var told []string
	for round := range 5 {
		c := newChild(t, folder)
		address, _, _ := strings.Cut(strings.TrimPrefix(c.until("Serving on "), "Serving on "), " ")
		a := asker{t, address}
		switch round { // what was answered stays
		case 1:
			var defined struct{ Notices int }
			a.good("POST", "/define", `{"name":"islanders","rule":"city = \"海南\"","dwell_days":2}`, &defined)
		case 2:
			var updated struct{ Notices int }
			a.good("POST", "/update", `{"writes":[{"do":"set","id":"10001","tag":"city","value":"海南/三亚"}]}`, &updated)
			require.Equal(t, 1, updated.Notices)
		default:
			for range 4 {
				c.until("webhook ")
			}
		}
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond) // at any moment
		told = append(told, c.kill()...)
	}

	o := &options{keep: folder, zone: "Asia/Shanghai", customers: 2000, stdout: io.Discard}
	s, err := openService(t.Context(), o)
	require.NoError(t, err)
	sim, tool := s.server.sim, s.server.tool
	all := noticesOf(t, sim)
	require.Equal(t, 6, sim.book.Starts)
	require.EqualValues(t, len(all), sim.book.Counted)
	kept := tool.seen()

	last, id := 0, ""
	for _, line := range told {
		m := message.FindStringSubmatch(line)
		if m == nil {
			require.False(t, strings.HasPrefix(line, "webhook "), line)
			continue
		}
		from, _ := strconv.Atoi(m[2])
		to, _ := strconv.Atoi(m[3])
		if m[1] != id {
			require.Equal(t, last+1, from, "%s follows %s", m[1], id)
			require.Equal(t, strconv.Itoa(to-from+1), m[4])
		}
		last, id = to, m[1]
	}
	require.GreaterOrEqual(t, last, 8, "twelve messages at least, four of them again")
	require.GreaterOrEqual(t, uint64(last), kept.Last, "what was printed may not have been kept any more")

	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- s.run(ctx, func(ctx context.Context) error { return sim.deliver(ctx, s.store, s.sink) })
	}()
	require.Eventually(t, func() bool { return tool.seen().Last == uint64(len(all)) }, 20*time.Second, 5*time.Millisecond)
	stop()
	require.NoError(t, <-served)
	require.Equal(t, len(all), tool.seen().Notices, "each once")

	// The same without a folder and without an end.
	whole, err := openSimulation(t.Context(), new(store.Memory), &options{customers: 2000, zone: "Asia/Shanghai", stdout: io.Discard})
	require.NoError(t, err)
	versions, _, err := sim.live.History("islanders")
	require.NoError(t, err)
	pass(t, whole, versions[0].At.Sub(whole.now()))
	_, err = whole.step(func(at time.Time) ([]segment.Notice, error) {
		return whole.live.Define(t.Context(), at, "page", versions[0].Definition)
	})
	require.NoError(t, err)
	for _, n := range all {
		if n.Segment == "islanders" {
			require.True(t, n.Entered)
			pass(t, whole, n.At.Sub(whole.now()))
			b := &segment.Batch{At: n.At}
			b.Set(n.Customer, "city", customer.TextValue("海南/三亚"))
			_, err = whole.step(func(at time.Time) ([]segment.Notice, error) { return whole.live.Apply(t.Context(), at, b) })
			require.NoError(t, err)
		}
	}
	pass(t, whole, sim.now().Sub(whole.now()))
	require.Equal(t, noticesOf(t, whole), all)
	require.Equal(t, whole.ahead, sim.ahead)
	require.Equal(t, whole.latest, sim.latest)
	require.Equal(t, whole.book.Counts, sim.book.Counts)
	want, got := askState(t, whole), askState(t, sim)
	require.Equal(t, want.Segments, got.Segments)
	require.Equal(t, want.Notices, got.Notices)
	require.NoError(t, s.close(t.Context()))
}

// askState returns what the page would show of a simulation.
func askState(t *testing.T, sim *simulation) liveAnswer {
	t.Helper()
	s := newServer(t)
	s.sim = sim
	return ask(t, s).live()
}

// serveOnce runs the command until it serves and asked is done, and returns what it has printed.
func serveOnce(t *testing.T, asked func(asker), args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := run(ctx, append(args, "-addr", "127.0.0.1:0"), write, write)
		write.Close()
		served <- err
	}()
	var printed strings.Builder
	for lines := bufio.NewScanner(read); lines.Scan(); {
		fmt.Fprintln(&printed, lines.Text())
		if text, ok := strings.CutPrefix(lines.Text(), "Serving on "); ok {
			address, _, _ := strings.Cut(text, " ")
			go func() { // what the command prints is read meanwhile
				defer stop()
				asked(asker{t, address})
			}()
		}
	}
	require.NoError(t, <-served)
	return printed.String()
}

// Customers of a file live on as well, and what the store has is not mixed with other options.
func TestKeptFile(t *testing.T) {
	folder := t.TempDir() + "/new/one"
	var updated struct{ Notices int }
	serveOnce(t, func(a asker) {
		a.good("POST", "/define", `{"name":"gold","rule":"等级 = \"金卡\""}`, &updated)
		a.good("POST", "/update", `{"writes":[{"do":"set","id":"1002","tag":"等级","value":"金卡"},{"do":"delete","id":"1001"}]}`, &updated)
	}, "-data", "testdata/customers.csv", "-keep", folder, "-speed", "0")
	require.Equal(t, 2, updated.Notices)
	var state liveAnswer
	printed := serveOnce(t, func(a asker) {
		state = a.live()
		if a.count(`set("gold")`) != a.count(`等级 = "金卡"`) || a.count("everyone") != 14 {
			t.Error("customers and members are others")
		}
	}, "-customers", "7", "-zone", "UTC", "-keep", folder)
	require.Regexp(t, `^Kept since .* real time: 14 customers, the simulated clock goes on at .*, and the next notice is number \d+\.\n`, printed)
	require.NotContains(t, printed, "generated")
	require.Equal(t, "gold", state.Segments[0].Name)
	require.Equal(t, "tag", state.Notices[0].EN)
	require.Equal(t, "Asia/Shanghai", state.Zone)
	require.Equal(t, 2, state.Kept.Starts)
	require.InDelta(t, 1, state.Speed, 0, "real time, as for any file")
	require.Empty(t, state.Ended)
	require.Nil(t, ask(t, newServer(t)).live().Kept)
}

// Between the first write and the last one of beginning, only the same options go on.
func TestKeptHalfBegun(t *testing.T) {
	s := new(store.Memory)
	o := options{keep: "x", customers: 300, zone: "Asia/Shanghai", stdout: io.Discard}
	sim, err := openSimulation(t.Context(), s, &o)
	require.NoError(t, err)
	b := sim.book
	b.Begun, b.Starts = false, 0
	require.NoError(t, b.write(t.Context(), s))
	for _, other := range []options{{customers: 301, zone: o.zone}, {customers: 300, zone: "UTC"}, {customers: 300, zone: o.zone, data: "testdata/customers.csv"}} {
		other.keep, other.stdout = "x", io.Discard
		_, err = openSimulation(t.Context(), s, &other)
		require.ErrorContains(t, err, "other options")
	}
	again, err := openSimulation(t.Context(), s, &o)
	require.NoError(t, err)
	require.Equal(t, 300, again.live.Snapshot().Len())
	require.True(t, again.book.Start.Equal(sim.book.Start))
	pass(t, again, 24*time.Hour)
	require.NotEmpty(t, noticesOf(t, again))
}

func TestKeptFaults(t *testing.T) {
	o := &options{keep: t.TempDir(), customers: 10, zone: "Asia/Shanghai", stdout: io.Discard}
	s, err := openService(t.Context(), o)
	require.NoError(t, err)
	_, err = openService(t.Context(), o)
	require.ErrorIs(t, err, store.ErrUnavailable, "one process at a time")
	b := &store.Batch{}
	b.Put(bookKey, []byte(`{"Begun":`))
	_, err = s.store.Commit(t.Context(), b)
	require.NoError(t, err)
	require.NoError(t, s.kill())
	_, err = openService(t.Context(), o)
	require.ErrorIs(t, err, store.ErrCorrupt)
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err = openService(t.Context(), &options{keep: file, customers: 10, zone: "UTC", stdout: io.Discard})
	require.Error(t, err)
}

// What customers are about to do follows from the clock alone, wherever it stands.
func TestAheadFollowsFromTheClock(t *testing.T) {
	s := newServer(t).sim
	shop, err := newShop(generated, shanghai)
	require.NoError(t, err)
	require.NotEmpty(t, s.ahead)
	r := rand.New(rand.NewPCG(1, 2))
	for range 15 {
		require.Equal(t, shop.ahead(s.live.At()), s.ahead, "at %s", s.now())
		left := 1 + r.IntN(4) // steps
		to := s.now().Add(time.Duration(r.Int64N(int64(3 * time.Hour))))
		require.NoError(t, s.advance(t.Context(), to, func() bool { left--; return left >= 0 }))
	}
}

// failing is a store whose commits fail.
type failing struct {
	store.Store
	failed func()
}

func (f failing) Commit(context.Context, *store.Batch) (store.Version, error) {
	f.failed()
	return 0, errors.New("no room")
}

// A message that the campaign tool cannot keep is not taken, and taken when it comes again; one that it has is not taken
// again, also not by the next process.
func TestReceiverKeeps(t *testing.T) {
	s := newServer(t)
	pass(t, s.sim, 24*time.Hour)
	all, kept, secret := noticesOf(t, s.sim), new(store.Memory), newTestSecret(t)
	send := func(ctx context.Context, in store.Store, notices []segment.Notice) (received, error) {
		tool, err := openReceiver(t.Context(), in, secret, shanghai, io.Discard)
		require.NoError(t, err)
		h := httptest.NewServer(tool)
		defer h.Close()
		sink, err := webhook(h.URL, secret, "test")
		require.NoError(t, err)
		err = sink.Deliver(ctx, notices)
		return tool.seen(), err
	}
	before, err := send(t.Context(), kept, all[:3])
	require.NoError(t, err)
	require.Equal(t, 3, before.Notices)
	ctx, stop := context.WithCancel(t.Context())
	got, err := send(ctx, failing{kept, stop}, all[3:5])
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, got)
	for repeated := range 3 {
		got, err = send(t.Context(), kept, all[3:5])
		require.NoError(t, err)
		require.Equal(t, []int{5, 2 + repeated, repeated}, []int{got.Notices, got.Messages, got.Repeated})
		require.Equal(t, all[4].Number, got.Last)
	}
}

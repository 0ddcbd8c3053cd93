package integration

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

var soakSpan = flag.Duration("soak", 3*time.Second, "how long the soak test of each store lasts")

// A process is one of the service's, as the parent sees it. Not safe for concurrent use but
// where it says so.
type process struct {
	post
	cmd   *exec.Cmd
	in    io.WriteCloser
	errs  bytes.Buffer
	lines chan string // what it says but for acknowledgements and figures
	ended chan error

	mu     sync.Mutex // of what follows
	broken bool       // it says nothing any more
	acked  []int
	counts figures
}

// start starts a process.
func (o post) start(ctx context.Context) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p := &process{post: o, cmd: exec.CommandContext(ctx, program), lines: make(chan string, 100), ended: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), soakEnv+"="+string(text))
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.listen(out)
	return p, nil
}

// listen hears what the process says until it ends. What was not said to the end of the
// line is not said.
func (p *process) listen(out io.Reader) {
	r := bufio.NewReader(out)
	var fault error
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break
		}
		what, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		p.mu.Lock()
		switch what {
		case "a":
			var n int
			fault = errors.Join(fault, json.Unmarshal([]byte(text), &n))
			p.acked = append(p.acked, n)
		case "f":
			p.counts = figures{}
			fault = errors.Join(fault, json.Unmarshal([]byte(text), &p.counts))
		case "e":
			fault = errors.Join(fault, fmt.Errorf("process of part %d: %s", p.Part, text))
		default:
			p.lines <- line
		}
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.broken = true
	p.mu.Unlock()
	close(p.lines)
	err := p.cmd.Wait()
	if fault == nil && err != nil {
		fault = fmt.Errorf("process of part %d: %w: %s", p.Part, err, p.errs.String())
	}
	p.ended <- fault
}

// hear waits for a line with a letter, and reads what follows it.
func hear[T any](t *testing.T, p *process, letter string) (what T) {
	t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			require.NoError(t, <-p.ended)
			require.Fail(t, "process has ended")
		}
		text, found := strings.CutPrefix(line, letter+" ")
		require.True(t, found, line)
		require.NoError(t, json.Unmarshal([]byte(text), &what))
	case <-time.After(5 * time.Minute):
		require.Fail(t, "process does not answer")
	}
	return what
}

// order tells the process to do something.
func (p *process) order(t *testing.T, text string) {
	t.Helper()
	_, err := fmt.Fprintln(p.in, text)
	require.NoError(t, err)
}

// busy waits until the process has done something, on a machine that is very busy itself.
func (p *process) busy() {
	for n := 0; n < 10; {
		time.Sleep(time.Millisecond)
		p.mu.Lock()
		n = len(p.acked)
		if p.broken {
			n = 10
		}
		p.mu.Unlock()
	}
}

// kill ends the process as it stands, and returns what is to be done by the next one.
func (p *process) kill(t *testing.T) post {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	for range p.lines { // nobody hears it
	}
	err := <-p.ended
	require.ErrorContains(t, err, "killed")
	next := p.post
	done := map[int]bool{}
	for _, n := range slices.Concat(p.Done, p.acked) {
		done[n] = true
	}
	for done[next.Next] {
		next.Next += 2
	}
	next.Done = nil
	for n := range done {
		if n > next.Next {
			next.Done = append(next.Done, n)
		}
	}
	return next
}

// A campaign is a tool outside that is told who enters and leaves. Safe for concurrent use.
type campaign struct {
	mu       sync.Mutex
	told     []segment.Notice
	again    int // notices that came a second time
	requests int
	fault    error
}

func (c *campaign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if c.requests%40 == 7 { // it is down
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := c.take(r); err != nil {
		c.fault = errors.Join(c.fault, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.requests%40 == 17 { // its answer is lost
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// last is the number of the last notice it has.
func (c *campaign) last() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.told)
}

func (c *campaign) take(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil // the sender was killed
	}
	if _, err := notify.Verify([]notify.Secret{soakSecret()}, r.Header, body, time.Now(), 0); err != nil {
		return err
	}
	var m notify.Message
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	for _, n := range m.Notices {
		switch last := uint64(len(c.told)); {
		case n.Number == last+1:
			c.told = append(c.told, n)
		case n.Number > last:
			return fmt.Errorf("notice %d after %d", n.Number, last)
		case n != c.told[n.Number-1]:
			return fmt.Errorf("notice %d is %+v, and was %+v", n.Number, n, c.told[n.Number-1])
		default:
			c.again++
		}
	}
	return nil
}

// A soaking is a run of the test on a place.
type soaking struct {
	*place
	dir      string
	campaign campaign
	total    figures
	done     map[int]bool // deeds acknowledged
	notes    []string     // of the report
}

func (x *soaking) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

// bury takes over what a process that is no more has done.
func (x *soaking) bury(p *process) {
	for _, n := range p.acked {
		x.done[n] = true
	}
	x.total.plus(&p.counts)
}

// A service of two processes observes customers, keeps their profiles and segments up to
// date, answers queries and tells a campaign tool who enters and leaves. In the middle the
// process that writes segments is killed and another takes over; later that which reads
// them. In the end nothing that was acknowledged is lost, and nothing has happened twice:
// customers, profiles and members are those of a plain model of the deeds that were
// acknowledged, and the notices, of which the tool has each, lead to the members.
func TestSoak(t *testing.T) {
	onPlaces(t, func(p *place) bool { return p.name == "sqlite" || p.name == "postgres" }, func(t *testing.T, p *place) {
		x := &soaking{place: p, dir: t.TempDir(), done: map[int]bool{}}
		x.run(t, *soakSpan)
		t.Logf("%s:\n%s", p.name, strings.Join(x.notes, "\n"))
	})
}

func (x *soaking) run(t *testing.T, span time.Duration) {
	ctx := t.Context()
	tool := httptest.NewServer(&x.campaign)
	defer tool.Close()
	first := post{
		Place: x.name, Dir: x.dir, Begun: time.Now(), Span: span, Hook: tool.URL,
		Lease: min(span/8, 5*time.Second), LogBytes: 64 << 10,
	}
	start := func(o post) *process {
		p, err := o.start(ctx)
		require.NoError(t, err)
		return p
	}
	until := func(share float64) { time.Sleep(time.Until(first.Begun.Add(time.Duration(share * float64(span))))) }
	measure := func(p *process) holding {
		p.order(t, "measure")
		return hear[holding](t, p, "m")
	}
	writer := start(first)
	second := first
	second.Part, second.Next = 1, 1
	reader := start(second)
	defer func() { // where the test fails
		_ = writer.cmd.Process.Kill()
		_ = reader.cmd.Process.Kill()
	}()
	hear[readiness](t, writer, "r")
	x.note("writer, at start: %v", measure(writer))
	hear[readiness](t, reader, "r")

	until(0.5)
	writer.busy()
	middle := measure(writer)
	x.note("writer, in the middle: %v", middle)
	next := writer.kill(t)
	killed := time.Now()
	x.bury(writer)
	x.check(t, writer)
	checked := time.Since(killed)
	writer = start(next)
	ready := hear[readiness](t, writer, "r")
	x.note("writer killed and started again: %v until the first step: %v for graph and profiles, %v for the lease, %v to open the live segments (%d deeds looked for before, in %v)",
		rounded(ready.First), rounded(ready.Parts), rounded(ready.Lease), rounded(ready.Open), mostChecked, rounded(checked))
	x.note("writer, started again: %v", measure(writer))

	until(0.6)
	told := x.campaign.last()
	writer.order(t, "backup")
	x.note("backup: %v", rounded(hear[time.Duration](t, writer, "b")))

	until(0.75)
	reader.busy()
	x.note("reader, before it is killed: %v", measure(reader))
	next = reader.kill(t)
	x.bury(reader)
	x.check(t, reader)
	reader = start(next)
	ready = hear[readiness](t, reader, "r")
	x.note("reader killed and started again: %v until it reads: %v for graph and profiles, %v to open the live segments",
		rounded(ready.First), rounded(ready.Parts), rounded(ready.Open))

	until(1)
	for _, p := range []*process{writer, reader} {
		p.order(t, "quiet")
		hear[int](t, p, "q")
	}
	took := time.Since(first.Begun)
	at := soakBegin.Add(max(soakDays*day, time.Duration(float64(took)*float64(soakDays*day)/float64(span))) + 2*day)
	writer.order(t, fmt.Sprint("end ", at.UnixNano()))
	last := hear[holding](t, writer, "m")
	x.note("writer, in the end: %v", last)
	require.Equal(t, "done", hear[string](t, writer, "d"))
	reader.order(t, fmt.Sprint("end ", x.campaign.last()))
	digest := hear[string](t, reader, "s")
	x.note("reader, in the end: %v", hear[holding](t, reader, "m"))
	require.Equal(t, "done", hear[string](t, reader, "d"))
	for _, p := range []*process{writer, reader} {
		require.NoError(t, <-p.ended)
		x.bury(p)
	}
	x.verify(t, at, digest)
	x.verifyBackup(t, told)
	x.report(took)
	x.grown(t, middle, last)
}

// mostChecked is how many deeds are looked for when a process was killed: those that it
// acknowledged last.
const mostChecked = 300

// check: what a process that was killed acknowledged last is there.
func (x *soaking) check(t *testing.T, p *process) {
	ctx := t.Context()
	s, err := x.open(ctx, x.dir, 4)
	require.NoError(t, err)
	defer s.Close()
	g, profiles, err := soakParts(ctx, s)
	require.NoError(t, err)
	require.NotEmpty(t, p.acked)
	for _, n := range p.acked[max(0, len(p.acked)-mostChecked):] {
		known, err := deedOf(n).do(ctx, g, profiles, soakBegin)
		require.NoError(t, err)
		require.True(t, known, "deed %d was acknowledged and is gone", n)
	}
}

// report sums up what was done in a time.
func (x *soaking) report(took time.Duration) {
	f := &x.total
	rate := func(n int64) string { return fmt.Sprintf("%d (%.0f a second)", n, float64(n)/took.Seconds()) }
	x.note("%v in all", rounded(took))
	x.note("observations: %s; a deed of them: %v", rate(f.Observed), &f.DeedTime)
	x.note("events and statements: %s", rate(f.Added))
	x.note("runs of Sync: %s: %v; customers folded: %s, rows: %s", rate(f.Syncs), &f.SyncTime, rate(f.Folded), rate(f.Rows))
	x.note("steps: %s, with rows: %v", rate(f.Steps), &f.StepTime)
	x.note("notices: %s, delivered in %d requests, %d notices twice", rate(int64(len(x.campaign.told))), x.campaign.requests, x.campaign.again)
	x.note("followed: %s notices, members compared with them %d times, begun anew %d times", rate(f.Followed), f.Compared, f.Expired)
	x.note("queries: %s: %v", rate(f.Queries), &f.QueryTime)
}

// grown: what the writer holds has not grown faster than what it has to hold.
func (x *soaking) grown(t *testing.T, middle, last holding) {
	most := 2*float64(middle.Heap)*float64(last.Customers)/float64(middle.Customers) + 32<<20
	require.Less(t, float64(last.Heap), most, "heap grew from %v to %v", middle, last)
}

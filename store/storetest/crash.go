package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/clientele-go/clientele/store"
)

// The child is the test binary again, told by its environment which subtest it is the child
// of. It commits, tells of each commit on its standard output once it is acknowledged, and is
// killed. What the operating system has taken over stays then: the rules show what a store
// keeps in its own memory for too long, and what it writes in several steps; they do not show
// what only a power cut would lose.

var crashRules = []Rule{
	{
		Name:  "crash/acknowledged",
		Does:  "The first commit of a process that is killed at once, and each of the next ones, is there afterwards.",
		Why:   "Durable means that a nil error of Commit can be relied on; who was told that the order is taken does not send it again.",
		check: crashAcknowledged,
		child: childAcknowledged,
	},
	{
		Name:  "crash/whole",
		Does:  "After a process that commits small and large batches in two goroutines was killed at a random moment, and again, each acknowledged batch is there, the last one entirely or not at all, and none is half there.",
		Why:   "Machines and containers are killed in the middle of an import every day.",
		check: crashWhole,
		child: childWhole,
	},
	{
		Name:  "crash/versions",
		Does:  "After a kill the keys have the versions that were acknowledged, and no key gets one again that it had.",
		Why:   "A counter that was saved too late gives the same version to other data, and a condition holds by accident.",
		check: crashVersions,
		child: childVersions,
	},
}

const (
	childEnv = "CLIENTELE_STORETEST_CHILD"      // name of the subtest
	dirEnv   = "CLIENTELE_STORETEST_CHILD_DIR"  // directory of its store
	argEnv   = "CLIENTELE_STORETEST_CHILD_ARGS" // numbers where to go on
	ack      = "storetest-ack"
)

// InChild reports whether this process is the test binary executed again by a rule of the
// group crash. A test that starts a server needs it: the child must use that of its parent,
// whose address it finds in its environment if the parent has put it into its own.
func InChild() bool { return os.Getenv(childEnv) != "" }

// childOf returns the directory of the store if this process is the child of the test.
func childOf(test string) (dir string, ok bool) {
	if os.Getenv(childEnv) != test {
		return "", false
	}
	return os.Getenv(dirEnv), true
}

// A child is the process that is killed.
type child struct {
	s    store.Store
	args []int
	mu   sync.Mutex
}

// ack tells the parent, in one write.
func (c *child) ack(numbers ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprint(os.Stdout, ack, " ", fmt.Sprintln(numbers...))
}

// commit commits in spite of conflicts, and ends the process if it can't.
func (c *child) commit(b *store.Batch) store.Version {
	v, err := store.Update(context.Background(), c.s, patient, func(context.Context) (*store.Batch, error) { return b, nil })
	if err != nil {
		c.fail("Commit", err)
	}
	return v
}

func (c *child) fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(3)
}

// runChild never returns.
func (r Rule) runChild(open Open, dir string) {
	go func() { // when the parent is gone
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(4)
	}()
	c := &child{args: integers(os.Getenv(argEnv))}
	var err error
	if c.s, err = open(context.Background(), dir); err != nil {
		c.fail("open", err)
	}
	r.child(c)
	select {} // until it is killed
}

func integers(text string) (list []int) {
	for field := range strings.FieldsSeq(text) {
		n, _ := strconv.Atoi(field)
		list = append(list, n)
	}
	return list
}

// kill runs the child on dir and calls told with the numbers of each of its
// acknowledgements, up to the last. Once told says that it is enough the child is killed
// after the wait.
func (x *attempt) kill(dir string, args []int, told func(ack []int) (wait time.Duration, enough bool)) {
	program, err := os.Executable()
	if err != nil {
		x.failf("the test binary: %v", err)
	}
	var pattern []string
	for part := range strings.SplitSeq(x.test, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	flags := []string{"-test.run=" + strings.Join(pattern, "/"), "-test.count=1", "-test.timeout=10m"}
	for _, arg := range os.Args[1:] { // those of the test itself
		if !strings.HasPrefix(strings.TrimLeft(arg, "-"), "test.") {
			flags = append(flags, arg)
		}
	}
	cmd := exec.CommandContext(x.ctx, program, flags...)
	cmd.Env = append(os.Environ(), childEnv+"="+x.test, dirEnv+"="+dir, argEnv+"="+strings.Trim(fmt.Sprint(args), "[]"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		x.failf("pipe to the child: %v", err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		x.failf("pipe from the child: %v", err)
	}
	x.doing("waiting for commits of the process that is to be killed")
	if err := cmd.Start(); err != nil {
		x.failf("starting the child: %v", err)
	}
	defer func() { // where the rule fails
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	killed := false
	var other strings.Builder
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut by the kill was not told
			break
		}
		_, numbers, found := strings.Cut(line, ack+" ")
		if !found {
			other.WriteString(line)
			continue
		}
		if wait, enough := told(integers(numbers)); enough && !killed {
			killed = true
			time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || !killed || exit.ExitCode() > 1 {
		x.failf("the child ended by itself: %v\n%s%s", err, stderr.String(), other.String())
	}
	time.Sleep(30 * time.Millisecond) // a server may still be busy with the last commit
}

// crashing opens a durable store, to see that it is one, and returns its
// directory; without a test the rule is skipped.
func (x *attempt) crashing() string {
	s, dir := x.durable()
	if x.test == "" {
		x.skipf("a process is killed only where Run is used in a test, whose binary can be executed again")
	}
	x.close(s)
	return dir
}

func childAcknowledged(c *child) {
	n := c.args[0]
	key := fmt.Sprintf("k%d", n)
	c.commit(puts(key, fmt.Sprint(n), "last", fmt.Sprint(n)))
	c.ack(n)
}

func crashAcknowledged(x *attempt) {
	dir := x.crashing()
	const rounds = 4
	for n := range rounds {
		x.kill(dir, []int{n}, func([]int) (time.Duration, bool) { return 0, true })
		s := x.openDir(dir)
		x.has(s, "last", fmt.Sprint(n))
		for i := range n + 1 {
			x.has(s, fmt.Sprintf("k%d", i), fmt.Sprint(i))
		}
		x.close(s)
	}
}

// Writer w of childWhole commits batch n: the keys w/0 to w/(size-1) all get the
// value n, w/log/n is put, w/now/n is put and w/now/n-1 deleted.
var wholeSizes = []int{4, 300}

func wholeKeys(w int) (keys []string) {
	for i := range wholeSizes[w] {
		keys = append(keys, fmt.Sprintf("%d/%03d", w, i))
	}
	return keys
}

func childWhole(c *child) {
	for w := range wholeSizes {
		go func() {
			keys := wholeKeys(w)
			for n := c.args[w]; ; n++ {
				var b store.Batch
				for _, k := range keys {
					b.Put([]byte(k), fmt.Appendf(nil, "%0100d", n))
				}
				b.Put(fmt.Appendf(nil, "%d/log/%06d", w, n), nil)
				b.Put(fmt.Appendf(nil, "%d/now/%06d", w, n), nil)
				b.Delete(fmt.Appendf(nil, "%d/now/%06d", w, n-1))
				c.commit(&b)
				c.ack(w, n)
			}
		}()
	}
}

func crashWhole(x *attempt) {
	dir := x.crashing()
	random := x.random(7)
	next := []int{1, 1}
	const rounds = 5
	for range rounds {
		acked := []int{next[0] - 1, next[1] - 1}
		least := 1 + random.IntN(40)
		wait := time.Duration(random.IntN(20_000)) * time.Microsecond
		x.kill(dir, next, func(ack []int) (time.Duration, bool) {
			if w, n := ack[0], ack[1]; n != acked[w]+1 {
				x.failf("the child acknowledged batch %d after %d", n, acked[w])
			} else {
				acked[w] = n
			}
			return wait, acked[0]-next[0]+acked[1]-next[1]+2 >= least
		})
		s := x.openDir(dir)
		for w := range wholeSizes {
			next[w] = x.whole(s, w, acked[w]) + 1
		}
		x.close(s)
	}
}

// whole returns the last batch of writer w that is there.
func (x *attempt) whole(s store.Store, w, acked int) int {
	n := 0
	for i, e := range x.get(s, wholeKeys(w)...) {
		value := 0
		if e.Version != 0 {
			value = x.number(e)
		}
		if i == 0 {
			n = value
		}
		if value != n {
			x.failf("after a kill key %q is from batch %d and %q from batch %d: a batch is there in part", e.Key, value, wholeKeys(w)[0], n)
		}
	}
	switch {
	case n < acked:
		x.failf("after a kill batch %d of writer %d is the last, but %d was acknowledged", n, w, acked)
	case n > acked+1:
		x.failf("after a kill batch %d of writer %d is the last, but it had not been begun: %d was acknowledged", n, w, acked)
	}
	var log, now []string
	for i := range n {
		log = append(log, fmt.Sprintf("%d/log/%06d", w, i+1))
	}
	if n > 0 {
		now = append(now, fmt.Sprintf("%d/now/%06d", w, n))
	}
	x.scans(s, store.Under(fmt.Appendf(nil, "%d/log/", w)), log)
	x.scans(s, store.Under(fmt.Appendf(nil, "%d/now/", w)), now)
	return n
}

func childVersions(c *child) {
	for n := c.args[0]; ; n++ {
		c.ack(n, 0, c.commit(puts("stays", fmt.Sprint(n))))
		c.ack(n, 1, c.commit(puts("goes", fmt.Sprint(n))))
		var b store.Batch
		b.Delete([]byte("goes"))
		c.ack(n, 2, c.commit(&b))
	}
}

func crashVersions(x *attempt) {
	dir := x.crashing()
	random := x.random(8)
	l := lives{}
	last := 0
	const rounds = 5
	for range rounds {
		least := 1 + random.IntN(40)
		var version store.Version
		x.kill(dir, []int{last + 1}, func(ack []int) (time.Duration, bool) {
			switch ack[1] {
			case 0:
				last, version = ack[0], store.Version(ack[2])
				l.fresh(x, "stays", version, "in the process after a kill")
			case 1:
				l.fresh(x, "goes", store.Version(ack[2]), "in the process after a kill")
			}
			least--
			return 0, least <= 0
		})
		s := x.openDir(dir)
		e := x.get(s, "stays", "goes")
		switch n := x.number(e[0]); {
		case n == last && e[0].Version != version:
			x.failf("after a kill the key has version %d, acknowledged was %d", e[0].Version, version)
		case n != last && n != last+1:
			x.failf("after a kill the key is from commit %d, the last acknowledged is %d", n, last)
		case n == last+1: // the commit that was not acknowledged
			last = n
			l.fresh(x, "stays", e[0].Version, "in a commit that was killed")
		}
		x.delete(s, "goes")
		for range 3 {
			l.put(x, s, "goes", "parent", "after a kill")
			x.delete(s, "goes")
		}
		x.close(s)
	}
}

// Command audience is a small HTTP service around an index of customers: who is meant by a rule, how many they are, what
// they have in common, how groups overlap, and why somebody is in one; with a page to type rules on, and live segments.
//
//	go run ./examples/audience                              asks itself some questions over HTTP, prints the answers, and ends
//	go run ./examples/audience -addr 127.0.0.1:8080         serves a generated shop of 200,000 customers until interrupted
//	go run ./examples/audience -addr 127.0.0.1:8080 -data examples/audience/testdata/customers.csv
//
// Its segments are live: time is simulated, customers go on buying, and who enters a segment or leaves it because of that or
// because days pass is told to a campaign tool, by webhooks that a receiver in this program verifies and prints. The page
// /live.html defines segments and shows what happens to them. All of it is in memory: when the process ends, segments and
// notices are gone, and the next one numbers its notices from 1.
//
// The service has no accounts: whoever reaches it may read and write. Addresses other than loopback belong behind a
// proxy that knows who is who.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // zones where the system has none
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "audience:", err)
		os.Exit(1)
	}
}

// lockedWriter is a writer for several goroutines. Safe for concurrent use.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes all of p before anything else.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	stdout = &lockedWriter{w: stdout} // the service and the campaign tool write
	f := flag.NewFlagSet("audience", flag.ContinueOnError)
	f.SetOutput(stderr)
	addr := f.String("addr", "", "address to serve on, such as 127.0.0.1:8080; none: ask some questions and end")
	customers := f.Int("customers", 200_000, "number of generated customers")
	data := f.String("data", "", "CSV file of customers: ids, then tags whose titles are name:kind; none: a generated shop")
	speed := f.Duration("speed", 0, "simulated time that passes in a second, 0s to 168h; not given: 1h, with -data 1s")
	zone := f.String("zone", "Asia/Shanghai", "time zone whose days count")
	if err := f.Parse(args); err != nil {
		return err
	}
	loc, err := time.LoadLocation(*zone)
	given := false
	f.Visit(func(f *flag.Flag) { given = given || f.Name == "speed" })
	switch {
	case given: // as it is
	case *data == "":
		*speed = time.Hour
	default:
		*speed = time.Second
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case err != nil:
		return fmt.Errorf("-zone: %w", err)
	case *data != "" && *addr == "":
		return errors.New("-data needs -addr")
	case *customers < 1 || *customers > 20_000_000:
		return errors.New("-customers is not 1 to 20000000")
	case *speed < 0 || *speed > maxSpeed:
		return errors.New("-speed is not 0s to 168h")
	}

	s := &server{loc: loc, limit: 5 * time.Second, slots: make(chan struct{}, 4*runtime.GOMAXPROCS(0))}
	if *data == "" {
		var shop *shop
		if shop, err = generate(ctx, *customers, loc); err != nil {
			return err
		}
		s.index = shop.index
		s.sim, err = newGeneratedSimulation(shop, loc)
		fmt.Fprintf(stdout, "No -data given: a generated shop, not a real one, with records until %s.\n", shop.asOf.Format(time.DateOnly))
	} else {
		now := time.Now()
		if s.index, err = loadCSV(ctx, *data, loc, now, stdout); err != nil {
			return err
		}
		if s.sim, err = newSimulation(s.index, now, loc); err == nil {
			s.sim.about = "Customers change by POST /update."
		}
	}
	if err != nil {
		return err
	}
	s.sim.speed = *speed

	// The campaign tool listens on a port of its own, which only this machine can reach.
	secret, err := newSecret(rand.Reader)
	if err != nil {
		return err
	}
	toolListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer toolListener.Close()
	s.tool = &receiver{secret: secret, loc: loc, out: stdout, state: received{URL: "http://" + toolListener.Addr().String() + "/notices"}}
	listener, err := net.Listen("tcp", cmp.Or(*addr, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	defer listener.Close()
	s.local = listener.Addr().(*net.TCPAddr).IP.IsLoopback()

	var tasks []func(context.Context) error // the program ends when one of them does
	source := "audience"
	if *addr != "" {
		if !s.local {
			fmt.Fprintln(stderr, "audience: whoever reaches this address may read and write everything")
		}
		fmt.Fprintf(stdout, "Serving on http://%s until interrupted; the campaign tool on %s.\n", listener.Addr(), s.tool.state.URL)
		source = fmt.Sprintf("audience-%d", time.Now().Unix()) // every process numbers its notices anew
		tasks = append(tasks, s.sim.run)
	}
	sink, err := webhook(s.tool.state.URL, secret, source)
	if err != nil {
		return err
	}
	if *addr == "" {
		fmt.Fprintf(stdout, "No -addr given: asking the service itself, then ending. With -addr 127.0.0.1:8080 it stays.\n")
		tasks = append(tasks, func(ctx context.Context) error {
			return demonstrate(ctx, s, "http://"+listener.Addr().String(), sink, stdout)
		})
	} else {
		tasks = append(tasks, func(ctx context.Context) error { return s.sim.deliver(ctx, sink) })
	}
	tasks = append(tasks,
		func(ctx context.Context) error { return serve(ctx, listener, s.handler(), s.limit) },
		func(ctx context.Context) error { return serve(ctx, toolListener, s.tool, s.limit) })
	return together(ctx, tasks)
}

// together runs tasks beside each other. When one of them ends, the others are told to.
func together(ctx context.Context, tasks []func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(tasks))
	var all sync.WaitGroup
	for i, task := range tasks {
		all.Go(func() {
			defer stop()
			errs[i] = task(ctx)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// serve answers until ctx ends, then lets running requests finish. limit is the time for an answer.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, limit time.Duration) error {
	h := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10*time.Second + limit + 10*time.Second, // reading, answering, writing
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    1 << 14,
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit+10*time.Second)
	defer cancel()
	err := h.Shutdown(ctx)
	<-ended
	return err
}

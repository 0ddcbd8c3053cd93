// Command audience is a small HTTP service around an index of customers: who is meant by a rule, how many they are, what
// they have in common, how groups overlap, and why somebody is in one; with a page to type rules on, and live segments.
//
//	go run ./examples/audience                              asks itself some questions over HTTP, prints the answers, and ends
//	go run ./examples/audience -addr 127.0.0.1:8080         serves a generated shop of 200,000 customers until interrupted
//	go run ./examples/audience -addr 127.0.0.1:8080 -data examples/audience/testdata/customers.csv
//	go run ./examples/audience -addr 127.0.0.1:8080 -keep kept
//
// Its segments are live: time is simulated, customers go on buying, and who enters a segment or leaves it because of that or
// because days pass is told to a campaign tool, by webhooks that a receiver in this program verifies and prints. The page
// /live.html defines segments and shows what happens to them. With -keep customers, segments, notices, and how far they are
// delivered, are in a folder: end the process, or kill it, and the next one goes on where it was, with the same numbers, and
// the campaign tool misses nothing. The log in the folder only grows. Without -keep all of it is in memory, and the next
// process numbers its notices from 1.
//
// The service has no accounts: whoever reaches it may read and write. Addresses other than loopback belong behind a
// proxy that knows who is who.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
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
	o, err := parse(args, stdout, stderr)
	if err != nil {
		return err
	}
	if o.addr == "" {
		fmt.Fprintln(stdout, "No -addr given: asking the service itself, then ending. With -addr 127.0.0.1:8080 it stays.")
		return demonstrate(ctx, *o)
	}
	s, err := openService(ctx, o)
	if err != nil {
		return err
	}
	if !s.server.local {
		fmt.Fprintln(stderr, "audience: whoever reaches this address may read and write everything")
	}
	s.greet(stdout)
	s.server.sim.start(o.speed)
	err = s.run(ctx, s.server.sim.run, func(ctx context.Context) error { return s.server.sim.deliver(ctx, s.store, s.sink) })
	return errors.Join(err, s.close(context.WithoutCancel(ctx)))
}

// options are what the command line says. Safe for concurrent reads.
type options struct {
	addr, data, keep, zone string
	customers              int
	speed                  time.Duration // less than 0: not given
	stdout                 io.Writer
}

func parse(args []string, stdout, stderr io.Writer) (*options, error) {
	o, given := &options{speed: -1, stdout: stdout}, false
	f, usage := flag.NewFlagSet("audience", flag.ContinueOnError), &bytes.Buffer{}
	f.SetOutput(usage)
	f.StringVar(&o.addr, "addr", "", "address to serve on, such as 127.0.0.1:8080; :8080 is the same; none: ask some questions and end")
	f.IntVar(&o.customers, "customers", 200_000, "number of generated customers")
	f.StringVar(&o.data, "data", "", "CSV file of customers: ids, then tags whose titles are name:kind, of "+kinds+"; none: a generated shop")
	f.StringVar(&o.keep, "keep", "", "folder to keep everything in; if it has something, that goes on, and -customers, -data and -zone are not looked at; none: memory")
	f.Func("speed", "simulated time that passes in a second, 0s to 168h; not given: 1h, with -data 1s", func(d string) error {
		speed, err := time.ParseDuration(d)
		o.speed, given = speed, true
		return err
	})
	f.StringVar(&o.zone, "zone", "Asia/Shanghai", "time zone whose days count")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf("%w; -help says what there is", err)
	}
	_, err := time.LoadLocation(o.zone)
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case err != nil:
		return nil, fmt.Errorf("-zone: %w", err)
	case (o.data != "" || o.keep != "") && o.addr == "":
		return nil, errors.New("-data and -keep need -addr")
	case o.customers < 1 || o.customers > 20_000_000:
		return nil, errors.New("-customers is not 1 to 20000000")
	case given && (o.speed < 0 || o.speed > maxSpeed):
		return nil, errors.New("-speed is not 0s to 168h")
	}
	return o, nil
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

// Command audience is a small HTTP service around an index of customers: who is meant by a rule, how many they are, what
// they have in common, how groups overlap, and why somebody is in one; with a page to type rules on, and live updates.
//
//	go run ./examples/audience                              asks itself some questions over HTTP, prints the answers, and ends
//	go run ./examples/audience -addr 127.0.0.1:8080         serves a generated shop of 200,000 customers until interrupted
//	go run ./examples/audience -addr 127.0.0.1:8080 -data examples/audience/testdata/customers.csv
//
// The service has no accounts: whoever reaches it may read and write. Addresses other than loopback belong behind a
// proxy that knows who is who.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("audience", flag.ContinueOnError)
	f.SetOutput(stderr)
	addr := f.String("addr", "", "address to serve on, such as 127.0.0.1:8080; none: ask some questions and end")
	customers := f.Int("customers", 200_000, "number of generated customers")
	data := f.String("data", "", "CSV file of customers: ids, then tags whose titles are name:kind; none: a generated shop")
	zone := f.String("zone", "Asia/Shanghai", "time zone whose days count")
	if err := f.Parse(args); err != nil {
		return err
	}
	loc, err := time.LoadLocation(*zone)
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case err != nil:
		return fmt.Errorf("-zone: %w", err)
	case *data != "" && *addr == "":
		return errors.New("-data needs -addr")
	case *customers < 1 || *customers > 20_000_000:
		return errors.New("-customers is not 1 to 20000000")
	}

	s := &server{loc: loc, limit: 5 * time.Second, slots: make(chan struct{}, 4*runtime.GOMAXPROCS(0))}
	if *data == "" {
		var asOf time.Time
		s.index, asOf, err = generate(ctx, *customers, loc)
		s.now = func() time.Time { return asOf }
		fmt.Fprintf(stdout, "No -data given: a generated shop, not a real one, with records until %s.\n", asOf.Format(time.DateOnly))
	} else {
		s.index, err = loadCSV(ctx, *data, loc, time.Now(), stdout)
		s.now = func() time.Time { return time.Now().In(loc) }
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cmp.Or(*addr, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	s.local = listener.Addr().(*net.TCPAddr).IP.IsLoopback()
	if *addr != "" {
		if !s.local {
			fmt.Fprintln(stderr, "audience: whoever reaches this address may read and write everything")
		}
		fmt.Fprintf(stdout, "Serving on http://%s until interrupted.\n", listener.Addr())
		return s.serve(ctx, listener)
	}
	fmt.Fprintf(stdout, "No -addr given: asking the service itself, then ending. With -addr 127.0.0.1:8080 it stays.\n")
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx, listener) }()
	err = demonstrate("http://"+listener.Addr().String(), stdout)
	stop()
	return errors.Join(err, <-served)
}

// serve answers until ctx ends, then lets running requests finish.
func (s *server) serve(ctx context.Context, listener net.Listener) error {
	h := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10*time.Second + s.limit + 10*time.Second, // reading, answering, writing
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limit+10*time.Second)
	defer cancel()
	err := h.Shutdown(ctx)
	<-ended
	return err
}

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

// service is all that a process runs: the server and the campaign tool, each with a port of its own, and what they keep.
// Safe for concurrent use.
type service struct {
	server   *server
	sink     notify.Sink // posts to the tool
	store    store.Store
	closers  []func() error // of all but the live segments; the last one first
	api      net.Listener
	campaign net.Listener
}

// openService opens what is kept, or begins it, and the ports. The clock stands until somebody runs it.
func openService(ctx context.Context, o *options) (s *service, err error) {
	s = &service{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.kill())
		}
	}()
	kept, closeStore, err := openStore(ctx, o.keep)
	if err != nil {
		return s, err
	}
	s.store, s.closers = kept, append(s.closers, closeStore)
	// The ports come first, as it is no use to generate customers for one that is taken.
	address := cmp.Or(o.addr, ":0")
	if strings.HasPrefix(address, ":") { // who wants all addresses of the machine says so: 0.0.0.0
		address = "127.0.0.1" + address
	}
	if s.api, err = s.listen(address); err != nil {
		return s, err
	}
	if s.campaign, err = s.listen("127.0.0.1:0"); err != nil { // only this machine can reach it
		return s, err
	}
	sim, err := openSimulation(ctx, s.store, o)
	if err != nil {
		return s, err
	}
	s.server = &server{
		sim: sim, loc: sim.loc, kept: o.keep != "", limit: 5 * time.Second, slots: make(chan struct{}, 4*runtime.GOMAXPROCS(0)),
		local: s.api.Addr().(*net.TCPAddr).IP.IsLoopback(),
	}
	return s, s.openTool(ctx, o)
}

func (s *service) listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		s.closers = append(s.closers, func() error {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) { // it is closed if it has served
				return err
			}
			return nil
		})
	}
	return l, err
}

// openTool makes the campaign tool, and the sink that posts to it.
func (s *service) openTool(ctx context.Context, o *options) error {
	secret, err := newSecret(rand.Reader)
	if err != nil {
		return err
	}
	own, err := store.Prefixed(s.store, toolPrefix)
	if err != nil {
		return err
	}
	tool, err := openReceiver(ctx, own, secret, s.server.loc, o.stdout)
	if err != nil {
		return err
	}
	tool.state.URL = "http://" + s.campaign.Addr().String() + "/notices"
	s.server.tool = tool
	source := "audience"
	if o.keep == "" {
		source = fmt.Sprintf("audience-%d", time.Now().Unix()) // every process numbers its notices anew
	}
	s.sink, err = webhook(tool.state.URL, secret, source)
	return err
}

// greet tells where the service is, and what it goes on with.
func (s *service) greet(stdout io.Writer) {
	sim := s.server.sim
	if b := sim.book; s.server.kept && b.Starts > 1 {
		fmt.Fprintf(stdout, "Kept since %s real time: %d customers, the simulated clock goes on at %s, and the next notice is number %d.\n",
			b.Since.In(sim.loc).Format(clockLayout), sim.live.Snapshot().Len(), sim.now().Format(clockLayout), b.Counted+1)
	}
	fmt.Fprintf(stdout, "Serving on http://%s until interrupted; the campaign tool on %s.\n", s.api.Addr(), s.server.tool.state.URL)
}

// run serves and does tasks beside it, until ctx or one of them ends.
func (s *service) run(ctx context.Context, tasks ...func(context.Context) error) error {
	return together(ctx, append(tasks,
		func(ctx context.Context) error { return serve(ctx, s.api, s.server.handler(), s.server.limit) },
		func(ctx context.Context) error { return serve(ctx, s.campaign, s.server.tool, s.server.limit) }))
}

// close ends the service in good order: the next one need not carry out again what was done since the last checkpoint.
func (s *service) close(ctx context.Context) error {
	sim := s.server.sim
	return errors.Join(sim.live.Close(ctx), sim.keep(ctx, s.store), s.kill())
}

// kill leaves the service as the end of the process would: nothing more is written.
func (s *service) kill() (err error) {
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	return err
}

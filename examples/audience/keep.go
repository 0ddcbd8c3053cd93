package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/clientele-go/clientele/examples/adapter/logstore"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

// What the store has, beside the keys of the live segments, which begin with segment/. What the campaign tool keeps is
// under a prefix of its own: in earnest, it is another program with another store.
var (
	bookKey    = []byte("audience/book")
	cursorKey  = []byte("audience/cursor")
	toolPrefix = []byte("tool/")
)

// book is what there is to keep of a service beside its live segments and how far they are delivered. Not safe for
// concurrent use.
type book struct {
	// What it began with.
	Customers int    // of the generated shop; 0: they came from a file
	Data      string // the file
	Zone      string
	Start     time.Time // by the simulated clock
	Since     time.Time // by that of the machine

	Begun  bool // the live segments are there
	Starts int  // of programs that had them
	// Counted is the number of the last notice in Counts. Steps don't wait for the book: the live segments have those after it.
	Counted uint64
	Counts  map[segment.Cause]moves
}

// count takes notice of a notice, once.
func (b *book) count(n segment.Notice) {
	if n.Number <= b.Counted {
		return
	}
	b.Counted = n.Number
	c := b.Counts[n.Cause]
	if n.Entered {
		c.Entered++
	} else {
		c.Left++
	}
	b.Counts[n.Cause] = c
}

func readBook(ctx context.Context, s store.Store) (b book, err error) {
	b.Counts = map[segment.Cause]moves{}
	return b, readJSON(ctx, s, bookKey, &b)
}

func (b *book) write(ctx context.Context, s store.Store) error { return writeJSON(ctx, s, bookKey, b) }

// readJSON leaves into as it is where nothing is kept under key.
func readJSON(ctx context.Context, s store.Store, key []byte, into any) error {
	entries, err := s.Get(ctx, key)
	if err != nil || entries[0].Version == 0 {
		return err
	}
	if err := json.Unmarshal(entries[0].Value, into); err != nil {
		return fmt.Errorf("%w: %s: %w", store.ErrCorrupt, key, err)
	}
	return nil
}

func writeJSON(ctx context.Context, s store.Store, key []byte, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	b := &store.Batch{}
	b.Put(key, data)
	_, err = s.Commit(ctx, b)
	return err
}

// openStore returns where all is kept: the folder, or the memory of this process where there is none.
func openStore(ctx context.Context, folder string) (store.Store, func() error, error) {
	if folder == "" {
		return new(store.Memory), func() error { return nil }, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, nil, err
	}
	for try := 0; ; try++ {
		s, err := logstore.Open(ctx, folder)
		switch {
		case err == nil:
			return s, s.Close, nil
		case !errors.Is(err, store.ErrUnavailable) || try == 20:
			return nil, nil, fmt.Errorf("-keep: %w", err)
		}
		select { // the process before may be about to end
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// openSimulation goes on with what the store has, or begins as options say, which mean nothing otherwise.
func openSimulation(ctx context.Context, s store.Store, o *options) (*simulation, error) {
	b, err := readBook(ctx, s)
	if err != nil {
		return nil, err
	}
	if !b.Begun {
		begin := book{Customers: o.customers, Data: o.data, Zone: o.zone, Since: time.Now(), Counts: b.Counts}
		if o.data != "" {
			begin.Customers = 0
		}
		if !b.Since.IsZero() && (b.Customers != begin.Customers || b.Data != begin.Data || b.Zone != begin.Zone) {
			return nil, errors.New("-keep: a program with other options was ended before it had begun: take a new folder, or the same options")
		}
		if b = begin; o.keep != "" {
			if err := b.write(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	loc, err := time.LoadLocation(b.Zone)
	if err != nil {
		return nil, err
	}
	live, err := openLive(ctx, s, o, &b, loc)
	if err != nil {
		return nil, err
	}
	b.Begun = true
	b.Starts++
	sim, err := newSimulation(ctx, live, b, loc)
	if err == nil {
		err = sim.keep(ctx, s)
	}
	return sim, err
}

// openLive opens the live segments in the store, or begins them. Those in memory need no store.
func openLive(ctx context.Context, s store.Store, o *options, b *book, loc *time.Location) (*segment.Live, error) {
	begin := segment.LiveOptions{Location: loc, Actor: "audience"}
	var index *segment.Index
	var from *segment.Snapshot
	if !b.Begun {
		var err error
		if index, err = o.load(ctx, loc, b, &begin); err != nil {
			return nil, err
		}
		from = index.Snapshot()
	}
	if o.keep == "" {
		return segment.NewLive(index, &begin)
	}
	opened := time.Now()
	return segment.OpenLive(ctx, s, &segment.OpenOptions{
		Live: begin, From: from, Owner: "audience", LogBytes: 8 << 20,
		// The store lets nobody else in while this process has it, so the lease need not last.
		Clock: func() time.Time { return opened }, Lease: time.Nanosecond,
		Failed: func(err error) {
			if !errors.Is(err, store.ErrClosed) {
				log.Printf("audience: checkpoint: %v", err)
			}
		},
	})
}

// load returns the customers to begin with, and tells the book and begin of them.
func (o *options) load(ctx context.Context, loc *time.Location, b *book, begin *segment.LiveOptions) (*segment.Index, error) {
	if o.data != "" {
		b.Start = time.Now()
		begin.At = b.Start
		return loadCSV(ctx, o.data, loc, b.Start, o.stdout)
	}
	shop, err := newShop(b.Customers, loc)
	if err != nil {
		return nil, err
	}
	b.Start = shop.asOf
	begin.At, begin.Definitions = b.Start, generatedSegments
	fmt.Fprintf(o.stdout, "No -data given: a generated shop, not a real one, with records until %s.\n", shop.asOf.Format(time.DateOnly))
	return shop.index(ctx)
}

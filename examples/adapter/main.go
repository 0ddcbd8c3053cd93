// Command adapter uses a store written from scratch, as one writes it for a database of
// one's own; docs/adapter.md tells how it came about. Package logstore is all of it, and
// its test runs the suite on it. The command shows that what was committed is there
// when the store is opened again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/clientele-go/clientele/examples/adapter/logstore"
	"github.com/clientele-go/clientele/store"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "adapter:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "adapter-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := write(ctx, out, dir); err != nil {
		return err
	}
	return read(ctx, out, dir)
}

// write commits twice, and a third time under a condition that no longer holds.
func write(ctx context.Context, out io.Writer, dir string) error {
	s, err := logstore.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	var b store.Batch
	b.Put([]byte("customer/ann"), []byte("12.00"))
	b.Put([]byte("customer/bob"), []byte("20.00"))
	first, err := s.Commit(ctx, &b)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "two customers, version %d\n", first)

	var more store.Batch
	more.If([]byte("customer/ann"), first)
	more.Put([]byte("customer/ann"), []byte("57.50"))
	second, err := s.Commit(ctx, &more)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "ann as she was read, version %d\n", second)

	if _, err := s.Commit(ctx, &more); !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("a conflict was expected: %w", err)
	}
	fmt.Fprintln(out, "the same again: conflict, nothing was written")
	return s.Close()
}

// read opens the store again.
func read(ctx context.Context, out io.Writer, dir string) error {
	s, err := logstore.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintln(out, "opened again:")
	for e, err := range s.Scan(ctx, store.Under([]byte("customer/"))) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s = %s, version %d\n", e.Key, e.Value, e.Version)
	}
	return s.Close()
}

package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/pebblestore"
)

func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	s, err := pebblestore.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	var b store.Batch
	b.Put([]byte("customer/ann"), []byte("12.00"))
	b.Put([]byte("customer/bob"), []byte("20.00"))
	read, err := s.Commit(ctx, &b)
	if err != nil {
		log.Fatal(err)
	}

	// Only if nobody has changed what was read.
	var change store.Batch
	change.If([]byte("customer/ann"), read)
	change.Put([]byte("customer/ann"), []byte("57.50"))
	_, first := s.Commit(ctx, &change)
	_, second := s.Commit(ctx, &change)
	fmt.Println(first, errors.Is(second, store.ErrConflict))
	if err := s.Close(); err != nil {
		log.Fatal(err)
	}

	if s, err = pebblestore.Open(dir, nil); err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for e, err := range s.Scan(ctx, store.Under([]byte("customer/"))) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s\n", e.Key, e.Value)
	}
	// Output:
	// <nil> true
	// customer/ann 57.50
	// customer/bob 20.00
}

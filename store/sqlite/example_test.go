package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/store/sqlite"
)

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	s, err := sqlite.Open(ctx, filepath.Join(dir, "customers.db"))
	if err != nil {
		panic(err)
	}
	defer s.Close()

	var batch store.Batch
	batch.Put([]byte("customer/1"), []byte("Ada"))
	batch.Put([]byte("customer/2"), []byte("Grace"))
	batch.If([]byte("customer/1"), 0) // only if it is not there yet
	if _, err := s.Commit(ctx, &batch); err != nil {
		panic(err)
	}
	for e, err := range s.Scan(ctx, store.Under([]byte("customer/"))) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s: %s\n", e.Key, e.Value)
	}
	fmt.Println("durable:", s.Durable())
	// Output:
	// customer/1: Ada
	// customer/2: Grace
	// durable: true
}

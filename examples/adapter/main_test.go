package main

import (
	"context"
	"os"
)

func Example() {
	if err := run(context.Background(), os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// two customers, version 1
	// ann as she was read, version 2
	// the same again: conflict, nothing was written
	// opened again:
	//   customer/ann = 57.50, version 2
	//   customer/bob = 20.00, version 1
}

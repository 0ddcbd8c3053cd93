package bitset_test

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/bitset"
	"github.com/clientele-go/clientele/internal/kernel"
)

func Example() {
	var scratch kernel.Words
	a := bitset.OfSorted([]uint16{1, 5, 60_000}, 256)
	b := bitset.Full(100)

	fmt.Println(bitset.And(a, b, 256, &scratch).Positions(nil))
	fmt.Println(bitset.AndNot(b, a, 256, &scratch).Len())

	// A plan takes one set after the other.
	var plan kernel.Words
	a.Load(&plan)
	b.And(&plan)
	fmt.Println(kernel.Count(&plan))

	// As bits 65,536 and more of a Roaring bitmap.
	fmt.Println(bitset.ToRoaring([]bitset.Set{{}, a}))
	// Output:
	// [1 5]
	// 98
	// 2
	// {65537,65541,125536}
}

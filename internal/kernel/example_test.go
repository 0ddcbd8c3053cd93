package kernel_test

import (
	"fmt"

	"github.com/clientele-go/clientele/internal/kernel"
)

// Which of five customers spent between 20 and 60 and are opted in?
func Example() {
	spent := make([]uint64, 7*kernel.Size) // seven slices: values up to 127
	kernel.Encode(spent, []uint64{10, 20, 35, 60, 99})

	var optedIn, chosen kernel.Words
	kernel.Scatter(&optedIn, []uint16{0, 2, 3, 4})
	kernel.Between(&chosen, spent, 20, 60)
	kernel.And(&chosen, &chosen, &optedIn)

	positions := make([]uint16, kernel.Count(&chosen))
	kernel.Extract(positions, &chosen)
	fmt.Println(positions)
	// Output: [2 3]
}

package layout

import (
	"fmt"
	"os"
	"testing"

	"github.com/clientele-go/clientele/internal/race"
)

// TestMain leaves all out with the race detector: sources are read here, by nothing that runs at the same time, and much
// is compiled for it.
func TestMain(m *testing.M) {
	if race.Enabled {
		fmt.Println("left out with the race detector: nothing runs at the same time")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

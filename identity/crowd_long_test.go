//go:build long

package identity

import "testing"

// TestManyPeople: among so many there are pairs whom nothing tells apart: relatives of the
// same name with one phone, or who were met once, with a masked name.
func TestManyPeople(t *testing.T) { testCrowd(t, 10_000) }

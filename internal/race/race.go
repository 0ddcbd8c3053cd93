// Package race lets tests do less with the race detector, which makes everything many times
// slower and shows only what runs at the same time.
package race

// TB is what Skip needs of a test, of package testing. Not safe for concurrent use.
type TB interface {
	Helper()          // as of testing.TB
	Skip(args ...any) // as of testing.TB
}

// Skip skips a test that takes long, in which nothing runs at the same time but what other tests show.
func Skip(t TB) {
	t.Helper()
	if Enabled {
		t.Skip("what runs at the same time in it other tests show")
	}
}

// Fewer is n, or with the race detector the few.
func Fewer[N int | uint64](n, few N) N {
	if Enabled {
		return few
	}
	return n
}

package hostiletest

import "iter"

// Count returns how many elements a sequence has, or its first error.
func Count[T any](seq iter.Seq2[T, error]) (n int, err error) {
	for _, err := range seq {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

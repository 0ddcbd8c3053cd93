package identity

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNumbering: numbers are those of a map, also where hashes begin with the same bytes
// and there are more than there was room for.
func TestNumbering(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := newNumbering(3)
	want := map[blind]int32{}
	for range 5000 {
		var h blind
		binary.LittleEndian.PutUint64(h[4:], random.Uint64N(40)<<60|random.Uint64N(8))
		h[19] = byte(random.Uint64N(16))
		n, known := numbers.number(h)
		before, ok := want[h]
		require.Equal(t, ok, known)
		if !ok {
			before = int32(len(want))
			want[h] = before
			require.Equal(t, h, numbers.names[n])
		}
		require.Equal(t, before, n)
	}
	require.Len(t, numbers.names, len(want))
}

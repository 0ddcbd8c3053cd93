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
	var all []blind
	var one []int32
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
		all, one = append(all, h), append(one, n)
	}
	require.Len(t, numbers.names, len(want))
	together := newNumbering(3)
	var many []int32
	for n := 0; len(all) > 0; n++ { // in pieces of all lengths
		some := all[:min(n, len(all))]
		many, all = together.appendNumbers(many, some), all[len(some):]
	}
	require.Equal(t, one, many)
}

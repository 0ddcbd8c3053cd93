package customer_test

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// TestShardOfIsFixed keeps the function from changing: stored feeds depend on it. The
// numbers were computed from its definition by a separate program in Python.
func TestShardOfIsFixed(t *testing.T) {
	for id, want := range map[string]int{
		"00000000-0000-0000-0000-000000000000": 0,
		"00000000-0000-8080-8000-00000000002a": 57,
		"0191d2a4-5c3e-7abc-9def-0123456789ab": 43,
		"ffffffff-ffff-ffff-ffff-ffffffffffff": 58,
	} {
		require.Equal(t, want, customer.ShardOf(uuid.MustParse(id)), id)
	}
}

func TestCompare(t *testing.T) {
	ids := []customer.ID{{}, {0, 1}, {0, 2}, {0, 2, 0, 1}, {200}}
	for i, a := range ids {
		for j, b := range ids {
			require.Equal(t, cmp.Compare(i, j), customer.Compare(a, b))
			require.Equal(t, strings.Compare(a.String(), b.String()), customer.Compare(a, b), "lower case hexadecimal digits order as bytes do")
		}
	}
}

func TestShardOfIsEven(t *testing.T) {
	const n = 64_000
	rng := rand.New(rand.NewPCG(1, 2))
	for name, id := range map[string]func(i int) customer.ID{
		"consecutive numbers": func(i int) customer.ID { return customer.FromInt64(int64(i)) },
		"multiples of 64":     func(i int) customer.ID { return customer.FromInt64(int64(i) * 64) },
		"multiples of 2^32":   func(i int) customer.ID { return customer.FromInt64(int64(i) << 32) },
		"texts": func(i int) customer.ID {
			id, err := customer.FromString("C" + string(rune('a'+i%26)) + string(rune(0x4e00+i/26)))
			require.NoError(t, err)
			return id
		},
		"random": func(int) (id customer.ID) {
			for i := range id {
				id[i] = byte(rng.Uint32())
			}
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			var count [customer.Shards]int
			for i := range n {
				count[customer.ShardOf(id(i))]++
			}
			// Chi-square with 63 degrees of freedom is above 130 once in two million times.
			chi := 0.0
			for _, c := range count {
				d := float64(c) - n/customer.Shards
				chi += d * d / (n / customer.Shards)
			}
			require.Less(t, chi, 130.0)
		})
	}
}

func TestAtomIDText(t *testing.T) {
	atom := customer.AtomID{0: 1, 15: 0xff}
	const text = "01000000-0000-0000-0000-0000000000ff"
	require.Equal(t, text, atom.String())
	data, err := json.Marshal(atom)
	require.NoError(t, err)
	require.Equal(t, `"`+text+`"`, string(data))
	var back customer.AtomID
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, atom, back)
	require.Error(t, back.UnmarshalText([]byte("01")))
}

package rfm

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

func TestUnmix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		x := r.Uint64()
		require.Equal(t, x, unmix(mix(x)))
		u := unit{r.Uint64(), r.Uint32()}
		require.Equal(t, u, newUnitKey(u, int(r.Uint32N(1<<31))).unit())
	}
}

func TestUnitTableEqualsMap(t *testing.T) {
	race.Skip(t)
	for name, draw := range map[string]func(r *rand.Rand, i int) unitKey{
		"random":    func(r *rand.Rand, i int) unitKey { return newUnitKey(unit{r.Uint64N(5000), 0}, r.IntN(40)) },
		"ascending": func(r *rand.Rand, i int) unitKey { return newUnitKey(unit{uint64(i), lowNumber}, 3) },
		// keys whose hashes collide entirely, or pile up at one end
		"one hash":   func(r *rand.Rand, i int) unitKey { return unitKey{7, uint32(r.IntN(500)), 1} },
		"upper end":  func(r *rand.Rand, i int) unitKey { return unitKey{^uint64(0) - r.Uint64N(2000), 0, 1} },
		"lower end":  func(r *rand.Rand, i int) unitKey { return unitKey{r.Uint64N(2000), 0, 1} },
		"both words": func(r *rand.Rand, i int) unitKey { return unitKey{r.Uint64(), uint32(r.IntN(3)), 1 + r.Uint32N(9)} },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			table := unitTable{net: true}
			want := map[unitKey]int64{}
			for i := range 20_000 {
				k := draw(r, i)
				slot, added := table.add(k)
				_, known := want[k]
				require.Equal(t, !known, added)
				table.states[slot].net++
				want[k]++
			}
			require.Equal(t, len(want), table.n)
			seen := 0
			for i, k := range table.keys {
				if k.owner == 0 {
					continue
				}
				seen++
				require.Equal(t, want[k], table.states[i].net)
				if i > 0 && table.keys[i-1].owner != 0 {
					require.LessOrEqual(t, table.keys[i-1].mixed, k.mixed)
				}
			}
			require.Equal(t, len(want), seen)
			require.Zero(t, table.keys[len(table.keys)-1].owner, "the last slot stays empty")
		})
	}
}

func TestUnitTableMemory(t *testing.T) {
	require.EqualValues(t, 16, unsafe.Sizeof(unitKey{}))
	require.EqualValues(t, 24, unsafe.Sizeof(unitState{}))
	for _, table := range []unitTable{{}, {net: true}} {
		most := 24.0
		if table.net {
			most = 60
		}
		for i := range 100_000 {
			table.add(newUnitKey(unit{uint64(i), lowNumber}, i%1000))
			if perUnit := float64(len(table.keys)*16+len(table.states)*24) / float64(table.n); table.n >= 1000 && perUnit > most {
				require.LessOrEqual(t, perUnit, most, "bytes a unit at %d", table.n)
			}
		}
	}
}

// TestUnitTableExpectation: expected units are made room for at once, and what
// has not come is given back.
func TestUnitTableExpectation(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, expect := range []int{0, 1, 5000, 20_000, 1 << 30} {
		table := unitTable{net: true}
		want := map[unitKey]bool{}
		sizes := map[int]bool{}
		for i := range 20_000 {
			k := newUnitKey(unit{r.Uint64N(15_000), 0}, 1)
			_, added := table.add(k)
			require.Equal(t, !want[k], added)
			want[k] = true
			if i == 1000 {
				clear(sizes)
				table.expect = expect
			}
			sizes[table.homes] = true
		}
		if expect >= 20_000 {
			require.LessOrEqual(t, len(sizes), 4, "few steps to %d", expect)
		}
		table.trim()
		require.LessOrEqual(t, len(table.keys)*16, table.n*24, "expected %d", expect)
		for k := range want {
			_, found := table.find(k)
			require.True(t, found)
		}
		require.Equal(t, len(want), table.n)
	}
}

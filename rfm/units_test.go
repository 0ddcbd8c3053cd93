package rfm

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/race"
)

// TestTextUnit: texts of up to 11 bytes are units of their own, in their order where they are of one length;
// longer ones are hashed, and no hash is a short text, a number or a day.
func TestTextUnit(t *testing.T) {
	require.Equal(t, unit{high: 0x4f31_3233, low: 0x3435_3637, tag: 10<<24 | 0x38_39_00}, textUnit("O123456789"))

	r := rand.New(rand.NewPCG(1, 1))
	seen := map[unit]string{}
	for _, text := range []string{"a", "a\x00", "\x00", "\x00\x00", "12345678901", "1234567890", "12345678901\x00", strings.Repeat("\x00", 11)} {
		seen[textUnit(text)] = text
	}
	for range 20_000 {
		b := make([]byte, r.IntN(14))
		for i := range b {
			b[i] = byte(r.IntN(3) * 127)
		}
		u, text := textUnit(string(b)), string(b)
		if known, ok := seen[u]; ok {
			require.Equal(t, known, text)
		}
		seen[u] = text
		if len(text) > shortText {
			require.NotZero(t, u.tag&tagHash)
		} else {
			require.EqualValues(t, len(text), u.tag>>tagLength)
		}
	}
	texts := []string{"O00000042", "O00000043", "O00001000", "O10000000", "P00000000"}
	require.True(t, slices.IsSortedFunc(texts, func(a, b string) int { return textUnit(a).compare(textUnit(b)) }))
	require.NotEqual(t, newUnit('a'<<56, tagNumber), textUnit("a"))
}

func TestUnitOrder(t *testing.T) {
	draw := func(r *rand.Rand) unit {
		return unit{low: r.Uint32N(3) << 30, high: r.Uint32N(3) << 30, tag: r.Uint32N(3) << 30}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		u, v := draw(r), draw(r)
		require.Equal(t, u, newUnit(u.upper(), u.tag))
		require.Equal(t, cmp.Or(cmp.Compare(u.high, v.high), cmp.Compare(u.low, v.low), cmp.Compare(u.tag, v.tag)), u.compare(v))
		require.Equal(t, u.compare(v) < 0, u.less(v))
	}
}

// TestUnitTableEqualsMap: whatever comes in whatever order, and whenever it is sorted in, a table is
// the map of units to their states.
func TestUnitTableEqualsMap(t *testing.T) {
	race.Skip(t)
	const owners = 40
	for name, draw := range map[string]func(r *rand.Rand, i int) unitKey{
		"random":     func(r *rand.Rand, _ int) unitKey { return unitKey{newUnit(r.Uint64N(5000), 0), r.Uint32N(owners)} },
		"ascending":  func(_ *rand.Rand, i int) unitKey { return unitKey{newUnit(uint64(i), 0), 3} },
		"descending": func(_ *rand.Rand, i int) unitKey { return unitKey{newUnit(-uint64(i), 0), 3} },
		"one owner":  func(r *rand.Rand, _ int) unitKey { return unitKey{newUnit(r.Uint64N(9000), 0), owners - 1} },
		"one unit":   func(r *rand.Rand, _ int) unitKey { return unitKey{newUnit(7, 7), r.Uint32N(owners)} },
		"all words": func(r *rand.Rand, _ int) unitKey {
			return unitKey{unit{r.Uint32N(9), r.Uint32N(9), r.Uint32N(9)}, r.Uint32N(2)}
		},
	} {
		for _, net := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", net ", net), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				s := shard[int]{units: unitTable{net: net}}
				for s.n < owners {
					s.push(entry[int]{})
				}
				want := map[unitKey]unitState{}
				for i := range 20_000 {
					if i == 5000 {
						s.units.expect = 1 << r.IntN(20)
					}
					k := draw(r, i)
					st := unitState{net: r.Int64N(100) - 50, last: r.Int64N(100), lines: 1, refunded: r.IntN(100) == 0}
					s.foldFull(1)
					s.place(k.unit, int(k.owner), st)
					sum, known := want[k]
					if !known {
						sum.last = never
					}
					sum.add(&st)
					want[k] = sum
				}
				s.fold()
				require.Len(t, s.units.units, len(want))
				require.Empty(t, s.units.pile)
				for owner := range owners {
					lo, hi := s.units.of(owner)
					if !net {
						require.EqualValues(t, hi-lo, s.at(owner).units)
					}
					for i := lo; i < hi; i++ {
						st, known := want[unitKey{s.units.units[i], uint32(owner)}]
						require.True(t, known)
						if net {
							require.Equal(t, st, s.units.states[i])
						}
						require.True(t, i == lo || s.units.units[i-1].less(s.units.units[i]))
					}
				}
				lo, hi := s.units.of(owners)
				require.Equal(t, [2]int{len(want), len(want)}, [2]int{lo, hi}, "an owner who came later")
				require.NoError(t, s.failed)
			})
		}
	}
}

// TestUnitTableMemory: 24 bytes a unit and 10 an owner, 60 and 13 with what netting needs, whatever was expected.
func TestUnitTableMemory(t *testing.T) {
	require.EqualValues(t, 12, unsafe.Sizeof(unit{}))
	require.EqualValues(t, 16, unsafe.Sizeof(unitKey{}))
	require.EqualValues(t, 24, unsafe.Sizeof(unitState{}))
	const owners = 1000
	for net, most := range map[bool][2]int{false: {24, 10}, true: {60, 13}} {
		for _, expect := range []int{0, 1, 5000, 20_000, 1 << 30} {
			s := shard[int]{units: unitTable{net: net}}
			for s.n < owners {
				s.push(entry[int]{})
			}
			for n := 1; n <= 20_000; n++ {
				s.foldFull(1)
				s.place(newUnit(uint64(n), 0), n*7%owners, unitState{})
				if n > 1000 {
					s.units.expect = expect
				}
				if n%1000 == 0 || n < 1000 {
					s.trim()
					u := &s.units
					size := cap(u.units)*12 + cap(u.states)*24 + cap(u.pile)*16 + cap(u.pileStates)*24 + cap(u.ends)*8
					require.LessOrEqual(t, size, most[0]*n+most[1]*owners+leastPile*40, "after %d, %d expected", n, expect)
				}
			}
		}
	}
}

// TestUnitTableMemoryOfRepeats: the bound also holds while room for units that proved known is kept.
func TestUnitTableMemoryOfRepeats(t *testing.T) {
	const n = 80_000
	s := shard[int]{units: unitTable{net: true}}
	s.push(entry[int]{})
	place := func(units int) {
		for i := range units {
			s.foldFull(1)
			s.place(newUnit(uint64(i), 0), 0, unitState{})
		}
	}
	for _, units := range []int{n, n / 8} {
		place(units)
		s.fold()
	}
	s.units.pile, s.units.pileStates = nil, nil
	place(n / 2)
	u := &s.units
	size := cap(u.units)*12 + cap(u.states)*24 + cap(u.pile)*16 + cap(u.pileStates)*24 + cap(u.ends)*8
	require.LessOrEqual(t, size, 60*n+13+leastPile*40)
}

// TestTrimKeepsThePile: what is added in many small parts, after each of which room is given back, is not sorted in after
// each of them.
func TestTrimKeepsThePile(t *testing.T) {
	const owners = 1000
	for _, net := range []bool{false, true} {
		s := shard[int]{units: unitTable{net: net}}
		for s.n < owners {
			s.push(entry[int]{})
		}
		folds, sorted := 0, 0
		for n := range 100_000 {
			s.foldFull(1)
			s.place(newUnit(uint64(n), 0), n*7%owners, unitState{})
			if n%100 == 0 {
				s.trim()
			}
			if len(s.units.units) != sorted {
				folds, sorted = folds+1, len(s.units.units)
			}
		}
		require.Less(t, folds, 30)
	}
}

// TestPileOfManyUnits: a pile stays within its limit, however many units a customer has who is merged or read.
func TestPileOfManyUnits(t *testing.T) {
	const units = 50_000
	made, err := NewAccumulator[int](nil, &Options{Location: time.UTC})
	require.NoError(t, err)
	c := Columns[int]{Customers: make([]int, units), Times: make([]int64, units), Amounts: make([]int64, units), OrderNumbers: make([]int64, units)}
	for i := range c.OrderNumbers {
		c.OrderNumbers[i] = int64(i)
	}
	require.NoError(t, made.AddColumns(t.Context(), c))
	merged, err := NewAccumulator[int](nil, &Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, merged.Merge(made))
	data, err := made.MarshalJSON()
	require.NoError(t, err)
	read, err := NewAccumulator[int](nil, &Options{Location: time.UTC})
	require.NoError(t, err)
	require.NoError(t, read.UnmarshalJSON(data))
	for _, a := range []*Accumulator[int]{made, merged, read} {
		customers, _, err := a.Customers(time.Unix(0, 0))
		require.NoError(t, err)
		require.Equal(t, units, customers[0].Frequency)
		size := 0
		for i := range a.shards {
			u := &a.shards[i].units
			size += cap(u.units)*12 + cap(u.pile)*16 + cap(u.ends)*8
		}
		require.LessOrEqual(t, size, 24*units+leastPile*40)
	}
}

// TestLinesOfAnOrderOverflow: the lines of an order, booked in several parts, leave their range.
func TestLinesOfAnOrderOverflow(t *testing.T) {
	for _, shuffled := range []bool{false, true} {
		s := shard[int]{units: unitTable{net: true}}
		s.push(entry[int]{})
		for i := range 1000 {
			if shuffled {
				i = i * 619 % 1000
			}
			s.place(newUnit(uint64(i), 0), 0, unitState{lines: 1})
		}
		s.place(newUnit(5, 0), 0, unitState{lines: math.MaxUint32 - 1})
		s.fold()
		require.NoError(t, s.failed)
		s.place(newUnit(5, 0), 0, unitState{lines: 1})
		s.fold()
		require.ErrorIs(t, s.failed, ErrOverflow)
	}
}

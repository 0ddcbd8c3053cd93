package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// TestSampleGolden holds the promise of Sample: these numbers never change. They come from the formula at sampler,
// written down anew with Python's hashlib and whole numbers.
func TestSampleGolden(t *testing.T) {
	text, err := customer.FromString("C-1001")
	require.NoError(t, err)
	for _, c := range []struct {
		salt   string
		id     customer.ID
		hash   uint64
		bucket int
	}{
		{"", uuid.Nil, 0x39a5b85a70690ccf, 2251},
		{"", customer.FromInt64(1), 0x669170ec77a66572, 4006},
		{"spring", customer.FromInt64(1), 0xfb1355e2201842b9, 9807},
		{"spring", text, 0xf103481bbe974cbe, 9414},
		{"实验", uuid.MustParse("0191d2a4-5c3e-7000-a000-000000000001"), 0x6194aa6d8b0c8d2e, 3811},
	} {
		s := newSampler(c.salt)
		require.Equal(t, c.hash, s.hash(c.id))
		require.Equal(t, c.bucket, s.bucket(c.id))
		require.Equal(t, c.bucket, slowBucket(c.salt, c.id))
	}
}

// sampleIDs returns n ids of each of the shapes that customers have.
func sampleIDs(n int) map[string][]customer.ID {
	rng := rand.New(rand.NewPCG(1, 2))
	shapes := map[string][]customer.ID{}
	for i := range n {
		shapes["numbers"] = append(shapes["numbers"], customer.FromInt64(int64(i)))
		shapes["numbers in steps"] = append(shapes["numbers in steps"], customer.FromInt64(int64(i)<<16))
		text, err := customer.FromString(fmt.Sprintf("C-%06d", i))
		if err != nil {
			panic(err)
		}
		shapes["texts"] = append(shapes["texts"], text)
		var v7, v4, low customer.ID
		binary.BigEndian.PutUint64(v7[:], uint64(1_700_000_000_000+i*37)<<16|0x7000|rng.Uint64N(1<<12))
		binary.BigEndian.PutUint64(v7[8:], 1<<63|rng.Uint64()>>2)
		shapes["UUIDv7"] = append(shapes["UUIDv7"], v7)
		binary.BigEndian.PutUint64(v4[:], rng.Uint64())
		binary.BigEndian.PutUint64(v4[8:], rng.Uint64())
		shapes["random"] = append(shapes["random"], v4)
		binary.BigEndian.PutUint64(low[8:], uint64(i))
		shapes["last bytes"] = append(shapes["last bytes"], low)
	}
	return shapes
}

// chiSquare returns how many standard deviations the statistic lies from its mean, which for so many cells is normal.
func chiSquare(counts []int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	expected, sum := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		d := float64(n) - expected
		sum += d * d / expected
	}
	freedom := float64(len(counts) - 1)
	return (sum - freedom) / math.Sqrt(2*freedom)
}

// TestSampleIsEven puts ids into buckets. The statistics of 6 shapes and 5 salts stay within 4.5 standard deviations, which
// by chance one in 100,000 would not.
func TestSampleIsEven(t *testing.T) {
	if race.Enabled {
		t.Skip("nothing in it runs at the same time")
	}
	shapes := sampleIDs(100_000)
	for shape, ids := range shapes {
		t.Run(shape, func(t *testing.T) {
			for _, salt := range []string{"", "a", "b", "spring", "2026-03-05"} {
				s, other := newSampler(salt), newSampler(salt+"'")
				fine, coarse, pairs := make([]int, 10_000), make([]int, 100), make([]int, 10_000)
				for _, id := range ids {
					n := s.bucket(id)
					fine[n]++
					coarse[n/100]++
					pairs[n/100*100+other.bucket(id)/100]++
				}
				require.Less(t, math.Abs(chiSquare(fine)), 4.5, "salt %q: buckets", salt)
				require.Less(t, math.Abs(chiSquare(coarse)), 4.5, "salt %q: percents", salt)
				require.Less(t, math.Abs(chiSquare(pairs)), 4.5, "salt %q: percents of two salts", salt)
			}
		})
	}
}

// TestSampleAvalanche flips each bit of ids: each bit of the hash turns half of the time.
func TestSampleAvalanche(t *testing.T) {
	if race.Enabled {
		t.Skip("nothing in it runs at the same time")
	}
	ids := sampleIDs(2000)["numbers"]
	s := newSampler("")
	for bit := range 128 {
		var turned [64]int
		for _, id := range ids {
			h := s.hash(id)
			id[bit/8] ^= 1 << (bit % 8)
			for d, i := h^s.hash(id), 0; d != 0; d, i = d>>1, i+1 {
				turned[i] += int(d & 1)
			}
		}
		for i, n := range turned {
			// 8,192 counts of 2,000 fair coins: none is 6 standard deviations (of 22.4) from 1,000.
			require.InDelta(t, 1000, n, 6*22.4, "bit %d of the id, bit %d of the hash", bit, i)
		}
	}
}

func BenchmarkSampler(b *testing.B) {
	s, ids, sum, i := newSampler("spring"), sampleIDs(1024)["random"], 0, 0
	for b.Loop() {
		sum += s.bucket(ids[i&1023])
		i++
	}
	_ = sum
}

package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/clientele-go/clientele/customer"
)

// shares is the number of shares that Sample divides customers into.
const shares = 10_000

// sampler is the hash of one salt. What it gives for an id is a promise and never changes:
//
//	k0, k1 = the first 16 bytes of SHA-256(salt), as two big-endian numbers
//	a, b   = the 16 bytes of the id, as two big-endian numbers
//	hash   = splitmix((splitmix(a ^ k0) + b) ^ k1)
//	bucket = floor(hash * 10,000 / 2^64)
//
// where + wraps and splitmix is the finaliser of SplitMix64 (variant 13 of David Stafford, 2011; Steele, Lea
// and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014): z ^= z >> 30, z *= 0xbf58476d1ce4e5b9,
// z ^= z >> 27, z *= 0x94d049bb133111eb, z ^= z >> 31.
type sampler struct{ k0, k1 uint64 }

func newSampler(salt string) sampler {
	sum := sha256.Sum256([]byte(salt))
	return sampler{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}
}

func (s sampler) hash(id customer.ID) uint64 {
	a, b := binary.BigEndian.Uint64(id[:]), binary.BigEndian.Uint64(id[8:])
	return splitmix((splitmix(a^s.k0) + b) ^ s.k1)
}

// bucket returns a number from 0 to 9,999, each with a probability of 1/10,000 to within 2^-64.
func (s sampler) bucket(id customer.ID) int {
	hi, _ := bits.Mul64(s.hash(id), shares)
	return int(hi)
}

func splitmix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

package synth

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// A purpose names what a stream of random numbers is for. Every customer has
// one stream for each purpose, so a new purpose leaves all others as they were.
// The values are part of the output: never renumber them.
type purpose uint64

const (
	forArrival purpose = iota + 1
	forRate
	forDropout
	forSpend
	forPlace
	forVisits
	forAmounts
	forChannels
	forRefunds
	forContacts
	forBaskets
	forReturns
	forTill
	forProducts
	forBulk
	forRoles
	forPerson
	forPhones
	forTouches
	forTablets
)

// stream is a source of random numbers. Its arithmetic is the same on every
// architecture: products are rounded by explicit conversions, so that no
// compiler fuses them into additions, and ln and exp are our own.
type stream struct {
	rand.PCG
}

// newStream returns the stream of (seed, purpose, n).
func newStream(seed uint64, p purpose, n int64) stream {
	hi := mix(seed + uint64(p)*0x9e3779b97f4a7c15)
	lo := mix(hi ^ uint64(n)*0xd1342543de82ef95)
	var s stream
	s.Seed(mix(hi+lo), lo)
	return s
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014, with the
// constants of Stafford's variant 13).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform returns a number of (0, 1), both ends excluded.
func (s *stream) uniform() float64 {
	return (float64(int64(s.Uint64()>>12)) + 0.5) * 0x1p-52
}

// below returns a number of [0, n). The bias is below n in 2^64.
func (s *stream) below(n int) int {
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

// exponential returns a number of mean 1.
func (s *stream) exponential() float64 { return -ln(s.uniform()) }

// normal returns a standard normal number by the ziggurat of Marsaglia and
// Tsang in the form of Doornik, "An improved ziggurat method to generate normal
// random samples" (2005): 128 layers of equal area.
func (s *stream) normal() float64 {
	z := &layers
	for {
		bits := s.Uint64()
		i := bits & 127
		u := float64(int64(bits)>>11) * 0x1p-52 // (-1, 1), without the bits of i
		x := u * z.x[i]
		switch {
		case math.Abs(u) < z.ratio[i]:
			return x
		case i == 0: // the tail beyond the base layer
			for {
				x, y := -s.exponential()/tailStart, s.exponential()
				if 2*y >= x*x {
					return math.Copysign(tailStart-x, u)
				}
			}
		}
		square := x * x
		outer := exp(-0.5 * (float64(z.x[i]*z.x[i]) - square))
		inner := exp(-0.5 * (float64(z.x[i+1]*z.x[i+1]) - square))
		if add(inner, s.uniform(), outer-inner) < 1 {
			return x
		}
	}
}

const tailStart = 3.442619855899 // of the ziggurat with 128 layers

// ziggurat holds the right ends of the layers, outermost first, and the share
// of each that lies wholly below the density.
type ziggurat struct {
	x     [129]float64
	ratio [128]float64
}

var layers = func() (z ziggurat) {
	const area = 9.91256303526217e-3
	f := exp(-0.5 * tailStart * tailStart)
	z.x[0], z.x[1] = area/f, tailStart
	for i := 2; i < 128; i++ {
		f += area / z.x[i-1]
		z.x[i] = math.Sqrt(-2 * ln(f))
	}
	for i := range z.ratio {
		z.ratio[i] = z.x[i+1] / z.x[i]
	}
	return z
}()

// gamma returns a number of the gamma distribution of shape a > 0 and rate 1,
// by Marsaglia and Tsang, "A simple method for generating gamma variables", ACM
// TOMS 26 (2000) 363-372.
func (s *stream) gamma(a float64) float64 {
	boost := 1.0
	if a < 1 {
		boost = exp(ln(s.uniform()) / a)
		a++
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.normal()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = v * v * v
		u := s.uniform()
		x2 := x * x
		if u < 1-float64(0.0331*x2*x2) || ln(u) < float64(0.5*x2)+float64(d*(1-v+ln(v))) {
			return boost * d * v
		}
	}
}

const (
	ln2High = 6.93147180369123816490e-01 // the upper bits of ln 2: k*ln2High is exact
	ln2Low  = 1.90821492927058770002e-10 // ln 2 - ln2High
)

// add returns a + b*x, rounded twice. Without the conversion a compiler may
// round once, on some architectures.
func add(a, b, x float64) float64 { return a + float64(b*x) }

// ln returns the natural logarithm of a positive normal number, to about one
// unit in the last place: x = f * 2^k with f in [sqrt 1/2, sqrt 2) and ln f = 2
// artanh t = 2t (1 + t^2/3 + t^4/5 + ...), t = (f-1)/(f+1).
func ln(x float64) float64 {
	const half = 0x3fe6a09e667f3bcd // the bits of sqrt 1/2
	u := math.Float64bits(x)
	k := (int64(u) - half) >> 52
	f := math.Float64frombits(u - uint64(k)<<52)
	t := (f - 1) / (f + 1)
	q := t * t
	q2 := q * q
	q4 := q2 * q2
	low := add(add(1./3, 1./5, q), add(1./7, 1./9, q), q2)
	mid := add(add(1./11, 1./13, q), add(1./15, 1./17, q), q2)
	top := add(add(1./19, 1./21, q), 1./23, q2)
	p := q * add(low, add(mid, top, q4), q4)
	n := float64(k)
	return float64(n*ln2High) + (2*t + add(float64(n*ln2Low), 2*t, p))
}

// exp returns e to the x, to about one unit in the last place; results outside
// the normal range become 0 or +Inf. The reduced argument |r| <= ln(2)/2 goes
// through the Taylor series.
func exp(x float64) float64 {
	switch {
	case x < -708:
		return 0
	case x > 709:
		return math.Inf(1)
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(k*ln2High)) - float64(k*ln2Low)
	r2 := r * r
	r4 := r2 * r2
	low := add(add(1./2, 1./6, r), add(1./24, 1./120, r), r2)
	mid := add(add(1./720, 1./5040, r), add(1./40320, 1./362880, r), r2)
	top := add(add(1./3628800, 1./39916800, r), add(1./479001600, 1./6227020800, r), r2)
	p := 1 + add(r, r2, add(low, add(mid, top, r4), r4))
	// 2^k is a normal number, but for k = 1024 in two steps.
	return p * math.Float64frombits(uint64(int64(k)+1022)<<52) * 2
}

// power returns x to the y for x > 0.
func power(x, y float64) float64 { return exp(y * ln(x)) }

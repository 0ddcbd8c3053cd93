package profile

import (
	"math/big"
	"math/bits"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// counter is the summary of Count.
type counter struct{ events int64 }

func (s *counter) add(*aggregation, *occurrence)         { s.events++ }
func (s *counter) merge(_ *aggregation, t *counter)      { s.events += t.events }
func (s *counter) reset()                                { *s = counter{} }
func (s *counter) encode(_ *aggregation, w *wire.Writer) { w.Uint(uint64(s.events)) }
func (s *counter) decode(_ *aggregation, r *wire.Reader) int64 {
	s.events = readEvents(r)
	return s.events
}

func (s *counter) result(*aggregation) result {
	return result{value: customer.Int64Value(s.events), events: s.events}
}

// adder is the summary of Sum, Average and Share: the exact sum, of decimals in units of
// 10^-18. True counts 1.
type adder struct {
	events int64
	sum    wide
	scale  uint8 // the greatest of a decimal
}

func (s *adder) add(_ *aggregation, o *occurrence) {
	s.events++
	switch o.value.Kind() {
	case customer.KindInt64:
		n, _ := o.value.Int64()
		s.sum.add(wideInt(n))
	case customer.KindDecimal:
		n, scale, _ := o.value.Decimal()
		s.sum.add(wideOf(n, powers[18-scale]))
		s.scale = max(s.scale, uint8(scale))
	case customer.KindBool:
		if b, _ := o.value.Bool(); b {
			s.sum.add(wide{1})
		}
	}
}

func (s *adder) reset() { *s = adder{} }

func (s *adder) merge(_ *aggregation, t *adder) {
	s.events += t.events
	s.sum.add(t.sum)
	s.scale = max(s.scale, t.scale)
}

// digits returns the sum in units of 10^-scale.
func (s *adder) digits(a *aggregation) wide {
	if a.kind != customer.KindDecimal {
		return s.sum
	}
	n, _ := s.sum.quo(powers[18-s.scale])
	return n
}

func (s *adder) result(a *aggregation) result {
	r := result{events: s.events}
	switch {
	case a.Of == Sum:
		r.value = s.value(a)
	case s.events > 0:
		r.value = customer.Float64Value(s.mean(a))
	}
	return r
}

// value is the sum, unset where it does not fit.
func (s *adder) value(a *aggregation) customer.Value {
	sum, scale := s.digits(a), int(s.scale)
	for {
		n, ok := sum.int64()
		switch {
		case ok && a.kind == customer.KindDecimal:
			return customer.DecimalValue(n, scale)
		case ok:
			return customer.Int64Value(n)
		case scale == 0:
			return customer.Value{}
		}
		var whole bool
		if sum, whole = sum.quo(10); !whole {
			return customer.Value{}
		}
		scale--
	}
}

// mean is the float64 nearest to the mean.
func (s *adder) mean(a *aggregation) float64 { return mean(s.digits(a), s.events, int(s.scale)) }

// mean returns sum / 10^scale / n, rounded once.
func mean(sum wide, n int64, scale int) float64 {
	whole, ok := sum.int64()
	high, low := bits.Mul64(uint64(n), powers[scale])
	const exact = 1 << 53 // up to here whole numbers are float64
	if ok && magnitude(whole) <= exact && high == 0 && low <= exact {
		return float64(whole) / float64(low)
	}
	d := new(big.Int).SetUint64(powers[scale])
	f, _ := new(big.Rat).SetFrac(sum.big(), d.Mul(d, big.NewInt(n))).Float64()
	return f
}

// encode writes the sum as a whole number of units of 10^-scale; one that needs more than
// 64 bits as null and 24 bytes.
func (s *adder) encode(a *aggregation, w *wire.Writer) {
	w.Uint(uint64(s.events))
	if s.events == 0 {
		return
	}
	if a.kind == customer.KindDecimal {
		w.Uint(uint64(s.scale))
	}
	sum := s.digits(a)
	if n, ok := sum.int64(); ok {
		w.Int(n)
		return
	}
	w.Null()
	b := sum.bytes()
	w.Bytes(b[:])
}

func (s *adder) decode(a *aggregation, r *wire.Reader) int64 {
	if s.events = readEvents(r); s.events == 0 {
		return 0
	}
	if a.kind == customer.KindDecimal {
		scale := r.Uint()
		if scale > 18 {
			fault(r)
			return 0
		}
		s.scale = uint8(scale)
	}
	if r.Null() {
		b := r.Bytes()
		if len(b) != 24 {
			fault(r)
			return 0
		}
		s.sum = wideFrom([24]byte(b))
		if _, ok := s.sum.int64(); ok {
			fault(r)
		}
	} else {
		s.sum = wideInt(r.Int())
	}
	if a.kind == customer.KindDecimal {
		var ok bool
		if s.sum, ok = s.sum.mul(powers[18-s.scale]); !ok {
			fault(r)
		}
	}
	return s.events
}

package profile

import (
	"math"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/sketch"
	"github.com/clientele-go/clientele/internal/wire"
)

// quantile is the summary of Quantile.
type quantile struct{ numbers sketch.Histogram }

func (s *quantile) add(_ *aggregation, o *occurrence) { s.numbers.Add(asFloat(o.value)) }

// asFloat is the float64 next to a number; of whole numbers and decimals whose digits are
// more than 53 bits one that is next to it but one.
func asFloat(v customer.Value) float64 {
	switch v.Kind() {
	case customer.KindInt64:
		n, _ := v.Int64()
		return float64(n)
	case customer.KindDecimal:
		n, scale, _ := v.Decimal()
		return float64(n) / float64(powers[scale])
	}
	f, _ := v.Float64()
	return f
}

func (s *quantile) merge(_ *aggregation, t *quantile) { s.numbers.Merge(&t.numbers) }

func (s *quantile) reset() { s.numbers.Reset() }

func (s *quantile) result(a *aggregation) result {
	r := result{events: int64(s.numbers.Len())}
	if r.events > 0 {
		r.value = customer.Float64Value(s.numbers.Quantile(a.Quantile))
	}
	return r
}

func (s *quantile) encode(_ *aggregation, w *wire.Writer) {
	data, _ := s.numbers.AppendBinary(nil)
	w.Bytes(data)
}

func (s *quantile) decode(_ *aggregation, r *wire.Reader) int64 {
	if s.numbers.UnmarshalBinary(r.Bytes()) != nil {
		fault(r)
	}
	return int64(min(s.numbers.Len(), math.MaxInt64))
}

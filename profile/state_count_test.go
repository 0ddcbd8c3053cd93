package profile

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/wire"
)

// TestSums has sums whose parts do not fit where the whole does, and the other way.
func TestSums(t *testing.T) {
	whole := customer.Int64Value
	decimal := customer.DecimalValue
	unset := customer.Value{}
	for name, c := range map[string]struct {
		values       []customer.Value
		sum, average customer.Value
	}{
		"parts do not fit": {
			[]customer.Value{whole(math.MaxInt64), whole(math.MaxInt64), whole(-math.MaxInt64)},
			whole(math.MaxInt64), customer.Float64Value(math.MaxInt64 / 3.0),
		},
		"too great":      {[]customer.Value{whole(math.MaxInt64), whole(1)}, unset, customer.Float64Value(0x1p62)},
		"too small":      {[]customer.Value{whole(math.MinInt64), whole(-1)}, unset, customer.Float64Value(-0x1p62)},
		"least":          {[]customer.Value{whole(math.MinInt64)}, whole(math.MinInt64), customer.Float64Value(-0x1p63)},
		"scales":         {[]customer.Value{decimal(15, 1), decimal(125, 2), decimal(25, 2)}, decimal(3, 0), customer.Float64Value(1)},
		"cents are even": {[]customer.Value{decimal(10, 2), decimal(20, 2)}, decimal(3, 1), customer.Float64Value(0.15)},
		"no room for digits": {
			[]customer.Value{decimal(math.MaxInt64, 0), decimal(1, 18)}, unset, customer.Float64Value(0x1p62),
		},
		"digits cancel": {
			[]customer.Value{decimal(math.MaxInt64, 0), decimal(1, 18), decimal(-1, 18)},
			decimal(math.MaxInt64, 0), customer.Float64Value(math.MaxInt64 / 3.0),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.values { // each order that begins elsewhere
				for of, want := range map[Aggregate]customer.Value{Sum: c.sum, Average: c.average} {
					a := &aggregation{Computed: &Computed{Of: of}, kind: c.values[0].Kind(), loc: time.UTC}
					s := a.fresh()
					for j := range c.values {
						s.add(&occurrence{value: c.values[(i+j)%len(c.values)]})
					}
					require.Equal(t, result{value: want, events: int64(len(c.values))}, s.result(asOf{}))
					s = readState(t, stateBytes(s), a.fresh())
					require.Equal(t, result{value: want, events: int64(len(c.values))}, s.result(asOf{}))
				}
			}
		})
	}
}

// TestNoEvents says what there is where nothing has happened.
func TestNoEvents(t *testing.T) {
	for _, a := range aggregations() {
		var want customer.Value
		switch {
		case a.Of == Count || a.Of == Distinct || a.Of == Sum && a.kind == customer.KindInt64:
			want = customer.Int64Value(0)
		case a.Of == Sum:
			want = customer.DecimalValue(0, 0)
		}
		require.Equal(t, result{value: want}, a.fresh().result(asOf{}), a.name())
		require.Equal(t, never, a.fresh().next(asOf{}), a.name())
	}
}

func TestCorruptSum(t *testing.T) {
	a := &aggregation{Computed: &Computed{Of: Sum}, kind: customer.KindDecimal}
	for name, write := range map[string]func(*wire.Writer){
		"scale":             func(w *wire.Writer) { w.Uint(1); w.Uint(19); w.Int(1) },
		"events":            func(w *wire.Writer) { w.Uint(math.MaxUint64); w.Uint(1); w.Int(1) },
		"wide for no need":  func(w *wire.Writer) { w.Uint(1); w.Uint(1); w.Null(); w.Bytes(make([]byte, 24)) },
		"wide and short":    func(w *wire.Writer) { w.Uint(1); w.Uint(1); w.Null(); w.Bytes(make([]byte, 23)) },
		"more than 192 bit": func(w *wire.Writer) { w.Uint(1); w.Uint(0); w.Null(); b := wide{2: 1 << 62}.bytes(); w.Bytes(b[:]) },
	} {
		t.Run(name, func(t *testing.T) {
			w := wire.New("test", 1)
			write(w)
			r := wire.Read(w.Data())
			a.fresh().decode(r)
			require.ErrorIs(t, r.Close(), wire.ErrCorrupt)
		})
	}
}

package profile

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

// TestDistinct goes past what is counted exactly. The state is a function of the set of
// values: however it is cut in parts, and whether those were sketches already.
func TestDistinct(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 17))
	a := &aggregation{Computed: &Computed{Of: Distinct}, kind: customer.KindInt64, loc: time.UTC}
	for _, different := range []int{1, 255, 256, 257, 300, 600, 2_000, 20_000} {
		all := make([]occurrence, 2*different)
		for i := range all {
			all[i].value = customer.Int64Value(int64(i % different))
		}
		whole := a.fresh()
		for i := range all {
			whole.add(&all[i])
		}
		for range 3 {
			s := inParts(t, r, a, slices.Clone(all))
			require.Equal(t, stateBytes(whole), stateBytes(s))
			require.Equal(t, stateBytes(s), stateBytes(readState(t, stateBytes(s), a.fresh())))
		}
		got := whole.result(asOf{})
		require.EqualValues(t, 2*different, got.events)
		n, _ := got.value.Int64()
		if different <= mostExact {
			require.EqualValues(t, different, n)
			continue
		}
		t.Logf("%d different values: %d, %+.2f %%", different, n, 100*(float64(n)/float64(different)-1))
		require.Greater(t, n, int64(mostExact))
		require.InEpsilon(t, different, n, 4*1.04/64)
	}
}

// TestHashValue holds what is stored: the first 8 bytes of SHA-256, as sha256sum prints it,
// of the byte of the kind and what follows.
func TestHashValue(t *testing.T) {
	for name, c := range map[string]struct {
		value customer.Value
		want  uint64
	}{
		"false":   {customer.BoolValue(false), 0x4bf5122f344554c5},
		"true":    {customer.BoolValue(true), 0x9dcf97a184f32623},
		"int64":   {customer.Int64Value(-2), 0xf47fceee714ab67d},
		"float64": {customer.Float64Value(1.5), 0x3b2a6c89a621e503},
		"decimal": {customer.DecimalValue(150, 2), 0x1f6adedca76c3327},
		"time":    {customer.TimeValue(time.Unix(1, 2)), 0xf2c76d3ec1fcf9e4},
		"text":    {customer.TextValue("abc"), 0xdf85cc6b91940ee7},
		"labels":  {customer.LabelsValue("b", "aa"), 0xfa766284281fbabb},
	} {
		require.Equal(t, c.want, hashValue(c.value), name)
	}
}

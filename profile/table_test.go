package profile

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/table"
)

func TestTableHasWhatProfilesHave(t *testing.T) {
	w := newReadsWorld(t, store.Limited(new(store.Memory), store.MinLimits), 11, readsSchema(), nil)
	w.build(80)
	names := []string{"city", "vip", "limit", "score", "points", "since", "orders", "spent_90d", "last_seen", "channel", "median"}
	for range 6 {
		m := w.moment()
		all := collectProfiles(t, t.Context(), w.p, m)
		got, err := w.p.Table(t.Context(), m)
		require.NoError(t, err)
		require.NoError(t, got.Validate())
		sorted, err := got.Sorted()
		require.NoError(t, err)
		require.Equal(t, sorted.IDs, got.IDs)
		require.Len(t, got.IDs, len(all))
		require.Len(t, got.Columns, len(names))
		for i, name := range names {
			c := &got.Columns[i]
			require.Equal(t, name, c.Name)
			require.Equal(t, len(all), c.Len())
			require.True(t, slices.IsSorted(c.Levels))
			for row, one := range all {
				require.Equal(t, one.Customer, got.IDs[row])
				v := one.Value(name)
				if text, ok := v.Text(); ok || c.Kind == table.Category {
					require.Equal(t, text, c.Level(row))
					require.Equal(t, text == "", c.Missing(row))
				} else if v.IsUnset() {
					require.True(t, c.Missing(row))
				} else {
					require.Equal(t, numberOf(t, v), c.Num[row], "%s", name)
				}
			}
		}
		named, err := w.p.Table(t.Context(), m, "median", "name")
		require.NoError(t, err)
		require.Equal(t, []string{"median", "name"}, []string{named.Columns[0].Name, named.Columns[1].Name})
		require.Equal(t, table.Category, named.Columns[1].Kind)
		require.Equal(t, got.IDs, named.IDs)
	}
}

// numberOf makes the feature of a value by exact arithmetic.
func numberOf(t *testing.T, v customer.Value) float64 {
	r := new(big.Rat)
	switch v.Kind() {
	case customer.KindBool:
		if b, _ := v.Bool(); b {
			r.SetInt64(1)
		}
	case customer.KindInt64:
		n, _ := v.Int64()
		r.SetInt64(n)
	case customer.KindFloat64:
		f, _ := v.Float64()
		r.SetFloat64(f)
	case customer.KindDecimal:
		c, scale, _ := v.Decimal()
		r.SetFrac(big.NewInt(c), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	case customer.KindTime:
		at, _ := v.Time()
		r.SetFrac(big.NewInt(at.UnixMicro()), big.NewInt(86_400_000_000))
	default:
		t.Fatalf("%v is no number", v.Kind())
	}
	f, _ := r.Float64()
	return f
}

func TestTableErrors(t *testing.T) {
	w := newReadsWorld(t, new(store.Memory), 12, readsSchema(), nil)
	w.build(2)
	m := Moment{At: w.feed.now}
	for name, c := range map[string]struct {
		m     Moment
		names []string
		field string
	}{
		"no time":         {Moment{}, nil, "at"},
		"labels":          {m, []string{"city", "tags"}, "tags"},
		"computed labels": {m, []string{"categories"}, "categories"},
		"unknown":         {m, []string{"city", "age"}, "age"},
		"twice":           {m, []string{"city", "vip", "city"}, "city"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.p.Table(t.Context(), c.m, c.names...)
			var input *InputError
			require.ErrorAs(t, err, &input)
			require.Equal(t, c.field, input.Field)
			require.ErrorIs(t, err, ErrInput)
		})
	}
}

func TestTableOfNobody(t *testing.T) {
	p, err := Open(t.Context(), new(store.Memory), readsSchema(), nil)
	require.NoError(t, err)
	got, err := p.Table(t.Context(), Moment{At: time.Unix(0, 0)})
	require.NoError(t, err)
	require.NoError(t, got.Validate())
	require.Zero(t, got.Rows())
	require.Len(t, got.Columns, 11)
	var b strings.Builder
	require.NoError(t, p.WriteCSV(t.Context(), &b, Moment{At: time.Unix(0, 0)}, "city"))
	require.Equal(t, "customer,city\n", b.String())
}

func TestNumberIsTheNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	values := []customer.Value{
		customer.DecimalValue(math.MaxInt64, 18), customer.DecimalValue(math.MinInt64, 0), customer.DecimalValue(1, 18),
		customer.DecimalValue(9007199254740993, 1), customer.Int64Value(math.MaxInt64), customer.TimeValue(time.Unix(0, 0)),
		customer.TimeValue(time.Unix(-1, 0)), customer.TimeValue(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)),
	}
	for range 2000 {
		values = append(values, customer.DecimalValue(r.Int64()-r.Int64(), r.IntN(19)), customer.DecimalValue(r.Int64N(1<<53), r.IntN(19)),
			customer.TimeValue(time.UnixMicro(r.Int64N(4e15)-2e15)))
	}
	for _, v := range values {
		require.Equal(t, numberOf(t, v), number(v))
	}
}

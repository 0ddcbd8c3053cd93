package ingest

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0", "0"},
		{"-0.00", "0"},
		{"2.50", "2.5"},
		{"0.001", "0.001"},
		{"+7", "7"},
		{".5", "0.5"},
		{"5.", "5"},
		{"-12.05", "-12.05"},
		{"1e3", "1000"},
		{"1.2E-3", "0.0012"},
		{"1200e-2", "12"},
		{"0e999999999999", "0"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775807", "-9223372036854775807"},
		{"0.000000000000000001", "0.000000000000000001"},
		{"1.500000000000000000000000000000", "1.5"},
		{"000000000000000000000000000007", "7"},
		{"10e-18", "0.00000000000000001"},
		{"10e-19", "0.000000000000000001"},
	} {
		d, err := ParseDecimal(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, d.String(), c.text)
	}
	for _, text := range []string{"", "-", "+", ".", "-.", "1.2.3", "1,2", "e5", "1e", "1e+", "1e5x", "0x1", "1_000", " 1", "1 ", "NaN", "Inf", "١"} {
		_, err := ParseDecimal(text)
		require.ErrorIs(t, err, ErrSyntax, text)
	}
	for _, text := range []string{"9223372036854775808", "-9223372036854775808", "1e19", "1e400", "1e-19", "0.0000000000000000001", "12345678901234567890", "1e99999999999999999999"} {
		_, err := ParseDecimal(text)
		require.ErrorIs(t, err, ErrOverflow, text)
	}
}

func TestNewDecimal(t *testing.T) {
	d, err := NewDecimal(250, 2)
	require.NoError(t, err)
	require.Equal(t, Decimal{25, 1}, d)
	require.Equal(t, int64(25), d.Coefficient())
	require.Equal(t, 1, d.Scale())
	for _, scale := range []int{-1, MaxScale + 1} {
		_, err = NewDecimal(1, scale)
		require.ErrorIs(t, err, ErrOverflow)
	}
	_, err = NewDecimal(math.MinInt64, 0)
	require.ErrorIs(t, err, ErrOverflow)
}

func TestMinorRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		text   string
		digits int
		want   int64
	}{
		{"0.125", 2, 12},
		{"0.135", 2, 14},
		{"-0.125", 2, -12},
		{"-0.135", 2, -14},
		{"0.1250001", 2, 13},
		{"0.5", 0, 0},
		{"1.5", 0, 2},
		{"2.5", 0, 2},
		{"3", 2, 300},
		{"0", 18, 0},
		{"0.000000000000000001", 18, 1},
		{"0.000000000000000001", 0, 0},
	} {
		d, err := ParseDecimal(c.text)
		require.NoError(t, err)
		got, err := d.Minor(c.digits)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s in %d digits", c.text, c.digits)
	}
	d, _ := ParseDecimal("1e17")
	_, err := d.Minor(2)
	require.ErrorIs(t, err, ErrOverflow)
	_, err = d.Minor(-1)
	require.ErrorIs(t, err, ErrOverflow)
	_, err = d.Amount(math.MinInt64, 2)
	require.ErrorIs(t, err, ErrOverflow)
}

// The same in big rationals is the obvious slow version.
func TestDecimalAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() Decimal {
		coef := rng.Int64() >> rng.IntN(63)
		if rng.IntN(2) == 0 {
			coef = -coef
		}
		return shortest(coef, rng.IntN(MaxScale+1))
	}
	rat := func(d Decimal) *big.Rat {
		r, ok := new(big.Rat).SetString(d.String())
		require.True(t, ok)
		return r
	}
	two := big.NewInt(2)
	for range 20_000 {
		d, e := random(), random()
		back, err := ParseDecimal(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
		require.Equal(t, rat(d).Cmp(rat(e)), d.Cmp(e), "%v %v", d, e)
		f, _ := rat(d).Float64()
		require.Equal(t, f, d.Float64(), d.String())

		quantity, digits := rng.Int64()>>rng.IntN(63), rng.IntN(MaxScale+1)
		if rng.IntN(2) == 0 {
			quantity = -quantity
		}
		exact := new(big.Rat).Mul(rat(d), new(big.Rat).SetInt64(quantity))
		exact.Mul(exact, new(big.Rat).SetInt64(int64(pow10[digits])))
		// floor(2x) is odd exactly when the fraction is at least a half.
		want := new(big.Int)
		rem := new(big.Int)
		want.DivMod(exact.Num(), exact.Denom(), rem)
		switch twice := new(big.Int).Mul(rem, two); twice.Cmp(exact.Denom()) {
		case 1:
			want.Add(want, big.NewInt(1))
		case 0:
			want.Add(want, big.NewInt(int64(want.Bit(0))))
		}
		got, err := d.Amount(quantity, digits)
		if !want.IsInt64() || want.Int64() == math.MinInt64 {
			require.ErrorIs(t, err, ErrOverflow)
			continue
		}
		require.NoError(t, err, "%v × %d in %d digits", d, quantity, digits)
		require.Equal(t, want.Int64(), got)
	}
}

func TestDecimalText(t *testing.T) {
	var d Decimal
	require.NoError(t, json.Unmarshal([]byte(`"12.50"`), &d))
	out, err := json.Marshal(d)
	require.NoError(t, err)
	require.Equal(t, `"12.5"`, string(out))
	require.ErrorIs(t, d.UnmarshalText([]byte("x")), ErrSyntax)
	require.Equal(t, "12.5", d.String(), "a failed read changes nothing")
	require.Equal(t, []int{-1, 0, 1}, []int{Decimal{-5, 1}.Sign(), Decimal{}.Sign(), Decimal{5, 1}.Sign()})
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0.001", "-12,5", "1e-3", "9223372036854775807", "1.", ".", "1e400", "0.10", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		plain := s != "" && strings.Trim(s, "0123456789.eE+-") == "" && len(s) < 40
		if err != nil {
			require.Equal(t, Decimal{}, d)
			return
		}
		back, err := ParseDecimal(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
		if plain && d.coef != 0 {
			want, ok := new(big.Rat).SetString(s)
			require.True(t, ok)
			got, ok := new(big.Rat).SetString(d.String())
			require.True(t, ok)
			require.Zero(t, want.Cmp(got), s)
		}
	})
}

package customer_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
)

func TestForeignIDForms(t *testing.T) {
	text := func(s string) customer.ID {
		id, err := customer.FromString(s)
		require.NoError(t, err)
		return id
	}
	for name, c := range map[string]struct {
		id   customer.ID
		want string
	}{
		"zero":           {customer.FromInt64(0), "00000000-0000-8080-8000-000000000000"},
		"positive":       {customer.FromInt64(42), "00000000-0000-8080-8000-00000000002a"},
		"negative":       {customer.FromInt64(-1), "00000000-0000-807f-80ff-ffffffffffff"},
		"one byte":       {text("A"), "41000000-0000-8000-9100-000000000000"},
		"NUL byte":       {text("\x00"), "00000000-0000-8000-9100-000000000000"},
		"ten bytes":      {text("0123456789"), "30313233-3435-8036-9a37-383900000000"},
		"fourteen bytes": {text("abcdefghijklmn"), "61626364-6566-8067-9e68-696a6b6c6d6e"},
		"fifteen bytes":  {text("abcdefghijklmno"), "61626364-6566-8667-af68-696a6b6c6d6e"},
		"fifteen 0xff":   {text(strings.Repeat("\xff", 15)), "ffffffff-ffff-8fff-afff-ffffffffffff"},
		// Of hashes: Python's hashlib, the twelve bits set by hand.
		"hash":               {customer.FromHash("shop", "0123456789abcdef"), "3a335ed8-8eae-8503-bab5-9c2b485326e3"},
		"of another system":  {customer.FromHash("crm", "0123456789abcdef"), "f8cafb97-02cc-875d-b51c-1132f93f1b23"},
		"of no system":       {customer.FromHash("", "x"), "3c7e9bc9-30dc-83f0-bfa6-9985ef242d9f"},
		"long Chinese":       {customer.FromHash("erp", "客户-广东-000000017"), "dadfc5d5-5690-84f2-b273-92de7d603842"},
		"hash of one byte":   {customer.FromHash("shop", "A"), "82eeead4-bdcb-8323-b437-9327749c551a"},
		"five Chinese signs": {text("广州客户一"), "e5b9bfe5-b79e-88e5-a0ae-a2e688b7e4b8"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.id.String())
			require.Equal(t, uuid.Version(8), c.id.Version())
			require.Equal(t, uuid.RFC4122, c.id.Variant())
		})
	}
}

func TestForeignIDErrors(t *testing.T) {
	for _, s := range []string{"", "0123456789abcdef", strings.Repeat("x", 1<<20)} {
		id, err := customer.FromString(s)
		require.ErrorIs(t, err, customer.ErrForeignID)
		require.Equal(t, uuid.Nil, id)
		if s != "" {
			require.NotContains(t, err.Error(), s)
		}
	}
}

func TestOtherIDsAreNotForeign(t *testing.T) {
	for _, s := range []string{
		"00000000-0000-0000-0000-000000000000",
		"0191d2a4-5c3e-7abc-9def-0123456789ab", // version 7
		"00000000-0000-7080-8000-00000000002a", // an integer but for the version
		"00000000-0000-8080-c000-00000000002a", // but for the variant
		"00000001-0000-8080-8000-00000000002a", // but for an unused bit
		"41000000-0000-8000-9000-000000000000", // a text of length 0
		"41000000-0000-8000-9f00-000000000000", // a text of a length that is too long
		"41000000-0000-8000-9100-000000000001", // a text with a bit after its end
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
	} {
		id := uuid.MustParse(s)
		_, ok := customer.ToInt64(id)
		require.False(t, ok, s)
		_, ok = customer.ToString(id)
		require.False(t, ok, s)
	}
}

func TestForeignIntegersOrder(t *testing.T) {
	numbers := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 32, -2, -1, 0, 1, 255, 256, 1 << 40, math.MaxInt64}
	for i, n := range numbers[1:] {
		a, b := customer.FromInt64(numbers[i]), customer.FromInt64(n)
		require.Negative(t, bytes.Compare(a[:], b[:]))
	}
}

func FuzzFromInt64(f *testing.F) {
	for _, n := range []int64{0, 1, -1, math.MinInt64, math.MaxInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		id := customer.FromInt64(n)
		back, ok := customer.ToInt64(id)
		require.True(t, ok)
		require.Equal(t, n, back)
		_, ok = customer.ToString(id)
		require.False(t, ok)
	})
}

func FuzzFromString(f *testing.F) {
	for _, s := range []string{"", "A", "A\x00", "\x00", "0123456789abcd", "0123456789abcde", "0123456789abcdef", "客户"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := customer.FromString(s)
		if s == "" || len(s) > 15 {
			require.ErrorIs(t, err, customer.ErrForeignID)
			return
		}
		require.NoError(t, err)
		back, ok := customer.ToString(id)
		require.True(t, ok)
		require.Equal(t, s, back)
		_, ok = customer.ToInt64(id)
		require.False(t, ok)
		require.Equal(t, uuid.Version(8), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
	})
}

// FuzzReadBack checks that an id which reads back as something is the id of that.
func FuzzReadBack(f *testing.F) {
	f.Add(make([]byte, 16))
	for _, s := range []string{"A", "0123456789abcd", "0123456789abcde"} {
		id, err := customer.FromString(s)
		require.NoError(f, err)
		f.Add(id[:])
	}
	number := customer.FromInt64(-7)
	f.Add(number[:])
	f.Fuzz(func(t *testing.T, b []byte) {
		id, err := uuid.FromBytes(b)
		if err != nil {
			return
		}
		n, isNumber := customer.ToInt64(id)
		if isNumber {
			require.Equal(t, id, customer.FromInt64(n))
		}
		s, isText := customer.ToString(id)
		if isText {
			back, err := customer.FromString(s)
			require.NoError(t, err)
			require.Equal(t, id, back)
		}
		require.False(t, isNumber && isText)
	})
}

// TestEveryLength embeds random bytes of each length, and zeros, which a padded form
// would lose.
func TestEveryLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	seen := map[customer.ID]string{}
	for n := 1; n <= 15; n++ {
		for range 1000 {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(rng.Uint32() & rng.Uint32() & rng.Uint32())
			}
			id, err := customer.FromString(string(b))
			require.NoError(t, err)
			if other, ok := seen[id]; ok && other != string(b) {
				t.Fatalf("%q and %q have the same id", other, b)
			}
			seen[id] = string(b)
			back, ok := customer.ToString(id)
			require.True(t, ok)
			require.Equal(t, string(b), back)
		}
	}
}

// A hash is the id of no number and no short text, whatever its bits; nothing has none.
func FuzzFromHash(f *testing.F) {
	f.Add("shop", "0123456789abcdef")
	f.Add("", "客户")
	f.Add("crm", "")
	f.Fuzz(func(t *testing.T, namespace, s string) {
		id := customer.FromHash(namespace, s)
		if s == "" {
			require.Equal(t, uuid.Nil, id)
			return
		}
		require.Equal(t, id, customer.FromHash(namespace, s))
		require.NotEqual(t, id, customer.FromHash(namespace+"x", s))
		require.NotEqual(t, id, customer.FromHash(namespace, s+"x"))
		require.Equal(t, uuid.Version(8), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
		_, ok := customer.ToInt64(id)
		require.False(t, ok)
		_, ok = customer.ToString(id)
		require.False(t, ok)
	})
}

// The bits of hashes that are not fixed are all drawn, each in about half of them.
func TestHashBits(t *testing.T) {
	const n = 4000
	var ones [128]int
	for i := range n {
		id := customer.FromHash("shop", strconv.Itoa(i))
		for bit := range ones {
			ones[bit] += int(id[bit/8] >> (7 - bit%8) & 1)
		}
	}
	for bit, count := range ones {
		switch bit {
		case 48, 64, 66, 67: // version 8, variant and kind
			require.Equal(t, n, count, bit)
		case 49, 50, 51, 65:
			require.Zero(t, count, bit)
		default:
			require.InDelta(t, n/2, count, 6*32, bit) // six standard deviations
		}
	}
}

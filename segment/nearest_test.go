package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	tags := []string{"city", "City2", "orders_90d", "orders_30d", "last_order", "VIP", "生日", "会员等级", "会员积分", "消费金额合计", "a", "straße", "wochentliche_bestellungen_je_kunde_abcdefgh"}
	for name, c := range map[string]struct{ text, want string }{
		"letter missing":         {"cty", "city"},
		"letter too many":        {"ciity", "city"},
		"letter wrong":           {"cify", "city"},
		"neighbours swapped":     {"ctiy", "city"},
		"case":                   {"vip", "VIP"},
		"case before distance":   {"CITY2", "City2"},
		"both cases":             {"CTY", "city"},
		"two of many letters":    {"last_ordre", "last_order"},
		"two wrong letters":      {"lost_arder", "last_order"},
		"too far":                {"xyz", ""},
		"two of four":            {"cats", ""},
		"least of equally near":  {"orders_60d", "orders_30d"},
		"Chinese":                {"生曰", "生日"},
		"Chinese, one more":      {"会员等级数", "会员等级"},
		"Chinese, of two near":   {"会员积份", "会员积分"},
		"Chinese, two of six":    {"消费总额总计", "消费金额合计"},
		"Chinese, nothing near":  {"等级", ""},
		"one character":          {"b", ""},
		"one character, case":    {"A", "a"},
		"nothing":                {"", ""},
		"longer than names are":  {strings.Repeat("x", 200), ""},
		"character of two bytes": {"strasse", "straße"},
		"itself":                 {"city", "city"},
		"long, 5 wrong":          {"wochentliche_bestellungen_je_kunde_abc12345", "wochentliche_bestellungen_je_kunde_abcdefgh"},
		"long, 6 wrong":          {"wochentliche_bestellungen_je_kunde_ab123456", ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, nearest(c.text, tags))
			reversed := slices.Clone(tags)
			slices.Reverse(reversed)
			require.Equal(t, c.want, nearest(c.text, reversed))
		})
	}
}

// The distance in rows is that of the definition.
func TestDistance(t *testing.T) {
	var slow func(a, b []rune) int
	slow = func(a, b []rune) int {
		if len(a) == 0 || len(b) == 0 {
			return len(a) + len(b)
		}
		x, y := a[len(a)-1], b[len(b)-1]
		d := slow(a[:len(a)-1], b[:len(b)-1])
		if x != y {
			d = 1 + min(d, slow(a[:len(a)-1], b), slow(a, b[:len(b)-1]))
		}
		if len(a) > 1 && len(b) > 1 && x == b[len(b)-2] && y == a[len(a)-2] {
			d = min(d, 1+slow(a[:len(a)-2], b[:len(b)-2]))
		}
		return d
	}
	rng := rand.New(rand.NewPCG(7, 8))
	word := func() []rune {
		w := make([]rune, rng.IntN(7))
		for i := range w {
			w[i] = pick(rng, 'a', 'b', '生')
		}
		return w
	}
	var rows [3][]int
	for range 2000 {
		a, b := word(), word()
		want := slow(a, b)
		for bound := max(len(a)-len(b), len(b)-len(a)); bound < 8; bound++ {
			if d := distance(a, b, bound, &rows); want <= bound {
				require.Equal(t, want, d, "%q %q", string(a), string(b))
			} else {
				require.Greater(t, d, bound, "%q %q", string(a), string(b))
			}
		}
	}
}

// Of long names nothing is looked at but what lies within the bound, and no more than shows that they are too far.
func TestDistanceStops(t *testing.T) {
	var rows [3][]int
	for i := range rows {
		rows[i] = slices.Repeat([]int{-1}, 130)
	}
	require.Greater(t, distance([]rune(strings.Repeat("x", 128)), []rune(strings.Repeat("y", 128)), 5, &rows), 5)
	for _, row := range rows {
		require.Equal(t, slices.Repeat([]int{-1}, 110), row[20:])
	}
}

// 200,000 pairs took 20 seconds without a bound.
func BenchmarkNearestOfLongNames(b *testing.B) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = strings.Repeat("a", 110) + fmt.Sprintf("%018b", i)
	}
	for b.Loop() {
		nearest(strings.Repeat("a", 110)+strings.Repeat("b", 18), names)
	}
}

package segment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/simd"
)

func BenchmarkNumbers(b *testing.B) {
	if testing.Short() {
		b.Skip("10 million customers")
	}
	s := benchIndex().Snapshot()
	tenth, half := Query{Rule: IsTrue("vip"), Workers: 1}, Query{Rule: IsTrue("optin"), Workers: 1}
	both := Query{Rule: And(IsTrue("vip"), IsTrue("optin")), Workers: 1}
	for _, c := range []struct {
		name string
		ask  func(b *testing.B) error
	}{
		{"sum of half", func(b *testing.B) error { _, err := s.Sum(b.Context(), half, "spend"); return err }},
		{"stats of half", func(b *testing.B) error { _, err := s.Stats(b.Context(), half, "spend"); return err }},
		{"median of a tenth", func(b *testing.B) error { _, err := s.Quantiles(b.Context(), tenth, "spend", 0.5); return err }},
		{"median of all", func(b *testing.B) error {
			_, err := s.Quantiles(b.Context(), Query{Workers: 1}, "spend", 0.5)
			return err
		}},
		{"top 100 of a tenth", func(b *testing.B) error { _, err := s.Top(b.Context(), tenth, "spend", 100); return err }},
		{"max of a tenth", func(b *testing.B) error { _, err := s.Max(b.Context(), tenth, "spend"); return err }},
		{"histogram of a tenth", func(b *testing.B) error { _, err := s.Histogram(b.Context(), tenth, "spend", 50); return err }},
		{"groups of a twentieth", func(b *testing.B) error { _, err := s.GroupBy(b.Context(), both, nil, "country"); return err }},
		{"groups of all", func(b *testing.B) error {
			_, err := s.GroupBy(b.Context(), Query{Workers: 1}, nil, "country")
			return err
		}},
		{"groups by two", func(b *testing.B) error { _, err := s.GroupBy(b.Context(), half, nil, "country", "vip"); return err }},
		{"groups with sum", func(b *testing.B) error {
			_, err := s.GroupBy(b.Context(), half, &GroupOptions{Sum: "spend"}, "country")
			return err
		}},
		{"distinct of a tenth", func(b *testing.B) error { _, err := s.Distinct(b.Context(), tenth, "spend"); return err }},
	} {
		for _, on := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/assembly=%t", c.name, on), func(b *testing.B) {
				defer simd.SetAssembly(simd.SetAssembly(on))
				for b.Loop() {
					require.NoError(b, c.ask(b))
				}
			})
		}
	}
}

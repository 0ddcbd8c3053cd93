package segment

import "testing"

// BenchmarkMatchLongList asks for one customer's number in a list of 100,000.
func BenchmarkMatchLongList(b *testing.B) {
	values := make([]any, MaxRuleValues)
	for i := range values {
		values[i] = 2 * i
	}
	for _, tag := range []string{"orders", "score"} {
		b.Run(tag, func(b *testing.B) {
			m, err := NewMatcher(testTags(b), In(tag, values...), nil)
			if err != nil {
				b.Fatal(err)
			}
			s := Subject{Values: map[string]any{tag: 199_998}}
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := m.Match(s); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

package normalize_test

import (
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/clientele-go/clientele/identity/normalize"
)

// BenchmarkNormalizer measures typical fields of each kind. Beside "phone mobile" stands what
// the library needs for the same answer.
func BenchmarkNormalizer(b *testing.B) {
	for _, c := range []struct{ name, kind, raw string }{
		{"phone canonical", "phone CN", "+8613912345670"},
		{"phone mobile", "phone CN", "139 1234 5670"},
		{"phone wide", "phone CN", "１３９１２３４５６７０"},
		{"phone fixed", "phone CN", "010-62551234转801"},
		{"phone two", "phone CN", "13912345670/13912345671"},
		{"phone masked", "phone CN", "139****5670"},
		{"email", "email", "Li.Wei@corp.cn"},
		{"email canonical", "email", "li.wei@corp.cn"},
		{"openid", "openid", openID},
		{"uuid", "uuid", "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
		{"imei", "imei", "352099001761481"},
		{"id", "id", "VIP-001234"},
		{"resident id", "resident-id", "34052419800101001X"},
		{"credit code", "credit-code", "91330100799655058B"},
		{"name Han", "name", "王小明"},
		{"name Latin", "name", "Wang Xiaoming"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			n := kinds[c.kind]
			var dst []normalize.Value
			for b.Loop() {
				dst, _ = n(dst[:0], c.raw)
			}
		})
	}
	b.Run("phone mobile by phonenumbers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			number, err := phonenumbers.Parse("139 1234 5670", "CN")
			if err != nil {
				b.Fatal(err)
			}
			_ = phonenumbers.Format(number, phonenumbers.E164)
		}
	})
}

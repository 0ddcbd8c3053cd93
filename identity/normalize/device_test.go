package normalize_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUUID(t *testing.T) {
	const canonical = "6d92078a-8246-4ba4-ae5b-76104861e7dc"
	cases{
		canonical:                                        canonical,
		"6D92078A-8246-4BA4-AE5B-76104861E7DC":           canonical,
		"6d92078a82464ba4ae5b76104861e7dc":               canonical,
		"{6D92078A-8246-4BA4-AE5B-76104861E7DC}":         canonical,
		"urn:uuid:" + canonical:                          canonical,
		"６ｄ９２０７８ａ" + canonical[8:]:                       canonical,
		"00000000-0000-0000-0000-000000000000":           "#junk",
		"ffffffff-ffff-ffff-ffff-ffffffffffff":           "#junk",
		"11111111-1111-1111-1111-111111111111":           "#junk",
		"12345678-1234-1234-1234-123456789012":           "#junk",
		"12345678-9012-3456-7890-123456789012":           "#junk",
		"null":                                           "#junk",
		"6d92078a-****-****-****-76104861e7dc":           "#masked",
		"6d92078a-xxxx-xxxx-xxxx-76104861e7dc":           "#masked",
		"6d92078a-8246-4ba4-ae5b-76104861e7d":            "#too-short",
		"6d92078a-8246-4ba4-ae5b-76104861e7dc0":          "#too-long",
		"6d92078a8-246-4ba4-ae5b-76104861e7dc":           "#malformed",
		"6d92078g-8246-4ba4-ae5b-76104861e7dc":           "#malformed",
		"6d92078a-8246-4ba4-ae5b-76104861e7dc " + "more": "#malformed",
	}.run(t, kinds["uuid"])
}

func TestOAID(t *testing.T) {
	const long = "1fe9a970efbb9d8c1fe9a970efbb9d8c1fe9a970efbb9d8c1fe9a970efbb9d8d"
	cases{
		"1FE9A970EFBB9D8C":                     "1fe9a970efbb9d8c",
		long:                                   long,
		"6D92078A-8246-4BA4-AE5B-76104861E7DC": "6d92078a-8246-4ba4-ae5b-76104861e7dc",
		"00000000-0000-0000-0000-000000000000": "#junk",
		"0000000000000000":                     "#junk",
		"1fe9a970":                             "#too-short",
		long + "0":                             "#too-long",
		"1fe9a970efbb9d8z":                     "#malformed",
	}.run(t, kinds["oaid"])
}

func TestAndroidID(t *testing.T) {
	cases{
		"A1B2C3D4E5F60718":  "a1b2c3d4e5f60718",
		"1b2c3d4e5f60718":   "01b2c3d4e5f60718",
		"9774d56d682e549c":  "#junk",
		"9774D56D682E549C":  "#junk",
		"0000000000000000":  "#junk",
		"b2c3d4e5f60":       "#too-short",
		"a1b2c3d4e5f607181": "#too-long",
		"a1b2c3d4e5f6071g":  "#malformed",
		"a1b2********0718":  "#masked",
		"1.2E+15":           "#mangled",
	}.run(t, kinds["android-id"])
}

// 49-015420-323751-8 is the number on which Luhn's rule is mostly explained, and so a
// placeholder; the others are checked against the slow rule below.
func TestIMEI(t *testing.T) {
	cases{
		"352099001761481":    "352099001761481",
		"35-209900-176148-1": "352099001761481",
		"35 209900 176148 1": "352099001761481",
		"３５２０９９００１７６１４８１":    "352099001761481",
		"352099001761481.0":  "352099001761481",
		"35209900176148":     "352099001761481",
		"3520990017614823":   "352099001761481",
		"352099001761482":    "#bad-check",
		"772099001761485":    "#bad-check",
		"490154203237518":    "#junk",
		"004999010640000":    "#junk",
		"000000000000000":    "#junk",
		"111111111111119":    "#junk",
		"123456789012347":    "#junk",
		"35209900****481":    "#masked",
		"3.52099E+14":        "#mangled",
		"3520990017614":      "#too-short",
		"35209900176148123":  "#too-long",
		"a1000012345678":     "#malformed",
	}.run(t, kinds["imei"])
	random := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		body := fmt.Sprintf("%02d%012d", random.IntN(100), random.Int64N(1e12))
		v, err := kinds["imei"].One(body)
		require.NoError(t, err)
		require.Equal(t, body, v.Text[:14])
		sum := 0
		for i, c := range v.Text { // every second digit doubled, from the right
			d := int(c - '0')
			if i%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		require.Zero(t, sum%10, v.Text)
		known := map[string]bool{
			"01": true, "10": true, "30": true, "33": true, "35": true, "44": true, "45": true, "49": true,
			"50": true, "51": true, "52": true, "53": true, "54": true, "86": true, "91": true, "98": true, "99": true,
		}
		require.Equal(t, !known[body[:2]], v.Warning != 0)
	}
}

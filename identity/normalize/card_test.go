package normalize_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

// resident writes the check character behind 17 digits by the table of weights and the table of
// characters in GB 11643-1999, appendix A.
func resident(body string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(body[i]-'0')
	}
	return body + []string{"1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"}[sum%11]
}

func TestResidentID(t *testing.T) {
	// Examples of GB 11643-1999, which are junk as identifiers.
	require.Equal(t, "11010519491231002X", resident("11010519491231002"))
	require.Equal(t, "440524188001010014", resident("44052418800101001"))

	n := resident("31011519850612341")
	bad := n[:17] + string("0123456789X"[(strings.IndexByte("0123456789X", n[17])+1)%11])
	x := "34052419800101001X" // worked through in many commentaries on the standard
	cases{
		n:                                    n,
		n[:6] + " " + n[6:14] + "-" + n[14:]: n,
		x:                                    x,
		strings.ToLower(x):                   x,
		"３４０５２４１９８００１０１００１Ｘ": x,
		"'" + x:                       x,
		"340524800101001":             x,                             // 15 digits, as cards had them
		"110105000101997":             resident("11010518000101997"), // of one who was a hundred
		resident("81000019850612341"): resident("81000019850612341"),
		resident("91112419810803002"): resident("91112419810803002"),
		bad:                           "#bad-check",
		n[:17] + "Y":                  "#malformed",
		resident("10011519850612341"): "#unknown-code",
		resident("99011519850612341"): "#unknown-code",
		resident("31011519850230341"): "#bad-date",
		resident("31011519000229341"): "#bad-date",
		resident("31011520000229341"): resident("31011520000229341"),
		resident("31011517991231341"): "#bad-date",
		resident("31011521000101341"): "#bad-date",
		"310115851332341":             "#bad-date",
		"11010519491231002X":          "#junk",
		"440524188001010014":          "#junk",
		"111111111111111":             "#junk",
		"111111111111111111":          "#junk",
		"310115********341X":          "#masked",
		"310115XXXXXXXX3412":          "#masked",
		n + ".0":                      "#mangled",
		"3.10115E+17":                 "#mangled",
		"310115":                      "#too-short",
		n[:16]:                        "#malformed",
		n + "1":                       "#too-long",
		"G12345678":                   "#malformed",
		"无":                           "#junk",
	}.run(t, kinds["resident-id"])

	day := time.Date(2005, 3, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	cases{
		resident("31011520050301341"): resident("31011520050301341"),
		resident("31011520050302341"): "#bad-date",
	}.run(t, normalize.ResidentID(day))
}

// Any wrong digit and any two neighbours swapped are found: a property of ISO 7064 MOD 11-2.
func TestResidentIDFindsSlips(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		day := time.Date(1950, 1, 1+random.IntN(20000), 0, 0, 0, 0, time.UTC)
		good := resident(fmt.Sprintf("31%04d%s%03d", random.IntN(10000), day.Format("20060102"), random.IntN(1000)))
		v, err := kinds["resident-id"].One(good)
		require.NoError(t, err)
		require.Equal(t, good, v.Text)
		i := random.IntN(17)
		digit := good[:i] + string('0'+(good[i]-'0'+1+byte(random.IntN(9)))%10) + good[i+1:]
		_, err = kinds["resident-id"].One(digit)
		require.Error(t, err, "%s %s", good, digit)
		if i = random.IntN(16); good[i] != good[i+1] {
			swapped := good[:i] + good[i+1:i+2] + good[i:i+1] + good[i+2:]
			_, err = kinds["resident-id"].One(swapped)
			require.Error(t, err, "%s %s", good, swapped)
		}
	}
}

// credit writes the check character behind 17 characters by the tables of GB 32100-2015.
func credit(body string) string {
	weights := []int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	sum := 0
	for i, w := range weights {
		sum += w * strings.IndexByte(alphabet, body[i])
	}
	return body + alphabet[(31-sum%31)%31:][:1]
}

func TestCreditCode(t *testing.T) {
	// The example of GB 32100-2015: 91350100M000100Y4 has the check character 3.
	require.Equal(t, "91350100M000100Y43", credit("91350100M000100Y4"))
	cases{
		// Two large listed companies, as their reports print it.
		"9144030071526726XG": "9144030071526726XG",
		"91330100799655058B": "91330100799655058B",
		"９１３３０１００７９９６５５０５８ｂ":        "91330100799655058B",
		"9133 0100-7996 5505 8B":    "91330100799655058B",
		credit("51100000500000001"): credit("51100000500000001"),
		"91330100799655058C":        "#bad-check",
		"91350100M000100Y43":        "#junk",
		"91350100M000100Y4Z":        "#malformed",
		"9133010O799655058B":        "#malformed",
		"91330A00799655058B":        "#malformed",
		credit("91990100799655058"): "#unknown-code",
		"91330100********8B":        "#masked",
		"91330100XXXXXXXX8B":        "#masked",
		"000000000000000000":        "#junk",
		"111111111111111111":        "#junk",
		"330100400012345":           "#too-short",
		"91330100799655058BB":       "#too-long",
		"9.133E+17":                 "#mangled",
		"n/a":                       "#junk",
	}.run(t, kinds["credit-code"])
	random := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		body := []byte("913301000000000000"[:17])
		for i := 8; i < 17; i++ {
			body[i] = "0123456789ABCDEFGHJKLMNPQRTUWXY"[random.IntN(31)]
		}
		good := credit(string(body))
		v, err := kinds["credit-code"].One(good)
		require.NoError(t, err, good)
		require.Equal(t, good, v.Text)
	}
}

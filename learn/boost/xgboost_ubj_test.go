package boost

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUBJ(t *testing.T) {
	for _, c := range [][2]string{
		{"{}", `{}`},
		{"{U\x01aZi\x01bTN}", `{"a":null,"b":true}`},
		{"{U\x01aZi\x01bTNI\x00\x01cF}", `{"a":null,"b":true,"c":false}`},
		{"{L\x00\x00\x00\x00\x00\x00\x00\x01al\x00\x00\x00\x01b}", ""},
		{"{U\x01aSU\x02\"\xff}", `{"a":"\"` + `\ufffd"}`},
		{"[i\xffU\xffI\xff\xfel\xff\xff\xff\xfdL\xff\xff\xff\xff\xff\xff\xff\xfc]", `[-1,255,-2,-3,-4]`},
		{"[d\x3f\x80\x00\x00d\x3d\xcc\xcc\xcdd\x7f\xc0\x00\x00D\xff\xf0\x00\x00\x00\x00\x00\x00]", `[1,0.1,"NaN","-Inf"]`},
		{"[$I#U\x03\x00\x01\xff\xff\x01\x00", `[1,-1,256]`},
		{"[#i\x02[][#U\x00", `[[],[]]`},
		{"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff", ""},
		{"[$i#L\x7f\xff\xff\xff\xff\xff\xff\xff", ""},
		{"[#i\xff", ""},
		{"[#d\x00\x00\x00\x00", ""},
		{"[$i", ""},
		{"[", ""},
		{"{", ""},
		{"", ""},
		{"X", ""},
	} {
		got, err := ubjToJSON([]byte(c[0]))
		if c[1] == "" {
			require.Error(t, err, "%q", c[0])
		} else {
			require.NoError(t, err, "%q", c[0])
			require.Equal(t, c[1], string(got), "%q", c[0])
		}
	}
}

package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/identity/normalize"
)

func TestOpenID(t *testing.T) {
	list := cases{
		openID:                         appID + "/" + openID,
		" " + openID + "\r\n":          appID + "/" + openID,
		`"` + openID + `"`:             appID + "/" + openID,
		appID + "/" + openID:           appID + "/" + openID,
		"oABCDEFGHIJKLMNOPQRSTUVWXyz":  "#too-short",
		openID + "x":                   "#too-long",
		"p" + openID[1:]:               "#malformed",
		"O" + openID[1:]:               "#malformed",
		openID[:27] + "+":              "#malformed",
		openID[:27] + "号":              "#malformed",
		"oLVP********************GL8A": "#masked",
		"oxxxxxxxxxxxxxxxxxxxxxxxxxxx": "#junk",
		"undefined":                    "#junk",
		appID + "/null":                "#junk",
		// the example of the manual of WeChat
		"o6_bmjrPTlm6_2sgVt7hMZOPfL2M": "#junk",
		"wxfedcba9876543210/" + openID: "#out-of-scope",
		appID + "/":                    "#junk",
	}
	list.run(t, kinds["openid"])
	cases{
		openID:                           "#out-of-scope",
		appID + "/" + openID:             appID + "/" + openID,
		"wxfedcba9876543210/" + openID:   "wxfedcba9876543210/" + openID,
		"wx/" + openID:                   "#out-of-scope",
		"wxFEDCBA9876543210/" + openID:   "#out-of-scope",
		"a/wxfedcba9876543210/" + openID: "#out-of-scope",
	}.run(t, kinds["openid any"])
	v, err := kinds["openid"].One(openID)
	require.NoError(t, err)
	require.Equal(t, normalize.Value{Text: appID + "/" + openID, Scope: appID}, v)
	for _, bad := range []string{"wx", "wx0123456789abcdeg", "wx0123456789ABCDEF", appID + "0", "ww0123456789abcdef"} {
		_, err := normalize.OpenID(bad)
		require.Error(t, err, bad)
	}
}

func TestUnionID(t *testing.T) {
	cases{
		openID:                          "group/" + openID,
		"group/" + openID:               "group/" + openID,
		openID + "a":                    "group/" + openID + "a !unusual",
		"oABC":                          "#too-short",
		"o6_bmasdasdsad6_2sgVt7hMZOPfL": "#junk",
		"other/" + openID:               "#out-of-scope",
	}.run(t, kinds["unionid"])
	for _, bad := range []string{"", "a/b", "a b", "账号"} {
		_, err := normalize.UnionID(bad)
		require.Error(t, err, bad)
	}
}

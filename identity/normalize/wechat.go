package normalize

import (
	"errors"
	"strings"
)

// OpenID returns the Normalizer of the OpenIDs that WeChat gives the users of one app, be it a
// mini-program, an official account or a mobile app. appID is "wx" and 16 hexadecimal digits;
// with "" every field has to bring its own. Another appID is an error.
//
// An OpenID has 28 characters, letters, digits, - and _, the first of them o; case matters. It
// means something within its app only, so Text is "appid/openid", and that is read too; one of
// another app is refused as OutOfScope.
func OpenID(appID string) (Normalizer, error) {
	if appID != "" && !isAppID(appID) {
		return nil, errors.New(`normalize: an app id of WeChat is "wx" and 16 hexadecimal digits`)
	}
	return one("openid", func(raw string) (Value, Reason) {
		s, scope, reason := scoped(raw, appID)
		switch {
		case reason != 0:
			return Value{}, reason
		case !isAppID(scope):
			return Value{}, OutOfScope
		}
		switch reason := weChatID(s); {
		case reason != 0:
			return Value{}, reason
		case len(s) < 28:
			return Value{}, TooShort
		case len(s) > 28:
			return Value{}, TooLong
		}
		return Value{Text: scope + "/" + s, Scope: scope}, 0
	}), nil
}

// UnionID returns the Normalizer of the UnionIDs that WeChat gives the users of all apps of one
// open-platform account. account is a name of your own for the account, up to 64 visible ASCII
// characters without slash; it has to change when the apps move to another account, because the
// UnionIDs then do. Any other account is an error.
//
// A UnionID is written as an OpenID is. WeChat promises no length: 24 to 64 are read, other
// than 28 with the warning Unusual. Text is "account/unionid".
func UnionID(account string) (Normalizer, error) {
	if account == "" || len(account) > 64 || !isClean(account) || strings.ContainsAny(account, "/ ") {
		return nil, errors.New("normalize: an open-platform account needs a name without slash or space")
	}
	return one("unionid", func(raw string) (Value, Reason) {
		s, _, reason := scoped(raw, account)
		if reason != 0 {
			return Value{}, reason
		}
		v := Value{Text: account + "/" + s, Scope: account}
		switch reason := weChatID(s); {
		case reason != 0:
			return Value{}, reason
		case len(s) < 24:
			return Value{}, TooShort
		case len(s) > 64:
			return Value{}, TooLong
		case len(s) != 28:
			v.Warning = Unusual
		}
		return v, 0
	}), nil
}

// scoped divides "scope/id". Without a scope it is in the one given.
func scoped(raw, scope string) (id, found string, reason Reason) {
	s, reason := tidy(raw, 256)
	if reason != 0 {
		return "", "", reason
	}
	i := strings.LastIndexByte(s, '/')
	switch {
	case isJunk(s, nil):
		return "", "", Junk
	case i < 0:
		return s, scope, 0
	case scope != "" && s[:i] != scope:
		return "", "", OutOfScope
	}
	return s[i+1:], s[:i], 0
}

// Examples in the manual of WeChat, which find their way into data.
const (
	manualOpenID  = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
	manualUnionID = "o6_bmasdasdsad6_2sgVt7hMZOPfL"
)

func weChatID(s string) Reason {
	switch {
	case s == manualOpenID, s == manualUnionID, isJunk(s, nil), len(s) > 8 && repeats(s[1:]):
		return Junk
	case marked(s):
		return Masked
	case s[0] != 'o':
		return Malformed
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return Malformed
		}
	}
	return 0
}

func isAppID(s string) bool {
	return len(s) == 18 && s[:2] == "wx" && isHex(s[2:])
}

package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Secret is what sender and receiver of webhooks share and nobody else knows; every receiver has one of its own. No verb of
// fmt prints it, and it has no form as JSON. The zero Secret is none. Safe for concurrent use.
type Secret struct{ key string }

// The length of the key of a Secret in bytes, as in the Standard Webhooks specification.
const (
	MinSecret = 24 // the least
	MaxSecret = 64 // the most
)

const secretPrefix = "whsec_"

// NewSecret returns the secret that key is, which should be random. The error, for a key that is not of MinSecret to MaxSecret
// bytes, wraps ErrOptions.
func NewSecret(key []byte) (Secret, error) {
	if len(key) < MinSecret || len(key) > MaxSecret {
		return Secret{}, fmt.Errorf("%w: secret of %d bytes, not %d to %d", ErrOptions, len(key), MinSecret, MaxSecret)
	}
	return Secret{string(key)}, nil
}

// ParseSecret reads a secret as the Standard Webhooks specification writes it, whsec_ and the key in base64; whsec_ may be
// missing. The error wraps ErrOptions and does not hold text.
func ParseSecret(text string) (Secret, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(text, secretPrefix))
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return Secret{}, fmt.Errorf("%w: secret is not base64", ErrOptions)
	}
	return NewSecret(key)
}

// String returns a text that says nothing of s.
func (s Secret) String() string { return secretPrefix + "..." }

// Format writes String, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// Sign returns the signature of a message, such as v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=, for the header
// webhook-signature. The other headers are webhook-id, which is id, and webhook-timestamp, which is at in unix seconds. It
// panics if s is the zero Secret, or id is empty or has a full stop, with which another message could have the same
// signature.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	if s.key == "" || !validID(id) {
		panic("notify: signing without a secret or with an id that is not valid")
	}
	return scheme + base64.StdEncoding.EncodeToString(s.mac(id, strconv.FormatInt(at.Unix(), 10), body))
}

// scheme begins a signature by HMAC-SHA256.
const scheme = "v1,"

func (s Secret) mac(id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(s.key))
	_, _ = io.WriteString(h, id+"."+timestamp+".")
	_, _ = h.Write(body)
	return h.Sum(nil)
}

// validID tells whether id is 1 to 256 visible ASCII characters and none of them a full stop.
func validID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' || id[i] == '.' {
			return false
		}
	}
	return id != "" && len(id) <= 256
}

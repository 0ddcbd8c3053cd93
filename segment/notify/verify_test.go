package notify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/internal/civil"
)

// The vector of TestWebhookSign in libraries/go/webhook_test.go of github.com/standard-webhooks/standard-webhooks, commit
// 449485c; those of its libraries for other languages have the same.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSeconds   = 1614265330
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	otherSignature  = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=" // of the same tests, and of nothing here
)

var vectorTime = time.Unix(vectorSeconds, 0)

func parseSecret(t testing.TB, text string) Secret {
	s, err := ParseSecret(text)
	require.NoError(t, err)
	return s
}

func vectorHeader() http.Header {
	h := http.Header{}
	h.Set("webhook-id", vectorID)
	h.Set("webhook-timestamp", strconv.Itoa(vectorSeconds))
	h.Set("webhook-signature", vectorSignature)
	return h
}

func TestSign(t *testing.T) {
	for _, text := range []string{vectorSecret, vectorSecret[len("whsec_"):]} {
		require.Equal(t, vectorSignature, parseSecret(t, text).Sign(vectorID, vectorTime, []byte(vectorBody)))
	}
	require.Panics(t, func() { Secret{}.Sign("a", vectorTime, nil) })
	require.Panics(t, func() { parseSecret(t, vectorSecret).Sign("a.b", vectorTime, nil) })
	require.Panics(t, func() { parseSecret(t, vectorSecret).Sign("", vectorTime, nil) })
}

func TestSecret(t *testing.T) {
	key := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	parseSecret(t, key(24))
	parseSecret(t, key(64))
	for name, text := range map[string]string{
		"empty": "", "prefix": "whsec_", "short": key(23), "long": key(65), "no base64": "whsec_" + strings.Repeat("!", 32),
		"URL's base64": strings.Repeat("-", 32), "no padding": strings.TrimRight(key(25), "="), "line": key(24) + "\n",
		"not canonical": strings.TrimSuffix(key(25), "A==") + "B==", "private key": "whsk_" + key(24)[6:],
	} {
		_, err := ParseSecret(text)
		require.ErrorIs(t, err, ErrOptions, name)
		if len(text) > 6 {
			require.NotContains(t, err.Error(), text[6:], name)
		}
	}
	_, err := NewSecret(make([]byte, 23))
	require.ErrorIs(t, err, ErrOptions)

	s := parseSecret(t, vectorSecret)
	secret, err := base64.StdEncoding.DecodeString(vectorSecret[6:])
	require.NoError(t, err)
	same, err := NewSecret(secret)
	require.NoError(t, err)
	require.Equal(t, s, same)
	clear(secret)
	require.Equal(t, s, same, "the key is copied")
	o := WebhookOptions{Secrets: []Secret{s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T %v"} {
		text := fmt.Sprintf(strings.Repeat(verb+" ", 3), s, &s, o)
		for _, form := range []string{vectorSecret[6:], s.key, fmt.Sprintf("%x", s.key), fmt.Sprintf("%X", s.key), fmt.Sprint([]byte(s.key)), fmt.Sprintf("%q", s.key)} {
			require.NotContains(t, text, form, verb)
		}
	}
	data, err := json.Marshal(o.Secrets)
	require.NoError(t, err)
	require.Equal(t, "[{}]", string(data))
}

// The cases of TestWebhook in the same file, and more.
func TestVerify(t *testing.T) {
	s := parseSecret(t, vectorSecret)
	other, err := NewSecret([]byte(strings.Repeat("other", 6)))
	require.NoError(t, err)
	type message struct {
		secrets   []Secret
		header    http.Header
		body      string
		now       time.Time
		tolerance time.Duration
	}
	for name, c := range map[string]struct {
		change func(*message)
		is     error
	}{
		"valid":              {func(*message) {}, nil},
		"missing id":         {func(m *message) { m.header.Del("webhook-id") }, ErrSignature},
		"missing timestamp":  {func(m *message) { m.header.Del("webhook-timestamp") }, ErrSignature},
		"missing signature":  {func(m *message) { m.header.Del("webhook-signature") }, ErrSignature},
		"other signature":    {func(m *message) { m.header.Set("webhook-signature", "v1,"+otherSignature) }, ErrSignature},
		"old":                {func(m *message) { m.now = vectorTime.Add(5*time.Minute + 1) }, ErrTime},
		"as old as may be":   {func(m *message) { m.now = vectorTime.Add(5 * time.Minute) }, nil},
		"new":                {func(m *message) { m.now = vectorTime.Add(-5*time.Minute - 1) }, ErrTime},
		"as new as may be":   {func(m *message) { m.now = vectorTime.Add(-5 * time.Minute) }, nil},
		"old, and allowed":   {func(m *message) { m.now, m.tolerance = vectorTime.Add(time.Hour), time.Hour }, nil},
		"very old":           {func(m *message) { m.now = time.Unix(1<<60, 0) }, ErrTime},
		"never":              {func(m *message) { m.now = time.Time{} }, ErrTime},
		"negative tolerance": {func(m *message) { m.tolerance = -1 }, ErrOptions},
		"several signatures": {func(m *message) {
			m.header.Set("webhook-signature", "v1,"+otherSignature+" v2,"+otherSignature+" "+vectorSignature+" v1,"+otherSignature)
		}, nil},
		"several lines":               {func(m *message) { m.header["Webhook-Signature"] = []string{"v1," + otherSignature, vectorSignature} }, nil},
		"several secrets":             {func(m *message) { m.secrets = []Secret{other, s} }, nil},
		"signed by the other":         {func(m *message) { m.secrets = []Secret{other} }, ErrSignature},
		"no secret":                   {func(m *message) { m.secrets = nil }, ErrOptions},
		"zero secret":                 {func(m *message) { m.secrets = []Secret{{}} }, ErrOptions},
		"of another scheme":           {func(m *message) { m.header.Set("webhook-signature", "v2"+vectorSignature[2:]) }, ErrSignature},
		"asymmetric":                  {func(m *message) { m.header.Set("webhook-signature", "v1a"+vectorSignature[2:]) }, ErrSignature},
		"without scheme":              {func(m *message) { m.header.Set("webhook-signature", vectorSignature[3:]) }, ErrSignature},
		"cut off":                     {func(m *message) { m.header.Set("webhook-signature", vectorSignature[:46]) }, ErrSignature},
		"not canonical":               {func(m *message) { m.header.Set("webhook-signature", vectorSignature[:45]+"F=") }, ErrSignature},
		"empty signature":             {func(m *message) { m.header.Set("webhook-signature", "v1,") }, ErrSignature},
		"after too many":              {func(m *message) { m.header.Set("webhook-signature", strings.Repeat("v2, ", 32)+vectorSignature) }, ErrSignature},
		"other body":                  {func(m *message) { m.body += " " }, ErrSignature},
		"no body":                     {func(m *message) { m.body = "" }, ErrSignature},
		"other id":                    {func(m *message) { m.header.Set("webhook-id", vectorID+"x") }, ErrSignature},
		"empty id":                    {func(m *message) { m.header.Set("webhook-id", "") }, ErrSignature},
		"two ids":                     {func(m *message) { m.header.Add("webhook-id", vectorID) }, ErrSignature},
		"long id":                     {func(m *message) { m.header.Set("webhook-id", strings.Repeat("a", 257)) }, ErrSignature},
		"other time":                  {func(m *message) { m.header.Set("webhook-timestamp", "1614265331") }, ErrSignature},
		"time with a sign":            {func(m *message) { m.header.Set("webhook-timestamp", "+1614265330") }, ErrSignature},
		"time with a zero":            {func(m *message) { m.header.Set("webhook-timestamp", "01614265330") }, ErrSignature},
		"time with a fraction":        {func(m *message) { m.header.Set("webhook-timestamp", "1614265330.0") }, ErrSignature},
		"negative time":               {func(m *message) { m.header.Set("webhook-timestamp", "-1") }, ErrSignature},
		"endless time":                {func(m *message) { m.header.Set("webhook-timestamp", strings.Repeat("9", 400)) }, ErrSignature},
		"two times":                   {func(m *message) { m.header.Add("webhook-timestamp", "1614265330") }, ErrSignature},
		"the body's part in the time": {func(m *message) { m.header.Set("webhook-timestamp", `1614265330.{"test"`); m.body = `: 2432232314}` }, ErrSignature},
		"the time's part in the id":   {func(m *message) { m.header.Set("webhook-id", vectorID+".1614265330") }, ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			m := &message{[]Secret{s}, vectorHeader(), vectorBody, vectorTime, 0}
			c.change(m)
			id, err := Verify(m.secrets, m.header, []byte(m.body), m.now, m.tolerance)
			require.ErrorIs(t, err, c.is)
			if c.is == nil {
				require.Equal(t, vectorID, id)
			} else {
				require.Empty(t, id)
			}
		})
	}
}

// What another message's signature says nothing of: any byte that changes.
func TestVerifyEveryByte(t *testing.T) {
	s := parseSecret(t, vectorSecret)
	rng := rand.New(rand.NewPCG(1, 5))
	for range 500 {
		body := make([]byte, 1+rng.IntN(100))
		for i := range body {
			body[i] = byte(rng.Uint32())
		}
		id, at := "shop_"+strconv.FormatUint(rng.Uint64(), 10), time.Unix(rng.Int64N(civil.EndSecond-1), 0)
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("webhook-signature", s.Sign(id, at, body))
		got, err := Verify([]Secret{s}, h, body, at, 1)
		require.NoError(t, err)
		require.Equal(t, id, got)
		body[rng.IntN(len(body))] ^= 1 << rng.IntN(8)
		_, err = Verify([]Secret{s}, h, body, at, 1)
		require.ErrorIs(t, err, ErrSignature)
	}
}

// Verify never panics, and takes nothing that Sign does not write.
func FuzzVerify(f *testing.F) {
	f.Add(vectorID, strconv.Itoa(vectorSeconds), vectorSignature, []byte(vectorBody))
	f.Add("a", "0", "v1a,x "+vectorSignature+"  v1,", []byte{})
	f.Add("a.1", "-5", "v1,====", []byte("\x00"))
	s := parseSecret(f, vectorSecret)
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		got, err := Verify([]Secret{s}, h, body, vectorTime, 1<<62)
		if err == nil {
			seconds, err := strconv.ParseInt(timestamp, 10, 64)
			require.NoError(t, err)
			require.Equal(t, id, got)
			require.Contains(t, strings.Fields(signature), s.Sign(id, time.Unix(seconds, 0), body))
		}
		// Signed anew, the same id and time pass wherever they can be signed.
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		if err != nil || !validID(id) || seconds < 0 || seconds >= civil.EndSecond {
			return
		}
		h.Set("webhook-timestamp", strconv.FormatInt(seconds, 10))
		h.Add("webhook-signature", s.Sign(id, time.Unix(seconds, 0), body))
		if len(strings.Split(signature, " ")) < mostSignatures {
			_, err = Verify([]Secret{s}, h, body, time.Unix(seconds, 0), 0)
			require.NoError(t, err)
		}
	})
}

// Not even who has the secret can sign what could be read in two ways.
func TestVerifyOneSpelling(t *testing.T) {
	s := parseSecret(t, vectorSecret)
	for _, c := range []struct {
		id, timestamp string
		is            error
	}{
		{"a", "1614265330", nil},
		{"a", "01614265330", ErrSignature},
		{"a", "+1614265330", ErrSignature},
		{"a.1", "1614265330", ErrSignature},
		{"a b", "1614265330", ErrSignature},
	} {
		h := http.Header{"Webhook-Id": {c.id}, "Webhook-Timestamp": {c.timestamp}}
		h.Set("webhook-signature", scheme+base64.StdEncoding.EncodeToString(s.mac(c.id, c.timestamp, nil)))
		_, err := Verify([]Secret{s}, h, nil, vectorTime, 0)
		require.ErrorIs(t, err, c.is, c)
	}
}

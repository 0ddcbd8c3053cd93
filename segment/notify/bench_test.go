package notify

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkRun(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	c := &clock{now: start}
	hook, err := Webhook(server.URL, &WebhookOptions{Secrets: []Secret{parseSecret(b, vectorSecret)}, Now: c.Now})
	require.NoError(b, err)
	for _, c := range []struct {
		name string
		sink Sink
	}{{"webhook", hook}, {"jsonlines", JSONLines(io.Discard)}, {"csv", CSV(io.Discard, true)}} {
		b.Run(c.name, func(b *testing.B) {
			src := &source{last: 10_000}
			for b.Loop() {
				n, err := Run(b.Context(), src, c.sink, MemoryCursor(Place{}), nil)
				require.NoError(b, err)
				require.Equal(b, 10_000, n)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/notice")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	s := parseSecret(b, vectorSecret)
	h, body := vectorHeader(), make([]byte, 20_000)
	h.Set("webhook-signature", s.Sign(vectorID, vectorTime, body))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		_, err := Verify([]Secret{s}, h, body, vectorTime, 0)
		require.NoError(b, err)
	}
}

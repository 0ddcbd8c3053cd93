package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// A request is what arrived.
type request struct {
	header http.Header
	body   string
}

// A clock is time that passes when somebody sleeps. Safe for concurrent use.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	c.now = c.now.Add(d)
	return ctx.Err()
}

// serve starts a server that answers with f, which gets the number of the request from 1 on, and returns what arrives.
func serve(t *testing.T, f func(n int, w http.ResponseWriter, r *http.Request)) (url string, arrived func() []request) {
	var mu sync.Mutex
	var list []request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		list = append(list, request{r.Header.Clone(), string(body)})
		n := len(list)
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		f(n, w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []request {
		mu.Lock()
		defer mu.Unlock()
		return list
	}
}

// webhookTo returns a sink with the secret of the vector, and the clock it lives by.
func webhookTo(t *testing.T, url string, change func(*WebhookOptions)) (Sink, *clock) {
	c := &clock{now: start}
	o := &WebhookOptions{Secrets: []Secret{parseSecret(t, vectorSecret)}, Source: "shop", Now: c.Now, Sleep: c.Sleep, Seed: 7}
	if change != nil {
		change(o)
	}
	sink, err := Webhook(url, o)
	require.NoError(t, err)
	return sink, c
}

func status(code int) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestWebhook(t *testing.T) {
	url, arrived := serve(t, status(204))
	other, err := NewSecret([]byte(strings.Repeat("other", 6)))
	require.NoError(t, err)
	header := http.Header{"Authorization": {"Bearer x"}, "x-tenant": {"a", "b"}}
	sink, c := webhookTo(t, url+"/hook?a=b", func(o *WebhookOptions) {
		o.Secrets = append(o.Secrets, other)
		o.Header = header
	})
	header.Set("Authorization", "changed later")
	require.NoError(t, sink.Deliver(t.Context(), nil), "nothing to send")
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
	require.NoError(t, sink.Deliver(t.Context(), append(notices(3, 4), notice(6))))
	require.Empty(t, c.waits)
	list := arrived()
	require.Len(t, list, 2)
	require.Equal(t, messageText, list[0].body)
	h := list[0].header
	require.Equal(t, "application/json", h.Get("Content-Type"))
	require.Equal(t, "shop_1_2", h.Get("webhook-id"))
	require.Equal(t, "1772701200", h.Get("webhook-timestamp"), "2026-03-05T09:00:00Z")
	require.Equal(t, "Bearer x", h.Get("Authorization"))
	require.Equal(t, []string{"a", "b"}, h.Values("X-Tenant"))
	require.NotContains(t, h, "Idempotency-Key")
	require.Regexp(t, `^shop_3_6_[0-9a-f]{16}$`, list[1].header.Get("webhook-id"))
	for _, r := range list {
		for _, secrets := range [][]Secret{{parseSecret(t, vectorSecret)}, {other}} {
			id, err := Verify(secrets, r.header, []byte(r.body), start, time.Second)
			require.NoError(t, err)
			require.Equal(t, r.header.Get("webhook-id"), id)
		}
	}
}

func TestMessageID(t *testing.T) {
	require.Equal(t, "a_5_5", messageID("a", notices(5, 5)))
	require.Equal(t, "a_5_9", messageID("a", notices(5, 9)))
	some := messageID("a", append(notices(5, 6), notices(8, 9)...))
	other := messageID("a", append(notices(5, 7), notices(9, 9)...))
	require.NotEqual(t, some, other, "of the same first and last notice and as many")
	require.Equal(t, some, messageID("a", append(notices(5, 6), notices(8, 9)...)))
	// printf '\0\0\0\0\0\0\0\005\0\0\0\0\0\0\0\007' | sha256sum
	require.Equal(t, "a_5_7_9a1e36a48192fc4c", messageID("a", []segment.Notice{notice(5), notice(7)}))
}

// Which statuses end a delivery, and how.
func TestWebhookStatus(t *testing.T) {
	for code, is := range map[int]error{
		200: nil, 201: nil, 202: nil, 204: nil, 299: nil,
		301: ErrRefused, 302: ErrRefused, 304: ErrRefused, 307: ErrRefused, 308: ErrRefused,
		400: ErrRefused, 401: ErrRefused, 403: ErrRefused, 404: ErrRefused, 409: ErrRefused, 413: ErrRefused, 422: ErrRefused,
		408: ErrUnavailable, 425: ErrUnavailable, 429: ErrUnavailable,
		410: ErrGone,
		500: ErrUnavailable, 501: ErrUnavailable, 502: ErrUnavailable, 503: ErrUnavailable, 504: ErrUnavailable, 599: ErrUnavailable,
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			url, arrived := serve(t, status(code))
			sink, c := webhookTo(t, url, func(o *WebhookOptions) { o.Attempts = 3 })
			err := sink.Deliver(t.Context(), notices(1, 2))
			require.ErrorIs(t, err, is)
			attempts := 1
			if errors.Is(is, ErrUnavailable) {
				attempts = 3
			}
			require.Len(t, arrived(), attempts)
			require.Len(t, c.waits, attempts-1)
			if is != nil {
				var e *StatusError
				require.ErrorAs(t, err, &e)
				require.Equal(t, StatusError{Status: code, Attempts: attempts}, *e)
				require.EqualError(t, err, fmt.Sprintf("%v: status %d in attempt %d", is, code, attempts))
			}
		})
	}
}

// A redirect is not followed, and nothing reaches where it leads.
func TestWebhookRedirect(t *testing.T) {
	there, arrived := serve(t, status(200))
	url, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, there, http.StatusTemporaryRedirect)
	})
	sink, _ := webhookTo(t, url, nil)
	require.ErrorIs(t, sink.Deliver(t.Context(), notices(1, 2)), ErrRefused)
	require.Empty(t, arrived())
}

// Attempts have the same id and body, and a time and signature of their own.
func TestWebhookAttempts(t *testing.T) {
	url, arrived := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 5 {
			w.WriteHeader(503)
		}
	})
	sink, c := webhookTo(t, url, func(o *WebhookOptions) { o.First, o.Most = 10*time.Second, 40*time.Second })
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
	list := arrived()
	require.Len(t, list, 5)
	now := start
	for i, r := range list {
		require.Equal(t, list[0].body, r.body)
		require.Equal(t, "shop_1_2", r.header.Get("webhook-id"))
		require.Equal(t, strconv.FormatInt(now.Unix(), 10), r.header.Get("webhook-timestamp"))
		_, err := Verify([]Secret{parseSecret(t, vectorSecret)}, r.header, []byte(r.body), now, time.Second)
		require.NoError(t, err)
		if i < len(c.waits) {
			now = now.Add(c.waits[i])
		}
	}
	for i, longest := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 40 * time.Second} {
		require.LessOrEqual(t, c.waits[i], longest)
		require.GreaterOrEqual(t, c.waits[i], longest/2)
	}
}

// Waits are between half and all of what the doubling says, spread out, and the same for the same seed.
func TestWebhookWait(t *testing.T) {
	for _, first := range []time.Duration{1, time.Millisecond, time.Second, time.Hour, 1 << 62} {
		for _, most := range []time.Duration{1, time.Second, 5 * time.Minute, 1<<63 - 1} {
			w := &webhook{o: WebhookOptions{First: first, Most: most, Seed: 1}}
			for attempt := 1; attempt <= 100; attempt++ {
				longest := most
				if d := math.Ldexp(float64(first), attempt-1); d < float64(most) {
					longest = time.Duration(d)
				}
				wait := w.wait("a", attempt)
				require.LessOrEqual(t, wait, longest)
				require.GreaterOrEqual(t, wait, longest/2)
				require.Equal(t, wait, w.wait("a", attempt))
			}
		}
	}
	w := &webhook{o: WebhookOptions{First: time.Second, Most: time.Second, Seed: 1}}
	require.NotEqual(t, w.wait("a", 1), w.wait("a", 2))
	var quarters [4]int
	for i := range 4000 {
		w := &webhook{o: WebhookOptions{First: time.Second, Most: time.Minute, Seed: uint64(i % 5)}}
		quarters[min(int((w.wait(fmt.Sprint("shop_", i), 1+i%3)*8/(time.Second<<(i%3)))-4), 3)]++
	}
	for _, n := range quarters {
		require.InDelta(t, 1000, n, 150) // 5.5 standard deviations
	}
}

func TestWebhookRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		least  time.Duration // of the wait
		is     error
		asked  time.Duration
	}{
		"seconds":      {"120", 2 * time.Minute, nil, 0},
		"date":         {"Thu, 05 Mar 2026 09:04:00 GMT", 4 * time.Minute, nil, 0},
		"the longest":  {"300", 5 * time.Minute, nil, 0},
		"too long":     {"301", 0, ErrUnavailable, 301 * time.Second},
		"far too long": {"18446744073709551615", 0, ErrUnavailable, mostWait},
		"far date":     {"Thu, 05 Mar 2150 09:04:00 GMT", 0, ErrUnavailable, mostWait},
		"past date":    {"Thu, 05 Mar 2020 09:04:00 GMT", time.Second / 2, nil, 0},
		"none":         {"", time.Second / 2, nil, 0},
		"nonsense":     {"soon", time.Second / 2, nil, 0},
		"negative":     {"-5", time.Second / 2, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			url, arrived := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				if n == 1 {
					w.Header().Set("Retry-After", c.header)
					w.WriteHeader(429)
				}
			})
			sink, clock := webhookTo(t, url, nil)
			err := sink.Deliver(t.Context(), notices(1, 2))
			require.ErrorIs(t, err, c.is)
			if c.is != nil {
				var e *StatusError
				require.ErrorAs(t, err, &e)
				require.Equal(t, StatusError{429, 1, c.asked}, *e)
				require.ErrorContains(t, err, "status 429 in attempt 1, to be asked again after ")
				require.Len(t, arrived(), 1)
				return
			}
			require.Len(t, arrived(), 2)
			require.Len(t, clock.waits, 1)
			require.GreaterOrEqual(t, clock.waits[0], c.least)
			require.LessOrEqual(t, clock.waits[0], max(c.least, time.Second))
		})
	}
}

// A receiver that does not answer, drops the connection, is not there, or talks without end.
func TestWebhookBadReceivers(t *testing.T) {
	drop := func(_ int, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}
	t.Run("silent", func(t *testing.T) {
		url, arrived := serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.Timeout, o.Attempts = 50*time.Millisecond, 2 })
		err := sink.Deliver(t.Context(), notices(1, 2))
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded, "that of the request")
		require.Len(t, arrived(), 2)
	})
	t.Run("dropping", func(t *testing.T) {
		url, arrived := serve(t, func(n int, w http.ResponseWriter, r *http.Request) {
			if n%3 != 0 {
				drop(n, w, r)
			}
		})
		sink, _ := webhookTo(t, url, nil)
		require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
		require.NoError(t, sink.Deliver(t.Context(), notices(3, 4)))
		ids := map[string]int{}
		for _, r := range arrived() {
			ids[r.header.Get("webhook-id")]++
		}
		require.Equal(t, map[string]int{"shop_1_2": 3, "shop_3_4": 3}, ids)
	})
	t.Run("absent", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		sink, c := webhookTo(t, server.URL+"/?key=secret", nil)
		err := sink.Deliver(t.Context(), notices(1, 2))
		require.ErrorIs(t, err, ErrUnavailable)
		require.NotContains(t, err.Error(), "secret")
		require.ErrorContains(t, err, "attempt 10")
		require.Len(t, c.waits, 9)
	})
	t.Run("talkative", func(t *testing.T) {
		written := make(chan int, 1)
		url, _ := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			page, pages := bytes.Repeat([]byte("a"), 1<<16), 0
			for ; ; pages++ {
				if _, err := w.Write(page); err != nil {
					written <- pages << 16
					return
				}
			}
		})
		sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.Timeout = 5 * time.Second })
		require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)), "the status is 200")
		require.Less(t, <-written, 64<<20, "no more than fits into buffers on the way")
	})
	t.Run("slow to end", func(t *testing.T) {
		url, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.Timeout = 50 * time.Millisecond })
		require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)), "the status is 200")
	})
	t.Run("long header", func(t *testing.T) {
		url, _ := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("a", 1<<20))
		})
		sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.Attempts = 1 })
		require.ErrorIs(t, sink.Deliver(t.Context(), notices(1, 2)), ErrUnavailable)
	})
}

// A request on a connection that the receiver closes at that moment is sent again at once, and no attempt is lost.
func TestWebhookClosedConnection(t *testing.T) {
	url, arrived := serve(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 2 {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = conn.Close()
			}
		}
	})
	sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.Attempts = 1 })
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
	require.NoError(t, sink.Deliver(t.Context(), notices(3, 4)))
	require.Len(t, arrived(), 3)
	require.Equal(t, arrived()[1].header.Get("webhook-signature"), arrived()[2].header.Get("webhook-signature"))
}

func TestWebhookContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, arrived := serve(t, status(503))
	sink, _ := webhookTo(t, url, func(o *WebhookOptions) {
		o.Sleep = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	})
	require.ErrorIs(t, sink.Deliver(ctx, notices(1, 2)), context.Canceled)
	require.Len(t, arrived(), 1)
	require.ErrorIs(t, sink.Deliver(ctx, notices(1, 2)), context.Canceled)
	require.Len(t, arrived(), 1)
	require.ErrorIs(t, sleep(ctx, time.Hour), context.Canceled)
	require.NoError(t, sleep(t.Context(), 1))

	ctx, cancel = context.WithCancel(t.Context())
	url, _ = serve(t, func(_ int, _ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	sink, _ = webhookTo(t, url, nil)
	require.ErrorIs(t, sink.Deliver(ctx, notices(1, 2)), context.Canceled, "in the middle of a request")
}

func TestWebhookOptions(t *testing.T) {
	now := func() time.Time { return start }
	secrets := []Secret{parseSecret(t, vectorSecret)}
	good := WebhookOptions{Secrets: secrets, Now: now}
	for _, url := range []string{"https://a.example", "https://a.example:8443/hook?a=b", "http://127.0.0.1:80/", "http://[::1]/", "http://localhost/"} {
		_, err := Webhook(url, &good)
		require.NoError(t, err, url)
	}
	for _, url := range []string{"", "a.example", "//a.example", "ftp://a.example", "https://", "https://:80", "http://a.example", "https://a:b@a.example", "https://a b", "http://localhost.example"} {
		_, err := Webhook(url, &good)
		require.ErrorIs(t, err, ErrOptions, url)
	}
	allowed := good
	allowed.AllowHTTP = true
	_, err := Webhook("http://a.example", &allowed)
	require.NoError(t, err)

	_, err = Webhook("https://a.example", nil)
	require.ErrorIs(t, err, ErrOptions)
	_, err = Webhook("http://user:hidden@a.example", &WebhookOptions{
		Secrets: []Secret{{}}, Source: "a.b", Attempts: -1, First: -1, Most: -1, Timeout: -1,
		Header: http.Header{"webhook-id": {""}, "Webhook-Id": {"a"}, "Content-Type": {"a"}}, Transport: http.DefaultTransport, PublicOnly: true,
	})
	require.EqualError(t, err, prefixed(`URL is not https, and AllowHTTP not set
URL holds a user; use Header
Secrets[0] is the zero Secret
Source is not of at most 64 letters, digits, _ and -
Now is missing
Attempts are not 1 to 100
First is negative
Most is negative
Timeout is negative
Header holds Content-Type
Header holds Webhook-Id
Header holds Webhook-Id under two names
PublicOnly is set, and so is Transport`))
	many := good
	many.Secrets = make([]Secret, 9)
	_, err = Webhook("https://a.example", &many)
	require.ErrorContains(t, err, "Secrets are not 1 to 8")
}

// prefixed puts the text of ErrOptions before each line.
func prefixed(lines string) string {
	return ErrOptions.Error() + ": " + strings.ReplaceAll(lines, "\n", "\n"+ErrOptions.Error()+": ")
}

func TestWebhookRefusesWhatIsNotValid(t *testing.T) {
	url, arrived := serve(t, status(200))
	sink, _ := webhookTo(t, url, nil)
	bad := notices(1, 2)
	bad[1].Cause = 0
	require.ErrorIs(t, sink.Deliver(t.Context(), bad), ErrMessage)
	require.Empty(t, arrived())
}

// From end to end: a receiver that fails in all ways at random, before and after it has taken a message, and a sender that
// is killed and begins again. The receiver keeps the number of the last notice it took, and does everything once and in order.
func TestWebhookWithFaults(t *testing.T) {
	secrets := []Secret{parseSecret(t, vectorSecret)}
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 6))
		c := &clock{now: start}
		var took []segment.Notice
		bodies := map[string]string{} // by id
		repeated := 0
		take := func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			id, err := Verify(secrets, r.Header, body, c.Now(), 0)
			assert.NoError(t, err)
			if before, again := bodies[id]; again {
				repeated++
				assert.Equal(t, before, string(body))
			}
			bodies[id] = string(body)
			var m Message
			assert.NoError(t, json.Unmarshal(body, &m))
			took = append(took, m.After(uint64(len(took)))...)
		}
		var mu sync.Mutex
		url, _ := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			fault := rng.IntN(12)
			if fault >= 3 {
				take(r) // and then perhaps nobody hears that
			}
			switch fault {
			case 0, 3:
				w.WriteHeader(500)
			case 1, 4:
				w.Header().Set("Retry-After", "3")
				w.WriteHeader(429)
			case 2, 5:
				panic(http.ErrAbortHandler)
			case 6:
				w.WriteHeader(404)
			}
		})
		src, memory := &source{}, MemoryCursor(Place{})
		for range 40 {
			mu.Lock()
			src.last += rng.Uint64N(10)
			cursor := &cursorWithFaults{memory, rand.New(rand.NewPCG(seed, rng.Uint64()))}
			attempts, batch := 1+rng.IntN(3), 1+rng.IntN(5)
			mu.Unlock()
			sink, err := Webhook(url, &WebhookOptions{Secrets: secrets, Now: c.Now, Sleep: c.Sleep, Attempts: attempts})
			require.NoError(t, err)
			_, _ = Run(t.Context(), src, sink, cursor, &Options{Batch: batch})
		}
		sink, err := Webhook(url, &WebhookOptions{Secrets: secrets, Now: c.Now, Sleep: c.Sleep})
		require.NoError(t, err)
		for range 100 {
			if _, err = Run(t.Context(), src, sink, memory, nil); err == nil {
				break
			}
		}
		require.NoError(t, err)
		mu.Lock()
		require.Equal(t, notices(1, src.last), took)
		require.Positive(t, repeated)
		mu.Unlock()
	}
}

// TestWebhookHeaders asks for headers that no request can have, which would fail in every attempt.
func TestWebhookHeaders(t *testing.T) {
	c := &clock{now: time.Unix(1, 0)}
	for _, h := range []http.Header{
		{"X-Key": {"line\nbreak"}},
		{"X Key": {"v"}},
		{"": {"v"}},
		{"X-Key:": {"v"}},
		{"X-Ключ": {"v"}},
		{"X-Key": {"\x7f"}},
		{"webhook-id": {"v"}},
		{"host": {"v"}},
		{"transfer-encoding": {"chunked"}},
	} {
		_, err := Webhook("https://receiver.example", &WebhookOptions{Secrets: []Secret{{strings.Repeat("k", MinSecret)}}, Now: c.Now, Header: h})
		require.ErrorIs(t, err, ErrOptions, "%q", h)
	}
	_, err := Webhook("https://receiver.example", &WebhookOptions{
		Secrets: []Secret{{strings.Repeat("k", MinSecret)}}, Now: c.Now, Header: http.Header{"x-key": {"Bearer a\tb", ""}, "X_1": nil},
	})
	require.NoError(t, err)
}

// TestWebhookBadRedirect answers with a redirect to what is no URL: it is refused as any other redirect is.
func TestWebhookBadRedirect(t *testing.T) {
	url, arrived := serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://[secret")
		w.WriteHeader(http.StatusFound)
	})
	c := &clock{now: time.Unix(1, 0)}
	sink, err := Webhook(url, &WebhookOptions{Secrets: []Secret{{strings.Repeat("k", MinSecret)}}, Now: c.Now, Sleep: c.Sleep})
	require.NoError(t, err)
	err = sink.Deliver(t.Context(), []segment.Notice{{Number: 1, At: c.Now(), Customer: customer.FromInt64(1), Segment: "s", Version: 1, Cause: segment.ByTag}})
	require.ErrorIs(t, err, ErrRefused)
	require.NotContains(t, err.Error(), "secret")
	require.Len(t, arrived(), 1)
}

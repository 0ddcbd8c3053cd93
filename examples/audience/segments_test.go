package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

func toNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// liveAnswer is the answer to /live.
type liveAnswer struct {
	Now      string
	Zone     string
	Kept     *keeping
	Ended    bool
	Speed    float64
	Segments []liveSegment
	Notices  []liveNotice
	Causes   []cause
	Webhook  received
}

func (a asker) live() (got liveAnswer) {
	a.t.Helper()
	a.good("GET", "/live", "", &got)
	return got
}

func (l liveAnswer) segment(t *testing.T, name string) liveSegment {
	t.Helper()
	for _, g := range l.Segments {
		if g.Name == name {
			return g
		}
	}
	require.Fail(t, "no such segment", name)
	return liveSegment{}
}

func TestDefine(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	require.Len(t, a.live().Segments, len(generatedSegments))
	require.Empty(t, a.live().Notices, "who is a member at the beginning has not entered")

	definition := `{"name":"露营","en":"Campers","zh":"露营爱好者","rule":"interests has \"露营\" and last_order within 30 days","stay":"orders >= 9","dwell_days":2.5,"cap":1000}`
	var preview struct{ Members, Enter, Leave int }
	a.good("POST", "/preview", definition, &preview)
	require.Len(t, a.live().Segments, len(generatedSegments), "nothing has changed")
	want := a.count(`interests has "露营" and last_order within 30 days`)
	require.Equal(t, want, preview.Members)
	require.Equal(t, want, preview.Enter)

	var defined struct{ Notices int }
	a.good("POST", "/define", definition, &defined)
	require.Equal(t, want, defined.Notices)
	state := a.live()
	g := state.segment(t, "露营")
	require.Equal(t, liveSegment{
		Name: "露营", EN: "Campers", ZH: "露营爱好者", Rule: `interests has "露营" and last_order within 30 days`, Stay: "orders >= 9",
		Dwell: 2.5, Cap: 1000, Version: 1, Members: want, Sizes: g.Sizes,
	}, g)
	now := [2]int64{s.sim.now().Unix(), int64(want)}
	require.Equal(t, [][2]int64{now, now}, g.Sizes)
	require.Equal(t, []cause{{EN: "definition", ZH: "规则变更", Entered: want}}, state.Causes)
	require.Equal(t, want, a.count(`set("露营")`), "questions can name the members of a live segment")

	a.good("POST", "/define", `{"name":"露营","rule":"vip and segment(\"silent\")"}`, &defined)
	require.Equal(t, 2, a.live().segment(t, "露营").Version)
	status, f := a.bad("POST", "/drop", `{"name":"silent"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, "others name it")
	require.Contains(t, f.Error, "named by")
	a.good("POST", "/drop", `{"name":"露营"}`, &defined)
	status, f = a.bad("POST", "/count", `{"rule":"vip and set(\"露营\")"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, f.Error)
	require.Equal(t, 9, f.Faults[0].Column)
	status, _ = a.bad("POST", "/drop", `{"name":"露营"}`)
	require.Equal(t, http.StatusNotFound, status)
	require.Len(t, a.live().Segments, len(generatedSegments))
}

func TestFaultyDefinitions(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	for name, c := range map[string]struct {
		body   string
		status int
		fault  *fault
	}{
		"syntax":            {`{"name":"x","rule":"vip and\n last_order witin 3 days"}`, 422, &fault{Field: "rule", Line: 2, Column: 13, Suggestion: "within"}},
		"unknown tag":       {`{"name":"x","rule":"vip and citty = \"广东\""}`, 422, &fault{Field: "rule", Line: 1, Column: 9, Tag: "citty", Suggestion: "city"}},
		"syntax in stay":    {`{"name":"x","rule":"vip","stay":"vip vip"}`, 422, &fault{Field: "stay", Line: 1, Column: 5}},
		"unknown in stay":   {`{"name":"x","rule":"vip","stay":"vipp"}`, 422, &fault{Field: "stay", Line: 1, Column: 1, Tag: "vipp", Suggestion: "vip"}},
		"no rule":           {`{"name":"x","rule":""}`, 422, &fault{Field: "rule"}},
		"unknown segment":   {`{"name":"x","rule":"segment(\"silence\")"}`, 422, &fault{Field: "rule", Line: 1, Column: 1, Suggestion: "silent"}},
		"circle":            {`{"name":"silent","rule":"segment(\"winback\")"}`, 422, &fault{Field: "rule"}},
		"no name":           {`{"rule":"vip"}`, 400, nil},
		"control character": {`{"name":"a\nb","rule":"vip"}`, 400, nil},
		"dwell":             {`{"name":"x","rule":"vip","dwell_days":-1}`, 400, nil},
		"long dwell":        {`{"name":"x","rule":"vip","dwell_days":1e300}`, 400, nil},
		"cap":               {`{"name":"x","rule":"vip","cap":-1}`, 400, nil},
		"unknown field":     {`{"name":"x","rules":"vip"}`, 400, nil},
	} {
		for _, path := range []string{"/define", "/preview"} {
			t.Run(name+path, func(t *testing.T) {
				a := asker{t, a.url}
				status, f := a.bad("POST", path, c.body)
				require.Equal(t, c.status, status, f.Error)
				if c.fault == nil {
					require.Empty(t, f.Faults)
					return
				}
				require.Len(t, f.Faults, 1, f.Error)
				require.NotEmpty(t, f.Faults[0].Reason)
				f.Faults[0].Reason = ""
				if c.fault.Line == 0 { // wherever it is
					f.Faults[0].Line, f.Faults[0].Column = 0, 0
				}
				require.Equal(t, *c.fault, f.Faults[0])
			})
		}
	}
	state := a.live()
	require.Len(t, state.Segments, len(generatedSegments))
	require.Empty(t, state.Notices)

	for i := len(generatedSegments); i < maxSegments; i++ {
		var defined struct{ Notices int }
		a.good("POST", "/define", fmt.Sprintf(`{"name":"%d","rule":"nobody"}`, i), &defined)
	}
	status, _ := a.bad("POST", "/define", `{"name":"one more","rule":"vip"}`)
	require.Equal(t, http.StatusBadRequest, status)
	var defined struct{ Notices int }
	a.good("POST", "/define", `{"name":"silent","rule":"vip"}`, &defined)
}

// Notices are listed with their reasons, the newest first: of purchases, of updates, and of time alone.
func TestNoticesAreListed(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	pass(t, s.sim, 3*24*time.Hour)
	all := noticesOf(t, s.sim)
	state := a.live()
	require.Len(t, state.Notices, maxLatest)
	for i, n := range state.Notices {
		is := all[len(all)-1-i]
		require.Equal(t, liveNotice{
			is.Number, is.At.In(shanghai).Format(clockLayout), nameOf(is.Customer), is.Segment, is.Entered, is.Cause.String(), is.Cause.Chinese(),
		}, n)
	}
	total := map[string]int{}
	for _, c := range state.Causes {
		total[c.EN] = c.Entered + c.Left
	}
	require.Positive(t, total["tag"])
	require.Positive(t, total["time"])
	require.Equal(t, len(all), total["tag"]+total["time"]+total["place"])
	for _, g := range state.Segments {
		require.LessOrEqual(t, len(g.Sizes), maxSizes+1)
		require.Equal(t, int64(g.Members), g.Sizes[len(g.Sizes)-1][1])
		for i := range g.Sizes[1:] {
			require.LessOrEqual(t, g.Sizes[i][0], g.Sizes[i+1][0])
		}
	}

	var updated struct{ Notices int }
	a.good("POST", "/update", `{"writes":[{"do":"set","id":"new","tag":"last_order","value":{"time":"2026-07-03T12:00:00+08:00"}}]}`, &updated)
	require.Equal(t, 1, updated.Notices)
	require.Equal(t, liveNotice{uint64(len(all) + 1), state.Now, "new", "active", true, "tag", "标签变化"}, a.live().Notices[0])
	a.good("POST", "/update", `{"writes":[{"do":"delete","id":"new"}]}`, &updated)
	require.Equal(t, liveNotice{uint64(len(all) + 2), state.Now, "new", "active", false, "deletion", "客户删除"}, a.live().Notices[0])
}

func TestClock(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	require.Equal(t, "2026-06-30 23:59", a.live().Now)
	for _, body := range []string{`{"speed":-1}`, `{"speed":604801}`, `{"speed":"fast"}`} {
		status, _ := a.bad("POST", "/clock", body)
		require.Equal(t, http.StatusBadRequest, status, body)
	}
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.sim.run(ctx) }()
	var got struct{ Speed float64 }
	a.good("POST", "/clock", `{"speed":86400}`, &got)
	require.Eventually(t, func() bool { return len(a.live().Notices) > 0 }, 20*time.Second, 10*time.Millisecond)
	a.good("POST", "/clock", `{"speed":0}`, &got)
	require.Zero(t, a.live().Speed)
	stop()
	require.NoError(t, <-ran)
	require.False(t, a.live().Ended)
}

// flaky loses every third message on the way, and the answer to every fifth.
type flaky struct{ calls int }

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	f.calls++
	if f.calls%3 == 0 {
		return nil, errors.New("lost")
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && f.calls%5 == 0 {
		answer.Body.Close()
		return nil, errors.New("answer lost")
	}
	return answer, err
}

// The campaign tool has every notice once and in order, though messages and answers get lost.
func TestWebhook(t *testing.T) {
	s := newServer(t)
	var out bytes.Buffer
	s.tool.out = &lockedWriter{w: &out}
	tool := httptest.NewServer(s.tool)
	defer tool.Close()
	sink, err := notify.Webhook(tool.URL, &notify.WebhookOptions{
		Secrets: []notify.Secret{s.tool.secret}, Source: "test", Now: time.Now, Transport: &flaky{},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.sim.deliver(ctx, new(store.Memory), sink) }()
	for range 20 {
		pass(t, s.sim, 24*time.Hour)
	}
	all := noticesOf(t, s.sim)
	require.Greater(t, len(all), 5*notify.DefaultBatch)
	require.Eventually(t, func() bool { return s.tool.seen().Last == uint64(len(all)) }, 20*time.Second, 5*time.Millisecond)
	stop()
	require.NoError(t, <-ended)

	a := ask(t, s)
	got := a.live().Webhook
	require.Equal(t, len(all), got.Notices, "each once")
	require.GreaterOrEqual(t, got.Messages, len(all)/notify.DefaultBatch)
	require.Zero(t, got.Refused)
	require.Contains(t, out.String(), strings.Join(got.Lines, "\n"))
	require.Contains(t, out.String(), "signature verified")
	last := uint64(0)
	for line := range strings.SplitSeq(out.String(), "\n") {
		if text, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(text, "...") {
			number, _, _ := strings.Cut(text, ".")
			n, err := strconv.ParseUint(number, 10, 64)
			require.NoError(t, err)
			require.Greater(t, n, last, "in order")
			last = n
			require.Equal(t, text, s.tool.does(all[n-1]))
		}
	}
	require.Positive(t, last)
}

func TestReceiverRefuses(t *testing.T) {
	s := newServer(t)
	var out bytes.Buffer
	s.tool.out = &out
	n := segment.Notice{Number: 1, At: time.Unix(0, 0), Customer: customer.FromInt64(7), Segment: "x", Version: 1, Entered: true, Cause: segment.ByTag}
	body, err := json.Marshal(notify.Message{Type: notify.MessageType, Timestamp: n.At, Source: "test", Notices: []segment.Notice{n}})
	require.NoError(t, err)
	send := func(secret notify.Secret, at time.Time, signed, sent []byte) int {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/notices", bytes.NewReader(sent))
		r.Header.Set("webhook-id", "test_1_1")
		r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("webhook-signature", secret.Sign("test_1_1", at, signed))
		w := httptest.NewRecorder()
		s.tool.ServeHTTP(w, r)
		return w.Code
	}
	now := time.Now()
	require.Equal(t, http.StatusUnauthorized, send(newTestSecret(t), now, body, body), "another secret")
	require.Equal(t, http.StatusUnauthorized, send(s.tool.secret, now, body, bytes.Replace(body, []byte("true"), []byte("false"), 1)), "altered")
	require.Equal(t, http.StatusUnauthorized, send(s.tool.secret, now.Add(-time.Hour), body, body), "old")
	require.Equal(t, http.StatusBadRequest, send(s.tool.secret, now, []byte(`{}`), []byte(`{}`)), "no notices")
	require.Equal(t, http.StatusBadRequest, send(s.tool.secret, now, body, make([]byte, maxBody+1)), "too long")
	require.Empty(t, out.String())
	require.Equal(t, received{Refused: 4}, s.tool.seen())
	require.Equal(t, http.StatusOK, send(s.tool.secret, now, body, body))
	require.Equal(t, http.StatusOK, send(s.tool.secret, now, body, body), "a second time")
	require.Equal(t, 1, s.tool.seen().Notices)
	require.Equal(t, 2, s.tool.seen().Messages)
	require.Equal(t, 1, strings.Count(out.String(), "put 7 on the list x"))
}

package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

var _ notify.Source = (*segment.Live)(nil)

// TestLive steps live segments and hands their notices to a receiver that is often not there, and to a file: both end
// with what the steps returned.
func TestLive(t *testing.T) {
	now := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	ix, err := segment.New(&segment.Options{Tags: []segment.Tag{{Name: "vip", Kind: segment.Flag}, {Name: "last", Kind: segment.Time}}})
	require.NoError(t, err)
	live, err := segment.NewLive(ix, &segment.LiveOptions{At: now, Location: time.UTC, Keep: 100, Definitions: []segment.Definition{
		{Name: "recent", Rule: segment.Within("last", segment.Days(2))},
		{Name: "target", Rule: segment.And(segment.Segment("recent"), segment.IsTrue("vip"))},
	}})
	require.NoError(t, err)

	rng := rand.New(rand.NewPCG(4, 4))
	secret, err := notify.NewSecret(bytes.Repeat([]byte{7}, notify.MinSecret))
	require.NoError(t, err)
	var received []segment.Notice
	last := uint64(0)
	tool := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rng.IntN(3) == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		var m notify.Message
		if err == nil {
			_, err = notify.Verify([]notify.Secret{secret}, r.Header, body, now, 0)
		}
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for _, n := range m.After(last) {
			received, last = append(received, n), n.Number
		}
		if rng.IntN(3) == 0 {
			w.WriteHeader(http.StatusBadGateway) // and yet it has them
		}
	}))
	defer tool.Close()
	sink, err := notify.Webhook(tool.URL, &notify.WebhookOptions{
		Secrets: []notify.Secret{secret}, Now: func() time.Time { return now }, Attempts: 2,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	require.NoError(t, err)
	var file bytes.Buffer
	places := [...]notify.Cursor{notify.MemoryCursor(notify.Place{}), notify.MemoryCursor(notify.Place{})}
	run := func() error {
		return notify.Fan(t.Context(), live, &notify.Options{Batch: 7},
			notify.Route{Name: "tool", Sink: sink, Cursor: places[0]}, notify.Route{Name: "file", Sink: notify.JSONLines(&file), Cursor: places[1]})
	}
	var told []segment.Notice
	for range 100 {
		now = now.Add(time.Duration(rng.Int64N(int64(12 * time.Hour))))
		var b segment.Batch
		for range 3 {
			id := customer.FromInt64(rng.Int64N(20))
			b.Set(id, "vip", customer.BoolValue(rng.IntN(2) == 0))
			b.Set(id, "last", customer.TimeValue(now))
		}
		step, err := live.Apply(t.Context(), now, &b)
		require.NoError(t, err)
		told = append(told, step...)
		for err := run(); err != nil; err = run() {
			require.ErrorIs(t, err, notify.ErrUnavailable)
		}
	}
	require.Greater(t, len(told), 200)
	require.Equal(t, told, received)
	var lines []segment.Notice
	for d := json.NewDecoder(&file); d.More(); {
		var n segment.Notice
		require.NoError(t, d.Decode(&n))
		lines = append(lines, n)
	}
	require.Equal(t, told, lines)

	_, err = notify.Run(t.Context(), live, sink, notify.MemoryCursor(notify.Place{}), nil)
	require.ErrorIs(t, err, segment.ErrExpiredNotices)
	_, err = notify.Run(t.Context(), live, sink, notify.MemoryCursor(notify.Place{After: 1 << 40, Until: 1 << 40}), nil)
	require.ErrorIs(t, err, segment.ErrExpiredNotices)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range live.Notices(gone, last-1) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestLiveRestart ends the process between two steps and goes on with the cursor.
func TestLiveRestart(t *testing.T) {
	start := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	cursor := notify.MemoryCursor(notify.Place{})
	var got []uint64
	sink := notify.SinkFunc(func(_ context.Context, notices []segment.Notice) error {
		for _, n := range notices {
			got = append(got, n.Number)
		}
		return nil
	})
	for process := range int64(3) {
		place, err := cursor.Load(t.Context())
		require.NoError(t, err)
		ix, err := segment.New(&segment.Options{Tags: []segment.Tag{{Name: "vip", Kind: segment.Flag}}})
		require.NoError(t, err)
		live, err := segment.NewLive(ix, &segment.LiveOptions{
			At: start, After: place.Until, Definitions: []segment.Definition{{Name: "s", Rule: segment.IsTrue("vip")}},
		})
		require.NoError(t, err)
		for i := range 2 + process {
			var b segment.Batch
			b.Set(customer.FromInt64(i), "vip", customer.BoolValue(true))
			_, err := live.Apply(t.Context(), start, &b)
			require.NoError(t, err)
			_, err = notify.Run(t.Context(), live, sink, cursor, nil)
			require.NoError(t, err)
		}
	}
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9}, got)
}

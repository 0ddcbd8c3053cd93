package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
	"github.com/clientele-go/clientele/store"
)

// hostileNotices are a source.
type hostileNotices []segment.Notice

func (all hostileNotices) Notices(ctx context.Context, after uint64) iter.Seq2[segment.Notice, error] {
	return func(yield func(segment.Notice, error) bool) {
		for _, n := range all {
			if err := ctx.Err(); err != nil {
				yield(segment.Notice{}, err)
				return
			}
			if n.Number > after && !yield(n, nil) {
				return
			}
		}
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	notices := func() []segment.Notice {
		return []segment.Notice{
			{Number: 1, Segment: "vip", Customer: customer.FromInt64(1), Entered: true, At: at, Cause: segment.ByMerge, Version: 1},
			{Number: 2, Segment: "lost", Customer: customer.FromInt64(2), At: at, Cause: segment.ByMerge, Version: 1},
		}
	}
	ran := func(ctx context.Context, list []segment.Notice, make func(*bytes.Buffer) notify.Sink, o *notify.Options) (string, error) {
		var b bytes.Buffer
		_, err := notify.Run(ctx, hostileNotices(list), make(&b), notify.MemoryCursor(notify.Place{}), o)
		return b.String(), err
	}
	secret, err := notify.NewSecret(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	body := []byte(`{"type":"x"}`)
	header := func() http.Header {
		h := http.Header{}
		h.Set("webhook-id", "m1")
		h.Set("webhook-timestamp", "1772355600")
		h.Set("webhook-signature", secret.Sign("m1", at, body))
		return h
	}
	message, err := json.Marshal(notify.Message{Type: "segment.notices", Source: "shop", Timestamp: at, Notices: notices()})
	require.NoError(t, err)

	hostiletest.Run(t, hostiletest.Table{
		"CSV": {
			Call: func(ctx context.Context, list []segment.Notice) (string, error) {
				return ran(ctx, list, func(b *bytes.Buffer) notify.Sink { return notify.CSV(b, true) }, nil)
			},
			Names: "ctx notices", Args: func() []any { return []any{ctx, notices()} }, Expect: map[string]any{"notices nil": hostiletest.OK},
		},
		"JSONLines": {
			Call: func(ctx context.Context, list []segment.Notice) (string, error) {
				return ran(ctx, list, func(b *bytes.Buffer) notify.Sink { return notify.JSONLines(b) }, nil)
			},
			Names: "ctx notices", Args: func() []any { return []any{ctx, notices()} }, Expect: map[string]any{"notices nil": hostiletest.OK},
		},
		"Filter": {
			Call: func(ctx context.Context, list []segment.Notice, names []string) (string, error) {
				return ran(ctx, list, func(b *bytes.Buffer) notify.Sink { return notify.Filter(notify.JSONLines(b), names...) }, nil)
			},
			Names: "ctx notices segments", Args: func() []any { return []any{ctx, notices(), []string{"vip", "lost"}} },
		},
		"Run": {
			Call: func(ctx context.Context, list []segment.Notice, place notify.Place, o *notify.Options) (int, error) {
				return notify.Run(ctx, hostileNotices(list), notify.JSONLines(new(bytes.Buffer)), notify.MemoryCursor(place), o)
			},
			Names: "ctx notices place options", Args: func() []any { return []any{ctx, notices(), notify.Place{}, &notify.Options{Batch: 1}} },
			Expect: map[string]any{"options nil": hostiletest.OK, "options.Batch min": notify.ErrOptions, "notices nil": hostiletest.OK},
		},
		"Fan": {
			Call: func(ctx context.Context, list []segment.Notice, name string, o *notify.Options) error {
				route := notify.Route{Name: name, Sink: notify.JSONLines(new(bytes.Buffer)), Cursor: notify.MemoryCursor(notify.Place{})}
				return notify.Fan(ctx, hostileNotices(list), o, route)
			},
			Names: "ctx notices name options", Args: func() []any { return []any{ctx, notices(), "file", &notify.Options{Batch: 1}} },
			Expect: map[string]any{"options.Batch min": notify.ErrOptions},
		},
		"MemoryCursor": {
			Call: func(ctx context.Context, place notify.Place) (notify.Place, error) {
				if err := ctx.Err(); err != nil {
					return notify.Place{}, err
				}
				return notify.MemoryCursor(place).Load(ctx)
			},
			Names: "ctx place", Args: func() []any { return []any{ctx, notify.Place{After: 1}} },
		},
		"StoreCursor": {
			Call: func(ctx context.Context, key []byte, place notify.Place) (notify.Place, error) {
				c, err := notify.StoreCursor(new(store.Memory), key)
				if err != nil {
					return notify.Place{}, err
				}
				if err := c.Save(ctx, place); err != nil {
					return notify.Place{}, err
				}
				return c.Load(ctx)
			},
			Names: "ctx key place", Args: func() []any { return []any{ctx, []byte("cursor"), notify.Place{After: 1, Until: 2}} },
			Expect: map[string]any{"key nil": "notify: ", "key empty": "notify: "},
		},
		"NewSecret": {
			Call: func(key []byte) error {
				_, err := notify.NewSecret(key)
				return err
			},
			Names: "key", Args: func() []any { return []any{bytes.Repeat([]byte{1}, 32)} }, Expect: map[string]any{"key nil": "notify: ", "key empty": "notify: "},
		},
		"ParseSecret": {
			Call: func(text string) error {
				_, err := notify.ParseSecret(text)
				return err
			},
			Names: "text", Args: func() []any { return []any{"whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="} }, Expect: map[string]any{"text": "notify: "},
		},
		"Secret.Sign": {
			Call: func(id string, at time.Time, body []byte) int { return len(notify.Secret.Sign(secret, id, at, body)) }, Names: "id at body",
			Args:   func() []any { return []any{"m1", at, bytes.Clone(body)} },
			Expect: map[string]any{"id": hostiletest.Panic("not valid"), "id number": nil, "id formula": nil},
		},
		"Verify": {
			Call: func(h http.Header, body []byte, now time.Time, tolerance time.Duration) (string, error) {
				return notify.Verify([]notify.Secret{secret}, h, body, now, tolerance)
			},
			Names: "header body now tolerance", Args: func() []any { return []any{header(), bytes.Clone(body), at, time.Minute} },
			Expect: map[string]any{
				"header nil": "notify: ", "header empty": "notify: ", "body": notify.ErrSignature, "now": notify.ErrTime, "now zone": nil, "tolerance min": notify.ErrOptions,
				"header[Webhook-Timestamp]": "notify: ", "tolerance one": hostiletest.OK,
			},
		},
		"Webhook": {
			Call: func(url string, o *notify.WebhookOptions) error {
				_, err := notify.Webhook(url, o)
				return err
			},
			Names: "url options", Args: func() []any {
				return []any{"https://shop.example/hook", &notify.WebhookOptions{Secrets: []notify.Secret{secret}, Now: func() time.Time { return at }, Source: "shop", Attempts: 2}}
			},
			Expect: map[string]any{"url": "notify: ", "options nil": "notify: ", "options.Now nil": nil, "options.Attempts min": notify.ErrOptions, "options.Timeout min": notify.ErrOptions},
		},
		"Message.UnmarshalJSON": {
			Call: func(data []byte) (notify.Message, error) {
				var m notify.Message
				err := m.UnmarshalJSON(data)
				return m, err
			},
			Names: "data", Args: func() []any { return []any{bytes.Clone(message)} },
			Then: func(results []any) {
				m := results[0].(notify.Message)
				m.After(1)
			},
		},
		"Message.After": {
			Call: (*notify.Message).After, Names: "message seq", Args: func() []any { return []any{&notify.Message{Notices: notices()}, uint64(1)} },
			Hold: map[string]string{"message": "it is the receiver"},
		},
		"SinkFunc.Deliver": {
			Call: func(ctx context.Context, list []segment.Notice) error {
				return notify.SinkFunc.Deliver(func(ctx context.Context, list []segment.Notice) error {
					return errors.Join(ctx.Err())
				}, ctx, list)
			},
			Names: "ctx notices", Args: func() []any { return []any{ctx, notices()} },
		},
	})
}

var _ = hostiletest.Exceptions{
	"Secret.Format": "package fmt calls it",
}

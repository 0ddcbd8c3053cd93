package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

// history is a source of notices that somebody else has written down.
type history []segment.Notice

func (h history) Notices(ctx context.Context, after uint64) iter.Seq2[segment.Notice, error] {
	return func(yield func(segment.Notice, error) bool) {
		for n := after; n < uint64(len(h)); n++ {
			if !yield(h[n], ctx.Err()) {
				return
			}
		}
	}
}

// A campaign tool hears who has fallen asleep and who has woken up. It is down for a moment, and its answer gets lost once;
// it does everything once.
func Example() {
	ctx := context.Background()
	now := func() time.Time { return time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC) } // a service passes time.Now
	secret, err := notify.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		fmt.Println(err)
		return
	}

	var mu sync.Mutex
	requests, last := 0, uint64(0) // last is kept together with what is done
	tool := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		id, err := notify.Verify([]notify.Secret{secret}, r.Header, body, now(), 0)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var m notify.Message
		if err := json.Unmarshal(body, &m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Printf("request %d: %s from %s\n", requests, id, m.Source)
		for _, n := range m.After(last) {
			number, _ := customer.ToInt64(n.Customer)
			if n.Entered {
				fmt.Printf("  send customer %d a coupon: in %s since %s, by %v\n", number, n.Segment, n.At.Format(time.DateOnly), n.Cause)
			} else {
				fmt.Printf("  take customer %d off the list: not in %s any more, by %v\n", number, n.Segment, n.Cause)
			}
			last = n.Number
		}
		if requests == 2 {
			panic(http.ErrAbortHandler) // the answer gets lost
		}
	}))
	defer tool.Close()

	src := history{
		{Number: 1, At: now(), Customer: customer.FromInt64(7), Segment: "dormant", Version: 1, Entered: true, Cause: segment.ByTime},
		{Number: 2, At: now(), Customer: customer.FromInt64(7), Segment: "vip", Version: 3, Entered: false, Cause: segment.ByTag},
		{Number: 3, At: now(), Customer: customer.FromInt64(9), Segment: "dormant", Version: 1, Entered: false, Cause: segment.ByTag},
	}
	sink, err := notify.Webhook(tool.URL, &notify.WebhookOptions{
		Secrets: []notify.Secret{secret}, Source: "shop", Now: now,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, // nobody wants to wait here
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	cursor := notify.MemoryCursor(notify.Place{})
	n, err := notify.Run(ctx, src, notify.Filter(sink, "dormant"), cursor, nil)
	fmt.Println(n, err)
	// Output:
	// request 2: shop_1_3_3ed2b0611e97da9c from shop
	//   send customer 7 a coupon: in dormant since 2026-03-05, by time
	//   take customer 9 off the list: not in dormant any more, by tag
	// request 3: shop_1_3_3ed2b0611e97da9c from shop
	// 3 <nil>
}

// A customer who buys enters a segment and falls asleep after a week: what live segments tell goes to a file, a line each.
func ExampleRun() {
	ctx := context.Background()
	bought := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	index, err := segment.New(&segment.Options{Tags: []segment.Tag{{Name: "last_order", Kind: segment.Time}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	live, err := segment.NewLive(index, &segment.LiveOptions{At: bought, Location: time.UTC, Definitions: []segment.Definition{
		{Name: "dormant", Rule: segment.OlderThan("last_order", segment.Days(7))},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	sink, cursor := notify.JSONLines(os.Stdout), notify.MemoryCursor(notify.Place{})
	deliver := func(_ []segment.Notice, err error) {
		if err == nil {
			_, err = notify.Run(ctx, live, sink, cursor, nil)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	var b segment.Batch
	b.Set(customer.FromInt64(7), "last_order", customer.TimeValue(bought))
	deliver(live.Apply(ctx, bought, &b))
	deliver(live.Advance(ctx, live.Next())) // a service sleeps until then
	// Output:
	// {"number":1,"at":"2026-03-12T00:00:00Z","customer":"00000000-0000-8080-8000-000000000007","segment":"dormant","version":1,"entered":true,"cause":"time"}
}

// What happens in all segments as a table that a spreadsheet opens.
func ExampleCSV() {
	src := history{
		{Number: 1, At: time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC), Customer: customer.FromInt64(7), Segment: "沉睡客", Version: 1, Entered: true, Cause: segment.ByTime},
		{Number: 2, At: time.Date(2026, 3, 6, 8, 30, 0, 0, time.UTC), Customer: customer.FromInt64(7), Segment: "沉睡客", Version: 1, Entered: false, Cause: segment.ByTag},
	}
	_, err := notify.Run(context.Background(), src, notify.CSV(os.Stdout, true), notify.MemoryCursor(notify.Place{}), nil)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// number,at,customer,segment,version,entered,cause
	// 1,2026-03-05T00:00:00Z,00000000-0000-8080-8000-000000000007,沉睡客,1,true,time
	// 2,2026-03-06T08:30:00Z,00000000-0000-8080-8000-000000000007,沉睡客,1,false,tag
}

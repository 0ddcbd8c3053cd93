package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/segment/notify"
)

// questions are rules to ask the service of the generated shop.
var questions = []string{
	`vip`,
	`city = "广东"`,
	`last_order older than 60 days and vip`,
	`orders >= 3 and interests has any of ("露营", "户外")`,
	`会员等级 in （“金卡”，“黑金”） and city in （“上海”，“广东/深圳”）`,
	`birthday anniversary within 7 days`,
	`at least 2 of (p_active < 0.3, last_order older than 180 days, orders = 1)`,
	`vip and citty = "广东"`, // a mistake
}

// demonstrate asks the service at the address how many each of the questions selects, then lets some days pass, and prints
// what happens.
func demonstrate(ctx context.Context, s *server, address string, sink notify.Sink, stdout io.Writer) error {
	for _, rule := range questions {
		var answer counted
		fault, err := post(ctx, address+"/count", map[string]string{"rule": rule}, &answer)
		switch {
		case err != nil:
			return err
		case fault != "":
			fmt.Fprintf(stdout, "%s\n  %s\n", rule, fault)
		default:
			fmt.Fprintf(stdout, "%8d  %5.1f%%  %6.2f ms  %s\n", answer.Count, 100*answer.Share, answer.Took, rule)
		}
	}
	return live(ctx, s, address, sink, stdout)
}

// live lets days pass in a service whose clock stands. Of one segment the campaign tool is told.
func live(ctx context.Context, s *server, address string, sink notify.Sink, stdout io.Writer) error {
	const days = 5
	fmt.Fprintf(stdout, "\nLive segments, while %d simulated days pass. Everything is in memory: another process begins anew.\n", days)
	for _, rule := range []string{`last_order witin 3 days`, `last_order within 3 days`} { // the first is a mistake
		var defined struct{ Notices int }
		fault, err := post(ctx, address+"/define", map[string]any{"name": "fresh", "rule": rule, "dwell_days": 4}, &defined)
		switch {
		case err != nil:
			return err
		case fault != "":
			fmt.Fprintf(stdout, "%s\n  %s\n", rule, fault)
		default:
			fmt.Fprintf(stdout, "%s, for 4 days at least: segment fresh is defined, and %d entered.\n", rule, defined.Notices)
		}
	}
	names := []string{"fresh"}
	for _, d := range generatedSegments {
		names = append(names, d.Name)
	}
	fmt.Fprintf(stdout, "%16s", "")
	for _, name := range names {
		fmt.Fprintf(stdout, "%10s", name)
	}
	cursor := notify.MemoryCursor(notify.Place{})
	for day := range days + 1 {
		if err := s.sim.advance(ctx, s.sim.start.AddDate(0, 0, day), func() bool { return true }); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "\n%s", s.sim.now().Format(clockLayout))
		for _, name := range names {
			n, err := s.sim.live.Len(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%10d", n)
		}
	}
	fmt.Fprintln(stdout)
	sent, err := notify.Run(ctx, s.sim.live, notify.Filter(sink, "silent"), cursor, &notify.Options{Batch: notify.MostBatch})
	if err != nil {
		return err
	}
	for c := segment.ByMerge; c <= segment.ByPlace; c++ {
		if m, ok := s.sim.counts[c]; ok {
			fmt.Fprintf(stdout, "by %s (%s): %d entered, %d left\n", c, c.Chinese(), m.Entered, m.Left)
		}
	}
	got := s.tool.seen()
	fmt.Fprintf(stdout, "Of %d notices the campaign tool was told those of silent, which are %d. Messages: %d.\n", sent, got.Notices, got.Messages)
	return nil
}

// post asks the service, and returns into the answer, or fault where it finds one in what it is asked.
func post(ctx context.Context, url string, in, into any) (fault string, err error) {
	body, _ := json.Marshal(in) // text and numbers can always be written
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return "", json.NewDecoder(response.Body).Decode(into)
	}
	var answer struct{ Error string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusUnprocessableEntity {
		return "", fmt.Errorf("%s: %s", response.Status, answer.Error)
	}
	return answer.Error, nil
}

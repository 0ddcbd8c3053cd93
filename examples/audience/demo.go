package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

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

// lastDay is when the demonstration ends, and killDay when the service is killed, in simulated days.
const killDay, lastDay = 2, 5

// demonstrate asks a service how many each of the questions selects, then lets some days pass, and prints what happens. It
// kills the service in between: another one goes on with what it has kept.
func demonstrate(ctx context.Context, o options) (err error) {
	if o.keep, err = os.MkdirTemp("", "audience-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.keep)
	d := demo{out: o.stdout, wants: "silent"}
	s, err := openService(ctx, &o)
	if err != nil {
		return err
	}
	err = s.run(ctx, func(ctx context.Context) error { return d.before(ctx, s) })
	if err = errors.Join(err, s.kill()); err != nil {
		return err
	}
	if s, err = openService(ctx, &o); err != nil {
		return err
	}
	err = s.run(ctx, func(ctx context.Context) error { return d.after(ctx, s) })
	return errors.Join(err, s.close(ctx))
}

// demo is what is asked and printed. Not safe for concurrent use.
type demo struct {
	out   io.Writer
	wants string // the segment of which the campaign tool is told
	names []string
}

// before is what happens until the service is killed.
func (d *demo) before(ctx context.Context, s *service) error {
	address := "http://" + s.api.Addr().String()
	for _, rule := range questions {
		var answer counted
		fault, err := post(ctx, address+"/count", map[string]string{"rule": rule}, &answer)
		switch {
		case err != nil:
			return err
		case fault != "":
			fmt.Fprintf(d.out, "%s\n  %s\n", rule, fault)
		default:
			fmt.Fprintf(d.out, "%8d  %5.1f%%  %6.2f ms  %s\n", answer.Count, 100*answer.Share, answer.Took, rule)
		}
	}
	fmt.Fprintf(d.out, "\nLive segments, while %d simulated days pass. They are kept in a folder, and in the middle the service is killed.\n",
		lastDay)
	for _, rule := range []string{`last_order witin 3 days`, `last_order within 3 days`} { // the first is a mistake
		var defined struct{ Notices int }
		fault, err := post(ctx, address+"/define", map[string]any{"name": "fresh", "rule": rule, "dwell_days": 4}, &defined)
		switch {
		case err != nil:
			return err
		case fault != "":
			fmt.Fprintf(d.out, "%s\n  %s\n", rule, fault)
		default:
			fmt.Fprintf(d.out, "%s, for 4 days at least: segment fresh is defined, and %d entered.\n", rule, defined.Notices)
		}
	}
	d.names = []string{"fresh"}
	for _, g := range generatedSegments {
		d.names = append(d.names, g.Name)
	}
	if err := d.days(ctx, s.server.sim, 0, killDay); err != nil {
		return err
	}
	killed := errors.New("killed")
	_, err := d.deliver(ctx, s, notify.SinkFunc(func(ctx context.Context, notices []segment.Notice) error {
		if err := s.sink.Deliver(ctx, notices); err != nil {
			return err
		}
		return killed
	}))
	if !errors.Is(err, killed) {
		return errors.Join(err, errors.New("nothing was delivered"))
	}
	fmt.Fprintf(d.out, "Killed after notice %d. The campaign tool has that message, but the service did not hear so any more.\n", s.server.sim.book.Counted)
	return nil
}

// after is what happens when the service is opened again.
func (d *demo) after(ctx context.Context, s *service) error {
	sim := s.server.sim
	first := sim.book.Counted + 1
	fmt.Fprintf(d.out, "Opened again: the clock goes on at %s, when something happened last, and the next notice is number %d.\n", sim.now().Format(clockLayout), first)
	if err := d.days(ctx, sim, killDay, lastDay); err != nil {
		return err
	}
	if _, err := d.deliver(ctx, s, s.sink); err != nil {
		return err
	}
	all, wanted := uint64(0), 0
	for n, err := range sim.live.Notices(ctx, 0) {
		if err != nil {
			return err
		}
		if all++; n.Number != all {
			return fmt.Errorf("notice %d follows %d", n.Number, all-1)
		}
		if n.Segment == d.wants {
			wanted++
		}
	}
	for c := segment.ByMerge; c <= segment.ByPlace; c++ {
		if m, ok := sim.book.Counts[c]; ok {
			fmt.Fprintf(d.out, "by %s (%s): %d entered, %d left\n", c, c.Chinese(), m.Entered, m.Left)
		}
	}
	got := s.server.tool.seen()
	fmt.Fprintf(d.out, "There are %d notices, numbered without a gap. %d are of %s, and the campaign tool has taken %d, each once; messages that came twice: %d.\n",
		all, wanted, d.wants, got.Notices, got.Repeated)
	return nil
}

// days lets days pass, and prints the sizes of the segments at the end of each.
func (d *demo) days(ctx context.Context, sim *simulation, from, to int) error {
	fmt.Fprintf(d.out, "%16s", "")
	for _, name := range d.names {
		fmt.Fprintf(d.out, "%10s", name)
	}
	for day := from; day <= to; day++ {
		if err := sim.advance(ctx, sim.book.Start.AddDate(0, 0, day), func() bool { return true }); err != nil {
			return err
		}
		fmt.Fprintf(d.out, "\n%s", sim.now().Format(clockLayout))
		for _, name := range d.names {
			n, err := sim.live.Len(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(d.out, "%10d", n)
		}
	}
	fmt.Fprintln(d.out)
	return nil
}

// deliver hands what there is to sink.
func (d *demo) deliver(ctx context.Context, s *service, sink notify.Sink) (int, error) {
	cursor, err := notify.StoreCursor(s.store, cursorKey)
	if err != nil {
		return 0, err
	}
	return notify.Run(ctx, s.server.sim.live, notify.Filter(sink, d.wants), cursor, &notify.Options{Batch: notify.MostBatch})
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

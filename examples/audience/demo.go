package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// demonstrate asks the service at the address questions and prints the answers.
func demonstrate(ctx context.Context, address string, generated bool, stdout io.Writer) error {
	c := &client{ctx: ctx, address: address, out: stdout}
	if !generated {
		c.coverage()
		return c.err
	}
	c.counts(`vip`,
		`city = "广东"`,
		`last_order older than 60 days and vip`,
		`orders_90d >= 2 and interests has any of ("露营", "户外")`,
		`会员等级 in （“金卡”，“黑金”） and city in （“上海”，“广东/深圳”）`,
		`birthday anniversary within 7 days and consent`,
		`at least 2 of (p_active < 0.3, last_order older than 180 days, last_refund within 90 days)`)
	c.wrong(`vip and citty = "广东"`)
	c.portrait(`orders_90d >= 3`)
	c.overlap(`vip`, `channel = "门店"`, `last_order within 30 days`, `interests has "露营"`)
	c.updateAndWhy(`{"writes":[{"do":"set","id":10001,"tag":"vip","value":true},{"do":"add_labels","id":10001,"tag":"interests","value":["露营"]}]}`,
		"10001", `vip and interests has "露营"`)
	return c.err
}

// client asks and prints. Its first error stays and ends everything after it.
type client struct {
	ctx     context.Context
	address string
	out     io.Writer
	err     error
}

// ask sends a POST with the body, or a GET without one, and decodes an answer that has this status.
func (c *client) ask(status int, path string, body, into any) {
	if c.err != nil {
		return
	}
	c.err = func() error {
		method, data := http.MethodGet, []byte(nil)
		if body != nil {
			method = http.MethodPost
			var err error
			if data, err = json.Marshal(body); err != nil {
				return err
			}
		}
		r, err := http.NewRequestWithContext(c.ctx, method, c.address+path, bytes.NewReader(data))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if data, err = io.ReadAll(answer.Body); err == nil && answer.StatusCode != status {
			err = fmt.Errorf("%s: %s: %s", path, answer.Status, bytes.TrimSpace(data))
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(data, into)
	}()
}

// print writes a title and rows in columns. A Chinese character is as wide as two others.
func (c *client) print(title string, rows ...[]string) {
	if c.err != nil {
		return
	}
	width := func(s string) (n int) {
		for _, r := range s {
			n++
			if r >= 0x1100 {
				n++
			}
		}
		return n
	}
	var widths [16]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	var text strings.Builder
	text.WriteString("\n" + title + "\n")
	for _, row := range rows {
		for i, cell := range row {
			text.WriteString("  " + cell)
			if i < len(row)-1 {
				text.WriteString(strings.Repeat(" ", widths[i]-width(cell)))
			}
		}
		text.WriteString("\n")
	}
	_, c.err = io.WriteString(c.out, text.String())
}

func percent(x float64) string { return fmt.Sprintf("%5.1f%%", 100*x) }

func (c *client) coverage() {
	var a struct {
		Tags []struct {
			Name, Kind string
			Coverage   float64
		}
	}
	c.ask(http.StatusOK, "/tags", nil, &a)
	var rows [][]string
	for _, t := range a.Tags {
		rows = append(rows, []string{t.Name, t.Kind, percent(t.Coverage)})
	}
	c.print("GET /tags", rows...)
}

func (c *client) counts(rules ...string) {
	var rows [][]string
	for _, rule := range rules {
		var a counted
		c.ask(http.StatusOK, "/count", map[string]any{"rule": rule}, &a)
		rows = append(rows, []string{fmt.Sprintf("%7d", a.Count), percent(a.Share), fmt.Sprintf("%6.2f ms", a.Took), rule})
	}
	c.print("POST /count", rows...)
}

func (c *client) wrong(rule string) {
	a := failure{Faults: make([]fault, 1)}
	c.ask(http.StatusUnprocessableEntity, "/count", map[string]any{"rule": rule}, &a)
	f := a.Faults[0]
	place := strings.Repeat(" ", max(f.Column-1, 0)) + "^ " + f.Reason + "; did you mean " + f.Suggestion + "?"
	c.print("A rule that is wrong", []string{rule}, []string{place})
}

func (c *client) portrait(rule string) {
	var a struct{ Traits []trait }
	c.ask(http.StatusOK, "/portrait", map[string]any{"rule": rule, "limit": 8}, &a)
	rows := [][]string{{"tag", "value", "they", "all", "lift", "effect"}}
	for _, t := range a.Traits {
		rows = append(rows, []string{
			t.Tag, t.Value, percent(t.Share), percent(t.BaseShare), fmt.Sprintf("%.2f", t.Lift), fmt.Sprintf("%+.2f", t.Effect),
		})
	}
	c.print("POST /portrait of "+rule+": what else they have", rows...)
}

func (c *client) overlap(rules ...string) {
	var a struct {
		Count [][]int
		Share [][]float64
	}
	c.ask(http.StatusOK, "/overlap", map[string]any{"rules": rules}, &a)
	var rows [][]string
	for i, shares := range a.Share {
		row := []string{fmt.Sprintf("%7d", a.Count[i][i])}
		for _, share := range shares {
			row = append(row, percent(share))
		}
		rows = append(rows, append(row, rules[i]))
	}
	c.print("POST /overlap: the share of the row that is in the column as well", rows...)
}

func (c *client) updateAndWhy(writes, id, rule string) {
	var done map[string]any
	c.ask(http.StatusOK, "/update", json.RawMessage(writes), &done)
	var a struct {
		Selected bool
		Reason   struct {
			Because []struct {
				Rule  string
				Holds bool
				Value json.RawMessage
			}
		}
	}
	c.ask(http.StatusOK, "/why?"+url.Values{"id": {id}, "rule": {rule}}.Encode(), nil, &a)
	rows := [][]string{{"customer " + id, fmt.Sprint(a.Selected)}}
	for _, b := range a.Reason.Because {
		rows = append(rows, []string{b.Rule, fmt.Sprint(b.Holds), string(b.Value)})
	}
	c.print("POST /update, and at once GET /why", rows...)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
	"github.com/clientele-go/clientele/store"
)

var shanghai = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return loc
}()

const generated = 3000

// newServer returns a service around a small generated shop, whose clock stands.
func newServer(t *testing.T) *server {
	t.Helper()
	sim, err := openSimulation(t.Context(), new(store.Memory), &options{customers: generated, zone: shanghai.String(), stdout: io.Discard})
	require.NoError(t, err)
	tool, err := openReceiver(t.Context(), new(store.Memory), newTestSecret(t), shanghai, io.Discard)
	require.NoError(t, err)
	return &server{
		sim: sim, tool: tool, loc: shanghai,
		limit: 10 * time.Second, slots: make(chan struct{}, 4), local: true,
	}
}

// asker sends requests to a service.
type asker struct {
	t   *testing.T
	url string
}

func ask(t *testing.T, s *server) asker {
	t.Helper()
	h := httptest.NewServer(s.handler())
	t.Cleanup(h.Close)
	return asker{t, h.URL}
}

func (a asker) do(r *http.Request, into any) *http.Response {
	a.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	require.NoError(a.t, err)
	defer answer.Body.Close()
	require.Equal(a.t, "application/json", answer.Header.Get("Content-Type"))
	data, err := io.ReadAll(answer.Body)
	require.NoError(a.t, err)
	require.NoError(a.t, json.Unmarshal(data, into), string(data))
	return answer
}

func (a asker) request(method, path, body string) *http.Request {
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	require.NoError(a.t, err)
	return r
}

// good requires that the answer is OK.
func (a asker) good(method, path, body string, into any) {
	a.t.Helper()
	var raw json.RawMessage
	answer := a.do(a.request(method, path, body), &raw)
	require.Equal(a.t, http.StatusOK, answer.StatusCode, string(raw))
	require.NoError(a.t, json.Unmarshal(raw, into), string(raw))
}

// failure is the answer to a request that cannot be answered.
type failure struct {
	Error  string
	Faults []fault
}

func (a asker) bad(method, path, body string) (int, failure) {
	a.t.Helper()
	var f failure
	answer := a.do(a.request(method, path, body), &f)
	require.NotEmpty(a.t, f.Error)
	return answer.StatusCode, f
}

func (a asker) count(rule string) int {
	a.t.Helper()
	var got struct{ Count int }
	a.good("POST", "/count", ruleJSON("rule", rule), &got)
	return got.Count
}

// members counts by a look at each customer.
func members(t *testing.T, s *server, holds func(value func(tag string) customer.Value) bool) int {
	snap, n := s.sim.live.Snapshot(), 0
	for id, err := range snap.Customers(t.Context()) {
		require.NoError(t, err)
		if holds(func(tag string) customer.Value {
			v, err := snap.Value(t.Context(), id, tag)
			require.NoError(t, err)
			return v
		}) {
			n++
		}
	}
	return n
}

func TestCount(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	vip := members(t, s, func(value func(string) customer.Value) bool { return value("vip") == customer.BoolValue(true) })
	gold := members(t, s, func(value func(string) customer.Value) bool {
		tier, _ := value("会员等级").Text()
		city, _ := value("city").Text()
		return (tier == "金卡" || tier == "黑金") && strings.HasPrefix(city, "广东/")
	})
	require.Positive(t, gold)

	var got struct {
		Rule             string
		AsOf             time.Time `json:"as_of"`
		Count, Customers int
		Share            float64
		Took             float64 `json:"took_ms"`
	}
	a.good("POST", "/count", `{"rule":"vip=true"}`, &got)
	require.Equal(t, vip, got.Count)
	require.Equal(t, generated, got.Customers)
	require.InDelta(t, float64(vip)/generated, got.Share, 1e-15)
	require.Equal(t, "vip", got.Rule, "the rule as the index reads it")
	require.True(t, got.AsOf.Equal(s.sim.now()))

	require.Equal(t, generated, a.count("everyone"))
	require.Equal(t, gold, a.count(`会员等级 in （“金卡”，“黑金”） and city ＝ “广东”`), "full width marks")
	a.good("POST", "/count", `{"rule":{"tag":"vip","eq":true}}`, &got)
	require.Equal(t, vip, got.Count, "a rule in JSON")
	a.good("POST", "/count", `{}`, &got)
	require.Equal(t, generated, got.Count, "no rule is everyone")

	a.good("POST", "/count", `{"rule":"last_order within 90 days"}`, &got)
	require.Positive(t, got.Count)
	a.good("POST", "/count", `{"rule":"last_order within 90 days","as_of":"2020-01-01T00:00:00+08:00"}`, &got)
	require.Zero(t, got.Count, "before the shop began")
}

func TestPortrait(t *testing.T) {
	a := ask(t, newServer(t))
	var got struct{ Traits []trait }
	a.good("POST", "/portrait", `{"rule":"vip"}`, &got)
	require.NotEmpty(t, got.Traits)
	require.LessOrEqual(t, len(got.Traits), maxTraits)
	vip := float64(a.count("vip"))
	for _, tr := range got.Traits {
		require.NotEqual(t, "vip", tr.Tag, "the tags of the rule are left out")
		require.Equal(t, tr.Base, a.count(tr.Rule), tr.Rule)
		require.Equal(t, tr.Selected, a.count("vip and ("+tr.Rule+")"), tr.Rule)
		require.InDelta(t, float64(tr.Selected)/vip, tr.Share, 1e-12)
	}
	a.good("POST", "/portrait", `{"rule":"vip","base":"city = \"广东\""}`, &got)
	require.NotEmpty(t, got.Traits)
	for _, tr := range got.Traits {
		require.Equal(t, a.count(`city = "广东" and (`+tr.Rule+")"), tr.Base)
		require.Equal(t, a.count(`city = "广东" and vip and (`+tr.Rule+")"), tr.Selected)
	}
	a.good("POST", "/portrait", `{"rule":"nobody"}`, &got)
	require.Empty(t, got.Traits)
}

func TestOverlap(t *testing.T) {
	a := ask(t, newServer(t))
	rules := []string{`vip`, `interests has "露营"`, `nobody`}
	var got struct {
		Customers int
		Rules     []string
		Count     [][]int
		Jaccard   [][]*float64
	}
	a.good("POST", "/overlap", ruleJSON("rules", rules), &got)
	require.Equal(t, generated, got.Customers)
	require.Equal(t, rules, got.Rules)
	for i := range rules {
		for j := range rules {
			require.Equal(t, a.count(rules[i]+" and "+rules[j]), got.Count[i][j])
		}
	}
	require.NotNil(t, got.Jaccard[0][1])
	require.Nil(t, got.Jaccard[2][2], "there is no share of nobody")
}

func TestExplain(t *testing.T) {
	a := ask(t, newServer(t))
	var plan segment.Plan
	a.good("POST", "/explain", `{"rule":"vip and orders >= 2"}`, &plan)
	require.Equal(t, a.count("vip and orders >= 2"), plan.Selected)
}

func TestWhy(t *testing.T) {
	a := ask(t, newServer(t))
	var got segment.Reason
	a.good("POST", "/why", `{"id":"10001","rule":"vip and city = \"南极\""}`, &got)
	require.False(t, got.Holds)
	require.Equal(t, "city", got.Because[len(got.Because)-1].Tag)
	for body, want := range map[string]int{
		`{"id":"1","rule":"vip"}`:         http.StatusNotFound,
		`{"rule":"vip"}`:                  http.StatusNotFound,
		`{"id":"10001","rule":"vip and"}`: http.StatusUnprocessableEntity,
		`{"id":"10001","rule":"vipp"}`:    http.StatusUnprocessableEntity,
		`{"id":"a-name-of-20-letters"}`:   http.StatusBadRequest,
	} {
		status, _ := a.bad("POST", "/why", body)
		require.Equal(t, want, status, body)
	}
}

func TestTags(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	var tags struct {
		Customers int
		Tags      []struct {
			Name     string
			Label    customer.Text
			Coverage float64
		}
	}
	a.good("GET", "/tags", "", &tags)
	require.Len(t, tags.Tags, len(generatedTags))
	for _, tag := range tags.Tags {
		require.InDelta(t, float64(a.count(tag.Name+" is set"))/generated, tag.Coverage, 1e-15)
	}
	require.Equal(t, "birthday", tags.Tags[1].Name)
	require.Equal(t, "生日", tags.Tags[1].Label.ZH)
	require.Less(t, tags.Tags[1].Coverage, 0.8)
}

func TestBadRequests(t *testing.T) {
	a := ask(t, newServer(t))
	for name, c := range map[string]struct {
		method, path, body string
		status             int
	}{
		"not JSON":         {"POST", "/count", `{"rule":`, 400},
		"two objects":      {"POST", "/count", `{} {}`, 400},
		"unknown field":    {"POST", "/count", `{"rul":"vip"}`, 400},
		"null rule":        {"POST", "/count", `{"rule":null}`, 422},
		"empty rule":       {"POST", "/count", `{"rule":""}`, 422},
		"rule is a number": {"POST", "/count", `{"rule":3}`, 422},
		"bad moment":       {"POST", "/count", `{"rule":"vip","as_of":"soon"}`, 400},
		"far moment":       {"POST", "/count", `{"rule":"last_order within 3 days","as_of":"0000-01-01T00:00:00Z"}`, 422},
		"too long":         {"POST", "/count", `{"rule":"` + strings.Repeat("x", maxBody) + `"}`, 400},
		"too deep":         {"POST", "/count", ruleJSON("rule", strings.Repeat("not (", 200)+"vip"+strings.Repeat(")", 200)), 422},
		"no rules":         {"POST", "/overlap", `{"rules":[]}`, 400},
		"too many rules":   {"POST", "/overlap", ruleJSON("rules", strings.Split(strings.Repeat("vip,", maxRules)+"vip", ",")), 400},
		"bad base":         {"POST", "/portrait", `{"rule":"vip","base":"vip vip"}`, 422},
		"unknown in base":  {"POST", "/portrait", `{"rule":"vip","base":"vipp"}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			status, f := asker{t, a.url}.bad(c.method, c.path, c.body)
			require.Equal(t, c.status, status, f.Error)
		})
	}
	status := func(r *http.Request) int {
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		answer.Body.Close()
		return answer.StatusCode
	}
	require.Equal(t, http.StatusMethodNotAllowed, status(a.request("DELETE", "/count", "")))
	require.Equal(t, http.StatusNotFound, status(a.request("GET", "/counts", "")))
	r := a.request("POST", "/update", `{"writes":[{"do":"delete","id":"10001"}]}`)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	require.Equal(t, http.StatusForbidden, status(r), "another site")
	require.Equal(t, generated, a.count("everyone"))
	r = a.request("GET", "/tags", "")
	r.Host = "evil.example:80"
	require.Equal(t, http.StatusMisdirectedRequest, status(r), "another name")
}

func TestRuleErrorsSayWhere(t *testing.T) {
	a := ask(t, newServer(t))
	for name, c := range map[string]struct {
		rule string
		want fault
	}{
		"unknown tag":         {`vip and citty = "广州"`, fault{Line: 1, Column: 9, Tag: "citty", Suggestion: "city"}},
		"behind Chinese text": {"会员等级 = \"金卡\" and\n  order >= 2", fault{Line: 2, Column: 3, Tag: "order", Suggestion: "orders"}},
		"syntax":              {`vip and and vip`, fault{Line: 1, Column: 9}},
		"wrong kind":          {`orders = "many"`, fault{Line: 1, Column: 1, Tag: "orders"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, f := asker{t, a.url}.bad("POST", "/count", ruleJSON("rule", c.rule))
			require.Equal(t, http.StatusUnprocessableEntity, status)
			require.Len(t, f.Faults, 1)
			require.NotEmpty(t, f.Faults[0].Reason)
			c.want.Reason = f.Faults[0].Reason
			require.Equal(t, c.want, f.Faults[0])
		})
	}
	_, f := a.bad("POST", "/overlap", ruleJSON("rules", []string{"vip", "vi"}))
	require.Len(t, f.Faults, 1)
	require.Equal(t, "vip", f.Faults[0].Suggestion)
	require.Contains(t, f.Error, "rule 1:")
}

func TestUpdate(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	rule := `city = "海南/三亚" and interests has "冲浪" and spend = 0.5 and last_order = 2026-06-30`
	require.Zero(t, a.count(rule))
	var got struct{ Customers, Version int }
	a.good("POST", "/update", `{"writes":[
		{"do":"set","id":"10001","tag":"city","value":"海南/三亚"},
		{"do":"add_labels","id":"10001","tag":"interests","value":["冲浪","露营"]},
		{"do":"remove_labels","id":"10001","tag":"interests","value":["露营"]},
		{"do":"set","id":"10001","tag":"spend","value":0},
		{"do":"increment","id":"10001","tag":"spend","value":{"decimal":"0.50"}},
		{"do":"set","id":"10001","tag":"last_order","value":{"time":"2026-06-30T12:00:00+08:00"}},
		{"do":"clear","id":"10001","tag":"birthday"},
		{"do":"delete","id":"10002"},
		{"do":"add","id":"new"}]}`, &got)
	require.Equal(t, generated, got.Customers, "one came, one went")
	require.EqualValues(t, s.sim.live.Snapshot().Version(), got.Version)
	require.Equal(t, 1, a.count(rule), "at once")
	require.Zero(t, a.count(rule+` and (interests has "露营" or birthday is set)`))
	status, _ := a.bad("POST", "/why", `{"id":"10002","rule":"vip"}`)
	require.Equal(t, http.StatusNotFound, status)

	before := s.sim.live.Snapshot().Version()
	for name, c := range map[string]struct {
		writes string
		faults []fault
	}{
		"unknown tag":     {`{"do":"set","id":"1","tag":"nope","value":true}`, []fault{{Write: 1, Tag: "nope"}}},
		"text for number": {`{"do":"set","id":"1","tag":"orders","value":"many"}`, []fault{{Write: 1, Tag: "orders"}}},
		"several": {
			`{"do":"set","id":"1","tag":"spend","value":{"decimal":"1.005"}},{"do":"set","id":"1","tag":"city","value":5}`,
			[]fault{{Write: 1, Tag: "spend"}, {Write: 2, Tag: "city"}},
		},
		"labels, not number": {`{"do":"increment","id":"1","tag":"interests","value":["x"]}`, []fault{{Write: 1, Tag: "interests"}}},
		"text, not labels":   {`{"do":"add_labels","id":"1","tag":"interests","value":"x"}`, []fault{{Write: 1, Tag: "interests"}}},
		"no value":           {`{"do":"set","id":"1","tag":"vip"}`, []fault{{Write: 1, Tag: "vip"}}},
		"null":               {`{"do":"set","id":"1","tag":"vip","value":null}`, []fault{{Write: 1, Tag: "vip"}}},
		"no id":              {`{"do":"delete"}`, []fault{{Write: 1}}},
		"no verb":            {`{"id":"1","tag":"vip","value":true}`, []fault{{Write: 1, Tag: "vip"}}},
		"overflow": {
			`{"do":"set","id":"1","tag":"orders","value":9223372036854775807},{"do":"increment","id":"1","tag":"orders","value":1}`,
			[]fault{{Write: 2, Tag: "orders"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := asker{t, a.url}
			status, f := a.bad("POST", "/update", `{"writes":[{"do":"set","id":"10003","tag":"city","value":"西藏/拉萨"},`+c.writes+`]}`)
			require.Equal(t, http.StatusUnprocessableEntity, status, f.Error)
			for i := range f.Faults {
				require.NotEmpty(t, f.Faults[i].Reason)
				f.Faults[i].Reason = ""
			}
			require.Equal(t, c.faults, f.Faults)
			require.Zero(t, a.count(`city = "西藏"`), "all or nothing")
		})
	}
	for _, id := range []string{`null`, `10001`, `{"a":1}`} {
		status, _ := a.bad("POST", "/update", `{"writes":[{"do":"delete","id":`+id+`}]}`)
		require.GreaterOrEqual(t, status, 400)
		require.Less(t, status, 500)
	}
	require.Equal(t, before, s.sim.live.Snapshot().Version())
}

// Readers see each update whole: both flags of a customer change in one request.
func TestReadersBesideUpdates(t *testing.T) {
	s := newServer(t)
	a := ask(t, s)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	torn := make(chan int, 100)
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answer, err := http.Post(a.url+"/count", "application/json", strings.NewReader(`{"rule":"orders = 777 and not vip or vip and orders = 778"}`))
				if err != nil {
					torn <- -1
					return
				}
				var got struct{ Count int }
				err = json.NewDecoder(answer.Body).Decode(&got)
				answer.Body.Close()
				if err != nil || got.Count != 0 {
					torn <- got.Count
					return
				}
			}
		})
	}
	var got struct{ Version uint64 }
	for i := range 30 {
		a.good("POST", "/update", fmt.Sprintf(`{"writes":[{"do":"set","id":"10001","tag":"orders","value":%d},{"do":"set","id":"10001","tag":"vip","value":%t}]}`,
			777+i%2, i%2 == 0), &got)
		require.Equal(t, 1-i%2, a.count("orders = 777"), "at once")
	}
	close(stop)
	wg.Wait()
	require.Empty(t, torn)
}

func TestBounds(t *testing.T) {
	s := newServer(t)
	request := func(ctx context.Context) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(ctx, "POST", "http://127.0.0.1/count", strings.NewReader(`{"rule":"vip"}`))
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, r)
		return w
	}
	require.Equal(t, http.StatusOK, request(t.Context()).Code)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, http.StatusServiceUnavailable, request(cancelled).Code)

	s.limit = time.Nanosecond
	require.Equal(t, http.StatusServiceUnavailable, request(t.Context()).Code)

	s.limit = 20 * time.Millisecond
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	require.Equal(t, http.StatusServiceUnavailable, request(t.Context()).Code, "all turns are taken")
	for range cap(s.slots) {
		<-s.slots
	}
	s.limit = 10 * time.Second
	require.Equal(t, http.StatusOK, request(t.Context()).Code, "no turn was lost")
	require.Empty(t, s.slots)
}

// A client that goes away while it waits for its turn is forgotten.
func TestCancelledRequest(t *testing.T) {
	s := newServer(t)
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	begun, done := make(chan struct{}), make(chan struct{})
	h := s.handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		h.ServeHTTP(w, r)
		close(done)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/count", strings.NewReader(`{"rule":"vip"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	select {
	case <-done: // long before the limit of the server
	case <-time.After(5 * time.Second):
		t.Fatal("the request goes on")
	}
}

// A request that has begun is answered though the service has been told to end.
func TestShutdown(t *testing.T) {
	s := newServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, s.handler(), s.limit) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	body := `{"rule":"vip"}`
	_, err = fmt.Fprintf(conn, "POST /count HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	require.NoError(t, err)
	line := make([]byte, 64)
	n, err := conn.Read(line) // it is being answered: the service asks for the body
	require.NoError(t, err)
	require.Contains(t, string(line[:n]), "100 Continue")
	stop()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	}, 5*time.Second, 5*time.Millisecond, "no new requests")
	require.Empty(t, served, "the service waits for the request")
	_, err = io.WriteString(conn, body)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "HTTP/1.1 200 OK")
	require.Contains(t, string(answer), `"count":`)
	require.NoError(t, <-served)
}

func TestPage(t *testing.T) {
	a := ask(t, newServer(t))
	for path, media := range map[string]string{
		"/": "text/html", "/live.html": "text/html", "/page.css": "text/css",
		"/common.js": "text/javascript", "/page.js": "text/javascript", "/live.js": "text/javascript",
	} {
		answer, err := http.Get(a.url + path)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		answer.Body.Close()
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Contains(t, answer.Header.Get("Content-Type"), media)
		require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'self'")
		require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
		for _, outside := range []string{"http://", "https://", "innerHTML", " style=", "<script>", "onclick="} {
			require.False(t, bytes.Contains(body, []byte(outside)), "%s in %s", outside, path)
		}
	}
}

// ruleJSON is the body {key: value}.
func ruleJSON(key string, value any) string {
	data, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	return string(data)
}

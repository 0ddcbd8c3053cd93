package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clientele-go/clientele/segment"
)

// question is what all questions have in common.
type question struct {
	Rule json.RawMessage `json:"rule"`  // text, or JSON as segment.Rule has it; missing: everyone
	AsOf time.Time       `json:"as_of"` // missing: that of the server
}

// query reads the question. Requests are answered beside each other, so each has one goroutine.
func (s *server) query(q question) (segment.Query, error) {
	out := segment.Query{AsOf: q.AsOf, Location: s.loc, Workers: 1}
	if out.AsOf.IsZero() {
		out.AsOf = s.now()
	}
	if y := out.AsOf.UTC().Year(); y < 1 || y > 9999 {
		return out, refuse(http.StatusBadRequest, "as_of is not in years 1 to 9999")
	}
	var err error
	out.Rule, err = readRule(q.Rule)
	return out, err
}

func readRule(raw json.RawMessage) (r segment.Rule, err error) {
	var text string
	switch {
	case len(raw) == 0:
		return r, nil
	case json.Unmarshal(raw, &text) == nil && string(raw) != "null":
		return segment.Parse(text)
	}
	return r, json.Unmarshal(raw, &r)
}

// counted begins every answer to a rule.
type counted struct {
	Rule      string    `json:"rule"` // as the index read it
	AsOf      time.Time `json:"as_of"`
	Version   uint64    `json:"version"` // of the index: how many updates it has seen
	Customers int       `json:"customers"`
	Count     int       `json:"count"`
	Share     float64   `json:"share"`
	Took      float64   `json:"took_ms"`
}

func (s *server) counted(ctx context.Context, snap *segment.Snapshot, q segment.Query) (counted, error) {
	began := time.Now()
	n, err := snap.Count(ctx, q)
	c := counted{
		Rule: q.Rule.String(), AsOf: q.AsOf.In(s.loc), Version: snap.Version(), Customers: snap.Len(), Count: n,
		Share: float64(n) / float64(max(snap.Len(), 1)), Took: milliseconds(time.Since(began)),
	}
	return c, err
}

func (s *server) count(ctx context.Context, in *question) (any, error) {
	q, err := s.query(*in)
	if err != nil {
		return nil, err
	}
	return s.counted(ctx, s.index.Snapshot(), q)
}

type portraitQuestion struct {
	question
	Base  json.RawMessage `json:"base"`  // whom to compare with; missing: everyone
	Limit int             `json:"limit"` // of traits; 0: 40
}

// trait is what the portrait says of a value of a tag.
type trait struct {
	Tag       string  `json:"tag"`
	EN        string  `json:"en"`
	ZH        string  `json:"zh"`
	Value     string  `json:"value"`
	Rule      string  `json:"rule"` // selects who has it
	Selected  int     `json:"selected"`
	Base      int     `json:"base"`
	Share     float64 `json:"share"`
	BaseShare float64 `json:"base_share"`
	Lift      float64 `json:"lift"`
	Effect    float64 `json:"effect"`
	Q         float64 `json:"q"`
}

// portrait leaves out the tags that the rule names: what they say of the customers is known.
func (s *server) portrait(ctx context.Context, in *portraitQuestion) (any, error) {
	q, err := s.query(in.question)
	if err != nil {
		return nil, err
	}
	base, err := readRule(in.Base)
	if err != nil {
		return nil, ruleOf{1, err}
	}
	limit, err := within("limit", cmp.Or(in.Limit, 40), maxTraits)
	if err != nil {
		return nil, err
	}
	snap := s.index.Snapshot()
	c, err := s.counted(ctx, snap, q)
	if err != nil {
		return nil, err
	}
	traits, err := snap.Portrait(ctx, q, &segment.PortraitOptions{Base: base, Except: tagsOf(q.Rule)})
	if err != nil {
		return nil, ruleOf{1, err} // the rule itself has been answered
	}
	out := make([]trait, min(limit, len(traits)))
	for i, t := range traits[:len(out)] {
		tag, _ := snap.Catalogue().Tag(t.Tag)
		out[i] = trait{
			t.Tag, tag.EN, tag.ZH, s.valueOf(&t), t.Rule.String(), t.Selected, t.Base, t.Share, t.BaseShare, t.Lift, t.Effect, t.Q,
		}
	}
	return struct {
		counted
		Found  int     `json:"found"`
		Traits []trait `json:"traits"`
	}{c, len(traits), out}, nil
}

// within returns n, or an error if it is not 1 to most.
func within(name string, n, most int) (int, error) {
	if n < 1 || n > most {
		return 0, refuse(http.StatusBadRequest, fmt.Sprintf("%s: not 1 to %d", name, most))
	}
	return n, nil
}

// valueOf says in words what a trait is.
func (s *server) valueOf(t *segment.Trait) string {
	from, to := printValue(t.From, s.loc), printValue(t.To, s.loc)
	switch {
	case !t.Value.IsUnset():
		return printValue(t.Value, s.loc)
	case from == "" && to == "":
		return "no value"
	case from == "":
		return "below " + to
	case to == "":
		return "from " + from
	}
	return from + " to below " + to
}

// tagsOf returns the tags that the rule names, ascending.
func tagsOf(r segment.Rule) []string {
	var (
		tree any
		tags []string
		walk func(any)
	)
	walk = func(x any) {
		switch x := x.(type) {
		case []any:
			for _, x := range x {
				walk(x)
			}
		case map[string]any:
			for key, x := range x {
				if name, ok := x.(string); ok && (key == "tag" || strings.HasSuffix(key, "_tag")) {
					tags = append(tags, name)
				}
				walk(x)
			}
		}
	}
	if data, err := r.MarshalJSON(); err == nil && json.Unmarshal(data, &tree) == nil {
		walk(tree)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

type overlapQuestion struct {
	Rules []json.RawMessage `json:"rules"`
	AsOf  time.Time         `json:"as_of"`
}

func (s *server) overlap(ctx context.Context, in *overlapQuestion) (any, error) {
	n, err := within("number of rules", len(in.Rules), maxRules)
	if err != nil {
		return nil, err
	}
	snap := s.index.Snapshot()
	var (
		q     segment.Query
		rules []segment.Rule
		texts []string
		errs  []error
	)
	for i, raw := range in.Rules {
		var err error
		if q, err = s.query(question{Rule: raw, AsOf: in.AsOf}); err == nil {
			_, err = snap.Count(ctx, q) // finds what is wrong with this rule
		}
		if err != nil {
			errs = append(errs, ruleOf{i, err})
		}
		rules, texts = append(rules, q.Rule), append(texts, q.Rule.String())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	q.Rule = segment.Rule{}
	o, err := snap.Overlap(ctx, q, rules...)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"customers": o.Total(), "rules": texts, "count": matrix(n, o.Count),
		"share": matrix(n, number(o.Share)), "jaccard": matrix(n, number(o.Jaccard)), "lift": matrix(n, number(o.Lift)),
	}, nil
}

func matrix[V any](n int, at func(i, j int) V) [][]V {
	rows := make([][]V, n)
	for i := range rows {
		for j := range n {
			rows[i] = append(rows[i], at(i, j))
		}
	}
	return rows
}

// number makes null of NaN, which JSON does not have: there are no shares of nobody.
func number(at func(i, j int) float64) func(i, j int) *float64 {
	return func(i, j int) *float64 {
		x := at(i, j)
		if math.IsNaN(x) {
			return nil
		}
		return &x
	}
}

func (s *server) explain(ctx context.Context, in *question) (any, error) {
	q, err := s.query(*in)
	if err != nil {
		return nil, err
	}
	plan, err := s.index.Snapshot().Explain(ctx, q)
	if err != nil {
		return nil, err
	}
	return map[string]any{"plan": plan, "text": plan.String()}, nil
}

type pageQuestion struct {
	question
	After segment.Cursor `json:"after"` // "next" of the page before
	Limit int            `json:"limit"` // 0: 100
}

func (s *server) customers(ctx context.Context, in *pageQuestion) (any, error) {
	q, err := s.query(in.question)
	if err != nil {
		return nil, err
	}
	limit, err := within("limit", cmp.Or(in.Limit, 100), maxPage)
	if err != nil {
		return nil, err
	}
	found, next, err := s.index.Snapshot().Page(ctx, q, in.After, limit)
	ids := make([]string, len(found))
	for i, id := range found {
		ids[i] = printID(id)
	}
	return map[string]any{"ids": ids, "next": next, "end": next.End()}, err
}

// why takes the parameters id, rule and as_of.
func (s *server) why(_ context.Context, r *http.Request) (any, error) {
	form := r.URL.Query()
	id, err := parseID(form.Get("id"))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "id is missing or no id")
	}
	var in question
	if text := form.Get("as_of"); text != "" {
		if in.AsOf, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, refuse(http.StatusBadRequest, "as_of is no instant such as 2026-03-05T10:00:00+08:00")
		}
	}
	if text := form.Get("rule"); text != "" {
		in.Rule, _ = json.Marshal(text)
	}
	q, err := s.query(in)
	if err != nil {
		return nil, err
	}
	reason, err := s.index.Snapshot().Why(q, id)
	if err != nil {
		return nil, err
	}
	if reason == nil {
		return nil, refuse(http.StatusNotFound, "there is no such customer")
	}
	return map[string]any{"id": printID(id), "selected": reason.Holds, "reason": reason}, nil
}

func (s *server) tags(context.Context, *http.Request) (any, error) {
	type described struct {
		segment.Tag
		Set      int       `json:"set"`
		Coverage float64   `json:"coverage"`
		Distinct int       `json:"distinct,omitempty"`
		Written  time.Time `json:"written,omitzero"`
		Stale    bool      `json:"stale,omitempty"`
	}
	snap := s.index.Snapshot()
	out, tags := []described{}, snap.Catalogue().All()
	for i, c := range snap.Coverage(s.now()) {
		out = append(out, described{tags[i], c.Customers, c.Share, c.Distinct, c.Written, c.Stale})
	}
	return map[string]any{"customers": snap.Len(), "bytes": snap.Bytes(), "tags": out}, nil
}

func (s *server) health(context.Context, *http.Request) (any, error) {
	snap := s.index.Snapshot()
	return map[string]any{"status": "ok", "customers": snap.Len(), "version": snap.Version()}, nil
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/segment"
)

// rule is text, or JSON as segment.Rule has it. Missing it is everyone.
type rule struct{ segment.Rule }

func (r *rule) UnmarshalJSON(data []byte) (err error) {
	var text string
	if data[0] != '"' {
		return r.Rule.UnmarshalJSON(data)
	}
	if err = json.Unmarshal(data, &text); err == nil {
		r.Rule, err = segment.Parse(text)
	}
	return err
}

// question is what the questions have in common.
type question struct {
	Rule rule      `json:"rule"`
	AsOf time.Time `json:"as_of"` // missing: that of the server
}

// query is the question as the index takes it; set("x") in its rule are the members of the live segment x. Requests are answered beside each other, so each has one goroutine.
func (s *server) query(q question) segment.Query {
	if q.AsOf.IsZero() {
		q.AsOf = s.sim.now()
	}
	return segment.Query{Rule: q.Rule.Rule, AsOf: q.AsOf, Location: s.loc, Sets: s.sim.live.Set, Workers: 1}
}

// counted is the answer to /count.
type counted struct {
	Rule      string    `json:"rule"` // as the index read it
	AsOf      time.Time `json:"as_of"`
	Version   uint64    `json:"version"` // of the index: how many updates it has seen
	Customers int       `json:"customers"`
	Count     int       `json:"count"`
	Share     float64   `json:"share"`
	Took      float64   `json:"took_ms"`
}

func (s *server) count(ctx context.Context, in *question) (any, error) {
	q, snap, began := s.query(*in), s.sim.live.Snapshot(), time.Now()
	n, err := snap.Count(ctx, q)
	took := float64(time.Since(began).Microseconds()) / 1000
	share := float64(n) / float64(max(snap.Len(), 1))
	return counted{q.Rule.String(), q.AsOf, snap.Version(), snap.Len(), n, share, took}, err
}

type portraitQuestion struct {
	question
	Base rule `json:"base"` // whom to compare with
}

// trait is what the portrait says of a value of a tag.
type trait struct {
	Tag       string  `json:"tag"`
	Rule      string  `json:"rule"` // selects who has it
	Selected  int     `json:"selected"`
	Base      int     `json:"base"`
	Share     float64 `json:"share"`
	BaseShare float64 `json:"base_share"`
	Lift      float64 `json:"lift"`
	Effect    float64 `json:"effect"`
}

// portrait leaves out the tags that the rule names: what they say of the customers is known.
func (s *server) portrait(ctx context.Context, in *portraitQuestion) (any, error) {
	q := s.query(in.question)
	found, err := s.sim.live.Snapshot().Portrait(ctx, q, &segment.PortraitOptions{Base: in.Base.Rule, Except: q.Rule.Tags()})
	if err != nil {
		return nil, err
	}
	traits := []trait{}
	for _, t := range found[:min(maxTraits, len(found))] {
		traits = append(traits, trait{t.Tag, t.Rule.String(), t.Selected, t.Base, t.Share, t.BaseShare, t.Lift, t.Effect})
	}
	return map[string]any{"traits": traits}, nil
}

type overlapQuestion struct {
	Rules []rule    `json:"rules"`
	AsOf  time.Time `json:"as_of"`
}

func (s *server) overlap(ctx context.Context, in *overlapQuestion) (any, error) {
	n := len(in.Rules)
	if n < 1 || n > maxRules {
		return nil, fmt.Errorf("%w: number of rules is not 1 to %d", errRequest, maxRules)
	}
	rules, texts := make([]segment.Rule, n), make([]string, n)
	for i, r := range in.Rules {
		rules[i], texts[i] = r.Rule, r.String()
	}
	o, err := s.sim.live.Snapshot().Overlap(ctx, s.query(question{AsOf: in.AsOf}), rules...)
	if err != nil {
		return nil, err
	}
	count := func(i, j int) float64 { return float64(o.Count(i, j)) }
	return map[string]any{
		"customers": o.Total(), "rules": texts, "count": matrix(n, count),
		"share": matrix(n, o.Share), "jaccard": matrix(n, o.Jaccard), "lift": matrix(n, o.Lift),
	}, nil
}

// matrix has null for NaN, which JSON does not have: there are no shares of nobody.
func matrix(n int, at func(i, j int) float64) [][]*float64 {
	rows := make([][]*float64, n)
	for i := range rows {
		rows[i] = make([]*float64, n)
		for j := range n {
			if x := at(i, j); !math.IsNaN(x) {
				rows[i][j] = &x
			}
		}
	}
	return rows
}

func (s *server) explain(ctx context.Context, in *question) (any, error) {
	return s.sim.live.Snapshot().Explain(ctx, s.query(*in))
}

type whyQuestion struct {
	question
	ID customerID `json:"id"`
}

func (s *server) why(ctx context.Context, in *whyQuestion) (any, error) {
	reason, err := s.sim.live.Snapshot().Why(ctx, s.query(in.question), customer.ID(in.ID))
	if err == nil && reason == nil {
		err = errNobody
	}
	return reason, err
}

func (s *server) tags(ctx context.Context, _ *struct{}) (any, error) {
	type described struct {
		segment.Tag
		Coverage float64 `json:"coverage"`
		Stale    bool    `json:"stale,omitempty"`
	}
	snap := s.sim.live.Snapshot()
	coverage, err := snap.Coverage(ctx, s.sim.now())
	if err != nil {
		return nil, err
	}
	out, tags := []described{}, snap.Catalogue().All()
	for i, c := range coverage {
		out = append(out, described{tags[i], c.Share, c.Stale})
	}
	return map[string]any{"customers": snap.Len(), "tags": out}, nil
}

// write is a line of an update.
type write struct {
	Do    string         `json:"do"` // set, clear, increment, add_labels, remove_labels, add, delete
	ID    customerID     `json:"id"`
	Tag   string         `json:"tag"`
	Value customer.Value `json:"value"` // as customer.Value.MarshalJSON says
}

type updateQuestion struct {
	Writes []write `json:"writes"`
}

// update carries out all writes or, if one cannot be, none. The answer says how many notices follow.
func (s *server) update(ctx context.Context, in *updateQuestion) (any, error) {
	b := &segment.Batch{At: s.sim.now()}
	for i, w := range in.Writes {
		id, kind := customer.ID(w.ID), w.Value.Kind()
		switch {
		case w.Do == "add":
			b.Add(id)
		case w.Do == "delete":
			b.Delete(id)
		case w.Do == "clear":
			b.Clear(id, w.Tag)
		case w.Do == "set" && kind != customer.KindUnset:
			b.Set(id, w.Tag, w.Value)
		case w.Do == "increment" && kind != customer.KindUnset:
			b.Increment(id, w.Tag, w.Value)
		case w.Do == "add_labels" && kind == customer.KindLabels:
			b.AddLabels(id, w.Tag, slices.Collect(w.Value.Labels())...)
		case w.Do == "remove_labels" && kind == customer.KindLabels:
			b.RemoveLabels(id, w.Tag, slices.Collect(w.Value.Labels())...)
		default:
			return nil, &segment.WriteError{Row: i, Tag: w.Tag, Reason: "there is no such thing to do, or it lacks its value"}
		}
	}
	n, err := s.sim.step(func(at time.Time) ([]segment.Notice, error) { return s.sim.live.Apply(ctx, at, b) })
	snap := s.sim.live.Snapshot()
	return map[string]any{"customers": snap.Len(), "version": snap.Version(), "notices": n}, err
}

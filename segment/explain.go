package segment

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/clientele-go/clientele/customer"
)

// Plan says how a query is carried out: the parts of the rule in the order in which they are looked at, with the number
// of customers expected and found. Safe for concurrent reads.
type Plan struct {
	// Step is what is done: all, any, not, at least, set, bits, codes, floats, each (customer by customer).
	Step string `json:"step"`
	// Rule is a condition as text, of a list of values the first 20 and how many more; a condition that has become several
	// parts stands at each of them. It is segment("x") of a segment that has parts; "" of other parts that have parts, and of
	// windows of time that became one.
	Rule string `json:"rule,omitempty"`
	// Estimated is the number of customers the planner expected this part to select by itself.
	Estimated int `json:"estimated"`
	// Selected is how many it selects by itself, among all customers.
	Selected int `json:"selected"`
	// Decided is the number of chunks of 65,536 customers that the part needed no look into: what the index keeps of them
	// as sets, counts and least and largest values said it all. Chunks is how many there are.
	Decided int `json:"decided"`
	Chunks  int `json:"chunks"` // see Decided
	// Parts are the parts of this part.
	Parts []*Plan `json:"parts,omitempty"`
}

// Explain returns the plan of a query, carried out. Cost: that of counting each of its parts.
func (s *Snapshot) Explain(ctx context.Context, q Query) (*Plan, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	return p.explain(ctx, p.root)
}

func (p *program) explain(ctx context.Context, n *plan) (*Plan, error) {
	e := &Plan{Step: n.step(), Estimated: int(math.Round(n.estimate)), Chunks: len(p.s.exists)}
	e.Rule = n.text()
	counts, decided := make([]int, e.Chunks), make([]bool, e.Chunks)
	err := p.over(ctx, p.s.chunks(), func(f *frame, c int) {
		_, decided[c] = n.asSet(f, c)
		counts[c] = f.count(n, c)
	})
	if err != nil {
		return nil, err
	}
	for c, k := range counts {
		e.Selected += k
		if decided[c] {
			e.Decided++
		}
	}
	for _, k := range n.kids {
		part, err := p.explain(ctx, k)
		if err != nil {
			return nil, err
		}
		e.Parts = append(e.Parts, part)
	}
	return e, nil
}

// text says what part of the rule n is, if it is not to be seen from its parts.
func (n *plan) text() string {
	switch {
	case n.seg != "" && len(n.kids) > 0:
		return Segment(n.seg).String()
	case n.rule == nil:
		return ""
	case n.rule.condition() != nil:
		return brief(n.rule)
	case len(n.kids) > 0:
		return ""
	case n.isEveryone():
		return "everyone"
	case n.isNobody():
		return "nobody"
	}
	return brief(n.rule)
}

// step names what is done.
func (n *plan) step() string {
	switch n.form {
	case formAll:
		return "all"
	case formAny:
		return "any"
	case formNot:
		return "not"
	case formAtLeast:
		return fmt.Sprintf("at least %d", n.k)
	case formRange, formTime:
		return "bits"
	case formFloats:
		return "floats"
	case formEnum:
		if len(n.codes) > 8 {
			return "codes"
		}
	case formAnniversary, formRanges, formTags, formSample:
		return "each"
	}
	return "set"
}

// String returns the plan as a table, a line a part.
func (e *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-28s %12s %12s %10s  %s\n", "step", "estimated", "selected", "decided", "rule")
	e.write(&b, "")
	return b.String()
}

func (e *Plan) write(b *strings.Builder, indent string) {
	line := fmt.Sprintf("%-28s %12d %12d %10s  %s",
		indent+e.Step, e.Estimated, e.Selected, fmt.Sprintf("%d/%d", e.Decided, e.Chunks), e.Rule)
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	for _, k := range e.Parts {
		k.write(b, indent+"  ")
	}
}

// Why explains whether the query selects a customer, which conditions decided, and what values they met. It is nil for a
// customer that there is not. Cost: the rule is bound and planned at every call, which for a rule of many values takes
// far longer than the customer does; to ask about many customers, use a Matcher.
func (s *Snapshot) Why(ctx context.Context, q Query, id customer.ID) (*Reason, error) {
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	at, ok, err := s.find(ctx, id)
	if !ok {
		return nil, err
	}
	return why(p.root.bound, &member{s, at}, p.moment)
}

// member is a customer of an index as Why sees it.
type member struct {
	s  *Snapshot
	at uint32
}

func (m *member) stored(tag int) stored { return m.s.stored(tag, m.at) }
func (m *member) id() customer.ID       { return m.s.ids.id(m.at) }

func (m *member) member(b *bound) (bool, error) {
	return b.set.Bitmap != nil && b.set.Bitmap.Contains(m.at), nil
}

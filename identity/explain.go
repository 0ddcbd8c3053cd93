package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A Ref names what [Graph.Explain] is asked about: set one of the fields, and Entity beside
// Identifier where the policy names it. Safe for concurrent reads.
type Ref struct {
	// Customer stands for the record that the customer began with, or the one that
	// has taken its place: so a customer of the past can be asked about too.
	Customer customer.ID
	// Record is a record of a source.
	Record Record
	// Observation is the id of one: of what has no record.
	Observation string
	// Entity and Identifier are a value, wherever it was seen: normalised as observed
	// ones are; if the field holds several, the first counts. Its Proof says nothing.
	Entity     string
	Identifier Identifier
}

// An Explanation says why two things are one customer's, or why not. Safe for concurrent
// reads.
type Explanation struct {
	// A and B are where Path begins and ends. Of an identifier that several customers
	// have, they are where these are one; if there is no such pair, where the
	// identifier was seen last. Of an identifier that is shared they are zero.
	A Sighting `json:"a"`
	B Sighting `json:"b"`
	// Same: they are one customer's, by the policy in force. While Apply is at work,
	// the ids in A and B may still be those of before.
	Same bool `json:"same"`
	// Path leads from A to B where they are the same. It is empty where these are of
	// one record, or of one observation without record.
	Path []Step `json:"path,omitempty"`
	// Weakest is the index of the weakest step of Path, the first of those that are
	// equal; -1 if there is none.
	Weakest int `json:"weakest"`
	// Apart is what keeps them apart where they are not the same, what is about the
	// strongest type first. It is empty where they have nothing in common.
	Apart []Obstacle `json:"apart,omitempty"`
}

// A Step says that two pieces of evidence, which are records, or observations without
// one, are one customer's because they have a value in common, or because a steward has
// ruled so. Safe for concurrent reads.
type Step struct {
	// Type and Scope of the value; empty where it is a ruling.
	Type  string `json:"type,omitempty"`
	Scope string `json:"scope,omitempty"`
	// Ruling is the id of the ruling; empty where it is a value, or if its key is gone.
	Ruling string `json:"ruling,omitempty"`
	// Proof is the lesser of the proofs on both sides; of a ruling Verified.
	Proof Proof `json:"proof"`
	// At is when the value was seen on the later side, or when it was ruled.
	At time.Time `json:"at"`
	// From and To are the sides: where the value is seen with the best proof, and of
	// these first; of a ruling the first observations.
	From Sighting `json:"from"`
	To   Sighting `json:"to"`
}

// A Sighting is an observation as it matters to an explanation. It does not tell values:
// [Graph.Observations] does. Safe for concurrent reads.
type Sighting struct {
	Customer customer.ID `json:"customer"` // whose it is
	// Atom is the record, or the slice of time of an observation without record.
	Atom  customer.AtomID `json:"atom"`
	At    time.Time       `json:"at"`
	Proof Proof           `json:"proof"` // of the value; Verified where it is about none
	// Source is known always. Record and Observation, its id, are empty if the key
	// is gone under which they are sealed; Record also where there is none.
	Source      string `json:"source"`
	Record      string `json:"record,omitempty"`
	Observation string `json:"observation,omitempty"`
}

// An Obstacle keeps two customers apart. Safe for concurrent reads.
type Obstacle struct {
	Reason Reason `json:"reason"` // why
	// Type and Scope of the value in common by which they are not joined; empty for a
	// ruling of a steward that stands for itself.
	Type  string `json:"type,omitempty"`
	Scope string `json:"scope,omitempty"`
	// Limit and LimitScope name the type of which they would have too many values;
	// empty where it is no such reason.
	Limit      string `json:"limit,omitempty"`
	LimitScope string `json:"limit_scope,omitempty"`
	// Ruling is the id of the ruling where a steward has decided it.
	Ruling string `json:"ruling,omitempty"`
	// A and B are where the value is seen on either side.
	A Sighting `json:"a"`
	B Sighting `json:"b"`
}

// Explain says why a and b are one customer, or why not.
//
// Why they are: a path from one to the other, along what the mapping joins them by. Of
// all paths it is the one whose weakest step is the strongest: a steward's ruling is
// stronger than any value, values are as strong as their types in the policy, and of one
// type as their proofs; of these one with the fewest steps; of these the first found,
// which depends on the evidence alone.
//
// Why not: every value that both customers have, with the reason why it joins them not,
// and the rulings of stewards. Customers of different entities have nothing in common.
//
// Errors: ErrInput if not exactly one field of a Ref is set, or that one is not valid;
// ErrUnknown for what is not there; ErrRetracted and ErrErased for observations, ErrErased
// for customers; those of the store. Cost: a few reads and the mapping of the evidence
// concerned, and to open what is told, two reads for each step or obstacle.
func (g *Graph) Explain(ctx context.Context, a, b Ref) (Explanation, error) {
	x, err := g.seek("a", a)
	if err != nil {
		return Explanation{}, err
	}
	y, err := g.seek("b", b)
	if err != nil {
		return Explanation{}, err
	}
	for range 8 {
		entries, err := g.s.Get(ctx, []byte(epochKey), x.key, y.key)
		if err != nil {
			return Explanation{}, err
		}
		r, err := g.current(ctx, entries[0])
		if err != nil {
			return Explanation{}, err
		}
		toX, err := x.lead(entries[1])
		if err != nil {
			return Explanation{}, err
		}
		toY, err := y.lead(entries[2])
		if err != nil {
			return Explanation{}, err
		}
		if toX == uuid.Nil || toY == uuid.Nil {
			return explainShared(a, toX, b, toY), nil
		}
		_, led, err := g.containers(ctx, []customer.ID{toX, toY})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return Explanation{}, err
		}
		var spots [2]spot
		for i, c := range []*container{led[toX], led[toY]} {
			if c == nil {
				err = errMoved
			} else if err == nil {
				spots[i].ev = c.ev
				err = []seeker{x, y}[i].find(&spots[i])
			}
		}
		switch {
		case err == nil:
			return g.explain(ctx, r, spots[0], spots[1])
		case !errors.Is(err, store.ErrConflict):
			return Explanation{}, err
		}
	}
	return Explanation{}, errMoved
}

// errMoved: others keep changing what is to be read.
var errMoved = fmt.Errorf("identity: evidence moved while it was read: %w", store.ErrConflict)

// explainShared explains what is about identifiers that are shared: those that lead
// nowhere.
func explainShared(a Ref, toA customer.ID, b Ref, toB customer.ID) Explanation {
	e := Explanation{Weakest: -1}
	add := func(d Identifier, to customer.ID) {
		o := Obstacle{Reason: Shared, Type: d.Type, Scope: d.Scope}
		if to == uuid.Nil && !slices.Contains(e.Apart, o) {
			e.Apart = append(e.Apart, o)
		}
	}
	add(a.Identifier, toA)
	add(b.Identifier, toB)
	return e
}

// explain explains what has been found.
func (g *Graph) explain(ctx context.Context, r *rules, x, y spot) (Explanation, error) {
	e := Explanation{Weakest: -1}
	b := told{g: g}
	t, err := r.trace(x.ev)
	if err != nil {
		return e, err
	}
	other := t
	if x.ev != y.ev {
		if other, err = r.trace(y.ev); err != nil {
			return e, err
		}
	} else if begin, hops, ok := t.path(x.pieces, y.pieces); ok {
		e.Same, e.Path = true, make([]Step, len(hops))
		end, worst := begin, -1
		for i, h := range hops {
			s := &e.Path[i]
			s.Proof = min(h.from.proof, h.to.proof)
			b.sighting(&s.From, t.ev, *h.from)
			b.sighting(&s.To, t.ev, *h.to)
			if h.bond.value >= 0 {
				k := t.ev.kinds[t.ev.values[h.bond.value].kind]
				s.Type, s.Scope = k.typ, k.scope
				s.At = instant(max(t.ev.seen[h.from.observation].at, t.ev.seen[h.to.observation].at))
			} else {
				s.At = instant(h.bond.link.at)
				b.ruling(&s.Ruling, h.bond.link.id)
			}
			if w := h.weakness(); w > worst {
				worst, e.Weakest = w, i
			}
			end = h.to.piece
		}
		b.sighting(&e.A, t.ev, t.begin(x, begin))
		b.sighting(&e.B, t.ev, t.begin(y, end))
		err = b.open(ctx)
		return e, err
	}
	p, q := x.latest(), y.latest()
	var list []hurdle
	switch {
	case x.ev == y.ev:
		list = t.hurdles(t.out.group[p], t.out.group[q])
	case x.ev.entity == y.ev.entity:
		list = t.sharedWith(other, t.out.group[p], other.out.group[q])
	}
	e.Apart = make([]Obstacle, len(list))
	for i, h := range list {
		o := &e.Apart[i]
		o.Reason = h.reason
		if h.value >= 0 {
			k := t.ev.kinds[t.ev.values[h.value].kind]
			o.Type, o.Scope = k.typ, k.scope
		}
		if h.kind >= 0 {
			o.Limit, o.LimitScope = t.ev.kinds[h.kind].typ, t.ev.kinds[h.kind].scope
		}
		if h.ruling != (blind{}) {
			b.ruling(&o.Ruling, h.ruling)
		}
		b.sighting(&o.A, t.ev, h.sightA)
		b.sighting(&o.B, other.ev, h.sightB)
	}
	b.sighting(&e.A, t.ev, t.begin(x, p))
	b.sighting(&e.B, other.ev, other.begin(y, q))
	err = b.open(ctx)
	return e, err
}

// begin is where a Ref is seen on a piece.
func (t *trace) begin(s spot, piece int32) holding {
	if s.seen >= 0 {
		return holding{piece, s.seen, Verified}
	}
	return t.sight(piece, s.value)
}

// told is what an explanation tells of observations and rulings, to be opened together.
type told struct {
	g         *Graph
	sightings []*Sighting
	ids       []blind // of the observations of sightings
	texts     []*string
	rulings   []blind // of texts
}

// sighting notes a sighting to be told.
func (b *told) sighting(into *Sighting, ev *evidence, h holding) {
	p, o := &ev.pieces[h.piece], &ev.seen[h.observation]
	*into = Sighting{Customer: p.home, Atom: p.present(), At: instant(o.at), Proof: h.proof, Source: ev.sources[p.source]}
	b.sightings, b.ids = append(b.sightings, into), append(b.ids, o.id)
}

// ruling notes a ruling to be told.
func (b *told) ruling(into *string, id blind) {
	b.texts, b.rulings = append(b.texts, into), append(b.rulings, id)
}

// open opens what has been noted, as far as there are keys.
func (b *told) open(ctx context.Context) error {
	entries, err := b.g.observed(ctx, b.ids)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		o, _, err := b.g.open(ctx, entry)
		if err != nil && !isGone(err) {
			return err
		}
		b.sightings[i].Record, b.sightings[i].Observation = o.Record, o.ID
	}
	for i, id := range b.rulings {
		r, _, err := b.g.ruling(ctx, id)
		if err != nil && !isGone(err) {
			return err
		}
		*b.texts[i] = r.ID
	}
	return nil
}

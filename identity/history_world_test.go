package identity

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A world is what random histories are about.
type world struct {
	rng      *rand.Rand
	policy   *Policy
	records  []Record
	observed []Observation
	ruled    []step
	n        int
	span     int // of times, in minutes
	loose    int // percentages
	ruling   int
}

// newWorld draws a policy and how often rare things happen.
func newWorld(rng *rand.Rand) *world {
	w := &world{rng: rng, policy: &Policy{}}
	entities := 1 + rng.IntN(8)/7
	for i := range entities {
		e, _ := randomEvidence(rng.Uint64())
		e.Name = []string{"", "firm"}[i]
		e.Records = []int{0, 2, 3, 4}[rng.IntN(4)]
		for j := range e.Types {
			if t := &e.Types[j]; (t.Kind == Unique || t.Kind == Shareable) && rng.IntN(3) == 0 {
				t.FanOut = 1 + rng.IntN(2)
			}
		}
		w.policy.Entities = append(w.policy.Entities, *e)
		for range 2 + rng.IntN(7) {
			w.records = append(w.records, Record{[]string{"shop", "app"}[rng.IntN(2)], fmt.Sprintf("r%d", len(w.records)), e.Name})
		}
	}
	w.span = []int{1, 4, 12, 30}[rng.IntN(4)]
	w.loose = []int{0, 10, 60}[rng.IntN(3)]
	w.ruling = []int{0, 10, 40}[rng.IntN(3)]
	return w
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) name(kind string) string {
	w.n++
	return fmt.Sprintf("%s%d", kind, w.n)
}

func (w *world) time() time.Time { return noon.Add(time.Duration(w.rng.IntN(w.span)) * time.Minute) }

func (w *world) identifier(e *Entity) Identifier {
	d := Identifier{Type: e.Types[w.rng.IntN(len(e.Types))].Name, Value: fmt.Sprintf("v%d", w.rng.IntN(3)), Proof: Verified}
	if w.chance(10) {
		d.Scope = "s"
	}
	if w.chance(25) {
		d.Proof = Proof(w.rng.IntN(3))
	}
	return d
}

func (w *world) observation() Observation {
	r := w.records[w.rng.IntN(len(w.records))]
	o := Observation{ID: w.name("o"), Source: r.Source, Record: r.Record, Entity: r.Entity, Time: w.time()}
	n := w.rng.IntN(4)
	if w.chance(w.loose) {
		o.Record, n = "", max(n, 1)
	}
	for range n {
		o.Identifiers = append(o.Identifiers, w.identifier(w.policy.entity(o.Entity)))
	}
	w.observed = append(w.observed, o)
	return o
}

// some returns n different records of one entity, or fewer.
func (w *world) some(n int) []Record {
	var some []Record
	for _, i := range w.rng.Perm(len(w.records)) {
		if r := w.records[i]; len(some) < n && (len(some) == 0 || some[0].Entity == r.Entity) {
			some = append(some, r)
		}
	}
	return some
}

// step draws the next step.
func (w *world) step() step {
	if len(w.observed) > 2 && w.chance(w.ruling) {
		return w.rule()
	}
	switch n := w.rng.IntN(100); {
	case n < 33 && len(w.observed) > 1:
		o := w.observed[w.rng.IntN(len(w.observed))]
		return step{verb: "retract", id: o.ID, at: w.time()}
	case n < 38 && len(w.observed) > 0: // a replay, perhaps of what was retracted
		return step{verb: "observe", all: []Observation{w.observed[w.rng.IntN(len(w.observed))]}}
	case n < 39 && len(w.observed) > 0:
		o := w.observation()
		o.ID = w.observed[0].ID
		return step{verb: "observe", all: []Observation{o}}
	case n < 44 && len(w.observed) > 0:
		return step{verb: "many", all: w.many()}
	case n < 47:
		return step{verb: "apply", policy: w.another()}
	}
	return step{verb: "observe", all: []Observation{w.observation()}}
}

// many draws observations, some of which are not new, in the order of evidence.
func (w *world) many() []Observation {
	var all []Observation
	for range 1 + w.rng.IntN(6) {
		if w.chance(20) {
			all = append(all, w.observed[w.rng.IntN(len(w.observed))])
		} else {
			all = append(all, w.observation())
		}
	}
	return all
}

// another draws a policy with the same names.
func (w *world) another() *Policy {
	p := w.policy.clone()
	for i := range p.Entities {
		e := &p.Entities[i]
		e.Records = []int{0, 2, 3, 4}[w.rng.IntN(4)]
		if w.chance(20) {
			w.rng.Shuffle(len(e.Types), func(i, j int) { e.Types[i], e.Types[j] = e.Types[j], e.Types[i] })
		}
		for j := range e.Types {
			t := &e.Types[j]
			switch {
			case t.Kind == Descriptor:
				t.Most = 1 + w.rng.IntN(2)
			case t.Kind == Ephemeral:
				t.Lifetime = time.Duration(w.rng.IntN(4)) * time.Minute
			case w.chance(50):
				t.FanOut = w.rng.IntN(3)
			default:
				t.Most, t.Silence = w.rng.IntN(3), time.Duration(w.rng.IntN(4))*time.Minute
				if t.Most == 0 {
					t.Window = 0
				}
			}
		}
	}
	return p
}

func (w *world) rule() step {
	if len(w.ruled) > 0 && w.chance(40) {
		r := w.ruled[w.rng.IntN(len(w.ruled))]
		if w.chance(20) {
			return r
		}
		return step{verb: "revoke", id: r.ruling.ID, at: w.time()}
	}
	s := step{ruling: Ruling{ID: w.name("d"), Actor: "steward", Reason: "asked", Time: w.time()}}
	records := w.some(2 + w.rng.IntN(3))
	switch n := w.rng.IntN(4); {
	case n == 0 || len(records) < 2:
		s.verb, s.at = "rebind", w.time()
		e := &w.policy.Entities[w.rng.IntN(len(w.policy.Entities))]
		s.entity, s.value = e.Name, w.identifier(e)
	case n == 1:
		s.verb, s.sides = "link", [][]Record{records}
	case n == 2:
		s.verb, s.sides = "separate", [][]Record{records[:1], records[1:2], records[2:]}
		if len(records) == 2 {
			s.sides = s.sides[:2]
		}
	default:
		s.verb, s.sides = "split", [][]Record{records[:1]}
	}
	w.ruled = append(w.ruled, s)
	return s
}
